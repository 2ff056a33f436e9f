"""What the formats of a check share: messages, lines and paths."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from metrics.archives.names import contained_member, member_name, member_of
from metrics.blocks import OMITTED, Omitted
from metrics.formats.text import counted
from metrics.metric import HOLDER
from metrics.reading.errors import truncated
from metrics.reading.sources import printable
from metrics.report import marked_as_assumed

if TYPE_CHECKING:
    from metrics.checks.limits import Value
    from metrics.checks.result import CheckResult, Improvement, Violation
    from metrics.explanation import DiagramElement, Item
    from metrics.report import Report

MAX_VALUE_CHARACTERS: Final = 200


def describe_violation(violation: Violation) -> str:
    """The key, the value and the limit."""
    limit = violation.limit
    condition = truncated(limit.condition, MAX_VALUE_CHARACTERS)
    subject = _subject(limit.key, violation.file)
    value = _shown(violation.value, is_assumed=violation.is_assumed)
    return f"{subject} is {value}, its limit is {condition}"


def describe_improvement(improvement: Improvement) -> str:
    """The key, the value in the baseline and the current one."""
    key = _subject(improvement.key, improvement.file)
    before = f"{key} was {_shown(improvement.baseline)}"
    if improvement.is_gone:
        is_total = improvement.file is None
        return f"{before}, {'it has no limit now' if is_total else 'the diagram no longer exists'}"
    if isinstance(improvement.value, Omitted):
        return f"{before}, the diagram no longer has this number"
    now = f"{before}, is {_shown(improvement.value, is_assumed=improvement.is_assumed)}"
    return now if improvement.is_tolerated else f"{now}, within its limits"


def describe_failure(report: Report) -> str:
    """Why a diagram could not be measured."""
    error = report.error
    return "" if error is None else f"not measured, {error.type}: {error.message}"


def conclusion(result: CheckResult) -> str:
    """The outcome of the check in one sentence."""
    broken = [violation.file for violation in result.violations if violation.file is not None]
    totals = len(result.violations) - len(broken)
    parts = [f"{counted(len(result.files), 'diagram')} checked"]
    if broken:
        violations = counted(len(broken), "violation")
        parts.append(f"{violations} in {counted(len({*broken}), 'diagram')}")
    if totals:
        verb = "breaks its limit" if totals == 1 else "break their limits"
        parts.append(f"{counted(totals, 'total')} {verb}")
    if result.has_passed:
        parts.append("no violations")
    if result.failures:
        parts.append(f"{len(result.failures):,} not measured")
    if result.unlimited:
        parts.append(f"{counted(result.unlimited, 'diagram')} without limits")
    parts += (
        f"{key} is null, and so not limited, in {counted(diagrams, 'diagram')}"
        for key, diagrams in result.not_applied.items()
    )
    if result.tolerated:
        parts.append(f"{result.tolerated:,} tolerated by the baseline")
    return f"{', '.join(parts)}."


def line_of(item: Item) -> int | None:
    """The line of an item: its own, or that of its first source."""
    if item.element is not None:
        return item.element.line
    return next((source.line for source in item.sources if source.line is not None), None)


def name_of(item: Item) -> str:
    """The type, name and id of an element, or the first text of another item."""
    if item.element is None:
        return next((text for text in item.texts.values() if text is not None), "without a name")
    name = _name_of_element(item.element)
    holder = item.related.get(HOLDER)
    return name if holder is None else f"{name} in {_name_of_element(holder)}"


def _name_of_element(element: DiagramElement) -> str:
    parts = (element.type, element.name and f"“{element.name}”", element.id)
    return " ".join(part for part in parts if part)


def printed_path(path: str | None) -> str | Omitted:
    """A path as JSON and CSV print it; `OMITTED` for None."""
    return OMITTED if path is None else printable(path)


def first_line(violation: Violation) -> int | None:
    """The line of the first item, None if no item has one."""
    return next((line for item in violation.items if (line := line_of(item)) is not None), None)


def annotated_file(violation: Violation) -> str | None:
    """The diagram; for a total, the file that sets the limit or the largest contributor."""
    contributors = (contribution.file for contribution in violation.contributions)
    return violation.file or violation.configuration or next(contributors, None)


def _subject(key: str, file: str | None) -> str:
    return f"the total of {key}" if file is None else key


def _shown(value: Value, *, is_assumed: bool = False) -> str:
    if value is None:
        return "not stated"
    shown = truncated(str(value), MAX_VALUE_CHARACTERS)
    return marked_as_assumed(shown) if is_assumed else shown


@lru_cache(maxsize=1024)
def in_workspace(file: str) -> str:
    """The path of a file in the checked-out repository; a file outside has its absolute path.

    The repository is the folder in `GITHUB_WORKSPACE`, or else the current folder. The name of a
    member follows the path of its archive, and cannot lead out of it.
    """
    if (inner := member_of(file)) is not None:
        return member_name(in_workspace(inner.archive), contained_member(inner.member))
    try:
        top = os.path.realpath(os.environ.get("GITHUB_WORKSPACE") or os.curdir)
        folder, name = os.path.split(file)
        path = os.path.join(os.path.realpath(folder or os.curdir), name)
    except OSError:
        # The current folder no longer exists.
        return file
    if path.startswith(os.path.join(top, "")):
        return os.path.relpath(path, top).replace(os.sep, "/")
    return path
