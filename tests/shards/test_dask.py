"""Shards on a Dask cluster, some of whose workers die."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from distributed import Client
from support.command import METRICS, comes_true, run_process
from support.diagrams import process
from support.killing import big_diagram, kill_large
from support.reports import TASK
from support.servers import Answer, serving
from support.shards import all_lines, lines_of, make_plan

from metrics import scan_shard
from metrics.shards.dask import outcome_of, run_on_dask
from metrics.shards.running import ShardOutcome

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from distributed import LocalCluster

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("dask")]

SHARDS = 4


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    """Two workers in processes of their own, which a nanny replaces when they die."""
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0", host="127.0.0.1"
    ) as cluster:
        yield cluster


@pytest.fixture
def paths(tmp_path: Path) -> list[str]:
    folder = tmp_path / "diagrams"
    folder.mkdir()
    for number in range(40):
        (folder / f"{number}.bpmn").write_bytes(process(TASK * number))
    return sorted(map(str, folder.iterdir()))


def shards_of(paths: list[str]) -> list[list[str]]:
    size = len(paths) // SHARDS
    return [paths[start : start + size] for start in range(0, len(paths), size)]


def run_on(cluster: LocalCluster, *arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
    return run_process("shards", "run", "--dask", cluster.scheduler_address, *arguments)


def test_lines_are_those_of_a_scan(cluster: LocalCluster, paths: list[str], tmp_path: Path) -> None:
    make_plan(tmp_path / "plan", shards_of(paths))
    result = run_on(cluster, tmp_path / "plan")
    assert result.stderr == b"metrics: 4 shards run, 40 objects: 40 diagrams measured\n"
    assert (result.returncode, result.stdout) == (0, b"")
    assert all_lines(tmp_path / "plan", SHARDS) == run_process("scan", *paths).stdout
    again = run_on(cluster, tmp_path / "plan")
    assert (again.returncode, again.stderr) == (0, b"metrics: all shards are done\n")


def test_file_that_kills_its_process(
    cluster: LocalCluster, paths: list[str], tmp_path: Path
) -> None:
    (tmp_path / "big.bpmn").write_bytes(big_diagram())
    make_plan(tmp_path / "plan", [[*paths[:3], str(tmp_path / "big.bpmn"), *paths[3:6]]])
    ended = threading.Event()
    killer = threading.Thread(target=kill_large, args=(os.getpid(), ended))
    killer.start()
    try:
        result = run_on(cluster, tmp_path / "plan")
    finally:
        ended.set()
        killer.join()
    assert result.stderr == b"metrics: 1 shard run, 7 objects: 6 diagrams measured, 1 crashed\n"
    assert (lines_of(tmp_path / "plan", 0)).count(b'"crashed"') == 1


def test_worker_that_dies_before_the_marker(
    cluster: LocalCluster, paths: list[str], tmp_path: Path
) -> None:
    plan = tmp_path / "plan"
    make_plan(plan, [shard + ["/none"] * 2000 for shard in shards_of(paths)])
    killed: list[int] = []
    has_ended = threading.Event()

    def kill_between_lines_and_marker() -> None:
        # Whoever writes the temporary file of the lines or of the marker is the worker.
        while len(killed) < 2 and not has_ended.is_set():
            for name in os.listdir(plan):
                if name.startswith(".metrics-"):
                    worker = int(name.split("-")[2])
                    with suppress(ProcessLookupError):
                        os.kill(worker, signal.SIGKILL)
                        killed.append(worker)
                    time.sleep(0.5)

    killer = threading.Thread(target=kill_between_lines_and_marker)
    killer.start()
    result = run_on(cluster, plan)
    has_ended.set()
    killer.join()
    # A fast run may end before the second one.
    assert killed
    assert result.returncode == 0, result.stderr
    found = all_lines(plan, SHARDS)
    assert found.count(b'"unreadable"') == SHARDS * 2000
    assert found.count(b'"bpmn"') == len(paths)


def test_interrupt_cancels_the_tasks(cluster: LocalCluster, tmp_path: Path) -> None:
    with serving(lambda *_: Answer(200, process(TASK), {}, 1)) as server:
        make_plan(tmp_path / "plan", [[f"{server.url}/{shard}.bpmn"] for shard in range(30)])
        command = [str(METRICS), "shards", "run", "--dask", cluster.scheduler_address, "plan"]
        with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE) as running:
            assert comes_true(lambda: bool(server.requests))
            running.send_signal(signal.SIGINT)
            assert running.stderr is not None
            assert running.stderr.read() == b""
        assert running.returncode == 130
        scheduler: Any = cluster.scheduler
        assert comes_true(lambda: not scheduler.tasks)
        assert len(server.requests) < 10


def test_plan_that_the_workers_do_not_see(cluster: LocalCluster, tmp_path: Path) -> None:
    notes: list[str] = []
    other = str(tmp_path / "other")
    outcomes = [*run_on_dask(cluster.scheduler_address, other, [0, 1], notes.append)]
    assert notes == []
    missing = f"on a worker: {tmp_path}/other/plan.json: No such file or directory"
    assert {outcome.shard: outcome.reason for outcome in outcomes} == {0: missing, 1: missing}


def test_scheduler_that_is_not_there(tmp_path: Path) -> None:
    make_plan(tmp_path, [["a"]])
    for address, reason in (("nonsense", b"the scheduler cannot be reached"), ("x://a:1", b"x")):
        result = run_process("shards", "run", "--dask", address, tmp_path)
        assert result.returncode == 2
        assert result.stderr.startswith(b"Error: ")
        assert reason in result.stderr
        assert result.stderr.count(b"\n") == 1


def test_scheduler_that_is_killed(tmp_path: Path) -> None:
    make_plan(tmp_path / "plan", [["/none"]] * 3)
    file = tmp_path / "scheduler.json"
    command = [str(METRICS.with_name("dask")), "scheduler", "--no-dashboard", "--port", "0"]
    command += ["--host", "127.0.0.1", "--scheduler-file", str(file)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as scheduler:
        killer = threading.Timer(2, scheduler.kill)
        try:
            assert comes_true(file.exists)
            address = json.loads(file.read_bytes())["address"]
            # There is no worker, so that the tasks wait.
            killer.start()
            notes: list[str] = []
            plan = str(tmp_path / "plan")
            outcomes = [*run_on_dask(address, plan, [0, 1, 2], notes.append)]
            assert notes == ["the cluster has no workers: waiting for the first"]
        finally:
            killer.cancel()
            scheduler.kill()
    assert sorted(outcome.shard for outcome in outcomes) == [0, 1, 2]
    assert {outcome.result for outcome in outcomes} == {None}
    assert {outcome.reason for outcome in outcomes} == {"the connection to the scheduler was lost"}


def test_workers_with_a_folder_of_their_own(
    cluster: LocalCluster, paths: list[str], tmp_path: Path
) -> None:
    # `there` stands for a folder with the name of `here` on another machine.
    here, there = str(tmp_path / "here"), str(tmp_path / "there")
    make_plan(here, [paths])
    make_plan(there, [paths])
    with Client(cluster, set_as_default=False) as client:
        future = client.submit(scan_shard, there, 0)
        assert future.exception(timeout=30) is None
        assert outcome_of(future, 0, there).result == future.result()
        assert outcome_of(future, 0, here) == ShardOutcome(
            0, None, f"{here} has no marker of it: the workers have a folder of their own"
        )
