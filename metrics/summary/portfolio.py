"""Summarizes many reports in one pass and in bounded memory.

It keeps frequencies of values and the diagrams with the largest values in memory, and fingerprints
on disk.
"""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from metrics.blocks import OMITTED, leaf_values
from metrics.catalog import metric_named, own_fragments
from metrics.keys import maps_with
from metrics.reading.document import Kind
from metrics.reading.sources import DEFAULT_MAX_SIZE, printable
from metrics.summary.copies import CopyFinder
from metrics.summary.groups import (
    NOT_MEASURED_GROUP,
    OTHERS_GROUP,
    grouping,
    named_groups,
    profile_of,
    short_name,
)
from metrics.summary.leaves import names_in, summary_leaves
from metrics.summary.model import CopiesSummary, CopyGroup, LargestDiagram, Summary
from metrics.summary.statistics import DIGITS_OF_A_RATIO, MAX_NAMES
from metrics.summary.sums import DiagramNumbers, GroupSums
from metrics.top import Largest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from metrics.report import Report
    from metrics.summary.groups import Group

BYTES: Final = "bytes"
FINGERPRINTS: Final = "fingerprints"
COPIES: Final = (BYTES, "model", "structure")
"""What copies may have in common: the bytes of their files, or a fingerprint."""

MAX_GROUPS_OF_COPIES: Final = 10
MAX_COPIES: Final = 100
MAX_PAYLOADS_REMEMBERED: Final = 2048


def summarize(
    reports: Iterable[Report],
    *,
    by: str | None = None,
    max_size: int = DEFAULT_MAX_SIZE,
    each_once: bool = False,
    fragments: Collection[str] = (),
    paths: Collection[str] = (),
    copies: str = BYTES,
    marks_assumed: bool = False,
) -> Summary:
    """Summarize many reports.

    With `by`, the name of a `grouping`, each group of diagrams has a summary, too. The first 1,000
    groups in the order of the reports are kept; the diagrams of all others are the group
    `(others)`. `(not measured)` is kept in addition. The grouping `folder:DEPTH` counts folders
    below the `paths` in which the files were found. The grouping `dialect` needs reports with that
    fragment.

    `copies` is one of `COPIES`. For `bytes`, reports need the fingerprint of their file: files with
    equal fingerprints are read again to find identical ones, unless they have more than `max_size`
    bytes. For `model` and `structure`, reports need the fragment `fingerprints`. `each_once` says
    that no file has two reports, which saves time. `fragments` are the fragments of our own to
    summarize. With `marks_assumed`, platforms that diagrams do not state are listed separately, as
    `Camunda Platform (not stated)`. Raises `ValueError` for an unknown grouping, fragment or kind
    of copies, and `OSError` if the disk is full.
    """
    with closing(
        Portfolio(by, own_fragments(fragments), paths, copies=copies, marks_assumed=marks_assumed)
    ) as portfolio:
        for report in reports:
            portfolio.add(report)
        return portfolio.summary(max_size=max_size, each_once=each_once)


class _BlockNumbers(NamedTuple):
    """The part of a `DiagramNumbers` that comes from one block."""

    numbers: tuple[int, ...]
    not_zero: tuple[tuple[int, int], ...]
    ratios: tuple[tuple[str, float | None], ...]
    names: tuple[tuple[str, str, int, int], ...]


