"""Limits: what the values of a payload are to be.

`diagramMetrics.tasks.userTask.form.embedded <= 0` is a limit: a dotted key of the payload, an
operator and a value. Numbers compare as numbers, versions as versions (8.10 is above 8.9, and 8.6
is 8.6.0), words only by `==`, `!=` and `in`.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from metrics.blocks import OMITTED, Omitted
from metrics.reading.document import Kind
from metrics.report import DIAGRAM_TYPE, columns
from metrics.suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from packaging.version import Version

Value = int | str | None

TYPE_KEY: Final = DIAGRAM_TYPE
KINDS: Final = tuple(kind.value for kind in Kind)
VERSION_KEY: Final = "executionPlatformVersion"

ORDERED: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "<=": operator.le,
    "<": operator.lt,
    ">=": operator.ge,
    ">": operator.gt,
}
UNORDERED: Final = ("==", "!=", "in")
OPERATORS: Final = (*ORDERED, *UNORDERED)

LIMIT: Final = re.compile(r"\s*(?P<key>[^\s<>=!]+)\s*(?P<condition>(?:[<>=!]|\s).*)", re.DOTALL)
CONDITION: Final = re.compile(
    rf"\s*(?P<operator>{'|'.join(OPERATORS[:-1])}|in(?=[\s\[\"']))(?P<value>.*)", re.DOTALL
)
QUOTED: Final = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)')\s*""")
UNQUOTED: Final = re.compile(r"""[^,"'\[\]]*""")
MAX_CHARACTERS_OF_A_VERSION: Final = 100
NUMBER: Final = re.compile(r"-?[0-9]{1,18}")


class LimitError(ValueError):
    """What is no limit; its text says why, for people."""


class Subject(Enum):
    """What values of a key are."""

    NUMBER = "a number"
    VERSION = "a version"
    WORD = "a word"


COLUMNS: Final = tuple(column for found in columns().values() for column in found)


def _subjects() -> Iterator[tuple[str, Subject]]:
    yield TYPE_KEY, Subject.WORD
    for column in COLUMNS:
        if column.is_number:
            yield column.key, Subject.NUMBER
        elif not column.is_list:
            yield column.key, Subject.VERSION if column.key == VERSION_KEY else Subject.WORD


SUBJECTS: Final[Mapping[str, Subject]] = dict(_subjects())
"""What can be limited, by its dotted key, in the order of the payload."""

MEANINGS: Final[Mapping[str, str]] = {TYPE_KEY: "The type of the diagram"} | {
    column.key: column.meaning for column in COLUMNS
}
"""What the values mean, by their dotted keys."""

TOTALS: Final[Mapping[str, Callable[[int, int], int]]] = {
    column.key: column.total for column in COLUMNS if column.is_number
}
"""The numbers that a portfolio has, too, and how those of two diagrams are one."""


@dataclass(frozen=True)
class Limit:
    """A limit: its key, its operator, and the values to compare with: one, or several for `in`."""

    key: str
    operator: str
    values: tuple[int | str, ...]

    def __str__(self) -> str:
        return f"{self.key} {self.condition}"

    @property
    def condition(self) -> str:
        """The operator and the value, as they are written in a configuration."""
        if self.operator != "in":
            return f"{self.operator} {_single(str(self.values[0]))}"
        return f"in [{', '.join(map(_item, self.values))}]"

    def applies_to(self, values: Mapping[str, Value]) -> bool:
        """Whether it says anything of a payload, given by its dotted keys.

        A number that a payload does not have is not limited: a DMN diagram has no user tasks. A
        version is: what names none is not known to be of the right one.
        """
        return self.key in values or SUBJECTS[self.key] is Subject.VERSION

    def holds(self, value: Value) -> bool:
        """Whether a value is within it; None is a version that is not named."""
        comparable, values = self._comparable(value), map(self._comparable, self.values)
        if self.operator in ORDERED:
            return comparable is not None and ORDERED[self.operator](comparable, next(values))
        # What is no version is another than every version.
        return (comparable is not None and comparable in values) != (self.operator == "!=")

    def is_no_worse(self, value: Value, known: Value) -> bool:
        """Whether one value that it does not allow is no further from it than another."""
        if value == known:
            return True
        one, other = self._comparable(value), self._comparable(known)
        if one is None or other is None:
            return False
        if self.operator in ORDERED:
            return one == other or ORDERED[self.operator](one, other)
        if self.operator == "==" and isinstance(one, int) and isinstance(other, int):
            wanted = self.values[0]
            return isinstance(wanted, int) and abs(one - wanted) <= abs(other - wanted)
        return bool(one == other)

    def _comparable(self, value: Value) -> int | str | Version | None:
        if SUBJECTS[self.key] is not Subject.VERSION:
            return value
        return version(value) if isinstance(value, str) else None


