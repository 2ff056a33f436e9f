"""Which paths `.gitignore` files ignore."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple

from metrics.reading.sources import absolute

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pathspec.pattern import Pattern


IGNORE_FILE: Final = ".gitignore"
REPOSITORY: Final = ".git"
ANYWHERE: Final = re.compile(r"\A!?/?(\*\*/)+")


class IgnoreRules:
    """The rules of all `.gitignore` files that apply in a folder."""

    __slots__ = ("_files",)

    def __init__(self, files: tuple[_IgnoreFile, ...] = ()) -> None:
        self._files = files

    @classmethod
    def above(cls, folder: str) -> IgnoreRules:
        """The rules from the folders above a folder, up to the top of its repository.

        There are none outside a repository, and none if they ignore the folder itself: the user
        asked for it by name.
        """
        parents: list[str] = []
        top = current = absolute(folder)
        while not os.path.exists(os.path.join(current, REPOSITORY)):
            parent = os.path.dirname(current)
            if parent == current:
                return cls()
            current = parent
            parents.append(current)
        rules = cls()
        for parent in reversed(parents):
            rules = rules.within(parent)
        return cls() if rules.ignores(top, is_folder=True) else rules

    def within(self, folder: str) -> IgnoreRules:
        """These rules together with those of the `.gitignore` in a folder."""
        file = _read(folder)
        return self if file is None else IgnoreRules((*self._files, file))

    def ignores(self, path: str, *, is_folder: bool) -> bool:
        """Whether a path is ignored: the innermost `.gitignore` with a matching pattern decides."""
        if not self._files:
            return False
        path = absolute(path)
        for innermost in reversed(self._files):
            decision = innermost.decision(path, is_folder=is_folder)
            if decision is not None:
                return decision
        return False


class _IgnoreFile(NamedTuple):
    """A `.gitignore`: its folder, and its patterns from the last to the first."""

    folder: str
    patterns: Sequence[_Pattern]

    def decision(self, path: str, *, is_folder: bool) -> bool | None:
        """Whether a path is ignored; None if no pattern matches it."""
        path = path[len(self.folder) :].lstrip(os.sep)
        above, slash, name = path.rpartition(os.sep)
        end = os.sep if is_folder else ""
        path += end
        for pattern in self.patterns:
            if pattern.compiled.match_file(path) and pattern.is_for(above + slash, name + end):
                return pattern.compiled.include
        return None


class _Pattern(NamedTuple):
    """A line of a `.gitignore`, as it is written and as pathspec compiles it."""

    line: str
    compiled: Pattern

    def is_for(self, folder: str, name: str) -> bool:
        """Whether a match is for the path itself, and not only for a folder above it.

        In pathspec, a pattern that matches a folder matches everything below it. But that folder
        was entered, whatever the pattern says, so only a match of the path itself counts.
        """
        # The substitution leaves nothing of `/**/` alone, which matches folders anywhere.
        is_for_folders_below = ANYWHERE.sub("", self.line).endswith("/**/")
        if is_for_folders_below and not name.endswith(os.sep):
            return False
        if is_for_folders_below or self.line.endswith("/**"):
            # Everything below a folder, but not the folder itself.
            return bool(self.compiled.match_file(folder + name.removesuffix(os.sep)))
        if not folder or not self.compiled.match_file(folder):
            return True
        is_anchored = "/" in ANYWHERE.sub("", self.line).rstrip("/")
        return not is_anchored and bool(self.compiled.match_file(name))


def _read(folder: str) -> _IgnoreFile | None:
    path = os.path.join(folder, IGNORE_FILE)
    try:
        # Opening a pipe or a device would block.
        if not os.path.isfile(path):
            return None
        with open(path, encoding="utf-8-sig", errors="replace", newline="") as file:
            # Not `splitlines`: git does not end a line at a form feed.
            lines = file.read().split("\n")
    except OSError:
        return None
    return _IgnoreFile(absolute(folder), [*_patterns(reversed(lines))])


def _patterns(lines: Iterable[str]) -> Iterator[_Pattern]:
    from pathspec import GitIgnoreSpec

    for line in map(_without_trailing_blanks, lines):
        # As in git, an invalid pattern ignores nothing.
        with suppress(ValueError, re.error):
            for compiled in GitIgnoreSpec.from_lines([line]).patterns:
                if compiled.include is not None:
                    yield _Pattern(line, compiled)


def _without_trailing_blanks(line: str) -> str:
    """Remove blanks at the end; put other white space there in brackets, since git keeps it."""
    line = line.removesuffix("\r")
    stripped = line.rstrip(" ")
    if stripped.endswith("\\") and not stripped.endswith("\\\\"):
        # The first blank is escaped.
        return line
    text = stripped.rstrip()
    return text + "".join(f"[{character}]" for character in stripped[len(text) :])
