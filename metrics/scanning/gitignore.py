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
ANYWHERE: Final = re.compile(r"\A!?/?(\*\*/)+")
REPOSITORY: Final = ".git"


class _Pattern(NamedTuple):
    """A line of a `.gitignore`, as it is written and as pathspec understands it."""

    line: str
    compiled: Pattern

    def is_of(self, folder: str, name: str) -> bool:
        """Whether what it matches is what has a name in a folder, not the folder or one above.

        To pathspec, what is said of a folder is said of all below. But that folder has been let in,
        whatever was said of it: what counts is what is said of the path itself.
        """
        # Of `/**/` alone, which is of folders anywhere, nothing is left.
        is_of_folders_below = ANYWHERE.sub("", self.line).endswith("/**/")
        if is_of_folders_below and not name.endswith(os.sep):
            return False
        if is_of_folders_below or self.line.endswith("/**"):
            # All below a folder, and not the folder itself.
            return bool(self.compiled.match_file(folder + name.removesuffix(os.sep)))
        if not folder or not self.compiled.match_file(folder):
            return True
        is_anchored = "/" in ANYWHERE.sub("", self.line).rstrip("/")
        return not is_anchored and bool(self.compiled.match_file(name))


class _Ignores(NamedTuple):
    """The patterns of one `.gitignore`, the last first, and the folder they are relative to."""

    folder: str
    patterns: Sequence[_Pattern]

    def decision(self, path: str, *, is_folder: bool) -> bool | None:
        """Whether a path is ignored; None where these patterns say nothing of it."""
        path = path[len(self.folder) :].lstrip(os.sep)
        above, slash, name = path.rpartition(os.sep)
        mark = os.sep if is_folder else ""
        path += mark
        for pattern in self.patterns:
            if pattern.compiled.match_file(path) and pattern.is_of(above + slash, name + mark):
                return pattern.compiled.include
        return None


def _ignores_above(folder: str) -> tuple[_Ignores, ...]:
    """The `.gitignore` files above a folder, up to the top of its repository, if it is in one.

    A folder that these ignore was asked for by its name, and is read without them.
    """
    above: list[str] = []
    top = current = absolute(folder)
    while not os.path.exists(os.path.join(current, REPOSITORY)):
        parent = os.path.dirname(current)
        if parent == current:
            return ()
        current = parent
        above.append(current)
    ignores = tuple(found for folder in reversed(above) for found in _ignores_in(folder))
    return () if ignores and _is_ignored(top, True, ignores) else ignores


def _ignores_in(folder: str) -> Sequence[_Ignores]:
    path = os.path.join(folder, IGNORE_FILE)
    try:
        # A pipe or a device would block.
        if not os.path.isfile(path):
            return ()
        with open(path, encoding="utf-8-sig", errors="replace", newline="") as file:
            # Not `splitlines`: to git a form feed is a character like others.
            lines = file.read().split("\n")
    except OSError:
        return ()
    return (_Ignores(absolute(folder), [*_patterns(reversed(lines))]),)


def _patterns(lines: Iterable[str]) -> Iterator[_Pattern]:
    from pathspec import GitIgnoreSpec

    for line in map(_without_blanks, lines):
        # What is no pattern ignores nothing, as in git.
        with suppress(ValueError, re.error):
            for compiled in GitIgnoreSpec.from_lines([line]).patterns:
                if compiled.include is not None:
                    yield _Pattern(line, compiled)


def _without_blanks(line: str) -> str:
    """A line without the blanks at its end, other white space there in brackets: git lets it be."""
    line = line.removesuffix("\r")
    stripped = line.rstrip(" ")
    if stripped.endswith("\\") and not stripped.endswith("\\\\"):
        # Of these the first is escaped.
        return line
    text = stripped.rstrip()
    return text + "".join(f"[{character}]" for character in stripped[len(text) :])


def _is_ignored(path: str, is_folder: bool, ignores: Sequence[_Ignores]) -> bool:
    """Whether the innermost `.gitignore` that says anything of a path says that it is ignored."""
    path = absolute(path)
    for innermost in reversed(ignores):
        decision = innermost.decision(path, is_folder=is_folder)
        if decision is not None:
            return decision
    return False
