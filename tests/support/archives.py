"""Archives, packed in memory, and members to put into them."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from base64 import b64encode
from typing import TYPE_CHECKING

import zstandard

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip archive."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def tarred(files: Mapping[str, bytes], mode: str = "w") -> bytes:
    """A tar archive; `w:gz` is the mode of a compressed one."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def tarred_zst(files: Mapping[str, bytes]) -> bytes:
    """A tar archive, compressed with Zstandard."""
    return zstandard.ZstdCompressor().compress(tarred(files))


def tarred_gz(files: Mapping[str, bytes]) -> bytes:
    """A tar archive, compressed with gzip."""
    return tarred(files, "w:gz")


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
