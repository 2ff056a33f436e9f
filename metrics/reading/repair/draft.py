"""The text under repair: the edits that it needs, and the warnings about them."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from itertools import chain
from typing import Final, NamedTuple

from metrics.reading.errors import MAX_WARNINGS_PER_KIND, DiagramWarning, DocumentError, ErrorType
from metrics.reading.repair.patterns import ILLEGAL_CHARACTER

# A character above U+FFFF makes a text four times as large in memory, so it is joined in pieces.
MAX_CHARACTERS_AT_ONCE: Final = 65_536


class _Edit(NamedTuple):
    """A replacement for a part of the text."""

    start: int
    end: int
    by: str


class Draft:
    """A text, and the edits and warnings that are collected for it."""

    def __init__(self, text: str, warnings: list[DiagramWarning]) -> None:
        self.text = text
        self._warnings = warnings
        self._times_warned: Counter[str] = Counter()
        self._line_ends: list[int] | None = None
        self._edits: list[_Edit] = []

    def replace(self, start: int, end: int, by: str) -> None:
        """Replace the text from `start` to `end`."""
        if self._edits and by == self._edits[-1].by:
            # Equal replacements share one string.
            by = self._edits[-1].by
        self._edits.append(_Edit(start, end, by))

    def replace_next(self, start: int, end: int, by: str) -> None:
        """Replace text, as part of the previous edit if that ends at `start`.

        A hostile file could otherwise need a million edits.
        """
        if self._edits and self._edits[-1].end == start:
            before = self._edits.pop()
            start, by = before.start, before.by + by
        self.replace(start, end, by)

    def blank(self, start: int, end: int) -> None:
        """Replace all but the line breaks by blanks."""
        self.replace(start, end, re.sub(r"[^\n]", " ", self.text[start:end]))

    def edited(self) -> bytes:
        """The edited text as UTF-8, with U+FFFD for each character that XML forbids."""
        encoded: list[bytes] = []
        pieces: list[str] = []
        written = size = 0
        self._edits.sort()
        for start, end, by in chain(self._edits, (_Edit(len(self.text), len(self.text), ""),)):
            while start - written > MAX_CHARACTERS_AT_ONCE:
                pieces.append(self.text[written : written + MAX_CHARACTERS_AT_ONCE])
                written += MAX_CHARACTERS_AT_ONCE
                encoded.append(_legal(pieces))
                pieces.clear()
            pieces += (self.text[written:start], by)
            size += start - written
            written = end
            if size > MAX_CHARACTERS_AT_ONCE:
                encoded.append(_legal(pieces))
                pieces.clear()
                size = 0
        return b"".join((*encoded, _legal(pieces)))

    def line(self, position: int) -> int:
        """The line of a position, from 1."""
        if self._line_ends is None:
            self._line_ends = [match.start() for match in re.finditer("\n", self.text)]
        return bisect_left(self._line_ends, position) + 1

    def warn(self, kind: str, position: int, detail: str = "", *, times: int = 1) -> None:
        """Add a warning, up to a limit for each kind: a hostile file could cause a million.

        `detail` follows the kind in the message, such as the text that the warning is about.
        """
        left = MAX_WARNINGS_PER_KIND - self._times_warned[kind]
        self._times_warned[kind] += times
        if left > 0:
            message = f"{kind}: {detail}" if detail else kind
            warning = DiagramWarning(message, self.line(position))
            self._warnings += [warning] * min(times, left)

    def warnings(self) -> tuple[DiagramWarning, ...]:
        """All warnings in the order of their lines, then one for each kind beyond its limit."""
        in_order = sorted(self._warnings, key=lambda warning: warning.line or 0)
        more = (
            DiagramWarning(f"{kind} ({times - MAX_WARNINGS_PER_KIND} times more)")
            for kind, times in self._times_warned.items()
            if times > MAX_WARNINGS_PER_KIND
        )
        return (*in_order, *more)

    def error(self, type: ErrorType, message: str, position: int) -> DocumentError:
        """The error for a fault at a position."""
        column = position - self.text.rfind("\n", 0, position)
        return DocumentError(type, message, self.line(position), column)

    def malformed(self, fault: str, position: int) -> DocumentError:
        """The error for XML that the Modeler refuses, too."""
        return self.error(ErrorType.MALFORMED, f"not well-formed XML: {fault}", position)


def _legal(pieces: list[str]) -> bytes:
    return ILLEGAL_CHARACTER.sub("\ufffd", "".join(pieces)).encode()
