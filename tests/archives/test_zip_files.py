"""Zip archives: names, types of members, and directories that lie."""

from __future__ import annotations

import io
import stat
import struct
import tracemalloc
import zipfile
import zlib
from typing import TYPE_CHECKING

import pytest
from support.archive_results import read_all
from support.archives import zip_of_entries, zipped

from metrics.archives.bounds import MAX_DIRECTORY_BYTES

if TYPE_CHECKING:
    from pathlib import Path

    from support.archive_results import Result

NAME = "app.zip!/a.bpmn"
CONTENT = b"<definitions/>" * 50
ENTRY = struct.Struct("<4s4B4HL2L5H2L")
LOCAL = struct.Struct("<4s5HLLLHH")


def read(folder: Path, content: bytes) -> Result:
    """What is read from an archive."""
    path = folder / "app.zip"
    path.write_bytes(content)
    return read_all(path)


class Raw:
    """A zip archive of which every field can be wrong."""

    def __init__(self, before: bytes = b"") -> None:
        self.content = before
        self._directory = b""
        self._entries = 0

    def add(
        self,
        name: bytes = b"a.bpmn",
        content: bytes = CONTENT,
        *,
        size: int | None = None,
        crc: int | None = None,
        method: int = 8,
        flags: int = 0,
        attributes: int = 0,
        packed: bytes | None = None,
        packed_size: int | None = None,
        offset: int | None = None,
        extra: bytes = b"",
        local_extra: bytes = b"",
    ) -> Raw:
        """Add a member."""
        if packed is None:
            packed = content if method == 0 else zlib.compress(content)[2:-4]
        crc = zlib.crc32(content) if crc is None else crc
        size = len(content) if size is None else size
        packed_size = len(packed) if packed_size is None else packed_size
        offset = len(self.content) if offset is None else offset
        self.content += LOCAL.pack(
            b"PK\3\4", 20, flags, method, 0, 33, crc, 0, 0, len(name), len(local_extra)
        )
        self.content += name + local_extra + packed
        self._directory += ENTRY.pack(
            *(b"PK\1\2", 20, 3, 20, 0, flags, method, 0, 33, crc, packed_size, size),
            *(len(name), len(extra), 0, 0, 0, attributes, offset),
        )
        self._directory += name + extra
        self._entries += 1
        return self

    def bytes(self, comment: bytes = b"", directory_size: int | None = None) -> bytes:
        """The archive."""
        size = len(self._directory) if directory_size is None else directory_size
        end = struct.pack(
            "<4s4H2LH",
            b"PK\5\6",
            0,
            0,
            self._entries & 0xFFFF,
            0,
            size,
            len(self.content),
            len(comment),
        )
        return self.content + self._directory + end + comment


def test_raw_archive(tmp_path: Path) -> None:
    content = Raw().add().bytes()
    assert zipfile.ZipFile(io.BytesIO(content)).read("a.bpmn") == CONTENT
    assert read(tmp_path, content).contents == [(NAME, CONTENT)]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("content", [b"", b"<a/>", bytes(5_000_000), bytes(range(256)) * 20_000])
def test_methods(tmp_path: Path, method: int, content: bytes) -> None:
    path = tmp_path / "app.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("a.bpmn", content)
    assert read_all(path).contents == [(NAME, content)]


@pytest.mark.parametrize(
    ("method", "name"), [(9, "Deflate64"), (12, "BZIP2"), (14, "LZMA"), (1, "method 1")]
)
def test_methods_that_are_not_read(tmp_path: Path, method: int, name: str) -> None:
    result = read(tmp_path, Raw().add(method=method).add(b"b.bpmn").bytes())
    assert result.contents == [("app.zip!/b.bpmn", CONTENT)]
    assert result.errors == [(NAME, f"unreadable: its compression is not supported: {name}")]


@pytest.mark.parametrize("method", [8, 99])
def test_encrypted_member(tmp_path: Path, method: int) -> None:
    result = read(tmp_path, Raw().add(flags=1, method=method).add(b"b.bpmn").bytes())
    assert result.contents == [("app.zip!/b.bpmn", CONTENT)]
    assert result.errors == [(NAME, "unreadable: it is encrypted")]


def test_sizes_after_the_content(tmp_path: Path) -> None:
    path = tmp_path / "app.zip"
    with open(path, "wb") as file, zipfile.ZipFile(Unseekable(file), "w", 8) as archive:
        archive.writestr("a.bpmn", CONTENT)
        archive.writestr("b.bpmn", CONTENT)
    assert len(read_all(path).contents) == 2


class Unseekable(io.RawIOBase):
    """A file to which a zip archive is written as to a pipe."""

    def __init__(self, file: io.BufferedWriter) -> None:
        self._file = file

    def writable(self) -> bool:
        return True

    def write(self, content: bytes) -> int:  # type: ignore[override]
        return self._file.write(content)


