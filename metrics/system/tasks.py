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
    *,
    bytes_held: Callable[[Item], int] = lambda item: 0,
    max_bytes: int = 0,
) -> Iterator[tuple[Item, Future[Result]]]:
    """Submit items and yield each with its future, in order.

    A future is yielded when it is done, when more than `max_pending` items wait to be yielded, or
    when these hold more than `max_bytes`; items are taken only as needed. The caller handles what
    `future.result()` raises. When the iterator is closed, the futures that were not yielded are
    cancelled.
    """
    pending: deque[tuple[Item, Future[Result]]] = deque()
    held = 0
    try:
        for item in items:
            pending.append((item, submit(item)))
            held += bytes_held(item)
            while pending and (
                len(pending) > max_pending or held > max_bytes or pending[0][1].done()
            ):
                first = pending.popleft()
                held -= bytes_held(first[0])
                yield first
        while pending:
            yield pending.popleft()
    finally:
        for _, future in pending:
            future.cancel()
