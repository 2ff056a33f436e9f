"""Suggestions for a name that is not known."""

from __future__ import annotations

from typing import (
    TYPE_CHECKING,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def did_you_mean(key: str, known: Iterable[str]) -> str:
    """The question for the dotted key that is probably meant by another, behind a blank.

    It is told by its end, its midst, or its letters; where none is like it, nothing is asked.
    """
    meant = _nearest(key, [*known])
    return f" Did you mean {meant}?" if meant else ""


def _nearest(key: str, known: Sequence[str]) -> str | None:
    from difflib import get_close_matches

    for one in known:
        before, own, _ = one.rpartition(f".{key}")
        if f".{key}." in f"{one}.":
            return before + own
    return next(iter(get_close_matches(key, known, 1)), None)
