from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.shards.compression import compressed
from metrics.shards.lists import MAX_LINE_BYTES, ManifestError, line_of, object_of, read_list
from metrics.shards.plan import PlannedObject, list_file
from metrics.shards.stores import store_at

if TYPE_CHECKING:
    from pathlib import Path

PATHS = st.binary(min_size=1, max_size=30).map(lambda name: "./" + os.fsdecode(name))


@given(
    PATHS.filter(lambda path: "\0" not in path),
    st.none() | st.integers(0, 2**63 - 1),
    st.none() | st.text('abc-"é', min_size=1, max_size=9),
)
def test_lines_keep_objects(url: str, size: int | None, tag: str | None) -> None:
    for object in (PlannedObject(url, size, tag), PlannedObject(url, None, None, tag)):
        assert object_of(line_of(object)) == object


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"a.bpmn", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'["a.bpmn"]', "not an object"),
        (b'{"size": 1}', "no url"),
        (b'{"url": 1}', "url is not a text"),
        (b'{"url": ""}', "url is not a text"),
        (b'{"url": "-"}', "write ./-"),
        (b'{"url": "a\\u0000b"}', "NUL"),
        (b'{"url": "a\\ud800"}', "not valid Unicode"),
        (b'{"url": "s3://b/a\\udcff"}', "not valid Unicode"),
        (b'{"url": "gopher://a"}', "the scheme gopher is not known"),
        (b'{"url": "a", "size": -1}', "size is not"),
        (b'{"url": "a", "size": "1"}', "size is not"),
        (b'{"url": "a", "size": 1.5}', "size is not"),
        (b'{"url": "a", "size": true}', "size is not"),
        (b'{"url": "a", "size": 9223372036854775808}', "size is not"),
        (b'{"url": "a", "etag": 1}', "etag is not a printable text"),
        (b'{"url": "a", "version": "1\\n2"}', "version is not a printable text"),
        (b'{"url": "a", "Size": 1}', "Size is not known"),
        (json.dumps({"url": "a" * 4097}).encode(), "4,096 characters"),
        (json.dumps({"url": "a", "etag": "a" * 1025}).encode(), "1,024 characters"),
    ],
)
def test_wrong_lines(line: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        object_of(line)


def test_null_is_unknown() -> None:
    line = b'{"url": "a", "size": null, "etag": null, "version": null}'
    assert object_of(line) == PlannedObject("a")


@pytest.mark.parametrize("line", [b"[]\n", b" " * (MAX_LINE_BYTES + 1)])
def test_wrong_lists(line: bytes, tmp_path: Path) -> None:
    with open(tmp_path / list_file(3), "wb") as file, compressed(file) as stream:
        stream.write(line_of(PlannedObject("a")) + line)
    objects = read_list(store_at(str(tmp_path)), 3)
    assert next(objects) == PlannedObject("a")
    with pytest.raises(ManifestError, match=r"list-3\.ndjson\.zst:2: "):
        next(objects)
