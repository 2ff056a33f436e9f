"""From a comparison to bytes: one module a format, with one function.

A format takes a comparison and gives pieces of output. It is imported when it is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from metrics.diff.comparison import Comparison

    Format = Callable[[Comparison, bool], Iterator[bytes]]

FORMATS: Final[Mapping[str, str]] = {
    "table": "metrics.formats.diff.table",
    "json": "metrics.formats.diff.json",
    "markdown": "metrics.formats.diff.markdown",
}
"""The formats by their names on the command line, and the module of each."""


def format_named(name: str) -> Format:
    """The function of a format, from a comparison and whether a person reads it at once to bytes.

    Raises `KeyError` where there is none of that name.
    """
    function: Format = getattr(import_module(FORMATS[name]), name)
    return function
