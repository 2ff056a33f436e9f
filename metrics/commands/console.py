"""What a command reads and writes: its FILE, its output, and its messages."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, cast

import click

from metrics.formats.text import on_one_line
from metrics.reading.errors import MAX_CHARACTERS_OF_A_MESSAGE, truncated
from metrics.reading.sources import MAX_NAME_CHARACTERS, STANDARD_INPUT, FileError
from metrics.report import scan
from metrics.system.exit_status import ExitStatus

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from typing import BinaryIO

    from metrics.report import Report
    from metrics.system.output import Stream
    from metrics.template_definitions import TemplateDefinitions


class FileSource(NamedTuple):
    """A FILE to read.

    `content` is its path or stream. `name` determines its type. `file` is its name in reports and
    messages.
    """

    content: str | BinaryIO
    name: str | None
    file: str


def source_of(file: str, stdin_filename: str | None) -> FileSource:
    """The source of a FILE; `-` is standard input, which `stdin_filename` may name.

    Raises `click.UsageError` for a `stdin_filename` without standard input.
    """
    if file == STANDARD_INPUT:
        if sys.stdin is None:
            stream = cast("BinaryIO", _Closed())
        else:
            stream = sys.stdin.buffer
            # If standard input does not block, a pause of the writer would look like its end.
            with suppress(AttributeError, OSError, ValueError):
                os.set_blocking(sys.stdin.fileno(), True)
        return FileSource(stream, stdin_filename or None, stdin_filename or STANDARD_INPUT)
    if stdin_filename is not None:
        raise click.UsageError("--stdin-filename needs - (standard input) as the FILE.")
    return FileSource(file, file, file)


def require_standard_input(paths: Collection[str], stdin_filename: str | None) -> None:
    """Raise `click.UsageError` if standard input has a name, but is not one of the paths."""
    if stdin_filename is not None and STANDARD_INPUT not in paths:
        raise click.UsageError("--stdin-filename needs - (standard input) among the paths.")


def scan_file(
    file: str,
    stdin_filename: str | None,
    *,
    max_size: int,
    templates: TemplateDefinitions | None,
    fragments: Collection[str] = (),
    dialect: str | None = None,
) -> Report:
    """The report of a FILE; raises `click.UsageError` as `source_of` does."""
    source = source_of(file, stdin_filename)
    report = scan(
        source.content,
        name=source.name,
        max_size=max_size,
        templates=templates,
        fragments=fragments,
        dialect=dialect,
    )
    return replace(report, file=source.file)


def wrong_value(option: str, error: Exception) -> click.UsageError:
    """The error for a wrong value of an option; its message is cut at 1,000 characters."""
    return click.UsageError(f"{option}: {_reason(error)}")


@contextmanager
def file_errors_shown() -> Iterator[None]:
    """Turn an error in a file other than a diagram into an error of the command.

    Its message is cut at 1,000 characters.
    """
    try:
        yield
    except FileError as error:
        raise click.ClickException(_reason(error)) from None


def _reason(error: Exception) -> str:
    return truncated(on_one_line(str(error)), MAX_CHARACTERS_OF_A_MESSAGE)


class _Closed:
    """Replaces a standard input that is closed; every read fails."""

    def read(self, _: int) -> bytes:
        raise OSError(None, "standard input is closed")

    readline = read


def require_standard_output() -> None:
    """Raise `click.ClickException` if standard output is closed."""
    if sys.stdout is None:
        raise click.ClickException("standard output is closed.")


def write(text: bytes) -> None:
    """Write the whole output of a command to standard output."""
    require_standard_output()
    with output() as stream:
        stream.write(text)


@contextmanager
def output(path: str | None = None) -> Iterator[BinaryIO | Stream]:
    """Open the file at a path, or standard output; errors end the command."""
    from metrics.system.output import Stream, replacing

    try:
        with Stream(sys.stdout.fileno()) if path is None else replacing(path) as output:
            yield output
    except BrokenPipeError:
        # click would exit with status 1.
        raise click.exceptions.Exit(ExitStatus.BROKEN_PIPE) from None
    except OSError as error:
        if path is None:
            raise
        reason = f"cannot write {on_one_line(path) or repr(path)}: {error.strerror}"
        raise click.ClickException(reason) from None


def describe_report(report: Report, *, shows_warnings: bool = True) -> Iterator[str]:
    """The messages about a diagram: its warnings, and the error if it could not be measured."""
    for warning in report.warnings if shows_warnings else ():
        yield message_for(report.file, f"warning: {warning.message}", warning.line)
    if (error := report.error) is not None:
        yield message_for(report.file, f"{error.type}: {error.message}", error.line, error.column)


def show_message(line: str) -> None:
    """Print a message on standard error, if it is open.

    Errors are ignored: results and the exit status do not depend on messages.
    """
    if sys.stderr is not None:
        with suppress(OSError):
            click.echo(line, file=sys.stderr)


def show_warning(name: str, message: str) -> None:
    """Print a warning about a file on standard error."""
    show_message(message_for(name, f"warning: {message}"))


def message_for(
    file: str | None, message: str, line: int | None = None, column: int | None = None
) -> str:
    """A message about a file, after the file's name and the position."""
    position = ":".join(str(part) for part in (line, column) if part is not None)
    name = STANDARD_INPUT if file is None else file or repr(file)
    name = truncated(name, MAX_NAME_CHARACTERS)
    return on_one_line(f"{name}:{position}: {message}" if position else f"{name}: {message}")
