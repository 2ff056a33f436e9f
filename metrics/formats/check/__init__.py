"""The formats of a check: one module per format, with one function of the same name.

The function takes a result and yields pieces of output. Its module is imported on first use.
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
"""The module of each format, by the format's name on the command line."""


def format_named(name: str) -> Format:
    """The function of a format; its second argument is whether the output is a terminal.

    Raises `KeyError` for an unknown name.
    """
    function: Format = getattr(import_module(FORMATS[name]), name)
    return function
