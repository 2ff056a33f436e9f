"""Tables for people, one below the other; as wide as the terminal, or 80 characters elsewhere."""

from __future__ import annotations

import io
from itertools import islice
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from metrics.formats import counted, on_one_line
from metrics.formats.summary import (
    HEADS,
    NO_VERSION,
    cells,
    group_columns,
    label,
    quantity,
    share_of,
)
from metrics.metric import Omitted
from metrics.portfolio import summarize

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from metrics.formats.summary import Layout
    from metrics.portfolio import Summary
    from metrics.report import Report

MOST_VERSIONS: Final = 10
MOST_HOLDERS: Final = 3
MOST_FILES: Final = 3
INDENT: Final = "  "


def table(reports: Iterable[Report], layout: Layout) -> Iterator[bytes]:
    """Give the tables, and lists with the first of what JSON has ten of."""
    summary = summarize(reports, by=layout.by, max_size=layout.max_size)
    printed = io.StringIO()
    console = Console(file=printed, force_terminal=layout.is_terminal or None, legacy_windows=False)
    console.print(
        f"{counted(summary.diagrams, 'diagram')}: {summary.measured:,} measured,"
        f" {summary.failed:,} failed",
        style="bold",
        highlight=False,
    )
    for part in (_profile(summary), _numbers(summary), _bindings(summary), _groups(summary)):
        if part.row_count:
            console.print(Padding(part, (1, 0, 0, 0)))
    for lines in (_most(summary), _failures(summary), _duplicates(summary)):
        text = Text("\n").join(lines)
        if text:
            # A line goes on where the terminal ends, so that it can be copied.
            console.print(Text("\n").append_text(text), soft_wrap=True)
    for line in printed.getvalue().splitlines():
        yield f"{line.rstrip()}\n".encode()


def _table(title: str, *heads: str) -> Table:
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    made.add_column(title, overflow="fold")
    for head in heads:
        made.add_column(head, justify="right", min_width=max(map(len, head.split())))
    return made


def _profile(summary: Summary) -> Table:
    made = _table("Type and platform", "Diagrams", "Share")

    def row(depth: int, name: str, diagrams: int) -> None:
        share = share_of(diagrams, summary.measured)
        made.add_row(Text(INDENT * depth + on_one_line(name)), quantity(diagrams), share)

    for kind, diagrams in summary.diagram_types.items():
        if diagrams:
            row(0, kind, diagrams)
    for platform in summary.platforms:
        row(0, platform.execution_platform, platform.diagrams)
        for version in islice(platform.versions, MOST_VERSIONS):
            name = version.execution_platform_version
            row(1, NO_VERSION if name is None else name, version.diagrams)
        more = platform.versions[MOST_VERSIONS:]
        if more:
            row(1, f"{len(more):,} more", sum(version.diagrams for version in more))
    return made


def _numbers(summary: Summary) -> Table:
    made = _table("Number", *HEADS)
    for key, number in summary.numbers.items():
        depth, name = label(key)
        style = "" if number.sum else "dim"
        made.add_row(Text(INDENT * depth + name), *cells(key, number), style=style)
    return made


def _bindings(summary: Summary) -> Table:
    made = _table("Element templates by binding", "Templates", "Properties")
    for name, binding in summary.bindings.items():
        made.add_row(
            Text(on_one_line(name)), quantity(binding.templates), quantity(binding.properties)
        )
    return made


def _most(summary: Summary) -> Iterator[Text]:
    yield Text(f"The {MOST_HOLDERS} diagrams that hold the most (ten in the other formats)", "bold")
    for key, number in summary.numbers.items():
        holders = () if isinstance(number.most, Omitted) else number.most[:MOST_HOLDERS]
        if holders:
            yield Text(key, "cyan")
        width = max((len(quantity(holder.value)) for holder in holders), default=0)
        for holder in holders:
            yield Text(f"{INDENT}{quantity(holder.value):>{width}}  {on_one_line(holder.file)}")


def _failures(summary: Summary) -> Iterator[Text]:
    if summary.failures:
        yield Text("Failures", "bold")
    for type, failed in summary.failures.items():
        yield Text.assemble((type, "red"), f"  {counted(failed.diagrams, 'diagram')}")
        for failure in failed.first[:MOST_FILES]:
            yield Text(f"{INDENT}{on_one_line(f'{failure.file}: {failure.error.message}')}")


def _duplicates(summary: Summary) -> Iterator[Text]:
    duplicates = summary.duplicates
    if isinstance(duplicates, Omitted):
        return
    if duplicates.contents:
        yield Text(
            f"Byte by byte the same: {counted(duplicates.diagrams, 'diagram')},"
            f" {counted(duplicates.contents, 'content')}",
            "bold",
        )
    for copies in duplicates.most[:MOST_FILES]:
        yield Text(counted(copies.diagrams, "diagram"), "cyan")
        yield from (Text(f"{INDENT}{on_one_line(file)}") for file in copies.first[:MOST_FILES])
    if duplicates.not_compared:
        said = f"{counted(duplicates.not_compared, 'diagram')} not compared: not at hand any more"
        yield Text(said, "yellow")


def _groups(summary: Summary) -> Table:
    columns = group_columns()
    made = _table(f"By {summary.by}", "Diagrams", "Failed", *columns)
    groups = {} if isinstance(summary.groups, Omitted) else summary.groups
    for name, group in groups.items():
        numbers = (group.numbers[key] for key in columns.values())
        made.add_row(
            Text(on_one_line(name)),
            quantity(group.diagrams),
            quantity(group.failed),
            *(quantity(number.sum) for number in numbers),
        )
    return made
