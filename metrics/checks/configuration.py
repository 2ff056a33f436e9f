"""The limits of a project: `[tool.metrics]` of `pyproject.toml`, or `metrics.toml`.

```toml
[tool.metrics.limits]                    # for each diagram
diagramMetrics.tasks.userTask.form.embedded = "<= 0"

[tool.metrics.total]                     # for the total over all diagrams
diagramMetrics.tasks.serviceTask.implementation.java = "<= 40"

[[tool.metrics.overrides]]               # for the diagrams at some paths, instead of the above
paths = ["legacy/"]
limits.diagramMetrics.tasks.userTask.form.embedded = "<= 5"
```

The tables in `metrics.toml` have no prefix `tool.metrics`. A key can have a list of conditions; an
empty list removes the limits of the key. Paths are patterns as in a `.gitignore`.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from metrics.checks.limits import LimitError, check_total, kind_of, parse_condition
from metrics.reading.sources import FileError, absolute, content_beside
from metrics.suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pathspec.pattern import Pattern

    from metrics.checks.limits import Limit, Limits

TomlPath = tuple[str | int, ...]
"""A position in a TOML file: the keys of tables, and the indexes of items in lists."""

OWN_FILE: Final = "metrics.toml"
SHARED_FILE: Final = "pyproject.toml"
FILES: Final = (OWN_FILE, SHARED_FILE)
"""The files to look for in a folder: the first that sets limits applies."""

OWN_TABLE: Final = ("tool", "metrics")
EXCLUDE, LIMITS, TOTAL, OVERRIDES = "exclude", "limits", "total", "overrides"
PATHS: Final = "paths"
KEYS: Final = (EXCLUDE, LIMITS, TOTAL, OVERRIDES)
OVERRIDE_KEYS: Final = (PATHS, LIMITS)
DISTRIBUTION: Final = "bpmn-metrics"

LINE_AND_COLUMN: Final = re.compile(r" \(at line ([0-9]+), column ([0-9]+)\)\Z")
MAX_CONFIGURATION_BYTES: Final = 1024 * 1024
# The search for the line of an error parses parts of the file many times.
MAX_BYTES_PARSED_AGAIN: Final = 4 * 1024 * 1024


class ConfigurationError(FileError):
    """A configuration that cannot be read, or is malformed."""


class Override(NamedTuple):
    """Limits for the diagrams at some paths, which replace those for all diagrams."""

    patterns: Sequence[Pattern]
    limits: Limits


@dataclass(frozen=True)
class Configuration:
    """The limits of a project.

    `path` is the file that sets them, None if they are not from a file. The patterns of `overrides`
    and `exclude` are relative to `folder`.
    """

    path: str | None = None
    folder: str = ""
    limits: Limits = field(default_factory=dict)
    total: Limits = field(default_factory=dict)
    overrides: tuple[Override, ...] = ()
    exclude: Sequence[Pattern] = ()

    @property
    def has_limits(self) -> bool:
        """Whether it sets a limit, even if only for some diagrams."""
        return bool(self.limits or self.total or self.overrides)

    @cached_property
    def _start(self) -> str:
        return os.path.join(absolute(self.folder), "")

    def all_limits(self) -> Iterator[tuple[Limit, ...]]:
        """All limits, those of each key together."""
        for limits in (self.limits, self.total, *(each.limits for each in self.overrides)):
            yield from limits.values()

    def excludes(self, path: str) -> bool:
        """Whether the diagram at an absolute path is not checked."""
        return bool(self.exclude) and self._matches(self.exclude, path)

    def overrides_for(self, path: str) -> tuple[int, ...]:
        """The indexes of the overrides that match an absolute path."""
        return tuple(
            index
            for index, override in enumerate(self.overrides)
            if self._matches(override.patterns, path)
        )

    def _matches(self, patterns: Sequence[Pattern], path: str) -> bool:
        if not path.startswith(self._start):
            return False
        relative = path[len(self._start) :]
        for pattern in reversed(patterns):
            if pattern.match_file(relative):
                return bool(pattern.include)
        return False

    def limits_with(self, overrides: tuple[int, ...]) -> tuple[Limit, ...]:
        """The limits with some overrides; the last override of a key applies."""
        merged = dict(self.limits)
        for index in overrides:
            merged |= self.overrides[index].limits
        return tuple(limit for limits in merged.values() for limit in limits)


class Configurations:
    """Finds the configuration of a folder: the nearest one in the folder or above."""

    def __init__(self) -> None:
        self._of_folders: dict[str, Configuration | None] = {}

    def of_folder(self, folder: str) -> Configuration | None:
        """The configuration for a folder at an absolute path; None without one.

        Raises `ConfigurationError`.
        """
        searched = []
        configuration: Configuration | None = None
        while folder not in self._of_folders:
            searched.append(folder)
            configuration = _in_folder(folder)
            parent = os.path.dirname(folder)
            if configuration is not None or parent == folder:
                break
            folder = parent
        else:
            configuration = self._of_folders[folder]
        self._of_folders.update(dict.fromkeys(searched, configuration))
        return configuration


def _in_folder(folder: str) -> Configuration | None:
    for name in FILES:
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            if (configuration := _read(path, folder)) is not None:
                return configuration
        elif os.path.lexists(path) and not os.path.isdir(path):
            # A pipe or a device would block, and the target of a link may be missing.
            raise ConfigurationError(path, "not a file.")
    return None


def read_configuration(path: str, folder: str | None = None) -> Configuration:
    """Read the configuration in a file.

    Its patterns are relative to `folder`, by default the folder of the file. Raises
    `ConfigurationError`, also if the file has no configuration.
    """
    configuration = _read(path, os.path.dirname(path) if folder is None else folder)
    if configuration is None:
        raise ConfigurationError(path, f"there is no table [{'.'.join(OWN_TABLE)}].")
    return configuration


def _read(path: str, folder: str) -> Configuration | None:
    content = content_beside(path, MAX_CONFIGURATION_BYTES, ConfigurationError)
    is_shared = os.path.basename(path) == SHARED_FILE
    if is_shared and b"metrics" not in content:
        return None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(path, "not UTF-8.", line) from None
    own_table = OWN_TABLE if is_shared else ()
    try:
        record = _at(parsed := tomllib.loads(text), own_table)
        if record is None and _at(parsed, (OWN_TABLE[0], DISTRIBUTION)) is not None:
            reason = f"limits belong in [{'.'.join(OWN_TABLE)}]."
            raise _LocatedError((OWN_TABLE[0], DISTRIBUTION), reason)
        return None if record is None else _configuration(record, path, folder, own_table)
    except ValueError as error:
        # A number with too many digits raises a plain `ValueError`.
        raise _malformed(path, text, str(error)) from None
    except RecursionError:
        raise ConfigurationError(path, "nested too deeply.") from None
    except _LocatedError as error:
        raise ConfigurationError(path, str(error), _line(text, error.location)) from None


def _malformed(path: str, text: str, message: str) -> ConfigurationError:
    match = LINE_AND_COLUMN.search(message)
    line = int(match[1]) if match else text.rstrip("\n").count("\n") + 1
    return ConfigurationError(path, f"not valid TOML: {LINE_AND_COLUMN.sub('', message)}.", line)


class _LocatedError(Exception):
    """An error at a position of a file."""

    def __init__(self, location: TomlPath, message: str) -> None:
        super().__init__(message)
        self.location = location


def _at(record: Any, location: TomlPath) -> Any:
    """The value at a position, None if there is none."""
    for part in location:
        try:
            record = record[part]
        except (LookupError, TypeError):
            return None
    return record


def _line(text: str, location: TomlPath) -> int | None:
    """The line, from 1, in which a value begins; None if it is not found.

    The parser does not report lines, so the first 1, 2, 3, … lines of the file are parsed until
    they contain the value: it begins in the last line of that part.
    """
    if not location:
        return None
    lines = text.splitlines(keepends=True)
    name = next(str(part) for part in reversed(location) if isinstance(part, str))
    left = MAX_BYTES_PARSED_AGAIN
    for number, line in enumerate(lines, start=1):
        if name not in line:
            continue
        # A value can have several lines.
        for end in range(number, len(lines) + 1):
            part = "".join(lines[:end])
            left -= len(part)
            if left < 0:
                return None
            try:
                record = tomllib.loads(part)
            except ValueError:
                continue
            if _at(record, location) is None:
                break
            candidates = [line for line in range(number, end + 1) if name in lines[line - 1]]
            return candidates[min(_similar_before(record, location), len(candidates) - 1)]
    return None


def _similar_before(record: Any, location: TomlPath) -> int:
    """The number of earlier items in the same list that also have a value at this position."""
    for start, part in enumerate(location):
        if isinstance(part, int):
            others = ((*location[:start], item, *location[start + 1 :]) for item in range(part))
            return sum(_at(record, other) is not None for other in others)
    return 0


def _configuration(record: Any, path: str, folder: str, location: TomlPath) -> Configuration:
    _check_table(record, location)
    _check_keys(record, KEYS, location)
    return Configuration(
        path,
        folder,
        _limits(record.get(LIMITS, {}), (*location, LIMITS)),
        _limits(record.get(TOTAL, {}), (*location, TOTAL), check_total),
        tuple(_overrides(record.get(OVERRIDES, []), (*location, OVERRIDES))),
        _patterns(record[EXCLUDE], (*location, EXCLUDE)) if EXCLUDE in record else (),
    )


def _overrides(record: Any, location: TomlPath) -> Iterator[Override]:
    if not isinstance(record, list):
        table = _dotted(location)
        raise _LocatedError(location, f"{table} must be a list of tables: [[{table}]].")
    for index, override in enumerate(record):
        inner = (*location, index)
        _check_table(override, inner)
        _check_keys(override, OVERRIDE_KEYS, inner)
        for key in OVERRIDE_KEYS:
            if key not in override:
                raise _LocatedError(inner, f"an override needs {key}.")
        yield Override(
            _patterns(override[PATHS], (*inner, PATHS)), _limits(override[LIMITS], (*inner, LIMITS))
        )


def _patterns(record: Any, location: TomlPath) -> Sequence[Pattern]:
    globs = [record] if isinstance(record, str) else record
    if not isinstance(globs, list) or not all(isinstance(glob, str) for glob in globs):
        reason = f"{location[-1]} must be a list of patterns, as in a .gitignore."
        raise _LocatedError(location, reason)
    if not globs:
        raise _LocatedError(location, f"{location[-1]} is empty.")
    return [_pattern(glob, location) for glob in globs]


def _pattern(glob: str, location: TomlPath) -> Pattern:
    import warnings

    from pathspec import GitIgnoreSpec

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            patterns = [*GitIgnoreSpec.from_lines([glob]).patterns]
    except (ValueError, re.error) as error:
        raise _LocatedError(location, f"'{glob}' is not a pattern: {error}") from None
    if len(patterns) != 1 or patterns[0].include is None:
        raise _LocatedError(location, f"'{glob}' is not a pattern: it matches no path.")
    return patterns[0]


def _limits(
    record: Any, location: TomlPath, check_key: Callable[[str], object] = kind_of
) -> Limits:
    _check_table(record, location)
    limits: dict[str, tuple[Limit, ...]] = {}
    for key, value, inner in _leaves(record, "", location):
        if key in limits:
            raise _LocatedError(inner, f"{key} is set twice: write a list of conditions.")
        limits[key] = tuple(_conditions(key, value, inner, check_key))
    return limits


def _leaves(
    record: Mapping[str, Any], prefix: str, location: TomlPath
) -> Iterator[tuple[str, Any, TomlPath]]:
    """The values of a table by their dotted keys, which can also be written as nested tables."""
    for key, value in record.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{key}.", (*location, key))
        else:
            yield prefix + key, value, (*location, key)


def _conditions(
    key: str, value: Any, location: TomlPath, check_key: Callable[[str], object]
) -> Iterator[Limit]:
    try:
        check_key(key)
        for condition in value if isinstance(value, list) else [value]:
            if not isinstance(condition, str):
                example = f'{key} = "<= {_example_bound(condition)}"'
                raise LimitError(f"a condition must be a string, as in {example}.")
            yield parse_condition(key, condition)
    except LimitError as error:
        raise _LocatedError(location, str(error)) from None


def _example_bound(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 3


def _check_table(record: Any, location: TomlPath) -> None:
    if not isinstance(record, dict):
        table = _dotted(location)
        raise _LocatedError(location, f"{table} must be a table: [{table}].")


def _check_keys(record: Mapping[str, Any], known: Sequence[str], location: TomlPath) -> None:
    for key in record:
        if key == OWN_TABLE[0] and not location:
            reason = f"{OWN_FILE} has no prefix {'.'.join(OWN_TABLE)}: write [{LIMITS}]."
            raise _LocatedError((key,), reason)
        if key not in known:
            reason = f"unknown key '{key}'.{did_you_mean(key, known)}"
            raise _LocatedError((*location, key), reason)


def _dotted(location: TomlPath) -> str:
    return ".".join(part for part in location if isinstance(part, str)) or "the file"
