"""Service tasks, and how they are implemented.

`<serviceTask camunda:class="org.example.Charge">` is printed as
`{"count": 1, "implementation": {"count": 1, "java": 1, …}}`.

The service tasks in the processes of the diagram count, at any depth. A Camunda 7 task can have
several kinds of implementations and counts for each; `implementation.count` is the number of tasks
with at least one.
"""

from __future__ import annotations

from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from metrics.blocks import block_class, block_of, described
from metrics.bpmn.diagram import Engine
from metrics.bpmn.implementations import JOB_CODE, TASK_CODE, extensions_of, kinds_of
from metrics.bpmn.names import SERVICE_TASK
from metrics.metric import Metric, by_keys, counting, tasks_by_kind

if TYPE_CHECKING:
    from collections.abc import Mapping


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


KINDS: Final = MappingProxyType(
    {
        Engine.CAMUNDA_7: partial(kinds_of, codes=TASK_CODE),
        Engine.CAMUNDA_8: partial(kinds_of, codes=JOB_CODE),
    }
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
    tags=frozenset({SERVICE_TASK}) | extensions_of((*TASK_CODE, *JOB_CODE)),
)
