"""Plans: contiguous, balanced, reproducible."""

from __future__ import annotations

import json
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.measuring import peak_memory
from support.shards import plan_manifest

from metrics.shards.lists import line_of, read_list
from metrics.shards.manifest import open_manifest
from metrics.shards.plan import PlanError, PlannedObject, PlanOptions, list_file, read_plan
from metrics.shards.planning import WEIGHT_OF_AN_OBJECT, Contents, contents_of, in_shards, plan_of
from metrics.shards.planning import write_plan as write
from metrics.shards.stores import create_store, store_at

if TYPE_CHECKING:
    from pathlib import Path

SIZES = st.lists(st.none() | st.integers(0, 100_000) | st.integers(0, 2**63 - 1), max_size=60)


def contents(objects: list[PlannedObject]) -> Contents:
    """What a manifest of these objects holds."""
    return contents_of(lambda: iter(objects))


def objects_of(sizes: list[int | None]) -> list[PlannedObject]:
    """An object of each size."""
    return [PlannedObject(f"{number}.bpmn", size) for number, size in enumerate(sizes)]


@given(SIZES, st.integers(1, 70))
def test_shards_are_contiguous_and_balanced(sizes: list[int | None], shards: int) -> None:
    objects = objects_of(sizes)
    held = contents(objects)
    count = plan_of(held, shards, PlanOptions()).shards
    assert count == min(shards, len(objects))
    groups = [
        (shard, [object for _, object in group])
        for shard, group in groupby(in_shards(iter(objects), held, count), itemgetter(0))
    ]
    assert [shard for shard, _ in groups] == [*range(count)]
    assert [object for _, group in groups for object in group] == objects
    for _, group in groups:
        weights = [*map(held.weight, group)]
        assert sum(weights) * count <= held.total_weight + max(weights) * count


def test_weights() -> None:
    held = contents(objects_of([1000, None, 3000]))
    # An unknown size is the mean.
    assert [*map(held.weight, objects_of([1000, None, 3000]))] == [
        WEIGHT_OF_AN_OBJECT + size for size in (1000, 2000, 3000)
    ]
    assert held.total_weight == 3 * WEIGHT_OF_AN_OBJECT + 6000
    unknown = contents(objects_of([None, None]))
    assert unknown.total_weight == 2 * WEIGHT_OF_AN_OBJECT


@pytest.mark.parametrize(
    ("sizes", "shards"),
    [
        # 11 MB are more than half of 21 MB.
        ([11_000_000, *[1_000_000] * 10], [1, 10]),
        # Without sizes, the same number of objects.
        ([None] * 6, [3, 3]),
        # Tiny objects are divided, too.
        ([0] * 6, [3, 3]),
    ],
)
def test_cuts(sizes: list[int | None], shards: list[int]) -> None:
    objects = objects_of(sizes)
    numbers = [shard for shard, _ in in_shards(iter(objects), contents(objects), 2)]
    assert [numbers.count(0), numbers.count(1)] == shards


PATHS = st.lists(st.integers(0, 99).map("{:02}.bpmn".format), max_size=20)


@given(PATHS, st.integers(1, 8))
def test_lists_are_the_manifest(
    tmp_path_factory: pytest.TempPathFactory, paths: list[str], shards: int
) -> None:
    folder = tmp_path_factory.mktemp("plan")
    (folder / "m").write_text("".join(f"{path}\n" for path in paths))
    plan = plan_manifest(folder / "m", folder / "p", shards)
    store = store_at(str(folder / "p"))
    assert read_plan(store) == plan
    listed = [object for shard in range(plan.shards) for object in read_list(store, shard)]
    assert [object.url for object in listed] == paths
    assert plan.objects == len(paths)
    assert plan_manifest(folder / "m", folder / "q", shards) == plan
    again = {path.name: path.read_bytes() for path in (folder / "q").iterdir()}
    assert {path.name: path.read_bytes() for path in (folder / "p").iterdir()} == again


def test_the_hash_covers_what_changes_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plans = []
    for number, lines in enumerate((["a", "b"], ["b", "a"], ["a"])):
        (tmp_path / f"{number}").write_text("\n".join(lines))
        plans.append(plan_manifest(tmp_path / f"{number}", tmp_path / f"p{number}", 2))
    (tmp_path / "sized").write_text('{"url": "a", "size": 1}\n{"url": "b"}')
    plans.append(plan_manifest(tmp_path / "sized", tmp_path / "p3", 2))
    plans.append(plan_manifest(tmp_path / "0", tmp_path / "p4", 1))
    held = contents([PlannedObject("a"), PlannedObject("b")])
    assert plan_of(held, 2, PlanOptions()).hash == plans[0].hash
    others = (
        PlanOptions(max_size=1),
        PlanOptions(max_total=1),
        PlanOptions(timeout=1.5),
        PlanOptions(fragments=("x",)),
        PlanOptions(dialect="flowable"),
    )
    plans += [plan_of(held, 2, options) for options in others]
    monkeypatch.setattr("metrics.shards.planning.__version__", "0")
    plans.append(plan_of(held, 2, PlanOptions()))
    assert len({plan.hash for plan in plans}) == len(plans) == 11
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    assert plan_manifest(tmp_path / "0", tmp_path / "p5", 2).hash == plans[0].hash


