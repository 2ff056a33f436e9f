"""The extensions in the namespaces of Camunda 7 and its relatives, wherever these are declared."""

from __future__ import annotations

import pytest
from support.diagrams import process

from metrics import scan

FLOWABLE = "http://flowable.org/bpmn"
DECLARED = f'xmlns:f="{FLOWABLE}" f:assignee="kermit"'


def flowable_extensions(source: bytes) -> int:
    """The number of extensions in Flowable's namespace."""
    payload = scan(source, fragments=["portability"]).payload()
    number: int = payload["portability"]["namespaces"]["flowable"]
    return number


@pytest.mark.parametrize(
    "before",
    ['name="xmlns="', 'name="xmlns = "', "name='xmlns'", "name='xmlns=\"'", 'name="xmlns:f"', ""],
)
def test_text_before_a_declaration(before: str) -> None:
    assert flowable_extensions(process(f'<bpmn:userTask id="u" {before} {DECLARED}/>')) == 1


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16"])
def test_declared_in_a_shape(encoding: str) -> None:
    text = f"""<?xml version="1.0" encoding="{encoding}"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
             xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI">
  <bpmndi:BPMNPlane>
    <bpmndi:BPMNShape>
      <extensionElements><f:field xmlns:f="{FLOWABLE}"/></extensionElements>
    </bpmndi:BPMNShape>
  </bpmndi:BPMNPlane>
</definitions>"""
    assert flowable_extensions(text.encode(encoding)) == 1
