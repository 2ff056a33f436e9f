"""A git repository: its revisions, and the diagrams that differ between two of them.

Nothing is checked out. `git diff` lists what differs and what was renamed.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from metrics.diff.blobs import Blob
from metrics.diff.git import Git, RevisionError, UnknownRevisionError, git_for_working_tree
from metrics.diff.pairs import Pair, Status
from metrics.diff.raw_diff import (
    ADDED,
    DELETED,
    SUBMODULE,
    UNMERGED,
    changed_files,
    has_object,
    renamed_diagrams,
)
from metrics.reading.errors import DocumentError, ErrorType
from metrics.reading.sources import DiscoveredFile, absolute
from metrics.report import Report, is_form

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from metrics.diff.raw_diff import DiffEntry
    from metrics.diff.scope import Scope

OBJECT_ID: Final = re.compile("[0-9a-f]{40,64}")
CHARACTERS_OF_AN_ID: Final = 12

LINK: Final = "120000"
NO_FILE: Final = "000000"

SHALLOW: Final = (
    "this clone is shallow: fetch more of its history, for example with git fetch --unshallow."
)


class Revision(NamedTuple):
    """A tree of a repository: its name in the output, and the id of its object."""

    name: str
    id: str


class RepositoryDifferences(NamedTuple):
    """The diagrams that differ, sorted by path, and the paths of submodules that differ."""

    pairs: Sequence[Pair[Blob]]
    submodules: Sequence[str]


class Repository:
    """The repository that contains the current folder.

    Raises `RevisionError` if there is none, or no git.
    """

    def __init__(self) -> None:
        self._git = Git()
        self._git.run("rev-parse", "--git-dir")
        # Empty for a bare repository.
        self._top = self._git.run_or_empty("rev-parse", "--show-toplevel")

    def revision(self, name: str) -> Revision:
        """The revision with a name; raises `UnknownRevisionError` if there is none."""
        id = self._object_id(name, "tree")
        if not id:
            raise UnknownRevisionError(self._with_hint(f"there is no revision '{name}'"))
        return Revision(name, id)

    def merge_base(self, old: str, new: str) -> Revision:
        """The newest common ancestor of two commits; raises `RevisionError` if none is known."""
        commits = []
        for name in (old, new):
            commit = self._object_id(name, "commit")
            if not commit:
                raise UnknownRevisionError(self._with_hint(f"there is no commit '{name}'"))
            commits.append(commit)
        base = self._git.run_or_empty("merge-base", *commits)
        if not base:
            reason = f"no common ancestor of '{old}' and '{new}' was found"
            raise RevisionError(self._with_hint(reason))
        return self.revision(base)._replace(name=base[:CHARACTERS_OF_AN_ID])

    def differences(
        self, old: Revision, new: Revision | None, scope: Scope
    ) -> RepositoryDifferences:
        """The diagrams that differ between two revisions.

        Without `new`, `old` is compared with the working tree. Raises `RevisionError` if git
        refuses the paths of the `scope`.
        """
        if new is not None:
            return self._differences(self._git, old, new, scope)
        if not self._top:
            raise RevisionError("a bare repository has no working tree: name a second revision.")
        with git_for_working_tree(self._git) as git:
            return self._differences(git, old, None, scope)

    def _differences(
        self, git: Git, old: Revision, new: Revision | None, scope: Scope
    ) -> RepositoryDifferences:
        trees = [old.id] if new is None else [old.id, new.id]
        entries = changed_files(git, trees, scope.paths)
        changed = self._changed_diagrams(entries, scope)
        renames: dict[str, DiffEntry] = {}
        if {ADDED, DELETED} <= {entry.status for entry in changed.values()}:
            any_extension = bool(scope.selection.include)
            for rename in renamed_diagrams(git, trees, any_extension=any_extension):
                if _has_status(changed, rename.old_path, DELETED) and _has_status(
                    changed, rename.path, ADDED
                ):
                    renames[rename.path] = rename
                    del changed[rename.old_path]
        pairs = [
            self._pair(entry, renames.get(path), old, new)
            for path, entry in sorted(changed.items())
        ]
        return RepositoryDifferences(pairs, [entry.path for entry in entries if entry.is_submodule])

    def _changed_diagrams(self, entries: Iterable[DiffEntry], scope: Scope) -> dict[str, DiffEntry]:
        """The diagrams among some entries, by path."""
        named = {self._from_top(path) for path in scope.paths}
        top = self._top or absolute(os.curdir)
        return {
            entry.path: entry
            for entry in entries
            if entry.status != UNMERGED
            and not entry.has_same_content
            and scope.includes(entry.path, top, named)
        }

    def _pair(
        self, entry: DiffEntry, rename: DiffEntry | None, old: Revision, new: Revision | None
    ) -> Pair[Blob]:
        after = self._source(new, entry.path, entry.new_mode, entry.new_id)
        if rename is None:
            return Pair(
                entry.path, self._source(old, entry.path, entry.old_mode, entry.old_id), after
            )
        old_path = rename.old_path
        # A new name alone changes no number, unless the diagram is read in another way.
        if rename.old_id == rename.new_id and is_form(old_path) == is_form(entry.path):
            return Pair(entry.path, None, None, old_path, Status.RENAMED)
        before = self._source(old, old_path, rename.old_mode, rename.old_id)
        return Pair(entry.path, before, after, old_path, Status.RENAMED)

    def _source(
        self, revision: Revision | None, path: str, mode: str, id: str
    ) -> Blob | str | Report | None:
        """What to measure at a path in a revision, or in the working tree."""
        if mode == NO_FILE:
            return None
        in_tree = os.path.relpath(os.path.join(self._top, path)) if self._top else path
        name = in_tree if revision is None else f"{revision.name}:{path}"
        if mode in (LINK, SUBMODULE):
            reason = (
                "a symbolic link, which is not followed in a repository"
                if mode == LINK
                else "a submodule, which is not read"
            )
            return Report(name, error=DocumentError(ErrorType.UNREADABLE, reason))
        if revision is None and not has_object(id):
            return DiscoveredFile(in_tree)
        return Blob(name, id)

    def _from_top(self, path: str) -> str:
        """A path relative to the top of the repository."""
        folder, name = os.path.split(path)
        real_path = os.path.join(os.path.realpath(folder or os.curdir), name)
        return os.path.relpath(real_path, self._top or os.curdir)

    def _object_id(self, name: str, type: str) -> str:
        """The id of the object of this type that a name refers to; empty if there is none."""
        arguments = ("rev-parse", "--verify", "--quiet", "--end-of-options")
        id = self._git.run_or_empty(*arguments, name)
        # The answer for `^NAME` starts with `^`: it excludes a revision.
        if not OBJECT_ID.fullmatch(id):
            return ""
        return self._git.run_or_empty(*arguments, f"{id}^{{{type}}}")

    def _with_hint(self, reason: str) -> str:
        is_shallow = self._git.run_or_empty("rev-parse", "--is-shallow-repository") == "true"
        return f"{reason}; {SHALLOW}" if is_shallow else f"{reason}."


def _has_status(entries: Mapping[str, DiffEntry], path: str, status: str) -> bool:
    return path in entries and entries[path].status == status
