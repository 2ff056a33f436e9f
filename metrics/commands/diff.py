"""`metrics diff`: what changed between two states of diagrams."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

import click

from metrics.catalog import FragmentOptions, compared_fragments, own_fragments
from metrics.commands import options
from metrics.commands.format_option import csv_raw, format_option, load_format, require_csv
from metrics.commands.inputs import (
    ArchiveOptions,
    ConfigOptions,
    SelectionOptions,
    archive_options,
    config_options,
    selection_of,
    selection_options,
    settings_of,
)
from metrics.commands.outputs import Outputs, files_of, is_standard_output, open_output
from metrics.commands.runs import (
    ScanInputs,
    ScanOptions,
    discovery_of,
    files_read,
    is_saved_scan,
    read_saved_scan,
    scan_paths,
    with_shard_folders,
)
from metrics.diff.comparison import compare_pairs
from metrics.diff.paths import PathReader, UnpackedPaths, UnpairedPathsError, is_path, pair_paths
from metrics.formats.diff import FORMATS
from metrics.formats.diff.content import note_of_not_compared
from metrics.formats.text import on_one_line
from metrics.reading.sources import absolute
from metrics.scanning.gitignore import repository_top
from metrics.scanning.requests import ShardFolder
from metrics.system.exit_status import ExitStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from metrics.diff.comparison import Comparison
    from metrics.diff.pairs import PairedStates
    from metrics.diff.scope import Scope
    from metrics.report import Report
    from metrics.scanning.requests import DiagramSource

SEPARATOR: Final = "--"

NO_INPUTS: Final = ScanInputs(lambda source: False, lambda path: ())

# `\b` keeps the line breaks.
EXAMPLES = """\b
Examples:
  metrics diff
  metrics diff main
  metrics diff main...HEAD -- processes/
  metrics diff --format markdown --output comment.md origin/main...HEAD
  metrics diff before.bpmn after.bpmn
  metrics scan --with all processes/ > before.ndjson
  metrics diff --with all before.ndjson processes/
"""


class _CommandWithPaths(click.Command):
    """Stores the arguments after `--` separately; click would merge them with the others."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if SEPARATOR in args:
            index = args.index(SEPARATOR)
            ctx.meta[SEPARATOR] = tuple(args[index + 1 :])
            args = args[:index]
        return super().parse_args(ctx, args)


@click.command(name="diff", cls=_CommandWithPaths, epilog=EXAMPLES)
@click.argument("old", metavar="[OLD]", required=False)
@click.argument("new", metavar="[NEW]", required=False)
@click.argument("others", metavar=f"[{SEPARATOR} PATH]...", nargs=-1)
@format_option(
    FORMATS.names,
    default="table",
    help="markdown is a comment for a pull request, within GitHub's length limit.",
)
@csv_raw
@options.output_path
@click.option("--exit-code", is_flag=True, help="Exit with status 1 if any value differs.")
@options.with_fragments
@options.as_dialect
@options.jobs
@options.timeout
@options.max_size
@selection_options
@archive_options
@config_options
@options.quiet
@click.pass_context
def command(
    ctx: click.Context,
    old: str | None,
    new: str | None,
    others: tuple[str, ...],
    format_name: str,
    is_csv_raw: bool,
    output_path: str | None,
    exit_code: bool,
    with_fragments: tuple[str, ...],
    dialect: str | None,
    jobs: int | None,
    timeout: float | None,
    max_size: int,
    selected: SelectionOptions,
    archived: ArchiveOptions,
    config: ConfigOptions,
    is_quiet: bool,
) -> None:
    """Compare the numbers of diagrams between two revisions.

    OLD and NEW are two revisions of the git repository that contains the current folder (main,
    HEAD~3, v1.2). They may also be two folders, archives or diagrams, or the output of metrics
    scan: a file named *.ndjson or *.jsonl, the folder of a plan of metrics shards, or - for
    standard input. Without NEW, the revision OLD is compared with the tracked files of the working
    tree; without OLD, HEAD is compared with them. OLD...NEW compares NEW with the merge base of the
    two. PATHs after -- limit the comparison to a part of the repository.

    Compares the documented numbers, the fragments elements and implementations, and those of
    --with. Lists each diagram that was added, removed, renamed or changed, its values before and
    after, and the totals of these diagrams. Diagrams whose content changed, but none of their
    values, are counted as changed otherwise.

    The exit status is 2 if a diagram could not be measured.
    """
    if others:
        raise click.UsageError(f"Write {SEPARATOR} before the PATHs: {on_one_line(others[0])}.")
    paths: tuple[str, ...] | None = ctx.meta.get(SEPARATOR)
    require_csv([format_name], is_csv_raw=is_csv_raw)
    write = load_format(FORMATS, format_name, is_csv_raw=is_csv_raw)
    settings = settings_of(config)
    archived.require_standard_input(tuple(filter(None, (old, new))))
    selection = selection_of(selected, settings, archived, is_quiet=is_quiet)
    names = compared_fragments() | own_fragments((*with_fragments, *settings.fragments))
    scan_options = ScanOptions(
        jobs,
        timeout,
        max_size,
        selection,
        archived.unpacker(selection, max_size, is_quiet=is_quiet),
        fingerprints="whole",
        added=FragmentOptions(names, dialect),
        shows_warnings=False,
        shows_totals=False,
        is_quiet=is_quiet,
    )
    config_files = () if settings.path is None else (settings.path,)
    if paths is None and old is not None and new is not None and is_path(old) and is_path(new):
        old_path, new_path = with_shard_folders((old, new))
        read = (*files_read((old_path, new_path)), *config_files)
        outputs = Outputs(files_of(output_path), read, selection)
        work = _work_on_paths(old_path, new_path, archived, scan_options, outputs)
    else:
        from metrics.diff.scope import Scope

        top = repository_top(absolute(os.curdir)) or os.curdir
        inputs = (*(paths or ()), top, *config_files)
        outputs = Outputs(files_of(output_path), inputs, selection)
        scope = Scope(paths or (), selection, force_exclude=selected.force_exclude)
        states = _states_of_revisions(old, new, scope, may_be_paths=paths is None)
        for submodule in states.submodules:
            name = on_one_line(submodule)
            scan_options.show_note(f"{name} is a submodule: its diagrams are not compared")
        work = _work_on_revisions(states, max_size)
    is_shown = is_standard_output(output_path)
    with (
        scan_paths(
            outputs.watch(work.sources),
            work.names,
            NO_INPUTS,
            scan_options,
            is_output_shown=is_shown,
            add_copies=work.add_copies,
        ) as run,
        open_output(output_path) as (stream, is_terminal),
    ):
        comparison = work.compare(run.reports)
        for piece in write(comparison, is_terminal):
            stream.write(piece)
    if note := note_of_not_compared(comparison):
        scan_options.show_note(note)
    if exit_code and comparison.has_different_values:
        raise click.exceptions.Exit(ExitStatus.DIFFERENCE)


