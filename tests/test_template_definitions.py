"""The definitions of element templates: which files are read, and up to which size."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from metrics.bpmn.diagram import Engine
from metrics.template_definitions import MAX_DEFINITION_BYTES, TemplateDefinitions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DEFINITION = b'{"appliesTo": ["bpmn:Task"], "properties": []}'


@pytest.fixture
def definition(tmp_path: Path) -> Path:
    """The path of the only definition that is offered for a diagram."""
    folder = tmp_path / ".camunda" / "element-templates"
    folder.mkdir(parents=True)
    return folder / "a.json"


def warnings_about(definition: Path) -> list[str]:
    """The reasons for which no definition is offered; none if one is."""
    diagram = definition.parents[2] / "a.bpmn"
    offered = TemplateDefinitions().offered(str(diagram), Engine.CAMUNDA_7)
    (templates,) = offered.blocks.values()
    assert templates.element_template_count + len(offered.warnings) == 1
    return [warning.message.partition("skipped: ")[2] for warning in offered.warnings]


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
def test_pipe_and_device(definition: Path, make: Callable[[Path], object]) -> None:
    make(definition)
    assert warnings_about(definition) == ["it is not a file"]


def test_size(definition: Path) -> None:
    content = DEFINITION.ljust(MAX_DEFINITION_BYTES)
    definition.write_bytes(content)
    assert warnings_about(definition) == []
    definition.write_bytes(content + b" ")
    assert warnings_about(definition) == [f"larger than {MAX_DEFINITION_BYTES:,} bytes"]
