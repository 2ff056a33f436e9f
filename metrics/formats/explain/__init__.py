"""The formats of `metrics explain`: each turns explanations into bytes.

A format takes explanations as they become ready, and yields pieces of output.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from metrics.formats.registry import Formats

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from metrics.explanation import Explanation

    Format = Callable[[Iterable[Explanation], "ExplainLayout"], Iterator[bytes]]

FORMATS: Final[Formats[Format]] = Formats(
    "metrics.formats.explain", ("tree", "text", "json", "ndjson")
)


class ExplainLayout(NamedTuple):
    """The parts of an explanation to print, and the output.

    A `single` explanation is not part of an array. `only_items` omits dropped elements, warnings
    and diagrams without items from formats that print many diagrams one after the other.
    `is_terminal` says that the output is a terminal.
    """

    single: bool = False
    only_items: bool = False
    is_terminal: bool = False
