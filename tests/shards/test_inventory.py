"""Inventories with the shapes that the documentation of S3 shows."""

from __future__ import annotations

import gzip
import json
from functools import partial
from typing import TYPE_CHECKING, Any

import fsspec
import pytest
from support.command import run
from support.servers import KEYS, s3_server

from metrics.shards import remote
from metrics.shards.inventory import SkippedKey, read_inventory
from metrics.shards.lists import MAX_LINE_BYTES, ManifestError
from metrics.shards.manifest import open_manifest
from metrics.shards.plan import PlannedObject

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

MANIFEST: dict[str, Any] = {
    "sourceBucket": "models",
    "destinationBucket": "arn:aws:s3:::inventories",
    "version": "2016-11-30",
    "creationTimestamp": "1514944800000",
    "fileFormat": "CSV",
    "fileSchema": "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, ETag",
    "files": [{"key": "all/models/daily/data/1.csv.gz", "size": 1, "MD5checksum": "f1"}],
}

ROWS = (
    '"models","a%20b%2Bc/%C3%A9+x.bpmn","v1","true","false","12","2026-01-01T00:00:00.000Z","e1"\n'
    '"models","old.bpmn","v2","false","false","12","2026-01-01T00:00:00.000Z","e2"\n'
    '"models","gone.bpmn","v3","true","true","","2026-01-01T00:00:00.000Z",""\n'
    '"models","readme.txt","","true","false","5","2026-01-01T00:00:00.000Z","e4"\n'
    '"models","._a.bpmn","","true","false","5","2026-01-01T00:00:00.000Z","e5"\n'
    '"models","app.WAR","","true","false","9","2026-01-01T00:00:00.000Z","e6-2"\n'
    '"models","x%3A%3Ay.dmn","","true","false","9","2026-01-01T00:00:00.000Z","e7"\n'
    '"models","%FF.bpmn","","true","false","9","2026-01-01T00:00:00.000Z","e7"\n'
    '"models","f.form","","true","false","0","2026-01-01T00:00:00.000Z","e8"\n'
)
PLANNED = [
    PlannedObject("s3://models/a b+c/é x.bpmn", 12, "e1", "v1"),
    SkippedKey.OLD_VERSION,
    SkippedKey.DELETE_MARKER,
    SkippedKey.OTHER_EXTENSION,
    SkippedKey.OTHER_EXTENSION,
    SkippedKey.OTHER_EXTENSION,
    SkippedKey.INVALID_NAME,
    SkippedKey.INVALID_NAME,
    PlannedObject("s3://models/f.form", 0, "e8", None),
]


def inventory(
    folder: Path,
    *,
    data: str = "data/1.csv.gz",
    rows: bytes = ROWS.encode(),
    indent: int | None = 2,
    **changes: object,
) -> Path:
    """An inventory in a folder `day`; the path of its manifest."""
    (folder / "day").mkdir()
    (folder / data).parent.mkdir(exist_ok=True)
    (folder / data).write_bytes(gzip.compress(rows) if rows != b"plain" else rows)
    path = folder / "day" / "manifest.json"
    path.write_text(json.dumps(MANIFEST | changes, indent=indent) + "\n")
    return path


def entries(path: Path | str, *, with_archives: bool = False) -> list[object]:
    """The entries of an inventory."""
    with open_manifest(str(path), with_archives=with_archives) as read:
        return [*read()]


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("data", ["data/1.csv.gz", "day/data/1.csv.gz", "day/1.csv.gz"])
def test_keys(data: str, indent: int | None, tmp_path: Path) -> None:
    (tmp_path / data).parent.parent.mkdir(exist_ok=True)
    (tmp_path / data).parent.mkdir(exist_ok=True, parents=True)
    path = _inventory_in(tmp_path, data, indent)
    assert entries(path) == PLANNED


def _inventory_in(folder: Path, data: str, indent: int | None) -> Path:
    (folder / "day").mkdir(exist_ok=True)
    (folder / data).write_bytes(gzip.compress(ROWS.encode()))
    path = folder / "day" / "manifest.json"
    path.write_text(json.dumps(MANIFEST, indent=indent))
    return path


