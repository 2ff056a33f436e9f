"""The lines of manifests and of lists: `{"url": "s3://bucket/a.bpmn", "size": 1200}`."""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING, Any, Final

import orjson

from metrics.reading.sources import PIECE, FileError
from metrics.scanning.path_lists import checked_path
from metrics.shards.compression import open_compressed
from metrics.shards.plan import PlannedObject, hash_of, list_file
from metrics.shards.urls import scheme_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from metrics.shards.plan import Plan
    from metrics.shards.stores import Store

MAX_LINE_BYTES: Final = 128 * 1024
MAX_CHARACTERS_OF_A_TAG: Final = 1024
"""The maximum length of an `etag` and of a `version`."""

MAX_SIZE: Final = 2**63 - 1


class ManifestError(FileError):
    """A manifest or a list of a plan that cannot be read, or a line that is not valid."""


def line_of(object: PlannedObject) -> bytes:
    """The line of an object in a list."""
    record = {key: value for key, value in object._asdict().items() if value is not None}
    try:
        return orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:
        # A path whose bytes are not valid UTF-8.
        return json.dumps(record, separators=(",", ":")).encode() + b"\n"


def object_of(line: bytes) -> PlannedObject:
    """The object of a line; raises `ValueError` with the reason if it is not valid."""
    try:
        record = orjson.loads(line)
    except ValueError:
        record = _record(line)
    if not isinstance(record, dict):
        raise ValueError("it is not an object.")
    for key in record:
        if key not in PlannedObject._fields:
            raise ValueError(f"{key} is not known: use {', '.join(PlannedObject._fields)}.")
    if "url" not in record:
        raise ValueError("it has no url.")
    return checked_object(**record)


def _record(line: bytes) -> Any:
    # Only this parser reads a path whose bytes are not valid UTF-8.
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        raise ValueError("it is not JSON.") from None


def checked_object(
    url: object, size: object = None, etag: object = None, version: object = None
) -> PlannedObject:
    """An object of these values; raises `ValueError` with the reason if one is not valid."""
    if not isinstance(url, str) or not url:
        raise ValueError("url is not a text.")
    checked_path(url)
    if not (url.isascii() or _is_encodable(url, is_path=scheme_of(url) == "")):
        raise ValueError("url is not valid Unicode.")
    scheme_of(url)
    if size is not None and (type(size) is not int or not 0 <= size <= MAX_SIZE):
        raise ValueError("size is not a number of bytes.")
    return PlannedObject(url, size, _tag("etag", etag), _tag("version", version))


def _is_encodable(url: str, *, is_path: bool) -> bool:
    try:
        # A path may have bytes that are not valid UTF-8.
        _ = os.fsencode(url) if is_path else url.encode()
    except UnicodeEncodeError:
        return False
    return True


def _tag(name: str, value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not value.isprintable():
        raise ValueError(f"{name} is not a printable text.")
    if len(value) > MAX_CHARACTERS_OF_A_TAG:
        raise ValueError(f"{name} has more than {MAX_CHARACTERS_OF_A_TAG:,} characters.")
    return value or None


def read_list(store: Store, shard: int) -> Iterator[PlannedObject]:
    """The objects of a shard; raises `ManifestError` and `StoreError`."""
    file = list_file(shard)
    with open_compressed(store, file) as stream:
        for number, line in enumerate(bounded_lines(stream), start=1):
            try:
                if len(line) > MAX_LINE_BYTES:
                    raise ValueError(too_long())
                object = object_of(line)
            except ValueError as error:
                raise ManifestError(store.name_of(file), str(error), number) from None
            yield object


def has_planned_lists(store: Store, plan: Plan) -> bool:
    """Whether the lists in a store are those for which a plan was made; raises `StoreError`.

    Two plans that were made in one folder at the same time may have mixed lists.
    """
    digest = hashlib.sha256()
    for shard in range(plan.shards):
        with open_compressed(store, list_file(shard)) as stream:
            while piece := stream.read(PIECE):
                digest.update(piece)
    return plan.hash == hash_of(digest.hexdigest(), plan.version, plan.shards, plan.options)


def bounded_lines(stream: BinaryIO) -> Iterator[bytes]:
    """The lines of a stream; one with more than `MAX_LINE_BYTES` is cut after the next byte."""
    return iter(lambda: stream.readline(MAX_LINE_BYTES + 1), b"")


def too_long() -> str:
    """The reason why a line is refused that has more than `MAX_LINE_BYTES`."""
    return f"the line has more than {MAX_LINE_BYTES:,} bytes."
