"""CSV: rows below a header.

An empty cell stands for null and for a value that a row does not have. Lists and maps are JSON in a
cell.

A spreadsheet runs some texts as formulas. Such a text gets a leading `'`, and the spreadsheet shows
it as text. Numbers never get one.
"""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING, Any, Final

from metrics.blocks import OMITTED
from metrics.formats.text import MISLEADING_LINES, dumps, escaped
from metrics.formats.text.printed import Printed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

# The characters that OWASP lists: tabs and line breaks, and `=`, `+`, `-` and `@`, also full-width
# and after blanks, which a spreadsheet may remove. Alone they do nothing, as in the operator `==`
# and in `-`, the name of standard input.
FORMULA: Final = re.compile(r"[\t\r\n]|\s*[=+\-@\uff1d\uff0b\uff0d\uff20](?![=+\-@]*\Z)")


def csv_rows(
    columns: Sequence[str], rows: Iterable[Mapping[str, Any]], *, is_raw: bool = False
) -> Iterator[bytes]:
    """Print the header, then the rows; each maps names of columns to values.

    With `is_raw`, texts that a spreadsheet would run get no leading `'`.
    """
    text = Printed(newline="")
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({column: _cell(value, is_raw) for column, value in row.items()})
        yield text.take()
    # The header, if there are no rows.
    yield text.take()


def _cell(value: Any, is_raw: bool) -> Any:
    if value is OMITTED:
        return ""
    if isinstance(value, list | dict):
        # JSON escapes, so that a JSON parser restores the characters.
        return re.sub(MISLEADING_LINES, _escaped_in_json, dumps(value).decode())
    if not isinstance(value, str):
        return value
    # Tabs and line feeds stay; the writer quotes a cell with a line feed.
    shown = escaped(value, MISLEADING_LINES)
    return f"'{shown}" if not is_raw and FORMULA.match(value) else shown


def _escaped_in_json(match: re.Match[str]) -> str:
    import json

    return json.dumps(match[0])[1:-1]
