"""Compressed files, whole and hostile; the `zstd` command reads and writes the same format."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from support.measuring import peak_memory

from metrics.shards.compression import MAX_WINDOW_BYTES, compressed, open_compressed
from metrics.shards.stores import StoreError, store_at

if TYPE_CHECKING:
    from pathlib import Path

TEXT = b'{"url":"a.bpmn"}\n' * 10_000


def write(path: Path, content: bytes) -> bytes:
    """Compress a content into a file, and return the bytes of the file."""
    with open(path, "wb") as file, compressed(file) as stream:
        stream.write(content)
    return path.read_bytes()


def read(path: Path, sha256: str | None = None) -> bytes:
    """The content of a compressed file."""
    with open_compressed(store_at(str(path.parent)), path.name, sha256) as stream:
        return stream.read()


@given(st.lists(st.binary(max_size=3000), max_size=5))
def test_content_is_kept(tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes]) -> None:
    path = tmp_path_factory.mktemp("content") / "a.zst"
    content = b"".join(pieces) * 7
    assert write(path, content) == write(path, content)
    assert read(path, hashlib.sha256(content).hexdigest()) == content


@pytest.mark.skipif(shutil.which("zstd") is None, reason="needs zstd")
def test_other_programs_read_it(tmp_path: Path) -> None:
    write(tmp_path / "a.zst", TEXT)
    command = ["zstd", "-dc", str(tmp_path / "a.zst")]
    assert subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout == TEXT


def test_each_end_is_checked(tmp_path: Path) -> None:
    path = tmp_path / "a.zst"
    whole = write(path, TEXT)
    cut = [whole[:length] for length in range(len(whole))]
    for content in (*cut, whole + b"\0", whole + whole, TEXT[:600]):
        path.write_bytes(content)
        with pytest.raises(StoreError, match=r"ends early|damaged|more data"):
            read(path)


def test_each_changed_byte_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a.zst"
    whole = write(path, TEXT)
    for index in range(len(whole)):
        path.write_bytes(bytes((*whole[:index], whole[index] ^ 1, *whole[index + 1 :])))
        # A bit of the header may mean nothing.
        with suppress(StoreError):
            assert read(path) == TEXT


def test_other_content_is_an_error(tmp_path: Path) -> None:
    write(tmp_path / "a.zst", TEXT)
    with pytest.raises(StoreError, match="not what its shard wrote"):
        read(tmp_path / "a.zst", hashlib.sha256(TEXT[1:]).hexdigest())


def test_large_windows_are_refused(tmp_path: Path) -> None:
    for factor, is_read in ((1, True), (2, False)):
        window = (MAX_WINDOW_BYTES * factor).bit_length() - 1
        parameters = zstandard.ZstdCompressionParameters(window_log=window)
        compressor = zstandard.ZstdCompressor(compression_params=parameters)
        frame = compressor.compressobj()
        (tmp_path / "a.zst").write_bytes(frame.compress(TEXT) + frame.flush())
        if is_read:
            assert read(tmp_path / "a.zst") == TEXT
        else:
            with pytest.raises(StoreError, match="damaged"):
                read(tmp_path / "a.zst")


SCRIPT = """
import sys
from metrics.shards.compression import open_compressed
from metrics.shards.stores import store_at
with open_compressed(store_at(sys.argv[1]), "a.zst") as stream:
    size = 0
    while piece := stream.read(65536):
        size += len(piece)
assert size == int(sys.argv[2]) * 1024 * 1024
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_content(tmp_path: Path) -> None:
    # Blocks of one repeated byte: four bytes hold 128 kB.
    peaks = []
    for megabytes in (1, 512):
        header = zstandard.ZstdCompressor(write_content_size=False).compressobj()
        start = (header.compress(b"") + header.flush())[:4] + bytes([0, 0x58])
        blocks = megabytes * 8
        block = ((128 * 1024) << 3 | 0b010).to_bytes(3, "little") + b"a"
        last = ((128 * 1024) << 3 | 0b011).to_bytes(3, "little") + b"a"
        (tmp_path / "a.zst").write_bytes(start + block * (blocks - 1) + last)
        peaks.append(peak_memory(SCRIPT, tmp_path, str(megabytes)))
    assert peaks[1] - peaks[0] < 64 * 1024 * 1024
