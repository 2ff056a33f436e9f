from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pytest
from pyarrow import parquet as arrow_parquet
from support.command import run
from support.diagrams import FIXTURES

from metrics.blocks import leaf_values
from metrics.formats.shards import LINES_FORMATS, STATUS_FORMATS, PlanStatus, number_ranges
from metrics.formats.shards import parquet as parquet_format

if TYPE_CHECKING:
    from pathlib import Path

STATUS = PlanStatus(
    9, 1200, 3, [0, 2, 3, 4], {"made by another plan": [5], "without lines": [7]},
    1000, 3, [1, 6], 990,
    {"malformed": 10},
)  # fmt: skip


def table(*shards: bytes) -> pa.Table:
    """The table that Parquet holds."""
    pieces = LINES_FORMATS.load("parquet")(map(io.BytesIO, shards), ())
    return arrow_parquet.read_table(io.BytesIO(b"".join(pieces)))


@pytest.mark.parametrize(
    ("numbers", "shown"),
    [([], ""), ([0], "0"), ([0, 1], "0-1"), ([0, 3, 4, 5, 12], "0, 3-5, 12"), ([1, 3], "1, 3")],
)
def test_ranges(numbers: list[int], shown: str) -> None:
    assert number_ranges(numbers) == shown


def test_status_as_text() -> None:
    assert b"".join(STATUS_FORMATS.load("text")(STATUS)).decode().splitlines() == [
        "3 of 9 shards done, 1,000 of 1,200 objects",
        "missing: 0, 2-4",
        "made by another plan, will be run again: 5",
        "without lines, will be run again: 7",
        "3 objects could not be read, in shards: 1, 6",
        "990 diagrams measured",
        "10 diagrams failed: malformed",
    ]


def test_status_as_json() -> None:
    assert json.loads(b"".join(STATUS_FORMATS.load("json")(STATUS))) == {
        "shards": {
            "count": 9,
            "done": 3,
            "missing": [0, 2, 3, 4],
            "unread": [1, 6],
            "unusable": [
                {"reason": "made by another plan", "shards": [5]},
                {"reason": "without lines", "shards": [7]},
            ],
        },
        "objects": {"count": 1200, "done": 1000, "unread": 3},
        "diagrams": {"measured": 990, "failed": {"malformed": 10}},
    }


def test_ndjson_is_copied() -> None:
    pieces = LINES_FORMATS.load("ndjson")(map(io.BytesIO, (b"a\n" * 9, b"", b"b\n")), ())
    assert b"".join(pieces) == b"a\n" * 9 + b"b\n"


def test_parquet_has_the_values_of_the_lines(tmp_path: Path) -> None:
    lines = run("scan", "-f", "ndjson", FIXTURES, FIXTURES / "none.bpmn").stdout
    lines += b'{"file": "=a", "diagramType": "form", "executionPlatformVersion": 7}'
    half = lines.index(b"\n", len(lines) // 2) + 1
    path = tmp_path / "a.parquet"
    pieces = LINES_FORMATS.load("parquet")(map(io.BytesIO, (lines[:half], lines[half:])), ())
    path.write_bytes(b"".join(pieces))
    with duckdb.connect() as database:
        result = database.execute("select * from read_parquet(?)", [str(path)])
        description = result.description or []
        rows = result.fetchall()
    columns = [column[0] for column in description]
    records = [dict(leaf_values(json.loads(line))) for line in lines.splitlines()]
    assert len(rows) == len(records) > 100
    for row, record in zip(rows, records, strict=True):
        values = dict(zip(columns, row, strict=True))
        assert values.keys() >= record.keys()
        for key, value in values.items():
            expected = record.get(key)
            if key == "executionPlatformVersion" and expected is not None:
                assert value == str(expected)
            elif isinstance(expected, list):
                assert json.loads(value) == expected
            else:
                assert value == expected, key
    header = run("scan", "-f", "csv", FIXTURES).stdout.partition(b"\n")[0].decode()
    assert header == ",".join(columns)
    types = {column[0]: str(column[1]) for column in description}
    assert types["file"] == types["elementTemplates"] == types["error.message"] == "VARCHAR"
    assert types["error.line"] == types["diagramMetrics.tasks.userTask.count"] == "BIGINT"
    # It has no spreadsheet's formulas to guard against.
    assert rows[-1][0] == "=a"


def test_parquet_without_lines() -> None:
    empty = table()
    assert (empty.num_rows, empty.column_names[0]) == (0, "file")


def test_row_groups_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    line = b'{"file":"a.bpmn","error":{"type":"malformed","message":"x"}}\n'
    monkeypatch.setattr(parquet_format, "MAX_ROWS_PER_GROUP", 10)
    pieces = LINES_FORMATS.load("parquet")(map(io.BytesIO, (line * 25, line * 3)), ())
    file = arrow_parquet.ParquetFile(io.BytesIO(b"".join(pieces)))
    groups = [file.metadata.row_group(index).num_rows for index in range(file.num_row_groups)]
    assert groups == [10, 10, 8]
    monkeypatch.setattr(parquet_format, "MAX_BYTES_PER_GROUP", 4 * len(line))
    pieces = LINES_FORMATS.load("parquet")(map(io.BytesIO, (line * 9,)), ())
    file = arrow_parquet.ParquetFile(io.BytesIO(b"".join(pieces)))
    groups = [file.metadata.row_group(index).num_rows for index in range(file.num_row_groups)]
    assert groups == [5, 4]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"[]", "not an object"),
        (b"x", "unexpected character"),
        (b'{"file": "a", "other": 1}', "other is not known"),
        (b'{"file": "a", "error": {"line": "x"}}', "does not fit its column"),
        (b'{"file": "a", "error": {"line": 9223372036854775808}}', "does not fit its column"),
        (b'{"file": "a", "error": {"line": []}}', "does not fit its column"),
    ],
)
def test_other_lines(line: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        table(line)


def test_long_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_format, "MAX_BYTES_PER_LINE", 10)
    with pytest.raises(ValueError, match="more than 10 bytes"):
        table(b"a" * 11)
