"""From the reports of a portfolio to its summary: one module a format, with one function.

A format takes the reports as they come, sums them up, and gives pieces of output. It is imported
when it is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final, NamedTuple

from metrics.reading.sources import DEFAULT_MAX_SIZE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from metrics.report import Report

    Format = Callable[[Iterable[Report], "SummaryLayout"], Iterator[bytes]]

FORMATS: Final[Mapping[str, str]] = {
    "table": "metrics.formats.summary.table",
    "json": "metrics.formats.summary.json",
    "markdown": "metrics.formats.summary.markdown",
    "html": "metrics.formats.summary.html",
}
"""The formats by their names on the command line, and the module of each."""


class SummaryLayout(NamedTuple):
    """What the summary is grouped by, if by anything, and whether a person reads it at once.

    `max_size` is that above which no file is read; `each_once` where no report is of the same file
    as another.
    """

    by: str | None = None
    max_size: int = DEFAULT_MAX_SIZE
    each_once: bool = False
    is_terminal: bool = False
    fragments: frozenset[str] = frozenset()


def format_named(name: str) -> Format:
    """The function of a format; raises `KeyError` where there is none of that name."""
    function: Format = getattr(import_module(FORMATS[name]), name)
    return function
