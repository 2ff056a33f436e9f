"""Element templates: the templates that a diagram uses, and the bindings of their properties.

`<serviceTask camunda:modelerTemplate="org.example.Mail" camunda:topic="mail">` is printed as
`{"elementTemplateCount": 1, "elementTemplates": [{"appliesTo": ["bpmn:ServiceTask"],
"properties": {"camunda:topic": 1}}]}`.

A flow element, process or collaboration uses a template if it has `camunda:modelerTemplate` in a
Camunda 7 diagram, or `zeebe:modelerTemplate` in a Camunda 8 diagram. The messages and signals that
a templated event refers to have the template's id too, but only the event uses it. Each id and
`modelerTemplateVersion` has one entry, in document order, with `"icon": true` if an element has a
`modelerTemplateIcon`. If several elements use a template, each binding has the largest number that
one of them has.

The tables below list most bindings. The others of a Camunda 7 diagram are:

- each attribute in the camunda namespace, by its name, except those that name the template;
- `camunda:in:businessKey`: a `camunda:in` with a `businessKey`;
- `conditionExpression`: the condition of a sequence flow.

The others of a Camunda 8 diagram are:

- `zeebe:linkedResource`: each attribute of a `zeebe:linkedResource` except `linkName`;
- `bpmn:Message#property`: the name of the message that an event or a receive task refers to;
- `bpmn:Message#zeebe:subscription#property`: each attribute of that message's `zeebe:subscription`;
- `bpmn:Signal#property`: the name of the signal that an event refers to;
- `bpmn:TimerEventDefinition#property`: each time of a timer event;
- `bpmn:ConditionalEventDefinition#property`: the condition of a conditional event;
- `bpmn:ConditionalEventDefinition#zeebe:conditionalFilter#property`: each attribute of its
  `zeebe:conditionalFilter`.

With `--templates definitions`, the entries are the templates that the Modeler would offer for the
diagram, whether it uses them or not. Their definitions are the files `element-templates/**/*.json`
in the folder `.camunda` beside the diagram, then in `.camunda` of each folder above it, then in
each folder given with `--template-path`. A definition whose `$schema` names the zeebe element
templates is for Camunda 8, any other for Camunda 7. A property counts by its `binding.name` if its
`binding.type` is `property`, else by its `binding.type`. A definition that cannot be read is
skipped, with a warning that names the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from metrics.blocks import OMITTED, Omitted, Tally, Text, block_class, described, key_part
from metrics.bpmn.diagram import Engine
from metrics.bpmn.names import (
    EVENTS,
    FLOW_ELEMENTS,
    RECEIVE_TASK,
    SEQUENCE_FLOW,
    TEMPLATED_ROOT_ELEMENTS,
    AttributeName,
    attribute,
    bpmn,
    camunda,
    camunda_attribute,
    element_type,
    elements_with,
    own_attribute,
    zeebe,
    zeebe_attribute,
)
from metrics.metric import HOLDER, Evidence, Metric, SourceElement

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from lxml.etree import _Element as Element

    from metrics.bpmn.diagram import Diagram

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
"""Camunda 7 extension elements that hold a list, and the binding of each item."""

CAMUNDA_7_EXTENSIONS: Final = {
    camunda("in"): "camunda:in",
    camunda("out"): "camunda:out",
    camunda("executionListener"): "camunda:executionListener",
    camunda("field"): "camunda:field",
    camunda("errorEventDefinition"): "camunda:errorEventDefinition",
}
"""Camunda 7 extension elements that each count as one property, and the binding."""

CAMUNDA_8_LISTS: Final = {
    zeebe("ioMapping"): {zeebe("input"): "zeebe:input", zeebe("output"): "zeebe:output"},
    zeebe("taskHeaders"): {zeebe("header"): "zeebe:taskHeader"},
    zeebe("properties"): {zeebe("property"): "zeebe:property"},
    zeebe("executionListeners"): {zeebe("executionListener"): "zeebe:executionListener"},
    zeebe("taskListeners"): {zeebe("taskListener"): "zeebe:taskListener"},
}
"""Camunda 8 extension elements that hold a list, and the binding of each item."""

CAMUNDA_8_EXTENSIONS: Final = {zeebe("userTask"): "zeebe:userTask"}
"""Camunda 8 extension elements that each count as one property, and the binding."""

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
"""Camunda 8 extension elements of which each attribute counts, and the binding."""

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


class _Names(NamedTuple):
    """The attributes by which an element uses a template."""

    template: AttributeName
    version: AttributeName
    icon: AttributeName


NAMES: Final = {
    engine: _Names(
        named("modelerTemplate"), named("modelerTemplateVersion"), named("modelerTemplateIcon")
    )
    for engine, named in (
        (Engine.CAMUNDA_7, camunda_attribute),
        (Engine.CAMUNDA_8, zeebe_attribute),
    )
}
_templated: Final = {engine: elements_with(names.template) for engine, names in NAMES.items()}


ELEMENT_TYPE: Final = Text(
    r"[A-Za-z0-9_.:-]{0,60}", "up to 60 ASCII letters, digits, `_`, `.`, `:` and `-`"
)
BINDING: Final = Text(
    r"[A-Za-z0-9_.:#-]{0,80}", "up to 80 ASCII letters, digits, `_`, `.`, `:`, `#` and `-`"
)


@block_class
class ElementTemplate:
    """A template that a diagram uses, or that the Modeler would offer for it."""

    applies_to: tuple[str, ...] = described(
        "BPMN types of the elements that the template applies to", text=ELEMENT_TYPE
    )
    properties: Mapping[str, int] = described(
        "The number of properties of the template, by binding",
        text=BINDING,
        tally=Tally("bindings", "Element templates by binding", "templates", "properties"),
    )
    icon: Literal[True] | Omitted = described("True if the template has an icon")


@block_class
class ElementTemplates:
    """The element templates of a BPMN diagram."""

    element_template_count: int = described("The number of templates")
    element_templates: tuple[ElementTemplate, ...] = described(
        "The templates", omit_if_too_large=True
    )


NO_TEMPLATES: Final = ElementTemplates(0, ())


class Use(NamedTuple):
    """An element that uses a template."""

    template: str
    version: str | None
    has_icon: bool
    bindings: Sequence[Times]
    element: Element

    @property
    def identity(self) -> tuple[str, str | None]:
        """Identifies the template."""
        return self.template, self.version


class Times(NamedTuple):
    """How often an element has a binding."""

    binding: str
    times: int
    element: Element


def find(diagram: Diagram) -> Sequence[Use]:
    """Each use of a template, in document order."""
    engine = diagram.engine
    bindings_of = _camunda_8_bindings if engine is Engine.CAMUNDA_8 else _camunda_7_bindings
    names, referred = NAMES[engine], _Referred(diagram)
    uses = []
    for element in diagram.kept(_templated[engine](diagram.root)):
        template = attribute(element, names.template)
        if template and _may_use_a_template(diagram, element):
            use = Use(
                template,
                attribute(element, names.version),
                bool(attribute(element, names.icon)),
                [*bindings_of(diagram, element, referred)],
                element,
            )
            uses.append(use)
    return uses


def count(uses: Sequence[Use], engine: Engine) -> ElementTemplates:
    """One entry for each template and version, made of all its uses."""
    if not uses:
        return NO_TEMPLATES
    entries = tuple(
        ElementTemplate(
            tuple(dict.fromkeys(element_type(use.element) for use in uses_of_template)),
            {binding: times for binding, (times, _) in sorted(_largest(uses_of_template).items())},
            True if any(use.has_icon for use in uses_of_template) else OMITTED,
        )
        for uses_of_template in _by_template(uses)
    )
    return ElementTemplates(len(entries), entries)


def explain(uses: Sequence[Use]) -> Iterator[Evidence]:
    """Each template with its uses; each binding, on the use that has it most often."""
    for number, uses_of_template in enumerate(_by_template(uses)):
        template, version = uses_of_template[0].identity
        yield Evidence(
            "elementTemplateCount",
            texts={"template": template, "version": version},
            sources=tuple(SourceElement(use.element) for use in uses_of_template),
        )
        largest = _largest(uses_of_template)
        for use in {id(use): use for _, use in largest.values()}.values():
            for binding, times, element in use.bindings:
                if times and largest[binding][1] is use:
                    yield Evidence(
                        f"elementTemplates[{number}].properties.{key_part(binding)}",
                        SourceElement(element, (binding,)),
                        related={} if element is use.element else {HOLDER: use.element},
                        times=times,
                    )


def _may_use_a_template(diagram: Diagram, element: Element) -> bool:
    # The messages, signals, errors and escalations that a templated event refers to have the
    # template's id too, but only the event uses it.
    if element.tag in FLOW_ELEMENTS:
        return diagram.root_element(element) is not None
    return element.tag in TEMPLATED_ROOT_ELEMENTS and element.getparent() is diagram.root


def _by_template(uses: Sequence[Use]) -> Collection[Sequence[Use]]:
    """The uses of each template, in the order of their first ones."""
    templates: dict[tuple[str, str | None], list[Use]] = {}
    for use in uses:
        templates.setdefault(use.identity, []).append(use)
    return templates.values()


def _largest(uses: Sequence[Use]) -> dict[str, tuple[int, Use]]:
    """The largest number of each binding on one of the uses, and the first use that has it."""
    largest: dict[str, tuple[int, Use]] = {}
    for use in uses:
        sums: dict[str, int] = {}
        for binding, times, _ in use.bindings:
            sums[binding] = sums.get(binding, 0) + times
        for binding, times in sums.items():
            if times and (binding not in largest or times > largest[binding][0]):
                largest[binding] = times, use
    return largest


def _camunda_7_bindings(diagram: Diagram, element: Element, referred: _Referred) -> Iterator[Times]:
    """The bindings of an element, and how often it has each."""
    for name in dict.fromkeys(map(_camunda_7_name, element.keys())):
        if name is not None:
            yield Times(f"camunda:{name}", 1, element)
    seen = set()
    for extension in diagram.extensions(element):
        tag = extension.tag
        if tag in CAMUNDA_7_EXTENSIONS:
            has_business_key = tag == IN and extension.get("businessKey") is not None
            binding = "camunda:in:businessKey" if has_business_key else CAMUNDA_7_EXTENSIONS[tag]
            yield Times(binding, 1, extension)
        elif tag in CAMUNDA_7_LISTS and tag not in seen:
            seen.add(tag)
            yield from _listed(extension, CAMUNDA_7_LISTS[tag])
    if element.tag == SEQUENCE_FLOW:
        for condition in islice(diagram.children(element, CONDITION_EXPRESSION), 1):
            yield Times("conditionExpression", 1, condition)


def _camunda_7_name(name: str) -> str | None:
    local = name.removeprefix(camunda(""))
    if local.startswith("modelerTemplate"):
        return None
    return local if local != name or name in CAMUNDA_7_ATTRIBUTES else None


def _camunda_8_bindings(diagram: Diagram, element: Element, referred: _Referred) -> Iterator[Times]:
    """The bindings of an element, and how often it has each."""
    seen = set()
    for extension in diagram.extensions(element):
        tag = extension.tag
        if tag in CAMUNDA_8_EXTENSIONS:
            yield Times(CAMUNDA_8_EXTENSIONS[tag], 1, extension)
        elif tag == LINKED_RESOURCES:
            for resource in extension.iterchildren(LINKED_RESOURCE):
                times = len(set(resource.keys()) - {"linkName"})
                yield Times("zeebe:linkedResource", times, resource)
        elif tag not in seen:
            seen.add(tag)
            if tag in CAMUNDA_8_ATTRIBUTES:
                yield Times(CAMUNDA_8_ATTRIBUTES[tag], len(extension.keys()), extension)
            elif tag in CAMUNDA_8_LISTS:
                yield from _listed(extension, CAMUNDA_8_LISTS[tag])
    if element.tag == RECEIVE_TASK:
        yield from referred.message(own_attribute(element, "messageRef"))
    elif element.tag in EVENTS:
        for definition in diagram.children(element):
            yield from _event_bindings(diagram, definition, referred)


def _event_bindings(diagram: Diagram, definition: Element, referred: _Referred) -> Iterator[Times]:
    if definition.tag == MESSAGE_EVENT:
        yield from referred.message(own_attribute(definition, "messageRef"))
    elif definition.tag == SIGNAL_EVENT:
        yield from referred.signal(own_attribute(definition, "signalRef"))
    elif definition.tag == TIMER_EVENT:
        for time in diagram.children(definition, *TIMES):
            yield Times("bpmn:TimerEventDefinition#property", 1, time)
    elif definition.tag == CONDITIONAL_EVENT:
        for condition in islice(diagram.children(definition, CONDITION), 1):
            yield Times("bpmn:ConditionalEventDefinition#property", 1, condition)
        yield from _attributes_of_first(
            diagram,
            definition,
            CONDITIONAL_FILTER,
            "bpmn:ConditionalEventDefinition#zeebe:conditionalFilter#property",
        )


class _Referred:
    """The bindings of messages and signals; a message is read once for all its references."""

    def __init__(self, diagram: Diagram) -> None:
        self._diagram = diagram
        self._elements = diagram.root_elements_by_id
        self._messages: dict[str | None, tuple[Times, ...]] = {}

    def message(self, reference: str | None) -> tuple[Times, ...]:
        if reference not in self._messages:
            self._messages[reference] = tuple(self._message(reference))
        return self._messages[reference]

    def signal(self, reference: str | None) -> Iterator[Times]:
        signal = self._elements.get(reference)
        if (
            signal is not None
            and signal.tag == SIGNAL
            and own_attribute(signal, "name") is not None
        ):
            yield Times("bpmn:Signal#property", 1, signal)

    def _message(self, reference: str | None) -> Iterator[Times]:
        message = self._elements.get(reference)
        if message is None or message.tag != MESSAGE:
            return
        if own_attribute(message, "name") is not None:
            yield Times("bpmn:Message#property", 1, message)
        yield from _attributes_of_first(
            self._diagram, message, SUBSCRIPTION, "bpmn:Message#zeebe:subscription#property"
        )


def _listed(holder: Element, bindings: Mapping[str, str]) -> Iterator[Times]:
    for child in holder:
        binding = bindings.get(str(child.tag))
        if binding is not None:
            yield Times(binding, 1, child)


def _attributes_of_first(
    diagram: Diagram, element: Element, tag: str, binding: str
) -> Iterator[Times]:
    """The binding, once for each attribute of the first extension element with a tag."""
    for extension in diagram.extensions(element):
        if extension.tag == tag:
            yield Times(binding, len(extension.keys()), extension)
            return


METRIC: Final = Metric(
    name="element_templates",
    block=ElementTemplates,
    key="",
    fragment="elementTemplates",
    position=20,
    find=find,
    count=count,
    explain=explain,
    attribute=b"modelerTemplate",
)
