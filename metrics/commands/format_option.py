"""The options `--format` and `--csv-raw`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from metrics.formats.registry import Formats

Command = TypeVar("Command", bound="Callable[..., object]")
Format = TypeVar("Format")

CSV: Final = "csv"

csv_raw = click.option(
    "--csv-raw",
    "is_csv_raw",
    is_flag=True,
    help="Do not put ' before texts that a spreadsheet would run as formulas. Only for csv.",
)


def format_option(
    names: tuple[str, ...], help: str, default: str | None = None
) -> Callable[[Command], Command]:
    """The option of a command with a single format; passes its name as `format_name`."""
    return click.option(
        "-f",
        "--format",
        "format_name",
        type=click.Choice(names),
        default=default,
        show_default=default is not None,
        help=help,
    )


def require_csv(names: Iterable[str], *, is_csv_raw: bool) -> None:
    """Raise `click.UsageError` for `--csv-raw` without the format CSV."""
    if is_csv_raw and CSV not in names:
        raise click.UsageError(f"--csv-raw needs --format {CSV}.")


def load_format(formats: Formats[Format], name: str, *, is_csv_raw: bool) -> Format:
    """A format of a command, with the option of CSV."""
    return formats.load(name, is_raw=True) if is_csv_raw and name == CSV else formats.load(name)
