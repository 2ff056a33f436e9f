"""The examples of clusters, run on this machine."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.command import METRICS, run, run_process
from support.diagrams import process
from support.reports import TASK
from support.shards import all_lines, make_plan

EXAMPLES = Path(__file__).parents[2] / "examples" / "clusters"

pytestmark = pytest.mark.slow


@pytest.fixture
def diagrams(tmp_path: Path) -> list[str]:
    for number in range(4):
        (tmp_path / f"{number}.bpmn").write_bytes(process(TASK * number))
    return sorted(map(str, tmp_path.glob("*.bpmn")))


def run_example(name: str, *arguments: str | Path) -> None:
    """Run an example, with this interpreter also in the processes that it starts."""
    environment = os.environ | {
        "PYSPARK_PYTHON": sys.executable,
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_AUTH_MODE": "disabled",
    }
    command = [sys.executable, EXAMPLES / name, *arguments]
    subprocess.run(command, env=environment, check=True, timeout=120)


@pytest.mark.parametrize("name", ["dask", "ray"])
def test_shards(name: str, diagrams: list[str], tmp_path: Path) -> None:
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"needs {name}")
    make_plan(tmp_path / "plan", [diagrams[:1], diagrams[1:]])
    run_example(f"{name}_cluster.py", tmp_path / "plan", "2")
    assert all_lines(tmp_path / "plan", 2) == run("scan", *diagrams).stdout


def test_spark(diagrams: list[str], tmp_path: Path) -> None:
    if importlib.util.find_spec("pyspark") is None:
        pytest.skip("needs pyspark")
    pd = pytest.importorskip("pandas")

    contents = [Path(path).read_bytes() for path in diagrams]
    pd.DataFrame({"name": diagrams, "content": contents}).to_parquet(tmp_path / "table.parquet")
    run_example("spark_table.py", tmp_path / "table.parquet", tmp_path / "out.parquet")
    assert set(pd.read_parquet(tmp_path / "out.parquet")["name"]) == set(diagrams)


def test_slurm(diagrams: list[str], tmp_path: Path) -> None:
    shell = shutil.which("sh")
    assert shell is not None
    make_plan(tmp_path / "plan", [diagrams[:1], diagrams[1:]])
    path = os.pathsep.join((str(METRICS.parent), os.environ["PATH"]))
    for task in ("0", "1"):
        environment = os.environ | {"PATH": path, "SLURM_ARRAY_TASK_ID": task}
        command = [shell, str(EXAMPLES / "slurm_array.sh"), str(tmp_path / "plan")]
        subprocess.run(command, env=environment, check=True)
    status = run_process("shards", "status", "--exit-code", tmp_path / "plan")
    assert status.returncode == 0
