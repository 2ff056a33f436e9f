"""Reads tar archives, from the beginning to the end.

Python's `tarfile` holds all members, reads extended headers of any size, and takes quadratic time
for some of them.
"""

from __future__ import annotations

import os
import re
import zlib
from contextlib import contextmanager
from io import BufferedReader, RawIOBase
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NamedTuple, Protocol

from metrics.archives.bounds import MAX_HEADER_BYTES, MAX_WINDOW_BYTES, ArchiveError
from metrics.archives.members import (
    EMPTY,
    Member,
    broken,
    not_an_archive,
    unreadable,
)
from metrics.archives.names import INSTALL_ZSTANDARD, plain_name
from metrics.archives.tar_headers import (
    BLOCK_SIZE,
    DAMAGED_HEADER,
    EXTENDED_HEADERS,
    FILES,
    GLOBAL_PAX_HEADER,
    GNU_LONG_NAME,
    GNU_SPARSE,
    LINKS,
    PAX_HEADERS,
    WITHOUT_CONTENT,
    header_block,
    text,
)
from metrics.reading.errors import ErrorType
from metrics.reading.sources import PIECE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import ModuleType

    from _typeshed import WriteableBuffer

    from metrics.archives.bounds import Costs
    from metrics.archives.members import Role
    from metrics.archives.tar_headers import HeaderBlock

NO_BLOCK: Final = bytes(BLOCK_SIZE)

GZIP: Final = b"\x1f\x8b"
GZIP_FORMAT: Final = 16
"""Added to the size of the window, it makes zlib read the format of gzip."""

PIECE_OF_GZIP: Final = 64 * 1024
ZSTD: Final = b"\x28\xb5\x2f\xfd"
SKIPPABLE_ZSTD: Final = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18")
"""The beginning of a part of a zstd file without content, such as `pzstd` writes first."""

PIECE_OF_ZSTD: Final = 512
"""Packed bytes that are unpacked at once; four of them may become 128 kB."""

# Where a header of GNU tar, and a block that follows it, say whether a block of its map follows.
SPARSE_MAP_FOLLOWS_HEADER: Final = 482
SPARSE_MAP_FOLLOWS_BLOCK: Final = 504

PATH: Final = "path"
TARGET: Final = "linkpath"
SIZE: Final = "size"
SPARSE_NAME: Final = "GNU.sparse.name"
SPARSE_SIZES: Final = ("GNU.sparse.size", "GNU.sparse.realsize")
KEYWORDS: Final = MappingProxyType(
    {keyword.encode(): keyword for keyword in (PATH, TARGET, SIZE, SPARSE_NAME, *SPARSE_SIZES)}
)
"""The records of extended headers that are used."""

MAX_DIGITS: Final = 20

TRUNCATED: Final = "it is damaged: it ends too early"
NO_END: Final = "the archive ends without an end block; members may be missing"
MORE_AFTER_END: Final = "data after the end of the archive is not read"


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class _Header(NamedTuple):
    """What precedes the content of a member; `stored_size` is the size of what follows.

    A sparse file states a larger size than what the archive holds of it.
    """

    name: str
    is_file: bool
    is_sparse: bool
    target: str | None
    stored_size: int


def tar_members(
    file: BinaryIO,
    choose: Callable[[str], Role | None],
    warn: Callable[[str], None],
    costs: Costs,
) -> Iterator[Member]:
    """Yield the members that `choose` gives a role by their names, in the archive's order.

    The compression of the archive is recognized by its first bytes. A member must be read before
    the next one is requested. Raises `ArchiveError` where the archive cannot be read any further.
    """
    with _decompressed(file, costs) as stream:
        headers = _Headers(stream, costs)
        while (header := headers.next()) is not None:
            costs.add_member()
            content = _Content(stream, header)
            if header.is_file or header.target is not None:
                role = choose(header.name)
                if role is not None:
                    yield Member(header.name, role, header.stored_size, content.read, header.target)
            content.skip_rest()
        if (fault := headers.fault_at_end()) is not None:
            warn(fault)


class _Stream:
    """The blocks of an archive.

    Everything that is read counts. Only `file`, an archive without compression, is passed over
    without being read where that is possible.
    """

    def __init__(
        self,
        source: _Readable,
        costs: Costs,
        *,
        file: BinaryIO | None = None,
        failures: tuple[type[Exception], ...] = (),
    ) -> None:
        self._source = source
        self._costs = costs
        self._failures = failures
        self._file = file
        self._file_size = 0 if file is None else _size(file)
        self.position = 0

    def read(self, size: int) -> bytes:
        """The next bytes; fewer only at the end."""
        pieces = []
        left = size
        while left > 0 and (piece := self._read(min(left, PIECE))):
            pieces.append(piece)
            left -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def skip(self, size: int) -> None:
        """Pass over bytes; raises `ArchiveError` if there are fewer."""
        if self._file is not None and size > PIECE:
            if self.position + size > self._file_size:
                raise broken(TRUNCATED)
            self.position = self._file.seek(self.position + size)
            return
        while size > 0:
            if not (piece := self._read(min(size, PIECE))):
                raise broken(TRUNCATED)
            size -= len(piece)

    def _read(self, size: int) -> bytes:
        try:
            piece = self._source.read(size)
        except EOFError:
            raise broken(TRUNCATED) from None
        except self._failures as error:
            raise broken(f"it is damaged: {error}") from None
        self.position += len(piece)
        self._costs.add_bytes(len(piece))
        return piece


