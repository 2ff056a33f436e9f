"""From many files to their reports, in order, over any executor, in bounded memory."""

from __future__ import annotations

import os
from collections import deque
from contextlib import ExitStack, suppress
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from metrics.catalog import own_fragments
from metrics.reading.errors import DocumentError, ErrorType
from metrics.reading.sources import DEFAULT_MAX_SIZE, Listed, NamedContent, as_text, content, each
from metrics.report import Report, measured, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from concurrent.futures import Executor, Future
    from typing import Any

    from metrics.template_definitions import TemplateDefinitions

DiagramSource = str | NamedContent | Report
Unmeasured = str | NamedContent
Result = TypeVar("Result")

MIN_FILES: Final = 8
MAX_FILES: Final = 512
MAX_BYTES: Final = 4 * 1024 * 1024
BATCHES_PER_WORKER: Final = 4
# To ask for the size of each would take as long as all else that is done to hand it over.
FILES_PER_SAMPLE: Final = 4
MAX_TRIES_ALONE: Final = 2

# Processors do the same thing many times in a row faster than many things in turn: some files are
# read, then all of them parsed, and then measured.
FILES_AT_ONCE: Final = 32
BYTES_AT_ONCE: Final = 256 * 1024


def scan_many(
    paths: Iterable[str | os.PathLike[str] | NamedContent | Report],
    executor: Executor | None = None,
    *,
    jobs: int | None = None,
    max_size: int = DEFAULT_MAX_SIZE,
    templates: TemplateDefinitions | None = None,
    fingerprints: bool = False,
    fragments: AbstractSet[str] = frozenset(),
) -> Iterator[Report]:
    """Measure many diagrams: their reports, in the order of the paths, as they are ready.

    What is a `Report` already among the paths is passed on in its place, and of a `NamedContent`
    the bytes are measured, rather than those of a file. Without an `executor` each diagram is
    measured when its report is asked for, in this process; a few paths are taken ahead. With one,
    they are handed to it in batches, some for each of its `jobs` workers (as many as there are
    processors, unless it is said), and no more are under way, however slowly the reports are taken.
    `max_size`, `templates` and `fragments` are as for `scan`; with `fingerprints` each report of a
    measured diagram has one. The set of `fragments` may grow while paths are taken from `paths`: it
    counts as it is when a path has been taken.

    Every path has a report, whatever happens. A batch that fails is measured again file by file;
    a file whose worker dies then too, twice, or that meets a fault of ours has the error `crashed`,
    one that takes longer than the executor allows (see `Workers`) `timeout`. Where
    the executor takes no more work, `Workers` of our own do the rest, or this process where it is
    `Workers` that take no more; those with a timeout, which this process cannot keep, leave their
    files `crashed`. Raises `TypeError` for what is neither a path nor a report.
    """
    checked = (
        path if isinstance(path, Listed | NamedContent | Report) else as_text(path)
        for path in each(paths)
    )
    own_fragments(fragments)
    how = _How(max_size, templates, fingerprints, fragments)
    if executor is None:
        return _measured(checked, how)
    measure = partial(_measure, how=how)
    return _handed_over(checked, executor, measure, jobs or os.cpu_count() or 1)


def _handed_over(
    sources: Iterable[DiagramSource],
    executor: Executor,
    measure: Callable[[Sequence[Unmeasured], bool], list[Report]],
    jobs: int,
) -> Iterator[Report]:
    with ExitStack() as stack:
        hand_over = _HandOver(executor, measure, jobs, stack)
        under_way: deque[_Batch] = deque()
        try:
            for work in _batches(sources, jobs):
                under_way.append(hand_over.batch(work))
                while under_way and (
                    len(under_way) > BATCHES_PER_WORKER * jobs or under_way[0].is_done()
                ):
                    yield from hand_over.reports(under_way.popleft())
            while under_way:
                yield from hand_over.reports(under_way.popleft())
        finally:
            for batch in under_way:
                batch.cancel()


