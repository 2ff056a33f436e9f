"""Limits as a project states them: in `[tool.metrics]` of `pyproject.toml`, or in `metrics.toml`.

```toml
[tool.metrics.limits]                    # for each diagram
diagramMetrics.tasks.userTask.form.embedded = "<= 0"

[tool.metrics.total]                     # for all of them together
diagramMetrics.tasks.serviceTask.implementation.java = "<= 40"

[[tool.metrics.overrides]]               # for the diagrams at some paths, in place of the above
paths = ["legacy/"]
limits.diagramMetrics.tasks.userTask.form.embedded = "<= 5"
```

In `metrics.toml` the tables stand without `tool.metrics`. A key may have several conditions, a list
of them; an empty list lifts those that it would have. Paths are written as in a `.gitignore`.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from metrics.checks.limits import LimitError, check_total, of_key, subject
from metrics.reading.sources import FileError, absolute, content_beside
from metrics.suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pathspec.pattern import Pattern

    from metrics.checks.limits import Limit

Limits = Mapping[str, tuple["Limit", ...]]
TomlPath = tuple[str | int, ...]
"""Where something stands in a file: the keys of its tables, the numbers of its lists' items."""

OWN_FILE: Final = "metrics.toml"
SHARED_FILE: Final = "pyproject.toml"
FILES: Final = (OWN_FILE, SHARED_FILE)
"""The files that are looked for in a folder: the first that has limits counts."""

OWN_TABLE: Final = ("tool", "metrics")
EXCLUDE, LIMITS, TOTAL, OVERRIDES = "exclude", "limits", "total", "overrides"
PATHS: Final = "paths"
KEYS: Final = (EXCLUDE, LIMITS, TOTAL, OVERRIDES)
DISTRIBUTION: Final = "bpmn-metrics"

LINE_AND_COLUMN: Final = re.compile(r" \(at line ([0-9]+), column ([0-9]+)\)\Z")
MAX_BYTES: Final = 1024 * 1024
# To find the line of a fault, a file may be read again and again.
MAX_BYTES_OF_A_SEARCH: Final = 4 * 1024 * 1024


class ConfigurationError(FileError):
    """A configuration that cannot be followed."""


class Override(NamedTuple):
    """Limits for the diagrams at some paths, in place of those for all."""

    patterns: Sequence[Pattern]
    limits: Limits


@dataclass(frozen=True)
class Configuration:
    """The limits of a project.

    `path` is the file that states them, None for those that are stated elsewhere; what `overrides`
    and `exclude` name is relative to `folder`.
    """

    path: str | None = None
    folder: str = ""
    limits: Limits = field(default_factory=dict)
    total: Limits = field(default_factory=dict)
    overrides: tuple[Override, ...] = ()
    exclude: Sequence[Pattern] = ()

    @property
    def has_limits(self) -> bool:
        """Whether it limits anything, be it for some diagrams only."""
        return bool(self.limits or self.total or self.overrides)

    @cached_property
    def _start(self) -> str:
        return os.path.join(absolute(self.folder), "")

    def all_limits(self) -> Iterator[tuple[Limit, ...]]:
        """All limits, for each key."""
        for limits in (self.limits, self.total, *(one.limits for one in self.overrides)):
            yield from limits.values()

    def excludes(self, path: str) -> bool:
        """Whether a path from the root is not to be checked."""
        return bool(self.exclude) and self._is_named(self.exclude, path)

    def overrides_for(self, path: str) -> tuple[int, ...]:
        """The numbers of the overrides for a path from the root."""
        return tuple(
            number
            for number, override in enumerate(self.overrides)
            if self._is_named(override.patterns, path)
        )

    def _is_named(self, patterns: Sequence[Pattern], path: str) -> bool:
        if not path.startswith(self._start):
            return False
        relative = path[len(self._start) :]
        for pattern in reversed(patterns):
            if pattern.match_file(relative):
                return bool(pattern.include)
        return False

    def limits_with(self, overrides: tuple[int, ...]) -> tuple[Limit, ...]:
        """The limits for a diagram with some overrides: of those for a key the last ones."""
        found = dict(self.limits)
        for number in overrides:
            found |= self.overrides[number].limits
        return tuple(limit for limits in found.values() for limit in limits)


