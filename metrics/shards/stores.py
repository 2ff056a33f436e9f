"""Where plans and their results are kept: a folder, or a prefix in an object store."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, BinaryIO, Protocol

from metrics.reading.sources import READ_AT_ONCE, DiscoveredFile, FileError, content_beside
from metrics.system.output import replacing

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet
    from contextlib import AbstractContextManager


class StoreError(FileError):
    """A file of a store that cannot be read or written."""


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
    """The store at a path or URL."""
    return FolderStore(location)


def create_store(location: str) -> Store:
    """The store at a path or URL; creates a folder. Raises `StoreError`."""
    try:
        os.makedirs(location, exist_ok=True)
    except OSError as error:
        raise StoreError(location, error.strerror or str(error)) from None
    return store_at(location)


class FolderStore:
    """A folder of this machine."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def name_of(self, file: str) -> str:
        return os.path.join(self._folder, file)

    def read(self, file: str, max_size: int) -> bytes:
        # A pipe or a device could make it wait.
        return content_beside(DiscoveredFile(self.name_of(file)), max_size, StoreError)

    def open(self, file: str) -> BinaryIO:
        name = self.name_of(file)
        try:
            descriptor = os.open(name, READ_AT_ONCE)
        except OSError as error:
            raise StoreError(name, error.strerror or str(error)) from None
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise StoreError(name, "it is not a file.")
        return open(descriptor, "rb")

    def write(self, file: str) -> AbstractContextManager[BinaryIO]:
        return replacing(self.name_of(file))

    def files(self) -> AbstractSet[str]:
        try:
            return {*os.listdir(self._folder)}
        except OSError as error:
            raise StoreError(self._folder, error.strerror or str(error)) from None
