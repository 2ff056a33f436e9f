"""`metrics summary`: what there is in a portfolio of diagrams."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from metrics.catalog import own_fragments
from metrics.commands import options
from metrics.commands.console import source_of
from metrics.commands.runs import ScanInputs, ScanOptions, has_lines, open_run
from metrics.formats.summary import FORMATS, SummaryLayout, format_named
from metrics.scanning.ndjson_reports import read_reports
from metrics.summary.groups import GROUPINGS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metrics.formats.summary import Format
    from metrics.report import Report

EXTRA = ("jinja2", "markupsafe", "vl_convert")

# The mark keeps the lines as they are.
EXAMPLES = """\b
Examples:
  metrics summary processes/
  metrics summary --by platform --format json processes/
  metrics summary --format html --output report.html processes/
  metrics scan processes/ > scan.ndjson && metrics summary scan.ndjson
"""


@click.command(name="summary", epilog=EXAMPLES)
@options.paths
@click.option(
    "--by",
    type=click.Choice(tuple(GROUPINGS)),
    help="Sum up each folder, platform or version by itself, too.",
)
@click.option(
    "-f",
    "--format",
    "format_name",
    type=click.Choice(tuple(FORMATS)),
    default="table",
    show_default=True,
    help="html is a page of its own, with charts and all diagrams; it needs the extra report.",
)
@options.output_path
@options.jobs
@options.timeout
@options.template_source
@options.template_folders
@options.with_fragments
@options.max_size
@options.no_ignore
def command(
    paths: tuple[str, ...],
    by: str | None,
    format_name: str,
    output_path: str | None,
    jobs: int | None,
    timeout: float | None,
    template_source: str,
    template_folders: tuple[str, ...],
    with_fragments: tuple[str, ...],
    max_size: int,
    no_ignore: bool,
) -> None:
    """Print what there is in many diagrams, and how much of it.

    A PATH is a folder, a diagram, or what metrics scan printed before: a file named *.ndjson or
    *.jsonl, or - for standard input. Without one, the current folder is measured.

    Told are diagrams by type, platform and version; of every number of the payload its sum, share,
    median, 90th percentile, maximum, and the ten diagrams that hold the most of it; element
    templates by binding; failures by type; and diagrams that are byte by byte the same.

    The exit status is 2 where a diagram could not be measured.
    """
    templates = options.template_definitions(template_source, template_folders, max_size)
    write = _format(format_name)
    added = own_fragments(with_fragments)

    def lines(path: str) -> Iterator[Report]:
        content, _, name = source_of(path, None)
        return read_reports(content, name, max_size=max_size, fingerprints=True)

    # What is untidy in many diagrams, line by line, would hide what they are asked for.
    how = ScanOptions(
        jobs,
        timeout,
        max_size,
        no_ignore,
        templates,
        fingerprints=True,
        fragments=added,
        tells_warnings=False,
    )
    with open_run(paths or (os.curdir,), ScanInputs(has_lines, lines), how, output_path) as run:
        # Lines may name a file as often as they like, discovery gives none a second time.
        each_once = not any(map(has_lines, paths))
        for piece in write(
            run.reports, SummaryLayout(by, max_size, each_once, run.is_terminal, added)
        ):
            run.stream.write(piece)


def _format(name: str) -> Format:
    try:
        return format_named(name)
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in EXTRA:
            raise
        raise click.ClickException(
            f"--format {name} needs the package {package}: pip install 'bpmn-metrics[report]'"
        ) from None
