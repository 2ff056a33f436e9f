from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from metrics.shards.plan import (
    MAX_PLAN_BYTES,
    MAX_SHARDS,
    PLAN_FILE,
    Plan,
    PlanError,
    PlanOptions,
    is_plan_folder,
    lines_file,
    list_file,
    marker_file,
    plan_files,
    plan_json,
    read_plan,
)
from metrics.shards.stores import store_at

if TYPE_CHECKING:
    from pathlib import Path

PLAN = Plan("0a" * 32, "1.0", 2, 3, os.fsdecode(b"/f\xff"), PlanOptions(1, 2, 0.5, ("x",)))


def read(folder: Path, content: bytes) -> Plan:
    """The plan in a file of a content."""
    (folder / PLAN_FILE).write_bytes(content)
    return read_plan(store_at(str(folder)))


@pytest.mark.parametrize("plan", [PLAN, PLAN._replace(shards=0, objects=0, options=PlanOptions())])
def test_plans_are_kept(plan: Plan, tmp_path: Path) -> None:
    assert read(tmp_path, plan_json(plan)) == plan


@pytest.mark.parametrize(
    "change",
    [
        {"hash": "0A" * 32},
        {"hash": None},
        {"version": 1},
        {"version": "1" * 5000},
        {"folder": None},
        {"shards": -1},
        {"shards": True},
        {"shards": 4},
        {"shards": 1.0},
        {"shards": MAX_SHARDS + 1, "objects": MAX_SHARDS + 1},
        {"objects": "3"},
        {"options": []},
        {"options": {"maxSize": 1, "maxTotal": 2}},
        {
            "options": {"maxSize": 1, "maxTotal": 2, "timeout": None, "dialect": "x"},
        },
        {"options": {"maxSize": -1, "maxTotal": 2, "timeout": None, "dialect": None}},
        {"options": {"maxSize": 1, "maxTotal": 2, "timeout": 0, "dialect": None}},
        {"options": {"maxSize": 1, "maxTotal": 2, "timeout": float("nan"), "dialect": None}},
        {"options": {"maxSize": 1, "maxTotal": 2, "timeout": float("inf"), "dialect": None}},
        {"options": {"maxSize": 1, "maxTotal": 2, "timeout": 1e308, "dialect": None}},
        {"fragments": [1]},
        {"fragments": "x"},
        {"fragments": None},
    ],
)
def test_wrong_plans(change: dict[str, Any], tmp_path: Path) -> None:
    record = json.loads(plan_json(PLAN)) | change
    with pytest.raises(PlanError, match="it is not a plan"):
        read(tmp_path, json.dumps(record).encode())


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not a plan"),
        (b"\xff", "not a plan"),
        (b"[" * 100_000, "not a plan"),
        (b"[]", "not a plan"),
        (b"{}", "not a plan"),
        (b" " * (MAX_PLAN_BYTES + 1), "larger than"),
    ],
)
def test_other_files(content: bytes, reason: str, tmp_path: Path) -> None:
    with pytest.raises(PlanError, match=reason):
        read(tmp_path, content)


def test_no_plan(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match=r"plan\.json: No such file"):
        read_plan(store_at(str(tmp_path)))


def test_folders_of_plans(tmp_path: Path) -> None:
    for name in (PLAN_FILE, list_file(0)):
        assert not is_plan_folder(str(tmp_path))
        (tmp_path / name).touch()
    assert is_plan_folder(str(tmp_path))
    assert not is_plan_folder(str(tmp_path / PLAN_FILE))


def test_files_of_a_plan(tmp_path: Path) -> None:
    files = [list_file(0), list_file(12), marker_file(12), lines_file(12), PLAN_FILE]
    for name in (*files, "list-0.ndjson", "out-x.done", "metrics.ndjson", "xplan.json"):
        (tmp_path / name).touch()
    assert plan_files(store_at(str(tmp_path))) == [str(tmp_path / name) for name in files]
