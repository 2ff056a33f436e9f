"""Shares, percentiles and distributions of counted values."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


from metrics.summary.model import Interval

Key = TypeVar("Key")
# Hostile diagrams may name a platform each, at any length.
MAX_NAMES: Final = 1000


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _percentile(values: Sequence[tuple[int, int]], total: int, percent: int) -> float | None:
    """The value below which that many are, between two in proportion: as spreadsheets have it."""
    if not total:
        return None
    place, rest = divmod((total - 1) * percent, 100)
    low, high = _value_at(values, place), _value_at(values, min(place + 1, total - 1))
    hundredths = low * 100 + (high - low) * rest
    return hundredths / 100 if hundredths % 100 else hundredths // 100


def _value_at(values: Iterable[tuple[int, int]], place: int) -> int:
    """The value at a place, from 0, of values in order with how often there is each."""
    for value, times in values:
        if place < times:
            return value
        place -= times
    raise IndexError(place)


def _distribution(values: Sequence[tuple[int, int]]) -> Iterator[Interval]:
    """How many have 0, 1, 2 to 3, 4 to 7, and so on up to the largest."""
    intervals: Counter[int] = Counter()
    for value, times in values:
        intervals[value.bit_length()] += times
    for bits in range(max(intervals) + 1):
        yield Interval(2**bits // 2, max(2**bits - 1, 0), intervals[bits])


def _count(counter: Counter[Key], key: Key, times: int, others: Key) -> None:
    """Count something by its name; beyond a number of names, as one of the others."""
    counter[key if key in counter or len(counter) < MAX_NAMES else others] += times


def _most_first(counter: Counter[Key]) -> list[tuple[Key, int]]:
    """What was counted, most first; what is as frequent by name, None last."""
    return sorted(counter.items(), key=lambda item: (-item[1], item[0] is None, str(item[0])))
