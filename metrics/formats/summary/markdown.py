"""Markdown as GitHub and GitLab have it, for a comment on a change or a page in a wiki."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Final

from metrics.formats import counted, on_one_line
from metrics.formats.summary import (
    HEADS,
    NO_VERSION,
    cells,
    group_columns,
    label,
    quantity,
    share_of,
)
from metrics.metric import Omitted
from metrics.portfolio import summarize

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from metrics.formats.summary import Layout
    from metrics.portfolio import Summary
    from metrics.report import Report

MOST_VERSIONS: Final = 10
INDENT: Final = "&emsp;"


def markdown(reports: Iterable[Report], layout: Layout) -> Iterator[bytes]:
    """Give the tables; the diagrams that hold the most of a number are folded below its name."""
    summary = summarize(reports, by=layout.by, max_size=layout.max_size)
    for lines in (
        _head(summary),
        _profile(summary),
        _numbers(summary),
        _bindings(summary),
        _groups(summary),
        _most(summary),
        _failures(summary),
        _duplicates(summary),
    ):
        yield "".join(f"{line}\n" for line in lines).encode()


def code(text: str) -> str:
    """A text as it stands: in it nothing is a link, a mention or markup; and it breaks no table."""
    text = on_one_line(text)
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    blank = " " if text.startswith("`") or text.endswith("`") or not text else ""
    return f"{fence}{blank}{text}{blank}{fence}".replace("|", "\\|")


def _rows(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A table of which all columns but the first are numbers; nothing where it has no rows."""
    found = [*rows]
    if found:
        yield ""
        for row in (heads, ["---", *["--:"] * (len(heads) - 1)], *found):
            yield f"| {' | '.join(row)} |"


def _head(summary: Summary) -> Iterator[str]:
    yield "## Diagrams"
    yield ""
    yield (
        f"**{counted(summary.diagrams, 'diagram')}**: {summary.measured:,} measured,"
        f" {summary.failed:,} failed."
    )


def _profile(summary: Summary) -> Iterator[str]:
    def row(depth: int, name: str, diagrams: int) -> list[str]:
        return [INDENT * depth + name, quantity(diagrams), share_of(diagrams, summary.measured)]

    rows = [row(0, kind, diagrams) for kind, diagrams in summary.diagram_types.items() if diagrams]
    for platform in summary.platforms:
        rows.append(row(0, code(platform.execution_platform), platform.diagrams))
        for version in islice(platform.versions, MOST_VERSIONS):
            name = version.execution_platform_version
            rows.append(row(1, NO_VERSION if name is None else code(name), version.diagrams))
        more = platform.versions[MOST_VERSIONS:]
        if more:
            rows.append(row(1, f"{len(more):,} more", sum(version.diagrams for version in more)))
    return _rows(["Type and platform", "Diagrams", "Share"], rows)


def _numbers(summary: Summary) -> Iterator[str]:
    return _rows(
        ["Number", *HEADS],
        (
            [INDENT * label(key).depth + label(key).name, *cells(key, number)]
            for key, number in summary.numbers.items()
        ),
    )


def _bindings(summary: Summary) -> Iterator[str]:
    return _rows(
        ["Element templates by binding", "Templates", "Properties"],
        (
            [code(name), quantity(binding.templates), quantity(binding.properties)]
            for name, binding in summary.bindings.items()
        ),
    )


def _groups(summary: Summary) -> Iterator[str]:
    columns = group_columns()
    groups = {} if isinstance(summary.groups, Omitted) else summary.groups
    return _rows(
        [f"By {summary.by}", "Diagrams", "Failed", *columns],
        (
            [
                code(name),
                quantity(group.diagrams),
                quantity(group.failed),
                *(quantity(group.numbers[key].sum) for key in columns.values()),
            ]
            for name, group in groups.items()
        ),
    )


def _most(summary: Summary) -> Iterator[str]:
    for key, number in summary.numbers.items():
        if not isinstance(number.most, Omitted) and number.most:
            yield ""
            yield f"<details><summary>The most: <code>{key}</code></summary>"
            yield from _rows(
                ["Diagram", "Value"],
                ([code(holder.file), quantity(holder.value)] for holder in number.most),
            )
            yield ""
            yield "</details>"


def _failures(summary: Summary) -> Iterator[str]:
    if summary.failures:
        yield ""
        yield "## Failures"
    for type, failed in summary.failures.items():
        yield ""
        yield f"**{type}**: {counted(failed.diagrams, 'diagram')}"
        yield ""
        for failure in failed.first:
            yield f"- {code(failure.file)}: {code(failure.error.message)}"


def _duplicates(summary: Summary) -> Iterator[str]:
    duplicates = summary.duplicates
    if isinstance(duplicates, Omitted):
        return
    if duplicates.contents:
        yield ""
        yield "## Byte by byte the same"
        yield ""
        yield (
            f"{counted(duplicates.diagrams, 'diagram')}, {counted(duplicates.contents, 'content')}"
        )
    for copies in duplicates.most:
        yield ""
        yield f"{counted(copies.diagrams, 'diagram')}:"
        yield ""
        yield from (f"- {code(file)}" for file in copies.first)
    if duplicates.not_compared:
        said = f"{counted(duplicates.not_compared, 'diagram')} not compared: not at hand any more."
        yield from ("", said)
