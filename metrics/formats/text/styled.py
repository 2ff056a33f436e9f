"""Lines for people, in colour if the output shows colours; rich is imported only then."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Segments = list[tuple[str, str]]
"""The parts of a line: the text of each, and its style as rich names it."""


def printed(lines: Iterable[Segments], *, is_terminal: bool) -> Iterator[bytes]:
    """Print lines one by one; a long line is not wrapped."""
    if is_terminal or os.environ.get("FORCE_COLOR"):
        yield from _in_colour(lines, is_terminal=is_terminal)
    else:
        for line in lines:
            yield f"{''.join(text for text, _ in line)}\n".encode()


def _in_colour(lines: Iterable[Segments], *, is_terminal: bool) -> Iterator[bytes]:
    from rich.text import Text

    from metrics.formats.text.printed import Printed
    from metrics.formats.text.terminal import UNBOUNDED, console

    text = Printed()
    page = console(text, is_terminal=is_terminal, width=UNBOUNDED)
    for line in lines:
        page.print(Text.assemble(*line), soft_wrap=True)
        yield text.take()
