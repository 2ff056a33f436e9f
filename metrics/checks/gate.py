"""Many diagrams against their limits: which go beyond them, and what of that is put up with.

Limits come from configurations, each diagram's own being the nearest above it, and from whoever
asks, for all diagrams. What a baseline holds already is put up with until it gets worse.
"""

from __future__ import annotations

import os
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from metrics.blocks import OMITTED, Omitted
from metrics.checks.baseline import Baseline, BaselineEntry
from metrics.checks.configuration import Configuration, Configurations
from metrics.checks.limits import by_key, missing, total_of
from metrics.checks.result import CheckResult, Contribution, Improvement, Violation
from metrics.keys import find_key, values_of
from metrics.reading.sources import absolute, printable, unescaped
from metrics.report import PayloadCache
from metrics.top import Largest

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from metrics.checks.limits import Limit, Value
    from metrics.report import Report

MAX_REMEMBERED: Final = 4096

NO_CONFIGURATION: Final = Configuration()

UPPER_BOUNDS: Final = ("<", "<=")
"""The operators of limits that a part of a sum breaks only if all of it does."""


class _Weighed(NamedTuple):
    """What comes of the limits that a diagram or a sum breaks, beside a baseline."""

    worse: tuple[Limit, ...]
    tolerated: int
    improvements: tuple[Improvement, ...]
    entries: tuple[BaselineEntry, ...]


class _Rules(NamedTuple):
    """The limits of some diagrams, those for each and those for all of them together."""

    limits: tuple[Limit, ...]
    totals: _Totals | None


class _Totals:
    """The sums of the diagrams that a configuration is for."""

    def __init__(
        self, configuration: Configuration, limits: Mapping[str, tuple[Limit, ...]]
    ) -> None:
        self.configuration = configuration
        # As a baseline has it.
        self.path = _path_of(configuration)
        self.limits = limits
        self.sums: dict[str, Any] = dict.fromkeys(limits, 0)
        self.paths: set[str] = set()
        self.has_failures = False
        self._most = {key: Largest[str]() for key in limits}

    def add(self, file: str, values: Mapping[str, Any]) -> None:
        """Add what a diagram has."""
        for key, most in self._most.items():
            value = find_key(key).value_in(values)
            total = total_of(key)
            if value and total is not None:
                self.sums[key] = total(self.sums[key], value)
                most.add(file, value)

    def value_of(self, key: str) -> Value | Omitted:
        """The sum of a key; `OMITTED` if it has no limit."""
        value: Value | Omitted = self.sums.get(key, OMITTED)
        return value

    def violations(self) -> Iterator[Violation]:
        """The limits that the sums go beyond."""
        for key, limits in self.limits.items():
            for limit in limits:
                if not limit.holds(self.sums[key]):
                    yield Violation(
                        None,
                        limit,
                        self.sums[key],
                        most=tuple(Contribution(*holder) for holder in self._most[key]),
                        configuration=self.configuration.path,
                    )


class _ConfiguredFolder(NamedTuple):
    """A folder: its path from the root, and the configuration for what is in it."""

    start: str
    configuration: Configuration


class _BrokenLimits(NamedTuple):
    """The limits that a payload breaks, and how many do not apply because their value is null."""

    limits: tuple[Limit, ...]
    not_applied: int


class _LimitedValues:
    """The values of a payload, and the limits that it breaks."""

    def __init__(self, report: Report) -> None:
        self.values = values_of(report)
        self._broken: dict[int, _BrokenLimits] = {}

    def value_of(self, key: str) -> Value | Omitted:
        """The value of a key; `OMITTED` if the payload does not have it."""
        value: Value | Omitted = find_key(key).value_in(self.values)
        return value

    def broken_by(self, rules: _Rules) -> _BrokenLimits:
        """The limits that it breaks; `rules` are kept as long as this is."""
        known = self._broken.get(id(rules))
        if known is None:
            values = self.values
            broken = [
                limit
                for limit in rules.limits
                if limit.applies_to(values) and not limit.holds(limit.value_in(values))
            ]
            # A missing version is one violation, however many limits it has.
            not_named = [limit for limit in broken if limit.value_in(values) is None][1:]
            known = self._broken[id(rules)] = _BrokenLimits(
                tuple(limit for limit in broken if limit not in not_named),
                sum(limit.is_null_in(values) for limit in rules.limits),
            )
        return known


