"""Shards that are run: their lines, their markers, and what is left when a run is killed."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import fsspec
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.command import run
from support.diagrams import process
from support.killing import big_diagram, kill_large
from support.reports import TASK
from support.servers import Answer, serving
from support.shards import all_lines, lines_of, make_plan

from metrics import PlanError, StoreError, scan_shard
from metrics.shards import remote
from metrics.shards.markers import read_marker
from metrics.shards.plan import PlannedObject, PlanOptions, marker_file
from metrics.shards.stores import store_at

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with diagrams, one of which is malformed."""
    folder = tmp_path_factory.mktemp("diagrams")
    for number in range(30):
        (folder / f"{number}.bpmn").write_bytes(process(TASK * number))
    (folder / "é.form").write_bytes(b"{}")
    (folder / "broken.bpmn").write_bytes(b"<")
    return folder


@pytest.fixture(scope="module")
def paths(folder: Path) -> list[str]:
    """The paths of the diagrams, relative to their folder, and one that is missing."""
    return [*sorted(os.listdir(folder)), "missing.bpmn"]


def scanned(paths: Sequence[str], folder: Path) -> bytes:
    """The lines of a scan."""
    return run("scan", "-f", "ndjson", *paths, cwd=folder).stdout


def cut(items: Sequence[str], places: Sequence[int]) -> list[Sequence[str]]:
    """Items in shards that end at some places."""
    ends = [0, *sorted(places), len(items)]
    return [items[start:end] for start, end in pairwise(ends)]


