"""Where plans and their results are kept: a folder, or a prefix in an object store."""

from __future__ import annotations

import os
from contextlib import contextmanager
from functools import lru_cache, partial
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Protocol

from metrics.reading.sources import (
    DiscoveredFile,
    FileError,
    absolute,
    content_beside,
    open_regular_file,
)
from metrics.shards.remote import (
    NotFoundError,
    RemoteError,
    call_at,
    etag_of,
    started,
    tried,
    without_secrets,
)
from metrics.shards.urls import FILE_PREFIX, LOCAL_SCHEMES, scheme_of
from metrics.system.output import remove_abandoned, replacing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet
    from contextlib import AbstractContextManager


MAX_REMOTE_BYTES: Final = 1024 * 1024 * 1024
"""The size above which a file of a remote store is not read: it is held in memory."""

BYTES_PER_REQUEST: Final = 16 * 1024 * 1024
"""The size of the parts in which a remote file is copied."""


class StoreError(FileError):
    """A file of a store that cannot be read or written."""


class _NoSuchFileError(StoreError):
    """A file or a prefix that a remote store does not have."""


class Store(Protocol):
    """Files by their names. All methods raise `StoreError`."""

    def name_of(self, file: str) -> str:
        """The path or URL of a file, for messages."""

    def read(self, file: str, max_size: int) -> bytes:
        """The content of a file."""

    def open(self, file: str) -> BinaryIO:
        """A file, opened for reading."""

    def write(self, file: str) -> AbstractContextManager[BinaryIO]:
        """A stream whose content replaces a file at the end of a `with` block, or not at all."""

    def files(self) -> AbstractSet[str]:
        """The names of all files."""


def store_at(location: str) -> Store:
    """The store at a path or URL; raises `StoreError` for a URL that is not known."""
    try:
        scheme = scheme_of(location)
    except ValueError as error:
        raise StoreError(without_secrets(location), str(error)) from None
    if scheme in LOCAL_SCHEMES:
        return FolderStore(location.removeprefix(FILE_PREFIX))
    return RemoteStore(location)


def create_store(location: str) -> Store:
    """The store at a path or URL; creates a folder. Raises `StoreError`."""
    store = store_at(location)
    if isinstance(store, FolderStore):
        try:
            os.makedirs(store.folder, exist_ok=True)
        except OSError as error:
            raise StoreError(store.folder, error.strerror or str(error)) from None
    return store


def absolute_location(location: str) -> str:
    """The location of a store for processes with other current folders."""
    store = store_at(location)
    return absolute(store.folder) if isinstance(store, FolderStore) else location


def copy_remote(url: str, copy: BinaryIO, max_size: int) -> None:
    """Write the content of a remote file to a stream, in parts with a request each.

    Raises `StoreError`, also if the file has more than `max_size` bytes or changes meanwhile.
    """
    info = _requested(url, "info")
    size, etag = info["size"], etag_of(info)
    if info.get("type") == "directory":
        raise StoreError(without_secrets(url), "it is not a file.")
    if size > max_size:
        raise StoreError(without_secrets(url), f"it is larger than {max_size:,} bytes.")
    copied = 0
    for start in range(0, size, BYTES_PER_REQUEST):
        end = min(start + BYTES_PER_REQUEST, size)
        copied += copy.write(_requested(url, "cat_file", start=start, end=end))
    info = _requested(url, "info")
    if not copied == size == info["size"] or etag != etag_of(info):
        raise StoreError(without_secrets(url), "it changed while it was read.")


def remove_leftovers(store: Store) -> None:
    """Remove what killed processes of this machine have left, once in the life of this process."""
    if isinstance(store, FolderStore):
        _clean(store.folder)


@lru_cache(maxsize=16)
def _clean(folder: str) -> None:
    remove_abandoned(folder)


class FolderStore:
    """A folder of this machine."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def name_of(self, file: str) -> str:
        return os.path.join(self.folder, file)

    def read(self, file: str, max_size: int) -> bytes:
        # A pipe or a device could make it wait.
        return content_beside(DiscoveredFile(self.name_of(file)), max_size, StoreError)

    def open(self, file: str) -> BinaryIO:
        name = self.name_of(file)
        try:
            stream = open_regular_file(name)
        except OSError as error:
            raise StoreError(name, error.strerror or str(error)) from None
        if stream is None:
            raise StoreError(name, "it is not a file.")
        return stream

    @contextmanager
    def write(self, file: str) -> Iterator[BinaryIO]:
        try:
            with replacing(self.name_of(file)) as stream:
                yield stream
        except OSError as error:
            raise StoreError(self.name_of(file), error.strerror or str(error)) from None

    def files(self) -> AbstractSet[str]:
        try:
            return {*os.listdir(self.folder)}
        except OSError as error:
            raise StoreError(self.folder, error.strerror or str(error)) from None


class RemoteStore:
    """A prefix of an object store, by its URL.

    A file is held in memory while it is read or written.
    """

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    def name_of(self, file: str) -> str:
        return without_secrets(self._location(file))

    def read(self, file: str, max_size: int) -> bytes:
        size: int = _requested(self._location(file), "info")["size"]
        if size > max_size:
            raise StoreError(self.name_of(file), f"it is larger than {max_size:,} bytes.")
        content: bytes = _requested(self._location(file), "cat_file")
        return content

    def open(self, file: str) -> BinaryIO:
        return BytesIO(self.read(file, MAX_REMOTE_BYTES))

    @contextmanager
    def write(self, file: str) -> Iterator[BinaryIO]:
        stream = BytesIO()
        yield stream
        # One request, so that no part of a file is ever visible.
        _requested(self._location(file), "pipe_file", stream.getvalue())

    def files(self) -> AbstractSet[str]:
        try:
            paths = _requested(self._url, "ls", detail=False)
        except _NoSuchFileError:
            # A prefix exists only with a file below it.
            return frozenset()
        return {path.rstrip("/").rpartition("/")[2] for path in paths}

    def _location(self, file: str) -> str:
        return f"{self._url}/{file}" if file else self._url


def _requested(url: str, method: str, *arguments: Any, **options: Any) -> Any:
    """Call a method of the file system that reads a URL, for the URL; raises `StoreError`."""
    try:
        request = partial(call_at, url, method, url, *arguments, **options)
        return started(tried(request)).result()
    except NotFoundError as error:
        raise _NoSuchFileError(without_secrets(url), str(error)) from None
    except (RemoteError, FileError) as error:
        reason = error.message if isinstance(error, FileError) else str(error)
        raise StoreError(without_secrets(url), reason) from None
