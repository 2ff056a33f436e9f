"""The plan of a sharded scan: which objects to measure, how, and in which shards.

A plan is a folder or a prefix in an object store, with a `plan.json` and the list of each shard,
`list-N.ndjson.zst`, which has one object per line. Running a shard adds `out-N.ndjson.zst`, its
lines, and then `out-N.done`, its marker. Shards are numbered from 0.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from metrics.archives.bounds import DEFAULT_MAX_TOTAL
from metrics.catalog import known_dialect
from metrics.reading.sources import DEFAULT_MAX_SIZE, MAX_NAME_CHARACTERS, FileError

if TYPE_CHECKING:
    from metrics.shards.stores import Store

PLAN_FILE: Final = "plan.json"
MAX_PLAN_BYTES: Final = 1024 * 1024
MAX_SHARDS: Final = 100_000
MAX_TIMEOUT: Final = 1_000_000
"""The maximum of `--timeout`, in seconds. Waiting for much longer overflows."""
FILE: Final = re.compile(r"plan\.json|(list|out)-\d+\.ndjson\.zst|out-\d+\.done")
SHA256: Final = re.compile("[0-9a-f]{64}")


class PlanError(FileError):
    """A plan that cannot be used."""


class PlannedObject(NamedTuple):
    """A line of a manifest: a path or URL, with what the manifest states about its content.

    `size` is in bytes. The content of an object with another `etag` is refused. `version` selects
    one of the versions that a store keeps.
    """

    url: str
    size: int | None = None
    etag: str | None = None
    version: str | None = None


class PlanOptions(NamedTuple):
    """How the objects of a plan are measured: options of `scan`, and fragments of our own."""

    max_size: int = DEFAULT_MAX_SIZE
    max_total: int = DEFAULT_MAX_TOTAL
    timeout: float | None = None
    fragments: tuple[str, ...] = ()
    dialect: str | None = None


class Plan(NamedTuple):
    """A sharded scan.

    `hash` is the SHA-256 of the lists and of everything that changes the lines of the output, and
    `version` the version of metrics that made the plan. Relative paths in the lists are relative to
    `folder`.
    """

    hash: str
    version: str
    shards: int
    objects: int
    folder: str
    options: PlanOptions


def hash_of(digest: str, version: str, shards: int, options: PlanOptions) -> str:
    """The hash of a plan; `digest` is the SHA-256 of the lines of all lists, in hexadecimal."""
    hashed = [digest, version, shards, options._asdict()]
    return hashlib.sha256(json.dumps(hashed).encode()).hexdigest()


def list_file(shard: int) -> str:
    """The name of the list of a shard."""
    return f"list-{shard}.ndjson.zst"


def lines_file(shard: int) -> str:
    """The name of the lines of a shard."""
    return f"out-{shard}.ndjson.zst"


def marker_file(shard: int) -> str:
    """The name of the marker of a shard."""
    return f"out-{shard}.done"


def is_plan_file(name: str) -> bool:
    """Whether the name of a file is that of a plan, list, lines or marker."""
    return bool(FILE.fullmatch(name))


def plan_files(store: Store) -> list[str]:
    """The paths or URLs of the files of a plan; raises `StoreError`."""
    return [store.name_of(file) for file in sorted(store.files()) if is_plan_file(file)]


def is_plan_folder(path: str) -> bool:
    """Whether a folder of this machine holds a plan, which may not be valid."""
    return all(os.path.isfile(os.path.join(path, file)) for file in (PLAN_FILE, list_file(0)))


def plan_json(plan: Plan) -> bytes:
    """A plan as `plan.json` holds it."""
    options = plan.options
    record = {
        "hash": plan.hash,
        "version": plan.version,
        "shards": plan.shards,
        "objects": plan.objects,
        "folder": plan.folder,
        "options": {
            "maxSize": options.max_size,
            "maxTotal": options.max_total,
            "timeout": options.timeout,
            "dialect": options.dialect,
        },
        "fragments": [*options.fragments],
    }
    # A folder may have bytes that are not valid UTF-8, which orjson refuses.
    return json.dumps(record, indent=2).encode() + b"\n"


def read_plan(store: Store) -> Plan:
    """The plan in a store; raises `PlanError` if there is none, or if it is not valid."""
    name = store.name_of(PLAN_FILE)
    try:
        content = store.read(PLAN_FILE, MAX_PLAN_BYTES)
        return _plan(json.loads(content))
    except FileError as error:
        raise PlanError(name, error.message) from None
    except (ValueError, KeyError, TypeError, RecursionError):
        raise PlanError(name, "it is not a plan: make one with metrics shards plan.") from None


def _plan(record: Any) -> Plan:
    options = record["options"]
    plan = Plan(
        record["hash"],
        record["version"],
        record["shards"],
        record["objects"],
        record["folder"],
        PlanOptions(
            options["maxSize"],
            options["maxTotal"],
            options["timeout"],
            tuple(record["fragments"]),
            options["dialect"],
        ),
    )
    texts = (plan.hash, plan.version, plan.folder, *plan.options.fragments)
    if not all(isinstance(text, str) and len(text) <= MAX_NAME_CHARACTERS for text in texts):
        raise TypeError
    if not isinstance(record["fragments"], list):
        raise TypeError
    if not all(is_number(number) for number in (plan.shards, plan.objects, *plan.options[:2])):
        raise TypeError
    if plan.shards > min(MAX_SHARDS, plan.objects) or not SHA256.fullmatch(plan.hash):
        raise ValueError
    known_dialect(plan.options.dialect)
    timeout = plan.options.timeout
    if timeout is not None and not (type(timeout) in (int, float) and 0 < timeout <= MAX_TIMEOUT):
        raise ValueError
    return plan


def is_number(value: object) -> bool:
    """Whether a JSON value counts something: an integer from 0."""
    return type(value) is int and value >= 0