class TestLines:
    """The lines of all shards are those of a scan."""

    @settings(max_examples=8)
    @given(data=st.data())
    def test_any_shards_in_any_order(
        self, data: st.DataObject, folder: Path, paths: list[str], tmp_path_factory: Any
    ) -> None:
        places = data.draw(st.lists(st.integers(1, len(paths) - 1), unique=True, max_size=3))
        plan = tmp_path_factory.mktemp("plan")
        shards = cut(paths, places)
        make_plan(plan, shards, folder=folder)
        for shard in data.draw(st.permutations(range(len(shards)))):
            scan_shard(plan, shard, jobs=data.draw(st.integers(1, 2)))
        assert all_lines(plan, len(shards)) == scanned(paths, folder)

    def test_result_and_marker(self, folder: Path, paths: list[str], tmp_path: Path) -> None:
        plan = make_plan(tmp_path, [[], paths], folder=folder)
        result = scan_shard(tmp_path, 1)
        assert result[:3] == (1, 33, 31)
        assert result.failed == {"malformed": 1, "unreadable": 1}
        assert pickle.loads(pickle.dumps(result)) == result
        assert read_marker(store_at(str(tmp_path)), plan, 1) == result
        assert scan_shard(tmp_path, 0)[:4] == (0, 0, 0, {})
        assert lines_of(tmp_path, 0) == b""

    def test_same_bytes_each_time(self, folder: Path, paths: list[str], tmp_path: Path) -> None:
        make_plan(tmp_path, [paths], folder=folder)
        before = contents(tmp_path, after=scan_shard(tmp_path, 0))
        assert contents(tmp_path, after=scan_shard(tmp_path, 0, jobs=2)) == before

    def test_options_of_the_plan(self, folder: Path, tmp_path: Path) -> None:
        options = PlanOptions(max_size=400)
        make_plan(tmp_path, [["0.bpmn", "29.bpmn"]], folder=folder, options=options)
        assert scan_shard(tmp_path, 0).failed == {"too-large": 1}

    def test_remote_objects_and_remote_plan(self, folder: Path, paths: list[str]) -> None:
        memory = fsspec.filesystem("memory")
        for path in paths[:-1]:
            memory.pipe_file(f"/objects/{path}", (folder / path).read_bytes())
        urls = [f"memory://objects/{path}" for path in paths]
        make_plan("memory://plans/a", cut(urls, [10]))
        for shard in (1, 0):
            scan_shard("memory://plans/a", shard)
        lines = all_lines("memory://plans/a", 2)
        assert lines.count(b'{"file":"memory://objects/') == 33
        local = lines.replace(b"memory://objects/", b"").splitlines()
        assert local[:-1] == scanned(paths, folder).splitlines()[:-1]
        assert orjson.loads(local[-1])["error"]["message"] == "the store has no such object"

    def test_http_objects_beside_local_ones(self, folder: Path, tmp_path: Path) -> None:
        content = (folder / "1.bpmn").read_bytes()
        with serving(lambda *_: Answer(200, content)) as server:
            objects = [str(folder / "0.bpmn"), f"{server.url}/a", str(folder / "2.bpmn")]
            make_plan(tmp_path, [objects * 20])
            assert scan_shard(tmp_path, 0).measured == 60
        assert [orjson.loads(line)["file"] for line in lines_of(tmp_path, 0).splitlines()] == (
            objects * 20
        )

    def test_pipes_and_devices_are_not_read(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe.bpmn")
        make_plan(tmp_path / "plan", [["pipe.bpmn", "/dev/zero", "."]], folder=tmp_path)
        assert scan_shard(tmp_path / "plan", 0).failed == {"unreadable": 3}


class TestErrors:
    """Shards that cannot be run."""

    def test_unknown_shard(self, tmp_path: Path) -> None:
        make_plan(tmp_path, [["a.bpmn"]])
        for shard in (-1, 1):
            with pytest.raises(ValueError, match=f"no shard {shard}: the plan has 1"):
                scan_shard(tmp_path, shard)

    def test_other_version(self, tmp_path: Path) -> None:
        make_plan(tmp_path, [["a.bpmn"]], version="0.0.1")
        with pytest.raises(PlanError, match=r"metrics 0\.0\.1 made this plan, but this is metrics"):
            scan_shard(tmp_path, 0)

    def test_unknown_fragment(self, tmp_path: Path) -> None:
        make_plan(tmp_path, [["a.bpmn"]], options=PlanOptions(fragments=("none",)))
        with pytest.raises(PlanError, match="no fragment is named none"):
            scan_shard(tmp_path, 0)

    def test_no_plan(self, tmp_path: Path) -> None:
        with pytest.raises(PlanError, match=r"plan\.json: No such file"):
            scan_shard(tmp_path, 0)

    @pytest.mark.parametrize("location", ["memory://none", "ftp://host/a", "a::b"])
    def test_no_plan_at_a_url(self, location: str) -> None:
        with pytest.raises((PlanError, StoreError)):
            scan_shard(location, 0)

    def test_store_that_cannot_be_written(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(remote, "PAUSES", (0.01,))
        files: dict[str, bytes] = {}
        make_plan("memory://http", [[str(folder / "0.bpmn")]])
        memory = fsspec.filesystem("memory")
        for path in memory.ls("/http", detail=False):
            files[path.removeprefix("/http")] = memory.cat_file(path)
        with (
            serving(lambda path, _: Answer(200, files[path])) as server,
            pytest.raises(
                StoreError, match=r"out-0\.ndjson\.zst: the store answered with status 501"
            ),
        ):
            scan_shard(server.url, 0)

    def test_lines_without_space(self, folder: Path, tmp_path: Path) -> None:
        make_plan(tmp_path, [[str(folder / "0.bpmn")]])
        (tmp_path / "out-0.ndjson.zst").mkdir()
        with pytest.raises(StoreError, match=r"out-0\.ndjson\.zst: Is a directory"):
            scan_shard(tmp_path, 0)
        assert not (tmp_path / marker_file(0)).exists()
        assert not [*tmp_path.glob(".metrics-*")]

    def test_missing_package(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def none_installed(*_: object, **__: object) -> None:
            raise ImportError

        remote._file_system.cache_clear()  # noqa: SLF001
        monkeypatch.setattr(fsspec, "filesystem", none_installed)
        make_plan(tmp_path, [[PlannedObject("gs://bucket/a.bpmn")]])
        with pytest.raises(Exception, match="gs://: a package is not installed: pip install gcsfs"):
            scan_shard(tmp_path, 0)

    def test_without_processes_this_one_measures(
        self, folder: Path, paths: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from metrics.system import workers

        def refuse(*_: object, **__: object) -> None:
            raise OSError(None, "no more processes")

        monkeypatch.setattr(workers, "Workers", refuse)
        make_plan(tmp_path / "a", [paths], folder=folder)
        scan_shard(tmp_path / "a", 0)
        assert lines_of(tmp_path / "a", 0) == scanned(paths, folder)
        make_plan(tmp_path / "b", [paths], folder=folder, options=PlanOptions(timeout=9))
        with pytest.raises(StoreError, match="--timeout: it needs a worker process: no more"):
            scan_shard(tmp_path / "b", 0)


def contents(folder: Path, *, after: object) -> dict[str, bytes]:
    """The files of a folder after something was done."""
    assert after
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_incomplete_files_of_a_killed_run_are_removed(folder: Path, tmp_path: Path) -> None:
    make_plan(tmp_path, [[str(folder / "0.bpmn")]])
    script = f"""
import os
from metrics.system.output import replacing
with replacing({str(tmp_path / "a")!r}) as file:
    os.kill(os.getpid(), 9)
"""
    # The second run has nothing else to do.
    for _ in range(2):
        subprocess.run([sys.executable, "-c", script], check=False)
        assert len([*tmp_path.glob(".metrics-*")]) == 1
        assert run("shards", "run", tmp_path).returncode == 0
        assert not [*tmp_path.glob(".metrics-*")]


@pytest.mark.slow
def test_file_that_kills_its_process(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "big.bpmn").write_bytes(big_diagram())
    objects = [str(folder / "1.bpmn"), str(tmp_path / "big.bpmn"), str(folder / "2.bpmn")]
    make_plan(tmp_path / "plan", [objects])
    ended = threading.Event()
    killer = threading.Thread(target=kill_large, args=(os.getpid(), ended))
    killer.start()
    try:
        result = scan_shard(tmp_path / "plan", 0)
    finally:
        ended.set()
        killer.join()
    assert (result.measured, result.failed) == (2, {"crashed": 1})


def peak_memory(objects: int, tmp_path: Path) -> int:
    """The peak memory in bytes of a run over objects of 1 MB of a store."""
    content = process(TASK) + b" " * 1_000_000
    with serving(lambda *_: Answer(200, content)) as server:
        make_plan(tmp_path, [[f"{server.url}/{number}.bpmn" for number in range(objects)]])
        script = (
            "import resource\n"
            "from metrics import scan_shard\n"
            f"assert scan_shard({str(tmp_path)!r}, 0).measured == {objects}\n"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
        )
        result = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, check=True)
    return int(result.stdout) * 1024


@pytest.mark.slow
def test_memory_does_not_grow_with_the_objects(tmp_path: Path) -> None:
    few, many = (peak_memory(number, tmp_path / str(number)) for number in (100, 300))
    assert many < 200 * 1024 * 1024
    assert many < few + 40 * 1024 * 1024
