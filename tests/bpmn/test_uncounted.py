"""Warnings about attributes and elements of engines that the payload does not count."""

from __future__ import annotations

import pytest
from support.diagrams import BPMN, CAMUNDA, MODELER, ZEEBE, process
from support.reports import TASK, warnings_of

from metrics import explain, scan

NAMESPACES = {
    "activiti": "http://activiti.org/bpmn",
    "flowable": "http://flowable.org/bpmn",
    "operaton": "http://operaton.org/schema/1.0/bpmn",
    "drools": "http://www.jboss.org/drools",
    "apex": "https://flowsforapex.org",
    "spiffworkflow": "http://spiffworkflow.org/bpmn/schema/1.0/core",
}
CAMUNDA_8 = f'xmlns:m="{MODELER}" m:executionPlatform="Camunda Cloud"'


def diagram(content: str, **namespaces: str) -> bytes:
    """A diagram whose root declares namespaces."""
    declared = " ".join(f'xmlns:{prefix}="{name}"' for prefix, name in namespaces.items())
    return process(content, namespaces=f'xmlns:bpmn="{BPMN}" {declared}')


@pytest.mark.parametrize(("prefix", "namespace"), NAMESPACES.items())
class TestEngines:
    def test_attributes_and_elements(self, prefix: str, namespace: str) -> None:
        content = (
            f'<bpmn:userTask id="U" {prefix}:a="1" {prefix}:b="2"><bpmn:extensionElements>'
            f'<{prefix}:form id="x"/></bpmn:extensionElements></bpmn:userTask>'
            f'<bpmn:serviceTask {prefix}:a="1"/>'
        )
        source = diagram(content, **{prefix: namespace})
        assert warnings_of(source) == [(None, f"{prefix}: 3 attributes and 1 element not counted")]
        tasks = scan(source).payload()["diagramMetrics"]["tasks"]
        assert tasks["userTask"]["count"] == tasks["serviceTask"]["count"] == 1
        assert tasks["serviceTask"]["implementation"]["count"] == 0

    def test_other_prefix(self, prefix: str, namespace: str) -> None:
        source = diagram('<bpmn:task x:a="1"/>', x=namespace)
        assert warnings_of(source) == [(None, f"{prefix}: 1 attribute not counted")]

    def test_declared_and_not_used(self, prefix: str, namespace: str) -> None:
        assert warnings_of(diagram(TASK, camunda=CAMUNDA, **{prefix: namespace})) == []

    def test_declared_where_it_is_used(self, prefix: str, namespace: str) -> None:
        content = (
            f'<bpmn:extensionElements><a xmlns="{namespace}"><b/></a></bpmn:extensionElements>'
        )
        assert warnings_of(diagram(content)) == [(None, f"{prefix}: 2 elements not counted")]

    def test_in_utf_16(self, prefix: str, namespace: str) -> None:
        source = diagram(f'<bpmn:task {prefix}:a="1"/>', **{prefix: namespace})
        assert warnings_of(source.decode().encode("utf-16")) == [
            (None, f"{prefix}: 1 attribute not counted")
        ]


def test_one_warning_for_each_namespace() -> None:
    source = diagram('<bpmn:task activiti:a="1" flowable:a="1"/>', **NAMESPACES)
    assert warnings_of(source) == [
        (None, "activiti: 1 attribute not counted"),
        (None, "flowable: 1 attribute not counted"),
    ]


def test_explanation_has_the_warnings() -> None:
    source = diagram('<bpmn:task activiti:a="1"/>', **NAMESPACES)
    messages = [warning.message for warning in explain(source).report.warnings]
    assert messages == ["activiti: 1 attribute not counted"]


def test_zeebe_in_a_camunda_7_diagram() -> None:
    properties = "<z:properties><z:property/></z:properties>"
    content = f"<bpmn:extensionElements>{properties}</bpmn:extensionElements>"
    platform = f'xmlns:m="{MODELER}" m:executionPlatform="Camunda Platform" xmlns:z="{ZEEBE}"'
    source = process(content, namespaces=f'xmlns:bpmn="{BPMN}" {platform}')
    assert warnings_of(source) == [(None, "zeebe: 2 elements not counted")]


def test_camunda_in_a_camunda_8_diagram() -> None:
    source = process(TASK, namespaces=f'xmlns:bpmn="{BPMN}" xmlns:camunda="{CAMUNDA}" {CAMUNDA_8}')
    assert warnings_of(source) == [(None, "camunda: 1 attribute not counted")]


@pytest.mark.parametrize(
    ("engine", "prefix"), [("", f'xmlns:c="{CAMUNDA}"'), (CAMUNDA_8, f'xmlns:c="{ZEEBE}"')]
)
def test_own_namespace_is_counted(engine: str, prefix: str) -> None:
    source = process('<bpmn:task c:x="1"/>', namespaces=f'xmlns:bpmn="{BPMN}" {prefix} {engine}')
    assert warnings_of(source) == []


@pytest.mark.parametrize(
    "namespace",
    [
        "http://www.signavio.com",
        "http://bpmn.io/schema/bpmn/biocolor/1.0",
        "http://www.omg.org/spec/BPMN/non-normative/color/1.0",
        "urn:example",
    ],
)
def test_namespaces_of_editors(namespace: str) -> None:
    assert warnings_of(diagram('<bpmn:task e:a="1"><e:b/></bpmn:task>', e=namespace)) == []
