"""The formats of `metrics check`: functions from a result to bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from metrics.formats.registry import Formats

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from metrics.checks.result import CheckResult

    # The second argument is whether the output is a terminal.
    Format = Callable[[CheckResult, bool], Iterator[bytes]]

FORMATS: Final[Formats[Format]] = Formats(
    "metrics.formats.check", ("text", "json", "csv", "sarif", "junit", "github")
)