def test_other_plans_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "m").write_text("a\nb\n")
    plan_manifest(tmp_path / "m", tmp_path / "p", 2)
    before = {path.name: path.read_bytes() for path in (tmp_path / "p").iterdir()}
    plan_manifest(tmp_path / "m", tmp_path / "p", 2)
    with pytest.raises(PlanError, match="a different plan"):
        plan_manifest(tmp_path / "m", tmp_path / "p", 1)
    # The same paths lead to other files.
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PlanError, match="a different plan"):
        plan_manifest(tmp_path / "m", tmp_path / "p", 2)
    assert {path.name: path.read_bytes() for path in (tmp_path / "p").iterdir()} == before
    (tmp_path / "p" / "plan.json").write_text("{}")
    with pytest.raises(PlanError, match="not a plan"):
        plan_manifest(tmp_path / "m", tmp_path / "p", 2)


def test_interrupted_plans_are_completed(tmp_path: Path) -> None:
    (tmp_path / "m").write_text("a\nb\n")
    plan_manifest(tmp_path / "m", tmp_path / "p", 1)
    (tmp_path / "p" / "plan.json").unlink()
    plan = plan_manifest(tmp_path / "m", tmp_path / "p", 2)
    store = store_at(str(tmp_path / "p"))
    assert [len([*read_list(store, shard)]) for shard in range(plan.shards)] == [1, 1]


def test_lists_of_a_plan_are_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "m").write_text("a\nb\n")
    plan_manifest(tmp_path / "m", tmp_path / "p", 1)
    before = (tmp_path / "p" / list_file(0)).read_bytes()
    with open_manifest(str(tmp_path / "m")) as read:
        held = contents_of(read)
        (tmp_path / "m").write_text("a\nc\n")
        write(read, held, plan_of(held, 1, PlanOptions()), store_at(str(tmp_path / "p")))
    assert (tmp_path / "p" / list_file(0)).read_bytes() == before


def test_lists_of_another_plan_are_an_error(tmp_path: Path) -> None:
    for name, content in (("m", "a\nb\n"), ("n", "a\nc\n")):
        (tmp_path / name).write_text(content)
        plan_manifest(tmp_path / name, tmp_path / f"p{name}", 1)
    (tmp_path / "pm" / list_file(0)).write_bytes((tmp_path / "pn" / list_file(0)).read_bytes())
    with pytest.raises(PlanError, match="its lists are those of another plan"):
        plan_manifest(tmp_path / "m", tmp_path / "pm", 1)


def test_missing_lists_are_written_again(tmp_path: Path) -> None:
    (tmp_path / "m").write_text("a\nb\n")
    plan_manifest(tmp_path / "m", tmp_path / "p", 2)
    before = (tmp_path / "p" / list_file(1)).read_bytes()
    (tmp_path / "p" / list_file(1)).unlink()
    plan_manifest(tmp_path / "m", tmp_path / "p", 2)
    assert (tmp_path / "p" / list_file(1)).read_bytes() == before


@pytest.mark.parametrize("later", ["a\nc\n", "a\nb\nc\n", "a\n", ""])
def test_a_manifest_that_changes_makes_no_plan(later: str, tmp_path: Path) -> None:
    (tmp_path / "m").write_text("a\nb\n")
    with open_manifest(str(tmp_path / "m")) as read:
        held = contents_of(read)
        (tmp_path / "m").write_text(later)
        with pytest.raises(PlanError, match="changed while"):
            write(read, held, plan_of(held, 2, PlanOptions()), create_store(str(tmp_path / "p")))
    assert not (tmp_path / "p" / "plan.json").exists()


SCRIPT = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from support.shards import plan_manifest
plan_manifest(Path(sys.argv[2]), Path(sys.argv[3]), 7)
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_lines(tmp_path: Path) -> None:
    peaks = []
    for lines in (5_000, 50_000):
        path = tmp_path / f"{lines}"
        with open(path, "wb") as file:
            file.writelines(
                line_of(PlannedObject(f"s3://bucket/{number:099}.bpmn", number))
                for number in range(lines)
            )
        tests = str(__file__).rpartition("/shards/")[0]
        peaks.append(peak_memory(SCRIPT, tests, path, tmp_path / f"p{lines}"))
    assert max(peaks) - min(peaks) < 4 * 1024 * 1024


def test_plans_are_json(tmp_path: Path) -> None:
    (tmp_path / "m").write_text("a\n")
    plan_manifest(tmp_path / "m", tmp_path / "p", 2, PlanOptions(timeout=2.5))
    record = json.loads((tmp_path / "p" / "plan.json").read_bytes())
    assert [*record] == ["hash", "version", "shards", "objects", "folder", "options", "fragments"]
    assert record["options"] == {
        "maxSize": 2**28,
        "maxTotal": 10 * 2**30,
        "timeout": 2.5,
        "dialect": None,
    }
    assert (tmp_path / "p" / list_file(0)).exists()
