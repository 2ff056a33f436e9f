"""Rules of `.gitignore` files, which mean what they mean to git."""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.command import run, run_process

from metrics import discover
from metrics.scanning.gitignore import MAX_IGNORE_FILE_BYTES, IgnoreRules

if TYPE_CHECKING:
    from collections.abc import Callable

LIMITS = (400 * 1024 * 1024,) * 2
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
        path.write_bytes(b"<")


def discovered_in(folder: Path) -> list[str]:
    """The paths of the diagrams that are discovered in a folder, relative to it."""
    return sorted(os.path.relpath(str(path), folder) for path in discover([folder]))


def listed_by_git(folder: Path) -> list[str]:
    """The diagrams in a folder that git does not ignore."""
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    command = ["git", "ls-files", "-z", "--others", "--exclude-standard", "*.bpmn"]
    result = subprocess.run(command, cwd=folder, capture_output=True, check=True)
    return sorted(result.stdout.decode().split("\0")[:-1])


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git to compare with")
class TestSameAsGit:
    """A folder yields the files that git does not ignore."""

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
    def test_chosen_patterns(
        self, tmp_path: Path, ignores: dict[str, bytes], expected: list[str]
    ) -> None:
        make(tmp_path, *TOP, "in/a.bpmn", "in/b.bpmn", *INNERMOST)
        for folder, content in ignores.items():
            (tmp_path / folder / ".gitignore").write_bytes(content)
        assert listed_by_git(tmp_path) == expected
        assert discovered_in(tmp_path) == expected

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
    def test_generated_patterns(self, paths: list[str], ignores: dict[str, list[str]]) -> None:
        with tempfile.TemporaryDirectory() as name:
            top = Path(name)
            make(top, *paths)
            for folder, patterns in ignores.items():
                (top / folder).mkdir(parents=True, exist_ok=True)
                (top / folder / ".gitignore").write_text("\n".join(patterns))
            assert discovered_in(top) == listed_by_git(top)


class TestIgnoreRules:
    """Rules of several folders, the innermost first."""

    def test_no_rules_ignore_nothing(self, tmp_path: Path) -> None:
        assert not IgnoreRules().ignores(str(tmp_path / "a.bpmn"), is_folder=False)

    def test_innermost_match_decides(self, tmp_path: Path) -> None:
        inner = tmp_path / "in"
        inner.mkdir()
        (tmp_path / ".gitignore").write_text("*.bpmn")
        (inner / ".gitignore").write_text("!a.bpmn")
        rules = IgnoreRules().within(str(tmp_path)).within(str(inner))
        assert not rules.ignores(str(inner / "a.bpmn"), is_folder=False)
        assert rules.ignores(str(inner / "b.bpmn"), is_folder=False)

    def test_pattern_for_folders_only(self, tmp_path: Path) -> None:
        (tmp_path / ".gitignore").write_text("a/")
        rules = IgnoreRules().within(str(tmp_path))
        assert rules.ignores(str(tmp_path / "a"), is_folder=True)
        assert not rules.ignores(str(tmp_path / "a"), is_folder=False)

    def test_rules_above_end_at_the_top_of_the_repository(self, tmp_path: Path) -> None:
        inner = tmp_path / "repository" / "in"
        inner.mkdir(parents=True)
        (tmp_path / "repository" / ".git").mkdir()
        (tmp_path / ".gitignore").write_text("a.bpmn")
        (tmp_path / "repository" / ".gitignore").write_text("b.bpmn")
        rules = IgnoreRules.above(str(inner))
        assert not rules.ignores(str(inner / "a.bpmn"), is_folder=False)
        assert rules.ignores(str(inner / "b.bpmn"), is_folder=False)

    def test_folder_that_is_ignored_itself_has_no_rules_above(self, tmp_path: Path) -> None:
        (tmp_path / ".git").mkdir()
        (tmp_path / "in").mkdir()
        (tmp_path / ".gitignore").write_text("in/\n*.bpmn")
        rules = IgnoreRules.above(str(tmp_path / "in"))
        assert not rules.ignores(str(tmp_path / "in" / "a.bpmn"), is_folder=False)

    def test_ignore_file_that_is_a_folder(self, tmp_path: Path) -> None:
        (tmp_path / ".gitignore").mkdir()
        assert discovered_in(tmp_path) == []


class TestLeftOut:
    """Rules that are not applied, which a warning names."""

    @pytest.mark.parametrize(
        ("make_file", "message"),
        [
            (os.mkfifo, "the file is skipped: it is not a regular file."),
            (
                lambda path: path.symlink_to("/dev/zero"),
                "the file is skipped: it is not a regular file.",
            ),
            (
                lambda path: path.write_bytes(b"#" * (MAX_IGNORE_FILE_BYTES - 6) + b"\na.bpmn"),
                f"the file is skipped: it is larger than {MAX_IGNORE_FILE_BYTES:,} bytes.",
            ),
            (
                lambda path: path.write_text("*.bpmn\n" * 10_001),
                "the file is skipped: more than 10,000 wildcards.",
            ),
            (
                lambda path: path.write_text(f"# {'a' * 4096}\n\n[a]{'*' * 4094}\n"),
                "line 3 is skipped: it has more than 4,096 bytes.",
            ),
            (
                lambda path: path.write_text(f"{'?' * 4097}\n[b]\n{'a' * 4097}\n{'a' * 4097}\n"),
                "line 1 (and 2 more) is skipped: it has more than 4,096 bytes.",
            ),
        ],
    )
    def test_warning(
        self, tmp_path: Path, make_file: Callable[[Path], object], message: str
    ) -> None:
        make(tmp_path, "a.bpmn")
        make_file(tmp_path / ".gitignore")
        with pytest.warns(UserWarning, match=re.escape(f".gitignore: {message}")):
            assert discovered_in(tmp_path) == ["a.bpmn"]
        # The command names the file once, however often it reads it.
        (tmp_path / ".git").mkdir()
        result = run("check", "--limit", "form.count <= 1", "--force-exclude", ".", cwd=tmp_path)
        lines = result.stderr.decode().splitlines()
        assert [line for line in lines if "warning" in line] == [f".gitignore: warning: {message}"]
        assert b"warning" not in run("scan", "--quiet", cwd=tmp_path).stderr

    def test_largest_file(self, tmp_path: Path) -> None:
        make(tmp_path, "a.bpmn", "b.bpmn")
        lines = b"#" * (MAX_IGNORE_FILE_BYTES - 7) + b"\na.bpmn"
        assert len(lines) == MAX_IGNORE_FILE_BYTES
        (tmp_path / ".gitignore").write_bytes(lines)
        assert discovered_in(tmp_path) == ["b.bpmn"]

    @pytest.mark.slow
    def test_line_of_wildcards_takes_little_time_and_memory(self, tmp_path: Path) -> None:
        make(tmp_path, "a.bpmn")
        (tmp_path / ".gitignore").write_text("[!a]" * 25_000)
        result = run_process(
            "scan", cwd=tmp_path, before=lambda: resource.setrlimit(resource.RLIMIT_AS, LIMITS)
        )
        assert b"more than 10,000 wildcards" in result.stderr


def test_unusual_pattern_prints_no_warning(tmp_path: Path) -> None:
    (tmp_path / "a.form").write_bytes(b"{}")
    (tmp_path / ".gitignore").write_text("[[:alpha:]].txt")
    assert run("scan", ".", cwd=tmp_path).stderr == b""
