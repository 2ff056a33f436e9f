"""`metrics schema`: the JSON Schema of a payload, a fragment of it, a result, or an event."""

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
    name="schema", epilog=EXAMPLES, short_help="Print the JSON Schema of an output or an event."
)
@click.argument("name", required=False, metavar="[NAME]", type=options.Name(names()))
@options.documented_keys
def command(name: str | None, documented_keys: bool) -> None:
    """Print the JSON Schema (2020-12) of a payload, a fragment of it, a result, or an event.

    NAME is payload for what scan prints for one diagram, line for a line of NDJSON, error for what
    scan prints for a diagram that cannot be measured, or the name of a fragment or an event. It is
    summary, check or diff for what this command prints as JSON. Without NAME, all names are listed.
    """
    if name is None:
        write("".join(f"{name}\n" for name in names()).encode())
    else:
        document = schema(name, documented_keys=documented_keys)
        write(dumps(document, orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
