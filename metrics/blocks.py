"""Blocks: frozen dataclasses that are printed as JSON objects, and what follows from their fields.

    @block_class
    class Forms:
        camunda_forms: int = described("User tasks with a Camunda Form")

is printed as `{"camundaForms": 0}`. The type of a field and its `described(...)` say all that
formats, limits, totals, summaries, schemas and the reference need: they ask this module for the
leaves of a block. A leaf is a value that a dotted key names:

| type of the field | leaf |
|---|---|
| `int` | a number, which adds up over diagrams unless `total` says otherwise |
| `float`, or `float` or None | a ratio, which does not add up |
| `str`, `bool`, literals | a text |
| any, with `is_version` | a version |
| `tuple[…, …]` | a list: one leaf, of JSON |
| `Mapping[Literal[…], int]` | a fixed map: a number for each name |
| `Mapping[str, int]` | an open map: one leaf, whose members can be named by keys |
| another block | its leaves, below the field's key |

This module knows nothing of diagrams.
"""

from __future__ import annotations

import dataclasses
import math
import re
import sys
from collections import Counter
from collections.abc import Callable, Mapping
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
    NoReturn,
    TypeVar,
    Union,
    dataclass_transform,
    get_args,
    get_origin,
    get_type_hints,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    Total = Callable[[Any, Any], Any]

Block = TypeVar("Block")
BlockClass = TypeVar("BlockClass")

MAX_CHARACTERS_SHARED: Final = 100

LARGEST_NUMBER: Final = 2**53
"""The largest number that every reader of JSON reads exactly."""


class Omitted(Enum):
    """The value of a key that a payload does not have."""

    OMITTED = "omitted"

    def __bool__(self) -> bool:
        return False


OMITTED: Final = Omitted.OMITTED


class Text(NamedTuple):
    """The texts that an event may carry: `pattern` matches a whole text, `meaning` describes it.

    The regular expression means the same in Python and in JSON Schema.
    """

    pattern: str
    meaning: str

    def has(self, text: str) -> bool:
        """Whether an event may carry a text."""
        return re.fullmatch(self.pattern, text) is not None

    def bounded(self, text: str) -> str:
        """The text if an event may carry it, else `OTHER`."""
        return text if self.has(text) else OTHER


OTHER: Final = "other"
"""What an event carries in place of a text that it may not carry."""

NO_TEXT: Final = Text(OTHER, "none")


class Tally(NamedTuple):
    """How a summary shows the names of a map over all diagrams.

    `key` is its key in the summary, and `title` its heading. `records` is the key of the number of
    diagrams or records with a name, and `values` the key of the sum of the name's values.
    """

    key: str
    title: str
    records: str
    values: str


def described(
    meaning: str,
    *,
    documented_key: str | None = None,
    total: Total | Omitted | None = OMITTED,
    is_version: bool = False,
    text: Text = NO_TEXT,
    tally: Tally | Omitted | None = OMITTED,
    members: Collection[str] | None = None,
    omit_if_too_large: bool = False,
    **more: Any,
) -> Any:
    """A field of a block.

    `meaning` describes it for people; `documented_key` is its key on the telemetry page if that
    differs. `total` combines the values of two diagrams; None if they cannot be combined. By
    default, numbers add up, and other values have no total. Texts with `is_version` compare as
    versions.
    `text` limits the texts that an event carries. `tally` describes a map in summaries; None if
    summaries do not count its names, as they do by default for fragments of our own. `members` are
    the names that an open map can have, None if it can have any.
    `omit_if_too_large` marks a key at the top of the payload that an event omits if it is too
    large. Further arguments are those of `dataclasses.field`.
    """
    metadata = {
        "meaning": meaning,
        "documented_key": documented_key,
        "total": total,
        "is_version": is_version,
        "text": text,
        "tally": tally,
        "members": None if members is None else frozenset(members),
        "omit_if_too_large": omit_if_too_large,
    }
    return dataclasses.field(metadata=metadata, **more)


@dataclass_transform(frozen_default=True, field_specifiers=(described, dataclasses.field))
def block_class(cls: type[BlockClass]) -> type[BlockClass]:
    """Decorator that makes a class a frozen dataclass with the methods that all blocks share.

    A plain `dataclass` compiles its methods for each class: a tenth of the time to scan one small
    file.
    """
    for name, method in _METHODS.items():
        setattr(cls, name, method)
    return dataclasses.dataclass(eq=False, repr=False)(cls)


