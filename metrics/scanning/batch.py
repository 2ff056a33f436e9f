"""Measures many files with any executor: yields reports in order, in bounded memory."""

from __future__ import annotations

import os
from contextlib import ExitStack, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeVar

from metrics.catalog import FragmentOptions, known_dialect, own_fragments
from metrics.reading.errors import DocumentError, ErrorType
from metrics.reading.sources import DEFAULT_MAX_SIZE, content, require_iterable
from metrics.report import Report, failed, measured, parse
from metrics.scanning.requests import DiagramSource, ScanRequest
from metrics.system.tasks import submit_in_order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from concurrent.futures import Executor, Future

    from metrics.explanation import Explanation
    from metrics.reading.document import Document
    from metrics.template_definitions import TemplateDefinitions

Result = TypeVar("Result")
Fields = tuple[Any, ...]

# The bounds of a batch.
MIN_FILES: Final = 8
MAX_FILES: Final = 256
MAX_BYTES: Final = 4 * 1024 * 1024
# An explanation may take fifty times the memory of its file.
MAX_BYTES_TO_EXPLAIN: Final = 512 * 1024
BATCHES_PER_WORKER: Final = 4
# One file in four is asked for its size: asking every file would double the work of dispatching.
FILES_PER_SAMPLE: Final = 4
MAX_TRIES_ALONE: Final = 2

# A processor repeats one step faster than it alternates between steps, so all files of a group are
# read, then parsed, then measured.
FILES_PER_GROUP: Final = 32
BYTES_PER_GROUP: Final = 256 * 1024


def scan_many(
    paths: Iterable[DiagramSource | os.PathLike[str]],
    executor: Executor | None = None,
    *,
    jobs: int | None = None,
    max_size: int = DEFAULT_MAX_SIZE,
    templates: TemplateDefinitions | None = None,
    fingerprints: bool | Literal["whole"] = False,
    fragments: AbstractSet[str] = frozenset(),
    dialect: str | None = None,
) -> Iterator[Report]:
    """Measure many diagrams and yield their reports in the order of the paths.

    A `Report` among the paths is passed through; for a `NamedContent`, its bytes are measured.
    Without an `executor`, this process measures the diagrams as their reports are requested, and
    takes a few paths ahead. An `executor` gets the diagrams in batches, with a few pending batches
    for each of its `jobs` workers (default: the number of processors), however slowly the reports
    are consumed. `max_size`, `templates`, `fragments` and `dialect` are as for `scan`; with
    `fingerprints`, each report of a measured diagram has a fingerprint. It covers only parts of a
    large file unless `fingerprints` is `"whole"`. The set of `fragments` may grow while paths are
    taken: each path is measured with the set as it is after the path was taken.

    Every path gets a report. When a batch fails, its files are measured again one by one. A file
    has the error `crashed` if its worker dies twice or if it triggers a bug in this library, and
    `timeout` if it takes longer than the executor allows (see `Workers`). If the executor accepts
    no more work, new `Workers` take over; if it is itself a `Workers`, this process does. `Workers`
    with a timeout are not replaced, since this process cannot end a slow file: the remaining files
    have the error `crashed`. Raises `TypeError` for anything that is not a path, a `NamedContent`
    or a `Report`.
    """
    own_fragments(fragments)
    added = FragmentOptions(fragments, known_dialect(dialect))
    options = _Options(max_size, templates, fingerprints, added)
    return _reports(paths, executor, jobs, options)


def explain_many(
    paths: Iterable[DiagramSource | os.PathLike[str]],
    executor: Executor | None = None,
    *,
    jobs: int | None = None,
    max_size: int = DEFAULT_MAX_SIZE,
    keys: Iterable[str] = (),
    fragments: AbstractSet[str] = frozenset(),
    dialect: str | None = None,
) -> Iterator[Explanation]:
    """Explain many diagrams and yield their explanations in the order of the paths.

    With `keys`, only the numbers with these keys or below them are explained. The other arguments
    are those of `scan_many`. A `Report` among the paths has an explanation without numbers. Raises
    `KeyError` for a key that no payload has.
    """
    from metrics.explanation import explanation_of, known_keys

    reports = explained_reports(
        paths,
        executor,
        jobs=jobs,
        max_size=max_size,
        keys=known_keys(keys),
        fragments=fragments,
        dialect=dialect,
    )
    return map(explanation_of, reports)


