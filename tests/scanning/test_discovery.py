"""From paths to diagrams: which ones, in which order, and each once."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from support.command import files, lines, run
from support.diagrams import process

from metrics import discover, scan_many

if TYPE_CHECKING:
    from pathlib import Path

DIAGRAM = process("")


def make(folder: Path, *names: str) -> None:
    """Make diagrams by their paths in a folder."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(DIAGRAM)


def scanned_in(folder: Path, *paths: str) -> list[str]:
    """The files that a scan in a folder reports."""
    return files(run("scan", "-f", "ndjson", *paths, cwd=folder))


class TestOnce:
    """A file that can be reached twice is yielded once, by the path that reaches it first."""

    @pytest.mark.parametrize(
        ("paths", "expected"),
        [
            (["a.bpmn", "a.bpmn"], ["a.bpmn"]),
            (["a.bpmn", "./a.bpmn", "in/../a.bpmn"], ["a.bpmn"]),
            (["in", "in"], ["in/b.bpmn"]),
            (["in/b.bpmn", "in"], ["in/b.bpmn"]),
            (["in", "in/b.bpmn"], ["in/b.bpmn"]),
            (["in", "."], ["in/b.bpmn", "a.bpmn", "z.bpmn"]),
            ([".", "in", "z.bpmn"], ["a.bpmn", "in/b.bpmn", "z.bpmn"]),
            (["z.bpmn", "."], ["z.bpmn", "a.bpmn", "in/b.bpmn"]),
            (["none.bpmn", "./none.bpmn"], ["none.bpmn"]),
        ],
    )
    def test_paths(self, tmp_path: Path, paths: list[str], expected: list[str]) -> None:
        make(tmp_path, "a.bpmn", "in/b.bpmn", "z.bpmn")
        assert scanned_in(tmp_path, *paths) == expected

    def test_link_before_its_target(self, tmp_path: Path) -> None:
        make(tmp_path, "b.bpmn")
        (tmp_path / "a.bpmn").symlink_to("b.bpmn")
        assert scanned_in(tmp_path, ".") == ["a.bpmn"]

    def test_link_after_its_target(self, tmp_path: Path) -> None:
        make(tmp_path, "b.bpmn", "in/a.bpmn")
        (tmp_path / "c.bpmn").symlink_to("b.bpmn")
        (tmp_path / "d.bpmn").symlink_to("in/a.bpmn")
        assert scanned_in(tmp_path, ".") == ["b.bpmn", "d.bpmn"]

    def test_link_to_a_skipped_file(self, tmp_path: Path) -> None:
        make(tmp_path, ".hidden/a.bpmn", "ignored.bpmn", "plain.xml")
        (tmp_path / ".gitignore").write_text("ignored.bpmn")
        for name, target in (
            ("x.bpmn", ".hidden/a.bpmn"),
            ("y.bpmn", "ignored.bpmn"),
            ("z.bpmn", "plain.xml"),
        ):
            (tmp_path / name).symlink_to(target)
        assert scanned_in(tmp_path, ".") == ["x.bpmn", "y.bpmn", "z.bpmn"]

    def test_linked_folder(self, tmp_path: Path) -> None:
        make(tmp_path, "real/a.bpmn")
        (tmp_path / "link").symlink_to("real")
        (tmp_path / "real" / "up").symlink_to("..")
        assert scanned_in(tmp_path, ".") == ["link/a.bpmn"]

    def test_linked_folder_with_another_ignore_file(self, tmp_path: Path) -> None:
        make(tmp_path, "a/.gitignore", "b/x.bpmn", "b/in/y.bpmn", "b/z.bpmn")
        (tmp_path / "a" / ".gitignore").write_text("[xy].bpmn\n")
        (tmp_path / "a" / "link").symlink_to("../b")
        assert scanned_in(tmp_path, ".") == ["a/link/z.bpmn", "b/in/y.bpmn", "b/x.bpmn"]
        (tmp_path / "c.bpmn").symlink_to("b/x.bpmn")
        assert scanned_in(tmp_path, ".", "b/z.bpmn") == ["a/link/z.bpmn", "b/in/y.bpmn", "b/x.bpmn"]

    def test_folders_that_link_to_each_other(self, tmp_path: Path) -> None:
        folders = [f"f{number}" for number in range(12)]
        make(tmp_path, *(f"{folder}/a.bpmn" for folder in folders))
        for folder in folders:
            (tmp_path / folder / ".gitignore").write_text(f"{folder}.bpmn\n")
            for other in folders:
                (tmp_path / folder / other).symlink_to(f"../{other}")
        assert len(scanned_in(tmp_path, ".")) == len(folders)

    def test_skipped_files_are_read_when_named(self, tmp_path: Path) -> None:
        make(tmp_path, "a.bpmn", "ignored.bpmn", "plain.xml", ".hidden/a.bpmn")
        (tmp_path / ".gitignore").write_text("ignored.bpmn")
        named = ["ignored.bpmn", "plain.xml", ".hidden"]
        assert scanned_in(tmp_path, ".", *named) == [
            "a.bpmn",
            "ignored.bpmn",
            "plain.xml",
            ".hidden/a.bpmn",
        ]

    def test_standard_input(self, tmp_path: Path) -> None:
        make(tmp_path, "-", "a.bpmn")
        result = run("scan", "a.bpmn", "-", "-", "./-", cwd=tmp_path, stdin=process("<bpmn:task/>"))
        assert files(result) == ["a.bpmn", "-", "./-"]
        assert all(line["diagramType"] == "bpmn" for line in lines(result))


