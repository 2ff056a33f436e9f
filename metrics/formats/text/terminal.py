"""What is printed by rich, to be written elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.console import Console

if TYPE_CHECKING:
    from io import StringIO

UNBOUNDED: Final = 1_000_000
"""Characters of a line that goes on where the terminal ends, so that nothing of it is cut off."""


def console(printed: StringIO, *, is_terminal: bool, width: int | None = None) -> Console:
    """A console that prints into a text, in colours where that goes to a terminal.

    Without a `width` it is as wide as the terminal, or 80 characters where there is none.
    """
    return Console(
        file=printed, force_terminal=is_terminal or None, legacy_windows=False, width=width
    )