class _Content:
    """The content of a member, at the position of the stream."""

    def __init__(self, stream: _Stream, header: _Header) -> None:
        self._stream = stream
        self._header = header
        self._end = stream.position + _padded(header.stored_size)

    def read(self) -> bytes:
        """The content; raises `DocumentError`."""
        if self._header.is_sparse:
            raise unreadable("it is stored as a sparse file")
        content = self._stream.read(self._header.stored_size)
        if len(content) < self._header.stored_size:
            raise broken(TRUNCATED)
        return content

    def skip_rest(self) -> None:
        """Move to the header of the next member."""
        self._stream.skip(self._end - self._stream.position)


class _Headers:
    """The headers of members, together with the extended headers before them."""

    def __init__(self, stream: _Stream, costs: Costs) -> None:
        self._stream = stream
        self._costs = costs
        self._records: dict[str, str] = {}
        self._has_end = False

    def next(self) -> _Header | None:
        """The header at the position of the stream; None at the end of the archive."""
        records: dict[str, str] = {}
        while (block := self._next_block()) is not None:
            if block.type not in EXTENDED_HEADERS:
                return _header(block, self._records | records)
            content = self._extended_header(block.size)
            if block.type == GLOBAL_PAX_HEADER:
                self._records |= _pax_records(content, self._costs)
            elif block.type in PAX_HEADERS:
                records |= _pax_records(content, self._costs)
            else:
                keyword = PATH if block.type == GNU_LONG_NAME else TARGET
                records[keyword] = text(content.partition(b"\0")[0])
        if records:
            raise broken(TRUNCATED)
        return None

    def fault_at_end(self) -> str | None:
        """What is unusual about the end of the archive.

        Reads what fills the last blocks, since a program that writes them to a pipe would fail.
        """
        if not self._has_end:
            return NO_END
        rest = self._stream.read(PIECE)
        return MORE_AFTER_END if rest.count(0) < len(rest) else None

    def _next_block(self) -> HeaderBlock | None:
        is_first = self._stream.position == 0
        block = self._stream.read(BLOCK_SIZE)
        if block == NO_BLOCK:
            self._has_end = True
            return None
        if not block and not is_first:
            return None
        if len(block) < BLOCK_SIZE and not is_first:
            raise broken(TRUNCATED)
        try:
            header = header_block(block)
        except ArchiveError:
            if is_first:
                raise not_an_archive("tar", block) from None
            raise
        if header.type == GNU_SPARSE:
            self._skip_sparse_map(block)
        return header

    def _skip_sparse_map(self, header: bytes) -> None:
        is_followed = header[SPARSE_MAP_FOLLOWS_HEADER]
        while is_followed:
            self._costs.add_header(BLOCK_SIZE)
            block = self._stream.read(BLOCK_SIZE)
            if len(block) < BLOCK_SIZE:
                raise broken(TRUNCATED)
            is_followed = block[SPARSE_MAP_FOLLOWS_BLOCK]

    def _extended_header(self, size: int) -> bytes:
        if size == 0:
            raise broken(DAMAGED_HEADER)
        if size > MAX_HEADER_BYTES:
            raise ArchiveError(
                ErrorType.TOO_LARGE, f"a header is larger than {MAX_HEADER_BYTES:,} bytes"
            )
        self._costs.add_header(BLOCK_SIZE + _padded(size))
        content = self._stream.read(_padded(size))
        if len(content) < _padded(size):
            raise broken(TRUNCATED)
        return content[:size]


def _header(block: HeaderBlock, records: Mapping[str, str]) -> _Header:
    """The header of a member from its block and the records of the headers before it."""
    size = _size_of_record(records[SIZE]) if SIZE in records else block.size
    return _Header(
        name=plain_name(records.get(SPARSE_NAME) or records.get(PATH, block.name)),
        is_file=block.type in FILES,
        is_sparse=block.type == GNU_SPARSE or not records.keys().isdisjoint(SPARSE_SIZES),
        target=records.get(TARGET, block.target) if block.type in LINKS else None,
        stored_size=0 if block.type in WITHOUT_CONTENT else size,
    )


