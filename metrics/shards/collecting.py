"""The lines of all shards, in the order of the manifest."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

from metrics.formats.shards import PlanStatus, number_ranges
from metrics.formats.text import counted
from metrics.reading.errors import DocumentError, ErrorType, truncated
from metrics.reading.sources import PIECE, FileError
from metrics.report import Report
from metrics.scanning.ndjson_reports import read_reports
from metrics.shards.compression import open_compressed
from metrics.shards.lists import has_planned_lists
from metrics.shards.markers import ShardStatus, shard_states
from metrics.shards.plan import PLAN_FILE, lines_file, read_plan
from metrics.shards.stores import store_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import BinaryIO

    from metrics.shards.markers import ShardResult
    from metrics.shards.plan import Plan
    from metrics.shards.stores import Store

MAX_CHARACTERS_OF_RANGES: Final = 500

MAX_UNREAD_PERCENT: Final = 5
"""The percentage of unread objects above which a collection ends with status 2."""


class CollectError(FileError):
    """Lines of shards that cannot be collected."""


class Totals(NamedTuple):
    """What some shards did together; the fields are those of `ShardResult`."""

    objects: int
    unread: int
    measured: int
    failed: Mapping[str, int]

    @property
    def has_too_many_unread(self) -> bool:
        """Whether more than `MAX_UNREAD_PERCENT` of the objects could not be read."""
        return self.unread * 100 > self.objects * MAX_UNREAD_PERCENT

    @property
    def description(self) -> str:
        """The numbers for people, on one line."""
        failed = [f"{number:,} {type}" for type, number in self.failed.items()]
        parts = [f"{counted(self.measured, 'diagram')} measured", *failed]
        return f"{counted(self.objects, 'object')}: {', '.join(parts)}"

    @classmethod
    def of(cls, results: Sequence[ShardResult]) -> Totals:
        """The totals of some results."""
        failed: Counter[str] = Counter()
        for result in results:
            failed.update(result.failed)
        return cls(
            sum(result.objects for result in results),
            sum(result.unread for result in results),
            sum(result.measured for result in results),
            dict(sorted(failed.items())),
        )


def plan_status(store: Store, plan: Plan) -> PlanStatus:
    """How much of a plan is done."""
    results = []
    others: dict[ShardStatus, list[int]] = {}
    for state in shard_states(store, plan):
        if state.result is None:
            others.setdefault(state.status, []).append(state.shard)
        else:
            results.append(state.result)
    totals = Totals.of(results)
    return PlanStatus(
        plan.shards,
        plan.objects,
        len(results),
        others.pop(ShardStatus.MISSING, []),
        {status.value: shards for status, shards in others.items()},
        totals.objects,
        totals.unread,
        [result.shard for result in results if result.unread],
        totals.measured,
        totals.failed,
    )


def all_results(store: Store, plan: Plan) -> list[ShardResult]:
    """The results of all shards; raises `CollectError` if something is missing.

    Raises it also if the lists are not those of the plan.
    """
    states = [*shard_states(store, plan)]
    missing = [state.shard for state in states if state.status is not ShardStatus.DONE]
    name = store.name_of("")
    if missing:
        raise CollectError(name, _missing(missing, plan.shards))
    results = [state.result for state in states if state.result is not None]
    if (objects := Totals.of(results).objects) != plan.objects:
        raise CollectError(name, f"the shards read {objects:,} objects, not {plan.objects:,}.")
    _check_lists(store, plan)
    return results


def _check_lists(store: Store, plan: Plan) -> None:
    if not has_planned_lists(store, plan):
        reason = "the lists are not those of the plan: make it again in another folder."
        raise CollectError(store.name_of(PLAN_FILE), reason)


def _missing(shards: Sequence[int], of: int) -> str:
    numbers = truncated(number_ranges(shards), MAX_CHARACTERS_OF_RANGES)
    reason = f"{len(shards):,} of {of:,} shards are not done ({numbers})"
    return f"{reason}: metrics shards run runs them."


def checked_lines(store: Store, results: Iterable[ShardResult]) -> Iterator[BinaryIO]:
    """Yield the lines of each shard as a stream, after their SHA-256 was checked.

    Raises `CollectError` for lines that are not.
    """
    for result in results:
        file = lines_file(result.shard)
        try:
            with open_compressed(store, file, result.sha256) as lines:
                while lines.read(PIECE):
                    pass
        except FileError as error:
            mend = f"metrics shards run --shard {result.shard} writes shard {result.shard} again."
            raise CollectError(error.path, f"{error.message} {mend}") from None
        # Checked again: the file may be replaced meanwhile.
        with open_compressed(store, file, result.sha256) as lines:
            yield lines


def read_shard_reports(
    folder: str, *, max_size: int, fingerprints: bool = False
) -> Iterator[Report]:
    """Yield the reports of all shards that are done, as `read_reports` does.

    The missing shards are one report with an error, and so is a shard with damaged lines.
    """
    store = store_at(folder)
    missing = []
    try:
        plan = read_plan(store)
        _check_lists(store, plan)
        for state in shard_states(store, plan):
            if state.result is None:
                missing.append(state.shard)
                continue
            try:
                for lines in checked_lines(store, [state.result]):
                    yield from read_reports(
                        lines, folder, max_size=max_size, fingerprints=fingerprints
                    )
            except FileError as error:
                yield _unreadable(folder, str(error))
    except FileError as error:
        yield _unreadable(folder, str(error))
    if missing:
        yield _unreadable(folder, _missing(missing, plan.shards))


def _unreadable(folder: str, message: str) -> Report:
    return Report(folder, error=DocumentError(ErrorType.UNREADABLE, message))
