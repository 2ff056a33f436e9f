"""Suggestions for an unknown name."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def did_you_mean(key: str, known: Iterable[str]) -> str:
    """A question that suggests the known key nearest to a dotted key, for the end of a message.

    A known key is near if it contains the dotted key as whole parts, or else if it is spelled
    alike. The question begins with a blank; it is empty if no key is near.
    """
    suggestion = _nearest(key, [*known])
    return f" Did you mean {suggestion}?" if suggestion else ""


def _nearest(key: str, known: Sequence[str]) -> str | None:
    from difflib import get_close_matches

    for name in known:
        before, part, _ = name.rpartition(f".{key}")
        if f".{key}." in f"{name}.":
            return before + part
    return next(iter(get_close_matches(key, known, 1)), None)
