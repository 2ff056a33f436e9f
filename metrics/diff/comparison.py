"""Comparing reports: which diagrams changed between two states, and which of their values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from metrics.blocks import OMITTED, LeafKind, Omitted, key_part
from metrics.catalog import OWN_FRAGMENTS, own_metric
from metrics.diff.pairs import Status, pair_by_name
from metrics.keys import find_key, fragments_of, leaves_with, values_of
from metrics.report import Report

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from metrics.blocks import Leaf
    from metrics.diff.pairs import Pair
    from metrics.reading.errors import DocumentError


class Difference(NamedTuple):
    """A value before and after; `OMITTED` if that side does not have it."""

    before: Any
    after: Any

    @property
    def step(self) -> int | float | None:
        """How much a number grew, None for other values."""
        before, after = (0 if isinstance(value, Omitted) else value for value in self)
        if type(before) not in (int, float) or type(after) not in (int, float):
            return None
        growth: int | float = after - before
        return growth


class Reason(StrEnum):
    """Why a fragment of a diagram is not compared."""

    MISSING = "missing"
    OTHER_RULES = "otherRules"


class NotCompared(NamedTuple):
    """A fragment that is not compared in some diagrams, and how many these are."""

    fragment: str
    reason: Reason
    diagrams: int


class Change(NamedTuple):
    """A diagram that changed, and its values that differ, by their dotted keys.

    If the diagram could not be measured on a side, `old_error` or `new_error` says why, and there
    are no values. `old_assumed` and `new_assumed` are the keys of the values that the diagram does
    not state.
    """

    status: Status
    file: str
    old_file: str | None = None
    values: Mapping[str, Difference] = MappingProxyType({})
    old_error: DocumentError | None = None
    new_error: DocumentError | None = None
    old_assumed: frozenset[str] = frozenset()
    new_assumed: frozenset[str] = frozenset()

    @property
    def errors(self) -> Mapping[str, DocumentError]:
        """The errors by their sides, `before` and `after`."""
        errors = {"before": self.old_error, "after": self.new_error}
        return {side: error for side, error in errors.items() if error is not None}


@dataclass(frozen=True)
class Comparison:
    """The changes between two states, which are named `old` and `new`.

    `unchanged` is the number of diagrams that were compared and are not known to differ: they have
    the same payload on both sides, and the same fingerprint if both reports have one. `totals` has
    every number that differs in some diagram, summed on each side over the diagrams whose values
    differ. `maxima` has the numbers that do not add up, such as the nesting of sub-processes, with
    their largest values in these diagrams. `not_compared` has the fragments of our own that only
    one side has, or that were counted by different versions of their rules.
    """

    old: str
    new: str
    changes: tuple[Change, ...]
    unchanged: int
    totals: Mapping[str, Difference]
    maxima: Mapping[str, Difference] = field(default_factory=dict)
    not_compared: tuple[NotCompared, ...] = ()

    @property
    def shown_changes(self) -> tuple[Change, ...]:
        """The changes that formats for people list: all but those that are only counted."""
        return tuple(
            change for change in self.changes if change.status is not Status.CHANGED_OTHERWISE
        )

    @property
    def changed_otherwise(self) -> tuple[str, ...]:
        """The diagrams whose content differs, but none of their values."""
        return tuple(
            change.file for change in self.changes if change.status is Status.CHANGED_OTHERWISE
        )

    @property
    def has_different_values(self) -> bool:
        """Whether any value differs."""
        return any(change.values for change in self.changes)

    def count(self, status: Status) -> int:
        """The number of diagrams with a status."""
        return sum(change.status is status for change in self.changes)


def compare(
    old: Iterable[Report],
    new: Iterable[Report],
    *,
    old_name: str = "old",
    new_name: str = "new",
) -> Comparison:
    """Compare the reports of two states of diagrams.

    Reports are paired by `file`. The changes are sorted by name. Diagrams with the same values are
    `changedOtherwise` if their reports have different fingerprints.
    """
    pairs = [
        *pair_by_name(
            ((report.name, report) for report in old), ((report.name, report) for report in new)
        )
    ]
    reports = (
        report for pair in pairs for report in (pair.old, pair.new) if isinstance(report, Report)
    )
    return compare_pairs(pairs, reports, old_name=old_name, new_name=new_name)


def compare_pairs(
    pairs: Iterable[Pair[Any]], reports: Iterator[Report], *, old_name: str, new_name: str
) -> Comparison:
    """Compare paired reports; `reports` has one for each source of the pairs, in their order."""
    changes: list[Change] = []
    totals = _Totals()
    unchanged = 0
    not_compared: Counter[tuple[str, Reason]] = Counter()
    for pair in pairs:
        before = None if pair.old is None else next(reports)
        after = None if pair.new is None else next(reports)
        reasons = _not_compared(before, after)
        not_compared.update(reasons.items())
        fragments = _fragments(before) | _fragments(after)
        leaves = _compared_leaves(fragments.difference(reasons))
        old_values, new_values = _values(before, leaves), _values(after, leaves)
        change = _change(pair, before, after, _differences(old_values, new_values, leaves))
        if change is None:
            unchanged += 1
            continue
        changes.append(change)
        if change.values:
            totals.add(change, old_values, new_values)
    differences = totals.differences()
    sums = {key: total for key, total in differences.items() if find_key(key).adds_up}
    maxima = {key: total for key, total in differences.items() if key not in sums}
    left_out = tuple(
        NotCompared(fragment, reason, diagrams)
        for (fragment, reason), diagrams in sorted(not_compared.items())
    )
    return Comparison(old_name, new_name, tuple(changes), unchanged, sums, maxima, left_out)


class _Totals:
    """Totals of the values of changed diagrams, on both sides: sums or, for some keys, maxima."""

    def __init__(self) -> None:
        self._before: dict[str, int] = {}
        self._after: dict[str, int] = {}
        self._changed_keys: dict[str, None] = {}

    def add(
        self, change: Change, old_values: Mapping[str, Any], new_values: Mapping[str, Any]
    ) -> None:
        """Add all values of a diagram that changed."""
        keys = (key for key, difference in change.values.items() if difference.step)
        self._changed_keys.update(dict.fromkeys(keys))
        _combine(self._before, old_values)
        _combine(self._after, new_values)

    def differences(self) -> dict[str, Difference]:
        """The totals of the numbers that differ in some diagram, in the order of the payload."""
        leaf_keys = leaves_with(frozenset(OWN_FRAGMENTS))
        order = {key: position for position, key in enumerate(leaf_keys)}
        return {
            key: Difference(self._before.get(key, 0), self._after.get(key, 0))
            for key in sorted(self._changed_keys, key=lambda key: order[find_key(key).leaf.key])
            if find_key(key).total is not None
        }


def _change(
    pair: Pair[Any],
    before: Report | None,
    after: Report | None,
    differences: Mapping[str, Difference],
) -> Change | None:
    """The change of a diagram, None if it is not known to differ."""
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
        elif _has_other_content(before, after):
            status = Status.CHANGED_OTHERWISE
        else:
            return None
    return Change(
        status,
        pair.file,
        pair.old_file,
        values,
        old_error,
        new_error,
        _assumed_keys(before),
        _assumed_keys(after),
    )


def _differences(
    old: Mapping[str, Any], new: Mapping[str, Any], leaves: Iterable[Leaf]
) -> dict[str, Difference]:
    """The values that differ, by their keys; those of open maps by member."""
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
    maps = [value if isinstance(value, dict) else {} for value in (before, after)]
    for name in sorted(set().union(*maps)):
        yield (
            f"{leaf.key}.{key_part(name)}",
            Difference(*(members.get(name, 0) for members in maps)),
        )


@cache
def _compared_leaves(fragments: frozenset[str]) -> tuple[Leaf, ...]:
    """The leaves to compare, lists last."""
    leaves = (leaf for leaf in leaves_with(fragments).values() if not leaf.is_rules)
    return tuple(sorted(leaves, key=lambda leaf: leaf.kind is LeafKind.LIST))


def _differ(before: Any, after: Any) -> bool:
    # In JSON `1` is not `true`, and null is not a missing key.
    return type(before) is not type(after) or bool(before != after)


def _combine(totals: dict[str, int], values: Mapping[str, Any]) -> None:
    """Combine the values of a diagram with totals, by their keys; those of open maps by member."""
    for key, value in values.items():
        if isinstance(value, dict):
            for name, number in value.items():
                member = f"{key}.{key_part(name)}"
                totals[member] = totals.get(member, 0) + number
        elif type(value) is int and (total := find_key(key).total) is not None:
            totals[key] = total(totals.get(key, 0), value)


def _values(report: Report | None, leaves: Iterable[Leaf]) -> dict[str, Any]:
    """The values of the leaves that are compared."""
    if report is None or report.error is not None:
        return {}
    values = values_of(report)
    return {leaf.key: values[leaf.key] for leaf in leaves if leaf.key in values}


def _has_other_content(before: Report | None, after: Report | None) -> bool:
    """Whether both contents are known and differ."""
    if before is None or after is None or None in (before.fingerprint, after.fingerprint):
        return False
    return before.fingerprint != after.fingerprint


def _assumed_keys(report: Report | None) -> frozenset[str]:
    return frozenset() if report is None else report.assumed_keys


def _fragments(report: Report | None) -> frozenset[str]:
    return frozenset() if report is None else fragments_of(report)


def _not_compared(before: Report | None, after: Report | None) -> dict[str, Reason]:
    """The fragments of a diagram on both sides that cannot be compared."""
    if before is None or after is None or before.error is not None or after.error is not None:
        return {}
    other_rules = before.other_rules | after.other_rules
    only_one = {
        fragment
        for fragment in _fragments(before) ^ _fragments(after)
        # A DMN diagram that became a BPMN diagram had no elements.
        if {before.kind, after.kind} <= {*own_metric(fragment).kinds}
    }
    return dict.fromkeys(only_one, Reason.MISSING) | dict.fromkeys(other_rules, Reason.OTHER_RULES)
