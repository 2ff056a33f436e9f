"""Workflow commands of GitHub Actions, which annotate the files of a pull request.

GitHub shows ten annotations of each kind per step, so the output has the first ten, and a count of
the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from metrics.formats.check import content
from metrics.formats.text import counted, without_breaks
from metrics.reading.errors import truncated
from metrics.reading.sources import MAX_NAME_CHARACTERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from metrics.checks.result import CheckResult, Violation

MAX_ANNOTATIONS_PER_KIND: Final = 10
MAX_ITEMS_PER_ANNOTATION: Final = 10
TITLE: Final = "metrics check"


def github(result: CheckResult, is_terminal: bool) -> Iterator[bytes]:
    """An error for each violation and each failure, and a notice for each improvement."""
    errors = [*_errors(result)]
    notices = [*_notices(result)]
    for commands in (errors, notices):
        for command in commands[:MAX_ANNOTATIONS_PER_KIND]:
            yield f"{command}\n".encode()
    rest = [
        counted(count - MAX_ANNOTATIONS_PER_KIND, f"more {kind}")
        for count, kind in (
            (len(errors), "error"),
            (len(notices) + result.unlisted_count, "notice"),
        )
        if count > MAX_ANNOTATIONS_PER_KIND
    ]
    if rest:
        yield f"{' and '.join(rest)} not shown as annotations.\n".encode()
    yield f"{content.conclusion(result)}\n".encode()


def _errors(result: CheckResult) -> Iterator[str]:
    # GitHub shows only ten: totals and failures, which are few, come before diagrams.
    for violation in result.violations:
        if violation.file is None:
            yield _violation(violation)
    for report in result.failures:
        line = None if report.error is None else report.error.line
        yield _command("error", report.file, line, [content.describe_failure(report)])
    for violation in result.violations:
        if violation.file is not None:
            yield _violation(violation)


def _violation(violation: Violation) -> str:
    file, line = content.annotated_file(violation), content.first_line(violation)
    return _command("error", file, line, _lines(violation))


def _notices(result: CheckResult) -> Iterator[str]:
    for improvement in result.improvements:
        message = f"the baseline is out of date: {content.describe_improvement(improvement)}"
        yield _command("notice", improvement.file, None, [message])


def _lines(violation: Violation) -> Iterator[str]:
    yield content.describe_violation(violation)
    for item in violation.items[:MAX_ITEMS_PER_ANNOTATION]:
        line = content.line_of(item)
        yield content.name_of(item) + ("" if line is None else f", line {line}")
    for file, value in violation.contributions:
        yield f"{value:,}  {truncated(file, MAX_NAME_CHARACTERS)}"


def _command(kind: str, file: str | None, line: int | None, lines: Iterable[str]) -> str:
    properties = {"title": TITLE}
    if file is not None:
        properties = {"file": without_breaks(content.in_workspace(file)), **properties}
        if line is not None:
            properties["line"] = str(line)
    parameters = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{kind} {parameters}::{'%0A'.join(_data(without_breaks(line)) for line in lines)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
