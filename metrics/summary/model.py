"""The blocks of a summary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from metrics.blocks import Omitted, described

if TYPE_CHECKING:
    from metrics.report import ErrorBlock


@dataclass(frozen=True)
class VersionSummary:
    """The diagrams of a platform that name a version of it."""

    execution_platform_version: str | None = described("The version; null for none")
    diagrams: int = described("How many diagrams name it")


@dataclass(frozen=True)
class PlatformSummary:
    """The diagrams of an execution platform."""

    execution_platform: str = described("The platform, as the payload has it")
    diagrams: int = described("How many diagrams are for it")
    versions: tuple[VersionSummary, ...] = described("The versions, most frequent first")


@dataclass(frozen=True)
class Interval:
    """How many diagrams have a value within bounds."""

    at_least: int = described("The smallest value")
    at_most: int = described("The largest value")
    diagrams: int = described("How many diagrams have one of these")


@dataclass(frozen=True)
class LargestDiagram:
    """A diagram that holds much of something."""

    file: str = described("The diagram")
    value: int = described("How much it holds")


@dataclass(frozen=True)
class NumberSummary:
    """A number of the payload, over all diagrams that have it."""

    sum: int = described("What all diagrams have together")
    share: float | Omitted | None = described(
        "The sum as a part of that of `shareOf`; null where that is 0"
    )
    share_of: str | Omitted = described("The number that counts all that could be of this kind")
    diagrams: int = described("How many diagrams have the number, be it 0")
    not_zero: int = described("In how many of them it is not 0")
    median: float | None = described("The median of these diagrams; null where there are none")
    percentile_90: float | None = described("The 90th percentile")
    maximum: int | None = described("The largest value")
    distribution: tuple[Interval, ...] = described("How many diagrams have how much of it")
    most: tuple[LargestDiagram, ...] | Omitted = described(
        "The diagrams that hold the most of it, at most ten; left out in groups"
    )


@dataclass(frozen=True)
class BindingSummary:
    """A binding of element templates."""

    templates: int = described("Entries for templates that have it, over all diagrams")
    properties: int = described("Their properties with it")


@dataclass(frozen=True)
class Failure:
    """A diagram that could not be measured."""

    file: str = described("The diagram")
    error: ErrorBlock = described("Why")


@dataclass(frozen=True)
class FailureSummary:
    """Diagrams that could not be measured, for one type of reason."""

    diagrams: int = described("How many")
    first: tuple[Failure, ...] = described("The first of them, at most ten")


@dataclass(frozen=True)
class CopiesSummary:
    """Diagrams that are byte by byte the same."""

    diagrams: int = described("How many")
    first: tuple[str, ...] = described("The first of them, at most a hundred")


@dataclass(frozen=True)
class DuplicatesSummary:
    """Which measured diagrams are byte by byte the same."""

    contents: int = described("Contents that there are more than once")
    diagrams: int = described("Diagrams that have one of these")
    not_compared: int = described("Measured diagrams whose bytes are not at hand")
    most: tuple[CopiesSummary, ...] = described("Those with the most copies, at most a hundred")


@dataclass(frozen=True)
class Summary:
    """What there is in a portfolio of diagrams."""

    diagrams: int = described("Diagrams that were asked for")
    measured: int = described("Diagrams that were measured")
    failed: int = described("Diagrams that could not be measured")
    diagram_types: Mapping[str, int] = described("Measured diagrams by their type")
    platforms: tuple[PlatformSummary, ...] = described("By platform and version, most first")
    numbers: Mapping[str, NumberSummary] = described("Each number, by its dotted key")
    bindings: Mapping[str, BindingSummary] = described("Element templates by binding, most first")
    failures: Mapping[str, FailureSummary] = described("Failures by type, most first")
    duplicates: DuplicatesSummary | Omitted = described("Copies; left out in groups")
    by: str | Omitted = described("What `groups` are made by; left out without them")
    groups: Mapping[str, Summary] | Omitted = described("The same for each group")
