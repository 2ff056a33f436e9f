"""`metrics explain`: the elements that the numbers of a diagram count."""

from __future__ import annotations

import sys
from dataclasses import replace

import click

from metrics.commands import options
from metrics.commands.console import (
    describe_report,
    output,
    require_standard_output,
    show_message,
    source_of,
)
from metrics.commands.format_option import format_option
from metrics.commands.inputs import ConfigOptions, config_options, settings_of
from metrics.explanation import explain, explained_keys, fragments_named
from metrics.formats.explain import FORMATS
from metrics.formats.text import on_one_line
from metrics.suggestions import did_you_mean
from metrics.system.exit_status import ExitStatus

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
    help="Explain only the number with this dotted key, or all numbers below it; repeatable.",
)
@format_option(
    FORMATS.names,
    default="tree",
    help="tree is for people, json is one object, ndjson is one line per counted item.",
)
@options.with_fragments
@options.max_size
@options.stdin_filename
@config_options
def command(
    file: str,
    keys: tuple[str, ...],
    format_name: str,
    with_fragments: tuple[str, ...],
    max_size: int,
    stdin_filename: str | None,
    config: ConfigOptions,
) -> None:
    """Show the elements that each number of a diagram counts.

    FILE is a diagram, or - for standard input. Lists every non-zero number and what it counts: the
    kind, type, id, name and line of each element, the scope and all sources of each variable, the
    uses of each template. Then lists the elements that were dropped because of their ids, and
    warnings about malformed input.
    """
    require_standard_output()
    added = settings_of(config).fragments
    content, name, file_name = source_of(file, stdin_filename)
    explanation = explain(
        content,
        name=name,
        max_size=max_size,
        fragments={*with_fragments, *added, *fragments_named(keys)},
    )
    explanation = replace(explanation, report=replace(explanation.report, file=file_name))
    if keys:
        try:
            explanation = explanation.only(keys)
        except KeyError as error:
            raise click.UsageError(_no_such_key(error.args[0])) from None
    with output() as stream:
        for piece in FORMATS.load(format_name)(explanation, sys.stdout.isatty()):
            stream.write(piece)
    if explanation.report.error is not None:
        for line in describe_report(explanation.report):
            show_message(line)
        raise click.exceptions.Exit(ExitStatus.FAILURE)


def _no_such_key(key: str) -> str:
    return f"No number has the key '{on_one_line(key)}'.{did_you_mean(key, explained_keys())}"
