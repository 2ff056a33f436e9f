"""The execution platform profile: the platform that a diagram is made for.

`<definitions modeler:executionPlatform="Camunda Cloud" modeler:executionPlatformVersion="8.6.0">`
is printed as `{"executionPlatform": "Camunda Cloud", "executionPlatformVersion": "8.6.0"}`.

A diagram that names no platform has a default one, without a version: `Camunda Cloud` if it is a
BPMN diagram whose root declares the zeebe namespace, else `Camunda Platform`. Tables and texts mark
it as `Camunda Platform (not stated)`. A form that names `Camunda Platform` without a version has
the same payload as a form that names no platform, and is marked, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from metrics.blocks import OMITTED, Omitted, Text, block_class, described, shared
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


@block_class
class ExecutionPlatform:
    """The platform that a diagram names, or the default one."""

    execution_platform: str = described(
        "The platform that the diagram names, or the default one", text=PLATFORM_NAME
    )
    execution_platform_version: str | float | Omitted | None = described(
        "The version that the diagram names, which may be a number in a form; null if a BPMN or DMN"
        " diagram names only the platform, omitted if a diagram names no platform",
        is_version=True,
        text=VERSION,
    )


DEFAULT_PROFILES: Final = {
    engine: ExecutionPlatform(name, OMITTED) for engine, name in DEFAULT_PLATFORMS.items()
}


class Profile(NamedTuple):
    """What a diagram says about its platform, and the kind of the diagram."""

    platform: Platform
    kind: Kind


def is_assumed(profile: ExecutionPlatform, kind: Kind | None) -> bool:
    """Whether the payload has the default platform because the diagram names none.

    The payload then has no version. A form can also name a platform without a version: if that is
    the default platform, the payload is the same, and the form counts as one that names none.
    """
    return profile.execution_platform_version is OMITTED and (
        kind is not Kind.FORM or profile.execution_platform == DEFAULT_PLATFORMS[Engine.CAMUNDA_7]
    )


def find(diagram: Diagram) -> Sequence[Profile]:
    """What the diagram names; nothing if it names no platform, nor, in a form, a version."""
    kind, platform = diagram.document.kind, diagram.platform
    has_profile = platform != Platform() if kind is Kind.FORM else platform.name is not None
    return (Profile(platform, kind),) if has_profile else ()


def count(profiles: Sequence[Profile], engine: Engine) -> ExecutionPlatform:
    """The profile that the diagram names, or the default one of the engine."""
    for (name, version), kind in profiles:
        is_omitted = kind is Kind.FORM and version is None
        return shared(
            ExecutionPlatform, name or DEFAULT_PLATFORMS[engine], OMITTED if is_omitted else version
        )
    return DEFAULT_PROFILES[engine]


def explain(profiles: Sequence[Profile]) -> Iterable[Evidence]:
    """Nothing: the profile has no number."""
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
