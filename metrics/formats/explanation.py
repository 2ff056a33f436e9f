"""Explanations for people, as a tree, and for tools, as JSON."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Final

import orjson

from metrics.formats import STANDARD_INPUT, dumps, on_one_line
from metrics.metric import snake_case
from metrics.sources import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from rich.text import Text

    from metrics.explanation import Explanation, Item, Place
    from metrics.formats.styled import Segments
    from metrics.report import Report

    Format = Callable[[Explanation], Iterator[bytes]]

Record = dict[str, Any]


def json(explanation: Explanation) -> Iterator[bytes]:
    """An object: the profile of the diagram, then its numbers with what is behind each."""
    record = _head(explanation.report)
    if explanation.report.error is None:
        record["numbers"] = [
            {
                "key": number.key,
                "value": number.value,
                **({"meaning": number.meaning} if number.meaning else {}),
                "items": [item_record(item) for item in number.items],
            }
            for number in explanation.numbers
        ]
        record["dropped"] = [*_dropped(explanation)]
        record["warnings"] = [*_warnings(explanation.report)]
    yield dumps(record, orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def ndjson(explanation: Explanation) -> Iterator[bytes]:
    """A line for each thing that a number counts, then for what is dropped, and for warnings."""
    report = explanation.report
    file = {"file": printable(report.file)} if report.file is not None else {}
    lines: Iterable[Record]
    if report.error is not None:
        lines = [_head(report)]
    else:
        lines = (
            record
            for records in (
                (
                    {"key": number.key} | item_record(item)
                    for number in explanation.numbers
                    for item in number.items
                ),
                ({"dropped": dropped} for dropped in _dropped(explanation)),
                ({"warning": warning} for warning in _warnings(report)),
            )
            for record in records
        )
    for line in lines:
        yield dumps(file | line, orjson.OPT_APPEND_NEWLINE)


def tree(explanation: Explanation, *, is_terminal: bool = False) -> Iterator[bytes]:
    """A tree: the numbers of the diagram, below each what it counts, and below that its sources."""
    from rich.text import Text
    from rich.tree import Tree

    from metrics.formats.terminal import UNBOUNDED, console

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
    head = Text(on_one_line(report.file or STANDARD_INPUT), "bold")
    yield shown(head.append(f"  {_profile(report)}", "not bold dim"))
    for number in explanation.numbers:
        branch = Tree(Text.assemble((on_one_line(number.key), "cyan"), f"  {number.value:,}"))
        for item in number.items:
            of_item = branch.add(Text.assemble(*told_item(item)))
            for source in item.sources:
                of_item.add(Text.assemble(*told_place(source)))
        yield shown(branch)
    if not explanation.numbers:
        yield shown(Text("Nothing is counted.", "dim"))
    for title, told in (
        ("left out, with all that they hold", map(_told_dropped, _dropped(explanation))),
        ("warnings", map(_told_warning, _warnings(report))),
    ):
        lines = [*told]
        if lines:
            branch = Tree(Text.assemble((title, "yellow"), f"  {len(lines):,}"))
            for line in lines:
                branch.add(line)
            yield shown(branch)


FORMATS: Final[Mapping[str, Format]] = {"tree": tree, "json": json, "ndjson": ndjson}
"""The formats by their names on the command line."""


def _head(report: Report) -> Record:
    file = {"file": printable(report.file)} if report.file is not None else {}
    if report.error is not None:
        return file | report.payload()
    profile = report.payload(fragments=["profile"])
    return file | {"diagramType": report.kind, **profile}


def item_record(item: Item) -> Record:
    record: Record = dict(item.texts)
    if item.place is not None:
        record |= _place(item.place)
    record |= {role: _place(place) for role, place in item.related.items()}
    if item.sources:
        record["sources"] = [_place(source) for source in item.sources]
    return record | ({"times": item.times} if item.times != 1 else {})


def _place(place: Place) -> Record:
    type, id, name, line, kind = place
    values = {"kind": kind, "type": type, "id": id, "name": name, "line": line}
    return {key: value for key, value in values.items() if value is not None}


def _dropped(explanation: Explanation) -> Iterator[Record]:
    for dropped in explanation.dropped:
        place = {"type": dropped.type, "id": dropped.id, "line": dropped.line}
        yield place | {"reason": dropped.reason}


def _warnings(report: Report) -> Iterator[Record]:
    for message, line in report.warnings:
        yield {"message": printable(message)} | ({} if line is None else {"line": line})


def _profile(report: Report) -> str:
    profile = report.payload(fragments=["profile"])
    names = [report.kind, " ".join(filter(None, profile.values()))]
    return on_one_line(" · ".join(filter(None, names)))


def told_item(item: Item) -> Segments:
    """A thing that is counted, for people."""
    told: Segments = [] if item.place is None else told_place(item.place)
    for role, text in item.texts.items():
        if not told:
            name = f"a {role} without a name" if text is None else on_one_line(text)
            told.append((name, "bold"))
        elif text is not None:
            told += [(f"  {role} ", "dim"), (on_one_line(text), "")]
    for role, place in item.related.items():
        words = snake_case(role).replace("_", " ")
        told += [(f"  {words} ", "dim"), *told_place(place)]
    if item.times != 1:
        told.append((f"  {item.times:,} times", "dim"))
    return told


def told_place(place: Place) -> Segments:
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
