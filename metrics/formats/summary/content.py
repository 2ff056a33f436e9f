"""What the formats for people show of a summary: what things are called, and tables of figures."""

from __future__ import annotations

from itertools import islice
from operator import add
from typing import TYPE_CHECKING, Final, NamedTuple

from metrics.blocks import Omitted
from metrics.formats.text import counted
from metrics.keys import find_key
from metrics.report import GROUPS, payload_leaves
from metrics.summary.portfolio import summarize

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from metrics.formats.summary import SummaryLayout
    from metrics.report import Report
    from metrics.summary.model import (
        NumberSummary,
        RatioSummary,
        Summary,
        TalliedName,
        TallySummary,
    )

RATIO_HEADS: Final = (
    "In diagrams",
    "Undefined",
    "Minimum",
    "25 %",
    "Median",
    "75 %",
    "Maximum",
)
HEADS: Final = ("Sum", "Share", "In diagrams", "Median", "90 %", "Maximum")
NO_VERSION: Final = "no version"
GONE: Final = "their files are not found from here"
MAX_VERSIONS: Final = 10


class Label(NamedTuple):
    """What a number is called where it stands below those that it is a part of."""

    depth: int
    name: str


class Row(NamedTuple):
    """A row of a table: its name, how deep it stands below others, and its figures.

    `is_quoted` where the name is a text out of a diagram, or that of a file.
    """

    name: str
    figures: Sequence[str]
    depth: int = 0
    is_quoted: bool = False
    is_faint: bool = False


class Table(NamedTuple):
    """Rows of figures below their heads, the first of which is that of the names.

    `has_paths` where these may be longer than a line.
    """

    heads: Sequence[str]
    rows: Iterable[Row]
    has_paths: bool = False


def summarized(reports: Iterable[Report], layout: SummaryLayout) -> Summary:
    """The summary of reports that a layout asks for."""
    return summarize(
        reports,
        by=layout.by,
        max_size=layout.max_size,
        each_once=layout.each_once,
        fragments=layout.fragments,
    )


def tables(summary: Summary) -> Iterator[Table]:
    """What a summary has figures of: profiles, numbers, bindings, groups."""
    if not summary.measured:
        return
    yield Table(("Type and platform", "Diagrams", "Share"), _profiles(summary))
    yield Table(("Number", *HEADS), _numbers(summary))
    if not isinstance(summary.ratios, Omitted):
        yield Table(("Ratio", *RATIO_HEADS), _ratios(summary.ratios))
    for tally in summary.tallies.values():
        yield Table((tally.title, *tally_heads(tally)), _names(tally))
    if not isinstance(summary.groups, Omitted):
        found = group_columns(summary)
        heads = (f"By {summary.by}", "Diagrams", "Failed", *found)
        rows = (
            Row(
                name,
                [
                    quantity(group.diagrams),
                    quantity(group.failed),
                    *(quantity(group.numbers[key].sum) for key in found.values()),
                ],
                is_quoted=True,
            )
            for name, group in summary.groups.items()
        )
        yield Table(heads, rows, has_paths=True)


def _profiles(summary: Summary) -> Iterator[Row]:
    def figures(diagrams: int) -> tuple[str, str]:
        return quantity(diagrams), share_of(diagrams, summary.measured)

    for kind, diagrams in summary.diagram_types.items():
        if diagrams:
            yield Row(kind, figures(diagrams))
    for platform in summary.platforms:
        yield Row(platform.execution_platform, figures(platform.diagrams), is_quoted=True)
        for version in islice(platform.versions, MAX_VERSIONS):
            name = version.execution_platform_version
            told = NO_VERSION if name is None else name
            yield Row(told, figures(version.diagrams), 1, is_quoted=name is not None)
        more = platform.versions[MAX_VERSIONS:]
        if more:
            diagrams = sum(version.diagrams for version in more)
            yield Row(f"{len(more):,} more", figures(diagrams), 1)


