"""JSON, indented: an object for a single diagram, an array of them for several."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from metrics.formats.scan import ScanLayout, record
from metrics.formats.text import dumps, json_array

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from metrics.report import Report


def json(reports: Iterable[Report], layout: ScanLayout) -> Iterator[bytes]:
    """Print the payload of a single diagram, or an array."""
    if layout.single:
        for report in reports:
            yield dumps(record(report, layout, named=False), orjson.OPT_INDENT_2) + b"\n"
    else:
        yield from json_array(record(report, layout) for report in reports)
