"""Element templates: which a diagram uses, on which types of elements, with how many bindings.

`<serviceTask camunda:modelerTemplate="org.example.Mail" camunda:topic="mail">` gives
`{"elementTemplateCount": 1, "elementTemplates": [{"appliesTo": ["bpmn:ServiceTask"],
"properties": {"camunda:topic": 1}}]}`.

A flow element, process or collaboration uses a template where it has `camunda:modelerTemplate` in a
Camunda 7 diagram, `zeebe:modelerTemplate` in a Camunda 8 one. The messages and signals that a
templated event refers to bear the template's id too; it is the event that uses it. There is one
entry for each id and `modelerTemplateVersion`, in document order, with `"icon": true` where an
element has a `modelerTemplateIcon`. Of each binding it has the most that one of the elements has.

In Camunda 7 each attribute in the camunda namespace is a binding by its name, but for those of the
template itself. A `camunda:in` with a `businessKey` is a `camunda:in:businessKey`; a sequence
flow's condition is a `conditionExpression`. In Camunda 8 each attribute of a
`zeebe:linkedResource`, its `linkName` aside, is a `zeebe:linkedResource`, and an event has

- of the message that it refers to, as a receive task has: the name as `bpmn:Message#property`, each
  attribute of its `zeebe:subscription` as `bpmn:Message#zeebe:subscription#property`;
- of the signal that it refers to: the name as `bpmn:Signal#property`;
- each time of a timer as `bpmn:TimerEventDefinition#property`;
- a condition as `bpmn:ConditionalEventDefinition#property`, each attribute of its
  `zeebe:conditionalFilter` as `bpmn:ConditionalEventDefinition#zeebe:conditionalFilter#property`.

With `--templates definitions` the entries are instead the templates that the Modeler would offer
for the file, used or not: those of every `element-templates/**/*.json` in a folder `.camunda`
beside the diagram and above it, nearest first, then in each folder given with `--template-path`. A
Camunda 8 diagram takes those whose `$schema` names the zeebe element templates, a Camunda 7 diagram
all others. Properties count by `binding.name` where `binding.type` is `property`, else by
`binding.type`. A definition that cannot be read is a warning that names the file.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from metrics.bpmn import (
    EVENTS,
    FLOW_ELEMENTS,
    RECEIVE_TASK,
    SEQUENCE_FLOW,
    TEMPLATED_ROOT_ELEMENTS,
    Engine,
    bpmn,
    bpmn_type,
    camunda,
    camunda_attribute,
    elements_with,
    extension_attributes,
    extensions,
    zeebe,
    zeebe_attribute,
)
from metrics.metric import OMITTED, Metric, Omitted, described
from metrics.namespaces import CAMUNDA, ZEEBE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from lxml.etree import _Element as Element

    from metrics.bpmn import Diagram

CAMUNDA_7_ATTRIBUTES: Final = frozenset(
    {
        "assignee",
        "async",
        "asyncAfter",
        "asyncBefore",
        "calledElementBinding",
        "calledElementTenantId",
        "calledElementVersion",
        "calledElementVersionTag",
        "candidateGroups",
        "candidateStarterGroups",
        "candidateStarterUsers",
        "candidateUsers",
        "caseBinding",
        "caseRef",
        "caseTenantId",
        "caseVersion",
        "class",
        "decisionRef",
        "decisionRefBinding",
        "decisionRefTenantId",
        "decisionRefVersion",
        "delegateExpression",
        "dueDate",
        "exclusive",
        "expression",
        "followUpDate",
        "formHandlerClass",
        "formKey",
        "formRef",
        "formRefBinding",
        "formRefVersion",
        "historyTimeToLive",
        "initiator",
        "isStartableInTasklist",
        "jobPriority",
        "mapDecisionResult",
        "priority",
        "resource",
        "resultVariable",
        "taskPriority",
        "topic",
        "type",
        "variableMappingClass",
        "variableMappingDelegateExpression",
        "versionTag",
    }
)
"""The extension attributes that the Modeler also reads without a prefix."""

CAMUNDA_7_LISTS: Final = {
    camunda("inputOutput"): {
        camunda("inputParameter"): "camunda:inputParameter",
        camunda("outputParameter"): "camunda:outputParameter",
    },
    camunda("properties"): {camunda("property"): "camunda:property"},
}
"""An extension element that holds others, and the binding that each of those is."""

CAMUNDA_7_EXTENSIONS: Final = {
    camunda("in"): "camunda:in",
    camunda("out"): "camunda:out",
    camunda("executionListener"): "camunda:executionListener",
    camunda("field"): "camunda:field",
    camunda("errorEventDefinition"): "camunda:errorEventDefinition",
}
"""Extension elements each of which is a binding."""

CAMUNDA_8_LISTS: Final = {
    zeebe("ioMapping"): {zeebe("input"): "zeebe:input", zeebe("output"): "zeebe:output"},
    zeebe("taskHeaders"): {zeebe("header"): "zeebe:taskHeader"},
    zeebe("properties"): {zeebe("property"): "zeebe:property"},
    zeebe("executionListeners"): {zeebe("executionListener"): "zeebe:executionListener"},
    zeebe("taskListeners"): {zeebe("taskListener"): "zeebe:taskListener"},
}

CAMUNDA_8_EXTENSIONS: Final = {zeebe("userTask"): "zeebe:userTask"}

CAMUNDA_8_ATTRIBUTES: Final = {
    zeebe(name): f"zeebe:{name}"
    for name in (
        "taskDefinition",
        "calledElement",
        "calledDecision",
        "formDefinition",
        "script",
        "assignmentDefinition",
        "priorityDefinition",
        "jobPriorityDefinition",
        "taskSchedule",
        "adHoc",
    )
}
"""Extension elements of which each attribute is a binding."""

MESSAGE_EVENT, SIGNAL_EVENT, TIMER_EVENT, CONDITIONAL_EVENT = bpmn(
    "messageEventDefinition signalEventDefinition timerEventDefinition conditionalEventDefinition"
)
MESSAGE, SIGNAL = bpmn("message signal")
CONDITION, CONDITION_EXPRESSION = bpmn("condition conditionExpression")
TIMES: Final = bpmn("timeDate timeDuration timeCycle")
IN: Final = camunda("in")
LINKED_RESOURCES, LINKED_RESOURCE = zeebe("linkedResources"), zeebe("linkedResource")
SUBSCRIPTION: Final = zeebe("subscription")
CONDITIONAL_FILTER: Final = zeebe("conditionalFilter")

_templated: Final = {
    CAMUNDA: elements_with(camunda_attribute("modelerTemplate")),
    ZEEBE: elements_with(zeebe_attribute("modelerTemplate")),
}


@dataclass(frozen=True)
class ElementTemplate:
    """A template that a diagram uses, or that the Modeler would offer for it."""

    applies_to: tuple[str, ...] = described("BPMN types of the elements that the template is for")
    properties: Mapping[str, int] = described("How many properties it has of each binding")
    icon: bool | Omitted = described("True where the template has an icon")


@dataclass(frozen=True)
class ElementTemplates:
    """The element templates of a BPMN diagram."""

    element_template_count: int = described("How many templates there are")
    element_templates: tuple[ElementTemplate, ...] = described("Each of them")


class Use(NamedTuple):
    """An element that uses a template."""

    template: str
    version: str | None
    has_icon: bool
    bindings: Counter[str]
    element: Element


def find(diagram: Diagram) -> Sequence[Use]:
    """Each use of a template, in document order."""
    is_camunda_8 = diagram.engine is Engine.CAMUNDA_8
    namespace = ZEEBE if is_camunda_8 else CAMUNDA
    bindings_of = _camunda_8_bindings if is_camunda_8 else _camunda_7_bindings
    uses = []
    for element in _templated[namespace](diagram.root):
        attributes = extension_attributes(element, namespace)
        if attributes["modelerTemplate"] and _may_use_a_template(diagram, element):
            use = Use(
                attributes["modelerTemplate"],
                attributes.get("modelerTemplateVersion"),
                bool(attributes.get("modelerTemplateIcon")),
                Counter(bindings_of(diagram, element)),
                element,
            )
            uses.append(use)
    return uses


def count(uses: Sequence[Use], engine: Engine) -> ElementTemplates:
    """One entry a template and version, made of all its uses."""
    templates: dict[tuple[str, str | None], list[Use]] = {}
    for use in uses:
        templates.setdefault((use.template, use.version), []).append(use)
    entries = tuple(
        ElementTemplate(
            tuple(dict.fromkeys(bpmn_type(use.element) for use in of_one)),
            _most(use.bindings for use in of_one),
            any(use.has_icon for use in of_one) or OMITTED,
        )
        for of_one in templates.values()
    )
    return ElementTemplates(len(entries), entries)


def _may_use_a_template(diagram: Diagram, element: Element) -> bool:
    # The messages, signals, errors and escalations that a templated event refers to bear the
    # template's id too, but it is the event that uses the template.
    if element.tag in FLOW_ELEMENTS:
        return diagram.root_element(element) is not None
    return element.tag in TEMPLATED_ROOT_ELEMENTS and element.getparent() is diagram.root


def _most(counts: Iterable[Counter[str]]) -> dict[str, int]:
    most: dict[str, int] = {}
    for of_an_element in counts:
        for binding, times in of_an_element.items():
            if times > most.get(binding, 0):
                most[binding] = times
    return dict(sorted(most.items()))


def _camunda_7_bindings(diagram: Diagram, element: Element) -> Iterator[str]:
    """The bindings of an element, each as often as it has it."""
    for name in {_camunda_7_name(name) for name in element.attrib} - {None}:
        yield f"camunda:{name}"
    seen = set()
    for extension in extensions(element):
        tag = extension.tag
        if tag in CAMUNDA_7_EXTENSIONS:
            has_business_key = tag == IN and extension.get("businessKey") is not None
            yield "camunda:in:businessKey" if has_business_key else CAMUNDA_7_EXTENSIONS[tag]
        elif tag in CAMUNDA_7_LISTS and tag not in seen:
            seen.add(tag)
            yield from _listed(extension, CAMUNDA_7_LISTS[tag])
    if element.tag == SEQUENCE_FLOW:
        for _ in element.iterchildren(CONDITION_EXPRESSION):
            yield "conditionExpression"
            return


def _camunda_7_name(name: str) -> str | None:
    local = name.removeprefix(camunda(""))
    if local.startswith("modelerTemplate"):
        return None
    return local if local != name or name in CAMUNDA_7_ATTRIBUTES else None


def _camunda_8_bindings(diagram: Diagram, element: Element) -> Iterator[str]:
    """The bindings of an element, each as often as it has it."""
    seen = set()
    for extension in extensions(element):
        tag = extension.tag
        if tag in CAMUNDA_8_EXTENSIONS:
            yield CAMUNDA_8_EXTENSIONS[tag]
        elif tag == LINKED_RESOURCES:
            for resource in extension.iterchildren(LINKED_RESOURCE):
                yield from ["zeebe:linkedResource"] * len(set(resource.keys()) - {"linkName"})
        elif tag not in seen:
            seen.add(tag)
            if tag in CAMUNDA_8_ATTRIBUTES:
                yield from [CAMUNDA_8_ATTRIBUTES[tag]] * len(extension.keys())
            elif tag in CAMUNDA_8_LISTS:
                yield from _listed(extension, CAMUNDA_8_LISTS[tag])
    if element.tag == RECEIVE_TASK:
        yield from _message_bindings(diagram, element.get("messageRef"))
    elif element.tag in EVENTS:
        for definition in element.iterchildren():
            yield from _event_bindings(diagram, definition)


def _event_bindings(diagram: Diagram, definition: Element) -> Iterator[str]:
    if definition.tag == MESSAGE_EVENT:
        yield from _message_bindings(diagram, definition.get("messageRef"))
    elif definition.tag == SIGNAL_EVENT:
        signal = _referred(diagram, SIGNAL, definition.get("signalRef"))
        if signal is not None and signal.get("name") is not None:
            yield "bpmn:Signal#property"
    elif definition.tag == TIMER_EVENT:
        for _ in definition.iterchildren(*TIMES):
            yield "bpmn:TimerEventDefinition#property"
    elif definition.tag == CONDITIONAL_EVENT:
        if next(definition.iterchildren(CONDITION), None) is not None:
            yield "bpmn:ConditionalEventDefinition#property"
        yield from _attributes_of_first(
            definition,
            CONDITIONAL_FILTER,
            "bpmn:ConditionalEventDefinition#zeebe:conditionalFilter#property",
        )


def _message_bindings(diagram: Diagram, reference: str | None) -> Iterator[str]:
    message = _referred(diagram, MESSAGE, reference)
    if message is None:
        return
    if message.get("name") is not None:
        yield "bpmn:Message#property"
    yield from _attributes_of_first(
        message, SUBSCRIPTION, "bpmn:Message#zeebe:subscription#property"
    )


def _referred(diagram: Diagram, tag: str, reference: str | None) -> Element | None:
    element = diagram.root_elements_by_id.get(reference)
    return element if element is not None and element.tag == tag else None


def _listed(holder: Element, bindings: Mapping[str, str]) -> Iterator[str]:
    for child in holder:
        binding = bindings.get(str(child.tag))
        if binding is not None:
            yield binding


def _attributes_of_first(element: Element, tag: str, binding: str) -> Iterator[str]:
    """The binding as often as the first extension element with a tag has attributes."""
    for extension in extensions(element):
        if extension.tag == tag:
            yield from [binding] * len(extension.keys())
            return


METRIC: Final = Metric(
    name="element_templates",
    block=ElementTemplates,
    key="",
    fragment="elementTemplates",
    position=20,
    find=find,
    count=count,
    attribute=b"modelerTemplate",
)
