"""Outputs: no command writes over a file that it reads, or that it may read another time."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from support.checking import NONE
from support.command import run
from support.diagrams import process
from support.repositories import Repository

from metrics.scanning.selection import EXTENSIONS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

DIAGRAM = process("<bpmn:userTask/>")
OTHER = process("")
COMMANDS = ("scan", "explain", "summary", "check", "diff")
NAME = "metrics reads files with this name."
INCLUDED = "it is in a folder that is read, and a pattern includes it."


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Diagrams beside and in two folders."""
    for name in ("a.bpmn", "b.bpmn", "models/a.bpmn", "others/a.bpmn"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(DIAGRAM)
    return tmp_path


def written_by(command: str, output: str, *paths: str) -> Sequence[str]:
    """The arguments of a command that writes to an output."""
    if command == "check":
        return ["check", "--limit", NONE, "-f", f"csv:{output}", *paths]
    format_name = "ndjson" if command == "explain" else "json"
    return [command, "-f", format_name, "-o", output, *paths]


def refusal(folder: Path, arguments: Sequence[str], output: str) -> str:
    """The reason of a usage error; the output keeps its content, and nothing is measured."""
    path = folder / output
    before = path.read_bytes() if path.exists() else None
    result = run(*arguments, cwd=folder)
    assert (result.returncode, result.stdout) == (2, b"")
    assert (path.read_bytes() if path.exists() else None) == before
    usage, _, reason = result.stderr.decode().partition("\n\nError: ")
    assert usage.startswith("Usage: metrics ")
    assert reason.count("\n") == 1
    return reason.rstrip("\n")


@pytest.mark.parametrize("command", COMMANDS)
class TestAllCommands:
    """The rules are the same for all commands with an output."""

    def test_name_of_the_output_is_forgotten(self, folder: Path, command: str) -> None:
        # As the shell passes `-o *.bpmn`. The diagrams to read need not exist.
        reason = refusal(folder, written_by(command, "a.bpmn", "none.bpmn", "b.bpmn"), "a.bpmn")
        assert reason == f"a.bpmn cannot be an output: {NAME}"

    def test_path_of_the_run(self, folder: Path, command: str) -> None:
        (folder / "a.txt").write_bytes(DIAGRAM)
        (folder / "link").symlink_to("a.txt")
        for output in ("a.txt", "./a.txt", "link", "models/../a.txt"):
            arguments = written_by(command, output, "a.txt", "b.bpmn")
            option = f"--format csv:{output}" if command == "check" else "--output"
            expected = f"{option} would overwrite {output}, which is an input."
            assert refusal(folder, arguments, output) == expected

    def test_diagram_in_a_folder_that_is_read(self, folder: Path, command: str) -> None:
        arguments = written_by(command, "models/a.bpmn", "models", "others")
        assert NAME in refusal(folder, arguments, "models/a.bpmn")

    def test_link_to_a_diagram(self, folder: Path, command: str) -> None:
        (folder / "out").symlink_to("models/a.bpmn")
        assert NAME in refusal(folder, written_by(command, "out", "models", "others"), "out")

    def test_output_that_a_link_makes_a_diagram(self, folder: Path, command: str) -> None:
        (folder / "out").write_bytes(DIAGRAM)
        (folder / "models" / "b.bpmn").symlink_to("../out")
        arguments = written_by(command, "out", "models", "others")
        assert "would overwrite out, which is an input." in refusal(folder, arguments, "out")

    def test_configuration(self, folder: Path, command: str) -> None:
        (folder / "other.toml").write_text('exclude = ["x"]\n')
        arguments = [*written_by(command, "other.toml", "models", "others")]
        arguments[1:1] = ["--config", "other.toml"]
        assert "would overwrite other.toml" in refusal(folder, arguments, "other.toml")
        for name in ("metrics.toml", "pyproject.toml", "models/metrics.toml"):
            assert NAME in refusal(folder, written_by(command, name, "models", "others"), name)

    def test_other_files_that_are_read_by_their_names(self, folder: Path, command: str) -> None:
        templates = folder / ".camunda" / "element-templates" / "deep"
        templates.mkdir(parents=True)
        (templates / "a.json").write_text("[]")
        (folder / ".gitignore").write_text("x\n")
        for name in (".gitignore", ".camunda/element-templates/deep/a.json"):
            assert NAME in refusal(folder, written_by(command, name, "models", "others"), name)

    def test_file_that_a_pattern_includes(self, folder: Path, command: str) -> None:
        output = "models/out.xml"
        arguments = [*written_by(command, output, "models", "others"), "--include", "*.xml"]
        assert INCLUDED in refusal(folder, arguments, output)
        # The run would not read these.
        (folder / "models" / ".gitignore").write_text("ignored.xml\n")
        if command != "diff":
            (folder / ".git").mkdir()
        for options in (
            ["models/out.xml", "--exclude", "out.xml"],
            ["out.xml"],
            ["models/.hidden/out.xml"],
            *([] if command == "diff" else [["models/ignored.xml"]]),
        ):
            (folder / options[0]).parent.mkdir(exist_ok=True)
            arguments = [*written_by(command, options[0], "models", "others"), "--include", "*.xml"]
            assert run(*arguments, *options[1:], cwd=folder).returncode in (0, 1)
            assert (folder / options[0]).exists()
            (folder / options[0]).unlink()

    def test_devices(self, folder: Path, command: str) -> None:
        expected = run(*written_by(command, "-", "models", "others"), cwd=folder)
        os.mkfifo(folder / "pipe.bpmn")
        reader = os.open(folder / "pipe.bpmn", os.O_RDONLY | os.O_NONBLOCK)
        for path in (os.devnull, "pipe.bpmn"):
            result = run(*written_by(command, path, "models", "others"), cwd=folder)
            assert (result.returncode, result.stdout) == (expected.returncode, b"")
        assert os.read(reader, 65536) == expected.stdout
        os.close(reader)

    def test_other_file_is_replaced(self, folder: Path, command: str) -> None:
        (folder / "out.csv").write_text("earlier")
        result = run(*written_by(command, "out.csv", "models", "others"), cwd=folder)
        assert result.returncode in (0, 1)
        assert b"earlier" not in (folder / "out.csv").read_bytes()


@pytest.mark.parametrize("extension", [*EXTENSIONS, ".BPMN", ".Form"])
@pytest.mark.parametrize("exists", [True, False])
def test_every_extension_of_a_diagram(folder: Path, extension: str, exists: bool) -> None:
    if exists:
        (folder / f"x{extension}").write_bytes(DIAGRAM)
    arguments = ["scan", "-o", f"x{extension}", "models"]
    assert NAME in refusal(folder, arguments, f"x{extension}")


@pytest.mark.parametrize("arguments", [["-"], ["--files-from", "-"]])
def test_file_that_is_standard_input(folder: Path, arguments: list[str]) -> None:
    path = folder / "input.txt"
    path.write_bytes(DIAGRAM)
    with path.open("rb") as file:
        command = [sys.executable, "-m", "metrics", "scan", "-o", "input.txt", *arguments]
        result = subprocess.run(command, stdin=file, capture_output=True, cwd=folder, check=False)
    assert result.returncode == 2
    assert b"Error: --output would overwrite input.txt, which is an input." in result.stderr
    assert path.read_bytes() == DIAGRAM


def test_file_that_is_not_complete_is_no_diagram(folder: Path) -> None:
    (folder / "models" / ".metrics-1-0").write_bytes(b"[")
    result = run("scan", "--no-ignore", "--include", "*", "models", cwd=folder)
    assert result.returncode == 0
    assert result.stdout.count(b"\n") == 1


def test_list_of_paths(folder: Path) -> None:
    (folder / "list").write_text("data\n")
    (folder / "data").write_bytes(DIAGRAM)
    for output in ("list", "data"):
        arguments = ["scan", "--files-from", "list", "-o", output]
        assert f"would overwrite {output}, which is an input." in refusal(folder, arguments, output)


class TestCheck:
    """A check can have several outputs, and a baseline that it reads or writes."""

    def test_baseline_that_is_read(self, folder: Path) -> None:
        shutil.copy(os.devnull, folder / "baseline")
        arguments = [*written_by("check", "baseline", "models"), "--baseline", "baseline"]
        assert "would overwrite baseline" in refusal(folder, arguments, "baseline")

    def test_baseline_that_is_written(self, folder: Path) -> None:
        arguments = ["check", "--limit", NONE, "--write-baseline", "--baseline"]
        assert run(*arguments, "baseline", "models", cwd=folder).returncode == 0
        assert run(*arguments, "baseline", "models", cwd=folder).returncode == 0
        assert NAME in refusal(folder, [*arguments, "b.bpmn", "models"], "b.bpmn")
        (folder / "data").write_bytes(DIAGRAM)
        reason = refusal(folder, [*arguments, "data", "data"], "data")
        assert reason == "--write-baseline would overwrite data, which is an input."
        arguments = [*arguments, "baseline", "-f", "csv:baseline", "models"]
        assert "Two outputs" in refusal(folder, arguments, "baseline")

    def test_two_outputs(self, folder: Path) -> None:
        (folder / "link").symlink_to("out")
        for second in ("out", "./out", "link"):
            arguments = [*written_by("check", "out", "models"), "-f", f"json:{second}"]
            reason = refusal(folder, arguments, "out")
            assert reason == "Two outputs would be written to the same file."
        arguments = [*written_by("check", "/dev/null", "models"), "-f", "json:/dev/null"]
        assert run(*arguments, cwd=folder).returncode == 0


class TestRevisions:
    """The files of a repository."""

    @pytest.fixture
    def repository(self, tmp_path: Path) -> Repository:
        repository = Repository(tmp_path / "repository")
        repository.commit({"a.bpmn": DIAGRAM, "data.xml": DIAGRAM, "models/b.xml": DIAGRAM})
        repository.commit({"a.bpmn": OTHER, "data.xml": OTHER, "models/b.xml": OTHER})
        return repository

    @pytest.mark.parametrize("revisions", [["HEAD~1"], ["HEAD~1", "HEAD"], ["HEAD~1..HEAD"]])
    def test_tracked_diagram(self, repository: Repository, revisions: list[str]) -> None:
        for output, more in (
            ("a.bpmn", []),
            ("data.xml", ["--", "data.xml"]),
            ("data.xml", ["--include", "*.xml"]),
            ("models/b.xml", ["--include", "*.xml", "--", "models"]),
        ):
            arguments = ["diff", "-f", "json", "-o", output, *revisions, *more]
            refusal(repository.folder, arguments, output)

    def test_above_the_current_folder(self, repository: Repository) -> None:
        repository.write({"metrics.toml": b'include = ["*.xml"]'})
        arguments = ["diff", "-o", "../data.xml", "HEAD~1"]
        assert INCLUDED in refusal(repository.folder / "models", arguments, "../data.xml")

    def test_other_file(self, repository: Repository) -> None:
        for _ in range(2):
            assert run("diff", "-o", "out.md", "HEAD~1", cwd=repository.folder).returncode == 0
