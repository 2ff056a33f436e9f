"""What came of a check: what goes beyond limits, and what is behind that."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from metrics.reading.sources import DEFAULT_MAX_SIZE, DiscoveredFile

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from concurrent.futures import Executor, Future

    from metrics.blocks import Omitted
    from metrics.checks.baseline import BaselineEntry
    from metrics.checks.limits import Limit, Value
    from metrics.explanation import Item
    from metrics.report import Report

MAX_EXPLAINED: Final = 25_000
TASKS_AT_ONCE: Final = 8
MAX_UNDER_WAY: Final = 32
# Beyond, of each value only so few things are told as people look at.
MAX_ITEMS_OF_ALL: Final = 250_000
MIN_ITEMS: Final = 10


class Contribution(NamedTuple):
    """A diagram, and what it has of a sum."""

    file: str
    value: int


class Violation(NamedTuple):
    """A diagram, or a sum, that goes beyond a limit.

    Of a diagram `items` are the first things behind the value. A sum has no `file`; `most` are the
    diagrams that hold the most of it, at most ten, and `configuration` is the file that states the
    limit, None where it is none.
    """

    file: str | None
    limit: Limit
    value: Value
    items: tuple[Item, ...] = ()
    most: tuple[Contribution, ...] = ()
    configuration: str | None = None


class Improvement(NamedTuple):
    """A number that is better than its baseline, which can be tightened.

    `file` is None for a sum. `value` is what it is now, `OMITTED` where the payload has no such
    number any more, and `is_tolerated` whether it still goes beyond the limit. The file that
    `is_gone` has no value, either.
    """

    file: str | None
    key: str
    known: Value
    value: Value | Omitted
    is_tolerated: bool = False
    is_gone: bool = False


@dataclass(frozen=True)
class CheckResult:
    """What came of a check.

    `files` are the measured diagrams in their order, `failures` the reports of the others;
    `violations` are those of diagrams in that order, then those of sums; `tolerated` is how many a
    baseline puts up with. `entries` are those that a baseline has that is written now, and
    `has_limits` where any of the diagrams could have a limit. `not_applied` is how many limits did
    not apply to a diagram because the number that they limit is null.
    """

    files: tuple[str, ...] = ()
    failures: tuple[Report, ...] = ()
    violations: tuple[Violation, ...] = ()
    tolerated: int = 0
    improvements: tuple[Improvement, ...] = ()
    entries: tuple[BaselineEntry, ...] = ()
    has_limits: bool = False
    not_applied: int = 0

    @property
    def is_kept(self) -> bool:
        """Whether nothing goes beyond a limit but what is put up with."""
        return not self.violations

    @property
    def diagrams(self) -> int:
        """How many diagrams were asked for."""
        return len(self.files) + len(self.failures)


def explain_violations(
    result: CheckResult,
    executor: Executor | None = None,
    *,
    max_size: int = DEFAULT_MAX_SIZE,
    contents: Mapping[str, bytes] = MappingProxyType({}),
    besides: Collection[str] = (),
) -> CheckResult:
    """A result whose violations tell what is behind them, at most the first 25,000.

    Their files are read again, if they have no more than `max_size` bytes, but for those whose
    `contents` are at hand. What cannot be found any more is not told: the violation stays. Nothing
    is told of the keys `besides`, since what they count is not in the diagrams.
    """
    asked: dict[str, dict[str, Value]] = {}
    for violation in result.violations[:MAX_EXPLAINED]:
        if violation.file is None or violation.limit.key in besides:
            continue
        asked.setdefault(violation.file, {})[violation.limit.key] = violation.value
    # Of two diagrams with a name it is not known which has that content.
    contents = {name: one for name, one in contents.items() if result.files.count(name) == 1}
    tasks = [_Task(file, values, contents.get(file)) for file, values in asked.items()]
    found: dict[str, dict[str, tuple[Item, ...]]] = {}
    left = MAX_ITEMS_OF_ALL
    for task, items in _explained(tasks, executor, max_size):
        left -= sum(map(len, items.values()))
        found[task.file] = (
            items if left > 0 else {key: some[:MIN_ITEMS] for key, some in items.items()}
        )
    violations = (
        violation._replace(items=found.get(violation.file or "", {}).get(violation.limit.key, ()))
        for violation in result.violations
    )
    return replace(result, violations=tuple(violations))


class _Task(NamedTuple):
    """A diagram to explain, and its values."""

    file: str
    values: Mapping[str, Value]
    content: bytes | None


def _explained(
    tasks: Sequence[_Task], executor: Executor | None, max_size: int
) -> Iterator[tuple[_Task, dict[str, tuple[Item, ...]]]]:
    """What is behind the values of each diagram, as far as it can be found."""
    from metrics.system.workers import InThisProcess

    executor = executor or InThisProcess()
    under_way: deque[tuple[Sequence[_Task], Future[list[dict[str, tuple[Item, ...]]]]]] = deque()
    for start in range(0, len(tasks), TASKS_AT_ONCE):
        group = tasks[start : start + TASKS_AT_ONCE]
        under_way.append((group, executor.submit(_behind, group, max_size)))
        if len(under_way) == MAX_UNDER_WAY:
            yield from _answered(*under_way.popleft(), executor, max_size)
    while under_way:
        yield from _answered(*under_way.popleft(), executor, max_size)


def _answered(
    group: Sequence[_Task],
    future: Future[list[dict[str, tuple[Item, ...]]]],
    executor: Executor,
    max_size: int,
) -> Iterator[tuple[_Task, dict[str, tuple[Item, ...]]]]:
    try:
        yield from zip(group, future.result(), strict=True)
    except Exception:
        # Which of them it was shows when each is alone. That one was measured all the same.
        for task in group:
            with suppress(Exception):
                yield task, executor.submit(_behind, (task,), max_size).result()[0]


def _behind(tasks: Iterable[_Task], max_size: int) -> list[dict[str, tuple[Item, ...]]]:
    from metrics.explanation import explain_values

    # What is no plain file, or not any more, cannot be read a second time: a pipe would block.
    return [
        explain_values(
            DiscoveredFile(file) if content is None else content,
            values,
            name=file,
            max_size=max_size,
        )
        for file, values, content in tasks
    ]
