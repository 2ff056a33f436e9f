"""CSV: rows below a header.

An empty cell stands for null and for a value that a row does not have. Lists and maps are JSON in a
cell.
"""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING, Any, Final

from metrics.blocks import OMITTED
from metrics.formats.text import dumps, escaped
from metrics.formats.text.printed import Printed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

# Tabs and line breaks stay, since the writer quotes them.
UNQUOTED: Final = re.compile("[\0-\x08\v-\x1f\x7f-\x9f]")


def csv_rows(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """Print the header, then the rows; each maps names of columns to values."""
    text = Printed(newline="")
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({column: _cell(value) for column, value in row.items()})
        yield text.take()
    # The header, if there are no rows.
    yield text.take()


def _cell(value: Any) -> Any:
    if value is OMITTED:
        return ""
    if isinstance(value, list | dict):
        return dumps(value).decode()
    return escaped(value, UNQUOTED) if isinstance(value, str) else value
