"""Files of lines that are compressed with Zstandard.

A file is refused if it ends early, if more data follows, or if decompressing it needs a window of
more than `MAX_WINDOW_BYTES`.
"""

from __future__ import annotations

import hashlib
import io
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from metrics.shards.stores import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metrics.shards.stores import Store

LEVEL: Final = 3
MAX_WINDOW_BYTES: Final = 8 * 1024 * 1024

# Four bytes can hold a block of 128 kB, so that these hold 16 MB at most.
BYTES_PER_READ: Final = 512


@contextmanager
def compressed(stream: BinaryIO) -> Iterator[BinaryIO]:
    """A stream that compresses what is written to it; the same content has the same bytes."""
    import zstandard

    compressor = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True)
    with compressor.stream_writer(stream, closefd=False) as writer:
        yield writer


def open_compressed(store: Store, file: str, sha256: str | None = None) -> BinaryIO:
    """The content of a compressed file of a store, as a stream.

    Opening and reading raise `StoreError`. So does the end of a content whose SHA-256, in
    hexadecimal, is not `sha256`.
    """
    raw: Any = _Decompressed(store.open(file), store.name_of(file), sha256)
    # It has all methods of a binary stream.
    return io.BufferedReader(raw, io.DEFAULT_BUFFER_SIZE)


class _Decompressed(io.RawIOBase):
    """The content of a compressed stream, checked at its end."""

    def __init__(self, stream: BinaryIO, name: str, sha256: str | None) -> None:
        import zstandard

        self._stream = stream
        self._name = name
        self._sha256 = sha256
        self._hash = hashlib.sha256()
        self._error = zstandard.ZstdError
        decompressor = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW_BYTES)
        self._frame = decompressor.decompressobj()
        self._piece = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._piece:
            if self._frame.eof:
                return 0
            self._decompress()
        count = min(len(buffer), len(self._piece))
        buffer[:count] = self._piece[:count]
        self._piece = self._piece[count:]
        return count

    def close(self) -> None:
        self._stream.close()
        super().close()

    def _decompress(self) -> None:
        """Read the next piece; raises `StoreError` if there is none, or if it is not valid."""
        compressed = self._read(BYTES_PER_READ)
        if not compressed:
            raise StoreError(self._name, "it ends early.")
        try:
            piece = self._frame.decompress(compressed)
        except self._error as error:
            raise StoreError(self._name, f"it is damaged: {error}.") from None
        self._piece = memoryview(piece)
        self._hash.update(piece)
        if self._frame.eof:
            if self._frame.unused_data or self._read(1):
                raise StoreError(self._name, "more data follows its end.")
            if self._sha256 not in (None, self._hash.hexdigest()):
                raise StoreError(self._name, "its content is not what its shard wrote.")

    def _read(self, size: int) -> bytes:
        try:
            return self._stream.read(size)
        except OSError as error:
            raise StoreError(self._name, error.strerror or str(error)) from None
