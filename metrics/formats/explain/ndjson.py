"""NDJSON: a line of JSON for each item of a number, each dropped element and each warning."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import orjson

from metrics.formats.explain.json import (
    Record,
    dropped_records,
    file_record,
    head_record,
    item_record,
    warning_records,
)
from metrics.formats.text import dumps

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from metrics.explanation import Explanation


def ndjson(explanation: Explanation, is_terminal: bool) -> Iterator[bytes]:
    """Print a line for each item of a number, each dropped element and each warning."""
    report = explanation.report
    lines: Iterable[Record]
    if report.error is not None:
        lines = [head_record(report)]
    else:
        lines = chain(
            (
                {"key": number.key} | item_record(item)
                for number in explanation.numbers
                for item in number.items
            ),
            ({"dropped": dropped} for dropped in dropped_records(explanation)),
            ({"warning": warning} for warning in warning_records(report)),
        )
    file = file_record(report)
    for line in lines:
        yield dumps(file | line, orjson.OPT_APPEND_NEWLINE)
