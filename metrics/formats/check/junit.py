"""JUnit XML for GitLab, Jenkins and others: a test case for each diagram."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from lxml import etree

from metrics.archives.names import folder_of
from metrics.formats.check import content
from metrics.formats.text import escaped, on_one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lxml.etree import _Element as Element

    from metrics.checks.result import CheckResult, Violation
    from metrics.report import Report

NAME: Final = "metrics check"
# XML excludes these, besides the control characters that `on_one_line` escapes.
FORBIDDEN: Final = "[\ufffe\uffff]"
MAX_ITEMS_PER_VIOLATION: Final = 100


def junit(result: CheckResult, is_terminal: bool) -> Iterator[bytes]:
    """A suite: the measured diagrams, then the others as errors, then the totals that fail."""
    violations_of: dict[str, list[Violation]] = {}
    totals = []
    for violation in result.violations:
        if violation.file is None:
            totals.append(violation)
        else:
            violations_of.setdefault(violation.file, []).append(violation)
    counts = {
        "name": NAME,
        "tests": str(result.diagrams + len(totals)),
        "failures": str(len(violations_of) + len(totals)),
        "errors": str(len(result.failures)),
    }
    # In pieces: there can be a million cases.
    yield b'<?xml version="1.0" encoding="UTF-8"?>\n'
    yield _start("testsuites", counts)
    yield _start("testsuite", counts | {"skipped": "0"})
    for file in result.files:
        yield _serialized(_diagram_case(file, violations_of.get(file, ())))
    for report in result.failures:
        yield _serialized(_failure_case(report))
    for total in totals:
        yield _serialized(_total_case(total))
    yield b"</testsuite>\n</testsuites>\n"


def _start(tag: str, attributes: dict[str, str]) -> bytes:
    return etree.tostring(_element(tag, attributes)).removesuffix(b"/>") + b">\n"


def _serialized(case: Element) -> bytes:
    return etree.tostring(case) + b"\n"


def _diagram_case(file: str, violations: Sequence[Violation]) -> Element:
    case = _case(file)
    if violations:
        message = "; ".join(map(content.describe_violation, violations))
        lines = (line for violation in violations for line in _lines(violation))
        _add(case, "failure", "limit", message, "\n".join(lines))
    return case


def _failure_case(report: Report) -> Element:
    case = _case(report.name)
    error_type = report.error.type if report.error else ""
    _add(case, "error", error_type, content.describe_failure(report))
    return case


def _total_case(total: Violation) -> Element:
    case = _element("testcase", {"classname": "total", "name": total.limit.key})
    _add(case, "failure", "limit", content.describe_violation(total), "\n".join(_lines(total)))
    return case


def _case(file: str) -> Element:
    folder = folder_of(file) or os.curdir
    return _element("testcase", {"classname": folder, "name": file, "file": file})


def _add(case: Element, tag: str, type: str, message: str, text: str = "") -> None:
    element = _element(tag, {"type": type, "message": message})
    # The lines of a text are clean.
    element.text = text or _clean(message)
    case.append(element)


def _element(tag: str, attributes: dict[str, str]) -> Element:
    return etree.Element(tag, {name: _clean(value) for name, value in attributes.items()})


def _lines(violation: Violation) -> Iterator[str]:
    yield _clean(content.describe_violation(violation))
    for item in violation.items[:MAX_ITEMS_PER_VIOLATION]:
        line = content.line_of(item)
        position = "" if line is None else f":{line}"
        yield _clean(f"  {violation.file}{position}: {content.name_of(item)}")
    yield from (_clean(f"  {value:,}  {file}") for file, value in violation.contributions)


def _clean(text: str) -> str:
    return escaped(on_one_line(text), FORBIDDEN)
