"""From reports to bytes: one module a format, with one function of the format's name.

A format takes reports as they come, and gives pieces of output as they are ready. It is imported
when it is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from metrics.blocks import OMITTED, to_json
from metrics.reading.sources import printable
from metrics.report import WarningBlock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from metrics.report import Report

    Format = Callable[[Iterable[Report], "ScanLayout"], Iterator[bytes]]


FORMATS: Final[Mapping[str, str]] = {
    "json": "metrics.formats.scan.json",
    "ndjson": "metrics.formats.scan.ndjson",
    "csv": "metrics.formats.scan.csv",
    "table": "metrics.formats.scan.table",
}
"""The formats by their names on the command line, and the module of each."""

STANDARD_INPUT: Final = "-"
"""What a report without a name is of."""


class ScanLayout(NamedTuple):
    """What of a report is printed, and for whom.

    Of its payload `fragments` (all where empty), with `documented_keys`, and its `warnings`.
    `single` where there is one report only, which is printed by itself; `is_terminal` where a
    person reads it at once.
    """

    fragments: tuple[str, ...] = ()
    documented_keys: bool = False
    warnings: bool = False
    single: bool = False
    is_terminal: bool = False


def format_named(name: str) -> Format:
    """The function of a format; raises `KeyError` where there is none of that name."""
    function: Format = getattr(import_module(FORMATS[name]), name)
    return function


def record(report: Report, layout: ScanLayout, *, named: bool = True) -> dict[str, Any]:
    """What is printed of a report, as JSON has it; with its file where `named` or in error."""
    record: dict[str, Any] = {}
    if report.file is not None and (named or report.error is not None):
        record["file"] = printable(report.file)
    record |= report.payload(fragments=layout.fragments, documented_keys=layout.documented_keys)
    if layout.warnings and report.error is None:
        record["warnings"] = [
            to_json(WarningBlock(printable(message), OMITTED if line is None else line))
            for message, line in report.warnings
        ]
    return record
