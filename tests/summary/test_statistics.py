"""Statistics of counted values, compared with those of Python's own library."""

from __future__ import annotations

import statistics
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.summary.statistics import (
    MAX_NAMES,
    count_name,
    distribution,
    most_frequent_first,
    percentile,
    quantile,
    share,
)

# Sums that JSON cannot hold exactly are doubles.
NUMBER = st.one_of(st.integers(0, 2**53), st.floats(2.0**53, allow_infinity=False).map(int))
NUMBERS = st.lists(NUMBER, min_size=2, max_size=50)
SMALL_NUMBERS = st.lists(st.integers(0, 40), min_size=2, max_size=50)
RATIOS = st.lists(st.floats(0, 1).map(lambda ratio: round(ratio, 4)), min_size=2, max_size=50)


@given(st.one_of(NUMBERS, SMALL_NUMBERS), st.integers(1, 99))
def test_percentile_is_interpolated(values: list[int], percent: int) -> None:
    expected = statistics.quantiles(values, n=100, method="inclusive")[percent - 1]
    counted = sorted(Counter(values).items())
    assert percentile(counted, len(values), percent) == pytest.approx(expected)


@given(SMALL_NUMBERS)
def test_percentile_of_whole_numbers_is_exact(values: list[int]) -> None:
    counted = sorted(Counter(values).items())
    assert percentile(counted, len(values), 0) == min(values)
    assert percentile(counted, len(values), 50) == statistics.median(values)
    assert percentile(counted, len(values), 100) == max(values)


@given(RATIOS, st.integers(1, 3))
def test_quantile_is_interpolated(values: list[float], quarter: int) -> None:
    expected = statistics.quantiles(values, n=4, method="inclusive")[quarter - 1]
    counted = sorted(Counter(values).items())
    assert quantile(counted, len(values), quarter / 4) == pytest.approx(expected, abs=6e-5)


@given(RATIOS)
def test_outer_quantiles_are_minimum_and_maximum(values: list[float]) -> None:
    counted = sorted(Counter(values).items())
    assert quantile(counted, len(values), 0.0) == min(values)
    assert quantile(counted, len(values), 1.0) == max(values)


def test_single_value_is_every_percentile() -> None:
    assert [percentile([(7, 1)], 1, percent) for percent in (0, 50, 90, 100)] == [7] * 4
    assert [quantile([(0.5, 1)], 1, fraction) for fraction in (0.0, 0.25, 1.0)] == [0.5] * 3


def test_nothing_has_no_percentile() -> None:
    assert percentile([], 0, 50) is None
    assert percentile([(0, 0)], 0, 50) is None
    assert quantile([], 0, 0.5) is None


def test_share_of_nothing_is_unknown() -> None:
    assert share(1, 4) == 0.25
    assert share(0, 4) == 0
    assert share(0, 0) is None


@given(st.lists(NUMBER, min_size=1, max_size=50))
def test_distribution_covers_every_value_once(values: list[int]) -> None:
    intervals = [*distribution(sorted(Counter(values).items()))]
    assert sum(interval.diagrams for interval in intervals) == len(values)
    for interval in intervals:
        inside = [value for value in values if interval.at_least <= value <= interval.at_most]
        assert interval.diagrams == len(inside)
    for lower, upper in pairwise(intervals):
        assert upper.at_least == lower.at_most + 1
    assert intervals[0].at_least == 0
    assert intervals[-1].at_least <= max(values) <= intervals[-1].at_most


def test_intervals_double() -> None:
    intervals = [*distribution([(0, 3), (1, 1), (5, 2), (9, 1)])]
    assert [(interval.at_least, interval.at_most, interval.diagrams) for interval in intervals] == [
        (0, 0, 3),
        (1, 1, 1),
        (2, 3, 0),
        (4, 7, 2),
        (8, 15, 1),
    ]


def test_last_interval_has_all_large_numbers() -> None:
    *intervals, last = distribution([(2**52, 1), (2**53, 2), (2**300, 1)])
    assert len(intervals) == 54
    assert (intervals[-1].at_least, intervals[-1].at_most) == (2**52, 2**53 - 1)
    assert (last.at_least, last.at_most, last.diagrams) == (2**53, 2.0**300, 3)


def test_names_beyond_the_maximum_are_others() -> None:
    counter: Counter[str] = Counter()
    for number in range(MAX_NAMES + 5):
        count_name(counter, str(number), 2, "(others)")
    count_name(counter, "0", 1, "(others)")
    assert len(counter) == MAX_NAMES + 1
    assert (counter["0"], counter["(others)"]) == (3, 10)


def test_most_frequent_first_then_by_name() -> None:
    counter: Counter[str | None] = Counter({"b": 1, None: 1, "a": 1, "c": 2})
    assert most_frequent_first(counter) == [("c", 2), ("a", 1), ("b", 1), (None, 1)]
