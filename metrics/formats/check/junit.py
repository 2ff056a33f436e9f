"""JUnit XML, as GitLab, Jenkins and others show it: a test case for each diagram."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

from lxml import etree

from metrics.formats.check.content import failure, line_of, name_of, said
from metrics.formats.text import escaped, on_one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.etree import _Element as Element

    from metrics.checks.result import CheckResult, Violation

NAME: Final = "metrics check"
# Beside those that would steer a terminal: XML has no such characters.
FORBIDDEN: Final = re.compile("[\ufffe\uffff]")
MAX_ITEMS: Final = 100


def junit(result: CheckResult, is_terminal: bool) -> Iterator[bytes]:
    """Give a suite: diagrams, those that could not be measured as errors, and sums that fail."""
    violations: dict[str, list[Violation]] = {}
    totals = []
    for violation in result.violations:
        if violation.file is None:
            totals.append(violation)
        else:
            violations.setdefault(violation.file, []).append(violation)
    figures = {
        "name": NAME,
        "tests": str(result.diagrams + len(totals)),
        "failures": str(len(violations) + len(totals)),
        "errors": str(len(result.failures)),
    }
    # Written piece by piece: there may be a million cases.
    yield b'<?xml version="1.0" encoding="UTF-8"?>\n'
    yield _start("testsuites", figures)
    yield _start("testsuite", figures | {"skipped": "0"})
    for file in result.files:
        case = _case(file)
        broken = violations.get(file)
        if broken:
            message = "; ".join(map(said, broken))
            lines = (line for violation in broken for line in _lines(violation))
            _add(case, "failure", "limit", message, "\n".join(lines))
        yield etree.tostring(case) + b"\n"
    for report in result.failures:
        case = _case(report.file or "-")
        _add(case, "error", report.error.type if report.error else "", failure(report))
        yield etree.tostring(case) + b"\n"
    for total in totals:
        case = _element("testcase", {"classname": "total", "name": total.limit.key})
        _add(case, "failure", "limit", said(total), "\n".join(_holders(total)))
        yield etree.tostring(case) + b"\n"
    yield b"</testsuite>\n</testsuites>\n"


def _start(tag: str, attributes: dict[str, str]) -> bytes:
    return etree.tostring(_element(tag, attributes)).removesuffix(b"/>") + b">\n"


def _case(file: str) -> Element:
    folder = os.path.dirname(file) or os.curdir
    return _element("testcase", {"classname": folder, "name": file, "file": file})


def _add(case: Element, tag: str, type: str, message: str, text: str = "") -> None:
    element = _element(tag, {"type": type, "message": message})
    # Each line is one by itself already.
    element.text = text or _clean(message)
    case.append(element)


def _element(tag: str, attributes: dict[str, str]) -> Element:
    return etree.Element(tag, {name: _clean(value) for name, value in attributes.items()})


def _lines(violation: Violation) -> Iterator[str]:
    yield _clean(said(violation))
    for item in violation.items[:MAX_ITEMS]:
        line = line_of(item)
        place = "" if line is None else f":{line}"
        yield _clean(f"  {violation.file}{place}: {name_of(item)}")


def _holders(total: Violation) -> Iterator[str]:
    yield _clean(said(total))
    yield from (_clean(f"  {holder.value:,}  {holder.file}") for holder in total.most)


def _clean(text: str) -> str:
    return escaped(on_one_line(text), FORBIDDEN)
