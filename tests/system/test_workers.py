"""The executor whose processes may die or take too long."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import pytest
from support.command import all_end, is_running

from metrics import WorkerDiedError, Workers


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


def test_processes_end_with_their_parent() -> None:
    script = (
        "import os, time; from metrics import Workers; workers = Workers(3); "
        "print(*workers.processes, flush=True); workers.submit(time.sleep, 0.2); "
        "time.sleep(0.1); os.kill(os.getpid(), 9)"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, check=False, timeout=30
    )
    assert all_end(list(map(int, result.stdout.split())))
