"""The formats of `metrics summary`: each turns the reports of a portfolio into its summary.

A format takes reports as they become ready, summarizes them, and yields pieces of output.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from metrics.formats.registry import Formats
from metrics.reading.sources import DEFAULT_MAX_SIZE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from metrics.report import Report

    Format = Callable[[Iterable[Report], "SummaryLayout"], Iterator[bytes]]

FORMATS: Final[Formats[Format]] = Formats(
    "metrics.formats.summary", ("table", "json", "csv", "markdown", "html")
)


class SummaryLayout(NamedTuple):
    """The arguments of `summarize`, and whether the output is a terminal."""

    by: str | None = None
    max_size: int = DEFAULT_MAX_SIZE
    each_once: bool = False
    is_terminal: bool = False
    fragments: frozenset[str] = frozenset()
    paths: tuple[str, ...] = ()
    copies: str = "bytes"