def _pax_records(content: bytes, costs: Costs) -> dict[str, str]:
    """The records of an extended header that are used: `30 path=a.bpmn` and a line break each."""
    records = {}
    start = number = 0
    while start < len(content):
        number += 1
        blank = content.find(b" ", start, start + MAX_DIGITS)
        digits = content[start : max(blank, start)]
        end = start + int(digits) if digits.isdigit() else start
        equals = content.find(b"=", blank, end)
        if equals == -1 or end > len(content):
            raise broken(DAMAGED_HEADER)
        keyword = KEYWORDS.get(content[blank + 1 : equals])
        if keyword is not None:
            records[keyword] = text(content[equals + 1 : end - 1])
        start = end
    costs.add_records(number)
    return records


def _size_of_record(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS):
        raise broken(DAMAGED_HEADER)
    return int(text)


def _padded(size: int) -> int:
    return -(-size // BLOCK_SIZE) * BLOCK_SIZE


def _size(file: BinaryIO) -> int:
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    return size


class _Rest:
    """A stream that cannot seek, with the bytes that were read from it to recognize its type."""

    def __init__(self, start: bytes, stream: BinaryIO) -> None:
        self._start = start
        self._stream = stream

    def read(self, size: int) -> bytes:
        if not self._start:
            return self._stream.read(size)
        piece, self._start = self._start[:size], self._start[size:]
        return piece


class _Gzip(RawIOBase):
    """Unpacks a gzip file, whose parts are counted: an empty one takes time, but has no bytes."""

    def __init__(self, source: _Readable, costs: Costs) -> None:
        self._source = source
        self._costs = costs
        self._packed = b""
        self._part: zlib._Decompress | None = None
        self._may_hold_more = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        with memoryview(buffer) as view:
            piece = self._unpacked(len(view))
            view[: len(piece)] = piece
        return len(piece)

    def _unpacked(self, size: int) -> bytes:
        """From 1 to `size` bytes; none at the end."""
        while True:
            if not (self._packed or self._may_hold_more):
                self._packed = self._source.read(PIECE_OF_GZIP)
                if not self._packed and self._part is not None:
                    raise EOFError
                if not self._packed:
                    return b""
            if self._part is None:
                # Tapes fill the last block with zeros.
                self._packed = self._packed.lstrip(b"\0")
                if not self._packed:
                    continue
                self._costs.add_part()
                self._part = zlib.decompressobj(zlib.MAX_WBITS | GZIP_FORMAT)
            piece = self._part.decompress(self._packed, size)
            self._may_hold_more = len(piece) == size and not self._part.eof
            if self._part.eof:
                self._packed, self._part = self._part.unused_data, None
            else:
                self._packed = self._part.unconsumed_tail
            if piece:
                return piece


class _Zstd(RawIOBase):
    """Unpacks a zstd file; notices an end that is too early, as `stream_reader` does not."""

    def __init__(self, source: _Readable, costs: Costs, decompressor: Any) -> None:
        self._source = source
        self._costs = costs
        self._decompressor = decompressor
        self._packed = b""
        self._unpacked = memoryview(b"")
        self._part: Any = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        while not self._unpacked:
            self._packed = self._packed or self._source.read(PIECE_OF_ZSTD)
            if not self._packed and self._part is not None:
                raise EOFError
            if not self._packed:
                return 0
            if self._part is None:
                self._costs.add_part()
                self._part = self._decompressor.decompressobj()
            self._unpacked = memoryview(self._part.decompress(self._packed))
            self._packed = b""
            if self._part.eof:
                self._packed, self._part = self._part.unused_data, None
        with memoryview(buffer) as view:
            piece = self._unpacked[: len(view)]
            view[: len(piece)] = piece
        self._unpacked = self._unpacked[len(piece) :]
        return len(piece)


@contextmanager
def _decompressed(file: BinaryIO, costs: Costs) -> Iterator[_Stream]:
    """The blocks of an archive; raises `ArchiveError` if nothing unpacks it."""
    start = b""
    # A stream may return fewer bytes than there are.
    while len(start) < len(ZSTD) and (piece := file.read(len(ZSTD) - len(start))):
        start += piece
    if not start:
        raise broken(EMPTY)
    is_seekable = file.seekable()
    if is_seekable:
        file.seek(0)
    source: Any = file if is_seekable else _Rest(start, file)
    if start.startswith(GZIP):
        with BufferedReader(_Gzip(source, costs), PIECE_OF_GZIP) as unpacked:
            yield _Stream(unpacked, costs, failures=(zlib.error,))
    elif start == ZSTD or SKIPPABLE_ZSTD.fullmatch(start):
        zstandard = _zstandard()
        decompressor = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW_BYTES)
        with BufferedReader(_Zstd(source, costs, decompressor), PIECE) as unpacked:
            yield _Stream(unpacked, costs, failures=(zstandard.ZstdError,))
    else:
        yield _Stream(source, costs, file=file if is_seekable else None)


def _zstandard() -> ModuleType:
    try:
        import zstandard
    except ImportError:
        raise broken(f"zstd needs the module zstandard: {INSTALL_ZSTANDARD}") from None
    return zstandard
