"""Text for people and editors: a line for each element, after its file and line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metrics.formats.explain.json import dropped_records, warning_records
from metrics.formats.explain.tree import describe_item
from metrics.formats.text import on_one_line, shown_file
from metrics.formats.text.styled import printed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from metrics.explanation import Explanation, Item, Number
    from metrics.formats.explain import ExplainLayout
    from metrics.formats.text.styled import Segments


def text(explanations: Iterable[Explanation], layout: ExplainLayout) -> Iterator[bytes]:
    """Print `FILE:LINE: KEY: ELEMENT` for each element that a number counts.

    An item with several sources has a line for each. An item without elements has one line, without
    the number of a line of the file. Prints nothing for a diagram that could not be
    measured.
    """
    lines = (line for explanation in explanations for line in _lines(explanation, layout))
    yield from printed(lines, is_terminal=layout.is_terminal)


def _lines(explanation: Explanation, layout: ExplainLayout) -> Iterator[Segments]:
    file = explanation.report.name
    for number in explanation.numbers:
        for item in number.items:
            yield from _item(file, number, item)
    if not layout.only_items:
        for dropped in dropped_records(explanation):
            element = f"{dropped['type']} {dropped['id']}  {dropped['reason']}"
            yield _line(file, dropped["line"], "dropped", [(on_one_line(element), "")])
        for warning in warning_records(explanation.report):
            message = on_one_line(warning["message"])
            yield _line(file, warning.get("line"), "warning", [(message, "")])


def _item(file: str, number: Number, item: Item) -> Iterator[Segments]:
    if item.element is None and not item.sources:
        yield _line(file, None, number.key, describe_item(item))
    for element in (item.element,) if item.element is not None else item.sources:
        # The line comes first, and is not repeated.
        alone = item._replace(element=element._replace(line=None))
        yield _line(file, element.line, number.key, describe_item(alone))


def _line(file: str, line: int | None, subject: str, segments: Segments) -> Segments:
    name = shown_file(file)
    position = name if line is None else f"{name}:{line}"
    return [(position, "bold"), (": ", ""), (on_one_line(subject), "cyan"), (": ", ""), *segments]
