from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from metrics.shards.markers import (
    MAX_MARKER_BYTES,
    ShardResult,
    ShardState,
    ShardStatus,
    marker_json,
    read_marker,
    shard_states,
)
from metrics.shards.plan import Plan, PlanOptions, lines_file, marker_file
from metrics.shards.stores import store_at

if TYPE_CHECKING:
    from pathlib import Path

PLAN = Plan("0a" * 32, "1.0", 1, 3, "/", PlanOptions())
RESULT = ShardResult(0, 3, 2, 1, {"malformed": 1, "unreadable": 2, "changed": 3}, "0b" * 32)


def state(folder: Path, marker: bytes) -> ShardState:
    """The state of a shard with a marker and lines."""
    (folder / marker_file(0)).write_bytes(marker)
    (folder / lines_file(0)).touch()
    (state,) = shard_states(store_at(str(folder)), PLAN)
    assert read_marker(store_at(str(folder)), PLAN, 0) == state.result
    return state


def test_markers_are_kept(tmp_path: Path) -> None:
    marker = marker_json(PLAN, RESULT)
    assert state(tmp_path, marker) == ShardState(0, ShardStatus.DONE, RESULT)
    assert [*json.loads(marker)] == [
        "plan",
        "version",
        "shard",
        "objects",
        "unread",
        "measured",
        "failed",
        "sha256",
    ]


def test_shards_without_markers(tmp_path: Path) -> None:
    (tmp_path / lines_file(0)).touch()
    (found,) = shard_states(store_at(str(tmp_path)), PLAN)
    assert found == ShardState(0, ShardStatus.MISSING)


def test_markers_without_lines(tmp_path: Path) -> None:
    (tmp_path / marker_file(0)).write_bytes(marker_json(PLAN, RESULT))
    (found,) = shard_states(store_at(str(tmp_path)), PLAN)
    assert found == ShardState(0, ShardStatus.NO_LINES)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"plan": "0b" * 32}, ShardStatus.OTHER_PLAN),
        ({"version": "1.1"}, ShardStatus.OTHER_VERSION),
        *(
            (change, ShardStatus.INVALID_MARKER)
            for change in (
                {"shard": 1},
                {"shard": False},
                {"objects": -1},
                {"objects": 1.5},
                {"measured": "1"},
                {"failed": {"other": 1}},
                {"failed": {"malformed": -1}},
                {"failed": {"malformed": True}},
                {"failed": ["malformed"]},
                {"failed": None},
                {"sha256": "0B" * 32},
                {"sha256": None},
            )
        ),
    ],
)
def test_wrong_markers(change: dict[str, Any], status: ShardStatus, tmp_path: Path) -> None:
    record = json.loads(marker_json(PLAN, RESULT)) | change
    assert state(tmp_path, json.dumps(record).encode()) == ShardState(0, status)


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff", b" " * (MAX_MARKER_BYTES + 1)])
def test_other_files(content: bytes, tmp_path: Path) -> None:
    assert state(tmp_path, content) == ShardState(0, ShardStatus.INVALID_MARKER)