def _numbers(summary: Summary) -> Iterator[Row]:
    for key, number in summary.numbers.items():
        depth, name = label(key)
        yield Row(name, cells(key, number), depth, is_faint=not number.sum)


def _ratios(ratios: Mapping[str, RatioSummary]) -> Iterator[Row]:
    for key, ratio in ratios.items():
        figures = (
            quantity(ratio.diagrams),
            quantity(ratio.undefined),
            quantity(ratio.minimum),
            quantity(ratio.lower_quartile),
            quantity(ratio.median),
            quantity(ratio.upper_quartile),
            quantity(ratio.maximum),
        )
        yield Row(key, figures)


def tally_heads(tally: TallySummary) -> tuple[str, ...]:
    """The heads of the figures of a tally."""
    return tuple(key.capitalize() for key in (tally.records_key, tally.values_key) if key)


def tally_figures(tally: TallySummary, name: TalliedName) -> tuple[str, ...]:
    """The figures of a name, as `tally_heads` says."""
    return (quantity(name.records), *((quantity(name.values),) if tally.values_key else ()))


def _names(tally: TallySummary) -> Iterator[Row]:
    for name, item in tally.names.items():
        yield Row(name, tally_figures(tally, item), is_quoted=True)


def label(key: str) -> Label:
    """The label of a number: `userTask` for all of them, `embedded`, at depth 2, for some."""
    groups = [group for group in key.split(".") if group not in GROUPS]
    if len(groups) > 1 and groups[-1] == "count":
        del groups[-1]
    return Label(len(groups) - 1, groups[-1])


def percent(part: float | None) -> str:
    """A part of 1 for people; nothing where it is not known."""
    return "" if part is None else f"{part:.1%}"


def quantity(value: float | None) -> str:
    """A number for people; nothing where there is none."""
    return "" if value is None else f"{value:,}"


def rest(found: int, told: int, noun: str) -> str:
    """How many more there are than are told, for people; nothing where there are none."""
    return f"and {counted(found - told, f'more {noun}')}" if found > told else ""


def share_of(part: int, whole: int) -> str:
    """A part of a whole, for people."""
    return percent(part / whole) if whole else ""


def cells(key: str, number: NumberSummary) -> tuple[str, ...]:
    """A number's sum, share, diagrams, and how it is spread, for people: as `HEADS` says.

    There is no sum of what does not add up, as the nesting of sub-processes.
    """
    return (
        quantity(number.sum) if adds_up(key) else "",
        percent(number.share) if isinstance(number.share, float) else "",
        quantity(number.not_zero),
        quantity(number.median),
        quantity(number.percentile_90),
        quantity(number.maximum),
    )


def adds_up(key: str) -> bool:
    """Whether a number has a sum over diagrams; a maximum has none."""
    return find_key(key).leaf.total is add


def headlines(summary: Summary) -> dict[str, str]:
    """The first number of each metric, by its title."""
    return {title: key for title, key in titles(summary) if ":" not in title}


def group_columns(summary: Summary) -> dict[str, str]:
    """The numbers that tell groups from each other, by their titles: of kinds those there are."""
    first = headlines(summary)
    return {
        title: key
        for title, key in titles(summary)
        if title in first or (adds_up(key) and summary.numbers[key].sum)
    }


def titles(summary: Summary) -> Iterator[tuple[str, str]]:
    """A title for each number, and its key: `User tasks`, `Subprocess planes: nesting`."""
    fragments = {find_key(key).fragment for key in summary.numbers} - {None}
    for name, metric_leaves in payload_leaves(added=[*filter(None, fragments)]).items():
        title = name.replace("_", " ").capitalize()
        numbers = [leaf.key for leaf in metric_leaves if leaf.is_number]
        for index, key in enumerate(numbers):
            yield f"{title}: {label(key).name}" if index else title, key
