"""Text for people: each diagram with its values before and after, then the totals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from metrics.formats.diff import content
from metrics.formats.text import on_one_line, shown_file
from metrics.formats.text.styled import printed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from metrics.diff.comparison import Change, Comparison, Difference
    from metrics.formats.text.styled import Segments

INDENT: Final = "  "
ARROW: Final = "→"


def table(comparison: Comparison, is_terminal: bool) -> Iterator[bytes]:
    """Print the diagrams sorted by name; lines are not wrapped."""
    return printed(_lines(comparison), is_terminal=is_terminal)


def _lines(comparison: Comparison) -> Iterator[Segments]:
    states = f"{shown_file(comparison.old)} {ARROW} {shown_file(comparison.new)}"
    yield [(f"{states}: {content.conclusion(comparison)}", "bold")]
    for change in comparison.shown_changes:
        yield []
        yield _head(change)
        for error in content.errors(change):
            yield [(INDENT + on_one_line(error), "red")]
        yield from _rows(content.marked_values(change))
    if content.has_totals(comparison):
        yield []
        yield [(content.TOTALS, "bold")]
        yield from _rows(content.totals(comparison))
    files, rest = content.changed_otherwise(comparison)
    if files:
        yield []
        yield [("Changed otherwise", "bold")]
        for line in filter(None, (*map(shown_file, files), rest)):
            yield [(INDENT + line, "")]


def _head(change: Change) -> Segments:
    old = "" if change.old_file is None else f"{shown_file(change.old_file)} {ARROW} "
    return [(f"{change.status}  ", "cyan"), (old + shown_file(change.file), "bold")]


def _rows(differences: Iterable[tuple[str, Difference]]) -> Iterator[Segments]:
    rows = [
        (
            on_one_line(content.shown_key(key)),
            on_one_line(content.shown(difference.before)),
            on_one_line(content.shown(difference.after)),
            content.step(difference),
        )
        for key, difference in differences
    ]
    width = max((len(key) for key, *_ in rows), default=0)
    for key, before, after, growth in rows:
        row = f"{INDENT}{key:<{width}}  {before} {ARROW} {after}"
        yield [(row, ""), (f"  {growth}" if growth else "", "dim")]
