"""JSON: one object with the whole result of a check."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from metrics.blocks import Omitted
from metrics.formats.explain.json import item_record
from metrics.formats.text import dumps
from metrics.reading.sources import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metrics.checks.result import CheckResult, Improvement, Violation

Record = dict[str, Any]


def json(result: CheckResult, is_terminal: bool) -> Iterator[bytes]:
    """The object, indented."""
    record = {
        "diagrams": result.diagrams,
        "measured": len(result.files),
        "failed": len(result.failures),
        "tolerated": result.tolerated,
        **({"notApplied": result.not_applied} if result.not_applied else {}),
        "violations": [*map(_violation, result.violations)],
        "improvements": [*map(_improvement, result.improvements)],
        "failures": [
            {"file": printable(report.file or "")} | report.payload() for report in result.failures
        ],
    }
    yield dumps(record, orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _violation(violation: Violation) -> Record:
    file, limit, value, items, contributions, configuration, _ = violation
    names = {"file": file, "configuration": configuration}
    record: Record = {name: printable(path) for name, path in names.items() if path is not None}
    record |= {"key": limit.key, "limit": limit.condition, "value": value}
    if file is not None:
        return record | {"items": [item_record(item) for item in items]}
    largest = [{"file": printable(name), "value": number} for name, number in contributions]
    return record | {"most": largest}


def _improvement(improvement: Improvement) -> Record:
    file, key, baseline, value, is_tolerated, is_gone, _ = improvement
    return {
        **({} if file is None else {"file": printable(file)}),
        "key": key,
        "baseline": baseline,
        **({} if isinstance(value, Omitted) else {"value": value}),
        **({"gone": True} if is_gone else {"tolerated": is_tolerated}),
    }
