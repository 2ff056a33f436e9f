"""`metrics scan`: options, progress, exit status; nothing that a library user would miss."""

from __future__ import annotations

import os
import stat
import sys
import warnings as python_warnings
from contextlib import ExitStack, suppress
from functools import partial
from itertools import chain, groupby
from typing import TYPE_CHECKING, Final

import click

from metrics.batch import file_size, scan_many
from metrics.commands import options
from metrics.commands.streams import (
    EXIT_UNMEASURED,
    output,
    require_standard_output,
    scanned,
    tell,
    told,
)
from metrics.discovery import STANDARD_INPUT, discover
from metrics.formats import FORMATS, Layout, counted, format_named, on_one_line
from metrics.report import FRAGMENTS, Report
from metrics.signals import cleared_by

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Executor
    from typing import TextIO

    from metrics.progress import Progress

# What a process must have to do before it pays to start one, and what a diagram takes, about.
SECONDS_A_JOB: Final = 0.03
SECONDS_A_FILE: Final = 3e-5
SECONDS_A_BYTE: Final = 8e-9

# The mark keeps the lines as they are.
EXAMPLES: Final = """\b
Examples:
  metrics scan order.bpmn
  metrics scan --fragment diagramMetrics processes/
  metrics scan --format csv --output metrics.csv processes/
  cat order.bpmn | metrics scan --stdin-filename order.bpmn -
"""


@click.command(name="scan", epilog=EXAMPLES)
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(allow_dash=True))
@click.option(
    "--fragment",
    "fragments",
    multiple=True,
    type=click.Choice(FRAGMENTS),
    help="Print only this part of the payload; can be given several times.",
)
@click.option(
    "-f",
    "--format",
    "format_name",
    type=click.Choice(tuple(FORMATS)),
    help="Default: json for a single file, ndjson for a folder or several paths.",
)
@click.option(
    "-o",
    "--output",
    "output_path",
    metavar="FILE",
    type=click.Path(dir_okay=False, allow_dash=True),
    help="Write to a file, whole or not at all: an earlier one survives a failed run.",
)
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="Processes that measure, where there is enough to do for them; 1 stays in this process."
    " Default: the number of processors.",
)
@click.option(
    "--timeout",
    type=options.seconds,
    metavar="SECONDS",
    help="Give up a file that takes longer. Default: never.",
)
@options.template_source
@options.template_folders
@options.documented_keys
@click.option(
    "--warnings", is_flag=True, help="Add what was untidy to what is printed of a diagram."
)
@options.max_size
@options.stdin_filename
@click.option(
    "--no-ignore", is_flag=True, help="Do not honour .gitignore files, and go into hidden folders."
)
def command(
    paths: tuple[str, ...],
    fragments: tuple[str, ...],
    format_name: str | None,
    output_path: str | None,
    jobs: int | None,
    timeout: float | None,
    template_source: str,
    template_folders: tuple[str, ...],
    documented_keys: bool,
    warnings: bool,
    max_size: int,
    stdin_filename: str | None,
    no_ignore: bool,
) -> None:
    """Print the metric payload of each diagram.

    A PATH is a file, a folder, or - for standard input; without one, the current folder is
    scanned. One file gives its payload as indented JSON, a folder or several paths a line of JSON
    a diagram.

    The exit status is 2 where a diagram could not be measured: its place in the output says why.
    """
    if stdin_filename is not None and STANDARD_INPUT not in paths:
        raise click.UsageError("--stdin-filename needs -, standard input, among the paths.")
    if output_path and any(_is_same_file(output_path, path) for path in paths):
        raise click.UsageError(f"--output would overwrite {on_one_line(output_path)}, a PATH.")
    templates = options.template_definitions(template_source, template_folders, max_size)
    paths = paths or (os.curdir,)
    single = len(paths) == 1 and not os.path.isdir(paths[0])
    write = format_named(format_name or ("json" if single else "ndjson"))
    # Of a pattern that is odd, but means what it means to git.
    python_warnings.filterwarnings("ignore", module=r"pathspec\.")
    find = partial(discover, paths, honour_ignores=not no_ignore)
    to_file = output_path not in (None, STANDARD_INPUT)
    if not to_file:
        require_standard_output()
    is_terminal = not to_file and sys.stdout.isatty()
    with ExitStack() as stack:
        layout = Layout(fragments, documented_keys, warnings, single, is_terminal)
        count, found = _jobs_that_pay(find(), jobs or _processors())
        executor = _executor(count, timeout, stack)
        progress = None
        if (to_file or not _shares_the_terminal(sys.stdout)) and _shows_progress():
            from metrics.progress import Progress

            progress = stack.enter_context(Progress(find))
            stack.enter_context(cleared_by(progress.erase))
        outcome = _Outcome(progress)
        measure = partial(
            scan_many, executor=executor, jobs=count, max_size=max_size, templates=templates
        )
        measure_input = partial(
            scanned, STANDARD_INPUT, stdin_filename, max_size=max_size, templates=templates
        )
        reports = _reports(found, measure, measure_input)
        stream = stack.enter_context(output(output_path if to_file else None))
        for piece in write(outcome.watch(reports), layout):
            stream.write(piece)
    outcome.close()
    if outcome.failed:
        raise click.exceptions.Exit(EXIT_UNMEASURED)


def _executor(jobs: int, timeout: float | None, stack: ExitStack) -> Executor | None:
    """What measures diagrams in other processes; None where this one shall, or must."""
    if jobs == 1 and timeout is None:
        return None
    from metrics.workers import Workers

    # Who ends the workers may end what Python starts beside them, too.
    python_warnings.filterwarnings("ignore", module="multiprocessing.resource_tracker")
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


def _jobs_that_pay(found: Iterator[str | Report], most: int) -> tuple[int, Iterator[str | Report]]:
    """How many processes are worth their start, up to a number; and all that was to be found."""
    first: list[str | Report] = []
    seconds = 0.0
    while seconds < most * SECONDS_A_JOB and most > 1 and (item := next(found, None)) is not None:
        first.append(item)
        if isinstance(item, Report):
            continue
        if item == STANDARD_INPUT:
            # Nobody waits for it before the others have their results.
            break
        seconds += SECONDS_A_FILE + SECONDS_A_BYTE * file_size(item)
    return max(1, min(most, int(seconds / SECONDS_A_JOB))), chain(first, found)


class _Outcome:
    """Tells people what went wrong as reports pass, and keeps count for the exit status."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self.measured = 0
        self.failed = 0
        self.warnings = 0

    def watch(self, reports: Iterable[Report]) -> Iterator[Report]:
        for report in reports:
            self.warnings += len(report.warnings)
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
    measure_input: Callable[[], Report],
) -> Iterator[Report]:
    # Nothing is taken ahead across standard input: what comes before it does not wait for it.
    for is_input, sources in groupby(found, lambda source: source == STANDARD_INPUT):
        if is_input:
            yield from (measure_input() for _ in sources)
        else:
            yield from measure(sources)
