"""The names of archives and of their members: `app.war!/WEB-INF/classes/order.bpmn`."""

from __future__ import annotations

import os
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from metrics.reading.sources import STANDARD_INPUT

if TYPE_CHECKING:
    from collections.abc import Mapping

# The name of a package works even if this project is not from a package index; an extra does not.
INSTALL_ZSTANDARD: Final = "pip install zstandard"

MEMBER_SEPARATOR: Final = "!/"
"""Stands between the name of an archive and the name of a member."""


class ArchiveType(StrEnum):
    """How an archive is read."""

    ZIP = "zip"
    TAR = "tar"
    TAR_GZ = "tar.gz"
    TAR_ZST = "tar.zst"


EXTENSIONS: Final[Mapping[str, ArchiveType]] = MappingProxyType(
    {
        ".zip": ArchiveType.ZIP,
        ".jar": ArchiveType.ZIP,
        ".war": ArchiveType.ZIP,
        ".ear": ArchiveType.ZIP,
        ".bar": ArchiveType.ZIP,
        ".tar": ArchiveType.TAR,
        ".tar.gz": ArchiveType.TAR_GZ,
        ".tgz": ArchiveType.TAR_GZ,
        ".tar.zst": ArchiveType.TAR_ZST,
    }
)
"""The extensions of archives, in lower case; upper case is accepted, too."""

ALL_EXTENSIONS: Final = tuple(EXTENSIONS)

# What stands for parts of a path that would lead elsewhere.
DOTS: Final[Mapping[str, str]] = MappingProxyType({".": "%2E", "..": "%2E%2E"})


class MemberPath(NamedTuple):
    """A path that leads into an archive: the path of the archive, and what it names inside."""

    archive: str
    member: str


def archive_type(name: str) -> ArchiveType | None:
    """How to read an archive with this name; None if the name is not that of an archive."""
    lower = name.lower()
    if not lower.endswith(ALL_EXTENSIONS):
        return None
    return next(type for extension, type in EXTENSIONS.items() if lower.endswith(extension))


def member_name(archive: str, member: str) -> str:
    """The name of a member in output: the name of its archive, `!/`, and its name inside."""
    return f"{archive}{MEMBER_SEPARATOR}{member}"


def plain_name(name: str) -> str:
    """The name of a member without the `./` that `tar` puts before the names in `.`."""
    return name.removeprefix("./")


def member_of(name: str) -> MemberPath | None:
    """The parts of the name of a member, by the name alone; None for any other name.

    The archive may be standard input. A folder may be named like an archive with a `!`: the names
    of the files in it are not those of members.
    """
    start = name.find(MEMBER_SEPARATOR)
    while start != -1:
        archive = name[:start]
        if _is_archive(archive) and not os.path.isdir(f"{archive}!"):
            return MemberPath(archive, name[start + len(MEMBER_SEPARATOR) :])
        start = name.find(MEMBER_SEPARATOR, start + 1)
    return None


def contained_member(member: str) -> str:
    """A member's name inside as a part of a path that cannot lead out of the archive.

    A hostile archive may name a member `../../order.bpmn`.
    """
    if "." not in member:
        return member
    return "/".join(DOTS.get(part, part) for part in member.split("/"))


def folder_of(name: str) -> str:
    """The folder of a file or member, "" for a bare name; the archive for a member at its top."""
    folder = os.path.dirname(name)
    if not folder.endswith("!") or member_of(name) is None:
        return folder
    archive = folder.removesuffix("!")
    return archive if _is_archive(archive) else folder


def member_path(path: str, folder: str = "") -> MemberPath | None:
    """The parts of a path that leads into an archive; None for any other path.

    The archive is an existing file, and no file has the whole path. `member` may itself lead
    through archives: `app.ear!/web.war!/order.bpmn` is `web.war!/order.bpmn` in `app.ear`, unless a
    folder `app.ear!` has a file `web.war`. A relative path is relative to `folder`, without one to
    the current folder.
    """
    found: MemberPath | None = None
    start = path.find(MEMBER_SEPARATOR)
    while start != -1:
        archive = path[:start]
        file = os.path.join(folder, archive)
        if archive_type(archive) is not None and os.path.isfile(file):
            found = MemberPath(archive, path[start + len(MEMBER_SEPARATOR) :])
            if not os.path.isdir(f"{file}!"):
                break
        start = path.find(MEMBER_SEPARATOR, start + 1)
    return None if found is None or os.path.lexists(os.path.join(folder, path)) else found


def _is_archive(name: str) -> bool:
    return name == STANDARD_INPUT or archive_type(name) is not None
