"""CSV: a row for each diagram and a column for each value of the payload, by its dotted key.

The columns do not depend on the diagrams: there is one for each value of Camunda 7, of Camunda 8,
and of an error. A cell is empty if the payload does not have the value, or if it is null. Lists,
maps with open keys, and warnings are JSON in a cell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from metrics.blocks import leaf_values, leaves, map_keys
from metrics.formats.scan import ScanLayout, record
from metrics.formats.text.csv import csv_rows
from metrics.reading.sources import STANDARD_INPUT
from metrics.report import DIAGRAM_TYPE, ErrorBlock, payload_leaves

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from metrics.report import Report

ERROR_COLUMNS: Final = tuple(leaf.key for leaf in leaves(ErrorBlock, "error"))


def csv(reports: Iterable[Report], layout: ScanLayout, *, is_raw: bool = False) -> Iterator[bytes]:
    """Print the header, then a row for each diagram."""
    by_metric = payload_leaves(
        fragments=layout.fragments,
        added=layout.added,
        documented_keys=layout.documented_keys,
    )
    columns = [leaf for metric_leaves in by_metric.values() for leaf in metric_leaves]
    names = [
        "file",
        *(() if layout.fragments else (DIAGRAM_TYPE,)),
        *(leaf.key for leaf in columns),
        *(("warnings",) if layout.warnings else ()),
        *ERROR_COLUMNS,
    ]
    maps = map_keys(columns)
    rows = (
        {"file": STANDARD_INPUT} | dict(leaf_values(record(report, layout), maps=maps))
        for report in layout.in_order(reports)
    )
    return csv_rows(names, rows, is_raw=is_raw)
