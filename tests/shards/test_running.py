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
from support.archives import PACKERS, zipped
from support.command import run
from support.diagrams import process
from support.killing import big_diagram, kill_large
from support.measuring import peak_memory
from support.reports import TASK
from support.servers import Answer, serving
from support.shards import all_lines, lines_of, make_plan, plan_manifest

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
        assert result[:4] == (1, 33, 1, 31)
        assert result.failed == {"malformed": 1, "unreadable": 1}
        assert pickle.loads(pickle.dumps(result)) == result
        assert read_marker(store_at(str(tmp_path)), plan, 1) == result
        assert scan_shard(tmp_path, 0)[:5] == (0, 0, 0, 0, {})
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


MEMBERS = {
    "WEB-INF/order.bpmn": process(TASK),
    "WEB-INF/.hidden/a.bpmn": process(TASK),
    "WEB-INF/ask.form": b"{}",
    "__MACOSX/WEB-INF/order.bpmn": b"x",
    "WEB-INF/._order.bpmn": b"x",
    "broken.bpmn": b"<",
    "broken.jar": b"PK",
    ".hidden/broken.jar": b"PK",
    "notes.txt": process(TASK * 2),
    "inner.zip": zipped({"b.bpmn": process(TASK * 3), ".c/b.bpmn": b"x", "d.form": b"{}"}),
}
"""What is in an archive: diagrams, others, hidden files, and archives."""

