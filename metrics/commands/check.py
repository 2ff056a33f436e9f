"""`metrics check`: checks diagrams against limits."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import click

from metrics.catalog import FragmentOptions
from metrics.checks.baseline import Baseline, BaselineError, baseline_lines, read_baseline
from metrics.checks.configuration import Configuration, read_configuration
from metrics.checks.gate import Gate
from metrics.checks.limits import LimitError, as_limits, as_total_limits
from metrics.checks.operators import OPERATORS
from metrics.checks.result import explain_violations
from metrics.commands import options
from metrics.commands.console import (
    file_errors_shown,
    require_standard_input,
    show_message,
    show_warning,
    source_of,
    wrong_value,
)
from metrics.commands.format_option import csv_raw, load_format, require_csv
from metrics.commands.inputs import (
    ConfigOptions,
    InputOptions,
    input_options,
    run_inputs,
)
from metrics.commands.outputs import OutputFile, Outputs, is_standard_output, open_output
from metrics.commands.runs import (
    ScanInputs,
    ScanOptions,
    discovery_of,
    note_of_skipped_archives,
    scan_paths,
)
from metrics.formats.check import FORMATS
from metrics.formats.text import counted, on_one_line
from metrics.reading.errors import DocumentError
from metrics.reading.sources import STANDARD_INPUT, FileError, NamedContent, content
from metrics.report import Report, failed, scan
from metrics.scanning.discovery import count_skipped_archives, discover_selected
from metrics.scanning.unpacking import FoundArchive
from metrics.system.exit_status import ExitStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from concurrent.futures import Executor
    from contextlib import AbstractContextManager

    from metrics.checks.limits import Limit
    from metrics.checks.result import CheckResult
    from metrics.commands.inputs import RunInputs
    from metrics.commands.runs import Scan
    from metrics.formats.check import Format
    from metrics.scanning.requests import DiagramSource
    from metrics.scanning.selection import Selection


# `\b` keeps the line breaks.
EXAMPLES = """\b
Examples:
  metrics check processes/
  metrics check --limit "form.embedded <= 0" order.bpmn
  metrics check --format text --format sarif:metrics.sarif processes/
  metrics check --baseline metrics-baseline.ndjson --write-baseline processes/
