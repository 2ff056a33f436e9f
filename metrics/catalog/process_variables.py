"""Process variables: the variables that a Camunda 7 diagram writes.

`<serviceTask camunda:resultVariable="total">` is printed as `{"processVariablesCount": 1}`.

The variables of each process and each other root element are collected from the element itself and
from all its flow elements, at any depth. These are *writers* of variables:

- each `camunda:outputParameter` of the first `camunda:inputOutput`: its `name`;
- each `camunda:formField` of the first `camunda:formData`: its `id`;
- each `camunda:out`, unless it has `local="true"`: its `target`;
- `camunda:resultVariable`, if not empty; without a prefix, it is read on service, send, business
  rule and script tasks;
- the error event definitions of an event, which may be `camunda:errorEventDefinition`:
  `camunda:errorCodeVariable` and `camunda:errorMessageVariable`, if not empty;
- the escalation event definitions of an event: `camunda:escalationCodeVariable`, if not empty.

If a name is missing, a variable without a name counts. Variables of the same name and scope count
once. The scope is the nearest element above the writing element that has a
`camunda:inputParameter` of that name in its first `camunda:inputOutput`, or else the root element.
These are the rules of extract-process-variables, the library that the Modeler uses. A Camunda 8
diagram has no such key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from metrics.blocks import block_class, described, shared
from metrics.bpmn.diagram import Engine
from metrics.bpmn.variables import CAMUNDA_7_TAGS, MENTION, by_variable, camunda_7_writers
from metrics.metric import Evidence, Metric, SourceElement

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from metrics.bpmn.variables import Variable, Writer


@block_class
class ProcessVariables:
    """The process variables of a Camunda 7 diagram."""

    process_variables_count: int = described(
        "Variables that the diagram writes, by name and scope; Camunda 7 only"
    )


def count(writers: Sequence[Writer], engine: Engine) -> ProcessVariables | None:
    """The number of different variables; None for Camunda 8."""
    if engine is Engine.CAMUNDA_8:
        return None
    return shared(ProcessVariables, len(by_variable(writers)))


def explain(writers: Sequence[Writer]) -> Iterator[Evidence]:
    """Each variable, with all its writers."""
    for variable, of_variable in by_variable(writers).items():
        yield evidence_of(variable, of_variable, "processVariablesCount")


def evidence_of(variable: Variable, writers: Sequence[Writer], key: str) -> Evidence:
    """The evidence that a variable with these writers counts for a key."""
    return Evidence(
        key,
        texts={"variable": variable.name},
        related={"scope": variable.scope},
        sources=tuple(SourceElement(writer.element, (writer.source,)) for writer in writers),
    )


METRIC: Final = Metric(
    name="process_variables",
    block=ProcessVariables,
    key="diagramMetrics",
    fragment="diagramMetrics",
    position=30,
    find=camunda_7_writers,
    count=count,
    explain=explain,
    tags=CAMUNDA_7_TAGS,
    attribute=MENTION,
)
