"""Manifests: the objects to measure.

A manifest is a list of paths or URLs, one a line; lines of JSON, `{"url", "size", "etag",
"version"}`; or the `manifest.json` of an inventory, which `metrics.shards.inventory` reads.
"""

from __future__ import annotations

import os
import stat
from codecs import BOM_UTF8
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Final, cast

from metrics.reading.sources import PIECE
from metrics.shards.lists import (
    MAX_LINE_BYTES,
    ManifestError,
    bounded_lines,
    checked_object,
    object_of,
    too_long,
)
from metrics.shards.remote import without_secrets
from metrics.shards.stores import StoreError, copy_remote
from metrics.shards.urls import FILE_PREFIX, scheme_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

    from metrics.shards.inventory import SkippedKey
    from metrics.shards.plan import PlannedObject

    Entry = PlannedObject | SkippedKey
    Manifest = Callable[[], Iterator[Entry]]

MAX_COPIED_BYTES: Final = 64 * 1024 * 1024 * 1024
"""The size above which a manifest that has to be copied first is refused."""

HTTP: Final = ("http", "https")


@contextmanager
def open_manifest(
    name: str,
    stream: BinaryIO | None = None,
    *,
    is_null_separated: bool = False,
    with_archives: bool = False,
) -> Iterator[Manifest]:
    """A function that reads a manifest, as often as it is called.

    `name` is a path or URL, and `stream` the manifest, if it is already open. A stream, a pipe and
    a remote file are copied to a temporary file first. `with_archives` also plans the archives of
    an inventory. Opening and reading raise `ManifestError`.
    """
    name = name.removeprefix(FILE_PREFIX)
    with ExitStack() as stack:
        try:
            open_again = stack.enter_context(_readable_again(name, stream))
            read = _reader(name, open_again, is_null_separated, with_archives)
        except OSError as error:
            raise ManifestError(name, error.strerror or str(error)) from None
        yield partial(_entries, name, open_again, read)


def _entries(
    name: str,
    open_again: Callable[[], BinaryIO],
    read: Callable[[BinaryIO], Iterator[Entry]],
) -> Iterator[Entry]:
    try:
        with open_again() as stream:
            yield from read(stream)
    except OSError as error:
        raise ManifestError(name, error.strerror or str(error)) from None


@contextmanager
def _readable_again(name: str, stream: BinaryIO | None) -> Iterator[Callable[[], BinaryIO]]:
    """A function that opens a manifest at its beginning."""
    if stream is None and not (_is_remote(name) or _is_pipe(name)):
        yield partial(open_source, name)
        return
    with _copied(name, stream) as copy:

        def open_copy() -> BinaryIO:
            copy.seek(0)
            return open(copy.fileno(), "rb", closefd=False)

        yield open_copy


def _is_pipe(name: str) -> bool:
    try:
        return stat.S_ISFIFO(os.stat(name).st_mode)
    except (OSError, ValueError):
        # Opening it reports the reason.
        return False


def _is_remote(name: str) -> bool:
    try:
        scheme = scheme_of(name)
    except ValueError as error:
        raise ManifestError(name, str(error)) from None
    if scheme in HTTP:
        reason = "a manifest is not read from a web server: copy it here first."
        raise ManifestError(without_secrets(name), reason)
    return bool(scheme)


def _copied(name: str, stream: BinaryIO | None = None) -> BinaryIO:
    """A temporary file with the content of a stream, of a remote file or of a pipe."""
    from tempfile import TemporaryFile

    with ExitStack() as stack:
        copy = stack.enter_context(TemporaryFile())
        if stream is not None:
            _copy(name, stream, copy)
        elif _is_remote(name):
            try:
                copy_remote(name, copy, MAX_COPIED_BYTES)
            except StoreError as error:
                raise ManifestError(error.path, error.message) from None
            copy.flush()
        else:
            with open(name, "rb") as pipe:
                _copy(name, pipe, copy)
        stack.pop_all()
    return cast("BinaryIO", copy)


def _copy(name: str, stream: BinaryIO, copy: BinaryIO) -> None:
    left = MAX_COPIED_BYTES
    while piece := stream.read(PIECE):
        left -= len(piece)
        if left < 0:
            raise ManifestError(name, f"it is larger than {MAX_COPIED_BYTES:,} bytes.")
        copy.write(piece)
    copy.flush()


def open_source(name: str) -> BinaryIO:
    """Open a manifest or a file of an inventory, which may not be a pipe or device.

    A remote file is copied to a temporary file.
    """
    if _is_remote(name):
        copy = _copied(name)
        copy.seek(0)
        return copy
    if not stat.S_ISREG(os.stat(name).st_mode):
        raise ManifestError(name, "it is not a file.")
    return open(name, "rb")


def _reader(
    name: str,
    open_again: Callable[[], BinaryIO],
    is_null_separated: bool,
    with_archives: bool,
) -> Callable[[BinaryIO], Iterator[Entry]]:
    """The function that reads a manifest with such a first line."""
    if is_null_separated:
        return partial(_null_separated, name)
    with open_again() as stream:
        first = next((line for line in _lines(name, stream) if line[1].strip()), (1, b""))[1]
    if not first.lstrip().startswith(b"{"):
        return partial(_paths, name)
    from metrics.shards.inventory import is_inventory, read_inventory

    if is_inventory(name, first, open_again):
        return partial(read_inventory, name, open_source, with_archives=with_archives)
    return partial(_objects, name)


def _lines(name: str, stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """The numbers of all lines, and the lines without their line breaks."""
    for number, line in enumerate(bounded_lines(stream), start=1):
        if len(line) > MAX_LINE_BYTES:
            raise ManifestError(name, too_long(), number)
        text = line.removeprefix(BOM_UTF8) if number == 1 else line
        yield number, text.removesuffix(b"\n").removesuffix(b"\r")


def _paths(name: str, stream: BinaryIO) -> Iterator[PlannedObject]:
    for number, line in _lines(name, stream):
        if line:
            yield _valid_path(name, line, number)


def _null_separated(name: str, stream: BinaryIO) -> Iterator[PlannedObject]:
    rest = b""
    while piece := stream.read(PIECE):
        *paths, rest = (rest + piece).split(b"\0")
        for path in filter(None, paths):
            yield _valid_path(name, path)
        if len(rest) > MAX_LINE_BYTES:
            raise ManifestError(name, f"a path has more than {MAX_LINE_BYTES:,} bytes.")
    if rest:
        yield _valid_path(name, rest)


def _valid_path(name: str, path: bytes, number: int | None = None) -> PlannedObject:
    try:
        return checked_object(os.fsdecode(path))
    except ValueError as error:
        raise ManifestError(name, str(error), number) from None


def _objects(name: str, stream: BinaryIO) -> Iterator[PlannedObject]:
    for number, line in _lines(name, stream):
        if not line or line.isspace():
            continue
        try:
            object = object_of(line)
        except ValueError as error:
            raise ManifestError(name, str(error), number) from None
        yield object
