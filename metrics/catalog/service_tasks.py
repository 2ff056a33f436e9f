"""Service tasks, and how they are implemented.

`<serviceTask camunda:class="org.example.Charge">` gives
`{"count": 1, "implementation": {"count": 1, "java": 1, …}}`.

Counted are the service tasks among the flow elements of the processes, at any depth. A Camunda 7
task can be implemented in several ways, and then counts for each; `implementation.count` is the
tasks with at least one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from metrics.blocks import block_of, described
from metrics.bpmn.diagram import Engine
from metrics.bpmn.names import SERVICE_TASK, attribute, camunda, camunda_attribute, zeebe
from metrics.metric import Finding, Metric, by_keys, counting

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

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
"""The Camunda 7 attributes of which the mere presence tells the kind of an implementation."""

KEYS: Final = {
    kind: f"implementation.{kind}" for kind in (*ATTRIBUTE_KINDS.values(), "external", "connector")
}


@dataclass(frozen=True)
class Camunda7Implementations:
    """How a Camunda 7 diagram's service tasks are implemented."""

    count: int = described("Service tasks that are implemented in at least one of these ways")
    java: int = described("Service tasks with a `camunda:class`")
    expression: int = described("Service tasks with a `camunda:expression`")
    delegate: int = described("Service tasks with a `camunda:delegateExpression`")
    external: int = described("Service tasks with the `camunda:type` `external`")
    connector: int = described("Service tasks with a `camunda:connector`")


@dataclass(frozen=True)
class Camunda8Implementations:
    """How a Camunda 8 diagram's service tasks are implemented."""

    count: int = described("Service tasks with a `zeebe:taskDefinition`")
    external: int = described("The same: each of them is done by a job worker")


@dataclass(frozen=True)
class ServiceTasks:
    """The service tasks of a BPMN diagram."""

    count: int = described("Service tasks in the processes of the diagram, at any depth")
    implementation: Camunda7Implementations | Camunda8Implementations = described(
        "How they are implemented"
    )


def find(diagram: Diagram) -> Sequence[Finding]:
    """Each service task, for `count` and for the keys of `implementation` that it counts for."""
    kinds_of = _camunda_8_kinds if diagram.engine is Engine.CAMUNDA_8 else _camunda_7_kinds
    findings = []
    for task in diagram.in_processes(SERVICE_TASK):
        kinds = kinds_of(diagram, task)
        ways = ("implementation.count", *[KEYS[kind] for kind in kinds]) if kinds else ()
        findings.append(Finding(("count", *ways), task))
    return findings


@counting
def count(counts: Mapping[str, int], engine: Engine) -> ServiceTasks:
    """How many findings each key has."""
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


METRIC: Final = Metric(
    name="service_tasks",
    block=ServiceTasks,
    key="diagramMetrics.tasks.serviceTask",
    fragment="diagramMetrics",
    position=50,
    find=find,
    count=count,
    explain=by_keys,
    tags=frozenset({SERVICE_TASK, CONNECTOR, TASK_DEFINITION}),
)
