"""The sums of a group of diagrams."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from metrics.blocks import OMITTED, Omitted, nearest_number
from metrics.reading.document import Kind
from metrics.summary.groups import OTHERS, Profile
from metrics.summary.model import (
    Failure,
    FailureSummary,
    NumberSummary,
    PlatformSummary,
    RatioSummary,
    Summary,
    TalliedName,
    TallySummary,
    VersionSummary,
)
from metrics.summary.statistics import (
    MAX_NAMES,
    count_name,
    distribution,
    most_frequent_first,
    percentile,
    quantile,
    share,
)
from metrics.top import MAX_ITEMS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from metrics.report import Report
    from metrics.summary.leaves import SummaryLeaves

QUARTILES: Final = (0.0, 0.25, 0.5, 0.75, 1.0)


class DiagramNumbers(NamedTuple):
    """The numbers of a payload, which many diagrams may share.

    `numbers` are the indexes of its numbers, `not_zero` the indexes and values of those that are
    not 0. `ratios` are keys and values, None for null. `names` are the keys of tallies, each with a
    name, the records that have it, and the sum of its values. `blocks` are kept so that no new
    object gets the identity of one.
    """

    blocks: Mapping[str, Any]
    kind: Kind
    profile: Profile
    numbers: tuple[int, ...]
    not_zero: tuple[tuple[int, int], ...]
    ratios: tuple[tuple[str, float | None], ...]
    names: tuple[tuple[str, str, int, int], ...]


class GroupSums:
    """The sums of a group of diagrams, in memory that does not grow with their number.

    `waiting` counts the diagrams of each payload that is not added yet, by its identity.
    """

    def __init__(self, leaves: SummaryLeaves) -> None:
        self.waiting: dict[tuple[int, ...], int] = {}
        self._leaves = leaves
        self._kinds: Counter[Kind] = Counter()
        self._profiles: Counter[Profile] = Counter()
        self._named_platforms: set[str] = set()
        self._diagrams_with: Counter[tuple[int, ...]] = Counter()
        # The frequencies of the values of each number, except 0.
        self._values: dict[int, Counter[int]] = {}
        self._ratios: dict[str, Counter[float | None]] = {}
        self._records: dict[str, Counter[str]] = {}
        self._name_values: dict[str, Counter[str]] = {}
        self._failures: Counter[str] = Counter()
        self._first_failures: dict[str, list[Failure]] = {}

    def add(self, payload: DiagramNumbers, times: int) -> None:
        """Add diagrams with the same payload."""
        self._kinds[payload.kind] += times
        self._profiles[self._bounded_profile(payload.profile)] += times
        self._diagrams_with[payload.numbers] += times
        for index, value in payload.not_zero:
            self._values.setdefault(index, Counter())[value] += times
        for key, ratio in payload.ratios:
            self._ratios.setdefault(key, Counter())[ratio] += times
        for key, name, records, values in payload.names:
            count_name(self._records.setdefault(key, Counter()), name, records * times, OTHERS)
            count_name(self._name_values.setdefault(key, Counter()), name, values * times, OTHERS)

    def _bounded_profile(self, profile: Profile) -> Profile:
        """A profile; if there are too many, `OTHERS` for its version, or for its platform, too."""
        if profile not in self._profiles:
            if len(self._profiles) < MAX_NAMES:
                self._named_platforms.add(profile[0])
            else:
                return (profile[0] if profile[0] in self._named_platforms else OTHERS, OTHERS)
        return profile

    def add_failure(self, report: Report) -> None:
        """Add a diagram that could not be measured."""
        if report.error is None:
            return
        type = report.error.type.value
        self._failures[type] += 1
        first = self._first_failures.setdefault(type, [])
        if len(first) < MAX_ITEMS:
            first.append(Failure.of(report.name, report.error))

    def summary(self) -> Summary:
        """The summary, without the fields that groups omit."""
        measured, failed = self._kinds.total(), self._failures.total()
        return Summary(
            measured + failed,
            measured,
            failed,
            {kind.value: self._kinds[kind] for kind in Kind},
            tuple(self._platforms()),
            dict(self._numbers()),
            dict(self._ratio_summaries()) if self._leaves.ratios else OMITTED,
            dict(self._tallies()),
            {
                type: FailureSummary(times, tuple(self._first_failures[type]))
                for type, times in most_frequent_first(self._failures)
            },
            OMITTED,
            OMITTED,
            OMITTED,
        )

    def _platforms(self) -> Iterator[PlatformSummary]:
        by_platform: dict[str, Counter[str | None]] = {}
        for (platform, version), times in self._profiles.items():
            by_platform.setdefault(platform, Counter())[version] += times
        totals = Counter({platform: counts.total() for platform, counts in by_platform.items()})
        for platform, times in most_frequent_first(totals):
            versions = most_frequent_first(by_platform[platform])
            yield PlatformSummary(
                platform, times, tuple(VersionSummary(*version) for version in versions)
            )

    def _numbers(self) -> Iterator[tuple[str, NumberSummary]]:
        sums = {
            leaf.key: sum(
                int(value) * times for value, times in self._values.get(index, Counter()).items()
            )
            for index, leaf in enumerate(self._leaves.numbers)
        }
        for index, leaf in enumerate(self._leaves.numbers):
            diagrams = sum(
                times for indexes, times in self._diagrams_with.items() if index in indexes
            )
            counts = self._values.get(index, Counter())
            not_zero = counts.total()
            # Whole numbers, even if they are as large as doubles: these would lose digits.
            known = sorted((int(value), diagrams_with) for value, diagrams_with in counts.items())
            values = [(0, diagrams - not_zero), *known]
            whole: str | Omitted = self._leaves.whole_of.get(leaf.key, OMITTED)
            yield (
                leaf.key,
                NumberSummary(
                    nearest_number(sums[leaf.key]),
                    OMITTED if isinstance(whole, Omitted) else share(sums[leaf.key], sums[whole]),
                    whole,
                    diagrams,
                    not_zero,
                    percentile(values, diagrams, 50),
                    percentile(values, diagrams, 90),
                    nearest_number(values[-1][0]) if diagrams else None,
                    tuple(distribution(values)) if diagrams else (),
                    OMITTED,
                ),
            )

    def _ratio_summaries(self) -> Iterator[tuple[str, RatioSummary]]:
        for leaf in self._leaves.ratios:
            counts = self._ratios.get(leaf.key, Counter())
            values = sorted((value, times) for value, times in counts.items() if value is not None)
            defined = counts.total() - counts[None]
            yield (
                leaf.key,
                RatioSummary(
                    counts.total(),
                    counts[None],
                    *(quantile(values, defined, fraction) for fraction in QUARTILES),
                ),
            )

    def _tallies(self) -> Iterator[tuple[str, TallySummary]]:
        for tally in self._leaves.tallies.values():
            values = self._name_values.get(tally.key, Counter())
            names = {
                name: TalliedName(records, values[name])
                for name, records in most_frequent_first(self._records.get(tally.key, Counter()))
            }
            yield tally.key, TallySummary(tally.title, tally.records, tally.values, names)
