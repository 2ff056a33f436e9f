"""The `--format` option of the commands that print a single format."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

Command = TypeVar("Command", bound="Callable[..., object]")


def format_option(
    names: tuple[str, ...], help: str, default: str | None = None
) -> Callable[[Command], Command]:
    """The option that passes the name of a format as `format_name`."""
    return click.option(
        "-f",
        "--format",
        "format_name",
        type=click.Choice(names),
        default=default,
        show_default=default is not None,
        help=help,
    )
