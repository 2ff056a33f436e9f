"""Shares, percentiles and distributions of counted values."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, TypeVar

from metrics.blocks import LARGEST_NUMBER, nearest_number
from metrics.summary.model import Interval

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

MAX_BITS: Final = LARGEST_NUMBER.bit_length()

Key = TypeVar("Key")
Number = TypeVar("Number", int, float)

DIGITS_OF_A_RATIO: Final = 4
"""The number of digits to which ratios and their quantiles are rounded."""

MAX_NAMES: Final = 1000
"""The maximum number of names to count separately: hostile diagrams may each have another name."""


def share(part: int, whole: int) -> float | None:
    """A part of a whole as a fraction; None if the whole is 0."""
    return part / whole if whole else None


def percentile(values: Sequence[tuple[int, int]], total: int, percent: int) -> float | None:
    """A percentile of numbers, interpolated as in spreadsheets; None without numbers.

    `values` are the numbers in ascending order, each with its frequency; `total` is the sum of the
    frequencies.
    """
    if not total:
        return None
    position, rest = divmod((total - 1) * percent, 100)
    low, high = _value_at(values, position), _value_at(values, min(position + 1, total - 1))
    hundredths = low * 100 + (high - low) * rest
    return hundredths / 100 if hundredths % 100 else nearest_number(hundredths // 100)


def quantile(values: Sequence[tuple[float, int]], total: int, fraction: float) -> float | None:
    """A quantile of ratios, interpolated as `percentile` does and rounded; None without ratios."""
    if not total:
        return None
    position = (total - 1) * fraction
    low, high = int(position), min(int(position) + 1, total - 1)
    below, above = _value_at(values, low), _value_at(values, high)
    return round(below + (above - below) * (position - low), DIGITS_OF_A_RATIO)


def _value_at(values: Iterable[tuple[Number, int]], position: int) -> Number:
    """The value at a position, from 0."""
    for value, times in values:
        if position < times:
            return value
        position -= times
    raise IndexError(position)


def distribution(values: Sequence[tuple[int, int]]) -> Iterator[Interval]:
    """The frequencies of the intervals 0, 1, 2 to 3, 4 to 7, and so on up to the largest value.

    The last interval has all values that JSON cannot hold exactly, up to the largest one.
    """
    intervals: Counter[int] = Counter()
    for value, times in values:
        intervals[min(value.bit_length(), MAX_BITS)] += times
    for bits in range(max(intervals) + 1):
        at_most = max(2**bits - 1, 0) if bits < MAX_BITS else nearest_number(values[-1][0])
        yield Interval(2**bits // 2, at_most, intervals[bits])


def count_name(counter: Counter[Key], name: Key, times: int, others: Key) -> None:
    """Count a name, or `others` in its place if the counter is full."""
    counter[name if name in counter or len(counter) < MAX_NAMES else others] += times


def most_frequent_first(counter: Counter[Key]) -> list[tuple[Key, int]]:
    """The items of a counter, most frequent first; equally frequent ones by name, None last."""
    return sorted(counter.items(), key=lambda item: (-item[1], item[0] is None, str(item[0])))
