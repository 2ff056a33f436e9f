"""A table for people: a row for each diagram with the main number of each metric, then totals.

It is as wide as the terminal, or 80 characters without one. Below the name of a diagram are its
type, its platform and all other values that are not 0. A row is printed as soon as its report is
ready, so the widths of the columns do not depend on the content. A narrow table has no columns: the
numbers are below the name, too.
"""

from __future__ import annotations

import io
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from rich.cells import cell_len, chop_cells
from rich.text import Text

from metrics.blocks import LeafKind, leaf_values
from metrics.formats.scan import ScanLayout, record
from metrics.formats.text import counted, on_one_line, shown_value
from metrics.formats.text.terminal import console
from metrics.reading.sources import STANDARD_INPUT
from metrics.report import DIAGRAM_TYPE, payload_leaves

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from metrics.blocks import Leaf
    from metrics.report import Report

PROFILE: Final = "execution_platform"
GAP: Final = 2
NARROWEST_NAMES: Final = 24
SEPARATOR: Final = " · "

Values = dict[str, Any]


def table(reports: Iterable[Report], layout: ScanLayout) -> Iterator[bytes]:
    """Print the head, the row of each diagram, and the foot."""
    by_metric = payload_leaves(
        fragments=layout.fragments,
        added=layout.added,
        documented_keys=layout.documented_keys,
    )
    maps = frozenset(
        leaf.key for found in by_metric.values() for leaf in found if leaf.kind is LeafKind.MAP
    )
    page = _Page(by_metric, is_terminal=layout.is_terminal)
    yield page.head()
    totals: Values = {}
    measured = failed = 0
    for report in reports:
        values = dict(leaf_values(record(report, layout), maps=maps))
        if report.error is None:
            measured += 1
            _add(totals, values, by_metric)
        else:
            failed += 1
        yield page.row(values)
    yield page.foot(totals, measured, failed)


def _add(totals: Values, values: Values, by_metric: Mapping[str, Sequence[Leaf]]) -> None:
    for metric_leaves in by_metric.values():
        for leaf in metric_leaves:
            value = values.get(leaf.key)
            if leaf.total is not None and isinstance(value, int):
                totals[leaf.key] = leaf.total(totals.get(leaf.key, 0), value)


class _MetricColumns(NamedTuple):
    """The values of a metric: the one in its column, and those below the name."""

    main: Leaf
    others: Sequence[Leaf]


def _columns(metric_leaves: Sequence[Leaf]) -> _MetricColumns:
    shown = [leaf for leaf in metric_leaves if not leaf.is_rules]
    main = next((leaf for leaf in shown if leaf.is_number), shown[0])
    return _MetricColumns(main, [leaf for leaf in shown if leaf is not main])


