"""Runs the shards of a plan on a Dask cluster that is there already."""

from __future__ import annotations

import logging
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from metrics.reading.sources import FileError
from metrics.shards.markers import read_marker
from metrics.shards.plan import read_plan
from metrics.shards.remote import MissingPackageError
from metrics.shards.running import ShardOutcome, scan_shard
from metrics.shards.stores import store_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from distributed import Client, Future

    from metrics.shards.markers import ShardResult

CONNECT_SECONDS: Final = 10
RETRIES: Final = 2
"""How often a task is repeated that fails. A task whose worker dies is repeated in any case."""

LOGGERS: Final = ("distributed", "distributed.client", "distributed.core", "tornado.application")


class ClusterError(FileError):
    """A cluster that cannot be used."""


def run_on_dask(
    address: str, location: str, shards: Sequence[int], show_note: Callable[[str], None]
) -> Iterator[ShardOutcome]:
    """Run each shard as a task, and yield the outcomes as the tasks end.

    `location` is the plan as the workers see it. `show_note` shows a note for people. When this
    process ends early, the scheduler cancels the tasks that have not started. Raises `ClusterError`
    and `MissingPackageError`.
    """
    try:
        from distributed import as_completed
    except ImportError:
        raise MissingPackageError(
            "--dask", "a package is not installed: pip install distributed"
        ) from None
    with _quiet(), _client(address) as client:
        futures = client.map(
            scan_shard, [location] * len(shards), shards, pure=False, retries=RETRIES
        )
        numbers = {future.key: shard for future, shard in zip(futures, shards, strict=True)}
        if not client.scheduler_info()["workers"]:
            show_note("the cluster has no workers: waiting for the first")
        tasks = as_completed(futures, loop=client.loop)
        del futures
        for future in tasks:
            yield outcome_of(future, numbers[future.key], location)


def outcome_of(future: Future[ShardResult], shard: int, location: str) -> ShardOutcome:
    """The outcome of a task that has ended; its marker must be in the plan at `location`."""
    if future.cancelled():
        # The scheduler cancels no task of a client that is connected.
        return ShardOutcome(shard, None, "the connection to the scheduler was lost")
    error = future.exception()
    if error is not None:
        return ShardOutcome(shard, None, _reason(error))
    result = future.result()
    try:
        store = store_at(location)
        is_here = read_marker(store, read_plan(store), shard) == result
    except FileError as store_error:
        return ShardOutcome(shard, None, str(store_error))
    if is_here:
        return ShardOutcome(shard, result)
    reason = "has no marker of it: the workers have a folder of their own"
    return ShardOutcome(shard, None, f"{store.name_of('').rstrip('/')} {reason}")


@contextmanager
def _client(address: str) -> Iterator[Client]:
    from distributed import Client
    from distributed.comm.addressing import get_address_host_port

    try:
        # A client with a malformed address would not end for 20 seconds.
        get_address_host_port(address, strict=True)
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, RuntimeError) as error:
        reason = f"the scheduler cannot be reached: {' '.join(str(error).split())}"
        raise ClusterError(address, reason) from None
    with client:
        yield client


@contextmanager
def _quiet() -> Iterator[None]:
    """Show no messages of Dask: outcomes have the reasons, and some messages are tracebacks."""
    loggers = [logging.getLogger(name) for name in LOGGERS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            # Such as the one about other versions of packages on the workers.
            warnings.filterwarnings("ignore", module="distributed")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _reason(error: BaseException) -> str:
    """Why a task failed, on one line."""
    if isinstance(error, FileError):
        return f"on a worker: {error}"
    if type(error).__name__ == "KilledWorker":
        return "the workers that ran it died"
    message = " ".join(str(error).split())
    return f"on a worker: {type(error).__name__}: {message}"
