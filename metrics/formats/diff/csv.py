"""CSV: a row for each value that differs; the columns never change.

A diagram that was added or removed has no rows for zeros. A diagram without rows of values has one
row, without a key: it was only renamed, it changed otherwise, or it could not be measured on a
side, for the reason in `oldError` or `newError`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from metrics.blocks import OMITTED
from metrics.formats.diff.content import values
from metrics.formats.text.csv import csv_rows
from metrics.reading.sources import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metrics.diff.comparison import Change, Comparison
    from metrics.reading.errors import DocumentError

COLUMNS: Final = (
    "file",
    "oldFile",
    "status",
    "key",
    "old",
    "new",
    "difference",
    "oldError",
    "newError",
)


def csv(comparison: Comparison, is_terminal: bool, *, is_raw: bool = False) -> Iterator[bytes]:
    """Print the header, then the values of each diagram, sorted by name."""
    rows = (row for change in comparison.changes for row in _rows(change))
    return csv_rows(COLUMNS, rows, is_raw=is_raw)


def _rows(change: Change) -> Iterator[dict[str, Any]]:
    head = {
        "file": printable(change.file),
        "oldFile": OMITTED if change.old_file is None else printable(change.old_file),
        "status": change.status.value,
    }
    shown = [*values(change)]
    if not shown:
        errors = {"oldError": _reason(change.old_error), "newError": _reason(change.new_error)}
        yield head | errors
    for key, difference in shown:
        sides = {"old": difference.before, "new": difference.after}
        yield {**head, "key": key, **sides, "difference": difference.step}


def _reason(error: DocumentError | None) -> Any:
    return OMITTED if error is None else f"{error.type}: {printable(error.message)}"
