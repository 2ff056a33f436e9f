"""What the commands that measure many diagrams have in common: processes, progress, the end."""

from __future__ import annotations

import os
import stat
import sys
import warnings
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from itertools import chain, groupby
from typing import TYPE_CHECKING, Final, NamedTuple

import click

from metrics.commands.console import (
    describe_report,
    output,
    require_standard_output,
    show_message,
)
from metrics.formats.text import counted, on_one_line
from metrics.reading.sources import STANDARD_INPUT
from metrics.report import Report
from metrics.scanning.batch import scan_many
from metrics.scanning.discovery import discover
from metrics.scanning.requests import ScanRequest
from metrics.system.exit_status import ExitStatus
from metrics.system.signals import cleanup_on_signal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from collections.abc import Set as AbstractSet
    from concurrent.futures import Executor
    from typing import BinaryIO, TextIO

    from metrics.scanning.requests import DiagramSource
    from metrics.system.output import Stream
    from metrics.system.progress import Progress
    from metrics.template_definitions import TemplateDefinitions

LINES: Final = (".ndjson", ".jsonl")

# What a process must have to do before it pays to start one, and what a diagram takes, about.
SECONDS_PER_JOB: Final = 0.03
SECONDS_PER_FILE: Final = 3e-5
SECONDS_PER_BYTE: Final = 8e-9


class ScanInputs(NamedTuple):
    """What of the sources is read as it stands in this process, and how: standard input, say.

    `read` gives its reports, one or many.
    """

    are: Callable[[DiagramSource], bool]
    read: Callable[[str], Iterable[Report]]


class ScanOptions(NamedTuple):
    """How diagrams are found and measured: the options that commands share."""

    jobs: int | None
    timeout: float | None
    max_size: int
    no_ignore: bool
    templates: TemplateDefinitions | None = None
    fingerprints: bool = False
    fragments: AbstractSet[str] = frozenset()
    tells_warnings: bool = True
    tells_outcome: bool = True


class Run(NamedTuple):
    """The reports of all diagrams, where what is made of them goes, and whether to a terminal."""

    reports: Iterator[Report]
    stream: BinaryIO | Stream
    is_terminal: bool


class Measured(NamedTuple):
    """The reports of all diagrams, and the executor that measures them, if there is one."""

    reports: Iterator[Report]
    executor: Executor | None


@contextmanager
def open_run(
    paths: Sequence[str], inputs: ScanInputs, how: ScanOptions, output_path: str | None
) -> Iterator[Run]:
    """Measure all diagrams of some PATHs, and open what is made of them goes to.

    All else is as for `measured`.
    """
    refuse_to_overwrite(paths, "--output", output_path)
    find = found_at(paths, how)
    is_shown = is_standard_output(output_path)
    with (
        scan_paths(find(), find, inputs, how, is_output_shown=is_shown) as run,
        output_of(output_path) as opened,
    ):
        yield Run(run.reports, *opened)


def found_at(paths: Sequence[str], how: ScanOptions) -> Callable[[], Iterator[DiagramSource]]:
    """What finds all diagrams of some PATHs."""
    return partial(discover, paths, honour_ignores=not how.no_ignore)


def has_lines(source: object) -> bool:
    """Whether a PATH is what a scan printed: by its name, which no diagram has."""
    return isinstance(source, str) and (source == STANDARD_INPUT or source.lower().endswith(LINES))


def refuse_to_overwrite(paths: Iterable[str], option: str, output_path: str | None) -> None:
    """Raises `click.UsageError` where the file that an option names is one that is read."""
    if output_path and any(_is_same_file(output_path, path) for path in paths):
        reason = f"{option} would overwrite {on_one_line(output_path)}, which is read."
        raise click.UsageError(reason)


def is_standard_output(output_path: str | None) -> bool:
    """Whether an option for an output, or that it was left out, means standard output."""
    return output_path in (None, STANDARD_INPUT)


@contextmanager
def output_of(output_path: str | None) -> Iterator[tuple[BinaryIO | Stream, bool]]:
    """The stream that an option for an output means, and whether it is a terminal."""
    is_standard = is_standard_output(output_path)
    if is_standard:
        require_standard_output()
    with output(None if is_standard else output_path) as stream:
        yield stream, is_standard and sys.stdout.isatty()


