"""Reports are sorted by a value; reports without it come after those with it."""

from __future__ import annotations

import pytest
from support.diagrams import process

from metrics import Report, scan
from metrics.keys import find_key
from metrics.scanning.sorting import sorted_reports

COUNT = "diagramMetrics.tasks.userTask.count"
VERSION = "executionPlatformVersion"


def with_tasks(name: str, number: int) -> Report:
    """The report of a diagram with some user tasks."""
    return scan(process("<bpmn:userTask/>" * number), name=name)


def of_version(name: str, version: str | None) -> Report:
    """The report of a form for a version."""
    text = "{}" if version is None else f'{{"executionPlatformVersion": "{version}"}}'
    return scan(text.encode(), name=f"{name}.form")


REPORTS = [
    scan(b"<", name="broken"),
    scan(b"{}", name="form.form"),
    with_tasks("zero", 0),
    with_tasks("two", 2),
    scan(b"<", name="also broken"),
    with_tasks("ten", 10),
    with_tasks("also two", 2),
]
BY_TASKS = ["ten", "two", "also two", "zero", "form.form", "broken", "also broken"]


@pytest.mark.parametrize("number", [None, 1, 3, 6, 7, 100])
def test_numbers_descend(number: int | None) -> None:
    found = sorted_reports(iter(REPORTS), find_key(COUNT), number)
    assert [report.name for report in found] == BY_TASKS[:number]


def test_versions_ascend() -> None:
    reports = [of_version(str(version), version) for version in ("8.10", None, "8.9", "7.21")]
    found = sorted_reports(reports, find_key(VERSION))
    assert [report.name for report in found] == ["7.21.form", "8.9.form", "8.10.form", "None.form"]


def test_texts_ascend() -> None:
    reports = [scan(b"{}", name="f.form"), with_tasks("b", 0)]
    found = sorted_reports(reports, find_key("diagramType"))
    assert [report.name for report in found] == ["b", "f.form"]
