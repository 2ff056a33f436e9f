"""What a metric is: it finds elements in a diagram, then counts them as a block of the payload.

Each element has the keys for which it counts, so a number and the elements that it counts come from
the same code.
"""

from __future__ import annotations

import copyreg
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache, wraps
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, TypeVar

from metrics.blocks import (
    MEANING_OF_RULES,
    RULES,
    Leaf,
    LeafKind,
    joined,
    leaves,
    reduce_block,
    to_json,
)
from metrics.blocks import keys as block_keys
from metrics.reading.document import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from lxml.etree import _Element as Element

    from metrics.bpmn.diagram import Diagram, Engine

Block = TypeVar("Block")
Findings = TypeVar("Findings")

HOLDER: Final = "element"
"""The role of an element whose part, such as a listener, is a finding."""

Tallies = tuple[tuple[tuple[str, ...], int], ...]
"""The number of findings for each combination of keys."""

NO_ELEMENTS: Final[Mapping[str, Element]] = MappingProxyType({})


class Finding(NamedTuple):
    """An element that counts, and the keys of its block for which it counts (`form.embedded`).

    `related` holds elements that belong to it, by their role.
    """

    keys: tuple[str, ...]
    element: Element
    related: Mapping[str, Element] = NO_ELEMENTS


class SourceElement(NamedTuple):
    """An element that is counted or that a counted thing comes from, and its kinds."""

    element: Element
    kinds: tuple[str, ...] = ()


class Evidence(NamedTuple):
    """One of the things that a number counts.

    `key` is the key of the number within its block. A thing is the element of `source`, or it is no
    element: then `texts` describe it (a variable's name) and `sources` are the elements that it
    comes from. `related` holds further elements by their role. `times` is how often it counts: an
    element with three attributes may count three times.

    An element may have several pieces of evidence for a key, such as one for each of its kinds; an
    explanation shows them as one item.
    """

    key: str
    source: SourceElement | None = None
    texts: Mapping[str, str | None] = MappingProxyType({})
    related: Mapping[str, Element] = NO_ELEMENTS
    sources: tuple[SourceElement, ...] = ()
    times: float = 1


def by_keys(findings: Iterable[Finding]) -> Iterator[Evidence]:
    """The evidence for each key of some findings.

    The kind of an element is that of the key, or all its kinds where the key is a count.
    """
    for keys, element, related in findings:
        kinds = {key: kind for key in keys if (kind := _kind(key))}
        all_kinds = tuple(kinds.values())
        # A finding counts once for a key, even if it names the key twice.
        for key in dict.fromkeys(keys):
            kinds_of_key = (kinds[key],) if key in kinds else all_kinds
            yield Evidence(key, SourceElement(element, kinds_of_key), related=related)


def without_kinds(findings: Iterable[Finding]) -> Iterator[Evidence]:
    """The evidence for each key of some findings, without the kinds of elements."""
    for keys, element, related in findings:
        for key in keys:
            yield Evidence(key, SourceElement(element), related=related)


def _kind(key: str) -> str | None:
    group, _, name = key.rpartition(".")
    return name if group and name != "count" else None


@dataclass(eq=False, repr=False)
class Metric(Generic[Findings, Block]):
    """One block of the payload.

    `name` is the name of the metric's module, its fixtures and its section in the reference.
    `find` returns the findings of a diagram, which may be an iterator if `count` and `explain` look
    at each of them once. `count` makes the block from them for an engine, or None if diagrams of
    that engine have no such block. `explain` returns the evidence for every number of the block:
    one for each thing that the number counts.

    The fields of `block` are printed at the dotted `key`, which is empty for the payload itself.
    `fragment` names the part of the payload that they belong to. The blocks of the documented
    payload are printed in the order of `position`. A fragment of our own has `rules`, the version
    of its rules, which is printed before its fields; it is computed only if it is asked for, and by
    comparisons if it `is_compared`.

    `main` is the key, within the block, of the number that formats for people show first; None for
    the first one.

    `kinds` are the kinds of documents that have the block. A metric with `tags`, an `attribute` or
    `of_platform` finds something only in diagrams that have an element with one of the tags,
    mention the attribute, or name a platform; it is not called for others. `find` asks its diagram
    only for elements with its `tags`. With `applies`, `find` is called for every diagram for which
    `applies` returns true. Other diagrams do not have the block. The `count` of such a metric
    returns a block for every engine.
    """

    name: str
    block: type[Block]
    key: str
    fragment: str
    find: Callable[[Diagram], Findings]
    count: Callable[[Findings, Engine], Block | None]
    explain: Callable[[Findings], Iterable[Evidence]]
    position: int = 0
    rules: int | None = None
    kinds: tuple[Kind, ...] = (Kind.BPMN,)
    tags: frozenset[str] = frozenset()
    attribute: bytes | None = None
    of_platform: bool = False
    applies: Callable[[Diagram], bool] | None = None
    is_compared: bool = False
    main: str | None = None

    def __post_init__(self) -> None:
        if self.rules is not None and RULES in block_keys(self.block).names:
            raise TypeError(f"{self.name}: the key {RULES} is that of the version of the rules")
        copyreg.pickle(self.block, reduce_block)

    @cached_property
    def path(self) -> tuple[str, ...]:
        """The keys of the JSON objects that its fields are in, from the outermost."""
        return tuple(self.key.split(".")) if self.key else ()

    @property
    def is_unconditional(self) -> bool:
        """Whether any diagram may have something that it finds."""
        has_condition = self.tags or self.attribute or self.of_platform
        return self.applies is not None or not has_condition

    def leaves(self, *, documented_keys: bool = False) -> tuple[Leaf, ...]:
        """All values that its block can have, by their dotted keys in the payload."""
        return _leaves(self, documented_keys)

    def main_leaf(self, leaves: Iterable[Leaf]) -> Leaf | None:
        """The leaf of the main number among those of the metric, None if it has no number."""
        numbers = [leaf for leaf in leaves if leaf.is_number and not leaf.is_rules]
        main = None if self.main is None else joined(self.key, self.main)
        return next((leaf for leaf in numbers if leaf.key == main), next(iter(numbers), None))

    def measure(self, diagram: Diagram) -> Block | None:
        """The block of a diagram, None if it has none."""
        if not self.applies_to(diagram):
            return None
        return self.count(self.find(diagram), diagram.engine)

    def applies_to(self, diagram: Diagram) -> bool:
        """Whether a diagram of its kinds may have the block."""
        return self.applies is None or self.applies(diagram)

    def record(self, block: Block, *, documented_keys: bool = False) -> dict[str, Any]:
        """A block as a JSON object."""
        record: dict[str, Any] = to_json(block, documented_keys=documented_keys)
        return record if self.rules is None else {RULES: self.rules} | record


