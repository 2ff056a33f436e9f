"""Which files are read as diagrams, and which are skipped."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, NamedTuple

from metrics.archives.names import archive_type, member_name, member_path
from metrics.reading.sources import STANDARD_INPUT, absolute
from metrics.scanning.gitignore import (
    REPOSITORY,
    IgnoreRules,
    repository_top,
    show_python_warning,
)
from metrics.scanning.globs import is_matched
from metrics.system.output import TEMPORARY_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterable

    from metrics.scanning.gitignore import Warn
    from metrics.scanning.globs import Globs

EXTENSIONS: Final = (
    ".bpmn",
    ".bpmn.xml",
    ".bpmn20",
    ".bpmn20.xml",
    ".bpmn2",
    ".iflw",
    ".dmn",
    ".dmn.xml",
    ".dmn11.xml",
    ".form",
)
"""The extensions of diagrams, in lower case; upper case is accepted, too."""

LITTER_PREFIX: Final = "._"
LITTER_FOLDER: Final = "__MACOSX"
"""The names of files and folders in which macOS keeps attributes of other files."""

NOT_READ_PREFIXES: Final = (LITTER_PREFIX, TEMPORARY_PREFIX)
"""How the names of files begin that are never read."""


class Selection(NamedTuple):
    """Which files in folders are diagrams.

    `include` adds files to those with the extension of a diagram, and `exclude` removes files and
    folders. Without `honour_ignores`, ignored files and hidden folders are included. `warn`
    receives the path of an ignore file of which a rule is left out, and a message. With `archives`,
    archives in folders are read, too.
    """

    include: tuple[Globs, ...] = ()
    exclude: tuple[Globs, ...] = ()
    honour_ignores: bool = True
    warn: Warn = show_python_warning
    archives: bool = False

    def is_diagram(self, folder: str, name: str) -> bool:
        """Whether the name of a file in a folder is that of a diagram.

        The absolute path of the folder ends with a slash.
        """
        if name.startswith(NOT_READ_PREFIXES):
            return False
        return name.lower().endswith(EXTENSIONS) or (
            bool(self.include) and is_matched(folder + name, self.include)
        )

    def reads_archive(self, name: str) -> bool:
        """Whether a file in a folder that is not a diagram is read as an archive."""
        return (
            self.archives
            and archive_type(name) is not None
            and not name.startswith(NOT_READ_PREFIXES)
        )

    def enters(self, name: str) -> bool:
        """Whether a search enters folders with this name."""
        if name in (REPOSITORY, LITTER_FOLDER):
            return False
        return not (self.honour_ignores and name.startswith("."))

    def excludes(self, path: str) -> bool:
        """Whether a file at an absolute path is excluded."""
        return bool(self.exclude) and is_matched(path, self.exclude)

    def excludes_all_in(self, folder: str) -> bool:
        """Whether a folder is excluded with everything in it; its path ends with a slash."""
        # A pattern with ! may re-include a file in the folder.
        return self.excludes(folder) and not any(globs.re_includes for globs in self.exclude)

    def for_named_folder(self, folder: str) -> Selection:
        """The selection in a folder that was named: without the patterns that exclude it itself."""
        if not self.exclude:
            return self
        folder = os.path.join(absolute(folder), "")
        return self._replace(
            exclude=tuple(globs.without_matches_of(folder) for globs in self.exclude)
        )


class NamedPaths(NamedTuple):
    """The paths to read, and the paths to skip."""

    read: tuple[str, ...]
    excluded: tuple[str, ...]


def apply_to_named(selection: Selection, paths: Iterable[str]) -> NamedPaths:
    """Skip the paths that are excluded or ignored, whatever their extension.

    The patterns also apply to the current folder: in a folder that is excluded, all paths are
    skipped. Hidden folders count only below the current folder. Standard input is never skipped.
    """
    named = _NamedExclusion(selection)
    paths = [*paths]
    excluded = {path for path in paths if path != STANDARD_INPUT and named.excludes(path)}
    return NamedPaths(
        tuple(path for path in paths if path not in excluded),
        tuple(path for path in paths if path in excluded),
    )


class _NamedExclusion:
    """Decides which named paths to skip; reads each `.gitignore` once."""

    def __init__(self, selection: Selection) -> None:
        self._selection = selection
        self._current = absolute(os.curdir)
        self._rules_in: dict[str, IgnoreRules | None] = {}

    def excludes(self, path: str) -> bool:
        """Whether to skip a path; what an archive holds is skipped with the archive."""
        if (inner := member_path(path)) is not None:
            member = member_name(absolute(inner.archive), inner.member)
            return self.excludes(inner.archive) or self._selection.excludes(member)
        path, is_folder = absolute(path), os.path.isdir(path)
        folder, name = os.path.split(path)
        if name.startswith(LITTER_PREFIX) and not is_folder:
            return True
        if self._is_below_current(path):
            names = os.path.relpath(path if is_folder else folder, self._current).split(os.sep)
            if not all(self._selection.enters(name) for name in names if name != os.curdir):
                return True
        if self._selection.excludes(os.path.join(path, "") if is_folder else path):
            return True
        if not self._selection.honour_ignores:
            return False
        rules = self._rules(folder)
        return rules is None or rules.ignores(path, is_folder=is_folder)

    def _rules(self, folder: str) -> IgnoreRules | None:
        """The rules of the `.gitignore` files for a folder; None if they ignore the folder."""
        start = repository_top(folder)
        if start is None:
            if not self._is_below_current(folder):
                return IgnoreRules(warn=self._selection.warn)
            start = self._current
        folders = []
        while folder not in self._rules_in:
            folders.append(folder)
            if folder == start:
                break
            folder = os.path.dirname(folder)
        rules = self._rules_in.get(folder, IgnoreRules(warn=self._selection.warn))
        for inner in reversed(folders):
            if rules is not None:
                is_ignored = rules.ignores(inner, is_folder=True)
                rules = None if is_ignored else rules.within(inner)
            self._rules_in[inner] = rules
        return rules

    def _is_below_current(self, path: str) -> bool:
        return os.path.join(path, "").startswith(os.path.join(self._current, ""))
