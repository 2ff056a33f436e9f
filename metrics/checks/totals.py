"""Totals over the diagrams that a configuration applies to, and the limits on them."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from metrics.blocks import OMITTED, Omitted
from metrics.checks.result import Contribution, Violation
from metrics.keys import find_key
from metrics.reading.sources import absolute, printable
from metrics.top import Largest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from metrics.checks.configuration import Configuration
    from metrics.checks.limits import Limits, Value


class _Total:
    """The total of one key so far, and the diagrams with the largest values."""

    def __init__(self, key: str) -> None:
        self.value: Any = 0
        self.largest = Largest[str]()
        self._key = find_key(key)
        self._combine = self._key.total

    def add(self, file: str, values: Mapping[str, Any]) -> None:
        value = self._key.value_in(values)
        if value and self._combine is not None:
            self.value = self._combine(self.value, value)
            self.largest.add(file, value)


class Totals:
    """The totals of the diagrams that a configuration applies to.

    `limits` are the limits on totals. A configuration that `is_shared` applies to all checked
    diagrams, others to those below their folder. `path` is the path of the configuration as
    `Baseline` spells it. `is_complete` is whether all diagrams so far could be measured.
    """

    def __init__(self, configuration: Configuration, limits: Limits, *, is_shared: bool) -> None:
        self.configuration = configuration
        self.is_shared = is_shared
        self.path = path_in_baseline(configuration)
        self.limits = limits
        self.is_complete = True
        self._totals = {key: _Total(key) for key in limits}
        self._paths: set[str] = set()

    def add(self, file: str, path: str, values: Mapping[str, Any]) -> None:
        """Add a diagram: its name, its absolute path, and its values."""
        if not self.is_shared:
            self._paths.add(path)
        for total in self._totals.values():
            total.add(file, values)

    def includes(self, paths: Iterable[str]) -> bool:
        """Whether all diagrams at some absolute paths were added; only if not `is_shared`."""
        return all(path in self._paths for path in paths)

    @property
    def has_only_upper_bounds(self) -> bool:
        """Whether a part of the diagrams is enough to break any of the limits."""
        return all(limit.is_upper_bound for limit in chain.from_iterable(self.limits.values()))

    def value_of(self, key: str) -> Value | Omitted:
        """The total of a key; `OMITTED` if it has no limit."""
        total = self._totals.get(key)
        return OMITTED if total is None else total.value

    def violations(self, *, is_whole: bool) -> Iterator[Violation]:
        """The limits that the totals break.

        Only upper bounds can be broken, unless the totals cover all diagrams (`is_whole`).
        """
        for limit in chain.from_iterable(self.limits.values()):
            total = self._totals[limit.key]
            if (is_whole or limit.is_upper_bound) and not limit.allows(total.value):
                yield Violation(
                    None,
                    limit,
                    total.value,
                    contributions=tuple(Contribution(file, value) for file, value in total.largest),
                    configuration=self.configuration.path,
                )


def path_in_baseline(configuration: Configuration) -> str | None:
    """The path of a configuration as `Baseline` spells it; None if it is not from a file."""
    return None if configuration.path is None else printable(absolute(configuration.path))
