"""The metrics: one module a block of the payload.

Every module in this package that has a `METRIC` is part of the catalogue. Nothing else lists them.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, Final

from metrics.bpmn import Engine, camunda, zeebe

if TYPE_CHECKING:
    from metrics.metric import Metric

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
        tag
        for tag in sorted({tag for metric in METRICS for tag in metric.tags})
        if not tag.startswith(other)
    )
    for engine, other in OTHER_ENGINE.items()
}
"""The elements that any of them asks for, in a diagram for an engine."""
