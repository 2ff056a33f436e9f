"""Explanations for people, as a tree, and for tools, as JSON."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from metrics.blocks import snake_case
from metrics.formats.text import on_one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.text import Text

    from metrics.explanation import DiagramElement, Explanation, Item
    from metrics.formats.text.styled import Segments
    from metrics.report import Report

    Format = Callable[[Explanation], Iterator[bytes]]

from metrics.formats.explain.json import dropped_records, warning_records

Record = dict[str, Any]


def tree(explanation: Explanation, *, is_terminal: bool = False) -> Iterator[bytes]:
    """A tree: the numbers of the diagram, below each what it counts, and below that its sources."""
    from rich.text import Text
    from rich.tree import Tree

    from metrics.formats.text.terminal import UNBOUNDED, console

    printed = io.StringIO()
    page = console(printed, is_terminal=is_terminal, width=UNBOUNDED)

    def shown(branch: Text | Tree) -> bytes:
        page.print(branch, soft_wrap=True)
        text = printed.getvalue()
        printed.seek(0)
        printed.truncate()
        return text.encode()

    report = explanation.report
    if report.error is not None:
        # People are told of it.
        return
    head = Text(on_one_line(report.name), "bold")
    yield shown(head.append(f"  {_profile(report)}", "not bold dim"))
    for number in explanation.numbers:
        branch = Tree(Text.assemble((on_one_line(number.key), "cyan"), f"  {number.value:,}"))
        for item in number.items:
            of_item = branch.add(Text.assemble(*describe_item(item)))
            for source in item.sources:
                of_item.add(Text.assemble(*describe_element(source)))
        yield shown(branch)
    if not explanation.numbers:
        yield shown(Text("Nothing is counted.", "dim"))
    for title, told in (
        ("left out, with all that they hold", map(_told_dropped, dropped_records(explanation))),
        ("warnings", map(_told_warning, warning_records(report))),
    ):
        lines = [*told]
        if lines:
            branch = Tree(Text.assemble((title, "yellow"), f"  {len(lines):,}"))
            for line in lines:
                branch.add(line)
            yield shown(branch)


def _profile(report: Report) -> str:
    profile = report.payload(fragments=["profile"])
    names = [report.kind, " ".join(filter(None, profile.values()))]
    return on_one_line(" · ".join(filter(None, names)))


def describe_item(item: Item) -> Segments:
    """A thing that is counted, for people."""
    told: Segments = [] if item.place is None else describe_element(item.place)
    for role, text in item.texts.items():
        if not told:
            name = f"a {role} without a name" if text is None else on_one_line(text)
            told.append((name, "bold"))
        elif text is not None:
            told += [(f"  {role} ", "dim"), (on_one_line(text), "")]
    for role, place in item.related.items():
        words = snake_case(role).replace("_", " ")
        told += [(f"  {words} ", "dim"), *describe_element(place)]
    if item.times != 1:
        told.append((f"  {item.times:,} times", "dim"))
    return told


def describe_element(place: DiagramElement) -> Segments:
    """An element, for people."""
    told: Segments = [(on_one_line(place.type), "")]
    if place.name:
        told.append((f" “{on_one_line(place.name)}”", "bold"))
    if place.id is not None:
        told.append((f" {on_one_line(place.id)}", ""))
    if place.kind:
        told.append((f"  {on_one_line(place.kind)}", "green"))
    if place.line is not None:
        told.append((f"  line {place.line}", "dim"))
    return told


def _told_dropped(dropped: Record) -> Text:
    from rich.text import Text

    told = Text(on_one_line(f"{dropped['type']} {dropped['id']}"))
    place = "" if dropped["line"] is None else f"  line {dropped['line']}"
    return told.append(f"{place}  {dropped['reason']}", "dim")


def _told_warning(warning: Record) -> Text:
    from rich.text import Text

    told = Text(on_one_line(warning["message"]))
    return told.append(f"  line {warning['line']}", "dim") if "line" in warning else told