def test_large_sizes_in_extra_fields(tmp_path: Path) -> None:
    path = tmp_path / "app.zip"
    with (
        zipfile.ZipFile(path, "w", 8) as archive,
        archive.open("a.bpmn", "w", force_zip64=True) as member,
    ):
        member.write(CONTENT)
    assert read_all(path).contents == [(NAME, CONTENT)]
    packed = zlib.compress(CONTENT)[2:-4]
    extra = struct.pack("<HHLHH3Q", 0xCAFE, 4, 0, 1, 24, len(CONTENT), len(packed), 0)
    big = 0xFFFFFFFF
    raw = Raw().add(extra=extra, size=big, packed_size=big, offset=big)
    assert read(tmp_path, raw.bytes()).contents == [(NAME, CONTENT)]


def test_end_of_zip64(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)
    content = zipped({"a.bpmn": b"<a/>", "b.bpmn": b"<b/>"})
    assert b"PK\x06\x06" in content
    for before in (b"", b"#!/bin/sh\n"):
        assert len(read(tmp_path, before + content).contents) == 2


@pytest.mark.parametrize("before", [b"", b"#!/bin/sh\nexit\n", b"PK\3\4" * 100])
@pytest.mark.parametrize("comment", [b"", b"text", b"x" * 65_535])
@pytest.mark.parametrize("after", [b"", b"\r\n"])
def test_what_surrounds_the_archive(
    tmp_path: Path, before: bytes, comment: bytes, after: bytes
) -> None:
    content = Raw().add().add(b"b.bpmn").bytes(comment)
    if len(comment + after) <= 65_535:
        assert len(read(tmp_path, before + content + after).contents) == 2


@pytest.mark.parametrize(
    ("name", "flags", "expected"),
    [
        ("\u00e9.bpmn".encode(), 0x800, "\u00e9.bpmn"),
        ("\u00e9.bpmn".encode(), 0, "\u00e9.bpmn"),
        (b"\x82.bpmn", 0, "\u00e9.bpmn"),
        (b"\xff.bpmn", 0x800, "\u00a0.bpmn"),
        (b"a\\b.bpmn", 0, "a\\b.bpmn"),
        (b"a\0b.bpmn", 0, "a\0b.bpmn"),
        (b"./a.bpmn", 0, "a.bpmn"),
    ],
)
def test_names(tmp_path: Path, name: bytes, flags: int, expected: str) -> None:
    result = read(tmp_path, Raw().add(name, flags=flags).bytes())
    assert result.contents == [(f"app.zip!/{expected}", CONTENT)]


def test_members_are_sorted_by_name(tmp_path: Path) -> None:
    names = ["\U0001f600", "b", "\u00e9", "a/b", "a", "\uffff"]
    result = read(tmp_path, zipped({f"{name}.bpmn": b"" for name in names}))
    expected = sorted(f"app.zip!/{name}.bpmn" for name in names)
    assert [name for name, _ in result.contents] == expected


@pytest.mark.parametrize(
    "type", [stat.S_IFDIR, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK]
)
def test_only_regular_members_are_read(tmp_path: Path, type: int) -> None:
    raw = Raw().add(attributes=type << 16).add(b"c.bpmn/").add(b"b.bpmn", attributes=0o100644 << 16)
    result = read(tmp_path, raw.bytes())
    assert result.contents == [("app.zip!/b.bpmn", CONTENT)]
    assert not result.errors
    assert not result.warnings


def test_links(tmp_path: Path) -> None:
    link = stat.S_IFLNK << 16
    raw = Raw().add(content=b"../\x1b.bpmn", attributes=link).add(b"a.txt", attributes=link)
    raw.add(b"b.bpmn", content=b"x" * 5000, attributes=link)
    raw.add(b"c.bpmn", content=b"x", crc=1, attributes=link)
    result = read(tmp_path, raw.bytes())
    assert not result.contents
    assert not result.errors
    assert result.warnings == [
        (NAME, "skipped: it is a link to ../\x1b.bpmn"),
        ("app.zip!/b.bpmn", "skipped: it is a link to an unknown target"),
        ("app.zip!/c.bpmn", "skipped: it is a link to an unknown target"),
    ]


DAMAGED_SIZE = "unreadable: it is damaged: it does not have the size that the archive states"


@pytest.mark.parametrize("method", [0, 8])
@pytest.mark.parametrize("size", [0, 1, len(CONTENT) - 1, len(CONTENT) + 1, 1 << 27])
def test_size_that_is_wrong(tmp_path: Path, method: int, size: int) -> None:
    result = read(tmp_path, Raw().add(method=method, size=size).add(b"b.bpmn").bytes())
    assert result.contents == [("app.zip!/b.bpmn", CONTENT)]
    assert result.errors == [(NAME, DAMAGED_SIZE)]


def test_wrong_checksum(tmp_path: Path) -> None:
    result = read(tmp_path, Raw().add(crc=1).add(b"b.bpmn").bytes())
    assert len(result.contents) == 1
    assert result.errors == [(NAME, "unreadable: it is damaged: its checksum is wrong")]


