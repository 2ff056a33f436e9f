"""The command, run as people run it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from support.in_process import run_in_process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

METRICS = Path(sys.executable).with_name("metrics")


def run(
    *arguments: str | Path,
    cwd: Path | None = None,
    stdin: bytes = b"",
    env: dict[str, str] | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """Run the command, with some variables more in its environment.

    It runs in this process, unless its options have it start others or a variable is Python's own.
    """
    words = [os.fspath(argument) for argument in arguments]
    if _needs_a_process(words, env or {}):
        return run_process(*arguments, cwd=cwd, stdin=stdin, env=env)
    return run_in_process(words, cwd, stdin, env or {})


def run_process(
    *arguments: str | Path,
    cwd: Path | None = None,
    stdin: bytes = b"",
    env: dict[str, str] | None = None,
    stdout: int | BinaryIO = subprocess.PIPE,
    stderr: int | BinaryIO = subprocess.PIPE,
    before: Callable[[], None] | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """Run the command in a process of its own, which calls `before` first."""
    return subprocess.run(
        [METRICS, *arguments],
        cwd=cwd,
        input=stdin,
        stdout=stdout,
        stderr=stderr,
        check=False,
        env=os.environ | (env or {}),
        preexec_fn=before,
    )


def _needs_a_process(words: list[str], env: dict[str, str]) -> bool:
    return any(name.startswith("PYTHON") for name in env) or any(
        option == "--timeout" or (option in ("-j", "--jobs") and value.isdigit() and value != "1")
        for option, value in _options(words)
    )


def _options(words: list[str]) -> Iterator[tuple[str, str]]:
    """The options of a command line, each with its value, or else with the next word."""
    for word, following in pairwise([*words, ""]):
        if word.startswith("--"):
            option, is_joined, value = word.partition("=")
        else:
            option, is_joined, value = word[:2], word[2:], word[2:]
        yield option, value if is_joined else following


def lines(result: subprocess.CompletedProcess[bytes]) -> list[dict[str, Any]]:
    """The objects that were printed, a line each."""
    return [json.loads(line) for line in result.stdout.splitlines()]


def files(result: subprocess.CompletedProcess[bytes]) -> list[str]:
    """The files that have a line, in order."""
    return [line["file"] for line in lines(result)]


def comes_true(condition: Callable[[], bool]) -> bool:
    """Whether something that takes its time comes true: the system may have other things to do."""
    deadline = time.monotonic() + 10
    while not (is_true := condition()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return is_true


def all_end(processes: Iterable[int]) -> bool:
    """Whether processes end: one that was killed is there until the system has ended it."""
    return comes_true(lambda: not any(map(is_running, processes)))


def is_running(process: int) -> bool:
    """Whether a process is there, and not only its entry in the table."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def children_of(process: int) -> list[int]:
    """The processes that a process and all processes below it started."""
    children: list[int] = []
    for file in Path(f"/proc/{process}/task").glob("*/children"):
        with suppress(OSError):
            children += map(int, file.read_text().split())
    return children + [each for child in children for each in children_of(child)]