class Gate:
    """Holds diagrams to their limits.

    `fragments` are the fragments of our own that limits name, as far as configurations were read:
    reports must have them.

    `limits` and `totals` are for all diagrams, and in place of those that configurations have for
    the same keys; with a `configuration` none is looked for. What a `baseline` has is put up with.
    """

    def __init__(
        self,
        limits: Iterable[Limit] = (),
        totals: Iterable[Limit] = (),
        *,
        configuration: Configuration | None = None,
        baseline: Baseline | None = None,
    ) -> None:
        self._own = by_key(limits)
        self._own_totals = _Totals(NO_CONFIGURATION, by_key(totals))
        self._configuration = configuration
        self._configurations = Configurations()
        self._baseline = baseline or Baseline()
        self.fragments: set[str] = set()
        self._note_fragments((*self._own.values(), *self._own_totals.limits.values()))
        self._places: dict[str, _ConfiguredFolder] = {}
        self._rules: dict[tuple[int, tuple[int, ...]], _Rules] = {}
        self._totals: dict[int, _Totals] = {}
        self._payloads = PayloadCache(_LimitedValues, max_entries=MAX_REMEMBERED)

    def excludes(self, file: str) -> bool:
        """Whether the configuration of a file says that it is not to be checked.

        Raises `ConfigurationError` where that cannot be followed.
        """
        place, path = self._placed(file)
        return place.configuration.excludes(path)

    def judge(
        self, reports: Iterable[Report], *, find: Callable[[str], Iterable[object]] | None = None
    ) -> CheckResult:
        """Hold the diagrams of some reports to their limits.

        Where these may be a part of all diagrams that a configuration is for, `find` gives those
        below a folder. Over a part, a sum is only known to be too much: what its baseline has stays
        as it is, but for that. So it is where a diagram could not be measured.

        Raises `ConfigurationError` where a configuration that is found cannot be followed.
        """
        files: list[str] = []
        failures: list[Report] = []
        violations: list[Violation] = []
        weighed: list[_Weighed] = []
        kept: list[BaselineEntry] = []
        seen: set[str] = set()
        not_applied = 0
        for report in reports:
            file = report.name
            place, path = self._placed(file)
            rules = self._rules_of(place.configuration, path)
            listed = path if path.isascii() else printable(path)
            if report.error is not None:
                # What cannot be measured now is neither better nor worse.
                failures.append(report)
                self._own_totals.has_failures = True
                if rules.totals is not None:
                    rules.totals.has_failures = True
                seen.add(listed)
                kept += self._baseline.of_file(listed)
                continue
            files.append(file)
            payload = self._payloads.get(report)
            values = payload.values
            if rules.totals is not None:
                rules.totals.paths.add(path)
                rules.totals.add(file, values)
            self._own_totals.add(file, values)
            broken, nulls = payload.broken_by(rules)
            not_applied += nulls
            if broken or listed in self._baseline:
                seen.add(listed)
                entries = self._baseline.of_file(listed)
                weighed.append(self._weigh(file, (listed, None), broken, payload.value_of, entries))
                violations += (
                    Violation(file, limit, limit.value_in(values)) for limit in weighed[-1].worse
                )
        for totals in (*self._totals.values(), self._own_totals):
            is_whole = self._is_whole(totals, find)
            by_limit = {
                violation.limit: violation
                for violation in totals.violations()
                if is_whole or violation.limit.operator in UPPER_BOUNDS
            }
            known = [*self._entries_of(totals)]
            of_totals = self._weigh(None, (None, totals.path), by_limit, totals.value_of, known)
            if not is_whole:
                worse = {limit.key for limit in of_totals.worse}
                new = (entry for entry in of_totals.entries if entry.key in worse)
                old = (entry for entry in known if entry.key not in worse)
                of_totals = of_totals._replace(improvements=(), entries=(*new, *old))
            weighed.append(of_totals)
            violations += (by_limit[limit] for limit in of_totals.worse)
        gone, not_asked_for = self._rest(seen)
        return CheckResult(
            tuple(files),
            tuple(failures),
            tuple(violations),
            sum(one.tolerated for one in weighed),
            (*(better for one in weighed for better in one.improvements), *gone),
            (*(entry for one in weighed for entry in one.entries), *kept, *not_asked_for),
            bool(self._own or self._own_totals.limits)
            or any(place.configuration.has_limits for place in self._places.values()),
            not_applied,
        )

    def _placed(self, file: str) -> tuple[_ConfiguredFolder, str]:
        """The folder of a diagram, and its path from the root."""
        folder, separator, name = file.rpartition(os.sep)
        place = self._places.get(folder + separator)
        if place is None:
            start = _from_root(folder + separator or os.curdir)
            found = self._configuration or self._configurations.of_folder(start)
            place = _ConfiguredFolder(os.path.join(start, ""), found or NO_CONFIGURATION)
            self._note_fragments(place.configuration.all_limits())
            self._places[folder + separator] = place
        return place, place.start + name

    def _note_fragments(self, limits: Iterable[Iterable[Limit]]) -> None:
        """Add the fragments of our own that some limits name."""
        for limit in chain.from_iterable(limits):
            if (fragment := find_key(limit.key).fragment) is not None:
                self.fragments.add(fragment)

    def _rules_of(self, configuration: Configuration, path: str) -> _Rules:
        overrides = configuration.overrides_for(path) if configuration.overrides else ()
        identity = id(configuration), overrides
        rules = self._rules.get(identity)
        if rules is None:
            stated = by_key(configuration.limits_with(overrides)) | self._own
            limits = tuple(limit for of_key in stated.values() for limit in of_key)
            rules = self._rules[identity] = _Rules(limits, self._totals_of(configuration))
        return rules

    def _totals_of(self, configuration: Configuration) -> _Totals | None:
        limits = {
            key: limits
            for key, limits in configuration.total.items()
            if limits and key not in self._own_totals.limits
        }
        if not limits:
            return None
        return self._totals.setdefault(id(configuration), _Totals(configuration, limits))

    def _is_whole(self, totals: _Totals, find: Callable[[str], Iterable[object]] | None) -> bool:
        """Whether all diagrams that a sum is of were measured."""
        if totals.has_failures:
            return False
        configuration = totals.configuration
        if find is None or configuration in (NO_CONFIGURATION, self._configuration):
            # It is for what is asked for.
            return True
        # Most need not be looked for.
        is_of_interest = bool(self._baseline) or any(
            limit.operator not in UPPER_BOUNDS
            for limits in totals.limits.values()
            for limit in limits
        )
        return not is_of_interest or all(
            path in totals.paths
            for path in self._paths_of(configuration, find(configuration.folder))
        )

    def _paths_of(self, configuration: Configuration, found: Iterable[object]) -> Iterator[str]:
        """The paths of the diagrams that a configuration is for, among some."""
        for file in found:
            if isinstance(file, str):
                place, path = self._placed(file)
                if place.configuration is configuration and not configuration.excludes(path):
                    yield path

    def _entries_of(self, totals: _Totals) -> Iterator[BaselineEntry]:
        """What the baseline has of sums."""
        for key in totals.limits:
            for value in self._baseline.values(None, totals.path, key):
                yield BaselineEntry(None, totals.path, key, value)

    def _weigh(
        self,
        file: str | None,
        whose: tuple[str | None, str | None],
        broken: Collection[Limit],
        value_of: Callable[[str], Value | Omitted],
        entries: Iterable[BaselineEntry],
    ) -> _Weighed:
        """Hold the limits that are broken against the baseline.

        `whose` is the path of the diagram, or of the configuration of a sum; `values` are its own,
        and `entries` what the baseline has of it.
        """
        improved: dict[str, Improvement] = {}
        worse = []
        now = []
        for limit in broken:
            known_value = value_of(limit.key)
            value = None if isinstance(known_value, Omitted) else known_value
            now.append(BaselineEntry(*whose, limit.key, value))
            known = self._baseline.values(*whose, limit.key)
            if not any(limit.is_no_worse(value, one) for one in known):
                worse.append(limit)
            elif value not in known:
                improved[limit.key] = Improvement(
                    file, limit.key, known[0], value, is_tolerated=True
                )
        broken_keys = {limit.key for limit in broken}
        for _, _, key, one in entries:
            if key not in broken_keys and key not in improved:
                improved[key] = Improvement(file, key, one, _value_or_missing(value_of, key))
        tolerated = len(broken) - len(worse)
        return _Weighed(tuple(worse), tolerated, tuple(improved.values()), tuple(now))

    def _rest(self, seen: set[str]) -> tuple[list[Improvement], list[BaselineEntry]]:
        """What the baseline has of diagrams that are gone, and of what was not asked for."""
        judged = {
            (totals.path, key)
            for totals in (*self._totals.values(), self._own_totals)
            for key in totals.limits
        }
        configurations = {
            _path_of(place.configuration): place.configuration for place in self._places.values()
        }
        gone: list[Improvement] = []
        left: list[BaselineEntry] = []
        for entry in self._baseline.sums():
            _, path, key, value = entry
            if (path, key) in judged:
                continue
            if path is not None and (
                not _is_there(path)
                or (path in configurations and key not in configurations[path].total)
            ):
                gone.append(Improvement(None, key, value, OMITTED, is_gone=True))
            else:
                left.append(entry)
        for file in self._baseline.files():
            if file in seen:
                continue
            entries = self._baseline.of_file(file)
            if _is_there(file):
                left += entries
            else:
                gone += (
                    Improvement(_from_here(file), entry.key, entry.value, OMITTED, is_gone=True)
                    for entry in entries
                )
        return gone, left


def _value_or_missing(value_of: Callable[[str], Value | Omitted], key: str) -> Value | Omitted:
    value = value_of(key)
    return missing(key) if isinstance(value, Omitted) else value


def _path_of(configuration: Configuration) -> str | None:
    """The path of a configuration from the root, as a baseline has it."""
    return None if configuration.path is None else printable(absolute(configuration.path))


def _is_there(path: str) -> bool:
    """Whether there is something at a path of a baseline."""
    return any(os.path.lexists(name) for name in {path, unescaped(path)})


def _from_root(folder: str) -> str:
    """The path of a folder from the root: behind a link `..` leads elsewhere than its text does."""
    parts = folder.split(os.sep)
    if os.pardir not in parts:
        return absolute(folder)
    end = len(parts) - parts[::-1].index(os.pardir)
    return absolute(os.path.join(os.path.realpath(os.sep.join(parts[:end])), *parts[end:]))


def _from_here(path: str) -> str:
    try:
        return os.path.relpath(path)
    except OSError:
        # The current folder is gone.
        return path
