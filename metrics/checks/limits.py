"""Limits on the values of payloads.

`diagramMetrics.tasks.userTask.form.embedded <= 0` is a limit: a dotted key of the payload, an
operator and a value. Numbers compare as numbers, versions as versions (8.10 is above 8.9, and 8.6
equals 8.6.0), words only with `==`, `!=` and `in`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Final

from metrics.blocks import NUMERIC, OMITTED, LeafKind, Omitted
from metrics.checks.operators import OPERATORS
from metrics.keys import (
    LEAVES,
    AmbiguousKeyError,
    UnknownKeyError,
    find_key,
    spelled,
    whole_key,
)
from metrics.reading.document import Kind
from metrics.report import DIAGRAM_TYPE
from metrics.suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from packaging.version import Version

    from metrics.keys import Key

Value = int | float | str | None

DIAGRAM_TYPES: Final = tuple(kind.value for kind in Kind)

_SIGNS: Final = re.escape(
    "".join(sorted({sign for symbol in OPERATORS if not symbol.isalpha() for sign in symbol}))
)
LIMIT: Final = re.compile(
    rf"""\s*(?P<key>(?:"[^"]*"|'[^']*'|[^\s{_SIGNS}"'])+)\s*(?P<condition>(?:[{_SIGNS}]|\s).*)""",
    re.DOTALL,
)
CONDITION: Final = re.compile(
    # The longest first: `<` begins `<=`.
    r"\s*(?P<operator>{})(?P<value>.*)".format(
        "|".join(OPERATORS[symbol].pattern for symbol in sorted(OPERATORS, key=len, reverse=True))
    ),
    re.DOTALL,
)
NUMBER: Final = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,18})?")
QUOTED_ITEM: Final = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)')\s*""")
UNQUOTED_ITEM: Final = re.compile(r"""[^,"'\[\]]*""")

MAX_VERSION_CHARACTERS: Final = 100


class LimitError(ValueError):
    """A limit that is not valid; the message says why."""


