"""JSON for tools: one object with all changes and the totals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from metrics.blocks import Omitted, to_json
from metrics.diff.pairs import Status
from metrics.formats.text import dumps
from metrics.reading.sources import printable
from metrics.report import error_block

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from metrics.diff.comparison import Change, Comparison, Difference

Record = dict[str, Any]


def json(comparison: Comparison, is_terminal: bool) -> Iterator[bytes]:
    """Print the object, indented."""
    record = {
        "old": printable(comparison.old),
        "new": printable(comparison.new),
        "diagrams": {
            **{str(status): number for status, number in _counts(comparison)},
            "unchanged": comparison.unchanged,
        },
        "changes": [*map(_change, comparison.changes)],
        "totals": _values(comparison.totals),
    }
    yield dumps(record, orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _counts(comparison: Comparison) -> Iterator[tuple[Status, int]]:
    """The number of diagrams of each status; `changedOtherwise` is omitted if it is 0."""
    for status in Status:
        number = comparison.count(status)
        if number or status is not Status.CHANGED_OTHERWISE:
            yield status, number


def _change(change: Change) -> Record:
    record: Record = {"status": change.status, "file": printable(change.file)}
    if change.old_file is not None:
        record["oldFile"] = printable(change.old_file)
    if change.errors:
        record["errors"] = {
            side: to_json(error_block(error)) for side, error in change.errors.items()
        }
    return record | {"values": _values(change.values)}


def _values(values: Mapping[str, Difference]) -> Record:
    return {
        key: {
            side: value
            for side, value in difference._asdict().items()
            if not isinstance(value, Omitted)
        }
        for key, difference in values.items()
    }
