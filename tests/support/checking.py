"""What the tests of `metrics check` have in common: diagrams beyond limits, and verdicts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from support.command import run
from support.diagrams import BPMNDI, MODELER, NAMESPACES, definitions, process

if TYPE_CHECKING:
    from pathlib import Path

EMBEDDED = "diagramMetrics.tasks.userTask.form.embedded"
USER_TASKS = "diagramMetrics.tasks.userTask.count"
NESTING = "diagramMetrics.subprocessPlanes.nesting"
VARIABLES = "diagramMetrics.processVariablesCount"
TEMPLATES = "elementTemplateCount"
VERSION = "executionPlatformVersion"
PLATFORM = "executionPlatform"
NONE = f"{EMBEDDED} <= 0"

# Whatever runs the tests may name a workspace of its own.
HERE = {"GITHUB_WORKSPACE": ""}


def embedded(count: int) -> bytes:
    """A diagram with some user tasks that have an embedded form, from its third line on."""
    return process(
        "\n".join(
            f'<bpmn:userTask id="T{number}" camunda:formKey="embedded:f"/>'
            for number in range(count)
        )
    )


def of_version(version: str | None) -> bytes:
    """A diagram for Camunda 7 that names a version, or none."""
    said = "" if version is None else f' modeler:executionPlatformVersion="{version}"'
    return process(
        "",
        namespaces=f'{NAMESPACES} xmlns:modeler="{MODELER}"'
        f' modeler:executionPlatform="Camunda Platform"{said}',
    )


def nested(depth: int) -> bytes:
    """A diagram whose deepest sub-process, of some in each other, has a plane."""
    begin = "".join(f'<bpmn:subProcess id="S{number}">\n' for number in range(depth))
    plane = f'<di:BPMNPlane bpmnElement="S{depth - 1}"><di:BPMNShape/></di:BPMNPlane>'
    return definitions(
        f'<bpmn:process id="P">\n{begin}{"</bpmn:subProcess>" * depth}\n</bpmn:process>\n'
        f"<di:BPMNDiagram>\n{plane}\n</di:BPMNDiagram>",
        namespaces=f'{NAMESPACES} xmlns:di="{BPMNDI}"',
    )


def write(folder: Path, contents: dict[str, bytes | str]) -> None:
    """Put files into a folder, by their paths."""
    for name, content in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def checked(*arguments: str | Path, **options: Any) -> dict[str, Any]:
    """What a check prints as JSON."""
    found: dict[str, Any] = json.loads(run("check", "-f", "json", *arguments, **options).stdout)
    return found


def broken(*arguments: str | Path, **options: Any) -> dict[str, Any]:
    """The values beyond their limits by the diagrams that have them, "total" for sums."""
    violations = checked(*arguments, **options)["violations"]
    return {one.get("file", "total"): one["value"] for one in violations}
