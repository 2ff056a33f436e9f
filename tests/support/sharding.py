"""Plans whose shards are measured in this process, in any order."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from metrics import scan_many
from metrics.formats.scan import ScanLayout
from metrics.formats.scan.ndjson import ndjson
from metrics.shards.compression import compressed
from metrics.shards.lists import read_list
from metrics.shards.manifest import open_manifest
from metrics.shards.markers import ShardResult, marker_json
from metrics.shards.plan import PlanOptions, lines_file, marker_file, read_plan
from metrics.shards.planning import contents_of, plan_of, write_plan
from metrics.shards.stores import create_store, store_at

if TYPE_CHECKING:
    from collections.abc import Iterable

    from metrics.shards.plan import Plan


def make_plan(
    manifest: Path, folder: Path, shards: int, options: PlanOptions | None = None
) -> Plan:
    """Plan a manifest into a folder."""
    with open_manifest(str(manifest)) as read:
        contents = contents_of(read)
        plan = plan_of(contents, shards, options or PlanOptions())
        write_plan(read, contents, plan, create_store(str(folder)))
    return plan


def run_shards(folder: Path, shards: Iterable[int] | None = None) -> list[ShardResult]:
    """Measure some shards of a plan, or all, and write their lines and markers."""
    plan = read_plan(store_at(str(folder)))
    return [
        _run_shard(folder, plan, shard)
        for shard in (range(plan.shards) if shards is None else shards)
    ]


def _run_shard(folder: Path, plan: Plan, shard: int) -> ShardResult:
    store = store_at(str(folder))
    objects = [*read_list(store, shard)]
    paths = [Path(plan.folder) / object.url for object in objects]
    reports = [
        replace(report, file=object.url)
        for object, report in zip(
            objects, scan_many(paths, max_size=plan.options.max_size), strict=True
        )
    ]
    lines = b"".join(ndjson(reports, ScanLayout()))
    failed = Counter(report.error.type.value for report in reports if report.error is not None)
    result = ShardResult(
        shard,
        len(objects),
        len(reports) - failed.total(),
        dict(failed),
        hashlib.sha256(lines).hexdigest(),
    )
    with store.write(lines_file(shard)) as file, compressed(file) as stream:
        stream.write(lines)
    with store.write(marker_file(shard)) as file:
        file.write(marker_json(plan, result))
    return result