class _How(NamedTuple):
    """How files are measured: the options of `scan_many`."""

    max_size: int
    templates: TemplateDefinitions | None
    fingerprints: bool
    fragments: AbstractSet[str]


class _Batch(NamedTuple):
    """Paths and the future of their reports; or a report that there is already."""

    paths: Sequence[Unmeasured]
    future: Future[list[Report]] | None = None
    report: Report | None = None

    def is_done(self) -> bool:
        return self.future is None or self.future.done()

    def cancel(self) -> None:
        if self.future is not None:
            self.future.cancel()


class _HandOver:
    """Hands batches to an executor, and files one by one where their batch failed."""

    def __init__(
        self,
        executor: Executor,
        measure: Callable[[Sequence[Unmeasured], bool], list[Report]],
        jobs: int,
        stack: ExitStack,
    ) -> None:
        self._executor = executor
        self._measure = measure
        self._jobs = jobs
        self._stack = stack
        self._is_here = False

    def batch(self, work: Sequence[Unmeasured] | Report) -> _Batch:
        if isinstance(work, Report):
            return _Batch((), report=work)
        return _Batch(work, self._submit(work))

    def reports(self, batch: _Batch) -> Iterable[Report]:
        if batch.future is None:
            return (batch.report,) if batch.report else ()
        try:
            return batch.future.result()
        except TimeoutError as error:
            if len(batch.paths) == 1:
                return (_failed(batch.paths[0], error),)
        except Exception:
            # Which of the files it was shows when each is alone.
            pass
        futures = [(path, self._submit((path,))) for path in batch.paths]
        return (report for path, future in futures for report in self._alone(path, future))

    def _alone(self, path: Unmeasured, future: Future[list[Report]]) -> Iterable[Report]:
        for _ in range(MAX_TRIES_ALONE - 1):
            try:
                return future.result()
            except TimeoutError as error:
                return (_failed(path, error),)
            except Exception as error:
                if self._is_here and _may_end_a_process(error):
                    return (_failed(path, error),)
                # Something else may have ended the process: few are so unlucky again.
                future = self._submit((path,))
        try:
            return future.result()
        except Exception as error:
            return (_failed(path, error),)

    def _submit(self, paths: Sequence[Unmeasured]) -> Future[list[Report]]:
        try:
            # Of two types text itself is pickled in less time.
            are_listed = isinstance(paths[0], Listed)
            plain = [str(path) if isinstance(path, str) else path for path in paths]
            return self._executor.submit(self._measure, plain, are_listed)
        except RuntimeError as error:
            from metrics.system.workers import InThisProcess, Workers, done

            if isinstance(self._executor, Workers) and self._executor.timeout is not None:
                # In this process no file could be given up.
                return done(error)
            replacement: Executor | None = None
            if not isinstance(self._executor, Workers):
                with suppress(OSError, RuntimeError):
                    replacement = self._stack.enter_context(Workers(self._jobs))
            self._is_here = replacement is None
            self._executor = replacement or InThisProcess()
            return self._submit(paths)


def _may_end_a_process(error: Exception) -> bool:
    from metrics.system.workers import WorkersBrokenError

    return not isinstance(error, WorkersBrokenError)


def _failed(source: Unmeasured, error: Exception) -> Report:
    type = ErrorType.TIMEOUT if isinstance(error, TimeoutError) else ErrorType.CRASHED
    return Report(_name(source), error=DocumentError(type, str(error) or repr(error)))


def _name(source: Unmeasured) -> str:
    # Where a path is from is of no more interest.
    return source.name if isinstance(source, NamedContent) else str(source)


def _measure(paths: Sequence[Unmeasured], are_listed: bool, *, how: _How) -> list[Report]:
    reports = [*_measured(map(Listed, map(_name, paths)) if are_listed else paths, how)]
    same: dict[tuple[int, ...], Mapping[str, Any]] = {}
    for report in reports:
        # What is one object is pickled once.
        report.blocks = same.setdefault((*map(id, report.blocks.values()),), report.blocks)
    return reports


