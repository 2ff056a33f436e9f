"""Text for people: violations with their items, then improvements, then the conclusion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from metrics.formats.check import content
from metrics.formats.explain.tree import describe_item
from metrics.formats.text import counted, on_one_line, shown_file
from metrics.formats.text.styled import printed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metrics.checks.result import CheckResult, Violation
    from metrics.formats.text.styled import Segments

MAX_ITEMS_PER_VIOLATION: Final = 10
INDENT: Final = "    "
OUTDATED: Final = "The baseline is out of date; update it with --write-baseline:"


def text(result: CheckResult, is_terminal: bool) -> Iterator[bytes]:
    """The violations of diagrams in their order, then those of totals."""
    yield from printed(_lines(result), is_terminal=is_terminal)
    yield f"{content.conclusion(result)}\n".encode()


def _lines(result: CheckResult) -> Iterator[Segments]:
    for violation in result.violations:
        file = violation.file
        yield from _total(violation) if file is None else _violation(violation, file)
    if result.improvements:
        yield [(OUTDATED, "green")]
    for improvement in result.improvements:
        file = "" if improvement.file is None else f"{shown_file(improvement.file)}: "
        yield [(f"{INDENT}{file}{on_one_line(content.describe_improvement(improvement))}", "")]
    if result.unlisted_count:
        entries = counted(result.unlisted_count, "more value")
        yield [(f"{INDENT}and {entries} of missing diagrams and of totals without a limit", "dim")]


def _violation(violation: Violation, file: str) -> Iterator[Segments]:
    line = content.first_line(violation)
    position = shown_file(file) + ("" if line is None else f":{line}")
    message = on_one_line(content.describe_violation(violation))
    yield [(position, "bold"), (f": {message}", "")]
    for item in violation.items[:MAX_ITEMS_PER_VIOLATION]:
        yield [(INDENT, ""), *describe_item(item)]
        for source in item.sources[:1]:
            if item.element is None and source.line is not None:
                yield [(f"{INDENT * 2}line {source.line}", "dim")]
    count = violation.value if isinstance(violation.value, int) else len(violation.items)
    if violation.items and count > MAX_ITEMS_PER_VIOLATION:
        more = count - MAX_ITEMS_PER_VIOLATION
        yield [(f"{INDENT}and {more:,} more: see metrics explain", "dim")]


def _total(violation: Violation) -> Iterator[Segments]:
    configuration = violation.configuration
    position = "" if configuration is None else f"{shown_file(configuration)}: "
    yield [(position, "bold"), (on_one_line(content.describe_violation(violation)), "")]
    if violation.contributions:
        yield [(f"{INDENT}diagrams with the largest values:", "dim")]
    for file, value in violation.contributions:
        yield [(f"{INDENT}{value:,}  {shown_file(file)}", "")]
