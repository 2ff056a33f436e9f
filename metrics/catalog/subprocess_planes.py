"""Sub-process planes: the diagrams that show a sub-process on a page of its own.

`<bpmndi:BPMNDiagram><bpmndi:BPMNPlane bpmnElement="A sub-process's id"><bpmndi:BPMNShape …/>` in a
file whose sub-process stands in a process gives `{"count": 1, "nesting": 1}`.

A plane that shows nothing does not count. `nesting` is the number of steps from a sub-process with
a plane up to its process, the largest where there are several.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lxml import etree

from metrics.bpmn import BPMN_DIAGRAM, BPMN_PLANE, PLANE_ELEMENTS, PROCESS, SUB_PROCESSES
from metrics.metric import Finding, Metric, block_of, counting, described
from metrics.namespaces import BPMNDI

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from lxml.etree import _Element as Element

    from metrics.bpmn import Diagram, Engine


# The elements that planes are for: in most diagrams the process alone.
_shown: Final = etree.XPath(
    "/*/di:BPMNDiagram/di:BPMNPlane/@bpmnElement",
    namespaces={"di": BPMNDI},
    smart_strings=False,
    regexp=False,
)


@dataclass(frozen=True)
class SubprocessPlanes:
    """The sub-process planes of a BPMN diagram."""

    count: int = described("Planes that are not empty and belong to a sub-process")
    nesting: int = described(
        "The largest number of steps from such a sub-process up to its process",
        documented_key="nesting:",
        total=max,
    )


def find(diagram: Diagram) -> Sequence[Finding]:
    """Each plane for `count`; for `nesting` each element on the longest way up to a process."""
    sub_processes = {
        id: element
        for tag in SUB_PROCESSES
        for element in diagram.elements(tag)
        if (id := element.get("id"))
    }
    if sub_processes.keys().isdisjoint(_shown(diagram.root)):
        return ()
    findings = []
    longest: tuple[Element, ...] = ()
    for plane in _planes(diagram.root):
        sub_process = sub_processes.get(plane.get("bpmnElement", ""))
        if sub_process is not None and diagram.root_element(sub_process) is not None:
            findings.append(Finding(("count",), plane))
            longest = max(longest, _way_up(sub_process), key=len)
    return [*findings, *(Finding(("nesting",), element) for element in longest)]


@counting
def count(counts: Mapping[str, int], engine: Engine) -> SubprocessPlanes:
    """How many findings each key has."""
    return block_of(SubprocessPlanes, counts)


def _planes(root: Element) -> Iterator[Element]:
    for diagram in root.iterchildren(BPMN_DIAGRAM):
        # Of several planes in a diagram the Modeler keeps the last.
        planes = list(diagram.iterchildren(BPMN_PLANE))
        if planes and next(planes[-1].iterchildren(*PLANE_ELEMENTS), None) is not None:
            yield planes[-1]


def _way_up(sub_process: Element) -> tuple[Element, ...]:
    way = [sub_process]
    for container in sub_process.iterancestors():
        if container.tag == PROCESS:
            break
        way.append(container)
    return tuple(way)


METRIC: Final = Metric(
    name="subprocess_planes",
    block=SubprocessPlanes,
    key="diagramMetrics.subprocessPlanes",
    fragment="diagramMetrics",
    position=60,
    find=find,
    count=count,
    tags=SUB_PROCESSES,
)
