"""A table for people: below each diagram's name a column a metric, totals at the foot.

It is as wide as the terminal, or 80 characters where there is none. A cell begins with the number
of all that the metric counts; the kinds that there are stand below, those that are 0 are left out.
A row is printed as soon as it is known, so that the width of a column depends on no content.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from metrics.formats import STANDARD_INPUT, Layout, leaves, on_one_line, record
from metrics.report import DIAGRAM_TYPE, columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rich.console import RenderableType

    from metrics.metric import Column
    from metrics.report import Report

PROFILE: Final = "execution_platform"
WIDTHS: Final = {
    "process_variables": 9,
    "user_tasks": 15,
    "service_tasks": 16,
    "subprocess_planes": 10,
}
"""The widths of the columns, by the metric's name; what is not here shares what is left."""

GAP: Final = 2

Values = dict[str, Any]


def table(reports: Iterable[Report], layout: Layout) -> Iterator[bytes]:
    """Give the head, the row of each diagram, and the foot."""
    by_metric = columns(fragments=layout.fragments, documented_keys=layout.documented_keys)
    page = _Page(by_metric, is_terminal=layout.is_terminal)
    yield page.head()
    totals: Values = {}
    measured = failed = 0
    for report in reports:
        values = dict(leaves(record(report, layout)))
        if report.error is None:
            measured += 1
            _add(totals, values, by_metric)
        else:
            failed += 1
        yield page.row(values)
    yield page.foot(totals, measured, failed)


def _add(totals: Values, values: Values, by_metric: dict[str, list[Column]]) -> None:
    for found in by_metric.values():
        for key, total in found:
            value = values.get(key)
            if isinstance(value, int):
                totals[key] = total(totals.get(key, 0), value)


class _Page:
    """The table, piece by piece."""

    def __init__(self, by_metric: dict[str, list[Column]], *, is_terminal: bool) -> None:
        self._profile = by_metric.get(PROFILE, [])
        self._metrics = {name: found for name, found in by_metric.items() if name != PROFILE}
        self._text = io.StringIO()
        self._console = Console(
            file=self._text, force_terminal=is_terminal or None, legacy_windows=False
        )
        self._widths = _widths(list(self._metrics), self._console.width)
        self._rule = Text("─" * self._console.width, "dim")

    def head(self) -> bytes:
        titles = [name.replace("_", " ").capitalize() for name in self._metrics]
        return self._printed(
            Text("File", "bold"), self._grid([Text(title, "bold") for title in titles]), self._rule
        )

    def row(self, values: Values) -> bytes:
        name = Text(on_one_line(values.get("file", STANDARD_INPUT)))
        if "error.type" in values:
            return self._printed(name, Padding(_error(values), (0, 0, 0, GAP)))
        profile = [values.get(DIAGRAM_TYPE), *_lines(self._profile, values)]
        name.append("".join(f"  {part}" for part in profile if part), "dim")
        warnings = Text("\n".join(map(_warning, values.get("warnings", ()))), "yellow")
        return self._printed(
            name,
            self._grid(self._cells(values)),
            *([Padding(warnings, (0, 0, 0, GAP))] if warnings else []),
        )

    def foot(self, totals: Values, measured: int, failed: int) -> bytes:
        name = Text(f"{measured:,} {'diagram' if measured == 1 else 'diagrams'}", "bold")
        if failed:
            name.append(f"  {failed:,} failed", "red")
        return self._printed(self._rule, name, self._grid(self._cells(totals)))

    def _cells(self, values: Values) -> list[Text]:
        return [Text("\n".join(_lines(found, values))) for found in self._metrics.values()]

    def _grid(self, cells: Sequence[Text]) -> Table | None:
        if not any(cells):
            return None
        grid = Table.grid(padding=(0, 0, 0, GAP), pad_edge=True)
        for width in self._widths:
            grid.add_column(width=width + GAP, overflow="fold")
        grid.add_row(*cells)
        return grid

    def _printed(self, *parts: RenderableType | None) -> bytes:
        for part in parts:
            if part is not None:
                self._console.print(part, overflow="fold")
        lines = self._text.getvalue().splitlines()
        self._text.seek(0)
        self._text.truncate()
        return "".join(f"{line.rstrip()}\n" for line in lines).encode()


def _widths(metrics: Sequence[str], width: int) -> list[int]:
    """The widths of the columns in a page of a width; in a narrow one all give way."""
    known = sum(WIDTHS.get(name, 0) for name in metrics)
    others = sum(name not in WIDTHS for name in metrics)
    left = width - known - GAP * len(metrics)
    if not others or left // others >= GAP:
        return [WIDTHS.get(name) or left // others for name in metrics]
    return [max(1, width // len(metrics) - GAP)] * len(metrics)


def _error(values: Values) -> Text:
    place = ":".join(str(values[key]) for key in ("error.line", "error.column") if key in values)
    said = [values["error.type"], *([place] if place else []), values["error.message"]]
    return Text(on_one_line(" ".join(said)), "red")


def _warning(warning: dict[str, Any]) -> str:
    line = f"line {warning['line']}: " if "line" in warning else ""
    return f"warning: {line}{on_one_line(warning['message'])}"


def _lines(found: Sequence[Column], values: Values) -> Iterator[str]:
    """The values of a metric: the first as it is, the others by their names where not 0."""
    for number, (key, _) in enumerate(found):
        value = values.get(key)
        *groups, name = key.split(".")
        if isinstance(value, list):
            for template in value:
                yield from _template(template)
        elif value is None:
            continue
        elif number == 0 or isinstance(value, str):
            yield on_one_line(str(value))
        elif value:
            yield f"{groups[-1] if name == 'count' else name} {value}"


def _template(template: dict[str, Any]) -> Iterator[str]:
    yield on_one_line(" ".join(template["appliesTo"]))
    for binding, times in template["properties"].items():
        yield on_one_line(f"{binding} {times}")
    if "icon" in template:
        yield "icon"
