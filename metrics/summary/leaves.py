"""Which values of the payload a summary shows, and how."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from operator import add
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from metrics.blocks import OMITTED, LeafKind, Omitted, Tally
from metrics.blocks import leaves as leaves_of
from metrics.keys import LEAVES, leaves_with

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

    from metrics.blocks import Leaf

COUNT: Final = "count"


class SummaryLeaves(NamedTuple):
    """The leaves of payloads, by how a summary shows them.

    `numbers` are summed up, in the order of the payload; `number_indexes` maps their keys to their
    indexes. `ratios` have quartiles. `tallies` say how names are counted, by the key of the leaf
    whose values hold the names. `whole_of` maps the key of a number that is a part of another to
    the key of the other.
    """

    numbers: tuple[Leaf, ...]
    number_indexes: Mapping[str, int]
    ratios: tuple[Leaf, ...]
    tallies: Mapping[str, Tally]
    whole_of: Mapping[str, str]


@cache
def summary_leaves(fragments: frozenset[str] = frozenset()) -> SummaryLeaves:
    """The leaves of the documented payload and of some fragments of our own."""
    leaves = leaves_with(fragments).values()
    numbers = tuple(leaf for leaf in leaves if leaf.is_number)
    tallies = ((leaf.key, _tally_of(leaf)) for leaf in leaves)
    addable = {leaf.key for leaf in numbers if leaf.total is add}
    return SummaryLeaves(
        numbers,
        MappingProxyType({leaf.key: index for index, leaf in enumerate(numbers)}),
        tuple(leaf for leaf in leaves if leaf.kind is LeafKind.RATIO),
        MappingProxyType({key: tally for key, tally in tallies if tally is not None}),
        MappingProxyType(dict(_wholes(addable))),
    )


def _wholes(addable: AbstractSet[str]) -> Iterator[tuple[str, str]]:
    """Each documented number that is a part of another, with the other.

    `form.embedded` is a part of `form.count`, and that is a part of `count` one level up. Numbers
    of our own fragments need not be parts of their neighbours.
    """
    for key in LEAVES.keys() & addable:
        group, _, name = key.rpartition(".")
        if name == COUNT:
            group = group.rpartition(".")[0]
        if (whole := f"{group}.{COUNT}") in addable:
            yield key, whole


def _tally_of(leaf: Leaf) -> Tally | None:
    """How a summary counts the names in the values of a leaf; None if it does not count them.

    A documented leaf is counted if its dataclass has a tally for it. A leaf of our own fragments is
    also counted if it is a text, a map or a list, unless its dataclass says that it has no tally.
    """
    inner = [] if leaf.item is None else leaves_of(leaf.item)
    declared = (each.tally for each in (leaf, *inner))
    tally = next((tally for tally in declared if not isinstance(tally, Omitted)), OMITTED)
    if not isinstance(tally, Omitted):
        return tally
    if leaf.key in LEAVES:
        return None
    if leaf.kind in (LeafKind.TEXT, LeafKind.VERSION, LeafKind.MAP, LeafKind.LIST):
        return Tally(leaf.key, leaf.key, "diagrams", "sum" if leaf.kind is LeafKind.MAP else "")
    return None


def names_in(value: Any) -> Iterator[tuple[str, int]]:
    """Each name in a value of a tallied leaf, with its number in a map, or 0."""
    if isinstance(value, str):
        yield value, 0
    elif isinstance(value, list):
        for item in value:
            if isinstance(item, dict):
                for inner in item.values():
                    if isinstance(inner, dict):
                        yield from inner.items()
            else:
                yield from names_in(item)
    elif isinstance(value, Mapping):
        yield from value.items()
