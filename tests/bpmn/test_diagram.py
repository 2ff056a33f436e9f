"""Diagrams, as the Modeler reads them."""

from __future__ import annotations

from support.diagrams import definitions

from metrics import scan


def test_plane_without_an_element() -> None:
    plane = (
        "<bpmndi:BPMNDiagram><bpmndi:BPMNPlane><bpmndi:BPMNShape/></bpmndi:BPMNPlane>"
        "</bpmndi:BPMNDiagram>"
    )
    source = definitions(f'<bpmn:process id="P"><bpmn:subProcess/></bpmn:process>{plane}')
    assert scan(source).payload()["diagramMetrics"]["subprocessPlanes"]["count"] == 0
