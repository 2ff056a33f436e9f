"""The content of files, bytes and streams."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from support.diagrams import process
from support.reports import TASK, embedded_forms

from metrics import ErrorType, scan
from metrics.reading.sources import MAX_DEVICE_BYTES, FileError, content_beside


def test_too_large(tmp_path: Path) -> None:
    source = process(TASK)
    path = tmp_path / "a.bpmn"
    path.write_bytes(source)
    assert embedded_forms(scan(path, max_size=len(source))) == 1
    for given in (path, source, path.open("rb")):
        error = scan(given, max_size=len(source) - 1).error
        assert error is not None
        assert error.type is ErrorType.TOO_LARGE
        assert str(len(source) - 1) in error.message
        if not isinstance(given, bytes | Path):
            given.close()


def test_unreadable(tmp_path: Path) -> None:
    for path in (tmp_path / "none.bpmn", tmp_path, "a\0b.bpmn"):
        error = scan(path).error
        assert error is not None
        assert error.type is ErrorType.UNREADABLE
        assert error.message


class TestContentBeside:
    """The content of files other than diagrams."""

    def test_limit(self, tmp_path: Path) -> None:
        path = tmp_path / "a.toml"
        path.write_bytes(b"12345")
        assert content_beside(str(path), 5, FileError) == b"12345"
        with pytest.raises(FileError, match=r"a.toml: it is larger than 4 bytes\."):
            content_beside(str(path), 4, FileError)

    def test_device_that_does_not_end(self) -> None:
        with pytest.raises(FileError) as error:
            content_beside("/dev/zero", 64 * MAX_DEVICE_BYTES, FileError)
        assert str(error.value) == (
            f"/dev/zero: more than {MAX_DEVICE_BYTES:,} bytes from a device."
        )

    def test_device_that_ends(self) -> None:
        assert content_beside(os.devnull, 10, FileError) == b""

    @pytest.mark.parametrize(("size", "is_read"), [(100_000, True), (100_001, False)])
    def test_pipe(self, tmp_path: Path, size: int, is_read: bool) -> None:
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        writer = threading.Thread(target=_write, args=[pipe, b"a" * size], daemon=True)
        writer.start()
        if is_read:
            assert content_beside(str(pipe), 100_000, FileError) == b"a" * size
        else:
            with pytest.raises(FileError, match="larger than 100,000 bytes"):
                content_beside(str(pipe), 100_000, FileError)


def _write(pipe: Path, content: bytes) -> None:
    with suppress(BrokenPipeError):
        pipe.write_bytes(content)
