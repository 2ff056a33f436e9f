"""Diagrams, as the Modeler reads them."""

from __future__ import annotations

import pytest
from support.diagrams import BPMN, ZEEBE, definitions, process
from support.reports import warnings_of

from metrics import explain, scan


def test_plane_without_an_element() -> None:
    plane = (
        "<bpmndi:BPMNDiagram><bpmndi:BPMNPlane><bpmndi:BPMNShape/></bpmndi:BPMNPlane>"
        "</bpmndi:BPMNDiagram>"
    )
    source = definitions(f'<bpmn:process id="P"><bpmn:subProcess/></bpmn:process>{plane}')
    assert scan(source).payload()["diagramMetrics"]["subprocessPlanes"]["count"] == 0


class TestOwnAttributes:
    """The Modeler reads `bpmn:id` on a BPMN element as `id`."""

    def test_duplicate_ids(self) -> None:
        source = process('<bpmn:userTask bpmn:id="A"/>\n<bpmn:userTask bpmn:id="A"/>')
        assert scan(source).payload()["diagramMetrics"]["tasks"]["userTask"]["count"] == 1
        assert warnings_of(source) == [(4, "<userTask> skipped with its content: duplicate id 'A'")]

    @pytest.mark.parametrize("ids", ["id bpmn:id", "bpmn:id id"])
    def test_duplicate_of_the_other_spelling(self, ids: str) -> None:
        first, second = ids.split()
        source = process(f'<bpmn:userTask {first}="A"/><bpmn:userTask {second}="A"/>')
        assert scan(source).payload()["diagramMetrics"]["tasks"]["userTask"]["count"] == 1

    def test_last_of_both_counts(self) -> None:
        source = process(
            '<bpmn:userTask id="A" bpmn:id="B"/><bpmn:userTask bpmn:id="C" id="A"/>'
            '<bpmn:userTask id="B"/>'
        )
        assert scan(source).payload()["diagramMetrics"]["tasks"]["userTask"]["count"] == 2

    def test_ids_in_other_namespaces(self) -> None:
        source = process('<bpmn:userTask camunda:id="A"/><bpmn:userTask camunda:id="A"/>')
        assert scan(source).payload()["diagramMetrics"]["tasks"]["userTask"]["count"] == 2
        assert warnings_of(source) == []

    @pytest.mark.parametrize(
        ("id", "reference"),
        [
            ("bpmn:id", "bpmndi:bpmnElement"),
            ("bpmn:id", "bpmnElement"),
            ("id", "bpmndi:bpmnElement"),
        ],
    )
    def test_planes(self, id: str, reference: str) -> None:
        source = definitions(
            f'<bpmn:process><bpmn:subProcess {id}="S"/></bpmn:process>'
            f'<bpmndi:BPMNDiagram><bpmndi:BPMNPlane {reference}="S"><bpmndi:BPMNShape/>'
            "</bpmndi:BPMNPlane></bpmndi:BPMNDiagram>"
        )
        planes = scan(source).payload()["diagramMetrics"]["subprocessPlanes"]
        assert planes == {"count": 1, "nesting": 1}

    def test_messages_of_templates(self) -> None:
        source = definitions(
            f'<bpmn:process><bpmn:receiveTask zeebe:modelerTemplate="t" bpmn:messageRef="M"'
            f' xmlns:zeebe="{ZEEBE}"/></bpmn:process><bpmn:message bpmn:id="M" bpmn:name="m"/>',
            namespaces=f'xmlns:bpmn="{BPMN}" xmlns:zeebe="{ZEEBE}"',
        )
        (template,) = scan(source).payload()["elementTemplates"]
        assert template["properties"] == {"bpmn:Message#property": 1}

    def test_explanations(self) -> None:
        number, *_ = explain(process('<bpmn:userTask bpmn:id="A" bpmn:name="n"/>')).numbers
        (item,) = number.items
        assert item.element is not None
        assert (item.element.id, item.element.name) == ("A", "n")

    def test_time_is_linear(self) -> None:
        # A list of all attributes for each of them would take minutes.
        names = "".join(
            f' xmlns:c{number}="u{number}" c{number}:id="b"' for number in range(20_000)
        )
        assert scan(process(f"<bpmn:task{names}/>")).error is None
