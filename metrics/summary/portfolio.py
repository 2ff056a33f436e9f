"""Many diagrams to one summary: what there is, and how much of it, in one stream.

What is kept does not grow with the number of diagrams: how often there is each value of a number,
the diagrams that hold the most of it, and fingerprints on the disk.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from operator import add
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from metrics.blocks import OMITTED, leaves, to_json
from metrics.catalog import METRICS
from metrics.reading.document import Kind
from metrics.reading.errors import truncated
from metrics.reading.sources import DEFAULT_MAX_SIZE, printable
from metrics.report import MAX_CHARACTERS, columns, error_block, is_large
from metrics.summary.duplicates import Duplicates
from metrics.top import MAX_DIAGRAMS, Largest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import TracebackType
    from typing import Self

    from metrics.report import Report

from metrics.summary.model import (
    BindingSummary,
    CopiesSummary,
    DuplicatesSummary,
    Failure,
    FailureSummary,
    LargestDiagram,
    NumberSummary,
    PlatformSummary,
    Summary,
    VersionSummary,
)
from metrics.summary.statistics import (
    MAX_NAMES,
    _count,
    _distribution,
    _most_first,
    _percentile,
    _share,
)

Profile = tuple[str, str | None]

NUMBERS: Final = tuple(
    column for found in columns().values() for column in found if column.is_number
)
"""The numbers that are summed up, in the order of the payload."""

PLACES: Final = {column.key: place for place, column in enumerate(NUMBERS)}

ADDABLE: Final = frozenset(column.key for column in NUMBERS if column.total is add)
"""The numbers whose sum means something: not the nesting of sub-processes."""

MAX_COPIES: Final = 100
OTHERS: Final = "(others)"
MAX_REMEMBERED: Final = 2048

COUNT: Final = "count"
DIGITS: Final = re.compile("([0-9]+)")
STANDARD_INPUT: Final = "-"


def _of_folder(report: Report) -> tuple[str, ...]:
    return (os.path.dirname(printable(report.file or "")) or os.curdir,)


def _of_platform(report: Report) -> tuple[str, ...]:
    platform, _ = _profile(report)
    return (platform,) if platform else NOT_MEASURED


def _of_version(report: Report) -> tuple[str, ...]:
    platform, version = _profile(report)
    if not platform:
        return NOT_MEASURED
    return (platform, *NO_VERSION) if version is None else (platform, version)


def _profile(report: Report) -> Profile:
    """The platform and its version; an empty name for what was not measured."""
    profile = report.execution_platform
    if profile is None:
        return "", None
    version = profile.execution_platform_version
    return _cut(profile.execution_platform), _cut(version) if isinstance(version, str) else None


# With an end that no name of a diagram can have.
NOT_MEASURED: Final = ("(not measured)", "")
NO_VERSION: Final = ("(no version)", "")

GROUPINGS: Final[Mapping[str, Callable[[Report], tuple[str, ...]]]] = {
    "folder": _of_folder,
    "platform": _of_platform,
    "version": _of_version,
}
"""What diagrams can be grouped by, and the parts of the name of a diagram's group."""


def summarize(
    reports: Iterable[Report],
    *,
    by: str | None = None,
    max_size: int = DEFAULT_MAX_SIZE,
    each_once: bool = False,
) -> Summary:
    """Make one summary of many reports, as they come.

    `by` is one of `GROUPINGS`: each of its groups has a summary, too. Files whose fingerprints are
    the same are read again in the end, if they have no more than `max_size` bytes, to tell which
    are copies. That a file may come a second time, by another name, is not looked into where it is
    known not to, `each_once`: those that one `discover` gives do not. Raises `ValueError` for
    another grouping, `OSError` where there is no room on the disk for the fingerprints.
    """
    with Portfolio(by) as portfolio:
        for report in reports:
            portfolio.add(report)
        return portfolio.summary(max_size=max_size, each_once=each_once)


class DiagramNumbers(NamedTuple):
    """What a payload adds to a summary: that of many diagrams is the same.

    `numbers` are the places in `NUMBERS` of those that it has, `not_zero` the same with their
    values; `bindings` tells of each how many templates have it, and properties. The blocks are
    kept, so that no other object can come to have the identity of one.
    """

    blocks: Mapping[str, Any]
    kind: Kind
    profile: Profile
    numbers: tuple[int, ...]
    not_zero: tuple[tuple[int, int], ...]
    bindings: tuple[tuple[str, int, int], ...]


class _Numbers(NamedTuple):
    """The numbers of a block: their places in `NUMBERS`, and of those that are not 0 the values."""

    places: tuple[int, ...]
    not_zero: tuple[tuple[int, int], ...]


def _numbers(block: Any, prefix: str) -> _Numbers:
    values = {PLACES[key]: value for key, value in leaves(to_json(block), prefix) if key in PLACES}
    return _Numbers(
        tuple(values), tuple((place, value) for place, value in values.items() if value)
    )


