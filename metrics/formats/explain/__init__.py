"""The formats of `metrics explain`: functions from an explanation to bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from metrics.formats.registry import Formats

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from metrics.explanation import Explanation

    # The second argument is whether the output is a terminal.
    Format = Callable[[Explanation, bool], Iterator[bytes]]

FORMATS: Final[Formats[Format]] = Formats("metrics.formats.explain", ("tree", "json", "ndjson"))
