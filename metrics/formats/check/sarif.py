"""SARIF 2.1.0, as code scanning takes it: a result for each violation.

A receiver refuses a file beyond its bounds. GitHub takes 25,000 results, and of each a hundred
locations: the first are given, and that there are more is told beside them.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import orjson

from metrics.formats.check.content import (
    failure,
    first_line,
    in_workspace,
    line_of,
    name_of,
    place_of,
    said,
)
from metrics.formats.text import counted, dumps, on_one_line
from metrics.keys import find_key
from metrics.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from metrics.checks.result import CheckResult, Violation

Record = dict[str, Any]

SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
VERSION: Final = "2.1.0"
TOP: Final = "%SRCROOT%"
MAX_RESULTS: Final = 25_000
MAX_NOTIFICATIONS: Final = 1_000
# With more, the file would be larger than the 10 MB that are taken of it, compressed.
MAX_LOCATIONS: Final = 250_000
TOTAL: Final = "total."


def sarif(result: CheckResult, is_terminal: bool) -> Iterator[bytes]:
    """Give a log with one run: its rules are the keys that are limited."""
    told = result.violations[:MAX_RESULTS]
    rules = sorted({*map(_rule, told)})
    places = {rule: place for place, rule in enumerate(rules)}
    run = {
        "tool": {
            "driver": {
                "name": "metrics",
                "semanticVersion": __version__,
                "rules": [*map(_described, rules)],
            }
        },
        "automationDetails": {"id": "metrics-check/"},
        "invocations": [
            {
                "executionSuccessful": not result.failures,
                "toolExecutionNotifications": [*_notifications(result)],
            }
        ],
        "results": [*_results(told, places)],
    }
    log = {"$schema": SCHEMA, "version": VERSION, "runs": [run]}
    yield dumps(log, orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _rule(violation: Violation) -> str:
    key = violation.limit.key
    return f"{TOTAL}{key}" if violation.file is None else key


def _described(rule: str) -> Record:
    key = rule.removeprefix(TOTAL)
    subject = "The total of a portfolio" if rule.startswith(TOTAL) else "A value of a diagram"
    return {
        "id": rule,
        "shortDescription": {"text": f"{subject} is beyond its limit: {key}"},
        "fullDescription": {"text": f"{find_key(key).leaf.meaning}."},
        "help": {"text": f"metrics explain --key {key} FILE tells what is behind the value."},
        "defaultConfiguration": {"level": "error"},
    }


def _results(violations: Iterable[Violation], places: dict[str, int]) -> Iterator[Record]:
    left = MAX_LOCATIONS
    for violation in violations:
        rule = _rule(violation)
        place = place_of(violation)
        related = [*_related(violation)]
        left -= len(related)
        yield {
            "ruleId": rule,
            "ruleIndex": places[rule],
            "level": "error",
            "message": {"text": f"{on_one_line(said(violation))}."},
            "locations": [] if place is None else [_location(place, first_line(violation))],
            **({"relatedLocations": related} if related and left >= 0 else {}),
            "partialFingerprints": {"metricsLimit/v1": _fingerprint(violation, place)},
            "properties": {"limit": violation.limit.condition, "value": violation.value},
        }


def _related(violation: Violation) -> Iterator[Record]:
    """What has a part in a violation: the elements of a diagram, or the diagrams of a sum."""
    file = violation.file
    places = (
        ((holder.file, None, f"{holder.value:,} of it") for holder in violation.most)
        if file is None
        else ((file, line_of(item), name_of(item)) for item in violation.items)
    )
    for number, (name, line, text) in enumerate(places, start=1):
        yield {"id": number, **_location(name, line), "message": {"text": on_one_line(text)}}


def _location(file: str, line: int | None) -> Record:
    # Without a line none is shown: then it is the first.
    region = {"startLine": line or 1}
    return {"physicalLocation": {"artifactLocation": _artifact(file), "region": region}}


def _artifact(file: str) -> Record:
    path = in_workspace(file)
    if os.path.isabs(path):
        return {"uri": f"file://{quote(os.fsencode(path))}"}
    return {"uri": quote(os.fsencode(path)), "uriBaseId": TOP}


def _fingerprint(violation: Violation, place: str | None) -> str:
    """What tells a violation from others, whatever the numbers and the lines are."""
    path = "" if place is None or violation.file is None else in_workspace(place)
    parts = (_rule(violation), violation.limit.operator, path)
    return hashlib.sha256(os.fsencode("\0".join(parts))).hexdigest()


def _notifications(result: CheckResult) -> Iterator[Record]:
    for report in result.failures[:MAX_NOTIFICATIONS]:
        line = None if report.error is None else report.error.line
        yield {
            "level": "error",
            "message": {"text": on_one_line(failure(report))},
            "locations": [_location(report.file or "-", line)],
        }
    for found, told, noun in (
        (len(result.failures), MAX_NOTIFICATIONS, "unmeasured diagram"),
        (len(result.violations), MAX_RESULTS, "violation"),
    ):
        if found > told:
            text = f"{counted(found - told, f'more {noun}')}, which this log leaves out."
            yield {"level": "warning", "message": {"text": text}}
