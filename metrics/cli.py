"""The command line: the commands, and how a run of one ends."""

from __future__ import annotations

import io
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Final

import click

from metrics.commands import InOrder
from metrics.system.exit_status import ExitStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

COMMANDS: Final[Mapping[str, str]] = {
    "scan": "metrics.commands.scan",
    "summary": "metrics.commands.summary",
    "explain": "metrics.commands.explain",
    "check": "metrics.commands.check",
    "diff": "metrics.commands.diff",
    "shards": "metrics.commands.shards",
    "event": "metrics.commands.event",
    "schema": "metrics.commands.schema",
}
"""The module of each command, which holds it as `command`."""


class _Commands(InOrder):
    """Imports the called command only: importing all would take longer than a scan."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(COMMANDS[cmd_name]).command
        return command


@click.group(
    cls=_Commands,
    # Placeholders: the names, for help and for suggestions.
    commands=[click.Command(name) for name in COMMANDS],
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=lambda ctx, param, is_given: _show_version(ctx, is_given=is_given),
    help="Show the version and the versions of the rules of fragments, and exit.",
)
def metrics() -> None:
    """Print the metrics that the Camunda Modeler collects from BPMN, DMN and Form diagrams."""


def _show_version(ctx: click.Context, *, is_given: bool) -> None:
    if not is_given or ctx.resilient_parsing:
        return
    from importlib.metadata import version

    from metrics.catalog import OWN_FRAGMENTS, own_metric

    click.echo(f"metrics, version {version('bpmn-metrics')}")
    for fragment in OWN_FRAGMENTS:
        click.echo(f"{fragment}, rules {own_metric(fragment).rules}")
    ctx.exit()


def run() -> int:
    """Run the command that the arguments name, and return the exit status."""
    try:
        status: int = metrics.main(prog_name="metrics", standalone_mode=False)
    except click.ClickException as error:
        _show(error)
        return ExitStatus.FAILURE
    except OSError as error:
        _show(click.ClickException(f"cannot write the output: {error.strerror}"))
        return ExitStatus.FAILURE
    return status


def _show(error: click.ClickException) -> None:
    from metrics.commands.console import show_message
    from metrics.formats.text import MISLEADING_LINES, escaped, on_one_line
    from metrics.reading.sources import printable

    # click itself would write to standard output if standard error is closed.
    shown = io.StringIO()
    error.show(shown)
    message = shown.getvalue().removesuffix("\n")
    # click's messages have several lines, but an argument in them must not add a line.
    for argument in sys.argv[1:]:
        if "\n" in argument:
            message = message.replace(click.unstyle(argument), on_one_line(argument))
    show_message(escaped(printable(message), MISLEADING_LINES))
