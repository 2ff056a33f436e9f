"""The groups of a portfolio: by folder, platform or version."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from metrics.blocks import OMITTED
from metrics.reading.errors import truncated
from metrics.reading.sources import printable
from metrics.report import MAX_CHARACTERS_KEPT, marked_as_assumed
from metrics.top import natural_order

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from metrics.report import Report

Profile = tuple[str, str | None]
"""A platform and its version; an empty platform for a diagram that was not measured."""

Grouping = Callable[["Report", bool], tuple[str, ...]]
"""A function that returns the parts of the name of a report's group.

Its second argument is the `marks_assumed` of `profile_of`.
"""

OTHERS: Final = "(others)"
NO_VERSION: Final = "(no version)"
NOT_MEASURED: Final = "(not measured)"

FOLDERS: Final = re.compile("folder:([1-9][0-9]{0,3})")

# What precedes the first folder of a path.
START: Final = re.compile(rf"(?:\.?{re.escape(os.sep)})*")

# Marks names that do not come from a diagram, such as NOT_MEASURED: a platform is never empty.
OWN_NAME: Final = ("",)


def short_name(name: str) -> str:
    """A name from a diagram, printable and of bounded length."""
    return truncated(printable(name), MAX_CHARACTERS_KEPT)


def profile_of(report: Report, *, marks_assumed: bool) -> Profile:
    """The platform and version of a report.

    With `marks_assumed`, the name of a platform that the diagram does not state has a mark.
    """
    profile = report.execution_platform
    if profile is None:
        return "", None
    version = profile.execution_platform_version
    name = short_name(profile.execution_platform)
    if marks_assumed and report.assumed_keys:
        return marked_as_assumed(name), None
    return name, None if version is None or version is OMITTED else short_name(str(version))


def _by_folder(report: Report, marks_assumed: bool) -> tuple[str, ...]:
    return (os.path.dirname(printable(report.file or "")) or os.curdir,)


def _by_platform(report: Report, marks_assumed: bool) -> tuple[str, ...]:
    platform, _ = profile_of(report, marks_assumed=marks_assumed)
    if not platform:
        return (NOT_MEASURED, *OWN_NAME)
    return (platform, *OWN_NAME) if marks_assumed and report.assumed_keys else (platform,)


def _by_version(report: Report, marks_assumed: bool) -> tuple[str, ...]:
    platform, version = profile_of(report, marks_assumed=marks_assumed)
    if not platform:
        return (NOT_MEASURED, *OWN_NAME)
    if marks_assumed and report.assumed_keys:
        return (platform, *OWN_NAME)
    return (platform, NO_VERSION, *OWN_NAME) if version is None else (platform, version)


GROUPINGS: Final[Mapping[str, Grouping]] = MappingProxyType(
    {"folder": _by_folder, "platform": _by_platform, "version": _by_version}
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
    tops = tuple(os.path.join(printable(path), "") for path in paths if path != os.curdir)
    return partial(_by_first_folders, int(match[1]), tops)


def _by_first_folders(
    depth: int, tops: Iterable[str], report: Report, marks_assumed: bool
) -> tuple[str, ...]:
    file = printable(report.file or "")
    start = START.match(file)
    top = next(filter(file.startswith, tops), start[0] if start is not None else "")
    folders = os.path.dirname(file)[len(top) :].split(os.sep)[:depth]
    if any(folders):
        return (os.path.join(top, *folders),)
    return (top.rstrip(os.sep) or top or os.curdir,)


def named_groups(groups: Iterable[tuple[str, ...]]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The groups in natural order, each with a unique name."""
    # `01` and `1` have the same key: the inner sort puts them in order.
    ordered = sorted(sorted(groups), key=lambda parts: [*map(natural_order, parts)])
    names = distinct(" ".join(filter(None, parts)) for parts in ordered)
    return zip(names, ordered, strict=True)


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
