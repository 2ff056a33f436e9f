"""The metrics: one module a block of the payload.

Every module in this package that has a `METRIC` is part of the catalogue. Nothing else lists them.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from metrics.bpmn.diagram import NO_PLATFORM, Engine
from metrics.bpmn.names import camunda, zeebe

if TYPE_CHECKING:
    from metrics.bpmn.diagram import Diagram
    from metrics.metric import Metric
    from metrics.reading.document import Kind

METRICS: Final[tuple[Metric[Any, Any], ...]] = tuple(
    sorted(
        (
            import_module(f"{__name__}.{module.name}").METRIC
            for module in iter_modules(__path__)
            if not module.name.startswith("_")
        ),
        key=lambda metric: metric.position,
    )
)
"""All metrics, in the order of their blocks in the payload."""

OTHER_ENGINE: Final = {Engine.CAMUNDA_7: zeebe(""), Engine.CAMUNDA_8: camunda("")}

TAGS: Final = {
    engine: tuple(
        sorted(
            # Names in any namespace are looked for in less time than those in their own.
            {
                f"{{*}}{tag.rpartition('}')[2]}"
                for metric in METRICS
                for tag in metric.tags
                if not tag.startswith(other)
            }
        )
    )
    for engine, other in OTHER_ENGINE.items()
}
"""The names of the elements that any of them asks for, in a diagram for an engine."""


def measure(diagram: Diagram) -> dict[str, Any]:
    """The block of each metric that a diagram has, by the metric's name; None for no block."""
    names_platform = diagram.platform != NO_PLATFORM
    plan = _plan(diagram.document.kind, diagram.engine, diagram.tags, names_platform)
    blocks = dict(plan.nothing)
    for metric in plan.asked:
        blocks[metric.name] = metric.measure(diagram)
    for metric, attribute in plan.asked_if_mentioned:
        if diagram.document.mentions(attribute):
            blocks[metric.name] = metric.measure(diagram)
    return blocks


class _Plan(NamedTuple):
    """What is to be done for diagrams that have the same tags, and name a platform or do not.

    `nothing` holds the blocks of diagrams in which nothing is found.
    """

    nothing: dict[str, Any]
    asked: tuple[Metric[Any, Any], ...]
    asked_if_mentioned: tuple[tuple[Metric[Any, Any], bytes], ...]


@lru_cache(maxsize=1024)
def _plan(kind: Kind, engine: Engine, tags: frozenset[object], names_platform: bool) -> _Plan:
    nothing = {metric.name: metric.count((), engine) for metric in METRICS if kind in metric.kinds}
    metrics = [metric for metric in METRICS if nothing.get(metric.name) is not None]
    asked = [
        metric
        for metric in metrics
        if not metric.tags.isdisjoint(tags) or (metric.of_platform and names_platform)
    ]
    return _Plan(
        nothing,
        tuple(asked),
        tuple(
            (metric, metric.attribute)
            for metric in metrics
            if metric.attribute is not None and metric not in asked
        ),
    )
