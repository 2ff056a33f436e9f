"""Tar archives: types of members, formats, damage, and headers that cost time or memory."""

from __future__ import annotations

import gzip
import tarfile
from typing import TYPE_CHECKING

import pytest
import zstandard
from support.archive_results import is_bpmn, pipe_of, read_all
from support.archives import tar_entry, tar_of_entries, tarred

from metrics.archives.bounds import MAX_HEADER_BYTES, ArchiveBounds

if TYPE_CHECKING:
    from pathlib import Path

    from support.archive_results import Result

BLOCK = 512
END = bytes(2 * BLOCK)
LONG = "folder/" * 60 + "a.bpmn"


def read(folder: Path, content: bytes) -> Result:
    """What is read from an archive."""
    path = folder / "app.tar"
    path.write_bytes(content)
    return read_all(path)


def header(type: bytes, size: int, name: str = "header") -> bytes:
    """The block of a header."""
    entry = tar_entry(name, type)
    entry.size = size
    return entry.tobuf(tarfile.USTAR_FORMAT)


def extended(type: bytes, content: bytes) -> bytes:
    """An extended header with a content."""
    return header(type, len(content)) + content + bytes(-len(content) % BLOCK)


def file(name: str, content: bytes = b"<a/>") -> bytes:
    """A regular member."""
    return header(b"0", len(content), name) + content + bytes(-len(content) % BLOCK)


@pytest.mark.parametrize(
    "format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT], ids=str
)
@pytest.mark.parametrize("name", ["a.bpmn", "\u00e9/\u4e16.bpmn", LONG[-200:]])
def test_formats(tmp_path: Path, format: int, name: str) -> None:
    result = read(tmp_path, tar_of_entries([(tar_entry(name), b"<a/>")], format))
    assert result.contents == [(f"app.tar!/{name}", b"<a/>")]


@pytest.mark.parametrize("format", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT], ids=str)
def test_names_longer_than_a_header(tmp_path: Path, format: int) -> None:
    entries = [(tar_entry(name), b"<a/>") for name in (LONG, "b.bpmn")]
    assert [name for name, _ in read(tmp_path, tar_of_entries(entries, format)).contents] == [
        f"app.tar!/{LONG}",
        "app.tar!/b.bpmn",
    ]


def test_only_regular_members_are_read(tmp_path: Path) -> None:
    types = [
        tarfile.DIRTYPE,
        tarfile.FIFOTYPE,
        tarfile.CHRTYPE,
        tarfile.BLKTYPE,
        b"V",
        b"M",
        b"Z",
    ]
    entries = [(tar_entry("no.bpmn", type), b"") for type in types]
    entries += [
        (tar_entry(f"{n}.bpmn", type), b"<a/>") for n, type in enumerate((b"0", b"\0", b"7"))
    ]
    result = read(tmp_path, tar_of_entries(entries, tarfile.USTAR_FORMAT))
    assert [name for name, _ in result.contents] == [f"app.tar!/{n}.bpmn" for n in range(3)]
    assert not result.errors
    assert not result.warnings


def test_content_of_other_types_is_skipped(tmp_path: Path) -> None:
    other = header(b"Z", 4, "a.bpmn") + file("no.bpmn")[BLOCK:]
    assert len(read(tmp_path, other + file("b.bpmn") + END).contents) == 1


@pytest.mark.parametrize("type", [tarfile.SYMTYPE, tarfile.LNKTYPE])
@pytest.mark.parametrize("target", ["../b.bpmn", LONG])
@pytest.mark.parametrize("format", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT], ids=str)
def test_links(tmp_path: Path, type: bytes, target: str, format: int) -> None:
    entries = [
        (tar_entry("a.bpmn", type, target), b""),
        (tar_entry("a.txt", type, target), b""),
        (tar_entry("b.bpmn"), b"<b/>"),
    ]
    result = read(tmp_path, tar_of_entries(entries, format))
    assert result.contents == [("app.tar!/b.bpmn", b"<b/>")]
    shown = target if len(target) <= 100 else f"{target[:99]}…"
    assert result.warnings == [("app.tar!/a.bpmn", f"skipped: it is a link to {shown}")]


def test_name_that_is_not_utf_8(tmp_path: Path) -> None:
    [(name, _)] = read(tmp_path, tarred({"\udcff.bpmn": b"<a/>"})).contents
    assert name == "app.tar!/\udcff.bpmn"


