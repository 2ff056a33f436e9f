"""Which flow nodes a process can reach from its start.

A path goes along arcs, from an activity to its boundary events, from a throwing link event to the
catching ones of its scope with the same name, and from a boundary event along an association to an
activity. From a sub-process it leads to the entries of the sub-process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from metrics.bpmn.flow import BOUNDARY_EVENT, SOURCE, TARGET, attachments
from metrics.bpmn.names import (
    ACTIVITIES,
    SUB_PROCESSES,
    attribute,
    bpmn,
    bpmn_attribute,
    is_true,
)
from metrics.graphs import reachable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from lxml.etree import _Element as Element

    from metrics.bpmn.diagram import Diagram
    from metrics.bpmn.flow import Scope
    from metrics.graphs import Graph

(ASSOCIATION,) = bpmn("association")
START_EVENT, AD_HOC = bpmn("startEvent adHocSubProcess")
CATCH_EVENT, THROW_EVENT, LINK = bpmn(
    "intermediateCatchEvent intermediateThrowEvent linkEventDefinition"
)
INSTANTIATE, TRIGGERED_BY_EVENT, FOR_COMPENSATION, NAME = map(
    bpmn_attribute, ("instantiate", "triggeredByEvent", "isForCompensation", "name")
)
LINK_EVENTS: Final = (CATCH_EVENT, THROW_EVENT)


def unreached_nodes(
    diagram: Diagram, definitions: Mapping[Element, Sequence[Element]]
) -> frozenset[int]:
    """The numbers of the flow nodes to which no path leads from an entry of their process.

    `definitions` are the event definitions of events.
    """
    paths = _Paths(diagram, definitions)
    return frozenset(range(len(diagram.flow.nodes))) - reachable(paths.steps, paths.starts)


class _Paths:
    """The steps of paths, as a graph, and the nodes at which paths start."""

    def __init__(self, diagram: Diagram, definitions: Mapping[Element, Sequence[Element]]) -> None:
        self._diagram = diagram
        self._flow = diagram.flow
        self._definitions = definitions
        # Few diagrams have these attributes.
        mentions = diagram.document.mentions
        self._may_instantiate = mentions(b"instantiate")
        self._may_be_triggered = mentions(b"triggeredByEvent")
        self._may_compensate = mentions(b"isForCompensation")
        # Hostile diagrams have many nodes without any step.
        self._steps: dict[int, list[int]] = {}
        self._size = len(self._flow.nodes)
        self.starts: list[int] = []
        with_incoming = set()
        for scope in self._flow.scopes:
            for arc in scope.arcs:
                self._steps.setdefault(arc.source, []).append(arc.target)
                with_incoming.add(arc.target)
        self._add_boundary_events()
        self._add_links()
        for scope in self._flow.scopes:
            entries = self._entries(scope, with_incoming)
            if scope.node is None:
                self.starts.extend(entries)
            elif scope.nodes:
                self._steps.setdefault(scope.node, []).extend(entries)

    @property
    def steps(self) -> Graph:
        """The steps from each node, and from each name of link events."""
        return [self._steps.get(node, ()) for node in range(self._size)]

    def _add_boundary_events(self) -> None:
        """Add the steps to boundary events, and from these to compensation activities."""
        tags, number_of = self._flow.tags, self._flow.number_of
        for boundary_event, holder in attachments(self._flow):
            self._steps.setdefault(holder, []).append(boundary_event)
        for association in self._diagram.elements(ASSOCIATION):
            event = number_of.get(attribute(association, SOURCE))
            activity = number_of.get(attribute(association, TARGET))
            if event is None or tags[event] != BOUNDARY_EVENT:
                continue
            if activity is not None and tags[activity] in ACTIVITIES:
                self._steps.setdefault(event, []).append(activity)

    def _add_links(self) -> None:
        """Add the steps between link events.

        Each link name of a scope becomes a node between its throwing and its catching events. Steps
        from each of these to each of those would grow with the square of their number.
        """
        numbers: dict[tuple[Scope, str | None], int] = {}
        for node, tag in enumerate(self._flow.tags):
            for name in self._link_names(node) if tag in LINK_EVENTS else ():
                number = numbers.setdefault((self._flow.scope_of[node], name), self._size)
                if number == self._size:
                    self._size += 1
                step = (number, node) if tag == CATCH_EVENT else (node, number)
                self._steps.setdefault(step[0], []).append(step[1])

    def _link_names(self, event: int) -> set[str | None]:
        """The names of an event's link definitions."""
        return {
            attribute(definition, NAME)
            for definition in self._definitions.get(self._flow.nodes[event], ())
            if definition.tag == LINK
        }

    def _entries(self, scope: Scope, with_incoming: set[int]) -> Iterator[int]:
        """The nodes of a scope at which a path may start."""
        has_start = False
        others = []
        nodes, tags = self._flow.nodes, self._flow.tags
        for node in scope.nodes:
            tag = tags[node]
            if tag == START_EVENT or (self._may_instantiate and is_true(nodes[node], INSTANTIATE)):
                has_start = True
                yield node
            elif (
                self._may_be_triggered
                and tag in SUB_PROCESSES
                and is_true(nodes[node], TRIGGERED_BY_EVENT)
            ):
                yield node
            elif node not in with_incoming and self._may_be_first(node):
                others.append(node)
        if not has_start or scope.element.tag == AD_HOC:
            yield from others

    def _may_be_first(self, node: int) -> bool:
        """Whether a node to which no arc leads may be an entry."""
        tag = self._flow.tags[node]
        if tag == BOUNDARY_EVENT:
            return False
        if self._may_compensate and is_true(self._flow.nodes[node], FOR_COMPENSATION):
            return False
        return not (tag == CATCH_EVENT and self._link_names(node))
