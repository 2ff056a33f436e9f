"""A run of a command that reads many diagrams: finds and measures them, and opens the output.

This module has what these commands share: worker processes, the progress line, the messages on
standard error, and the exit status.
"""

from __future__ import annotations

import os
import stat
import sys
import warnings
from collections import Counter
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from itertools import chain, groupby
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, cast

import click

from metrics.archives.names import INSTALL_ZSTANDARD
from metrics.catalog import NO_FRAGMENTS, FragmentOptions
from metrics.commands.console import (
    describe_report,
    file_errors_shown,
    require_standard_output,
    show_message,
    source_of,
)
from metrics.commands.outputs import Outputs, files_of, is_standard_output, open_output
from metrics.formats.text import counted
from metrics.reading.sources import STANDARD_INPUT
from metrics.report import Report
from metrics.scanning.batch import explained_reports, scan_many
from metrics.scanning.discovery import count_skipped_archives, discover_selected
from metrics.scanning.requests import ScanRequest, ShardFolder
from metrics.system.exit_status import ExitStatus
from metrics.system.signals import cleanup_on_signal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from concurrent.futures import Executor
    from typing import BinaryIO, TextIO

    from metrics.commands.inputs import RunInputs
    from metrics.scanning.requests import DiagramSource
    from metrics.scanning.selection import Selection
    from metrics.scanning.unpacking import FoundSource, Unpacker
    from metrics.system.output import Stream
    from metrics.system.progress import Progress
    from metrics.template_definitions import TemplateDefinitions

NDJSON_EXTENSIONS: Final = (".ndjson", ".jsonl")

# The work that justifies one more process, and the approximate work for a diagram.
SECONDS_PER_JOB: Final = 0.03
SECONDS_PER_FILE: Final = 3e-5
SECONDS_PER_BYTE: Final = 8e-9


class ScanInputs(NamedTuple):
    """The sources that the main process reads itself, such as standard input.

    `include` returns whether a source is one of them, `read` returns its reports.
    """

    include: Callable[[DiagramSource], bool]
    read: Callable[[str], Iterable[Report]]


class ScanOptions(NamedTuple):
    """The options of a run; most are options of the commands.

    A run that `is_quiet` shows only errors, whatever the other options say. With `explained_keys`,
    the reports carry explanations of these keys, or of all numbers if it is empty.
    """

    jobs: int | None
    timeout: float | None
    max_size: int
    selection: Selection
    unpacker: Unpacker
    templates: TemplateDefinitions | None = None
    fingerprints: bool | Literal["whole"] = False
    added: FragmentOptions = NO_FRAGMENTS
    explained_keys: tuple[str, ...] | None = None
    shows_warnings: bool = True
    shows_totals: bool = True
    is_quiet: bool = False

    def show_note(self, text: str) -> None:
        """Show a note on standard error, unless the run is quiet."""
        if not self.is_quiet:
            show_message(f"metrics: {text}")


class Scan(NamedTuple):
    """The reports of all sources, and the executor that measures them, if there is one."""

    reports: Iterator[Report]
    executor: Executor | None


class Run(NamedTuple):
    """The reports of all diagrams, and the stream to write to."""

    reports: Iterator[Report]
    stream: BinaryIO | Stream
    is_terminal: bool


@contextmanager
def open_run(
    run_inputs: RunInputs, inputs: ScanInputs, options: ScanOptions, output_path: str | None
) -> Iterator[Run]:
    """Measure the diagrams that a run reads, and open the output.

    Ends the command as `scan_paths` does. Raises `click.UsageError` if the output is an input.
    """
    read = (*files_read(run_inputs.paths), *run_inputs.files)
    outputs = Outputs(files_of(output_path), read, options.selection)
    discovery = discovery_of(run_inputs.paths, options)
    sources = options.unpacker.unpack(outputs.watch(discovery()))
    is_shown = is_standard_output(output_path)
    with (
        scan_paths(
            sources,
            None if run_inputs.unpacks else discovery,
            inputs,
            options,
            is_output_shown=is_shown,
            skipped_archives=partial(count_skipped_archives, run_inputs.paths, options.selection),
        ) as scan,
        open_output(output_path) as (stream, is_terminal),
    ):
        yield Run(scan.reports, stream, is_terminal)


def discovery_of(paths: Sequence[str], options: ScanOptions) -> Callable[[], Iterator[FoundSource]]:
    """A function that finds the diagrams at some paths, as often as it is called."""
    return partial(discover_selected, paths, options.selection)


def with_shard_folders(paths: Iterable[str]) -> tuple[str, ...]:
    """The paths; that of a folder with a sharded scan is a `ShardFolder`."""
    from metrics.shards.plan import is_plan_folder

    return tuple(ShardFolder(path) if is_plan_folder(path) else path for path in paths)


