"""Explanations for people, as a tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from metrics.blocks import snake_case
from metrics.formats.explain.json import dropped_records, warning_records
from metrics.formats.text import on_one_line, shown_file
from metrics.formats.text.printed import Printed
from metrics.report import marked_as_assumed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.text import Text
    from rich.tree import Tree

    from metrics.explanation import DiagramElement, Explanation, Item, Number
    from metrics.formats.explain import ExplainLayout
    from metrics.formats.text.styled import Segments
    from metrics.report import Report

Record = dict[str, Any]


def tree(explanations: Iterable[Explanation], layout: ExplainLayout) -> Iterator[bytes]:
    """Print each number, below it the items that it counts, and below an item its sources.

    Prints nothing for a diagram that could not be measured.
    """
    from metrics.formats.text.terminal import UNBOUNDED, console

    buffer = Printed()
    page = console(buffer, is_terminal=layout.is_terminal, width=UNBOUNDED)
    is_first = True
    for explanation in explanations:
        if explanation.report.error is None and (explanation.numbers or not layout.only_items):
            if not is_first:
                page.print()
            is_first = False
            for branch in _branches(explanation, layout):
                page.print(branch, soft_wrap=True)
                yield buffer.take()


def _branches(explanation: Explanation, layout: ExplainLayout) -> Iterator[Text | Tree]:
    from rich.text import Text

    report = explanation.report
    head = Text(shown_file(report.name), "bold")
    yield head.append(f"  {_profile(report)}", "not bold dim")
    for number in explanation.numbers:
        yield _number(number)
    if not explanation.numbers:
        yield Text("Nothing is counted.", "dim")
    if not layout.only_items:
        yield from _notes(explanation)


def _number(number: Number) -> Tree:
    from rich.text import Text
    from rich.tree import Tree

    branch = Tree(Text.assemble((on_one_line(number.key), "cyan"), f"  {number.value:,}"))
    for item in number.items:
        item_branch = branch.add(Text.assemble(*describe_item(item)))
        for source in item.sources:
            item_branch.add(Text.assemble(*describe_element(source)))
    return branch


def _notes(explanation: Explanation) -> Iterator[Tree]:
    """The dropped elements and the warnings."""
    from rich.text import Text
    from rich.tree import Tree

    for title, lines in (
        ("dropped with their content", [*map(_dropped, dropped_records(explanation))]),
        ("warnings", [*map(_warning, warning_records(explanation.report))]),
    ):
        if lines:
            branch = Tree(Text.assemble((title, "yellow"), f"  {len(lines):,}"))
            for line in lines:
                branch.add(Text.assemble(*line))
            yield branch


def _profile(report: Report) -> str:
    profile = report.payload(fragments=["profile"])
    profile |= {key: marked_as_assumed(profile[key]) for key in report.assumed_keys}
    # The version of a form may be a number.
    stated = [str(value) for value in profile.values() if value is not None]
    parts = [report.kind, " ".join(filter(None, stated))]
    return on_one_line(" · ".join(filter(None, parts)))


def describe_item(item: Item) -> Segments:
    """An item of a number, for people."""
    segments: Segments = [] if item.element is None else describe_element(item.element)
    for role, text in item.texts.items():
        if not segments:
            name = f"a {role} without a name" if text is None else on_one_line(text)
            segments.append((name, "bold"))
        elif text is not None:
            segments += [(f"  {role} ", "dim"), (on_one_line(text), "")]
    for role, element in item.related.items():
        words = snake_case(role).replace("_", " ")
        segments += [(f"  {words} ", "dim"), *describe_element(element)]
    if item.times != 1:
        segments.append((f"  {item.times:,} times", "dim"))
    return segments


def describe_element(element: DiagramElement) -> Segments:
    """An element, for people."""
    segments: Segments = [(on_one_line(element.type), "")]
    if element.name:
        segments.append((f" “{on_one_line(element.name)}”", "bold"))
    if element.id is not None:
        segments.append((f" {on_one_line(element.id)}", ""))
    if element.kind:
        segments.append((f"  {on_one_line(element.kind)}", "green"))
    if element.line is not None:
        segments.append((f"  line {element.line}", "dim"))
    return segments


def _dropped(record: Record) -> Segments:
    line = "" if record["line"] is None else f"  line {record['line']}"
    element = on_one_line(f"{record['type']} {record['id']}")
    return [(element, ""), (f"{line}  {record['reason']}", "dim")]


def _warning(record: Record) -> Segments:
    line = f"  line {record['line']}" if "line" in record else ""
    return [(on_one_line(record["message"]), ""), (line, "dim")]
