"""JSON for tools: one object with all that came of a check."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from metrics.formats import dumps
from metrics.formats.explanation import item_record
from metrics.metric import Omitted
from metrics.sources import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metrics.verdict import Improvement, Verdict, Violation

Record = dict[str, Any]


def json(verdict: Verdict, is_terminal: bool) -> Iterator[bytes]:
    """Give the object, indented."""
    record = {
        "diagrams": verdict.diagrams,
        "measured": len(verdict.files),
        "failed": len(verdict.failures),
        "tolerated": verdict.tolerated,
        "violations": [*map(_violation, verdict.violations)],
        "improvements": [*map(_improvement, verdict.improvements)],
        "failures": [
            {"file": printable(report.file or "")} | report.payload() for report in verdict.failures
        ],
    }
    yield dumps(record, orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _violation(violation: Violation) -> Record:
    file, limit, value, items, most, configuration = violation
    names = {"file": file, "configuration": configuration}
    record: Record = {name: printable(path) for name, path in names.items() if path is not None}
    record |= {"key": limit.key, "limit": limit.condition, "value": value}
    if file is not None:
        return record | {"items": [item_record(item) for item in items]}
    return record | {
        "most": [{"file": printable(holder.file), "value": holder.value} for holder in most]
    }


def _improvement(improvement: Improvement) -> Record:
    file, key, known, value, is_tolerated, is_gone = improvement
    return {
        **({} if file is None else {"file": printable(file)}),
        "key": key,
        "baseline": known,
        **({} if isinstance(value, Omitted) else {"value": value}),
        **({"gone": True} if is_gone else {"tolerated": is_tolerated}),
    }