@contextmanager
def scan_paths(
    found: Iterator[DiagramSource],
    names: Callable[[], Iterator[object]],
    inputs: ScanInputs,
    how: ScanOptions,
    *,
    is_output_shown: bool,
) -> Iterator[Measured]:
    """Measure all that is found, and tell people how that goes, on standard error.

    `names` gives something for each of them, to know how many there are. Where what is printed may
    come to the terminal, `is_output_shown`, no progress is shown there.
    Where a diagram could not be measured, the command ends with that status after the block.
    """
    # Of a pattern that is odd, but means what it means to git.
    warnings.filterwarnings("ignore", module=r"pathspec\.")
    if is_output_shown:
        require_standard_output()
    with ExitStack() as stack:
        most = how.jobs or _processors()
        count, found = _jobs_that_pay(found, most, inputs.are)
        executor = _executor(count, how.timeout, stack)
        progress = None
        if not (is_output_shown and _shares_the_terminal(sys.stdout)) and _shows_progress():
            from metrics.system.progress import Progress

            progress = stack.enter_context(Progress(names))
            stack.enter_context(cleanup_on_signal(progress.erase))
        outcome = _Outcome(progress, how)
        measure = partial(
            scan_many,
            executor=executor,
            jobs=count,
            max_size=how.max_size,
            templates=how.templates,
            fingerprints=how.fingerprints,
            fragments=how.fragments,
        )
        yield Measured(outcome.watch(_reports(found, measure, inputs)), executor)
    if how.tells_outcome:
        outcome.close()
    if outcome.failed:
        raise click.exceptions.Exit(ExitStatus.FAILURE)


def _executor(jobs: int, timeout: float | None, stack: ExitStack) -> Executor | None:
    """What measures diagrams in other processes; None where this one shall, or must."""
    if jobs == 1 and timeout is None:
        return None
    from metrics.system.workers import Workers

    # Who ends the workers may end what Python starts beside them, too.
    warnings.filterwarnings("ignore", module="multiprocessing.resource_tracker")
    try:
        workers = stack.enter_context(Workers(jobs, timeout=timeout))
    except OSError as error:
        # Slower, but for a limit that only another process can be held to.
        if timeout is not None:
            reason = f"--timeout needs a process: {error.strerror}."
            raise click.ClickException(reason) from None
        return None
    stack.enter_context(cleanup_on_signal(workers.end_processes))
    return workers


def _is_same_file(path: str, other: str) -> bool:
    try:
        return os.path.samefile(path, other) and os.path.isfile(path)
    except (OSError, ValueError):
        return False


def _shares_the_terminal(output: TextIO) -> bool:
    """Whether what is printed may come to the terminal: at once, or from who reads a pipe."""
    return output.isatty() or stat.S_ISFIFO(os.fstat(output.fileno()).st_mode)


def _shows_progress() -> bool:
    # Not by rich, which takes FORCE_COLOR for a terminal. What runs in CI may be given one, too.
    return (
        sys.stderr is not None
        and sys.stderr.isatty()
        and os.environ.get("TERM") != "dumb"
        and os.environ.get("CI", "").lower() in ("", "0", "false")
    )


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _jobs_that_pay(
    found: Iterator[DiagramSource], most: int, is_input: Callable[[DiagramSource], bool]
) -> tuple[int, Iterator[DiagramSource]]:
    """How many processes are worth their start, up to a number; and all that was to be found."""
    first: list[DiagramSource] = []
    seconds = 0.0
    while seconds < most * SECONDS_PER_JOB and most > 1 and (item := next(found, None)) is not None:
        first.append(item)
        if isinstance(item, Report):
            continue
        if is_input(item):
            # Nobody waits for it before the others have their results.
            break
        seconds += SECONDS_PER_FILE + SECONDS_PER_BYTE * ScanRequest.of(item).size()
    return max(1, min(most, int(seconds / SECONDS_PER_JOB))), chain(first, found)


class _Outcome:
    """Tells people what went wrong as reports pass, and keeps count for the exit status."""

    def __init__(self, progress: Progress | None, how: ScanOptions) -> None:
        self._progress = progress
        self._tells_warnings = how.tells_warnings
        self.measured = 0
        self.failed = 0
        self.warnings = 0

    def watch(self, reports: Iterable[Report]) -> Iterator[Report]:
        for report in reports:
            self.warnings += len(report.warnings)
            if self._tells_warnings or report.error is not None:
                for line in describe_report(report):
                    self._say(line)
            if report.error is None:
                self.measured += 1
            else:
                self.failed += 1
            if self._progress is not None:
                with suppress(OSError):
                    self._progress.show(self.measured + self.failed, self.failed)
            yield report

    def close(self) -> None:
        """Sum up what was said, once all is printed: it may be far above by then."""
        found = self.measured + self.failed
        if not found:
            show_message("metrics: no diagrams found")
        elif found > 1 and (self.failed or self.warnings):
            parts = [f"metrics: {self.measured:,} of {counted(found, 'diagram')} measured"]
            if self.failed:
                parts.append(f"{self.failed:,} failed")
            if self.warnings:
                parts.append(counted(self.warnings, "warning"))
            show_message(", ".join(parts))

    def _say(self, line: str) -> None:
        # Whoever cannot be told still gets the results, and the exit status.
        with suppress(OSError):
            if self._progress is None or not self._progress.print_above(line):
                show_message(line)


def _reports(
    found: Iterable[DiagramSource],
    measure: Callable[[Iterable[DiagramSource]], Iterator[Report]],
    inputs: ScanInputs,
) -> Iterator[Report]:
    # Nothing is taken ahead across standard input: what comes before it does not wait for it.
    for is_input, sources in groupby(found, inputs.are):
        if is_input:
            for source in sources:
                yield from inputs.read(str(source))
        else:
            yield from measure(sources)
