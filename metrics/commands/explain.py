"""`metrics explain`: the elements that the numbers of diagrams count."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from metrics.catalog import FragmentOptions, own_fragments
from metrics.commands import options
from metrics.commands.console import require_standard_input, source_of
from metrics.commands.format_option import format_option
from metrics.commands.inputs import InputOptions, input_options, run_inputs
from metrics.commands.runs import ScanInputs, ScanOptions, open_run
from metrics.explanation import (
    explain_report,
    explanation_of,
    fragments_named,
    is_explained,
)
from metrics.formats.explain import FORMATS, ExplainLayout
from metrics.formats.text import on_one_line
from metrics.keys import AmbiguousKeyError, all_keys, whole_key
from metrics.reading.sources import STANDARD_INPUT
from metrics.suggestions import did_you_mean

if TYPE_CHECKING:
    from metrics.report import Report

EXAMPLES = """\b
Examples:
  metrics explain order.bpmn
  metrics explain --key userTask.form.embedded order.bpmn
  metrics explain --key userTask.form.embedded --format text processes/
  metrics explain --format ndjson order.bpmn | jq -r 'select(.line) | [.line, .key, .id] | @tsv'
"""


@click.command(name="explain", epilog=EXAMPLES)
@click.argument("paths", metavar="PATH...", nargs=-1, type=click.Path(allow_dash=True))
@click.option(
    "--key",
    "keys",
    metavar="KEY",
    multiple=True,
    help="Explain only the number with this dotted key or its unambiguous end, or all numbers below"
    " it; repeatable.",
)
@format_option(
    FORMATS.names,
    help="tree and text are for people, json is an object for each diagram, ndjson is one line per"
    " counted item. Default: tree for a single file, ndjson for a folder or several paths.",
)
@options.with_fragments
@options.as_dialect
@options.output_path
@options.jobs
@options.timeout
@options.max_size
@options.stdin_filename
@input_options
@options.quiet
def command(
    paths: tuple[str, ...],
    keys: tuple[str, ...],
    format_name: str | None,
    with_fragments: tuple[str, ...],
    dialect: str | None,
    output_path: str | None,
    jobs: int | None,
    timeout: float | None,
    max_size: int,
    stdin_filename: str | None,
    input_values: InputOptions,
    is_quiet: bool,
) -> None:
    """Show the elements that each number of a diagram counts.

    A PATH is a file, a folder, an archive, or - for standard input. Lists every non-zero number and
    what it counts: the kind, type, id, name and line of each element, the scope and all sources of
    each variable, the uses of each template. Then lists the elements that were dropped because of
    their ids, and warnings about malformed input; with --key, these are omitted for a folder or
    several paths.

    The exit status is 2 if a diagram could not be measured.
    """
    if not paths and input_values.listed.files_from is None:
        raise click.UsageError("Missing argument 'PATH...', or --files-from FILE.")
    require_standard_input(paths, stdin_filename)
    keys = tuple(map(_whole_key, keys))
    found = run_inputs(paths, input_values, is_quiet=is_quiet)
    single = found.is_single
    write = FORMATS.load(format_name or ("tree" if single else "ndjson"))
    names = own_fragments({*with_fragments, *found.settings.fragments, *fragments_named(keys)})
    added = FragmentOptions(names, dialect)

    def read_input(path: str) -> list[Report]:
        content, name, file = source_of(path, stdin_filename)
        report = explain_report(content, name=name, max_size=max_size, keys=keys, options=added)
        return [replace(report, file=file)]

    inputs = ScanInputs(lambda source: source == STANDARD_INPUT, read_input)
    scan_options = ScanOptions(
        # Sending the explanation of a large file from another process would take longer.
        1 if single else jobs,
        timeout,
        max_size,
        found.selection,
        input_values.archived.unpacker(
            found.selection, max_size, stdin_filename=stdin_filename, is_quiet=is_quiet
        ),
        added=added,
        explained_keys=keys,
        # Warnings are part of the output.
        shows_warnings=False,
        is_quiet=is_quiet,
    )
    with open_run(found, inputs, scan_options, output_path) as run:
        layout = ExplainLayout(single, bool(keys) and not single, run.is_terminal)
        for piece in write(map(explanation_of, run.reports), layout):
            run.stream.write(piece)


def _whole_key(key: str) -> str:
    """The whole key of a `--key`; raises `click.UsageError` if there is none."""
    try:
        whole = whole_key(key, is_explained)
    except AmbiguousKeyError as error:
        raise click.UsageError(on_one_line(f"--key: {error}")) from None
    if not is_explained(whole):
        reason = (
            f"No number has the key '{key}'.{did_you_mean(key, filter(is_explained, all_keys()))}"
        )
        raise click.UsageError(on_one_line(f"--key: {reason}"))
    return whole
