"""CSV of a summary: a row for each number, or for each group and number."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from support.checking import nested
from support.command import run
from support.diagrams import copy_fixtures, process

from metrics.blocks import LeafKind, leaves
from metrics.formats.summary.csv import COLUMNS, FIGURES
from metrics.summary.model import NumberSummary, RatioSummary

if TYPE_CHECKING:
    from pathlib import Path

TASK = "<bpmn:userTask/>"
FORM_TASK = '<bpmn:userTask camunda:formKey="embedded:a"/>'
USER_TASKS = "diagramMetrics.tasks.userTask.count"
FORMS = "diagramMetrics.tasks.userTask.form.count"
NESTING = "diagramMetrics.subprocessPlanes.nesting"


def rows(*arguments: str | Path, **options: Any) -> list[dict[str, str]]:
    """The rows of a summary."""
    printed = run("summary", "-f", "csv", *arguments, **options).stdout.decode()
    return list(csv.DictReader(io.StringIO(printed, newline="")))


def test_every_figure_has_a_column() -> None:
    assert sorted(FIGURES) == sorted(
        {
            leaf.key
            for block in (NumberSummary, RatioSummary)
            for leaf in leaves(block)
            if leaf.kind is not LeafKind.LIST
        }
    )


def test_rows(tmp_path: Path) -> None:
    (tmp_path / "a.bpmn").write_bytes(process(TASK + FORM_TASK * 2))
    (tmp_path / "b.bpmn").write_bytes(process(TASK))
    (tmp_path / "c.bpmn").write_bytes(nested(2))
    (tmp_path / "broken.bpmn").write_bytes(b"<")
    result = run("summary", "-f", "csv", tmp_path)
    assert result.returncode == 2
    assert b"broken.bpmn:1:1: malformed: " in result.stderr
    header, *lines = result.stdout.decode().splitlines()
    assert header == (
        "by,group,measured,failed,key,diagrams,notZero,undefined,sum,share,shareOf,"
        "minimum,lowerQuartile,median,upperQuartile,percentile90,maximum"
    )
    # The user tasks are 0, 1 and 3; the forms 0, 0 and 2.
    assert f",,3,1,{USER_TASKS},3,2,,4,,,,,1,,2.6,3" in lines
    assert f",,3,1,{FORMS},3,1,,2,0.5,{USER_TASKS},,,0,,1.6,2" in lines
    # Depths do not add up.
    assert f",,3,1,{NESTING},3,1,,,,,,,0,,1.6,2" in lines


def test_same_figures_as_json(tmp_path: Path) -> None:
    copy_fixtures(tmp_path)
    summary = json.loads(run("summary", "-f", "json", "--by", "folder", tmp_path).stdout)
    expected = [
        (name, key, str(number["diagrams"]), str(number["maximum"] or 0))
        for name, group in summary["groups"].items()
        for key, number in group["numbers"].items()
    ]
    printed = rows("--by", "folder", tmp_path)
    assert {row["by"] for row in printed} == {"folder"}
    assert expected == [
        (row["group"], row["key"], row["diagrams"], row["maximum"] or "0") for row in printed
    ]


def test_group_without_measured_diagrams(tmp_path: Path) -> None:
    (tmp_path / "broken.bpmn").write_bytes(b"<")
    printed = rows("--by", "platform", tmp_path)
    assert {(row["group"], row["measured"], row["failed"]) for row in printed} == {
        ("(not measured)", "0", "1")
    }


@pytest.mark.parametrize("by", [[], ["--by", "version"]])
def test_columns_do_not_depend_on_diagrams(tmp_path: Path, by: list[str]) -> None:
    printed = run("summary", "-f", "csv", *by, tmp_path).stdout.decode().splitlines()
    assert printed[0] == ",".join(COLUMNS)


def test_hostile_group(tmp_path: Path) -> None:
    name = "a\n,b\x1b"
    (tmp_path / "a.form").write_text(json.dumps({"executionPlatform": name}))
    assert {row["group"] for row in rows("--by", "platform", tmp_path)} == {"a\n,b\\x1b"}
