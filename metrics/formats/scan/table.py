"""A table for people: a row for each diagram with the main number of each metric, then totals.

The value of `--sort` replaces the main number of its metric. The table is as wide as the terminal,
or 80 characters without one. Each row has details below the name of the diagram: its type, its
platform, and all other values that are not 0, except smaller parts of our own fragments. Rows are
printed as soon as reports are ready, so the widths of columns do not depend on the content. A
narrow table has no columns: all numbers are details.
"""

from __future__ import annotations

from itertools import chain, zip_longest
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from rich.cells import cell_len, chop_cells
from rich.text import Text

from metrics.blocks import OMITTED, LeafKind, key_parts, leaf_values, map_keys, nearest_number
from metrics.catalog import metric_named
from metrics.formats.scan import ScanLayout, record
from metrics.formats.text import counted, on_one_line, shown_file, shown_value
from metrics.formats.text.printed import Printed
from metrics.formats.text.terminal import console
from metrics.keys import Key
from metrics.reading.sources import STANDARD_INPUT
from metrics.report import DIAGRAM_TYPE, marked_as_assumed, payload_leaves

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from metrics.blocks import Leaf
    from metrics.report import Report

PROFILE: Final = "execution_platform"
GAP: Final = 2
MIN_NAME_WIDTH: Final = 24
SEPARATOR: Final = " · "
COUNT: Final = "count"

Values = dict[str, Any]


def table(reports: Iterable[Report], layout: ScanLayout) -> Iterator[bytes]:
    """Print the head, a row for each diagram, and the totals."""
    by_metric = payload_leaves(
        fragments=layout.fragments,
        added=layout.added,
        documented_keys=layout.documented_keys,
    )
    leaves = [*chain.from_iterable(by_metric.values())]
    maps = map_keys(leaves)

    def values(report: Report) -> Values:
        return dict(leaf_values(record(report, layout), maps=maps))

    rows = _Rows(by_metric, layout.sort, is_terminal=layout.is_terminal)
    yield rows.head()
    totals = _Totals(leaves, values)
    shown = 0
    for report in layout.in_order(totals.watch(reports)):
        shown += 1
        row = values(report)
        assumed = {key: marked_as_assumed(row[key]) for key in report.assumed_keys & row.keys()}
        yield rows.row(row | assumed)
    yield rows.foot(totals.values, totals.description(shown))


class _Totals:
    """The totals of all reports that pass, also of those without a row."""

    def __init__(self, leaves: Iterable[Leaf], values: Callable[[Report], Values]) -> None:
        self._leaves = [leaf for leaf in leaves if leaf.total is not None]
        self._values = values
        self._sums: dict[str, int] = {}
        self._measured = 0
        self._failed = 0

    @property
    def values(self) -> Values:
        """The totals by their keys."""
        return {key: nearest_number(value) for key, value in self._sums.items()}

    def watch(self, reports: Iterable[Report]) -> Iterator[Report]:
        """Yield the reports unchanged."""
        for report in reports:
            if report.error is None:
                self._measured += 1
                self._add(self._values(report))
            else:
                self._failed += 1
            yield report

    def description(self, shown: int) -> str:
        """The number of diagrams, of which some are `shown` as rows."""
        parts = [f"{counted(self._measured, 'diagram')} measured"]
        if self._failed:
            parts.append(f"{self._failed:,} failed")
        if shown < self._measured + self._failed:
            parts.append(f"{shown:,} shown")
        return ", ".join(parts)

    def _add(self, values: Values) -> None:
        for leaf in self._leaves:
            value = values.get(leaf.key)
            # Large sums are doubles; adding whole numbers never ends in infinity.
            if leaf.total is not None and isinstance(value, int | float):
                self._sums[leaf.key] = leaf.total(self._sums.get(leaf.key, 0), int(value))


class _Column(NamedTuple):
    """The title and key of a metric's column, and the title, labels and leaves of its details."""

    title: str
    key: Key
    details_title: str
    details: Sequence[tuple[str, Leaf]]


def _column(name: str, leaves: Sequence[Leaf], sort: Key | None) -> _Column:
    """The column of a metric, which has the value that rows are sorted by if it is one of these."""
    metric = metric_named(name)
    shown = [leaf for leaf in leaves if not leaf.is_rules]
    main = metric.main_leaf(shown) or shown[0]
    is_sorted = sort is not None and sort.leaf in shown
    key = sort if sort is not None and is_sorted else Key(main)
    details = [leaf for leaf in shown if leaf is not key.leaf]
    if metric.rules is not None:
        details = [
            leaf for leaf in details if leaf is main or _is_in_short(leaf, main, len(metric.path))
        ]
    labelled = [(_label(leaf, len(metric.path)), leaf) for leaf in details]
    title = name.replace("_", " ")
    head = _title(key, len(metric.path)) if is_sorted else ""
    return _Column(head or title, key, title, labelled)


def _label(leaf: Leaf, depth: int) -> str:
    """The last name in a key, or that of its group for the count of a group in the metric."""
    *groups, name = key_parts(leaf.key)
    return groups[-1] if name == COUNT and len(groups) > depth else name


def _title(key: Key, depth: int) -> str:
    """The last two names in a key, without those of the metric, which is `depth` groups deep.

    It is empty for the count of the metric.
    """
    names = key_parts(key.name)[depth:]
    if names[-1] == COUNT:
        names.pop()
    return " ".join(names[-2:])


def _is_in_short(leaf: Leaf, main: Leaf, depth: int) -> bool:
    """Whether details show a value of a fragment of our own; its keys begin with `depth` groups.

    Details show the values at its top, the count of each group, and the values beside the main
    number. Ratios, the names of maps and all smaller parts would fill many lines.
    """
    *groups, name = key_parts(leaf.key)
    is_main = (
        len(groups) == depth
        or (len(groups) == depth + 1 and name == COUNT)
        or groups == [*key_parts(main.key)[:-1]]
    )
    return is_main and leaf.kind not in (LeafKind.RATIO, LeafKind.MAP, LeafKind.LIST)


