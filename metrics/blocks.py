"""Blocks: frozen dataclasses as JSON objects, and what follows from their fields."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Mapping
from enum import Enum
from functools import cache, lru_cache
from operator import add, attrgetter
from types import MappingProxyType, NoneType, UnionType
from typing import (
    TYPE_CHECKING,
    Any,
    Final,
    Literal,
    NamedTuple,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


Block = TypeVar("Block")

MAX_CHARACTERS_SHARED: Final = 100

# What all readers of JSON have exactly. No file gives as much.
LARGEST_NUMBER: Final = 2**53


class Omitted(Enum):
    """The value of a key that a payload does not have."""

    OMITTED = "omitted"

    def __bool__(self) -> bool:
        return False


OMITTED: Final = Omitted.OMITTED


OTHER: Final = "other"
"""What an event says in place of a text that it does not pass on."""


class Text(NamedTuple):
    """Which texts an event carries: their characters and their length are bounded.

    The `pattern` is a regular expression that must match all of a text, and means the same to
    Python and to JSON Schema; `meaning` tells it to people.
    """

    pattern: str
    meaning: str

    def has(self, text: str) -> bool:
        """Whether a text is one of them."""
        return re.fullmatch(self.pattern, text) is not None

    def bounded(self, text: str) -> str:
        """The text where it is one of them, else `OTHER`."""
        return text if self.has(text) else OTHER


NO_TEXT: Final = Text(OTHER, "none")


def shared(block: Callable[..., Block], *values: Any) -> Block:
    """A block of these values: it never changes, so that one object does for all that are equal.

    Blocks with long texts, which hostile diagrams have, or with mappings are not kept.
    """
    for value in values:
        if type(value) is str and len(value) > MAX_CHARACTERS_SHARED:
            return block(*values)
    try:
        known: Block = _shared(block, *values)
    except TypeError:
        return block(*values)
    return known


@lru_cache(maxsize=4096, typed=True)
def _shared(block: Callable[..., Block], *values: Any) -> Block:
    return block(*values)


def reduce_block(block: Any) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    # What other processes have measured is shared as well.
    return shared, (type(block), *keys(type(block)).values(block))


def described(
    meaning: str,
    *,
    documented_key: str | None = None,
    total: Callable[[int, int], int] = add,
    text: Text = NO_TEXT,
    **more: Any,
) -> Any:
    """A field of a block: what it means, and its key on the telemetry page where that differs.

    `total` makes one number of those of two diagrams. `text` says what of a field with texts an
    event passes on. All else is as for `dataclasses.field`.
    """
    metadata = {"meaning": meaning, "documented_key": documented_key, "total": total, "text": text}
    metadata |= more.pop("metadata", {})
    return dataclasses.field(metadata=metadata, **more)


def json_key(name: str) -> str:
    """The JSON key for a field's name: `camunda_forms` is `camundaForms`."""
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def snake_case(key: str) -> str:
    """The name of a field for a JSON key: `camundaForms` is `camunda_forms`."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in key)


class Keys(NamedTuple):
    """Of each field of a block its name, its JSON key, and that as the telemetry page spells it.

    `values` gives the values of all fields; `is_plain` where all of them are numbers.
    """

    names: tuple[str, ...]
    printed: tuple[str, ...]
    documented: tuple[str, ...]
    values: Callable[[Any], tuple[Any, ...]]
    is_plain: bool


SCALARS: Final = frozenset({int, float, str, bool, NoneType})
_KEYS: Final[dict[type, Keys]] = {}
_HINTS: Final[dict[type, Mapping[str, Any]]] = {}


def keys(block: type) -> Keys:
    """The names and keys of a block's fields."""
    if block not in _KEYS:
        fields = dataclasses.fields(block)
        names = tuple(field.name for field in fields)
        printed = tuple(json_key(field.name) for field in fields)
        _KEYS[block] = Keys(
            names,
            printed,
            tuple(
                field.metadata.get("documented_key") or key
                for field, key in zip(fields, printed, strict=True)
            ),
            attrgetter(*names) if len(names) > 1 else lambda block: (getattr(block, *names),),
            all(field.type == "int" for field in fields),
        )
    return _KEYS[block]


def type_hints(block: type) -> Mapping[str, Any]:
    """The types of a block's fields."""
    if block not in _HINTS:
        _HINTS[block] = MappingProxyType(get_type_hints(block))
    return _HINTS[block]


@cache
def alternatives(hint: Any) -> Sequence[Any]:
    """The types that a type is a union of, but for `Omitted`; itself where it is none."""
    parts = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    return tuple(part for part in parts if part is not Omitted)


def choices(hint: Any) -> tuple[Any, ...]:
    """The values that a type of literals has; none for other types."""
    return tuple(
        value
        for part in alternatives(hint)
        if get_origin(part) is Literal
        for value in get_args(part)
    )


@cache
def inner_blocks(hint: Any) -> Sequence[type]:
    """The blocks that a field with this type holds, one for an engine; none where it has values."""
    return tuple(
        kind
        for kind in alternatives(hint)
        if isinstance(kind, type) and dataclasses.is_dataclass(kind)
    )


class Column(NamedTuple):
    """A value that a payload can hold: its dotted key, and how two diagrams' numbers are one."""

    key: str
    total: Callable[[int, int], int]
    is_number: bool
    is_list: bool
    meaning: str


