"""What a metric is, and how its findings become a block of the payload.

A metric first *finds*: which element, for which key. What remains is to count, so that a number and
the elements behind it come from the same code. Its block is a frozen dataclass: the JSON keys are
the names of its fields, and their meaning is told with `described`.
"""

from __future__ import annotations

import copyreg
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache, wraps
from types import MappingProxyType
from typing import (
    TYPE_CHECKING,
    Final,
    Generic,
    NamedTuple,
    TypeVar,
)

from metrics.reading.document import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from lxml.etree import _Element as Element

    from metrics.bpmn.diagram import Diagram, Engine

from metrics.blocks import reduce_block

Block = TypeVar("Block")

Found = TypeVar("Found")


NO_ELEMENTS: Final[Mapping[str, Element]] = MappingProxyType({})


class Finding(NamedTuple):
    """An element that counts, and the keys within its block for which it does (`form.embedded`).

    `related` are elements that belong to it, by what they are to it.
    """

    keys: tuple[str, ...]
    element: Element
    related: Mapping[str, Element] = NO_ELEMENTS


class SourceElement(NamedTuple):
    """An element that has a part in what is counted, and the kind of the part."""

    element: Element
    kind: str | None = None


class Evidence(NamedTuple):
    """One of the things that a number counts.

    `key` is that of the number, within the block. What is counted is an element, the one of
    `source`, or it has none of its own: then `texts` tell it (a variable's name), and `sources` are
    the elements that it comes of. `related` are others that belong to it, by what they are to it.
    `times` is how many of the number it is: an element with three attributes may be three.
    """

    key: str
    source: SourceElement | None = None
    texts: Mapping[str, str | None] = MappingProxyType({})
    related: Mapping[str, Element] = NO_ELEMENTS
    sources: tuple[SourceElement, ...] = ()
    times: int = 1


def by_keys(findings: Iterable[Finding]) -> Iterator[Evidence]:
    """The evidence for each key of findings: of a kind that kind, of a count all kinds."""
    for keys, element, related in findings:
        kinds = {key: kind for key in keys if (kind := _kind(key))}
        for key in keys:
            kind = kinds.get(key, ", ".join(sorted(kinds.values())))
            yield Evidence(key, SourceElement(element, kind or None), related=related)


def _kind(key: str) -> str | None:
    group, _, name = key.rpartition(".")
    return name if group and name != "count" else None


@dataclass(eq=False, repr=False)
class Metric(Generic[Found, Block]):
    """One block of the payload.

    `find` gives what counts in a diagram, and `count` the block that it makes for an engine: None
    where a diagram for that engine has no such block. `explain` gives the evidence for each number
    that is not 0: as many as it says. `name` is that of the metric's module, its
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
    explain: Callable[[Sequence[Found]], Iterable[Evidence]]
    kinds: tuple[Kind, ...] = (Kind.BPMN,)
    tags: frozenset[str] = frozenset()
    attribute: bytes | None = None
    of_platform: bool = False

    def __post_init__(self) -> None:
        copyreg.pickle(self.block, reduce_block)

    def measure(self, diagram: Diagram) -> Block | None:
        """The block of a diagram, None where it has none."""
        return self.count(self.find(diagram), diagram.engine)


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
        for keys, _, _ in findings:
            tallies[keys] = tallies.get(keys, 0) + 1
        return made(tuple(tallies.items()), engine)

    return count
