"""NDJSON: the lines as the shards wrote them."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from metrics.reading.sources import PIECE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator


def ndjson(shards: Iterable[BinaryIO], added: Collection[str]) -> Iterator[bytes]:
    """Print the lines."""
    for lines in shards:
        while piece := lines.read(PIECE):
            yield piece
