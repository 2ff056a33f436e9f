"""Explanations as JSON and NDJSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from metrics.formats.text import dumps
from metrics.reading.sources import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from metrics.explanation import DiagramElement, Explanation, Item
    from metrics.report import Report

    Format = Callable[[Explanation], Iterator[bytes]]


Record = dict[str, Any]


def json(explanation: Explanation) -> Iterator[bytes]:
    """An object: the profile of the diagram, then its numbers with what is behind each."""
    record = _head(explanation.report)
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
    yield dumps(record, orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def ndjson(explanation: Explanation) -> Iterator[bytes]:
    """A line for each thing that a number counts, then for what is dropped, and for warnings."""
    report = explanation.report
    file = {"file": printable(report.file)} if report.file is not None else {}
    lines: Iterable[Record]
    if report.error is not None:
        lines = [_head(report)]
    else:
        lines = (
            record
            for records in (
                (
                    {"key": number.key} | item_record(item)
                    for number in explanation.numbers
                    for item in number.items
                ),
                ({"dropped": dropped} for dropped in dropped_records(explanation)),
                ({"warning": warning} for warning in warning_records(report)),
            )
            for record in records
        )
    for line in lines:
        yield dumps(file | line, orjson.OPT_APPEND_NEWLINE)


def _head(report: Report) -> Record:
    file = {"file": printable(report.file)} if report.file is not None else {}
    if report.error is not None:
        return file | report.payload()
    profile = report.payload(fragments=["profile"])
    return file | {"diagramType": report.kind, **profile}


def item_record(item: Item) -> Record:
    record: Record = dict(item.texts)
    if item.place is not None:
        record |= _place(item.place)
    record |= {role: _place(place) for role, place in item.related.items()}
    if item.sources:
        record["sources"] = [_place(source) for source in item.sources]
    return record | ({"times": item.times} if item.times != 1 else {})


def _place(place: DiagramElement) -> Record:
    type, id, name, line, kind = place
    values = {"kind": kind, "type": type, "id": id, "name": name, "line": line}
    return {key: value for key, value in values.items() if value is not None}


def dropped_records(explanation: Explanation) -> Iterator[Record]:
    for dropped in explanation.dropped:
        place = {"type": dropped.type, "id": dropped.id, "line": dropped.line}
        yield place | {"reason": dropped.reason}


def warning_records(report: Report) -> Iterator[Record]:
    for message, line in report.warnings:
        yield {"message": printable(message)} | ({} if line is None else {"line": line})
