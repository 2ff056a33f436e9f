"""The objects of a shard: local files, and what remote stores hold."""

from __future__ import annotations

import os
from functools import partial
from io import BytesIO
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlsplit

from metrics.archives.bounds import ArchiveBounds
from metrics.archives.names import MemberPath, archive_type, member_of, member_path
from metrics.archives.reader import ArchiveSource
from metrics.reading.errors import DocumentError, ErrorType
from metrics.reading.sources import PIECE, DiscoveredFile, NamedContent, too_large
from metrics.report import Report
from metrics.scanning.selection import Selection
from metrics.scanning.unpacking import FoundArchive, ignore_warning, read_found
from metrics.shards.remote import (
    SECONDS_PER_TRY,
    NoObjectError,
    RemoteError,
    StatusError,
    call,
    etag_of,
    file_system,
    started,
    tried,
)
from metrics.shards.urls import FILE_PREFIX, LOCAL_SCHEMES, scheme_of
from metrics.system.tasks import submit_in_order
from metrics.system.workers import done

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
    from concurrent.futures import Future
    from typing import BinaryIO

    from metrics.archives.names import ArchiveType
    from metrics.scanning.requests import DiagramSource
    from metrics.shards.plan import Plan, PlannedObject

MAX_READ_AHEAD: Final = 64
MAX_BYTES_READ_AHEAD: Final = 1024 * 1024
"""The size above which an object is read when its turn comes, and not ahead of the others."""


class NamedSource(NamedTuple):
    """What is measured, its name in the lines, and the number of its object, from 0."""

    name: str
    source: DiagramSource
    object: int


class _Archive(NamedTuple):
    """An archive, or what an object names in it, and where it is read."""

    found: FoundArchive
    source: ArchiveSource


if TYPE_CHECKING:
    _Source = DiagramSource | _Archive


class _Answer(NamedTuple):
    """What a store answers.

    `content` is None if it is too large or not needed, and `etag` if the store states none.
    """

    content: bytes | None
    etag: str | None


def object_sources(objects: Iterable[PlannedObject], plan: Plan) -> Iterator[NamedSource]:
    """Yield the sources of each object, in order.

    A local file is read where it is measured. Remote objects are read here: up to 64 at a time
    ahead of their turn, if they have at most 1 MB, and larger ones one by one. An object that
    cannot be read yields its report. An archive, and a path into one, yields the diagrams that a
    search finds in it; a remote archive is held in memory. Raises `MissingPackageError`.
    """
    max_size = plan.options.max_size
    bounds = ArchiveBounds(max_size, plan.options.max_total)
    submit = partial(_submitted, plan=plan)
    answers = submit_in_order(submit, objects, MAX_READ_AHEAD)
    for number, (planned, future) in enumerate(answers):
        source = future.result()
        if source is None and max_size > MAX_BYTES_READ_AHEAD:
            source = started(_remote_source(planned, plan, max_size)).result()
        if source is None:
            source = _failed(planned, too_large(max_size))
        if not isinstance(source, _Archive):
            yield NamedSource(planned.url, source, number)
            continue
        found, archive = source
        for item in read_found(found, source=archive, warn=ignore_warning, bounds=bounds):
            yield NamedSource(item.name, item, number)


def _archive(name: str, member: str, content: str | BinaryIO, type: ArchiveType) -> _Archive:
    # All diagrams are wanted that a search without options finds.
    found = FoundArchive(name, Selection(), name, member.rstrip("/") or None)
    return _Archive(found, ArchiveSource(content, type))


def _is_http(url: str) -> bool:
    return url.startswith(("http://", "https://"))


def _type_name(url: str) -> str:
    """The name that says what an object is: the query of a URL is no part of it."""
    return urlsplit(url).path if _is_http(url) else url


def _submitted(planned: PlannedObject, plan: Plan) -> Future[_Source | None]:
    max_size = plan.options.max_size
    try:
        scheme = scheme_of(planned.url)
    except ValueError as error:
        return done(_unreadable(planned, str(error)))
    if scheme in LOCAL_SCHEMES:
        return done(_local_source(planned, plan.folder, FILE_PREFIX if scheme else ""))
    if planned.size is not None and planned.size > max_size:
        return done(_failed(planned, too_large(max_size)))
    if planned.size is not None and planned.size > MAX_BYTES_READ_AHEAD:
        return done(None)
    return started(_remote_source(planned, plan, min(max_size, MAX_BYTES_READ_AHEAD)))


def _local_source(planned: PlannedObject, folder: str, prefix: str) -> _Source:
    if planned.version is not None:
        return _unreadable(planned, "a local file has no versions, but the manifest names one")
    if planned.etag is not None:
        return _unreadable(planned, "a local file has no etag, but the manifest names one")
    path = planned.url.removeprefix(prefix)
    archive, member = member_path(path, folder) or (path, "")
    # A pipe would keep its worker waiting.
    file = DiscoveredFile(os.path.join(folder, archive))
    type = archive_type(archive)
    if type is None:
        return file
    return _archive(f"{prefix}{archive}", member, file, type)


