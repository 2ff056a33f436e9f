"""From an archive to the diagrams in it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, BinaryIO, cast

from metrics.archives.names import ArchiveType, archive_type, member_name
from metrics.reading.errors import DocumentError, ErrorType
from metrics.reading.sources import NamedContent
from metrics.report import Report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from metrics.archives.bounds import ArchiveBounds
    from metrics.archives.names import MemberPath

    Warn = Callable[[str, str], None]


def read_archive(
    source: str | BinaryIO,
    name: str,
    type: ArchiveType,
    *,
    is_wanted: Callable[[str], bool],
    warn: Warn,
    bounds: ArchiveBounds,
) -> Iterator[NamedContent | Report]:
    """Yield the content of each member that is wanted, or a report of why there is none."""
    try:
        for member, content in _members(source, type):
            full = member_name(name, member)
            if is_wanted(full):
                yield NamedContent(full, content)
            elif (inner := archive_type(member)) is not None:
                stream = io.BytesIO(content)
                yield from read_archive(
                    stream, full, inner, is_wanted=is_wanted, warn=warn, bounds=bounds
                )
    except Exception as error:
        reason = getattr(error, "strerror", None) or str(error)
        yield Report(name, error=DocumentError(ErrorType.UNREADABLE, reason))


def read_members_at(
    path: MemberPath,
    *,
    is_wanted: Callable[[str], bool],
    warn: Warn,
    bounds: ArchiveBounds,
) -> Iterator[NamedContent | Report]:
    """Yield the member at a path, whatever its name, or the wanted members below it."""
    named = member_name(*path)
    is_archive = archive_type(named) is not None
    below = (f"{named.rstrip('/')}/", f"{named}!/")
    type = archive_type(path.archive)
    assert type is not None
    found = False
    for item in read_archive(
        path.archive,
        path.archive,
        type,
        is_wanted=lambda name: (
            (name == named and not is_archive) or (name.startswith(below) and is_wanted(name))
        ),
        warn=warn,
        bounds=bounds,
    ):
        found = True
        yield item
    if not found:
        reason = "there is no such member in the archive"
        yield Report(named, error=DocumentError(ErrorType.UNREADABLE, reason))


def _members(source: str | BinaryIO, type: ArchiveType) -> Iterator[tuple[str, bytes]]:
    if type is ArchiveType.ZIP:
        from zipfile import ZipFile

        stream = source if isinstance(source, str) else io.BytesIO(source.read())
        with ZipFile(stream) as archive:
            for info in sorted(archive.infolist(), key=lambda info: info.filename):
                if not info.is_dir():
                    yield info.filename, archive.read(info)
        return
    import tarfile
    from contextlib import ExitStack

    with ExitStack() as stack:
        file = stack.enter_context(open(source, "rb")) if isinstance(source, str) else source
        if type is ArchiveType.TAR_GZ:
            import gzip

            file = cast("BinaryIO", stack.enter_context(gzip.GzipFile(fileobj=file)))
        if type is ArchiveType.TAR_ZST:
            import zstandard

            file = cast("BinaryIO", zstandard.ZstdDecompressor().stream_reader(file))
        tar = stack.enter_context(tarfile.open(fileobj=file, mode="r|"))
        for member in tar:
            if member.isfile() and (content := tar.extractfile(member)) is not None:
                yield member.name.removeprefix("./"), content.read()
