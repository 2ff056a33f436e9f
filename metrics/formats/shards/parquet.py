"""Parquet: a row for each diagram, with the columns that the CSV of `metrics scan` has.

Numbers are 64-bit integers, ratios are floating-point numbers, and all other values are texts.
Lists and maps with open keys are JSON in a text. A value that a payload does not have is null.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import orjson
import pyarrow as pa
from pyarrow.parquet import ParquetWriter

from metrics.blocks import LeafKind, leaf_values, leaves, map_keys
from metrics.formats.text import dumps
from metrics.report import DIAGRAM_TYPE, ErrorBlock, payload_leaves

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

MAX_ROWS_PER_GROUP: Final = 16_384
MAX_BYTES_PER_GROUP: Final = 32 * 1024 * 1024
"""The bounds of the lines that are in memory at once."""

MAX_BYTES_PER_LINE: Final = 64 * 1024 * 1024

COMPRESSION: Final = "zstd"


def parquet(shards: Iterable[BinaryIO], added: Collection[str]) -> Iterator[bytes]:
    """Print a table, group by group; raises `ValueError` for a line that does not fit."""
    by_metric = payload_leaves(added=added)
    columns = [leaf for metric_leaves in by_metric.values() for leaf in metric_leaves]
    kinds = (
        {"file": LeafKind.TEXT, DIAGRAM_TYPE: LeafKind.TEXT}
        | {leaf.key: leaf.kind for leaf in columns}
        | {leaf.key: leaf.kind for leaf in leaves(ErrorBlock, "error")}
    )
    maps = map_keys(columns)
    schema = pa.schema([(key, _type(kind)) for key, kind in kinds.items()])
    output = _Output()
    with ParquetWriter(output, schema, compression=COMPRESSION) as writer:
        for lines in _groups(shards):
            rows = [_row(line, kinds, maps) for line in lines]
            table = {key: [row.get(key) for row in rows] for key in kinds}
            try:
                writer.write_table(pa.table(table, schema))
            except (pa.ArrowException, OverflowError) as error:
                raise ValueError(f"a value does not fit its column: {error}") from None
            yield output.take()
    yield output.take()


def _type(kind: LeafKind) -> Any:
    if kind is LeafKind.NUMBER:
        return pa.int64()
    return pa.float64() if kind is LeafKind.RATIO else pa.string()


def _groups(shards: Iterable[BinaryIO]) -> Iterator[Sequence[bytes]]:
    group: list[bytes] = []
    size = 0
    for stream in shards:
        while line := stream.readline(MAX_BYTES_PER_LINE + 1):
            if len(line) > MAX_BYTES_PER_LINE:
                raise ValueError(f"a line has more than {MAX_BYTES_PER_LINE:,} bytes")
            group.append(line)
            size += len(line)
            if len(group) == MAX_ROWS_PER_GROUP or size > MAX_BYTES_PER_GROUP:
                yield group
                group, size = [], 0
    if group:
        yield group


def _row(line: bytes, kinds: Mapping[str, LeafKind], maps: frozenset[str]) -> dict[str, Any]:
    record = orjson.loads(line)
    if not isinstance(record, dict):
        raise ValueError("a line is not an object")
    row = dict(leaf_values(record, maps=maps))
    if unknown := row.keys() - kinds.keys():
        raise ValueError(f"{min(unknown)} is not known")
    return {key: _value(value, kinds[key]) for key, value in row.items()}


def _value(value: Any, kind: LeafKind) -> Any:
    if value is None or kind in (LeafKind.NUMBER, LeafKind.RATIO):
        return value
    # The version of a form may be a number.
    return value if isinstance(value, str) else dumps(value).decode()


class _Output(io.RawIOBase):
    """A file in pieces: `take` returns what was written since the last call."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0

    def writable(self) -> bool:
        return True

    def write(self, piece: Any) -> int:
        self._pieces.append(bytes(piece))
        self._size += len(piece)
        return len(piece)

    def tell(self) -> int:
        return self._size

    def take(self) -> bytes:
        """The bytes; the next call does not return them again."""
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)
