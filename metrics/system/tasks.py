"""Tasks for an executor, in order and in bounded numbers."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future

Item = TypeVar("Item")
Result = TypeVar("Result")


def submit_in_order(
    submit: Callable[[Item], Future[Result]],
    items: Iterable[Item],
    max_pending: int,
    weigh: Callable[[Item], int] = lambda _: 1,
) -> Iterator[tuple[Item, Future[Result]]]:
    """Submit items and yield each with its future, in order.

    A future is yielded when it is done, or when the items that wait to be yielded weigh more than
    `max_pending`, each 1 by default; items are taken only as needed. The caller handles what
    `future.result()` raises. When the iterator is closed, the futures that were not yielded are
    cancelled.
    """
    pending: deque[tuple[Item, Future[Result]]] = deque()
    weights: deque[int] = deque()
    weight = 0
    try:
        for item in items:
            pending.append((item, submit(item)))
            weights.append(weigh(item))
            weight += weights[-1]
            while pending and (weight > max_pending or pending[0][1].done()):
                weight -= weights.popleft()
                yield pending.popleft()
        while pending:
            yield pending.popleft()
    finally:
        for _, future in pending:
            future.cancel()