def _bindings(report: Report) -> Iterator[tuple[str, int, int]]:
    templates: Counter[str] = Counter()
    properties: Counter[str] = Counter()
    for template in report.element_templates or ():
        templates.update(template.properties.keys())
        properties.update(template.properties)
    for name, times in templates.items():
        yield _cut(name), times, properties[name]


def distinct(names: Iterable[str]) -> Iterator[str]:
    """Names of different things that are all different: the second `A` is `A (2)`."""
    taken: set[str] = set()
    for name in names:
        unlike = name
        number = 2
        while unlike in taken:
            unlike = f"{name} ({number})"
            number += 1
        taken.add(unlike)
        yield unlike


def _in_order(parts: Iterable[str]) -> list[Any]:
    """What sorts names as people do: version 8.9 comes before 8.10."""
    # Text and digits take turns. Of digits more are a larger number.
    return [
        [
            (len(digits := piece.lstrip("0")), digits) if place % 2 else piece
            for place, piece in enumerate(DIGITS.split(part))
        ]
        for part in parts
    ]


def _cut(name: str) -> str:
    return truncated(printable(name), MAX_CHARACTERS)


class Portfolio:
    """Takes reports, and sums up what they are; all is as for `summarize`."""

    def __init__(self, by: str | None = None) -> None:
        if by is not None and by not in GROUPINGS:
            raise ValueError(f"no grouping: {by}")
        self._by = by
        self._all = _Sums()
        self._groups: dict[tuple[str, ...], _Sums] = {}
        self._unsettled: list[_Sums] = []
        self._payloads: dict[tuple[int, ...], DiagramNumbers] = {}
        # Many payloads have blocks that are the same objects as another's.
        self._blocks: dict[int, tuple[Any, _Numbers | None]] = {}
        # The smallest value of each number that is worth a place among the most, less one.
        self._passed = [0] * len(NUMBERS)
        self._most = [Largest() for _ in NUMBERS]
        self._not_compared = 0
        self._duplicates = Duplicates()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._duplicates.close()

    def add(self, report: Report) -> DiagramNumbers | None:
        """Take a report; returns what it adds, None where the diagram was not measured."""
        sums = self._sums_of(report)
        if report.kind is None:
            for one in sums:
                one.add_failure(report)
            return None
        identity = (id(report.kind), *map(id, report.blocks.values()))
        payload = self._payloads.get(identity)
        is_new = payload is None
        if payload is None:
            payload = self._payloads[identity] = self._payload(report, report.kind)
        for one in sums:
            if not one.waiting:
                self._unsettled.append(one)
            one.waiting[identity] = one.waiting.get(identity, 0) + 1
        if is_new and (len(self._payloads) == MAX_REMEMBERED or is_large(report)):
            self._settle()
        file = STANDARD_INPUT if report.file is None else report.file
        for place, value in payload.not_zero:
            if value > self._passed[place]:
                self._hold(place, value, file)
        if report.fingerprint is None:
            self._not_compared += 1
        else:
            self._duplicates.add(report.fingerprint, file)
        return payload

    def _sums_of(self, report: Report) -> tuple[_Sums, ...]:
        if self._by is None:
            return (self._all,)
        name = GROUPINGS[self._by](report)
        group = self._groups.get(name)
        if group is None:
            group = self._groups[name] = _Sums()
        return self._all, group

    def summary(self, *, max_size: int = DEFAULT_MAX_SIZE, each_once: bool = False) -> Summary:
        """The summary of all that was taken."""
        self._settle()
        contents, diagrams, unread, most = self._duplicates.compare(
            max_size=max_size,
            each_once=each_once,
            most_contents=MAX_COPIES,
            most_files=MAX_COPIES,
        )
        summary = self._all.summary()
        numbers = {
            key: replace(
                number, most=tuple(LargestDiagram(printable(file), value) for file, value in most)
            )
            for (key, number), most in zip(summary.numbers.items(), self._most, strict=True)
        }
        # `01` and `1` are the same number.
        ordered = sorted(sorted(self._groups), key=_in_order)
        names = distinct(" ".join(filter(None, parts)) for parts in ordered)
        groups = {
            name: self._groups[parts].summary() for name, parts in zip(names, ordered, strict=True)
        }
        return replace(
            summary,
            numbers=numbers,
            duplicates=DuplicatesSummary(
                contents,
                diagrams,
                self._not_compared + unread,
                tuple(CopiesSummary(files, tuple(map(printable, first))) for files, first in most),
            ),
            by=self._by or OMITTED,
            groups=groups if self._by else OMITTED,
        )

    def _payload(self, report: Report, kind: Kind) -> DiagramNumbers:
        found = []
        for metric in METRICS:
            block = report.blocks.get(metric.name)
            if block is None:
                continue
            _, numbers = self._blocks.get(id(block), (None, None))
            if numbers is None:
                numbers = _numbers(block, f"{metric.key}." if metric.key else "")
                self._blocks[id(block)] = block, numbers
            found.append(numbers)
        return DiagramNumbers(
            report.blocks,
            kind,
            _profile(report),
            tuple(place for numbers in found for place in numbers.places),
            tuple(value for numbers in found for value in numbers.not_zero),
            tuple(_bindings(report)),
        )

    def _hold(self, place: int, value: int, file: str) -> None:
        most = self._most[place]
        most.add(file, value)
        self._passed[place] = most.passed

    def _settle(self) -> None:
        """Add up what was only counted, and forget the payloads."""
        for sums in self._unsettled:
            for identity, times in sums.waiting.items():
                sums.add(self._payloads[identity], times)
            sums.waiting.clear()
        self._unsettled.clear()
        self._payloads.clear()
        self._blocks.clear()