class Configurations:
    """Finds the configuration of a diagram: the nearest in its folder or above."""

    def __init__(self) -> None:
        self._of_folders: dict[str, Configuration | None] = {}

    def of_folder(self, folder: str) -> Configuration | None:
        """The configuration for a folder, which is a path from the root; None where it has none.

        Raises `ConfigurationError` where it cannot be followed.
        """
        passed = []
        found: Configuration | None = None
        while folder not in self._of_folders:
            passed.append(folder)
            found = _in_folder(folder)
            above = os.path.dirname(folder)
            if found is not None or above == folder:
                break
            folder = above
        else:
            found = self._of_folders[folder]
        self._of_folders.update(dict.fromkeys(passed, found))
        return found


def _in_folder(folder: str) -> Configuration | None:
    for name in FILES:
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            if (found := _read(path, folder)) is not None:
                return found
        elif os.path.lexists(path) and not os.path.isdir(path):
            # A pipe or a device would block, a link may lead nowhere: what it says is not known.
            raise ConfigurationError(path, "it is no file.")
    return None


def read(path: str, folder: str) -> Configuration:
    """The configuration in a file, whose globs are relative to a folder.

    Raises `ConfigurationError` where there is none in it, or it cannot be followed.
    """
    found = _read(path, folder)
    if found is None:
        raise ConfigurationError(path, f"it has no [{'.'.join(OWN_TABLE)}].")
    return found


def _read(path: str, folder: str) -> Configuration | None:
    content = content_beside(path, MAX_BYTES, ConfigurationError)
    is_shared = os.path.basename(path) == SHARED_FILE
    if is_shared and b"metrics" not in content:
        return None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = content.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(path, "it is not UTF-8.", number) from None
    file_place = OWN_TABLE if is_shared else ()
    try:
        record = _at(parsed := tomllib.loads(text), file_place)
        if record is None and _at(parsed, (OWN_TABLE[0], DISTRIBUTION)) is not None:
            reason = f"the tables stand in [{'.'.join(OWN_TABLE)}]."
            raise _PlacedError((OWN_TABLE[0], DISTRIBUTION), reason)
        return None if record is None else _configuration(record, path, folder, file_place)
    except ValueError as error:
        # Numbers may be too long, as well.
        raise _malformed(path, text, str(error)) from None
    except RecursionError:
        raise ConfigurationError(path, "it is nested too deep.") from None
    except _PlacedError as error:
        raise ConfigurationError(path, str(error), _line(text, error.place)) from None


def _malformed(path: str, text: str, message: str) -> ConfigurationError:
    match = LINE_AND_COLUMN.search(message)
    line = int(match[1]) if match else text.rstrip("\n").count("\n") + 1
    return ConfigurationError(
        path, f"it is not valid TOML: {LINE_AND_COLUMN.sub('', message)}.", line
    )


class _PlacedError(Exception):
    """What is wrong at a place of a file."""

    def __init__(self, place: TomlPath, message: str) -> None:
        super().__init__(message)
        self.place = place


def _at(record: Any, place: TomlPath) -> Any:
    """What stands at a place, None where there is nothing."""
    for part in place:
        try:
            record = record[part]
        except (LookupError, TypeError):
            return None
    return record


def _line(text: str, place: TomlPath) -> int | None:
    """The line from 1 in which something begins, None where that is not found.

    The parser tells no lines. But the file up to a line is a file, too: the first that has the
    place ends where it is written.
    """
    if not place:
        return None
    lines = text.splitlines(keepends=True)
    name = next(str(part) for part in reversed(place) if isinstance(part, str))
    left = MAX_BYTES_OF_A_SEARCH
    for number, line in enumerate(lines, start=1):
        if name not in line:
            continue
        # A value may have more lines.
        for end in range(number, len(lines) + 1):
            ahead = "".join(lines[:end])
            left -= len(ahead)
            if left < 0:
                return None
            try:
                beginning = tomllib.loads(ahead)
            except ValueError:
                continue
            if _at(beginning, place) is None:
                break
            named = [one for one in range(number, end + 1) if name in lines[one - 1]]
            return named[min(_alike_before(beginning, place), len(named) - 1)]
    return None


def _alike_before(record: Any, place: TomlPath) -> int:
    """How many items of a list have the same as the one that a place is in, ahead of it."""
    for start, part in enumerate(place):
        if isinstance(part, int):
            ways = ((*place[:start], item, *place[start + 1 :]) for item in range(part))
            return sum(_at(record, way) is not None for way in ways)
    return 0


