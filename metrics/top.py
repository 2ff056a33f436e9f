"""Sorting: the n largest of many, the first of many, and texts with numbers in them."""

from __future__ import annotations

import heapq
import re
from itertools import count
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Item = TypeVar("Item")

MAX_ITEMS: Final = 10

DIGITS: Final = re.compile("([0-9]+)")


class Largest(Generic[Item]):
    """Keeps the items with the largest values, and the first ones if values are equal.

    A value must exceed `threshold` to be kept. Callers may compare with it to save a call.
    """

    def __init__(self, max_items: int = MAX_ITEMS, *, threshold: int = 0) -> None:
        self.threshold = threshold
        self._max_items = max_items
        # The order breaks ties, so that items are never compared.
        self._order = count(0, -1)
        self._heap: list[tuple[int, int, Item]] = []

    def add(self, item: Item, value: int) -> None:
        """Keep an item if its value is large enough."""
        if value <= self.threshold:
            return
        entry = (value, next(self._order), item)
        if len(self._heap) < self._max_items:
            heapq.heappush(self._heap, entry)
        else:
            heapq.heapreplace(self._heap, entry)
        if len(self._heap) == self._max_items:
            self.threshold = self._heap[0][0]

    def __iter__(self) -> Iterator[tuple[Item, int]]:
        """The items with their values, the largest first."""
        for value, _, item in sorted(self._heap, reverse=True):
            yield item, value


def in_order(
    items: Iterable[Item], rank: Callable[[Item], Any], max_items: int | None = None
) -> list[Item]:
    """The items in ascending order of their ranks; items of equal rank keep their order.

    With `max_items`, only the first of them, in memory that does not grow with their number.
    """
    if max_items is None:
        return sorted(items, key=rank)
    return heapq.nsmallest(max_items, items, key=rank)


def natural_order(text: str) -> list[Any]:
    """A rank by which `8.9` comes before `8.10`."""
    # Text and digits alternate. Without leading zeros, more digits are a larger number.
    return [
        (len(digits := piece.lstrip("0")), digits) if number % 2 else piece
        for number, piece in enumerate(DIGITS.split(text))
    ]
