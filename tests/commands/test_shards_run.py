"""`metrics shards run`, also when it is killed."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.command import METRICS, all_end, children_of, comes_true, is_running, run, run_process
from support.diagrams import process
from support.reports import TASK
from support.servers import Answer, serving
from support.shards import all_lines, lines_of, make_plan

KILLS = 50


@pytest.fixture
def diagrams(tmp_path: Path) -> list[str]:
    folder = tmp_path / "diagrams"
    folder.mkdir()
    for number in range(12):
        (folder / f"{number}.bpmn").write_bytes(process(TASK * number))
    (folder / "broken.bpmn").write_bytes(b"<")
    return sorted(map(str, folder.iterdir()))


@pytest.fixture
def plan(diagrams: list[str], tmp_path: Path) -> Path:
    """A plan with three shards."""
    folder = tmp_path / "plan"
    make_plan(folder, [diagrams[:5], diagrams[5:9], [*diagrams[9:], "/none"]])
    return folder


def outputs(plan: Path) -> dict[str, str]:
    """The SHA-256 of each file of a plan."""
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in plan.iterdir()}


def test_missing_shards_are_run(plan: Path, diagrams: list[str]) -> None:
    result = run("shards", "run", plan)
    note = "3 shards run, 14 objects: 12 diagrams measured, 1 malformed, 1 unreadable"
    assert (result.returncode, result.stdout) == (0, b"")
    assert result.stderr.decode() == f"metrics: {note}\n"
    assert all_lines(plan, 3).splitlines()[:-1] == run("scan", *diagrams).stdout.splitlines()
    assert run("shards", "run", plan).stderr == b"metrics: all shards are done\n"
    (plan / "out-1.done").unlink()
    assert run("shards", "run", plan).stderr.startswith(b"metrics: 1 shard run, 4 objects: ")
    (plan / "out-2.ndjson.zst").unlink()
    assert run("shards", "run", "-q", plan).stderr == b""
    assert lines_of(plan, 2)


def test_chosen_shards_are_run_again(plan: Path) -> None:
    assert run("shards", "run", "--shard", "2", "--shard", "0", plan).returncode == 0
    before = outputs(plan)
    assert "out-1.done" not in before
    (plan / "out-0.ndjson.zst").write_bytes(b"damaged")
    assert run("shards", "run", "--shard", "0", plan).returncode == 0
    assert outputs(plan) == before


@pytest.mark.parametrize("content", [b"", b"{}", b'{"plan": "other"}', b"\xff"])
def test_marker_that_does_not_count(plan: Path, content: bytes) -> None:
    run("shards", "run", plan)
    before = outputs(plan)
    (plan / "out-1.done").write_bytes(content)
    assert run("shards", "run", plan).stderr.startswith(b"metrics: 1 shard run")
    assert outputs(plan) == before


def test_same_bytes_with_any_number_of_processes(plan: Path) -> None:
    run("shards", "run", plan)
    before = outputs(plan)
    for number in range(3):
        (plan / f"out-{number}.done").unlink()
    assert run("shards", "run", "-j", "3", plan).returncode == 0
    assert outputs(plan) == before


def test_shard_that_cannot_be_written(plan: Path) -> None:
    (plan / "out-1.ndjson.zst").mkdir()
    result = run("shards", "run", plan)
    assert result.returncode == 2
    first, second = result.stderr.decode().splitlines()
    assert first == f"metrics: shard 1 failed: {plan}/out-1.ndjson.zst: Is a directory"
    assert second.startswith("metrics: 2 shards run, 10 objects: ")


def test_list_that_is_damaged(plan: Path) -> None:
    (plan / "list-0.ndjson.zst").write_bytes(b"x")
    result = run("shards", "run", "-q", plan)
    assert result.returncode == 2
    assert b"shard 0 failed: " in result.stderr
    assert (plan / "out-2.done").exists()


def test_usage(plan: Path) -> None:
    for arguments, message in (
        (("--shard", "3"), b"--shard: there is no shard 3: the plan has 3."),
        (("--dask", "tcp://a:1", "-j", "1"), b"--dask and --jobs exclude each other."),
    ):
        result = run("shards", "run", *arguments, plan)
        assert (result.returncode, message in result.stderr) == (2, True)


@pytest.mark.parametrize("location", ["none", "ftp://a/b", "s3::b", "gs://bucket/plan"])
def test_plan_that_is_not_there(location: str, tmp_path: Path) -> None:
    result = run("shards", "run", location, cwd=tmp_path)
    assert result.returncode == 2
    assert result.stderr.startswith(b"Error: ")
    assert result.stderr.count(b"\n") == 1


@pytest.mark.slow
def test_full_disk(plan: Path) -> None:
    def limit_files() -> None:
        import resource
        import signal

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (50, 50))

    result = run_process("shards", "run", plan, before=limit_files)
    assert result.returncode == 2
    assert b"shard 0 failed: " in result.stderr
    assert b"File too large" in result.stderr
    assert b"Traceback" not in result.stderr
    assert not [name for name in os.listdir(plan) if name.startswith((".", "out"))]


@pytest.mark.slow
def test_two_runs_at_the_same_time(plan: Path) -> None:
    run("shards", "run", plan)
    before = outputs(plan)
    for number in range(3):
        (plan / f"out-{number}.done").unlink()
    command = [str(METRICS), "shards", "run", "-q", str(plan)]
    runs = [subprocess.Popen(command) for _ in range(3)]
    assert [running.wait() for running in runs] == [0, 0, 0]
    assert outputs(plan) == before


@pytest.mark.slow
def test_interrupt(tmp_path: Path) -> None:
    with serving(lambda *_: Answer(200, process(TASK), {}, 60)) as server:
        make_plan(tmp_path, [[f"{server.url}/a.bpmn"]])
        with subprocess.Popen(
            [str(METRICS), "shards", "run", str(tmp_path)], stderr=subprocess.PIPE
        ) as running:
            assert comes_true(lambda: bool(server.requests))
            processes = children_of(running.pid)
            running.terminate()
            assert running.stderr is not None
            assert running.stderr.read() == b""
        assert running.returncode == 143
    assert processes
    assert all_end(processes)
    assert sorted(os.listdir(tmp_path)) == ["list-0.ndjson.zst", "plan.json"]


# Forks of one process have imported everything: they are killed while they measure and write.
KILLER = """
import os, random, signal, sys, time
from metrics.__main__ import main
from metrics.commands import shards_run
from metrics.shards import running
from support.command import children_of

