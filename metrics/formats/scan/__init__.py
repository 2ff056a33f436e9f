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


class ScanLayout(NamedTuple):
    """What is printed of a report, and where to.

    `fragments` are the fragments of the payload to print, all if empty; `added` are the fragments
    of our own in the reports. `documented_keys` spells keys as the telemetry page does, `warnings`
    adds the warnings. A `single` report is printed by itself. `is_terminal` if the output is a
    terminal.
    """

    fragments: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    documented_keys: bool = False
    warnings: bool = False
    single: bool = False
    is_terminal: bool = False


def format_named(name: str) -> Format:
    """The function of a format; raises `KeyError` where there is none of that name."""
    function: Format = getattr(import_module(FORMATS[name]), name)
    return function


def record(report: Report, layout: ScanLayout, *, named: bool = True) -> dict[str, Any]:
    """A report as a JSON object, with its file if it is `named` or could not be measured."""
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
