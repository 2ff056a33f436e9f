"""`metrics shards run`: measures the objects of shards."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from functools import partial
from typing import TYPE_CHECKING

import click

from metrics.commands import options
from metrics.commands.console import file_errors_shown, show_message
from metrics.commands.runs import open_progress, processors, require_zstandard
from metrics.formats.shards import number_ranges
from metrics.formats.text import counted, on_one_line
from metrics.system.exit_status import ExitStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from metrics.report import Report
    from metrics.shards.markers import ShardResult
    from metrics.shards.running import OpenPlan, ShardOutcome
    from metrics.system.progress import Progress

# `\b` keeps the line breaks.
EXAMPLES = """\b
Examples:
  metrics shards run plan/
  metrics shards run --shard 3 plan/
  metrics shards run --jobs 8 s3://bucket/plan
  metrics shards run --dask tcp://scheduler:8786 /shared/plan
"""


@click.command(name="run", epilog=EXAMPLES)
@click.argument("location", metavar="DIR")
@click.option(
    "--shard",
    "shards",
    type=click.IntRange(min=0),
    metavar="N",
    multiple=True,
    help="Run only this shard, even if it is done; repeatable.",
)
@click.option("--again", is_flag=True, help="Run all shards, even those that are done.")
@click.option(
    "--unread",
    is_flag=True,
    help="Also run the shards with objects that could not be read, even if they are done.",
)
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="Use N worker processes. Default: the number of processors.",
)
@click.option(
    "--dask",
    "address",
    metavar="ADDRESS",
    help="Run the shards on the Dask cluster with this scheduler, such as tcp://scheduler:8786;"
    " needs the package distributed.",
)
@options.quiet
def command(
    location: str,
    shards: tuple[int, ...],
    again: bool,
    unread: bool,
    jobs: int | None,
    address: str | None,
    is_quiet: bool,
) -> None:
    """Run the shards that are not done.

    DIR is a folder or URL with a plan. A shard is done when all its objects have been measured and
    its lines have been written. A run can be interrupted at any time; the next run continues with
    the shards that are missing. A shard that is done is not run again, even if its objects have
    changed. Shards run one after the other on this machine, each with several
    processes, or on a Dask cluster.

    The exit status is 2 if a shard could not be run. An object that cannot be read or measured has
    a line with its error, and does not change the status.
    """
    if address is not None and jobs is not None:
        raise click.UsageError("--dask and --jobs exclude each other.")
    if shards and (again or unread):
        raise click.UsageError("--shard cannot be used with --again or --unread.")
    require_zstandard()
    from metrics.shards.running import open_plan

    results: list[ShardResult] = []
    failed: dict[str, list[int]] = {}
    with file_errors_shown(), ExitStack() as stack:
        opened = open_plan(location)
        to_run = range(opened.plan.shards) if again else _to_run(opened, shards, unread=unread)
        names = partial(_objects_of, opened, to_run)
        done = _Done(open_progress(names, stack, is_output_shown=False, noun="objects"))
        if address is None:
            outcomes = _run_here(opened, to_run, jobs, done)
        else:
            show_note = partial(_show_note, is_quiet=is_quiet)
            outcomes = _run_on_dask(address, location, to_run, done, show_note)
        for outcome in outcomes:
            if outcome.result is None:
                failed.setdefault(outcome.reason, []).append(outcome.shard)
            else:
                results.append(outcome.result)
    for reason, numbers in failed.items():
        noun = "shard" if len(numbers) == 1 else "shards"
        message = f"{noun} {number_ranges(sorted(numbers))} failed: {reason}"
        show_message(f"metrics: {on_one_line(message)}")
    if not is_quiet and (results or not to_run):
        show_message(f"metrics: {_note(results)}" if to_run else "metrics: all shards are done")
    if failed:
        raise click.exceptions.Exit(ExitStatus.FAILURE)


def _to_run(opened: OpenPlan, chosen: Sequence[int], *, unread: bool) -> Sequence[int]:
    """The shards to run, in order; raises `click.UsageError` for a number that is not one.

    With `unread`, they include those with objects that could not be read.
    """
    from metrics.shards.markers import ShardStatus, shard_states

    count = opened.plan.shards
    for shard in chosen:
        if shard >= count:
            raise click.UsageError(f"--shard: there is no shard {shard}: the plan has {count}.")
    if chosen:
        return sorted(set(chosen))
    states = shard_states(opened.store, opened.plan)
    return [
        state.shard
        for state in states
        if state.status is not ShardStatus.DONE
        or (unread and state.result is not None and state.result.unread)
    ]


def _objects_of(opened: OpenPlan, shards: Iterable[int]) -> Iterator[object]:
    """An item for each object of some shards."""
    from metrics.reading.sources import FileError
    from metrics.shards.lists import read_list

    with suppress(FileError):
        for shard in shards:
            yield from read_list(opened.store, shard)


def _run_here(
    opened: OpenPlan, shards: Sequence[int], jobs: int | None, done: _Done
) -> Iterator[ShardOutcome]:
    from metrics.shards.running import run_shards

    return run_shards(opened, shards, jobs or processors(), done.watch) if shards else iter(())


def _show_note(text: str, *, is_quiet: bool) -> None:
    if not is_quiet:
        show_message(f"metrics: {text}")


def _run_on_dask(
    address: str,
    location: str,
    shards: Sequence[int],
    done: _Done,
    show_note: Callable[[str], None],
) -> Iterator[ShardOutcome]:
    from metrics.shards.dask import run_on_dask
    from metrics.shards.stores import absolute_location

    location = absolute_location(location)
    for outcome in run_on_dask(address, location, shards, show_note) if shards else ():
        if outcome.result is not None:
            failed = sum(outcome.result.failed.values())
            done.add(outcome.result.measured + failed, failed)
        yield outcome


class _Done:
    """Counts the lines of a run, and shows them in the progress line."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self._lines = self._failed = 0

    def add(self, lines: int, failed: int) -> None:
        self._lines += lines
        self._failed += failed
        if self._progress is not None:
            with suppress(OSError):
                self._progress.show(self._lines, self._failed)

    def watch(self, reports: Iterable[Report]) -> Iterator[Report]:
        """Count reports; yields them unchanged."""
        for report in reports:
            self.add(1, int(report.error is not None))
            yield report


def _note(results: Sequence[ShardResult]) -> str:
    """What a run has done, for its end."""
    from metrics.shards.collecting import Totals

    return f"{counted(len(results), 'shard')} run, {Totals.of(results).description}"
