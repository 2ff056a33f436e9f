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
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from metrics.blocks import key_part
from metrics.checks.limits import LimitError, check_total, kind_of, parse_condition
from metrics.configuration.files import (
    EXCLUDE,
    KEYS,
    LIMITS,
    OVERRIDES,
    TOTAL,
    LocatedError,
    check_keys,
    check_table,
    dotted,
    folders_to_search,
    globs_at,
    read_in_folder,
    read_named_file,
)
from metrics.keys import is_value, spelled
from metrics.scanning.globs import Globs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from metrics.checks.limits import Limit, Limits
    from metrics.configuration.files import TomlPath

PATHS: Final = "paths"
OVERRIDE_KEYS: Final = (PATHS, LIMITS)
MAX_VALUES: Final = 10_000
"""The maximum number of values in `limits`, in `total`, and in all `overrides` with their paths."""


class Override(NamedTuple):
    """Limits for the diagrams at some paths, which replace those for all diagrams."""

    paths: Globs
    limits: Limits


@dataclass(frozen=True)
class Configuration:
    """The limits of a project.

    `path` is the file that sets them, None if they are not from a file. They apply to the diagrams
    below `folder`, except those that `exclude` matches.
    """

    path: str | None = None
    folder: str = ""
    limits: Limits = field(default_factory=dict)
    total: Limits = field(default_factory=dict)
    overrides: tuple[Override, ...] = ()
    exclude: Globs = field(default_factory=Globs)

    @property
    def has_limits(self) -> bool:
        """Whether it sets a limit, even if only for some diagrams."""
        return bool(self.limits or self.total or self.overrides)

    def all_limits(self) -> Iterator[tuple[Limit, ...]]:
        """All limits, those of each key together."""
        for limits in (self.limits, self.total, *(each.limits for each in self.overrides)):
            yield from limits.values()

    def excludes(self, path: str) -> bool:
        """Whether the diagram at an absolute path is not checked."""
        return bool(self.exclude.decision(path))

    def overrides_for(self, path: str) -> tuple[int, ...]:
        """The indexes of the overrides that match an absolute path."""
        return tuple(
            index for index, override in enumerate(self.overrides) if override.paths.decision(path)
        )

    def limits_with(self, overrides: tuple[int, ...]) -> tuple[Limit, ...]:
        """The limits with some overrides; the last override of a key applies."""
        merged = dict(self.limits)
        for index in overrides:
            merged |= self.overrides[index].limits
        return tuple(limit for limits in merged.values() for limit in limits)


class Configurations:
    """Finds the configuration of a folder: the nearest one in the folder or above.

    The search ends at the top of a repository.
    """

    def __init__(self) -> None:
        self._of_folders: dict[str, Configuration | None] = {}

    def of_folder(self, folder: str) -> Configuration | None:
        """The configuration for a folder at an absolute path; None without one.

        Raises `ConfigurationError`.
        """
        searched = []
        configuration: Configuration | None = None
        for candidate in folders_to_search(folder):
            if candidate in self._of_folders:
                configuration = self._of_folders[candidate]
                break
            searched.append(candidate)
            configuration = read_in_folder(candidate, partial(_configuration, candidate))
            if configuration is not None:
                break
        self._of_folders.update(dict.fromkeys(searched, configuration))
        return configuration


def read_configuration(path: str, folder: str | None = None) -> Configuration:
    """Read the configuration in a file.

    Its patterns are relative to `folder`, by default the folder of the file. Raises
    `ConfigurationError`, also if the file has no configuration.
    """
    folder = os.path.dirname(path) if folder is None else folder
    return read_named_file(path, partial(_configuration, folder))


def _configuration(
    folder: str, path: str, record: Mapping[str, Any], location: TomlPath
) -> Configuration:
    _check_number_of_values(record, location)
    return Configuration(
        path,
        folder,
        _limits(record.get(LIMITS, {}), (*location, LIMITS)),
        _limits(record.get(TOTAL, {}), (*location, TOTAL), check_total),
        tuple(_overrides(record.get(OVERRIDES, []), folder, (*location, OVERRIDES))),
        globs_at(record[EXCLUDE], folder, (*location, EXCLUDE)) if EXCLUDE in record else Globs(),
    )


def _check_number_of_values(record: Mapping[str, Any], location: TomlPath) -> None:
    for table in (LIMITS, TOTAL, OVERRIDES):
        number, pending = 0, [record.get(table, {})]
        while pending:
            value = pending.pop()
            if isinstance(value, dict | list):
                pending += value.values() if isinstance(value, dict) else value
            else:
                number += 1
        if number > MAX_VALUES:
            raise LocatedError((*location, table), f"more than {MAX_VALUES:,} values in {table}.")


def _overrides(record: Any, folder: str, location: TomlPath) -> Iterator[Override]:
    if not isinstance(record, list):
        table = dotted(location)
        raise LocatedError(location, f"{table} must be a list of tables: [[{table}]].")
    for index, override in enumerate(record):
        inner = (*location, index)
        check_table(override, inner)
        check_keys(override, OVERRIDE_KEYS, inner)
        for key in OVERRIDE_KEYS:
            if key not in override:
                raise LocatedError(inner, f"an override needs {key}.")
        yield Override(
            globs_at(override[PATHS], folder, (*inner, PATHS)),
            _limits(override[LIMITS], (*inner, LIMITS)),
        )


def _limits(
    record: Any, location: TomlPath, check_key: Callable[[str], object] = kind_of
) -> Limits:
    check_table(record, location)
    limits: dict[str, tuple[Limit, ...]] = {}
    for written, value, inner in _leaves(record, "", location):
        key = spelled(written)
        if key in KEYS:
            # In TOML, a key after the head of a table belongs to that table.
            raise LocatedError(inner, f"{key} is not a limit: it belongs above the limits.")
        if key in limits:
            raise LocatedError(inner, f"{key} is set twice: write a list of conditions.")
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
            yield _key(prefix, key), value, (*location, key)


def _key(prefix: str, last: str) -> str:
    """The key with a last part from which TOML has removed the quotes; it may be several parts."""
    written, quoted = prefix + last, prefix + key_part(last)
    return quoted if not is_value(written) and is_value(quoted) else written


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
        raise LocatedError(location, str(error)) from None


def _example_bound(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 3
