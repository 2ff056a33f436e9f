from __future__ import annotations

import io
import os
import re
import threading
from typing import TYPE_CHECKING, Any

import fsspec
import pytest

from metrics.shards import manifest, stores
from metrics.shards.lists import MAX_LINE_BYTES, ManifestError
from metrics.shards.manifest import open_manifest
from metrics.shards.plan import PlannedObject

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def entries(path: Path, *, is_null_separated: bool = False) -> Sequence[object]:
    """The entries of a manifest, which is read twice."""
    with open_manifest(str(path), is_null_separated=is_null_separated) as read:
        first, second = [*read()], [*read()]
    assert first == second
    return first


@pytest.mark.parametrize(
    ("content", "urls"),
    [
        (b"", []),
        (b"\n\n", []),
        (b"a.bpmn", ["a.bpmn"]),
        (b"\n a b.bpmn\r\n\ns3://b/k\n", [" a b.bpmn", "s3://b/k"]),
        (b"\xef\xbb\xbfa.bpmn\n", ["a.bpmn"]),
        (b"\xff.bpmn\n", ["\udcff.bpmn"]),
        (b"a.bpmn\n{.bpmn\n", ["a.bpmn", "{.bpmn"]),
    ],
)
def test_paths(content: bytes, urls: list[str], tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(content)
    assert entries(tmp_path / "m") == [PlannedObject(url) for url in urls]


@pytest.mark.parametrize("content", [b"a\nb\0{c\0\0", b"a\nb\0{c"])
def test_null_separated(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(content)
    objects = [PlannedObject("a\nb"), PlannedObject("{c")]
    assert entries(tmp_path / "m", is_null_separated=True) == objects


def test_objects(tmp_path: Path) -> None:
    (tmp_path / "m").write_text(
        '\ufeff\n{"url": "s3://b/a", "size": 3, "etag": "x", "version": "1"}\n \n{"url": "b"}\n'
    )
    objects = [PlannedObject("s3://b/a", 3, "x", "1"), PlannedObject("b")]
    assert entries(tmp_path / "m") == objects


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        (b"a\nb\0c\n", 2, "NUL"),
        (b"a\n-\n", 2, "write ./-"),
        (b"a\n" + b"b" * 4097, 2, "4,096 characters"),
        (b"a\n" + b"b" * (MAX_LINE_BYTES + 1), 2, "131,072 bytes"),
        (b"b" * (MAX_LINE_BYTES + 1), 1, "131,072 bytes"),
        (b"a\nx::y\n", 2, "chain"),
        (b"a\nx://y\n", 2, "scheme x"),
        (b"s3://b/\xff\n", 1, "Unicode"),
        (b'{"url": "a"}\nb.bpmn\n', 2, "not JSON"),
        (b'{"url": "a"}\n{"url": "b", "size": -1}\n', 2, "size is not"),
        (b'{"url": \n', 1, "not JSON"),
        (b'{\n"url": "a"}\n', 1, "not JSON"),
        (b"{}\n", 1, "no url"),
    ],
)
def test_wrong_lines(content: bytes, line: int, reason: str, tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(content)
    with pytest.raises(ManifestError, match=reason) as caught:
        entries(tmp_path / "m")
    assert (caught.value.path, caught.value.line) == (str(tmp_path / "m"), line)


def test_null_separated_paths_are_bounded(tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(b"a\0" + b"b" * 3_000_000)
    with pytest.raises(ManifestError, match="131,072 bytes"):
        entries(tmp_path / "m", is_null_separated=True)


def test_streams_are_read_twice() -> None:
    with open_manifest("-", io.BytesIO(b"a\nb\n")) as read:
        assert [*read()] == [*read()] == [PlannedObject("a"), PlannedObject("b")]


def test_pipes_are_read_twice(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "m")
    writer = threading.Thread(target=(tmp_path / "m").write_bytes, args=(b"a\nb\n",))
    writer.start()
    assert entries(tmp_path / "m") == [PlannedObject("a"), PlannedObject("b")]
    writer.join()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("none", "No such file"),
        ("/dev/zero", "not a file"),
        (".", "not a file"),
        ("http://127.0.0.1/manifest.txt", "copy it here"),
        ("ftp://host/manifest.txt", "scheme ftp"),
        ("memory://manifests/none", "no such object"),
        ("a::b", "chain"),
    ],
)
def test_what_is_no_file(name: str, reason: str) -> None:
    with pytest.raises(ManifestError, match=reason), open_manifest(name):
        pass


class TestRemote:
    """Manifests in stores."""

    @pytest.fixture(autouse=True)
    def small_parts(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(stores, "BYTES_PER_REQUEST", 5)

    @pytest.mark.parametrize("content", [b"", b"a", b"a.bpmn\nb.bpmn\nc", b"a\n\nb\nc\nd\n"])
    def test_content(self, content: bytes) -> None:
        fsspec.filesystem("memory").pipe_file("/manifests/m", content)
        with open_manifest("memory://manifests/m") as read:
            objects = [PlannedObject(line) for line in content.decode().split()]
            assert [*read()] == [*read()] == objects

    def test_size_is_bounded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        fsspec.filesystem("memory").pipe_file("/manifests/large", b"a\n" * 30)
        monkeypatch.setattr(manifest, "MAX_COPIED_BYTES", 59)
        with (
            pytest.raises(ManifestError, match="larger than 59 bytes"),
            open_manifest("memory://manifests/large"),
        ):
            pass

    def test_folder(self) -> None:
        fsspec.filesystem("memory").pipe_file("/manifests/folder/m", b"a")
        with (
            pytest.raises(ManifestError, match="not a file"),
            open_manifest("memory://manifests/folder"),
        ):
            pass

    def test_file_of_this_machine(self, tmp_path: Path) -> None:
        (tmp_path / "m").write_text("a.bpmn\n")
        with open_manifest(f"file://{tmp_path}/m") as read:
            assert [*read()] == [PlannedObject("a.bpmn")]

    def test_change_is_noticed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        memory = fsspec.filesystem("memory")
        memory.pipe_file("/manifests/m", b"a.bpmn\nb.bpmn\n")
        read = type(memory).cat_file

        def read_and_append(*arguments: Any, **options: Any) -> Any:
            content = read(*arguments, **options)
            memory.pipe_file("/manifests/m", b"a.bpmn\nb.bpmn\nc.bpmn\n")
            return content

        monkeypatch.setattr(type(memory), "cat_file", read_and_append)
        with pytest.raises(ManifestError, match="changed"), open_manifest("memory://manifests/m"):
            pass


def test_secrets_are_not_in_messages() -> None:
    name = "https://user:password@127.0.0.1/manifest.txt?signature=hidden"
    with pytest.raises(ManifestError) as caught, open_manifest(name):
        pass
    assert not {"password", "hidden"} & {*re.findall(r"\w+", str(caught.value))}


def test_errors_of_others_stay_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "m").write_text("a\n")
    with pytest.raises(OSError, match="full"), open_manifest(str(tmp_path / "m")):
        raise OSError("the disk is full")
