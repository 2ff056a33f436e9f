"""The vocabulary of BPMN: tags, groups of tags, and extension attributes.

Tags are written as in lxml: `{namespace}name`.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from lxml import etree

from metrics.reading.namespaces import (
    BPMN,
    BPMNDI,
    CAMUNDA,
    DMN_FAMILY,
    MODELER,
    PREDEFINED_PREFIXES,
    ZEEBE,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from lxml.etree import _Element as Element


def bpmn(names: str) -> tuple[str, ...]:
    """Tags in the BPMN namespace, from names separated by blanks."""
    return tuple(f"{{{BPMN}}}{name}" for name in names.split())


def camunda(name: str) -> str:
    """The name of an element or attribute in the Camunda 7 namespace."""
    return f"{{{CAMUNDA}}}{name}"


def zeebe(name: str) -> str:
    """The name of an element or attribute in the Camunda 8 namespace."""
    return f"{{{ZEEBE}}}{name}"


PROCESS, SEQUENCE_FLOW = bpmn("process sequenceFlow")
USER_TASK, SERVICE_TASK, RECEIVE_TASK = bpmn("userTask serviceTask receiveTask")
DEFINITIONS, EXTENSION_ELEMENTS = bpmn("definitions extensionElements")
BPMN_DIAGRAM: Final = f"{{{BPMNDI}}}BPMNDiagram"
BPMN_PLANE: Final = f"{{{BPMNDI}}}BPMNPlane"
PLANE_ELEMENTS: Final = tuple(
    f"{{{BPMNDI}}}{name}" for name in ("BPMNShape", "BPMNEdge", "BPMNLabel", "BPMNPlane")
)

SUB_PROCESSES: Final = frozenset(bpmn("subProcess transaction adHocSubProcess"))

EVENTS: Final = frozenset(
    bpmn(
        "startEvent endEvent boundaryEvent intermediateCatchEvent intermediateThrowEvent"
        " implicitThrowEvent"
    )
)

ACTIVITIES: Final = SUB_PROCESSES | frozenset(
    bpmn(
        "task userTask serviceTask sendTask receiveTask manualTask scriptTask businessRuleTask"
        " callActivity"
    )
)

GATEWAYS: Final = frozenset(
    bpmn("exclusiveGateway inclusiveGateway parallelGateway complexGateway eventBasedGateway")
)

FLOW_ELEMENTS: Final = (
    ACTIVITIES
    | EVENTS
    | GATEWAYS
    | frozenset(
        bpmn(
            "sequenceFlow dataObject dataObjectReference dataStoreReference subChoreography"
            " callChoreography choreographyTask"
        )
    )
)

EVENT_DEFINITIONS: Final = frozenset(
    bpmn(
        "cancelEventDefinition compensateEventDefinition conditionalEventDefinition"
        " errorEventDefinition escalationEventDefinition linkEventDefinition"
        " messageEventDefinition signalEventDefinition terminateEventDefinition"
        " timerEventDefinition"
    )
)

ROOT_ELEMENTS: Final = EVENT_DEFINITIONS | frozenset(
    bpmn(
        "process collaboration globalConversation choreography globalChoreographyTask globalTask"
        " globalManualTask globalUserTask globalScriptTask globalBusinessRuleTask interface"
        " endPoint message signal error escalation category dataStore itemDefinition resource"
        " correlationProperty partnerEntity partnerRole"
    )
)

# The root elements that may use an element template; flow elements may, too.
TEMPLATED_ROOT_ELEMENTS: Final = frozenset(
    bpmn("process collaboration globalConversation choreography globalChoreographyTask")
)

# The elements that hold flow elements: root elements, and flow elements.
ROOT_CONTAINERS: Final = frozenset(bpmn("process choreography globalChoreographyTask"))
INNER_CONTAINERS: Final = SUB_PROCESSES | frozenset(bpmn("subChoreography"))

# In the Modeler's model this extension element is a BPMN element, and has an id.
CAMUNDA_ERROR: Final = camunda("errorEventDefinition")
TASK_LISTENER: Final = camunda("taskListener")

PREFIXES: Final = {namespace: prefix for prefix, namespace in PREDEFINED_PREFIXES.items()}


def element_type(element: Element) -> str:
    """An element's type as the Modeler writes it: `<bpmn:userTask>` is a `bpmn:UserTask`.

    The prefix is the Modeler's own for the namespace, whatever prefix the file uses.
    """
    return type_of_tag(str(element.tag))


@lru_cache(maxsize=256)
def type_of_tag(tag: str) -> str:
    """The type of the elements with a tag."""
    namespace, name = etree.QName(tag).namespace or "", etree.QName(tag).localname
    prefix = f"{PREFIXES[namespace]}:" if namespace in PREFIXES else ""
    if namespace.startswith(DMN_FAMILY):
        prefix = "dmn:"
    return f"{prefix}{name[:1].upper()}{name[1:]}"


class AttributeName(NamedTuple):
    """The name of an attribute, with its namespace and without a prefix."""

    qualified: str
    plain: str


def camunda_attribute(name: str) -> AttributeName:
    """The name of a Camunda 7 attribute."""
    return AttributeName(camunda(name), name)


def zeebe_attribute(name: str) -> AttributeName:
    """The name of a Camunda 8 attribute."""
    return AttributeName(zeebe(name), name)


def bpmn_attribute(name: str) -> AttributeName:
    """The name of an attribute of BPMN itself."""
    return AttributeName(f"{{{BPMN}}}{name}", name)


EXECUTION_PLATFORM: Final = AttributeName(f"{{{MODELER}}}executionPlatform", "executionPlatform")
EXECUTION_PLATFORM_VERSION: Final = AttributeName(
    f"{{{MODELER}}}executionPlatformVersion", "executionPlatformVersion"
)


def attribute(element: Element, name: AttributeName) -> str | None:
    """The value of an attribute, in its namespace or without a prefix.

    If an element has both, the last one counts.
    """
    qualified, plain = name
    value = element.get(qualified)
    if value is None:
        return element.get(plain)
    if element.get(plain) is not None:
        names = element.keys()
        if names.index(plain) > names.index(qualified):
            return element.get(plain)
    return value


def is_true(element: Element, name: AttributeName) -> bool:
    """Whether an attribute is `true`."""
    return attribute(element, name) == "true"


def own_attribute(element: Element, name: str) -> str | None:
    """The value of an attribute that BPMN itself defines: `id`, or `bpmn:id` in the same namespace.

    If an element has both, the last one counts.
    """
    return attribute(element, _own_name(str(element.tag), name))


@lru_cache(maxsize=256)
def _own_name(tag: str, name: str) -> AttributeName:
    return AttributeName(tag[: tag.rfind("}") + 1] + name, name)


@cache
def elements_with(name: AttributeName) -> Callable[[Element], list[Element]]:
    """A function that finds the elements of a tree that have an extension attribute.

    It finds the attribute in its namespace and without a prefix, and returns the elements in
    document order.
    """
    namespace, _, local = name.qualified[1:].partition("}")
    prefixes = {"extension": namespace}
    # Collecting attributes takes half the time of testing every element.
    qualified = etree.XPath(f"/descendant::*/@extension:{local}", namespaces=prefixes, regexp=False)
    plain = etree.XPath(f"/descendant::*/@{local}", regexp=False)

    def find(element: Element) -> list[Element]:
        in_namespace, without_prefix = qualified(element), plain(element)
        if in_namespace and without_prefix:
            either = f"//*[@extension:{local} or @{local}]"
            elements: list[Element] = etree.XPath(either, namespaces=prefixes)(element)
            return elements
        return [value.getparent() for value in in_namespace or without_prefix]

    return find
