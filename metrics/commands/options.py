"""Options that several commands have, and kinds of values that click does not know."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import click

from metrics.catalog import OWN_FRAGMENTS
from metrics.reading.sources import DEFAULT_MAX_SIZE

if TYPE_CHECKING:
    from metrics.template_definitions import TemplateDefinitions

UNITS: Final = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30}
LONGEST: Final = 10**6


def size(value: str | int) -> int:
    """A number of bytes, with K, M or G for the powers of 1024."""
    if isinstance(value, int):
        return value
    match = re.fullmatch(r"([0-9]{1,18})\s*([KMG]?)(?:i?B)?", value, re.IGNORECASE)
    if match is None:
        raise click.BadParameter(f"{value!r} is no size: write 500000, 800K or 100M.")
    return int(match[1]) * UNITS[match[2].upper()]


def seconds(value: str) -> float:
    """A time of more than nothing."""
    try:
        found = float(value)
    except ValueError:
        found = 0
    if not 0 < found <= LONGEST:
        raise click.BadParameter(f"{value!r} is no number of seconds above 0.")
    return found


paths = click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(allow_dash=True))
output_path = click.option(
    "-o",
    "--output",
    "output_path",
    metavar="FILE",
    type=click.Path(dir_okay=False, allow_dash=True),
    help="Write to a file, whole or not at all: an earlier one survives a failed run.",
)
jobs = click.option(
    "-j",
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="Processes that measure, where there is enough to do for them; 1 stays in this process."
    " Default: the number of processors.",
)
timeout = click.option(
    "--timeout",
    type=seconds,
    metavar="SECONDS",
    help="Give up a file that takes longer. Default: never.",
)
no_ignore = click.option(
    "--no-ignore", is_flag=True, help="Do not honour .gitignore files, and go into hidden folders."
)
template_source = click.option(
    "--templates",
    "template_source",
    type=click.Choice(("diagram", "definitions")),
    default="diagram",
    show_default=True,
    help="Take element templates from what the diagram uses, or from the definitions that the"
    " Modeler would find for it.",
)
template_folders = click.option(
    "--template-path",
    "template_folders",
    metavar="DIR",
    multiple=True,
    type=click.Path(exists=True, file_okay=False),
    help="With --templates definitions, a further folder with element-templates; can be given"
    " several times.",
)
with_fragments = click.option(
    "--with",
    "with_fragments",
    metavar="NAME",
    multiple=True,
    type=click.Choice(OWN_FRAGMENTS),
    hidden=not OWN_FRAGMENTS,
    help="Add this fragment of our own to the documented payload; can be given several times.",
)
documented_keys = click.option(
    "--documented-keys",
    is_flag=True,
    help="Spell keys as the telemetry page does: 'nesting:', a misprint, for 'nesting'.",
)
max_size = click.option(
    "--max-size",
    type=size,
    default=DEFAULT_MAX_SIZE,
    metavar="BYTES",
    help="Refuse larger files as too large; 100M and the like are read. Default: 256M.",
)
stdin_filename = click.option(
    "--stdin-filename", metavar="NAME", help="What standard input is called, for its type."
)


def template_definitions(
    source: str, folders: tuple[str, ...], max_size: int
) -> TemplateDefinitions | None:
    """What the options for templates ask for; None for the templates that a diagram uses.

    Raises `click.UsageError` where they do not go together.
    """
    if source == "definitions":
        from metrics.template_definitions import TemplateDefinitions

        return TemplateDefinitions(folders, max_size=max_size)
    if folders:
        raise click.UsageError("--template-path needs --templates definitions.")
    return None
