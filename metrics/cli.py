"""The command line: options, streams, exit status; nothing that a library user would miss."""

from __future__ import annotations

import os
import re
import stat
import sys
import warnings as python_warnings
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from functools import partial
from itertools import chain, groupby
from typing import TYPE_CHECKING, Any, Final

import click

from metrics.batch import file_size, scan_many
from metrics.discovery import STANDARD_INPUT, discover
from metrics.document import DocumentError, ErrorType
from metrics.formats import FORMATS, Layout, counted, format_named, on_one_line
from metrics.report import FRAGMENTS, Report, scan
from metrics.signals import cleared_by
from metrics.sources import DEFAULT_MAX_SIZE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Executor
    from typing import BinaryIO, TextIO

    from metrics.output import Stream
    from metrics.progress import Progress
    from metrics.template_definitions import TemplateDefinitions

EXIT_UNMEASURED: Final = 2
EXIT_BROKEN_PIPE: Final = 141

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

UNITS: Final = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30}
LONGEST: Final = 10**6


class Size(click.ParamType[int]):
    """A number of bytes, with K, M or G for the powers of 1024."""

    name = "bytes"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        match = re.fullmatch(r"(\d{1,18})\s*([KMG]?)(?:i?B)?", value, re.IGNORECASE)
        if match is None:
            self.fail(f"{value!r} is no size: write 500000, 800K or 100M.", param, ctx)
        return int(match[1]) * UNITS[match[2].upper()]


class Seconds(click.ParamType[float]):
    """A time of more than nothing."""

    name = "seconds"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        try:
            seconds = float(value)
        except ValueError:
            seconds = 0
        if not 0 < seconds <= LONGEST:
            self.fail(f"{value!r} is no number of seconds above 0.", param, ctx)
        return seconds


def run() -> int:
    """Do what the command line asks for; returns the exit status."""
    try:
        status: int = metrics.main(prog_name="metrics", standalone_mode=False)
    except click.ClickException as error:
        with suppress(OSError):
            error.show()
        return EXIT_UNMEASURED
    except OSError as error:
        with suppress(OSError):
            click.echo(f"Error: cannot write the output: {error.strerror}", err=True)
        return EXIT_UNMEASURED
    return status


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="bpmn-metrics", prog_name="metrics")
def metrics() -> None:
    """Read BPMN, DMN and Form diagrams, and print the metrics that the Camunda Modeler counts."""


@metrics.command(name="scan", epilog=EXAMPLES)
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
    type=Seconds(),
    metavar="SECONDS",
    help="Give up a file that takes longer. Default: never.",
)
@click.option(
    "--templates",
    "template_source",
    type=click.Choice(("diagram", "definitions")),
    default="diagram",
    show_default=True,
    help="Take element templates from what the diagram uses, or from the definitions that the"
    " Modeler would find for it.",
)
@click.option(
    "--template-path",
    "template_folders",
    metavar="DIR",
    multiple=True,
    type=click.Path(exists=True, file_okay=False),
    help="With --templates definitions, a further folder with element-templates; can be given"
    " several times.",
)
@click.option(
    "--documented-keys", is_flag=True, help="Spell keys as the telemetry page does: 'nesting:'."
)
@click.option(
    "--warnings", is_flag=True, help="Add what was untidy to what is printed of a diagram."
)
@click.option(
    "--max-size",
    type=Size(),
    default=DEFAULT_MAX_SIZE,
    metavar="BYTES",
    help="Refuse larger files as too large; 100M and the like are read. Default: 256M.",
)
@click.option(
    "--stdin-filename", metavar="NAME", help="What standard input is called, for its type."
)
@click.option(
    "--no-ignore", is_flag=True, help="Do not honour .gitignore files, and go into hidden folders."
)
def scan_command(
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
    if stdin_filename and STANDARD_INPUT not in paths:
        raise click.UsageError("--stdin-filename needs -, standard input, among the paths.")
    if output_path and any(_is_same_file(output_path, path) for path in paths):
        raise click.UsageError(f"--output would overwrite {on_one_line(output_path)}, a PATH.")
    if template_folders and template_source != "definitions":
        raise click.UsageError("--template-path needs --templates definitions.")
    templates = None
    if template_source == "definitions":
        from metrics.template_definitions import TemplateDefinitions

        templates = TemplateDefinitions(template_folders, max_size=max_size)
    paths = paths or (os.curdir,)
    single = len(paths) == 1 and not os.path.isdir(paths[0])
    write = format_named(format_name or ("json" if single else "ndjson"))
    # Of a pattern that is odd, but means what it means to git.
    python_warnings.filterwarnings("ignore", module=r"pathspec\.")
    find = partial(discover, paths, honour_ignores=not no_ignore)
    to_file = output_path not in (None, STANDARD_INPUT)
    if not to_file and sys.stdout is None:
        raise click.ClickException("standard output is closed.")
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
            _standard_input, stdin_filename, max_size=max_size, templates=templates
        )
        reports = _reports(found, measure, measure_input)
        output = stack.enter_context(_output(output_path if to_file else None))
        for piece in write(outcome.watch(reports), layout):
            output.write(piece)
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


@contextmanager
def _output(path: str | None) -> Iterator[BinaryIO | Stream]:
    """The file at a path, or else standard output."""
    from metrics.output import Stream, replacing

    try:
        with Stream(sys.stdout.fileno()) if path is None else replacing(path) as output:
            yield output
    except BrokenPipeError:
        # Here, since click ends a broken pipe with a status of its own.
        raise click.exceptions.Exit(EXIT_BROKEN_PIPE) from None
    except OSError as error:
        if path is None:
            raise
        reason = f"cannot write {on_one_line(path) or repr(path)}: {error.strerror}"
        raise click.ClickException(reason) from None


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
            for warning in report.warnings:
                self._say(report.file, warning.line, None, f"warning: {warning.message}")
            if report.error is None:
                self.measured += 1
            else:
                self.failed += 1
                error = report.error
                self._say(report.file, error.line, error.column, f"{error.type}: {error.message}")
            if self._progress is not None:
                with suppress(OSError):
                    self._progress.show(self.measured + self.failed, self.failed)
            yield report

    def close(self) -> None:
        """Sum up what was said, once all is printed: it may be far above by then."""
        found = self.measured + self.failed
        if not found:
            self._echo("metrics: no diagrams found")
        elif found > 1 and (self.failed or self.warnings):
            parts = [f"metrics: {self.measured:,} of {counted(found, 'diagram')} measured"]
            if self.failed:
                parts.append(f"{self.failed:,} failed")
            if self.warnings:
                parts.append(counted(self.warnings, "warning"))
            self._echo(", ".join(parts))

    def _say(self, file: str | None, line: int | None, column: int | None, message: str) -> None:
        place = ":".join(str(part) for part in (line, column) if part is not None)
        name = STANDARD_INPUT if file is None else file or repr(file)
        said = on_one_line(f"{name}:{place}: {message}" if place else f"{name}: {message}")
        with suppress(OSError):
            if self._progress is None or not self._progress.say(said):
                self._echo(said)

    def _echo(self, line: str) -> None:
        # Whoever cannot be told still gets the results, and the exit status.
        with suppress(OSError):
            click.echo(line, err=True)


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


def _standard_input(
    name: str | None, *, max_size: int, templates: TemplateDefinitions | None
) -> Report:
    file = name or STANDARD_INPUT
    if sys.stdin is None:
        error = DocumentError(ErrorType.UNREADABLE, "standard input is closed")
        return Report(file, error=error)
    report = scan(sys.stdin.buffer, name=name, max_size=max_size, templates=templates)
    return replace(report, file=file)
