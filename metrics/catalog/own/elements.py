"""Elements: what a BPMN diagram is made of, and how large it is.

`<process id="p"><startEvent id="s"><timerEventDefinition/></startEvent></process>` is printed as
`{"rules": 1, "processes": {"count": 1, …}, "flowNodes": {"count": 1, "events": 1, "types":
{"bpmn:StartEvent[timer]": 1}, …}, …}`.

A *scope* is a process, or a sub-process in a scope. Its *flow nodes* are its activities, events and
gateways.

The type of a flow node is the name of its element, such as `bpmn:UserTask`. The type of an event
ends with the kind of its event definition in brackets. If it has several definitions, the type ends
with `[multiple]`, or with `[parallelMultiple]` if the attribute of this name is true.

A flow node is *unreached* if no path leads to it from an entry of its process. A path goes along
sequence flows, from an activity to its boundary events, from a throwing link event to the catching
ones with its name, from a boundary event to its compensation activity, and from a sub-process to
the entries in it.

The entries of a scope are its start events, its receive tasks and event-based gateways with
`instantiate`, and its event sub-processes. If it has neither a start event nor `instantiate`, or is
an ad-hoc sub-process, each node without an incoming sequence flow is an entry, too, except boundary
events, catching link events and compensation activities.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from metrics.blocks import block_class, block_of, described, key_part, key_parts
from metrics.bpmn.flow import (
    BOUNDARY_EVENT,
    DEFINITION_REFERENCE,
    ID,
    NODE_TYPES,
    TAGS,
    event_definitions,
    node_types,
)
from metrics.bpmn.names import (
    ACTIVITIES,
    EVENT_DEFINITIONS,
    EVENTS,
    GATEWAYS,
    SUB_PROCESSES,
    attribute,
    bpmn,
    bpmn_attribute,
    is_true,
)
from metrics.bpmn.paths import ASSOCIATION, TRIGGERED_BY_EVENT, unreached_nodes
from metrics.metric import Finding, Metric, counting, without_kinds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lxml.etree import _Element as Element

    from metrics.bpmn.diagram import Diagram, Engine
    from metrics.bpmn.flow import Flow

COLLABORATION, PARTICIPANT, MESSAGE_FLOW = bpmn("collaboration participant messageFlow")
LANE, LANE_SET, CHILD_LANE_SET = bpmn("lane laneSet childLaneSet")
MULTI_INSTANCE, LOOP = bpmn("multiInstanceLoopCharacteristics standardLoopCharacteristics")
(CONDITION,) = bpmn("conditionExpression")
EXECUTABLE, CANCEL, SEQUENTIAL, PROCESS_REFERENCE = map(
    bpmn_attribute, ("isExecutable", "cancelActivity", "isSequential", "processRef")
)
DATA: Final = dict(
    zip(
        bpmn("dataObject dataObjectReference dataStoreReference"),
        ("objects", "objectReferences", "storeReferences"),
        strict=True,
    )
)
"""The elements that hold data, and their keys."""

TYPES: Final = "flowNodes.types."
GROUPS: Final = {
    **dict.fromkeys(ACTIVITIES, "activities"),
    **dict.fromkeys(EVENTS, "events"),
    **dict.fromkeys(GATEWAYS, "gateways"),
}


@block_class
class Processes:
    """The processes of a diagram."""

    count: int = described("Processes")
    executable: int = described("Processes that are `isExecutable`")


@block_class
class Pools:
    """The pools of a diagram."""

    count: int = described("Pools: the participants of collaborations")
    black_box: int = described("Pools whose `processRef` names no process of the diagram")


@block_class
class FlowNodes:
    """The flow nodes of a diagram."""

    count: int = described("Flow nodes, at any depth")
    activities: int = described("Tasks, call activities and sub-processes")
    events: int = described("Events")
    gateways: int = described("Gateways")
    unreached: int = described("Flow nodes to which no path leads")
    types: Mapping[str, int] = described("Flow nodes by type", members=NODE_TYPES)


@block_class
class SubProcesses:
    """The sub-processes of a diagram."""

    count: int = described("Sub-processes, at any depth")
    event: int = described("Event sub-processes")
    nesting: int = described(
        "The depth of the deepest sub-process; directly in a process, it is 1", total=max
    )


@block_class
class BoundaryEvents:
    """The boundary events of a diagram."""

    count: int = described("Boundary events")
    non_interrupting: int = described("Boundary events that do not end their activity")


@block_class
class MultiInstance:
    """The multi-instance activities of a diagram."""

    count: int = described("Multi-instance activities")
    sequential: int = described("Multi-instance activities whose instances run one by one")


@block_class
class SequenceFlows:
    """The sequence flows of a diagram."""

    count: int = described("Sequence flows, at any depth")
    conditional: int = described("Sequence flows with a condition")
    crossing: int = described("Sequence flows from one scope to another")
    dangling: int = described("Sequence flows whose source or target is not a flow node")


@block_class
class Data:
    """The data of a diagram."""

    objects: int = described("Data objects")
    object_references: int = described("References to data objects")
    store_references: int = described("References to data stores")


@block_class
class Elements:
    """What a BPMN diagram is made of."""

    processes: Processes = described("Processes")
    pools: Pools = described("Pools")
    lanes: int = described("Lanes, also those in lanes")
    flow_nodes: FlowNodes = described("Flow nodes")
    sub_processes: SubProcesses = described("Sub-processes")
    boundary_events: BoundaryEvents = described("Boundary events")
    multi_instance: MultiInstance = described("Multi-instance activities")
    loops: int = described("Activities with a standard loop")
    sequence_flows: SequenceFlows = described("Sequence flows")
    message_flows: int = described("Message flows between pools")
    data: Data = described("Data")


def find(diagram: Diagram) -> Iterator[Finding]:
    """Each element counts for all its keys; the way up from the deepest one is the nesting."""
    nodes = diagram.flow.nodes
    yield from _processes_and_pools(diagram)
    yield from map(Finding, _keys_of_nodes(diagram), nodes)
    for number in _deepest_sub_process(diagram.flow):
        yield Finding(("subProcesses.nesting",), nodes[number])
    yield from _sequence_flows(diagram)
    yield from _contents(diagram)


@counting
def count(counts: Mapping[str, int], engine: Engine) -> Elements:
    """The block, from the number of findings for each key."""
    types = {key_parts(key)[-1]: number for key, number in counts.items() if key.startswith(TYPES)}
    return Elements(
        block_of(Processes, counts, "processes."),
        block_of(Pools, counts, "pools."),
        counts["lanes"],
        FlowNodes(
            counts["flowNodes.count"],
            counts["flowNodes.activities"],
            counts["flowNodes.events"],
            counts["flowNodes.gateways"],
            counts["flowNodes.unreached"],
            types,
        ),
        block_of(SubProcesses, counts, "subProcesses."),
        block_of(BoundaryEvents, counts, "boundaryEvents."),
        block_of(MultiInstance, counts, "multiInstance."),
        counts["loops"],
        block_of(SequenceFlows, counts, "sequenceFlows."),
        counts["messageFlows"],
        block_of(Data, counts, "data."),
    )


def _processes_and_pools(diagram: Diagram) -> Iterator[Finding]:
    processes = [scope.element for scope in diagram.flow.scopes if scope.node is None]
    for process in processes:
        keys = ("processes.executable",) if is_true(process, EXECUTABLE) else ()
        yield Finding(("processes.count", *keys), process)
    ids = {id for process in processes if (id := attribute(process, ID))}
    for tag, key in ((PARTICIPANT, "pools.count"), (MESSAGE_FLOW, "messageFlows")):
        for element in diagram.elements(tag):
            holder = element.getparent()
            if holder is None or holder.tag != COLLABORATION:
                continue
            if holder.getparent() is not diagram.root:
                continue
            reference = attribute(element, PROCESS_REFERENCE) if tag == PARTICIPANT else None
            is_black_box = tag == PARTICIPANT and reference not in ids
            yield Finding((key, "pools.blackBox") if is_black_box else (key,), element)


def _keys_of_nodes(diagram: Diagram) -> Iterator[tuple[str, ...]]:
    """The keys for which each flow node counts."""
    flow = diagram.flow
    definitions = event_definitions(diagram)
    unreached = unreached_nodes(diagram, definitions)
    loops = _loops(diagram)
    may_be_triggered = diagram.document.mentions(b"triggeredByEvent")
    types = node_types(flow, definitions)
    for number, (element, tag) in enumerate(zip(flow.nodes, flow.tags, strict=True)):
        keys = _keys_of_type(tag, types[number])
        if number in unreached:
            keys += ("flowNodes.unreached",)
        if may_be_triggered and tag in SUB_PROCESSES and is_true(element, TRIGGERED_BY_EVENT):
            keys += ("subProcesses.event",)
        elif tag == BOUNDARY_EVENT and attribute(element, CANCEL) not in (None, "true"):
            keys += ("boundaryEvents.nonInterrupting",)
        yield keys + loops[element] if element in loops else keys


@lru_cache(maxsize=1024)
def _keys_of_type(tag: str, type: str) -> tuple[str, ...]:
    """The keys for which each flow node with a tag and a type counts."""
    keys = ("flowNodes.count", f"flowNodes.{GROUPS[tag]}", TYPES + key_part(type))
    if tag in SUB_PROCESSES:
        return (*keys, "subProcesses.count")
    return (*keys, "boundaryEvents.count") if tag == BOUNDARY_EVENT else keys


def _loops(diagram: Diagram) -> dict[Element, tuple[str, ...]]:
    """The keys of activities that run several times, by their first characteristics."""
    loops: dict[Element, tuple[str, ...]] = {}
    for characteristics in (*diagram.elements(MULTI_INSTANCE), *diagram.elements(LOOP)):
        activity = characteristics.getparent()
        if activity is None or activity.tag not in ACTIVITIES or activity in loops:
            continue
        first = next(iter(diagram.children(activity, MULTI_INSTANCE, LOOP)))
        if first.tag == LOOP:
            loops[activity] = ("loops",)
        else:
            keys = ("multiInstance.sequential",) if is_true(first, SEQUENTIAL) else ()
            loops[activity] = ("multiInstance.count", *keys)
    return loops


def _deepest_sub_process(flow: Flow) -> Sequence[int]:
    """The numbers of a sub-process at the largest depth, and of those around it."""
    depths: dict[int | None, int] = {None: 0}
    deepest: int | None = None
    for scope in flow.scopes:
        if scope.node is not None:
            depths[scope.node] = depths[flow.scope_of[scope.node].node] + 1
            if depths[scope.node] > depths[deepest]:
                deepest = scope.node
    way_up = []
    while deepest is not None:
        way_up.append(deepest)
        deepest = flow.scope_of[deepest].node
    return way_up


def _sequence_flows(diagram: Diagram) -> Iterator[Finding]:
    flow = diagram.flow
    for element in flow.sequence_flows:
        yield Finding(("sequenceFlows.count",), element)
    for key, elements in (("crossing", flow.crossing), ("dangling", flow.dangling)):
        for element in elements:
            yield Finding((f"sequenceFlows.{key}",), element)
    conditional = {condition.getparent() for condition in diagram.elements(CONDITION)}
    for element in flow.sequence_flows if conditional else ():
        if element in conditional:
            yield Finding(("sequenceFlows.conditional",), element)


def _contents(diagram: Diagram) -> Iterator[Finding]:
    """Lanes and data in scopes."""
    scopes = {scope.element for scope in diagram.flow.scopes}
    lanes: set[Element] = set()
    for lane in diagram.elements(LANE):
        lane_set = lane.getparent()
        holder = None if lane_set is None else lane_set.getparent()
        if lane_set is None or holder is None:
            continue
        # In document order, a lane comes before those in it.
        if holder in (lanes if lane_set.tag == CHILD_LANE_SET else scopes) and (
            lane_set.tag in (LANE_SET, CHILD_LANE_SET)
        ):
            lanes.add(lane)
            yield Finding(("lanes",), lane)
    for tag, key in DATA.items():
        for element in diagram.elements(tag):
            if element.getparent() in scopes:
                yield Finding((f"data.{key}",), element)


METRIC: Final = Metric(
    name="elements",
    block=Elements,
    key="elements",
    fragment="elements",
    rules=1,
    is_compared=True,
    main="flowNodes.count",
    find=find,
    count=count,
    explain=without_kinds,
    tags=TAGS
    | EVENT_DEFINITIONS
    | DATA.keys()
    | {
        *(PARTICIPANT, MESSAGE_FLOW, LANE, MULTI_INSTANCE, LOOP),
        *(CONDITION, DEFINITION_REFERENCE, ASSOCIATION),
    },
)