PLACES_IN_ARCHIVES = (
    "",
    "!/",
    "!/WEB-INF",
    "!/WEB-INF/",
    "!/WEB-INF/order.bpmn",
    "!/WEB-INF/ask.form",
    "!/WEB-INF/.hidden",
    "!/WEB-INF/._order.bpmn",
    "!/notes.txt",
    "!/inner.zip",
    "!/inner.zip!/",
    "!/inner.zip!/b.bpmn",
    "!/inner.zip!/.c",
    "!/inner.zip!/none.bpmn",
    "!/broken.jar",
    "!/none.bpmn",
)


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Archives of all types by their names, one of which is cut off."""
    packed = {f"a{extension}": pack(MEMBERS) for extension, pack in PACKERS.items()}
    return {**packed, "cut.tar.gz": packed["a.tar.gz"][:-40], "text.war": b"no archive"}


class TestArchives:
    """The lines of archives and of what is in them are those of a scan."""

    @settings(max_examples=25)
    @given(data=st.data())
    def test_any_shards(
        self, data: st.DataObject, archives: dict[str, bytes], tmp_path_factory: Any
    ) -> None:
        folder = tmp_path_factory.mktemp("archives")
        for name, content in archives.items():
            (folder / name).write_bytes(content)
        # An archive that is named twice is not read twice by a scan.
        names = data.draw(st.permutations([*archives, "none.zip"]))
        starts = st.sampled_from(("", "./", f"{folder}/"))
        paths = [
            data.draw(starts) + name + data.draw(st.sampled_from(PLACES_IN_ARCHIVES))
            for name in names
        ]
        (folder / "m").write_text("".join(f"{path}\n" for path in paths))
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(folder)
            plan = plan_manifest("m", "p", data.draw(st.integers(1, len(paths))))
        for shard in data.draw(st.permutations(range(plan.shards))):
            scan_shard(folder / "p", shard, jobs=data.draw(st.integers(1, 2)))
        assert all_lines(folder / "p", plan.shards) == scanned(["--files-from", "m"], folder)

    def test_whole_archives_in_stores(self, archives: dict[str, bytes], tmp_path: Path) -> None:
        memory = fsspec.filesystem("memory")
        for name, content in archives.items():
            memory.pipe_file(f"/archives/{name}", content)
            (tmp_path / name).write_bytes(content)
        paths = [f"{name}{place}" for name in archives for place in PLACES_IN_ARCHIVES]
        make_plan(tmp_path / "p", [[f"memory://archives/{path}" for path in paths]])
        scan_shard(tmp_path / "p", 0)
        lines = all_lines(tmp_path / "p", 1).replace(b"memory://archives/", b"")
        assert lines == b"".join(scanned([path], tmp_path) for path in paths)

    def test_bounds_of_the_plan(self, archives: dict[str, bytes], tmp_path: Path) -> None:
        (tmp_path / "a.zip").write_bytes(archives["a.zip"])
        fsspec.filesystem("memory").pipe_file("/bounded/a.zip", archives["a.zip"])
        for options, failed in (
            (PlanOptions(max_total=100), {"too-large": 1}),
            (PlanOptions(max_size=300), {"malformed": 1, "too-large": 2, "unreadable": 1}),
        ):
            plan = tmp_path / f"{options.max_total}"
            make_plan(
                plan, [["a.zip"], ["memory://bounded/a.zip"]], folder=tmp_path, options=options
            )
            assert scan_shard(plan, 0).failed == failed
        # It is held in memory.
        assert scan_shard(plan, 1).failed == {"too-large": 1}

    def test_keys_that_look_like_members(self, tmp_path: Path) -> None:
        memory = fsspec.filesystem("memory")
        memory.pipe_file("/keys/a.jar", zipped({"a.bpmn": process(TASK)}))
        memory.pipe_file("/keys/a.jar!/b.bpmn", process("<bpmn:userTask/>" * 2))
        make_plan(tmp_path, [[f"memory://keys/a.jar!/{name}.bpmn" for name in "abc"]])
        assert scan_shard(tmp_path, 0)[:5] == (0, 3, 1, 2, {"unreadable": 1})
        a, b, c = lines_of(tmp_path, 0).splitlines()
        assert b'"userTask":{"count":1,' in a
        assert b'"userTask":{"count":2,' in b
        assert b"there is no such file in the archive" in c

    def test_archives_by_http(self, tmp_path: Path) -> None:
        contents = {"/a.jar": zipped({"a.bpmn": process(TASK)})}

        def answer(path: str, _: int) -> Answer:
            content = contents.get(path.partition("?")[0])
            return Answer(404) if content is None else Answer(200, content)

        with serving(answer) as server:
            paths = ("/a.jar?sig=1", "/a.jar!/a.bpmn", "/a.jar!/a.bpmn?sig=1")
            make_plan(tmp_path, [[server.url + path for path in paths]])
            scan_shard(tmp_path, 0)
            records = [orjson.loads(line) for line in lines_of(tmp_path, 0).splitlines()]
            assert [record["file"].removeprefix(server.url) for record in records] == [
                "/a.jar?sig=1!/a.bpmn",
                "/a.jar!/a.bpmn",
                "/a.jar!/a.bpmn?sig=1",
            ]
            assert [record.get("diagramType") for record in records] == ["bpmn", "bpmn", None]
            assert server.requests.count("/a.jar") == 1

    def test_each_entry_has_its_lines(self, tmp_path: Path) -> None:
        (tmp_path / "a.jar").write_bytes(zipped({"a.bpmn": process(TASK)}))
        make_plan(tmp_path / "p", [["a.jar", "a.jar", "a.jar!/a.bpmn"]], folder=tmp_path)
        assert scan_shard(tmp_path / "p", 0)[:4] == (0, 3, 0, 3)


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
def test_member_that_kills_its_process(tmp_path: Path) -> None:
    small = process(TASK)
    packed = zipped({"1.bpmn": small, "2.bpmn": big_diagram(), "3.bpmn": small})
    (tmp_path / "app.jar").write_bytes(packed)
    make_plan(tmp_path / "plan", [["app.jar"]], folder=tmp_path)
    ended = threading.Event()
    killer = threading.Thread(target=kill_large, args=(os.getpid(), ended))
    killer.start()
    try:
        result = scan_shard(tmp_path / "plan", 0)
    finally:
        ended.set()
        killer.join()
    assert (result.measured, result.failed) == (2, {"crashed": 1})
    records = map(orjson.loads, lines_of(tmp_path / "plan", 0).splitlines())
    assert ["error" in record for record in records] == [False, True, False]


def memory_of_run(objects: int, tmp_path: Path) -> int:
    """The peak memory in bytes of a run over objects of 1 MB of a store."""
    content = process(TASK) + b" " * 1_000_000
    with serving(lambda *_: Answer(200, content)) as server:
        make_plan(tmp_path, [[f"{server.url}/{number}.bpmn" for number in range(objects)]])
        script = (
            "from metrics import scan_shard\n"
            f"assert scan_shard({str(tmp_path)!r}, 0).measured == {objects}\n"
        )
        return peak_memory(script)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_objects(tmp_path: Path) -> None:
    few, many = (memory_of_run(number, tmp_path / str(number)) for number in (100, 200))
    assert many < 200 * 1024 * 1024
    assert many < few + 40 * 1024 * 1024
