"""Pairs: the same diagram in two states, before it is measured."""

from __future__ import annotations

from enum import StrEnum
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from metrics.report import Report

Source = TypeVar("Source")


class Status(StrEnum):
    """How a diagram changed from one state to another.

    A diagram is `unmeasured` if both states have it but it could not be measured in one of them. It
    is `changedOtherwise` if its content differs, but none of its values.
    """

    ADDED = "added"
    REMOVED = "removed"
    RENAMED = "renamed"
    CHANGED = "changed"
    UNMEASURED = "unmeasured"
    CHANGED_OTHERWISE = "changedOtherwise"


class Pair(NamedTuple, Generic[Source]):
    """A diagram in two states: what to measure on each side, None if that side does not have it.

    `file` is its name, and `old_file` its earlier name if that differs. A pair that is `RENAMED`
    and has no sources has the same content on both sides.
    """

    file: str
    old: Source | Report | str | None
    new: Source | Report | str | None
    old_file: str | None = None
    status: Status | None = None

    def sources(self) -> Iterator[Source | Report | str]:
        """What to measure, the old side first."""
        if self.old is not None:
            yield self.old
        if self.new is not None:
            yield self.new


class PairedStates(NamedTuple):
    """Two states of diagrams: the pairs, and the names of both states.

    `submodules` are the paths of submodules that differ; their diagrams are not compared.
    """

    pairs: Sequence[Pair[Any]]
    old_name: str
    new_name: str
    submodules: Sequence[str] = ()

    def sources(self) -> Iterator[Any]:
        """What to measure, pair by pair."""
        return (source for pair in self.pairs for source in pair.sources())


def pair_by_name(
    old: Iterable[tuple[str, Source]], new: Iterable[tuple[str, Source]]
) -> Iterator[Pair[Source]]:
    """Pair the sources that have the same name in both states, sorted by name.

    If a state has several sources of one name, the first ones are paired, then the second ones,
    and so on.
    """
    old_sources, new_sources = _by_name(old), _by_name(new)
    for name in sorted(old_sources.keys() | new_sources.keys()):
        for before, after in zip_longest(old_sources.get(name, ()), new_sources.get(name, ())):
            yield Pair(name, before, after)


def _by_name(named_sources: Iterable[tuple[str, Source]]) -> dict[str, list[Source]]:
    by_name: dict[str, list[Source]] = {}
    for name, source in named_sources:
        by_name.setdefault(name, []).append(source)
    return by_name
