"""`metrics shards`: a scan in parts, on many machines."""

from __future__ import annotations

import click

from metrics.commands import InOrder


@click.group(name="shards", cls=InOrder)
def command() -> None:
    """Scan millions of diagrams in parts, on one machine or many.

    A plan divides a list of diagrams into shards. Each shard is measured by itself, and its lines
    are kept beside the plan. A run that is interrupted continues with the shards that are missing.
    """
