"""Patterns for paths, which mean what they mean to git."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.scanning.globs import GlobError, Globs, is_matched

if TYPE_CHECKING:
    from pathlib import Path

FOLDERS = ["a", "a/b", "a/b/c", "ab", "b", "b/a", "b/a/b", "x y", "x y/ä", "[", "a/*/d", ".a", "B"]
NAMES = ["a", "ab.c", "-", "]", "*", "\\", "ä", "b "]
FILES = sorted({f"{folder}/{name}" for folder in FOLDERS for name in NAMES} - {*FOLDERS, "a/*"})
PIECES = [
    *("a", "b", "ab", "c", "B", "x y", "ä", ".", "-", "]", "/", "/", "/", "*", "*", "**", "***"),
    *("?", "[ab]", "[!a]", "[^b]", "[a-c]", "[c-a]", "[]a]", "[!]a]", "[a-", "[", "[/]", "[a/b]"),
    *(
        "[[:alpha:]]",
        "[![:punct:]]",
        "[[:nothing:]]",
        "[[:alpha:]",
        "[[:]",
        "[[::]]",
        "[[:]:]",
        "[a-[:alpha:]]",
    ),
    *("[[:upper:]-]", "[--a]", "[\\]a]", "[a-\\c]", "\\a", "\\*", "\\[", "\\\\", "\\"),
]
# git also has a meaning for `//`, which no path contains, after a star.
LINES = (
    st.tuples(
        st.sampled_from(["", "", "", "!", "/", "**/", "#", "\\#", "\\!"]),
        st.lists(st.sampled_from(PIECES), min_size=1, max_size=6).map("".join),
        st.sampled_from(["", "", "/", "/*", "/**", "/**/", " ", "\\ ", "\\  ", "\t", "\r"]),
    )
    .map("".join)
    .filter(lambda line: "//" not in line and "*\\/" not in line)
)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with files and folders whose names are parts of patterns."""
    if shutil.which("git") is None:
        pytest.skip("needs git to compare with")
    top = tmp_path_factory.mktemp("repository")
    subprocess.run(["git", "init", "-q"], cwd=top, check=True)
    for name in FILES:
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).touch()
    return top


def ignored_by_git(top: Path, paths: list[str], lines: list[str]) -> set[str]:
    """The paths that a `.gitignore` with some lines makes git ignore."""
    (top / ".gitignore").write_bytes("\n".join(lines).encode())
    command = ["git", "check-ignore", "-z", "--stdin", "--no-index"]
    names = "\0".join(paths).encode()
    result = subprocess.run(command, cwd=top, input=names, capture_output=True, check=False)
    assert result.returncode in (0, 1), result.stderr
    return {*result.stdout.decode().split("\0")} - {""}


def matches_of(top: Path, paths: list[str], globs: Globs) -> set[str]:
    """The paths that patterns match, themselves or by a folder above."""

    def is_ignored(path: str) -> bool:
        parts = path.split("/")
        for number in range(1, len(parts) + 1):
            above = top / "/".join(parts[:number])
            if globs.decision(os.path.join(above, "") if above.is_dir() else str(above)):
                return True
        return False

    return {path for path in paths if is_ignored(path)}


class TestAsInGit:
    """A `.gitignore` ignores what it makes git ignore."""

    @given(st.lists(LINES, min_size=1, max_size=3))
    @settings(max_examples=150, deadline=None, derandomize=True)
    def test_generated(self, repository: Path, lines: list[str]) -> None:
        paths = [*FILES, *FOLDERS]
        globs = Globs.of_ignore_file("\n".join(lines).encode(), str(repository))
        expected = ignored_by_git(repository, paths, lines)
        assert matches_of(repository, paths, globs) == expected, lines

    @given(LINES.filter(lambda line: not line.startswith("!")))
    @settings(max_examples=150, deadline=None, derandomize=True)
    def test_generated_for_options(self, repository: Path, line: str) -> None:
        # One pattern without ! matches the same, whether it includes the content of folders or not.
        expected = ignored_by_git(repository, FILES, [line])
        try:
            globs = Globs.of([line], str(repository))
        except GlobError:
            assert expected == set()
            return
        found = {path for path in FILES if globs.decision(str(repository / path))}
        # Only in a file, a line can end with \r\n.
        assert found == expected or line.endswith("\r")


