"""From paths to diagrams, in order.

A path to a file is yielded with any extension. Folders are searched for files with the extension of
a diagram and files that the caller includes, except those that the caller excludes. Hidden folders
and files matched by `.gitignore` are skipped unless the caller asks for them; `.git` and files that
macOS adds to archives are always skipped. A file that can be reached twice is yielded once, by the
path that reaches it first.
"""

from __future__ import annotations

import heapq
import os
import re
from typing import TYPE_CHECKING, Final

from metrics.archives.bounds import DEFAULT_MAX_TOTAL, ArchiveBounds
from metrics.archives.names import archive_type, member_name, member_path, plain_name
from metrics.reading.errors import DocumentError, ErrorType
from metrics.reading.sources import (
    DEFAULT_MAX_SIZE,
    STANDARD_INPUT,
    DiscoveredFile,
    absolute,
    path_text,
    require_iterable,
)
from metrics.report import Report
from metrics.scanning.gitignore import IGNORE_FILE, IgnoreRules
from metrics.scanning.globs import Globs
from metrics.scanning.requests import ShardFolder
from metrics.scanning.selection import Selection, apply_to_named
from metrics.scanning.unpacking import FoundArchive, Unpacker

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from metrics.scanning.requests import DiagramSource
    from metrics.scanning.unpacking import FoundSource

# These marks are appended to the names of folders, links and archives; the name of a link to a
# folder or an archive has both. No name contains the character \0, and no character sorts before
# it.
FOLDER_MARK: Final = "\0folder"
LINK_MARK: Final = "\0link"
ARCHIVE_MARK: Final = "\0archive"

MAX_NAMES_IN_MEMORY: Final = 4096

FolderIdentity = tuple[int, int] | str
FileIdentity = tuple[FolderIdentity, str]


def discover(
    paths: Iterable[str | os.PathLike[str]],
    *,
    honour_ignores: bool = True,
    include: Iterable[str] = (),
    exclude: Iterable[str] = (),
    force_exclude: bool = False,
    archives: bool = False,
    max_size: int = DEFAULT_MAX_SIZE,
    max_total: int = DEFAULT_MAX_TOTAL,
) -> Iterator[DiagramSource]:
    """Yield the paths that are files, and the diagrams in the paths that are folders or archives.

    The paths keep their order; the content of a folder is sorted by name. `include` adds files in
    folders and archives, and `exclude` removes files and folders. Both are patterns as in a
    `.gitignore`, relative to the current folder. Without `honour_ignores`, ignored files and hidden
    folders are included. `force_exclude` also skips paths that a search of the current folder would
    skip. With `archives`, archives in folders are read, too. A member of an archive yields a
    `NamedContent`; `max_size` is the number of bytes that it may have, and `max_total` that of all
    members of an archive.

    A folder that cannot be listed, and a member that cannot be read, yield a report with the error,
    which `scan_many` passes through.
    Folders are listed when they are reached; memory grows with the number of folders, links and
    named files, but not with the number of files in folders. Issues a Python warning for a
    `.gitignore` that cannot be read or exceeds a limit. Raises `TypeError` for anything that is not
    a path, `ValueError` for a pattern that cannot match a path.
    """
    selection = Selection(
        include=_globs(include),
        exclude=_globs(exclude),
        honour_ignores=honour_ignores,
        archives=archives,
    )
    paths = require_iterable(paths)
    if force_exclude:
        paths = apply_to_named(selection, map(path_text, paths)).read
    bounds = ArchiveBounds(max_size=max_size, max_total=max_total)
    return Unpacker(bounds).unpack(discover_selected(paths, selection))


def _globs(patterns: Iterable[str]) -> tuple[Globs, ...]:
    globs = Globs.of(require_iterable(patterns))
    return (globs,) if globs else ()


def discover_selected(
    paths: Iterable[str | os.PathLike[str]], selection: Selection
) -> Iterator[FoundSource]:
    """Yield the files at some paths, as `discover` does, with a selection; opens no archive."""
    return _Discovery(selection).discover(paths)


def count_skipped_archives(paths: Iterable[str], selection: Selection) -> int:
    """The number of archives in folders that a search skips because they are not asked for."""
    if selection.archives:
        return 0
    found = discover_selected(paths, selection._replace(archives=True))
    # Those that are named are read.
    return sum(
        isinstance(source, FoundArchive) and isinstance(source.path, DiscoveredFile)
        for source in found
    )


