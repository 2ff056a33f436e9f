"""The diagrams that hold the most of something."""

from __future__ import annotations

import heapq
from itertools import count
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_DIAGRAMS: Final = 10


class Largest:
    """At most ten diagrams, and what they hold; of those that hold the same the first ones stay.

    What holds no more than `passed` has no place among them.
    """

    def __init__(self) -> None:
        self.passed = 0
        self._held: list[tuple[int, int, str]] = []
        self._order = count(0, -1)

    def add(self, file: str, value: int) -> None:
        """Take a diagram, if it holds enough."""
        if value <= self.passed:
            return
        entry = (value, next(self._order), file)
        if len(self._held) < MAX_DIAGRAMS:
            heapq.heappush(self._held, entry)
        else:
            heapq.heapreplace(self._held, entry)
        if len(self._held) == MAX_DIAGRAMS:
            self.passed = self._held[0][0]

    def __iter__(self) -> Iterator[tuple[str, int]]:
        """The diagrams and what they hold, the most first."""
        for value, _, file in sorted(self._held, reverse=True):
            yield file, value
