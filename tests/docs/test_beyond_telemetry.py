"""The page "Beyond the telemetry page": its commands print what it shows."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest
from support.command import METRICS
from support.repositories import Repository

ROOT = Path(__file__).parents[2]
PATH = os.pathsep.join((str(METRICS.parent), os.environ["PATH"]))


class Block(NamedTuple):
    """A block of code in the page."""

    language: str
    code: str


PAGE = [
    Block(*found)
    for found in re.findall(
        r"^```(\w+)\n(.*?)^```$",
        (ROOT / "docs" / "beyond-telemetry.md").read_text(encoding="utf-8"),
        re.MULTILINE | re.DOTALL,
    )
]
DIFF = "metrics diff main HEAD\n"
SHOWN = [
    pytest.param(command.code, output.code, id=command.code.partition(" examples")[0])
    for command, output in pairwise(PAGE)
    if command.language == "sh" and output.language in ("text", "json")
]
NOT_SHOWN = [
    command.code
    for command, following in pairwise([*PAGE, Block("", "")])
    if command.language == "sh" and following.language not in ("text", "json")
]
CLAIM = "examples/portfolio/claim.bpmn"
LISTENER = '<camunda:taskListener class="org.example.claims.Notify" event="assignment" />'
DELEGATE = 'camunda:delegateExpression="${payClaim}"'


def printed(command: str, folder: Path, *, status: int = 0) -> str:
    """What a command of the page prints on a terminal with 80 columns."""
    result = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=folder,
        env=os.environ | {"PATH": PATH, "COLUMNS": "80"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stderr) == (status, "")
    return result.stdout


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """A repository with the change that the page describes."""
    repository = Repository(tmp_path / "repository")
    before = (ROOT / CLAIM).read_text(encoding="utf-8")
    repository.commit({CLAIM: before.encode()})
    repository.git("checkout", "-q", "-b", "change")
    assert LISTENER in before
    assert DELEGATE in before
    start = before.index('<bpmn:serviceTask id="Pay"')
    end = before.index("</bpmn:serviceTask>", start) + len("</bpmn:serviceTask>")
    task = before[start:end].replace("bpmn:serviceTask", "bpmn:scriptTask")
    task = task.replace(DELEGATE, 'scriptFormat="groovy"')
    after = before[:start] + task + before[end:]
    after = after.replace(LISTENER, LISTENER + LISTENER.replace("assignment", "complete"))
    repository.commit({CLAIM: after.encode()})
    return repository.folder


@pytest.mark.parametrize(("command", "output"), SHOWN)
def test_page_shows_what_is_printed(
    command: str, output: str, request: pytest.FixtureRequest
) -> None:
    if "jq" in command and not shutil.which("jq", path=PATH):
        pytest.skip("needs jq")
    folder = request.getfixturevalue("changed") if command == DIFF else ROOT
    status = 1 if command.startswith("metrics check") else 0
    assert printed(command, folder, status=status) == output


@pytest.mark.parametrize("command", NOT_SHOWN)
def test_other_commands_print_something(command: str) -> None:
    for line in command.splitlines():
        assert len(printed(line, ROOT)) > 500


def test_limits_of_the_configuration(tmp_path: Path) -> None:
    (limits,) = (block.code for block in PAGE if block.language == "toml")
    (tmp_path / "metrics.toml").write_text(limits)
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    (output,) = (
        block.values[1] for block in SHOWN if "languages.groovy <=" in str(block.values[0])
    )
    assert printed("metrics check examples", tmp_path, status=1) == output


def test_examples_have_each_kind_of_diagram() -> None:
    names = {path.suffix for path in (ROOT / "examples" / "portfolio").iterdir()}
    assert names == {".bpmn", ".dmn", ".form"}