async def _remote_source(
    planned: PlannedObject, plan: Plan, max_bytes: int, member: str = ""
) -> _Source | None:
    """The content of a remote object, or the report of why there is none.

    If the store has no such object, its URL may lead to a `member` of an archive. None if the
    object, or the archive, has more than `max_bytes`.
    """
    scheme = scheme_of(planned.url)
    try:
        if planned.version is not None and scheme not in VERSIONED:
            raise RemoteError(f"{scheme}:// has no versions, but the manifest names one")
        seconds = plan.options.timeout or SECONDS_PER_TRY
        answer = await tried(partial(_answer, planned, max_bytes), seconds)
    except NoObjectError as error:
        inner = None if member else _remote_member(planned.url)
        if inner is None:
            return _unreadable(planned, str(error))
        archive = planned._replace(url=inner.archive)
        return await _remote_source(archive, plan, max_bytes, inner.member)
    except RemoteError as error:
        return _unreadable(planned, str(error))
    except MemoryError:
        return _failed(planned, DocumentError(ErrorType.TOO_LARGE, "not enough memory"))
    if planned.etag is not None and answer.etag is None:
        return _unreadable(planned, "the store states no etag, but the manifest names one")
    if not _is_expected(planned, answer.etag):
        return _failed(
            planned, DocumentError(ErrorType.CHANGED, "its etag is not that of the manifest")
        )
    if answer.content is None:
        return None
    name = _type_name(planned.url)
    type = archive_type(name)
    if type is None:
        return NamedContent(name, answer.content)
    return _archive(planned.url, member, BytesIO(answer.content), type)


def _remote_member(url: str) -> MemberPath | None:
    """The archive and the member that a URL may lead to; the query of a URL stands after both."""
    return None if _is_http(url) and "?" in url else member_of(url)


async def _answer(planned: PlannedObject, max_bytes: int) -> _Answer:
    # Here, since making a file system may fail like a request, for example without credentials.
    system = file_system(planned.url)
    return await READERS.get(scheme_of(planned.url), _read_any)(system, planned, max_bytes)


def _failed(planned: PlannedObject, error: DocumentError) -> Report:
    return Report(planned.url, error=error.drop_origin())


def _unreadable(planned: PlannedObject, reason: str) -> Report:
    return _failed(planned, DocumentError(ErrorType.UNREADABLE, reason))


def _is_expected(planned: PlannedObject, etag: str | None) -> bool:
    return planned.etag is None or (etag is not None and _bare(etag) == _bare(planned.etag))


def _bare(etag: str) -> str:
    """An etag without the mark of a weak one and without its quotes."""
    return etag.strip().removeprefix("W/").strip('"')


async def _read_any(system: Any, planned: PlannedObject, max_bytes: int) -> _Answer:
    url = planned.url if planned.version is None else f"{planned.url}#{planned.version}"
    info = await call(system, "info", url)
    if info.get("type") == "directory":
        raise FileNotFoundError
    etag, size = etag_of(info), info["size"]
    if size > max_bytes or not _is_expected(planned, etag):
        return _Answer(None, etag)
    content = b""
    if size:
        content = await call(system, "cat_file", url, start=0, end=max_bytes + 1)
    if planned.etag is not None:
        # The content may have changed since the store stated its etag.
        etag = etag_of(await call(system, "info", url))
    return _Answer(content if len(content) <= max_bytes else None, etag)


async def _read_s3(system: Any, planned: PlannedObject, max_bytes: int) -> _Answer:
    bucket, key, _ = system.split_path(planned.url)
    version = {} if planned.version is None else {"VersionId": planned.version}
    answer = await call(system, "call_s3", "get_object", Bucket=bucket, Key=key, **version)
    async with answer["Body"] as body:
        content = await _read_up_to(body.read, answer.get("ContentLength"), max_bytes)
    return _Answer(content, answer.get("ETag"))


async def _read_http(system: Any, planned: PlannedObject, max_bytes: int) -> _Answer:
    session = await system.set_session()
    async with session.get(system.encode_url(planned.url), **system.kwargs) as response:
        if response.status >= 400:
            raise StatusError(response.status)
        content = await _read_up_to(response.content.read, response.content_length, max_bytes)
        return _Answer(content, response.headers.get("ETag"))


async def _read_up_to(
    read: Callable[[int], Awaitable[bytes]], size: int | None, max_bytes: int
) -> bytes | None:
    """Read a stream to its end; None if it has more than `max_bytes`."""
    if size is not None and size > max_bytes:
        return None
    pieces, left = [], max_bytes
    while piece := await read(PIECE):
        pieces.append(piece)
        left -= len(piece)
        if left < 0:
            return None
    return b"".join(pieces)


READERS: Final[Mapping[str, Callable[[Any, PlannedObject, int], Awaitable[_Answer]]]] = (
    MappingProxyType({"s3": _read_s3, "s3a": _read_s3, "http": _read_http, "https": _read_http})
)
"""What reads the objects of some stores with one request each; `_read_any` needs two or three."""

VERSIONED: Final = frozenset({"s3", "s3a", "gs", "gcs"})
"""The schemes whose stores may keep versions of an object."""
