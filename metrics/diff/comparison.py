"""What becomes of the payloads of diagrams, from one state of them to another.

The diagrams of both states are paired, all sources of the pairs measured in one stream, and the
reports compared: each value before and after, and what it comes to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from itertools import zip_longest
from operator import add
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from metrics.blocks import OMITTED, LeafKind, Omitted, key_part
from metrics.catalog import OWN_FRAGMENTS
from metrics.keys import find_key, fragments_of, leaves_with, values_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from metrics.blocks import Leaf
    from metrics.reading.errors import DocumentError
    from metrics.report import Report

Item = TypeVar("Item")


class Status(StrEnum):
    """What became of a diagram.

    It is `unmeasured` where it is on both sides, and could not be measured on one.
    """

    ADDED = "added"
    REMOVED = "removed"
    RENAMED = "renamed"
    CHANGED = "changed"
    UNMEASURED = "unmeasured"


class Pair(NamedTuple, Generic[Item]):
    """A diagram on both sides, as it is to be measured: None where it is not there.

    `file` is what it is called, `old_file` what it was called before where that differs. What is
    `RENAMED` and has no sources is the same but for its name.
    """

    file: str
    old: Item | Report | str | None
    new: Item | Report | str | None
    old_file: str | None = None
    status: Status | None = None

    def sources(self) -> Iterator[Item | Report | str]:
        """What is to be measured, the old side first."""
        if self.old is not None:
            yield self.old
        if self.new is not None:
            yield self.new


class Difference(NamedTuple):
    """A value before and after; `OMITTED` where there was or is none."""

    before: Any
    after: Any

    @property
    def step(self) -> int | float | None:
        """The growth of a number, None for other values."""
        before, after = (0 if isinstance(value, Omitted) else value for value in self)
        if type(before) not in (int, float) or type(after) not in (int, float):
            return None
        grown: int | float = after - before
        return grown


class Change(NamedTuple):
    """What became of a diagram, and its values that are others now, by their dotted keys.

    Of a diagram that could not be measured on a side there are no values, but the error:
    `old_error` or `new_error`.
    """

    status: Status
    file: str
    old_file: str | None = None
    values: Mapping[str, Difference] = MappingProxyType({})
    old_error: DocumentError | None = None
    new_error: DocumentError | None = None


@dataclass(frozen=True)
class Comparison:
    """The changes between an `old` and a `new` state, which are called so.

    `unchanged` is how many diagrams were compared and have the same payload on both sides.
    `totals` are the sums over the diagrams whose values differ, of each number that does in one.
    """

    old: str
    new: str
    changes: tuple[Change, ...]
    unchanged: int
    totals: Mapping[str, Difference]

    def count(self, status: Status) -> int:
        """How many diagrams have a status."""
        return sum(change.status is status for change in self.changes)


def paired(
    old: Iterable[tuple[str, Item]], new: Iterable[tuple[str, Item]]
) -> Iterator[Pair[Item]]:
    """Pair what has the same name on both sides, in the order of names.

    What has a name several times is paired one by one.
    """
    sides: tuple[dict[str, list[Item]], dict[str, list[Item]]] = ({}, {})
    for side, found in zip(sides, (old, new), strict=True):
        for name, item in found:
            side.setdefault(name, []).append(item)
    before, after = sides
    for name in sorted(before.keys() | after.keys()):
        for one, other in zip_longest(before.get(name, ()), after.get(name, ())):
            yield Pair(name, one, other)


def compare(
    pairs: Iterable[Pair[Any]], reports: Iterator[Report], *, old: str, new: str
) -> Comparison:
    """Compare the reports of all sources of pairs, which come in the order of these."""
    changes: list[Change] = []
    before: Counter[str] = Counter()
    after: Counter[str] = Counter()
    touched: dict[str, None] = {}
    unchanged = 0
    for pair in pairs:
        report_before = None if pair.old is None else next(reports)
        report_after = None if pair.new is None else next(reports)
        old_values, new_values = _values(report_before), _values(report_after)
        fragments = _fragments(report_before) | _fragments(report_after)
        differences = _differences(old_values, new_values, _compared_leaves(fragments))
        change = _change(pair, report_before, report_after, differences)
        if change is None:
            unchanged += 1
            continue
        changes.append(change)
        touched.update(
            dict.fromkeys(key for key, difference in change.values.items() if difference.step)
        )
        if change.values:
            for sums, values in ((before, old_values), (after, new_values)):
                sums.update(_addable(values))
    order = {key: number for number, key in enumerate(leaves_with(frozenset(OWN_FRAGMENTS)))}
    totals = {
        key: Difference(before[key], after[key])
        for key in sorted(touched, key=lambda key: order[find_key(key).leaf.key])
        if _adds_up(key)
    }
    return Comparison(old, new, tuple(changes), unchanged, totals)


def _change(
    pair: Pair[Any],
    before: Report | None,
    after: Report | None,
    differences: Mapping[str, Difference],
) -> Change | None:
    """What became of a diagram; None where its payload is the same."""
    old_error = before.error if before is not None else None
    new_error = after.error if after is not None else None
    is_measured = old_error is None and new_error is None
    values = differences if is_measured else {}
    status = pair.status
    if status is None:
        if pair.old is None:
            status = Status.ADDED
        elif pair.new is None:
            status = Status.REMOVED
        elif not is_measured:
            status = Status.UNMEASURED
        elif values:
            status = Status.CHANGED
        else:
            return None
    return Change(status, pair.file, pair.old_file, values, old_error, new_error)


def _differences(
    old: Mapping[str, Any], new: Mapping[str, Any], leaves: Iterable[Leaf]
) -> dict[str, Difference]:
    """The values that differ, by their keys; those of open maps member by member."""
    return {
        key: difference
        for leaf in leaves
        for key, difference in _values_on_both_sides(leaf, old, new)
        if _differ(*difference)
    }


def _values_on_both_sides(
    leaf: Leaf, old: Mapping[str, Any], new: Mapping[str, Any]
) -> Iterator[tuple[str, Difference]]:
    before, after = old.get(leaf.key, OMITTED), new.get(leaf.key, OMITTED)
    if leaf.kind is not LeafKind.MAP:
        yield leaf.key, Difference(before, after)
        return
    sides = [side if isinstance(side, dict) else {} for side in (before, after)]
    for name in sorted(set().union(*sides)):
        yield f"{leaf.key}.{key_part(name)}", Difference(*(side.get(name, 0) for side in sides))


@cache
def _compared_leaves(fragments: frozenset[str]) -> tuple[Leaf, ...]:
    """The leaves to compare, lists last."""
    leaves = leaves_with(fragments).values()
    return tuple(sorted(leaves, key=lambda leaf: leaf.kind is LeafKind.LIST))


def _differ(before: Any, after: Any) -> bool:
    # In JSON `1` is not `true`, and null is not a missing key.
    return type(before) is not type(after) or bool(before != after)


def _adds_up(key: str) -> bool:
    """Whether values of a key have a sum over diagrams; maxima do not."""
    known = find_key(key)
    return known.member is not None or known.leaf.total is add


def _addable(values: Mapping[str, Any]) -> dict[str, int]:
    """Those of some values that have a sum over diagrams, by their keys; of maps each member."""
    sums: dict[str, int] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            sums |= {f"{key}.{key_part(name)}": number for name, number in value.items()}
        elif type(value) is int and _adds_up(key):
            sums[key] = value
    return sums


def _values(report: Report | None) -> dict[str, Any]:
    return {} if report is None or report.error is not None else values_of(report)


def _fragments(report: Report | None) -> frozenset[str]:
    return frozenset() if report is None else fragments_of(report)
