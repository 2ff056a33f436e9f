"""The flow of a BPMN diagram: its scopes, with their flow nodes and the arcs between these.

A *scope* is a process below the root, or a sub-process in a scope. Its *flow nodes* are its
activities, events and gateways. An *arc* is a sequence flow between two flow nodes of the same
scope, or from a flow node to itself. Its element may be in another scope.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from metrics.bpmn.names import (
    ACTIVITIES,
    EVENT_DEFINITIONS,
    EVENTS,
    GATEWAYS,
    PROCESS,
    SEQUENCE_FLOW,
    SUB_PROCESSES,
    attribute,
    bpmn,
    bpmn_attribute,
    is_true,
    type_of_tag,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from lxml.etree import _Element as Element

    from metrics.bpmn.diagram import Diagram

ID, SOURCE, TARGET, ATTACHED_TO, PARALLEL = map(
    bpmn_attribute, ("id", "sourceRef", "targetRef", "attachedToRef", "parallelMultiple")
)
BOUNDARY_EVENT, DEFINITION_REFERENCE = bpmn("boundaryEvent eventDefinitionRef")
DEFINITION_KINDS: Final = {
    tag: tag.rpartition("}")[2].removesuffix("EventDefinition") for tag in EVENT_DEFINITIONS
}

FLOW_NODES: Final = ACTIVITIES | EVENTS | GATEWAYS
TAGS: Final = FLOW_NODES | {SEQUENCE_FLOW, PROCESS}
"""The tags that a metric of the flow needs."""

EVENT_KINDS: Final = (*DEFINITION_KINDS.values(), "multiple", "parallelMultiple")
NODE_TYPES: Final = (
    *map(type_of_tag, FLOW_NODES),
    *(f"{type_of_tag(tag)}[{kind}]" for tag in EVENTS for kind in EVENT_KINDS),
)
"""All types that a flow node can have."""


class Arc(NamedTuple):
    """A sequence flow between two flow nodes of a scope, and the numbers of these nodes."""

    element: Element
    source: int
    target: int


class Scope:
    """A process or a sub-process, in which case `node` is its number as a flow node.

    `nodes` has the numbers of its flow nodes, and `arcs` the arcs between them, both in document
    order.
    """

    __slots__ = ("arcs", "element", "node", "nodes")

    def __init__(self, element: Element, node: int | None) -> None:
        self.element = element
        self.node = node
        self.nodes: list[int] = []
        self.arcs: list[Arc] = []


class Flow:
    """The flow of a diagram.

    Flow nodes are numbered in document order: `nodes` are their elements, `tags` their tags,
    `scope_of` their scopes, and `position` is their position among the nodes of their scope.
    `number_of` has the numbers by their ids.

    `scopes` are in document order. `sequence_flows` are those of all scopes. Those that are no arcs
    are `crossing` if they lead from one scope to another, and else `dangling`: an end is not a flow
    node.
    """

    def __init__(self, diagram: Diagram) -> None:
        self.scopes: list[Scope] = []
        self.nodes: list[Element] = []
        self.tags: list[str] = []
        self.scope_of: list[Scope] = []
        self.position: list[int] = []
        self.sequence_flows: list[Element] = []
        self.crossing: list[Element] = []
        self.dangling: list[Element] = []
        for process in diagram.elements(PROCESS):
            if process.getparent() is diagram.root:
                self._read(diagram, process)
        # An empty id is none, and a missing reference must not find a node without an id.
        self.number_of: dict[str | None, int] = {
            id: number for number, node in enumerate(self.nodes) if (id := attribute(node, ID))
        }
        for element in self.sequence_flows:
            source = self.number_of.get(attribute(element, SOURCE))
            target = self.number_of.get(attribute(element, TARGET))
            if source is None or target is None:
                self.dangling.append(element)
            elif self.scope_of[source] is not self.scope_of[target]:
                self.crossing.append(element)
            else:
                self.scope_of[source].arcs.append(Arc(element, source, target))

    def _read(self, diagram: Diagram, process: Element) -> None:
        """Add a process and its sub-processes, at any depth."""
        # A stack, not recursion: sub-processes may be nested deeper than Python allows calls.
        pending = [self._enter(diagram, process, None)]
        while pending:
            scope, children = pending[-1]
            for child in children:
                tag = child.tag
                if tag == SEQUENCE_FLOW:
                    self.sequence_flows.append(child)
                elif tag in FLOW_NODES:
                    number = len(self.nodes)
                    self.nodes.append(child)
                    self.tags.append(tag)
                    self.scope_of.append(scope)
                    self.position.append(len(scope.nodes))
                    scope.nodes.append(number)
                    if tag in SUB_PROCESSES:
                        pending.append(self._enter(diagram, child, number))
                        break
            else:
                pending.pop()

    def _enter(
        self, diagram: Diagram, element: Element, node: int | None
    ) -> tuple[Scope, Iterator[Element]]:
        scope = Scope(element, node)
        self.scopes.append(scope)
        return scope, iter(diagram.children(element))


def event_definitions(diagram: Diagram) -> dict[Element, list[Element]]:
    """The event definitions of each event that has any: its own, and those that it refers to."""
    definitions: dict[Element, list[Element]] = {}
    for tag in EVENT_DEFINITIONS:
        for definition in diagram.elements(tag):
            event = definition.getparent()
            if event is not None and event.tag in EVENTS:
                definitions.setdefault(event, []).append(definition)
    for reference in diagram.elements(DEFINITION_REFERENCE):
        event = reference.getparent()
        id = (reference.text or "").strip().rpartition(":")[2]
        referred = diagram.root_elements_by_id.get(id)
        if event is None or referred is None:
            continue
        if event.tag in EVENTS and referred.tag in EVENT_DEFINITIONS:
            definitions.setdefault(event, []).append(referred)
    return definitions


def node_types(flow: Flow, definitions: Mapping[Element, Sequence[Element]]) -> list[str]:
    """The type of each flow node, such as `bpmn:Task` or `bpmn:BoundaryEvent[timer]`.

    `definitions` are the event definitions of events.
    """
    return [
        _type(tag, _kind_of_event(node, definitions[node]) if node in definitions else None)
        for node, tag in zip(flow.nodes, flow.tags, strict=True)
    ]


def _kind_of_event(event: Element, definitions: Sequence[Element]) -> str:
    if len(definitions) > 1:
        return "parallelMultiple" if is_true(event, PARALLEL) else "multiple"
    return DEFINITION_KINDS[str(definitions[0].tag)]


@lru_cache(maxsize=1024)
def _type(tag: str, kind_of_event: str | None) -> str:
    return type_of_tag(tag) + (f"[{kind_of_event}]" if kind_of_event else "")


def attachments(flow: Flow) -> Iterator[tuple[int, int]]:
    """The numbers of each boundary event and of the activity that it is attached to."""
    for event, tag in enumerate(flow.tags):
        if tag == BOUNDARY_EVENT:
            activity = flow.number_of.get(attribute(flow.nodes[event], ATTACHED_TO))
            if activity is not None and flow.tags[activity] in ACTIVITIES:
                yield event, activity
