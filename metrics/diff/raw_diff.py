"""Listing the files that differ between two trees, by `git diff --raw`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from metrics.diff.git import RevisionError
from metrics.scanning.selection import EXTENSIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from metrics.diff.git import Git

DIFF: Final = (
    "diff",
    "--raw",
    "-z",
    "--no-abbrev",
    "--no-color",
    "--no-ext-diff",
    "--no-textconv",
    "--no-relative",
    # Cancels an order file of the configuration.
    "-O/dev/null",
    "--ignore-submodules=dirty",
)
PATHSPEC_VARIABLES: Final = (
    "GIT_LITERAL_PATHSPECS",
    "GIT_GLOB_PATHSPECS",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_ICASE_PATHSPECS",
)
MAX_RENAMES: Final = 1000
"""The number of added or removed diagrams above which git finds only exact renames."""

EXACT: Final = "100%"
DIAGRAMS: Final = tuple(f":(top,icase)*{extension}" for extension in EXTENSIONS)

SUBMODULE: Final = "160000"
ADDED: Final = "A"
DELETED: Final = "D"
UNMERGED: Final = "U"


class DiffEntry(NamedTuple):
    """A file that differs; `old_path` is its earlier path, the same unless it was renamed.

    An id of zeros stands for a file without an object in the repository.
    """

    old_mode: str
    new_mode: str
    old_id: str
    new_id: str
    status: str
    old_path: str
    path: str

    @property
    def has_same_content(self) -> bool:
        """Whether both sides are known to have the same content."""
        return self.old_id == self.new_id and has_object(self.new_id)

    @property
    def is_submodule(self) -> bool:
        """Whether either side is a submodule."""
        return SUBMODULE in (self.old_mode, self.new_mode)


def has_object(id: str) -> bool:
    """Whether an id is that of an object, rather than zeros."""
    return bool(id.strip("0"))


def changed_files(git: Git, trees: Sequence[str], paths: Sequence[str]) -> list[DiffEntry]:
    """The files that differ; a renamed one is removed and added."""
    return _entries(git, "--no-renames", *trees, "--", *paths)


def renamed_diagrams(git: Git, trees: Sequence[str], *, any_extension: bool) -> list[DiffEntry]:
    """The diagrams in the whole repository that git detects as renamed.

    With `any_extension`, lists all renamed files, because any of them may be a diagram.
    """
    git = git.with_variables({}, without=PATHSPEC_VARIABLES)
    patterns = () if any_extension else DIAGRAMS
    arguments = (f"-l{MAX_RENAMES}", "--diff-filter=R", *trees, "--", *patterns)
    try:
        return _entries(git, "--find-renames", *arguments)
    except RevisionError:
        # This clone does not have all contents, so git cannot compare them.
        return _entries(git, f"--find-renames={EXACT}", *arguments)


def _entries(git: Git, *arguments: str) -> list[DiffEntry]:
    fields = iter(git.run(*DIFF, *arguments).split("\0"))
    entries = []
    try:
        for head in fields:
            if not head:
                break
            old_mode, new_mode, old_id, new_id, status = head.removeprefix(":").split(" ")
            old_path = next(fields)
            path = next(fields) if status[0] in "RC" else old_path
            if not (old_path and path):
                raise ValueError
            entries.append(DiffEntry(old_mode, new_mode, old_id, new_id, status, old_path, path))
    except (ValueError, StopIteration, IndexError):
        raise RevisionError("the output of git diff cannot be parsed.") from None
    return entries
