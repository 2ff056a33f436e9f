"""The command, run as people run it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

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
