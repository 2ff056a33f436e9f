"""From a manifest to a plan: contiguous shards of about the same weight."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Final, NamedTuple

from metrics.reading.sources import absolute
from metrics.shards.compression import compressed
from metrics.shards.lists import has_planned_lists, line_of
from metrics.shards.plan import (
    PLAN_FILE,
    Plan,
    PlanError,
    PlannedObject,
    hash_of,
    list_file,
    plan_json,
    read_plan,
)
from metrics.shards.stores import StoreError
from metrics.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from metrics.shards.inventory import SkippedKey
    from metrics.shards.manifest import Manifest
    from metrics.shards.plan import PlanOptions
    from metrics.shards.stores import Store

WEIGHT_OF_AN_OBJECT: Final = 4096
"""The weight of an object beside its bytes: opening a file takes as long as measuring 4 kB."""


class Contents(NamedTuple):
    """What a manifest holds.

    `bytes` are those of the objects with a known size, of which there are `sized`. `digest` is the
    SHA-256 of the lines of all objects. `skipped` counts the keys that are not planned.
    """

    objects: int
    sized: int
    bytes: int
    digest: str
    skipped: Mapping[SkippedKey, int]

    def weight(self, object: PlannedObject) -> int:
        """The weight of an object; one of unknown size weighs as much as the mean of the others."""
        size = self.bytes // max(self.sized, 1) if object.size is None else object.size
        return WEIGHT_OF_AN_OBJECT + size

    @property
    def total_weight(self) -> int:
        """The weight of all objects."""
        mean = self.bytes // max(self.sized, 1)
        return self.objects * WEIGHT_OF_AN_OBJECT + self.bytes + (self.objects - self.sized) * mean


def contents_of(manifest: Manifest) -> Contents:
    """Count the objects of a manifest."""
    hash = hashlib.sha256()
    objects = sized = bytes = 0
    skipped: Counter[SkippedKey] = Counter()
    for entry in manifest():
        if not isinstance(entry, PlannedObject):
            skipped[entry] += 1
            continue
        hash.update(line_of(entry))
        objects += 1
        if entry.size is not None:
            sized += 1
            bytes += entry.size
    return Contents(objects, sized, bytes, hash.hexdigest(), skipped)


def plan_of(contents: Contents, shards: int, options: PlanOptions) -> Plan:
    """The plan for the objects of a manifest; it has no more shards than objects."""
    shards = min(shards, contents.objects)
    hash = hash_of(contents.digest, __version__, shards, options)
    return Plan(hash, __version__, shards, contents.objects, absolute(os.curdir), options)


def write_plan(manifest: Manifest, contents: Contents, plan: Plan, store: Store) -> None:
    """Write the lists of a plan, then the plan.

    Nothing is written if the store has this plan. Raises `PlanError` if it has another one, or if
    the manifest has changed since its objects were counted.
    """
    if PLAN_FILE in store.files() and _is_written(plan, store):
        return
    hash = hashlib.sha256()
    objects = (entry for entry in manifest() if isinstance(entry, PlannedObject))
    for shard, group in groupby(in_shards(objects, contents, plan.shards), itemgetter(0)):
        with store.write(list_file(shard)) as file, compressed(file) as stream:
            for _, object in group:
                line = line_of(object)
                hash.update(line)
                stream.write(line)
    if hash.hexdigest() != contents.digest:
        raise PlanError(store.name_of(PLAN_FILE), "the manifest changed while it was read.")
    with store.write(PLAN_FILE) as file:
        file.write(plan_json(plan))


def _is_written(plan: Plan, store: Store) -> bool:
    """Whether the plan in a store has all its lists; raises `PlanError` if it is another one."""
    if read_plan(store) != plan:
        reason = "it is a different plan: choose another folder, or delete this plan."
        raise PlanError(store.name_of(PLAN_FILE), reason)
    try:
        has_its_lists = has_planned_lists(store, plan)
    except StoreError:
        return False
    if not has_its_lists:
        # Shards that are done may have measured the objects of these lists.
        reason = "its lists are those of another plan: choose another folder, or delete this one."
        raise PlanError(store.name_of(PLAN_FILE), reason)
    return True


def in_shards(
    objects: Iterator[PlannedObject], contents: Contents, shards: int
) -> Iterator[tuple[int, PlannedObject]]:
    """Yield each object with the number of its shard.

    The shards have about the same weight: none weighs more than the mean and its heaviest object,
    and none is empty.
    """
    total = contents.total_weight
    shard = before = 0
    for index, object in enumerate(objects):
        is_full = before * shards >= (shard + 1) * total
        has_one_for_each = contents.objects - index <= shards - shard - 1
        if index and shard + 1 < shards and (is_full or has_one_for_each):
            shard += 1
        yield shard, object
        before += contents.weight(object)
