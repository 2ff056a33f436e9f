"""Small diagrams, written as text."""

from __future__ import annotations

from pathlib import Path

FIXTURES = Path(__file__).parent.parent / "fixtures"

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
BPMNDI = "http://www.omg.org/spec/BPMN/20100524/DI"
CAMUNDA = "http://camunda.org/schema/1.0/bpmn"
ZEEBE = "http://camunda.org/schema/zeebe/1.0"
MODELER = "http://camunda.org/schema/modeler/1.0"

NAMESPACES = f'xmlns:bpmn="{BPMN}" xmlns:bpmndi="{BPMNDI}" xmlns:camunda="{CAMUNDA}"'


def definitions(content: str, *, namespaces: str = NAMESPACES) -> bytes:
    """A BPMN file with a content of the root."""
    return f"<bpmn:definitions {namespaces}>\n{content}\n</bpmn:definitions>\n".encode()


def process(content: str, *, namespaces: str = NAMESPACES) -> bytes:
    """A BPMN file with one process."""
    return definitions(
        f'<bpmn:process id="Process">\n{content}\n</bpmn:process>', namespaces=namespaces
    )


def copy_fixtures(folder: Path) -> None:
    """Put all fixtures into a folder, each below the name of its metric."""
    for path in sorted(FIXTURES.glob("*/*.*")):
        if path.suffix in {".bpmn", ".dmn", ".form"}:
            (folder / path.parent.name).mkdir(exist_ok=True)
            (folder / path.parent.name / path.name).write_bytes(path.read_bytes())
