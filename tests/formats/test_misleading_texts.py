"""Characters that mislead a reader, in names and in diagrams, in all formats of all commands."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from support.checking import NONE
from support.command import run
from support.diagrams import MODELER, NAMESPACES, process

from metrics.formats.text import MISLEADING_LINES
from metrics.formats.text.csv import csv_rows

if TYPE_CHECKING:
    from pathlib import Path

# One character of each kind: direction, zero width, tag, selector, line end.
CHARACTERS = "\u202e\u200b\u200d\ufeff\xad\U000e0041\ufe0f\u2028"
NAME = f"a{CHARACTERS}b"
ESCAPED = r"\u202e\u200b\u200d\ufeff\xad\U000e0041\ufe0f\u2028"

PRINTED = {
    "scan": ("csv", "table"),
    "explain": ("tree", "text"),
    "summary": ("table", "markdown", "html"),
    "check": ("text", "csv", "sarif", "junit", "github"),
    "diff": ("table", "csv", "markdown"),
}
KEPT = {"scan": ("json", "ndjson"), "explain": ("json", "ndjson"), "check": ("json",)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two states of diagrams with these characters in names and texts."""
    namespaces = (
        f'{NAMESPACES} xmlns:modeler="{MODELER}" modeler:executionPlatform="{NAME}"'
        f' modeler:executionPlatformVersion="{NAME}"'
    )
    task = f'<bpmn:userTask id="T" name="{NAME}" camunda:formKey="embedded:f"/>'
    variable = (
        "<bpmn:task><bpmn:extensionElements><camunda:inputOutput>"
        f'<camunda:outputParameter name="{NAME}"/>'
        "</camunda:inputOutput></bpmn:extensionElements></bpmn:task>"
    )
    for state, content in (("old", ""), ("new", task + variable)):
        inner = tmp_path / state / NAME
        inner.mkdir(parents=True)
        (inner / f"{NAME}.bpmn").write_bytes(process(content, namespaces=namespaces))
        (inner / f"copy {NAME}.bpmn").write_bytes(process(content, namespaces=namespaces))
        (inner / f"{NAME}.form").write_bytes(f'{{"executionPlatform": "{NAME}"'.encode())
        (inner / f"{NAME}.dmn").write_bytes(f"<{NAME}/>".encode())
    return tmp_path


def printed(command: str, format_name: str, folder: Path) -> tuple[str, str]:
    """What a command prints on standard output, and on standard error."""
    paths = ["old", "new"] if command == "diff" else ["new"]
    limits = ["--limit", NONE] if command == "check" else []
    result = run(command, "-f", format_name, *limits, *paths, cwd=folder)
    assert result.returncode == 2
    return result.stdout.decode(), result.stderr.decode()


@pytest.mark.parametrize(
    ("command", "format_name"), [(name, each) for name, found in PRINTED.items() for each in found]
)
def test_formats_for_people(folder: Path, command: str, format_name: str) -> None:
    output, errors = printed(command, format_name, folder)
    assert not re.search(MISLEADING_LINES, output + errors)
    # Nothing is lost.
    shown = json.dumps(ESCAPED)[1:-1] if format_name in ("sarif", "html") else ESCAPED
    assert shown in output


@pytest.mark.parametrize("by", ["folder", "platform", "version"])
@pytest.mark.parametrize("format_name", ["csv", *PRINTED["summary"]])
def test_groups(folder: Path, format_name: str, by: str) -> None:
    result = run("summary", "-f", format_name, "--by", by, "new", cwd=folder)
    assert not re.search(MISLEADING_LINES, result.stdout.decode())


@pytest.mark.parametrize(
    ("command", "format_name"), [(name, each) for name, found in KEPT.items() for each in found]
)
def test_json_keeps_the_characters(folder: Path, command: str, format_name: str) -> None:
    output, errors = printed(command, format_name, folder)
    assert NAME in output
    assert not re.search(MISLEADING_LINES, errors)


def test_json_in_a_cell_has_the_escapes_of_json() -> None:
    (_, cell, _) = b"".join(csv_rows("a", [{"a": [CHARACTERS]}])).decode().split("\n")
    assert not re.search(MISLEADING_LINES, cell)
    assert json.loads(cell[1:-1].replace('""', '"')) == [CHARACTERS]