def _equals(self: Any, other: object) -> Any:
    return vars(self) == vars(other) if type(other) is type(self) else NotImplemented


def _hash(self: Any) -> int:
    return hash(tuple(vars(self).values()))


def _representation(self: Any) -> str:
    fields = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
    return f"{type(self).__qualname__}({fields})"


def _set_once(self: Any, name: str, value: object) -> None:
    if name in vars(self) or name not in type(self).__dataclass_fields__:
        raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")
    object.__setattr__(self, name, value)


def _delete(self: Any, name: str) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


_METHODS: Final[Mapping[str, Callable[..., Any]]] = {
    "__eq__": _equals,
    "__hash__": _hash,
    "__repr__": _representation,
    "__setattr__": _set_once,
    "__delattr__": _delete,
}


# Fields and keys


def json_key(name: str) -> str:
    """The JSON key of a field: `camunda_forms` is `camundaForms`."""
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def snake_case(key: str) -> str:
    """The name of the field with a JSON key: `camundaForms` is `camunda_forms`."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in key)


class Keys(NamedTuple):
    """The fields of a block: their names, JSON keys, and keys as the telemetry page spells them.

    `values` returns the values of all fields; `is_plain` is whether all of them are numbers.
    """

    names: tuple[str, ...]
    printed: tuple[str, ...]
    documented: tuple[str, ...]
    values: Callable[[Any], tuple[Any, ...]]
    is_plain: bool


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
    """The members of a union except `Omitted`; the type itself if it is not a union."""
    parts = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    return tuple(part for part in parts if part is not Omitted)


def choices(hint: Any) -> tuple[Any, ...]:
    """The values of literal types; none for other types."""
    return tuple(
        value
        for part in alternatives(hint)
        if get_origin(part) is Literal
        for value in get_args(part)
    )


@cache
def inner_blocks(hint: Any) -> Sequence[type]:
    """The blocks that a field of this type holds, one for each engine; none if it holds values."""
    return tuple(
        part
        for part in alternatives(hint)
        if isinstance(part, type) and dataclasses.is_dataclass(part)
    )


# Leaves

QUOTED_CHARACTERS: Final = re.compile(r"""[\s."'\[\]<>=!]""")
PART_OF_KEY: Final = re.compile(r""""(?:[^"]|"")*+"|'(?:[^']|'')*+'|[^.]+""")


def key_part(name: str) -> str:
    """A name as a part of a dotted key: in quotes if it has blanks, dots or operators.

    An empty name is in quotes, too. In a name with both kinds of quotes, double ones are doubled.
    """
    # Nearly all names are identifiers, and no identifier has such a character.
    if name.isidentifier() or (name and not QUOTED_CHARACTERS.search(name)):
        return name
    if '"' not in name:
        return f'"{name}"'
    if "'" not in name:
        return f"'{name}'"
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def joined(group: str, key: str) -> str:
    """The dotted key of a value in the object at another key, which is empty for the payload."""
    return f"{group}.{key}" if group else key


def key_parts(key: str) -> list[str]:
    """The names in a dotted key, without quotes."""
    names = ((part, unquoted(part)) for part in PART_OF_KEY.findall(key))
    return [part if name is None else name for part, name in names]


def unquoted(part: str) -> str | None:
    """The name that one part of a key stands for; None if it is more than one part."""
    if len(part) > 1 and part[0] == part[-1] and part[0] in "\"'":
        pieces = part[1:-1].split(part[0] * 2)
        return part[0].join(pieces) if not any(part[0] in piece for piece in pieces) else None
    return None if not part or "." in part else part


class LeafKind(Enum):
    """What a leaf holds; the value describes it for people."""

    NUMBER = "a number"
    RATIO = "a ratio"
    VERSION = "a version"
    TEXT = "a word"
    LIST = "a list"
    MAP = "a map"


NUMERIC: Final = frozenset({LeafKind.NUMBER, LeafKind.RATIO})
"""The kinds whose values are numbers."""

RULES: Final = "rules"
"""The key of the version of the rules that a fragment is computed by."""

MEANING_OF_RULES: Final = "The version of the rules of the fragment"


