"""Scratch repositories of git, and what is printed of their revisions."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Any

from support.command import run
from support.states import diff

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

COUNT = "diagramMetrics.tasks.userTask.count"


def git(*arguments: str | Path, cwd: Path) -> str:
    """What git prints, without the break of the line."""
    done = subprocess.run(["git", *arguments], cwd=cwd, capture_output=True, check=True)
    return os.fsdecode(done.stdout).strip("\n")


class Repository:
    """A scratch repository."""

    def __init__(self, folder: Path, *options: str) -> None:
        folder.mkdir()
        self.folder = folder
        self.git("init", "-q", "-b", "main", *options)

    def git(self, *arguments: str) -> str:
        return git(*arguments, cwd=self.folder)

    def write(self, files: Mapping[str, bytes] | Mapping[str, bytes | None]) -> None:
        """Put files into the working tree, and take away those that are None."""
        for name, content in files.items():
            path = self.folder / name
            path.parent.mkdir(exist_ok=True, parents=True)
            path.unlink(missing_ok=True)
            if content is not None:
                path.write_bytes(content)

    def commit(self, files: Mapping[str, bytes] | Mapping[str, bytes | None]) -> str:
        """Commit files, and all else that is in the working tree."""
        self.write(files)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "a commit")
        return self.git("rev-parse", "HEAD")

    def forget(self, name: str) -> None:
        """Take a content out of the store, as `HEAD:a.bpmn` names it."""
        id = self.git("rev-parse", name)
        (self.folder / ".git" / "objects" / id[:2] / id[2:]).unlink()

    def diff(self, *arguments: str | Path, status: int = 0, cwd: str = ".") -> dict[str, Any]:
        """What is printed as JSON by a run in a folder that ends with a status."""
        return diff(*arguments, cwd=self.folder / cwd, status=status)


def refused(cwd: Path, *arguments: str | Path, **environment: str) -> str:
    """What is said where nothing can be compared."""
    result = run("diff", *arguments, cwd=cwd, env=environment)
    assert (result.returncode, result.stdout) == (2, b"")
    assert b"Traceback" not in result.stderr
    return result.stderr.decode()


def told(record: dict[str, Any]) -> list[str]:
    """Each change in short: its status, its names, and the user tasks on both sides."""
    found = []
    for change in record["changes"]:
        names = [change[key] for key in ("oldFile", "file") if key in change]
        counts = change["values"].get(COUNT, {})
        sides = [f"{side} {counts[side]}" for side in ("before", "after") if side in counts]
        found.append(" ".join([change["status"], *names, *sides]))
    return found
