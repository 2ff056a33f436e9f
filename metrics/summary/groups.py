"""The groups of a portfolio: by folder, platform or version."""

from __future__ import annotations

import os
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from metrics.reading.errors import truncated
from metrics.reading.sources import printable
from metrics.report import MAX_CHARACTERS_KEPT, marked_as_assumed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from metrics.report import Report

Profile = tuple[str, str | None]
"""A platform and its version; an empty platform for a diagram that was not measured."""

OTHERS: Final = "(others)"
NO_VERSION: Final = "(no version)"
NOT_MEASURED: Final = "(not measured)"

# Marks names that do not come from a diagram, such as NOT_MEASURED: a platform is never empty.
OWN_NAME: Final = ("",)

DIGITS: Final = re.compile("([0-9]+)")


def short_name(name: str) -> str:
    """A name from a diagram, printable and of bounded length."""
    return truncated(printable(name), MAX_CHARACTERS_KEPT)


def profile_of(report: Report, *, marks_assumed: bool) -> Profile:
    """The platform and version of a report.

    With `marks_assumed`, a platform that the diagram does not state has another name.
    """
    profile = report.execution_platform
    if profile is None:
        return "", None
    version = profile.execution_platform_version
    name = short_name(profile.execution_platform)
    if marks_assumed and report.assumed_keys:
        return marked_as_assumed(name), None
    return name, short_name(version) if isinstance(version, str) else None


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


GROUPINGS: Final[Mapping[str, Callable[[Report, bool], tuple[str, ...]]]] = MappingProxyType(
    {"folder": _by_folder, "platform": _by_platform, "version": _by_version}
)
"""The groupings: each function returns the parts of the name of a report's group.

Its second argument is the `marks_assumed` of `profile_of`.
"""


def named_groups(groups: Iterable[tuple[str, ...]]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The groups in natural order, each with a unique name."""
    # `01` and `1` have the same key: the inner sort puts them in order.
    ordered = sorted(sorted(groups), key=_sort_key)
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


def _sort_key(parts: Iterable[str]) -> list[Any]:
    """A key that sorts version 8.9 before 8.10."""
    # Text and digits alternate. Without leading zeros, more digits are a larger number.
    return [
        [
            (len(digits := piece.lstrip("0")), digits) if number % 2 else piece
            for number, piece in enumerate(DIGITS.split(part))
        ]
        for part in parts
    ]
