"""From an archive to the diagrams in it."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple

from metrics.archives.bounds import ArchiveError, BoundError, Costs
from metrics.archives.members import Role, broken
from metrics.archives.names import (
    MEMBER_SEPARATOR,
    ArchiveType,
    archive_type,
    member_name,
    plain_name,
)
from metrics.reading.errors import DocumentError, ErrorType, truncated
from metrics.reading.sources import (
    MAX_NAME_CHARACTERS,
    NamedContent,
    content,
    open_regular_file,
    too_large,
)
from metrics.report import Report, failed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from metrics.archives.bounds import ArchiveBounds
    from metrics.archives.members import Member
    from metrics.archives.names import MemberPath

MAX_WARNINGS: Final = 100
MAX_CHARACTERS_QUOTED: Final = 100

SAME_NAME: Final = "another member has the same name"
NO_SUCH_MEMBER: Final = "there is no such file in the archive"
MORE_WARNINGS: Final = "further warnings about the archive are not shown"


class ArchiveSource(NamedTuple):
    """What an archive is read from, a path or a stream, and how."""

    content: str | BinaryIO
    type: ArchiveType


def read_archive(
    source: str | BinaryIO,
    name: str,
    type: ArchiveType,
    *,
    is_wanted: Callable[[str], bool],
    warn: Callable[[str, str], None],
    bounds: ArchiveBounds,
) -> Iterator[NamedContent | Report]:
    """Yield the content of each member that is wanted, or a report of why there is none.

    `source` is a path, or a stream that need not seek; a zip archive from a stream is held in
    memory. `name` is the name of the archive in output. `is_wanted` is asked about the full name of
    each file in the archive and in the archives in it: `app.ear!/web.war!/order.bpmn`. `warn` gets
    a name and a message, about links and members with the same name, a hundred times at most.

    The members of a zip archive are sorted by name, those of a tar archive have its order. An
    archive that cannot be read, or not to its end, yields a report under its name. If a bound is
    exceeded that holds for the whole of `source`, the report is under `name`, and nothing more is
    read.
    """
    reading = _Reading(is_wanted, lambda member: True, warn, bounds)
    return reading.read(source, name, type)


def read_members_at(
    path: MemberPath,
    *,
    source: ArchiveSource | None = None,
    is_wanted: Callable[[str], bool],
    warn: Callable[[str, str], None],
    bounds: ArchiveBounds,
) -> Iterator[NamedContent | Report]:
    """Yield what a path into an archive names, as `read_archive` does.

    A member that the path names is read, whatever its extension. If the path names a folder or a
    nested archive, its wanted members are read. Archives that do not lead to them are not opened.
    If the archive has nothing at the path, a report under the whole path says so. The archive is
    read from `source`, if there is one, and then `path` is only its name in output.
    """
    if source is None:
        found_type = archive_type(path.archive)
        if found_type is None:
            raise ValueError(f"not the name of an archive: {path.archive!r}")
        source = ArchiveSource(path.archive, found_type)
    file, type = source
    target = _Target(path, is_wanted)
    if target.is_whole_archive:
        yield from read_archive(
            file, path.archive, type, is_wanted=is_wanted, warn=warn, bounds=bounds
        )
        return
    reading = _Reading(target.is_wanted, target.is_opened, warn, bounds)
    has_result = False
    for result in reading.read(file, path.archive, type):
        has_result = True
        yield result
    if not has_result and not target.holds_files:
        name = member_name(path.archive, path.member)
        yield failed(name, DocumentError(ErrorType.UNREADABLE, NO_SUCH_MEMBER))


class _Target:
    """What a path into an archive names.

    `holds_files` says whether a folder or an archive was found there, with any file in it.
    """

    def __init__(self, path: MemberPath, is_wanted: Callable[[str], bool]) -> None:
        member = path.member.rstrip("/")
        if archive_type(member.removesuffix("!")) is not None:
            member = member.removesuffix("!")
        self.is_whole_archive = not member
        self.holds_files = False
        self._name = member_name(path.archive, plain_name(member))
        self._below = (f"{self._name}/", f"{self._name}{MEMBER_SEPARATOR}")
        self._is_wanted_below = is_wanted

    def is_wanted(self, name: str) -> bool:
        """Whether a member is read as a diagram."""
        if name == self._name:
            return archive_type(name) is None
        if name.startswith(self._below):
            self.holds_files = True
            return self._is_wanted_below(name)
        return False

    def is_opened(self, name: str) -> bool:
        """Whether an archive in the archive is opened."""
        if name == self._name:
            self.holds_files = True
            return True
        return name.startswith(self._below) or self._name.startswith(name + MEMBER_SEPARATOR)


class _Reading:
    """Reads an archive, with the archives in it."""

    def __init__(
        self,
        is_wanted: Callable[[str], bool],
        is_opened: Callable[[str], bool],
        warn: Callable[[str, str], None],
        bounds: ArchiveBounds,
    ) -> None:
        self._is_wanted = is_wanted
        self._is_opened = is_opened
        self._show_warning = warn
        self._warnings = 0
        self._bounds = bounds
        self._costs = Costs(bounds)
        # Hashes instead of names, since a million names may be long.
        self._names: set[int] = set()

    def read(
        self, source: str | BinaryIO, name: str, type: ArchiveType
    ) -> Iterator[NamedContent | Report]:
        """Yield what the archive at a path or in a stream holds."""
        try:
            with _opened(source, type, self._bounds) as file:
                yield from self._archive(file, name, type, depth=1)
        except (DocumentError, MemoryError) as error:
            yield failed(name, error)

    def _archive(
        self, file: BinaryIO, name: str, type: ArchiveType, depth: int
    ) -> Iterator[NamedContent | Report]:
        try:
            for member in self._members(file, name, type):
                full_name = member_name(name, member.name)
                if len(full_name) > MAX_NAME_CHARACTERS:
                    yield failed(name, _too_long(member.name))
                elif member.target is not None:
                    self._warn(full_name, _link_skipped(member.target))
                elif member.role is Role.DIAGRAM:
                    yield self._diagram(member, full_name)
                else:
                    yield from self._nested(member, full_name, depth + 1)
        except BoundError:
            raise
        except (DocumentError, MemoryError) as error:
            yield failed(name, error)
        except OSError as error:
            yield failed(name, broken(error.strerror or str(error)))

    def _members(self, file: BinaryIO, name: str, type: ArchiveType) -> Iterator[Member]:
        choose = partial(self._role, name)
        if type is ArchiveType.ZIP:
            from metrics.archives.zip_files import zip_members

            return zip_members(file, choose, self._costs)
        from metrics.archives.tar_files import tar_members

        return tar_members(file, choose, partial(self._warn, name), self._costs)

    def _role(self, archive: str, member: str) -> Role | None:
        name = _start_and_end(member_name(archive, member))
        if self._is_wanted(name):
            return Role.DIAGRAM
        if archive_type(member) is not None and self._is_opened(name):
            return Role.ARCHIVE
        return None

    def _diagram(self, member: Member, name: str) -> NamedContent | Report:
        identity = hash(name)
        if identity in self._names:
            self._warn(name, SAME_NAME)
        self._names.add(identity)
        try:
            return NamedContent(name, self._content(member))
        except ArchiveError:
            raise
        except (DocumentError, MemoryError) as error:
            return failed(name, error)

    def _nested(self, member: Member, name: str, depth: int) -> Iterator[NamedContent | Report]:
        type = archive_type(member.name)
        assert type is not None
        try:
            if depth > self._bounds.max_depth:
                raise _too_deep(self._bounds.max_depth)
            file = BytesIO(self._content(member))
        except ArchiveError:
            raise
        except (DocumentError, MemoryError) as error:
            yield failed(name, error)
        else:
            yield from self._archive(file, name, type, depth)

    def _content(self, member: Member) -> bytes:
        if member.size > self._bounds.max_size:
            raise too_large(self._bounds.max_size)
        return member.read()

    def _warn(self, name: str, message: str) -> None:
        self._warnings += 1
        if self._warnings < MAX_WARNINGS:
            self._show_warning(name, message)
        elif self._warnings == MAX_WARNINGS:
            self._show_warning(name, MORE_WARNINGS)


@contextmanager
def _opened(source: str | BinaryIO, type: ArchiveType, bounds: ArchiveBounds) -> Iterator[BinaryIO]:
    if isinstance(source, str):
        with _open_file(source) as file:
            yield file
    elif type is ArchiveType.ZIP:
        yield BytesIO(content(source, bounds.max_size))
    else:
        yield source


def _open_file(path: str) -> BinaryIO:
    """Open a regular file; never waits for the writer of a pipe."""
    try:
        file = open_regular_file(path)
    except OSError as error:
        raise broken(error.strerror or str(error)) from None
    except ValueError as error:
        raise broken(str(error)) from None
    if file is None:
        raise broken("it is not a regular file")
    return file


def _start_and_end(name: str) -> str:
    """A name, or the start and the end of one that is too long.

    A name of megabytes may have folders by the thousand, each of which would be looked up.
    """
    if len(name) <= MAX_NAME_CHARACTERS:
        return name
    half = MAX_NAME_CHARACTERS // 2
    return name[:half] + name[-half:]


def _too_long(name: str) -> DocumentError:
    start = truncated(name, MAX_CHARACTERS_QUOTED)
    return DocumentError(
        ErrorType.TOO_LARGE,
        f"the name of a member has more than {MAX_NAME_CHARACTERS:,} characters: {start}",
    )


def _too_deep(max_depth: int) -> DocumentError:
    return DocumentError(
        ErrorType.TOO_LARGE, f"not read: it lies in more than {max_depth - 1} other archives"
    )


def _link_skipped(target: str) -> str:
    return f"skipped: it is a link to {truncated(target, MAX_CHARACTERS_QUOTED)}"