def _configuration(record: Any, path: str, folder: str, place: TomlPath) -> Configuration:
    _check_table(record, place)
    _check_keys(record, KEYS, place)
    return Configuration(
        path,
        folder,
        _limits(record.get(LIMITS, {}), (*place, LIMITS)),
        _limits(record.get(TOTAL, {}), (*place, TOTAL), check_total),
        tuple(_overrides(record.get(OVERRIDES, []), (*place, OVERRIDES))),
        _patterns(record[EXCLUDE], (*place, EXCLUDE)) if EXCLUDE in record else (),
    )


def _overrides(record: Any, place: TomlPath) -> Iterator[Override]:
    if not isinstance(record, list):
        raise _PlacedError(place, f"{_named(place)} is a list of tables: [[{_named(place)}]].")
    for number, one in enumerate(record):
        inner = (*place, number)
        _check_table(one, inner)
        _check_keys(one, (PATHS, LIMITS), inner)
        for key in (PATHS, LIMITS):
            if key not in one:
                raise _PlacedError(inner, f"an override needs {key}.")
        yield Override(
            _patterns(one[PATHS], (*inner, PATHS)), _limits(one[LIMITS], (*inner, LIMITS))
        )


def _patterns(record: Any, place: TomlPath) -> Sequence[Pattern]:
    import warnings

    from pathspec import GitIgnoreSpec

    globs = [record] if isinstance(record, str) else record
    if not isinstance(globs, list) or not all(isinstance(glob, str) for glob in globs):
        raise _PlacedError(place, f"{place[-1]} is a list of globs, as in a .gitignore.")
    found = []
    for glob in globs:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                patterns = [*GitIgnoreSpec.from_lines([glob]).patterns]
        except (ValueError, re.error) as error:
            raise _PlacedError(place, f"'{glob}' is no glob: {error}") from None
        if len(patterns) != 1 or patterns[0].include is None:
            raise _PlacedError(place, f"'{glob}' is no glob: it is for no path.")
        found += patterns
    if not found:
        raise _PlacedError(place, f"{place[-1]} is empty.")
    return found


def _limits(record: Any, place: TomlPath, check_key: Callable[[str], object] = subject) -> Limits:
    _check_table(record, place)
    found: dict[str, tuple[Limit, ...]] = {}
    for key, value, inner in _leaves(record, "", place):
        if key in found:
            raise _PlacedError(inner, f"{key} is limited twice: write a list of conditions.")
        found[key] = tuple(_conditions(key, value, inner, check_key))
    return found


def _leaves(
    record: Mapping[str, Any], prefix: str, place: TomlPath
) -> Iterator[tuple[str, Any, TomlPath]]:
    """The values of a table by their dotted keys, which may be written as tables in tables."""
    for key, value in record.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{key}.", (*place, key))
        else:
            yield prefix + key, value, (*place, key)


def _conditions(
    key: str, value: Any, place: TomlPath, check_key: Callable[[str], object]
) -> Iterator[Limit]:
    try:
        check_key(key)
        for condition in value if isinstance(value, list) else [value]:
            if not isinstance(condition, str):
                raise LimitError(f'a condition is a text, as in {key} = "<= {_shown(condition)}".')
            yield of_key(key, condition)
    except LimitError as error:
        raise _PlacedError(place, str(error)) from None


def _shown(value: Any) -> Any:
    return value if isinstance(value, int) and not isinstance(value, bool) else 3


def _check_table(record: Any, place: TomlPath) -> None:
    if not isinstance(record, dict):
        raise _PlacedError(place, f"{_named(place)} is a table: [{_named(place)}].")


def _check_keys(record: Mapping[str, Any], known: Sequence[str], place: TomlPath) -> None:
    for key in record:
        if key == OWN_TABLE[0] and not place:
            reason = f"the tables of {OWN_FILE} stand without {'.'.join(OWN_TABLE)}: [{LIMITS}]."
            raise _PlacedError((key,), reason)
        if key not in known:
            reason = f"there is no '{key}' here.{did_you_mean(key, known)}"
            raise _PlacedError((*place, key), reason)


def _named(place: TomlPath) -> str:
    return ".".join(part for part in place if isinstance(part, str)) or "the file"
