"""Formats text with rich, which prints into a buffer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.console import Console

if TYPE_CHECKING:
    from io import StringIO

UNBOUNDED: Final = 1_000_000
"""A width in characters that no line exceeds: nothing is wrapped or cut off."""


def console(text: StringIO, *, is_terminal: bool, width: int | None = None) -> Console:
    """A console that prints into a text, in colour if that goes to a terminal.

    The default `width` is that of the terminal, or 80 characters without one.
    """
    return Console(file=text, force_terminal=is_terminal or None, legacy_windows=False, width=width)
