"""`metrics diff`: what becomes of the numbers from one state of diagrams to another."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from metrics.catalog import own_fragments
from metrics.commands import options
from metrics.commands.console import show_message, source_of
from metrics.commands.runs import (
    ScanInputs,
    ScanOptions,
    discovery_of,
    is_ndjson,
    is_standard_output,
    open_output,
    refuse_to_overwrite,
    scan_paths,
)
from metrics.diff.comparison import Pair, Status, compare, paired
from metrics.formats.diff import FORMATS, format_named
from metrics.formats.text import on_one_line
from metrics.reading.sources import STANDARD_INPUT, printable
from metrics.report import Report
from metrics.scanning.ndjson_reports import read_reports
from metrics.system.exit_status import ExitStatus

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from metrics.diff.git import Revision
    from metrics.scanning.requests import DiagramSource

SEPARATOR: Final = "--"
RANGES: Final = ("...", "..")
HEAD: Final = "HEAD"

# The mark keeps the lines as they are.
EXAMPLES = """\b
Examples:
  metrics diff main
  metrics diff main...HEAD -- processes/
  metrics diff --format markdown --output comment.md origin/main...HEAD
  metrics diff before.bpmn after.bpmn
  metrics scan processes/ > before.ndjson && metrics diff before.ndjson processes/
"""


class _PairedSides(NamedTuple):
    """What is compared: the pairs of diagrams, and what both sides are called."""

    pairs: Sequence[Pair[Any]]
    old: str
    new: str


class _WithPaths(click.Command):
    """A command that knows what stands behind `--`: click itself forgets where that stood."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if SEPARATOR in args:
            place = args.index(SEPARATOR)
            ctx.meta[SEPARATOR] = tuple(args[place + 1 :])
            args = args[:place]
        return super().parse_args(ctx, args)


@click.command(name="diff", cls=_WithPaths, epilog=EXAMPLES)
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="[NEW]", required=False)
@click.argument("others", metavar=f"[{SEPARATOR} PATH]...", nargs=-1)
@click.option(
    "-f",
    "--format",
    "format_name",
    type=click.Choice(tuple(FORMATS)),
    default="table",
    show_default=True,
    help="markdown is a comment for a pull request, no longer than one may be.",
)
@options.output_path
@click.option("--exit-code", is_flag=True, help="End with status 1 where anything differs.")
@options.with_fragments
@options.jobs
@options.timeout
@options.max_size
@options.no_ignore
@click.pass_context
def command(
    ctx: click.Context,
    old: str,
    new: str | None,
    others: tuple[str, ...],
    format_name: str,
    output_path: str | None,
    exit_code: bool,
    with_fragments: tuple[str, ...],
    jobs: int | None,
    timeout: float | None,
    max_size: int,
    no_ignore: bool,
) -> None:
    """Print what becomes of the numbers of diagrams from OLD to NEW.

    OLD and NEW are two diagrams, two folders, what metrics scan printed (a file named *.ndjson or
    *.jsonl, or - for standard input), or two revisions of the git repository that the current
    folder is in: main, HEAD~3, v1.2. Without NEW, OLD is compared with the working tree, as far as
    git knows of its files. OLD...NEW begins where both parted. Behind -- stand the PATHs of a
    repository to compare, else it is all of it.

    Told is each diagram that was added, removed, renamed or changed, each value before and after,
    and the sums over these diagrams.

    The exit status is 2 where a diagram could not be measured on a side.
    """
    if others:
        raise click.UsageError(f"Write {SEPARATOR} before the PATHs: {on_one_line(others[0])}.")
    paths: tuple[str, ...] | None = ctx.meta.get(SEPARATOR)
    write = format_named(format_name)
    how = ScanOptions(
        jobs,
        timeout,
        max_size,
        no_ignore,
        fragments=own_fragments(with_fragments),
        shows_warnings=False,
        shows_totals=False,
    )
    are_files = paths is None and new is not None and _is_file(old) and _is_file(new)
    if are_files and new is not None:
        for path in (old, new):
            refuse_to_overwrite([path], "--output", output_path)
        compared = _of_files(old, new, how)
    else:
        compared = _of_revisions(old, new, paths or (), has_separator=paths is not None)
    pairs = compared.pairs

    def sources() -> Iterator[Any]:
        return (source for pair in pairs for source in pair.sources())

    is_shown = is_standard_output(output_path)
    found = sources() if are_files else _loaded(sources(), max_size)
    with (
        scan_paths(found, sources, NO_INPUTS, how, is_output_shown=is_shown) as run,
        open_output(output_path) as (stream, is_terminal),
    ):
        comparison = compare(pairs, run.reports, old=compared.old, new=compared.new)
        for piece in write(comparison, is_terminal):
            stream.write(piece)
    if exit_code and comparison.changes:
        raise click.exceptions.Exit(ExitStatus.DIFFERENCE)


