"""The command line: options, streams, exit status; nothing that a library user would miss."""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import click

from metrics.document import DocumentError, ErrorType
from metrics.formats import FORMATS, Selection, printable
from metrics.report import FRAGMENTS, Report, scan
from metrics.sources import DEFAULT_MAX_SIZE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

EXIT_UNMEASURED: Final = 2
EXIT_BROKEN_PIPE: Final = 141

STANDARD_INPUT: Final = "-"

# The mark keeps the lines as they are.
EXAMPLES: Final = """\b
Examples:
  metrics scan order.bpmn
  metrics scan --fragment diagramMetrics processes/
  cat order.bpmn | metrics scan --stdin-filename order.bpmn -
"""

UNITS: Final = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30}


class Size(click.ParamType[int]):
    """A number of bytes, with K, M or G for the powers of 1024."""

    name = "bytes"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        match = re.fullmatch(r"(\d{1,18})\s*([KMG]?)(?:i?B)?", value, re.IGNORECASE)
        if match is None:
            self.fail(f"{value!r} is no size: write 500000, 800K or 100M.", param, ctx)
        return int(match[1]) * UNITS[match[2].upper()]


def run() -> int:
    """Do what the command line asks for; returns the exit status."""
    try:
        status: int = metrics.main(prog_name="metrics", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return EXIT_UNMEASURED
    except click.Abort:
        raise KeyboardInterrupt from None
    except OSError as error:
        _drop_output()
        with suppress(OSError):
            click.echo(f"metrics: cannot write the output: {error.strerror}", err=True)
        return EXIT_UNMEASURED
    return status


def _drop_output() -> None:
    # What is still in the buffer must not be written at exit.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="bpmn-metrics", prog_name="metrics")
def metrics() -> None:
    """Read BPMN, DMN and Form diagrams, and print the metrics that the Camunda Modeler counts."""


@metrics.command(name="scan", epilog=EXAMPLES)
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(allow_dash=True))
@click.option(
    "--fragment",
    "fragments",
    multiple=True,
    type=click.Choice(FRAGMENTS),
    help="Print only this part of the payload; can be given several times.",
)
@click.option(
    "-f",
    "--format",
    "format_name",
    type=click.Choice(tuple(FORMATS)),
    help="Default: json for a single file, ndjson for a folder or several paths.",
)
@click.option(
    "--templates",
    "template_source",
    type=click.Choice(("diagram", "definitions")),
    default="diagram",
    show_default=True,
    help="Take element templates from what the diagram uses, or from the definitions that the"
    " Modeler would find for it.",
)
@click.option(
    "--template-path",
    "template_folders",
    metavar="DIR",
    multiple=True,
    type=click.Path(exists=True, file_okay=False),
    help="With --templates definitions, a further folder with element-templates; can be given"
    " several times.",
)
@click.option(
    "--documented-keys", is_flag=True, help="Spell keys as the telemetry page does: 'nesting:'."
)
@click.option(
    "--warnings", is_flag=True, help="Add what was untidy to what is printed of a diagram."
)
@click.option(
    "--max-size",
    type=Size(),
    default=DEFAULT_MAX_SIZE,
    show_default="256M",
    metavar="BYTES",
    help="Refuse larger files as too large; 100M and the like are read.",
)
@click.option(
    "--stdin-filename", metavar="NAME", help="What standard input is called, for its type."
)
@click.option(
    "--no-ignore", is_flag=True, help="Do not honour .gitignore files, and go into hidden folders."
)
def scan_command(
    paths: tuple[str, ...],
    fragments: tuple[str, ...],
    format_name: str | None,
    template_source: str,
    template_folders: tuple[str, ...],
    documented_keys: bool,
    warnings: bool,
    max_size: int,
    stdin_filename: str | None,
    no_ignore: bool,
) -> None:
    """Print the metric payload of each diagram.

    A PATH is a file, a folder, or - for standard input; without one, the current folder is
    scanned. One file gives its payload as indented JSON, a folder or several paths a line of JSON
    a diagram.

    The exit status is 2 where a diagram could not be measured: its place in the output says why.
    """
    if stdin_filename and STANDARD_INPUT not in paths:
        raise click.UsageError("--stdin-filename needs -, standard input, among the paths.")
    if template_folders and template_source != "definitions":
        raise click.UsageError("--template-path needs --templates definitions.")
    templates = None
    if template_source == "definitions":
        from metrics.template_definitions import TemplateDefinitions

        templates = TemplateDefinitions(template_folders, max_size=max_size)
    single = len(paths) == 1 and not os.path.isdir(paths[0])
    write = FORMATS[format_name or ("json" if single else "ndjson")]
    measure = partial(scan, max_size=max_size, templates=templates)
    outcome = _Outcome()
    reports = outcome.watch(
        _reports(paths or (os.curdir,), measure, stdin_filename, honour_ignores=not no_ignore)
    )
    selection = Selection(fragments, documented_keys, warnings)
    if sys.stdout is None:
        raise click.ClickException("standard output is closed.")
    output = sys.stdout.buffer
    try:
        for piece in write(reports, selection, single=single):
            output.write(piece)
        output.flush()
    except BrokenPipeError:
        # Here, since click ends a broken pipe with a status of its own.
        _drop_output()
        raise click.exceptions.Exit(EXIT_BROKEN_PIPE) from None
    if outcome.measured == outcome.failed == 0:
        click.echo("metrics: no diagrams found", err=True)
    if outcome.failed:
        raise click.exceptions.Exit(EXIT_UNMEASURED)


class _Outcome:
    """Tells people what went wrong as reports pass, and keeps count for the exit status."""

    def __init__(self) -> None:
        self.measured = 0
        self.failed = 0

    def watch(self, reports: Iterable[Report]) -> Iterator[Report]:
        for report in reports:
            for warning in report.warnings:
                _say(report.file, warning.line, None, f"warning: {warning.message}")
            if report.error is None:
                self.measured += 1
            else:
                self.failed += 1
                error = report.error
                _say(report.file, error.line, error.column, f"{error.type}: {error.message}")
            yield report


def _say(file: str | None, line: int | None, column: int | None, message: str) -> None:
    place = ":".join(str(part) for part in (line, column) if part is not None)
    name = file or STANDARD_INPUT
    said = f"{name}:{place}: {message}" if place else f"{name}: {message}"
    # Whoever cannot be told still gets the results, and the exit status.
    with suppress(OSError):
        # What a file names must not steer the terminal, nor turn the line about.
        characters = (
            character if character.isprintable() else repr(character)[1:-1]
            for character in printable(said)
        )
        click.echo("".join(characters), err=True)


def _reports(
    paths: Iterable[str],
    measure: Callable[..., Report],
    stdin_filename: str | None,
    *,
    honour_ignores: bool,
) -> Iterator[Report]:
    for path in paths:
        if path == STANDARD_INPUT:
            name = stdin_filename or STANDARD_INPUT
            if sys.stdin is None:
                error = DocumentError(ErrorType.UNREADABLE, "standard input is closed")
                yield Report(name, error=error)
            else:
                report = measure(sys.stdin.buffer, name=stdin_filename)
                yield replace(report, file=name)
        elif os.path.isdir(path):
            from metrics.discovery import discover

            for found in discover(path, honour_ignores=honour_ignores):
                if found.unlistable is None:
                    yield measure(found.path)
                else:
                    error = DocumentError(ErrorType.UNREADABLE, found.unlistable)
                    yield Report(found.path, error=error)
        else:
            yield measure(path)
