"""`metrics shards`: a scan in parts, on many machines."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

import click

from metrics.catalog import own_fragments
from metrics.commands import InOrder, options
from metrics.commands.console import file_errors_shown, show_message, source_of
from metrics.commands.format_option import format_option
from metrics.commands.inputs import ConfigOptions, config_options, settings_of
from metrics.commands.outputs import Outputs, files_of, is_standard_output, open_output
from metrics.commands.runs import require_zstandard
from metrics.commands.shards_run import command as run
from metrics.formats.shards import LINES_FORMATS, STATUS_FORMATS
from metrics.formats.text import counted, on_one_line
from metrics.reading.sources import STANDARD_INPUT
from metrics.scanning.selection import Selection
from metrics.shards.plan import (
    MAX_SHARDS,
    PLAN_FILE,
    PlanOptions,
    is_plan_file,
    plan_files,
    read_plan,
)
from metrics.shards.stores import create_store, store_at
from metrics.system.exit_status import ExitStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from metrics.shards.collecting import Totals
    from metrics.shards.inventory import SkippedKey
    from metrics.shards.plan import Plan
    from metrics.shards.stores import Store

INSTALL_PARQUET: Final = "pip install pyarrow"
PARQUET_EXTENSION: Final = ".parquet"

# `\b` keeps the line breaks.
EXAMPLES = """\b
Examples:
  metrics shards plan manifest.txt --shards 8 --out plan/
  metrics shards run plan/
  metrics shards status plan/
  metrics shards collect plan/ -o metrics.ndjson