class _Page:
    """The table, piece by piece."""

    def __init__(self, by_metric: Mapping[str, Sequence[Leaf]], *, is_terminal: bool) -> None:
        self._profile = by_metric.get(PROFILE, [])
        self._metrics = {
            name.replace("_", " "): _columns(metric_leaves)
            for name, metric_leaves in by_metric.items()
            if name != PROFILE
        }
        self._printed = io.StringIO()
        self._console = console(self._printed, is_terminal=is_terminal)
        self._width = self._console.width
        # A column is as wide as the longest word of its title.
        self._widths = [max(map(len, title.split())) for title in self._metrics]
        self._room = self._width - sum(width + GAP for width in self._widths)
        self._has_columns = self._room >= NARROWEST_NAMES

    def head(self) -> bytes:
        words = [title.capitalize().split() for title in self._metrics] if self._has_columns else []
        # A word a line, the last ones at the foot.
        lines = [*zip_longest(*map(reversed, words), fillvalue="")][::-1] or [()]
        names = ["File", *[""] * (len(lines) - 1)]
        heads = (
            map(self._aligned, names, lines)
            if self._has_columns
            else chop_cells("File", self._width)
        )
        return self._bytes(*(Text(head, "bold") for head in heads), self._rule())

    def row(self, values: Values) -> bytes:
        name = on_one_line(values.get("file", STANDARD_INPUT))
        if "error.type" in values:
            return self._bytes(*self._name(name), *self._below(_error(values), "red"))
        warnings = (self._below(_warning(one), "yellow") for one in values.get("warnings", ()))
        return self._bytes(
            *self._named(name, values), *(line for lines in warnings for line in lines)
        )

    def foot(self, totals: Values, measured: int, failed: int) -> bytes:
        name = f"{counted(measured, 'diagram')} measured"
        if failed:
            name += f", {failed:,} failed"
        return self._bytes(self._rule(), *self._named(name, totals))

    def _rule(self) -> Text:
        return Text("─" * self._width, "dim")

    def _named(self, name: str, values: Values) -> list[Text]:
        """A name, its numbers, and what they are made of."""
        numbers = [_shown(values.get(metric.main.key)) for metric in self._metrics.values()]
        details = on_one_line(SEPARATOR.join(self._details(values)))
        if not (self._has_columns and any(numbers)):
            return [*self._name(name), *self._below(details, "dim")]
        if cell_len(name) <= self._room:
            return [Text(self._aligned(name, numbers)), *self._below(details, "dim")]
        # The name takes all the width: the numbers stand beside the beginning of the details.
        lines = self._wrapped(details, self._room - GAP) or [""]
        first = lines[0].removesuffix(SEPARATOR.rstrip())
        beside = Text(self._aligned(" " * GAP + first, numbers))
        beside.stylize("dim", 0, GAP + len(first))
        rest = details[len(first) :].lstrip(SEPARATOR)
        return [*self._name(name), beside, *self._below(rest, "dim")]

    def _name(self, name: str) -> list[Text]:
        return [Text(piece) for piece in chop_cells(name, self._width)]

    def _aligned(self, name: str, cells: Sequence[str]) -> str:
        blanks = " " * (self._room - cell_len(name)) if cells else ""
        return f"{name}{blanks}" + "".join(
            " " * GAP + cell.rjust(width) for cell, width in zip(cells, self._widths, strict=False)
        )

    def _details(self, values: Values) -> Iterator[str]:
        """What the numbers of a row are made of: all that its columns do not show."""
        profile = [values.get(column.key) for column in self._profile]
        yield from filter(None, [values.get(DIAGRAM_TYPE), " ".join(filter(None, profile))])
        for title, (main, others) in self._metrics.items():
            head = title
            if not self._has_columns and main.key in values:
                head += f" {_shown(values[main.key])}"
            details = [detail for leaf in others for detail in _detail(leaf, values)]
            if details:
                yield f"{head}: {', '.join(details)}"
            elif head != title:
                yield head

    def _below(self, text: str, style: str) -> list[Text]:
        """A text below a name, in as many lines as it takes."""
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
        printed = self._printed.getvalue()
        self._printed.seek(0)
        self._printed.truncate()
        return printed.encode()


def _shown(value: Any) -> str:
    return "" if value is None else shown_value(value)


def _detail(leaf: Leaf, values: Values) -> Iterator[str]:
    """A value with its name, unless it is 0 or empty; the items of a list without."""
    value = values.get(leaf.key)
    *groups, name = leaf.key.split(".")
    if isinstance(value, list) and value:
        yield shown_value(value)
    elif value:
        yield f"{groups[-1] if name == 'count' else name} {shown_value(value)}"


def _error(values: Values) -> str:
    place = ":".join(str(values[key]) for key in ("error.line", "error.column") if key in values)
    return on_one_line(
        " ".join(filter(None, [values["error.type"], place, values["error.message"]]))
    )


def _warning(warning: dict[str, Any]) -> str:
    line = f"line {warning['line']}: " if "line" in warning else ""
    return on_one_line(f"warning: {line}{warning['message']}")
