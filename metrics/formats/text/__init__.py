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


def describe_template(template: dict[str, Any]) -> str:
    """An entry for an element template, as JSON has it, for people."""
    parts = [f"{binding} {times:,}" for binding, times in template["properties"].items()]
    parts += ["icon"] if "icon" in template else []
    return f"{' '.join(template['appliesTo'])} ({', '.join(parts)})"


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
