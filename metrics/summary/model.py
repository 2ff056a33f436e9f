"""The summary of a portfolio: frozen dataclasses, which are printed as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from metrics.blocks import Omitted, block_class, described
from metrics.reading.sources import printable
from metrics.report import ErrorBlock, error_block

if TYPE_CHECKING:
    from metrics.reading.errors import DocumentError


@block_class
class VersionSummary:
    """The diagrams with one version of a platform."""

    execution_platform_version: str | None = described(
        "The version; null if the diagrams have none"
    )
    diagrams: int = described("Diagrams of this version")


@block_class
class PlatformSummary:
    """The diagrams with one execution platform."""

    execution_platform: str = described("The platform, as in the payload")
    diagrams: int = described("Diagrams of this platform")
    versions: tuple[VersionSummary, ...] = described("Its versions, most frequent first")


@block_class
class Interval:
    """The diagrams with a value between two bounds."""

    at_least: int = described("The smallest value")
    at_most: int | float = described("The largest value")
    diagrams: int = described("Diagrams with a value between them, inclusive")


@block_class
class LargestDiagram:
    """A diagram with one of the largest values of a number."""

    file: str = described("The file of the diagram")
    value: int | float = described("Its value")


@block_class
class NumberSummary:
    """A number of the payload in all diagrams that have it."""

    sum: int | float = described("The sum over all diagrams, at most the largest double")
    share: float | Omitted | None = described(
        "The sum as a fraction of the sum of `shareOf`; null if that is 0"
    )
    share_of: str | Omitted = described("The number that this one is a part of")
    diagrams: int = described("Diagrams in which the number is not null, including 0")
    not_zero: int = described("Diagrams with a value other than 0")
    median: float | None = described("The median; null without diagrams")
    percentile_90: float | None = described("The 90th percentile")
    maximum: int | float | None = described("The largest value")
    distribution: tuple[Interval, ...] = described("Diagrams by value")
    most: tuple[LargestDiagram, ...] | Omitted = described(
        "The diagrams with the largest values, at most ten; omitted in groups"
    )


@block_class
class RatioSummary:
    """A ratio of the payload in all diagrams that have it; values are rounded to 4 digits."""

    diagrams: int = described("Diagrams that have the ratio")
    undefined: int = described("Diagrams in which the ratio is null")
    minimum: float | None = described("The smallest value; null without diagrams")
    lower_quartile: float | None = described("The 25th percentile")
    median: float | None = described("The median")
    upper_quartile: float | None = described("The 75th percentile")
    maximum: float | None = described("The largest value")


@block_class
class TalliedName:
    """A name in the values of a leaf."""

    records: int = described("Records or diagrams that have it")
    values: int = described("The sum of its values")


@block_class
class TallySummary:
    """The names in the values of a leaf in all diagrams.

    The JSON has the names under the key of the tally, and the fields of each by these keys.
    """

    title: str = described("The heading")
    records_key: str = described("The key of `records`")
    values_key: str = described("The key of `values`; empty if names have none")
    names: Mapping[str, TalliedName] = described("The names, most frequent first")


@block_class
class Failure:
    """A diagram that could not be measured."""

    file: str = described("The file of the diagram")
    error: ErrorBlock = described("The reason")

    @classmethod
    def of(cls, name: str, error: DocumentError) -> Failure:
        """The failure of the diagram with a name."""
        return cls(printable(name), error_block(error))


@block_class
class FailureSummary:
    """The diagrams that could not be measured because of one type of error."""

    diagrams: int = described("The number of diagrams")
    first: tuple[Failure, ...] = described("The first diagrams, at most ten")


@block_class
class CopyGroup:
    """Diagrams that are copies of each other."""

    fingerprint: str | Omitted = described("Their fingerprint; omitted for `bytes`")
    files: tuple[str, ...] = described(
        "The first files in the order of the scan, at most a hundred"
    )
    more: int | Omitted = described("The number of further files; omitted if there are none")

    @property
    def diagrams(self) -> int:
        """The number of diagrams."""
        return len(self.files) + (0 if isinstance(self.more, Omitted) else self.more)


@block_class
class CopiesSummary:
    """The measured diagrams that are copies of others."""

    by: str = described("What copies have in common: `bytes`, `model` or `structure`")
    groups: int = described("Groups of copies")
    diagrams: int = described("Diagrams in these groups")
    not_compared: int | Omitted = described(
        "Measured diagrams whose files could not be read for comparison or, in a saved scan, that"
        " have no fingerprints; omitted for `model` and `structure` if there are none"
    )
    largest: tuple[CopyGroup, ...] = described("The largest groups, at most ten")


@block_class
class Summary:
    """The summary of a portfolio of diagrams."""

    diagrams: int = described("All diagrams")
    measured: int = described("Diagrams that were measured")
    failed: int = described("Diagrams that could not be measured")
    diagram_types: Mapping[str, int] = described("Measured diagrams by their type")
    platforms: tuple[PlatformSummary, ...] = described("By platform, most frequent first")
    numbers: Mapping[str, NumberSummary] = described("Each number, by its dotted key")
    ratios: Mapping[str, RatioSummary] | Omitted = described("Each ratio, by its dotted key")
    tallies: Mapping[str, TallySummary] = described("Counted names, by the key of their tally")
    failures: Mapping[str, FailureSummary] = described("Failures by type, most frequent first")
    copies: CopiesSummary | Omitted = described("Copies; omitted in groups")
    by: str | Omitted = described("The grouping; omitted without one")
    groups: Mapping[str, Summary] | Omitted = described("The summary of each group, by its name")