class _Work(NamedTuple):
    """What to measure, and how to compare the reports.

    `names` and `add_copies` are those of `scan_paths`.
    """

    sources: Iterator[DiagramSource]
    names: Callable[[], Iterator[object]] | None
    compare: Callable[[Iterator[Report]], Comparison]
    add_copies: Callable[[Iterator[Report]], Iterator[Report]] | None = None


def _work_on_paths(
    old: str, new: str, archived: ArchiveOptions, scan_options: ScanOptions, outputs: Outputs
) -> _Work:
    def discover(path: str) -> Iterator[DiagramSource]:
        found = discovery_of([path], scan_options)()
        # Both sides may have the same archive.
        return scan_options.unpacker.afresh().unpack(outputs.watch(found))

    def is_many(path: str) -> bool:
        return not isinstance(path, ShardFolder) and archived.is_many(path)

    read_scan = partial(read_saved_scan, max_size=scan_options.max_size)
    reader = PathReader(discover, is_saved_scan, read_scan, is_many)
    try:
        if archived.may_unpack((old, new)):
            unpacked = UnpackedPaths(old, new, reader)
            return _Work(
                unpacked.sources(), None, lambda reports: _compare_measured(unpacked.pair(reports))
            )
        states = pair_paths(old, new, reader)
    except UnpairedPathsError as error:
        raise click.UsageError(str(error)) from None
    return _Work(states.sources(), states.sources, partial(_compare, states))


def _work_on_revisions(states: PairedStates, max_size: int) -> _Work:
    """Work that measures each blob once."""
    from metrics.diff.blobs import add_copies, load_blobs, skip_copies

    blobs = load_blobs(skip_copies(states.sources()), max_size=max_size)
    compare = partial(_compare, states)
    return _Work(blobs, states.sources, compare, partial(add_copies, states.sources))


def _compare(states: PairedStates, reports: Iterator[Report]) -> Comparison:
    # A name may be a `ShardFolder`, which is not plain text in JSON.
    old_name, new_name = str(states.old_name), str(states.new_name)
    return compare_pairs(states.pairs, reports, old_name=old_name, new_name=new_name)


def _compare_measured(states: PairedStates) -> Comparison:
    """Compare two states whose sources are reports."""
    return _compare(states, states.sources())


def _states_of_revisions(
    old: str | None, new: str | None, scope: Scope, *, may_be_paths: bool
) -> PairedStates:
    from metrics.diff.git import RevisionError, UnknownRevisionError
    from metrics.diff.revisions import HEAD, RangeError, pair_revisions

    try:
        return pair_revisions(HEAD if old is None else old, new, scope)
    except RangeError as error:
        raise click.UsageError(on_one_line(str(error))) from None
    except RevisionError as error:
        if old is None:
            reason = f"Without OLD, the working tree is compared with {HEAD}, but {error}"
            raise click.UsageError(on_one_line(reason)) from None
        has_hint = isinstance(error, UnknownRevisionError) and may_be_paths
        hint = _hint(old, new) if has_hint else ""
        raise click.ClickException(on_one_line(str(error)) + hint) from None


def _hint(old: str, new: str | None) -> str:
    """A hint if one of the two names is a path instead of a revision; otherwise empty."""
    existing = [name for name in (old, new) if name is not None and is_path(name)]
    if len(existing) != 1:
        return ""
    if new is None:
        return f" {on_one_line(old)} is a path: add a second path to compare it with."
    if existing == [old]:
        return f" {on_one_line(old)} is a path, but {on_one_line(new)} is not."
    return f" {on_one_line(new)} is a path: write {SEPARATOR} before it."
