"""The groups of a portfolio: by folder, platform, version or dialect."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from metrics.archives.names import archive_type, folder_of, member_name
from metrics.blocks import OMITTED
from metrics.reading.document import Kind
from metrics.reading.errors import truncated
from metrics.reading.namespaces import CAMUNDA_8_PLATFORMS
from metrics.reading.sources import STANDARD_INPUT, printable
from metrics.report import MAX_CHARACTERS_KEPT, marked_as_assumed
from metrics.top import natural_order

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from metrics.report import Report

Profile = tuple[str, str | None]
"""A platform and its version; an empty platform for a diagram that was not measured."""


class Group(NamedTuple):
    """The parts of the name of a group, which `is_reserved` if the last is not from a diagram."""

    parts: tuple[str, ...]
    is_reserved: bool = False


Grouping = Callable[["Report", bool], Group]
"""A function that returns the group of a report.

Its second argument is the `marks_assumed` of `profile_of`.
"""

OTHERS: Final = "(others)"
NO_VERSION: Final = "(no version)"
NOT_MEASURED: Final = "(not measured)"
NO_DIALECT: Final = "(no dialect)"
NOT_COUNTED: Final = "(not counted)"
NOT_APPLICABLE: Final = "(not applicable)"
OTHERS_GROUP: Final = Group((OTHERS,), is_reserved=True)
NOT_MEASURED_GROUP: Final = Group((NOT_MEASURED,), is_reserved=True)
NO_DIALECT_GROUP: Final = Group((NO_DIALECT,), is_reserved=True)
NOT_COUNTED_GROUP: Final = Group((NOT_COUNTED,), is_reserved=True)
NOT_APPLICABLE_GROUP: Final = Group((NOT_APPLICABLE,), is_reserved=True)

DIALECT: Final = "dialect"
"""The name of a grouping, and of the fragment that has the names of its groups."""

# Reserved names, alone or after a platform, and the name of a missing version in tables.
RESERVED_NAME: Final = re.compile(
    r".*\((?:others|not measured|no version|not stated)\)|no version", re.DOTALL
)

FOLDERS: Final = re.compile("folder:([1-9][0-9]{0,3})")

# What precedes the first folder of a path.
START: Final = re.compile(rf"(?:\.?{re.escape(os.sep)})*")


def short_name(name: str) -> str:
    """A name from a diagram, printable and of bounded length; quoted if it is `OTHERS`."""
    name = truncated(printable(name), MAX_CHARACTERS_KEPT)
    return f'"{name}"' if name == OTHERS else name


def quoted_if_reserved(name: str) -> str:
    """A name from a diagram; quoted if it ends like a reserved name, which is never quoted."""
    return f'"{name}"' if RESERVED_NAME.fullmatch(name) else name


def profile_of(report: Report, *, marks_assumed: bool) -> Profile:
    """The platform and version of a report.

    With `marks_assumed`, the name of a platform that the diagram does not state has a mark.
    """
    profile = report.execution_platform
    if profile is None:
        return "", None
    version = profile.execution_platform_version
    name = quoted_if_reserved(short_name(profile.execution_platform))
    if marks_assumed and report.assumed_keys:
        return marked_as_assumed(name), None
    if version is None or version is OMITTED:
        return name, None
    return name, quoted_if_reserved(short_name(str(version)))


def _by_folder(report: Report, marks_assumed: bool) -> Group:
    return _folder(folder_of(printable(report.file or "")) or os.curdir)


def _folder(path: str) -> Group:
    """The group of a folder; its path is never `OTHERS`."""
    return Group((os.path.join(os.curdir, path) if path == OTHERS else path,))


def _by_platform(report: Report, marks_assumed: bool) -> Group:
    platform, _ = profile_of(report, marks_assumed=marks_assumed)
    if not platform:
        return NOT_MEASURED_GROUP
    return Group((platform,), is_reserved=marks_assumed and bool(report.assumed_keys))


def _by_version(report: Report, marks_assumed: bool) -> Group:
    platform, version = profile_of(report, marks_assumed=marks_assumed)
    if not platform:
        return NOT_MEASURED_GROUP
    if marks_assumed and report.assumed_keys:
        return Group((platform,), is_reserved=True)
    if version is None:
        return Group((platform, NO_VERSION), is_reserved=True)
    return Group((platform, version))


def _by_dialect(report: Report, marks_assumed: bool) -> Group:
    if report.kind is None:
        return NOT_MEASURED_GROUP
    block = report.blocks.get(DIALECT)
    if block is not None:
        return Group((block.name,)) if block.name else NO_DIALECT_GROUP
    if DIALECT in report.blocks:
        return NOT_APPLICABLE_GROUP
    platform, _ = profile_of(report, marks_assumed=False)
    # An earlier scan may not have counted the fragment.
    may_have_one = report.kind is Kind.BPMN and platform not in CAMUNDA_8_PLATFORMS
    return NOT_COUNTED_GROUP if may_have_one else NOT_APPLICABLE_GROUP


GROUPINGS: Final[Mapping[str, Grouping]] = MappingProxyType(
    {
        "folder": _by_folder,
        "platform": _by_platform,
        "version": _by_version,
        DIALECT: _by_dialect,
    }
)
"""The groupings without a DEPTH."""


def grouping(by: str, paths: Iterable[str] = ()) -> Grouping:
    """The grouping with a name: one of `GROUPINGS`, or `folder:DEPTH`.

    `folder:DEPTH` groups by the first DEPTH folders below the one of the `paths` that holds a file.
    If none does, the folders count from the start of the file's path. Raises `ValueError` for any
    other name.
    """
    if by in GROUPINGS:
        return GROUPINGS[by]
    match = FOLDERS.fullmatch(by)
    if match is None:
        raise ValueError(
            f"no grouping is named '{by}': use {', '.join(GROUPINGS)}, or folder:DEPTH with a DEPTH"
            " of 1 or more"
        )
    tops = tuple(top for path in paths if path != os.curdir for top in _tops(printable(path)))
    return partial(_by_first_folders, int(match[1]), tops)


def _tops(path: str) -> Iterator[str]:
    """How the names of files below a path begin, if it is a folder or an archive."""
    yield os.path.join(path, "")
    if path == STANDARD_INPUT or archive_type(path) is not None:
        yield member_name(path, "")


def _by_first_folders(
    depth: int, tops: Iterable[str], report: Report, marks_assumed: bool
) -> Group:
    file = printable(report.file or "")
    start = START.match(file)
    top = next(filter(file.startswith, tops), start[0] if start is not None else "")
    folders = os.path.dirname(file)[len(top) :].split(os.sep)[:depth]
    if any(folders):
        # The folder of any file in it.
        return _folder(folder_of(os.path.join(top, *folders, "file")))
    return _folder(folder_of(os.path.join(top, "file")) or top or os.curdir)


def named_groups(groups: Iterable[Group]) -> Iterator[tuple[str, Group]]:
    """The groups in natural order, each with a unique name."""
    # `01` and `1` have the same key: the inner sort puts them in order.
    ordered = sorted(sorted(groups), key=lambda group: [*map(natural_order, group.parts)])
    return zip(distinct(map(_name, ordered)), ordered, strict=True)


def _name(group: Group) -> str:
    name = " ".join(filter(None, group.parts))
    # The parts may form a reserved name only together.
    return name if group.is_reserved or len(group.parts) == 1 else quoted_if_reserved(name)


def distinct(names: Iterable[str]) -> Iterator[str]:
    """Make names unique: the second `A` becomes `A (2)`."""
    taken: set[str] = set()
    for name in names:
        unique = name
        number = 2
        while unique in taken:
            unique = f"{name} ({number})"
            number += 1
        taken.add(unique)
        yield unique
