"""Reads zip archives, by their directory at the end.

Python's `zipfile` is not used: it makes an object of every member before anything can be counted,
takes quadratic time for the extra fields of a member, and older versions read members that share
bytes.
"""

from __future__ import annotations

import os
import stat
import struct
import zlib
from array import array
from bisect import bisect_left, bisect_right
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple

from metrics.archives.bounds import MAX_DIRECTORY_BYTES, ArchiveError
from metrics.archives.members import (
    EMPTY,
    START_BYTES,
    Member,
    broken,
    not_an_archive,
    unreadable,
)
from metrics.archives.names import plain_name
from metrics.reading.errors import DocumentError, ErrorType
from metrics.reading.sources import MAX_NAME_CHARACTERS, PIECE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from metrics.archives.bounds import Costs
    from metrics.archives.members import Role

# The records of the format, with the fields that are used. See sections 4.3.7, 4.3.12 and 4.3.14
# to 4.3.16 of PKWARE's APPNOTE.
LOCAL_HEADER: Final = struct.Struct("<4s22xHH")
ENTRY: Final = struct.Struct("<4s4xHH4xLLLHHH4xLL")
END: Final = struct.Struct("<4s8xLL2x")
END_64: Final = struct.Struct("<4s36xQQ")
LOCATOR_64: Final = struct.Struct("<4s16x")
EXTRA_FIELD: Final = struct.Struct("<HH")
LOCAL_HEADER_SIGNATURE: Final = b"PK\x03\x04"
ENTRY_SIGNATURE: Final = b"PK\x01\x02"
END_SIGNATURE: Final = b"PK\x05\x06"
END_64_SIGNATURE: Final = b"PK\x06\x06"
LOCATOR_64_SIGNATURE: Final = b"PK\x06\x07"

MAX_COMMENT_BYTES: Final = 0xFFFF
IN_ZIP64_FIELD: Final = 0xFFFFFFFF
ZIP64_FIELD: Final = 1
MAX_EXTRA_FIELDS: Final = 64
"""The number of extra fields among which that of zip64 is searched; programs write it first."""

DAMAGED_DIRECTORY: Final = "it is damaged: its directory is not complete"

ENCRYPTED: Final = 1
STORED: Final = 0
DEFLATED: Final = 8
METHODS: Final[Mapping[int, str]] = MappingProxyType(
    {9: "Deflate64", 12: "BZIP2", 14: "LZMA", 93: "Zstandard", 95: "XZ", 98: "PPMd"}
)
"""The names of compression methods that are not read."""

# Other types of files, and archives of systems without types, are regular files.
NOT_READ: Final = frozenset({stat.S_IFDIR, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK})


class _Directory(NamedTuple):
    """The directory of an archive, which begins at `start` of the file.

    `shift` is the number of bytes before the archive, as in one that extracts itself.
    """

    content: bytes
    start: int
    shift: int


class _Entry(NamedTuple):
    """What the directory states about a member; `offset` is that of its local header."""

    is_encrypted: bool
    method: int
    crc: int
    packed_size: int
    size: int
    type: int
    offset: int
    name: bytes
    end: int


def zip_members(
    file: BinaryIO, choose: Callable[[str], Role | None], costs: Costs
) -> Iterator[Member]:
    """Yield the members that `choose` gives a role by their names, sorted by name.

    Raises `ArchiveError` before the first member if the archive cannot be read.
    """
    directory = _directory(file)
    # In UTF-8, which sorts as text does and takes a quarter of the memory of some names.
    chosen: list[tuple[bytes, int, Role]] = []
    offsets = array("Q")
    position = 0
    while position < len(directory.content):
        costs.add_member()
        entry = _entry(directory, position)
        offsets.append(entry.offset)
        if not entry.name.endswith(b"/") and entry.type not in NOT_READ:
            name = _name(entry.name)
            if (role := choose(name)) is not None:
                chosen.append((name.encode(), position, role))
        position = entry.end
    packed = _Packed(file, array("Q", sorted(offsets)), directory.start, costs)
    chosen.sort(key=lambda member: member[:2])
    for encoded_name, position, role in chosen:
        entry = _entry(directory, position)
        read = partial(packed.content, entry)
        target = _target(entry, read) if entry.type == stat.S_IFLNK else None
        yield Member(encoded_name.decode(), role, entry.size, read, target)


