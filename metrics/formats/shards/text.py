"""Text: a line for each part of the status of a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metrics.formats.shards import number_ranges
from metrics.formats.text import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metrics.formats.shards import PlanStatus


def text(status: PlanStatus) -> Iterator[bytes]:
    """Print the numbers of shards and objects; lines about nothing are omitted."""
    for line in _lines(status):
        yield f"{line}\n".encode()


def _lines(status: PlanStatus) -> Iterator[str]:
    shards, objects = counted(status.shards, "shard"), counted(status.objects, "object")
    yield f"{status.done:,} of {shards} done, {status.objects_done:,} of {objects}"
    if status.missing:
        yield f"missing: {number_ranges(status.missing)}"
    for reason, numbers in status.unusable.items():
        yield f"{reason}, will be run again: {number_ranges(numbers)}"
    if status.unread:
        objects = counted(status.unread, "object")
        yield f"{objects} could not be read, in shards: {number_ranges(status.unread_shards)}"
    if status.done:
        yield f"{counted(status.measured, 'diagram')} measured"
    for type, number in status.failed.items():
        yield f"{counted(number, 'diagram')} failed: {type}"