class _Rows:
    """Prints the rows of the table."""

    def __init__(
        self, by_metric: Mapping[str, Sequence[Leaf]], sort: Key | None, *, is_terminal: bool
    ) -> None:
        self._profile = by_metric.get(PROFILE, [])
        self._columns = [
            _column(name, leaves, sort) for name, leaves in by_metric.items() if name != PROFILE
        ]
        self._printed = Printed()
        self._console = console(self._printed, is_terminal=is_terminal)
        self._width = self._console.width
        # A column is as wide as the longest word of its title.
        self._widths = [max(map(len, column.title.split())) for column in self._columns]
        self._name_width = self._width - sum(width + GAP for width in self._widths)
        self._has_columns = self._name_width >= MIN_NAME_WIDTH

    def head(self) -> bytes:
        titles = [column.title for column in self._columns] if self._has_columns else []
        words = [(title[:1].upper() + title[1:]).split() for title in titles]
        # One word on each line, aligned at the bottom.
        lines = [*zip_longest(*map(reversed, words), fillvalue="")][::-1] or [()]
        names = ["File", *[""] * (len(lines) - 1)]
        heads = (
            map(self._aligned, names, lines)
            if self._has_columns
            else chop_cells("File", self._width)
        )
        return self._bytes(*(Text(head, "bold") for head in heads), self._rule())

    def row(self, values: Values) -> bytes:
        name = shown_file(values.get("file", STANDARD_INPUT))
        if "error.type" in values:
            return self._bytes(*self._name(name), *self._indented(_error(values), "red"))
        warnings = [
            line
            for warning in values.get("warnings", ())
            for line in self._indented(_warning(warning), "yellow")
        ]
        return self._bytes(*self._named(name, values), *warnings)

    def foot(self, totals: Values, description: str) -> bytes:
        return self._bytes(self._rule(), *self._named(description, totals))

    def _rule(self) -> Text:
        return Text("─" * self._width, "dim")

    def _named(self, name: str, values: Values) -> list[Text]:
        """A name with its numbers and details."""
        numbers = [_shown(column.key.value_in(values)) for column in self._columns]
        details = on_one_line(SEPARATOR.join(self._details(values)))
        if not (self._has_columns and any(numbers)):
            return [*self._name(name), *self._indented(details, "dim")]
        if cell_len(name) <= self._name_width:
            return [Text(self._aligned(name, numbers)), *self._indented(details, "dim")]
        # The name needs the whole width: the numbers are on the first line of the details.
        lines = self._wrapped(details, self._name_width - GAP) or [""]
        first = lines[0].removesuffix(SEPARATOR.rstrip())
        numbered = Text(self._aligned(" " * GAP + first, numbers))
        numbered.stylize("dim", 0, GAP + len(first))
        rest = details[len(first) :].lstrip(SEPARATOR)
        return [*self._name(name), numbered, *self._indented(rest, "dim")]

    def _name(self, name: str) -> list[Text]:
        return [Text(piece) for piece in chop_cells(name, self._width)]

    def _aligned(self, name: str, cells: Sequence[str]) -> str:
        blanks = " " * (self._name_width - cell_len(name)) if cells else ""
        return f"{name}{blanks}" + "".join(
            " " * GAP + cell.rjust(width) for cell, width in zip(cells, self._widths, strict=False)
        )

    def _details(self, values: Values) -> Iterator[str]:
        """The values that the columns of a row do not show."""
        profile = (values.get(leaf.key) for leaf in self._profile)
        # The version of a form may be a number.
        stated = [str(value) for value in profile if value is not None]
        yield from filter(None, [values.get(DIAGRAM_TYPE), " ".join(filter(None, stated))])
        for column in self._columns:
            number = "" if self._has_columns else _shown(column.key.value_in(values))
            head = f"{column.title} {number}" if number else column.details_title
            details = [
                detail
                for label, leaf in column.details
                for detail in _detail(label, values.get(leaf.key))
            ]
            if details:
                yield f"{head}: {', '.join(details)}"
            elif number:
                yield head

    def _indented(self, text: str, style: str) -> list[Text]:
        """The lines of a text below a name."""
        indent = GAP if self._width > 2 * GAP else 0
        lines = self._wrapped(text, self._width - indent)
        return [Text(" " * indent + line, style) for line in lines]

    def _wrapped(self, text: str, width: int) -> list[str]:
        lines = Text(text).wrap(self._console, width, overflow="fold")
        return [text for line in lines if (text := line.plain.rstrip())]

    def _bytes(self, *lines: Text) -> bytes:
        for line in lines:
            line.rstrip()
        self._console.print(Text("\n").join(lines), soft_wrap=True)
        return self._printed.take()


def _shown(value: Any) -> str:
    return "" if value is None or value is OMITTED else shown_value(value)


def _detail(label: str, value: Any) -> Iterator[str]:
    """A value after its label, unless it is 0 or empty; a list has no label."""
    if isinstance(value, list) and value:
        yield shown_value(value)
    elif value:
        yield f"{label} {shown_value(value)}"


def _error(values: Values) -> str:
    position = ":".join(str(values[key]) for key in ("error.line", "error.column") if key in values)
    return on_one_line(
        " ".join(filter(None, [values["error.type"], position, values["error.message"]]))
    )


def _warning(warning: dict[str, Any]) -> str:
    line = f"line {warning['line']}: " if "line" in warning else ""
    return on_one_line(f"warning: {line}{warning['message']}")
