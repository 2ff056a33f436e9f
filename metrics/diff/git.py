"""Diagrams that differ between two revisions of a git repository, read by the `git` command.

Nothing is checked out, and nothing is fetched: what differs is told by `git diff`, renames as git
finds them, and the contents come from one `git cat-file --batch`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections import deque
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from metrics.diff.comparison import Pair, Status
from metrics.reading.errors import DocumentError, ErrorType
from metrics.reading.sources import DEFAULT_MAX_SIZE, PIECE, DiscoveredFile, NamedContent
from metrics.report import Report, is_form
from metrics.scanning.discovery import EXTENSIONS
from metrics.system.signals import cleanup_on_signal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import IO, Self

    from metrics.scanning.requests import DiagramSource

# What a repository's configuration could have git run is not run, nor anything over the network;
# and nothing is written, not even what git knows of the working tree.
COMMAND: Final = (
    "git",
    *("-c", "core.fsmonitor=false"),
    *("-c", f"core.hooksPath={os.devnull}"),
    *("-c", "diff.autoRefreshIndex=false"),
)
ENVIRONMENT: Final = {
    # There is no such protocol.
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
DIFF: Final = (
    "diff",
    "--raw",
    "-z",
    "--no-abbrev",
    "--no-color",
    "--no-ext-diff",
    "--no-textconv",
    "--no-relative",
    "--ignore-submodules=dirty",
)
FILTERS: Final = r"^filter\..*\.(clean|smudge|process|required)$"
PATHSPEC_VARIABLES: Final = (
    "GIT_LITERAL_PATHSPECS",
    "GIT_GLOB_PATHSPECS",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_ICASE_PATHSPECS",
)
# Where there are more to be compared git finds those renames only that change nothing.
MAX_RENAMES: Final = 1000
EXACTLY: Final = "100%"
DIAGRAMS: Final = tuple(f":(top,icase)*{extension}" for extension in EXTENSIONS)

# Beside the blobs that are asked for and not read yet, their ids fit into any pipe.
MAX_ASKED: Final = 64

CHARACTERS_OF_AN_ID: Final = 12

LINK: Final = "120000"
SUBMODULE: Final = "160000"
NOTHING: Final = "000000"

# What has another name, with the same content or another one.
SAME: Final = "R="
OTHER: Final = "R~"
LARGE_FILE_POINTER: Final = b"version https://git-lfs.github.com/spec/"

SHALLOW: Final = "this clone is shallow: fetch more of its history, as by git fetch --unshallow."


class RevisionError(Exception):
    """Revisions that cannot be compared; its text says why, for people."""


class UnknownRevisionError(RevisionError):
    """A name that no revision has."""


class Revision(NamedTuple):
    """A tree of a repository: what it is called, and its object."""

    name: str
    id: str


class Blob(NamedTuple):
    """A diagram in a revision: what it is called, and its object."""

    name: str
    id: str


class Differences(NamedTuple):
    """The diagrams that differ, in the order of their paths, and the submodules that do."""

    pairs: Sequence[Pair[Blob]]
    submodules: Sequence[str]


class _DiffEntry(NamedTuple):
    """What git tells of a path, or of two where one became the other."""

    old_mode: str
    new_mode: str
    old_id: str
    new_id: str
    status: str
    paths: tuple[str, ...]


class Repository:
    """The repository that the current folder is in.

    Raises `RevisionError` where it is in none, or there is no git.
    """

    def __init__(self) -> None:
        self._environment = os.environ | ENVIRONMENT
        self._git("rev-parse", "--git-dir")
        # A bare one has none.
        self._top = self._git_if_possible("rev-parse", "--show-toplevel")

    def revision(self, name: str) -> Revision:
        """The revision of a name; raises `RevisionError` where there is none."""
        found = self._object(name, "tree")
        if not found:
            raise UnknownRevisionError(self._explained(f"there is no revision '{name}'"))
        return Revision(name, found)

    def merge_base(self, one: str, other: str) -> Revision:
        """The commit where two revisions parted; raises `RevisionError` where none is known."""
        commits = []
        for name in (one, other):
            commit = self._object(name, "commit")
            if not commit:
                raise UnknownRevisionError(self._explained(f"there is no commit '{name}'"))
            commits.append(commit)
        base = self._git_if_possible("merge-base", *commits)
        if not base:
            reason = f"no common ancestor of '{one}' and '{other}' is known"
            raise RevisionError(self._explained(reason))
        return self.revision(base)._replace(name=base[:CHARACTERS_OF_AN_ID])

    def _object(self, name: str, type: str) -> str:
        """The id of what a name leads to; nothing where it leads to nothing of a type."""
        arguments = ("rev-parse", "--verify", "--quiet", "--end-of-options")
        found = self._git_if_possible(*arguments, name)
        return self._git_if_possible(*arguments, f"{found}^{{{type}}}") if found else ""

    def differences(
        self, old: Revision, new: Revision | None, paths: Sequence[str] = ()
    ) -> Differences:
        """The diagrams at some paths that differ between two revisions.

        Without a `new` one the working tree is compared, without paths all of the repository. A
        path is what git takes for one. Raises `RevisionError` where git refuses it.
        """
        if new is None and not self._top:
            raise RevisionError("a bare repository has no working tree: name a second revision.")
        if new is None:
            self._environment |= self._without_filters()
            with self._refreshed():
                return self._differences(old, new, paths)
        return self._differences(old, new, paths)

    def _differences(
        self, old: Revision, new: Revision | None, paths: Sequence[str]
    ) -> Differences:
        trees = [old.id] if new is None else [old.id, new.id]
        entries = self._diff("--no-renames", *trees, "--", *paths)
        named = {self._within(path) for path in paths}
        found = {
            entry.paths[0]: entry
            for entry in entries
            if entry.status != "U"
            # Both are told as zeros where the working tree has what git knows nothing of.
            and (entry.old_id != entry.new_id or not entry.new_id.strip("0"))
            and _is_diagram(entry.paths[0], named)
        }
        renamed = {}
        if {"A", "D"} <= {entry.status for entry in found.values()}:
            for entry in self._renames(trees):
                before, after = entry.paths
                if _has_status(found, before, "D") and _has_status(found, after, "A"):
                    # What git hashed of the working tree is no object of the repository.
                    renamed[after] = entry._replace(
                        status=SAME if entry.old_id == entry.new_id else OTHER,
                        new_id=found[after].new_id,
                    )
                    del found[before]
        pairs = [
            self._pair(renamed.get(path, entry), old, new) for path, entry in sorted(found.items())
        ]
        submodules = [
            entry.paths[0] for entry in entries if SUBMODULE in (entry.old_mode, entry.new_mode)
        ]
        return Differences(pairs, submodules)

    @contextmanager
    def _refreshed(self) -> Iterator[None]:
        """Have git look which files are as they were, in a copy of its index: it writes that."""
        index = self._git_if_possible("rev-parse", "--git-path", "index")
        try:
            folder = tempfile.mkdtemp(prefix="metrics-")
        except OSError:
            # Then files that are as they were are read, and found to be so.
            yield
            return
        remove = partial(shutil.rmtree, folder, ignore_errors=True)
        with cleanup_on_signal(remove):
            try:
                copy = os.path.join(folder, "index")
                with suppress(OSError):
                    shutil.copyfile(index, copy)
                    self._environment["GIT_INDEX_FILE"] = copy
                    self._git_if_possible("update-index", "-q", "--refresh")
                yield
            finally:
                remove()

    def _renames(self, trees: Sequence[str]) -> list[_DiffEntry]:
        """The diagrams that git finds to have other names now."""
        environment = dict(self._environment)
        for name in PATHSPEC_VARIABLES:
            self._environment.pop(name, None)
        arguments = (f"-l{MAX_RENAMES}", "--diff-filter=R", *trees, "--", *DIAGRAMS)
        try:
            return self._diff("--find-renames", *arguments)
        except RevisionError:
            # Contents that this clone does not have cannot be compared.
            return self._diff(f"--find-renames={EXACTLY}", *arguments)
        finally:
            self._environment = environment

    def _without_filters(self) -> dict[str, str]:
        """An environment in which git runs no program to read the working tree."""
        listed = self._git_if_possible("config", "-z", "--name-only", "--get-regexp", FILTERS)
        names = dict.fromkeys(filter(None, listed.split("\0")))
        known = int(self._environment.get("GIT_CONFIG_COUNT") or 0)
        settings = {"GIT_CONFIG_COUNT": str(known + len(names))}
        for number, name in enumerate(names, start=known):
            settings[f"GIT_CONFIG_KEY_{number}"] = name
            settings[f"GIT_CONFIG_VALUE_{number}"] = "false" if name.endswith("required") else ""
        return settings

    def _pair(self, entry: _DiffEntry, old: Revision, new: Revision | None) -> Pair[Blob]:
        before, after = entry.paths[0], entry.paths[-1]
        is_rename = entry.status in (SAME, OTHER)
        # What only has another name has no other numbers.
        is_read = not (entry.status == SAME and is_form(before) == is_form(after))
        source_before = self._source(old, before, entry.old_mode, entry.old_id)
        source_after = self._source(new, after, entry.new_mode, entry.new_id)
        return Pair(
            after,
            source_before if is_read else None,
            source_after if is_read else None,
            before if is_rename else None,
            Status.RENAMED if is_rename else None,
        )

    def _source(
        self, revision: Revision | None, path: str, mode: str, id: str
    ) -> Blob | str | Report | None:
        """What is to be measured of a path in a revision, or in the working tree."""
        if mode == NOTHING:
            return None
        in_tree = os.path.relpath(os.path.join(self._top, path)) if self._top else path
        name = in_tree if revision is None else f"{revision.name}:{path}"
        if mode in (LINK, SUBMODULE):
            what = "a link" if mode == LINK else "a submodule"
            reason = f"{what}, which is not followed in a repository"
            return Report(name, error=DocumentError(ErrorType.UNREADABLE, reason))
        # Of what is not committed git has no object.
        if revision is None and not id.strip("0"):
            return DiscoveredFile(in_tree)
        return Blob(name, id)

    def _within(self, path: str) -> str:
        """A path from the top of the repository."""
        folder, name = os.path.split(path)
        from_root = os.path.join(os.path.realpath(folder or os.curdir), name)
        return os.path.relpath(from_root, self._top or os.curdir)

    def _diff(self, *arguments: str) -> list[_DiffEntry]:
        fields = iter(self._git(*DIFF, *arguments).split("\0"))
        entries = []
        try:
            for head in fields:
                if not head:
                    break
                old_mode, new_mode, old_id, new_id, status = head.removeprefix(":").split(" ")
                paths = [next(fields) for _ in range(2 if status[0] in "RC" else 1)]
                if not all(paths):
                    raise ValueError
                entries.append(_DiffEntry(old_mode, new_mode, old_id, new_id, status, tuple(paths)))
        except (ValueError, StopIteration, IndexError):
            raise RevisionError("what git says of differences is not understood.") from None
        return entries

    def _explained(self, reason: str) -> str:
        is_shallow = self._git_if_possible("rev-parse", "--is-shallow-repository") == "true"
        return f"{reason}; {SHALLOW}" if is_shallow else f"{reason}."

    def _git_if_possible(self, *arguments: str) -> str:
        """What git prints, without the break of the line; nothing where it fails."""
        try:
            return self._git(*arguments).strip("\n")
        except RevisionError:
            return ""

    def _git(self, *arguments: str) -> str:
        """What git prints; raises `RevisionError` with its words where it fails."""
        try:
            process = subprocess.Popen(
                [*COMMAND, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=self._environment,
            )
        except FileNotFoundError:
            raise RevisionError("revisions are read by git, and there is none.") from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise RevisionError(f"git cannot be called: {reason}") from None
        with process, cleanup_on_signal(process.kill):
            printed, said = process.communicate()
        if process.returncode:
            told = os.fsdecode(said).strip().splitlines() or ["it failed, and says nothing"]
            first = next((line for line in told if line.startswith("fatal:")), told[0])
            if "not a git repository" in first:
                raise UnknownRevisionError("the current folder is in no git repository.")
            raise RevisionError(f"git: {first.removeprefix('fatal:').strip()}")
        return os.fsdecode(printed)


def loaded(
    sources: Iterable[DiagramSource | Blob], *, max_size: int = DEFAULT_MAX_SIZE
) -> Iterator[DiagramSource]:
    """Sources in which each blob has its content; what is larger than `max_size` is not read.

    A blob whose content is not at hand is a report with that error.
    """
    with _CatFile() as cat_file, cleanup_on_signal(cat_file.kill):
        asked: deque[DiagramSource | Blob] = deque()
        for source in sources:
            if isinstance(source, Blob):
                cat_file.ask(source)
            asked.append(source)
            if len(asked) == MAX_ASKED:
                yield _answered(asked.popleft(), cat_file, max_size)
        while asked:
            yield _answered(asked.popleft(), cat_file, max_size)


def _answered(source: DiagramSource | Blob, cat_file: _CatFile, max_size: int) -> DiagramSource:
    if not isinstance(source, Blob):
        return source
    try:
        content = cat_file.answer(max_size)
        if content.startswith(LARGE_FILE_POINTER):
            reason = "a pointer of Git LFS: its content is not in the repository"
            raise DocumentError(ErrorType.UNREADABLE, reason)
    except DocumentError as error:
        return Report(source.name, error=error)
    return NamedContent(source.name, content)


class _CatFile:
    """Contents of a repository's objects, from one process as long as that lives."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._asked: deque[str] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def kill(self) -> None:
        """End the process at once."""
        if self._process is not None:
            self._process.kill()

    def ask(self, blob: Blob) -> None:
        """Ask for a content: it is answered behind those that were asked for before."""
        self._asked.append(blob.id)
        self._write(blob.id)

    def answer(self, max_size: int) -> bytes:
        """The next content; raises `DocumentError` where it cannot be had, or is too large."""
        self._asked.popleft()
        stream = self._stream()
        head = stream.readline().split() if stream is not None else []
        if not head:
            # It cannot do without a content that it would have to fetch. Others may be there.
            self._end()
            for id in self._asked:
                self._write(id)
        if len(head) != 3 or not head[2].isdigit():
            reason = "its content is not in this clone of the repository"
            raise DocumentError(ErrorType.UNREADABLE, reason)
        size = int(head[2])
        content = stream.read(size) if stream is not None and size <= max_size else b""
        left = size - len(content) + 1
        while stream is not None and left > 0 and (piece := stream.read(min(left, PIECE))):
            left -= len(piece)
        if size > max_size:
            raise DocumentError(ErrorType.TOO_LARGE, f"larger than {max_size} bytes")
        if len(content) < size:
            raise DocumentError(ErrorType.UNREADABLE, "git ended before its content did")
        return content

    def _stream(self) -> IO[bytes] | None:
        return None if self._process is None else self._process.stdout

    def _write(self, id: str) -> None:
        if self._process is None:
            self._process = subprocess.Popen(
                [*COMMAND, "cat-file", "--batch"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=os.environ | ENVIRONMENT,
            )
        if self._process.stdin is not None:
            # Where it has ended, that shows when it is to answer.
            with suppress(OSError):
                self._process.stdin.write(f"{id}\n".encode())
                self._process.stdin.flush()

    def _end(self) -> None:
        if self._process is not None:
            # Not by closing what it reads: a process that was forked meanwhile holds that open. Nor
            # is what it prints read to its end: one that it has started itself may hold that open.
            self._process.kill()
            for stream in (self._process.stdin, self._process.stdout):
                if stream is not None:
                    with suppress(OSError):
                        stream.close()
            self._process.wait()
            self._process = None


def _is_diagram(path: str, named: set[str]) -> bool:
    return path.lower().endswith(EXTENSIONS) or path in named


def _has_status(entries: dict[str, _DiffEntry], path: str, status: str) -> bool:
    return path in entries and entries[path].status == status
