"""Charts of a summary, drawn by Vega-Lite: SVG that takes its colours from the page."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import vl_convert

from metrics.blocks import Omitted
from metrics.formats.summary.content import NO_VERSION, percent, quantity, titles
from metrics.formats.text import counted, on_one_line
from metrics.summary.groups import distinct
from metrics.summary.leaves import COUNT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from metrics.summary.model import Interval, Summary

WIDTH: Final = 220
STEP: Final = 24
MAX_BARS: Final = 12
# The page has fonts of its own, which may be wider than those that are drawn with.
PIXELS_PER_CHARACTER: Final = 7.5
MAX_PIXELS: Final = 215
INK, LINE, BAR = (f"var(--{name})" for name in ("ink", "line", "bar"))

CONFIG: Final = {
    # The page tells in words what a chart shows.
    "aria": False,
    "font": "sans-serif",
    "view": {"stroke": None},
    "axis": {
        "labelColor": INK,
        "domainColor": LINE,
        "labelFontSize": 12,
        "labelLimit": MAX_PIXELS / 1.2,
        "ticks": False,
        "grid": False,
        "title": None,
    },
    "text": {"color": INK, "fontSize": 12, "align": "left", "dx": 5},
    "bar": {"color": BAR, "height": {"band": 0.7}},
}


class Bar(NamedTuple):
    """A bar: what it stands for, how long it is, and what is written beside it."""

    name: str
    value: int
    text: str


class Chart(NamedTuple):
    """A chart: its title, what is to be known of it, what it shows in words, and the SVG."""

    title: str
    note: str
    words: str
    svg: str


def charts(summary: Summary) -> Iterator[Chart]:
    """The charts that a summary has something to show in."""
    platforms = [_diagrams(one.execution_platform, one.diagrams) for one in summary.platforms]
    versions = [
        _diagrams(
            f"{platform.execution_platform} {one.execution_platform_version or f'({NO_VERSION})'}",
            one.diagrams,
        )
        for platform in summary.platforms
        for one in platform.versions
    ]
    versions.sort(key=lambda bar: -bar.value)
    for title, (note, bars) in {
        "Diagrams by platform": ("", platforms),
        "Diagrams by version": ("", versions),
        "User tasks by kind of form": _kinds(summary, "userTask", "form"),
        "Service tasks by implementation": _kinds(summary, "serviceTask", "implementation"),
    }.items():
        if any(bar.value for bar in bars):
            yield _chart(title, note, bars)


def distributions(summary: Summary) -> Iterator[Chart]:
    """How many diagrams have how much of each number that is no part of another.

    Those that have none are told in words: beside them, all others would be too small.
    """
    for title, key in titles(summary):
        number = summary.numbers[key]
        if isinstance(number.share_of, Omitted) and number.not_zero:
            none = quantity(number.diagrams - number.not_zero)
            note = f"{none} of {counted(number.diagrams, 'diagram')} have none"
            bars = [_diagrams(_bounds(one), one.diagrams) for one in number.distribution[1:]]
            yield _chart(title, note, bars)


def _diagrams(name: str, diagrams: int) -> Bar:
    return Bar(name, diagrams, quantity(diagrams))


def _kinds(summary: Summary, task: str, group: str) -> tuple[str, list[Bar]]:
    """A bar for each kind that tasks are of, and how many are of none."""
    tasks = f"diagramMetrics.tasks.{task}"
    bars = []
    for key, number in summary.numbers.items():
        holder, _, name = key.rpartition(".")
        if holder == f"{tasks}.{group}" and name != COUNT:
            share = number.share if isinstance(number.share, float) else None
            text = " · ".join(filter(None, [quantity(number.sum), percent(share)]))
            bars.append(Bar(name, number.sum, text))
    whole = summary.numbers[f"{tasks}.{COUNT}"].sum
    none = whole - summary.numbers[f"{tasks}.{group}.{COUNT}"].sum
    return f"{quantity(none)} of {quantity(whole)} have none; shares are of the others", bars


def _bounds(interval: Interval) -> str:
    low, high = quantity(interval.at_least), quantity(interval.at_most)
    return low if low == high else f"{low} to {high}"


def _chart(title: str, note: str, bars: Sequence[Bar]) -> Chart:
    # Bars of the same name would be one.
    names = distinct(on_one_line(bar.name) for bar in bars)
    shown = [bar._replace(name=name) for bar, name in zip(bars[:MAX_BARS], names, strict=False)]
    if len(bars) > MAX_BARS:
        rest = bars[MAX_BARS:]
        shown.append(_diagrams(f"{len(rest):,} more", sum(bar.value for bar in rest)))
    room = min(MAX_PIXELS, PIXELS_PER_CHARACTER * max(len(bar.name) for bar in shown))
    spec = {
        "background": None,
        "padding": 2,
        "config": CONFIG,
        "width": WIDTH,
        "height": {"step": STEP},
        "data": {"values": [bar._asdict() for bar in shown]},
        "encoding": {
            "y": {
                "field": "name",
                "type": "nominal",
                "sort": None,
                "axis": {"minExtent": room, "maxExtent": room},
            },
            "x": {
                "field": "value",
                "type": "quantitative",
                "axis": None,
                # Room for what is written behind the longest bar.
                "scale": {"domainMax": max(bar.value for bar in shown) * 1.6},
            },
        },
        "layer": [
            {"mark": "bar"},
            {"mark": "text", "encoding": {"text": {"field": "text"}}},
        ],
    }
    svg = _drawn(spec).replace("<svg", '<svg aria-hidden="true"', 1)
    words = "; ".join(f"{bar.name}: {bar.text}" for bar in shown)
    told = ". ".join(filter(None, [title, note, words]))
    return Chart(title, note, f"{told}.", svg)


def _drawn(spec: dict[str, Any]) -> str:
    """The SVG of a chart; raises `OSError` where the system denies what it takes to draw it."""
    try:
        with _some_standard_input():
            svg: str = vl_convert.vegalite_to_svg(spec)
    except (KeyboardInterrupt, SystemExit):
        raise
    # What goes wrong within is no `Exception`.
    except BaseException as error:
        raise OSError(None, f"the charts cannot be drawn: {error}") from None
    return svg


@contextmanager
def _some_standard_input() -> Iterator[None]:
    """Have something as standard input: what draws looks at it, and fails where it is closed."""
    try:
        kept = os.dup(0)
    except OSError:
        kept = None
    nothing = os.open(os.devnull, os.O_RDONLY)
    try:
        if nothing:
            os.dup2(nothing, 0)
        yield
    finally:
        if kept is None:
            os.close(0)
        else:
            os.dup2(kept, 0)
            os.close(kept)
        if nothing:
            os.close(nothing)
