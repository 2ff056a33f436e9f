"""The n largest of many."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakSet

from metrics.top import MAX_ITEMS, Largest, in_order, natural_order

if TYPE_CHECKING:
    from collections.abc import Iterator


def test_largest_come_first() -> None:
    largest = Largest[str](3)
    for item, value in (("a", 1), ("b", 5), ("c", 3), ("d", 4)):
        largest.add(item, value)
    assert list(largest) == [("b", 5), ("d", 4), ("c", 3)]


def test_first_of_equal_values_stay() -> None:
    largest = Largest[str](2)
    for item in "abc":
        largest.add(item, 7)
    assert list(largest) == [("a", 7), ("b", 7)]


def test_items_need_no_order() -> None:
    largest = Largest[object]()
    items = [object() for _ in range(3)]
    for item in items:
        largest.add(item, 1)
    assert [item for item, _ in largest] == items


def test_values_up_to_the_threshold_are_dropped() -> None:
    largest = Largest[str](2)
    for item, value in (("zero", 0), ("negative", -1)):
        largest.add(item, value)
    assert list(largest) == []
    for value in (1, 2, 3):
        largest.add(str(value), value)
    assert largest.threshold == 2


def test_ten_are_kept_by_default() -> None:
    largest = Largest[int]()
    for value in range(1, 100):
        largest.add(value, value)
    assert [item for item, _ in largest] == list(range(99, 99 - MAX_ITEMS, -1))


def test_items_of_equal_rank_keep_their_order() -> None:
    words = ["bb", "a", "cc", "d"]
    assert in_order(words, len) == ["a", "d", "bb", "cc"]
    for number in range(1, 6):
        assert in_order(iter(words), len, number) == ["a", "d", "bb", "cc"][:number]


def test_first_items_take_bounded_memory() -> None:
    class Item:
        def __init__(self, rank: int) -> None:
            self.rank = rank

    alive = WeakSet[Item]()
    most = 0

    def items() -> Iterator[Item]:
        nonlocal most
        for number in range(1000):
            item = Item(-number)
            alive.add(item)
            most = max(most, len(alive))
            yield item

    assert [item.rank for item in in_order(items(), lambda item: item.rank, 3)] == [
        -999,
        -998,
        -997,
    ]
    assert most < 10


def test_natural_order() -> None:
    versions = ["8.10", "8.9", "8", "a", "8.9.1", "7.021", "7.3"]
    ordered = ["7.3", "7.021", "8", "8.9", "8.9.1", "8.10", "a"]
    assert sorted(versions, key=natural_order) == ordered