def files_read(paths: Iterable[str]) -> Iterator[str]:
    """The paths, and the files of a plan in those that are a `ShardFolder`."""
    for path in paths:
        yield path
        if isinstance(path, ShardFolder):
            from metrics.shards.plan import plan_files
            from metrics.shards.stores import store_at

            with file_errors_shown():
                yield from plan_files(store_at(path))


def is_saved_scan(source: object) -> bool:
    """Whether a source is an earlier scan.

    It is a `ShardFolder`, standard input, or a file with the extension of NDJSON.
    """
    return isinstance(source, str) and (
        isinstance(source, ShardFolder)
        or source == STANDARD_INPUT
        or source.lower().endswith(NDJSON_EXTENSIONS)
    )


def read_saved_scan(source: str, *, max_size: int, fingerprints: bool = False) -> Iterator[Report]:
    """The reports of an earlier scan; see `read_reports`."""
    if isinstance(source, ShardFolder):
        require_zstandard()
        from metrics.shards.collecting import read_shard_reports

        return read_shard_reports(str(source), max_size=max_size, fingerprints=fingerprints)
    from metrics.scanning.ndjson_reports import read_reports

    content, _, name = source_of(source, None)
    return read_reports(content, name, max_size=max_size, fingerprints=fingerprints)


def require_zstandard() -> None:
    """Raise `click.ClickException` if the package that reads and writes shards is missing."""
    from importlib.util import find_spec

    if find_spec("zstandard") is None:
        raise click.ClickException(f"shards need the module zstandard: {INSTALL_ZSTANDARD}")


@contextmanager
def scan_paths(
    sources: Iterator[DiagramSource],
    names: Callable[[], Iterator[object]] | None,
    inputs: ScanInputs,
    options: ScanOptions,
    *,
    is_output_shown: bool,
    add_copies: Callable[[Iterator[Report]], Iterator[Report]] | None = None,
    skipped_archives: Callable[[], int] = int,
) -> Iterator[Scan]:
    """Measure all sources; show progress, errors and warnings on standard error.

    `add_copies` adds a report for each copy of a source that is not measured itself. `names`
    returns an iterator with an item for each report, which the progress line counts; None if only
    the run itself can count them. `skipped_archives` returns how many archives are not read, for a
    note if there are no diagrams. `is_output_shown` says that the command writes to standard
    output: there is no progress line if that may be the same terminal. If a diagram could not be
    measured, the command exits with status 2 after the block.
    """
    if is_output_shown:
        require_standard_output()
    with ExitStack() as stack:
        max_jobs = options.jobs or processors()
        jobs, sources = _worthwhile_jobs(sources, max_jobs, inputs)
        executor = _executor(jobs, options.timeout, stack)
        progress = open_progress(names, stack, is_output_shown=is_output_shown)
        messages = _Messages(progress, options)
        measure = partial(_measure, executor=executor, jobs=jobs, options=options)
        reports = _reports(sources, measure, inputs)
        if add_copies is not None:
            reports = add_copies(reports)
        yield Scan(messages.watch(reports), executor)
    if options.shows_totals:
        messages.show_totals(skipped_archives)
    if messages.failed:
        raise click.exceptions.Exit(ExitStatus.FAILURE)


def processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _worthwhile_jobs(
    sources: Iterator[DiagramSource], max_jobs: int, inputs: ScanInputs
) -> tuple[int, Iterator[DiagramSource]]:
    """The number of processes that the work justifies, and all sources."""
    first: list[DiagramSource] = []
    seconds = 0.0
    while (
        max_jobs > 1
        and seconds < max_jobs * SECONDS_PER_JOB
        and (source := next(sources, None)) is not None
    ):
        first.append(source)
        if isinstance(source, Report):
            # It costs nothing, but an archive may have a million of them.
            seconds += SECONDS_PER_FILE
            continue
        if inputs.include(source):
            # It may have to wait for its writer; the sources before it must not wait, too.
            break
        seconds += SECONDS_PER_FILE + SECONDS_PER_BYTE * ScanRequest.of(source).size()
    return max(1, min(max_jobs, int(seconds / SECONDS_PER_JOB))), chain(first, sources)


def _executor(jobs: int, timeout: float | None, stack: ExitStack) -> Executor | None:
    """The worker processes; None if this process measures all diagrams itself."""
    if jobs == 1 and timeout is None:
        return None
    from metrics.system.workers import Workers

    # The resource tracker warns if a signal ends it together with the workers.
    warnings.filterwarnings("ignore", module="multiprocessing.resource_tracker")
    try:
        workers = stack.enter_context(Workers(jobs, timeout=timeout))
    except OSError as error:
        # The main process can measure the diagrams, but cannot end a file that takes too long.
        if timeout is not None:
            reason = f"--timeout needs a worker process: {error.strerror}."
            raise click.ClickException(reason) from None
        return None
    stack.enter_context(cleanup_on_signal(workers.end_processes))
    return workers