def columns(block: type, prefix: str = "", *, documented_keys: bool = False) -> list[Column]:
    """All values that a block can have, whatever the engine; a list is one value."""
    hints = type_hints(block)
    _, printed, documented, *_ = keys(block)
    found: list[Column] = []
    for field, key in zip(
        dataclasses.fields(block), documented if documented_keys else printed, strict=True
    ):
        dotted, hint = prefix + key, hints[field.name]
        inner = inner_blocks(hint)
        for kind in inner:
            found += columns(kind, f"{dotted}.", documented_keys=documented_keys)
        if not inner:
            parts = alternatives(hint)
            is_list = any(get_origin(part) is tuple for part in parts)
            found.append(
                Column(
                    dotted,
                    field.metadata["total"],
                    int in parts,
                    is_list,
                    field.metadata["meaning"],
                )
            )
    first: dict[str, Column] = {}
    for column in found:
        # The blocks for several engines may have the same key.
        first.setdefault(column.key, column)
    return [*first.values()]


def meanings(block: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """What each value of a block means, by its dotted key."""
    for field, key in zip(dataclasses.fields(block), keys(type(block)).printed, strict=True):
        value = getattr(block, field.name)
        if dataclasses.is_dataclass(value):
            yield from meanings(value, f"{prefix}{key}.")
        else:
            yield prefix + key, field.metadata["meaning"]


def block_of(block: type[Block], counts: Mapping[str, int], prefix: str = "") -> Block:
    """A block of numbers, from how often each key was found."""
    return block(*[counts.get(prefix + key, 0) for key in keys(block).printed])


def to_json(value: Any, *, documented_keys: bool = False) -> Any:
    """A block, or a field's value, as JSON has it."""
    kind = type(value)
    if kind in SCALARS:
        return value
    if kind is dict:
        # What is done with it is not to change the block.
        return {
            key: item if type(item) in SCALARS else to_json(item, documented_keys=documented_keys)
            for key, item in value.items()
        }
    if kind is tuple:
        return [to_json(item, documented_keys=documented_keys) for item in value]
    if isinstance(value, Enum):
        return value.value
    _, printed, documented, values, is_plain = _KEYS.get(kind) or keys(kind)
    names = documented if documented_keys else printed
    if is_plain:
        return dict(zip(names, values(value), strict=True))
    found = {}
    for key, item in zip(names, values(value), strict=True):
        if type(item) in SCALARS:
            found[key] = item
        elif item is not OMITTED:
            found[key] = to_json(item, documented_keys=documented_keys)
    return found


def leaves(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The values of a record by their dotted keys; a list is one value."""
    for key, item in value.items():
        if isinstance(item, dict):
            yield from leaves(item, f"{prefix}{key}.")
        else:
            yield prefix + key, item


def from_json(block: type[Block], record: Mapping[str, Any], example: Block | None = None) -> Block:
    """The block of a type that `to_json` gave a record of.

    The blocks in it are of the types that an `example` has. Raises `ValueError` where the record is
    not that of such a block.
    """
    hints = type_hints(block)
    left = dict(record)
    values = []
    for name, key, documented in zip(*keys(block)[:3], strict=True):
        spelled = key if key in left else documented
        if spelled in left:
            value = left.pop(spelled)
            values.append(_read(key, hints[name], value, getattr(example, name, None)))
        elif Omitted in get_args(hints[name]):
            values.append(OMITTED)
        else:
            raise ValueError(f"{key} is missing")
    if left:
        raise ValueError(f"{next(iter(left))} is not known")
    return shared(block, *values)


def _read(key: str, hint: Any, value: Any, example: Any = None) -> Any:
    """A value of a type out of JSON; of several blocks the one that is the example's."""
    blocks = inner_blocks(hint)
    if type(value) is dict and blocks:
        block = type(example) if type(example) in blocks else blocks[0]
        return from_json(block, value, example)
    for part in alternatives(hint):
        origin, arguments = get_origin(part), get_args(part)
        if type(value) is list and origin is tuple:
            return tuple(_read(key, arguments[0], item) for item in value)
        if type(value) is dict and origin is Mapping:
            return {name: _read(key, arguments[1], item) for name, item in value.items()}
        if isinstance(part, type) and issubclass(part, Enum):
            known = {member.value: member for member in part}
            if type(value) is str and value in known:
                return known[value]
        is_one = value in arguments if origin is Literal else type(value) is part
        if is_one and (type(value) is not int or 0 <= value <= LARGEST_NUMBER):
            return value
    raise ValueError(f"{key} is {value!r:.40}")


def bounded(value: Any, text: Text = NO_TEXT) -> Any:
    """A block, or a field's value, with such texts only as an event passes on.

    Numbers that come to have the same key are added.
    """
    if isinstance(value, str):
        return text.bounded(value)
    if isinstance(value, tuple):
        return tuple(bounded(item, text) for item in value)
    if isinstance(value, Mapping):
        sums: Counter[str] = Counter()
        for key, number in value.items():
            sums[text.bounded(key)] += number
        return dict(sorted(sums.items()))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        changed = {
            field.name: bounded(getattr(value, field.name), field.metadata["text"])
            for field in dataclasses.fields(value)
        }
        return dataclasses.replace(value, **changed)
    return value
