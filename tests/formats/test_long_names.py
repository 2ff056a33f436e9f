"""Names of files that are longer than any path that Linux opens, in all formats for people."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from support.command import run
from support.diagrams import process

from metrics import compare, scan
from metrics.checks.limits import parse
from metrics.checks.result import CheckResult, Contribution, Improvement, Violation
from metrics.explanation import explain
from metrics.formats.check import FORMATS as CHECK
from metrics.formats.diff import FORMATS as DIFF
from metrics.formats.explain import FORMATS as EXPLAIN
from metrics.formats.explain import ExplainLayout
from metrics.formats.scan import FORMATS as SCAN
from metrics.formats.scan import ScanLayout
from metrics.formats.summary import FORMATS as SUMMARY
from metrics.formats.summary import SummaryLayout

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from metrics import Report

LONG = "folder/" * 600 + "end.bpmn"
LIMIT = parse("diagramMetrics.tasks.userTask.count <= 0")


def reports() -> list[Report]:
    """Two measured diagrams and two that were not, with long names."""
    measured = scan(process("<bpmn:userTask/>"))
    other = scan(process(""))
    return [
        replace(each, file=f"{number}{LONG}")
        for number, each in enumerate((measured, other, scan(b"<"), scan(b"<")))
    ]


def assert_cut(pieces: Iterable[bytes]) -> None:
    """The long name is there, without its end, and nothing is much longer."""
    printed = b"".join(pieces).decode().replace("\n", "")
    assert LONG[:40] in printed
    assert "…" in printed
    assert "end.bpmn" not in printed


def test_table_of_a_scan() -> None:
    assert_cut(SCAN.load("table")(reports(), ScanLayout()))


@pytest.mark.parametrize("by", [None, "folder"])
@pytest.mark.parametrize("format_name", ["table", "markdown", "html"])
def test_summary(format_name: str, by: str | None) -> None:
    assert_cut(SUMMARY.load(format_name)(reports(), SummaryLayout(by)))


@pytest.mark.parametrize("format_name", ["tree", "text"])
def test_explanation(format_name: str) -> None:
    explanation = explain(process("<bpmn:userTask/>"))
    named = replace(explanation, report=replace(explanation.report, file=LONG))
    assert_cut(EXPLAIN.load(format_name)([named], ExplainLayout()))


def test_total_of_a_check() -> None:
    total = Violation(None, LIMIT, 1, contributions=(Contribution(LONG, 1),))
    result = CheckResult(violations=(total,))
    assert_cut(CHECK.load("text")(result, False))
    # GitHub looks for the file by its whole name.
    command, *_ = b"".join(CHECK.load("github")(result, False)).splitlines()
    assert_cut(command.split(b"::")[2:])


def test_text_of_a_check() -> None:
    violation = Violation(LONG, LIMIT, 1)
    improvement = Improvement(LONG, LIMIT.key, 2, 1)
    for result in (CheckResult(violations=(violation,)), CheckResult(improvements=(improvement,))):
        assert_cut(CHECK.load("text")(result, False))


@pytest.mark.parametrize("format_name", ["table", "markdown"])
def test_diff(format_name: str) -> None:
    before, after, failed, _ = reports()
    comparison = compare([before, failed], [replace(after, file=before.file), failed])
    assert_cut(DIFF.load(format_name)(comparison, False))


def test_messages(tmp_path: Path) -> None:
    result = run("scan", LONG, cwd=tmp_path)
    assert result.returncode == 2
    assert_cut([result.stderr])
    assert result.stderr.decode().endswith("…: unreadable: File name too long\n")
    # JSON has the whole name.
    assert LONG.encode() in result.stdout
