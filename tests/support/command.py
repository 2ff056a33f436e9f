"""The command, run as people run it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

METRICS = Path(sys.executable).with_name("metrics")


def run(
    *arguments: str | Path,
    cwd: Path | None = None,
    stdin: bytes = b"",
    env: dict[str, str] | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """Run the command."""
    return subprocess.run(
        [METRICS, *arguments],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        check=False,
        env=os.environ | (env or {}),
    )


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
    result = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(process)], capture_output=True, check=False
    )
    return bool(result.stdout.strip()) and not result.stdout.strip().startswith(b"Z")
