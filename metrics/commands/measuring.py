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

from metrics.batch import file_size, scan_many
from metrics.commands.streams import (
    EXIT_UNMEASURED,
    output,
    require_standard_output,
    tell,
    told,
)
from metrics.discovery import STANDARD_INPUT, discover
from metrics.formats import counted, on_one_line
from metrics.report import Report
from metrics.signals import cleared_by

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from concurrent.futures import Executor
    from typing import BinaryIO, TextIO

    from metrics.output import Stream
    from metrics.progress import Progress
    from metrics.template_definitions import TemplateDefinitions

# What a process must have to do before it pays to start one, and what a diagram takes, about.
SECONDS_A_JOB: Final = 0.03
SECONDS_A_FILE: Final = 3e-5
SECONDS_A_BYTE: Final = 8e-9


class Inputs(NamedTuple):
    """What of the PATHs is read as it stands in this process, and how: standard input, say.

    `read` gives its reports, one or many.
    """

    are: Callable[[str | Report], bool]
    read: Callable[[str], Iterable[Report]]


class How(NamedTuple):
    """How diagrams are found and measured: the options that commands share."""

    jobs: int | None
    timeout: float | None
    max_size: int
    no_ignore: bool
    templates: TemplateDefinitions | None = None
    fingerprints: bool = False
    tells_warnings: bool = True


class Run(NamedTuple):
    """The reports of all diagrams, where what is made of them goes, and whether to a terminal."""

    reports: Iterator[Report]
    stream: BinaryIO | Stream
    is_terminal: bool


@contextmanager
def measuring(
    paths: Sequence[str], inputs: Inputs, how: How, output_path: str | None
) -> Iterator[Run]:
    """Measure all diagrams of some PATHs, and tell people how that goes, on standard error.

    Where a diagram could not be measured, the command ends with that status after the block.
    """
    if output_path and any(_is_same_file(output_path, path) for path in paths):
        raise click.UsageError(f"--output would overwrite {on_one_line(output_path)}, a PATH.")
    # Of a pattern that is odd, but means what it means to git.
    warnings.filterwarnings("ignore", module=r"pathspec\.")
    find = partial(discover, paths, honour_ignores=not how.no_ignore)
    to_file = output_path not in (None, STANDARD_INPUT)
    if not to_file:
        require_standard_output()
    with ExitStack() as stack:
        most = how.jobs or _processors()
        count, found = _jobs_that_pay(find(), most, inputs.are)
        executor = _executor(count, how.timeout, stack)
        progress = None
        if (to_file or not _shares_the_terminal(sys.stdout)) and _shows_progress():
            from metrics.progress import Progress

            progress = stack.enter_context(Progress(find))
            stack.enter_context(cleared_by(progress.erase))
        outcome = _Outcome(progress, tells_warnings=how.tells_warnings)
        measure = partial(
            scan_many,
            executor=executor,
            jobs=count,
            max_size=how.max_size,
            templates=how.templates,
            fingerprints=how.fingerprints,
        )
        reports = outcome.watch(_reports(found, measure, inputs))
        stream = stack.enter_context(output(output_path if to_file else None))
        yield Run(reports, stream, is_terminal=not to_file and sys.stdout.isatty())
    outcome.close()
    if outcome.failed:
        raise click.exceptions.Exit(EXIT_UNMEASURED)


def _executor(jobs: int, timeout: float | None, stack: ExitStack) -> Executor | None:
    """What measures diagrams in other processes; None where this one shall, or must."""
    if jobs == 1 and timeout is None:
        return None
    from metrics.workers import Workers

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
    stack.enter_context(cleared_by(workers.end_processes))
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
    found: Iterator[str | Report], most: int, is_input: Callable[[str | Report], bool]
) -> tuple[int, Iterator[str | Report]]:
    """How many processes are worth their start, up to a number; and all that was to be found."""
    first: list[str | Report] = []
    seconds = 0.0
    while seconds < most * SECONDS_A_JOB and most > 1 and (item := next(found, None)) is not None:
        first.append(item)
        if isinstance(item, Report):
            continue
        if is_input(item):
            # Nobody waits for it before the others have their results.
            break
        seconds += SECONDS_A_FILE + SECONDS_A_BYTE * file_size(item)
    return max(1, min(most, int(seconds / SECONDS_A_JOB))), chain(first, found)


class _Outcome:
    """Tells people what went wrong as reports pass, and keeps count for the exit status."""

    def __init__(self, progress: Progress | None, *, tells_warnings: bool) -> None:
        self._progress = progress
        self._tells_warnings = tells_warnings
        self.measured = 0
        self.failed = 0
        self.warnings = 0

    def watch(self, reports: Iterable[Report]) -> Iterator[Report]:
        for report in reports:
            self.warnings += len(report.warnings)
            if self._tells_warnings or report.error is not None:
                for line in told(report):
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
            tell("metrics: no diagrams found")
        elif found > 1 and (self.failed or self.warnings):
            parts = [f"metrics: {self.measured:,} of {counted(found, 'diagram')} measured"]
            if self.failed:
                parts.append(f"{self.failed:,} failed")
            if self.warnings:
                parts.append(counted(self.warnings, "warning"))
            tell(", ".join(parts))

    def _say(self, line: str) -> None:
        # Whoever cannot be told still gets the results, and the exit status.
        with suppress(OSError):
            if self._progress is None or not self._progress.say(line):
                tell(line)


def _reports(
    found: Iterable[str | Report],
    measure: Callable[[Iterable[str | Report]], Iterator[Report]],
    inputs: Inputs,
) -> Iterator[Report]:
    # Nothing is taken ahead across standard input: what comes before it does not wait for it.
    for is_input, sources in groupby(found, inputs.are):
        if is_input:
            for source in sources:
                yield from inputs.read(str(source))
        else:
            yield from measure(sources)
