"""Archives with random damage: whatever they hold, reading ends with results."""

from __future__ import annotations

import gzip
import io
import random
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import zstandard
from support.archive_results import read_all
from support.archives import tar_entry, tar_of_entries, zipped

from metrics.archives.bounds import ArchiveBounds

if TYPE_CHECKING:
    from collections.abc import Iterator

MEMBERS = {
    "a.bpmn": b"<a/>" * 100,
    "\u00e9/" + "long/" * 60 + "b.bpmn": bytes(range(256)) * 10,
    "in.zip": zipped({"c.bpmn": b"<c/>"}),
}
BOUNDS = ArchiveBounds(max_size=1_000_000, max_total=10_000_000)


def archives() -> dict[str, bytes]:
    """A small archive of each type and format."""
    entries = [(tar_entry(name), content) for name, content in MEMBERS.items()]
    entries.append((tar_entry("d.bpmn", tarfile.SYMTYPE, "x" * 200), b""))
    pax, gnu = (tar_of_entries(entries, f) for f in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT))
    return {
        "app.zip": zipped(MEMBERS),
        "pax.tar": pax,
        "gnu.tar": gnu,
        "app.tar.gz": gzip.compress(pax, mtime=0),
        "app.tar.zst": zstandard.compress(gnu),
    }


def damaged(content: bytes, source: random.Random) -> bytes:
    """The content with a few bytes changed, removed, repeated or added."""
    result = bytearray(content)
    for _ in range(source.randint(1, 4)):
        start = source.randrange(len(result) + 1)
        end = start + source.choice((1, 1, 1, 2, 8, 100))
        piece = source.choice(
            (source.randbytes(end - start), b"\xff" * (end - start), bytes(end - start), b"", b"9")
        )
        result[start:end] = piece if source.random() < 0.8 else result[start:end] * 2
    return bytes(result)


def repaired(content: bytes) -> bytes:
    """A tar archive whose headers have valid checksums."""
    result = bytearray(content)
    for start in range(0, len(result) - 511, 512):
        block = result[start : start + 512]
        if block[257:262] == b"ustar":
            total = sum(block[:148]) + 256 + sum(block[156:])
            result[start + 148 : start + 156] = b"%06o\0 " % total
    return bytes(result)


def variants(name: str, content: bytes, number: int) -> Iterator[bytes]:
    """Damaged variants of an archive."""
    source = random.Random(name)
    for _ in range(number):
        variant = damaged(content, source)
        yield repaired(variant) if name.endswith(".tar") else variant


def read_variants(name: str, number: int) -> int:
    """Read damaged variants of an archive; returns how many of them had an error."""
    failed = 0
    for variant in variants(name, archives()[name], number):
        result = read_all(Path(name), stream=io.BytesIO(variant), bounds=BOUNDS)
        failed += bool(result.errors)
    return failed


@pytest.mark.parametrize("name", archives())
def test_damaged_archives(name: str) -> None:
    assert read_variants(name, 200) > 100


@pytest.mark.slow
@pytest.mark.parametrize("name", archives())
def test_many_damaged_archives(name: str) -> None:
    assert read_variants(name, 3000) > 1500


def test_compressed_damage() -> None:
    for variant in variants("pax.tar", archives()["pax.tar"], 200):
        path = Path("app.tar.gz")
        read_all(path, stream=io.BytesIO(gzip.compress(variant, 1)), bounds=BOUNDS)
