"""The header blocks of tar archives, compared with Python's `tarfile`."""

from __future__ import annotations

import tarfile
from typing import Literal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from support.archives import tar_entry

from metrics.archives.bounds import ArchiveError
from metrics.archives.tar_headers import FOLDER, OLD_FILE, header_block

Format = Literal[0, 1]

USTAR: Format = tarfile.USTAR_FORMAT
GNU: Format = tarfile.GNU_FORMAT
NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0/"), min_size=1, max_size=20)


@given(
    folders=st.lists(NAMES, max_size=3),
    name=NAMES,
    target=NAMES,
    type=st.sampled_from([b"0", b"1", b"2", b"5", b"7", b"S", b"Z"]),
    size=st.integers(0, (1 << 33) - 1) | st.integers(0, 1 << 80),
    format=st.sampled_from([USTAR, GNU]),
)
def test_equal_to_tarfile(
    folders: list[str], name: str, target: str, type: bytes, size: int, format: Format
) -> None:
    entry = tar_entry("/".join([*folders, name]), type)
    entry.size = size if format == GNU else size % (1 << 33)
    entry.linkname = target
    try:
        block = entry.tobuf(format, errors="surrogateescape")[-512:]
    except ValueError:
        # POSIX's header has no place for such a name.
        assume(False)
    expected = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    found = header_block(block)
    assert (found.name.rstrip("/"), found.type, found.target, found.size) == (
        expected.name,
        expected.type,
        expected.linkname,
        expected.size,
    )


def changed(block: bytes, start: int, content: bytes, *, is_signed: bool = False) -> bytes:
    """A block with other bytes at a place, and their checksum."""
    block = block[:start] + content + block[start + len(content) :]
    rest = block[:148] + block[156:]
    total = sum(byte - 256 * (is_signed and byte >= 128) for byte in rest) + 8 * 32
    return block[:148] + b"%06o\0 " % total + block[156:]


def block_of(name: str, format: Format = USTAR) -> bytes:
    """The header of a regular file."""
    return tar_entry(name).tobuf(format)


def test_sum_of_signed_bytes() -> None:
    block = changed(block_of("\u00e9.bpmn"), 0, b"", is_signed=True)
    assert header_block(block).name == "\u00e9.bpmn"


def test_prefix() -> None:
    assert header_block(changed(block_of("b.bpmn"), 345, b"a\0")).name == "a/b.bpmn"


def test_block_of_gnu_tar_has_no_prefix() -> None:
    block = changed(block_of("b.bpmn", GNU), 345, b"14733452000\0")
    assert header_block(block).name == "b.bpmn"


def test_old_folder() -> None:
    assert header_block(changed(block_of("a/"), 156, OLD_FILE)).type == FOLDER


@pytest.mark.parametrize("start", [0, 124, 257, 511])
def test_every_byte_counts_in_the_sum(start: int) -> None:
    block = bytearray(block_of("a.bpmn"))
    block[start] ^= 1
    with pytest.raises(ArchiveError, match="a header is not valid"):
        header_block(bytes(block))


@pytest.mark.parametrize(
    "size", [b"00000000008\0", b"0o000000017\0", b"0000_000017\0", b"-0000000017\0", b"\xff" * 12]
)
def test_not_a_size(size: bytes) -> None:
    with pytest.raises(ArchiveError, match="a header is not valid"):
        header_block(changed(block_of("a.bpmn"), 124, size))


@pytest.mark.parametrize("size", [b"         17 \0", b"17" + bytes(10), b"00000000017 "])
def test_size_with_blanks(size: bytes) -> None:
    assert header_block(changed(block_of("a.bpmn"), 124, size)).size == 0o17


def test_short_block() -> None:
    with pytest.raises(ArchiveError):
        header_block(block_of("a.bpmn")[:-1])
