"""Markers: what a shard says when it has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from metrics.reading.errors import ErrorType
from metrics.reading.sources import FileError
from metrics.shards.plan import marker_file

if TYPE_CHECKING:
    from collections.abc import Mapping

    from metrics.shards.plan import Plan
    from metrics.shards.stores import Store

MAX_MARKER_BYTES: Final = 64 * 1024

READ_FAILURES: Final = frozenset({ErrorType.UNREADABLE, ErrorType.CHANGED})
"""The errors of an object that could not be read, whatever it holds."""


class ShardResult(NamedTuple):
    """What a shard did.

    `objects` is the number of objects in its list. `measured` is the number of lines with a
    payload, and `failed` that of the lines with each type of error; an archive has a line for each
    diagram in it. `sha256` is the SHA-256 of the uncompressed lines, in hexadecimal.
    """

    shard: int
    objects: int
    measured: int
    failed: Mapping[str, int]
    sha256: str

    @property
    def unread(self) -> int:
        """The number of lines for what could not be read."""
        return sum(self.failed.get(type, 0) for type in READ_FAILURES)


def marker_json(plan: Plan, result: ShardResult) -> bytes:
    """The marker of a shard of a plan."""
    record = {"plan": plan.hash, "version": plan.version} | result._asdict()
    return orjson.dumps(record, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def read_marker(store: Store, plan: Plan, shard: int) -> ShardResult | None:
    """The result of a shard; None without a marker of this plan and version."""
    try:
        record = orjson.loads(store.read(marker_file(shard), MAX_MARKER_BYTES))
        return _result(record, plan, shard)
    except (FileError, ValueError, KeyError, TypeError):
        return None


def _result(record: Any, plan: Plan, shard: int) -> ShardResult:
    result = ShardResult(*(record[field] for field in ShardResult._fields))
    if (record["plan"], record["version"], result.shard) != (plan.hash, plan.version, shard):
        raise ValueError
    numbers = (result.objects, result.measured, *result.failed.values())
    if not all(isinstance(number, int) for number in numbers):
        raise TypeError
    return result
