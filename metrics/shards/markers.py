"""Markers: what a shard says when it has ended."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from metrics.reading.errors import ErrorType
from metrics.reading.sources import FileError
from metrics.shards.plan import SHA256, is_number, lines_file, marker_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from metrics.shards.plan import Plan
    from metrics.shards.stores import Store

MAX_MARKER_BYTES: Final = 64 * 1024

READ_FAILURES: Final = frozenset({ErrorType.UNREADABLE, ErrorType.CHANGED})
"""The errors of an object that could not be read, whatever it holds."""


class ShardResult(NamedTuple):
    """What a shard did.

    `objects` is the number of objects in its list, and `unread` that of the objects that could not
    be read, or not completely. `measured` is the number of lines with a payload, and `failed` that
    of the lines with each type of error; an archive has a line for each diagram in it. `sha256` is
    the SHA-256 of the uncompressed lines, in hexadecimal.
    """

    shard: int
    objects: int
    unread: int
    measured: int
    failed: Mapping[str, int]
    sha256: str


def marker_json(plan: Plan, result: ShardResult) -> bytes:
    """The marker of a shard of a plan."""
    record = {"plan": plan.hash, "version": plan.version} | result._asdict()
    return orjson.dumps(record, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def read_marker(store: Store, plan: Plan, shard: int) -> ShardResult | None:
    """The result of a shard; None without a marker of this plan and version."""
    return _read(store, plan, shard).result


class ShardStatus(StrEnum):
    """Whether a shard has to be run, and why."""

    DONE = "done"
    MISSING = "missing"
    OTHER_PLAN = "made by another plan"
    OTHER_VERSION = "made by another version of metrics"
    INVALID_MARKER = "not a valid marker"
    NO_LINES = "without lines"


class ShardState(NamedTuple):
    """The status of a shard, and its result if it is done."""

    shard: int
    status: ShardStatus
    result: ShardResult | None = None


def shard_states(store: Store, plan: Plan) -> Iterator[ShardState]:
    """The state of each shard of a plan, in order."""
    files = store.files()
    for shard in range(plan.shards):
        if marker_file(shard) not in files:
            yield ShardState(shard, ShardStatus.MISSING)
            continue
        state = _read(store, plan, shard)
        if state.result is not None and lines_file(shard) not in files:
            state = ShardState(shard, ShardStatus.NO_LINES)
        yield state


def _read(store: Store, plan: Plan, shard: int) -> ShardState:
    try:
        record = orjson.loads(store.read(marker_file(shard), MAX_MARKER_BYTES))
        if record["plan"] != plan.hash:
            return ShardState(shard, ShardStatus.OTHER_PLAN)
        if record["version"] != plan.version:
            return ShardState(shard, ShardStatus.OTHER_VERSION)
        return ShardState(shard, ShardStatus.DONE, _result(record, shard))
    except (FileError, ValueError, KeyError, TypeError, AttributeError):
        return ShardState(shard, ShardStatus.INVALID_MARKER)


def _result(record: Any, shard: int) -> ShardResult:
    result = ShardResult(*(record[field] for field in ShardResult._fields))
    numbers = [result.shard, result.objects, result.unread, result.measured]
    types = {type.value for type in ErrorType}
    if not all(map(is_number, (*numbers, *result.failed.values()))):
        raise ValueError
    if not SHA256.fullmatch(result.sha256):
        raise ValueError
    has_impossible_numbers = result.shard != shard or result.unread > result.objects
    if has_impossible_numbers or not types.issuperset(result.failed):
        raise ValueError
    return result
