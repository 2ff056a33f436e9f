"""What comes in, what goes out, and what people are told."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, cast

import click

from metrics.formats.text import on_one_line
from metrics.reading.sources import STANDARD_INPUT
from metrics.report import scan
from metrics.system.exit_status import ExitStatus

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from typing import BinaryIO

    from metrics.report import Report
    from metrics.system.output import Stream
    from metrics.template_definitions import TemplateDefinitions


class FileSource(NamedTuple):
    """What a FILE stands for: where its bytes are, its name for its type, and what it is called."""

    content: str | BinaryIO
    name: str | None
    file: str


def source_of(file: str, stdin_filename: str | None) -> FileSource:
    """What is to be read for a FILE, - being standard input, which has its name by an option.

    Raises `click.UsageError` where that names no standard input.
    """
    if file == STANDARD_INPUT:
        if sys.stdin is None:
            stream = cast("BinaryIO", _Closed())
        else:
            stream = sys.stdin.buffer
            # Who started us may not wait for it: a pause is not the end.
            with suppress(AttributeError, OSError, ValueError):
                os.set_blocking(sys.stdin.fileno(), True)
        return FileSource(stream, stdin_filename or None, stdin_filename or STANDARD_INPUT)
    if stdin_filename is not None:
        raise click.UsageError("--stdin-filename needs -, standard input, as the FILE.")
    return FileSource(file, file, file)


def require_standard_input(paths: Collection[str], stdin_filename: str | None) -> None:
    """Raises `click.UsageError` where standard input has a name, but is not among the PATHs."""
    if stdin_filename is not None and STANDARD_INPUT not in paths:
        raise click.UsageError("--stdin-filename needs -, standard input, among the paths.")


def scanned(
    file: str,
    stdin_filename: str | None,
    *,
    max_size: int,
    templates: TemplateDefinitions | None,
    fragments: Collection[str] = (),
) -> Report:
    """The report of a FILE; all else is as for `source_of`."""
    content, name, called = source_of(file, stdin_filename)
    return replace(
        scan(content, name=name, max_size=max_size, templates=templates, fragments=fragments),
        file=called,
    )


class _Closed:
    def read(self, _: int) -> bytes:
        raise OSError(None, "standard input is closed")

    readline = read


def require_standard_output() -> None:
    """Raises `click.ClickException` where there is no standard output to print to."""
    if sys.stdout is None:
        raise click.ClickException("standard output is closed.")


def write(printed: bytes) -> None:
    """Write all that a command has to print to standard output."""
    require_standard_output()
    with output() as stream:
        stream.write(printed)


@contextmanager
def output(path: str | None = None) -> Iterator[BinaryIO | Stream]:
    """The file at a path, or else standard output."""
    from metrics.system.output import Stream, replacing

    try:
        with Stream(sys.stdout.fileno()) if path is None else replacing(path) as output:
            yield output
    except BrokenPipeError:
        # Here, since click ends a broken pipe with a status of its own.
        raise click.exceptions.Exit(ExitStatus.BROKEN_PIPE) from None
    except OSError as error:
        if path is None:
            raise
        reason = f"cannot write {on_one_line(path) or repr(path)}: {error.strerror}"
        raise click.ClickException(reason) from None


def describe_report(report: Report) -> Iterator[str]:
    """The lines that tell people what was untidy in a diagram, and why it was not measured."""
    for warning in report.warnings:
        yield message_for(report.file, f"warning: {warning.message}", warning.line)
    if (error := report.error) is not None:
        yield message_for(report.file, f"{error.type}: {error.message}", error.line, error.column)


def show_message(line: str) -> None:
    """Say something on standard error.

    Whoever cannot be told still gets the results, and the exit status.
    """
    if sys.stderr is not None:
        with suppress(OSError):
            click.echo(line, file=sys.stderr)


def message_for(
    file: str | None, message: str, line: int | None = None, column: int | None = None
) -> str:
    """The line that tells people something about a diagram."""
    place = ":".join(str(part) for part in (line, column) if part is not None)
    name = STANDARD_INPUT if file is None else file or repr(file)
    return on_one_line(f"{name}:{place}: {message}" if place else f"{name}: {message}")
