"""One type for everything that a scan is asked for."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from metrics import Report
from metrics.reading.sources import DiscoveredFile, NamedContent
from metrics.scanning.requests import ScanRequest


def test_path() -> None:
    assert ScanRequest.of(Path("a.bpmn")) == ScanRequest.of("a.bpmn") == ScanRequest("a.bpmn")
    assert ScanRequest.of("a.bpmn").source == "a.bpmn"


def test_discovered_path_stays_one() -> None:
    request = ScanRequest.of(DiscoveredFile("a.bpmn"))
    assert request.is_discovered
    assert type(request.name) is str
    assert isinstance(request.source, DiscoveredFile)
    assert pickle.loads(pickle.dumps(request)) == request


def test_named_content() -> None:
    request = ScanRequest.of(NamedContent("a.bpmn", b"<a/>"))
    assert (request.name, request.source, request.size()) == ("a.bpmn", b"<a/>", 4)
    assert ScanRequest.of(NamedContent("empty.bpmn", b"")).source == b""


def test_report() -> None:
    report = Report("a.bpmn")
    request = ScanRequest.of(report)
    assert request.report is report
    assert (request.name, request.size()) == ("a.bpmn", 0)
    assert ScanRequest.of(Report(None)).name == ""


def test_size_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.bpmn").write_bytes(b"<a/>")
    assert ScanRequest.of(tmp_path / "a.bpmn").size() == 4
    assert ScanRequest.of(tmp_path / "none.bpmn").size() == 0
    assert ScanRequest.of("a\0.bpmn").size() == 0


@pytest.mark.parametrize("source", [b"a.bpmn", 1, None])
def test_anything_else_is_refused(source: object) -> None:
    with pytest.raises(TypeError):
        ScanRequest.of(source)  # type: ignore[arg-type]
