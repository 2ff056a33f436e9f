"""Portability: what each engine ignores in a diagram because of its namespace.

`<serviceTask id="s" flowable:class="org.example.Charge"/>` is printed as `{"rules": 1, "count": 1,
"namespaces": {…, "flowable": 1, …}, "ignored": {"camunda7": 1, "operaton": 1, "flowable": 0,
"activiti": 1}}`.

An extension is in the namespace of Camunda 7, Operaton, Flowable or Activiti. It is an attribute of
a BPMN element, or an element directly in `extensionElements`. The attributes and the content of
such an element are not extensions. All BPMN diagrams have this fragment, except those for
Camunda 8. A diagram may also name its platform in the namespace of Operaton's modeler.

An engine ignores an extension if it knows the name of the extension, but does not read it in this
namespace. Camunda 7 also reads the namespace of Activiti, Operaton that of Camunda 7, and Flowable
those of Activiti and Camunda 7. Flowable and Activiti read elements in any namespace, so they
ignore none. Flowable reads `errorVariableName`, `errorVariableTransient`,
`errorVariableLocalScope` and `noWaitStatesAsyncLeave` in its own namespace only.

An extension whose name an engine does not know in any namespace does not count for it, so 0 does
not mean that the engine runs the diagram. A name counts on any BPMN element. If an
engine reads a name in several namespaces and uses only one of them, the others count as read, too.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from metrics.blocks import block_class, block_of, described, shared
from metrics.bpmn.dialects import has_dialect, reads_attribute, reads_element
from metrics.bpmn.names import PREFIXES
from metrics.metric import Evidence, Metric, SourceElement
from metrics.reading.namespaces import FAMILY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from metrics.bpmn.diagram import Diagram, Engine
    from metrics.bpmn.extensions import Extension

ATTRIBUTES: Final[Mapping[str, tuple[str, ...]]] = {
    "camunda7 operaton flowable activiti": (
        *("assignee", "async", "candidateGroups", "candidateStarterGroups"),
        *("candidateStarterUsers", "candidateUsers", "class", "collection", "delegateExpression"),
        *("dueDate", "elementVariable", "exclusive", "expression", "formKey", "initiator"),
        *("priority", "resultVariable", "resultVariableName", "type"),
    ),
    "camunda7 operaton": (
        *("asyncAfter", "asyncBefore", "calledElementBinding", "calledElementTenantId"),
        *("calledElementVersion", "calledElementVersionTag", "caseBinding", "caseRef"),
        *("caseTenantId", "caseVersion", "decisionRef", "decisionRefBinding"),
        *("decisionRefTenantId", "decisionRefVersion", "decisionRefVersionTag", "dst", "dstExpr"),
        *("errorCodeVariable", "errorMessage", "errorMessageVariable", "escalationCodeVariable"),
        *("followUpDate", "formHandlerClass", "formRef", "formRefBinding", "formRefVersion"),
        *("historyTimeToLive", "isStartableInTasklist", "jobPriority", "link", "linkExpr"),
        *("mapDecisionResult", "resource", "src", "srcExpr", "taskPriority", "topic"),
        *("variableEvents", "variableMappingClass", "variableMappingDelegateExpression"),
        *("variableName", "versionTag"),
    ),
    "flowable activiti": (
        *("autoStoreVariables", "businessCalendarName", "businessKey", "category"),
        *("elementIndexVariable", "endDate", "exclude", "extensionId", "inheritBusinessKey"),
        *("inheritVariables", "messageExpression", "name", "owner", "ruleVariablesInput", "rules"),
        *("scope", "signalExpression", "skipExpression", "terminateAll"),
        "terminateMultiInstance",
    ),
    "activiti": ("correlationKey",),
    "flowable": (
        *("asyncAfter", "asyncLeave", "asyncLeaveExclusive", "calledElementBinding"),
        *("calledElementType", "caseDefinitionKey", "caseInstanceName", "completeAsync"),
        *("doNotIncludeVariables", "errorVariableLocalScope", "errorVariableName"),
        *("errorVariableTransient", "fallbackToDefaultTenant", "formFieldValidation"),
        *("idVariableName", "isEagerExecutionFetching", "noWaitStatesAsyncLeave"),
        *("parallelInSameTransaction", "processInstanceName", "sameDeployment"),
        *("storeResultVariableAsTransient", "taskCompleterVariableName", "taskIdVariableName"),
        *("topic", "triggerable", "useLocalScopeForOutParameters"),
        "useLocalScopeForResultVariable",
    ),
}
"""The names of attributes that engines know:"""

ELEMENTS: Final[Mapping[str, tuple[str, ...]]] = {
    "camunda7 operaton": (
        *("connector", "executionListener", "failedJobRetryTimeCycle", "field", "formData"),
        *("formProperty", "in", "inputOutput", "out", "potentialStarter", "properties"),
        "taskListener",
    )
}
"""The names of elements that Camunda 7 and Operaton know:"""

KNOWN_NAMES: Final = frozenset(
    name for table in (ATTRIBUTES, ELEMENTS) for names in table.values() for name in names
)


@block_class
class ByDialect:
    """A number for each of the engines, or for each of their namespaces."""

    camunda7: int = described("For Camunda 7")
    operaton: int = described("For Operaton")
    flowable: int = described("For Flowable")
    activiti: int = described("For Activiti")


@block_class
class Portability:
    """What each engine ignores in a diagram because of its namespace."""

    count: int = described("Extensions")
    namespaces: ByDialect = described("Extensions by namespace")
    ignored: ByDialect = described("Extensions that each engine ignores because of their namespace")


def find(diagram: Diagram) -> Sequence[Extension]:
    """The extensions of a diagram."""
    return diagram.family_extensions


def count(extensions: Sequence[Extension], engine: Engine) -> Portability:
    """The number of extensions, by namespace and by the engines that ignore them."""
    counts: dict[str, int] = {}
    for dialect, name, _, is_attribute in extensions:
        for key in _keys(dialect, name, is_attribute):
            counts[key] = counts.get(key, 0) + 1
    return shared(
        Portability,
        len(extensions),
        block_of(ByDialect, counts, "namespaces."),
        block_of(ByDialect, counts, "ignored."),
    )


def explain(extensions: Sequence[Extension]) -> Iterator[Evidence]:
    """Each extension, with its name."""
    for dialect, name, element, is_attribute in extensions:
        source = SourceElement(element, (f"{PREFIXES.get(FAMILY[dialect], dialect)}:{name}",))
        for key in ("count", *_keys(dialect, name, is_attribute)):
            yield Evidence(key, source)


def _keys(dialect: str, name: str, is_attribute: bool) -> Sequence[str]:
    """The keys for which an extension counts, besides `count`."""
    # Names that no engine knows are many in a hostile diagram: they are not kept.
    return _keys_of_name(dialect, name if name in KNOWN_NAMES else "", is_attribute)


@cache
def _keys_of_name(dialect: str, name: str, is_attribute: bool) -> Sequence[str]:
    engines = [
        engine
        for engine in FAMILY
        if name in _known_names(engine, is_attribute)
        and not _reads(engine, FAMILY[dialect], name, is_attribute)
    ]
    return (f"namespaces.{dialect}", *(f"ignored.{engine}" for engine in engines))


def _reads(engine: str, namespace: str, name: str, is_attribute: bool) -> bool:
    if is_attribute:
        return reads_attribute(engine, name, namespace)
    return reads_element(engine, namespace)


@cache
def _known_names(engine: str, is_attribute: bool) -> frozenset[str]:
    table = ATTRIBUTES if is_attribute else ELEMENTS
    return frozenset(
        name for engines, names in table.items() if engine in engines.split() for name in names
    )


METRIC: Final = Metric(
    name="portability",
    block=Portability,
    key="portability",
    fragment="portability",
    rules=1,
    find=find,
    count=count,
    explain=explain,
    applies=has_dialect,
)
