"""The command line: which commands there are, and how a run of one ends."""

from __future__ import annotations

import io
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Final

import click

from metrics.commands import InOrder

if TYPE_CHECKING:
    from collections.abc import Mapping

EXIT_FAILED: Final = 2

COMMANDS: Final[Mapping[str, str]] = {
    "scan": "metrics.commands.scan",
    "summary": "metrics.commands.summary",
    "explain": "metrics.commands.explain",
    "check": "metrics.commands.check",
    "diff": "metrics.commands.diff",
    "event": "metrics.commands.event",
    "schema": "metrics.commands.schema",
}
"""The commands by their names, and the module of each, which holds it as `command`."""


class _Commands(InOrder):
    """Imports a command when it is asked for: what the others need takes longer than a scan."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(COMMANDS[cmd_name]).command
        return command


@click.group(
    cls=_Commands,
    # Stands for those that are not imported, for who looks for a name like another.
    commands=[click.Command(name) for name in COMMANDS],
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="bpmn-metrics", prog_name="metrics")
def metrics() -> None:
    """Read BPMN, DMN and Form diagrams, and print the metrics that the Camunda Modeler counts."""


def run() -> int:
    """Do what the command line asks for; returns the exit status."""
    try:
        status: int = metrics.main(prog_name="metrics", standalone_mode=False)
    except click.ClickException as error:
        _show(error)
        return EXIT_FAILED
    except OSError as error:
        _show(click.ClickException(f"cannot write the output: {error.strerror}"))
        return EXIT_FAILED
    return status


def _show(error: click.ClickException) -> None:
    from metrics.commands.console import show_message
    from metrics.formats.text import STEERING_LINES, escaped, on_one_line
    from metrics.reading.sources import printable

    # Not by click: without standard error it would write to standard output.
    shown = io.StringIO()
    error.show(shown)
    told = shown.getvalue()
    # What is quoted of an argument is not to begin a line; what click itself says has several.
    for argument in sys.argv[1:]:
        if "\n" in argument:
            told = told.replace(click.unstyle(argument), on_one_line(argument))
    show_message(escaped(printable(told.removesuffix("\n")), STEERING_LINES))
