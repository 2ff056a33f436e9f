"""The time of a check and of a diff, compared with a scan, as whole processes.

    python benchmarks/gate.py

The benchmark generates a repository with 5,000 diagrams and 200 commits, each of which changes 25
diagrams. It compares a check with a scan of the same folder, with limits that all diagrams keep,
that one in a hundred breaks, that the largest one in a hundred break, and that all break, with and
without a baseline. It compares a diff with the scan of all diagrams, for several numbers of changed
diagrams. Results are medians of rounds in which the commands take turns.
"""

from __future__ import annotations

import compileall
import os
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Final

import generate
from folders import METRICS, median, run, scan

import metrics
from metrics import discover, scan_many

DIAGRAMS: Final = 5_000
COMMITS: Final = 200
CHANGED: Final = 25
ROUNDS: Final = 9
DISTANCES: Final = (1, 20, 199)
IDENTITY: Final = ("-c", "user.name=A", "-c", "user.email=a@example.org")

VARIABLES: Final = "diagramMetrics.processVariablesCount"
USER_TASKS: Final = "diagramMetrics.tasks.userTask.count"
VERSION: Final = "executionPlatformVersion"
KEPT: Final = f'"{VERSION}" = ">= 7.21"\n"{VARIABLES}" = "<= 1000"\n'
BROKEN_BY_ALL: Final = f'"{VERSION}" = ">= 8"\n'
BROKEN_BY_SOME: Final = f'{KEPT}[[overrides]]\npaths = "*00.bpmn"\nlimits.{VERSION} = ">= 8"\n'


def git(folder: Path, *arguments: str) -> str:
    """Run git in a repository and return its output."""
    command = ["git", *IDENTITY, *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


def repository(folder: Path) -> None:
    """Create the repository: each commit turns the tasks of some diagrams into user tasks."""
    models = folder / "models"
    generate.write(DIAGRAMS, models)
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "Begin")
    paths = sorted(models.iterdir())
    for commit in range(1, COMMITS):
        for number in range(CHANGED):
            path = paths[(commit * CHANGED + number) % DIAGRAMS]
            text = path.read_text(encoding="utf-8")
            path.write_text(text.replace("bpmn:task", "bpmn:userTask"), encoding="utf-8")
        git(folder, "commit", "--quiet", "--all", "--message", f"Change {commit}")


def limited(folder: Path, limits: str) -> None:
    """Write the limits of the repository."""
    (folder / "metrics.toml").write_text(f"[limits]\n{limits}", encoding="utf-8")


def broken_by_the_largest(folder: Path) -> str:
    """A limit that one in a hundred diagrams breaks: those with the most user tasks."""
    reports = scan_many(discover([folder / "models"]))
    counts = sorted(
        report.diagram_metrics.tasks.user_task.count if report.diagram_metrics else 0
        for report in reports
    )
    return f'"{USER_TASKS}" = "<= {counts[-DIAGRAMS // 100 - 1]}"\n'


def check(folder: Path, name: str, limits: str, *options: str) -> None:
    """Print the time of a check with some limits, divided by that of a scan."""
    limited(folder, limits)
    for jobs in ("1", "2"):
        rounds = [
            (
                scan("-j", jobs, folder / "models").seconds,
                run("check", "--no-ignore", "-j", jobs, *options, folder / "models").seconds,
            )
            for _ in range(ROUNDS)
        ]
        ratio = median([checked / scanned for scanned, checked in rounds])
        print(f"{name:36} -j {jobs}  {ratio:6.2f}")


def diff(folder: Path, distance: int) -> None:
    """Print the time of a diff, for a number of commits."""
    os.chdir(folder)
    changed = git(folder, "diff", "--name-only", f"HEAD~{distance}", "HEAD").count(".bpmn")
    rounds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        git(folder, "diff", "--raw", f"HEAD~{distance}", "HEAD")
        git_seconds = time.perf_counter() - start
        rounds.append(
            (scan("models").seconds, run("diff", f"HEAD~{distance}", "HEAD").seconds, git_seconds)
        )
    seconds = median([compared for _, compared, _ in rounds])
    ratio = median([compared / scanned for scanned, compared, _ in rounds])
    git_seconds = median([alone for *_, alone in rounds])
    print(f"{changed:6} of {DIAGRAMS} differ  {seconds:6.2f} s  {ratio:6.2f}  {git_seconds:6.2f} s")


def main() -> None:
    """Print the results."""
    # An installer compiles the modules, too.
    compileall.compile_dir(Path(metrics.__file__).parent, quiet=1)
    print(f"{METRICS.name} {metrics.__version__}")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        repository(folder)
        print("check / scan")
        check(folder, "all diagrams keep their limits", KEPT)
        check(folder, "one in a hundred breaks them", BROKEN_BY_SOME)
        check(folder, "the largest in a hundred break them", broken_by_the_largest(folder))
        baseline = str(folder / "baseline.ndjson")
        limited(folder, BROKEN_BY_ALL)
        run("check", "--baseline", baseline, "--write-baseline", folder / "models")
        check(folder, "all break them, with a baseline", BROKEN_BY_ALL, "--baseline", baseline)
        check(folder, "all break them", BROKEN_BY_ALL)
        print("                         diff    / scan of all    git diff alone")
        for distance in DISTANCES:
            diff(folder, distance)


if __name__ == "__main__":
    main()
