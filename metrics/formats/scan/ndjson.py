"""NDJSON: a line of JSON for each diagram."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from metrics.formats.scan import ScanLayout, record
from metrics.formats.text import dumps
from metrics.reading.sources import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from metrics.report import Report

MAX_REMEMBERED: Final = 2048
MAX_BYTES: Final = 4096


def ndjson(reports: Iterable[Report], layout: ScanLayout) -> Iterator[bytes]:
    """Give the line of each diagram."""
    payloads = _Payloads(layout)
    for report in reports:
        if report.file is None or report.error is not None or layout.warnings:
            yield dumps(record(report, layout), orjson.OPT_APPEND_NEWLINE)
        else:
            yield b'{"file":' + dumps(printable(report.file)) + payloads.after_the_file(report)


class _Payloads:
    """What stands in a line behind the file.

    Many diagrams have blocks that are the same objects as another's: to remember what was printed
    of them takes a tenth of the time of printing them again.
    """

    def __init__(self, layout: ScanLayout) -> None:
        self._layout = layout
        # The blocks are kept, so that no other object can come to have the identity of one.
        self._remembered: dict[tuple[int, ...], tuple[Mapping[str, Any], bytes]] = {}

    def after_the_file(self, report: Report) -> bytes:
        identity = (id(report.kind), *map(id, report.blocks.values()))
        if (known := self._remembered.get(identity)) is not None:
            return known[1]
        layout = self._layout
        payload = report.payload(fragments=layout.fragments, documented_keys=layout.documented_keys)
        printed = b"," + dumps(payload, orjson.OPT_APPEND_NEWLINE)[1:] if payload else b"}\n"
        if len(self._remembered) == MAX_REMEMBERED:
            self._remembered.clear()
        if len(printed) <= MAX_BYTES:
            self._remembered[identity] = (report.blocks, printed)
        return printed
