"""Suggestions for an unknown name, in the words that all messages share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MAX_LISTED: Final = 5
MIN_SIMILARITY_OF_ENDS: Final = 0.8


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A question that suggests known names for an unknown one, for the end of a message.

    These are the known keys that contain the name as whole parts, or else the name that is spelled
    most like it, at its end or as a whole. The question begins with a blank; it is empty if no name
    is near.
    """
    suggestions = _nearest(name, [*known])
    return f" Did you mean {listed(suggestions, 'or')}?" if suggestions else ""


def listed(names: Sequence[str], conjunction: str) -> str:
    """Names in quotes, the first five of them: `'a', 'b' and 'c'`, `'a', 'b' and 20 more`."""
    shown = [f"'{name}'" for name in names[:MAX_LISTED]]
    if len(names) > MAX_LISTED:
        return f"{', '.join(shown)} {conjunction} {len(names) - MAX_LISTED:,} more"
    *others, last = shown
    return f"{', '.join(others)} {conjunction} {last}" if others else last


def _nearest(name: str, known: Sequence[str]) -> Sequence[str]:
    from difflib import get_close_matches

    if name and (containing := [key for key in known if f".{name}." in f".{key}."]):
        return containing
    # Of keys with the same end, the first is meant, however long it is.
    by_end = {_end(key, name): key for key in reversed(known)}
    # Ends are short: less similar ones are other words.
    alike = get_close_matches(name, by_end, 1, MIN_SIMILARITY_OF_ENDS)
    return [by_end[end] for end in alike] or get_close_matches(name, known, 1)


def _end(key: str, name: str) -> str:
    """The end of a key with as many parts as a name."""
    return ".".join(key.split(".")[-1 - name.count(".") :])
