"""The settings of a run: which files it reads, and what it adds to their payloads.

```toml
[tool.metrics]
include = ["*.xml"]                      # files in folders to read as well
exclude = ["generated/"]                 # files and folders to skip
with = ["elements"]                      # fragments of our own to add
template-path = ["shared/templates"]     # folders with template definitions
```

They come from one configuration: the nearest one at or above the current folder, up to the top of
the repository. Limits come from the configuration nearest to each diagram instead.
"""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from metrics.catalog import ALL, OWN_FRAGMENTS, with_all
from metrics.configuration.files import (
    EXCLUDE,
    INCLUDE,
    TEMPLATE_PATH,
    WITH,
    LocatedError,
    folders_to_search,
    globs_at,
    read_in_folder,
    read_named_file,
    texts_at,
)
from metrics.reading.sources import absolute
from metrics.scanning.globs import Globs
from metrics.suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from metrics.configuration.files import TomlPath


class Settings(NamedTuple):
    """The settings of a run; `path` is the file that sets them, None without one."""

    path: str | None = None
    include: Globs = Globs()
    exclude: Globs = Globs()
    fragments: tuple[str, ...] = ()
    template_folders: tuple[str, ...] = ()


def read_settings(path: str) -> Settings:
    """The settings in a file; its patterns and paths are relative to the current folder.

    Raises `ConfigurationError`, also if the file has no configuration.
    """
    return read_named_file(path, partial(_settings, os.curdir))


def nearest_settings() -> Settings:
    """The settings of the nearest configuration; raises `ConfigurationError`."""
    for folder in folders_to_search(absolute(os.curdir)):
        settings = read_in_folder(folder, partial(_settings, folder))
        if settings is not None:
            return settings
    return Settings()


def _settings(folder: str, path: str, record: Mapping[str, Any], location: TomlPath) -> Settings:
    def globs(key: str) -> Globs:
        return globs_at(record[key], folder, (*location, key)) if key in record else Globs()

    def texts(key: str, kind: str) -> tuple[str, ...]:
        return tuple(texts_at(record[key], (*location, key), kind)) if key in record else ()

    fragments = texts(WITH, "fragments")
    for fragment in fragments:
        if fragment not in (*OWN_FRAGMENTS, ALL):
            hint = did_you_mean(fragment, (*OWN_FRAGMENTS, ALL))
            reason = f"there is no fragment of our own named '{fragment}'.{hint}"
            raise LocatedError((*location, WITH), reason)
    folders = texts(TEMPLATE_PATH, "folders")
    return Settings(
        path,
        globs(INCLUDE),
        globs(EXCLUDE),
        with_all(fragments),
        tuple(os.path.join(folder, text) for text in folders),
    )
