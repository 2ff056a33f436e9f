"""`metrics summary`: the numbers of many diagrams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from metrics.catalog import FragmentOptions, own_fragments
from metrics.commands import options
from metrics.commands.format_option import csv_raw, format_option, load_format, require_csv
from metrics.commands.inputs import InputOptions, input_options, run_inputs
from metrics.commands.runs import (
    ScanInputs,
    ScanOptions,
    is_saved_scan,
    open_run,
    read_saved_scan,
    with_shard_folders,
)
from metrics.formats.summary import FORMATS, SummaryLayout
from metrics.formats.text import on_one_line
from metrics.keys import fragments_of
from metrics.reading.sources import STANDARD_INPUT
from metrics.suggestions import listed
from metrics.summary.groups import DIALECT, GROUPINGS, grouping
from metrics.summary.portfolio import BYTES, COPIES, FINGERPRINTS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

    from metrics.formats.summary import Format
    from metrics.report import Report

REPORT_MODULES: Final = ("jinja2", "markupsafe", "vl_convert")
# The names of packages work even if this project is not from a package index; an extra does not.
INSTALL_REPORT: Final = "pip install jinja2 vl-convert-python"

# `\b` keeps the line breaks.
EXAMPLES = """\b
Examples:
  metrics summary processes/
  metrics summary --by platform --format json processes/
  metrics summary --by folder:1 processes/
  metrics summary --copies model processes/
  metrics summary --format html --output report.html processes/
  metrics scan processes/ > scan.ndjson; metrics summary scan.ndjson
"""


def _grouping(by: str) -> str:
    """Check the name of a grouping."""
    try:
        grouping(by)
    except ValueError as error:
        raise click.BadParameter(on_one_line(f"{error}.")) from None
    return by


@click.command(name="summary", epilog=EXAMPLES)
@options.paths
@click.option(
    "--by",
    type=_grouping,
    metavar="[folder[:DEPTH]|platform|version|dialect]",
    shell_complete=lambda ctx, param, start: [by for by in GROUPINGS if by.startswith(start)],
    help="Also summarize each folder, platform, version or dialect; with folder:DEPTH, each folder"
    " DEPTH levels below PATH, including its subfolders.",
)
@format_option(
    FORMATS.names,
    help="html is a self-contained page with charts and a table of all diagrams; it needs"
    " the packages jinja2 and vl-convert-python.",
    default="table",
)
@csv_raw
@click.option(
    "--copies",
    type=click.Choice(COPIES),
    default=BYTES,
    show_default=True,
    help="List as copies: bytes, identical files; model, diagrams that are equal apart from layout;"
    " structure, diagrams with the same flow nodes and sequence flows.",
)
@options.output_path
@options.jobs
@options.timeout
@options.template_source
@options.template_folders
@options.with_fragments
@options.as_dialect
@options.max_size
@input_options
@options.quiet
def command(
    paths: tuple[str, ...],
    by: str | None,
    format_name: str,
    is_csv_raw: bool,
    copies: str,
    output_path: str | None,
    jobs: int | None,
    timeout: float | None,
    template_source: str,
    template_folders: tuple[str, ...],
    with_fragments: tuple[str, ...],
    dialect: str | None,
    max_size: int,
    input_values: InputOptions,
    is_quiet: bool,
) -> None:
    """Summarize the numbers of many diagrams.

    A PATH is a folder, an archive, a diagram, or the output of an earlier metrics scan: a file
    named *.ndjson or *.jsonl, the folder of a plan of metrics shards, or - for standard input. The
    default is the current folder.

    The summary counts diagrams by type, platform and version. It shows the sum, share, median, 90th
    percentile and maximum of each number, and the ten diagrams with its largest values. It lists
    the bindings of element templates, failures by type, and copies.

    The exit status is 2 if a diagram could not be measured.
    """
    found = run_inputs(paths, input_values, is_quiet=is_quiet, reads_plans=True)
    settings = found.settings
    templates = options.template_definitions(template_source, template_folders, max_size, settings)
    require_csv([format_name], is_csv_raw=is_csv_raw)
    write = _load_format(format_name, is_csv_raw=is_csv_raw)
    added = own_fragments((*with_fragments, *settings.fragments))

    is_of_bytes = copies == BYTES
    needed = [*([DIALECT] if by == DIALECT else ()), *(() if is_of_bytes else [FINGERPRINTS])]
    scan_options = ScanOptions(
        jobs,
        timeout,
        max_size,
        found.selection,
        input_values.archived.unpacker(found.selection, max_size, is_quiet=is_quiet),
        templates,
        # Members of archives cannot be read again to compare them.
        fingerprints=is_of_bytes and ("whole" if found.unpacks else True),
        added=FragmentOptions(added.union(needed), dialect),
        # The warnings of many diagrams would bury the summary.
        shows_warnings=False,
        is_quiet=is_quiet,
    )
    saved_fragments: set[str] = set()

    def read(path: str) -> Iterator[Report]:
        for report in read_saved_scan(path, max_size=max_size, fingerprints=is_of_bytes):
            saved_fragments.update(fragments_of(report))
            yield report

    inputs = ScanInputs(is_saved_scan, read)
    paths_read = with_shard_folders(found.paths)
    with open_run(found._replace(paths=paths_read), inputs, scan_options, output_path) as run:
        # Discovery yields each file once, but a saved scan may list a file twice.
        has_type = input_values.archived.stdin_type is not None
        each_once = not any(
            is_saved_scan(path) for path in paths_read if not (has_type and path == STANDARD_INPUT)
        )
        layout = SummaryLayout(by, max_size, each_once, run.is_terminal, added, found.paths, copies)
        for piece in write(run.reports, layout):
            run.stream.write(piece)
        if not each_once:
            unused = saved_fragments - scan_options.added.names
            for note in _notes_on_saved_scan(unused, added - saved_fragments, dialect):
                scan_options.show_note(note)


def _notes_on_saved_scan(
    unused: AbstractSet[str], missing: AbstractSet[str], dialect: str | None
) -> Iterator[str]:
    """What a summary does not use of a saved scan, and what the saved scan does not have."""
    if unused:
        yield f"omitted: {listed(sorted(unused), 'and')} of the saved scan; show them with --with"
    if missing:
        yield f"the saved scan has no {listed(sorted(missing), 'or')}; add them with scan --with"
    if dialect is not None:
        yield "--as does not apply to a saved scan"


def _load_format(name: str, *, is_csv_raw: bool) -> Format:
    """A format; raises `click.ClickException` if a package that it needs is not installed."""
    try:
        return load_format(FORMATS, name, is_csv_raw=is_csv_raw)
    except ModuleNotFoundError as error:
        module = (error.name or "").partition(".")[0]
        if module not in REPORT_MODULES:
            raise
        raise click.ClickException(
            f"--format {name} needs the module {module}: {INSTALL_REPORT}"
        ) from None
