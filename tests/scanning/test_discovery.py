"""From arguments to files: which are found, in which order, and each of them once."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.command import files, lines, run
from support.diagrams import process

from metrics import discover, scan_many

DIAGRAM = process("")
TOP = ["a.bpmn", "b.bpmn"]
INNERMOST = ["in/on/a.bpmn", "in/on/b.bpmn"]
FOLDERS = ["a", "b", "a/b", "a/b/c", "b/a", "x y"]
PATHS = [f"{folder}/{name}" for folder in [".", *FOLDERS] for name in ("a.bpmn", "b.bpmn")]
ODD_PATTERNS = [
    "[",
    "!",
    "/",
    "//",
    "a//b",
    "\\",
    "\\#",
    "#",
    "./a",
    "../a",
    ".",
    "x\\ y",
    "*.BPMN",
]
PATTERNS = st.sampled_from(ODD_PATTERNS) | st.tuples(
    st.sampled_from(["", "!"]),
    st.sampled_from(["", "", "/", "**/"]),
    st.sampled_from(["a", "b", "a/b", "a/**/b", "*", "**", "a*", "*.bpmn", "a.bpmn", "[!a].bpmn"]),
    st.sampled_from(["", "", "/", "/*", "/**"]),
).map("".join)


def make(folder: Path, *names: str) -> None:
    """Make diagrams by their paths in a folder."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(DIAGRAM)


def found(folder: Path, *paths: str) -> list[str]:
    """What is found in a folder, as the command names it there."""
    return files(run("scan", "-f", "ndjson", *paths, cwd=folder))


