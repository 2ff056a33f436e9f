"""The operators of limits: one record each."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final


def _is_equal(value: Any, known: Any, bounds: Sequence[Any]) -> bool:
    return bool(value == known)


def _is_no_further(value: Any, known: Any, bounds: Sequence[Any]) -> bool:
    (bound,) = bounds
    if all(isinstance(number, int | float) for number in (value, known, bound)):
        return bool(abs(value - bound) <= abs(known - bound))
    return bool(value == known)


@dataclass(frozen=True)
class Operator:
    """An operator of limits.

    `allows` compares a value with the bounds of a limit; a limit has several bounds if its operator
    `takes_list`. `is_no_worse` compares two values that the limit forbids: whether the first is no
    further from the bounds than the second. `wording` describes the operator in messages.

    An operator that `is_ordered` does not compare words. If a part of a total breaks a limit whose
    operator `is_upper_bound`, so does the whole. A value that is missing, or is not a version where
    one is needed, breaks every limit except those whose operator `allows_missing`.
    """

    symbol: str
    wording: str
    allows: Callable[[Any, Sequence[Any]], bool]
    is_no_worse: Callable[[Any, Any, Sequence[Any]], bool] = _is_equal
    is_ordered: bool = False
    is_upper_bound: bool = False
    allows_missing: bool = False
    takes_list: bool = False

    @property
    def pattern(self) -> str:
        """A regular expression; an operator of letters must precede a blank, quote or bracket."""
        return re.escape(self.symbol) + (r"(?=[\s\[\"'])" if self.symbol.isalpha() else "")


def _ordering(
    symbol: str,
    wording: str,
    compare: Callable[[Any, Any], bool],
    *,
    is_upper_bound: bool = False,
) -> Operator:
    return Operator(
        symbol,
        wording,
        lambda value, bounds: compare(value, bounds[0]),
        lambda value, known, bounds: value == known or compare(value, known),
        is_ordered=True,
        is_upper_bound=is_upper_bound,
    )


OPERATORS: Final[Mapping[str, Operator]] = MappingProxyType(
    {
        record.symbol: record
        for record in (
            _ordering("<=", "at most", operator.le, is_upper_bound=True),
            _ordering("<", "less than", operator.lt, is_upper_bound=True),
            _ordering(">=", "at least", operator.ge),
            _ordering(">", "more than", operator.gt),
            Operator(
                "==",
                "equal to",
                lambda value, bounds: bool(value == bounds[0]),
                _is_no_further,
            ),
            Operator(
                "!=",
                "other than",
                lambda value, bounds: bool(value != bounds[0]),
                allows_missing=True,
            ),
            Operator(
                "in",
                "one of",
                lambda value, bounds: value in bounds,
                takes_list=True,
            ),
        )
    }
)
"""All operators by their symbols, in the order in which messages list them."""
