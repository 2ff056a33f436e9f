"""What is read from archives."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, BinaryIO

from metrics.archives.bounds import ArchiveBounds
from metrics.archives.names import MemberPath, archive_type
from metrics.archives.reader import read_archive, read_members_at
from metrics.reading.sources import NamedContent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from metrics.report import Report

DEFAULT_BOUNDS = ArchiveBounds()


def is_bpmn(name: str) -> bool:
    """Whether a name is that of a BPMN diagram."""
    return name.endswith(".bpmn")


class Result:
    """What was read from an archive: contents, errors and warnings, by their names."""

    def __init__(self) -> None:
        self.contents: list[tuple[str, bytes]] = []
        self.errors: list[tuple[str, str]] = []
        self.warnings: list[tuple[str, str]] = []

    def warn(self, name: str, message: str) -> None:
        """Add a warning."""
        self.warnings.append((name, message))

    def add(self, results: Iterable[NamedContent | Report]) -> Result:
        """Add contents and errors."""
        for result in results:
            if isinstance(result, NamedContent):
                self.contents.append((result.name, result.content))
            else:
                assert result.error is not None
                self.errors.append((result.name, str(result.error)))
        return self


def pipe_of(content: bytes) -> BinaryIO:
    """The reading end of a pipe that holds at most 64 KiB."""
    reader, writer = os.pipe()
    assert os.write(writer, content) == len(content)
    os.close(writer)
    return open(reader, "rb")


def read_all(
    path: Path,
    *,
    name: str | None = None,
    is_wanted: Callable[[str], bool] = is_bpmn,
    bounds: ArchiveBounds = DEFAULT_BOUNDS,
    stream: BinaryIO | None = None,
) -> Result:
    """Everything that is read from an archive at a path or in a stream."""
    result = Result()
    name = path.name if name is None else name
    type = archive_type(name)
    assert type is not None
    source = str(path) if stream is None else stream
    return result.add(
        read_archive(source, name, type, is_wanted=is_wanted, warn=result.warn, bounds=bounds)
    )


def read_at(path: Path, member: str, *, bounds: ArchiveBounds = DEFAULT_BOUNDS) -> Result:
    """Everything that a path into an archive leads to; the archive has the name `<folder>/name`."""
    result = Result()
    return result.add(
        read_members_at(
            MemberPath(str(path), member), is_wanted=is_bpmn, warn=result.warn, bounds=bounds
        )
    )