class Leaf(NamedTuple):
    """A value that a block can hold.

    `key` is its dotted key. `total` combines the values of two diagrams; None if they cannot be
    combined. `item` is the block that a list holds, None for other lists; `tally` and `members` are
    those of `described`. A member of a fixed map has the key of the map as `group`. `is_rules` if
    it is the version of the rules of a fragment, which counts nothing.
    """

    key: str
    kind: LeafKind
    meaning: str
    total: Total | None
    item: type | None = None
    tally: Tally | Omitted | None = OMITTED
    group: str | None = None
    is_rules: bool = False
    members: frozenset[str] | None = None

    @property
    def is_number(self) -> bool:
        """Whether it is a number that has a total."""
        return self.kind is LeafKind.NUMBER and self.total is not None


def map_keys(leaves: Iterable[Leaf]) -> frozenset[str]:
    """The keys of the open maps among some leaves."""
    return frozenset(leaf.key for leaf in leaves if leaf.kind is LeafKind.MAP)


def leaves(block: type, group: str = "", *, documented_keys: bool = False) -> list[Leaf]:
    """All values that a block can have, for any engine, in the order of its fields.

    `group` is the dotted key of the block. `documented_keys` spells keys as the telemetry page
    does.
    """
    hints = type_hints(block)
    _, printed, documented, *_ = keys(block)
    spelled = documented if documented_keys else printed
    by_key: dict[str, Leaf] = {}
    for field, key in zip(dataclasses.fields(block), spelled, strict=True):
        for leaf in _leaves_of_field(field, joined(group, key), hints[field.name], documented_keys):
            # The blocks of several engines may have the same key.
            by_key.setdefault(leaf.key, leaf)
    return [*by_key.values()]


def _leaves_of_field(
    field: dataclasses.Field[Any], key: str, hint: Any, documented_keys: bool
) -> Iterator[Leaf]:
    blocks = inner_blocks(hint)
    if blocks:
        for inner in blocks:
            yield from leaves(inner, key, documented_keys=documented_keys)
        return
    kind, item, names = _kind_of(hint, is_version=field.metadata["is_version"])
    meaning, total, tally = (field.metadata[name] for name in ("meaning", "total", "tally"))
    if isinstance(total, Omitted):
        total = add if kind is LeafKind.NUMBER else None
    for name in names:
        yield Leaf(f"{key}.{key_part(name)}", kind, meaning, total, group=key)
    if not names:
        yield Leaf(key, kind, meaning, total, item, tally, members=field.metadata["members"])


class _LeafType(NamedTuple):
    kind: LeafKind
    item: type | None = None
    names: tuple[str, ...] = ()


def _kind_of(hint: Any, *, is_version: bool) -> _LeafType:
    if is_version:
        return _LeafType(LeafKind.VERSION)
    for part in alternatives(hint):
        origin, arguments = get_origin(part), get_args(part)
        if origin is tuple:
            blocks = inner_blocks(arguments[0])
            return _LeafType(LeafKind.LIST, blocks[0] if blocks else None)
        if origin is Mapping:
            names = choices(arguments[0])
            return _LeafType(LeafKind.NUMBER if names else LeafKind.MAP, None, names)
        if part is int:
            return _LeafType(LeafKind.NUMBER)
        if part is float:
            return _LeafType(LeafKind.RATIO)
    return _LeafType(LeafKind.TEXT)


def leaf_values(
    record: Mapping[str, Any], group: str = "", *, maps: frozenset[str] = frozenset()
) -> Iterator[tuple[str, Any]]:
    """The values of a JSON object by their dotted keys; a list is one value.

    `group` is the dotted key of the object. `maps` are the keys of open maps, which are one value,
    too.
    """
    prefix = f"{group}." if group else ""
    for name, value in record.items():
        key = prefix + key_part(name)
        if isinstance(value, dict) and key not in maps:
            yield from leaf_values(value, key, maps=maps)
        else:
            yield key, value


def meanings(block: Any, group: str = "") -> Iterator[tuple[str, str]]:
    """The meaning of each value of a block, by its dotted key."""
    for field, key in zip(dataclasses.fields(block), keys(type(block)).printed, strict=True):
        value = getattr(block, field.name)
        if dataclasses.is_dataclass(value):
            yield from meanings(value, joined(group, key))
        elif isinstance(value, Mapping):
            for name in value:
                yield f"{joined(group, key)}.{key_part(name)}", field.metadata["meaning"]
        else:
            yield joined(group, key), field.metadata["meaning"]