"""


@click.group(name="shards", cls=InOrder, epilog=EXAMPLES)
def command() -> None:
    """Scan millions of diagrams in parts, on one machine or many.

    A plan divides a list of diagrams into shards. Running a shard measures its diagrams and writes
    a line for each into the folder of the plan. An interrupted run can be continued. Needs the
    package zstandard.
    """


folder = click.argument("folder", metavar="DIR")


@command.command()
@click.argument("manifest_name", metavar="MANIFEST", type=click.Path(allow_dash=True))
@click.option(
    "--shards",
    type=click.IntRange(1, MAX_SHARDS),
    metavar="N",
    required=True,
    help="Divide the objects into N shards; a plan never has more shards than objects.",
)
@click.option(
    "--out", "folder", metavar="DIR", required=True, help="The folder or URL of the plan."
)
@click.option(
    "-0",
    "--null",
    "is_null_separated",
    is_flag=True,
    help="Paths in MANIFEST end with a NUL character, not with a line break.",
)
@options.with_fragments
@options.as_dialect
@options.max_size
@options.max_total
@options.timeout
@click.option(
    "--archives",
    "with_archives",
    is_flag=True,
    help="Also plan the archives of an inventory.",
)
@config_options
@options.quiet
def plan(
    manifest_name: str,
    shards: int,
    folder: str,
    is_null_separated: bool,
    with_fragments: tuple[str, ...],
    dialect: str | None,
    max_size: int,
    max_total: int,
    timeout: float | None,
    with_archives: bool,
    config: ConfigOptions,
    is_quiet: bool,
) -> None:
    """Divide a manifest into shards.

    MANIFEST is a list of paths or URLs, one per line; lines of JSON with the keys url, size, etag
    and version; or the manifest.json of an S3 inventory. It can be a URL, or - for standard input.
    Relative paths are relative to the current folder.

    Each shard has consecutive objects of MANIFEST. If MANIFEST states sizes, the shards have about
    the same number of bytes, otherwise about the same number of objects.
    """
    require_zstandard()
    from metrics.shards.manifest import open_manifest
    from metrics.shards.markers import ShardStatus, shard_states
    from metrics.shards.planning import contents_of, plan_of, write_plan

    _require_other_folder(manifest_name, folder)
    fragments = own_fragments((*with_fragments, *settings_of(config).fragments))
    plan_options = PlanOptions(max_size, max_total, timeout, tuple(sorted(fragments)), dialect)
    stream = None
    if manifest_name == STANDARD_INPUT:
        content = source_of(STANDARD_INPUT, None).content
        stream = None if isinstance(content, str) else content
    with (
        file_errors_shown(),
        open_manifest(
            manifest_name,
            stream,
            is_null_separated=is_null_separated,
            with_archives=with_archives,
        ) as manifest,
    ):
        contents = contents_of(manifest)
        new_plan = plan_of(contents, shards, plan_options)
        store = create_store(folder)
        write_plan(manifest, contents, new_plan, store)
        done = sum(state.status is ShardStatus.DONE for state in shard_states(store, new_plan))
    if not is_quiet:
        objects = counted(new_plan.objects, "object")
        show_message(f"metrics: {objects} in {counted(new_plan.shards, 'shard')}")
        if done:
            reason = "metrics shards run --again measures them again"
            show_message(f"metrics: {counted(done, 'shard')} are done already; {reason}")
        if contents.skipped:
            show_message(_note_of_skipped(contents.skipped))


command.add_command(run)


def _require_other_folder(manifest_name: str, folder: str) -> None:
    """Raise `click.UsageError` if the plan would replace its manifest."""
    inner, name = os.path.split(os.path.realpath(manifest_name))
    if is_plan_file(name) and inner == os.path.realpath(folder):
        name = on_one_line(manifest_name)
        raise click.UsageError(f"--out would overwrite {name}, which is an input.")


def _note_of_skipped(skipped: Mapping[SkippedKey, int]) -> str:
    parts = [f"{number:,} {reason}" for reason, number in sorted(skipped.items())]
    return f"metrics: skipped {counted(sum(skipped.values()), 'key')}: {', '.join(parts)}"


@command.command()
@folder
@format_option(STATUS_FORMATS.names, default="text", help="The format of the output.")
@click.option("--exit-code", is_flag=True, help="Exit with status 1 unless all shards are done.")
def status(folder: str, format_name: str, exit_code: bool) -> None:
    """Show which shards are done.

    Counts the shards that are done, with their objects and diagrams, and lists all other shards by
    number.
    """
    require_zstandard()
    from metrics.shards.collecting import plan_status

    store, existing = _read_plan(folder)
    with file_errors_shown():
        plan_state = plan_status(store, existing)
    with open_output(None) as (stream, _):
        for piece in STATUS_FORMATS.load(format_name)(plan_state):
            stream.write(piece)
    if exit_code and plan_state.done < existing.shards:
        raise click.exceptions.Exit(ExitStatus.DIFFERENCE)


@command.command()
@folder
@format_option(
    LINES_FORMATS.names,
    default="ndjson",
    help="parquet is a table with the columns of the CSV of metrics scan; it needs the package"
    " pyarrow.",
)
@options.output_path
@options.quiet
def collect(folder: str, format_name: str, output_path: str | None, is_quiet: bool) -> None:
    """Print the lines of all shards in the order of the manifest.

    The lines are those of metrics scan. All shards must be done. The lines of each shard are
    checked against the SHA-256 in its marker.

    The exit status is 2 if a shard is not done or damaged, or if more than 5% of the objects could
    not be read.
    """
    require_zstandard()
    from metrics.shards.collecting import Totals, all_results, checked_lines

    if format_name == "parquet":
        if find_spec("pyarrow") is None:
            reason = f"--format parquet needs the module pyarrow: {INSTALL_PARQUET}"
            raise click.ClickException(reason)
        if is_standard_output(output_path) and sys.stdout is not None and sys.stdout.isatty():
            raise click.UsageError("--format parquet needs --output FILE or a pipe.")
    elif output_path is not None and output_path.lower().endswith(PARQUET_EXTENSION):
        raise click.UsageError(f"--output {on_one_line(output_path)} needs --format parquet.")
    write = LINES_FORMATS.load(format_name)
    store, existing = _read_plan(folder)
    with file_errors_shown():
        results = all_results(store, existing)
        Outputs(files_of(output_path), plan_files(store), Selection())
        with open_output(output_path) as (stream, _):
            try:
                for piece in write(checked_lines(store, results), existing.options.fragments):
                    stream.write(piece)
            except ValueError as error:
                reason = f"{store.name_of(PLAN_FILE)}: the lines are not those of metrics scan"
                raise click.ClickException(on_one_line(f"{reason}: {error}.")) from None
    _show_totals(Totals.of(results), is_quiet=is_quiet)


def _show_totals(totals: Totals, *, is_quiet: bool) -> None:
    """Print the closing note; exits with status 2 if too many objects could not be read."""
    if not is_quiet:
        show_message(f"metrics: {totals.description}")
    if totals.has_too_many_unread:
        raise click.ClickException(
            f"{totals.unread:,} of {counted(totals.objects, 'object')} could not be read:"
            " metrics shards run --unread reads them again."
        )


def _read_plan(folder: str) -> tuple[Store, Plan]:
    store = store_at(folder)
    with file_errors_shown():
        return store, read_plan(store)
