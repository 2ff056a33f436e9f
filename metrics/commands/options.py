"""Options that several commands share, and the types of their values."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

import click

from metrics.archives.bounds import DEFAULT_MAX_TOTAL
from metrics.catalog import ALL, DIALECTS, OWN_FRAGMENTS, with_all
from metrics.formats.text import on_one_line
from metrics.reading.sources import DEFAULT_MAX_SIZE
from metrics.suggestions import did_you_mean

if TYPE_CHECKING:
    from metrics.configuration.settings import Settings
    from metrics.template_definitions import TemplateDefinitions

    Choice = click.Choice[str]

else:
    # click 8.1 has no types in brackets.
    Choice = click.Choice

UNITS: Final = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30}
MAX_SECONDS: Final = 10**6


class Name(Choice):
    """A choice of names; the error for an unknown name suggests what was meant."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value not in self.choices:
            choices = ", ".join(f"'{choice}'" for choice in self.choices)
            hint = did_you_mean(value, self.choices)
            if {*value.split(",")} <= {*self.choices}:
                hint = " Repeat the option for each name."
            self.fail(f"'{value}' is not one of {choices}.{hint}", param, ctx)
        return value


def size(value: str | int) -> int:
    """Parse a number of bytes; K, M and G are powers of 1024."""
    if isinstance(value, int):
        return value
    match = re.fullmatch(r"([0-9]{1,18})\s*([KMG]?)(?:i?B)?", value, re.IGNORECASE)
    if match is None:
        raise click.BadParameter(f"{value!r} is not a size such as 500000, 800K or 100M.")
    return int(match[1]) * UNITS[match[2].upper()]


def seconds(value: str) -> float:
    """Parse a positive number of seconds."""
    try:
        number = float(value)
    except ValueError:
        number = 0
    if not 0 < number <= MAX_SECONDS:
        raise click.BadParameter(f"{value!r} is not a number of seconds between 0 and 1,000,000.")
    return number


paths = click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(allow_dash=True))
output_path = click.option(
    "-o",
    "--output",
    "output_path",
    metavar="FILE",
    type=click.Path(dir_okay=False, allow_dash=True),
    help="Write to FILE instead of standard output; a failed run does not change an existing file.",
)
jobs = click.option(
    "-j",
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="Use up to N worker processes; with 1, none is started. Default: the number"
    " of processors.",
)
timeout = click.option(
    "--timeout",
    type=seconds,
    metavar="SECONDS",
    help="Stop reading a file after this many seconds. Default: no limit.",
)
template_source = click.option(
    "--templates",
    "template_source",
    type=click.Choice(("diagram", "definitions")),
    default="diagram",
    show_default=True,
    help="Report the element templates that a diagram uses, or the definitions that the Modeler"
    " would offer for it.",
)
template_folders = click.option(
    "--template-path",
    "template_folders",
    metavar="DIR",
    multiple=True,
    type=click.Path(exists=True, file_okay=False),
    help="Also read the definitions in the folder element-templates of DIR; needs --templates"
    " definitions; repeatable.",
)
with_fragments = click.option(
    "--with",
    "with_fragments",
    metavar="NAME",
    multiple=True,
    type=Name((*OWN_FRAGMENTS, ALL)),
    callback=lambda ctx, param, names: with_all(names),
    help=f"Also compute this fragment: {', '.join(OWN_FRAGMENTS)}, or {ALL}; repeatable.",
)
as_dialect = click.option(
    "--as",
    "dialect",
    metavar="DIALECT",
    type=Name(DIALECTS),
    help="Compute the fragment dialect as if each diagram named this dialect:"
    f" {', '.join(DIALECTS)}.",
)
documented_keys = click.option(
    "--documented-keys",
    is_flag=True,
    help="Spell keys as the telemetry page does: 'nesting:', a misprint, instead of 'nesting'.",
)
max_size = click.option(
    "--max-size",
    type=size,
    default=DEFAULT_MAX_SIZE,
    metavar="BYTES",
    help="Report larger files as too large; accepts sizes such as 100M. Default: 256M.",
)
max_total = click.option(
    "--max-total",
    type=size,
    default=DEFAULT_MAX_TOTAL,
    metavar="BYTES",
    help="Stop reading an archive after this many unpacked bytes; accepts sizes such as 500M."
    " Default: 10G.",
)
stdin_filename = click.option(
    "--stdin-filename",
    metavar="NAME",
    help="File name for standard input; input with a name that ends in .form is read as a form.",
)
quiet = click.option(
    "-q",
    "--quiet",
    "is_quiet",
    is_flag=True,
    help="Print no warnings, notes or closing count on standard error; errors are still printed.",
)


def template_definitions(
    source: str, folders: tuple[str, ...], max_size: int, settings: Settings | None = None
) -> TemplateDefinitions | None:
    """Return the definitions that the options select; None for the templates that diagrams use.

    The folders of the settings come after those of the options. Raises `click.UsageError` for
    folders without `--templates definitions`, and `click.ClickException` if a folder of the
    settings is missing.
    """
    if source == "definitions":
        from metrics.template_definitions import TemplateDefinitions

        if settings is not None:
            for folder in settings.template_folders:
                if not os.path.isdir(folder):
                    reason = f"{settings.path}: template-path: {folder} is not a folder."
                    raise click.ClickException(on_one_line(reason))
            folders = (*folders, *settings.template_folders)
        return TemplateDefinitions(folders, max_size=max_size)
    if folders:
        raise click.UsageError("--template-path needs --templates definitions.")
    return None
