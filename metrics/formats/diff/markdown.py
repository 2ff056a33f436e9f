"""Markdown for a comment on a pull request, as GitHub and GitLab render it.

A comment has at most 65,536 characters: diagrams that do not fit are only counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from metrics.formats.diff.content import (
    MAX_CHARACTERS,
    TOTALS,
    changed_otherwise,
    conclusion,
    errors,
    has_totals,
    marked_values,
    shown,
    shown_key,
    step,
    totals,
)
from metrics.formats.text import counted, shown_file
from metrics.formats.text.markdown import cell, code, row_of, table_of
from metrics.reading.errors import truncated

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from metrics.diff.comparison import Change, Comparison, Difference

MARK: Final = "<!-- metrics diff -->"
"""The first line, by which a later run can find the comment to replace."""

MAX_BYTES: Final = 60_000
MAX_UNFOLDED: Final = 10
HEADS: Final = ("Before", "After", "Change")


def markdown(comparison: Comparison, is_terminal: bool) -> Iterator[bytes]:
    """Print the totals, then the values of as many diagrams as fit."""
    yield from _encoded(_head(comparison))
    rows: list[bytes] = []
    bytes_left = MAX_BYTES
    shown_diagrams = 0
    changes = comparison.shown_changes
    for change in changes:
        lines = [*_encoded(_rows(change))]
        bytes_left -= sum(map(len, lines))
        if bytes_left < 0:
            break
        shown_diagrams += 1
        rows += lines
    is_folded = shown_diagrams > MAX_UNFOLDED
    if rows:
        yield from _encoded(("", "<details><summary>Each diagram</summary>") if is_folded else ())
        yield from _encoded(("", *table_of(("Diagram", "Value", *HEADS), (), names=2)))
        yield from rows
        yield from _encoded(("", "</details>") if is_folded else ())
    if more := len(changes) - shown_diagrams:
        yield from _encoded(
            ["", f"{counted(more, 'more diagram')} not shown: the comment would be too long."]
        )


def _encoded(lines: Iterable[str]) -> Iterator[bytes]:
    return (f"{line}\n".encode() for line in lines)


def _head(comparison: Comparison) -> Iterator[str]:
    yield MARK
    yield "### Numbers of the diagrams"
    yield ""
    old, new = (code(truncated(name, MAX_CHARACTERS)) for name in (comparison.old, comparison.new))
    yield f"{old} → {new}: {conclusion(comparison)}."
    files, rest = changed_otherwise(comparison)
    if files:
        names = (code(truncated(name, MAX_CHARACTERS)) for name in files)
        yield ""
        yield f"Changed otherwise: {', '.join(names)}{rest and f' {rest}'}."
    if has_totals(comparison):
        yield ""
        rows = ((cell(shown_key(key)), *_figures(total)) for key, total in totals(comparison))
        yield from table_of((TOTALS, *HEADS), rows)


def _rows(change: Change) -> Iterator[str]:
    """The rows of a diagram; only the first has its name."""
    name = _name(change)
    for error in errors(change):
        yield row_of((name, cell(error), "", "", ""))
        name = ""
    for key, difference in marked_values(change):
        yield row_of((name, cell(shown_key(key)), *_figures(difference)))
        name = ""
    if name:
        yield row_of((name, "", "", "", ""))


def _name(change: Change) -> str:
    old = "" if change.old_file is None else f"{cell(shown_file(change.old_file))} → "
    return f"{old}{cell(shown_file(change.file))} {change.status}"


def _figures(difference: Difference) -> tuple[str, str, str]:
    before, after = (
        cell(shown(value)) if value and isinstance(value, str | list) else shown(value)
        for value in difference
    )
    return before, after, step(difference)
