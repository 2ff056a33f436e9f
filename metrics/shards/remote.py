"""Requests to remote stores by fsspec, with timeouts and retries; messages hold no secrets.

All requests run as coroutines on the one event loop of fsspec, in a thread of its own.
"""

from __future__ import annotations

import asyncio
import re
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar
from urllib.parse import urlsplit

from metrics.reading.sources import FileError
from metrics.shards.urls import scheme_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Mapping
    from concurrent.futures import Future

Result = TypeVar("Result")

PACKAGES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "memory": "fsspec",
        "s3": "s3fs",
        "s3a": "s3fs",
        "gs": "gcsfs",
        "gcs": "gcsfs",
        "abfs": "adlfs",
        "abfss": "adlfs",
        "az": "adlfs",
        "http": "fsspec aiohttp",
        "https": "fsspec aiohttp",
    }
)
"""The packages that read the URLs of each scheme."""

SECONDS_PER_TRY: Final = 120.0
PAUSES: Final = (0.5, 2.0)
"""The seconds between the tries of a request."""

CONNECT_SECONDS: Final = 10
READ_SECONDS: Final = 60

NOT_FOUND: Final = frozenset({404, 410})
REFUSED: Final = frozenset({401, 403})
MAY_PASS: Final = frozenset({408, 425, 429})
"""The statuses below 500 after which the same request may succeed."""

S3_OPTIONS: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "config_kwargs": {
            "connect_timeout": CONNECT_SECONDS,
            "read_timeout": READ_SECONDS,
            # Requests are repeated here, and not within each repetition once more.
            "retries": {"max_attempts": 0},
        }
    }
)

OPTIONS: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "s3": S3_OPTIONS,
        "s3a": S3_OPTIONS,
        "gs": {"version_aware": True},
        "gcs": {"version_aware": True},
    }
)
"""How the file systems of fsspec are made, by their schemes."""

SECRETS: Final = re.compile(
    r"(?<=://)[^\s/?#]*@"
    r"|(?<![^\s'\"])[^\s/?#'\":]+:[^\s/?#'\"]*@"
    r"|\?\S*?(?=['\"<>]?[.,:;)]{0,3}(?:\s|$))"
)
"""Where a URL may hold secrets: a user with a password, and the query.

A store may name the user without the scheme, as a part of a bucket. A quote ends a query only if it
ends the URL, since a query may contain quotes.
"""


class RemoteError(Exception):
    """A request that failed for good; its text is for people, and holds no secrets."""


class NoObjectError(RemoteError):
    """A store that has no such object, or does not say whether it has."""


class NotFoundError(NoObjectError):
    """A store that has no such object."""


class MissingPackageError(FileError):
    """A package that a scheme needs and that is not installed."""


class StatusError(Exception):
    """An HTTP response that is an error."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class _Failure(NamedTuple):
    message: str
    may_pass: bool
    type: type[RemoteError] = RemoteError


def without_secrets(text: str) -> str:
    """A text without the passwords and the queries of the URLs in it."""
    return SECRETS.sub(lambda secret: "…@" if secret[0].endswith("@") else "?…", text)


def file_system(url: str) -> Any:
    """The file system of fsspec that reads a URL; raises `MissingPackageError`."""
    scheme = scheme_of(url)
    # `abfs://container@account.dfs.core.windows.net/` names an account of Azure.
    host = urlsplit(url).netloc.partition("@")[2] if PACKAGES[scheme] == "adlfs" else ""
    return _file_system(scheme, host.partition(".")[0])


@lru_cache(maxsize=16)
def _file_system(scheme: str, account: str) -> Any:
    try:
        from fsspec import filesystem

        options = dict(OPTIONS.get(scheme, {}))
        if account:
            options["account_name"] = account
        system = filesystem(scheme, use_listings_cache=False, skip_instance_cache=True, **options)
    except ImportError:
        raise MissingPackageError(f"{scheme}://", _install(PACKAGES[scheme])) from None
    if PACKAGES[scheme] == "s3fs":
        system.retries = 1
    return system


def _install(packages: str) -> str:
    return f"a package is not installed: pip install {packages}"


def started(request: Coroutine[Any, Any, Result]) -> Future[Result]:
    """Start a request; the future has its result."""
    try:
        from fsspec.asyn import get_loop
    except ImportError:
        request.close()
        raise MissingPackageError("remote objects", _install("fsspec")) from None
    return asyncio.run_coroutine_threadsafe(request, get_loop())


async def call_at(url: str, method: str, *arguments: Any, **options: Any) -> Any:
    """Call a method of the file system that reads a URL."""
    return await call(file_system(url), method, *arguments, **options)


async def call(system: Any, method: str, *arguments: Any, **options: Any) -> Any:
    """Call a method of a file system by its name."""
    if system.async_impl:
        # The coroutine of each method has its name after an underscore.
        return await getattr(system, f"_{method}")(*arguments, **options)
    return await asyncio.to_thread(getattr(system, method), *arguments, **options)


def etag_of(info: Mapping[str, Any]) -> str | None:
    """The etag in what a file system says about an object; None if its store has none."""
    etag = info.get("ETag") or info.get("etag")
    return None if etag is None else str(etag)


async def tried(
    request: Callable[[], Awaitable[Result]], seconds: float = SECONDS_PER_TRY
) -> Result:
    """Make a request, up to three times if it may succeed later; raises `RemoteError`.

    Each try ends after some `seconds`.
    """
    for pause in (*PAUSES, None):
        try:
            async with asyncio.timeout(seconds):
                return await request()
        except (RemoteError, FileError, MemoryError):
            raise
        except Exception as error:
            failure = _failure(error, seconds)
        if pause is None or not failure.may_pass:
            break
        await asyncio.sleep(pause)
    raise failure.type(failure.message)


def _failure(error: Exception, seconds: float) -> _Failure:
    status = _status(error)
    if isinstance(error, FileNotFoundError) or status in NOT_FOUND:
        return _Failure("the store has no such object", False, NotFoundError)
    if isinstance(error, PermissionError) or status in REFUSED:
        return _Failure("the store refuses access", False, NoObjectError)
    if status is not None:
        may_pass = status >= 500 or status in MAY_PASS
        return _Failure(f"the store answered with status {status}", may_pass)
    if isinstance(error, TimeoutError):
        return _Failure(f"the store did not answer within {seconds:g} seconds", True)
    name = type(error).__name__
    message = " ".join(without_secrets(str(error)).split())
    # `NoCredentialsError` of S3, `DefaultCredentialsError` of Google: waiting does not help.
    is_final = "Credential" in name or isinstance(error, ValueError | IsADirectoryError)
    return _Failure(f"{name}: {message}" if message else name, not is_final)


def _status(error: Exception) -> int | None:
    """The HTTP status that an error of a store states."""
    for attribute in ("status", "status_code", "code"):
        status = getattr(error, attribute, None)
        if isinstance(status, int) and 400 <= status < 600:
            return status
    # Errors of botocore are causes of others.
    response = getattr(error, "response", None) or getattr(error.__cause__, "response", None)
    if isinstance(response, dict):
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        return status if isinstance(status, int) else None
    return None
