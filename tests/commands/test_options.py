"""Options that several commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.command import run
from support.diagrams import process
from support.repositories import Repository, git

if TYPE_CHECKING:
    from pathlib import Path

# The Modeler accepts the undeclared prefix, with a warning.
UNTIDY = process("<bpmn:userTask other:a='b'/>")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A diagram with a warning, one without, and one that cannot be measured."""
    for name, content in {"a": UNTIDY, "b": process(""), "broken": b"<"}.items():
        (tmp_path / f"{name}.bpmn").write_bytes(content)
    return tmp_path


class TestQuiet:
    """`--quiet` silences warnings, notes and the closing count, but no error."""

    @pytest.mark.parametrize(
        "arguments",
        [
            ["scan"],
            ["scan", "-f", "table"],
            ["summary"],
            ["check", "--limit", "elementTemplateCount <= 0"],
        ],
    )
    def test_only_errors_are_left(self, folder: Path, arguments: list[str]) -> None:
        loud = run(*arguments, cwd=folder)
        quiet = run(*arguments, "-q", cwd=folder)
        assert (quiet.returncode, quiet.stdout) == (loud.returncode, loud.stdout)
        assert b"metrics: 2 of 3 diagrams measured, 1 failed, 1 warning\n" in loud.stderr
        (error,) = quiet.stderr.decode().splitlines()
        assert error.startswith("broken.bpmn:1:1: malformed: ")

    @pytest.mark.parametrize("command", [["scan"], ["event", "diagram-opened"], ["explain"]])
    def test_single_diagrams(self, folder: Path, command: list[str]) -> None:
        assert run(*command, "--quiet", "a.bpmn", cwd=folder).stderr == b""
        broken = run(*command, "--quiet", "broken.bpmn", cwd=folder)
        assert broken.returncode == 2
        assert broken.stderr.startswith(b"broken.bpmn:1:1: malformed: ")

    def test_warnings_of_one_diagram(self, folder: Path) -> None:
        for command in (["scan"], ["event", "diagram-opened"]):
            assert b"a.bpmn:3: warning: " in run(*command, "a.bpmn", cwd=folder).stderr

    def test_size_of_an_event(self, folder: Path) -> None:
        command = ["event", "diagram-opened", "--max-bytes", "10", "b.bpmn"]
        assert b"more than 10" in run(*command, cwd=folder).stderr
        assert run(*command, "-q", cwd=folder).stderr == b""

    def test_no_diagrams(self, tmp_path: Path) -> None:
        assert run("scan", tmp_path).stderr == b"metrics: no diagrams found\n"
        assert run("scan", "-q", tmp_path).stderr == b""

    def test_written_baseline(self, tmp_path: Path) -> None:
        (tmp_path / "b.bpmn").write_bytes(process("<bpmn:userTask/>"))
        limit = "diagramMetrics.tasks.userTask.count <= 0"
        command = ["check", "--limit", limit, "--baseline", "known.ndjson", "--write-baseline"]
        loud = run(*command, "b.bpmn", cwd=tmp_path)
        assert loud.stderr == b"metrics: wrote known.ndjson: 1 value\n"
        quiet = run(*command, "-q", "b.bpmn", cwd=tmp_path)
        assert (quiet.stdout, quiet.stderr) == (loud.stdout, b"")

    def test_submodules(self, tmp_path: Path) -> None:
        Repository(tmp_path / "inner").commit({"a.bpmn": process("")})
        outer = Repository(tmp_path / "outer")
        outer.commit({"b.bpmn": process("")})
        add = ["-c", "protocol.file.allow=always", "submodule", "--quiet", "add"]
        git(*add, tmp_path / "inner", "inner", cwd=outer.folder)
        outer.commit({})
        note = b"metrics: inner is a submodule: its diagrams are not compared\n"
        assert run("diff", "HEAD~1", "HEAD", cwd=outer.folder).stderr == note
        assert run("diff", "-q", "HEAD~1", "HEAD", cwd=outer.folder).stderr == b""

    def test_errors_of_usage(self, folder: Path) -> None:
        result = run("scan", "-q", "--fragment", "other", cwd=folder)
        assert (result.returncode, result.stdout) == (2, b"")
        assert b"Error: " in result.stderr