@pytest.mark.parametrize("is_compressed", [False, True])
@pytest.mark.parametrize(("cut", "contents"), [(514, 0), (1636, 1), (2304, 2), (2600, 2)])
def test_archive_that_ends_too_early(
    tmp_path: Path, cut: int, contents: int, is_compressed: bool
) -> None:
    content = file("a.bpmn") + file("b.bpmn", b"<b>" + bytes(600)) + file("c.bpmn") + END
    content = content[:cut]
    result = read(tmp_path, zstandard.compress(content) if is_compressed else content)
    assert len(result.contents) == contents
    assert result.errors == [("app.tar", "unreadable: it is damaged: it ends too early")]


def test_gzip_that_ends_too_early(tmp_path: Path) -> None:
    whole = gzip.compress(file("a.bpmn") + file("b.bpmn") + END)
    for size in range(3, len(whole)):
        result = read(tmp_path, whole[:size])
        assert result.errors == [("app.tar", "unreadable: it is damaged: it ends too early")]


def test_large_member_that_ends_too_early(tmp_path: Path) -> None:
    result = read(
        tmp_path, file("a.bpmn") + header(b"0", (1 << 33) - 1, "huge.txt") + bytes(10_000)
    )
    assert len(result.contents) == 1
    assert result.errors == [("app.tar", "unreadable: it is damaged: it ends too early")]


@pytest.mark.parametrize("size", [1 << 62, (1 << 88) - 1])
def test_sizes_that_no_file_has(tmp_path: Path, size: int) -> None:
    entry = tar_entry("a.bpmn")
    entry.size = size
    content = entry.tobuf(tarfile.GNU_FORMAT) + b"<a/>" + END
    for result in (read(tmp_path, content), read(tmp_path, gzip.compress(content))):
        assert result.errors == [
            ("app.tar!/a.bpmn", "too-large: larger than 268,435,456 bytes"),
            ("app.tar", "unreadable: it is damaged: it ends too early"),
        ]


def test_negative_size(tmp_path: Path) -> None:
    content = bytearray(file("a.bpmn"))
    content[124:136] = b"\xff" * 12
    content[148:156] = b"%06o\0 " % (sum(content[:148]) + 256 + sum(content[156:512]))
    errors = read(tmp_path, file("b.bpmn") + bytes(content)).errors
    assert errors == [("app.tar", "unreadable: it is damaged: a header is not valid")]


def test_damaged_header(tmp_path: Path) -> None:
    result = read(tmp_path, file("a.bpmn") + b"x" * BLOCK + file("b.bpmn"))
    assert [name for name, _ in result.contents] == ["app.tar!/a.bpmn"]
    assert result.errors == [("app.tar", "unreadable: it is damaged: a header is not valid")]


def test_archive_without_an_end(tmp_path: Path) -> None:
    result = read(tmp_path, file("a.bpmn"))
    assert len(result.contents) == 1
    assert result.warnings == [
        ("app.tar", "the archive ends without an end block; members may be missing")
    ]


def test_what_follows_the_end(tmp_path: Path) -> None:
    content = file("a.bpmn") + END
    result = read(tmp_path, content + content)
    assert len(result.contents) == 1
    assert result.warnings == [("app.tar", "data after the end of the archive is not read")]


def test_filling_is_read_from_a_pipe(tmp_path: Path) -> None:
    with pipe_of(file("a.bpmn") + bytes(20 * BLOCK)) as stream:
        assert not read_all(tmp_path / "app.tar", stream=stream).warnings
        assert stream.read() == b""


def test_only_a_part_of_a_large_filling_is_read(tmp_path: Path) -> None:
    path = tmp_path / "app.tar.gz"
    path.write_bytes(gzip.compress(file("a.bpmn") + bytes(50_000_000)))
    result = read_all(path, bounds=ArchiveBounds(max_total=2_000_000))
    assert (len(result.contents), result.errors) == (1, [])


def test_member_that_is_not_read_is_skipped(tmp_path: Path) -> None:
    members = {name: bytes([65 + n]) * (BLOCK * n + n) for n, name in enumerate("abcdefg")}
    path = tmp_path / "app.tar"
    path.write_bytes(tarred(members))
    for wanted, content in members.items():
        result = read_all(path, is_wanted=lambda name, wanted=wanted: name.endswith(wanted))  # type: ignore[misc]
        assert result.contents == [(f"app.tar!/{wanted}", content)]


def record(keyword: str, value: str) -> bytes:
    """A record of an extended header."""
    text = f" {keyword}={value}\n"
    return f"{len(text) + 2}{text}".encode()


SPARSE_NAME = record("GNU.sparse.name", "big.bpmn")
SPARSE = {
    "0.0": record("GNU.sparse.size", "99"),
    "0.1": record("GNU.sparse.size", "99") + record("GNU.sparse.map", "0,4") + SPARSE_NAME,
    "1.0": record("GNU.sparse.major", "1") + SPARSE_NAME + record("GNU.sparse.realsize", "99"),
}


