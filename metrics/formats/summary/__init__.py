"""From the reports of a portfolio to its summary: one module a format, with one function.

A format takes the reports as they come, sums them up, and gives pieces of output. It is imported
when it is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final, NamedTuple

from metrics.report import GROUPS, columns
from metrics.sources import DEFAULT_MAX_SIZE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from metrics.portfolio import NumberSummary
    from metrics.report import Report

    Format = Callable[[Iterable[Report], "Layout"], Iterator[bytes]]

FORMATS: Final[Mapping[str, str]] = {
    "table": "metrics.formats.summary.table",
    "json": "metrics.formats.summary.json",
    "markdown": "metrics.formats.summary.markdown",
    "html": "metrics.formats.summary.html",
}
"""The formats by their names on the command line, and the module of each."""

NO_VERSION: Final = "no version"


class Layout(NamedTuple):
    """What the summary is grouped by, if by anything, and whether a person reads it at once.

    `max_size` is that above which no file is read.
    """

    by: str | None = None
    max_size: int = DEFAULT_MAX_SIZE
    is_terminal: bool = False


class Label(NamedTuple):
    """What a number is called where it stands below those that it is a part of."""

    depth: int
    name: str


def format_named(name: str) -> Format:
    """The function of a format; raises `KeyError` where there is none of that name."""
    function: Format = getattr(import_module(FORMATS[name]), name)
    return function


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


def share_of(part: int, whole: int) -> str:
    """A part of a whole, for people."""
    return percent(part / whole) if whole else ""


def cells(key: str, number: NumberSummary) -> tuple[str, ...]:
    """A number's sum, share, diagrams, and how it is spread, for people: as `HEADS` says.

    There is no sum of what does not add up, as the nesting of sub-processes.
    """
    from metrics.portfolio import ADDABLE

    return (
        quantity(number.sum) if key in ADDABLE else "",
        percent(number.share) if isinstance(number.share, float) else "",
        quantity(number.not_zero),
        quantity(number.median),
        quantity(number.percentile_90),
        quantity(number.maximum),
    )


HEADS: Final = ("Sum", "Share", "In diagrams", "Median", "90 %", "Maximum")


def group_columns() -> dict[str, str]:
    """The numbers that tell groups from each other: the first of each metric, by its title."""
    return {title: key for title, key in titles() if ":" not in title}


def titles() -> Iterator[tuple[str, str]]:
    """A title for each number, and its key: `User tasks`, `Subprocess planes: nesting`."""
    for name, found in columns().items():
        title = name.replace("_", " ").capitalize()
        numbers = [column.key for column in found if column.is_number]
        for place, key in enumerate(numbers):
            yield f"{title}: {label(key).name}" if place else title, key
