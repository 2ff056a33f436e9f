"""Runs the command in this process, with streams, environment and folder of its own.

Starting an interpreter and importing the command takes a hundred times as long as most runs.

The command writes to the descriptors of its streams, so these are replaced: by files, not by pipes,
since the library that draws charts keeps copies of them, and a pipe ends when the last is closed.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
import threading
from contextlib import ExitStack, chdir, contextmanager, suppress
from functools import lru_cache
from tempfile import TemporaryFile
from typing import TYPE_CHECKING
from unittest.mock import patch

from metrics.cli import run as run_command_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

CACHE = type(lru_cache(abs))
SECONDS_TO_END = 5


def run_in_process(
    arguments: Sequence[str], cwd: Path | None, stdin: bytes, env: dict[str, str]
) -> subprocess.CompletedProcess[bytes]:
    """Run the command; the result has the shape that `subprocess.run` returns.

    An exception that the command does not handle is raised.
    """
    words = ["metrics", *arguments]
    with TemporaryFile() as stdout, TemporaryFile() as stderr:
        with ExitStack() as stack:
            for block in (
                _replaced(1, stdout.fileno()),
                _replaced(2, stderr.fileno()),
                _standard_input(stdin),
                _text_streams(),
                chdir(cwd or os.curdir),
                patch.dict(os.environ, env),
                patch.object(sys, "argv", words),
                # Seeing one processor, the command starts no others by itself.
                patch.object(os, "sched_getaffinity", lambda _: {0}, create=True),
                _ends_of_threads(),
                _caches_of_its_own(),
            ):
                stack.enter_context(block)
            status = run_command_line() or 0
        for file in (stdout, stderr):
            file.seek(0)
        return subprocess.CompletedProcess(words, status, stdout.read(), stderr.read())


@contextmanager
def _caches_of_its_own() -> Iterator[None]:
    """Forget earlier runs: clear the bounded caches, some of which hold paths."""
    _clear_caches()
    try:
        yield
    finally:
        _clear_caches()


def _clear_caches() -> None:
    for name, module in list(sys.modules.items()):
        if name.startswith("metrics."):
            for value in list(vars(module).values()):
                if isinstance(value, CACHE) and value.cache_parameters()["maxsize"] is not None:
                    value.cache_clear()


@contextmanager
def _replaced(descriptor: int, other: int) -> Iterator[None]:
    """Have a descriptor mean what another means, within the block."""
    saved = os.dup(descriptor)
    os.dup2(other, descriptor)
    try:
        yield
    finally:
        os.dup2(saved, descriptor)
        os.close(saved)


@contextmanager
def _standard_input(content: bytes) -> Iterator[None]:
    """Have standard input be a pipe with some content."""
    reading, writing = os.pipe()

    def write() -> None:
        with suppress(BrokenPipeError), open(writing, "wb", buffering=0) as pipe:
            rest = memoryview(content)
            while rest:
                rest = rest[pipe.write(rest) :]

    with _replaced(0, reading):
        os.close(reading)
        writer = threading.Thread(target=write, daemon=True)
        writer.start()
        if len(content) < select.PIPE_BUF:
            writer.join()
        yield


@contextmanager
def _text_streams() -> Iterator[None]:
    """Have Python's streams stand for the descriptors, as they do when an interpreter starts."""
    with (
        open(0, encoding="utf-8", closefd=False) as stdin,
        open(1, "w", encoding="utf-8", closefd=False) as stdout,
        open(2, "w", 1, "utf-8", "backslashreplace", closefd=False) as stderr,
        patch.multiple(sys, stdin=stdin, stdout=stdout, stderr=stderr),
    ):
        yield


@contextmanager
def _ends_of_threads() -> Iterator[None]:
    """Wait for threads that the block has left behind: they may still write."""
    before = set(threading.enumerate())
    try:
        yield
    finally:
        for thread in set(threading.enumerate()) - before:
            thread.join(SECONDS_TO_END)
