"""Diagrams in lines of JSON."""

from __future__ import annotations

import base64
import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.archive_results import Result

from metrics.archives.ndjson_contents import read_contents

if TYPE_CHECKING:
    from pathlib import Path

FIRST, LAST = b'{"name": "1", "content": "first"}\n', b'{"name": "2", "content": "last"}'


def read(content: bytes, max_size: int = 1000) -> Result:
    """What is read from lines."""
    return Result().add(read_contents(io.BytesIO(content), "-", max_size=max_size))


def error_of(line: bytes, max_size: int = 1000) -> tuple[str, str]:
    """The name and message of the error for the second of three lines."""
    results = list(read_contents(io.BytesIO(FIRST + line + b"\n" + LAST), "-", max_size=max_size))
    result = Result().add(results)
    assert result.contents == [("1", b"first"), ("2", b"last")]
    [(name, message)] = result.errors
    assert len(results) == 3
    return name, message


def line_of(**record: Any) -> bytes:
    """A line."""
    return json.dumps(record).encode()


NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)


@given(st.lists(st.tuples(NAMES, st.text(st.characters(codec="utf-8")), st.booleans())))
def test_contents_are_those_that_were_written(rows: list[tuple[str, str, bool]]) -> None:
    lines = [
        line_of(name=name, base64=base64.b64encode(text.encode()).decode(), version=1)
        if is_base64
        else line_of(name=name, content=text, other=None)
        for name, text, is_base64 in rows
    ]
    result = read(b"\n".join(lines))
    assert result.contents == [(name, text.encode()) for name, text, _ in rows]
    assert not result.errors


def test_any_bytes_in_base64() -> None:
    content = bytes(range(256))
    line = line_of(name="a", base64=base64.encodebytes(content).decode())
    assert b"\\n" in line
    assert read(line).contents == [("a", content)]


def test_blank_lines_and_byte_order_mark() -> None:
    assert read(b"\xef\xbb\xbf\n\r\n" + FIRST + b"  \n" + LAST).contents == [
        ("1", b"first"),
        ("2", b"last"),
    ]
    assert read(b"\xef\xbb\xbf" + FIRST).contents == [("1", b"first")]
    assert read(b"").contents == []


def test_same_name() -> None:
    assert read(FIRST * 2).contents == [("1", b"first")] * 2


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "not valid JSON: "),
        (b"[1]", "it is not an object"),
        (b'"a"', "it is not an object"),
        (b"[" * 2000, "not valid JSON: "),
        (b'{"name": "\\ud800", "content": ""}', "not valid JSON: "),
        (b'{"name": "\xff", "content": ""}', "not valid JSON: "),
        (b'{"content": "a"}', "it has no name"),
        (b'{"name": null, "content": "a"}', "it has no name"),
        (b'{"name": "", "content": "a"}', "it has no name"),
        (b'{"name": 5, "content": "a"}', "its name is not a text"),
        (b'{"name": "a"}', "it has neither content nor base64"),
        (b'{"name": "a", "content": "a", "base64": ""}', "it has both content and base64"),
        (b'{"name": "a", "content": 1}', "content is not a text"),
        (b'{"name": "a", "base64": ["YQ=="]}', "base64 is not a text"),
        (b'{"name": "a", "base64": "YQ"}', "base64 is not valid: "),
        (b'{"name": "a", "base64": "Y Q=="}', "base64 is not valid: "),
        (b'{"name": "a", "base64": "\xc3\xa9"}', "base64 is not valid: "),
    ],
)
def test_line_that_is_wrong(line: bytes, reason: str) -> None:
    name, message = error_of(line)
    assert name == "-"
    expected = 'malformed: not a line such as {"name": "a.bpmn", "content": "…"}: '
    assert message.startswith(expected + reason)


def test_number_of_a_line_that_is_wrong() -> None:
    [_, error] = read_contents(io.BytesIO(FIRST + b"\nx\n"), "-", max_size=10)
    assert not isinstance(error, tuple)
    assert error.error is not None
    assert error.error.line == 3


@pytest.mark.parametrize("key", ["content", "base64"])
def test_no_content(key: str) -> None:
    assert error_of(line_of(name="a", **{key: None})) == ("a", f"unreadable: its {key} is null")


def test_large_content() -> None:
    text = "\u00e9" * 5
    assert read(line_of(name="a", content=text), 10).contents == [("a", text.encode())]
    assert error_of(line_of(name="a", content=text + "x"), 10) == (
        "a",
        "too-large: larger than 10 bytes",
    )
    encoded = base64.b64encode(bytes(11)).decode()
    assert error_of(line_of(name="a", base64=encoded), 10)[0] == "a"


def test_long_name() -> None:
    assert read(line_of(name="a" * 4096, content="")).contents == [("a" * 4096, b"")]
    name, message = error_of(line_of(name="a" * 4097, content=""))
    assert name == "-"
    assert message == "too-large: the name of the file has more than 4,096 characters"


def test_long_line() -> None:
    most = 2 * 10 + 1024 * 1024
    beside = len(line_of(name="a", content="", other=""))
    line = line_of(name="a", content="", other="x" * (most - beside))
    assert len(line) == most
    # The line break counts.
    assert len(read(line, 10).contents) == 1
    name, message = error_of(line + b" ", 10)
    assert (name, message) == ("-", f"too-large: the line has more than {most:,} bytes")
    assert error_of(line * 3, 10) == (name, message)


class Endless(io.BytesIO):
    """A line without an end, of which too much must not be requested."""

    most = 0

    def readline(self, size: int | None = -1, /) -> bytes:
        assert size is not None
        self.most = max(self.most, size)
        return b"x" * size


def test_line_without_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("metrics.reading.lines.MAX_BYTES_SKIPPED", 10_000_000)
    stream = Endless()
    result = Result().add(read_contents(stream, "-", max_size=10))
    (_, first), (_, second) = result.errors
    assert first == "too-large: the line has more than 1,048,596 bytes"
    assert second.endswith("more than 10,000,000 bytes; the rest of the input is not read")
    assert stream.most <= 1_048_597


@pytest.mark.parametrize("content", [b"[\n" + FIRST + b"]", b"{\n" + FIRST, b"[" + FIRST + b"]"])
def test_json_over_several_lines(content: bytes) -> None:
    result = read(content)
    assert not result.contents
    [(name, message)] = result.errors
    assert name == "-"
    assert message.endswith("JSON over several lines is not read; write one object per line")


def test_stream_that_fails(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes(FIRST)
    with open(path, "rb") as stream:
        pass
    result = Result().add(read_contents(stream, "-", max_size=10))
    assert result.errors == [("-", "unreadable: readline of closed file")]
