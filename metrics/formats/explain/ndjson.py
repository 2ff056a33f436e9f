"""NDJSON: a line of JSON for each item of a number, each dropped element and each warning."""

from __future__ import annotations

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
    from metrics.formats.explain import ExplainLayout


def ndjson(explanations: Iterable[Explanation], layout: ExplainLayout) -> Iterator[bytes]:
    """Print a line for each item of a number, each dropped element and each warning."""
    for explanation in explanations:
        file = file_record(explanation.report)
        for line in _lines(explanation, layout):
            yield dumps(file | line, orjson.OPT_APPEND_NEWLINE)


def _lines(explanation: Explanation, layout: ExplainLayout) -> Iterator[Record]:
    report = explanation.report
    if report.error is not None:
        yield head_record(report)
        return
    for number in explanation.numbers:
        for item in number.items:
            yield {"key": number.key} | item_record(item)
    if not layout.only_items:
        for dropped in dropped_records(explanation):
            yield {"dropped": dropped}
        for warning in warning_records(report):
            yield {"warning": warning}
