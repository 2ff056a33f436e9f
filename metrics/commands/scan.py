"""`metrics scan`: the payload of each diagram."""

from __future__ import annotations

import os

import click

from metrics.catalog import FRAGMENTS, OWN_FRAGMENTS, own_fragments
from metrics.commands import options
from metrics.commands.console import require_standard_input, scan_file
from metrics.commands.format_option import format_option
from metrics.commands.inputs import (
    ConfigOptions,
    ListOptions,
    SelectionOptions,
    config_options,
    list_options,
    run_inputs,
    selection_options,
)
from metrics.commands.runs import ScanInputs, ScanOptions, open_run
from metrics.formats.scan import FORMATS, ScanLayout
from metrics.reading.sources import STANDARD_INPUT

# `\b` keeps the line breaks.
EXAMPLES = """\b
Examples:
  metrics scan order.bpmn
  metrics scan --fragment diagramMetrics processes/
  metrics scan --format csv --output metrics.csv processes/
  cat order.bpmn | metrics scan --stdin-filename order.bpmn -
"""


@click.command(name="scan", epilog=EXAMPLES)
@options.paths
@click.option(
    "--fragment",
    "fragments",
    multiple=True,
    type=click.Choice((*FRAGMENTS, *OWN_FRAGMENTS)),
    help="Print only this fragment of the payload; repeatable.",
)
@format_option(
    FORMATS.names, help="Default: json for a single file, ndjson for a folder or several paths."
)
@options.with_fragments
@options.output_path
@options.jobs
@options.timeout
@options.template_source
@options.template_folders
@options.documented_keys
@click.option("--warnings", is_flag=True, help="Include warnings about malformed input.")
@options.max_size
@options.stdin_filename
@list_options
@selection_options
@config_options
def command(
    paths: tuple[str, ...],
    fragments: tuple[str, ...],
    with_fragments: tuple[str, ...],
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
    listed: ListOptions,
    selected: SelectionOptions,
    config: ConfigOptions,
) -> None:
    """Print the metric payload of each diagram.

    A PATH is a file, a folder, or - for standard input; the default is the current folder. The
    payload of a single file is printed as indented JSON. For a folder or several paths, each
    diagram is printed as one line of JSON.

    If a diagram cannot be measured, the output has its error instead of its payload, and the exit
    status is 2.
    """
    require_standard_input(paths, stdin_filename)
    found = run_inputs(paths, config, selected, listed)
    settings = found.settings
    templates = options.template_definitions(template_source, template_folders, max_size, settings)
    if not fragments:
        with_fragments = (*with_fragments, *settings.fragments)
    single = len(paths) == 1 and not found.is_list and not os.path.isdir(paths[0])
    write = FORMATS.load(format_name or ("json" if single else "ndjson"))
    added = own_fragments((*fragments, *with_fragments))
    inputs = ScanInputs(
        lambda source: source == STANDARD_INPUT,
        lambda path: [
            scan_file(path, stdin_filename, max_size=max_size, templates=templates, fragments=added)
        ],
    )
    scan_options = ScanOptions(jobs, timeout, max_size, found.selection, templates, fragments=added)
    with open_run(found, inputs, scan_options, output_path) as run:
        layout = ScanLayout(
            fragments, with_fragments, documented_keys, warnings, single, run.is_terminal
        )
        for piece in write(run.reports, layout):
            run.stream.write(piece)
