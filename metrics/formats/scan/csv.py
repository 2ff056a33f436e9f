"""CSV: a row a diagram, a column for each value of a payload, named by its dotted key.

The columns are the same whatever the diagrams are: those of Camunda 7 and of Camunda 8, and those
of an error. A cell is empty where the payload has no such key, or null; `elementTemplates` and
`warnings`, which are lists, are cells of JSON.
"""

from __future__ import annotations

import csv as python_csv
import io
import re
from typing import TYPE_CHECKING, Any, Final

from metrics.blocks import columns as block_columns
from metrics.blocks import leaves
from metrics.formats.scan import STANDARD_INPUT, ScanLayout, record
from metrics.formats.text import dumps, escaped
from metrics.report import DIAGRAM_TYPE, ErrorBlock, columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from metrics.report import Report

# Control characters, but for tabs and the breaks of lines that the writer puts in quotes.
UNQUOTED: Final = re.compile("[\0-\x08\v-\x1f\x7f-\x9f]")

ERROR_COLUMNS: Final = tuple(column.key for column in block_columns(ErrorBlock, "error."))


def csv(reports: Iterable[Report], layout: ScanLayout) -> Iterator[bytes]:
    """Give the row of names, then the row of each diagram."""
    by_metric = columns(fragments=layout.fragments, documented_keys=layout.documented_keys)
    names = [
        "file",
        *(() if layout.fragments else (DIAGRAM_TYPE,)),
        *(column.key for found in by_metric.values() for column in found),
        *(("warnings",) if layout.warnings else ()),
        *ERROR_COLUMNS,
    ]
    rows = io.StringIO(newline="")
    writer = python_csv.DictWriter(rows, names, restval="", lineterminator="\n")
    writer.writeheader()
    for report in reports:
        found = leaves(record(report, layout))
        writer.writerow({"file": STANDARD_INPUT} | {key: _cell(value) for key, value in found})
        yield rows.getvalue().encode()
        rows.seek(0)
        rows.truncate()
    yield rows.getvalue().encode()


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        return dumps(value).decode()
    return escaped(value, UNQUOTED) if isinstance(value, str) else value