# Values


def shared(block: Callable[..., Block], *values: Any) -> Block:
    """A block of these values; equal blocks are the same object, since blocks never change.

    Blocks with mappings or long texts, which hostile diagrams have, are not kept.
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
    """How a block is pickled: blocks from other processes are shared as well."""
    return shared, (type(block), *keys(type(block)).values(block))


def printable_sum(value: int) -> int | float | None:
    """A sum as JSON can hold it: the nearest double if it is large, None beyond the doubles."""
    if value < LARGEST_NUMBER:
        return value
    try:
        return float(value)
    except OverflowError:
        return None


def nearest_number(value: int) -> int | float:
    """The number nearest to a sum that JSON can hold: a double if it is large."""
    number = printable_sum(value)
    return sys.float_info.max if number is None else number


def block_of(block: type[Block], counts: Mapping[str, int], prefix: str = "") -> Block:
    """A block of numbers, from the number of findings for each key.

    Raises `TypeError` for a block with other fields: their values do not follow from numbers.
    """
    if not keys(block).is_plain:
        raise TypeError(f"{block.__name__} has fields that are not numbers")
    return block(*[counts.get(prefix + key, 0) for key in keys(block).printed])


SCALARS: Final = frozenset({int, float, str, bool, NoneType})


def to_json(value: Any, *, documented_keys: bool = False) -> Any:
    """A block, or the value of a field, as a JSON value."""
    kind = type(value)
    if kind in SCALARS:
        return value
    if kind is dict:
        # A copy: what the caller does with it must not change the block.
        return {
            key: item if type(item) in SCALARS else to_json(item, documented_keys=documented_keys)
            for key, item in value.items()
        }
    if kind is tuple or kind is list:
        return [to_json(item, documented_keys=documented_keys) for item in value]
    if isinstance(value, Enum):
        return value.value
    _, printed, documented, values, is_plain = _KEYS.get(kind) or keys(kind)
    names = documented if documented_keys else printed
    if is_plain:
        return dict(zip(names, values(value), strict=True))
    record = {}
    for key, item in zip(names, values(value), strict=True):
        if type(item) in SCALARS:
            record[key] = item
        elif item is not OMITTED:
            record[key] = to_json(item, documented_keys=documented_keys)
    return record


def from_json(block: type[Block], record: Mapping[str, Any], example: Block | None = None) -> Block:
    """The block that `to_json` printed as `record`.

    The inner blocks have the same types as those of `example`. Raises `ValueError` if the record
    does not fit the block.
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
    """Convert a JSON value to a type; `example` selects one of several blocks."""
    blocks = inner_blocks(hint)
    if type(value) is dict and blocks:
        block = type(example) if type(example) in blocks else blocks[0]
        return from_json(block, value, example)
    for part in alternatives(hint):
        origin, arguments = get_origin(part), get_args(part)
        if type(value) is list and origin is tuple:
            return tuple(_read(key, arguments[0], item) for item in value)
        if type(value) is dict and origin is Mapping:
            names = choices(arguments[0])
            if not names or value.keys() == {*names}:
                return {name: _read(key, arguments[1], item) for name, item in value.items()}
        if isinstance(part, type) and issubclass(part, Enum):
            known = {member.value: member for member in part}
            if type(value) is str and value in known:
                return known[value]
        if part is float and type(value) in (int, float) and math.isfinite(value):
            return value
        matches = value in arguments if origin is Literal else type(value) is part
        if matches and (type(value) is not int or 0 <= value <= LARGEST_NUMBER):
            return value
    raise ValueError(f"{key} is {value!r:.40}")


def bounded(value: Any, text: Text = NO_TEXT) -> Any:
    """A block, or the value of a field, with `OTHER` for each text that an event may not carry.

    Numbers whose keys become equal are added.
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


def has_long_values(block: Any, *, max_characters: int, max_items: int) -> bool:
    """Whether a block holds a long text, list or map, as unusual or hostile diagrams do."""
    fields = keys(type(block))
    if fields.is_plain:
        return False
    for value in fields.values(block):
        if type(value) is str:
            if len(value) > max_characters:
                return True
        elif isinstance(value, tuple | Mapping) and len(value) > max_items:
            return True
    return False
