"""From reports to bytes: one function a format.

A format takes reports as they come, and gives pieces of output as they are ready.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from metrics.report import Report


class Selection(NamedTuple):
    """What of a report is printed: its fragments (all where empty), its keys, its warnings."""

    fragments: tuple[str, ...] = ()
    documented_keys: bool = False
    warnings: bool = False


def json(reports: Iterable[Report], selection: Selection, *, single: bool) -> Iterator[bytes]:
    """A JSON object for a single diagram, an array of them for several."""
    if single:
        for report in reports:
            yield _dumps(_record(report, selection, named=False), _INDENTED) + b"\n"
        return
    separator = b"[\n"
    for report in reports:
        record = _dumps(_record(report, selection, named=True), _INDENTED)
        yield separator + b"  " + record.replace(b"\n", b"\n  ")
        separator = b",\n"
    yield b"[]\n" if separator == b"[\n" else b"\n]\n"


def ndjson(reports: Iterable[Report], selection: Selection, *, single: bool) -> Iterator[bytes]:
    """A line of JSON for each diagram."""
    for report in reports:
        yield _dumps(_record(report, selection, named=True), orjson.OPT_APPEND_NEWLINE)


FORMATS: Final[Mapping[str, Callable[..., Iterator[bytes]]]] = {"json": json, "ndjson": ndjson}
"""The formats by their names on the command line."""

_INDENTED: Final = orjson.OPT_INDENT_2


def _dumps(record: dict[str, Any], option: int) -> bytes:
    dumped = orjson.dumps(record, option=option)
    # DEL and the second set of control characters: JSON lets them stand, but a terminal obeys them.
    if b"\x7f" in dumped or b"\xc2" in dumped:
        return re.sub(
            rb"\x7f|\xc2[\x80-\x9f]", lambda match: b"\\u%04x" % ord(match[0].decode()), dumped
        )
    return dumped


def printable(path: str) -> str:
    """A text with a path in it, for output: bytes that are no valid UTF-8 are escaped."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return path


def _record(report: Report, selection: Selection, *, named: bool) -> dict[str, Any]:
    record: dict[str, Any] = {}
    if report.file is not None and (named or report.error is not None):
        record["file"] = printable(report.file)
    record |= report.payload(
        fragments=selection.fragments, documented_keys=selection.documented_keys
    )
    if selection.warnings and report.error is None:
        record["warnings"] = [
            {"message": printable(message)} | ({} if line is None else {"line": line})
            for message, line in report.warnings
        ]
    return record