def _measured(sources: Iterable[DiagramSource], how: _How) -> Iterator[Report]:
    """The reports of sources, in their order, in this process."""
    for group in _read_ahead(sources, how.max_size):
        yield from _measured_at_once(group, how)


def _measured_at_once(group: list[_SourceContent], how: _How) -> list[Report]:
    documents = [
        found if isinstance(found, Report) else _guarded(path, parse, found, path, how.max_size)
        for path, found in group
    ]
    fragments = frozenset(how.fragments)
    reports = [
        found
        if isinstance(found, Report)
        else _guarded(path, measured, found, path, how.templates, fragments)
        for (path, _), found in zip(group, documents, strict=True)
    ]
    if how.fingerprints:
        from metrics.reading.fingerprint import fingerprint

        for report, (_, content) in zip(reports, group, strict=True):
            if report.error is None and isinstance(content, bytes):
                report.fingerprint = fingerprint(content)
    return reports


def _read_ahead(sources: Iterable[DiagramSource], max_size: int) -> Iterator[list[_SourceContent]]:
    """The sources in groups, as they are read; a large one by itself."""
    group: list[_SourceContent] = []
    size = 0
    for source in sources:
        read = _SourceContent("", source) if isinstance(source, Report) else _read(source, max_size)
        more = len(read.found) if isinstance(read.found, bytes) else 0
        if group and size + more > BYTES_AT_ONCE:
            yield group
            group, size = [], 0
        group.append(read)
        size += more
        if len(group) == FILES_AT_ONCE:
            yield group
            group, size = [], 0
    if group:
        yield group


class _SourceContent(NamedTuple):
    """A path and its bytes; or its report, where it has none, or there was one already."""

    path: str
    found: bytes | str | Report


def _read(source: Unmeasured, max_size: int) -> _SourceContent:
    name = _name(source)
    found = source.content if isinstance(source, NamedContent) else source
    try:
        return _SourceContent(name, content(found, max_size))
    except DocumentError as error:
        return _SourceContent(name, Report(name, error=error))
    except Exception:
        # Of another fault it is told when it is measured.
        return _SourceContent(name, found)


def _guarded(path: str, step: Callable[..., Result], *arguments: Any) -> Result | Report:
    try:
        return step(*arguments)
    except Exception as error:
        # A fault of ours, which must not cost the others their results.
        return _failed(path, RuntimeError(f"a fault in metrics: {error!r}"))


def _batches(
    sources: Iterable[DiagramSource], jobs: int
) -> Iterator[Sequence[Unmeasured] | Report]:
    """The sources in batches, each of one type: small ones first, for a first result soon."""
    handed_over, most, size = 0, MIN_FILES, 0
    paths: list[Unmeasured] = []
    for source in sources:
        if paths and type(source) is not type(paths[0]):
            yield paths
            paths, size = [], 0
        if isinstance(source, Report):
            yield source
            continue
        if isinstance(source, NamedContent):
            size += size_of(source)
        elif len(paths) % FILES_PER_SAMPLE == 0:
            size += FILES_PER_SAMPLE * size_of(source)
        paths.append(source)
        if len(paths) >= most or size >= MAX_BYTES:
            yield paths
            handed_over += len(paths)
            # No worker should be left with much when the others have done all.
            most = min(max(handed_over // (4 * jobs), MIN_FILES), MAX_FILES)
            paths, size = [], 0
    if paths:
        yield paths


def size_of(source: Unmeasured) -> int:
    """The bytes of a diagram, 0 where they cannot be known."""
    if isinstance(source, NamedContent):
        return len(source.content)
    try:
        return os.stat(source).st_size
    except (OSError, ValueError):
        return 0
