"""SARIF 2.1.0 for code scanning: a result for each violation.

GitHub refuses a log with more than 25,000 results, or more than a hundred locations in a result.
The log has the first ones, and notifications about the rest.
"""

from __future__ import annotations

import hashlib
import os
import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import orjson

from metrics.formats.check import content
from metrics.formats.text import counted, dumps, on_one_line
from metrics.keys import find_key
from metrics.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from metrics.checks.result import CheckResult, Violation

Record = dict[str, Any]

SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
VERSION: Final = "2.1.0"
REPOSITORY_BASE: Final = "%SRCROOT%"
MAX_RESULTS: Final = 25_000
MAX_NOTIFICATIONS: Final = 1_000
# With more, the log could exceed 10 MB after compression, which GitHub refuses.
MAX_LOCATIONS: Final = 250_000
TOTAL: Final = "total."

BRACE: Final = re.compile("[{}]")
# Backslashes before a bracket are doubled, so that they do not escape the backslash that is added.
BRACKET: Final = re.compile(r"(\\*)([\[\]])")


def sarif(result: CheckResult, is_terminal: bool) -> Iterator[bytes]:
    """A log with one run, whose rules are the keys of the violated limits."""
    violations = result.violations[:MAX_RESULTS]
    rules = sorted({*map(_rule_id, violations)})
    rule_indexes = {rule: index for index, rule in enumerate(rules)}
    run = {
        "tool": {
            "driver": {
                "name": "metrics",
                "semanticVersion": __version__,
                "rules": [*map(_rule, rules)],
            }
        },
        "automationDetails": {"id": "metrics-check/"},
        "invocations": [
            {
                "executionSuccessful": not result.failures,
                "toolExecutionNotifications": [*_notifications(result)],
            }
        ],
        "results": [*_results(violations, rule_indexes)],
    }
    log = {"$schema": SCHEMA, "version": VERSION, "runs": [run]}
    yield dumps(log, orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _rule_id(violation: Violation) -> str:
    key = violation.limit.key
    return f"{TOTAL}{key}" if violation.file is None else key


def _rule(rule: str) -> Record:
    key = rule.removeprefix(TOTAL)
    subject = "A total" if rule.startswith(TOTAL) else "A diagram"
    return {
        "id": rule,
        "shortDescription": _message(f"{subject} breaks a limit: {key}"),
        "fullDescription": _message(f"{find_key(key).leaf.meaning}."),
        "help": _message(f"metrics explain --key {key} FILE lists what the value counts."),
        "defaultConfiguration": {"level": "error"},
    }


def _results(violations: Iterable[Violation], rule_indexes: dict[str, int]) -> Iterator[Record]:
    left = MAX_LOCATIONS
    for violation in violations:
        rule = _rule_id(violation)
        file = content.annotated_file(violation)
        related = [*_related(violation)]
        left -= len(related)
        locations = [] if file is None else [_location(file, content.first_line(violation))]
        yield {
            "ruleId": rule,
            "ruleIndex": rule_indexes[rule],
            "level": "error",
            "message": _message(f"{content.describe_violation(violation)}."),
            "locations": locations,
            **({"relatedLocations": related} if related and left >= 0 else {}),
            "partialFingerprints": {"metricsLimit/v1": _fingerprint(violation)},
            "properties": {"limit": violation.limit.condition, "value": violation.value},
        }


def _related(violation: Violation) -> Iterator[Record]:
    """The items of a diagram, or the diagrams with the largest values of a total."""
    file = violation.file
    related = (
        ((name, None, f"{value:,} in this diagram") for name, value in violation.contributions)
        if file is None
        else ((file, content.line_of(item), content.name_of(item)) for item in violation.items)
    )
    for number, (name, line, text) in enumerate(related, start=1):
        yield {"id": number, **_location(name, line), "message": _message(text)}


def _message(text: str) -> Record:
    """A message that SARIF viewers show unchanged.

    This also holds if it looks like a link, `[text](1)`, or a placeholder, `{0}`. SARIF requires
    doubled braces in every message (3.11.5) and escaped brackets (3.11.6).
    """
    text = BRACKET.sub(r"\1\1\\\2", on_one_line(text))
    return {"text": BRACE.sub(r"\g<0>\g<0>", text)}


def _location(file: str, line: int | None) -> Record:
    # GitHub shows no location without a line.
    region = {"startLine": line or 1}
    return {"physicalLocation": {"artifactLocation": _artifact(file), "region": region}}


def _artifact(file: str) -> Record:
    path = content.in_workspace(file)
    if os.path.isabs(path):
        return {"uri": f"file://{quote(os.fsencode(path))}"}
    return {"uri": quote(os.fsencode(path)), "uriBaseId": REPOSITORY_BASE}


def _fingerprint(violation: Violation) -> str:
    """Identifies a violation even if its value and lines change."""
    file = violation.file
    path = "" if file is None else content.in_workspace(file)
    parts = (_rule_id(violation), violation.limit.operator, path)
    return hashlib.sha256(os.fsencode("\0".join(parts))).hexdigest()


def _notifications(result: CheckResult) -> Iterator[Record]:
    for report in result.failures[:MAX_NOTIFICATIONS]:
        line = None if report.error is None else report.error.line
        yield {
            "level": "error",
            "message": _message(content.describe_failure(report)),
            "locations": [_location(report.name, line)],
        }
    for count, maximum, noun in (
        (len(result.failures), MAX_NOTIFICATIONS, "unmeasured diagram"),
        (len(result.violations), MAX_RESULTS, "violation"),
    ):
        if count > maximum:
            text = f"{counted(count - maximum, f'more {noun}')}, not included in this log."
            yield {"level": "warning", "message": _message(text)}
