"""Where a command writes, and the files that it must not overwrite."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import click

from metrics.archives.names import ALL_EXTENSIONS, member_path
from metrics.commands.console import output, require_standard_output
from metrics.configuration.files import FILES
from metrics.formats.text import on_one_line
from metrics.reading.sources import STANDARD_INPUT, absolute
from metrics.scanning.gitignore import IGNORE_FILE
from metrics.scanning.selection import EXTENSIONS, apply_to_named
from metrics.scanning.unpacking import FoundArchive

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import BinaryIO

    from metrics.scanning.selection import Selection
    from metrics.system.output import Stream


Source = TypeVar("Source")


class OutputFile(NamedTuple):
    """A file to write, and the option that names it."""

    option: str
    path: str


class Outputs:
    """The files that a run writes, none of which it may also read.

    Raises `click.UsageError` if two of them are the same file, if one is among the `inputs`, or if
    metrics reads files with its name: anywhere, or because the `selection` includes it in one of
    the `inputs`. Devices, pipes and folders are not checked: writing to them replaces no file.
    """

    def __init__(
        self, files: Iterable[OutputFile], inputs: Iterable[str], selection: Selection
    ) -> None:
        files = [file for file in files if not _is_special_file(file.path)]
        # Only a file that exists can be overwritten.
        self._existing = {
            identity: file for file in files if (identity := _identity(file.path)) is not None
        }
        inputs = [*inputs]
        for path in inputs:
            self._require_other(path)
        if len({os.path.realpath(file.path) for file in files}) < len(files):
            raise click.UsageError("Two outputs would be written to the same file.")
        for file in files:
            reason = None
            if any(map(_is_read_by_name, (file.path, os.path.realpath(file.path)))):
                reason = "metrics reads files with this name"
            elif _is_included(file.path, inputs, selection):
                reason = "it is in a folder that is read, and a pattern includes it"
            if reason is not None:
                name = on_one_line(os.path.basename(file.path))
                raise click.UsageError(f"{name} cannot be an output: {reason}.")

    def watch(self, sources: Iterator[Source]) -> Iterator[Source]:
        """Yield the sources; raises `click.UsageError` at a link to an output."""
        return self._watched(sources) if self._existing else sources

    def _watched(self, sources: Iterator[Source]) -> Iterator[Source]:
        for source in sources:
            if isinstance(source, str | FoundArchive):
                self._require_other(source if isinstance(source, str) else source.path)
            yield source

    def _require_other(self, path: str) -> None:
        """Raise `click.UsageError` if a path leads to one of the outputs, or into it."""
        if not self._existing:
            return
        inner = member_path(path)
        identity = _identity(path if inner is None else inner.archive)
        if identity is None:
            return
        if (file := self._existing.get(identity)) is not None:
            name = on_one_line(file.path)
            raise click.UsageError(f"{file.option} would overwrite {name}, which is an input.")


def is_standard_output(output_path: str | None) -> bool:
    """Whether an output option means standard output: it is `-`, or is not used."""
    return output_path in (None, STANDARD_INPUT)


def files_of(output_path: str | None) -> list[OutputFile]:
    """The file that `--output` names, if any."""
    if output_path is None or is_standard_output(output_path):
        return []
    return [OutputFile("--output", output_path)]


@contextmanager
def open_output(output_path: str | None) -> Iterator[tuple[BinaryIO | Stream, bool]]:
    """Open the output that an option names; yields the stream and whether it is a terminal."""
    is_standard = is_standard_output(output_path)
    if is_standard:
        require_standard_output()
    with output(None if is_standard else output_path) as stream:
        yield stream, is_standard and sys.stdout.isatty()


def _is_special_file(path: str) -> bool:
    """Whether a path exists and is not a regular file: a device, a pipe or a folder."""
    return os.path.exists(path) and not os.path.isfile(path)


def _identity(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(sys.stdin.fileno() if path == STANDARD_INPUT else path)
    except (OSError, ValueError, AttributeError):
        # The process may have no standard input.
        return None
    return status.st_dev, status.st_ino


def _is_read_by_name(path: str) -> bool:
    """Whether the name of a file is that of a diagram, an archive, a configuration or the like."""
    name = os.path.basename(path)
    if name in (*FILES, IGNORE_FILE) or name.lower().endswith((*EXTENSIONS, *ALL_EXTENSIONS)):
        return True
    if not name.endswith(".json"):
        return False
    from metrics.template_definitions import is_definition

    return is_definition(absolute(path))


def _is_included(path: str, inputs: Iterable[str], selection: Selection) -> bool:
    """Whether a search of the folders among the inputs would find a file by a pattern."""
    if not selection.include:
        return False
    folder, name = os.path.split(absolute(path))
    return (
        selection.is_diagram(os.path.join(folder, ""), name)
        and any(_is_below(path, each) for each in inputs if os.path.isdir(each))
        and not apply_to_named(selection, [path]).excluded
    )


def _is_below(path: str, folder: str) -> bool:
    return os.path.realpath(path).startswith(os.path.join(os.path.realpath(folder), ""))
