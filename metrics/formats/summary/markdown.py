"""Markdown for GitHub and GitLab: a comment on a pull request or a page in a wiki."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from metrics.blocks import Omitted
from metrics.formats.summary.content import (
    COPIES_TITLES,
    Row,
    largest,
    not_compared,
    quantity,
    rest,
    summarized,
    tables,
)
from metrics.formats.text import counted, shown_file
from metrics.formats.text.markdown import cell, code, table_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from metrics.formats.summary import SummaryLayout
    from metrics.report import Report
    from metrics.summary.model import Summary

INDENT: Final = "&emsp;"
MAX_COPIES: Final = 10


def markdown(reports: Iterable[Report], layout: SummaryLayout) -> Iterator[bytes]:
    """Print the tables, then a folded list of the largest values of each number."""
    summary = summarized(reports, layout)
    for lines in (
        _head(summary),
        *(_table(heads, rows) for heads, rows, _ in tables(summary)),
        _largest(summary),
        _failures(summary),
        _copies(summary),
    ):
        yield "".join(f"{line}\n" for line in lines).encode()


def _table(heads: Sequence[str], rows: Iterable[Row]) -> Iterator[str]:
    """A table with a column of names, then columns of numbers; nothing if it has no rows."""
    cells = [
        (INDENT * row.depth + (cell(row.name) if row.is_quoted else row.name), *row.figures)
        for row in rows
    ]
    if cells:
        yield ""
        yield from table_of(heads, cells)


def _head(summary: Summary) -> Iterator[str]:
    yield "## Diagrams"
    yield ""
    yield (
        f"**{counted(summary.diagrams, 'diagram')}**: {summary.measured:,} measured,"
        f" {summary.failed:,} failed."
    )


def _largest(summary: Summary) -> Iterator[str]:
    for key, most in largest(summary):
        if most:
            yield ""
            yield f"<details><summary>Largest values: <code>{key}</code></summary>"
            rows = (
                Row(shown_file(each.file), [quantity(each.value)], is_quoted=True) for each in most
            )
            yield from _table(("Diagram", "Value"), rows)
            yield ""
            yield "</details>"


def _rest(total: int, shown: int, noun: str) -> Iterator[str]:
    if more := rest(total, shown, noun):
        yield f"- {more}"


def _failures(summary: Summary) -> Iterator[str]:
    if summary.failures:
        yield ""
        yield "## Failures"
    for type, failed in summary.failures.items():
        yield ""
        yield f"**{type}**: {counted(failed.diagrams, 'diagram')}"
        yield ""
        for failure in failed.first:
            line = "" if isinstance(failure.error.line, Omitted) else f" line {failure.error.line}"
            yield f"- {code(shown_file(failure.file))}{line}: {code(failure.error.message)}"
        yield from _rest(failed.diagrams, len(failed.first), "diagram")


def _copies(summary: Summary) -> Iterator[str]:
    copies = summary.copies
    if isinstance(copies, Omitted):
        return
    if copies.groups:
        yield ""
        yield f"## {COPIES_TITLES[copies.by]}"
        yield ""
        yield f"{counted(copies.diagrams, 'diagram')}, {counted(copies.groups, 'group')}"
    for group in copies.largest:
        yield ""
        yield f"{counted(group.diagrams, 'diagram')}:"
        yield ""
        yield from (f"- {code(shown_file(file))}" for file in group.files[:MAX_COPIES])
        yield from _rest(group.diagrams, MAX_COPIES, "diagram")
    if more := rest(copies.groups, len(copies.largest), "group"):
        yield from ("", f"{more}.")
    if note := not_compared(copies):
        yield ""
        yield f"{note}."