def test_content_that_is_not_deflated(tmp_path: Path) -> None:
    result = read(tmp_path, Raw().add(packed=b"\xff" * 100).add(b"b.bpmn").bytes())
    assert len(result.contents) == 1
    [(name, message)] = result.errors
    assert name == NAME
    assert message.startswith("unreadable: it is damaged: Error -3 while decompressing data")


SHARED = "unreadable: it shares bytes with another member"


def test_members_with_the_same_content(tmp_path: Path) -> None:
    raw = Raw().add().add(b"b.bpmn", offset=0).add(b"c.bpmn", offset=0).add(b"d.bpmn")
    result = read(tmp_path, raw.bytes())
    assert result.contents == [("app.zip!/d.bpmn", CONTENT)]
    assert result.errors == [(f"app.zip!/{name}.bpmn", SHARED) for name in "abc"]


def test_member_that_reaches_into_the_next_one(tmp_path: Path) -> None:
    packed = zlib.compress(CONTENT)[2:-4]
    raw = Raw().add(packed_size=len(packed) + 1).add(b"b.bpmn").add(b"c.bpmn", packed_size=1000)
    result = read(tmp_path, raw.bytes())
    assert result.contents == [("app.zip!/b.bpmn", CONTENT)]
    assert result.errors == [(NAME, SHARED), ("app.zip!/c.bpmn", SHARED)]


def test_members_that_are_not_wanted_share_bytes_too(tmp_path: Path) -> None:
    result = read(tmp_path, Raw().add().add(b"b.txt", offset=0).bytes())
    assert result.errors == [(NAME, SHARED)]


@pytest.mark.parametrize("offset", [1, 10**6, 0xFFFFFFFE])
def test_offset_that_is_wrong(tmp_path: Path, offset: int) -> None:
    result = read(tmp_path, Raw().add(offset=offset).add(b"b.bpmn").bytes())
    message = "unreadable: it is damaged: its header is not where the archive states"
    assert result.errors == [(NAME, message)]
    assert len(result.contents) == 1


def test_archive_that_ends_too_early(tmp_path: Path) -> None:
    content = Raw().add().bytes()
    for size in range(1, len(content)):
        result = read(tmp_path, content[:size])
        assert not result.contents
        [(name, message)] = result.errors
        assert name == "app.zip"
        expected = "not a zip archive" if size < 4 else "it is damaged: its end is missing"
        assert message == f"unreadable: {expected}"


def test_directory_that_is_not_there(tmp_path: Path) -> None:
    content = Raw().add().bytes(directory_size=10_000)
    message = "unreadable: it is damaged: its directory is not where the end states"
    assert read(tmp_path, content).errors == [("app.zip", message)]


@pytest.mark.parametrize("size", [1, 45, 51, 53, 100])
def test_directory_that_is_not_complete(tmp_path: Path, size: int) -> None:
    content = Raw().add().bytes(directory_size=size)
    message = "unreadable: it is damaged: its directory is not complete"
    assert read(tmp_path, content).errors == [("app.zip", message)]


def test_size_of_a_directory(tmp_path: Path) -> None:
    path = tmp_path / "app.zip"
    with open(path, "wb") as file:
        file.truncate(MAX_DIRECTORY_BYTES + 1)
        file.seek(0, 2)
        file.write(Raw().bytes(directory_size=MAX_DIRECTORY_BYTES + 1))
    message = "too-large: its directory is larger than 134,217,728 bytes"
    assert read_all(path).errors == [("app.zip", message)]


def test_number_of_extra_fields_is_bounded(tmp_path: Path) -> None:
    field = struct.pack("<HHQ", 1, 8, len(CONTENT))
    for number, contents in ((63, 1), (64, 0)):
        extra = struct.pack("<HH", 0xCAFE, 0) * number + field
        result = read(tmp_path, Raw().add(extra=extra, size=0xFFFFFFFF).bytes())
        assert len(result.contents) == contents


def test_empty_archive(tmp_path: Path) -> None:
    result = read(tmp_path, zipped({}))
    assert (result.contents, result.errors, result.warnings) == ([], [], [])


def test_entries_of_zipfile(tmp_path: Path) -> None:
    entry = zipfile.ZipInfo("a.bpmn", (2026, 1, 1, 0, 0, 0))
    entry.comment = b"comment"
    entry.extra = struct.pack("<HH", 0xCAFE, 0)
    content = zip_of_entries([(entry, CONTENT), ("b.bpmn", CONTENT)])
    assert len(read(tmp_path, content).contents) == 2


@pytest.mark.slow
def test_what_follows_the_compressed_data_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "app.zip"
    junk = bytes(64 * 1024 * 1024)
    path.write_bytes(Raw().add(packed=zlib.compress(CONTENT)[2:-4] + junk).bytes())
    tracemalloc.start()
    try:
        assert read_all(path).contents == [(NAME, CONTENT)]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < len(junk) // 8
