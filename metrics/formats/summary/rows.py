"""The diagrams of a portfolio as compact rows, kept on disk until they are printed."""

from __future__ import annotations

from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Any, Final

from metrics.formats.text import dumps, on_one_line, shown_file
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
    """Collects diagrams as rows of JSON that take little space.

    Many diagrams share their type, platform, version and set of numbers: `profiles` has each of
    these once. A row starts with the number of characters that its file shares with that of the
    previous row, the rest of the file, and the index of its profile. Then come the index and value
    of each number that is not 0. All texts are for people: the page shows them unchanged.
    """

    def __init__(self) -> None:
        self._measured = _Spool()
        self._failed = _Spool()
        self._profiles: dict[tuple[Any, ...], int] = {}
        self._previous_file = ""

    @property
    def profiles(self) -> list[dict[str, Any]]:
        """The profiles, in the order of their indexes."""
        return [
            {
                "type": kind,
                "platform": on_one_line(platform),
                "version": None if version is None else on_one_line(version),
                "numbers": numbers,
            }
            for kind, platform, version, numbers in self._profiles
        ]

    def add(self, report: Report, payload: DiagramNumbers | None) -> None:
        """Add a diagram; `payload` is what `Portfolio.add` returned for it."""
        file = shown_file(report.name)
        if payload is not None:
            profile = (payload.kind, *payload.profile, payload.numbers)
            if len(self._profiles) >= MAX_PROFILES and profile not in self._profiles:
                profile = (payload.kind, OTHERS, OTHERS, payload.numbers)
            index = self._profiles.setdefault(profile, len(self._profiles))
            common = _common(self._previous_file, file)
            numbers = [part for pair in payload.not_zero for part in pair]
            row = [_characters(file[:common]), file[common:], index, *numbers]
            self._measured.add(row)
            self._previous_file = file
        elif report.error is not None:
            error = error_block(report.error)
            self._failed.add([file, error.type, error.line or "", on_one_line(error.message)])

    def measured(self) -> Iterator[bytes]:
        """The rows of measured diagrams."""
        return self._measured.lines()

    def failed(self) -> Iterator[bytes]:
        """The file, type of error, line and message of each failed diagram, as JSON."""
        return self._failed.lines()

    def close(self) -> None:
        """Delete the rows from the disk."""
        self._measured.close()
        self._failed.close()


def _common(first: str, second: str) -> int:
    """The number of characters that two texts share at the start."""
    for index, (character, other) in enumerate(zip(first, second, strict=False)):
        if character != other:
            return index
    return min(len(first), len(second))


def _characters(text: str) -> int:
    """The length of a text in JavaScript."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


class _Spool:
    """Lines of JSON in a temporary file."""

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
