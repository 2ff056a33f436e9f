"""From a folder to its diagrams, in order.

Below a folder the files that are diagrams by their extension are read, but for hidden folders and
what `.gitignore` files name. Who asks for those too gets all, except from a repository's store.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from metrics.sources import absolute

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pathspec import GitIgnoreSpec

EXTENSIONS: Final = (".bpmn", ".bpmn20.xml", ".bpmn2", ".dmn", ".dmn11.xml", ".form")
"""What the names of diagrams end with, in any case."""

IGNORE_FILE: Final = ".gitignore"
REPOSITORY: Final = ".git"


class Found(NamedTuple):
    """A file to measure, or a folder that could not be listed with the reason why."""

    path: str
    unlistable: str | None = None


class _Ignores(NamedTuple):
    """The patterns of one `.gitignore`, and the folder that they are relative to."""

    folder: str
    spec: GitIgnoreSpec


def discover(top: str, *, honour_ignores: bool = True) -> Iterator[Found]:
    """The diagrams below a folder, sorted by name within each folder.

    Without `honour_ignores`, what is ignored or in hidden folders is not passed over. A folder that
    cannot be listed is found too, with the reason why.
    """
    # A stack, not recursion: folders may be nested deeper than Python's calls.
    visited = set()
    above = _ignores_above(top) if honour_ignores else None
    pending: list[tuple[str, tuple[_Ignores, ...] | None, bool]] = [(top, above, True)]
    while pending:
        path, ignores, is_folder = pending.pop()
        if not is_folder:
            yield Found(path)
            continue
        try:
            status = os.stat(path)
            if (status.st_dev, status.st_ino) in visited:
                continue
            visited.add((status.st_dev, status.st_ino))
            with os.scandir(path) as scanned:
                entries = sorted(scanned, key=lambda entry: entry.name)
        except OSError as error:
            yield Found(path, error.strerror or str(error))
            continue
        if ignores is not None and any(entry.name == IGNORE_FILE for entry in entries):
            ignores = (*ignores, *_ignores_in(path))
        found = []
        for entry in entries:
            inner = entry.name if path == os.curdir else os.path.join(path, entry.name)
            is_folder = _is_folder(entry)
            if is_folder:
                hidden = entry.name.startswith(".")
                wanted = entry.name != REPOSITORY and not (hidden and ignores is not None)
            else:
                wanted = entry.name.lower().endswith(EXTENSIONS) and _may_be_read(entry)
            if wanted and not (ignores and _is_ignored(inner, is_folder, ignores)):
                found.append((inner, ignores, is_folder))
        pending.extend(reversed(found))


def _may_be_read(entry: os.DirEntry[str]) -> bool:
    # A pipe or a device would block. A link to nowhere is asked for, and has its error.
    try:
        return entry.is_file() or (entry.is_symlink() and not os.path.exists(entry.path))
    except OSError:
        return True


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        # A link that leads back to itself is nothing; by a diagram's name it is asked for.
        return False


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
        with open(path, encoding="utf-8", errors="replace") as file:
            lines = file.read().splitlines()
    except OSError:
        return ()
    from pathspec import GitIgnoreSpec

    # What is no pattern ignores nothing, as in git.
    valid = [line for line in lines if _is_pattern(line)]
    return (_Ignores(absolute(folder), GitIgnoreSpec.from_lines(valid)),)


def _is_pattern(line: str) -> bool:
    from pathspec import GitIgnoreSpec

    try:
        GitIgnoreSpec.from_lines([line])
    except (ValueError, re.error):
        return False
    return True


def _is_ignored(path: str, is_folder: bool, ignores: Sequence[_Ignores]) -> bool:
    """Whether the innermost `.gitignore` that says anything of a path says that it is ignored."""
    full = absolute(path) + (os.sep if is_folder else "")
    for folder, spec in reversed(ignores):
        decision = spec.check_file(full[len(folder) :].lstrip(os.sep)).include
        if decision is not None:
            return decision
    return False
