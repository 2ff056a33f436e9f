"""Compares `metrics check` and `metrics diff` with `metrics scan`, as whole processes.

    python benchmarks/gate.py

It makes a repository with 5,000 generated diagrams and 200 commits that change 25 diagrams each.
Checks run with limits that no diagram violates, that one in a hundred violates, that the largest in
a hundred violate, and that all violate, with and without a baseline. Diffs run over revisions with
few and many differences. Figures are medians of rounds in which the candidates take turns.
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
    """Make the repository: each commit turns the tasks of some diagrams into user tasks."""
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
    """A limit that only the diagrams with the most user tasks violate."""
    reports = scan_many(discover([folder / "models"]))
    counts = sorted(
        report.diagram_metrics.tasks.user_task.count if report.diagram_metrics else 0
        for report in reports
    )
    return f'"{USER_TASKS}" = "<= {counts[-DIAGRAMS // 100 - 1]}"\n'


def check(folder: Path, name: str, limits: str, *options: str) -> None:
    """Print the cost of a check over a scan."""
    limited(folder, limits)
    for jobs in ("1", "2"):
        rounds = [
            (
                scan("-j", jobs, folder / "models").seconds,
                run("check", "--no-ignore", "-j", jobs, *options, folder / "models").seconds,
            )
            for _ in range(ROUNDS)
        ]
        print(f"{name:34} -j {jobs}  {median([one / base for base, one in rounds]):6.2f}")


def diff(folder: Path, distance: int) -> None:
    """Print the cost of a diff between HEAD and an earlier commit."""
    os.chdir(folder)
    differing = git(folder, "diff", "--name-only", f"HEAD~{distance}", "HEAD").count(".bpmn")
    rounds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        git(folder, "diff", "--raw", f"HEAD~{distance}", "HEAD")
        of_git = time.perf_counter() - start
        rounds.append(
            (scan("models").seconds, run("diff", f"HEAD~{distance}", "HEAD").seconds, of_git)
        )
    seconds = median([one for _, one, _ in rounds])
    ratio = median([one / base for base, one, _ in rounds])
    of_git = median([one for *_, one in rounds])
    print(f"{differing:6} of {DIAGRAMS} differ  {seconds:6.2f} s  {ratio:6.2f}  {of_git:6.2f} s")


def main() -> None:
    """Run all measurements."""
    # As an installer leaves it.
    compileall.compile_dir(Path(metrics.__file__).parent, quiet=1)
    print(f"{METRICS.name} {metrics.__version__}")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        repository(folder)
        print("check / scan")
        check(folder, "all diagrams keep their limits", KEPT)
        check(folder, "one in a hundred does not", BROKEN_BY_SOME)
        check(folder, "the largest in a hundred do not", broken_by_the_largest(folder))
        baseline = str(folder / "baseline.ndjson")
        limited(folder, BROKEN_BY_ALL)
        run("check", "--baseline", baseline, "--write-baseline", folder / "models")
        check(folder, "none does, a baseline tolerates it", BROKEN_BY_ALL, "--baseline", baseline)
        check(folder, "none does", BROKEN_BY_ALL)
        print("                         diff    / scan of all    git diff alone")
        for distance in DISTANCES:
            diff(folder, distance)


if __name__ == "__main__":
    main()
