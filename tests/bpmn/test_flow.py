"""The flow of a diagram: which sequence flows are arcs, and which flow nodes are reached."""

from __future__ import annotations

from typing import Any

from support.diagrams import process

from metrics import scan


def elements(content: str) -> dict[str, Any]:
    """The fragment of a process with a content."""
    found: dict[str, Any] = scan(process(content), fragments=["elements"]).payload()["elements"]
    return found


def test_an_empty_id_is_none() -> None:
    found = elements('<bpmn:task id=""/><bpmn:sequenceFlow sourceRef="" targetRef=""/>')
    assert found["sequenceFlows"]["dangling"] == 1
    assert found["flowNodes"]["unreached"] == 0


def test_any_node_may_instantiate() -> None:
    found = elements('<bpmn:userTask id="A" instantiate="true"/><bpmn:userTask id="B"/>')
    assert found["flowNodes"]["unreached"] == 1
