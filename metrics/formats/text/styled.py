"""Lines for people, in colours where these are seen: else nothing of rich is imported."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Segments = list[tuple[str, str]]
"""The texts of a line, and the style of each as rich has them."""


def printed(lines: Iterable[Segments], *, is_terminal: bool) -> Iterator[bytes]:
    """Give lines as they are printed, each as long as it is."""
    if is_terminal or os.environ.get("FORCE_COLOR"):
        yield from _in_colours(lines, is_terminal=is_terminal)
    else:
        for line in lines:
            yield f"{''.join(text for text, _ in line)}\n".encode()


def _in_colours(lines: Iterable[Segments], *, is_terminal: bool) -> Iterator[bytes]:
    import io

    from rich.text import Text

    from metrics.formats.text.terminal import UNBOUNDED, console

    shown = io.StringIO()
    page = console(shown, is_terminal=is_terminal, width=UNBOUNDED)
    for line in lines:
        page.print(Text.assemble(*line), soft_wrap=True)
        yield shown.getvalue().encode()
        shown.seek(0)
        shown.truncate()
