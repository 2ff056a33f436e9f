"""Diagrams of a realistic shape, in any number and size.

    python benchmarks/generate.py COUNT FOLDER

About half of a diagram is drawing data, as in files that people draw.
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
ELEMENTS = (
    'userTask id="{id}" name="Check the order" camunda:formKey="embedded:app:check.html"',
    'userTask id="{id}" name="Approve the order" camunda:formRef="approve"',
    'serviceTask id="{id}" name="Book the order" camunda:class="org.example.Book"',
    'serviceTask id="{id}" name="Send the bill" camunda:type="external" camunda:topic="bill"',
    'exclusiveGateway id="{id}" name="In stock?"',
    'exclusiveGateway id="{id}"',
    'scriptTask id="{id}" name="Sum up" camunda:resultVariable="total"',
    'intermediateCatchEvent id="{id}" name="Paid"',
    'startEvent id="{id}"',
    'endEvent id="{id}" name="Order handled"',
)
INPUT_OUTPUT = (
    "<bpmn:extensionElements><camunda:inputOutput>"
    '<camunda:inputParameter name="amount">${amount}</camunda:inputParameter>'
    '<camunda:outputParameter name="result">${result}</camunda:outputParameter>'
    "</camunda:inputOutput></bpmn:extensionElements>"
)


def diagram(seed: int, elements: int) -> str:
    """A diagram with about that many flow nodes, the same for the same seed."""
    chance = random.Random(seed)
    nodes, drawings, depth = [], [], 0
    for number in range(elements):
        id = f"Activity_{seed:x}_{number}"
        if chance.random() < 0.05:
            nodes.append(f'<bpmn:subProcess id="{id}" name="Handle a part">')
            depth += 1
        else:
            extension = INPUT_OUTPUT if chance.random() < 0.15 else ""
            inner = f"{extension}<bpmn:incoming>Flow_{number}</bpmn:incoming>"
            tag = chance.choice(ELEMENTS)
            name = tag.partition(" ")[0]
            nodes.append(f"<bpmn:{tag.format(id=id)}>{inner}</bpmn:{name}>")
            if depth and chance.random() < 0.2:
                nodes.append("</bpmn:subProcess>")
                depth -= 1
        flow = f"Flow_{seed:x}_{number}"
        nodes.append(f'<bpmn:sequenceFlow id="{flow}" sourceRef="{id}" targetRef="{id}" />')
        drawings.append(
            f'<bpmndi:BPMNShape id="{id}_di" bpmnElement="{id}">'
            f'<dc:Bounds x="{number * 150}" y="80" width="100" height="80" />'
            f'</bpmndi:BPMNShape><bpmndi:BPMNEdge id="{flow}_di" bpmnElement="{flow}">'
            f'<di:waypoint x="{number * 150 + 100}" y="120" />'
            f'<di:waypoint x="{number * 150 + 150}" y="120" /></bpmndi:BPMNEdge>'
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
    """How many flow nodes each of some diagrams has: most have few, some have many."""
    chance = random.Random(seed)
    return [max(2, min(400, round(chance.lognormvariate(2.6, 0.8)))) for _ in range(count)]


def main() -> None:
    """Write diagrams into a folder."""
    count, folder = int(sys.argv[1]), Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    for number, elements in enumerate(sizes(count)):
        path = folder / f"{number:06}.bpmn"
        path.write_text(diagram(number, elements), encoding="utf-8")


if __name__ == "__main__":
    main()