@pytest.mark.parametrize("records", SPARSE.values(), ids=SPARSE)
def test_sparse_file(tmp_path: Path, records: bytes) -> None:
    content = extended(b"x", records) + file("big.bpmn", b"1\n0\n4\n") + file("b.bpmn") + END
    result = read(tmp_path, content)
    assert [name for name, _ in result.contents] == ["app.tar!/b.bpmn"]
    message = "unreadable: it is stored as a sparse file"
    assert result.errors == [("app.tar!/big.bpmn", message)]


def test_sparse_file_of_gnu_tar(tmp_path: Path) -> None:
    block = bytearray(header(b"S", 4, "a.bpmn"))
    block[482] = 1
    block[483:495] = b"77777777777\0"
    block[148:156] = b"%06o\0 " % (sum(block[:148]) + 256 + sum(block[156:]))
    more, last = bytearray(BLOCK), bytearray(BLOCK)
    more[504] = 1
    content = bytes(block) + more + last + file("x", b"data")[BLOCK:] + file("b.bpmn") + END
    result = read(tmp_path, bytes(content))
    assert [name for name, _ in result.contents] == ["app.tar!/b.bpmn"]
    assert [name for name, _ in result.errors] == ["app.tar!/a.bpmn"]


def test_records_for_all_members(tmp_path: Path) -> None:
    content = extended(b"g", b"15 path=g.bpmn\n") + file("a.bpmn") + file("b.bpmn") + END
    content += extended(b"x", b"15 path=x.bpmn\n")
    result = read(tmp_path, content)
    assert [name for name, _ in result.contents] == ["app.tar!/g.bpmn"] * 2


def test_records_for_one_member(tmp_path: Path) -> None:
    records = record("comment", "not used") + record("path", "x.bpmn") + b"9 size=5\n"
    content = extended(b"x", records) + header(b"0", 1, "a.bpmn") + b"<xyz>" + bytes(BLOCK - 5)
    result = read(tmp_path, content + file("b.bpmn") + END)
    assert result.contents == [("app.tar!/x.bpmn", b"<xyz>"), ("app.tar!/b.bpmn", b"<a/>")]


@pytest.mark.parametrize(
    "records",
    [
        b"x",
        b"path=a\n",
        b"99 path=a\n",
        b"5 path=a\n",
        b"0 path=a\n",
        b"-5 path=a\n",
        b"9" * 5000 + b" path=a\n",
        b"\xb2 a=\n",
        b"10 size=-1\n",
        b"10 size=1x\n",
        b"12 size=\xd9\xa1\xd9\xa1\n",
        b"",
    ],
)
def test_records_that_are_not_valid(tmp_path: Path, records: bytes) -> None:
    result = read(tmp_path, file("a.bpmn") + extended(b"x", records) + file("b.bpmn") + END)
    assert len(result.contents) == 1
    assert result.errors == [("app.tar", "unreadable: it is damaged: a header is not valid")]


@pytest.mark.parametrize("type", [b"x", b"g", b"X", b"L", b"K"])
def test_size_of_an_extended_header(tmp_path: Path, type: bytes) -> None:
    content = file("a.bpmn") + header(type, MAX_HEADER_BYTES + 1) + bytes(1000)
    result = read(tmp_path, content)
    assert len(result.contents) == 1
    assert result.errors == [("app.tar", "too-large: a header is larger than 1,048,576 bytes")]


def test_extended_header_without_a_member(tmp_path: Path) -> None:
    result = read(tmp_path, file("a.bpmn") + extended(b"x", b"15 path=x.bpmn\n"))
    assert result.errors == [("app.tar", "unreadable: it is damaged: it ends too early")]


def test_many_extended_headers_before_a_member(tmp_path: Path) -> None:
    content = extended(b"x", b"15 path=x.bpmn\n") * 5000 + file("a.bpmn") + END
    assert [name for name, _ in read(tmp_path, content).contents] == ["app.tar!/x.bpmn"]


def test_number_of_bytes_of_extended_headers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("metrics.archives.bounds.MAX_TOTAL_HEADER_BYTES", 10 * 2 * BLOCK)
    path = extended(b"x", b"15 path=x.bpmn\n") + file("a.bpmn")
    assert not read(tmp_path, path * 10 + END).errors
    result = read(tmp_path, path * 11 + END)
    assert len(result.contents) == 10
    message = "too-large: more than 10,240 bytes of extended headers"
    assert result.errors == [("app.tar", message)]


