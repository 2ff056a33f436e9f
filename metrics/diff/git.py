"""Running `git` so that it writes nothing, fetches nothing and runs no configured program."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import tempfile
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Final

from metrics.reading.sources import PIECE, READ_AT_ONCE
from metrics.system.signals import cleanup_on_signal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

# The configuration of a repository can name programs, and git may refresh its index.
COMMAND: Final = (
    "git",
    *("-c", "core.fsmonitor=false"),
    *("-c", f"core.hooksPath={os.devnull}"),
    *("-c", "diff.autoRefreshIndex=false"),
    *("-c", "core.splitIndex=false"),
)
ENVIRONMENT: Final = {
    # No protocol has this name, so git fetches nothing.
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
# Enough for ten million files.
MAX_INDEX_BYTES: Final = 1024 * 1024 * 1024
MAX_FILTERS: Final = 1000
FILTERS: Final = r"^filter\..*\.(clean|smudge|process|required)$"


class RevisionError(Exception):
    """Revisions that cannot be compared; the message says why."""


class UnknownRevisionError(RevisionError):
    """A name that no revision has, or a folder that is not in a repository."""


class Git:
    """The `git` command in the current folder, with changes to its environment."""

    def __init__(
        self, variables: Mapping[str, str] | None = None, *, without: Iterable[str] = ()
    ) -> None:
        self._variables = dict(variables or {})
        self._without = frozenset(without)

    def with_variables(self, variables: Mapping[str, str], *, without: Iterable[str] = ()) -> Git:
        """The same command with more changes to its environment."""
        return Git(self._variables | dict(variables), without=self._without.union(without))

    def environment(self) -> dict[str, str]:
        """The environment that the command is run in."""
        environment = os.environ | ENVIRONMENT | self._variables
        return {name: value for name, value in environment.items() if name not in self._without}

    def run(self, *arguments: str) -> str:
        """The output of git; raises `RevisionError` with its message if it fails."""
        try:
            process = subprocess.Popen(
                [*COMMAND, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=self.environment(),
            )
        except FileNotFoundError:
            raise RevisionError("git was not found: it is needed to compare revisions.") from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise RevisionError(f"git cannot be run: {reason}") from None
        with process, cleanup_on_signal(process.kill):
            output, messages = process.communicate()
        if process.returncode:
            raise _failure(os.fsdecode(messages))
        return os.fsdecode(output)

    def run_or_empty(self, *arguments: str) -> str:
        """The output of git without the final line break; empty if it fails."""
        try:
            return self.run(*arguments).strip("\n")
        except RevisionError:
            return ""


def _failure(messages: str) -> RevisionError:
    lines = messages.strip().splitlines() or ["it failed without a message"]
    reason = next((line for line in lines if line.startswith("fatal:")), lines[0])
    if "not a git repository" in reason:
        return UnknownRevisionError("the current folder is not in a git repository.")
    return RevisionError(f"git: {reason.removeprefix('fatal:').strip()}")


@contextmanager
def git_for_working_tree(git: Git) -> Iterator[Git]:
    """A command that compares the working tree without running filters of the configuration."""
    git = git.with_variables(_without_filters(git))
    with _index_copy(git) as index:
        yield git if index is None else git.with_variables({"GIT_INDEX_FILE": index})


def _without_filters(git: Git) -> dict[str, str]:
    """Variables that override every filter of the configuration."""
    output = git.run_or_empty("config", "-z", "--name-only", "--get-regexp", FILTERS)
    names = dict.fromkeys(filter(None, output.split("\0")))
    if len(names) > MAX_FILTERS:
        # git takes quadratic time to override them.
        raise RevisionError(f"the configuration of git has more than {MAX_FILTERS:,} filters.")
    count = int(git.environment().get("GIT_CONFIG_COUNT") or 0)
    variables = {"GIT_CONFIG_COUNT": str(count + len(names))}
    for number, name in enumerate(names, start=count):
        variables[f"GIT_CONFIG_KEY_{number}"] = name
        variables[f"GIT_CONFIG_VALUE_{number}"] = "false" if name.endswith("required") else ""
    return variables


@contextmanager
def _index_copy(git: Git) -> Iterator[str | None]:
    """The path of a copy of the index, refreshed; None if it cannot be copied.

    Without a fresh index, git lists files that only look changed: they are read, and then found
    to be unchanged. Raises `RevisionError` if the index is not a regular file, or too large.
    """
    index = git.run_or_empty("rev-parse", "--git-path", "index")
    try:
        folder = tempfile.mkdtemp(prefix="metrics-")
    except OSError:
        yield None
        return
    remove = partial(shutil.rmtree, folder, ignore_errors=True)
    with cleanup_on_signal(remove):
        try:
            path: str | None = None
            with suppress(OSError):
                path = _copy_index(index, os.path.join(folder, "index"))
                refreshing = git.with_variables({"GIT_INDEX_FILE": path})
                refreshing.run_or_empty("update-index", "-q", "--refresh")
            yield path
        finally:
            remove()


def _open_without_waiting(path: str, _: int) -> int:
    return os.open(path, READ_AT_ONCE)


def _copy_index(index: str, target: str) -> str:
    """Copy the index to `target`, and return `target`.

    Raises `RevisionError` if the index is too large or not a regular file, and `OSError`.
    """
    with open(index, "rb", opener=_open_without_waiting) as source, open(target, "xb") as copy:
        status = os.fstat(source.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise RevisionError("the index of the repository is not a regular file.")
        if status.st_size > MAX_INDEX_BYTES:
            reason = f"the index of the repository is larger than {MAX_INDEX_BYTES:,} bytes."
            raise RevisionError(reason)
        left = status.st_size
        while left > 0 and (piece := source.read(min(left, PIECE))):
            copy.write(piece)
            left -= len(piece)
    return target