class _Visit:
    """A visit to a folder; its `names` are consumed one by one."""

    __slots__ = (
        "_absolute_prefix",
        "_earlier",
        "_prefix",
        "by_link",
        "identity",
        "is_complete",
        "last_name",
        "names",
        "rules",
        "selection",
    )

    def __init__(
        self,
        path: str,
        identity: FolderIdentity,
        rules: IgnoreRules,
        selection: Selection,
        *,
        by_link: bool,
        earlier: _Visit | None,
    ) -> None:
        self._prefix = "" if path == os.curdir else os.path.join(path, "")
        self._absolute_prefix = os.path.join(absolute(path), "")
        self.identity = identity
        self.names: Iterator[str] | None = None
        self.rules = rules
        self.selection = selection
        self.is_complete = False
        self.by_link = by_link
        self.last_name = ""
        self._earlier = earlier

    def path_of(self, name: str) -> str:
        """The path of a name in this folder."""
        return self._prefix + name

    def is_diagram(self, name: str) -> bool:
        """Whether the name of a file in this folder is that of a diagram."""
        return self.selection.is_diagram(self._absolute_prefix, name)

    def skips_file(self, name: str) -> bool:
        """Whether a diagram in this folder is ignored or excluded."""
        if not (self.rules or self.selection.exclude):
            return False
        path = self._absolute_prefix + name
        return self.rules.ignores(path, is_folder=False) or self.selection.excludes(path)

    def skips_folder(self, name: str) -> bool:
        """Whether a folder in this folder is ignored or excluded."""
        path = self._absolute_prefix + name
        return self.rules.ignores(path, is_folder=True) or self.selection.excludes_all_in(
            os.path.join(path, "")
        )

    def has_yielded(self, name: str) -> bool:
        """Whether this visit or an earlier one yielded the regular file with this name."""
        return self.was_yielded_earlier(name) or (
            self.is_complete
            and (self.names is None or name <= self.last_name)
            and self.is_diagram(name)
            and os.path.isfile(self.path_of(name))
            and not self.skips_file(name)
        )

    def was_yielded_earlier(self, name: str) -> bool:
        """Whether an earlier visit, through a link, yielded the regular file with this name."""
        return self._earlier is not None and self._earlier.has_yielded(name)


class _Discovery:
    """Yields each file once.

    Plain files in folders are not remembered: the visit to their folder knows whether they were
    yielded. `_yielded` holds the identities of all others, which are named or reached by links.
    """

    def __init__(self, selection: Selection) -> None:
        self._selection = selection
        self._visits: dict[FolderIdentity, _Visit] = {}
        self._yielded: set[FileIdentity] = set()

    def discover(self, paths: Iterable[str | os.PathLike[str]]) -> Iterator[FoundSource]:
        for path in dict.fromkeys(map(path_text, paths)):
            if path == STANDARD_INPUT:
                yield path
            elif os.path.isdir(path) and not isinstance(path, ShardFolder):
                yield from self._walk(path)
            elif (inner := member_path(path)) is not None:
                yield from self._find_member(*inner)
            elif self._is_new(path):
                yield path if archive_type(path) is None else self._find_archive(path)

    def _find_archive(self, path: str) -> FoundArchive:
        """An archive that was named: without the patterns that exclude it itself."""
        selection = self._selection.for_named_folder(f"{path}!")
        return FoundArchive(path, selection, _file_identity(path))

    def _find_member(self, archive: str, member: str) -> Iterator[FoundArchive]:
        member = plain_name(member.rstrip("/"))
        if member:
            selection = self._selection.for_named_folder(member_name(archive, member))
            yield FoundArchive(archive, selection, _file_identity(archive), member)
        elif self._is_new(archive):
            yield self._find_archive(archive)

    def _is_new(self, path: str) -> bool:
        identity = _file_identity(path)
        name = identity[1]
        visit = self._visits.get(identity[0])
        if identity in self._yielded or (visit is not None and visit.has_yielded(name)):
            return False
        self._yielded.add(identity)
        return True

    def _is_new_in(self, visit: _Visit, name: str) -> bool:
        return (visit.identity, name) not in self._yielded and not visit.was_yielded_earlier(name)

    def _walk(self, top: str) -> Iterator[FoundSource]:
        # A stack, not recursion: folders may be nested deeper than Python allows calls.
        selection = self._selection.for_named_folder(top)
        rules = (
            IgnoreRules.above(top, selection.warn) if selection.honour_ignores else IgnoreRules()
        )
        pending: list[_Visit] = []
        yield from self._enter(top, rules, selection, pending, by_link=False)
        while pending:
            visit = pending[-1]
            for marked in visit.names or ():
                name, mark, _ = marked.partition("\0")
                visit.last_name = name
                if marked.endswith(FOLDER_MARK):
                    if visit.skips_folder(name):
                        continue
                    path, by_link = visit.path_of(name), visit.by_link or LINK_MARK in marked
                    yield from self._enter(path, visit.rules, selection, pending, by_link=by_link)
                    break
                if visit.skips_file(name):
                    continue
                path = visit.path_of(name)
                if not (self._is_new(path) if mark else self._is_new_in(visit, name)):
                    continue
                if mark and marked.endswith(ARCHIVE_MARK):
                    file = DiscoveredFile(path)
                    yield FoundArchive(file, visit.selection, _file_identity(path))
                else:
                    yield DiscoveredFile(path)
            else:
                visit.names = None
                pending.pop()

    def _enter(
        self,
        path: str,
        rules: IgnoreRules,
        selection: Selection,
        pending: list[_Visit],
        *,
        by_link: bool,
    ) -> Iterator[Report]:
        """Add a visit to the stack; yields a report if the folder cannot be listed."""
        identity = _folder_identity(path)
        earlier = self._visits.get(identity)
        # A folder that was reached by a link is visited again at its own place, where other ignore
        # files may apply. A folder that was named is visited again without patterns for it.
        if (
            earlier is not None
            and earlier.selection == selection
            and (by_link or not earlier.by_link)
        ):
            return
        visit = _Visit(path, identity, rules, selection, by_link=by_link, earlier=earlier)
        listing = _Listing(visit)
        try:
            with os.scandir(path) as entries:
                for entry in entries:
                    listing.add(entry)
            visit.is_complete = True
        except OSError as error:
            # The names that were listed so far are kept.
            if earlier is None or earlier.is_complete:
                reason = DocumentError(ErrorType.UNREADABLE, error.strerror or str(error))
                yield Report(path, error=reason)
        if selection.honour_ignores and listing.has_ignore_file:
            visit.rules = rules.within(path)
        visit.names = listing.sorted()
        self._visits[identity] = visit
        pending.append(visit)


