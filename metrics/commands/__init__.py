"""The commands: one module each, imported when the command is called.

`metrics.cli` lists them.
"""

from __future__ import annotations

import click


class InOrder(click.Group):
    """A group that lists its commands in the order in which they were added."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)
