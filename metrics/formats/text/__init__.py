"""What formats share: escaped text, counts and values for people, JSON."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, Final

import orjson

from metrics.reading.errors import truncated
from metrics.reading.sources import MAX_NAME_CHARACTERS, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CONTROL_CHARACTER: Final = re.compile(rb"\x7f|\xc2[\x80-\x9f]")

# Characters that control a terminal, end a line, change the direction of text, or are invisible:
# the categories Cc, Cf, Zl and Zp of Unicode, and all that a font may ignore (Default_Ignorable).
_MISLEADING: Final = (
    "\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5"
    "\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0"
    "\ufff0-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# Patterns that few runs need: `re` compiles them at their first use.
MISLEADING: Final = f"[\0-\x1f{_MISLEADING}]"
# For a text of several lines: line breaks and tabs stay.
MISLEADING_LINES: Final = f"[\0-\x08\v-\x1f{_MISLEADING}]"

# A workflow command of GitHub: one kind only at the start of a line, which a table may begin
# anywhere in a text, the other anywhere.
COMMAND_OF_A_LOG: Final = r"::|##\["


def on_one_line(text: str) -> str:
    """A text for people, with line breaks and characters that mislead the reader escaped.

    Workflow commands are escaped, too, in a job of GitHub Actions.
    """
    line = without_breaks(text)
    if os.environ.get("GITHUB_ACTIONS"):
        return re.sub(COMMAND_OF_A_LOG, _first_character_escaped, line)
    return line


def _first_character_escaped(match: re.Match[str]) -> str:
    return rf"\x{ord(match[0][0]):02x}{match[0][1:]}"


def shown_file(name: str) -> str:
    """A file name for people: escaped as by `on_one_line`, and cut after 4,096 characters."""
    return on_one_line(truncated(name, MAX_NAME_CHARACTERS))


def without_breaks(text: str) -> str:
    """A text on one line, for output that no log shows."""
    return escaped(printable(text), MISLEADING)


def escaped(text: str, characters: str) -> str:
    """A text with some characters written as in a Python literal.

    `characters` is a pattern that matches none of the printable characters of ASCII.
    """
    if text.isascii() and text.isprintable():
        return text
    return re.sub(characters, lambda match: match[0].encode("unicode_escape").decode(), text)


def counted(number: int, noun: str) -> str:
    """A number and a noun, for people: `1 diagram`, `1,200 diagrams`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def shown_value(value: Any) -> str:
    """A value of a payload, for people: `1,200`, `0.25`, `a 2, b 1`."""
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, dict):
        return ", ".join(f"{name} {shown_value(number)}" for name, number in value.items())
    if isinstance(value, list):
        return ", ".join(shown_record(item) for item in value)
    return str(value)


def shown_record(record: Any) -> str:
    """An item of a list, for people: its texts, then other values in brackets.

    `{"appliesTo": ["bpmn:Task"], "properties": {"x": 2}, "icon": true}` is `bpmn:Task (x 2, icon)`.
    """
    if not isinstance(record, dict):
        return shown_value(record)
    texts, details = [], []
    for key, value in record.items():
        if isinstance(value, str):
            texts.append(value)
        elif isinstance(value, list):
            texts.append(" ".join(map(shown_value, value)))
        elif isinstance(value, dict):
            details += [f"{name} {shown_value(number)}" for name, number in value.items()]
        elif value is True:
            details.append(key)
        elif value is not None and value is not False:
            details.append(f"{key} {shown_value(value)}")
    head = " ".join(texts)
    return f"{head} ({', '.join(details)})" if details or texts else head


def json_array(values: Iterable[Any]) -> Iterator[bytes]:
    """An indented array of JSON values, piece by piece."""
    separator = b"[\n"
    for value in values:
        yield separator + b"  " + dumps(value, orjson.OPT_INDENT_2).replace(b"\n", b"\n  ")
        separator = b",\n"
    yield b"[]\n" if separator == b"[\n" else b"\n]\n"


def _dumped(value: Any, option: int) -> bytes:
    import json

    indent = 2 if option & orjson.OPT_INDENT_2 else None
    separators = None if indent else (",", ":")
    dumped = json.dumps(value, indent=indent, separators=separators, ensure_ascii=False).encode()
    return dumped + b"\n" if option & orjson.OPT_APPEND_NEWLINE else dumped


def dumps(value: Any, option: int = 0) -> bytes:
    """A value as JSON; `option` is an option of orjson."""
    try:
        dumped = orjson.dumps(value, option=option)
    except TypeError:
        # orjson refuses integers of more than 64 bits, which sums may have.
        dumped = _dumped(value, option)
    # JSON allows DEL and the C1 control characters unescaped, but a terminal obeys them.
    if b"\x7f" in dumped or b"\xc2" in dumped:
        return CONTROL_CHARACTER.sub(
            lambda match: b"\\u%04x" % ord(match[0].decode()),
            dumped,
        )
    return dumped
