"""CSV: rows below a header, with the same columns in each."""

from __future__ import annotations

from metrics.blocks import OMITTED
from metrics.formats.text.csv import csv_rows


def test_cells() -> None:
    row = {"a": None, "b": OMITTED, "c": [1, "x"], "d": {"é": 0}, "e": "\x1b\n\t", "f": 0.5}
    assert b"".join(csv_rows("abcdefg", [row])).decode() == (
        'a,b,c,d,e,f,g\n,,"[1,""x""]","{""é"":0}","\\x1b\n\t",0.5,\n'
    )


def test_header_without_rows() -> None:
    assert b"".join(csv_rows(("a", "b,c"), [])) == b'a,"b,c"\n'


def test_rows_are_printed_as_they_come() -> None:
    rows = iter([{"a": 1}, {"a": 2}])
    printed = csv_rows("a", rows)
    assert next(printed) == b"a\n1\n"
    assert next(rows) == {"a": 2}
