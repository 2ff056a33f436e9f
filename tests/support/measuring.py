"""Time and memory of scans, each in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

MIB = 1024 * 1024

# A fork has a peak of its own, which a new program would take over from the tests.
PEAK = """
import os, sys
process = os.fork()
if process:
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))
sys.argv[:2] = []
exec(sys.argv[0])
import resource
unit = 1 if sys.platform == "darwin" else 1024
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit)
"""

SCRIPT = """
import json, os, resource, sys
from metrics import scan

BYTES = 4_000_000_000
scan(sys.argv[1])
for path in sys.argv[1:]:
    process = os.fork()
    if not process:
        resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
        error = scan(path).error
        os._exit(int(error is not None and "not enough memory" in error.message))
    _, status, usage = os.wait4(process, 0)
    if status:
        sys.exit(f"{path}: status {status}")
    unit = 1 if sys.platform == "darwin" else 1024
    print(json.dumps([usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit]))
"""


class Run(NamedTuple):
    """The processor time of a scan in seconds, and its peak memory in bytes."""

    seconds: float
    memory: int


def peak_memory(script: str, *arguments: str | Path) -> int:
    """The peak memory in bytes of a script in a process of its own, without its children."""
    command = [sys.executable, "-c", PEAK, "", script, *arguments]
    return int(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)


def measured_scans(paths: Iterable[Path], *, timeout: float) -> list[Run]:
    """A run for each path; none may take all memory, and all together may take `timeout` seconds.

    The first file is scanned before all others, so that no run includes imports.
    """
    command = [sys.executable, "-c", SCRIPT, *map(str, paths)]
    result = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=timeout)
    return [Run(*json.loads(line)) for line in result.stdout.splitlines()]