@cache
def _leaves(metric: Metric[Any, Any], documented_keys: bool) -> tuple[Leaf, ...]:
    own = leaves(metric.block, metric.key, documented_keys=documented_keys)
    if metric.rules is None:
        return tuple(own)
    key = joined(metric.key, RULES)
    return (Leaf(key, LeafKind.NUMBER, MEANING_OF_RULES, None, is_rules=True), *own)


def tasks_by_kind(
    tag: str,
    group: str,
    kinds_of: Mapping[Engine, Callable[[Diagram, Element], Collection[str]]],
) -> Callable[[Diagram], Sequence[Finding]]:
    """The `find` of a metric of tasks: the tasks with a tag in the processes of a diagram.

    `kinds_of` returns the kinds of a task, for each engine. A task of the kinds `java` and
    `connector` counts for `count`, `{group}.count`, `{group}.java` and `{group}.connector`; one of
    no kind counts for `count` alone.
    """

    def find(diagram: Diagram) -> Sequence[Finding]:
        kinds_of_task = kinds_of[diagram.engine]
        findings = []
        for task in diagram.in_processes(tag):
            kinds = kinds_of_task(diagram, task)
            keys = ("count", f"{group}.count", *[f"{group}.{kind}" for kind in kinds])
            findings.append(Finding(keys if kinds else ("count",), task))
        return findings

    return find


def counts_by_key(tallies: Tallies) -> Counter[str]:
    """The number of findings for each key."""
    counts: Counter[str] = Counter()
    for keys, times in tallies:
        counts.update(dict.fromkeys(keys, times))
    return counts


def counting(
    make: Callable[[Mapping[str, int], Engine], Block],
) -> Callable[[Iterable[Finding], Engine], Block]:
    """The `count` of a metric; `make` makes its block from the number of findings for each key.

    Equal blocks are made once, since blocks never change and many diagrams have the same ones.
    """

    @lru_cache(maxsize=4096)
    def make_once(tallies: Tallies, engine: Engine) -> Block:
        return make(counts_by_key(tallies), engine)

    @wraps(make)
    def count(findings: Iterable[Finding], engine: Engine) -> Block:
        tallies: dict[tuple[str, ...], int] = {}
        for keys, _, _ in findings:
            tallies[keys] = tallies.get(keys, 0) + 1
        return make_once(tuple(tallies.items()), engine)

    return count


def summing(
    make: Callable[[Mapping[str, int], Engine], Block],
) -> Callable[[Sequence[Evidence], Engine], Block]:
    """The `count` of a metric that finds evidence; `make` makes its block from a sum for each key.

    A sum says how often all evidence for the key counts. Equal blocks are made once, as by
    `counting`; the keys must be those of a bounded vocabulary.
    """

    @lru_cache(maxsize=4096)
    def make_once(sums: tuple[tuple[str, int], ...], engine: Engine) -> Block:
        return make(Counter(dict(sums)), engine)

    @wraps(make)
    def count(evidence: Sequence[Evidence], engine: Engine) -> Block:
        sums: dict[str, int] = {}
        for piece in evidence:
            sums[piece.key] = sums.get(piece.key, 0) + int(piece.times)
        return make_once(tuple(sums.items()), engine)

    return count
