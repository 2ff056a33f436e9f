"""Numbers that JSON cannot hold exactly, and numbers that are not defined, in summaries."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from support.command import run
from support.diagrams import definitions

if TYPE_CHECKING:
    from pathlib import Path

CHOICES = "complexity.controlFlowComplexity"


def flows(count: int, source: str = "a", target: str = "b") -> str:
    return f'<bpmn:sequenceFlow sourceRef="{source}" targetRef="{target}"/>' * count


def diagram(content: str) -> bytes:
    return definitions(
        f'<bpmn:process id="P"><bpmn:inclusiveGateway id="a"/><bpmn:task id="b"/>{content}'
        "</bpmn:process>"
    )


def numbers(folder: Path) -> dict[str, Any]:
    """The numbers of a summary with `complexity`."""
    result = run("summary", "--with", "complexity", "-f", "json", folder)
    assert result.returncode == 0
    found: dict[str, Any] = json.loads(result.stdout)["numbers"]
    return found


@pytest.mark.parametrize("name", ["table", "json", "csv", "markdown", "html"])
def test_every_format_has_large_numbers(tmp_path: Path, name: str) -> None:
    (tmp_path / "large.bpmn").write_bytes(diagram(flows(60)))
    result = run("summary", "--with", "complexity", "-f", name, tmp_path)
    assert result.returncode == 0
    assert b"1.152921504606847e" in result.stdout


def test_sum_of_large_numbers(tmp_path: Path) -> None:
    (tmp_path / "large.bpmn").write_bytes(diagram(flows(60)))
    (tmp_path / "small.bpmn").write_bytes(diagram(flows(2)))
    number = numbers(tmp_path)[CHOICES]
    # 2^60 - 1 is printed as 2^60.
    assert (number["sum"], number["maximum"]) == (2.0**60, 2.0**60)
    assert number["median"] == 2.0**59
    assert number["most"][0]["value"] == 2.0**60
    assert number["distribution"][-1] == {"atLeast": 2**53, "atMost": 2.0**60, "diagrams": 1}


def test_table_of_a_scan_adds_large_numbers(tmp_path: Path) -> None:
    (tmp_path / "large.bpmn").write_bytes(diagram(flows(60)))
    (tmp_path / "small.bpmn").write_bytes(diagram(flows(2)))
    printed = run("scan", "--fragment", "complexity", "-f", "table", tmp_path).stdout.decode()
    assert re.search(r"^2 diagrams measured +1.153e\+18$", printed, re.MULTILINE)


def test_sum_beyond_the_doubles(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.bpmn").write_bytes(diagram(flows(1023)))
    number = numbers(tmp_path)[CHOICES]
    assert number["maximum"] == 2.0**1023
    assert number["sum"] == 1.7976931348623157e308


def test_null_is_not_zero(tmp_path: Path) -> None:
    (tmp_path / "path.bpmn").write_bytes(diagram(flows(1)))
    (tmp_path / "cycle.bpmn").write_bytes(diagram(flows(1) + flows(1, "b", "a")))
    number = numbers(tmp_path)["complexity.diameter"]
    assert (number["diagrams"], number["median"]) == (1, 1)
    assert number["distribution"][0]["diagrams"] == 0
