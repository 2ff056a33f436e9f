"""Markdown as GitHub and GitLab have it, for a comment on a change or a page in a wiki."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from metrics.blocks import Omitted
from metrics.formats.summary.content import GONE, Row, quantity, rest, summarized, tables
from metrics.formats.text import counted
from metrics.formats.text.markdown import cell, code, table_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from metrics.formats.summary import SummaryLayout
    from metrics.report import Report
    from metrics.summary.model import Summary

INDENT: Final = "&emsp;"
MAX_COPIES: Final = 10


def markdown(reports: Iterable[Report], layout: SummaryLayout) -> Iterator[bytes]:
    """Give the tables; the diagrams that hold the most of a number are folded below its name."""
    summary = summarized(reports, layout)
    for lines in (
        _head(summary),
        *(_table(heads, rows) for heads, rows, _ in tables(summary)),
        _most(summary),
        _failures(summary),
        _duplicates(summary),
    ):
        yield "".join(f"{line}\n" for line in lines).encode()


def _table(heads: Sequence[str], rows: Iterable[Row]) -> Iterator[str]:
    """A table of which all columns but the first are numbers; nothing where it has no rows."""
    found = [
        (INDENT * row.depth + (cell(row.name) if row.is_quoted else row.name), *row.figures)
        for row in rows
    ]
    if found:
        yield ""
        yield from table_of(heads, found)


def _head(summary: Summary) -> Iterator[str]:
    yield "## Diagrams"
    yield ""
    yield (
        f"**{counted(summary.diagrams, 'diagram')}**: {summary.measured:,} measured,"
        f" {summary.failed:,} failed."
    )


def _most(summary: Summary) -> Iterator[str]:
    for key, number in summary.numbers.items():
        if not isinstance(number.most, Omitted) and number.most:
            yield ""
            yield f"<details><summary>The most: <code>{key}</code></summary>"
            holders = (
                Row(holder.file, [quantity(holder.value)], is_quoted=True) for holder in number.most
            )
            yield from _table(("Diagram", "Value"), holders)
            yield ""
            yield "</details>"


def _rest(found: int, told: int, noun: str) -> Iterator[str]:
    if more := rest(found, told, noun):
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
            yield f"- {code(failure.file)}{line}: {code(failure.error.message)}"
        yield from _rest(failed.diagrams, len(failed.first), "diagram")


def _duplicates(summary: Summary) -> Iterator[str]:
    duplicates = summary.duplicates
    if isinstance(duplicates, Omitted):
        return
    if duplicates.contents:
        yield ""
        yield "## Byte by byte the same"
        yield ""
        yield (
            f"{counted(duplicates.diagrams, 'diagram')}, {counted(duplicates.contents, 'content')}"
        )
    for copies in duplicates.most[:MAX_COPIES]:
        yield ""
        yield f"{counted(copies.diagrams, 'diagram')}:"
        yield ""
        yield from (f"- {code(file)}" for file in copies.first[:MAX_COPIES])
        yield from _rest(copies.diagrams, MAX_COPIES, "diagram")
    if more := rest(duplicates.contents, MAX_COPIES, "content"):
        yield from ("", f"{more}.")
    if duplicates.not_compared:
        said = f"{counted(duplicates.not_compared, 'diagram')} not looked at for copies: {GONE}."
        yield from ("", said)
