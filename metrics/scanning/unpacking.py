"""From archives that a search found to the diagrams in them.

The search itself opens no archive, so it can be repeated at little cost.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple, cast

from metrics.archives.bounds import ArchiveBounds
from metrics.archives.names import (
    ArchiveType,
    MemberPath,
    archive_type,
    member_name,
    member_path,
)
from metrics.reading.sources import STANDARD_INPUT, DiscoveredFile, NamedContent, absolute
from metrics.report import Report
from metrics.scanning.gitignore import show_python_warning
from metrics.scanning.selection import NOT_READ_PREFIXES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from metrics.archives.reader import ArchiveSource
    from metrics.scanning.gitignore import Warn
    from metrics.scanning.requests import DiagramSource
    from metrics.scanning.selection import Selection


class StreamType(StrEnum):
    """What standard input holds, if it is not a single diagram."""

    TAR = "tar"
    ZIP = "zip"
    NDJSON = "ndjson"


PARTS_OF_NO_FOLDER: Final = ("", ".", "..")
"""The parts in the name of a member that name no folder."""

MAX_ARCHIVES_LOOKED_UP: Final = 16
"""The number of archives in the name of a member to which patterns apply; fewer are opened."""

DEFAULT_BOUNDS: Final = ArchiveBounds()


class FoundArchive(NamedTuple):
    """An archive that a search found, or the `member` that a path names in it.

    `selection` says which members are diagrams. `identity` is the same for all paths of an archive.
    """

    path: str
    selection: Selection
    identity: object
    member: str | None = None

    @property
    def name(self) -> str:
        """The path that leads to what was found."""
        return self.path if self.member is None else member_name(self.path, self.member)


FoundSource = str | Report | FoundArchive
"""What a search yields."""


class DiagramStream(NamedTuple):
    """Standard input that holds many diagrams; `name` is its name in output.

    Without a `type`, it is not read.
    """

    type: StreamType | None
    name: str
    content: BinaryIO
    selection: Selection


class Unpacker:
    """Replaces archives by the diagrams in them; each diagram is yielded once.

    `stream` replaces standard input. `warn` receives the name of a member that is skipped, and a
    message. `first_excluded` is the name of the first diagram in the stream that is excluded or
    hidden. With `bytes_to_keep`, `stream_contents` maps the name of each diagram in the stream to
    its content, or to None if the contents kept so far leave no room for it.
    """

    def __init__(
        self,
        bounds: ArchiveBounds = DEFAULT_BOUNDS,
        *,
        warn: Warn = show_python_warning,
        stream: DiagramStream | None = None,
        bytes_to_keep: int | None = None,
    ) -> None:
        self.bounds = bounds
        self.first_excluded: str | None = None
        self.stream_contents: dict[str, bytes | None] = {}
        self._warn = warn
        self._stream = stream
        self._bytes_to_keep = bytes_to_keep
        self._archives: dict[object, _Archive] = {}

    def unpack(self, sources: Iterable[FoundSource]) -> Iterator[DiagramSource]:
        """Yield the sources, each archive replaced by the diagrams in it."""
        for source in sources:
            if isinstance(source, FoundArchive):
                archive = self._archives.setdefault(source.identity, _Archive())
                items = read_found(source, warn=self._warn, bounds=self.bounds)
                yield from archive.only_new(source, items)
            elif source == STANDARD_INPUT and self._stream is not None:
                yield from self._read_stream(self._stream)
            else:
                yield source

    def has_read(self, found: FoundArchive) -> bool:
        """Whether all diagrams in an archive were yielded."""
        archive = self._archives.get(found.identity)
        return archive is not None and archive.was_read_with(found.selection)

    def afresh(self) -> Unpacker:
        """An unpacker of the same kind that has yielded nothing yet."""
        return Unpacker(self.bounds, warn=self._warn, stream=self._stream)

    def without_stream(self) -> Unpacker:
        """An unpacker with the same bounds, which leaves out the stream and shows no warnings."""
        stream = self._stream and self._stream._replace(type=None)
        return Unpacker(self.bounds, warn=ignore_warning, stream=stream)

    def _read_stream(self, stream: DiagramStream) -> Iterator[NamedContent | Report]:
        left = self._bytes_to_keep
        for item in self._items_of_stream(stream):
            if left is not None and isinstance(item, NamedContent):
                # Two diagrams of one name could be mistaken for each other.
                is_kept = item.name not in self.stream_contents and len(item.content) <= left
                left -= len(item.content) if is_kept else 0
                self.stream_contents[item.name] = item.content if is_kept else None
            yield item

    def _items_of_stream(self, stream: DiagramStream) -> Iterator[NamedContent | Report]:
        if stream.type is StreamType.NDJSON:
            from metrics.archives.ndjson_contents import read_contents

            yield from read_contents(stream.content, stream.name, max_size=self.bounds.max_size)
        elif stream.type is not None:
            from metrics.archives.reader import read_archive

            members = _Members(FoundArchive(stream.name, stream.selection, None))
            items = read_archive(
                cast("BinaryIO", _Forwards(stream.content)),
                stream.name,
                # The compression of a tar archive is recognized by its first bytes.
                ArchiveType.ZIP if stream.type is StreamType.ZIP else ArchiveType.TAR,
                is_wanted=members.is_wanted,
                warn=self._warn,
                bounds=self.bounds,
            )
            yield from members.without_skipped(items)
            self.first_excluded = members.first_excluded


def read_found(
    found: FoundArchive,
    *,
    source: ArchiveSource | None = None,
    warn: Warn,
    bounds: ArchiveBounds,
) -> Iterator[NamedContent | Report]:
    """Yield the diagrams in an archive that was found, or reports of why there are none.

    The archive is read from `source`, if there is one, and then its path is only its name in
    output.
    """
    from metrics.archives.reader import read_members_at

    members = _Members(found)
    items = read_members_at(
        MemberPath(str(found.path), found.member or ""),
        source=source,
        is_wanted=members.is_wanted,
        warn=warn,
        bounds=bounds,
    )
    return members.without_skipped(items)


def read_members(names: Iterable[str], bounds: ArchiveBounds) -> Iterator[NamedContent]:
    """Yield the members with these names; reads each archive once, and leaves out what fails."""
    from metrics.archives.reader import read_archive

    names_in: dict[str, set[str]] = {}
    for name in names:
        if (path := member_path(name)) is not None:
            names_in.setdefault(path.archive, set()).add(name)
    for archive, members in names_in.items():
        type = archive_type(archive)
        if type is not None:
            items = read_archive(
                DiscoveredFile(archive),
                archive,
                type,
                is_wanted=members.__contains__,
                warn=ignore_warning,
                bounds=bounds,
            )
            yield from (item for item in items if isinstance(item, NamedContent))


def ignore_warning(name: str, message: str) -> None:
    """Show nothing, in a quiet run and when an archive is read again."""


class _Archive:
    """An archive, and which of its members were yielded.

    Members that paths name are remembered, and archives in it that cannot be read. For other
    members of the whole archive, `_whole` knows whether they were yielded.
    """

    def __init__(self) -> None:
        self._whole: _Members | None = None
        self._named: set[str] = set()

    def only_new(
        self, found: FoundArchive, items: Iterable[NamedContent | Report]
    ) -> Iterator[NamedContent | Report]:
        """Yield the items that were not yielded before."""
        named: set[str] = set()
        for item in items:
            inner = item.name[len(found.path) :]
            # An error of the whole archive has no name inside.
            if inner:
                if self._was_yielded(inner):
                    continue
                if found.member is not None or archive_type(inner) is not None:
                    named.add(inner)
            yield item
        # Not earlier: an archive may have two members of one name.
        self._named |= named
        if found.member is None:
            self._whole = _Members(found)

    def was_read_with(self, selection: Selection) -> bool:
        """Whether all members that a selection includes were yielded."""
        return self._whole is not None and self._whole.selection == selection

    def _was_yielded(self, inner: str) -> bool:
        return inner in self._named or (
            self._whole is not None and self._whole.is_wanted(self._whole.path + inner)
        )


class _Members:
    """Which members of an archive are diagrams.

    The same files are as in a folder. `first_excluded` is the name of the first diagram that is
    excluded or in a hidden folder.
    """

    def __init__(self, found: FoundArchive) -> None:
        self.path = found.path
        self.first_excluded: str | None = None
        self.selection = found.selection
        self._absolute_path = absolute(found.path)
        # A folder that is named may be hidden.
        self._named = found.name
        self._last_folder = ""
        self._enters_last_folder = True

    def is_wanted(self, name: str) -> bool:
        """Whether the member with a name is a diagram that is not skipped."""
        folder, _, file = name.rpartition("/")
        if not self.selection.is_diagram(f"{self._absolute(folder)}/", file):
            return False
        if self._enters(folder) and not self._excludes(name):
            return True
        if self.first_excluded is None:
            self.first_excluded = name
        return False

    def without_skipped(
        self, items: Iterable[NamedContent | Report]
    ) -> Iterator[NamedContent | Report]:
        """Leave out the errors of archives in the archive that are skipped."""
        for item in items:
            if isinstance(item, NamedContent) or not self._skips(item.name):
                yield item

    def _skips(self, name: str) -> bool:
        if len(name) <= len(self._named):
            return False
        folder, _, file = name.rpartition("/")
        return (
            file.startswith(NOT_READ_PREFIXES) or not self._enters(folder) or self._excludes(name)
        )

    def _enters(self, folder: str) -> bool:
        """Whether a search enters a folder of the archive; most members are in the last one."""
        if folder != self._last_folder:
            self._enters_last_folder = self._enters_all(folder)
            self._last_folder = folder
        return self._enters_last_folder

    def _enters_all(self, folder: str) -> bool:
        first, *parts = folder[len(self._named) :].split("/")
        end = len(self._named) + len(first)
        archives = 0
        for part in parts:
            end += 1 + len(part)
            archive = part.removesuffix("!")
            if archive != part and archive_type(archive) is not None:
                # An archive in the archive is a file, which may be hidden.
                archives += 1
                if archive.startswith(NOT_READ_PREFIXES) or (
                    archives <= MAX_ARCHIVES_LOOKED_UP and self._excludes(folder[: end - 1])
                ):
                    return False
            elif part not in PARTS_OF_NO_FOLDER and not self.selection.enters(part):
                return False
        return True

    def _excludes(self, name: str) -> bool:
        return bool(self.selection.exclude) and self.selection.excludes(self._absolute(name))

    def _absolute(self, name: str) -> str:
        return self._absolute_path + name[len(self.path) :]


class _Forwards:
    """A stream that cannot seek, so that everything in it counts, even if it is a file."""

    def __init__(self, stream: BinaryIO) -> None:
        self.read = stream.read

    def seekable(self) -> bool:
        return False
