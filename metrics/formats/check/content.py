"""What the formats of a check have in common: the words for a violation, and where it is."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from metrics.blocks import Omitted
from metrics.formats.text import counted
from metrics.reading.errors import truncated

if TYPE_CHECKING:
    from metrics.checks.limits import Limit, Value
    from metrics.checks.result import CheckResult, Improvement, Violation
    from metrics.explanation import Item
    from metrics.report import Report

MAX_CHARACTERS: Final = 200


def said(violation: Violation) -> str:
    """What is wrong, for people: the key, the value and the limit."""
    limit, value = violation.limit, violation.value
    subject = f"the total of {limit.key}" if violation.file is None else limit.key
    return f"{subject} is {shown(value)}, its limit is {condition(limit)}"


def condition(limit: Limit) -> str:
    """The operator and the value of a limit, for people."""
    return truncated(limit.condition, MAX_CHARACTERS)


def shown(value: Value) -> str:
    """A value for people."""
    return "not named" if value is None else truncated(str(value), MAX_CHARACTERS)


def better(improvement: Improvement) -> str:
    """What is better than the baseline, for people."""
    key = improvement.key if improvement.file is not None else f"the total of {improvement.key}"
    if improvement.is_gone:
        why = "is not limited any more" if improvement.file is None else "the diagram is gone"
        return f"{key} was {shown(improvement.known)}, {why}"
    if isinstance(improvement.value, Omitted):
        return f"{key} was {shown(improvement.known)}, the diagram has no such number any more"
    told = f"{key} was {shown(improvement.known)}, is {shown(improvement.value)}"
    return told if improvement.is_tolerated else f"{told}, within its limits"


def failure(report: Report) -> str:
    """Why a diagram could not be measured, for people."""
    error = report.error
    return "" if error is None else f"not measured, {error.type}: {error.message}"


def conclusion(result: CheckResult) -> str:
    """How it ends, in one sentence."""
    broken = [violation.file for violation in result.violations if violation.file is not None]
    totals = len(result.violations) - len(broken)
    parts = [f"{counted(len(result.files), 'diagram')} checked"]
    if broken:
        found = counted(len(broken), "violation")
        parts.append(f"{found} in {counted(len({*broken}), 'diagram')}")
    if totals:
        parts.append(f"{counted(totals, 'total')} beyond {'its' if totals == 1 else 'their'} limit")
    if result.is_kept:
        parts.append("no violations")
    if result.failures:
        parts.append(f"{len(result.failures):,} not measured")
    if result.not_applied:
        parts.append(f"{counted(result.not_applied, 'limit')} not applied to null")
    if result.tolerated:
        parts.append(f"{result.tolerated:,} tolerated by the baseline")
    return f"{', '.join(parts)}."


def line_of(item: Item) -> int | None:
    """The line of a thing that is counted: its own, or that of the first that it comes of."""
    if item.element is not None:
        return item.element.line
    return next((source.line for source in item.sources if source.line is not None), None)


def name_of(item: Item) -> str:
    """A thing that is counted, for people."""
    if item.element is None:
        return next((text for text in item.texts.values() if text is not None), "without a name")
    parts = (item.element.type, item.element.name and f"“{item.element.name}”", item.element.id)
    return " ".join(part for part in parts if part)


def first_line(violation: Violation) -> int | None:
    """The first line that a violation is about, None where that is not known."""
    return next((line for item in violation.items if (line := line_of(item)) is not None), None)


def place_of(violation: Violation) -> str | None:
    """The file that a violation is shown at: for a sum what states the limit, or holds the most."""
    holders = (holder.file for holder in violation.most)
    return violation.file or violation.configuration or next(holders, None)


@lru_cache(maxsize=1024)
def in_workspace(file: str) -> str:
    """A file as a forge finds it: from the top of what it has checked out, if it is in there.

    That is the folder which GitHub names, or else the current one.
    """
    try:
        top = os.path.realpath(os.environ.get("GITHUB_WORKSPACE") or os.curdir)
        folder, name = os.path.split(file)
        path = os.path.join(os.path.realpath(folder or os.curdir), name)
    except OSError:
        # The current folder is gone.
        return file
    if path.startswith(os.path.join(top, "")):
        return os.path.relpath(path, top).replace(os.sep, "/")
    return path