class _Listing:
    """The names of the diagrams and folders in a folder, with their marks.

    A folder may hold too many files for a string each: names beyond a bound are stored in sorted,
    encoded packs, which are merged as they are consumed.
    """

    def __init__(self, visit: _Visit) -> None:
        self._visit = visit
        self._is_diagram = visit.is_diagram
        self._reads_archive = visit.selection.reads_archive
        self._names: list[str] = []
        self._packs: list[bytes] = []
        self.has_ignore_file = False

    def add(self, entry: os.DirEntry[str]) -> None:
        name, is_archive = entry.name, False
        self.has_ignore_file |= name == IGNORE_FILE
        if _is_folder(entry):
            if not self._visit.selection.enters(name):
                return
            name += (LINK_MARK if entry.is_symlink() else "") + FOLDER_MARK
        elif not (self._is_diagram(name) or (is_archive := self._reads_archive(name))):
            return
        elif entry.is_symlink():
            # A broken link is yielded, so that reading it reports the error.
            if os.path.exists(entry.path) and not os.path.isfile(entry.path):
                return
            name += LINK_MARK
        elif not entry.is_file():
            # Opening a pipe or a device would block.
            return
        if is_archive:
            name += ARCHIVE_MARK
        self._names.append(name)
        if len(self._names) == MAX_NAMES_IN_MEMORY:
            self._packs.append("/".join(sorted(self._names)).encode("utf-8", "surrogatepass"))
            self._names.clear()

    def sorted(self) -> Iterator[str]:
        self._names.sort()
        if not self._packs:
            return iter(self._names)
        return heapq.merge(*map(_unpacked, self._packs), self._names)


def _unpacked(pack: bytes) -> Iterator[str]:
    for match in re.finditer(rb"[^/]+", pack):
        yield match[0].decode("utf-8", "surrogatepass")


def _real(path: str) -> str:
    try:
        return os.path.realpath(path)
    except OSError:
        # The current folder was deleted.
        return absolute(path)


def _file_identity(path: str) -> FileIdentity:
    folder, name = os.path.split(_real(path))
    return _folder_identity(folder), name


def _folder_identity(path: str) -> FolderIdentity:
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return absolute(path)
    return status.st_dev, status.st_ino


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        # A link to itself; with the extension of a diagram, it is yielded as a broken link.
        return False
