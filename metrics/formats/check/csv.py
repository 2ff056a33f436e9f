"""CSV: a row for each violation; the columns never change.

A violation of a diagram has its file and the line of its first item. One of a total has no file;
`configuration` is the file that sets its limit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from metrics.formats.check import content
from metrics.formats.text.csv import csv_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metrics.checks.result import CheckResult, Violation

COLUMNS: Final = ("file", "line", "key", "operator", "limit", "value", "configuration")


def csv(result: CheckResult, is_terminal: bool, *, is_raw: bool = False) -> Iterator[bytes]:
    """Print the header, then the violations of diagrams in their order, then those of totals."""
    return csv_rows(COLUMNS, map(_row, result.violations), is_raw=is_raw)


def _row(violation: Violation) -> dict[str, Any]:
    limit = violation.limit
    return {
        "file": content.printed_path(violation.file),
        "line": content.first_line(violation),
        "key": limit.key,
        "operator": limit.operator,
        "limit": limit.bound,
        "value": violation.value,
        "configuration": content.printed_path(violation.configuration),
    }
