"""Charts of a summary: SVG by Vega-Lite, with colours from the page."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import vl_convert

from metrics.blocks import Omitted
from metrics.formats.summary.content import percent, quantity, titles
from metrics.formats.text import counted, on_one_line
from metrics.keys import find_key
from metrics.summary.groups import NO_VERSION, distinct, quoted_if_reserved
from metrics.summary.leaves import COUNT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from metrics.summary.model import Interval, Summary

WIDTH: Final = 220
STEP: Final = 24
MAX_BARS: Final = 12
# The fonts of the page may be wider than those of the drawing.
PIXELS_PER_CHARACTER: Final = 7.5
MAX_PIXELS: Final = 215
INK, LINE, BAR = (f"var(--{name})" for name in ("ink", "line", "bar"))

CONFIG: Final = {
    # The page describes the chart in words.
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
    """A bar: its name, its length, and the text beside it."""

    name: str
    value: float
    text: str


class Chart(NamedTuple):
    """A chart: its title, a note, a description in words, and the SVG."""

    title: str
    note: str
    words: str
    svg: str


def charts(summary: Summary) -> Iterator[Chart]:
    """The charts by platform, version and kind of task that are not empty."""
    platforms = [
        _diagrams(platform.execution_platform, platform.diagrams) for platform in summary.platforms
    ]
    versions = [
        _diagrams(
            _version_name(platform.execution_platform, version.execution_platform_version),
            version.diagrams,
        )
        for platform in summary.platforms
        for version in platform.versions
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
    """The distribution of each number that is not a part of another.

    Of the numbers of a fragment of our own, only the main one has a distribution. The note counts
    the diagrams with the value 0, whose bar would make all others too short.
    """
    for title, key in titles(summary):
        number = summary.numbers[key]
        is_shown = find_key(key).fragment is None or ":" not in title
        if is_shown and isinstance(number.share_of, Omitted) and number.not_zero:
            none = quantity(number.diagrams - number.not_zero)
            note = f"{none} of {counted(number.diagrams, 'diagram')} have none"
            intervals = number.distribution[1:]
            bars = [_diagrams(_bounds(interval), interval.diagrams) for interval in intervals]
            yield _chart(title, note, bars)


def _version_name(platform: str, version: str | None) -> str:
    return (
        f"{platform} {NO_VERSION}"
        if version is None
        else quoted_if_reserved(f"{platform} {version}")
    )


def _diagrams(name: str, diagrams: float) -> Bar:
    return Bar(name, diagrams, quantity(diagrams))


def _kinds(summary: Summary, task: str, group: str) -> tuple[str, list[Bar]]:
    """A note with the number of tasks that have no kind, and a bar for each kind."""
    tasks = f"diagramMetrics.tasks.{task}"
    bars = []
    for key, number in summary.numbers.items():
        block, _, name = key.rpartition(".")
        if block == f"{tasks}.{group}" and name != COUNT:
            share = number.share if isinstance(number.share, float) else None
            text = " · ".join(filter(None, [quantity(number.sum), percent(share)]))
            bars.append(Bar(name, number.sum, text))
    whole = summary.numbers[f"{tasks}.{COUNT}"].sum
    none = whole - summary.numbers[f"{tasks}.{group}.{COUNT}"].sum
    return f"{quantity(none)} of {quantity(whole)} have none; shares are of the rest", bars


def _bounds(interval: Interval) -> str:
    low, high = quantity(interval.at_least), quantity(interval.at_most)
    return low if low == high else f"{low} to {high}"


def _chart(title: str, note: str, bars: Sequence[Bar]) -> Chart:
    # Vega-Lite would merge bars of the same name.
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
                # Room for the text beside the longest bar.
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
    description = ". ".join(filter(None, [title, note, words]))
    return Chart(title, note, f"{description}.", svg)


def _drawn(spec: dict[str, Any]) -> str:
    """The SVG of a chart; raises `OSError` if the system refuses what the renderer needs."""
    try:
        with _open_standard_input():
            svg: str = vl_convert.vegalite_to_svg(spec)
    except (KeyboardInterrupt, SystemExit):
        raise
    # A panic of the renderer is no `Exception`.
    except BaseException as error:
        raise OSError(None, f"the charts cannot be drawn: {error}") from None
    return svg


@contextmanager
def _open_standard_input() -> Iterator[None]:
    """Replace standard input for a while: the renderer fails if it is closed."""
    try:
        original = os.dup(0)
    except OSError:
        original = None
    # The descriptor is 0 itself if standard input is closed.
    null = os.open(os.devnull, os.O_RDONLY)
    try:
        if null:
            os.dup2(null, 0)
        yield
    finally:
        if original is None:
            os.close(0)
        else:
            os.dup2(original, 0)
            os.close(original)
        if null:
            os.close(null)
