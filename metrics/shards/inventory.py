"""Inventories of S3: a `manifest.json`, and compressed CSV files with a row for each key.

`fileSchema` of the manifest names the columns, and `files` the CSV files. They are found in the
destination bucket or, if the manifest is a file of this machine, beside it. Keys are URL-encoded.
"""

from __future__ import annotations

import csv
import gzip
import os
import zlib
from codecs import BOM_UTF8
from contextlib import suppress
from enum import StrEnum
from typing import TYPE_CHECKING, Any, BinaryIO, Final
from urllib.parse import unquote_plus

import orjson

from metrics.archives.names import archive_type
from metrics.scanning.selection import Selection
from metrics.shards.lists import (
    MAX_LINE_BYTES,
    ManifestError,
    bounded_lines,
    checked_object,
    too_long,
)
from metrics.shards.urls import scheme_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from metrics.shards.plan import PlannedObject

MAX_INVENTORY_BYTES: Final = 64 * 1024 * 1024
"""The maximum size of the `manifest.json` of an inventory."""

SCHEMA, FILES, FORMAT, DESTINATION = "fileSchema", "files", "fileFormat", "destinationBucket"
REQUIRED_COLUMNS: Final = ("Bucket", "Key")
FOLDERS: Final = ("../data", "data", ".")
"""Where the CSV files of a downloaded inventory are, relative to the folder of its manifest."""


class SkippedKey(StrEnum):
    """Why a key of an inventory is not planned."""

    OTHER_EXTENSION = "without the extension of a diagram"
    DELETE_MARKER = "with a delete marker"
    OLD_VERSION = "in an older version"
    INVALID_NAME = "with a name that cannot be read"


def is_inventory(name: str, first_line: bytes, open_again: Callable[[], BinaryIO]) -> bool:
    """Whether a manifest whose first line begins like an object is an inventory."""
    with suppress(ValueError):
        return SCHEMA in orjson.loads(first_line)
    # An object over several lines, or a line of JSON that is not valid.
    with open_again() as stream, suppress(ValueError):
        return SCHEMA in _content(name, stream)
    return False


def read_inventory(
    name: str,
    open_source: Callable[[str], BinaryIO],
    stream: BinaryIO,
    *,
    with_archives: bool,
) -> Iterator[PlannedObject | SkippedKey]:
    """Yield an object, or the reason for none, for each key; raises `ManifestError`."""
    manifest = _manifest(name, stream)
    columns = [column.strip() for column in manifest[SCHEMA].split(",")]
    for column in REQUIRED_COLUMNS:
        if column not in columns:
            raise ManifestError(name, f"{SCHEMA} has no column {column}.")
    selection = Selection()
    for file in manifest[FILES]:
        path = _source(name, manifest, file["key"])
        for number, row in _rows(path, open_source):
            if len(row) != len(columns):
                raise ManifestError(
                    path, f"expected {len(columns)} columns, not {len(row)}.", number
                )
            record = dict(zip(columns, row, strict=True))
            try:
                yield _entry(record, selection, with_archives)
            except ValueError as error:
                raise ManifestError(path, str(error), number) from None


def _manifest(name: str, stream: BinaryIO) -> dict[str, Any]:
    try:
        manifest = _content(name, stream)
        if (format := manifest.get(FORMAT, "CSV")) != "CSV":
            raise ManifestError(name, f"the format of the inventory is {format}: only CSV is read.")
        if isinstance(manifest[SCHEMA], str) and all(
            isinstance(file["key"], str) for file in manifest[FILES]
        ):
            return manifest
    except (ValueError, KeyError, TypeError):
        pass
    raise ManifestError(name, "it is not the manifest of an inventory.")


def _content(name: str, stream: BinaryIO) -> dict[str, Any]:
    content = stream.read(MAX_INVENTORY_BYTES + 1)
    if len(content) > MAX_INVENTORY_BYTES:
        size = f"more than {MAX_INVENTORY_BYTES:,} bytes"
        raise ManifestError(name, f"it is not JSON, and an inventory cannot have {size}.", 1)
    manifest: dict[str, Any] = orjson.loads(content.removeprefix(BOM_UTF8))
    return manifest


def _source(name: str, manifest: Mapping[str, Any], key: str) -> str:
    """The path or URL of a CSV file."""
    if scheme_of(name):
        bucket = str(manifest.get(DESTINATION)).rpartition(":")[2]
        return f"s3://{bucket}/{key}"
    folder, base = os.path.dirname(name), key.rpartition("/")[2]
    paths = [os.path.normpath(os.path.join(folder, inner, base)) for inner in FOLDERS]
    for path in paths:
        if base and os.path.isfile(path):
            return path
    raise ManifestError(
        name, f"a file of the inventory is missing: none of {', '.join(paths)} exists."
    )


def _rows(path: str, open_source: Callable[[str], BinaryIO]) -> Iterator[tuple[int, list[str]]]:
    """The rows of a CSV file, each with the number of its last line."""
    number = 0
    try:
        with open_source(path) as stream, gzip.open(stream) as content:
            reader = csv.reader(_texts(path, content), strict=True)
            for row in reader:
                number = reader.line_num
                if row:
                    yield number, row
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ManifestError(path, f"{reason}.", number + 1) from None
    except (csv.Error, UnicodeDecodeError):
        raise ManifestError(path, "it is not CSV in UTF-8.", number + 1) from None


def _texts(path: str, content: Any) -> Iterator[str]:
    for number, line in enumerate(bounded_lines(content), start=1):
        if len(line) > MAX_LINE_BYTES:
            raise ManifestError(path, too_long(), number)
        yield line.decode()


def _entry(
    record: Mapping[str, str], selection: Selection, with_archives: bool
) -> PlannedObject | SkippedKey:
    if record.get("IsDeleteMarker", "").lower() == "true":
        return SkippedKey.DELETE_MARKER
    if record.get("IsLatest", "").lower() == "false":
        return SkippedKey.OLD_VERSION
    key = unquote_plus(record["Key"], errors="surrogateescape")
    folder, _, base = key.rpartition("/")
    if not selection.is_diagram(f"{folder}/", base) and not (with_archives and archive_type(key)):
        return SkippedKey.OTHER_EXTENSION
    size = record.get("Size", "")
    if size and not (size.isascii() and size.isdigit() and len(size) < 20):
        raise ValueError("Size is not a number of bytes.")
    try:
        return checked_object(
            f"s3://{record['Bucket']}/{key}",
            int(size) if size else None,
            record.get("ETag") or None,
            record.get("VersionId") or None,
        )
    except ValueError:
        return SkippedKey.INVALID_NAME