def open_progress(
    names: Callable[[], Iterator[object]] | None,
    stack: ExitStack,
    *,
    is_output_shown: bool,
    noun: str = "files",
) -> Progress | None:
    """The progress line; None if standard error cannot show it, or the output may be there.

    `noun` is what the line counts.
    """
    if (is_output_shown and _may_reach_terminal(sys.stdout)) or not _can_show_progress():
        return None
    from metrics.system.progress import Progress

    progress = stack.enter_context(Progress(names, noun))
    stack.enter_context(cleanup_on_signal(progress.erase))
    return progress


def _may_reach_terminal(output: TextIO) -> bool:
    """Whether output may be shown on the terminal: directly, or by the reader of a pipe."""
    return output.isatty() or stat.S_ISFIFO(os.fstat(output.fileno()).st_mode)


def _can_show_progress() -> bool:
    # rich would treat FORCE_COLOR as a terminal, and some CI systems run jobs in a terminal.
    return (
        sys.stderr is not None
        and sys.stderr.isatty()
        and os.environ.get("TERM") != "dumb"
        and os.environ.get("CI", "").lower() in ("", "0", "false")
    )


def note_of_skipped_archives(number: int) -> str:
    """What to say about archives that are not read."""
    verb, them = ("was", "it") if number == 1 else ("were", "them")
    return f"{counted(number, 'archive')} {verb} skipped: --archives reads {them}"


class _Messages:
    """Shows the errors and warnings of reports as they pass, and counts them."""

    def __init__(self, progress: Progress | None, options: ScanOptions) -> None:
        self._progress = progress
        self._options = options
        self._shows_warnings = options.shows_warnings and not options.is_quiet
        self.measured = 0
        self.failed = 0
        self.warnings = 0
        self.other_rules: Counter[str] = Counter()

    def watch(self, reports: Iterable[Report]) -> Iterator[Report]:
        """Yield the reports unchanged."""
        for report in reports:
            self.warnings += len(report.warnings)
            if report.other_rules:
                self.other_rules.update(report.other_rules)
            for line in describe_report(report, shows_warnings=self._shows_warnings):
                self._show(line)
            if report.error is None:
                self.measured += 1
            else:
                self.failed += 1
            if self._progress is not None:
                with suppress(OSError):
                    self._progress.show(self.measured + self.failed, self.failed)
            yield report

    def show_totals(self, skipped_archives: Callable[[], int]) -> None:
        """Show the number of failures and warnings; their messages may have scrolled away.

        Also show which fragments of an earlier scan are left out.
        """
        if self.other_rules:
            fragments = ", ".join(
                f"{fragment} of {counted(number, 'diagram')}"
                for fragment, number in sorted(self.other_rules.items())
            )
            reason = "counted by another version of its rules"
            self._options.show_note(f"omitted: {fragments} ({reason})")
        diagrams = self.measured + self.failed
        if not diagrams:
            number = 0 if self._options.is_quiet else skipped_archives()
            skipped = f"; {note_of_skipped_archives(number)}" if number else ""
            self._options.show_note(f"no diagrams found{skipped}")
        elif diagrams > 1 and (self.failed or self.warnings):
            parts = [f"{self.measured:,} of {counted(diagrams, 'diagram')} measured"]
            if self.failed:
                parts.append(f"{self.failed:,} failed")
            if self.warnings:
                parts.append(counted(self.warnings, "warning"))
            self._options.show_note(", ".join(parts))

    def _show(self, line: str) -> None:
        # Results and the exit status do not depend on a working standard error.
        with suppress(OSError):
            if self._progress is None or not self._progress.print_above(line):
                show_message(line)


def _measure(
    sources: Iterable[DiagramSource], *, executor: Executor | None, jobs: int, options: ScanOptions
) -> Iterator[Report]:
    if options.explained_keys is not None:
        return explained_reports(
            sources,
            executor,
            jobs=jobs,
            max_size=options.max_size,
            keys=options.explained_keys,
            fragments=options.added.names,
            dialect=options.added.dialect,
        )
    return scan_many(
        sources,
        executor,
        jobs=jobs,
        max_size=options.max_size,
        templates=options.templates,
        fingerprints=options.fingerprints,
        fragments=options.added.names,
        dialect=options.added.dialect,
    )


def _reports(
    sources: Iterable[DiagramSource],
    measure: Callable[[Iterable[DiagramSource]], Iterator[Report]],
    inputs: ScanInputs,
) -> Iterator[Report]:
    # The reports of the sources before an input are yielded before the input is read.
    for is_input, group in groupby(sources, inputs.include):
        if is_input:
            for source in group:
                yield from inputs.read(cast("str", source))
        else:
            yield from measure(group)
