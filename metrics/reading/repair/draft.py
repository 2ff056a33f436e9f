"""The text under repair: the edits that it needs, and the warnings about them."""

from __future__ import annotations

from io import BytesIO
from operator import itemgetter
from typing import Final, TypeAlias

from metrics.reading.encoding import quoted
from metrics.reading.errors import MAX_WARNINGS_PER_KIND, DiagramWarning, DocumentError, ErrorType
from metrics.reading.repair.patterns import ILLEGAL_CHARACTER

# A character above U+FFFF makes a text four times as large in memory, so it is written in pieces.
MAX_CHARACTERS_AT_ONCE: Final = 65_536
MAX_EDITS: Final = 1000
"""The number of edits above which the text before them is written."""

TO_BLANKS: Final = bytes(code if code == ord("\n") else ord(" ") for code in range(256))
"""Makes a blank of each byte except the line feed."""

# The start and the end of a part of the text, and its replacement; None stands for blanks.
_Edit: TypeAlias = tuple[int, int, str | None]


class Draft:
    """A text, and the edits and warnings that are collected for it.

    Edits are made from left to right, one token after another, but in any order within a token.
    `write` applies the collected edits, so that those of a hostile file do not fill memory.
    `first_illegal` is the position of the first character that XML forbids, None without one.
    """

    def __init__(self, text: str, warnings: list[DiagramWarning]) -> None:
        self.text = text
        self._warnings = warnings
        self._times_warned: dict[str, int] = {}
        # The last position whose line was asked for, and this line.
        self._position = 0
        self._line = 1
        self._edits: list[_Edit] = []
        # The end of the text that is written.
        self._written = 0
        self._output = BytesIO()
        self._gap = 0
        illegal = ILLEGAL_CHARACTER.search(text)
        self.first_illegal = None if illegal is None else illegal.start()

    def replace(self, start: int, end: int, by: str) -> None:
        """Replace the text from `start` to `end`."""
        self._edits.append((start, end, by))

    def blank(self, start: int, end: int) -> None:
        """Replace all but the line breaks by blanks."""
        if self._edits:
            start_before, end_before, by = self._edits[-1]
            if end_before == start and by is None:
                # One edit for both: a tag may consist of words that are skipped.
                self._edits.pop()
                start = start_before
        self._edits.append((start, end, None))

    def write(self, end: int) -> None:
        """Write the text up to `end`, the end of a token, if there are many edits before it."""
        if len(self._edits) > MAX_EDITS:
            self._write_edited(end)

    def leave_gap(self, position: int) -> None:
        """Write the text up to `position`, where `edited` inserts a text."""
        self._write_edited(position)
        self._gap = self._output.tell()

    def edited(self, inserted: str) -> bytes:
        """The edited text as UTF-8, with U+FFFD for each character that XML forbids.

        The gap is filled with `inserted`. The text itself is released, to save memory.
        """
        self._write_edited(len(self.text))
        self.text = ""
        edited = self._output.getvalue()
        if not inserted:
            return edited
        view = memoryview(edited)
        return b"".join((view[: self._gap], self._encoded(inserted), view[self._gap :]))

    def line(self, position: int) -> int:
        """The line of a position, from 1."""
        # Most positions are near the one before.
        if position >= self._position:
            self._line += self.text.count("\n", self._position, position)
        else:
            self._line -= self.text.count("\n", position, self._position)
        self._position = position
        return self._line

    def warn(self, kind: str, position: int, detail: str | None = None, *, times: int = 1) -> None:
        """Add a warning, up to a limit for each kind: a hostile file could cause a million.

        `detail` is the text that the warning is about, which is quoted after the kind.
        """
        times_before = self._times_warned.get(kind, 0)
        self._times_warned[kind] = times_before + times
        left = MAX_WARNINGS_PER_KIND - times_before
        if left > 0:
            message = kind if detail is None else f"{kind}: {quoted(detail)}"
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

    def _write_edited(self, end: int) -> None:
        """Write the text up to `end`, with the edits that start before it."""
        later: list[_Edit] = []
        self._edits.sort(key=itemgetter(0))
        for edit in self._edits:
            start, stop, by = edit
            if start >= end:
                later.append(edit)
                continue
            self._write_text(start)
            if by is None:
                self._write_text(stop, is_blank=True)
            else:
                self._output.write(self._encoded(by))
                self._written = stop
        self._edits = later
        self._write_text(end)

    def _write_text(self, end: int, *, is_blank: bool = False) -> None:
        """Write the text up to `end` as it is, or as blanks."""
        while (start := self._written) < end:
            self._written = min(end, start + MAX_CHARACTERS_AT_ONCE)
            piece = self.text[start : self._written]
            self._output.write(_blanks(piece) if is_blank else self._encoded(piece))

    def _encoded(self, text: str) -> bytes:
        if self.first_illegal is not None:
            text = ILLEGAL_CHARACTER.sub("\ufffd", text)
        return text.encode()


def _blanks(text: str) -> bytes:
    return text.encode("ascii", "replace").translate(TO_BLANKS)
