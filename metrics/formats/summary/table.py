"""Tables for people, one below the other, as wide as what is in them."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from metrics.blocks import Omitted
from metrics.formats.summary.content import GONE, quantity, rest, summarized, tables
from metrics.formats.text import counted, on_one_line
from metrics.formats.text.terminal import UNBOUNDED, console

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from metrics.formats.summary import SummaryLayout
    from metrics.formats.summary.content import Table as Figures
    from metrics.report import ErrorBlock, Report
    from metrics.summary.model import Summary

MAX_HOLDERS: Final = 3
MAX_FILES: Final = 3
INDENT: Final = "  "


def table(reports: Iterable[Report], layout: SummaryLayout) -> Iterator[bytes]:
    """Give the tables, and lists with the first of what JSON has ten of."""
    summary = summarized(reports, layout)
    printed = io.StringIO()
    page = console(printed, is_terminal=layout.is_terminal, width=UNBOUNDED)
    page.print(
        f"{counted(summary.diagrams, 'diagram')}: {summary.measured:,} measured,"
        f" {summary.failed:,} failed",
        style="bold",
        highlight=False,
    )
    for figures in tables(summary):
        part = _table_of_paths(figures) if figures.has_paths else _table(figures)
        if part.row_count:
            page.print(Padding(part, (1, 0, 0, 0), expand=False))
    for lines in (_most(summary), _failures(summary), _duplicates(summary)):
        text = Text("\n").join(lines)
        if text:
            # A line goes on where the terminal ends, so that it can be copied.
            page.print(Text("\n").append_text(text), soft_wrap=True)
    for line in printed.getvalue().splitlines():
        yield f"{line.rstrip()}\n".encode()


def _grid() -> Table:
    return Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")


def _table(figures: Figures) -> Table:
    title, *others = figures.heads
    made = _grid()
    made.add_column(title, overflow="fold")
    for head in others:
        made.add_column(head, justify="right", min_width=max(map(len, head.split())))
    for row in figures.rows:
        name = Text(INDENT * row.depth + on_one_line(row.name))
        made.add_row(name, *row.figures, style="dim" if row.is_faint else "")
    return made


def _table_of_paths(figures: Figures) -> Table:
    """A table with the names at the end, so that no number is lost beside a long one."""
    title, *others = figures.heads
    rows = [*figures.rows]
    made = _grid()
    for place, head in enumerate(others):
        # As wide as the longest word or number in it.
        words = [*head.split(), *(row.figures[place] for row in rows)]
        made.add_column(head, justify="right", width=max(map(len, words)))
    made.add_column(title, no_wrap=True)
    for row in rows:
        made.add_row(*row.figures, Text(on_one_line(row.name)))
    return made


def _most(summary: Summary) -> Iterator[Text]:
    title = f"The {MAX_HOLDERS} diagrams that hold the most (ten in the other formats)"
    if any(number.not_zero for number in summary.numbers.values()):
        yield Text(title, "bold")
    for key, number in summary.numbers.items():
        holders = () if isinstance(number.most, Omitted) else number.most[:MAX_HOLDERS]
        if holders:
            yield Text(key, "cyan")
        width = max((len(quantity(holder.value)) for holder in holders), default=0)
        for holder in holders:
            yield Text(f"{INDENT}{quantity(holder.value):>{width}}  {on_one_line(holder.file)}")


def _place(error: ErrorBlock) -> str:
    return "" if isinstance(error.line, Omitted) else f":{error.line}"


def _rest(found: int, noun: str, indent: str = "") -> Iterator[Text]:
    if more := rest(found, MAX_FILES, noun):
        yield Text(indent + more, "dim")


def _failures(summary: Summary) -> Iterator[Text]:
    if summary.failures:
        yield Text("Failures", "bold")
    for type, failed in summary.failures.items():
        yield Text.assemble((type, "red"), f"  {counted(failed.diagrams, 'diagram')}")
        for failure in failed.first[:MAX_FILES]:
            said = f"{failure.file}{_place(failure.error)}: {failure.error.message}"
            yield Text(INDENT + on_one_line(said))
        yield from _rest(failed.diagrams, "diagram", INDENT)


def _duplicates(summary: Summary) -> Iterator[Text]:
    duplicates = summary.duplicates
    if isinstance(duplicates, Omitted) or not summary.measured:
        return
    found = "none"
    if duplicates.contents:
        diagrams, contents = duplicates.diagrams, duplicates.contents
        found = f"{counted(diagrams, 'diagram')}, {counted(contents, 'content')}"
    yield Text(f"Byte by byte the same: {found}", "bold")
    for copies in duplicates.most[:MAX_FILES]:
        yield Text(counted(copies.diagrams, "diagram"), "cyan")
        yield from (Text(f"{INDENT}{on_one_line(file)}") for file in copies.first[:MAX_FILES])
        yield from _rest(copies.diagrams, "diagram", INDENT)
    yield from _rest(duplicates.contents, "content")
    if duplicates.not_compared:
        said = f"{counted(duplicates.not_compared, 'diagram')} not looked at for copies: {GONE}"
        yield Text(said, "yellow")
