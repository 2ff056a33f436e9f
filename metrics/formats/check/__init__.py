"""From the result of a check to bytes: one module a format, with one function.

A format takes a result and gives pieces of output. It is imported when it is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from metrics.checks.result import CheckResult

    Format = Callable[[CheckResult, bool], Iterator[bytes]]

FORMATS: Final[Mapping[str, str]] = {
    "text": "metrics.formats.check.text",
    "json": "metrics.formats.check.json",
    "sarif": "metrics.formats.check.sarif",
    "junit": "metrics.formats.check.junit",
    "github": "metrics.formats.check.github",
}
"""The formats by their names on the command line, and the module of each."""


def format_named(name: str) -> Format:
    """The function of a format, from a result and whether a person reads it at once to bytes.

    Raises `KeyError` where there is none of that name.
    """
    function: Format = getattr(import_module(FORMATS[name]), name)
    return function
