"""The formats of `metrics diff`: one module each, with a function from a comparison to bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from metrics.formats.registry import Formats

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from metrics.diff.comparison import Comparison

    # The second argument is whether the output is a terminal.
    Format = Callable[[Comparison, bool], Iterator[bytes]]

FORMATS: Final[Formats[Format]] = Formats(
    "metrics.formats.diff", ("table", "json", "csv", "markdown")
)
