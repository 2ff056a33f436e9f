"""Which paths `.gitignore` files ignore."""

from __future__ import annotations

import os
from typing import Final

from metrics.reading.sources import absolute
from metrics.scanning.globs import Globs, is_matched

IGNORE_FILE: Final = ".gitignore"
REPOSITORY: Final = ".git"


class IgnoreRules:
    """The rules of all `.gitignore` files that apply in a folder."""

    __slots__ = ("_files",)

    def __init__(self, files: tuple[Globs, ...] = ()) -> None:
        self._files = files

    def __bool__(self) -> bool:
        return bool(self._files)

    @classmethod
    def above(cls, folder: str) -> IgnoreRules:
        """The rules from the folders above a folder, up to the top of its repository.

        There are none outside a repository, and none if they ignore the folder itself: the user
        asked for it by name.
        """
        folder = absolute(folder)
        top = repository_top(folder)
        if top is None:
            return cls()
        parents = []
        current = folder
        while current != top:
            current = os.path.dirname(current)
            parents.append(current)
        rules = cls()
        for parent in reversed(parents):
            rules = rules.within(parent)
        return cls() if rules.ignores(folder, is_folder=True) else rules

    def within(self, folder: str) -> IgnoreRules:
        """These rules together with those of the `.gitignore` in a folder."""
        globs = _read(folder)
        return IgnoreRules((*self._files, globs)) if globs else self

    def ignores(self, path: str, *, is_folder: bool) -> bool:
        """Whether an absolute path is ignored, if the folder that holds it is not.

        The innermost `.gitignore` with a matching pattern decides.
        """
        if not self._files:
            return False
        return is_matched(os.path.join(path, "") if is_folder else path, self._files)


def repository_top(folder: str) -> str | None:
    """The top of the repository that contains a folder at an absolute path; None without one."""
    while not os.path.exists(os.path.join(folder, REPOSITORY)):
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent
    return folder


def _read(folder: str) -> Globs | None:
    path = os.path.join(folder, IGNORE_FILE)
    try:
        # Opening a pipe or a device would block.
        if not os.path.isfile(path):
            return None
        with open(path, "rb") as file:
            return Globs.of_ignore_file(file.read(), folder)
    except OSError:
        return None