NO_INPUTS: Final = ScanInputs(lambda source: False, lambda path: ())


def _is_file(path: str) -> bool:
    return path == STANDARD_INPUT or os.path.lexists(path)


def _of_files(old: str, new: str, how: ScanOptions) -> _PairedSides:
    if old == new == STANDARD_INPUT:
        raise click.UsageError("Standard input can be one side only.")
    are_folders = [os.path.isdir(path) for path in (old, new)]
    are_lines = [is_ndjson(path) and not os.path.isdir(path) for path in (old, new)]
    if not any(are_folders) and not any(are_lines):
        name = None if old == new else old
        return _PairedSides([Pair(new, old, new, name)], old, new)
    if any(are_folders) and not all(map(max, are_folders, are_lines)):
        raise click.UsageError("One of OLD and NEW is a folder, the other is a diagram.")
    # What a scan printed has the folder in its names.
    is_relative = all(are_folders)
    sides = [_side(path, how, is_relative=is_relative) for path in (old, new)]
    # What is no line of a scan is no diagram that came or went.
    lines = {os.path.normpath(path) for path in (old, new) if is_ndjson(path)}
    pairs = [
        pair._replace(status=Status.UNMEASURED) if pair.file in lines else pair
        for pair in paired(*sides)
    ]
    return _PairedSides(pairs, old, new)


def _side(path: str, how: ScanOptions, *, is_relative: bool) -> Iterator[tuple[str, DiagramSource]]:
    """The diagrams of a side, by the names that they are paired by."""
    if not os.path.isdir(path) and is_ndjson(path):
        return _lines(path, how.max_size)
    return _found(path, how, is_relative=is_relative)


def _found(
    folder: str, how: ScanOptions, *, is_relative: bool
) -> Iterator[tuple[str, DiagramSource]]:
    for source in discovery_of([folder], how)():
        path = (source.file or "") if isinstance(source, Report) else str(source)
        name = os.path.relpath(path, folder) if is_relative else os.path.normpath(path)
        # As a scan prints it.
        yield printable(name), source


def _lines(path: str, max_size: int) -> Iterator[tuple[str, DiagramSource]]:
    content, _, name = source_of(path, None)
    for report in read_reports(content, name, max_size=max_size):
        yield os.path.normpath(report.file or name), report


def _of_revisions(
    old: str, new: str | None, paths: Sequence[str], *, has_separator: bool
) -> _PairedSides:
    from metrics.diff.git import RevisionError, UnknownRevisionError

    try:
        return _differences(old, new, paths)
    except RevisionError as error:
        hint = (
            _hint(old, new) if isinstance(error, UnknownRevisionError) and not has_separator else ""
        )
        raise click.ClickException(on_one_line(str(error)) + hint) from None


def _differences(old: str, new: str | None, paths: Sequence[str]) -> _PairedSides:
    from metrics.diff.git import Repository

    repository = Repository()
    right: Revision | None
    is_range = old not in RANGES and os.pardir not in old.split(os.sep)
    separator = next((one for one in RANGES if is_range and one in old), None)
    if separator is not None:
        if new is not None:
            raise click.UsageError(f"{on_one_line(old)} is a range: leave out NEW.")
        before, _, after = (part or HEAD for part in old.partition(separator))
        right = repository.revision(after)
        if separator == RANGES[0]:
            left = repository.merge_base(before, after)
            old_name = f"{left.name} (where {before} and {after} parted)"
        else:
            left = repository.revision(before)
            old_name = before
        new_name = after
    else:
        left = repository.revision(old)
        right = None if new is None else repository.revision(new)
        old_name, new_name = old, "the working tree" if new is None else new
    differences = repository.differences(left, right, paths)
    for submodule in differences.submodules:
        show_message(
            f"metrics: {on_one_line(submodule)} is a submodule: what is in it is not compared"
        )
    return _PairedSides(differences.pairs, old_name, new_name)


def _hint(old: str, new: str | None) -> str:
    """What may have been meant where there is no such revision."""
    there = [path for path in (old, new) if path is not None and _is_file(path)]
    if len(there) != 1:
        return ""
    if new is None:
        return f" {on_one_line(old)} is a path: NEW is missing to compare it with."
    if there == [old]:
        return f" {on_one_line(old)} is a path, {on_one_line(new)} is none."
    return f" {on_one_line(new)} is a path: write {SEPARATOR} before it."


def _loaded(sources: Iterator[Any], max_size: int) -> Iterator[DiagramSource]:
    from metrics.diff.git import loaded

    return loaded(sources, max_size=max_size)
