"""Checks many diagrams against their limits.

Limits come from configurations (each diagram has the nearest one at or above its folder) and from
the caller, for all diagrams. A baseline tolerates violations until they get worse.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from metrics.checks.baseline import Baseline
from metrics.checks.configuration import Configuration
from metrics.checks.limits import as_limits, as_total_limits, by_key
from metrics.checks.result import CheckResult, Violation
from metrics.checks.rules import NO_CONFIGURATION, LimitedPayload, Rules
from metrics.checks.tolerance import Tolerance, combined
from metrics.checks.totals import Totals, path_in_baseline
from metrics.reading.sources import printable
from metrics.report import PayloadCache

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from metrics.checks.limits import Limit, Limits
    from metrics.checks.rules import DiagramLocation
    from metrics.checks.tolerance import Outcome
    from metrics.report import Report

    Find = Callable[[str], Iterable[object]]

MAX_CACHED_PAYLOADS: Final = 4096


class Gate:
    """Checks diagrams against limits.

    `limits` apply to each diagram, and `totals` to the total over all diagrams. They replace the
    limits that configurations set for the same keys. Each is a `Limit` or a text, `KEY OP VALUE`.
    A `configuration` applies to all diagrams; without one, each diagram has the nearest one at or
    above its folder. The `baseline` tolerates violations until they get worse.

    `fragments` are the fragments of our own that limits name, in the configurations that have been
    read so far. Reports must have these fragments.

    Raises `ValueError` for a text that is not a limit, and for a key that has no limit or total.
    """

    def __init__(
        self,
        limits: Iterable[str | Limit] = (),
        totals: Iterable[str | Limit] = (),
        *,
        configuration: Configuration | None = None,
        baseline: Baseline | None = None,
    ) -> None:
        for name, value, expected in (
            ("configuration", configuration, Configuration),
            ("baseline", baseline, Baseline),
        ):
            if not isinstance(value, expected | None):
                raise TypeError(f"{name} is a {expected.__name__}, not {value!r:.80}")
        self._rules = Rules(by_key(as_limits(limits)), configuration)
        self._total_limits = by_key(as_total_limits(totals))
        self._rules.note_fragments(self._total_limits.values())
        self._baseline = baseline or Baseline()
        self._payloads = PayloadCache(LimitedPayload, max_entries=MAX_CACHED_PAYLOADS)

    @property
    def fragments(self) -> set[str]:
        """The fragments of our own that limits name; the set grows as configurations are read."""
        return self._rules.fragments

    def excludes(self, file: str) -> bool:
        """Whether the configuration of a file excludes it from checks.

        Raises `ConfigurationError` if the configuration is malformed.
        """
        path, configuration = self._rules.locate(file)
        return configuration.excludes(path)

    def judge(self, reports: Iterable[Report], *, find: Find | None = None) -> CheckResult:
        """Check the diagrams of some reports.

        `find` returns the diagrams below a folder. It is needed if the reports may cover only a
        part of the diagrams that a configuration applies to. A total over a part is checked only
        against upper bounds, and its entries in the baseline change only if it gets worse. The same
        applies if a diagram could not be measured.

        Raises `ConfigurationError` if a configuration is malformed.
        """
        check = _Check(self._rules, self._total_limits, self._baseline, self._payloads)
        for report in reports:
            check.add(report)
        return check.result(find)


class _Check:
    """One check of many diagrams."""

    def __init__(
        self,
        rules: Rules,
        total_limits: Limits,
        baseline: Baseline,
        payloads: PayloadCache[LimitedPayload],
    ) -> None:
        self._rules = rules
        self._payloads = payloads
        self._has_baseline = bool(baseline)
        self._tolerance = Tolerance(baseline)
        self._shared_totals = Totals(NO_CONFIGURATION, total_limits, is_shared=True)
        self._configured_totals: list[Totals] = []
        self._totals_of_configuration: dict[int, tuple[Totals, ...]] = {}
        self._files: list[str] = []
        self._failures: list[Report] = []
        self._violations: list[Violation] = []
        self._outcomes: list[Outcome] = []
        self._paths_with_entries: set[str] = set()
        self._null_keys: Counter[str] = Counter()
        self._unlimited = 0

    def add(self, report: Report) -> None:
        """Check a diagram against its limits, and add it to its totals."""
        location = self._rules.locate(report.name)
        if report.error is not None:
            self._add_failure(report, location)
            return
        file, payload = report.name, self._payloads.get(report)
        self._files.append(file)
        all_totals = self._totals_of(location.configuration)
        for totals in all_totals:
            totals.add(file, location.path, payload.values)
        limits = self._rules.limits_of(location)
        self._unlimited += not (limits or all_totals)
        broken, null_keys = payload.broken_limits(limits)
        self._null_keys.update(null_keys)
        path = _path_in_baseline(location)
        if broken or self._tolerance.knows(path):
            self._paths_with_entries.add(path)
            outcome = self._tolerance.weigh_diagram(
                file, path, broken, payload.value_of, payload.assumed_keys
            )
            self._outcomes.append(outcome)
            self._violations += (
                Violation(
                    file,
                    limit,
                    limit.value_in(payload.values),
                    is_assumed=limit.key in payload.assumed_keys,
                )
                for limit in outcome.worse
            )

    def _add_failure(self, report: Report, location: DiagramLocation) -> None:
        self._failures.append(report)
        for totals in self._totals_of(location.configuration):
            totals.is_complete = False
        path = _path_in_baseline(location)
        self._paths_with_entries.add(path)
        self._outcomes.append(self._tolerance.keep_diagram(path))

    def result(self, find: Find | None) -> CheckResult:
        """Check the totals; returns the result of the whole check."""
        all_totals = [*self._configured_totals, self._shared_totals]
        for totals in all_totals:
            self._check_totals(totals, is_whole=self._is_whole(totals, find))
        outcome = combined([*self._outcomes, *self._rest(all_totals)])
        return CheckResult(
            tuple(self._files),
            tuple(self._failures),
            tuple(self._violations),
            outcome.tolerated,
            outcome.improvements,
            outcome.entries,
            has_limits=bool(self._shared_totals.limits) or self._rules.has_limits,
            not_applied=dict(sorted(self._null_keys.items())),
            unlimited=self._unlimited,
            gone=outcome.gone,
        )

    def _totals_of(self, configuration: Configuration) -> tuple[Totals, ...]:
        """The limited totals that include the diagrams of a configuration."""
        all_totals = self._totals_of_configuration.get(id(configuration))
        if all_totals is None:
            limits = {
                key: limits
                for key, limits in configuration.total.items()
                if limits and key not in self._shared_totals.limits
            }
            is_shared = self._rules.is_shared(configuration)
            totals = Totals(configuration, limits, is_shared=is_shared)
            self._configured_totals += [totals] if limits else []
            all_totals = tuple(each for each in (totals, self._shared_totals) if each.limits)
            self._totals_of_configuration[id(configuration)] = all_totals
        return all_totals

    def _check_totals(self, totals: Totals, *, is_whole: bool) -> None:
        broken = {violation.limit: violation for violation in totals.violations(is_whole=is_whole)}
        outcome = self._tolerance.weigh_totals(totals, broken, is_whole=is_whole)
        self._outcomes.append(outcome)
        self._violations += (broken[limit] for limit in outcome.worse)

    def _is_whole(self, totals: Totals, find: Find | None) -> bool:
        """Whether the totals include every diagram that they apply to."""
        if not totals.is_complete:
            return False
        if find is None or totals.is_shared:
            return True
        if totals.has_only_upper_bounds and not self._has_baseline:
            # The answer makes no difference, and the search takes time.
            return True
        configuration = totals.configuration
        files = (file for file in find(configuration.folder) if isinstance(file, str))
        return totals.includes(self._rules.paths_with(configuration, files))

    def _rest(self, all_totals: Sequence[Totals]) -> Iterator[Outcome]:
        """The entries of the baseline for other diagrams and totals."""
        limits_of = {
            path_in_baseline(configuration): configuration.total
            for configuration in self._rules.configurations()
        }
        yield self._tolerance.rest_of_totals(all_totals, limits_of)
        yield self._tolerance.rest_of_diagrams(self._paths_with_entries)


def _path_in_baseline(location: DiagramLocation) -> str:
    """The path of a diagram as `Baseline` spells it."""
    return location.path if location.path.isascii() else printable(location.path)
