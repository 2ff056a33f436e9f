"""CSV: a row for each number, or for each group and number; the columns never change.

A number has the figures of the JSON, except its distribution and the diagrams with its largest
values. A sum is empty if the number does not add up, such as the nesting of sub-processes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from metrics.blocks import OMITTED, Omitted, to_json
from metrics.formats.summary.content import summarized
from metrics.formats.text.csv import csv_rows
from metrics.keys import find_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from metrics.formats.summary import SummaryLayout
    from metrics.report import Report
    from metrics.summary.model import Summary

FIGURES: Final = (
    "diagrams",
    "notZero",
    "undefined",
    "sum",
    "share",
    "shareOf",
    "minimum",
    "lowerQuartile",
    "median",
    "upperQuartile",
    "percentile90",
    "maximum",
)
COLUMNS: Final = ("by", "group", "measured", "failed", "key", *FIGURES)


def csv(
    reports: Iterable[Report], layout: SummaryLayout, *, is_raw: bool = False
) -> Iterator[bytes]:
    """Print the header, then the rows."""
    summary = summarized(reports, layout, marks_assumed=False)
    return csv_rows(COLUMNS, _rows(summary), is_raw=is_raw)


def _rows(summary: Summary) -> Iterator[dict[str, Any]]:
    if isinstance(summary.groups, Omitted):
        yield from _figures(summary)
    else:
        for name, group in summary.groups.items():
            for row in _figures(group):
                yield {"by": summary.by, "group": name, **row}


def _figures(summary: Summary) -> Iterator[dict[str, Any]]:
    """The figures of each number and each ratio of a summary."""
    head = {"measured": summary.measured, "failed": summary.failed}
    ratios = {} if isinstance(summary.ratios, Omitted) else summary.ratios
    for key, number in (*summary.numbers.items(), *ratios.items()):
        figures = {name: value for name, value in to_json(number).items() if name in FIGURES}
        if not find_key(key).adds_up:
            figures["sum"] = OMITTED
        yield {**head, "key": key, **figures}
