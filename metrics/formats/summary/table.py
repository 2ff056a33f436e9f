"""Tables for people, one below the other, as wide as their content."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from metrics.blocks import Omitted
from metrics.formats.summary.content import (
    COPIES_TITLES,
    largest,
    not_compared,
    quantity,
    rest,
    summarized,
    tables,
)
from metrics.formats.text import counted, on_one_line, shown_file
from metrics.formats.text.printed import Printed
from metrics.formats.text.terminal import UNBOUNDED, console

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.console import RenderableType

    from metrics.formats.summary import SummaryLayout
    from metrics.formats.summary.content import Table as Figures
    from metrics.report import ErrorBlock, Report
    from metrics.summary.model import Summary

MAX_LARGEST: Final = 3
MAX_FILES: Final = 3
INDENT: Final = "  "
GAP: Final = 2
MIN_NAME_WIDTH: Final = 24
WIDER: Final = "use a wider terminal, or --format csv"


def table(reports: Iterable[Report], layout: SummaryLayout) -> Iterator[bytes]:
    """Print the tables, then short lists of diagrams; the JSON has longer ones."""
    summary = summarized(reports, layout)
    text = Printed()
    page = console(text, is_terminal=layout.is_terminal, width=UNBOUNDED)
    page.print(
        f"{counted(summary.diagrams, 'diagram')}: {summary.measured:,} measured,"
        f" {summary.failed:,} failed",
        style="bold",
        highlight=False,
    )
    width = console(text, is_terminal=layout.is_terminal).width
    for figures in tables(summary):
        if figures.has_paths:
            page.print(*_table_of_paths(figures, width), width=width, sep="")
            continue
        part = _table(figures)
        if part.row_count:
            page.print(Padding(part, (1, 0, 0, 0), expand=False))
    for lines in (_largest(summary), _failures(summary), _copies(summary)):
        section = Text("\n").join(lines)
        if section:
            # Not wrapped, so that paths can be copied.
            page.print(Text("\n").append_text(section), soft_wrap=True)
    for line in text.getvalue().splitlines():
        yield f"{line.rstrip()}\n".encode()


def _grid() -> Table:
    return Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")


def _table(figures: Figures) -> Table:
    title, *heads = figures.heads
    grid = _grid()
    grid.add_column(title, overflow="fold")
    for head in heads:
        grid.add_column(head, justify="right", min_width=max(map(len, head.split())))
    for row in figures.rows:
        name = Text(INDENT * row.depth + on_one_line(row.name))
        grid.add_row(name, *row.figures, style="dim" if row.is_faint else "")
    return grid


def _table_of_paths(figures: Figures, max_width: int) -> Iterator[RenderableType]:
    """A table that fits a width, with the names in the last column, where long ones are wrapped.

    Columns that do not fit are left out, and counted below the table.
    """
    title, *heads = figures.heads
    rows = [*figures.rows]
    names = [on_one_line(row.name) for row in rows]
    # As wide as its longest word or number.
    widths = [
        max(map(len, (*head.split(), *(row.figures[index] for row in rows))))
        for index, head in enumerate(heads)
    ]
    longest = max(map(cell_len, (title, *names)))
    name_width = min(longest, max(MIN_NAME_WIDTH, max_width // 3), max_width // 2)
    ends = accumulate(width + GAP for width in widths)
    shown = sum(end <= max_width - name_width for end in ends)
    grid = _grid()
    for head, width in zip(heads[:shown], widths, strict=False):
        grid.add_column(head, justify="right", width=width)
    grid.add_column(title, overflow="fold")
    for row, name in zip(rows, names, strict=True):
        style = "bold" if row.is_total else ""
        grid.add_row(*row.figures[:shown], Text(name), style=style)
    yield Padding(grid, (1, 0, 0, 0), expand=False)
    if more := len(heads) - shown:
        yield Text(f"{counted(more, 'column')} left out: {WIDER}", "dim")


def _largest(summary: Summary) -> Iterator[Text]:
    title = f"Diagrams with the largest values (the first {MAX_LARGEST}; other formats show ten)"
    if any(number.not_zero for number in summary.numbers.values()):
        yield Text(title, "bold")
    for key, most in largest(summary):
        diagrams = most[:MAX_LARGEST]
        if diagrams:
            yield Text(key, "cyan")
        width = max((len(quantity(diagram.value)) for diagram in diagrams), default=0)
        for diagram in diagrams:
            yield Text(f"{INDENT}{quantity(diagram.value):>{width}}  {shown_file(diagram.file)}")


def _line(error: ErrorBlock) -> str:
    return "" if isinstance(error.line, Omitted) else f":{error.line}"


def _rest(total: int, noun: str, indent: str = "") -> Iterator[Text]:
    if more := rest(total, MAX_FILES, noun):
        yield Text(indent + more, "dim")


def _failures(summary: Summary) -> Iterator[Text]:
    if summary.failures:
        yield Text("Failures", "bold")
    for type, failed in summary.failures.items():
        yield Text.assemble((type, "red"), f"  {counted(failed.diagrams, 'diagram')}")
        for failure in failed.first[:MAX_FILES]:
            message = on_one_line(f"{_line(failure.error)}: {failure.error.message}")
            yield Text(f"{INDENT}{shown_file(failure.file)}{message}")
        yield from _rest(failed.diagrams, "diagram", INDENT)


def _copies(summary: Summary) -> Iterator[Text]:
    copies = summary.copies
    if isinstance(copies, Omitted) or not summary.measured:
        return
    totals = "none"
    if copies.groups:
        totals = f"{counted(copies.diagrams, 'diagram')}, {counted(copies.groups, 'group')}"
    yield Text(f"{COPIES_TITLES[copies.by]}: {totals}", "bold")
    for group in copies.largest[:MAX_FILES]:
        yield Text(counted(group.diagrams, "diagram"), "cyan")
        yield from (Text(f"{INDENT}{shown_file(file)}") for file in group.files[:MAX_FILES])
        yield from _rest(group.diagrams, "diagram", INDENT)
    yield from _rest(copies.groups, "group")
    if note := not_compared(copies):
        yield Text(note, "yellow")