class _Sums:
    """What the diagrams of a group come to.

    `waiting` tells how many there are of each payload that is not yet added.
    """

    def __init__(self) -> None:
        self.waiting: dict[tuple[int, ...], int] = {}
        self._kinds: Counter[Kind] = Counter()
        self._profiles: Counter[Profile] = Counter()
        self._platforms_told: set[str] = set()
        self._having: Counter[tuple[int, ...]] = Counter()
        # Of each number how often there is each value; 0 is what is left.
        self._values: dict[int, Counter[int]] = {}
        self._templates: Counter[str] = Counter()
        self._properties: Counter[str] = Counter()
        self._failures: Counter[str] = Counter()
        self._first_failures: dict[str, list[Failure]] = {}

    def add(self, payload: DiagramNumbers, times: int) -> None:
        """Take diagrams that have the same payload."""
        self._kinds[payload.kind] += times
        self._profiles[self._told(payload.profile)] += times
        self._having[payload.numbers] += times
        for place, value in payload.not_zero:
            self._values.setdefault(place, Counter())[value] += times
        for binding, templates, properties in payload.bindings:
            _count(self._templates, binding, templates * times, OTHERS)
            _count(self._properties, binding, properties * times, OTHERS)

    def _told(self, profile: Profile) -> Profile:
        """A profile as it is told: beyond a number of them, one of the others of its platform."""
        if profile not in self._profiles:
            if len(self._profiles) < MAX_NAMES:
                self._platforms_told.add(profile[0])
            else:
                return (profile[0] if profile[0] in self._platforms_told else OTHERS, OTHERS)
        return profile

    def add_failure(self, report: Report) -> None:
        """Take a diagram that could not be measured."""
        if report.error is None:
            return
        type = report.error.type.value
        self._failures[type] += 1
        first = self._first_failures.setdefault(type, [])
        if len(first) < MAX_DIAGRAMS:
            file = STANDARD_INPUT if report.file is None else printable(report.file)
            first.append(Failure(file, error_block(report.error)))

    def summary(self) -> Summary:
        """The summary, without what is told of all diagrams only."""
        measured, failed = self._kinds.total(), self._failures.total()
        return Summary(
            measured + failed,
            measured,
            failed,
            {kind.value: self._kinds[kind] for kind in Kind},
            tuple(self._platforms()),
            self._numbers(),
            {
                binding: BindingSummary(templates, self._properties[binding])
                for binding, templates in _most_first(self._templates)
            },
            {
                type: FailureSummary(times, tuple(self._first_failures[type]))
                for type, times in _most_first(self._failures)
            },
            OMITTED,
            OMITTED,
            OMITTED,
        )

    def _platforms(self) -> Iterator[PlatformSummary]:
        by_platform: dict[str, Counter[str | None]] = {}
        for (platform, version), times in self._profiles.items():
            by_platform.setdefault(platform, Counter())[version] += times
        totals = Counter({platform: found.total() for platform, found in by_platform.items()})
        for platform, times in _most_first(totals):
            versions = _most_first(by_platform[platform])
            yield PlatformSummary(
                platform, times, tuple(VersionSummary(name, found) for name, found in versions)
            )

    def _numbers(self) -> dict[str, NumberSummary]:
        sums = {
            column.key: sum(
                value * times for value, times in self._values.get(place, Counter()).items()
            )
            for place, column in enumerate(NUMBERS)
        }
        numbers = {}
        for place, column in enumerate(NUMBERS):
            diagrams = sum(times for having, times in self._having.items() if place in having)
            counts = self._values.get(place, Counter())
            not_zero = counts.total()
            values = [(0, diagrams - not_zero), *sorted(counts.items())]
            whole = SHARES.get(column.key)
            numbers[column.key] = NumberSummary(
                sums[column.key],
                OMITTED if whole is None else _share(sums[column.key], sums[whole]),
                OMITTED if whole is None else whole,
                diagrams,
                not_zero,
                _percentile(values, diagrams, 50),
                _percentile(values, diagrams, 90),
                values[-1][0] if diagrams else None,
                tuple(_distribution(values)) if diagrams else (),
                OMITTED,
            )
        return numbers


def _wholes() -> Iterator[tuple[str, str]]:
    """What a number is a part of: a kind of the count of all kinds, a count of the one above."""
    for key in ADDABLE:
        group, _, name = key.rpartition(".")
        if name == COUNT:
            group = group.rpartition(".")[0]
        if f"{group}.{COUNT}" in ADDABLE:
            yield key, f"{group}.{COUNT}"


SHARES: Final[Mapping[str, str]] = dict(_wholes())
"""The numbers that are parts of others, and of which."""
