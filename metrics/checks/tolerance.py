"""Which violations a baseline tolerates, and which entries a new baseline has."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, NamedTuple

from metrics.archives.names import member_of
from metrics.blocks import OMITTED, Omitted
from metrics.checks.baseline import BaselineEntry
from metrics.checks.limits import missing
from metrics.checks.result import Improvement
from metrics.reading.sources import unescaped

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from metrics.checks.baseline import Baseline
    from metrics.checks.limits import Limit, Limits, Value
    from metrics.checks.totals import Totals

    ValueOf = Callable[[str], Value | Omitted]


MAX_GONE: Final = 10
"""The maximum number of entries listed for missing diagrams, and for totals without a limit."""


class Outcome(NamedTuple):
    """The result of comparing a diagram or a total with a baseline.

    `worse` are the broken limits that the baseline does not tolerate, `tolerated` is the number of
    the others. `entries` are the entries of a new baseline. `gone` is the number of old entries for
    missing diagrams and for totals without a limit; `improvements` lists the first ten of each.
    """

    worse: tuple[Limit, ...] = ()
    tolerated: int = 0
    improvements: tuple[Improvement, ...] = ()
    entries: tuple[BaselineEntry, ...] = ()
    gone: int = 0


class _Owner(NamedTuple):
    """What the entries of a baseline belong to: a diagram, or the totals of a configuration."""

    path: str | None
    configuration: str | None


class Tolerance:
    """Compares broken limits with a baseline."""

    def __init__(self, baseline: Baseline) -> None:
        self._baseline = baseline

    def knows(self, path: str) -> bool:
        """Whether the baseline has entries for a diagram."""
        return path in self._baseline

    def weigh_diagram(
        self,
        file: str,
        path: str,
        broken: Collection[Limit],
        value_of: ValueOf,
        assumed_keys: frozenset[str],
    ) -> Outcome:
        """Compare the limits that a diagram breaks, by its path in the baseline.

        `assumed_keys` are the keys of the values that the diagram does not state.
        """
        entries = self._baseline.of_file(path)
        outcome = self._weigh(file, _Owner(path, None), broken, value_of, entries)
        improvements = (
            better._replace(is_assumed=better.key in assumed_keys)
            for better in outcome.improvements
        )
        return outcome._replace(improvements=tuple(improvements))

    def weigh_totals(self, totals: Totals, broken: Collection[Limit], *, is_whole: bool) -> Outcome:
        """Compare the limits that totals break.

        Entries change only if they get worse, unless the totals cover all diagrams (`is_whole`).
        """
        owner = _Owner(None, totals.path)
        entries = [
            BaselineEntry(*owner, key, value)
            for key in totals.limits
            for value in self._baseline.values(*owner, key)
        ]
        outcome = self._weigh(None, owner, broken, totals.value_of, entries)
        if is_whole:
            return outcome
        worse = {limit.key for limit in outcome.worse}
        changed = (entry for entry in outcome.entries if entry.key in worse)
        unchanged = (entry for entry in entries if entry.key not in worse)
        return outcome._replace(improvements=(), entries=(*changed, *unchanged))

    def keep_diagram(self, path: str) -> Outcome:
        """Keep the entries for a diagram that could not be measured: it may be better or worse."""
        return Outcome(entries=tuple(self._baseline.of_file(path)))

    def rest_of_diagrams(self, checked: Collection[str]) -> Outcome:
        """The entries for diagrams that were not checked, or no longer exist."""
        gone: list[BaselineEntry] = []
        kept: list[BaselineEntry] = []
        for path in self._baseline.files():
            if path not in checked:
                entries = kept if _exists(path) else gone
                entries += self._baseline.of_file(path)
        return _outcome_of_rest(gone, kept)

    def rest_of_totals(
        self, checked: Iterable[Totals], limits_of: Mapping[str | None, Limits]
    ) -> Outcome:
        """The entries for totals that were not checked, or no longer have a limit.

        `limits_of` are the limits on totals of the configurations that were read, by their paths.
        """
        checked_keys = {(totals.path, key) for totals in checked for key in totals.limits}
        gone: list[BaselineEntry] = []
        kept: list[BaselineEntry] = []
        for entry in self._baseline.totals():
            path, key = entry.configuration, entry.key
            if (path, key) in checked_keys:
                continue
            is_kept = path is None or (_exists(path) and key in limits_of.get(path, {key}))
            (kept if is_kept else gone).append(entry)
        return _outcome_of_rest(gone, kept)

    def _weigh(
        self,
        file: str | None,
        owner: _Owner,
        broken: Collection[Limit],
        value_of: ValueOf,
        entries: Iterable[BaselineEntry],
    ) -> Outcome:
        worse: list[Limit] = []
        current: list[BaselineEntry] = []
        improved: dict[str, Improvement] = {}
        for limit in broken:
            value = value_of(limit.key)
            value = None if isinstance(value, Omitted) else value
            current.append(BaselineEntry(*owner, limit.key, value))
            tolerated = self._baseline.values(*owner, limit.key)
            if not any(limit.is_no_worse(value, known) for known in tolerated):
                worse.append(limit)
            elif value not in tolerated:
                improved[limit.key] = Improvement(
                    file, limit.key, tolerated[0], value, is_tolerated=True
                )
        broken_keys = {limit.key for limit in broken}
        for entry in entries:
            key = entry.key
            if key not in broken_keys and key not in improved:
                value = value_of(key)
                value = missing(key) if isinstance(value, Omitted) else value
                improved[key] = Improvement(file, key, entry.value, value)
        return Outcome(
            tuple(worse), len(broken) - len(worse), tuple(improved.values()), tuple(current)
        )


def combined(outcomes: Sequence[Outcome]) -> Outcome:
    """Several outcomes as one."""
    return Outcome(
        tuple(limit for outcome in outcomes for limit in outcome.worse),
        sum(outcome.tolerated for outcome in outcomes),
        tuple(better for outcome in outcomes for better in outcome.improvements),
        tuple(entry for outcome in outcomes for entry in outcome.entries),
        sum(outcome.gone for outcome in outcomes),
    )


def _outcome_of_rest(gone: Sequence[BaselineEntry], kept: Sequence[BaselineEntry]) -> Outcome:
    improvements = (
        Improvement(None if file is None else _relative(file), key, value, OMITTED, is_gone=True)
        for file, _, key, value in gone[:MAX_GONE]
    )
    return Outcome(improvements=tuple(improvements), entries=tuple(kept), gone=len(gone))


def _exists(path: str) -> bool:
    """Whether there is a file at a path of a baseline; for a member, whether its archive exists."""
    inner = member_of(path)
    file = path if inner is None else inner.archive
    return any(os.path.lexists(name) for name in {file, unescaped(file)})


def _relative(path: str) -> str:
    try:
        return os.path.relpath(path)
    except OSError:
        # The current folder no longer exists.
        return path