class TestUnusualFolders:
    """Only files are opened, and a folder that cannot be listed is reported."""

    def test_pipes_sockets_and_devices(self, tmp_path: Path) -> None:
        make(tmp_path, "a.bpmn")
        os.mkfifo(tmp_path / "pipe.bpmn")
        (tmp_path / "device.bpmn").symlink_to("/dev/zero")
        (tmp_path / "linked-pipe.bpmn").symlink_to("pipe.bpmn")
        with socket.socket(socket.AF_UNIX) as listener:
            # The path of a socket may have no more than about a hundred characters.
            listener.bind(os.path.relpath(tmp_path / "socket.bpmn"))
            assert scanned_in(tmp_path, ".") == ["a.bpmn"]

    def test_named_pipe_in_a_visited_folder(self, tmp_path: Path) -> None:
        make(tmp_path, "a.bpmn")
        os.mkfifo(tmp_path / "pipe.bpmn")
        with subprocess.Popen(["sh", "-c", "cat a.bpmn > pipe.bpmn"], cwd=tmp_path):
            assert scanned_in(tmp_path, ".", "pipe.bpmn") == ["a.bpmn", "pipe.bpmn"]

    def test_unreadable(self, tmp_path: Path) -> None:
        make(tmp_path, "a.bpmn", "file.bpmn", "folder/b.bpmn", "z.bpmn")
        (tmp_path / "file.bpmn").chmod(0)
        (tmp_path / "folder").chmod(0o100)
        command = [sys.executable, "-m", "metrics", "scan", ".", "folder/b.bpmn"]
        try:
            result = subprocess.run(
                command,
                cwd=tmp_path,
                capture_output=True,
                check=False,
                preexec_fn=without_privileges,
            )
        finally:
            (tmp_path / "folder").chmod(0o700)
        assert files(result) == ["a.bpmn", "file.bpmn", "folder", "z.bpmn", "folder/b.bpmn"]
        assert [line.get("error") for line in lines(result)[1:3]] == [
            {"type": "unreadable", "message": "Permission denied"},
            {"type": "unreadable", "message": "Permission denied"},
        ]
        assert result.returncode == 2
        assert "error" not in lines(result)[4]

    def test_300_folders_deep(self, tmp_path: Path) -> None:
        deep = "/".join(f"d{number}" for number in range(300))
        make(tmp_path, "a.bpmn", f"{deep}/b.bpmn", "e.bpmn")
        assert scanned_in(tmp_path, ".") == ["a.bpmn", f"{deep}/b.bpmn", "e.bpmn"]

    def test_deeper_than_a_path_can_be(self, tmp_path: Path) -> None:
        folder = os.open(tmp_path, os.O_RDONLY)
        for _ in range(40):
            os.mkdir("d" * 200, dir_fd=folder)
            inner = os.open("d" * 200, os.O_RDONLY, dir_fd=folder)
            os.close(folder)
            folder = inner
        os.close(folder)
        make(tmp_path, "e.bpmn")
        result = run("scan", cwd=tmp_path)
        too_deep, last = lines(result)
        assert too_deep["error"] == {"type": "unreadable", "message": "File name too long"}
        assert last["file"] == "e.bpmn"
        reports = list(scan_many(discover([tmp_path])))
        assert [report.kind for report in reports] == [None, "bpmn"]
        assert str(reports[0].error) == "unreadable: File name too long"
        subprocess.run(["rm", "-rf", tmp_path / ("d" * 200)], check=True)


@pytest.mark.slow
class TestLargeFolders:
    """The files of a folder are sorted, and need no memory for each, however many there are."""

    def test_order_beyond_one_pack(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("metrics.scanning.discovery.MAX_NAMES_IN_MEMORY", 4000)
        names = [f"{number * 7919 % 10007:05}.bpmn" for number in range(9000)]
        for name in [*names, "0\udcff.form", "ä.form", "\U0001f600.form"]:
            (tmp_path / name).touch()
        make(tmp_path, "05000/inner.bpmn")
        expected = [*names, "0\udcff.form", "05000/inner.bpmn", "ä.form", "\U0001f600.form"]
        top = str(tmp_path)
        assert list(discover([top])) == sorted(
            (os.path.join(top, name) for name in expected), key=lambda path: path.split(os.sep)
        )

    def test_100_000_files(self, tmp_path: Path) -> None:
        (tmp_path / "form").write_bytes(b"{}")
        for thousand in range(100):
            # The number of links to one file is limited.
            original = tmp_path / f"{thousand:02}000.form"
            original.write_bytes(b"{}")
            for number in range(1, 1000):
                os.link(original, tmp_path / f"{thousand:02}{number:03}.form")
        script = (
            "import resource, sys; from metrics.scanning.discovery import discover; "
            "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss; "
            "print(sum(1 for _ in discover(sys.argv[1:]))); "
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
        )
        result = subprocess.run(
            [sys.executable, "-c", script, tmp_path], capture_output=True, check=True
        )
        count, grown = map(int, result.stdout.split())
        assert count == 100_000
        # As many strings alone would take six megabytes.
        assert grown * resource_unit() < 4_000_000
        with subprocess.Popen(
            [sys.executable, "-m", "metrics", "scan", tmp_path], stdout=subprocess.PIPE
        ) as scanning:
            assert scanning.stdout is not None
            names = [line[: line.index(b",")] for line in scanning.stdout]
        assert scanning.returncode == 0
        assert len(names) == 100_000
        assert names == sorted(names)


def resource_unit() -> int:
    """The unit of `ru_maxrss`, in bytes."""
    return 1 if sys.platform == "darwin" else 1024


def without_privileges() -> None:
    """Drop the capabilities that let an administrator read everything."""
    if os.geteuid() != 0:
        return
    import ctypes

    drop, override, read_search = 24, 1, 2
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    for capability in (override, read_search):
        if prctl(drop, capability, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "the capability cannot be dropped")