def explained_reports(
    paths: Iterable[DiagramSource | os.PathLike[str]],
    executor: Executor | None = None,
    *,
    jobs: int | None = None,
    max_size: int = DEFAULT_MAX_SIZE,
    keys: tuple[str, ...] = (),
    fragments: AbstractSet[str] = frozenset(),
    dialect: str | None = None,
) -> Iterator[Report]:
    """Like `explain_many`, but yields the reports that carry the explanations."""
    own_fragments(fragments)
    added = FragmentOptions(fragments, known_dialect(dialect))
    return _reports(paths, executor, jobs, _Options(max_size, None, False, added, keys))


class _Options(NamedTuple):
    """How files are measured: the options of `scan_many` or, with `keys`, of `explain_many`."""

    max_size: int
    templates: TemplateDefinitions | None
    fingerprints: bool | Literal["whole"]
    added: FragmentOptions
    keys: tuple[str, ...] | None = None

    @property
    def max_bytes(self) -> int:
        """The largest size of the files in a batch."""
        return MAX_BYTES if self.keys is None else MAX_BYTES_TO_EXPLAIN

    def measure(self, document: Document, name: str) -> Report:
        """The report of a document."""
        if self.keys is None:
            return measured(document, name, self.templates, self.added)
        from metrics.explanation import explained

        return explained(document, name, self.keys, self.added)


def _reports(
    paths: Iterable[DiagramSource | os.PathLike[str]],
    executor: Executor | None,
    jobs: int | None,
    options: _Options,
) -> Iterator[Report]:
    requests = map(ScanRequest.of, require_iterable(paths))
    if executor is None:
        return _measured(requests, options)
    jobs = jobs or os.cpu_count() or 1
    measure = partial(_measured_in_worker, options=options)
    return _measured_by(executor, _batches(requests, jobs, options.max_bytes), measure, jobs)


def _measured_by(
    executor: Executor,
    batches: Iterable[Sequence[ScanRequest]],
    measure: Callable[[Sequence[Fields]], list[Report]],
    jobs: int,
) -> Iterator[Report]:
    with ExitStack() as stack:
        dispatcher = _Dispatcher(executor, measure, jobs, stack)
        max_pending = BATCHES_PER_WORKER * jobs
        pending = submit_in_order(
            dispatcher.submit_batch,
            batches,
            max_pending,
            bytes_held=_bytes_held,
            max_bytes=max_pending * MAX_BYTES,
        )
        for batch, future in pending:
            yield from dispatcher.reports(batch, future)


class _Dispatcher:
    """Submits batches to an executor, and single files when their batch fails."""

    def __init__(
        self,
        executor: Executor,
        measure: Callable[[Sequence[Fields]], list[Report]],
        jobs: int,
        stack: ExitStack,
    ) -> None:
        self._executor = executor
        self._measure = measure
        self._jobs = jobs
        self._stack = stack
        self._is_in_this_process = False

    def submit_batch(self, batch: Sequence[ScanRequest]) -> Future[list[Report]]:
        return self._submit(_to_measure(batch))

    def reports(
        self, batch: Sequence[ScanRequest], future: Future[list[Report]]
    ) -> Iterator[Report]:
        """The reports of a batch, including those that it had from the start."""
        results = self._results(_to_measure(batch), future)
        return (next(results) if request.report is None else request.report for request in batch)

    def _results(
        self, requests: Sequence[ScanRequest], future: Future[list[Report]]
    ) -> Iterator[Report]:
        try:
            return iter(future.result())
        except TimeoutError as error:
            if len(requests) == 1:
                return iter((_crashed(requests[0].name, error),))
        except Exception:
            # Measuring each file alone shows which one failed.
            pass
        futures = [(request, self._submit((request,))) for request in requests]
        return (report for request, future in futures for report in self._alone(request, future))

    def _alone(self, request: ScanRequest, future: Future[list[Report]]) -> Iterable[Report]:
        for _ in range(MAX_TRIES_ALONE - 1):
            try:
                return future.result()
            except TimeoutError as error:
                return (_crashed(request.name, error),)
            except Exception as error:
                if self._is_in_this_process and _may_end_a_process(error):
                    return (_crashed(request.name, error),)
                # Something else may have ended the process; that rarely happens twice.
                future = self._submit((request,))
        try:
            return future.result()
        except Exception as error:
            return (_crashed(request.name, error),)

    def _submit(self, requests: Sequence[ScanRequest]) -> Future[list[Report]]:
        try:
            # Plain tuples are pickled in a tenth of the time.
            return self._executor.submit(self._measure, [*map(tuple, requests)])
        except RuntimeError as error:
            from metrics.system.workers import InThisProcess, Workers, done

            if isinstance(self._executor, Workers) and self._executor.timeout is not None:
                # The main process cannot end a file that takes too long.
                return done(error)
            replacement: Executor | None = None
            if not isinstance(self._executor, Workers):
                with suppress(OSError, RuntimeError):
                    replacement = self._stack.enter_context(Workers(self._jobs))
            self._is_in_this_process = replacement is None
            self._executor = replacement or InThisProcess()
            return self._submit(requests)


