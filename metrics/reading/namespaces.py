"""The namespaces of diagrams, and the prefixes that the Modeler knows without a declaration."""

from __future__ import annotations

from typing import Final

BPMN: Final = "http://www.omg.org/spec/BPMN/20100524/MODEL"
BPMNDI: Final = "http://www.omg.org/spec/BPMN/20100524/DI"
DC: Final = "http://www.omg.org/spec/DD/20100524/DC"
DI: Final = "http://www.omg.org/spec/DD/20100524/DI"
CAMUNDA: Final = "http://camunda.org/schema/1.0/bpmn"
ZEEBE: Final = "http://camunda.org/schema/zeebe/1.0"
MODELER: Final = "http://camunda.org/schema/modeler/1.0"
XML: Final = "http://www.w3.org/XML/1998/namespace"
XMLNS: Final = "http://www.w3.org/2000/xmlns/"
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"

DMN_FAMILY: Final = ("http://www.omg.org/spec/DMN", "https://www.omg.org/spec/DMN")

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
    executionListener executionListeners field formData formDefinition formField header in input
    inputOutput inputParameter ioMapping jobPriorityDefinition linkedResource linkedResources
    loopCharacteristics out output outputParameter priorityDefinition properties property script
    subscription taskDefinition taskHeaders taskListener taskListeners taskSchedule validation
"""
LOWER_CASE_NAMES: Final = frozenset((BPMN_NAMES + CAMUNDA_NAMES).split())
"""The names of elements in these namespaces that some rule mentions."""

CAMUNDA_8_PLATFORMS: Final = ("Camunda Cloud", "Zeebe")
"""The values of `executionPlatform` of a BPMN diagram for Camunda 8."""
