"""How the time of a scan grows with the size of a diagram."""

from __future__ import annotations

import gc
import time
from typing import TYPE_CHECKING

from metrics import OWN_FRAGMENTS, scan

if TYPE_CHECKING:
    from collections.abc import Callable, Collection


def check_growth(
    source: Callable[[int], bytes],
    *,
    name: str | None = None,
    size: int = 10_000,
    fragments: Collection[str] = OWN_FRAGMENTS,
) -> None:
    """The time of a scan with some fragments grows with the size, not with its square.

    `source` makes a diagram of a size, and `name` is its name.
    """
    # The time of the garbage collector depends on all objects of the tests.
    gc.disable()
    try:
        small, large = (_seconds(source(times * size), name, fragments) for times in (1, 4))
    finally:
        gc.enable()
    # Four times the size takes four times the time; the square would be sixteen times.
    assert large < 9 * small + 0.2


def _seconds(source: bytes, name: str | None, fragments: Collection[str]) -> float:
    """The processor time of a scan with some fragments, the smaller of two."""
    seconds = []
    for _ in range(2):
        start = time.process_time()
        assert scan(source, name=name, fragments=fragments).error is None
        seconds.append(time.process_time() - start)
    return min(seconds)
