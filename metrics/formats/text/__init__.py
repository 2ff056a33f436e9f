"""What the text formats share: escaping, counting, JSON."""

from __future__ import annotations

import os
import re
from typing import Any, Final

import orjson

from metrics.reading.sources import printable

CONTROL_CHARACTER: Final = re.compile(rb"\x7f|\xc2[\x80-\x9f]")

# Control characters, breaks of lines and paragraphs, and what turns the direction of text.
_STEERING: Final = "\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069"
STEERING: Final = re.compile(f"[\0-\x1f{_STEERING}]")
# In a text of several lines: but for breaks of lines and tabs.
STEERING_LINES: Final = re.compile(f"[\0-\x08\v-\x1f{_STEERING}]")


# At its beginning, and anywhere.
COMMAND_OF_A_LOG: Final = re.compile(r"\A\s*::|##\[")


def on_one_line(text: str) -> str:
    """A text for people: what would break the line, steer a terminal or turn text is escaped.

    In a job of GitHub so is what would be taken for a command in its log.
    """
    told = without_breaks(text)
    if os.environ.get("GITHUB_ACTIONS"):
        return COMMAND_OF_A_LOG.sub(lambda match: rf"\x{ord(match[0][0]):02x}{match[0][1:]}", told)
    return told


def without_breaks(text: str) -> str:
    """The same for what is no line of a log."""
    return escaped(printable(text), STEERING)


def escaped(text: str, characters: re.Pattern[str]) -> str:
    """A text in which some characters are written as Python does, with a backslash."""
    return characters.sub(lambda match: repr(match[0])[1:-1], text)


def counted(number: int, noun: str) -> str:
    """How many there are of something, for people: `1 diagram`, `1,200 diagrams`."""
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
    """An item of a list, for people: its texts, then all else in brackets.

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


def _dumped(value: Any, option: int) -> bytes:
    import json

    indent = 2 if option & orjson.OPT_INDENT_2 else None
    separators = None if indent else (",", ":")
    dumped = json.dumps(value, indent=indent, separators=separators, ensure_ascii=False).encode()
    return dumped + b"\n" if option & orjson.OPT_APPEND_NEWLINE else dumped


def dumps(value: Any, option: int = 0) -> bytes:
    """A value as JSON; `option` as orjson has it."""
    try:
        dumped = orjson.dumps(value, option=option)
    except TypeError:
        # Sums may have more than 64 bits.
        dumped = _dumped(value, option)
    # DEL and the second set of control characters: JSON lets them stand, but a terminal obeys them.
    if b"\x7f" in dumped or b"\xc2" in dumped:
        return CONTROL_CHARACTER.sub(
            lambda match: b"\\u%04x" % ord(match[0].decode()),
            dumped,
        )
    return dumped
