"""The option `--csv-raw` of all commands that print CSV."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest
from support.checking import NONE
from support.command import run
from support.diagrams import MODELER, NAMESPACES, process

if TYPE_CHECKING:
    from pathlib import Path

TEXT = '=HYPERLINK("http://example.org")'
COMMANDS = {
    "scan": ["new"],
    "summary": ["--by", "platform", "new"],
    "check": ["--limit", NONE, "--limit", "executionPlatform == Camunda Cloud", "new"],
    "diff": ["old", "new"],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two states of a diagram whose name and platform are formulas."""
    attribute = TEXT.replace('"', "&quot;")
    for state, platform in (("old", "Camunda Cloud"), ("new", attribute)):
        namespaces = (
            f'{NAMESPACES} xmlns:modeler="{MODELER}" modeler:executionPlatform="{platform}"'
        )
        (tmp_path / state).mkdir()
        (tmp_path / state / "=a.bpmn").write_bytes(process("", namespaces=namespaces))
    return tmp_path


def cells(folder: Path, command: str, *arguments: str) -> list[str]:
    """The cells of the CSV that a command prints."""
    result = run(command, "-f", "csv", *arguments, *COMMANDS[command], cwd=folder)
    assert result.returncode == (1 if command == "check" else 0)
    return [cell for row in csv.reader(io.StringIO(result.stdout.decode())) for cell in row]


@pytest.mark.parametrize("command", COMMANDS)
def test_formulas(folder: Path, command: str) -> None:
    printed, raw = cells(folder, command), cells(folder, command, "--csv-raw")
    assert f"'{TEXT}" in printed
    assert not [cell for cell in printed if cell.startswith("=") and cell != "=="]
    assert TEXT in raw
    assert not [cell for cell in raw if cell.startswith("'")]


def test_names_of_files_are_texts(folder: Path) -> None:
    result = run("scan", "-f", "csv", "=a.bpmn", cwd=folder / "new")
    assert b"\n'=a.bpmn," in result.stdout
    result = run("scan", "-f", "csv", "--csv-raw", "=a.bpmn", cwd=folder / "new")
    assert b"\n=a.bpmn," in result.stdout


def test_standard_input_and_numbers_keep_their_minus(tmp_path: Path) -> None:
    form = b'{"executionPlatform": "P", "executionPlatformVersion": -1}'
    result = run("scan", "-f", "csv", "--stdin-filename", "-", "-", cwd=tmp_path, stdin=form)
    assert result.stdout.splitlines()[1].startswith(b"-,")
    form = b'{"executionPlatform": "P", "executionPlatformVersion": -1}'
    (tmp_path / "a.form").write_bytes(form)
    assert b",P,-1," in run("scan", "-f", "csv", "a.form", cwd=tmp_path).stdout
    (tmp_path / "a.form").write_bytes(form.replace(b"-1", b'"-1"'))
    assert b",P,'-1," in run("scan", "-f", "csv", "a.form", cwd=tmp_path).stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_other_formats_have_no_raw_texts(folder: Path, command: str) -> None:
    result = run(command, "-f", "json", "--csv-raw", *COMMANDS[command], cwd=folder)
    assert (result.returncode, result.stdout) == (2, b"")
    assert b"Error: --csv-raw needs --format csv.\n" in result.stderr


def test_one_of_several_formats_of_a_check(folder: Path) -> None:
    arguments = ["-f", "json", "-f", "csv:a.csv", "--csv-raw", *COMMANDS["check"]]
    assert run("check", *arguments, cwd=folder).returncode == 1
    assert '""http://example.org""' in (folder / "a.csv").read_text()
    assert ",'" not in (folder / "a.csv").read_text()
