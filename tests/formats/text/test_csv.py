"""CSV: rows below a header, with the same columns in each."""

from __future__ import annotations

import pytest

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


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        # A spreadsheet may remove blanks, and turn a character of full width into a plain one.
        (" \n=1", '"\' \n=1"'),
        ("\xa0=1", "'\xa0=1"),
        ("\uff1d1", "'\uff1d1"),
        ("\uff0b1", "'\uff0b1"),
        ("\uff0d1", "'\uff0d1"),
        ("\uff201", "'\uff201"),
        ("\tx", "'\tx"),
        ("\nx", '"\'\nx"'),
        ("\rx", r"'\rx"),
        ('=HYPERLINK("x";"y")', '"\'=HYPERLINK(""x"";""y"")"'),
        # The escape comes first: the text begins with a backslash.
        ("\u200b=1", r"\u200b=1"),
        # These do nothing.
        ("a=1", "a=1"),
        ("-", "-"),
        ("==", "=="),
        # Not texts.
        (-1, "-1"),
        (-0.5, "-0.5"),
        (["=1"], '"[""=1""]"'),
    ],
)
def test_text_that_a_spreadsheet_would_run(value: object, cell: str) -> None:
    assert b"".join(csv_rows("a", [{"a": value}])).decode() == f"a\n{cell}\n"
    raw = b"".join(csv_rows("a", [{"a": value}], is_raw=True)).decode()
    assert raw == f"a\n{cell.replace(chr(39), '')}\n"
