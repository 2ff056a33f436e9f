"""The result of a check: violations of limits, and the elements that explain them."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from metrics.archives.bounds import DEFAULT_MAX_TOTAL, ArchiveBounds
from metrics.archives.names import member_path
from metrics.catalog import known_dialect
from metrics.reading.sources import DEFAULT_MAX_SIZE, DiscoveredFile
from metrics.scanning.unpacking import read_members
from metrics.system.tasks import submit_in_order

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from concurrent.futures import Executor, Future

    from metrics.blocks import Omitted
    from metrics.checks.baseline import BaselineEntry
    from metrics.checks.limits import Limit, Value
    from metrics.explanation import Item
    from metrics.report import Report

    ItemsByKey = dict[str, tuple[Item, ...]]

MAX_EXPLAINED_VIOLATIONS: Final = 25_000
DIAGRAMS_PER_BATCH: Final = 8
MAX_BYTES_PER_BATCH: Final = 512 * 1024
MAX_PENDING_BATCHES: Final = 31
# After MAX_ITEMS items in total, each value has at most MIN_ITEMS_PER_VALUE.
MAX_ITEMS: Final = 250_000
MIN_ITEMS_PER_VALUE: Final = 10


class Contribution(NamedTuple):
    """A diagram, and its value in a total."""

    file: str
    value: int


class Violation(NamedTuple):
    """A diagram or a total that breaks a limit.

    A diagram has a `file`, and `items` are the first of the items that its value counts. A total
    has no `file`; `contributions` are the diagrams with the largest values, at most ten, and
    `configuration` is the file that sets the limit, None if it is not from a file. `is_assumed`
    says that the diagram does not state the value.
    """

    file: str | None
    limit: Limit
    value: Value
    items: tuple[Item, ...] = ()
    contributions: tuple[Contribution, ...] = ()
    configuration: str | None = None
    is_assumed: bool = False


class Improvement(NamedTuple):
    """A number that is better than in the baseline.

    `file` is None for a total. `baseline` is the value in the baseline. `value` is the current one,
    `OMITTED` if the payload no longer has the number, and `is_tolerated` is whether it still breaks
    a limit. If `is_gone`, the diagram no longer exists or the total has no limit, and there is no
    value.
    `is_assumed` says that the diagram does not state the current value.
    """

    file: str | None
    key: str
    baseline: Value
    value: Value | Omitted
    is_tolerated: bool = False
    is_gone: bool = False
    is_assumed: bool = False


@dataclass(frozen=True)
class CheckResult:
    """The result of a check.

    `files` are the measured diagrams, `failures` the reports of the others. `violations` are those
    of diagrams, in the order of `files`, then those of totals. `tolerated` is the number of
    violations that the baseline tolerates. `entries` are the entries of a new baseline.
    `has_limits` is whether any diagram could have a limit. `not_applied` is the number of
    diagrams in which a number with a limit is null, by the number's key, and `unlimited` the number
    of measured diagrams that have no limit. `gone` is the number of baseline entries for missing
    diagrams and for totals without a limit; `improvements` lists the first ten of each.
    """

    files: tuple[str, ...] = ()
    failures: tuple[Report, ...] = ()
    violations: tuple[Violation, ...] = ()
    tolerated: int = 0
    improvements: tuple[Improvement, ...] = ()
    entries: tuple[BaselineEntry, ...] = ()
    has_limits: bool = False
    not_applied: Mapping[str, int] = field(default_factory=dict)
    unlimited: int = 0
    gone: int = 0

    @property
    def unlisted_count(self) -> int:
        """The number of entries that are `gone` and not among the `improvements`."""
        return max(0, self.gone - sum(better.is_gone for better in self.improvements))

    @property
    def has_passed(self) -> bool:
        """Whether there are no violations except tolerated ones."""
        return not self.violations

    @property
    def diagrams(self) -> int:
        """The number of diagrams, measured or not."""
        return len(self.files) + len(self.failures)


def explain_violations(
    result: CheckResult,
    executor: Executor | None = None,
    *,
    max_size: int = DEFAULT_MAX_SIZE,
    max_total: int = DEFAULT_MAX_TOTAL,
    dialect: str | None = None,
    contents: Mapping[str, bytes | None] = MappingProxyType({}),
    skipped_keys: Collection[str] = (),
) -> CheckResult:
    """The result with the items that explain its first 25,000 violations.

    Reads the files again, up to `max_size` bytes each, except those in `contents`, which holds
    their bytes by name; None stands for bytes that are not known. An archive is read once for all
    its members, up to `max_total` bytes. `dialect` is that of the reports. A violation that can no
    longer be explained has no items. The same applies to a violation of one of the `skipped_keys`,
    which count things that are not in the diagram.
    """
    values_of: dict[str, dict[str, Value]] = {}
    for violation in result.violations[:MAX_EXPLAINED_VIOLATIONS]:
        if violation.file is not None and violation.limit.key not in skipped_keys:
            values_of.setdefault(violation.file, {})[violation.limit.key] = violation.value
    times = Counter(filter(values_of.__contains__, result.files) if values_of else ())
    bounds = ArchiveBounds(max_size=max_size, max_total=max_total)
    explain = partial(_explain_batch, max_size=max_size, dialect=known_dialect(dialect))
    tasks = _tasks(values_of, times, contents, bounds)
    items_of: dict[str, ItemsByKey] = {}
    left = MAX_ITEMS
    for task, items in _explain_all(tasks, executor, explain):
        left -= sum(map(len, items.values()))
        items_of[task.file] = (
            items if left > 0 else {key: some[:MIN_ITEMS_PER_VALUE] for key, some in items.items()}
        )
    violations = (
        violation._replace(
            items=items_of.get(violation.file or "", {}).get(violation.limit.key, ())
        )
        for violation in result.violations
    )
    return replace(result, violations=tuple(violations))


class _Task(NamedTuple):
    """A diagram to explain, and the values to explain."""

    file: str
    values: Mapping[str, Value]
    content: bytes | None


def _tasks(
    values_of: Mapping[str, Mapping[str, Value]],
    times: Mapping[str, int],
    contents: Mapping[str, bytes | None],
    bounds: ArchiveBounds,
) -> Iterator[_Task]:
    """A task for each diagram whose content is known: those of files first."""
    members = []
    for file, values in values_of.items():
        # If two diagrams have the same name, the content is ambiguous.
        is_ambiguous = times[file] > 1
        if file in contents and (contents[file] is None or not is_ambiguous):
            if (content := contents[file]) is not None:
                yield _Task(file, values, content)
        elif member_path(file) is None:
            yield _Task(file, values, None)
        elif not is_ambiguous:
            members.append(file)
    for member in read_members(members, bounds):
        yield _Task(member.name, values_of[member.name], member.content)


def _batches(tasks: Iterable[_Task]) -> Iterator[Sequence[_Task]]:
    batch: list[_Task] = []
    for task in tasks:
        batch.append(task)
        if len(batch) == DIAGRAMS_PER_BATCH or _bytes_held(batch) >= MAX_BYTES_PER_BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _bytes_held(batch: Iterable[_Task]) -> int:
    return sum(len(task.content) for task in batch if task.content is not None)


def _explain_all(
    tasks: Iterable[_Task],
    executor: Executor | None,
    explain: Callable[[Sequence[_Task]], list[ItemsByKey]],
) -> Iterator[tuple[_Task, ItemsByKey]]:
    """The items of each diagram, in order, with a bounded number of batches in the executor."""
    from metrics.system.workers import InThisProcess

    explainer = executor or InThisProcess()

    def submit(batch: Sequence[_Task]) -> Future[list[ItemsByKey]]:
        return explainer.submit(explain, batch)

    for batch, future in submit_in_order(
        submit,
        _batches(tasks),
        MAX_PENDING_BATCHES,
        bytes_held=_bytes_held,
        max_bytes=MAX_PENDING_BATCHES * MAX_BYTES_PER_BATCH,
    ):
        yield from _collect(batch, future, submit)


def _collect(
    batch: Sequence[_Task],
    future: Future[list[ItemsByKey]],
    submit: Callable[[Sequence[_Task]], Future[list[ItemsByKey]]],
) -> Iterator[tuple[_Task, ItemsByKey]]:
    """The items of a batch; if it failed, those of each diagram that can be explained alone."""
    try:
        yield from zip(batch, future.result(), strict=True)
    except Exception:
        for task in batch:
            with suppress(Exception):
                yield task, submit((task,)).result()[0]


def _explain_batch(
    tasks: Iterable[_Task], *, max_size: int, dialect: str | None
) -> list[ItemsByKey]:
    from metrics.explanation import explain_values

    # `DiscoveredFile` refuses a pipe, which would block a second read.
    return [
        explain_values(
            DiscoveredFile(file) if content is None else content,
            values,
            name=file,
            max_size=max_size,
            dialect=dialect,
        )
        for file, values, content in tasks
    ]
