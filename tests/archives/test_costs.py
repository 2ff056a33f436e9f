"""The memory that hostile archives take."""

from __future__ import annotations

import gzip
import io
import struct
import tracemalloc
import zipfile
from typing import TYPE_CHECKING

import pytest
from support.archive_results import is_bpmn
from support.archives import tar_entry, tar_of_entries, tarred, zipped

from metrics.archives.bounds import ArchiveBounds
from metrics.archives.names import archive_type
from metrics.archives.reader import read_archive
from metrics.report import Report

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MEGABYTE = 1024 * 1024
pytestmark = pytest.mark.slow

ENTRY = struct.Struct("<4s4B4HL2L5H2L")


@pytest.fixture(autouse=True)
def traced() -> Iterator[None]:
    """Trace all allocations, also those of the standard library."""
    tracemalloc.start()
    yield
    tracemalloc.stop()


def peak(path: Path, bounds: ArchiveBounds) -> tuple[int, int, int]:
    """The peak memory of reading an archive, and the numbers of its contents and errors."""
    type = archive_type(path.name)
    assert type is not None
    tracemalloc.reset_peak()
    before, _ = tracemalloc.get_traced_memory()
    contents = errors = 0
    for result in read_archive(
        str(path),
        path.name,
        type,
        is_wanted=is_bpmn,
        warn=lambda name, message: None,
        bounds=bounds,
    ):
        if isinstance(result, Report):
            errors += 1
        else:
            contents += 1
    _, most = tracemalloc.get_traced_memory()
    return most - before, contents, errors


def directory_of(number: int, name: str) -> bytes:
    """A zip archive of entries without contents."""
    entries = []
    for entry in range(number):
        encoded = name.format(entry).encode()
        fields = (b"PK\1\2", 20, 3, 20, 0, 0x800, 0, 0, 33, 0, 0, 0, len(encoded), 0, 0, 0, 0, 0, 0)
        entries.append(ENTRY.pack(*fields) + encoded)
    directory = b"".join(entries)
    return directory + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0, 0, len(directory), 0, 0)


def test_memory_of_a_million_members_of_a_zip(tmp_path: Path) -> None:
    path = tmp_path / "app.zip"
    number = 10_000
    path.write_bytes(directory_of(number, "{:06}.bpmn"))
    memory, _, errors = peak(path, ArchiveBounds())
    assert errors == number
    # 57 bytes of the directory and less than 300 for what is made of them.
    assert memory < 357 * number + MEGABYTE


def test_memory_of_long_names_in_a_zip(tmp_path: Path) -> None:
    path = tmp_path / "app.zip"
    content = directory_of(2500, "\U0001f600" + "a" * 4000 + "{}.bpmn")
    path.write_bytes(content)
    memory, _, errors = peak(path, ArchiveBounds())
    assert errors == 2500
    assert memory < 2.2 * len(content) + MEGABYTE


def test_memory_of_a_million_members_of_a_tar(tmp_path: Path) -> None:
    path = tmp_path / "app.tar.gz"
    number = 2000
    entries = ((tar_entry("a" * 3000 + f"{entry}.bpmn"), b"") for entry in range(number))
    path.write_bytes(gzip.compress(tar_of_entries(entries), 1))
    memory, contents, _ = peak(path, ArchiveBounds())
    assert contents == number
    # A hash for each, in a set; the names have 6 MB, and modules that are imported 1 MB.
    assert memory < 200 * number + 3 * MEGABYTE


@pytest.mark.parametrize("name", ["a.bpmn", "zeros"])
def test_memory_of_a_bomb_in_a_tar(tmp_path: Path, name: str) -> None:
    path = tmp_path / "app.tar.gz"
    members = {name: bytes(50 * MEGABYTE), "b.bpmn": b"<b/>"}
    path.write_bytes(gzip.compress(tarred(members), 1))
    assert path.stat().st_size < MEGABYTE
    memory, contents, errors = peak(path, ArchiveBounds(max_size=MEGABYTE))
    assert (contents, errors) == (1, int(name == "a.bpmn"))
    assert memory < 6 * MEGABYTE


@pytest.mark.parametrize("stated", [4 * MEGABYTE, 50 * MEGABYTE])
def test_memory_of_a_bomb_in_a_zip(tmp_path: Path, stated: int) -> None:
    path = tmp_path / "app.zip"
    size = 50 * MEGABYTE
    content = zipped({"a.bpmn": bytes(size)})
    path.write_bytes(content.replace(struct.pack("<L", size), struct.pack("<L", stated)))
    memory, contents, errors = peak(path, ArchiveBounds(max_size=5 * MEGABYTE))
    assert (contents, errors) == (0, 1)
    assert memory < 10 * MEGABYTE


def test_memory_of_nested_bombs(tmp_path: Path) -> None:
    path = tmp_path / "app.zip"
    content = bytes(4 * MEGABYTE)
    for name in ("{}.bpmn", "{}.zip", "{}.war"):
        stream = io.BytesIO()
        # Only the archives in the middle are stored: they are as large as what is held in memory.
        method = zipfile.ZIP_DEFLATED if name != "{}.zip" else zipfile.ZIP_STORED
        with zipfile.ZipFile(stream, "w", method) as archive:
            for number in range(6):
                archive.writestr(name.format(number), content)
        content = stream.getvalue()
    path.write_bytes(content)
    memory, contents, errors = peak(
        path, ArchiveBounds(max_size=4 * MEGABYTE, max_total=500_000_000)
    )
    assert 110 < contents < 120
    assert errors == 1
    assert memory < 4 * 4 * MEGABYTE