class TestOnce:
    """A file that is reached twice is found once, by the name it was reached by first."""

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
        assert found(tmp_path, *paths) == expected

    def test_link_before_its_target(self, tmp_path: Path) -> None:
        make(tmp_path, "b.bpmn")
        (tmp_path / "a.bpmn").symlink_to("b.bpmn")
        assert found(tmp_path, ".") == ["a.bpmn"]

    def test_link_behind_its_target(self, tmp_path: Path) -> None:
        make(tmp_path, "b.bpmn", "in/a.bpmn")
        (tmp_path / "c.bpmn").symlink_to("b.bpmn")
        (tmp_path / "d.bpmn").symlink_to("in/a.bpmn")
        assert found(tmp_path, ".") == ["b.bpmn", "d.bpmn"]

    def test_link_to_what_is_passed_over(self, tmp_path: Path) -> None:
        make(tmp_path, ".hidden/a.bpmn", "ignored.bpmn", "plain.xml")
        (tmp_path / ".gitignore").write_text("ignored.bpmn")
        for name, target in (
            ("x.bpmn", ".hidden/a.bpmn"),
            ("y.bpmn", "ignored.bpmn"),
            ("z.bpmn", "plain.xml"),
        ):
            (tmp_path / name).symlink_to(target)
        assert found(tmp_path, ".") == ["x.bpmn", "y.bpmn", "z.bpmn"]

    def test_linked_folder(self, tmp_path: Path) -> None:
        make(tmp_path, "real/a.bpmn")
        (tmp_path / "link").symlink_to("real")
        (tmp_path / "real" / "up").symlink_to("..")
        assert found(tmp_path, ".") == ["link/a.bpmn"]

    def test_linked_folder_below_an_ignore_file_that_is_not_its_own(self, tmp_path: Path) -> None:
        make(tmp_path, "a/.gitignore", "b/x.bpmn", "b/in/y.bpmn", "b/z.bpmn")
        (tmp_path / "a" / ".gitignore").write_text("[xy].bpmn\n")
        (tmp_path / "a" / "link").symlink_to("../b")
        assert found(tmp_path, ".") == ["a/link/z.bpmn", "b/in/y.bpmn", "b/x.bpmn"]
        (tmp_path / "c.bpmn").symlink_to("b/x.bpmn")
        assert found(tmp_path, ".", "b/z.bpmn") == ["a/link/z.bpmn", "b/in/y.bpmn", "b/x.bpmn"]

    def test_links_that_lead_to_each_other(self, tmp_path: Path) -> None:
        folders = [f"f{number}" for number in range(12)]
        make(tmp_path, *(f"{folder}/a.bpmn" for folder in folders))
        for folder in folders:
            (tmp_path / folder / ".gitignore").write_text(f"{folder}.bpmn\n")
            for other in folders:
                (tmp_path / folder / other).symlink_to(f"../{other}")
        assert len(found(tmp_path, ".")) == len(folders)

    def test_what_a_folder_passes_over_is_read_when_named(self, tmp_path: Path) -> None:
        make(tmp_path, "a.bpmn", "ignored.bpmn", "plain.xml", ".hidden/a.bpmn")
        (tmp_path / ".gitignore").write_text("ignored.bpmn")
        named = ["ignored.bpmn", "plain.xml", ".hidden"]
        assert found(tmp_path, ".", *named) == [
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


def listed_by_git(folder: Path) -> list[str]:
    """The diagrams in a folder that git would not ignore."""
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    command = ["git", "ls-files", "-z", "--others", "--exclude-standard", "*.bpmn"]
    result = subprocess.run(command, cwd=folder, capture_output=True, check=True)
    return sorted(result.stdout.decode().split("\0")[:-1])


@pytest.mark.skipif(shutil.which("git") is None, reason="git tells what is right")
class TestIgnores:
    """A `.gitignore` says what it says to git."""

    @pytest.mark.parametrize(
        ("ignores", "expected"),
        [
            ({"": b"\xef\xbb\xbfa.bpmn\n"}, ["b.bpmn", "in/b.bpmn", "in/on/b.bpmn"]),
            ({"": b"b.bpmn\r\n/in\r\n"}, ["a.bpmn"]),
            ({"": b"# a form feed\f*.bpmn\nin"}, ["a.bpmn", "b.bpmn"]),
            ({"": b"[\nin"}, ["a.bpmn", "b.bpmn"]),
            ({"": b"/*\n!/in/"}, ["in/a.bpmn", "in/b.bpmn", "in/on/a.bpmn", "in/on/b.bpmn"]),
            ({"": b"on", "in": b"!on"}, [*TOP, "in/a.bpmn", "in/b.bpmn", *INNERMOST]),
            ({"": b"on/", "in": b"!/on/"}, [*TOP, "in/a.bpmn", "in/b.bpmn", *INNERMOST]),
            ({"": b"*.bpmn", "in": b"!on/"}, []),
            ({"": b"*.bpmn", "in": b"!*/\n!a.bpmn"}, ["in/a.bpmn", "in/on/a.bpmn"]),
            ({"": b"on\n!/in/"}, [*TOP, "in/a.bpmn", "in/b.bpmn"]),
            ({"": b"in/**\n!in/on/"}, TOP),
            ({"": b"!*.bpmn", "in": b"*"}, TOP),
            ({"": b"in/**/"}, [*TOP, "in/a.bpmn", "in/b.bpmn"]),
            ({"in": b"/**/"}, [*TOP, "in/a.bpmn", "in/b.bpmn"]),
            ({"": b"**/**/"}, TOP),
            ({"": b"a.bpmn\t\nb.bpmn  \n in"}, ["a.bpmn", "in/a.bpmn", "in/on/a.bpmn"]),
        ],
    )
    def test_of_several(
        self, tmp_path: Path, ignores: dict[str, bytes], expected: list[str]
    ) -> None:
        make(tmp_path, *TOP, "in/a.bpmn", "in/b.bpmn", *INNERMOST)
        for folder, content in ignores.items():
            (tmp_path / folder / ".gitignore").write_bytes(content)
        assert listed_by_git(tmp_path) == expected
        assert sorted(found(tmp_path, ".")) == expected

    @given(
        st.lists(st.sampled_from(PATHS), min_size=1, max_size=12),
        st.dictionaries(
            st.sampled_from(["", *FOLDERS]),
            st.lists(PATTERNS, min_size=1, max_size=5),
            min_size=1,
            max_size=4,
        ),
    )
    @settings(max_examples=60, deadline=None, derandomize=True)
    def test_of_any(self, paths: list[str], ignores: dict[str, list[str]]) -> None:
        with tempfile.TemporaryDirectory() as name:
            top = Path(name)
            make(top, *paths)
            for folder, patterns in ignores.items():
                (top / folder).mkdir(parents=True, exist_ok=True)
                (top / folder / ".gitignore").write_text("\n".join(patterns))
            relative = [os.path.relpath(str(path), name) for path in discover([name])]
            assert sorted(relative) == listed_by_git(top)

    def test_no_warnings(self, tmp_path: Path) -> None:
        make(tmp_path, "a.bpmn")
        (tmp_path / ".gitignore").write_text("[[:alpha:]].txt")
        assert run("scan", ".", cwd=tmp_path).stderr == b""


class TestFoldersThatResist:
    """What is no file is never opened, and what cannot be listed is told."""

    def test_pipes_sockets_and_devices(self, tmp_path: Path) -> None:
        make(tmp_path, "a.bpmn")
        os.mkfifo(tmp_path / "pipe.bpmn")
        (tmp_path / "device.bpmn").symlink_to("/dev/zero")
        (tmp_path / "linked-pipe.bpmn").symlink_to("pipe.bpmn")
        with socket.socket(socket.AF_UNIX) as listener:
            # Its path may be no longer than a hundred characters.
            listener.bind(os.path.relpath(tmp_path / "socket.bpmn"))
            assert found(tmp_path, ".") == ["a.bpmn"]

    def test_named_pipe_in_a_folder_that_was_gone_through(self, tmp_path: Path) -> None:
        make(tmp_path, "a.bpmn")
        os.mkfifo(tmp_path / "pipe.bpmn")
        with subprocess.Popen(["sh", "-c", "cat a.bpmn > pipe.bpmn"], cwd=tmp_path):
            assert found(tmp_path, ".", "pipe.bpmn") == ["a.bpmn", "pipe.bpmn"]

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
        assert found(tmp_path, ".") == ["a.bpmn", f"{deep}/b.bpmn", "e.bpmn"]

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


class TestLargeFolders:
    """A folder's files are sorted, however many, and need no memory for each."""

    def test_order_beyond_one_pack(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("metrics.scanning.discovery.NAMES_IN_A_PACK", 4000)
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
            # One file can have no more than so many names.
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
    """The bytes in which the system counts what is resident."""
    return 1 if sys.platform == "darwin" else 1024


def without_privileges() -> None:
    """Give up what lets an administrator read everything."""
    if os.geteuid() != 0:
        return
    import ctypes

    drop, override, read_search = 24, 1, 2
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    for capability in (override, read_search):
        if prctl(drop, capability, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "the capability cannot be dropped")
