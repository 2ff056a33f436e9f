"""Text for people: each violation with the lines behind it, then what is better, then the sum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from metrics.formats import counted, on_one_line
from metrics.formats.check.content import better, conclusion, first_line, said
from metrics.formats.explanation import told_item
from metrics.formats.styled import printed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metrics.formats.styled import Segments
    from metrics.verdict import Verdict, Violation

MOST_ITEMS: Final = 10
INDENT: Final = "    "


def text(verdict: Verdict, is_terminal: bool) -> Iterator[bytes]:
    """Give the violations in the order of the diagrams; those of sums come last."""
    yield from printed(_lines(verdict), is_terminal=is_terminal)
    yield f"{conclusion(verdict)}\n".encode()


def _lines(verdict: Verdict) -> Iterator[Segments]:
    for violation in verdict.violations:
        file = violation.file
        yield from _total(violation) if file is None else _violation(violation, file)
    if verdict.improvements:
        yield [("The baseline can be tightened, by --write-baseline:", "green")]
    for improvement in verdict.improvements:
        file = "" if improvement.file is None else f"{on_one_line(improvement.file)}: "
        yield [(f"{INDENT}{file}{on_one_line(better(improvement))}", "")]


def _violation(violation: Violation, file: str) -> Iterator[Segments]:
    line = first_line(violation)
    place = on_one_line(file) + ("" if line is None else f":{line}")
    yield [(place, "bold"), (f": {on_one_line(said(violation))}", "")]
    for item in violation.items[:MOST_ITEMS]:
        yield [(INDENT, ""), *told_item(item)]
        for source in item.sources[:1]:
            if item.place is None and source.line is not None:
                yield [(f"{INDENT * 2}line {source.line}", "dim")]
    known = violation.value if isinstance(violation.value, int) else len(violation.items)
    if violation.items and known > MOST_ITEMS:
        yield [(f"{INDENT}and {known - MOST_ITEMS:,} more: see metrics explain", "dim")]


def _total(violation: Violation) -> Iterator[Segments]:
    place = "" if violation.configuration is None else f"{on_one_line(violation.configuration)}: "
    yield [(place, "bold"), (on_one_line(said(violation)), "")]
    if violation.most:
        yield [(f"{INDENT}most of it in {counted(len(violation.most), 'diagram')}:", "dim")]
    for holder in violation.most:
        yield [(f"{INDENT}{holder.value:,}  {on_one_line(holder.file)}", "")]
