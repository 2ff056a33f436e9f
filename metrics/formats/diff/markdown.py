"""Markdown as GitHub and GitLab have it: a comment for a pull request.

A comment has no more than 65,536 characters: what there is no room for is counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from metrics.formats.diff.content import (
    MAX_CHARACTERS,
    conclusion,
    errors,
    has_totals,
    shown,
    step,
    values,
)
from metrics.formats.text import counted
from metrics.formats.text.markdown import cell, code, row_of, table_of
from metrics.reading.errors import truncated

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from metrics.diff.comparison import Change, Comparison, Difference

MARK: Final = "<!-- metrics diff -->"
"""The first line, by which a comment can be found again, to be replaced."""

MAX_BYTES: Final = 60_000
MAX_SHOWN: Final = 10
HEADS: Final = ("Before", "After", "Change")


def markdown(comparison: Comparison, is_terminal: bool) -> Iterator[bytes]:
    """Give what it comes to, then each diagram with its values, as long as there is room."""
    yield from _encoded(_head(comparison))
    left = MAX_BYTES
    told = 0
    rows: list[bytes] = []
    for change in comparison.changes:
        lines = [*_encoded(_rows(change))]
        left -= sum(map(len, lines))
        if left < 0:
            break
        told += 1
        rows += lines
    is_folded = told > MAX_SHOWN
    if rows:
        yield from _encoded(("", "<details><summary>Each diagram</summary>") if is_folded else ())
        yield from _encoded(("", *table_of(("Diagram", "Value", *HEADS), (), names=2)))
        yield from rows
        yield from _encoded(("", "</details>") if is_folded else ())
    if more := len(comparison.changes) - told:
        yield from _encoded(
            ["", f"{counted(more, 'more diagram')}, for which there is no room here."]
        )


def _encoded(lines: Iterable[str]) -> Iterator[bytes]:
    return (f"{line}\n".encode() for line in lines)


def _head(comparison: Comparison) -> Iterator[str]:
    yield MARK
    yield "### Numbers of the diagrams"
    yield ""
    old, new = (code(truncated(side, MAX_CHARACTERS)) for side in (comparison.old, comparison.new))
    yield f"{old} → {new}: {conclusion(comparison)}."
    if has_totals(comparison):
        yield ""
        rows = ((cell(key), *_figures(one)) for key, one in comparison.totals.items())
        yield from table_of(("All of these diagrams", *HEADS), rows)


def _rows(change: Change) -> Iterator[str]:
    """The rows of a diagram: its name stands in the first."""
    name = _name(change)
    for error in errors(change):
        yield row_of((name, cell(error), "", "", ""))
        name = ""
    for key, one in values(change):
        yield row_of((name, cell(key), *_figures(one)))
        name = ""
    if name:
        yield row_of((name, "", "", "", ""))


def _name(change: Change) -> str:
    old = "" if change.old_file is None else f"{cell(change.old_file)} → "
    return f"{old}{cell(change.file)} {change.status}"


def _figures(difference: Difference) -> tuple[str, str, str]:
    before, after = (
        cell(shown(one)) if one and isinstance(one, str | list) else shown(one)
        for one in difference
    )
    return before, after, step(difference)
