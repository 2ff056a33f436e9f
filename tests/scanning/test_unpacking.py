"""Diagrams in archives: which ones, in which order, and each once."""

from __future__ import annotations

import gzip
import io
import json
import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.archives import PACKERS, json_lines, pack, tarred, tarred_gz, tarred_zst, zipped
from support.command import files, lines, run
from support.diagrams import process
from support.states import tasks

from metrics import NamedContent, Report, discover, scan_many
from metrics.archives.bounds import ArchiveBounds
from metrics.scanning.discovery import count_skipped_archives, discover_selected
from metrics.scanning.selection import Selection
from metrics.scanning.unpacking import DiagramStream, StreamType, Unpacker

if TYPE_CHECKING:
    from collections.abc import Mapping

DIAGRAM = process("")


def scanned(folder: Path, *arguments: str, stdin: bytes = b"") -> list[str]:
    """The files that a scan in a folder reports, which has to succeed."""
    result = run("scan", "-f", "ndjson", *arguments, cwd=folder, stdin=stdin)
    assert result.returncode == 0, result.stderr
    return files(result)


def diagrams(*names: str) -> dict[str, bytes]:
    """Files by their names, all with the same diagram."""
    return dict.fromkeys(names, DIAGRAM)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a diagram and two archives, one of which holds an archive."""
    (tmp_path / "z.bpmn").write_bytes(DIAGRAM)
    pack(tmp_path / "app.jar", diagrams("b.bpmn", "WEB-INF/c.bpmn", "d.xml", "e.class"))
    inner = zipped(diagrams("x.bpmn", "in/y.bpmn"))
    pack(tmp_path / "lib" / "app.ear", {"a.bpmn": DIAGRAM, "web.war": inner})
    return tmp_path


IN_APP = ["app.jar!/WEB-INF/c.bpmn", "app.jar!/b.bpmn"]
IN_WEB = ["lib/app.ear!/web.war!/in/y.bpmn", "lib/app.ear!/web.war!/x.bpmn"]
IN_LIB = ["lib/app.ear!/a.bpmn", *IN_WEB]


class TestWhere:
    """Named archives, archives in folders, and what a path names in an archive."""

    @pytest.mark.parametrize(
        ("arguments", "expected"),
        [
            (["app.jar"], IN_APP),
            (["app.jar", "z.bpmn", "lib/app.ear"], [*IN_APP, "z.bpmn", *IN_LIB]),
            (["."], ["z.bpmn"]),
            (["--archives", "."], [*IN_APP, *IN_LIB, "z.bpmn"]),
            (["--archives"], [*IN_APP, *IN_LIB, "z.bpmn"]),
            (["app.jar!/b.bpmn"], ["app.jar!/b.bpmn"]),
            (["app.jar!/d.xml"], ["app.jar!/d.xml"]),
            (["app.jar!/WEB-INF"], ["app.jar!/WEB-INF/c.bpmn"]),
            (["app.jar!/WEB-INF/"], ["app.jar!/WEB-INF/c.bpmn"]),
            (["app.jar!/"], IN_APP),
            (["lib/app.ear!/web.war"], IN_WEB),
            (["lib/app.ear!/web.war!/x.bpmn"], ["lib/app.ear!/web.war!/x.bpmn"]),
            (["lib/app.ear!/web.war!/in"], ["lib/app.ear!/web.war!/in/y.bpmn"]),
        ],
    )
    def test_paths(self, folder: Path, arguments: list[str], expected: list[str]) -> None:
        result = run("scan", "-f", "ndjson", *arguments, cwd=folder)
        assert (result.returncode, sorted(files(result))) == (0, sorted(expected))

    def test_order(self, folder: Path) -> None:
        # The members of a zip are sorted, and an archive is in its place among the files.
        assert scanned(folder, "--archives", ".") == [*IN_APP, *IN_LIB, "z.bpmn"]

    def test_missing_member(self, folder: Path) -> None:
        result = run("scan", "-f", "ndjson", "app.jar!/none.bpmn", cwd=folder)
        (line,) = lines(result)
        assert (result.returncode, line["file"]) == (2, "app.jar!/none.bpmn")
        assert line["error"]["type"] == "unreadable"

    def test_missing_archive(self, folder: Path) -> None:
        for path in ("none.jar", "none.jar!/a.bpmn"):
            result = run("scan", "-f", "ndjson", path, cwd=folder)
            (line,) = lines(result)
            assert (result.returncode, line["file"]) == (2, path)
            assert line["error"]["type"] == "unreadable"

    def test_folder_with_the_extension_of_an_archive(self, folder: Path) -> None:
        (folder / "exploded.war").mkdir()
        (folder / "exploded.war" / "a.bpmn").write_bytes(DIAGRAM)
        assert scanned(folder, "exploded.war") == ["exploded.war/a.bpmn"]
        assert "exploded.war/a.bpmn" in scanned(folder, ".")

    def test_list_of_paths(self, folder: Path) -> None:
        listed = b"app.jar!/b.bpmn\nlib/app.ear\n"
        assert scanned(folder, "--files-from", "-", stdin=listed) == ["app.jar!/b.bpmn", *IN_LIB]

    def test_link(self, folder: Path) -> None:
        (folder / "lib" / "link.jar").symlink_to("../app.jar")
        in_link = [name.replace("app.jar", "lib/link.jar") for name in IN_APP]
        assert scanned(folder, "--archives", "lib") == [*IN_LIB, *in_link]

    def test_pipe_in_a_folder(self, folder: Path) -> None:
        os.mkfifo(folder / "lib" / "pipe.tar")
        assert scanned(folder, "--archives", "lib") == IN_LIB


class TestOnce:
    """A diagram that is reached twice is yielded once, by the path that reaches it first."""

    @pytest.mark.parametrize(
        ("paths", "expected"),
        [
            (["app.jar", "./app.jar"], IN_APP),
            (["--archives", "app.jar", "."], [*IN_APP, *IN_LIB, "z.bpmn"]),
            (["--archives", "lib", "lib/app.ear"], IN_LIB),
            (["app.jar!/b.bpmn", "app.jar"], ["app.jar!/b.bpmn", "app.jar!/WEB-INF/c.bpmn"]),
            (["app.jar", "app.jar!/b.bpmn", "app.jar!/d.xml"], [*IN_APP, "app.jar!/d.xml"]),
            (["app.jar!/b.bpmn", "./app.jar!/b.bpmn"], ["app.jar!/b.bpmn"]),
            (["lib/app.ear!/web.war", "lib/app.ear"], [*IN_WEB, "lib/app.ear!/a.bpmn"]),
            (["app.jar!/WEB-INF", "app.jar!/WEB-INF/c.bpmn"], ["app.jar!/WEB-INF/c.bpmn"]),
        ],
    )
    def test_paths(self, folder: Path, paths: list[str], expected: list[str]) -> None:
        assert scanned(folder, *paths) == expected

    def test_linked_archive(self, folder: Path) -> None:
        (folder / "link.jar").symlink_to("app.jar")
        assert scanned(folder, "link.jar", "app.jar") == [
            name.replace("app", "link") for name in IN_APP
        ]

    @pytest.mark.parametrize(
        ("paths", "expected"),
        [
            (["app.jar!/a.bpmn", "app.jar"], ["app.jar!/a.bpmn", "app.jar!/in.zip"]),
            (["app.jar", "app.jar!/a.bpmn"], ["app.jar!/a.bpmn", "app.jar!/in.zip"]),
            (["app.jar", "app.jar!/in.zip"], ["app.jar!/a.bpmn", "app.jar!/in.zip"]),
        ],
    )
    def test_errors(self, tmp_path: Path, paths: list[str], expected: list[str]) -> None:
        pack(tmp_path / "app.jar", {"a.bpmn": bytes(2000), "in.zip": b"text"})
        result = run("scan", "-f", "ndjson", "--max-size", "1000", *paths, cwd=tmp_path)
        assert files(result) == expected

    @pytest.mark.filterwarnings("ignore:Duplicate name")
    def test_two_members_of_one_name(self, tmp_path: Path) -> None:
        stream = io.BytesIO(tarred({"a.bpmn": tasks(1)}))
        twice = stream.getvalue()[:1024] + tarred({"a.bpmn": tasks(2)})
        (tmp_path / "a.tar").write_bytes(twice)
        assert scanned(tmp_path, "a.tar", "./a.tar") == ["a.tar!/a.bpmn"] * 2
        assert scanned(tmp_path, "a.tar!/a.bpmn", "a.tar") == ["a.tar!/a.bpmn"] * 2


class TestWhich:
    """The same files as in folders, but for `.gitignore` files."""

    MEMBERS = (
        *("a.BPMN", "b.xml", "._c.bpmn", "__MACOSX/d.bpmn", ".hidden/e.bpmn", ".f.bpmn"),
        *("in/old/g.bpmn", "in/h.iflw", ".git/i.bpmn", "in/j.txt"),
    )

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        pack(tmp_path / "lib" / "app.zip", diagrams(*self.MEMBERS))
        return tmp_path

    @pytest.mark.parametrize(
        ("options", "expected"),
        [
            ([], [".f.bpmn", "a.BPMN", "in/h.iflw", "in/old/g.bpmn"]),
            (
                ["--no-ignore"],
                [".f.bpmn", ".hidden/e.bpmn", "a.BPMN", "in/h.iflw", "in/old/g.bpmn"],
            ),
            (["--include", "b.*"], [".f.bpmn", "a.BPMN", "b.xml", "in/h.iflw", "in/old/g.bpmn"]),
            (["--exclude", "old/"], [".f.bpmn", "a.BPMN", "in/h.iflw"]),
            (["--exclude", "in/", "--exclude", "!*.iflw"], [".f.bpmn", "a.BPMN", "in/h.iflw"]),
            (["--exclude", "/lib/app.zip!/in/"], [".f.bpmn", "a.BPMN"]),
            # These exclude the archive, which is named.
            (["--exclude", "lib/"], [".f.bpmn", "a.BPMN", "in/h.iflw", "in/old/g.bpmn"]),
            (["--exclude", "*.zip"], [".f.bpmn", "a.BPMN", "in/h.iflw", "in/old/g.bpmn"]),
            (["--exclude", "app*"], [".f.bpmn", "a.BPMN", "in/h.iflw", "in/old/g.bpmn"]),
        ],
    )
    def test_named(self, folder: Path, options: list[str], expected: list[str]) -> None:
        result = run("scan", "-f", "ndjson", *options, "lib/app.zip", cwd=folder)
        assert files(result) == [f"lib/app.zip!/{name}" for name in expected]

    @pytest.mark.parametrize("pattern", ["lib/", "*.zip", "app*", "/lib/app.zip"])
    def test_excluded_archive(self, folder: Path, pattern: str) -> None:
        assert scanned(folder, "--archives", "--exclude", pattern) == []
        named = ["lib/app.zip", "lib/app.zip!/a.BPMN"]
        assert scanned(folder, "--force-exclude", "--exclude", pattern, *named) == []

    def test_force_exclude_inside(self, folder: Path) -> None:
        named = ["lib/app.zip!/a.BPMN", "lib/app.zip!/in/old/g.bpmn"]
        assert scanned(folder, "--force-exclude", "--exclude", "old/", *named) == named[:1]

    def test_ignored_archive(self, folder: Path) -> None:
        (folder / ".git").mkdir()
        (folder / ".gitignore").write_text("*.zip\nh.iflw\n")
        assert scanned(folder, "--archives") == []
        assert len(scanned(folder, "--archives", "--no-ignore")) == 5
        # Ignore files do not apply inside.
        assert "lib/app.zip!/in/h.iflw" in scanned(folder, "lib/app.zip")
        assert scanned(folder, "--force-exclude", "lib/app.zip") == []

    def test_litter(self, folder: Path) -> None:
        pack(folder / "lib" / "._app.jar", diagrams("a.bpmn"))
        pack(folder / ".hidden" / "app.jar", diagrams("a.bpmn"))
        assert {name[:12] for name in scanned(folder, "--archives")} == {"lib/app.zip!"}

    def test_named_folder_may_be_hidden(self, folder: Path) -> None:
        assert scanned(folder, "lib/app.zip!/.hidden") == ["lib/app.zip!/.hidden/e.bpmn"]

    def test_dot_in_a_path(self, tmp_path: Path) -> None:
        pack(tmp_path / "a.zip", diagrams("in/.h/a.bpmn", "in/b.bpmn"))
        assert scanned(tmp_path, "a.zip!/./in") == ["a.zip!/in/b.bpmn"]

    @pytest.mark.parametrize("extension", ["zip", "tar"])
    def test_long_names_take_no_time(self, tmp_path: Path, extension: str) -> None:
        long = {f"{number}/{'a.zip!/' * 8000}a.bpmn": b"" for number in range(20)}
        nested = {f"{number}/{'a.zip!/' * 500}a.bpmn": tasks(1) for number in range(20)}
        pack(tmp_path / f"a.{extension}", {**long, **nested})
        start = time.process_time()
        arguments = "scan", "--exclude", "x.bpmn", f"a.{extension}"
        assert len(files(run(*arguments, cwd=tmp_path))) == 40
        assert time.process_time() - start < 5

    def test_ignore_file_inside_is_not_read(self, tmp_path: Path) -> None:
        pack(tmp_path / "a.zip", {".gitignore": b"*.bpmn", **diagrams("a.bpmn")})
        assert scanned(tmp_path, "a.zip") == ["a.zip!/a.bpmn"]

    @pytest.mark.parametrize(
        ("name", "options"),
        [
            ("b.war", ["--exclude", "*.war"]),
            ("in/b.war", ["--exclude", "in/"]),
            ("._b.war", []),
            (".hidden/b.war", []),
            ("__MACOSX/b.war", []),
        ],
    )
    @pytest.mark.parametrize("content", [zipped(diagrams("x.bpmn")), b"broken"])
    def test_archive_in_an_archive_that_is_skipped(
        self, tmp_path: Path, name: str, options: list[str], content: bytes
    ) -> None:
        pack(tmp_path / "a.ear", {"a.bpmn": DIAGRAM, name: content})
        assert scanned(tmp_path, *options, "a.ear") == ["a.ear!/a.bpmn"]

    def test_names_that_lead_elsewhere_are_not_hidden(self, tmp_path: Path) -> None:
        pack(tmp_path / "a.tar", diagrams("../a.bpmn", "in/../../b.bpmn", "/c.bpmn"))
        names = {name.rpartition("/")[2] for name in scanned(tmp_path, "a.tar")}
        assert names == {"a.bpmn", "b.bpmn", "c.bpmn"}


class TestStreams:
    """Standard input with many diagrams."""

    FILES = diagrams("a.bpmn", "in/b.bpmn", "c.xml")

    @pytest.mark.parametrize(
        ("type", "content"),
        [
            ("zip", zipped(FILES)),
            ("tar", tarred(FILES)),
            ("tar", tarred_gz(FILES)),
            ("tar", tarred_zst(FILES)),
        ],
        ids=["zip", "tar", "tar.gz", "tar.zst"],
    )
    @pytest.mark.parametrize("name", [None, "app.tar"])
    def test_archive(self, tmp_path: Path, type: str, content: bytes, name: str | None) -> None:
        options = [] if name is None else ["--stdin-filename", name]
        found = scanned(tmp_path, "--stdin-type", type, *options, "-", stdin=content)
        assert found == [f"{name or '-'}!/a.bpmn", f"{name or '-'}!/in/b.bpmn"]

    def test_patterns_that_match_the_name(self, tmp_path: Path) -> None:
        options = ["--stdin-type", "tar", "--stdin-filename", "lib/app.tar", "--exclude"]
        for pattern, expected in (("lib/", ["a.bpmn", "in/b.bpmn"]), ("in/", ["a.bpmn"])):
            found = scanned(tmp_path, *options, pattern, "-", stdin=tarred(self.FILES))
            assert found == [f"lib/app.tar!/{name}" for name in expected]

    def test_lines(self, tmp_path: Path) -> None:
        content = json_lines(("order:1", tasks(1)), ("order:1", tasks(2)), ("form.form", b"{}"))
        content += json.dumps({"name": "text", "content": DIAGRAM.decode()}).encode()
        found = scanned(tmp_path, "--stdin-type", "ndjson", "-", stdin=content)
        assert found == ["order:1", "order:1", "form.form", "text"]

    def test_among_other_paths(self, tmp_path: Path) -> None:
        for name in ("y.bpmn", "z.bpmn"):
            (tmp_path / name).write_bytes(DIAGRAM)
        arguments = ["--stdin-type", "tar", "z.bpmn", "-", "y.bpmn"]
        assert scanned(tmp_path, *arguments, stdin=tarred(diagrams("a.bpmn"))) == [
            *("z.bpmn", "-!/a.bpmn", "y.bpmn"),
        ]

    @pytest.mark.parametrize("type", ["tar", "zip", "ndjson"])
    @pytest.mark.parametrize("content", [b"", b"\x1f", b"\x1f\x8b", b"text"])
    def test_other_content(self, tmp_path: Path, type: str, content: bytes) -> None:
        if (type, content) == ("ndjson", b""):
            pytest.skip("no lines are no diagrams")
        arguments = ["scan", "-f", "ndjson", "--stdin-type", type, "-"]
        result = run(*arguments, cwd=tmp_path, stdin=content)
        assert b"Traceback" not in result.stderr
        assert {line["file"] for line in lines(result)} <= {"-"}

    def test_first_bytes_may_come_one_by_one(self) -> None:
        class OneByOne(io.BytesIO):
            def read(self, size: int | None = -1) -> bytes:
                return super().read(1)

        content = OneByOne(tarred_gz(self.FILES))
        stream = DiagramStream(StreamType.TAR, "-", content, Selection())
        assert names_in(Unpacker(stream=stream)) == ["-!/a.bpmn", "-!/in/b.bpmn"]

    def test_only_a_part_is_kept(self) -> None:
        lines = json_lines(("a", b"123"), ("b", b"1234"), ("c", b"12"), ("a", b""), ("d", b"1"))
        stream = DiagramStream(StreamType.NDJSON, "-", io.BytesIO(lines), Selection())
        unpacker = Unpacker(stream=stream, bytes_to_keep=6)
        assert names_in(unpacker) == ["a", "b", "c", "a", "d"]
        # The name of two diagrams says nothing.
        assert unpacker.stream_contents == {"a": None, "b": None, "c": b"12", "d": b"1"}


def names_in(unpacker: Unpacker) -> list[str]:
    """The names of the diagrams in a stream."""
    items = [*unpacker.unpack(["-"])]
    assert all(isinstance(item, NamedContent) for item in items)
    return [item.name for item in items if isinstance(item, NamedContent)]


class TestSearch:
    """A search opens no archive, so it can be repeated."""

    def test_nothing_is_opened(self, folder: Path) -> None:
        for path in (folder / "app.jar", folder / "lib" / "app.ear"):
            path.chmod(0)
            path.write_bytes(b"") if os.geteuid() == 0 else None
        found = [*discover_selected([str(folder)], Selection(archives=True))]
        assert len(found) == 3
        assert not any(isinstance(source, Report) for source in found)

    def test_skipped_archives_are_counted(self, folder: Path) -> None:
        paths = [str(folder), str(folder / "app.jar")]
        assert count_skipped_archives(paths[:1], Selection()) == 2
        # The one that is named is read.
        assert count_skipped_archives(paths[::-1], Selection()) == 1
        assert count_skipped_archives(paths, Selection(archives=True)) == 0

    def test_whole_archives_are_known(self, folder: Path) -> None:
        selection = Selection(archives=True)
        (whole,) = discover_selected([str(folder / "app.jar")], selection)
        (part,) = discover_selected([str(folder / "app.jar!") + "/WEB-INF"], selection)
        unpacker = Unpacker()
        assert not isinstance(whole, str | Report)
        assert len([*unpacker.unpack([part])]) == 1
        assert not unpacker.has_read(whole)
        assert len([*unpacker.unpack([whole])]) == 1
        assert unpacker.has_read(whole)
        assert not unpacker.has_read(whole._replace(selection=Selection(honour_ignores=False)))


class TestLibrary:
    """`discover` yields the content of members."""

    def test_discover(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(folder)
        assert [*discover(["."])] == ["z.bpmn"]
        found = [*discover(["."], archives=True)]
        assert found[0] == NamedContent("app.jar!/WEB-INF/c.bpmn", DIAGRAM)
        assert [report.name for report in scan_many(found)] == [*IN_APP, *IN_LIB, "z.bpmn"]
        assert all(report.error is None for report in scan_many(found))


NAMES = st.lists(
    st.sampled_from(["a", "B", "in", "old", "é", ".h", "x y", "b.war", "__MACOSX", "._d"]),
    max_size=3,
)
FILES = st.dictionaries(
    st.builds(
        lambda folders, name: "/".join([*(f"{folder}.d" for folder in folders), name]),
        NAMES,
        st.sampled_from(["a.bpmn", "b.BPMN", "c.form", "._d.bpmn", ".e.bpmn", "f.xml", "g.dmn"]),
    ),
    st.sampled_from([DIAGRAM, tasks(1), tasks(2), b"{}", b"", b"<"]),
    max_size=8,
)


@settings(max_examples=40)
@given(FILES, st.sampled_from([*PACKERS]))
def test_archive_has_the_lines_of_its_folder(members: Mapping[str, bytes], extension: str) -> None:
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "app").mkdir()
        for name, content in members.items():
            (folder / "app" / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / "app" / name).write_bytes(content)
        pack(folder / f"app{extension}", members)
        of_folder, of_archive = (
            run("scan", "-f", "ndjson", path, cwd=folder) for path in ("app", f"app{extension}")
        )
    renamed = of_archive.stdout.replace(f"app{extension}!/".encode(), b"app/")
    assert sorted(renamed.splitlines()) == sorted(of_folder.stdout.splitlines())
    assert of_archive.returncode == of_folder.returncode


@pytest.mark.slow
@pytest.mark.parametrize("extension", [*PACKERS])
def test_same_lines_with_several_processes(tmp_path: Path, extension: str) -> None:
    members = {f"in/{number:04}.bpmn": tasks(number % 7) for number in range(2000)}
    pack(tmp_path / f"app{extension}", members)
    arguments = ["scan", "--timeout", "60", f"app{extension}"]
    one, two = (run(*arguments, "-j", jobs, cwd=tmp_path) for jobs in ("1", "2"))
    assert (one.returncode, len(lines(one))) == (0, 2000)
    assert one.stdout == two.stdout


def test_compressed_tar_of_another_kind_is_an_error(tmp_path: Path) -> None:
    arguments = ["scan", "-f", "ndjson", "--stdin-type", "tar", "-"]
    result = run(*arguments, cwd=tmp_path, stdin=gzip.compress(b"text"))
    (line,) = lines(result)
    assert (result.returncode, line["file"], "error" in line) == (2, "-", True)


def test_bounds_are_those_of_the_options(folder: Path) -> None:
    unpacker = Unpacker(ArchiveBounds(max_size=7, max_total=8))
    assert unpacker.without_stream().bounds == ArchiveBounds(max_size=7, max_total=8)
