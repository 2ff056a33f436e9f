"""The formats of `metrics shards collect` and `metrics shards status`."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final, NamedTuple

from metrics.formats.registry import Formats

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from typing import BinaryIO

    LinesFormat = Callable[[Iterable[BinaryIO], Collection[str]], Iterator[bytes]]
    StatusFormat = Callable[["PlanStatus"], Iterator[bytes]]

LINES_FORMATS: Final[Formats[LinesFormat]] = Formats(
    "metrics.formats.shards", ("ndjson", "parquet")
)
"""The formats of `collect`.

Each takes the lines of each shard as a stream, and the fragments of our own in them.
"""

STATUS_FORMATS: Final[Formats[StatusFormat]] = Formats("metrics.formats.shards", ("text", "json"))
"""The formats of `status`."""


class PlanStatus(NamedTuple):
    """How much of a plan is done.

    `missing` are the numbers of the shards without a marker. `unusable` are those of the shards
    with a marker that does not count, by the reason. All further values are about the shards that
    are done: their objects, how many of these are `unread`, and in which shards.
    """

    shards: int
    objects: int
    done: int
    missing: Sequence[int]
    unusable: Mapping[str, Sequence[int]]
    objects_done: int
    unread: int
    unread_shards: Sequence[int]
    measured: int
    failed: Mapping[str, int]


def number_ranges(numbers: Iterable[int]) -> str:
    """Ascending numbers for people: `0, 3-7, 12`."""
    parts = []
    for _, group in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0]):
        run = [number for _, number in group]
        parts.append(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}")
    return ", ".join(parts)
