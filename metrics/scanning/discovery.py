"""From arguments to diagrams, in order.

What is named is read. Below a folder the files that are diagrams by their extension are read, but
for hidden folders and what `.gitignore` files name; who asks for those too gets all, except from a
repository's store. A file that is reached twice is found once, by the name it is reached by first.
"""

from __future__ import annotations

import heapq
import os
import re
from typing import TYPE_CHECKING, Final

from metrics.reading.errors import DocumentError, ErrorType
from metrics.reading.sources import Listed, absolute, as_text, each
from metrics.report import Report

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


from metrics.scanning.gitignore import (
    IGNORE_FILE,
    REPOSITORY,
    _Ignores,
    _ignores_above,
    _ignores_in,
    _is_ignored,
)

EXTENSIONS: Final = (".bpmn", ".bpmn20.xml", ".bpmn2", ".dmn", ".dmn11.xml", ".form")
"""What the names of diagrams end with, in any case."""

STANDARD_INPUT: Final = "-"
"""The argument that is no path, and is found as it is."""

# Behind a name, for what is no plain file, both for the link to a folder: no name has such a
# character, and none sorts before it.
FOLDER_MARK: Final = "\0folder"
LINK_MARK: Final = "\0link"

NAMES_IN_A_PACK: Final = 32768

FolderIdentity = tuple[int, int] | str
FileIdentity = tuple[FolderIdentity, str]


def discover(
    paths: Iterable[str | os.PathLike[str]], *, honour_ignores: bool = True
) -> Iterator[str | Report]:
    """The files at some paths, and the diagrams below those that are folders.

    The paths come in their order, and what is in a folder sorted by name. Without `honour_ignores`,
    what is ignored or in hidden folders is not passed over. For a folder that cannot be listed
    there is a report with the reason why: `scan_many` passes it on in its place. Memory is needed
    for the folders that were visited, for what is named and for links, not for files; a folder is
    listed when it is reached. Raises `TypeError` for what are no paths.
    """
    return _Discovery(honour_ignores).found(each(paths))


class _Visit:
    """A folder that is gone through: its names are taken from `names` as they are needed."""

    __slots__ = (
        "_earlier",
        "_prefix",
        "by_link",
        "identity",
        "ignores",
        "is_whole",
        "last",
        "names",
    )

    def __init__(
        self,
        path: str,
        identity: FolderIdentity,
        names: Iterator[str],
        ignores: tuple[_Ignores, ...] | None,
        *,
        is_whole: bool,
        by_link: bool,
        earlier: _Visit | None,
    ) -> None:
        self._prefix = "" if path == os.curdir else os.path.join(path, "")
        self.identity = identity
        self.names: Iterator[str] | None = names
        self.ignores = ignores
        self.is_whole = is_whole
        self.by_link = by_link
        self.last = ""
        self._earlier = earlier

    def inner(self, name: str) -> str:
        """The path of what has a name in this folder."""
        return self._prefix + name

    def has_given(self, name: str) -> bool:
        """Whether the plain file of that name was found when the folder was gone through."""
        path = self.inner(name)
        return self.was_given_before(name) or (
            self.is_whole
            and (self.names is None or name <= self.last)
            and name.lower().endswith(EXTENSIONS)
            and os.path.isfile(path)
            and not (self.ignores and _is_ignored(path, False, self.ignores))
        )

    def was_given_before(self, name: str) -> bool:
        """Whether the plain file of that name was found in an earlier visit, by a link."""
        return self._earlier is not None and self._earlier.has_given(name)


