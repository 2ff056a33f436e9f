"""Plans for tests, which are run in this process."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import zstandard

from metrics.shards.compression import compressed
from metrics.shards.lists import line_of
from metrics.shards.manifest import open_manifest
from metrics.shards.plan import (
    PLAN_FILE,
    Plan,
    PlannedObject,
    PlanOptions,
    lines_file,
    list_file,
    plan_json,
)
from metrics.shards.planning import contents_of, plan_of, write_plan
from metrics.shards.running import open_plan, run_shards
from metrics.shards.stores import create_store
from metrics.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from metrics.shards.markers import ShardResult


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


def plan_manifest(
    manifest: Path | str, folder: Path | str, shards: int, options: PlanOptions = DEFAULT_OPTIONS
) -> Plan:
    """Plan a manifest into a folder."""
    with open_manifest(str(manifest)) as read:
        contents = contents_of(read)
        plan = plan_of(contents, shards, options)
        write_plan(read, contents, plan, create_store(str(folder)))
    return plan


def run_all(location: Path | str, shards: Iterable[int] | None = None) -> list[ShardResult]:
    """Run some shards of a plan, or all, in any order; none may fail."""
    opened = open_plan(location)
    chosen = range(opened.plan.shards) if shards is None else shards
    results = [outcome.result for outcome in run_shards(opened, chosen, 1, iter)]
    assert None not in results
    return [result for result in results if result is not None]


def lines_of(location: Path | str, shard: int) -> bytes:
    """The lines of a shard that has been run."""
    content = create_store(str(location)).read(lines_file(shard), 2**30)
    return zstandard.ZstdDecompressor().decompressobj().decompress(content)


def all_lines(location: Path | str, shards: int) -> bytes:
    """The lines of all shards of a plan, in order."""
    return b"".join(lines_of(location, shard) for shard in range(shards))
