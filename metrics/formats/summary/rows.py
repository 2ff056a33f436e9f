"""The diagrams of a portfolio as the rows of a table, kept on the disk until it is printed."""

from __future__ import annotations

from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Any, Final

from metrics.formats.text import dumps
from metrics.reading.sources import printable
from metrics.report import error_block
from metrics.summary.groups import OTHERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metrics.report import Report
    from metrics.summary.sums import DiagramNumbers

MAX_BYTES_IN_MEMORY: Final = 1024 * 1024
# Hostile diagrams may name a version each.
MAX_PROFILES: Final = 10_000


class Rows:
    """Takes diagrams, and gives them back in a form that takes little room.

    Many have the same type, platform, version and numbers that they can have at all: that is told
    once, in `profiles`. A row is the number of characters that its name has in common with that of
    the row before, the rest of the name, the place of its profile, and then, in pairs, the place of
    each number that is not 0 and the number.
    """

    def __init__(self) -> None:
        self._measured = _Spool()
        self._failed = _Spool()
        self._profiles: dict[tuple[Any, ...], int] = {}
        self._before = ""

    @property
    def profiles(self) -> list[dict[str, Any]]:
        """What rows have in common."""
        return [
            {"type": kind, "platform": platform, "version": version, "numbers": numbers}
            for kind, platform, version, numbers in self._profiles
        ]

    def add(self, report: Report, payload: DiagramNumbers | None) -> None:
        """Take a diagram, and what it adds to a portfolio."""
        file = printable(report.name)
        if payload is not None:
            profile = (payload.kind, *payload.profile, payload.numbers)
            if len(self._profiles) >= MAX_PROFILES and profile not in self._profiles:
                profile = (payload.kind, OTHERS, OTHERS, payload.numbers)
            place = self._profiles.setdefault(profile, len(self._profiles))
            common = _common(self._before, file)
            numbers = [part for pair in payload.not_zero for part in pair]
            row = [_characters(file[:common]), file[common:], place, *numbers]
            self._measured.add(row)
            self._before = file
        elif report.error is not None:
            error = error_block(report.error)
            place_in_file = error.line or ""
            self._failed.add([file, error.type, place_in_file, printable(error.message)])

    def measured(self) -> Iterator[bytes]:
        """The rows of the diagrams that were measured, as JSON."""
        return self._measured.lines()

    def failed(self) -> Iterator[bytes]:
        """The name, type of error, line and message of each that was not, as JSON."""
        return self._failed.lines()

    def close(self) -> None:
        """Forget all."""
        self._measured.close()
        self._failed.close()


def _common(first: str, second: str) -> int:
    """With how many of the same characters two texts begin."""
    for place, (one, other) in enumerate(zip(first, second, strict=False)):
        if one != other:
            return place
    return min(len(first), len(second))


def _characters(text: str) -> int:
    """How long a text is to JavaScript."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


class _Spool:
    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(MAX_BYTES_IN_MEMORY)  # noqa: SIM115

    def add(self, value: Any) -> None:
        self._file.write(dumps(value) + b"\n")

    def lines(self) -> Iterator[bytes]:
        self._file.seek(0)
        for line in self._file:
            yield line.rstrip(b"\n")

    def close(self) -> None:
        self._file.close()
