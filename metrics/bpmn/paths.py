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

(ASSOCIATION,) = bpmn("association")
START_EVENT, AD_HOC = bpmn("startEvent adHocSubProcess")
CATCH_EVENT, THROW_EVENT, LINK = bpmn(
    "intermediateCatchEvent intermediateThrowEvent linkEventDefinition"
)
INSTANTIATING: Final = frozenset(bpmn("receiveTask eventBasedGateway"))
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
        self.steps: list[list[int]] = [[] for _ in self._flow.nodes]
        self.starts: list[int] = []
        with_incoming = set()
        for scope in self._flow.scopes:
            for arc in scope.arcs:
                self.steps[arc.source].append(arc.target)
                with_incoming.add(arc.target)
        self._add_boundary_events()
        self._add_links()
        for scope in self._flow.scopes:
            starts = self.starts if scope.node is None else self.steps[scope.node]
            starts.extend(self._entries(scope, with_incoming))

    def _add_boundary_events(self) -> None:
        """Add the steps to boundary events, and from these to compensation activities."""
        tags, number_of = self._flow.tags, self._flow.number_of
        for boundary_event, holder in attachments(self._flow):
            self.steps[holder].append(boundary_event)
        for association in self._diagram.elements(ASSOCIATION):
            event = number_of.get(attribute(association, SOURCE))
            activity = number_of.get(attribute(association, TARGET))
            if event is None or tags[event] != BOUNDARY_EVENT:
                continue
            if activity is not None and tags[activity] in ACTIVITIES:
                self.steps[event].append(activity)

    def _add_links(self) -> None:
        """Add the steps between link events.

        Each name in a scope is a node of its own: with steps from each event to each other one, the
        number of steps would grow with its square.
        """
        numbers: dict[tuple[Scope, str | None], int] = {}
        for node, tag in enumerate(self._flow.tags):
            for name in self._link_names(node) if tag in LINK_EVENTS else ():
                number = numbers.setdefault((self._flow.scope_of[node], name), len(self.steps))
                if number == len(self.steps):
                    self.steps.append([])
                if tag == CATCH_EVENT:
                    self.steps[number].append(node)
                else:
                    self.steps[node].append(number)

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
        for node in scope.nodes:
            tag = self._flow.tags[node]
            if tag == START_EVENT or (
                tag in INSTANTIATING and is_true(self._flow.nodes[node], INSTANTIATE)
            ):
                has_start = True
                yield node
            elif tag in SUB_PROCESSES and is_true(self._flow.nodes[node], TRIGGERED_BY_EVENT):
                yield node
            elif node not in with_incoming and self._may_be_first(node):
                others.append(node)
        if not has_start or scope.element.tag == AD_HOC:
            yield from others

    def _may_be_first(self, node: int) -> bool:
        """Whether a path may start at a node only because no arc leads to it."""
        tag = self._flow.tags[node]
        if tag == BOUNDARY_EVENT or is_true(self._flow.nodes[node], FOR_COMPENSATION):
            return False
        return not (tag == CATCH_EVENT and self._link_names(node))