class _Packed:
    """The packed contents of members; they end where another member or the directory begins."""

    def __init__(
        self, file: BinaryIO, offsets: Sequence[int], directory_start: int, costs: Costs
    ) -> None:
        self._file = file
        self._offsets = offsets
        self._directory_start = directory_start
        self._costs = costs

    def content(self, entry: _Entry) -> bytes:
        """The content of a member; raises `DocumentError`."""
        if entry.is_encrypted:
            raise unreadable("it is encrypted")
        if entry.method not in (STORED, DEFLATED):
            name = METHODS.get(entry.method, f"method {entry.method}")
            raise unreadable(f"its compression is not supported: {name}")
        self._find(entry)
        self._costs.add_bytes(entry.size)
        content = self._stored(entry) if entry.method == STORED else self._inflated(entry)
        if len(content) != entry.size:
            raise unreadable("it is damaged: it does not have the size that the archive states")
        if zlib.crc32(content) != entry.crc:
            raise unreadable("it is damaged: its checksum is wrong")
        return content

    def _find(self, entry: _Entry) -> None:
        """Move to the packed content of a member."""
        self._file.seek(entry.offset)
        header = self._file.read(LOCAL_HEADER.size)
        if len(header) < LOCAL_HEADER.size or not header.startswith(LOCAL_HEADER_SIGNATURE):
            raise unreadable("it is damaged: its header is not where the archive states")
        _, name_size, extra_size = LOCAL_HEADER.unpack(header)
        end = entry.offset + len(header) + name_size + extra_size + entry.packed_size
        if end > self._end(entry.offset):
            raise unreadable("it shares bytes with another member")
        self._file.seek(name_size + extra_size, os.SEEK_CUR)

    def _end(self, offset: int) -> int:
        """Where the bytes of the member at an offset end at most."""
        after = bisect_right(self._offsets, offset)
        if after - bisect_left(self._offsets, offset) > 1:
            return offset
        return self._offsets[after] if after < len(self._offsets) else self._directory_start

    def _stored(self, entry: _Entry) -> bytes:
        return self._file.read(min(entry.packed_size, entry.size + 1))

    def _inflated(self, entry: _Entry) -> bytes:
        inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        pieces: list[bytes] = []
        packed_left = entry.packed_size
        # One byte more, to notice a member that is larger than stated.
        left = entry.size + 1
        try:
            # What follows the end of the compressed data would be copied again for each piece.
            while (
                left > 0
                and not inflate.eof
                and (packed := self._file.read(min(packed_left, PIECE)))
            ):
                packed_left -= len(packed)
                pieces.append(inflate.decompress(packed, left))
                left -= len(pieces[-1])
        except zlib.error as error:
            raise unreadable(f"it is damaged: {error}") from None
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _directory(file: BinaryIO) -> _Directory:
    file_size = file.seek(0, os.SEEK_END)
    if file_size == 0:
        raise broken(EMPTY)
    tail_start = max(0, file_size - END.size - MAX_COMMENT_BYTES)
    file.seek(tail_start)
    tail = file.read()
    at = tail.rfind(END_SIGNATURE, 0, max(0, len(tail) - END.size + len(END_SIGNATURE)))
    if at == -1:
        file.seek(0)
        start = file.read(START_BYTES)
        if start.startswith(LOCAL_HEADER_SIGNATURE):
            raise broken("it is damaged: its end is missing")
        raise not_an_archive("zip", start)
    _, size, stated_start = END.unpack_from(tail, at)
    end = tail_start + at
    if (end_64 := _end_64(file, end)) is not None:
        end -= LOCATOR_64.size + END_64.size
        _, size, stated_start = END_64.unpack(end_64)
    if size > end:
        raise broken("it is damaged: its directory is not where the end states")
    if size > MAX_DIRECTORY_BYTES:
        raise ArchiveError(
            ErrorType.TOO_LARGE, f"its directory is larger than {MAX_DIRECTORY_BYTES:,} bytes"
        )
    file.seek(end - size)
    return _Directory(file.read(size), end - size, end - size - stated_start)


def _end_64(file: BinaryIO, end: int) -> bytes | None:
    """The record of zip64 before the end record; None without one."""
    size = END_64.size + LOCATOR_64.size
    if end < size:
        return None
    file.seek(end - size)
    records = file.read(size)
    is_there = records.startswith(END_64_SIGNATURE) and records.startswith(
        LOCATOR_64_SIGNATURE, END_64.size
    )
    return records[: END_64.size] if is_there else None


def _entry(directory: _Directory, position: int) -> _Entry:
    """The entry at a position of the directory; raises `ArchiveError` if there is none."""
    content = directory.content
    name_start = position + ENTRY.size
    if len(content) < name_start or not content.startswith(ENTRY_SIGNATURE, position):
        raise broken(DAMAGED_DIRECTORY)
    (
        _,
        flags,
        method,
        crc,
        packed_size,
        size,
        name_size,
        extra_size,
        comment_size,
        attributes,
        offset,
    ) = ENTRY.unpack_from(content, position)
    extra_start = name_start + name_size
    end = extra_start + extra_size + comment_size
    if len(content) < end:
        raise broken(DAMAGED_DIRECTORY)
    if IN_ZIP64_FIELD in (size, packed_size, offset):
        extra = content[extra_start : extra_start + extra_size]
        size, packed_size, offset = _from_zip64_field(extra, size, packed_size, offset)
    return _Entry(
        is_encrypted=bool(flags & ENCRYPTED),
        method=method,
        crc=crc,
        packed_size=packed_size,
        size=size,
        type=stat.S_IFMT(attributes >> 16),
        offset=min(max(0, offset + directory.shift), directory.start),
        name=content[name_start:extra_start],
        end=end,
    )


def _from_zip64_field(extra: bytes, *values: int) -> list[int]:
    """The values of an entry, with those that only its extra field for zip64 holds."""
    start = 0
    for _ in range(MAX_EXTRA_FIELDS):
        if len(extra) < start + EXTRA_FIELD.size:
            break
        id, size = EXTRA_FIELD.unpack_from(extra, start)
        start += EXTRA_FIELD.size
        if id == ZIP64_FIELD:
            field = extra[start : start + size]
            numbers = iter(struct.unpack_from(f"<{len(field) // 8}Q", field))
            return [next(numbers, value) if value == IN_ZIP64_FIELD else value for value in values]
        start += size
    return [*values]


def _name(name: bytes) -> str:
    """The name of a member, which is often UTF-8 even if the archive does not state it."""
    try:
        return plain_name(name.decode())
    except UnicodeDecodeError:
        return plain_name(name.decode("cp437"))


def _target(entry: _Entry, read: Callable[[], bytes]) -> str:
    """The target of a symbolic link, which is its content."""
    if entry.size > MAX_NAME_CHARACTERS:
        return "an unknown target"
    try:
        return read().decode("utf-8", "surrogateescape")
    except ArchiveError:
        raise
    except DocumentError:
        return "an unknown target"
