"""The executor whose processes may die or take too long."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from typing import TYPE_CHECKING

import pytest
from support.command import all_end, is_running

from metrics import WorkerDiedError, Workers

if TYPE_CHECKING:
    from pathlib import Path


def double(number: int) -> int:
    """Return twice a number."""
    return 2 * number


def exit_with(status: int) -> None:
    """End the process that runs this task."""
    os._exit(status)


def fail() -> None:
    """Raise an error that is not from the executor."""
    raise LookupError("nothing there")


def test_results_and_errors() -> None:
    with Workers(2) as workers:
        assert list(workers.map(double, range(50))) == list(range(0, 100, 2))
        with pytest.raises(LookupError, match="nothing there"):
            workers.submit(fail).result()
        assert workers.submit(double, 4).result() == 8


def test_task_that_cannot_be_pickled_fails_alone() -> None:
    with Workers(1) as workers:
        with pytest.raises(Exception, match="pickle"):
            workers.submit(lambda: 1).result()
        with pytest.raises(Exception, match="pickle"):
            workers.submit(threading.Lock).result()
        assert workers.submit(double, 4).result() == 8


def test_dead_process_is_replaced() -> None:
    with Workers(1) as workers:
        for _ in range(2):
            with pytest.raises(WorkerDiedError, match="ended with status 3"):
                workers.submit(exit_with, 3).result()
            assert workers.submit(double, 4).result() == 8


def test_slow_task_is_ended() -> None:
    with Workers(1, timeout=0.3) as workers:
        with pytest.raises(TimeoutError):
            workers.submit(time.sleep, 60).result()
        assert workers.submit(double, 4).result() == 8


def test_exit_status_of_a_process_is_reported() -> None:
    with Workers(1) as workers, pytest.raises(WorkerDiedError, match="ended with status 3"):
        workers.submit(sys.exit, 3).result()


def test_shutdown_without_waiting_completes_accepted_tasks() -> None:
    workers = Workers(2)
    future = workers.submit(double, 4)
    workers.shutdown(wait=False)
    assert future.result() == 8
    assert all_end(workers.processes)


def test_worker_cannot_start_workers() -> None:
    with Workers(1) as workers, pytest.raises(RuntimeError, match="cannot start workers"):
        workers.submit(Workers, 1).result()


def test_no_process_is_left() -> None:
    with Workers(3) as workers:
        processes = workers.processes
        assert len(set(processes)) == 3
        assert workers.submit(double, 4).result() == 8
    assert not any(map(is_running, processes))


def test_exception_ends_all_tasks_at_once() -> None:
    with pytest.raises(KeyboardInterrupt), Workers(2) as workers:  # noqa: PT012
        processes = workers.processes
        futures = [workers.submit(time.sleep, 60) for _ in range(5)]
        time.sleep(0.1)
        raise KeyboardInterrupt
    assert not any(map(is_running, processes))
    assert all(future.done() for future in futures)


WITH_THREAD = "threading.Thread(target=time.sleep, args=(60,), daemon=True).start(); "


# A process that has threads is not forked.
@pytest.mark.parametrize("before", ["", WITH_THREAD], ids=["forked", "spawned"])
def test_processes_end_with_their_parent(before: str, tmp_path: Path) -> None:
    # Of the three, two are busy, one of them for the second time, and one is idle.
    script = (
        f"import os, threading, time; from metrics import Workers; {before}"
        "workers = Workers(3); workers.submit(time.sleep, 0).result(); "
        "[workers.submit(time.sleep, 60) for _ in range(2)]; "
        "print(*workers.processes, flush=True); time.sleep(1); os.kill(os.getpid(), 9)"
    )
    # Not a pipe, which the processes would hold open.
    output = tmp_path / "output"
    with output.open("wb") as file:
        subprocess.run([sys.executable, "-c", script], stdout=file, check=False, timeout=30)
    processes = list(map(int, output.read_text().split()))
    try:
        assert all_end(processes)
    finally:
        for process in filter(is_running, processes):
            os.kill(process, signal.SIGKILL)


DAEMON = """
import multiprocessing, os, signal, time
from metrics import WorkerDiedError, Workers

def main():
{body}

if __name__ == "__main__":
    process = multiprocessing.get_context("spawn").Process(target=main, daemon=True)
    process.start()
    process.join()
"""


class TestDaemons:
    """A daemon of `multiprocessing`, such as a worker of Dask, starts workers as programs."""

    def run(self, body: str, folder: Path) -> str:
        """What a function with a body prints in a daemon."""
        script = folder / "script.py"
        script.write_text(DAEMON.format(body=textwrap.indent(body, "    ")))
        # Not a pipe, which the processes would hold open.
        output = folder / "output"
        with output.open("wb") as file:
            subprocess.run([sys.executable, script], stdout=file, check=False, timeout=60)
        return output.read_text()

    def test_results_and_deaths(self, tmp_path: Path) -> None:
        body = """
with Workers(2, timeout=5) as workers:
    print(sum(workers.map(abs, range(-50, 50))))
    try:
        workers.submit(os._exit, 3).result()
    except WorkerDiedError as error:
        print(error)
    try:
        workers.submit(time.sleep, 60).result()
    except Exception as error:
        print(type(error).__name__)
    print(workers.submit(abs, -8).result())
    try:
        workers.submit(Workers, 1).result()
    except RuntimeError as error:
        print(str(error)[:29])
    processes = workers.processes
print([os.path.exists(f"/proc/{process}") for process in processes])
"""
        assert self.run(body, tmp_path).splitlines() == [
            "2500",
            "the process ended with status 3",
            "TimeoutError",
            "8",
            "a worker cannot start workers",
            "[False, False]",
        ]

    def test_interrupt_ends_no_worker(self, tmp_path: Path) -> None:
        body = """
with Workers(1) as workers:
    workers.submit(abs, 1).result()
    for process in workers.processes:
        os.kill(process, signal.SIGINT)
    print(workers.submit(abs, -8).result())
"""
        assert self.run(body, tmp_path) == "8\n"

    def test_processes_end_with_a_killed_daemon(self, tmp_path: Path) -> None:
        body = """
workers = Workers(2)
workers.submit(time.sleep, 0).result()
workers.submit(time.sleep, 60)
print(*workers.processes, flush=True)
time.sleep(0.5)
os.kill(os.getpid(), 9)
"""
        processes = [*map(int, self.run(body, tmp_path).split())]
        assert len(processes) == 2
        try:
            assert all_end(processes)
        finally:
            for process in filter(is_running, processes):
                os.kill(process, signal.SIGKILL)
