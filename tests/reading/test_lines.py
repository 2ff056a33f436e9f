"""Lines of bounded length."""

from __future__ import annotations

import io

import pytest

from metrics.reading.errors import DocumentError
from metrics.reading.lines import Line, read_lines
from metrics.reading.sources import PIECE


def lines(content: bytes, max_bytes: int = 10) -> list[Line]:
    """The lines of a content."""
    return list(read_lines(io.BytesIO(content), max_bytes))


def test_lines() -> None:
    assert lines(b"\xef\xbb\xbfa\n \r\n\nb") == [Line(1, b"a\n", False), Line(4, b"b", False)]
    assert lines(b"") == []


def test_line_that_is_too_long() -> None:
    assert lines(b"x" * 9 + b"\ny") == [Line(1, b"x" * 9 + b"\n", False), Line(2, b"y", False)]
    for size in (11, 12, PIECE + 11, 2 * PIECE + 12):
        assert lines(b"x" * size + b"\ny") == [Line(1, b"x" * 11, True), Line(2, b"y", False)]
    assert lines(b"x" * 10 + b"\ny") == [Line(1, b"x" * 10 + b"\n", True), Line(2, b"y", False)]


def test_line_of_which_too_much_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("metrics.reading.lines.MAX_BYTES_SKIPPED", 3 * PIECE)
    assert len(lines(b"x" * (3 * PIECE) + b"\ny")) == 2
    with pytest.raises(DocumentError, match="the rest of the input is not read") as error:
        lines(b"x" * (4 * PIECE) + b"\ny")
    assert error.value.line == 1
