"""Markdown for GitHub and GitLab: literal text and tables."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from metrics.formats.text import on_one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


def code(text: str) -> str:
    """A literal text: code, in which nothing is a link, a mention or markup."""
    text = on_one_line(text)
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    blank = " " if text.startswith("`") or text.endswith("`") or not text else ""
    return f"{fence}{blank}{text}{blank}{fence}"


def cell(text: str) -> str:
    """A literal text for a cell of a table."""
    # A table needs the backslash even in code; elsewhere it would be visible.
    return code(text).replace("|", "\\|")


def table_of(
    heads: Sequence[str], rows: Iterable[Sequence[str]], *, names: int = 1
) -> Iterator[str]:
    """The lines of a table: the first `names` columns hold texts, the others numbers."""
    rule = [*["---"] * names, *["--:"] * (len(heads) - names)]
    for row in (heads, rule, *rows):
        yield row_of(row)


def row_of(cells: Iterable[str]) -> str:
    """A line of a table."""
    return f"| {' | '.join(cells)} |"
