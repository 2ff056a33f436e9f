"""`metrics check`: whether diagrams keep their limits."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

import click

from metrics.checks.baseline import Baseline, dumps
from metrics.checks.baseline import read as read_baseline
from metrics.checks.configuration import FILES
from metrics.checks.configuration import read as read_configuration
from metrics.checks.gate import Gate
from metrics.checks.limits import LimitError, check_total, parse
from metrics.checks.result import explain_violations
from metrics.commands import options
from metrics.commands.console import require_standard_input, show_message, source_of
from metrics.commands.runs import (
    ScanInputs,
    ScanOptions,
    discovery_of,
    is_standard_output,
    open_output,
    refuse_to_overwrite,
    scan_paths,
)
from metrics.formats.check import FORMATS, format_named
from metrics.formats.text import counted, on_one_line
from metrics.reading.errors import DocumentError, truncated
from metrics.reading.sources import STANDARD_INPUT, FileError, NamedContent, content
from metrics.report import failed, scan
from metrics.scanning.discovery import EXTENSIONS
from metrics.system.exit_status import ExitStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from metrics.checks.configuration import Configuration
    from metrics.checks.limits import Limit
    from metrics.checks.result import CheckResult
    from metrics.formats.check import Format
    from metrics.report import Report
    from metrics.scanning.requests import DiagramSource
    from metrics.template_definitions import TemplateDefinitions

MAX_CHARACTERS: Final = 1000

# The mark keeps the lines as they are.
EXAMPLES = """\b
Examples:
  metrics check processes/
  metrics check --limit "diagramMetrics.subprocessPlanes.nesting <= 3" order.bpmn
  metrics check --format text --format sarif:metrics.sarif processes/
  metrics check --baseline metrics-baseline.ndjson --write-baseline processes/
