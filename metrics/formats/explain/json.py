"""JSON, indented: an object for a single diagram, an array of them for several."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from metrics.blocks import to_json
from metrics.formats.text import dumps, json_array
from metrics.reading.sources import printable
from metrics.report import warning_block

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from metrics.explanation import DiagramElement, Explanation, Item
    from metrics.formats.explain import ExplainLayout
    from metrics.report import Report

Record = dict[str, Any]


def json(explanations: Iterable[Explanation], layout: ExplainLayout) -> Iterator[bytes]:
    """Print the object of a single diagram, or an array."""
    if layout.single:
        for explanation in explanations:
            yield dumps(_record(explanation), orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    else:
        yield from json_array(map(_record, explanations))


def _record(explanation: Explanation) -> Record:
    """The profile of a diagram, then its numbers with their items."""
    record = head_record(explanation.report)
    if explanation.report.error is None:
        record["numbers"] = [
            {
                "key": number.key,
                "value": number.value,
                **({"meaning": number.meaning} if number.meaning else {}),
                "items": [item_record(item) for item in number.items],
            }
            for number in explanation.numbers
        ]
        record["dropped"] = [*dropped_records(explanation)]
        record["warnings"] = [*warning_records(explanation.report)]
    return record


def head_record(report: Report) -> Record:
    if report.error is not None:
        return file_record(report) | report.payload()
    profile = report.payload(fragments=["profile"])
    return file_record(report) | {"diagramType": report.kind, **profile}


def file_record(report: Report) -> Record:
    return {} if report.file is None else {"file": printable(report.file)}


def item_record(item: Item) -> Record:
    """An item of a number as a JSON object."""
    record: Record = dict(item.texts)
    if item.element is not None:
        record |= _element(item.element)
    record |= {role: _element(element) for role, element in item.related.items()}
    if item.sources:
        record["sources"] = [_element(source) for source in item.sources]
    return record | ({"times": item.times} if item.times != 1 else {})


def _element(element: DiagramElement) -> Record:
    type, id, name, line, kind = element
    values = {"kind": kind, "type": type, "id": id, "name": name, "line": line}
    return {key: value for key, value in values.items() if value is not None}


def dropped_records(explanation: Explanation) -> Iterator[Record]:
    """The dropped elements as JSON objects."""
    for dropped in explanation.dropped:
        yield {
            "type": dropped.type,
            "id": dropped.id,
            "line": dropped.line,
            "reason": dropped.reason,
        }


def warning_records(report: Report) -> Iterator[Record]:
    """The warnings as JSON objects."""
    return (to_json(warning_block(warning)) for warning in report.warnings)
