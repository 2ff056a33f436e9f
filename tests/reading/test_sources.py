"""The content of files, bytes and streams."""

from __future__ import annotations

from pathlib import Path

from support.diagrams import process
from support.reports import TASK, embedded_forms

from metrics import ErrorType, scan


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
