"""Generates diagrams of a realistic shape, in any number and size.

    python benchmarks/generate.py COUNT FOLDER

They resemble the average of 4,196 public diagrams: nine flow nodes in 13 kB, of which a third is
drawing data; one flow node in eight is a user task, one in fifteen a service task.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

NAMESPACES = (
    'xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"'
    ' xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI"'
    ' xmlns:dc="http://www.omg.org/spec/DD/20100524/DC"'
    ' xmlns:di="http://www.omg.org/spec/DD/20100524/DI"'
    ' xmlns:camunda="http://camunda.org/schema/1.0/bpmn"'
    ' xmlns:modeler="http://camunda.org/schema/modeler/1.0"'
)
# Elements and their weights.
ELEMENTS = {
    'userTask id="{id}" name="Check the order" camunda:formKey="embedded:app:check.html"': 6,
    'userTask id="{id}" name="Approve the order" camunda:formRef="approve"': 2,
    'userTask id="{id}" name="Look at it" camunda:assignee="${{starter}}"': 5,
    'serviceTask id="{id}" name="Book the order" camunda:class="org.example.Book"': 3,
    'serviceTask id="{id}" name="Send the bill" camunda:type="external" camunda:topic="bill"': 4,
    'exclusiveGateway id="{id}" name="In stock?"': 14,
    'parallelGateway id="{id}"': 6,
    'scriptTask id="{id}" name="Sum up" camunda:resultVariable="total"': 1,
    'task id="{id}" name="Pack the parcel"': 15,
    'intermediateCatchEvent id="{id}" name="Paid"': 8,
    'startEvent id="{id}"': 16,
    'endEvent id="{id}" name="Order handled"': 17,
}
DOCUMENTATION = (
    "The clerk compares what was ordered with what the customer may order by the contract, and"
    " notes what differs. Where the sum is above the limit that was agreed, the order goes to the"
    " head of the department, who decides within two working days. An order that nobody decides"
    " on is taken as refused, and the customer is told so in writing, with the reason. What is in"
    " stock is put aside at once, for three days; what is not is ordered from the supplier with the"
    " shortest time of delivery, unless the contract names another. See the handbook, chapter 4."
)
DOCUMENTED = f"\n      <bpmn:documentation>{DOCUMENTATION}</bpmn:documentation>"
INPUT_OUTPUT = (
    "<bpmn:extensionElements><camunda:inputOutput>"
    '<camunda:inputParameter name="amount">${amount}</camunda:inputParameter>'
    '<camunda:outputParameter name="result">${result}</camunda:outputParameter>'
    "</camunda:inputOutput></bpmn:extensionElements>"
)


def diagram(seed: int, elements: int) -> str:
    """A diagram with this number of flow nodes; equal seeds return equal diagrams."""
    chance = random.Random(seed)
    nodes, drawings, depth = [], [], 0
    for number in range(elements):
        id = f"Activity_{seed:x}_{number}"
        if chance.random() < 0.05:
            nodes.append(f'<bpmn:subProcess id="{id}" name="Handle a part">')
            depth += 1
        else:
            inner = (
                (DOCUMENTED if chance.random() < 0.8 else "")
                + (INPUT_OUTPUT if chance.random() < 0.02 else "")
                + f"\n      <bpmn:incoming>Flow_{seed:x}_{number - 1}</bpmn:incoming>"
                + f"\n      <bpmn:outgoing>Flow_{seed:x}_{number}</bpmn:outgoing>\n    "
            )
            (tag,) = chance.choices(list(ELEMENTS), list(ELEMENTS.values()))
            name = tag.partition(" ")[0]
            nodes.append(f"<bpmn:{tag.format(id=id)}>{inner}</bpmn:{name}>")
            if depth and chance.random() < 0.2:
                nodes.append("</bpmn:subProcess>")
                depth -= 1
        flow = f"Flow_{seed:x}_{number}"
        name = ' name="yes, as agreed"' if chance.random() < 0.2 else ""
        nodes.append(f'<bpmn:sequenceFlow id="{flow}"{name} sourceRef="{id}" targetRef="{id}" />')
        points = "".join(
            f'\n        <di:waypoint x="{number * 150 + 100 + step * 25}" y="{120 + step * 10}" />'
            for step in range(chance.randint(2, 4))
        )
        drawings.append(
            f'<bpmndi:BPMNShape id="{id}_di" bpmnElement="{id}">\n        '
            f'<dc:Bounds x="{number * 150}" y="80" width="100" height="80" />\n        '
            f'<bpmndi:BPMNLabel>\n          <dc:Bounds x="{number * 150}" y="160" width="90" '
            'height="14" />\n        </bpmndi:BPMNLabel>\n      </bpmndi:BPMNShape>\n      '
            f'<bpmndi:BPMNEdge id="{flow}_di" bpmnElement="{flow}">{points}\n'
            "      </bpmndi:BPMNEdge>"
        )
    nodes.append("</bpmn:subProcess>" * depth)
    content, drawing = "\n    ".join(nodes), "\n      ".join(drawings)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<bpmn:definitions {NAMESPACES} id="Definitions_{seed:x}"'
        ' modeler:executionPlatform="Camunda Platform" modeler:executionPlatformVersion="7.21.0">\n'
        f'  <bpmn:process id="Process_{seed:x}" isExecutable="true">\n    {content}\n'
        '  </bpmn:process>\n  <bpmndi:BPMNDiagram id="Drawing">\n'
        f'    <bpmndi:BPMNPlane id="Plane" bpmnElement="Process_{seed:x}">\n      {drawing}\n'
        "    </bpmndi:BPMNPlane>\n  </bpmndi:BPMNDiagram>\n</bpmn:definitions>\n"
    )


def sizes(count: int, seed: int = 1) -> list[int]:
    """The numbers of flow nodes of some diagrams: most have few, some have many."""
    chance = random.Random(seed)
    return [max(2, min(400, round(chance.lognormvariate(1.9, 0.8)))) for _ in range(count)]


def write(count: int, folder: Path) -> None:
    """Write generated diagrams to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, elements in enumerate(sizes(count)):
        path = folder / f"{number:06}.bpmn"
        path.write_text(diagram(number, elements), encoding="utf-8")


if __name__ == "__main__":
    write(int(sys.argv[1]), Path(sys.argv[2]))
