"""Service tasks, and how they are implemented.

`<serviceTask camunda:class="org.example.Charge">` is printed as
`{"count": 1, "implementation": {"count": 1, "java": 1, …}}`.

The service tasks in the processes of the diagram count, at any depth. A Camunda 7 task can have
several kinds of implementations and counts for each; `implementation.count` is the number of tasks
with at least one.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from metrics.blocks import block_class, block_of, described
from metrics.bpmn.diagram import Engine
from metrics.bpmn.names import SERVICE_TASK, attribute, camunda, camunda_attribute, zeebe
from metrics.metric import Metric, by_keys, counting, tasks_by_kind

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from lxml.etree import _Element as Element

    from metrics.bpmn.diagram import Diagram

CONNECTOR: Final = camunda("connector")
TYPE: Final = camunda_attribute("type")
TYPE_NAMES: Final = frozenset(TYPE)
TASK_DEFINITION: Final = zeebe("taskDefinition")

ATTRIBUTE_KINDS: Final = {
    name: kind
    for local, kind in (
        ("class", "java"),
        ("expression", "expression"),
        ("delegateExpression", "delegate"),
    )
    for name in (camunda(local), local)
}
"""Camunda 7 attributes, and the kind of implementation that each of them specifies."""


@block_class
class Camunda7Implementations:
    """The implementations of a Camunda 7 diagram's service tasks."""

    count: int = described("Service tasks with at least one of these implementations")
    java: int = described("Service tasks with a `camunda:class`")
    expression: int = described("Service tasks with a `camunda:expression`")
    delegate: int = described("Service tasks with a `camunda:delegateExpression`")
    external: int = described("Service tasks whose `camunda:type` is `external`")
    connector: int = described("Service tasks with a `camunda:connector`")


@block_class
class Camunda8Implementations:
    """The implementations of a Camunda 8 diagram's service tasks."""

    count: int = described("Service tasks with a `zeebe:taskDefinition`")
    external: int = described("The same number: a job worker runs each of them")


@block_class
class ServiceTasks:
    """The service tasks of a BPMN diagram."""

    count: int = described("Service tasks in the processes of the diagram, at any depth")
    implementation: Camunda7Implementations | Camunda8Implementations = described(
        "Their implementations"
    )


@counting
def count(counts: Mapping[str, int], engine: Engine) -> ServiceTasks:
    """The block, from the number of findings for each key."""
    block: type[Camunda7Implementations | Camunda8Implementations]
    block = Camunda8Implementations if engine is Engine.CAMUNDA_8 else Camunda7Implementations
    return ServiceTasks(counts["count"], block_of(block, counts, "implementation."))


def _camunda_7_kinds(diagram: Diagram, task: Element) -> Collection[str]:
    names = task.keys()
    kinds = {ATTRIBUTE_KINDS[name] for name in names if name in ATTRIBUTE_KINDS}
    if not TYPE_NAMES.isdisjoint(names) and attribute(task, TYPE) == "external":
        kinds.add("external")
    if task in diagram.extended(CONNECTOR):
        kinds.add("connector")
    return kinds


def _camunda_8_kinds(diagram: Diagram, task: Element) -> Collection[str]:
    return ("external",) if task in diagram.extended(TASK_DEFINITION) else ()


KINDS: Final = MappingProxyType(
    {Engine.CAMUNDA_7: _camunda_7_kinds, Engine.CAMUNDA_8: _camunda_8_kinds}
)

METRIC: Final = Metric(
    name="service_tasks",
    block=ServiceTasks,
    key="diagramMetrics.tasks.serviceTask",
    fragment="diagramMetrics",
    position=50,
    find=tasks_by_kind(SERVICE_TASK, "implementation", KINDS),
    count=count,
    explain=by_keys,
    tags=frozenset({SERVICE_TASK, CONNECTOR, TASK_DEFINITION}),
)
