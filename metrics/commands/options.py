"""Options that several commands have, and kinds of values that click does not know."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import click

from metrics.sources import DEFAULT_MAX_SIZE

if TYPE_CHECKING:
    from metrics.template_definitions import TemplateDefinitions

UNITS: Final = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30}
LONGEST: Final = 10**6


class Size(click.ParamType[int]):
    """A number of bytes, with K, M or G for the powers of 1024."""

    name = "bytes"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        match = re.fullmatch(r"([0-9]{1,18})\s*([KMG]?)(?:i?B)?", value, re.IGNORECASE)
        if match is None:
            self.fail(f"{value!r} is no size: write 500000, 800K or 100M.", param, ctx)
        return int(match[1]) * UNITS[match[2].upper()]


class Seconds(click.ParamType[float]):
    """A time of more than nothing."""

    name = "seconds"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        try:
            seconds = float(value)
        except ValueError:
            seconds = 0
        if not 0 < seconds <= LONGEST:
            self.fail(f"{value!r} is no number of seconds above 0.", param, ctx)
        return seconds


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
documented_keys = click.option(
    "--documented-keys",
    is_flag=True,
    help="Spell keys as the telemetry page does: 'nesting:', a misprint, for 'nesting'.",
)
max_size = click.option(
    "--max-size",
    type=Size(),
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