kills, plan = int(sys.argv[1]), sys.argv[2]
moments, longest = random.Random(1), None
for number in range(-1, kills):
    start, process = time.monotonic(), os.fork()
    if not process:
        sys.argv = ["metrics", "shards", "run", "-q", "-j", "2", "--shard", str(number % 12), plan]
        main()
    if longest is None:
        os.waitpid(process, 0)
        longest = time.monotonic() - start
        continue
    time.sleep(moments.uniform(0, longest))
    print(*children_of(process))
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
"""


@pytest.mark.slow
def test_killed_at_any_moment(diagrams: list[str], tmp_path: Path) -> None:
    shards = [diagrams * 8] * 12
    make_plan(tmp_path / "expected", shards)
    make_plan(tmp_path / "plan", shards)
    assert run("shards", "run", "-j", "2", tmp_path / "expected").returncode == 0
    tests = os.fspath(Path(__file__).parents[1])
    result = subprocess.run(
        [sys.executable, "-c", KILLER, str(KILLS), tmp_path / "plan"],
        env=os.environ | {"PYTHONPATH": tests},
        stdout=subprocess.PIPE,
        check=True,
    )
    left = {*map(int, result.stdout.split())}
    assert left
    assert all_end(left)
    assert not any(map(is_running, left))
    assert run("shards", "run", tmp_path / "plan").returncode == 0
    assert outputs(tmp_path / "plan") == outputs(tmp_path / "expected")


def test_objects_that_could_not_be_read_are_read_again(tmp_path: Path) -> None:
    paths = [tmp_path / f"{name}.bpmn" for name in "abc"]
    paths[0].write_bytes(process(""))
    (tmp_path / "m").write_text("".join(f"{path}\n" for path in paths))
    plan = tmp_path / "p"
    assert run("shards", "plan", tmp_path / "m", "--shards", "3", "--out", plan).returncode == 0
    assert run("shards", "run", plan).returncode == 0
    paths[1].write_bytes(process(""))
    assert run("shards", "run", plan).stderr == b"metrics: all shards are done\n"
    again = run("shards", "run", "--unread", plan).stderr
    assert again == b"metrics: 2 shards run, 2 objects: 1 diagram measured, 1 unreadable\n"
    again = run("shards", "run", "--again", plan).stderr
    assert again == b"metrics: 3 shards run, 3 objects: 2 diagrams measured, 1 unreadable\n"
    assert run("shards", "run", "--again", "--shard", "0", plan).returncode == 2
    planned = run("shards", "plan", tmp_path / "m", "--shards", "3", "--out", plan).stderr
    assert planned.decode().splitlines()[1] == (
        "metrics: 3 shards are done already; metrics shards run --again measures them again"
    )
