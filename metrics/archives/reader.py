"""From an archive to the diagrams in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO
from zipfile import ZipFile

from metrics.archives.names import member_name
from metrics.reading.sources import NamedContent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from metrics.archives.bounds import ArchiveBounds
    from metrics.archives.names import ArchiveType
    from metrics.report import Report


def read_archive(
    source: str | BinaryIO,
    name: str,
    type: ArchiveType,
    *,
    is_wanted: Callable[[str], bool],
    warn: Callable[[str, str], None],
    bounds: ArchiveBounds,
) -> Iterator[NamedContent | Report]:
    """Yield the content of each member that is wanted, or a report of why there is none."""
    with ZipFile(source) as archive:
        for member in sorted(archive.namelist()):
            if is_wanted(member_name(name, member)):
                yield NamedContent(member_name(name, member), archive.read(member))
