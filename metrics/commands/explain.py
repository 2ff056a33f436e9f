"""`metrics explain`: the elements behind the numbers of a diagram."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from metrics.commands import options
from metrics.commands.console import (
    describe_report,
    output,
    require_standard_output,
    show_message,
    source_of,
)
from metrics.explanation import explain, explained_keys, fragments_named
from metrics.formats.explain import FORMATS
from metrics.formats.explain.tree import tree
from metrics.formats.text import on_one_line
from metrics.suggestions import did_you_mean
from metrics.system.exit_status import ExitStatus

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metrics.explanation import Explanation

EXAMPLES = """\b
Examples:
  metrics explain order.bpmn
  metrics explain --key diagramMetrics.tasks.userTask.form.embedded order.bpmn
  metrics explain --format ndjson order.bpmn | jq -r 'select(.line) | [.line, .key, .id] | @tsv'
"""


@click.command(name="explain", epilog=EXAMPLES)
@click.argument("file", metavar="FILE", type=click.Path(allow_dash=True))
@click.option(
    "--key",
    "keys",
    metavar="KEY",
    multiple=True,
    help="Explain only the number with this dotted key, or all numbers below it; can be given"
    " several times.",
)
@click.option(
    "-f",
    "--format",
    "format_name",
    type=click.Choice(tuple(FORMATS)),
    default="tree",
    show_default=True,
    help="A tree for people, one JSON object, or a line of JSON for each thing that is counted.",
)
@options.with_fragments
@options.max_size
@options.stdin_filename
def command(
    file: str,
    keys: tuple[str, ...],
    format_name: str,
    with_fragments: tuple[str, ...],
    max_size: int,
    stdin_filename: str | None,
) -> None:
    """Print what each number of a diagram's payload counts, and where it stands.

    FILE is a diagram, or - for standard input. Told are the numbers that are not 0: of each element
    behind one its kind, type, id, name and line, of each variable its scope and all its sources, of
    each template its uses. What was left out because of its id is listed, too, and what was untidy.
    """
    require_standard_output()
    content, name, called = source_of(file, stdin_filename)
    explanation = explain(
        content,
        name=name,
        max_size=max_size,
        fragments={*with_fragments, *fragments_named(keys)},
    )
    explanation = replace(explanation, report=replace(explanation.report, file=called))
    if keys:
        try:
            explanation = explanation.only(keys)
        except KeyError as error:
            raise click.UsageError(_no_such_key(error.args[0])) from None
    with output() as stream:
        for piece in _written(explanation, format_name):
            stream.write(piece)
    if explanation.report.error is not None:
        for line in describe_report(explanation.report):
            show_message(line)
        raise click.exceptions.Exit(ExitStatus.FAILURE)


def _written(explanation: Explanation, format_name: str) -> Iterator[bytes]:
    if format_name == "tree":
        return tree(explanation, is_terminal=sys.stdout.isatty())
    return FORMATS[format_name](explanation)


def _no_such_key(key: str) -> str:
    return f"No payload has the number '{on_one_line(key)}'.{did_you_mean(key, explained_keys())}"
