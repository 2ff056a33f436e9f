"""Plans for tests: any objects in any shards."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import zstandard

from metrics.shards.compression import compressed
from metrics.shards.lists import line_of
from metrics.shards.plan import (
    PLAN_FILE,
    Plan,
    PlannedObject,
    PlanOptions,
    lines_file,
    list_file,
    plan_json,
)
from metrics.shards.stores import create_store
from metrics.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path


DEFAULT_OPTIONS = PlanOptions()


def make_plan(
    location: Path | str,
    shards: Sequence[Iterable[PlannedObject | str]],
    *,
    folder: Path | str = "",
    options: PlanOptions = DEFAULT_OPTIONS,
    version: str = __version__,
) -> Plan:
    """Write a plan with these objects in its shards."""
    store = create_store(str(location))
    lists = [
        [PlannedObject(each) if isinstance(each, str) else each for each in shard]
        for shard in shards
    ]
    for number, objects in enumerate(lists):
        with store.write(list_file(number)) as stream, compressed(stream) as lines:
            lines.write(b"".join(map(line_of, objects)))
    digest = hashlib.sha256(repr((lists, options, version)).encode()).hexdigest()
    plan = Plan(digest, version, len(lists), sum(map(len, lists)), str(folder), options)
    with store.write(PLAN_FILE) as stream:
        stream.write(plan_json(plan))
    return plan


def lines_of(location: Path | str, shard: int) -> bytes:
    """The lines of a shard that has been run."""
    content = create_store(str(location)).read(lines_file(shard), 2**30)
    return zstandard.ZstdDecompressor().decompressobj().decompress(content)


def all_lines(location: Path | str, shards: int) -> bytes:
    """The lines of all shards of a plan, in order."""
    return b"".join(lines_of(location, shard) for shard in range(shards))
