"""`metrics schema`: the JSON Schema of the output of a command, or of an event."""

from __future__ import annotations

import click
import orjson

from metrics.commands import options
from metrics.commands.console import write
from metrics.formats.text import dumps
from metrics.schemas import names, schema

EXAMPLES = """\b
Examples:
  metrics schema
  metrics schema payload
  metrics schema check
  metrics schema diagram:opened > diagram-opened.schema.json
"""


@click.command(
    name="schema", epilog=EXAMPLES, short_help="Print the JSON Schema of the output or of an event."
)
@click.argument("name", required=False, metavar="[NAME]", type=options.Name(names()))
@options.documented_keys
def command(name: str | None, documented_keys: bool) -> None:
    """Print the JSON Schema (2020-12) of the output of a command, or of an event.

    NAME is payload for what scan prints for one diagram, line for a line of NDJSON, error for what
    scan prints for a diagram that cannot be measured, the name of a fragment or an event, or
    summary, check or diff for the JSON of the command of that name. Without NAME, all names are
    listed.
    """
    if name is None:
        write("".join(f"{name}\n" for name in names()).encode())
    else:
        document = schema(name, documented_keys=documented_keys)
        write(dumps(document, orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
