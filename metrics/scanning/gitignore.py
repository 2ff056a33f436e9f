"""Which paths `.gitignore` files ignore.

A file that is too large or has too many wildcards is skipped, and so is a line that is too long. A
warning says so, because git ignores more.
"""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING, Final

from metrics.reading.sources import DiscoveredFile, FileError, absolute, content_beside
from metrics.scanning.globs import MAX_PATTERN_BYTES, GlobError, Globs, is_matched

if TYPE_CHECKING:
    from collections.abc import Callable

    Warn = Callable[[str, str], None]

IGNORE_FILE: Final = ".gitignore"
REPOSITORY: Final = ".git"
MAX_IGNORE_FILE_BYTES: Final = 1024 * 1024


class IgnoreFileError(FileError):
    """An ignore file that cannot be read."""


def show_python_warning(path: str, message: str) -> None:
    """Show a warning about an ignore file as a Python warning."""
    warnings.warn(f"{path}: {message}", stacklevel=2)


class IgnoreRules:
    """The rules of all `.gitignore` files that apply in a folder.

    `warn` receives the path of a file and a message if a rule in the file is left out.
    """

    __slots__ = ("_files", "_warn")

    def __init__(self, files: tuple[Globs, ...] = (), warn: Warn = show_python_warning) -> None:
        self._files = files
        self._warn = warn

    def __bool__(self) -> bool:
        return bool(self._files)

    @classmethod
    def above(cls, folder: str, warn: Warn = show_python_warning) -> IgnoreRules:
        """The rules from the folders above a folder, up to the top of its repository.

        There are none outside a repository, and none if they ignore the folder itself: the user
        asked for it by name.
        """
        folder = absolute(folder)
        top = repository_top(folder)
        if top is None:
            return cls(warn=warn)
        parents = []
        current = folder
        while current != top:
            current = os.path.dirname(current)
            parents.append(current)
        rules = cls(warn=warn)
        for parent in reversed(parents):
            rules = rules.within(parent)
        return cls(warn=warn) if rules.ignores(folder, is_folder=True) else rules

    def within(self, folder: str) -> IgnoreRules:
        """These rules together with those of the `.gitignore` in a folder."""
        globs = _read(folder, self._warn)
        return IgnoreRules((*self._files, globs), self._warn) if globs else self

    def ignores(self, path: str, *, is_folder: bool) -> bool:
        """Whether an absolute path is ignored, if the folder that holds it is not.

        The innermost `.gitignore` with a matching pattern decides.
        """
        if not self._files:
            return False
        return is_matched(os.path.join(path, "") if is_folder else path, self._files)


def is_repository(folder: str) -> bool:
    """Whether a folder is the top of a repository."""
    return os.path.exists(os.path.join(folder, REPOSITORY))


def repository_top(folder: str) -> str | None:
    """The top of the repository that contains a folder at an absolute path; None without one."""
    while not is_repository(folder):
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent
    return folder


def _read(folder: str, warn: Warn) -> Globs | None:
    path = os.path.join(folder, IGNORE_FILE)
    if os.path.isdir(path) or not os.path.exists(path):
        return None
    try:
        patterns = _content(path)
        globs = Globs.of_ignore_file(patterns, folder)
    except (IgnoreFileError, GlobError) as error:
        reason = error.message if isinstance(error, IgnoreFileError) else str(error)
        warn(path, f"the file is skipped: {reason}")
        return None
    if lines := _long_lines(patterns):
        more = f" (and {len(lines) - 1} more)" if len(lines) > 1 else ""
        size = f"more than {MAX_PATTERN_BYTES:,} bytes"
        warn(path, f"line {lines[0]}{more} is skipped: it has {size}.")
    return globs


def _content(path: str) -> bytes:
    if not os.path.isfile(path):
        # Opening a pipe or a device would block.
        raise IgnoreFileError(path, "it is not a regular file.")
    return content_beside(DiscoveredFile(path), MAX_IGNORE_FILE_BYTES, IgnoreFileError)


def _long_lines(content: bytes) -> list[int]:
    """The numbers of the lines that are too long for a pattern."""
    return [
        number
        for number, line in enumerate(content.split(b"\n"), start=1)
        if len(line) > MAX_PATTERN_BYTES and not line.startswith(b"#")
    ]
