"""The formats of `metrics scan`: each turns reports into bytes.

A format takes reports as they become ready, and yields pieces of output.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from metrics.blocks import to_json
from metrics.formats.registry import Formats
from metrics.reading.sources import printable
from metrics.report import warning_block

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from metrics.keys import Key
    from metrics.report import Report

    Format = Callable[[Iterable[Report], "ScanLayout"], Iterator[bytes]]


FORMATS: Final[Formats[Format]] = Formats(
    "metrics.formats.scan", ("json", "ndjson", "csv", "table")
)

ROW_FORMATS: Final = ("table", "csv")
"""The formats with a row for each diagram, which can be sorted."""


class ScanLayout(NamedTuple):
    """The parts of a report to print, and the output.

    `fragments` are the fragments of the payload to print, all if empty; `added` are the fragments
    of our own in the reports. `documented_keys` spells keys as the telemetry page does, `warnings`
    includes warnings. A `single` report is not part of an array. `is_terminal` says that the output
    is a terminal. Rows are sorted by the value of `sort`, and limited to the first `top`.
    """

    fragments: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    documented_keys: bool = False
    warnings: bool = False
    single: bool = False
    is_terminal: bool = False
    sort: Key | None = None
    top: int | None = None

    def in_order(self, reports: Iterable[Report]) -> Iterable[Report]:
        """The reports in the order of their rows; without `sort`, as they come."""
        if self.sort is None:
            return reports
        from metrics.scanning.sorting import sorted_reports

        return sorted_reports(reports, self.sort, self.top)


def record(report: Report, layout: ScanLayout, *, named: bool = True) -> dict[str, Any]:
    """A report as a JSON object, with its file if it is `named` or has an error."""
    record: dict[str, Any] = {}
    if report.file is not None and (named or report.error is not None):
        record["file"] = printable(report.file)
    record |= report.payload(fragments=layout.fragments, documented_keys=layout.documented_keys)
    if layout.warnings and report.error is None:
        record["warnings"] = [to_json(warning_block(warning)) for warning in report.warnings]
    return record