@dataclass(frozen=True)
class Limit:
    """A limit: a key, the symbol of an operator, and the values to compare with.

    There is one value, or several if the operator takes a list. Raises `LimitError` if the key
    cannot have such a limit.
    """

    key: str
    operator: str
    values: tuple[int | float | str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", spelled(self.key))
        kind = kind_of(self.key)
        if self.operator not in OPERATORS:
            raise LimitError(
                f"'{self.operator}' is not an operator: use {_listed(tuple(OPERATORS))}."
            )
        operator = OPERATORS[self.operator]
        if kind is LeafKind.TEXT and operator.is_ordered:
            raise LimitError(f"{self.key} is a word: compare it with {_listed(_symbols(kind))}.")
        if not self.values or (len(self.values) > 1 and not operator.takes_list):
            raise LimitError(f"{self.operator} does not take {len(self.values)} values.")
        for value in self.values:
            _check_value(self.key, kind, value)

    def __str__(self) -> str:
        return f"{self.key} {self.condition}"

    @property
    def condition(self) -> str:
        """The operator and the value, as a configuration states them."""
        return f"{self.operator} {self.bound}"

    @property
    def bound(self) -> str:
        """The value, or the list of values, as a configuration states it."""
        if OPERATORS[self.operator].takes_list:
            return f"[{', '.join(map(_item, self.values))}]"
        return _single(str(self.values[0]))

    @property
    def is_upper_bound(self) -> bool:
        """Whether a total breaks the limit as soon as a part of the total does."""
        return OPERATORS[self.operator].is_upper_bound

    def applies_to(self, values: Mapping[str, Any]) -> bool:
        """Whether the limit applies to a payload with these values, by their dotted keys.

        It does not apply if the payload does not have the value (a DMN diagram has no user tasks),
        or if the number is null. A limit on the version applies to every diagram: a diagram without
        a version breaks it, unless the operator is `!=`.
        """
        key = self._key
        if key.kind is LeafKind.VERSION:
            return True
        value = key.value_in(values)
        return value is not OMITTED and (value is not None or key.kind is LeafKind.TEXT)

    def is_null_in(self, values: Mapping[str, Any]) -> bool:
        """Whether the limit does not apply because the number is null."""
        return self._key.kind in NUMERIC and self._key.value_in(values) is None

    def value_in(self, values: Mapping[str, Any]) -> Value:
        """The value that the limit is about; None if there is none."""
        value: Value | Omitted = self._key.value_in(values)
        return None if isinstance(value, Omitted) else value

    def allows(self, value: Value) -> bool:
        """Whether a value keeps the limit; None stands for a missing version."""
        comparable = self._comparable(value)
        operator = OPERATORS[self.operator]
        if comparable is None:
            return operator.allows_missing
        return operator.allows(comparable, self._bounds)

    def is_no_worse(self, value: Value, known: Value) -> bool:
        """Whether a forbidden value is no further from the limit than a known forbidden value."""
        if value == known:
            return True
        comparable, known_comparable = self._comparable(value), self._comparable(known)
        if comparable is None or known_comparable is None:
            return False
        operator = OPERATORS[self.operator]
        return operator.is_no_worse(comparable, known_comparable, self._bounds)

    @cached_property
    def _key(self) -> Key:
        return find_key(self.key)

    @cached_property
    def _bounds(self) -> tuple[Any, ...]:
        return tuple(map(self._comparable, self.values))

    def _comparable(self, value: Value) -> int | float | str | Version | None:
        if self._key.kind is not LeafKind.VERSION:
            return value
        # The version of a form may be a number.
        return None if value is None else version(str(value))


Limits = Mapping[str, tuple[Limit, ...]]
"""Limits by their keys: a key can have several."""


@lru_cache(maxsize=1024)
def version(text: str) -> Version | None:
    """A version that can be compared; None if the text is not a version."""
    from packaging.version import InvalidVersion, Version

    # Diagrams can state anything, at any length.
    if len(text) > MAX_VERSION_CHARACTERS:
        return None
    try:
        return Version(text)
    except InvalidVersion:
        return None


def parse(text: str) -> Limit:
    """Read a limit, written as `KEY OP VALUE`; raises `LimitError` if it is not one.

    KEY may be the end of a key: `userTask.count` (see `whole_key`).
    """
    match = LIMIT.fullmatch(text)
    if match is None:
        raise LimitError(f"'{text}' is not a limit: write KEY OP VALUE, as in '{_example()}'.")
    try:
        key = whole_key(match["key"])
    except AmbiguousKeyError as error:
        raise LimitError(str(error)) from None
    return parse_condition(key, match["condition"])


def parse_condition(key: str, condition: str) -> Limit:
    """Read the limit that a condition, `OP VALUE`, sets for a whole key; raises `LimitError`."""
    kind = kind_of(key)
    match = CONDITION.fullmatch(condition)
    text = match["value"].strip() if match is not None else ""
    if match is None or not text:
        symbols = [f"{symbol} ({OPERATORS[symbol].wording})" for symbol in _symbols(kind)]
        raise LimitError(
            f"'{condition.strip()}' is not a condition for {key}: write OP VALUE, where OP is"
            f" {_listed(symbols)}."
        )
    operator = OPERATORS[match["operator"]]
    texts = _items(text) if operator.takes_list else [_unquoted(text)]
    if kind in NUMERIC:
        return Limit(key, operator.symbol, tuple(_number(key, text) for text in texts))
    is_version = kind is LeafKind.VERSION
    values = tuple(text.strip() if is_version else text for text in texts)
    return Limit(key, operator.symbol, values)


def as_limits(limits: Iterable[str | Limit]) -> tuple[Limit, ...]:
    """Turn texts, `KEY OP VALUE`, into limits; a `Limit` stays as it is.

    Raises `LimitError` for a text that is not a limit, `TypeError` for a single limit and for
    items of other types.
    """
    if isinstance(limits, str | Limit):
        raise TypeError(f"expected an iterable of limits, not one limit: {str(limits)!r:.80}")
    return tuple(map(_as_limit, limits))


def as_total_limits(limits: Iterable[str | Limit]) -> tuple[Limit, ...]:
    """Like `as_limits`, but also raises `LimitError` for a key that has no total."""
    total_limits = as_limits(limits)
    for limit in total_limits:
        check_total(limit.key)
    return total_limits


def by_key(limits: Iterable[Limit]) -> dict[str, tuple[Limit, ...]]:
    """Limits by their keys."""
    limits_of: dict[str, tuple[Limit, ...]] = {}
    for limit in limits:
        limits_of[limit.key] = (*limits_of.get(limit.key, ()), limit)
    return limits_of


def kind_of(key: str) -> LeafKind:
    """The kind of a key's values; raises `LimitError` for a key that cannot have a limit."""
    try:
        kind = find_key(key).kind
    except UnknownKeyError as error:
        name, bracket, _ = key.partition("[")
        if bracket and name in LEAVES:
            return kind_of(name)
        raise LimitError(str(error)) from None
    if kind in (LeafKind.LIST, LeafKind.MAP):
        numbers = (leaf.key for leaf in LEAVES.values() if leaf.is_number)
        suggestion = did_you_mean(key, numbers)
        raise LimitError(f"{key} is {kind.value}, which cannot have a limit.{suggestion}")
    return kind


def check_total(key: str) -> None:
    """Raise `LimitError` if a key has no total over diagrams."""
    if kind_of(key) not in NUMERIC:
        raise LimitError(f"{key} is not a number, so it has no total.")
    if find_key(key).total is None:
        raise LimitError(f"{key} has no total over diagrams.")


def missing(key: str) -> Omitted | None:
    """The value that stands for a missing one: None for a version, else `OMITTED`."""
    return None if kind_of(key) is LeafKind.VERSION else OMITTED


def _as_limit(limit: str | Limit) -> Limit:
    if isinstance(limit, Limit):
        return limit
    if isinstance(limit, str):
        return parse(limit)
    raise TypeError(f"a limit is a str or a Limit, not {limit!r:.80}")


def _symbols(kind: LeafKind) -> tuple[str, ...]:
    """The operators for values of a kind."""
    return tuple(
        symbol
        for symbol, operator in OPERATORS.items()
        if kind is not LeafKind.TEXT or not operator.is_ordered
    )


def _listed(items: Sequence[str]) -> str:
    """`a, b or c`."""
    *others, last = items
    return f"{', '.join(others)} or {last}"


def _example() -> str:
    return f"{next(leaf.key for leaf in LEAVES.values() if leaf.is_number)} <= 3"


def _check_value(key: str, kind: LeafKind, value: float | str) -> None:
    if kind in NUMERIC:
        if isinstance(value, str | bool) or not math.isfinite(value):
            raise LimitError(_not_a_number(key, value))
    elif not isinstance(value, str):
        raise LimitError(f"{key} is {kind.value}, but {value!r} is not.")
    elif kind is LeafKind.VERSION and version(value) is None:
        raise LimitError(f"{key} is a version, but '{value}' is not: write 8.6 or 7.21.0.")
    elif key == DIAGRAM_TYPE and value not in DIAGRAM_TYPES:
        raise LimitError(f"{key} is {_listed(DIAGRAM_TYPES)}, not '{value}'.")


def _number(key: str, text: str) -> int | float:
    if not NUMBER.fullmatch(text):
        raise LimitError(_not_a_number(key, text))
    return float(text) if "." in text else int(text)


def _not_a_number(key: str, value: object) -> str:
    return f"{key} is a number, but '{value}' is not."


def _single(text: str) -> str:
    # Quotes are needed only if the parser would otherwise read another text.
    return f'"{text}"' if text.strip() != text or _unquoted(text) != text or not text else text


def _item(value: float | str) -> str:
    text = str(value)
    if text and text.strip() == text and UNQUOTED_ITEM.fullmatch(text):
        return text
    return f"'{text}'" if '"' in text else f'"{text}"'


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text


def _items(text: str) -> list[str]:
    """The items of a list, with or without brackets."""
    inner = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    items: list[str] = []
    position = -1
    while position < len(inner):
        position += 1
        if match := QUOTED_ITEM.match(inner, position):
            items.append(match[1] if match[1] is not None else match[2])
        else:
            match = UNQUOTED_ITEM.match(inner, position)
            item = match[0].strip() if match is not None else ""
            # A comma may follow the last item.
            if not (item or (items and position == len(inner.rstrip()))):
                break
            items += [item] if item else []
        position = position if match is None else match.end()
        if position == len(inner):
            return items
        if inner[position] != ",":
            break
    raise LimitError(f"'{text}' is not a list: write [ONE, ANOTHER].")
