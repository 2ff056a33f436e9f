"""What the formats for people share: titles, tables of figures, numbers as text."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

from metrics.blocks import Omitted, key_parts
from metrics.catalog import metric_named
from metrics.formats.text import counted, shown_file
from metrics.keys import find_key
from metrics.report import GROUPS, payload_leaves
from metrics.summary.leaves import COUNT
from metrics.summary.portfolio import BYTES, FINGERPRINTS, summarize
from metrics.summary.statistics import share

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from metrics.formats.summary import SummaryLayout
    from metrics.report import Report
    from metrics.summary.model import (
        CopiesSummary,
        LargestDiagram,
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
TOTAL: Final = "Total"
NO_VERSION: Final = "no version"
COPIES_TITLES: Final = {
    "bytes": "Identical files",
    "model": "Diagrams that are equal apart from layout",
    "structure": "Diagrams with the same structure",
}
MAX_VERSIONS: Final = 10


class Label(NamedTuple):
    """The name of a number, and its depth below the numbers that it is a part of."""

    depth: int
    name: str


class NumberRow(NamedTuple):
    """A row of the table of numbers: the key of its number, None for the head of a group."""

    label: Label
    key: str | None = None


class Row(NamedTuple):
    """A row of a table: its name, its figures, and the depth of its indentation.

    `is_quoted` says that the name is that of a file or comes from a diagram, `is_faint` that the
    figures are 0, `is_total` that they are those of all rows.
    """

    name: str
    figures: Sequence[str]
    depth: int = 0
    is_quoted: bool = False
    is_faint: bool = False
    is_total: bool = False


class Table(NamedTuple):
    """Rows of figures; the first of the heads is that of the names.

    `has_paths` says that names may be longer than a line, and that there may be many columns.
    """

    heads: Sequence[str]
    rows: Iterable[Row]
    has_paths: bool = False


def summarized(
    reports: Iterable[Report], layout: SummaryLayout, *, marks_assumed: bool = True
) -> Summary:
    """The summary of reports that a layout asks for; it `marks_assumed` platforms for people."""
    return summarize(
        reports,
        by=layout.by,
        max_size=layout.max_size,
        each_once=layout.each_once,
        fragments=layout.fragments,
        paths=layout.paths,
        copies=layout.copies,
        marks_assumed=marks_assumed,
    )


def tables(summary: Summary) -> Iterator[Table]:
    """The tables of a summary: profiles, numbers, ratios, tallies, groups."""
    if not summary.measured:
        return
    yield Table(("Type and platform", "Diagrams", "Share"), _profiles(summary))
    for title, numbers in number_sections(summary):
        yield Table((title, *HEADS), [_number(row, summary) for row in numbers])
    if not isinstance(summary.ratios, Omitted):
        yield Table(("Ratio", *RATIO_HEADS), _ratios(summary.ratios))
    for tally in summary.tallies.values():
        yield Table((tally.title, *tally_heads(tally)), _names(tally))
    if not isinstance(summary.groups, Omitted):
        columns = group_columns(summary)
        heads = (f"By {summary.by}", "Diagrams", "Failed", *columns)
        rows = (
            Row(shown_file(name), group_figures(group, columns.values()), is_quoted=True)
            for name, group in summary.groups.items()
        )
        total = Row(TOTAL, group_figures(summary, columns.values()), is_total=True)
        yield Table(heads, [*rows, total], has_paths=True)


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
            title = NO_VERSION if name is None else name
            yield Row(title, figures(version.diagrams), 1, is_quoted=name is not None)
        more = platform.versions[MAX_VERSIONS:]
        if more:
            diagrams = sum(version.diagrams for version in more)
            yield Row(f"{len(more):,} more", figures(diagrams), 1)


def number_sections(summary: Summary) -> Iterator[tuple[str, Sequence[NumberRow]]]:
    """The rows of the documented numbers, then those of each fragment of our own, with titles.

    Fragments of our own have many numbers, so those that are 0 in all diagrams are left out.
    """
    by_fragment: dict[str | None, list[str]] = {None: []}
    for key, number in summary.numbers.items():
        fragment = find_key(key).fragment
        if fragment is None or number.not_zero:
            by_fragment.setdefault(fragment, []).append(key)
    for fragment, keys in by_fragment.items():
        if fragment is None:
            yield "Number", [NumberRow(label(key), key) for key in keys]
        else:
            yield fragment, [*_rows_of_fragment(keys)]


def _rows_of_fragment(keys: Sequence[str]) -> Iterator[NumberRow]:
    """The rows of numbers of a fragment; a group without a number has a row, too."""
    headed: set[tuple[str, ...]] = set()
    for key in keys:
        _, *groups = key_parts(key)
        if len(groups) > 1 and groups[-1] == COUNT:
            del groups[-1]
        for depth in range(1, len(groups)):
            if (*groups[:depth],) not in headed:
                headed.add((*groups[:depth],))
                yield NumberRow(Label(depth - 1, groups[depth - 1]))
        headed.add((*groups,))
        yield NumberRow(Label(len(groups) - 1, groups[-1]), key)


def _number(row: NumberRow, summary: Summary) -> Row:
    depth, name = row.label
    if row.key is None:
        return Row(name, [""] * len(HEADS), depth)
    number = summary.numbers[row.key]
    return Row(name, cells(row.key, number), depth, is_faint=not number.sum)


def largest(summary: Summary) -> Iterator[tuple[str, Sequence[LargestDiagram]]]:
    """The numbers whose largest values are listed, with the diagrams that have them.

    Of a fragment of our own, this is only the main number.
    """
    main = {*headlines(summary).values()}
    for key, number in summary.numbers.items():
        if find_key(key).fragment is None or key in main:
            yield key, () if isinstance(number.most, Omitted) else number.most


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
    """The figures of a name, below the heads of `tally_heads`."""
    return (quantity(name.records), *((quantity(name.values),) if tally.values_key else ()))


def _names(tally: TallySummary) -> Iterator[Row]:
    for name, item in tally.names.items():
        yield Row(name, tally_figures(tally, item), is_quoted=True)


def label(key: str) -> Label:
    """The label of a number: `userTask` for `userTask.count`, `embedded` at depth 2."""
    groups = [group for group in key_parts(key) if group not in GROUPS]
    if len(groups) > 1 and groups[-1] == "count":
        del groups[-1]
    return Label(len(groups) - 1, groups[-1])


def percent(part: float | None) -> str:
    """A fraction as a percentage; empty for None."""
    return "" if part is None else f"{part:.1%}"


def quantity(value: float | None) -> str:
    """A number with separators of thousands; empty for None."""
    return "" if value is None else f"{value:,}"


def rest(total: int, shown: int, noun: str) -> str:
    """The number of items that are not shown: `and 2 more diagrams`; empty if all are shown."""
    return f"and {counted(total - shown, f'more {noun}')}" if total > shown else ""


def not_compared(copies: CopiesSummary) -> str:
    """How many diagrams were not compared, and why; empty if all were."""
    if isinstance(copies.not_compared, Omitted) or not copies.not_compared:
        return ""
    reason = (
        "their files could not be read"
        if copies.by == BYTES
        else f"the saved scan has no {FINGERPRINTS}: scan --with {FINGERPRINTS}"
    )
    return f"{counted(copies.not_compared, 'diagram')} not compared, because {reason}"


def share_of(part: int, whole: int) -> str:
    """A part of a whole as a percentage; empty if the whole is 0."""
    return percent(share(part, whole))


def cells(key: str, number: NumberSummary) -> tuple[str, ...]:
    """The figures of a number, one for each of `HEADS`.

    The sum is empty if the number does not add up, such as the nesting of sub-processes.
    """
    return (
        quantity(number.sum) if find_key(key).adds_up else "",
        percent(number.share) if isinstance(number.share, float) else "",
        quantity(number.not_zero),
        quantity(number.median),
        quantity(number.percentile_90),
        quantity(number.maximum),
    )


def headlines(summary: Summary) -> dict[str, str]:
    """The main number of each metric, by its title."""
    return {title: key for title, key in titles(summary) if ":" not in title}


def group_columns(summary: Summary) -> dict[str, str]:
    """The keys of the columns of the table of groups, by their titles.

    There is no column for a kind that no diagram has, and only one for a fragment of our own.
    """
    main = headlines(summary)
    return {
        title: key
        for title, key in titles(summary)
        if title in main
        or (find_key(key).fragment is None and find_key(key).adds_up and summary.numbers[key].sum)
    }


def group_figures(summary: Summary, keys: Iterable[str]) -> tuple[str, ...]:
    """The figures of a row of the table of groups: diagrams, failures, and the total of each key.

    The total is the sum, or the largest value if the number does not add up.
    """
    numbers = ((key, summary.numbers[key]) for key in keys)
    totals = (number.sum if find_key(key).adds_up else number.maximum for key, number in numbers)
    return tuple(map(quantity, (summary.diagrams, summary.failed, *totals)))


def titles(summary: Summary) -> Iterator[tuple[str, str]]:
    """The title of each number, and its key: `User tasks`, `Subprocess planes: nesting`."""
    fragments = {find_key(key).fragment for key in summary.numbers} - {None}
    for name, metric_leaves in payload_leaves(added=[*filter(None, fragments)]).items():
        title = name.replace("_", " ").capitalize()
        main = metric_named(name).main_leaf(metric_leaves)
        for leaf in metric_leaves:
            if leaf.is_number:
                key = leaf.key
                yield title if leaf is main else f"{title}: {_name_in_title(key)}", key


def _name_in_title(key: str) -> str:
    """The name of a number in titles: that of a fragment of our own says where it is."""
    if find_key(key).fragment is None:
        return label(key).name
    _, *parts = key_parts(key)
    return " ".join(parts)
