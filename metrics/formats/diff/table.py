"""Text for people: each diagram with its values before and after, and the sums at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from metrics.formats.diff.content import conclusion, errors, has_totals, shown, step, values
from metrics.formats.text import on_one_line
from metrics.formats.text.styled import printed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from metrics.diff.comparison import Change, Comparison, Difference
    from metrics.formats.text.styled import Segments

INDENT: Final = "  "
ARROW: Final = "→"


def table(comparison: Comparison, is_terminal: bool) -> Iterator[bytes]:
    """Give the diagrams in the order of their names, as wide as what is in them."""
    return printed(_lines(comparison), is_terminal=is_terminal)


def _lines(comparison: Comparison) -> Iterator[Segments]:
    sides = f"{on_one_line(comparison.old)} {ARROW} {on_one_line(comparison.new)}"
    yield [(f"{sides}: {conclusion(comparison)}", "bold")]
    for change in comparison.changes:
        yield []
        yield _head(change)
        for error in errors(change):
            yield [(INDENT + on_one_line(error), "red")]
        yield from _rows(values(change))
    if has_totals(comparison):
        yield []
        yield [("All of these diagrams", "bold")]
        yield from _rows(comparison.totals.items())


def _head(change: Change) -> Segments:
    old = "" if change.old_file is None else f"{on_one_line(change.old_file)} {ARROW} "
    return [(f"{change.status}  ", "cyan"), (old + on_one_line(change.file), "bold")]


def _rows(found: Iterable[tuple[str, Difference]]) -> Iterator[Segments]:
    rows = [
        (key, on_one_line(shown(one.before)), on_one_line(shown(one.after)), step(one))
        for key, one in found
    ]
    width = max((len(key) for key, *_ in rows), default=0)
    for key, before, after, grown in rows:
        row = f"{INDENT}{key:<{width}}  {before} {ARROW} {after}"
        yield [(row, ""), (f"  {grown}" if grown else "", "dim")]
