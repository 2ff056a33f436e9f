"""Which files are read: by their names, by patterns, and of those that are named."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from metrics import discover
from metrics.scanning.selection import EXTENSIONS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, which is the current one."""
    folder = tmp_path / "current"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def make(folder: Path, *names: str) -> None:
    """Make empty files by their paths in a folder."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def found(
    *paths: str,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    honour_ignores: bool = True,
    force_exclude: bool = False,
) -> list[str]:
    """The files that are discovered at some paths, by default in the current folder."""
    sources = discover(
        paths or ["."],
        honour_ignores=honour_ignores,
        include=include,
        exclude=exclude,
        force_exclude=force_exclude,
    )
    return [str(source) for source in sources]


class TestNames:
    """Files in folders are diagrams by their names."""

    def test_extensions(self, folder: Path) -> None:
        names = [f"order{extension}" for extension in EXTENSIONS]
        capital = [f"Z{extension.upper()}" for extension in EXTENSIONS]
        others = ["order.xml", "order.bpmn.bak", "bpmn", "order.bpmn21", "order.dmn12.xml"]
        make(folder, *names, *capital, *others)
        assert found() == sorted([*names, *capital])
        assert len(names) == 10

    def test_litter_is_never_found(self, folder: Path) -> None:
        make(folder, "a.bpmn", "._a.bpmn", "__MACOSX/a.bpmn", "in/__MACOSX/b.bpmn", "in/._b.form")
        assert found() == ["a.bpmn"]
        assert found(honour_ignores=False, include=["*"]) == ["a.bpmn"]

    def test_litter_is_read_if_it_is_named(self, folder: Path) -> None:
        make(folder, "._a.bpmn", "__MACOSX/a.bpmn")
        named = ["._a.bpmn", "__MACOSX"]
        assert found(*named) == ["._a.bpmn", "__MACOSX/a.bpmn"]


class TestPatterns:
    """`include` adds files in folders, `exclude` removes files and folders."""

    @pytest.mark.parametrize(
        ("include", "expected"),
        [
            (["*.xml"], ["a.bpmn", "b.xml", "in/c.xml"]),
            (["/*.xml"], ["a.bpmn", "b.xml"]),
            (["in/*.xml"], ["a.bpmn", "in/c.xml"]),
            (["in/"], ["a.bpmn", "in/c.xml", "in/d.txt"]),
            (["*", "!*.txt"], ["a.bpmn", "b.xml", "in/c.xml"]),
            (["*.XML"], ["a.bpmn"]),
        ],
    )
    def test_include(self, folder: Path, include: list[str], expected: list[str]) -> None:
        make(folder, "a.bpmn", "b.xml", "in/c.xml", "in/d.txt")
        assert found(include=include) == expected

    @pytest.mark.parametrize(
        ("exclude", "expected"),
        [
            (["in"], ["a.bpmn", "b.bpmn"]),
            (["in/"], ["a.bpmn", "b.bpmn"]),
            (["a.bpmn"], ["b.bpmn", "in/on/c.bpmn"]),
            (["/a.bpmn"], ["b.bpmn", "in/a.bpmn", "in/on/c.bpmn"]),
            (["in/*.bpmn"], ["a.bpmn", "b.bpmn", "in/on/c.bpmn"]),
            (["*.bpmn", "!on/"], ["in/on/c.bpmn"]),
            (["in/", "!in/a.bpmn"], ["a.bpmn", "b.bpmn", "in/a.bpmn"]),
            (["in", "b.*"], ["a.bpmn"]),
        ],
    )
    def test_exclude(self, folder: Path, exclude: list[str], expected: list[str]) -> None:
        make(folder, "a.bpmn", "b.bpmn", "in/a.bpmn", "in/on/c.bpmn")
        assert found(exclude=exclude) == expected

    def test_excluded_folders_are_not_listed(self, folder: Path) -> None:
        make(folder, "a.bpmn", "in/b.bpmn")
        (folder / "in" / "deeper").mkdir()
        (folder / "in").chmod(0)
        try:
            assert found(exclude=["in/"]) == ["a.bpmn"]
        finally:
            (folder / "in").chmod(0o700)

    def test_exclude_wins(self, folder: Path) -> None:
        make(folder, "a.xml", "b.xml", "in/c.xml", "hidden/.in/d.xml")
        (folder / ".gitignore").write_text("b.xml")
        assert found(include=["*.xml"], exclude=["in/"]) == ["a.xml"]
        assert found(include=["*.xml"], exclude=["in/"], honour_ignores=False) == [
            *("a.xml", "b.xml", "hidden/.in/d.xml"),
        ]

    def test_named_files_are_read(self, folder: Path) -> None:
        make(folder, "a.bpmn", "b.txt", "in/c.bpmn", "in/d.bpmn")
        named = ["a.bpmn", "b.txt", "in/d.bpmn"]
        assert found(*named, exclude=["*"]) == named

    def test_named_folder_is_searched(self, folder: Path) -> None:
        # As with .gitignore, a pattern for the folder itself does not apply to what is named.
        make(folder, "in/c.bpmn", "in/d.bpmn", "in/on/e.bpmn")
        exclude = ["in/", "d.*"]
        assert found("in", exclude=exclude) == ["in/c.bpmn", "in/on/e.bpmn"]
        assert found("in/on", exclude=exclude) == ["in/on/e.bpmn"]
        assert found(".", "in", exclude=exclude) == ["in/c.bpmn", "in/on/e.bpmn"]

    def test_named_folder_that_was_searched_in_part(self, folder: Path) -> None:
        make(folder, "in/c.bpmn", "in/d.bpmn")
        exclude = ["in/", "!d.bpmn"]
        assert found(".", "in", "in/c.bpmn", exclude=exclude) == ["in/d.bpmn", "in/c.bpmn"]

    def test_each_file_once(self, folder: Path) -> None:
        make(folder, "a.xml", "b.bpmn", "c.bpmn")
        (folder / "z.bpmn").symlink_to("c.bpmn")
        paths = [".", "a.xml", "b.bpmn", "c.bpmn"]
        files = found(*paths, include=["*.xml"], exclude=["c.bpmn"])
        assert files == ["a.xml", "b.bpmn", "z.bpmn"]

    def test_folder_elsewhere(self, folder: Path) -> None:
        # Patterns are relative to the current folder.
        make(folder.parent, "other/a.bpmn", "other/b.xml")
        assert found("../other", include=["*"], exclude=["a.bpmn"]) == ["../other/a.bpmn"]

    def test_wrong_patterns_fail_at_the_call(self) -> None:
        with pytest.raises(ValueError, match="'/' is not a pattern: it matches no path"):
            discover(["."], exclude=["/"])
        with pytest.raises(TypeError, match="not one path"):
            discover(["."], include="*.xml")


class TestForceExclude:
    """With `force_exclude`, paths are left out that a search of the current folder would skip."""

    @pytest.mark.parametrize(
        ("path", "is_read"),
        [
            ("a.bpmn", True),
            ("in/a.txt", True),
            ("none.bpmn", True),
            ("-", True),
            ("old/a.bpmn", False),
            ("./in/../old/a.bpmn", False),
            ("old", False),
            ("ignored.bpmn", False),
            ("in/build/a.bpmn", False),
            ("in/build", False),
            ("in/kept.bpmn", True),
            (".hidden/a.bpmn", False),
            ("in/.hidden", False),
            (".a.bpmn", True),
            ("in/._a.bpmn", False),
            ("__MACOSX/a.bpmn", False),
            (".", True),
            ("..", True),
            ("../outside.bpmn", True),
            ("../.hidden/a.bpmn", True),
            ("../._a.bpmn", False),
        ],
    )
    @pytest.mark.parametrize("is_absolute", [False, True])
    def test_paths(self, folder: Path, path: str, is_read: bool, is_absolute: bool) -> None:
        make(
            folder,
            *("a.bpmn", "in/a.txt", "old/a.bpmn", "ignored.bpmn", "in/build/a.bpmn"),
            *("in/kept.bpmn", ".hidden/a.bpmn", "in/.hidden/a.bpmn", ".a.bpmn", "in/._a.bpmn"),
            *("__MACOSX/a.bpmn", "../outside.bpmn", "../.hidden/a.bpmn", "../._a.bpmn"),
        )
        (folder / ".gitignore").write_text("ignored.bpmn\nbuild/\nkept.bpmn\n")
        (folder / "in" / ".gitignore").write_text("!kept.bpmn\n")
        if is_absolute and path != "-":
            path = os.path.join(folder, path)
        files = found(path, exclude=["old"], force_exclude=True)
        assert (files != []) == is_read
        assert found(path, exclude=["old"]) != []

    def test_ignore_files_of_the_repository(self, folder: Path) -> None:
        make(folder.parent, ".git/HEAD", "in/b.bpmn", "out/c.bpmn", "current/a.bpmn", "d.bpmn")
        (folder.parent / ".gitignore").write_text("a.bpmn\nin/\nd.bpmn")
        paths = ["a.bpmn", "../in/b.bpmn", "../out/c.bpmn", "../in/none.bpmn", "../d.bpmn"]
        assert found(*paths, force_exclude=True) == ["../out/c.bpmn"]
        assert found(*paths, force_exclude=True, honour_ignores=False) == paths

    def test_nothing_above_the_current_folder_without_a_repository(self, folder: Path) -> None:
        make(folder, "a.bpmn", "../b.bpmn", "../other/c.bpmn")
        (folder.parent / ".gitignore").write_text("*.bpmn")
        paths = ["a.bpmn", "../b.bpmn", "../other/c.bpmn"]
        assert found(*paths, force_exclude=True) == paths
