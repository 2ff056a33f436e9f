"""Which limits apply to a diagram: those of its configuration, and those that the caller sets."""

from __future__ import annotations

import os
from itertools import chain
from typing import TYPE_CHECKING, Final, NamedTuple

from metrics.archives.names import contained_member, member_name, member_of
from metrics.checks.configuration import Configuration, Configurations
from metrics.checks.limits import by_key
from metrics.keys import find_key, values_of
from metrics.reading.sources import absolute

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from metrics.blocks import Omitted
    from metrics.checks.limits import Limit, Limits, Value
    from metrics.report import Report

NO_CONFIGURATION: Final = Configuration()


class DiagramLocation(NamedTuple):
    """The absolute path of a diagram, and the configuration that applies to it."""

    path: str
    configuration: Configuration


class _Folder(NamedTuple):
    """The absolute path of a folder, with a separator at its end, and its configuration."""

    path: str
    configuration: Configuration


class Rules:
    """The limits of each diagram.

    The `limits` apply to all diagrams and replace those that configurations set for the same keys.
    The `configuration` also applies to all diagrams; without one, each diagram has the nearest
    configuration at or above its folder. `fragments` are the fragments of our own that limits name,
    in the configurations that have been read so far.
    """

    def __init__(self, limits: Limits, configuration: Configuration | None) -> None:
        self._limits = limits
        self._configuration = configuration
        self._configurations = Configurations()
        self._folders: dict[str, _Folder] = {}
        self._limits_of: dict[tuple[int, tuple[int, ...]], tuple[Limit, ...]] = {}
        self.fragments: set[str] = set()
        self.note_fragments(limits.values())

    @property
    def has_limits(self) -> bool:
        """Whether any diagram so far could have a limit."""
        return bool(self._limits) or any(
            folder.configuration.has_limits for folder in self._folders.values()
        )

    def note_fragments(self, limits: Iterable[Iterable[Limit]]) -> None:
        """Add the fragments of our own that some limits name."""
        for limit in chain.from_iterable(limits):
            if (fragment := find_key(limit.key).fragment) is not None:
                self.fragments.add(fragment)

    def locate(self, file: str) -> DiagramLocation:
        """Find the configuration that applies to a file; raises `ConfigurationError`."""
        parent, separator, name = file.rpartition(os.sep)
        folder = self._folders.get(parent + separator)
        if folder is None:
            folder = self._folders[parent + separator] = self._read_folder(parent + separator)
        return DiagramLocation(folder.path + name, folder.configuration)

    def limits_of(self, location: DiagramLocation) -> tuple[Limit, ...]:
        """The limits of a diagram: the same tuple for all diagrams with the same limits."""
        path, configuration = location
        overrides = configuration.overrides_for(path) if configuration.overrides else ()
        identity = id(configuration), overrides
        limits = self._limits_of.get(identity)
        if limits is None:
            merged = by_key(configuration.limits_with(overrides)) | dict(self._limits)
            limits = self._limits_of[identity] = tuple(chain.from_iterable(merged.values()))
        return limits

    def configurations(self) -> Iterator[Configuration]:
        """The configurations that apply to the folders of the diagrams so far."""
        for folder in self._folders.values():
            yield folder.configuration

    def is_shared(self, configuration: Configuration) -> bool:
        """Whether a configuration applies to all diagrams, wherever they are."""
        return configuration is NO_CONFIGURATION or configuration is self._configuration

    def paths_with(self, configuration: Configuration, files: Iterable[str]) -> Iterator[str]:
        """The paths of the files that a configuration applies to."""
        for file in files:
            path, file_configuration = self.locate(file)
            if file_configuration is configuration and not configuration.excludes(path):
                yield path

    def _read_folder(self, folder: str) -> _Folder:
        if (inner := member_of(folder)) is not None:
            # Members have the configuration of their archive, wherever their names seem to lead.
            top = self._read_folder(os.path.dirname(inner.archive))
            archive = top.path + os.path.basename(inner.archive)
            path = member_name(archive, contained_member(inner.member))
            return _Folder(path, top.configuration)
        path = _absolute_folder(folder or os.curdir)
        configuration = (
            self._configuration or self._configurations.of_folder(path) or NO_CONFIGURATION
        )
        self.note_fragments(configuration.all_limits())
        return _Folder(os.path.join(path, ""), configuration)


class BrokenLimits(NamedTuple):
    """The limits that a payload breaks, and the keys of limited numbers that are null."""

    limits: tuple[Limit, ...]
    null_keys: frozenset[str]


class LimitedPayload:
    """The values of a payload, and which limits they break."""

    def __init__(self, report: Report) -> None:
        self.values = values_of(report)
        self.assumed_keys = report.assumed_keys
        self._broken: dict[int, BrokenLimits] = {}

    def value_of(self, key: str) -> Value | Omitted:
        """The value of a key; `OMITTED` if the payload does not have it."""
        value: Value | Omitted = find_key(key).value_in(self.values)
        return value

    def broken_limits(self, limits: tuple[Limit, ...]) -> BrokenLimits:
        """The limits that it breaks, cached by the `id` of `limits`, which must stay alive."""
        broken = self._broken.get(id(limits))
        if broken is None:
            broken = self._broken[id(limits)] = BrokenLimits(
                tuple(self._find_broken(limits)),
                frozenset(limit.key for limit in limits if limit.is_null_in(self.values)),
            )
        return broken

    def _find_broken(self, limits: Iterable[Limit]) -> Iterator[Limit]:
        is_version_missing = False
        for limit in limits:
            value = limit.value_in(self.values)
            if not limit.applies_to(self.values) or limit.allows(value):
                continue
            # A missing version is one violation, however many limits it has.
            if value is None and is_version_missing:
                continue
            is_version_missing = is_version_missing or value is None
            yield limit


def _absolute_folder(folder: str) -> str:
    """The absolute path of a folder; `..` after a link leads to the parent of the link's target."""
    parts = folder.split(os.sep)
    if os.pardir not in parts:
        return absolute(folder)
    end = len(parts) - parts[::-1].index(os.pardir)
    return absolute(os.path.join(os.path.realpath(os.sep.join(parts[:end])), *parts[end:]))
