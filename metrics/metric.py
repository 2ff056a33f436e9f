"""What a metric is, and how its findings become a block of the payload.

A metric first *finds*: which element, for which key. What remains is to count, so that a number and
the elements behind it come from the same code. Its block is a frozen dataclass: the JSON keys are
the names of its fields, and their meaning is told with `described`.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache, wraps
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, TypeVar

from metrics.document import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from lxml.etree import _Element as Element

    from metrics.bpmn import Diagram, Engine

Found = TypeVar("Found")
Block = TypeVar("Block")


class Omitted(Enum):
    """The value of a key that a payload does not have."""

    OMITTED = "omitted"

    def __bool__(self) -> bool:
        return False


OMITTED: Final = Omitted.OMITTED


class Finding(NamedTuple):
    """An element that counts, and the keys within its block for which it does (`form.embedded`)."""

    keys: tuple[str, ...]
    element: Element

    @property
    def line(self) -> int | None:
        """The element's line in the file, from 1."""
        return self.element.sourceline


@dataclass(eq=False, repr=False)
class Metric(Generic[Found, Block]):
    """One block of the payload.

    `find` gives what counts in a diagram, and `count` the block that it makes for an engine: None
    where a diagram for that engine has no such block. `name` is that of the metric's module, its
    fixtures and its section in the reference. The fields of `block` stand in the JSON object at the
    dotted `key`, which is empty for the payload itself; `fragment` names the part of a payload that
    they belong to, and blocks are printed in the order of `position`. `kinds` are the documents
    that have the block. Something can be found only in a diagram that has an element with one of
    the `tags`, mentions the `attribute`, or names a platform, where the metric is `of_platform`;
    `find` asks its diagram for no other elements.
    """

    name: str
    block: type[Block]
    key: str
    fragment: str
    position: int
    find: Callable[[Diagram], Sequence[Found]]
    count: Callable[[Sequence[Found], Engine], Block | None]
    kinds: tuple[Kind, ...] = (Kind.BPMN,)
    tags: frozenset[str] = frozenset()
    attribute: bytes | None = None
    of_platform: bool = False

    def measure(self, diagram: Diagram) -> Block | None:
        """The block of a diagram, None where it has none."""
        return self.count(self.find(diagram), diagram.engine)


def described(meaning: str, *, documented_key: str | None = None) -> Any:
    """A field of a block: what it means, and its key on the telemetry page where that differs."""
    return dataclasses.field(metadata={"meaning": meaning, "documented_key": documented_key})


def json_key(name: str) -> str:
    """The JSON key for a field's name: `camunda_forms` is `camundaForms`."""
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def snake_case(key: str) -> str:
    """The name of a field for a JSON key: `camundaForms` is `camunda_forms`."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in key)


class Keys(NamedTuple):
    """Of each field of a block its name, its JSON key, and that as the telemetry page spells it."""

    names: tuple[str, ...]
    printed: tuple[str, ...]
    documented: tuple[str, ...]


_KEYS: Final[dict[type, Keys]] = {}


def keys(block: type) -> Keys:
    """The names and keys of a block's fields."""
    if block not in _KEYS:
        fields = dataclasses.fields(block)
        printed = tuple(json_key(field.name) for field in fields)
        _KEYS[block] = Keys(
            tuple(field.name for field in fields),
            printed,
            tuple(
                field.metadata.get("documented_key") or key
                for field, key in zip(fields, printed, strict=True)
            ),
        )
    return _KEYS[block]


def counting(
    make: Callable[[Mapping[str, int], Engine], Block],
) -> Callable[[Sequence[Finding], Engine], Block]:
    """The `count` of a metric, from a function that makes its block of how often each key is found.

    Blocks never change, and most diagrams have one that another has too: it is made once.
    """

    @lru_cache(maxsize=4096)
    def made(tallies: tuple[tuple[tuple[str, ...], int], ...], engine: Engine) -> Block:
        counts: Counter[str] = Counter()
        for keys, times in tallies:
            counts.update(dict.fromkeys(keys, times))
        return make(counts, engine)

    @wraps(make)
    def count(findings: Sequence[Finding], engine: Engine) -> Block:
        tallies: dict[tuple[str, ...], int] = {}
        for keys, _ in findings:
            tallies[keys] = tallies.get(keys, 0) + 1
        return made(tuple(tallies.items()), engine)

    return count


def block_of(block: type[Block], counts: Mapping[str, int], prefix: str = "") -> Block:
    """A block of numbers, from how often each key was found."""
    return block(*[counts.get(prefix + key, 0) for key in keys(block).printed])


def to_json(value: Any, *, documented_keys: bool = False) -> Any:
    """A block, or a field's value, as JSON has it."""
    if isinstance(value, int | str) or value is None:
        return value
    if isinstance(value, tuple):
        return [to_json(item, documented_keys=documented_keys) for item in value]
    if isinstance(value, dict):
        return value
    names, printed, documented = keys(type(value))
    return {
        key: to_json(item, documented_keys=documented_keys)
        for name, key in zip(names, documented if documented_keys else printed, strict=True)
        if (item := getattr(value, name)) is not OMITTED
    }
