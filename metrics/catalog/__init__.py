"""The catalogue: one module per metric, which has it as `METRIC`. Nothing else lists the metrics.

The modules of this package are the blocks of the documented payload. Those of `metrics.catalog.own`
are fragments of our own: each is imported and computed only on request.
"""

from __future__ import annotations

from functools import cache, lru_cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from metrics.blocks import json_key, snake_case
from metrics.bpmn.diagram import NO_PLATFORM, Engine
from metrics.bpmn.names import camunda, zeebe
from metrics.catalog import own
from metrics.reading.namespaces import FAMILY
from metrics.suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from collections.abc import Set as AbstractSet

    from metrics.bpmn.diagram import Diagram
    from metrics.metric import Metric
    from metrics.reading.document import Kind

METRICS: Final[tuple[Metric[Any, Any], ...]] = tuple(
    sorted(
        (
            import_module(f"{__name__}.{module.name}").METRIC
            for module in iter_modules(__path__)
            if not module.ispkg
        ),
        key=lambda metric: metric.position,
    )
)
"""The metrics of the documented payload, in the order of their blocks."""

FRAGMENTS: Final = tuple(dict.fromkeys(metric.fragment for metric in METRICS))
"""The names of the fragments of the documented payload."""

OWN_FRAGMENTS: Final = tuple(sorted(json_key(module.name) for module in iter_modules(own.__path__)))
"""The names of the fragments of our own, which are computed if they are asked for."""

ALL: Final = "all"
"""The name that requests all fragments of our own."""

DIALECTS: Final = tuple(FAMILY)
"""The dialects that a diagram can be counted as."""

OTHER_ENGINE: Final = {Engine.CAMUNDA_7: zeebe(""), Engine.CAMUNDA_8: camunda("")}


@cache
def own_metric(fragment: str) -> Metric[Any, Any]:
    """The metric of a fragment of our own."""
    metric: Metric[Any, Any] = import_module(f"{own.__name__}.{snake_case(fragment)}").METRIC
    return metric


def own_fragments(names: Collection[str]) -> frozenset[str]:
    """The names that are those of fragments of our own.

    Raises `ValueError` for a name that no fragment has.
    """
    for name in names:
        if name not in FRAGMENTS and name not in OWN_FRAGMENTS:
            known = (*FRAGMENTS, *OWN_FRAGMENTS)
            raise ValueError(f"no fragment is named '{name}'.{did_you_mean(name, known)}")
    return frozenset(names).intersection(OWN_FRAGMENTS)


class FragmentOptions(NamedTuple):
    """The names of the fragments of our own to compute, and how.

    `dialect` replaces the dialect that a diagram names.
    """

    names: AbstractSet[str] = frozenset()
    dialect: str | None = None


NO_FRAGMENTS: Final = FragmentOptions()


def known_dialect(dialect: str | None) -> str | None:
    """The dialect itself; raises `ValueError` if it is not one of `DIALECTS`."""
    if dialect is not None and dialect not in DIALECTS:
        raise ValueError(f"no dialect is named '{dialect}'.{did_you_mean(dialect, DIALECTS)}")
    return dialect


def with_all(names: Iterable[str]) -> tuple[str, ...]:
    """The names of fragments, with those of all fragments of our own in place of `ALL`."""
    every = ((name,) if name != ALL else OWN_FRAGMENTS for name in names)
    return tuple(dict.fromkeys(name for names in every for name in names))


def compared_fragments() -> frozenset[str]:
    """The fragments of our own that `metrics diff` compares by default."""
    return frozenset(name for name in OWN_FRAGMENTS if own_metric(name).is_compared)


@lru_cache(maxsize=64)
def metrics_with(fragments: frozenset[str]) -> tuple[Metric[Any, Any], ...]:
    """The documented metrics, then those of some fragments of our own."""
    return (*METRICS, *(own_metric(name) for name in OWN_FRAGMENTS if name in fragments))


def all_metrics() -> tuple[Metric[Any, Any], ...]:
    """The documented metrics and all of our own."""
    return metrics_with(frozenset(OWN_FRAGMENTS))


@cache
def metric_named(name: str) -> Metric[Any, Any]:
    """The metric with a name, documented or our own."""
    known = {metric.name: metric for metric in METRICS}
    return known.get(name) or own_metric(json_key(name))


@lru_cache(maxsize=64)
def tags_with(fragments: frozenset[str]) -> Mapping[Engine, tuple[str, ...]]:
    """The names of the elements that the metrics ask for, by the engine of the diagram."""
    return {
        engine: tuple(
            sorted(
                # libxml2 finds names in any namespace faster than names in one.
                {
                    f"{{*}}{tag.rpartition('}')[2]}"
                    for metric in metrics_with(fragments)
                    for tag in metric.tags
                    if not tag.startswith(other)
                }
            )
        )
        for engine, other in OTHER_ENGINE.items()
    }


def measure(diagram: Diagram, fragments: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The block of each metric that applies to a diagram, by the metric's name.

    The block is None if diagrams of its engine have none. `fragments` are those of our own to
    compute beside the documented ones.
    """
    names_platform = diagram.platform != NO_PLATFORM
    plan = _plan(diagram.document.kind, diagram.engine, diagram.tags, names_platform, fragments)
    blocks = dict(plan.empty_blocks)
    for metric in plan.metrics:
        blocks[metric.name] = metric.measure(diagram)
    for metric, attribute in plan.metrics_by_attribute:
        if diagram.document.mentions(attribute):
            blocks[metric.name] = metric.measure(diagram)
    return blocks


class _Plan(NamedTuple):
    """What to compute for diagrams with the same kind, engine and tags.

    `empty_blocks` are the blocks of diagrams without findings. `metrics` are computed in any case,
    `metrics_by_attribute` if the diagram mentions the attribute.
    """

    empty_blocks: dict[str, Any]
    metrics: tuple[Metric[Any, Any], ...]
    metrics_by_attribute: tuple[tuple[Metric[Any, Any], bytes], ...]


@lru_cache(maxsize=1024)
def _plan(
    kind: Kind,
    engine: Engine,
    tags: frozenset[object],
    names_platform: bool,
    fragments: frozenset[str],
) -> _Plan:
    empty_blocks = {
        metric.name: metric.count((), engine)
        for metric in metrics_with(fragments)
        if kind in metric.kinds
    }
    applicable = [
        metric for metric in metrics_with(fragments) if empty_blocks.get(metric.name) is not None
    ]
    selected = [
        metric
        for metric in applicable
        if metric.is_unconditional
        or not metric.tags.isdisjoint(tags)
        or (metric.of_platform and names_platform)
    ]
    return _Plan(
        empty_blocks,
        tuple(selected),
        tuple(
            (metric, metric.attribute)
            for metric in applicable
            if metric.attribute is not None and metric not in selected
        ),
    )
