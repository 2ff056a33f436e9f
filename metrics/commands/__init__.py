"""The commands: one module each, imported when the command is called.

`metrics.cli` lists them.
"""

from __future__ import annotations

import click

from metrics.suggestions import did_you_mean


class InOrder(click.Group):
    """A group that lists its commands in the order in which they were added.

    For an unknown command, it suggests one of them.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def known_names(self) -> list[str]:
        """The names to suggest for an unknown command."""
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        is_unknown = self.get_command(ctx, name) is None and not name.startswith("-")
        if is_unknown and not ctx.resilient_parsing:
            ctx.fail(f"No such command '{name}'.{did_you_mean(name, self.known_names())}")
        return super().resolve_command(ctx, args)