class _Discovery:
    """What has been reached so far.

    Of plain files that were found in folders nothing is kept: the visit to their folder tells. Of
    all others, which are named or reached by links, `_given` holds what they are.
    """

    def __init__(self, honour_ignores: bool) -> None:
        self._honour_ignores = honour_ignores
        self._visits: dict[FolderIdentity, _Visit] = {}
        self._given: set[FileIdentity] = set()

    def found(self, paths: Iterable[str | os.PathLike[str]]) -> Iterator[str | Report]:
        for path in dict.fromkeys(map(as_text, paths)):
            if path == STANDARD_INPUT:
                yield path
            elif os.path.isdir(path):
                yield from self._below(path)
            elif self._is_new(path):
                yield path

    def _is_new(self, path: str) -> bool:
        folder, name = os.path.split(_real(path))
        identity = (_folder_identity(folder), name)
        visit = self._visits.get(identity[0])
        if identity in self._given or (visit is not None and visit.has_given(name)):
            return False
        self._given.add(identity)
        return True

    def _is_new_in(self, visit: _Visit, name: str) -> bool:
        return (visit.identity, name) not in self._given and not visit.was_given_before(name)

    def _below(self, top: str) -> Iterator[str | Report]:
        # A stack, not recursion: folders may be nested deeper than Python's calls.
        above = _ignores_above(top) if self._honour_ignores else None
        pending: list[_Visit] = []
        yield from self._enter(top, above, pending, by_link=False)
        while pending:
            visit = pending[-1]
            for marked in visit.names or ():
                name, mark, _ = marked.partition("\0")
                path = visit.inner(name)
                visit.last = name
                is_folder = marked.endswith(FOLDER_MARK)
                if visit.ignores and _is_ignored(path, is_folder, visit.ignores):
                    continue
                if is_folder:
                    by_link = visit.by_link or LINK_MARK in marked
                    yield from self._enter(path, visit.ignores, pending, by_link=by_link)
                    break
                if self._is_new(path) if mark else self._is_new_in(visit, name):
                    yield Listed(path)
            else:
                visit.names = None
                pending.pop()

    def _enter(
        self,
        path: str,
        ignores: tuple[_Ignores, ...] | None,
        pending: list[_Visit],
        *,
        by_link: bool,
    ) -> Iterator[str | Report]:
        """Begin the visit to a folder; gives its report where it cannot be listed."""
        identity = _folder_identity(path)
        earlier = self._visits.get(identity)
        # What was reached by a link is gone through again where it stands: other ignore files may
        # have said what is passed over.
        if earlier is not None and (by_link or not earlier.by_link):
            return
        listing = _Listing(hidden=ignores is None)
        is_whole = True
        try:
            with os.scandir(path) as entries:
                for entry in entries:
                    listing.add(entry)
        except OSError as error:
            # What had been listed by then is not lost.
            is_whole = False
            if earlier is None or earlier.is_whole:
                reason = DocumentError(ErrorType.UNREADABLE, error.strerror or str(error))
                yield Report(path, error=reason)
        if ignores is not None and listing.has_ignore_file:
            ignores = (*ignores, *_ignores_in(path))
        visit = _Visit(
            path,
            identity,
            listing.sorted(),
            ignores,
            is_whole=is_whole,
            by_link=by_link,
            earlier=earlier,
        )
        self._visits[identity] = visit
        pending.append(visit)


class _Listing:
    """The names of a folder that are wanted, with their marks.

    A folder may hold more files than there is memory for as many strings: beyond a number, names
    are kept in packs that are sorted each, and merged as they are taken.
    """

    def __init__(self, *, hidden: bool) -> None:
        self._hidden = hidden
        self._names: list[str] = []
        self._packs: list[bytes] = []
        self.has_ignore_file = False

    def add(self, entry: os.DirEntry[str]) -> None:
        name = entry.name
        if _is_folder(entry):
            if name == REPOSITORY or (name.startswith(".") and not self._hidden):
                return
            name += (LINK_MARK if entry.is_symlink() else "") + FOLDER_MARK
        elif not name.lower().endswith(EXTENSIONS):
            self.has_ignore_file |= name == IGNORE_FILE
            return
        elif entry.is_symlink():
            # A link to nowhere is asked for, and has its error.
            if os.path.exists(entry.path) and not os.path.isfile(entry.path):
                return
            name += LINK_MARK
        elif not entry.is_file():
            # A pipe or a device would block.
            return
        self._names.append(name)
        if len(self._names) == NAMES_IN_A_PACK:
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
        # The current folder is gone.
        return absolute(path)


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
        # A link that leads back to itself is nothing; by a diagram's name it is asked for.
        return False
