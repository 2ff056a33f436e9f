"""Fragments of our own in the formats of `metrics summary` and `scan` for people."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from support.command import lines, run
from support.diagrams import process

if TYPE_CHECKING:
    from pathlib import Path

DIAGRAM = process(
    '<bpmn:startEvent id="S"/><bpmn:dataObject id="D"/>'
    '<bpmn:scriptTask id="A" scriptFormat="groovy"/><bpmn:scriptTask id="B"/>'
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a diagram."""
    (tmp_path / "a.bpmn").write_bytes(DIAGRAM)
    return tmp_path


def summary(folder: Path, *options: str) -> str:
    """The summary of a folder with all fragments."""
    return run("summary", "--with", "all", *options, cwd=folder).stdout.decode()


def table_below(text: str, title: str) -> list[list[str]]:
    """The rows of a table, each with its name and its sum."""
    _, _, below = text.partition(f"\n{title} ")
    return [line.split()[:2] for line in below.partition("\n\n")[0].splitlines()[1:]]


def test_each_fragment_has_a_table(folder: Path) -> None:
    text = summary(folder)
    assert table_below(text, "elements") == [
        ["processes", "1"],
        ["flowNodes", "3"],
        ["activities", "2"],
        ["events", "1"],
        ["unreached", "2"],
        # A group without a number of its own.
        ["data"],
        ["objects", "1"],
    ]
    assert table_below(text, "implementations") == [
        ["count", "2"],
        ["scriptTask", "2"],
        ["script", "2"],
        ["scripts", "2"],
        ["tasks", "2"],
    ]
    assert re.search("^  activities +2 ", text, re.MULTILINE)
    numbers = dict(table_below(text, "Number"))
    assert numbers["connector"] == "0"
    assert "flowNodes" not in numbers


def test_markdown(folder: Path) -> None:
    text = summary(folder, "-f", "markdown")
    assert "| elements | Sum |" in text
    assert "| &emsp;objects | 1 |" in text
    assert "| lanes |" not in text


def test_html(folder: Path) -> None:
    pytest.importorskip("vl_convert")
    text = summary(folder, "-f", "html")
    assert "<h3>elements</h3>" in text
    assert 'data-number="elements.flowNodes.count"' in text
    assert 'data-number="elements.lanes"' not in text


def test_only_main_numbers_have_largest_values(folder: Path) -> None:
    for options in ((), ("-f", "markdown")):
        text = summary(folder, *options)
        _, _, largest = text.partition("argest values")
        assert "elements.flowNodes.count" in largest
        assert "elements.flowNodes.events" not in largest


def test_groups_have_a_column_for_each_fragment(folder: Path) -> None:
    text = summary(folder, "-f", "markdown", "--by", "folder")
    head, total = (
        next(line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith(word))
        for word in ("| By folder", "| Total")
    )
    cells = dict(zip(head, total, strict=True))
    assert (cells["Elements"], cells["Implementations"]) == ("3", "2")
    assert not [cell for cell in cells if cell.startswith("Elements:")]


def test_json_and_csv_have_all_numbers(folder: Path) -> None:
    assert '"elements.lanes"' in summary(folder, "-f", "json")
    assert "elements.lanes" in summary(folder, "-f", "csv")
    (line,) = lines(run("scan", "--with", "all", "-f", "ndjson", "a.bpmn", cwd=folder))
    assert line["elements"]["lanes"] == 0


def test_scan_shows_the_main_number(folder: Path) -> None:
    text = run("scan", "-f", "table", "--with", "elements", cwd=folder).stdout.decode()
    shown = " ".join(text.split())
    assert "elements 3: processes 1, activities 2, events 1, unreached 2" in shown
    assert "lanes" not in shown.replace("planes", "")