class TestGlobs:
    """Patterns of options and configurations, which also match what is in a folder."""

    @pytest.mark.parametrize(
        ("pattern", "matched"),
        [
            ("*.xml", ["a.xml", "in/a.xml"]),
            ("/*.xml", ["a.xml"]),
            ("in", ["in/a.xml", "in/on/b.xml2", "out/in"]),
            ("in/", ["in/a.xml", "in/on/b.xml2"]),
            ("in/*.xml", ["in/a.xml"]),
            ("in/**", ["in/a.xml", "in/on/b.xml2"]),
            ("**/on", ["in/on/b.xml2"]),
            ("in/**/b*", ["in/on/b.xml2"]),
            ("[!i]*", ["a.xml", "in/a.xml", "in/on/b.xml2", "out/in"]),
            ("?.xml", ["a.xml", "in/a.xml"]),
            ("A.xml", []),
        ],
    )
    def test_content_of_folders(self, pattern: str, matched: list[str]) -> None:
        globs = Globs.of([pattern], "/top")
        paths = ["a.xml", "in/a.xml", "in/on/b.xml2", "out/in"]
        assert [path for path in paths if globs.decision(f"/top/{path}")] == matched

    def test_last_match_decides(self) -> None:
        globs = Globs.of(["in/", "!a.xml"], "/top")
        assert globs.decision("/top/in/a.xml") is False
        assert globs.decision("/top/in/b.xml") is True
        assert globs.decision("/top/b.xml") is None

    def test_last_list_decides(self) -> None:
        first, second = Globs.of(["*.xml"], "/"), Globs.of(["!/a.xml"], "/top")
        assert not is_matched("/top/a.xml", [first, second])
        assert is_matched("/top/a.xml", [second, first])
        assert is_matched("/a.xml", [first, second])
        assert not is_matched("/a.xml", [])

    def test_paths_elsewhere(self) -> None:
        globs = Globs.of(["*"], "/top")
        assert globs.decision("/top/a") is True
        assert [globs.decision(path) for path in ("/topmost/a", "/a", "/top/", "/")] == [None] * 4

    def test_relative_to_the_current_folder(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        assert Globs.of(["/a"]).decision(str(tmp_path / "a"))

    @pytest.mark.parametrize(
        "pattern", ["", " ", "/", "//", "!", "# a", "[", "a\\", "./a", "../a", "a/../b", "a//b"]
    )
    def test_no_pattern(self, pattern: str) -> None:
        with pytest.raises(GlobError, match="is not a pattern: it matches no path"):
            Globs.of([pattern], "/top")

    def test_names_that_are_not_utf_8(self) -> None:
        globs = Globs.of(["\udcff*.xml"], "/top")
        assert globs.decision("/top/\udcff\udcfe.xml")
        assert not globs.decision("/top/\udcfe.xml")
        # A lone surrogate is in no name.
        assert not globs.decision("/top/\ud800.xml")

    def test_without_those_that_match_a_folder(self) -> None:
        globs = Globs.of(["in/", "*.xml", "!in/a.xml"], "/top").without_matches_of("/top/in/")
        paths = ["in/a.xml", "in/b.xml", "in/b"]
        assert [globs.decision(f"/top/{path}") for path in paths] == [False, True, None]


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("*a*a*a*a*a*a*b", "a" * 100),
        ("*a" * 2000 + "*b", "a" * 20_000),
        ("?*" * 1000 + "b", "a" * 20_000),
        ("[ab]*" * 1000 + "c", "ab" * 10_000),
        ("[" + "[:" * 50_000, "a"),
        ("**/a/" * 500 + "b", "a/" * 5000 + "c"),
        ("**/*a*a*a*b/" * 100 + "c", "/".join(["a" * 100] * 100)),
        ("a/**/" * 300 + "*a*a*b", "a/" * 2000 + "a" * 2000),
    ],
)
def test_time_does_not_explode(pattern: str, name: str) -> None:
    start = time.process_time()
    globs = Globs.of_ignore_file(pattern.encode(), "/")
    assert not globs.decision(f"/{name}")
    # With stars that give back what they matched, this would take longer than anyone can wait.
    assert time.process_time() - start < 1