def test_number_of_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("metrics.archives.bounds.MAX_RECORDS", 100)
    assert not read(tmp_path, extended(b"x", b"5 a=\n" * 100) + file("a.bpmn") + END).errors
    result = read(tmp_path, extended(b"x", b"5 a=\n" * 101) + file("a.bpmn") + END)
    assert result.errors == [("app.tar", "too-large: more than 100 records in extended headers")]


def test_window_of_zstd(tmp_path: Path) -> None:
    content = tarred({"a.bpmn": bytes(1000)})
    for window_log, errors in ((27, 0), (28, 1)):
        parameters = zstandard.ZstdCompressionParameters(window_log=window_log)
        compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
        path = tmp_path / "app.tar.zst"
        path.write_bytes(compressor.compress(content) + compressor.flush())
        assert len(read_all(path, is_wanted=is_bpmn).errors) == errors


@pytest.mark.parametrize("compress", [gzip.compress, zstandard.compress])
def test_compressed_parts(tmp_path: Path, compress: type[bytes]) -> None:
    content = tarred({"a.bpmn": b"<a/>", "b.bpmn": b"<b/>"})
    parts = b"".join(compress(content[start : start + 700]) for start in range(0, 9000, 700))
    parts += compress(content[9100:])
    assert len(read(tmp_path, parts).contents) == 2


def test_parts_of_gzip_without_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("metrics.archives.bounds.MAX_PARTS", 100)
    content = gzip.compress(tarred({"a.bpmn": b"<a/>"})) + bytes(100_000)
    assert not read(tmp_path, gzip.compress(b"") * 99 + content).errors
    result = read(tmp_path, gzip.compress(b"") * 100 + content)
    assert result.errors == [("app.tar", "too-large: more than 100 parts of compressed files")]


def test_what_follows_a_gzip_file(tmp_path: Path) -> None:
    result = read(tmp_path, gzip.compress(tarred({"a.bpmn": b"<a/>"})) + b"text")
    assert len(result.contents) == 1
    assert result.errors == [
        (
            "app.tar",
            "unreadable: it is damaged: Error -3 while decompressing data: incorrect header check",
        )
    ]


@pytest.mark.parametrize("position", [-8, -4])
def test_checksum_and_size_of_a_gzip_file(tmp_path: Path, position: int) -> None:
    content = bytearray(gzip.compress(tarred({"a.bpmn": b"<a/>"})))
    content[position] ^= 1
    result = read(tmp_path, bytes(content))
    assert [name for name, _ in result.errors] == ["app.tar"]
    assert "check" in result.errors[0][1]


def test_zstd_that_ends_too_early(tmp_path: Path) -> None:
    # Members of 1 kB each: every block of 128 kB ends with a member.
    content = tarred({f"{number}.bpmn": b"<a/>" for number in range(1000)})
    parameters = zstandard.ZstdCompressionParameters(compression_level=1)
    packed = zstandard.ZstdCompressor(compression_params=parameters).compress(content)
    assert len(read(tmp_path, packed).contents) == 1000
    for end in range(5, len(packed), len(packed) // 50):
        result = read(tmp_path, packed[:end])
        assert result.errors == [("app.tar", "unreadable: it is damaged: it ends too early")]


def test_zstd_that_begins_without_content(tmp_path: Path) -> None:
    skippable = b"\x5f\x2a\x4d\x18\4\0\0\0abcd"
    packed = skippable + zstandard.compress(tarred({"a.bpmn": b"<a/>"})) + skippable
    result = read(tmp_path, packed)
    assert (len(result.contents), result.errors) == (1, [])


def test_parts_of_zstd_without_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("metrics.archives.bounds.MAX_PARTS", 100)
    content = zstandard.compress(tarred({"a.bpmn": b"<a/>"}))
    assert not read(tmp_path, zstandard.compress(b"") * 99 + content).errors
    result = read(tmp_path, zstandard.compress(b"") * 100 + content)
    assert result.errors == [("app.tar", "too-large: more than 100 parts of compressed files")]


def test_map_of_a_sparse_file_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("metrics.archives.bounds.MAX_TOTAL_HEADER_BYTES", 5120)
    entry = tarfile.TarInfo("a.bpmn")
    entry.type = tarfile.GNUTYPE_SPARSE
    header = bytearray(entry.tobuf(tarfile.GNU_FORMAT))
    header[482] = 1
    header[148:156] = b"%06o\0 " % (256 + sum(header[:148]) + sum(header[156:]))
    block = bytes(504) + b"\1" + bytes(7)
    result = read(tmp_path, bytes(header) + block * 20)
    message = "too-large: more than 5,120 bytes of extended headers"
    assert result.errors == [("app.tar", message)]
