"""NDJSON: a line with a JSON object for each diagram."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson

from metrics.formats.scan import ScanLayout, record
from metrics.formats.text import dumps
from metrics.reading.sources import printable
from metrics.report import PayloadCache

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from metrics.report import Report

MAX_PAYLOADS_REMEMBERED: Final = 2048
MAX_BYTES_PER_PAYLOAD: Final = 4096


def ndjson(reports: Iterable[Report], layout: ScanLayout) -> Iterator[bytes]:
    """Print a line for each diagram."""

    def rest_of_line(report: Report) -> bytes:
        payload = report.payload(fragments=layout.fragments, documented_keys=layout.documented_keys)
        return b"," + dumps(payload, orjson.OPT_APPEND_NEWLINE)[1:] if payload else b"}\n"

    # Ten times faster than printing each payload again.
    payloads = PayloadCache(
        rest_of_line,
        max_entries=MAX_PAYLOADS_REMEMBERED,
        is_kept=lambda report, line: len(line) <= MAX_BYTES_PER_PAYLOAD,
    )
    for report in reports:
        if report.file is None or report.error is not None or layout.warnings:
            yield dumps(record(report, layout), orjson.OPT_APPEND_NEWLINE)
        else:
            yield b'{"file":' + dumps(printable(report.file)) + payloads.get(report)
