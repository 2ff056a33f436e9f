"""Which values of the payload a summary adds up, and how."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from operator import add
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from metrics.blocks import LeafKind, Tally, leaves
from metrics.keys import LEAVES, leaves_with

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from metrics.blocks import Leaf

COUNT: Final = "count"


class SummaryLeaves(NamedTuple):
    """The leaves of payloads by how a summary shows them.

    `numbers` are summed up, in the order of the payload, and `number_indexes` has the index of each
    by its key; `ratios` have quartiles; the names in values of `tallied` leaves are counted.
    `whole_of` has, for a number that is a part of another, the key of that.
    """

    numbers: tuple[Leaf, ...]
    number_indexes: Mapping[str, int]
    ratios: tuple[Leaf, ...]
    tallied: tuple[Leaf, ...]
    whole_of: Mapping[str, str]


@cache
def summary_leaves(fragments: frozenset[str] = frozenset()) -> SummaryLeaves:
    """The leaves of the documented payload and of some fragments of our own."""
    known = leaves_with(fragments).values()
    numbers = tuple(leaf for leaf in known if leaf.is_number)
    addable = {leaf.key for leaf in numbers if leaf.total is add}
    return SummaryLeaves(
        numbers,
        MappingProxyType({leaf.key: index for index, leaf in enumerate(numbers)}),
        tuple(leaf for leaf in known if leaf.kind is LeafKind.RATIO),
        tuple(leaf for leaf in known if tally_of(leaf) is not None),
        MappingProxyType(dict(_wholes(addable))),
    )


def _wholes(addable: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The parts: a kind is a part of the count of all kinds, a count of the one above it."""
    for key in addable:
        group, _, name = key.rpartition(".")
        if name == COUNT:
            group = group.rpartition(".")[0]
        if (whole := f"{group}.{COUNT}") in addable:
            yield key, whole


@cache
def tally_of(leaf: Leaf) -> Tally | None:
    """How a summary counts the names in the values of a leaf; None if it does not.

    Of documented leaves it counts those whose dataclass says how, of our own all texts, maps and
    lists.
    """
    inner = [] if leaf.item is None else leaves(leaf.item)
    stated = leaf.tally or next((one.tally for one in inner if one.tally is not None), None)
    if stated is not None or leaf.key in LEAVES:
        return stated
    if leaf.kind in (LeafKind.TEXT, LeafKind.VERSION, LeafKind.MAP, LeafKind.LIST):
        return Tally(leaf.key, leaf.key, "diagrams", "sum" if leaf.kind is LeafKind.MAP else "")
    return None


def names_in(value: Any) -> Iterator[tuple[str, int]]:
    """The names in a value, once for each record or text that has it, with its number."""
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
