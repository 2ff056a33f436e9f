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
from functools import lru_cache
from operator import add
from typing import TYPE_CHECKING, Any, Final

from metrics.blocks import OMITTED, LeafKind, Omitted
from metrics.keys import LEAVES, UnknownKeyError, find_key
from metrics.reading.document import Kind
from metrics.report import DIAGRAM_TYPE
from metrics.suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packaging.version import Version

    from metrics.blocks import Total

Value = int | float | str | None

NUMERIC: Final = (LeafKind.NUMBER, LeafKind.RATIO)

TYPE_KEY: Final = DIAGRAM_TYPE
KINDS: Final = tuple(kind.value for kind in Kind)

ORDERED: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "<=": operator.le,
    "<": operator.lt,
    ">=": operator.ge,
    ">": operator.gt,
}
UNORDERED: Final = ("==", "!=", "in")
OPERATORS: Final = (*ORDERED, *UNORDERED)

LIMIT: Final = re.compile(
    r"""\s*(?P<key>(?:"[^"]*"|'[^']*'|[^\s<>=!"'])+)\s*(?P<condition>(?:[<>=!]|\s).*)""", re.DOTALL
)
CONDITION: Final = re.compile(
    rf"\s*(?P<operator>{'|'.join(OPERATORS[:-1])}|in(?=[\s\[\"']))(?P<value>.*)", re.DOTALL
)
QUOTED: Final = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)')\s*""")
UNQUOTED: Final = re.compile(r"""[^,"'\[\]]*""")
MAX_CHARACTERS_OF_A_VERSION: Final = 100
NUMBER: Final = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,18})?")


class LimitError(ValueError):
    """What is no limit; its text says why, for people."""


@dataclass(frozen=True)
class Limit:
    """A limit: its key, its operator, and the values to compare with: one, or several for `in`."""

    key: str
    operator: str
    values: tuple[int | float | str, ...]

    def __str__(self) -> str:
        return f"{self.key} {self.condition}"

    @property
    def condition(self) -> str:
        """The operator and the value, as they are written in a configuration."""
        if self.operator != "in":
            return f"{self.operator} {_single(str(self.values[0]))}"
        return f"in [{', '.join(map(_item, self.values))}]"

    def applies_to(self, values: Mapping[str, Any]) -> bool:
        """Whether it limits a payload with these values, by the keys of their leaves.

        A value that a payload does not have is not limited: a DMN diagram has no user tasks. Nor is
        a number that is null. A version is: a diagram without a version fails its limits.
        """
        key = find_key(self.key)
        if key.kind is LeafKind.VERSION:
            return True
        value = key.value_in(values)
        return value is not OMITTED and (value is not None or key.kind is LeafKind.TEXT)

    def is_null_in(self, values: Mapping[str, Any]) -> bool:
        """Whether it does not apply because the number that it limits is null."""
        key = find_key(self.key)
        return key.kind in NUMERIC and key.value_in(values) is None

    def value_in(self, values: Mapping[str, Any]) -> Value:
        """The value that it limits, None if there is none."""
        value: Value | Omitted = find_key(self.key).value_in(values)
        return None if isinstance(value, Omitted) else value

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
        if (
            self.operator == "=="
            and isinstance(one, int | float)
            and isinstance(other, int | float)
        ):
            wanted = self.values[0]
            return isinstance(wanted, int | float) and abs(one - wanted) <= abs(other - wanted)
        return bool(one == other)

    def _comparable(self, value: Value) -> int | float | str | Version | None:
        if find_key(self.key).kind is not LeafKind.VERSION:
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
        allowed = OPERATORS if kind is not LeafKind.TEXT else UNORDERED
        raise LimitError(
            f"'{condition.strip()}' is no condition for {key}: write OP VALUE, OP being one of"
            f" {', '.join(allowed)}."
        )
    found = match["operator"]
    if kind is LeafKind.TEXT and found in ORDERED:
        raise LimitError(f"{key} is a word: it is compared by {', '.join(UNORDERED)}.")
    texts = _items(text) if found == "in" else [_unquoted(text)]
    return Limit(key, found, tuple(_value(key, kind, text) for text in texts))


def check_total(key: str) -> None:
    """Raises `LimitError` if a portfolio has no total of that key."""
    if subject(key) in NUMERIC and total_of(key) is None:
        raise LimitError(f"{key} has no total over diagrams.")
    if subject(key) not in NUMERIC:
        raise LimitError(f"{key} is no number: a portfolio has no sum of it.")


def total_of(key: str) -> Total | None:
    """The function that makes one value of those of two diagrams, None if there is none."""
    known = find_key(key)
    return known.leaf.total if known.member is None else add


def missing(key: str) -> Omitted | None:
    """The value of a payload that does not have a key: a version is one that is not named."""
    return None if subject(key) is LeafKind.VERSION else OMITTED


def by_key(limits: Iterable[Limit]) -> dict[str, tuple[Limit, ...]]:
    """Limits by their keys: there may be several for one."""
    found: dict[str, tuple[Limit, ...]] = {}
    for limit in limits:
        found[limit.key] = (*found.get(limit.key, ()), limit)
    return found


def _example() -> str:
    return f"{[leaf.key for leaf in LEAVES.values() if leaf.is_number][-1]} <= 3"


def subject(key: str) -> LeafKind:
    """What the values of a key are; raises `LimitError` for a key without limits."""
    try:
        kind = find_key(key).kind
    except UnknownKeyError as error:
        name, bracket, _ = key.partition("[")
        if bracket and name in LEAVES:
            return subject(name)
        text = str(error)
        raise LimitError(text[0].upper() + text[1:]) from None
    if kind in (LeafKind.LIST, LeafKind.MAP):
        numbers = (leaf.key for leaf in LEAVES.values() if leaf.is_number)
        suggestion = did_you_mean(key, numbers)
        raise LimitError(f"{key} is {kind.value}, which has no limit.{suggestion}")
    return kind


def _value(key: str, kind: LeafKind, text: str) -> int | float | str:
    if kind in NUMERIC:
        if not NUMBER.fullmatch(text):
            raise LimitError(f"{key} is a number, and '{text}' is none.")
        return float(text) if "." in text else int(text)
    if kind is LeafKind.VERSION:
        text = text.strip()
        if version(text) is None:
            raise LimitError(f"{key} is a version, and '{text}' is none: write 8.6, or 7.21.0.")
    if key == TYPE_KEY and text not in KINDS:
        raise LimitError(f"{key} is one of {', '.join(KINDS)}, and not '{text}'.")
    return text


def _single(text: str) -> str:
    # As it can be read again, here and in a list.
    return f'"{text}"' if text.strip() != text or _unquoted(text) != text or not text else text


def _item(value: float | str) -> str:
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