"""


class _FormatOutput(NamedTuple):
    """A format, and the file to write it to; None for standard output.

    `option` is the text of its option, for messages.
    """

    write: Format
    path: str | None
    option: str


@click.command(name="check", epilog=EXAMPLES)
@options.paths
@click.option(
    "--limit",
    "limits",
    metavar="LIMIT",
    multiple=True,
    help='Limit for each diagram, "KEY OP VALUE": a dotted key of the payload or its unambiguous'
    f" end, one of {' '.join(OPERATORS)}, and a number, version, word or list. Replaces the"
    " configured limits for the key; repeatable.",
)
@click.option(
    "--total",
    "totals",
    metavar="LIMIT",
    multiple=True,
    help="Limit for the total over all diagrams, written like --limit; repeatable.",
)
@click.option(
    "--baseline",
    "baseline_path",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="Tolerate the violations in this file until they get worse.",
)
@click.option(
    "--write-baseline",
    is_flag=True,
    help="Write all current violations to the --baseline FILE.",
)
@click.option(
    "-f",
    "--format",
    "format_names",
    metavar="NAME[:FILE]",
    multiple=True,
    help=f"Print the result in this format, one of {', '.join(FORMATS.names)}, or write it to FILE;"
    " repeatable. Default: text.",
)
@csv_raw
@click.option("--exit-zero", is_flag=True, help="Exit with status 0 even if there are violations.")
@options.jobs
@options.timeout
@options.template_source
@options.template_folders
@options.as_dialect
@options.max_size
@options.stdin_filename
@input_options
@options.quiet
def command(
    paths: tuple[str, ...],
    limits: tuple[str, ...],
    totals: tuple[str, ...],
    baseline_path: str | None,
    write_baseline: bool,
    format_names: tuple[str, ...],
    is_csv_raw: bool,
    exit_zero: bool,
    jobs: int | None,
    timeout: float | None,
    template_source: str,
    template_folders: tuple[str, ...],
    dialect: str | None,
    max_size: int,
    stdin_filename: str | None,
    input_values: InputOptions,
    is_quiet: bool,
) -> None:
    """Check diagrams against limits and report violations.

    A PATH is a file, a folder, an archive, or - for standard input; the default is the current
    folder. Limits are set by options, or in metrics.toml or pyproject.toml. Without --config, each
    diagram has the limits of the nearest one at or above its folder. Each violation lists the
    elements that its value counts, with their lines.

    The exit status is 1 if there are violations, and 2 if a diagram could not be measured, or if
    all diagrams are ignored or excluded.
    """
    require_standard_input(paths, stdin_filename)
    if write_baseline and baseline_path is None:
        raise click.UsageError("--write-baseline needs --baseline FILE, the file to write.")
    _, selected, archived, config = input_values
    found = run_inputs(paths, input_values, is_quiet=is_quiet)
    templates = options.template_definitions(
        template_source, template_folders, max_size, found.settings
    )
    if baseline_path == STANDARD_INPUT:
        raise click.UsageError("--baseline needs a file, not standard input.")
    format_outputs = _outputs(format_names or ("text",), is_csv_raw=is_csv_raw)
    files = [OutputFile(option, path) for _, path, option in format_outputs if path is not None]
    inputs = [*found.paths, *found.files]
    if baseline_path is not None and write_baseline:
        files.append(OutputFile("--write-baseline", baseline_path))
    elif baseline_path is not None:
        inputs.append(baseline_path)
    outputs = Outputs(files, inputs, found.selection)
    baseline = _baseline(baseline_path, is_written=write_baseline)
    if baseline_path is not None and baseline.void and not is_quiet:
        show_warning(baseline_path, _note_of_void(baseline.void))
    gate = Gate(
        _limits("--limit", limits, as_limits),
        _limits("--total", totals, as_total_limits),
        configuration=_configuration(config),
        baseline=baseline,
    )
    scan_options = ScanOptions(
        jobs,
        timeout,
        max_size,
        found.selection,
        archived.unpacker(
            found.selection,
            max_size,
            stdin_filename=stdin_filename,
            is_quiet=is_quiet,
            keeps_stream=True,
        ),
        templates,
        added=FragmentOptions(gate.fragments, dialect),
        shows_warnings=False,
        is_quiet=is_quiet,
    )
    # Diagrams that an option excludes are missing from a total, which is then not whole.
    whole = found.selection._replace(exclude=tuple(filter(None, [found.settings.exclude])))
    diagrams = _Diagrams(found, scan_options, whole, gate, stdin_filename, outputs)
    is_output_shown = any(output.path is None for output in format_outputs)
    with file_errors_shown(), diagrams.scan(is_output_shown=is_output_shown) as run:
        result = gate.judge(run.reports, find=diagrams.discover_below)
        if result.files and not result.has_limits:
            raise click.UsageError(_no_limits(config.config_path))
        if not result.diagrams:
            diagrams.refuse_if_all_skipped(force_exclude=selected.force_exclude)
        diagrams.show_skipped_archives()
        if write_baseline and baseline_path is not None:
            result, note = _write_baseline(result, baseline, baseline_path)
            scan_options.show_note(note)
        _write(diagrams.explain(result, run.executor), format_outputs)
    if not (result.has_passed or exit_zero):
        raise click.exceptions.Exit(ExitStatus.VIOLATION)


class _Diagrams:
    """The diagrams to check: those at the given paths that no configuration excludes.

    `whole` selects the diagrams that a total must cover to be whole.
    """

    def __init__(
        self,
        found: RunInputs,
        scan_options: ScanOptions,
        whole: Selection,
        gate: Gate,
        stdin_filename: str | None,
        outputs: Outputs,
    ) -> None:
        self._found = found
        self._outputs = outputs
        self._options = scan_options
        self._whole = whole
        self._gate = gate
        self._stdin_filename = stdin_filename
        self._find = discovery_of(found.paths, scan_options)
        # The bytes of standard input, which cannot be read again to explain violations.
        self._contents: dict[str, bytes | None] = {}
        self._excluded_member: str | None = None

    def scan(self, *, is_output_shown: bool) -> AbstractContextManager[Scan]:
        """Measure the diagrams."""
        inputs = ScanInputs(
            lambda source: source == STANDARD_INPUT, lambda path: [self._read_input(path)]
        )
        return scan_paths(
            self._sources(),
            None if self._found.unpacks else self._countable_sources,
            inputs,
            self._options,
            is_output_shown=is_output_shown,
        )

    def discover_below(self, folder: str) -> Iterator[str]:
        """The diagrams below a folder, including those that options exclude.

        An archive of which the run did not read all diagrams stands for the others.
        """
        for source in discover_selected([folder], self._whole):
            if isinstance(source, str):
                yield source
            elif isinstance(source, FoundArchive) and not self._options.unpacker.has_read(source):
                yield source.path

    def explain(self, result: CheckResult, executor: Executor | None) -> CheckResult:
        """The result with the items that explain its violations."""
        templates = self._options.templates
        return explain_violations(
            result,
            executor,
            max_size=self._options.max_size,
            max_total=self._options.unpacker.bounds.max_total,
            contents=self._contents | self._options.unpacker.stream_contents,
            # These numbers count template definitions, which are not elements of the diagram.
            dialect=self._options.added.dialect,
            skipped_keys=() if templates is None else templates.keys,
        )

    def show_skipped_archives(self) -> None:
        """Show a note about the archives that are not checked."""
        number = 0 if self._options.is_quiet else self._skipped_archives()
        if number:
            self._options.show_note(note_of_skipped_archives(number))

    def _skipped_archives(self) -> int:
        return count_skipped_archives(self._found.paths, self._options.selection)

    def refuse_if_all_skipped(self, *, force_exclude: bool) -> None:
        """Raise `click.ClickException` if there are diagrams or archives, but all are skipped.

        A hook names the files that changed. With `--force-exclude`, it passes if it may check none.
        """
        paths = [*self._found.paths, *self._found.skipped]
        if force_exclude:
            paths = [*filter(os.path.isdir, paths)]
        everything = self._options.selection._replace(exclude=(), honour_ignores=False)
        unpacker = self._options.unpacker
        sources = unpacker.without_stream().unpack(discover_selected(paths, everything))
        names = (self._name(source) for source in sources if not isinstance(source, Report))
        skipped = next(names, None)
        if skipped is None and not force_exclude:
            # Members of standard input cannot be read again.
            skipped = unpacker.first_excluded or self._excluded_member
        if skipped is None and not force_exclude and (number := self._skipped_archives()):
            note = note_of_skipped_archives(number)
            raise click.ClickException(f"no diagram was checked: {note}.")
        if skipped is not None:
            raise click.ClickException(
                f"no diagram was checked: all diagrams, such as {on_one_line(skipped)}, are ignored"
                " or excluded."
            )

    def _sources(self) -> Iterator[DiagramSource]:
        found = self._outputs.watch(self._find())
        for source in self._options.unpacker.unpack(found):
            if not self._gate.excludes(self._name(source)):
                yield source
            elif isinstance(source, NamedContent) and self._excluded_member is None:
                self._excluded_member = source.name

    def _countable_sources(self) -> Iterator[object]:
        # The check itself reports a malformed configuration.
        with suppress(FileError):
            for source in self._find():
                if isinstance(source, FoundArchive) or not self._gate.excludes(self._name(source)):
                    yield source

    def _name(self, source: DiagramSource) -> str:
        if isinstance(source, str):
            return self._stdin_filename or source if source == STANDARD_INPUT else source
        file = source.name if isinstance(source, NamedContent) else source.file
        return file or STANDARD_INPUT

    def _read_input(self, path: str) -> Report:
        """The report of standard input."""
        stream, name, file = source_of(path, self._stdin_filename)
        max_size = self._options.max_size
        try:
            self._contents[file] = data = content(stream, max_size)
        except (DocumentError, MemoryError) as error:
            return failed(file, error)
        report = scan(
            data,
            name=name,
            max_size=max_size,
            templates=self._options.templates,
            fragments=self._options.added.names,
            dialect=self._options.added.dialect,
        )
        return replace(report, file=file)


def _outputs(format_names: Sequence[str], *, is_csv_raw: bool) -> list[_FormatOutput]:
    """The outputs that options ask for; raises `click.UsageError`."""
    outputs = []
    require_csv([name.partition(":")[0] for name in format_names], is_csv_raw=is_csv_raw)
    for format_name in format_names:
        name, separator, path = format_name.partition(":")
        if name not in FORMATS.names:
            known = ", ".join(FORMATS.names)
            raise click.UsageError(
                f"--format: unknown format '{on_one_line(name)}', use one of {known}."
            )
        if separator and not path:
            raise click.UsageError(f"--format {format_name} needs a file after the colon.")
        write = load_format(FORMATS, name, is_csv_raw=is_csv_raw)
        to_file = bool(separator) and not is_standard_output(path)
        option = f"--format {on_one_line(format_name)}"
        outputs.append(_FormatOutput(write, path if to_file else None, option))
    return outputs


def _limits(
    option: str, texts: Iterable[str], read: Callable[[Iterable[str]], tuple[Limit, ...]]
) -> tuple[Limit, ...]:
    try:
        return read(texts)
    except LimitError as error:
        raise wrong_value(option, error) from None


def _configuration(config: ConfigOptions) -> Configuration | None:
    if config.config_path is None:
        return Configuration() if config.no_config else None
    with file_errors_shown():
        # The patterns are relative to the current folder.
        return read_configuration(config.config_path, os.curdir)


def _baseline(path: str | None, *, is_written: bool) -> Baseline:
    if path is None or (is_written and not os.path.lexists(path)):
        return Baseline()
    with file_errors_shown():
        try:
            return read_baseline(path)
        except BaselineError as error:
            if os.path.lexists(path):
                raise
            reason = f"{error.message}. Create it with --write-baseline."
            raise BaselineError(path, reason) from None


def _note_of_void(void: Mapping[str, int]) -> str:
    values = ", ".join(
        f"{counted(number, 'value')} of {fragment}" for fragment, number in sorted(void.items())
    )
    reason = "counted by another version of its rules"
    return f"{values} not tolerated ({reason}); update it with --write-baseline"


def _no_limits(config_path: str | None) -> str:
    if config_path is not None:
        return f"{on_one_line(config_path)} sets no limits."
    return (
        "No limits: set them in [limits] of metrics.toml, in [tool.metrics.limits] of"
        " pyproject.toml, or with --limit."
    )


def _write_baseline(result: CheckResult, baseline: Baseline, path: str) -> tuple[CheckResult, str]:
    """Write all violations to a baseline; returns the result with it, and a note about it."""
    with open_output(path) as (stream, _):
        for line in baseline_lines(result.entries, path):
            stream.write(line)
    now = {entry.subject: entry.value for entry in result.entries}
    before = {entry.subject: entry.value for entry in baseline.entries()}
    parts = [counted(len(now), "value")]
    for number, word in (
        (len(now.keys() - before.keys()), "added"),
        (len(before.keys() - now.keys()), "removed"),
        (sum(before[key] != now[key] for key in before.keys() & now.keys()), "changed"),
    ):
        parts += [f"{number:,} {word}"] if before and number else []
    tolerated = result.tolerated + len(result.violations)
    tolerant = replace(result, violations=(), improvements=(), gone=0, tolerated=tolerated)
    return tolerant, f"wrote {on_one_line(path)}: {', '.join(parts)}"


def _write(result: CheckResult, outputs: Iterable[_FormatOutput]) -> None:
    """Write every output, even if one fails."""
    last_error: click.ClickException | None = None
    for output in outputs:
        try:
            _write_one(result, output)
        except click.ClickException as error:
            if last_error is not None:
                show_message(f"Error: {last_error.message}")
            last_error = error
    if last_error is not None:
        raise last_error


def _write_one(result: CheckResult, output: _FormatOutput) -> None:
    with open_output(output.path) as (stream, is_terminal):
        for piece in output.write(result, is_terminal):
            stream.write(piece)
