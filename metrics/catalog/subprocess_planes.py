"""Sub-process planes: the pages of a diagram that show a sub-process.

`<bpmndi:BPMNDiagram><bpmndi:BPMNPlane bpmnElement="Id"><bpmndi:BPMNShape …/>`, where `Id` is the id
of a sub-process in a process, is printed as `{"count": 1, "nesting": 1}`.

An empty plane does not count. `nesting` is the largest number of steps from a sub-process with a
plane up to its process: 1 for a sub-process directly in a process. Sub-processes without a plane
do not add to it on their own, but they are steps on the way of one with a plane.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lxml import etree

from metrics.blocks import block_class, block_of, described
from metrics.bpmn.names import (
    BPMN_DIAGRAM,
    BPMN_PLANE,
    PLANE_ELEMENTS,
    PROCESS,
    SUB_PROCESSES,
    own_attribute,
)
from metrics.metric import Finding, Metric, by_keys, counting
from metrics.reading.namespaces import BPMNDI

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from lxml.etree import _Element as Element

    from metrics.bpmn.diagram import Diagram, Engine


# The elements that planes show: the process alone in most diagrams.
_shown: Final = etree.XPath(
    "/*/di:BPMNDiagram/di:BPMNPlane/@*[local-name() = 'bpmnElement']",
    namespaces={"di": BPMNDI},
    smart_strings=False,
    regexp=False,
)


@block_class
class SubprocessPlanes:
    """The sub-process planes of a BPMN diagram."""

    count: int = described("Planes that show a sub-process and are not empty")
    nesting: int = described(
        "The largest number of steps from such a sub-process up to its process",
        documented_key="nesting:",
        total=max,
    )


def find(diagram: Diagram) -> Sequence[Finding]:
    """Each plane counts for `count`, each element on the longest way up for `nesting`."""
    sub_processes = {
        id: element
        for tag in SUB_PROCESSES
        for element in diagram.elements(tag)
        if (id := own_attribute(element, "id"))
    }
    if sub_processes.keys().isdisjoint(_shown(diagram.root)):
        return ()
    findings = []
    depths: dict[Element, int] = {}
    deepest: Element | None = None
    for plane in _planes(diagram):
        sub_process = sub_processes.get(own_attribute(plane, "bpmnElement") or "")
        if sub_process is not None and diagram.root_element(sub_process) is not None:
            findings.append(Finding(("count",), plane, {"subProcess": sub_process}))
            depth = _depth(sub_process, depths)
            if deepest is None or depth > depths[deepest]:
                deepest = sub_process
    longest = _way_up(deepest) if deepest is not None else ()
    return [*findings, *(Finding(("nesting",), element) for element in longest)]


@counting
def count(counts: Mapping[str, int], engine: Engine) -> SubprocessPlanes:
    """The block, from the number of findings for each key."""
    return block_of(SubprocessPlanes, counts)


def _planes(diagram: Diagram) -> Iterator[Element]:
    for drawing in diagram.children(diagram.root, BPMN_DIAGRAM):
        # The Modeler keeps the last of several planes in a `BPMNDiagram`.
        planes = [*diagram.children(drawing, BPMN_PLANE)]
        if planes and next(iter(diagram.children(planes[-1], *PLANE_ELEMENTS)), None) is not None:
            yield planes[-1]


def _way_up(sub_process: Element) -> Iterator[Element]:
    """A sub-process and the elements around it, up to its process."""
    element: Element | None = sub_process
    while element is not None and element.tag != PROCESS:
        yield element
        element = element.getparent()


def _depth(sub_process: Element, known: dict[Element, int]) -> int:
    """The number of steps up to the process; `known` remembers those of elements on the way."""
    passed = []
    depth = 0
    for element in _way_up(sub_process):
        if element in known:
            depth = known[element]
            break
        passed.append(element)
    for element in reversed(passed):
        depth += 1
        known[element] = depth
    return depth


METRIC: Final = Metric(
    name="subprocess_planes",
    block=SubprocessPlanes,
    key="diagramMetrics.subprocessPlanes",
    fragment="diagramMetrics",
    position=60,
    find=find,
    count=count,
    explain=by_keys,
    tags=SUB_PROCESSES,
)
