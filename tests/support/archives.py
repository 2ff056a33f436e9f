"""Archives, packed in memory, and members to put into them."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zipfile
from base64 import b64encode
from typing import TYPE_CHECKING

import zstandard

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip archive."""
    return zip_of_entries(files.items())


def zip_of_entries(entries: Iterable[tuple[str | zipfile.ZipInfo, bytes]]) -> bytes:
    """A zip archive with any entries."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry, content in entries:
            archive.writestr(entry, content)
    return stream.getvalue()


def tarred(files: Mapping[str, bytes]) -> bytes:
    """A tar archive."""
    return tar_of_entries((tar_entry(name), content) for name, content in files.items())


def tar_entry(name: str, type: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    """An entry of a tar archive."""
    entry = tarfile.TarInfo(name)
    entry.type = type
    entry.linkname = target
    return entry


def tar_of_entries(
    entries: Iterable[tuple[tarfile.TarInfo, bytes]], format: int = tarfile.PAX_FORMAT
) -> bytes:
    """A tar archive with any entries."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=format) as archive:
        for entry, content in entries:
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return stream.getvalue()


def tarred_zst(files: Mapping[str, bytes]) -> bytes:
    """A tar archive, compressed with Zstandard."""
    return zstandard.ZstdCompressor().compress(tarred(files))


def tarred_gz(files: Mapping[str, bytes]) -> bytes:
    """A tar archive, compressed with gzip."""
    return gzip.compress(tarred(files))


PACKERS = {".zip": zipped, ".tar": tarred, ".tar.gz": tarred_gz, ".tar.zst": tarred_zst}
"""Functions that pack files, by the extension of the archive."""


def pack(path: Path, files: Mapping[str, bytes]) -> Path:
    """Write an archive, whose extension says how it is packed; zip for any other."""
    path.parent.mkdir(parents=True, exist_ok=True)
    packer = next((pack for end, pack in PACKERS.items() if path.name.endswith(end)), zipped)
    path.write_bytes(packer(files))
    return path


def json_lines(*diagrams: tuple[str, bytes]) -> bytes:
    """Lines of JSON with names and contents."""
    return b"".join(
        json.dumps({"name": name, "base64": b64encode(content).decode()}).encode() + b"\n"
        for name, content in diagrams
    )
