"""`metrics scan`: the payload of each diagram."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from metrics.blocks import LeafKind
from metrics.catalog import FRAGMENTS, OWN_FRAGMENTS, FragmentOptions, own_fragments
from metrics.commands import options
from metrics.commands.console import require_standard_input, scan_file, wrong_value
from metrics.commands.format_option import csv_raw, format_option, load_format, require_csv
from metrics.commands.inputs import InputOptions, input_options, run_inputs
from metrics.commands.runs import ScanInputs, ScanOptions, open_run
from metrics.formats.scan import FORMATS, ROW_FORMATS, ScanLayout
from metrics.formats.text import on_one_line
from metrics.reading.sources import STANDARD_INPUT

if TYPE_CHECKING:
    from metrics.keys import Key


# `\b` keeps the line breaks.
EXAMPLES = """\b
Examples:
  metrics scan order.bpmn
  metrics scan --fragment diagramMetrics processes/
  metrics scan --format csv --output metrics.csv processes/
  metrics scan --format table --sort diagramMetrics.tasks.userTask.count --top 10 processes/
  cat order.bpmn | metrics scan --stdin-filename order.bpmn -
"""


@click.command(name="scan", epilog=EXAMPLES)
@options.paths
@click.option(
    "--fragment",
    "fragments",
    multiple=True,
    type=options.Name((*FRAGMENTS, *OWN_FRAGMENTS)),
    help="Print only this fragment of the payload; repeatable.",
)
@format_option(
    FORMATS.names, help="Default: json for a single file, ndjson for a folder or several paths."
)
@click.option(
    "--sort",
    "sort_key",
    metavar="KEY",
    help="Sort the diagrams by the value with this dotted key or its unambiguous end: numbers in"
    " descending order, texts in ascending order; table and csv only.",
)
@click.option(
    "--top",
    type=click.IntRange(min=1),
    metavar="N",
    help="Print only the first N diagrams; needs --sort.",
)
@csv_raw
@options.with_fragments
@options.as_dialect
@options.output_path
@options.jobs
@options.timeout
@options.template_source
@options.template_folders
@options.documented_keys
@click.option("--warnings", is_flag=True, help="Include warnings about malformed input.")
@options.max_size
@options.stdin_filename
@input_options
@options.quiet
def command(
    paths: tuple[str, ...],
    fragments: tuple[str, ...],
    with_fragments: tuple[str, ...],
    dialect: str | None,
    format_name: str | None,
    sort_key: str | None,
    top: int | None,
    is_csv_raw: bool,
    output_path: str | None,
    jobs: int | None,
    timeout: float | None,
    template_source: str,
    template_folders: tuple[str, ...],
    documented_keys: bool,
    warnings: bool,
    max_size: int,
    stdin_filename: str | None,
    input_values: InputOptions,
    is_quiet: bool,
) -> None:
    """Print the metric payload of each diagram.

    A PATH is a file, a folder, an archive, or - for standard input; the default is the current
    folder. The payload of a single file is printed as indented JSON. For a folder, an archive or
    several paths, each diagram is printed as one line of JSON.

    If a diagram cannot be measured, the output has its error instead of its payload, and the exit
    status is 2.
    """
    require_standard_input(paths, stdin_filename)
    found = run_inputs(paths, input_values, is_quiet=is_quiet)
    settings = found.settings
    templates = options.template_definitions(template_source, template_folders, max_size, settings)
    if not fragments:
        with_fragments = (*with_fragments, *settings.fragments)
    elif with_fragments:
        raise click.UsageError("--with cannot be used with --fragment, which can be repeated.")
    single = found.is_single
    format_name = format_name or ("json" if single else "ndjson")
    sort = _sort_key(sort_key, top, format_name)
    if sort is not None and sort.fragment is not None:
        with_fragments = (*with_fragments, sort.fragment)
    require_csv([format_name], is_csv_raw=is_csv_raw)
    write = load_format(FORMATS, format_name, is_csv_raw=is_csv_raw)
    added = own_fragments((*fragments, *with_fragments))
    inputs = ScanInputs(
        lambda source: source == STANDARD_INPUT,
        lambda path: [
            scan_file(
                path,
                stdin_filename,
                max_size=max_size,
                templates=templates,
                fragments=added,
                dialect=dialect,
            )
        ],
    )
    unpacker = input_values.archived.unpacker(
        found.selection, max_size, stdin_filename=stdin_filename, is_quiet=is_quiet
    )
    scan_options = ScanOptions(
        jobs,
        timeout,
        max_size,
        found.selection,
        unpacker,
        templates,
        added=FragmentOptions(added, dialect),
        is_quiet=is_quiet,
    )
    with open_run(found, inputs, scan_options, output_path) as run:
        layout = ScanLayout(
            fragments,
            with_fragments,
            documented_keys,
            warnings,
            single,
            run.is_terminal,
            sort,
            top,
        )
        for piece in write(run.reports, layout):
            run.stream.write(piece)


def _sort_key(text: str | None, top: int | None, format_name: str) -> Key | None:
    """The key to sort by; raises `click.UsageError` if the options do not fit together."""
    if text is None:
        if top is not None:
            raise click.UsageError("--top needs --sort KEY.")
        return None
    if format_name not in ROW_FORMATS:
        raise click.UsageError(f"--sort needs --format {' or '.join(ROW_FORMATS)}.")
    # Most runs sort nothing.
    from metrics.keys import AmbiguousKeyError, UnknownKeyError, find_key, whole_key

    try:
        key = find_key(whole_key(text))
    except (AmbiguousKeyError, UnknownKeyError) as error:
        raise wrong_value("--sort", error) from None
    if key.kind in (LeafKind.LIST, LeafKind.MAP):
        name = on_one_line(text)
        raise click.UsageError(f"--sort: {name} is {key.kind.value}: use a number or a text.")
    return key
