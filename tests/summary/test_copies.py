"""Copies apart from layout, and apart from layout and names."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from support.command import run
from support.diagrams import process

from metrics import scan, scan_many, summarize
from metrics.summary.model import CopiesSummary

if TYPE_CHECKING:
    from pathlib import Path

FLOW = "".join(
    f'<bpmn:task id="T{n}"/><bpmn:sequenceFlow sourceRef="T{n}" targetRef="T{n + 1}"/>'
    for n in range(5)
)
DECISION = (
    b'<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/"><decision id="d"/>'
    b"</definitions>"
)
FORM = b'{"components": []}'
FILES = {
    "a.bpmn": process(FLOW),
    "b.bpmn": process(FLOW.replace("/><", "/>\n  <!-- a comment --><")),
    "c.bpmn": process(FLOW.replace("T", "other")),
    "d.bpmn": process("<bpmn:task/>"),
    "e.bpmn": process("<bpmn:task/>"),
    "f.dmn": DECISION,
    "g.dmn": DECISION + b"\n",
    "h.form": FORM,
    "i.form": FORM,
    "j.bpmn": b"<",
}
GROUPS = {
    "bytes": [["d.bpmn", "e.bpmn"], ["h.form", "i.form"]],
    "model": [["a.bpmn", "b.bpmn"], ["d.bpmn", "e.bpmn"], ["f.dmn", "g.dmn"]],
    "structure": [["a.bpmn", "b.bpmn", "c.bpmn"]],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Diagrams, most of which are copies in one of three ways."""
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def copies(folder: Path, *arguments: str, stdin: bytes = b"") -> dict[str, Any]:
    """The copies that a summary in a folder lists."""
    result = run("summary", "-f", "json", *arguments, cwd=folder, stdin=stdin)
    found: dict[str, Any] = json.loads(result.stdout)["copies"]
    return found


@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize("by", GROUPS)
def test_groups(folder: Path, by: str, jobs: str) -> None:
    found = copies(folder, "--copies", by, "-j", jobs)
    assert (found["by"], found["groups"]) == (by, len(GROUPS[by]))
    assert found["diagrams"] == sum(map(len, GROUPS[by]))
    assert [group["files"] for group in found["largest"]] == GROUPS[by]
    assert ("notCompared" in found) == (by == "bytes")
    for group in found["largest"]:
        report = scan(folder / group["files"][0], fragments=["fingerprints"])
        if by != "bytes":
            assert group["fingerprint"] == getattr(report.blocks["fingerprints"], by)


def test_bytes_by_default(folder: Path) -> None:
    assert copies(folder) == copies(folder, "--copies", "bytes")


def test_other_values_are_those_without_fingerprints(folder: Path) -> None:
    first, second = (
        json.loads(run("summary", "-f", "json", "--copies", by, cwd=folder).stdout)
        for by in ("bytes", "model")
    )
    del first["copies"], second["copies"]
    assert first == second


@pytest.mark.parametrize("by", ["model", "structure"])
def test_saved_scan(folder: Path, by: str) -> None:
    saved = run("scan", "-f", "ndjson", "--with", "fingerprints", cwd=folder).stdout
    assert copies(folder, "--copies", by, "-", stdin=saved) == copies(folder, "--copies", by)
    # A file that a saved scan lists twice is not a copy of itself.
    assert copies(folder, "--copies", by, "-", stdin=saved * 2) == copies(folder, "--copies", by)


@pytest.mark.parametrize("format_name", ["table", "markdown"])
def test_saved_scan_without_fingerprints(folder: Path, format_name: str) -> None:
    saved = run("scan", "-f", "ndjson", cwd=folder).stdout
    found = copies(folder, "--copies", "model", "-", stdin=saved)
    # Forms have no fingerprint.
    assert (found["groups"], found["notCompared"]) == (0, 7)
    command = ("summary", "-f", format_name, "--copies", "model", "-")
    printed = run(*command, cwd=folder, stdin=saved).stdout.decode()
    assert (
        "7 diagrams not compared, because the saved scan has no fingerprints: scan --with"
        " fingerprints" in printed
    )


def test_library(folder: Path) -> None:
    reports = [*scan_many(sorted(folder.iterdir()), fragments={"fingerprints"})]
    summary = summarize(reports, copies="structure")
    assert isinstance(summary.copies, CopiesSummary)
    assert [len(group.files) for group in summary.copies.largest] == [3]
    assert "fingerprints.size" not in summary.numbers
    with pytest.raises(ValueError, match="use bytes, model, structure"):
        summarize(reports, copies="layout")


@pytest.mark.parametrize(
    ("by", "title"),
    [
        ("bytes", "Identical files: 4 diagrams, 2 groups"),
        ("model", "Diagrams that are equal apart from layout: 6 diagrams, 3 groups"),
        ("structure", "Diagrams with the same structure: 3 diagrams, 1 group"),
    ],
)
def test_table(folder: Path, by: str, title: str) -> None:
    assert title in run("summary", "--copies", by, cwd=folder).stdout.decode().splitlines()
