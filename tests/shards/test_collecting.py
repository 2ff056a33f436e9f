"""The lines of all shards are those of `metrics scan`, in whatever way they were made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.command import run
from support.diagrams import process
from support.shards import plan_manifest, run_all

from metrics.shards.collecting import (
    CollectError,
    Totals,
    all_results,
    checked_lines,
    read_shard_reports,
)
from metrics.shards.markers import ShardResult, marker_json
from metrics.shards.plan import PLAN_FILE, lines_file, list_file, marker_file, read_plan
from metrics.shards.stores import store_at

if TYPE_CHECKING:
    import random
    from pathlib import Path

CONTENTS = {
    "a.bpmn": process("<bpmn:userTask/>"),
    "b.bpmn": process("<bpmn:userTask/><bpmn:task/>"),
    "é.bpmn": b"<",
    "f.form": b"{}",
}
NAMES = (*CONTENTS, "none.bpmn")


def collected(folder: Path) -> bytes:
    """The lines of all shards of a plan."""
    store = store_at(str(folder))
    results = all_results(store, read_plan(store))
    return b"".join(lines.read() for lines in checked_lines(store, results))


@settings(max_examples=20)
@given(
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=9, unique=True),
    st.integers(1, 10),
    st.randoms(),
)
def test_lines_are_those_of_a_scan(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], shards: int, chance: random.Random
) -> None:
    folder = tmp_path_factory.mktemp("scan")
    for name, content in CONTENTS.items():
        (folder / name).write_bytes(content)
    (folder / "m").write_text("".join(f"{name}\n" for name in names))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        plan = plan_manifest(folder / "m", folder / "p", shards)
        order = [*range(plan.shards)]
        chance.shuffle(order)
        run_all(folder / "p", order)
    assert collected(folder / "p") == run("scan", "--files-from", "m", cwd=folder).stdout


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A plan with four shards that are done, of an object each."""
    monkeypatch.chdir(tmp_path)
    for name, content in CONTENTS.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "m").write_text("a.bpmn\nb.bpmn\né.bpmn\nnone.bpmn\n")
    plan_manifest(tmp_path / "m", tmp_path / "p", 4)
    run_all(tmp_path / "p")
    return tmp_path / "p"


def test_totals(plan: Path) -> None:
    store = store_at(str(plan))
    totals = Totals.of(all_results(store, read_plan(store)))
    assert totals == Totals(4, 1, 2, {"malformed": 1, "unreadable": 1})


@pytest.mark.parametrize(("unread", "is_too_many"), [(5, False), (6, True)])
def test_unread_objects(unread: int, *, is_too_many: bool) -> None:
    results = [
        # An archive with many diagrams is one object.
        ShardResult(0, 60, 0, 500, {"malformed": 50}, ""),
        ShardResult(1, 40, unread, 40, {"changed": 1, "unreadable": 30}, ""),
    ]
    assert Totals.of(results).has_too_many_unread is is_too_many


def test_lists_of_another_plan(plan: Path) -> None:
    first, second = plan / list_file(0), plan / list_file(1)
    content = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(content)
    with pytest.raises(CollectError, match="the lists are not those of the plan"):
        collected(plan)
    (report,) = read_shard_reports(str(plan), max_size=1000)
    assert "the lists are not those of the plan" in str(report.error)


def test_options_that_were_edited(plan: Path) -> None:
    content = (plan / PLAN_FILE).read_bytes()
    (plan / PLAN_FILE).write_bytes(content.replace(b'"timeout": null', b'"timeout": 1'))
    with pytest.raises(CollectError, match="the lists are not those of the plan"):
        collected(plan)


def test_missing_shards(plan: Path) -> None:
    (plan / marker_file(1)).unlink()
    (plan / lines_file(2)).unlink()
    with pytest.raises(CollectError, match=r"2 of 4 shards are not done \(1-2\)"):
        collected(plan)


def test_missing_objects(plan: Path) -> None:
    store = store_at(str(plan))
    results = all_results(store, read_plan(store))
    marker = marker_json(read_plan(store), results[1]._replace(objects=0))
    (plan / marker_file(1)).write_bytes(marker)
    with pytest.raises(CollectError, match="the shards read 3 objects, not 4"):
        collected(plan)


@pytest.mark.parametrize("shard", [0, 2])
def test_damaged_lines(shard: int, plan: Path) -> None:
    lines = plan / lines_file(shard)
    lines.write_bytes((plan / lines_file(1)).read_bytes())
    store = store_at(str(plan))
    streams = checked_lines(store, all_results(store, read_plan(store)))
    for _ in range(shard):
        assert next(streams).read()
    mend = f"--shard {shard} writes shard {shard} again"
    with pytest.raises(CollectError, match=mend) as caught:
        next(streams)
    assert caught.value.path == str(lines)


def test_reports(plan: Path) -> None:
    (plan / marker_file(1)).unlink()
    (plan / lines_file(0)).write_bytes(b"x" * 99)
    found = [
        (report.file, None if report.error is None else report.error.message)
        for report in read_shard_reports(str(plan), max_size=1000)
    ]
    assert [file for file, _ in found] == [str(plan), "é.bpmn", "none.bpmn", str(plan)]
    assert "--shard 0 writes shard 0 again" in str(found[0][1])
    assert "1 of 4 shards are not done (1)" in str(found[3][1])


def test_reports_of_no_plan(tmp_path: Path) -> None:
    (report,) = read_shard_reports(str(tmp_path), max_size=1000)
    assert report.error is not None
    assert report.error.message == f"{tmp_path}/plan.json: No such file or directory"
