"""The namespaces of diagrams, and the prefixes that the Modeler knows without a declaration."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection

    from lxml.etree import _Element as Element

BPMN: Final = "http://www.omg.org/spec/BPMN/20100524/MODEL"
BPMNDI: Final = "http://www.omg.org/spec/BPMN/20100524/DI"
DC: Final = "http://www.omg.org/spec/DD/20100524/DC"
DI: Final = "http://www.omg.org/spec/DD/20100524/DI"
CAMUNDA: Final = "http://camunda.org/schema/1.0/bpmn"
OPERATON: Final = "http://operaton.org/schema/1.0/bpmn"
FLOWABLE: Final = "http://flowable.org/bpmn"
ACTIVITI: Final = "http://activiti.org/bpmn"
ZEEBE: Final = "http://camunda.org/schema/zeebe/1.0"
MODELER: Final = "http://camunda.org/schema/modeler/1.0"
OPERATON_MODELER: Final = "http://operaton.org/schema/modeler/1.0"
XML: Final = "http://www.w3.org/XML/1998/namespace"
XMLNS: Final = "http://www.w3.org/2000/xmlns/"
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"

DMN_FAMILY: Final = ("http://www.omg.org/spec/DMN", "https://www.omg.org/spec/DMN")

FAMILY: Final = {
    "camunda7": CAMUNDA,
    "operaton": OPERATON,
    "flowable": FLOWABLE,
    "activiti": ACTIVITI,
}
"""The dialects of Camunda 7's extensions, and the namespace of each."""

PREDEFINED_PREFIXES: Final = {
    "bpmn": BPMN,
    "bpmndi": BPMNDI,
    "dc": DC,
    "di": DI,
    "modeler": MODELER,
    "camunda": CAMUNDA,
    "zeebe": ZEEBE,
    "xsi": XSI,
}

LOWER_CASE_NAMESPACES: Final = (BPMN, CAMUNDA, ZEEBE)
"""The namespaces whose element names begin with a lower-case letter in the Modeler's model.

The Modeler also reads such a name with a capital first letter: `<bpmn:UserTask>`.
"""

BPMN_NAMES: Final = """
    adHocSubProcess association boundaryEvent businessRuleTask callActivity callChoreography
    cancelEventDefinition category choreography choreographyTask collaboration
    compensateEventDefinition complexGateway condition conditionExpression
    conditionalEventDefinition correlationProperty dataObject dataObjectReference dataStore
    dataStoreReference endEvent endPoint error errorEventDefinition escalation
    escalationEventDefinition eventBasedGateway exclusiveGateway extensionElements
    globalBusinessRuleTask globalChoreographyTask globalConversation globalManualTask
    globalScriptTask globalTask globalUserTask implicitThrowEvent inclusiveGateway interface
    intermediateCatchEvent intermediateThrowEvent itemDefinition lane laneSet linkEventDefinition
    manualTask message messageEventDefinition messageFlow multiInstanceLoopCharacteristics
    parallelGateway participant partnerEntity partnerRole process receiveTask resource scriptTask
    sendTask sequenceFlow serviceTask signal signalEventDefinition standardLoopCharacteristics
    startEvent subChoreography subProcess task terminateEventDefinition timeCycle timeDate
    timeDuration timerEventDefinition transaction userTask
"""
CAMUNDA_NAMES: Final = """
    adHoc assignmentDefinition calledDecision calledElement conditionalFilter connector constraint
    executionListener executionListeners failedJobRetryTimeCycle field formData formDefinition
    formField formProperty header in input inputOutput inputParameter ioMapping
    jobPriorityDefinition linkedResource linkedResources loopCharacteristics out output
    outputParameter potentialStarter priorityDefinition properties property script subscription
    taskDefinition taskHeaders taskListener taskListeners taskSchedule validation
"""
LOWER_CASE_NAMES: Final = frozenset((BPMN_NAMES + CAMUNDA_NAMES).split())
"""The names of elements in these namespaces that some rule mentions."""

CAMUNDA_8_PLATFORMS: Final = ("Camunda Cloud", "Zeebe")
"""The values of `executionPlatform` of a BPMN diagram for Camunda 8."""

DECLARATION: Final = b"xmlns"
TAG_END: Final = b">"
# Always matches at `xmlns`, so that no text is searched twice. The value is only looked at: after
# `name="xmlns="`, it would be the next declaration.
NAMESPACE: Final = re.compile(rb"""xmlns[^="']*+(?==\s*+["']([^"']*)|)""")


def declared_namespaces(text: bytes, root: Element) -> Collection[str]:
    """The namespaces that a document declares, and maybe others.

    `text` is the document, or the part of it to search. Most documents declare namespaces only in
    the tag of the root.
    """
    declared = dict.fromkeys(root.nsmap.values())
    # The first declaration is in the tag of the root, which does not end before the next `>`.
    end_of_tag = text.find(TAG_END, text.find(DECLARATION))
    if text.find(DECLARATION, end_of_tag) != -1:
        nested = dict.fromkeys(NAMESPACE.findall(text, end_of_tag))
        declared |= dict.fromkeys(_unescaped(name.decode(errors="replace")) for name in nested)
    return declared


def _unescaped(text: str) -> str:
    if "&" not in text:
        return text
    # Hardly any namespace is written with references.
    from html import unescape

    return unescape(text)
