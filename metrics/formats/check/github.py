"""Commands of a GitHub workflow's log, which annotate the files of a pull request.

GitHub shows ten annotations of a kind for a step: the first are given, the rest is counted.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from metrics.formats.check.content import (
    better,
    conclusion,
    failure,
    first_line,
    in_workspace,
    line_of,
    name_of,
    place_of,
    said,
)
from metrics.formats.text import counted, without_breaks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from metrics.checks.result import CheckResult, Violation

MAX_OF_A_KIND: Final = 10
MAX_ITEMS: Final = 10
TITLE: Final = "metrics check"


def github(result: CheckResult, is_terminal: bool) -> Iterator[bytes]:
    """Give an error for each violation and each failure, and a notice for what is better."""
    errors = [*_errors(result)]
    notices = [*_notices(result)]
    for commands in (errors, notices):
        for command in commands[:MAX_OF_A_KIND]:
            yield f"{command}\n".encode()
    rest = [
        counted(len(commands) - MAX_OF_A_KIND, f"more {kind}")
        for commands, kind in ((errors, "error"), (notices, "notice"))
        if len(commands) > MAX_OF_A_KIND
    ]
    if rest:
        yield f"{' and '.join(rest)} not shown as annotations.\n".encode()
    yield f"{conclusion(result)}\n".encode()


def _errors(result: CheckResult) -> Iterator[str]:
    # Of what only ten are seen the few that stand for many come first.
    for violation in result.violations:
        if violation.file is None:
            yield _violation(violation)
    for report in result.failures:
        line = None if report.error is None else report.error.line
        yield _command("error", report.file, line, [failure(report)])
    for violation in result.violations:
        if violation.file is not None:
            yield _violation(violation)


def _violation(violation: Violation) -> str:
    return _command("error", place_of(violation), first_line(violation), _lines(violation))


def _notices(result: CheckResult) -> Iterator[str]:
    for improvement in result.improvements:
        told = f"the baseline can be tightened: {better(improvement)}"
        yield _command("notice", improvement.file, None, [told])


def _lines(violation: Violation) -> Iterator[str]:
    yield said(violation)
    for item in islice(violation.items, MAX_ITEMS):
        line = line_of(item)
        yield name_of(item) + ("" if line is None else f", line {line}")
    yield from (f"{holder.value:,}  {holder.file}" for holder in violation.most)


def _command(kind: str, file: str | None, line: int | None, lines: Iterable[str]) -> str:
    properties = {"title": TITLE}
    if file is not None:
        properties = {"file": without_breaks(in_workspace(file)), **properties}
        if line is not None:
            properties["line"] = str(line)
    told = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{kind} {told}::{'%0A'.join(_data(without_breaks(line)) for line in lines)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