@lru_cache(maxsize=1024)
def version(text: str) -> Version | None:
    """A version as it compares; None for what is none."""
    from packaging.version import InvalidVersion, Version

    # A diagram may name anything, at any length.
    if len(text) > MAX_CHARACTERS_OF_A_VERSION:
        return None
    try:
        return Version(text)
    except InvalidVersion:
        return None


def parse(text: str) -> Limit:
    """The limit that is written as `KEY OP VALUE`; raises `LimitError` where it is none."""
    match = LIMIT.fullmatch(text)
    if match is None:
        raise LimitError(f"'{text}' is no limit: write KEY OP VALUE, as in '{_example()}'.")
    return of_key(match["key"], match["condition"])


def of_key(key: str, condition: str) -> Limit:
    """The limit for a key with a condition, `OP VALUE`; raises `LimitError` where it is none."""
    kind = subject(key)
    match = CONDITION.fullmatch(condition)
    text = match["value"].strip() if match is not None else ""
    if match is None or not text:
        allowed = OPERATORS if kind is not Subject.WORD else UNORDERED
        raise LimitError(
            f"'{condition.strip()}' is no condition for {key}: write OP VALUE, OP being one of"
            f" {', '.join(allowed)}."
        )
    found = match["operator"]
    if kind is Subject.WORD and found in ORDERED:
        raise LimitError(f"{key} is a word: it is compared by {', '.join(UNORDERED)}.")
    texts = _items(text) if found == "in" else [_unquoted(text)]
    return Limit(key, found, tuple(_value(key, kind, text) for text in texts))


def check_total(key: str) -> None:
    """Raises `LimitError` where a portfolio has no number of that key."""
    if subject(key) is not Subject.NUMBER:
        raise LimitError(f"{key} is no number: a portfolio has no sum of it.")


def missing(key: str) -> Omitted | None:
    """The value of a payload that does not have a key: a version is one that is not named."""
    return None if subject(key) is Subject.VERSION else OMITTED


def by_key(limits: Iterable[Limit]) -> dict[str, tuple[Limit, ...]]:
    """Limits by their keys: there may be several for one."""
    found: dict[str, tuple[Limit, ...]] = {}
    for limit in limits:
        found[limit.key] = (*found.get(limit.key, ()), limit)
    return found


def _example() -> str:
    return f"{[*TOTALS][-1]} <= 3"


def subject(key: str) -> Subject:
    """What the values of a key are; raises `LimitError` where no payload has it."""
    if key in SUBJECTS:
        return SUBJECTS[key]
    if key.partition("[")[0] == "elementTemplates":
        message = "elementTemplates is a list, which has no limit."
        raise LimitError(f"{message} Did you mean elementTemplateCount?")
    raise LimitError(f"No payload has the value '{key}'.{did_you_mean(key, SUBJECTS)}")


def _value(key: str, kind: Subject, text: str) -> int | str:
    if kind is Subject.NUMBER:
        if not NUMBER.fullmatch(text):
            raise LimitError(f"{key} is a number, and '{text}' is none.")
        return int(text)
    if kind is Subject.VERSION:
        text = text.strip()
        if version(text) is None:
            raise LimitError(f"{key} is a version, and '{text}' is none: write 8.6, or 7.21.0.")
    if key == TYPE_KEY and text not in KINDS:
        raise LimitError(f"{key} is one of {', '.join(KINDS)}, and not '{text}'.")
    return text


def _single(text: str) -> str:
    # As it can be read again, here and in a list.
    return f'"{text}"' if text.strip() != text or _unquoted(text) != text or not text else text


def _item(value: int | str) -> str:
    text = str(value)
    if text and text.strip() == text and UNQUOTED.fullmatch(text):
        return text
    return f"'{text}'" if '"' in text else f'"{text}"'


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text


def _items(text: str) -> list[str]:
    inner = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    items: list[str] = []
    place = -1
    while place < len(inner):
        place += 1
        match = QUOTED.match(inner, place)
        if match is not None:
            items.append(match[1] if match[1] is not None else match[2])
        else:
            match = UNQUOTED.match(inner, place)
            item = match[0].strip() if match is not None else ""
            # Behind the last there may be a comma.
            if not (item or (items and place == len(inner.rstrip()))):
                break
            items += [item] if item else []
        place = place if match is None else match.end()
        if place == len(inner):
            return items
        if inner[place] != ",":
            break
    raise LimitError(f"'{text}' is no list: write [ONE, ANOTHER].")
