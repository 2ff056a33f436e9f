"""Process variables: the variables that a Camunda 7 diagram writes.

`<serviceTask camunda:resultVariable="total">` is printed as `{"processVariablesCount": 1}`.

The variables of each process and each other root element are collected from the element itself and
from all its flow elements, at any depth. These write variables:

- each `camunda:outputParameter` of the first `camunda:inputOutput`: its `name`;
- each `camunda:formField` of the first `camunda:formData`: its `id`;
- each `camunda:out`, unless it has `local="true"`: its `target`;
- `camunda:resultVariable`, if not empty; without a prefix, it is read on service, send, business
  rule and script tasks;
- the error and escalation event definitions of an event: the attributes below, if not empty.

If a name is missing, a variable without a name counts. Variables of the same name and scope count
once. The scope is the nearest element above the source that has a `camunda:inputParameter` of that
name in its first `camunda:inputOutput`, or else the root element. These are the rules of
extract-process-variables, the library that the Modeler uses. A Camunda 8 diagram has no such key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from metrics.blocks import block_class, described, shared
from metrics.bpmn.diagram import Engine
from metrics.bpmn.names import (
    CAMUNDA_ERROR,
    EVENTS,
    FLOW_ELEMENTS,
    ROOT_ELEMENTS,
    bpmn,
    camunda,
    camunda_attribute,
)
from metrics.metric import Evidence, Metric, SourceElement

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lxml.etree import _Element as Element

    from metrics.bpmn.diagram import Diagram

INPUT_OUTPUT: Final = camunda("inputOutput")
INPUT_PARAMETER: Final = camunda("inputParameter")
OUTPUT_PARAMETER: Final = camunda("outputParameter")
FORM_DATA: Final = camunda("formData")
FORM_FIELD: Final = camunda("formField")
OUT: Final = camunda("out")
NAME, ID = camunda_attribute("name"), camunda_attribute("id")
TARGET, LOCAL = camunda_attribute("target"), camunda_attribute("local")
RESULT_VARIABLE: Final = camunda_attribute("resultVariable")
MENTION: Final = RESULT_VARIABLE.plain.encode()

# The tasks whose `resultVariable` the Modeler also reads without a prefix.
RESULT_TASKS: Final = frozenset(bpmn("serviceTask sendTask businessRuleTask scriptTask"))

ERROR_VARIABLES: Final = (
    camunda_attribute("errorCodeVariable"),
    camunda_attribute("errorMessageVariable"),
)
ERROR, ESCALATION = bpmn("errorEventDefinition escalationEventDefinition")

EVENT_VARIABLES: Final = {
    ERROR: ERROR_VARIABLES,
    # The Modeler reads it as an error event definition where one may be.
    CAMUNDA_ERROR: ERROR_VARIABLES,
    ESCALATION: (camunda_attribute("escalationCodeVariable"),),
}
"""Event definitions, and their attributes that name a variable."""


@block_class
class ProcessVariables:
    """The process variables of a Camunda 7 diagram."""

    process_variables_count: int = described(
        "Variables that the diagram writes, by name and scope; Camunda 7 only"
    )


class Variable(NamedTuple):
    """A variable that an element writes.

    `name` is None if the element names none. `source` is the element and how it writes the
    variable; `root_element` is the root element of the source; `scope` is the element that the
    variable belongs to.
    """

    name: str | None
    source: SourceElement
    root_element: Element
    scope: Element

    @property
    def identity(self) -> tuple[str | None, Element, Element]:
        """Identifies the variable."""
        return self.name, self.scope, self.root_element


class _Written(NamedTuple):
    name: str | None
    element: Element
    kind: str


def find(diagram: Diagram) -> Sequence[Variable]:
    """Each source of a variable; those of the same name and scope are one variable."""
    if diagram.engine is Engine.CAMUNDA_8:
        return ()
    written = [
        (variable, root_element)
        for variable in _written(diagram)
        if (root_element := root_element_of(diagram, variable.element)) is not None
    ]
    if not written:
        return ()
    scopes = _Scopes(diagram)
    return [
        Variable(
            name,
            SourceElement(element, (kind,)),
            root_element,
            scopes.scope(name, element, root_element),
        )
        for (name, element, kind), root_element in written
    ]


def count(findings: Sequence[Variable], engine: Engine) -> ProcessVariables | None:
    """The number of different variables; None for Camunda 8."""
    if engine is Engine.CAMUNDA_8:
        return None
    return shared(ProcessVariables, len({variable.identity for variable in findings}))


def explain(findings: Sequence[Variable]) -> Iterator[Evidence]:
    """Each variable, with all its sources."""
    sources: dict[tuple[str | None, Element, Element], list[SourceElement]] = {}
    for variable in findings:
        sources.setdefault(variable.identity, []).append(variable.source)
    for (name, scope, _), of_variable in sources.items():
        yield Evidence(
            "processVariablesCount",
            texts={"variable": name},
            related={"scope": scope},
            sources=tuple(of_variable),
        )


def _written(diagram: Diagram) -> Iterator[_Written]:
    for tag, parameter, name, kind in (
        (INPUT_OUTPUT, OUTPUT_PARAMETER, NAME, "outputParameter"),
        (FORM_DATA, FORM_FIELD, ID, "formField"),
    ):
        for element, (first, *_) in diagram.extended(tag).items():
            for child in diagram.parts(first, parameter):
                yield _Written(diagram.attribute(child, name), element, kind)
    for element, mappings in diagram.extended(OUT).items():
        for mapping in mappings:
            if diagram.attribute(mapping, LOCAL) != "true":
                yield _Written(diagram.attribute(mapping, TARGET), element, "out")
    if diagram.document.mentions(MENTION):
        for element in diagram.with_attribute(RESULT_VARIABLE):
            is_read_without_prefix = element.tag in RESULT_TASKS
            read = diagram.attribute if is_read_without_prefix else diagram.qualified_attribute
            variable = read(element, RESULT_VARIABLE)
            if variable:
                yield _Written(variable, element, RESULT_VARIABLE.plain)
    for tag, names in EVENT_VARIABLES.items():
        for definition in diagram.elements(tag):
            event = definition.getparent()
            if event is not None and event.tag in EVENTS:
                for name in names:
                    variable = diagram.attribute(definition, name)
                    if variable:
                        yield _Written(variable, event, name.plain)


def root_element_of(diagram: Diagram, element: Element) -> Element | None:
    """The root element that a source belongs to, None if its variables are not collected."""
    if element.tag in FLOW_ELEMENTS:
        return diagram.root_element(element)
    if element.tag in ROOT_ELEMENTS and element.getparent() is diagram.root:
        return element
    return None


class _Scopes:
    """The elements with input parameters, which are the scopes of variables."""

    def __init__(self, diagram: Diagram) -> None:
        self._by_name: dict[str | None, set[Element]] = {}
        self._holders: set[Element] = set()
        for element, (first, *_) in diagram.extended(INPUT_OUTPUT).items():
            for parameter in diagram.parts(first, INPUT_PARAMETER):
                name = diagram.attribute(parameter, NAME)
                self._by_name.setdefault(name, set()).add(element)
                self._holders.add(element)
        self._above: dict[Element, dict[Element, int]] = {}
        self._scopes: dict[tuple[str | None, Element], Element | None] = {}

    def scope(self, name: str | None, element: Element, default: Element) -> Element:
        """The nearest element above this one with an input parameter of the name."""
        parent = element.getparent()
        if parent is None or name not in self._by_name:
            return default
        if (name, parent) not in self._scopes:
            self._scopes[name, parent] = self._nearest(self._by_name[name], self._above_and(parent))
        nearest = self._scopes[name, parent]
        return default if nearest is None else nearest

    def _nearest(self, holders: set[Element], above: dict[Element, int]) -> Element | None:
        fewer, more = sorted((holders, above), key=len)
        return min(
            (holder for holder in fewer if holder in more), key=above.__getitem__, default=None
        )

    def _above_and(self, element: Element) -> dict[Element, int]:
        """An element and those above it that have input parameters, with their distances."""
        if element not in self._above:
            ancestors = (element, *element.iterancestors())
            self._above[element] = {
                ancestor: distance
                for distance, ancestor in enumerate(ancestors)
                if ancestor in self._holders
            }
        return self._above[element]


METRIC: Final = Metric(
    name="process_variables",
    block=ProcessVariables,
    key="diagramMetrics",
    fragment="diagramMetrics",
    position=30,
    find=find,
    count=count,
    explain=explain,
    tags=frozenset({INPUT_OUTPUT, FORM_DATA, OUT, *EVENT_VARIABLES}),
    attribute=MENTION,
)
