"""Text for people: each violation with the lines behind it, then what is better, then the sum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from metrics.formats.check.content import better, conclusion, first_line, said
from metrics.formats.explain.tree import describe_item
from metrics.formats.text import counted, on_one_line
from metrics.formats.text.styled import printed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metrics.checks.result import CheckResult, Violation
    from metrics.formats.text.styled import Segments

MAX_ITEMS: Final = 10
INDENT: Final = "    "


def text(result: CheckResult, is_terminal: bool) -> Iterator[bytes]:
    """Give the violations in the order of the diagrams; those of sums come last."""
    yield from printed(_lines(result), is_terminal=is_terminal)
    yield f"{conclusion(result)}\n".encode()


def _lines(result: CheckResult) -> Iterator[Segments]:
    for violation in result.violations:
        file = violation.file
        yield from _total(violation) if file is None else _violation(violation, file)
    if result.improvements:
        yield [("The baseline can be tightened, by --write-baseline:", "green")]
    for improvement in result.improvements:
        file = "" if improvement.file is None else f"{on_one_line(improvement.file)}: "
        yield [(f"{INDENT}{file}{on_one_line(better(improvement))}", "")]


def _violation(violation: Violation, file: str) -> Iterator[Segments]:
    line = first_line(violation)
    place = on_one_line(file) + ("" if line is None else f":{line}")
    yield [(place, "bold"), (f": {on_one_line(said(violation))}", "")]
    for item in violation.items[:MAX_ITEMS]:
        yield [(INDENT, ""), *describe_item(item)]
        for source in item.sources[:1]:
            if item.element is None and source.line is not None:
                yield [(f"{INDENT * 2}line {source.line}", "dim")]
    known = violation.value if isinstance(violation.value, int) else len(violation.items)
    if violation.items and known > MAX_ITEMS:
        yield [(f"{INDENT}and {known - MAX_ITEMS:,} more: see metrics explain", "dim")]


def _total(violation: Violation) -> Iterator[Segments]:
    place = "" if violation.configuration is None else f"{on_one_line(violation.configuration)}: "
    yield [(place, "bold"), (on_one_line(said(violation)), "")]
    if violation.most:
        yield [(f"{INDENT}most of it in {counted(len(violation.most), 'diagram')}:", "dim")]
    for holder in violation.most:
        yield [(f"{INDENT}{holder.value:,}  {on_one_line(holder.file)}", "")]