def _to_measure(batch: Iterable[ScanRequest]) -> list[ScanRequest]:
    return [request for request in batch if request.report is None]


def _bytes_held(batch: Iterable[ScanRequest]) -> int:
    """The number of bytes in memory: those of files are not read yet."""
    return sum(len(request.content) for request in batch if request.content is not None)


def _may_end_a_process(error: Exception) -> bool:
    from metrics.system.workers import WorkersBrokenError

    return not isinstance(error, WorkersBrokenError)


def _crashed(name: str, error: Exception) -> Report:
    type = ErrorType.TIMEOUT if isinstance(error, TimeoutError) else ErrorType.CRASHED
    return Report(name, error=DocumentError(type, str(error) or repr(error)))


def _measured_in_worker(requests: Sequence[Fields], *, options: _Options) -> list[Report]:
    reports = [*_measured(map(ScanRequest._make, requests), options)]
    same: dict[tuple[int, ...], Mapping[str, Any]] = {}
    for report in reports:
        # Equal blocks are often the same objects, and pickle sends one object only once.
        report.blocks = same.setdefault((*map(id, report.blocks.values()),), report.blocks)
    return reports


def _measured(requests: Iterable[ScanRequest], options: _Options) -> Iterator[Report]:
    """Measure in this process, and yield the reports in order."""
    for group in _read_ahead(requests, options.max_size):
        yield from _measured_group(group, options)


def _measured_group(group: Sequence[_ReadRequest], options: _Options) -> list[Report]:
    documents = [
        _unless_report(name, content, parse, name, options.max_size) for name, content in group
    ]
    reports = [
        _unless_report(name, document, options.measure, name)
        for (name, _), document in zip(group, documents, strict=True)
    ]
    if options.fingerprints:
        from metrics.reading.fingerprint import fingerprint

        for report, (_, content) in zip(reports, group, strict=True):
            if report.error is None and isinstance(content, bytes):
                is_whole = options.fingerprints == "whole"
                report.fingerprint = fingerprint(content, is_whole=is_whole)
    return reports


class _ReadRequest(NamedTuple):
    """The name of a diagram with its content, or with its report if it could not be read."""

    name: str
    content: bytes | Report


def _read_ahead(requests: Iterable[ScanRequest], max_size: int) -> Iterator[list[_ReadRequest]]:
    """Read files in groups; a large file is a group by itself."""
    group: list[_ReadRequest] = []
    size = 0
    for request in requests:
        read = _ReadRequest(request.name, request.report or _read(request, max_size))
        more = len(read.content) if isinstance(read.content, bytes) else 0
        if group and size + more > BYTES_PER_GROUP:
            yield group
            group, size = [], 0
        group.append(read)
        size += more
        if len(group) == FILES_PER_GROUP:
            yield group
            group, size = [], 0
    if group:
        yield group


def _read(request: ScanRequest, max_size: int) -> bytes | Report:
    try:
        return content(request.source, max_size)
    except (DocumentError, MemoryError) as error:
        return failed(request.name, error)
    except Exception as error:
        return _bug(request.name, error)


def _unless_report(
    name: str, value: object, step: Callable[..., Result], *arguments: Any
) -> Result | Report:
    """Apply a step to a value, unless the step before it returned a report."""
    if isinstance(value, Report):
        return value
    try:
        return step(value, *arguments)
    except Exception as error:
        return _bug(name, error)


def _bug(name: str, error: Exception) -> Report:
    """The report of a file that triggers a bug; the other files keep their results."""
    return _crashed(name, RuntimeError(f"a bug in metrics: {error!r}"))


def _batches(
    requests: Iterable[ScanRequest], jobs: int, max_bytes: int
) -> Iterator[Sequence[ScanRequest]]:
    """Split requests into batches, small ones first, so that the first results come early."""
    submitted, max_files, size = 0, MIN_FILES, 0
    batch: list[ScanRequest] = []
    for request in requests:
        if request.content is not None:
            size += request.size()
        elif len(batch) % FILES_PER_SAMPLE == 0:
            size += FILES_PER_SAMPLE * request.size()
        batch.append(request)
        if len(batch) >= max_files or size >= max_bytes:
            yield batch
            submitted += len(batch)
            # Small enough that no worker has much left when the others are done.
            max_files = min(max(submitted // (4 * jobs), MIN_FILES), MAX_FILES)
            batch, size = [], 0
    if batch:
        yield batch