@pytest.mark.slow
def test_inventory_in_a_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    remote._file_system.cache_clear()  # noqa: SLF001
    with s3_server() as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        s3 = fsspec.filesystem("s3", skip_instance_cache=True)
        s3.mkdir("inventories")
        s3.mkdir("others")
        manifest = "others/models/daily/day/manifest.json"
        s3.pipe_file(manifest, json.dumps(MANIFEST).encode())
        with pytest.raises(ManifestError, match="no such object") as caught:
            entries(f"s3://{manifest}")
        data = f"inventories/{MANIFEST['files'][0]['key']}"
        assert caught.value.path == f"s3://{data}"
        s3.pipe_file(data, gzip.compress(ROWS.encode()))
        assert entries(f"s3://{manifest}") == PLANNED
        result = run("shards", "plan", f"s3://{manifest}", "--shards", "2", "--out", tmp_path)
        assert (result.returncode, result.stderr.splitlines()[0]) == (
            0,
            b"metrics: 2 objects in 2 shards",
        )
        s3.pipe_file(data, b"x")
        with pytest.raises(ManifestError, match="Not a gzipped file"):
            entries(f"s3://{manifest}")
        for name in ("others/none", "none/none"):
            with pytest.raises(ManifestError, match="no such object"):
                entries(f"s3://{name}")
    remote._file_system.cache_clear()  # noqa: SLF001


def test_archives(tmp_path: Path) -> None:
    planned = PLANNED.copy()
    planned[5] = PlannedObject("s3://models/app.WAR", 9, "e6-2", None)
    assert entries(inventory(tmp_path), with_archives=True) == planned


def test_fewest_columns(tmp_path: Path) -> None:
    rows = b'"models","a.bpmn"\n'
    path = inventory(tmp_path, rows=rows, fileSchema="Bucket, Key")
    assert entries(path) == [PlannedObject("s3://models/a.bpmn")]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"fileFormat": "ORC"}, "ORC: only CSV"),
        ({"fileFormat": "Parquet"}, "Parquet: only CSV"),
        ({"fileSchema": "Bucket, Size"}, "no column Key"),
        ({"fileSchema": 1}, "not the manifest"),
        ({"files": "x"}, "not the manifest"),
        ({"files": None}, "not the manifest"),
        ({"files": [{}]}, "not the manifest"),
        ({"files": [{"key": "data/2.csv.gz"}]}, r"is missing: none of .*data/2\.csv\.gz"),
        ({"files": [{"key": "../../"}]}, "is missing"),
    ],
)
def test_wrong_manifests(changes: dict[str, Any], reason: str, tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=reason) as caught:
        entries(inventory(tmp_path, **changes))
    assert caught.value.path == str(tmp_path / "day" / "manifest.json")


GOOD = ROWS.encode().splitlines(keepends=True)[0]


@pytest.mark.parametrize(
    ("rows", "line", "reason"),
    [
        (GOOD + b'"models","a.bpmn"\n', 2, "expected 8 columns, not 2"),
        (GOOD + GOOD.replace(b'"12"', b'"x"'), 2, "Size is not"),
        (GOOD + GOOD.replace(b'"12"', b'"-1"'), 2, "Size is not"),
        (GOOD + GOOD.replace(b"e1", b"\xff"), 2, "not CSV in UTF-8"),
        (GOOD + b'"a\n', 2, "not CSV in UTF-8"),
        (GOOD + b"a" * (MAX_LINE_BYTES + 1), 2, "131,072 bytes"),
        (b"plain", 1, "gzip"),
    ],
)
def test_wrong_rows(rows: bytes, line: int, reason: str, tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=reason) as caught:
        entries(inventory(tmp_path, rows=rows))
    assert (caught.value.path, caught.value.line) == (str(tmp_path / "data" / "1.csv.gz"), line)


def test_cut_files(tmp_path: Path) -> None:
    path = inventory(tmp_path, rows=GOOD * 1000)
    data = tmp_path / "data" / "1.csv.gz"
    data.write_bytes(data.read_bytes()[:-9])
    with pytest.raises(ManifestError, match=r"1\.csv\.gz:1001: "):
        entries(path)


def test_inventories_in_a_bucket(tmp_path: Path) -> None:
    path = inventory(tmp_path)
    opened = []

    def open_source(name: str) -> BinaryIO:
        opened.append(name)
        return open(tmp_path / "data" / "1.csv.gz", "rb")

    read = partial(read_inventory, "s3://inventories/day/manifest.json", open_source)
    with open(path, "rb") as stream:
        assert [*read(stream, with_archives=False)] == PLANNED
    assert opened == ["s3://inventories/all/models/daily/data/1.csv.gz"]
