"""The execution platform profile: which engine a diagram is meant for.

`<definitions modeler:executionPlatform="Camunda Cloud" modeler:executionPlatformVersion="8.6.0">`
gives `{"executionPlatform": "Camunda Cloud", "executionPlatformVersion": "8.6.0"}`.

A diagram that names no platform has the default one, without a version: `Camunda Cloud` for a BPMN
diagram whose root declares the zeebe namespace, `Camunda Platform` for the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from metrics.blocks import OMITTED, Omitted, Text, described, shared
from metrics.bpmn.diagram import Engine, Platform
from metrics.metric import Metric
from metrics.reading.document import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from metrics.bpmn.diagram import Diagram
    from metrics.metric import Evidence

DEFAULT_PLATFORMS: Final = {
    Engine.CAMUNDA_7: "Camunda Platform",
    Engine.CAMUNDA_8: "Camunda Cloud",
}


PLATFORM_NAME: Final = Text(
    r"[A-Za-z0-9 ._-]{1,40}", "1 to 40 ASCII letters, digits, blanks, `.`, `_` and `-`"
)
VERSION: Final = Text(
    r"[A-Za-z0-9.+_-]{0,40}", "up to 40 ASCII letters, digits, `.`, `+`, `_` and `-`"
)


@dataclass(frozen=True)
class ExecutionPlatform:
    """The platform that a diagram names, or the default one."""

    execution_platform: str = described(
        "The platform that the diagram names, else the default one", text=PLATFORM_NAME
    )
    execution_platform_version: str | Omitted | None = described(
        "The version that it names; null where BPMN or DMN names a platform without one",
        is_version=True,
        text=VERSION,
    )


DEFAULT_PROFILES: Final = {
    engine: ExecutionPlatform(name, OMITTED) for engine, name in DEFAULT_PLATFORMS.items()
}


class Profile(NamedTuple):
    """What a diagram says of its platform, and which kind of diagram says so."""

    platform: Platform
    kind: Kind


def find(diagram: Diagram) -> Sequence[Profile]:
    """What the diagram names; nothing where it names no platform and, as a form, no version."""
    kind, platform = diagram.document.kind, diagram.platform
    has_profile = platform != Platform() if kind is Kind.FORM else platform.name is not None
    return (Profile(platform, kind),) if has_profile else ()


def count(profiles: Sequence[Profile], engine: Engine) -> ExecutionPlatform:
    """The profile that was found, else the default one of the engine."""
    for (name, version), kind in profiles:
        is_omitted = kind is Kind.FORM and version is None
        return shared(
            ExecutionPlatform, name or DEFAULT_PLATFORMS[engine], OMITTED if is_omitted else version
        )
    return DEFAULT_PROFILES[engine]


def explain(profiles: Sequence[Profile]) -> Iterable[Evidence]:
    """Nothing: it has no number."""
    return ()


METRIC: Final = Metric(
    name="execution_platform",
    block=ExecutionPlatform,
    key="",
    fragment="profile",
    position=10,
    find=find,
    count=count,
    explain=explain,
    kinds=tuple(Kind),
    of_platform=True,
)
