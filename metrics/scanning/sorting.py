"""Sorts reports by a value of their payload."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from metrics.blocks import NUMERIC, Omitted
from metrics.keys import values_of
from metrics.top import in_order, natural_order

if TYPE_CHECKING:
    from collections.abc import Iterable

    from metrics.keys import Key
    from metrics.report import Report

WITH_VALUE: Final = 0
WITHOUT_VALUE: Final = 1
NOT_MEASURED: Final = 2


def sorted_reports(
    reports: Iterable[Report], key: Key, max_reports: int | None = None
) -> list[Report]:
    """The reports by the value of a key, or the first of them; ties keep their order.

    Numbers are in descending order, texts in ascending order. Then come the reports whose payload
    does not have the value or has null, then those with an error. With `max_reports`, memory does
    not grow with the number of reports.
    """
    return in_order(reports, partial(_rank, key), max_reports)


def _rank(key: Key, report: Report) -> tuple[int, Any]:
    if report.error is not None:
        return NOT_MEASURED, 0
    value = key.value_in(values_of(report))
    if value is None or isinstance(value, Omitted):
        return WITHOUT_VALUE, 0
    return WITH_VALUE, -value if key.kind in NUMERIC else natural_order(str(value))
