"""Every fixture is measured as worked out by hand in the file beside it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from metrics import scan
from metrics.catalog import all_metrics
from metrics.report import Report

FIXTURES = Path(__file__).parent.parent / "fixtures"
BLOCKS = {metric.name: metric for metric in all_metrics()}
CASES = [
    pytest.param(path, id=f"{path.parent.name}/{path.name}")
    for name in BLOCKS
    for path in sorted((FIXTURES / name).glob("*"))
    if path.suffix != ".json"
]


@pytest.mark.parametrize("path", CASES)
def test_fixture(path: Path) -> None:
    name = path.parent.name
    report = scan(path, fragments=[BLOCKS[name].fragment])
    assert report.error is None
    only = Report(report.file, report.kind, {name: report.blocks.get(name)})
    payload = only.payload(fragments=[BLOCKS[name].fragment])
    assert payload == json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
