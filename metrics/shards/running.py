"""Runs the shards of a plan: measures their objects, and leaves lines and markers.

The lines of a shard are written before its marker, and each file appears as a whole. A shard with a
marker is therefore complete, whenever a run was killed.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter, deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from metrics.catalog import OWN_FRAGMENTS
from metrics.formats.scan import ScanLayout
from metrics.formats.scan.ndjson import ndjson
from metrics.reading.sources import FileError
from metrics.scanning.batch import scan_many
from metrics.shards.compression import compressed
from metrics.shards.lists import read_list
from metrics.shards.markers import READ_FAILURES, ShardResult, marker_json
from metrics.shards.objects import object_sources
from metrics.shards.plan import PLAN_FILE, PlanError, lines_file, marker_file, read_plan
from metrics.shards.stores import StoreError, remove_leftovers, store_at
from metrics.system.signals import cleanup_on_signal
from metrics.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Executor

    from metrics.report import Report
    from metrics.scanning.requests import DiagramSource
    from metrics.shards.objects import NamedSource
    from metrics.shards.plan import Plan, PlannedObject
    from metrics.shards.stores import Store


class OpenPlan(NamedTuple):
    """A plan and the store that it is in."""

    store: Store
    plan: Plan


class ShardOutcome(NamedTuple):
    """A shard that has ended: its result, or the reason why it has none."""

    shard: int
    result: ShardResult | None
    reason: str = ""


class Measurer(NamedTuple):
    """What measures diagrams: an executor with `jobs` processes, or this process without one."""

    executor: Executor | None
    jobs: int


def scan_shard(plan: str | os.PathLike[str], shard: int, *, jobs: int = 1) -> ShardResult:
    """Measure the objects of one shard, and write its lines and then its marker.

    `plan` is the folder or URL in which `metrics shards plan` has made a plan. `jobs` processes
    measure the objects; a diagram that kills its process does not affect others. Shards can be run
    in any order, on any machine, and repeatedly: the lines of a shard are the same each time. The
    result can be pickled.

    An object that cannot be read or measured has a line with its error. Raises `ValueError` for a
    number that is not that of a shard, `PlanError` for a plan that cannot be used or that another
    version of metrics has made, and `StoreError` if a file of the plan cannot be read or written.
    """
    opened = open_plan(plan)
    if not 0 <= shard < opened.plan.shards:
        raise ValueError(f"there is no shard {shard}: the plan has {opened.plan.shards} shards")
    with open_measurer(opened.plan, jobs) as measurer:
        return run_shard(opened, shard, measurer)


def open_plan(location: str | os.PathLike[str]) -> OpenPlan:
    """Read the plan at a path or URL; removes the incomplete files of killed runs.

    Raises `PlanError` if this version of metrics cannot run the plan.
    """
    store = store_at(os.fspath(location))
    plan = read_plan(store)
    if plan.version != __version__:
        reason = f"metrics {plan.version} made this plan, but this is metrics {__version__}."
        raise PlanError(store.name_of(PLAN_FILE), reason)
    if unknown := {*plan.options.fragments} - {*OWN_FRAGMENTS}:
        reason = f"it is not a plan: no fragment is named {min(unknown)}."
        raise PlanError(store.name_of(PLAN_FILE), reason)
    remove_leftovers(store)
    return OpenPlan(store, plan)


@contextmanager
def open_measurer(plan: Plan, jobs: int) -> Iterator[Measurer]:
    """Start the processes that measure the objects of a plan.

    If the system allows no process, this process measures, unless the plan has a timeout. Raises
    `StoreError`.
    """
    from metrics.system.workers import Workers

    try:
        workers = Workers(jobs, timeout=plan.options.timeout)
    except (OSError, RuntimeError) as error:
        if plan.options.timeout is not None:
            reason = getattr(error, "strerror", None) or str(error)
            raise StoreError("--timeout", f"it needs a worker process: {reason}") from None
        yield Measurer(None, 1)
        return
    with cleanup_on_signal(workers.end_processes), workers:
        yield Measurer(workers, jobs)


def run_shard(
    opened: OpenPlan,
    shard: int,
    measurer: Measurer,
    watch: Callable[[Iterable[Report]], Iterable[Report]] = iter,
) -> ShardResult:
    """Measure the objects of a shard, and write its lines and then its marker.

    `watch` sees all reports. Raises `FileError`.
    """
    store, plan = opened
    count = _Count()
    sources = object_sources(count.objects_of(read_list(store, shard)), plan)
    reports = watch(_reports(sources, measurer, plan, count))
    sha256 = hashlib.sha256()
    with store.write(lines_file(shard)) as stream, compressed(stream) as lines:
        for line in ndjson(reports, ScanLayout(added=plan.options.fragments)):
            sha256.update(line)
            lines.write(line)
    failed = dict(sorted(count.failed.items()))
    result = ShardResult(
        shard, count.objects, count.unread, count.measured, failed, sha256.hexdigest()
    )
    with store.write(marker_file(shard)) as stream:
        stream.write(marker_json(plan, result))
    return result


def _reports(
    sources: Iterator[NamedSource], measurer: Measurer, plan: Plan, count: _Count
) -> Iterator[Report]:
    """The reports of all sources, under their names in the lines; they are counted."""
    names: deque[tuple[str, int]] = deque()

    def unnamed() -> Iterator[DiagramSource]:
        for name, source, object in sources:
            names.append((name, object))
            yield source

    reports = scan_many(
        unnamed(),
        measurer.executor,
        jobs=measurer.jobs,
        max_size=plan.options.max_size,
        fragments=frozenset(plan.options.fragments),
        dialect=plan.options.dialect,
    )
    for report in reports:
        report.file, object = names.popleft()
        count.add(report, object)
        yield report


class _Count:
    """Counts the objects of a shard, and its lines with and without an error.

    An object is unread if it has a line for something that could not be read.
    """

    def __init__(self) -> None:
        self.objects = 0
        self.unread = 0
        self._last_unread = -1
        self.measured = 0
        self.failed: Counter[str] = Counter()

    def objects_of(self, objects: Iterable[PlannedObject]) -> Iterator[PlannedObject]:
        """Yield the objects unchanged."""
        for planned in objects:
            self.objects += 1
            yield planned

    def add(self, report: Report, object: int) -> None:
        """Add a report of the object with a number; they come in the order of the objects."""
        if report.error is None:
            self.measured += 1
            return
        self.failed[report.error.type.value] += 1
        if report.error.type in READ_FAILURES and object != self._last_unread:
            self.unread += 1
            self._last_unread = object


def run_shards(
    opened: OpenPlan,
    shards: Iterable[int],
    jobs: int,
    watch: Callable[[Iterable[Report]], Iterable[Report]],
) -> Iterator[ShardOutcome]:
    """Run shards one after the other in this process, with `jobs` processes for each."""
    with open_measurer(opened.plan, jobs) as measurer:
        for shard in shards:
            try:
                yield ShardOutcome(shard, run_shard(opened, shard, measurer, watch))
            except FileError as error:
                yield ShardOutcome(shard, None, str(error))
