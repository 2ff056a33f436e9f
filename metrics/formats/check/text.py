"""Text for people: each violation with the lines behind it, then what is better, then the sum."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

from metrics.formats import counted, on_one_line
from metrics.formats.check.content import better, conclusion, first_line, said

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.text import Text

    from metrics.gate import Verdict, Violation

MOST_ITEMS: Final = 10
INDENT: Final = "    "


def text(verdict: Verdict, is_terminal: bool) -> Iterator[bytes]:
    """Give the violations in the order of the diagrams; those of sums come last."""
    lines = [*_lines(verdict)] if not verdict.is_kept or verdict.improvements else []
    if lines:
        # To import it takes as long as to check a hundred diagrams.
        from metrics.formats.terminal import UNBOUNDED, console

        printed = io.StringIO()
        page = console(printed, is_terminal=is_terminal, width=UNBOUNDED)
        for line in lines:
            page.print(line, soft_wrap=True)
            yield printed.getvalue().encode()
            printed.seek(0)
            printed.truncate()
    yield f"{conclusion(verdict)}\n".encode()


def _lines(verdict: Verdict) -> Iterator[Text]:
    from rich.text import Text

    for violation in verdict.violations:
        yield from (
            _total(violation) if violation.file is None else _violation(violation, violation.file)
        )
    if verdict.improvements:
        yield Text("Better than the baseline, which --write-baseline tightens:", "green")
    for improvement in verdict.improvements:
        file = "" if improvement.file is None else f"{on_one_line(improvement.file)}: "
        yield Text(f"{INDENT}{file}{on_one_line(better(improvement))}")


def _violation(violation: Violation, file: str) -> Iterator[Text]:
    from rich.text import Text

    from metrics.formats.explanation import told_item

    line = first_line(violation)
    place = on_one_line(file) + ("" if line is None else f":{line}")
    yield Text.assemble((place, "bold"), ": ", on_one_line(said(violation)))
    for item in violation.items[:MOST_ITEMS]:
        yield Text(INDENT).append_text(told_item(item))
        for source in item.sources[:1]:
            if item.place is None and source.line is not None:
                yield Text(f"{INDENT * 2}line {source.line}", "dim")
    known = violation.value if isinstance(violation.value, int) else len(violation.items)
    if violation.items and known > MOST_ITEMS:
        yield Text(f"{INDENT}and {known - MOST_ITEMS:,} more: see metrics explain", "dim")


def _total(violation: Violation) -> Iterator[Text]:
    from rich.text import Text

    place = "" if violation.configuration is None else f"{on_one_line(violation.configuration)}: "
    yield Text.assemble((place, "bold"), on_one_line(said(violation)))
    if violation.most:
        yield Text(f"{INDENT}most of it in {counted(len(violation.most), 'diagram')}:", "dim")
    for holder in violation.most:
        yield Text(f"{INDENT}{holder.value:,}  {on_one_line(holder.file)}")