class Portfolio:
    """Sums up reports, with the arguments of `summarize`; must be closed."""

    def __init__(
        self,
        by: str | None = None,
        fragments: frozenset[str] = frozenset(),
        paths: Collection[str] = (),
        *,
        copies: str = BYTES,
        marks_assumed: bool = False,
    ) -> None:
        if copies not in COPIES:
            raise ValueError(f"no copies are named '{copies}': use {', '.join(COPIES)}")
        self._by = by
        self._copies_by = copies
        self._summarizes_fingerprints = FINGERPRINTS in fragments
        self._group_of = None if by is None else grouping(by, paths)
        self._marks_assumed = marks_assumed
        self._leaves = summary_leaves(fragments)
        self._maps = maps_with(fragments)
        self._all = GroupSums(self._leaves)
        self._groups: dict[Group, GroupSums] = {}
        self._unsettled: list[GroupSums] = []
        self._payloads: dict[tuple[int, ...], DiagramNumbers] = {}
        # Payloads share blocks.
        self._blocks: dict[int, tuple[Any, _BlockNumbers]] = {}
        # The value that a diagram must exceed to be among the largest, for each number.
        self._thresholds = [0] * len(self._leaves.numbers)
        self._largest = [Largest[str]() for _ in self._leaves.numbers]
        self._not_compared = 0
        self._copies = CopyFinder()

    def close(self) -> None:
        """Delete the fingerprints from the disk."""
        self._copies.close()

    def add(self, report: Report) -> DiagramNumbers | None:
        """Add a report; returns its numbers, None if the diagram could not be measured."""
        if report.kind is not None:
            self._add_copy(report)
        if FINGERPRINTS in report.blocks and not self._summarizes_fingerprints:
            # Nearly every diagram has other fingerprints, so no payload would be found again.
            blocks = {name: block for name, block in report.blocks.items() if name != FINGERPRINTS}
            report = replace(report, blocks=blocks)
        groups = self._groups_of(report)
        if report.kind is None:
            for group in groups:
                group.add_failure(report)
            return None
        identity = report.identity
        payload = self._payloads.get(identity)
        is_new = payload is None
        if payload is None:
            payload = self._payloads[identity] = self._payload(report, report.kind)
        for group in groups:
            if not group.waiting:
                self._unsettled.append(group)
            group.waiting[identity] = group.waiting.get(identity, 0) + 1
        if is_new and (len(self._payloads) == MAX_PAYLOADS_REMEMBERED or report.is_large):
            self._settle()
        for index, value in payload.not_zero:
            if value > self._thresholds[index]:
                self._largest[index].add(report.name, value)
                self._thresholds[index] = self._largest[index].threshold
        return payload

    def _add_copy(self, report: Report) -> None:
        if self._copies_by == BYTES:
            if report.fingerprint is None:
                self._not_compared += 1
            else:
                self._copies.add(report.fingerprint, report.name)
        elif report.kind is not Kind.FORM:
            block = report.blocks.get(FINGERPRINTS)
            if block is None:
                self._not_compared += 1
            elif fingerprint := getattr(block, self._copies_by):
                self._copies.add_diagram(fingerprint, report.name)

    def _groups_of(self, report: Report) -> tuple[GroupSums, ...]:
        if self._group_of is None:
            return (self._all,)
        name = self._group_of(report, self._marks_assumed)
        group = self._groups.get(name)
        if group is None and name != NOT_MEASURED_GROUP and len(self._groups) >= MAX_NAMES:
            name = OTHERS_GROUP
            group = self._groups.get(name)
        if group is None:
            group = self._groups[name] = GroupSums(self._leaves)
        return self._all, group

    def summary(self, *, max_size: int = DEFAULT_MAX_SIZE, each_once: bool = False) -> Summary:
        """The summary of all reports that were added."""
        self._settle()
        summary = self._all.summary()
        numbers = {
            key: replace(
                number,
                most=tuple(LargestDiagram(printable(file), value) for file, value in largest),
            )
            for (key, number), largest in zip(summary.numbers.items(), self._largest, strict=True)
        }
        groups = {name: self._groups[group].summary() for name, group in named_groups(self._groups)}
        return replace(
            summary,
            numbers=numbers,
            copies=self._copies_summary(max_size, each_once=each_once),
            by=self._by or OMITTED,
            groups=groups if self._by else OMITTED,
        )

    def _copies_summary(self, max_size: int, *, each_once: bool) -> CopiesSummary:
        groups, diagrams, unread, largest = self._copies.compare(
            max_size=max_size,
            each_once=each_once,
            max_groups=MAX_GROUPS_OF_COPIES,
            max_files=MAX_COPIES,
        )
        is_of_bytes = self._copies_by == BYTES
        not_compared = self._not_compared + unread
        return CopiesSummary(
            self._copies_by,
            groups,
            diagrams,
            not_compared if is_of_bytes or not_compared else OMITTED,
            tuple(
                CopyGroup(
                    OMITTED if is_of_bytes else printable(fingerprint),
                    tuple(map(printable, first)),
                    files - len(first) or OMITTED,
                )
                for fingerprint, files, first in largest
            ),
        )

    def _payload(self, report: Report, kind: Kind) -> DiagramNumbers:
        parts = [
            self._block_numbers(name, block)
            for name, block in report.blocks.items()
            if block is not None
        ]
        return DiagramNumbers(
            report.blocks,
            kind,
            profile_of(report, marks_assumed=self._marks_assumed),
            tuple(index for part in parts for index in part.numbers),
            tuple(item for part in parts for item in part.not_zero),
            tuple(item for part in parts for item in part.ratios),
            tuple(item for part in parts for item in part.names),
        )

    def _block_numbers(self, name: str, block: Any) -> _BlockNumbers:
        known = self._blocks.get(id(block))
        if known is not None:
            return known[1]
        metric = metric_named(name)
        values = dict(leaf_values(metric.record(block), metric.key, maps=self._maps))
        indexes = self._leaves.number_indexes
        numbers = {
            indexes[key]: value
            for key, value in values.items()
            # A diagram without a gateway has no largest gateway: this is not 0.
            if key in indexes and value is not None
        }
        ratios = (
            (leaf.key, values[leaf.key]) for leaf in self._leaves.ratios if leaf.key in values
        )
        block_numbers = _BlockNumbers(
            tuple(numbers),
            tuple((index, value) for index, value in numbers.items() if value),
            tuple((key, value and round(value, DIGITS_OF_A_RATIO)) for key, value in ratios),
            tuple(self._names(values)),
        )
        self._blocks[id(block)] = block, block_numbers
        return block_numbers

    def _names(self, values: dict[str, Any]) -> Iterator[tuple[str, str, int, int]]:
        """The names that tallies count: the key of the tally, name, records, and sum of values."""
        for key, tally in self._leaves.tallies.items():
            if key not in values:
                continue
            records: Counter[str] = Counter()
            sums: Counter[str] = Counter()
            for name, value in names_in(values[key]):
                records[name] += 1
                sums[name] += value
            for name, count in records.items():
                yield tally.key, short_name(name), count, sums[name]

    def _settle(self) -> None:
        """Add the payloads that wait to the sums of their groups, and forget them."""
        for group in self._unsettled:
            for identity, times in group.waiting.items():
                group.add(self._payloads[identity], times)
            group.waiting.clear()
        self._unsettled.clear()
        self._payloads.clear()
        self._blocks.clear()
