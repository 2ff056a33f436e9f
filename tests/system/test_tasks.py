"""Tasks that are submitted in order and in bounded numbers."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

from metrics.system.tasks import submit_in_order


def test_results_come_in_the_order_of_the_items() -> None:
    with ThreadPoolExecutor(4) as executor:
        tasks = submit_in_order(partial(executor.submit, str), range(100), 8)
        assert [(item, future.result()) for item, future in tasks] == [
            (number, str(number)) for number in range(100)
        ]


def test_no_more_than_the_maximum_wait() -> None:
    submitted: list[Future[int]] = []

    def submit(number: int) -> Future[int]:
        submitted.append(Future())
        return submitted[-1]

    tasks = submit_in_order(submit, range(100), 8)
    assert [next(tasks)[0] for _ in range(3)] == [0, 1, 2]
    assert len(submitted) == 8 + 3


def test_done_futures_are_yielded_before_more_is_submitted() -> None:
    submitted = []

    def submit(number: int) -> Future[int]:
        submitted.append(number)
        future: Future[int] = Future()
        future.set_result(number)
        return future

    tasks = submit_in_order(submit, range(100), 8)
    next(tasks)
    assert submitted == [0]


def test_close_cancels_pending_futures() -> None:
    futures: list[Future[int]] = [Future() for _ in range(4)]
    tasks = submit_in_order(futures.__getitem__, range(4), 2)
    next(tasks)
    tasks.close()  # type: ignore[attr-defined]
    assert [future.cancelled() for future in futures] == [False, True, True, False]


def test_heavy_items_wait_in_smaller_numbers() -> None:
    futures: list[Future[int]] = []

    def submit(number: int) -> Future[int]:
        futures.append(Future())
        return futures[-1]

    tasks = submit_in_order(submit, [5, 1, 9, 1, 1, 1], 8, weigh=int)
    # 5 and 1 wait with 9, which is too much; 9 alone is, too; then all others wait.
    assert [(next(tasks)[0], len(futures)) for _ in range(4)] == [(5, 3), (1, 3), (9, 3), (1, 6)]
