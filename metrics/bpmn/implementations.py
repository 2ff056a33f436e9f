"""The code that an engine runs: where a diagram names it, and its kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from metrics.bpmn.names import (
    AttributeName,
    bpmn_attribute,
    camunda,
    camunda_attribute,
    zeebe,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from lxml.etree import _Element as Element

    from metrics.bpmn.diagram import Diagram


class Code(NamedTuple):
    """A way to name code, and the kind of this code.

    The code is named by an `attribute`, whose text must be `value` if that is set, or by an
    `extension` element. Its name is the text of this attribute. If `name` is set, it is the text of
    that attribute of the element or of the extension element. If `name_element` is set, it is the
    text of that child of the extension element.
    """

    kind: str
    attribute: AttributeName | None = None
    extension: str | None = None
    value: str | None = None
    name: AttributeName | None = None
    name_element: str | None = None


JAVA: Final = Code("java", camunda_attribute("class"))
EXPRESSION: Final = Code("expression", camunda_attribute("expression"))
DELEGATE: Final = Code("delegate", camunda_attribute("delegateExpression"))
EXTERNAL: Final = Code(
    "external", camunda_attribute("type"), value="external", name=camunda_attribute("topic")
)
CONNECTOR: Final = Code(
    "connector", extension=camunda("connector"), name_element=camunda("connectorId")
)
TASK_CODE: Final = (JAVA, EXPRESSION, DELEGATE, EXTERNAL, CONNECTOR)
LISTENER_CODE: Final = (JAVA, EXPRESSION, DELEGATE)
RULE_TASK_CODE: Final = (*TASK_CODE, Code("decision", camunda_attribute("decisionRef")))
CALLED_CODE: Final = (
    Code("process", bpmn_attribute("calledElement")),
    Code("case", camunda_attribute("caseRef")),
)
VARIABLE_MAPPING_CODE: Final = (
    Code("java", camunda_attribute("variableMappingClass")),
    Code("delegate", camunda_attribute("variableMappingDelegateExpression")),
)
FORM_HANDLER_CODE: Final = (Code("java", camunda_attribute("formHandlerClass")),)

TYPE: Final = AttributeName(zeebe("type"), "type")
JOB: Final = Code("external", extension=zeebe("taskDefinition"), name=TYPE)
JOB_CODE: Final = (JOB,)
RULE_JOB_CODE: Final = (
    JOB,
    Code(
        "decision",
        extension=zeebe("calledDecision"),
        name=AttributeName(zeebe("decisionId"), "decisionId"),
    ),
)
SCRIPT_JOB_CODE: Final = (JOB, Code("script", extension=zeebe("script")))
CALLED_JOB_CODE: Final = (
    Code(
        "process",
        extension=zeebe("calledElement"),
        name=AttributeName(zeebe("processId"), "processId"),
    ),
)


def extensions_of(codes: Iterable[Code]) -> frozenset[str]:
    """The tags of the extension elements that name code."""
    return frozenset(code.extension for code in codes if code.extension is not None)


def kinds_of(diagram: Diagram, element: Element, codes: Iterable[Code]) -> list[str]:
    """The kinds of the code that an element names, in the order of `codes`."""
    names = diagram.attribute_names(element)
    return [code.kind for code in codes if _names(diagram, element, names, code)]


def _names(diagram: Diagram, element: Element, names: Collection[str], code: Code) -> bool:
    if code.extension is not None:
        return element in diagram.extended(code.extension)
    if code.attribute is None or (
        code.attribute.plain not in names and code.attribute.qualified not in names
    ):
        return False
    value = diagram.attribute(element, code.attribute)
    return value is not None if code.value is None else value == code.value