"""


class _Output(NamedTuple):
    """A format, and the file that it is written to; None for standard output."""

    write: Format
    path: str | None


@click.command(name="check", epilog=EXAMPLES)
@options.paths
@click.option(
    "--limit",
    "limits",
    metavar="LIMIT",
    multiple=True,
    help='A limit for each diagram, "KEY OP VALUE": a dotted key of the payload, one of <= < >= >'
    " == != in, and a number, a version, a word or a list of these; can be given several times, and"
    " takes the place of what the configuration has for that key.",
)
@click.option(
    "--total",
    "totals",
    metavar="LIMIT",
    multiple=True,
    help="The same for the sum over all diagrams; can be given several times.",
)
@click.option(
    "--config",
    "config_path",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False),
    help="Take limits from this file, for all diagrams. Default: for each diagram the nearest"
    " metrics.toml or pyproject.toml with [tool.metrics], in its folder or above.",
)
@click.option(
    "--baseline",
    "baseline_path",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="Tolerate what stands in this file, unless it gets worse.",
)
@click.option(
    "--write-baseline",
    is_flag=True,
    help="Write what goes beyond its limits now to the file of --baseline.",
)
@click.option(
    "-f",
    "--format",
    "format_names",
    metavar="NAME[:FILE]",
    multiple=True,
    help=f"How violations are told: {', '.join(FORMATS)}; to a FILE, whole or not at all, or to"
    " standard output. Can be given several times. Default: text.",
)
@click.option("--exit-zero", is_flag=True, help="End with status 0 where limits are not kept, too.")
@options.jobs
@options.timeout
@options.template_source
@options.template_folders
@options.max_size
@options.stdin_filename
@options.no_ignore
def command(
    paths: tuple[str, ...],
    limits: tuple[str, ...],
    totals: tuple[str, ...],
    config_path: str | None,
    baseline_path: str | None,
    write_baseline: bool,
    format_names: tuple[str, ...],
    exit_zero: bool,
    jobs: int | None,
    timeout: float | None,
    template_source: str,
    template_folders: tuple[str, ...],
    max_size: int,
    stdin_filename: str | None,
    no_ignore: bool,
) -> None:
    """Check whether diagrams keep their limits, and tell what goes beyond them.

    A PATH is a file, a folder, or - for standard input; without one, the current folder is
    checked. Limits are set in metrics.toml or pyproject.toml, and by options. Of each value beyond
    its limit the elements behind it are told, with their lines.

    The exit status is 1 where a limit is not kept, and 2 where a diagram could not be measured.
    """
    require_standard_input(paths, stdin_filename)
    if write_baseline and baseline_path is None:
        raise click.UsageError("--write-baseline needs --baseline FILE, the file to write.")
    templates = options.template_definitions(template_source, template_folders, max_size)
    paths = paths or (os.curdir,)
    if baseline_path == STANDARD_INPUT:
        raise click.UsageError("--baseline needs a file.")
    read = [*paths, *filter(None, (config_path, baseline_path))]
    outputs = _outputs(format_names or ("text",), read, baseline_path)
    if write_baseline:
        refuse_to_overwrite([*paths, config_path or ""], "--write-baseline", baseline_path)
    baseline = _baseline(baseline_path, is_written=write_baseline)
    gate = Gate(
        _parsed("--limit", limits),
        _parsed("--total", totals, check_total),
        configuration=_configuration(config_path),
        baseline=baseline,
    )
    contents: dict[str, bytes] = {}
    inputs = ScanInputs(
        lambda source: source == STANDARD_INPUT,
        lambda path: [_kept(path, stdin_filename, max_size, templates, contents, gate.fragments)],
    )
    how = ScanOptions(
        jobs,
        timeout,
        max_size,
        no_ignore,
        templates,
        fragments=gate.fragments,
        shows_warnings=False,
    )
    is_output_shown = any(output.path is None for output in outputs)
    found = discovery_of(paths, how)

    def checked() -> Iterator[DiagramSource]:
        return (source for source in found() if not gate.excludes(_file(source, stdin_filename)))

    def names() -> Iterator[DiagramSource]:
        # A fault is told by who checks, and not by who counts.
        with suppress(FileError):
            yield from checked()

    def below(folder: str) -> Iterator[DiagramSource]:
        return discovery_of([folder], how)()

    with (
        _faults_told(),
        scan_paths(checked(), names, inputs, how, is_output_shown=is_output_shown) as run,
    ):
        result = gate.judge(run.reports, find=below)
        if result.files and not result.has_limits:
            raise click.UsageError(_no_limits(config_path))
        if write_baseline and baseline_path is not None:
            result = _tolerated(result, baseline, baseline_path)
        # Those that are offered are not told by the diagram.
        besides = () if templates is None else templates.keys
        result = explain_violations(
            result, run.executor, max_size=max_size, contents=contents, besides=besides
        )
        _write(result, outputs)
    if not (result.is_kept or exit_zero):
        raise click.exceptions.Exit(ExitStatus.VIOLATION)


def _outputs(
    format_names: Iterable[str], paths: Sequence[str], baseline_path: str | None
) -> list[_Output]:
    """The outputs that are asked for; none is a file that is read."""
    outputs = []
    for given in format_names:
        name, separator, path = given.partition(":")
        if name not in FORMATS:
            known = ", ".join(FORMATS)
            raise click.UsageError(f"--format: there is no '{on_one_line(name)}', but {known}.")
        if separator and not path:
            raise click.UsageError(f"--format {given} needs a file behind the colon.")
        to_file = bool(separator) and not is_standard_output(path)
        if to_file:
            refuse_to_overwrite(paths, f"--format {on_one_line(given)}", path)
        outputs.append(_Output(format_named(name), path if to_file else None))
    named = [os.path.realpath(output.path) for output in outputs if output.path is not None]
    named += [os.path.realpath(baseline_path)] if baseline_path is not None else []
    if len(set(named)) < len(named):
        raise click.UsageError("Two results are written to the same file.")
    for path in named:
        if os.path.basename(path) in FILES or path.lower().endswith(EXTENSIONS):
            told = on_one_line(os.path.basename(path))
            raise click.UsageError(f"No result is written to what is read by its name: {told}.")
    return outputs


def _parsed(
    option: str, limits: Iterable[str], check_key: Callable[[str], object] = bool
) -> list[Limit]:
    found = []
    for text in limits:
        try:
            limit = parse(text)
            check_key(limit.key)
        except LimitError as error:
            reason = truncated(on_one_line(str(error)), MAX_CHARACTERS)
            raise click.UsageError(f"{option}: {reason}") from None
        found.append(limit)
    return found


@contextmanager
def _faults_told() -> Iterator[None]:
    """Tell people of a file that cannot be used."""
    try:
        yield
    except FileError as error:
        raise click.ClickException(on_one_line(str(error))) from None


def _configuration(path: str | None) -> Configuration | None:
    if path is None:
        return None
    with _faults_told():
        # As it would be in the current folder.
        return read_configuration(path, os.curdir)


def _baseline(path: str | None, *, is_written: bool) -> Baseline:
    if path is None or (is_written and not os.path.lexists(path)):
        return Baseline()
    with _faults_told():
        return read_baseline(path)


def _file(source: DiagramSource, stdin_filename: str | None) -> str:
    """The name of a diagram that is to be checked."""
    if isinstance(source, str):
        return stdin_filename or source if source == STANDARD_INPUT else source
    return (source.name if isinstance(source, NamedContent) else source.file) or STANDARD_INPUT


def _no_limits(config_path: str | None) -> str:
    if config_path is not None:
        return f"{on_one_line(config_path)} sets no limits."
    return (
        "No limits: set some in [limits] of metrics.toml, in [tool.metrics.limits] of"
        " pyproject.toml, or by --limit."
    )


def _kept(
    path: str,
    stdin_filename: str | None,
    max_size: int,
    templates: TemplateDefinitions | None,
    contents: dict[str, bytes],
    fragments: Collection[str],
) -> Report:
    """The report of standard input, of which the content is kept: it cannot be read again."""
    stream, name, called = source_of(path, stdin_filename)
    try:
        contents[called] = content(stream, max_size)
    except (DocumentError, MemoryError) as error:
        return failed(called, error)
    report = scan(
        contents[called], name=name, max_size=max_size, templates=templates, fragments=fragments
    )
    return replace(report, file=called)


def _tolerated(result: CheckResult, baseline: Baseline, path: str) -> CheckResult:
    """Write what goes beyond its limits now to a baseline; gives the result that it leads to."""
    with open_output(path) as (stream, _):
        for line in dumps(result.entries, path):
            stream.write(line)
    now = {entry.subject: entry.value for entry in result.entries}
    before = {entry.subject: entry.value for entry in baseline.entries()}
    parts = [counted(len(now), "value")]
    for number, word in (
        (len(now.keys() - before.keys()), "added"),
        (len(before.keys() - now.keys()), "removed"),
        (sum(before[one] != now[one] for one in before.keys() & now.keys()), "changed"),
    ):
        parts += [f"{number:,} {word}"] if before and number else []
    show_message(f"metrics: {on_one_line(path)} written: {', '.join(parts)}")
    tolerated = result.tolerated + len(result.violations)
    return replace(result, violations=(), improvements=(), tolerated=tolerated)


def _write(result: CheckResult, outputs: Iterable[_Output]) -> None:
    """Write each of the outputs, whatever becomes of the others."""
    failed: click.ClickException | None = None
    for output in outputs:
        try:
            _write_one(result, output)
        except click.ClickException as error:
            if failed is not None:
                show_message(f"Error: {failed.message}")
            failed = error
    if failed is not None:
        raise failed


def _write_one(result: CheckResult, output: _Output) -> None:
    with open_output(output.path) as (stream, is_terminal):
        for piece in output.write(result, is_terminal):
            stream.write(piece)
