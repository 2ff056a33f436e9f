"""Patterns for paths, which mean what they mean to git."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from functools import partial
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from metrics.scanning.globs import (
    MAX_PATTERN_BYTES,
    MAX_WILDCARDS,
    GlobError,
    Globs,
    is_matched,
)

if TYPE_CHECKING:
    from collections.abc import Callable
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


class TestLiterals:
    """Patterns without wildcards, which are looked up, not matched one by one."""

    @pytest.mark.parametrize(
        ("patterns", "matched"),
        [
            (["a"], ["a", "in/a", "in/a/b/"]),
            (["/a"], ["a"]),
            (["in/a"], ["in/a", "in/a/b/"]),
            (["b/"], ["in/a/b/"]),
            (["a", "!/a"], ["in/a", "in/a/b/"]),
            (["!/a", "a"], ["a", "in/a", "in/a/b/"]),
            # The order decides between both kinds of patterns, too.
            (["a", "!?"], []),
            (["!?", "a"], ["a", "in/a", "in/a/b/"]),
            (["[a]", "!a"], []),
            (["\\a"], ["a", "in/a", "in/a/b/"]),
            (["/i\\n/a"], ["in/a", "in/a/b/"]),
            (["in\\/a"], ["in/a", "in/a/b/"]),
            (["\\b/"], ["in/a/b/"]),
            (["a", "!\\a"], []),
            (["\\*", "\\?", "\\[a]", "\\\\a"], []),
        ],
    )
    def test_matches(self, patterns: list[str], matched: list[str]) -> None:
        globs = Globs.of(patterns, "/top")
        # The last is a folder.
        paths = ["a", "in/a", "in/a/b/"]
        assert [path for path in paths if globs.decision(f"/top/{path}")] == matched

    @pytest.mark.parametrize("escape", ["", "\\"])
    def test_many_cost_no_more_than_one(self, escape: str) -> None:
        lines = [f"generated/{escape}file{number}.bpmn" for number in range(40_000)]
        one, many = (
            Globs.of_ignore_file("\n".join(some).encode(), "/") for some in (lines[:1], lines)
        )
        assert many.decision("/generated/file39999.bpmn")
        assert not many.decision("/generated/file.bpmn")
        seconds = [shortest(partial(globs.decision, "/a/b")) for globs in (one, many)]
        assert seconds[1] < 100 * seconds[0]


def shortest(work: Callable[[], object], repetitions: int = 5) -> float:
    """The processor time of some work, the least of some repetitions."""

    def seconds() -> float:
        start = time.process_time()
        work()
        return time.process_time() - start

    return min(seconds() for _ in range(repetitions))


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("*a*a*a*a*a*a*b", "a" * 100),
        ("*a" * 2000 + "*b", "a" * 20_000),
        ("?*" * 1000 + "b", "a" * 20_000),
        ("[ab]*" * 800 + "c", "ab" * 10_000),
        ("[" + "[:" * 2000, "a"),
        ("**/a/" * 500 + "b", "a/" * 5000 + "c"),
        ("**/*a*a*a*b/" * 100 + "c", "/".join(["a" * 100] * 100)),
        ("a/**/" * 300 + "*a*a*b", "a/" * 2000 + "a" * 2000),
    ],
)
def test_time_does_not_explode(pattern: str, name: str) -> None:
    assert len(pattern) <= MAX_PATTERN_BYTES
    start = time.process_time()
    globs = Globs.of_ignore_file(pattern.encode(), "/")
    assert not globs.decision(f"/{name}")
    # Time is linear in the lengths of the path and of the pattern.
    assert time.process_time() - start < 1


@given(
    st.lists(
        st.sampled_from(["*", "a", "?", "[ab]", "[!b]*", "*a", "**/", "/", "a/**/"]),
        min_size=1,
        max_size=12,
    ).map("".join),
    st.sampled_from(["a", "ab", "a/", "aaab/", "a/b/"]),
)
@settings(max_examples=60, derandomize=True)
@example("*a*a*a*a*a*a*", "a")
@example("**/a/**/a/**/", "a/")
@example("[!b]*[!b]*[!b]*", "a")
def test_time_grows_with_the_length_of_the_path(pattern: str, piece: str) -> None:
    # Nothing ends in c, so that every way to match is tried.
    globs = Globs.of_ignore_file(f"{pattern}c".encode(), "/")
    paths = ["/" + piece * (length // len(piece)) for length in (20_000, 40_000, 80_000)]
    seconds = [shortest(partial(globs.decision, path)) for path in paths]
    # Four times the length takes four times as long; the square would be sixteen times.
    assert seconds[2] < 9 * seconds[0] + 0.001, seconds


@pytest.mark.parametrize(
    "line", ["[!a]" * 1000, "[ -~]" * 800, "[[:alnum:]]" * 200, "?" * 4000, "*a" * 2000, "**/[!a]"]
)
@pytest.mark.slow
def test_time_to_read_as_many_wildcards_as_allowed(line: str) -> None:
    count = MAX_WILDCARDS // sum(map(line.count, "*?["))
    start = time.process_time()
    assert Globs.of_ignore_file("\n".join([line] * count).encode(), "/")
    # Ranges keep the expression short.
    assert time.process_time() - start < 3


def test_too_many_wildcards() -> None:
    text = "*.a\n" * (MAX_WILDCARDS + 1)
    with pytest.raises(GlobError, match=r"more than 10,000 wildcards\."):
        Globs.of_ignore_file(text.encode(), "/")
    with pytest.raises(GlobError, match=r"more than 10,000 wildcards\."):
        Globs.of(text.split())


def test_pattern_that_is_too_long() -> None:
    longest = "?" * MAX_PATTERN_BYTES
    assert Globs.of([longest], "/").decision("/" + "a" * MAX_PATTERN_BYTES)
    with pytest.raises(GlobError, match=r"a pattern has more than 4,096 bytes\."):
        Globs.of([f"{longest}?"])
    assert not Globs.of_ignore_file(f"{longest}?".encode(), "/")


def test_pattern_with_nul() -> None:
    with pytest.raises(GlobError, match="is not a pattern"):
        Globs.of(["a\0b"])
