"""The formats of a scan: all show the same values, and each has rules of its own."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from support.command import lines, run
from support.diagrams import definitions, process
from support.reports import shown_platform

FIXTURES = Path(__file__).parent.parent.parent / "fixtures"
WIDE = {"COLUMNS": "400"}


def rows(output: bytes) -> list[dict[str, str]]:
    """The rows of CSV, by the names of their columns."""
    return list(csv.DictReader(io.StringIO(output.decode(), newline="")))


def flat(value: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """The values of a record by their dotted keys, without null."""
    values: dict[str, Any] = {}
    for key, item in value.items():
        if isinstance(item, dict):
            values |= flat(item, f"{prefix}{key}.")
        elif item is not None:
            values[prefix + key] = item
    return values


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Diagrams of each type and platform, with warnings, and failures."""
    for number, path in enumerate(sorted(FIXTURES.glob("*/*.bpmn"))[::7]):
        (tmp_path / f"{number:03}.bpmn").write_bytes(path.read_bytes())
    (tmp_path / "broken.bpmn").write_bytes(b"<bpmn:definitions")
    (tmp_path / "entity.bpmn").write_bytes(b"<!DOCTYPE a [<!ENTITY b 'c'>]><a/>")
    (tmp_path / 'line\nbreak, "quoted".bpmn').write_bytes(process("<bpmn:userTask/>"))
    (tmp_path / "no\u00a0break, \u00e9.bpmn").write_bytes(process("<bpmn:userTask/>"))
    (tmp_path / "decision.dmn").write_bytes(
        b'<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/"/>'
    )
    (tmp_path / "form.form").write_bytes(b'{"executionPlatformVersion": "8.6.0"}')
    (tmp_path / "none.bpmn").symlink_to("nowhere")
    return tmp_path


def place(warning: dict[str, Any]) -> str:
    """Where a table says that a warning belongs to."""
    return f"line {warning['line']}: " if "line" in warning else ""


class TestSameValues:
    """All formats show the same values."""

    @pytest.mark.parametrize(
        "options",
        [
            [],
            ["--warnings"],
            ["--documented-keys"],
            ["--fragment", "diagramMetrics"],
            ["--fragment", "profile", "--fragment", "elementTemplates"],
        ],
    )
    def test_csv(self, folder: Path, options: list[str]) -> None:
        facts = [flat(line) for line in lines(run("scan", *options, folder))]
        shown = [
            {key: cell for key, cell in row.items() if cell}
            for row in rows(run("scan", "-f", "csv", *options, folder).stdout)
        ]
        assert shown == [
            {
                key: str(item) if isinstance(item, str | int) else csv_json(item)
                for key, item in of_one.items()
            }
            for of_one in facts
        ]

    def test_json(self, folder: Path) -> None:
        result = run("scan", "-f", "json", "--warnings", folder)
        assert json.loads(result.stdout) == lines(run("scan", "--warnings", folder))

    @pytest.mark.parametrize("columns", [400, 60])
    def test_table(self, folder: Path, columns: int) -> None:
        facts = lines(run("scan", "--warnings", cwd=folder))
        printed = run(
            "scan", "-f", "table", "--warnings", cwd=folder, env={"COLUMNS": str(columns)}
        ).stdout.decode()
        _, body, _ = re.split(r"^─+\n", printed, flags=re.MULTILINE)
        rows = re.findall(r"^(\S.*)\n((?:  .*\n)*)", body, re.MULTILINE)
        assert len(rows) == len(facts)
        for (row, below), record in zip(rows, facts, strict=True):
            name, *cells = re.split(r" {2,}", row)
            assert name == record["file"].replace("\n", "\\n")
            expected = numbers_of(record) if columns == 400 else []
            assert cells == [str(number) for number in expected]
            details, *warnings = re.split(r" (?=warning: )", " ".join(below.split()))
            assert details.split(" · ") == details_of(record, names_numbers=columns == 60)
            assert warnings == [
                f"warning: {place(warning)}{warning['message']}"
                for warning in record.get("warnings", ())
            ]

    def test_every_format_of_a_single_file(self, folder: Path) -> None:
        (row,) = rows(run("scan", "-f", "csv", folder / "form.form").stdout)
        assert row["file"] == str(folder / "form.form")
        assert row["executionPlatformVersion"] == "8.6.0"
        assert b"8.6.0" in run("scan", "-f", "table", folder / "form.form").stdout


TITLES = {
    "elementTemplateCount": "element templates",
    "diagramMetrics.processVariablesCount": "process variables",
    "diagramMetrics.tasks.userTask.count": "user tasks",
    "diagramMetrics.tasks.serviceTask.count": "service tasks",
    "diagramMetrics.subprocessPlanes.count": "subprocess planes",
}


def numbers_of(record: dict[str, Any]) -> list[int]:
    """The numbers of a record that have a column in a table."""
    values = flat(record)
    return [values[key] for key in TITLES if key in values]


def details_of(record: dict[str, Any], *, names_numbers: bool) -> list[str]:
    """What a table shows of a record below its name."""
    values = flat(record)
    if "error" in record:
        error = record["error"]
        position = ":".join(str(error[key]) for key in ("line", "column") if key in error)
        return [" ".join(filter(None, [error["type"], position, error["message"]]))]
    platform = [shown_platform(record), record.get("executionPlatformVersion")]
    details = [record["diagramType"], " ".join(filter(None, platform))]
    for key, title in TITLES.items():
        kinds = []
        if key == "elementTemplateCount":
            for template in record.get("elementTemplates", ()):
                inner = [f"{name} {times}" for name, times in template["properties"].items()]
                inner += ["icon"] if "icon" in template else []
                kinds.append(f"{' '.join(template['appliesTo'])} ({', '.join(inner)})")
        else:
            block = key.rpartition(".")[0] + "."
            for inner_key, value in values.items():
                if block != "diagramMetrics." and inner_key.startswith(block) and value:
                    *_, group, name = inner_key.split(".")
                    if inner_key != key:
                        kinds.append(f"{group if name == 'count' else name} {value}")
        head = f"{title} {values[key]}" if names_numbers and key in values else title
        if kinds:
            details.append(f"{head}: {', '.join(kinds)}")
        elif head != title:
            details.append(head)
    return details


def csv_json(value: Any) -> str:
    """A list in a cell of CSV."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


class TestCsv:
    """A row for each diagram, always with the same columns."""

    COLUMNS = (
        "file,diagramType,executionPlatform,executionPlatformVersion,elementTemplateCount,"
        "elementTemplates,diagramMetrics.processVariablesCount,"
        "diagramMetrics.tasks.userTask.count,diagramMetrics.tasks.userTask.form.count,"
        "diagramMetrics.tasks.userTask.form.embedded,"
        "diagramMetrics.tasks.userTask.form.camundaForms,"
        "diagramMetrics.tasks.userTask.form.external,"
        "diagramMetrics.tasks.userTask.form.generated,"
        "diagramMetrics.tasks.userTask.form.other,diagramMetrics.tasks.serviceTask.count,"
        "diagramMetrics.tasks.serviceTask.implementation.count,"
        "diagramMetrics.tasks.serviceTask.implementation.java,"
        "diagramMetrics.tasks.serviceTask.implementation.expression,"
        "diagramMetrics.tasks.serviceTask.implementation.delegate,"
        "diagramMetrics.tasks.serviceTask.implementation.external,"
        "diagramMetrics.tasks.serviceTask.implementation.connector,"
        "diagramMetrics.subprocessPlanes.count,diagramMetrics.subprocessPlanes.nesting,"
        "error.type,error.message,error.line,error.column"
    )

    @pytest.mark.parametrize(
        "content",
        [process("<bpmn:userTask/>"), b"", b'<definitions xmlns="http://www.omg.org/spec/DMN/"/>'],
    )
    def test_columns(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "a.bpmn").write_bytes(content)
        first, _ = run("scan", "-f", "csv", tmp_path).stdout.decode().splitlines()
        assert first == self.COLUMNS

    def test_no_diagrams(self, tmp_path: Path) -> None:
        assert run("scan", "-f", "csv", tmp_path).stdout.decode() == self.COLUMNS + "\n"

    def test_fragments_and_warnings(self, tmp_path: Path) -> None:
        options = ["--warnings", "--fragment", "profile"]
        assert run("scan", "-f", "csv", *options, tmp_path).stdout == (
            b"file,executionPlatform,executionPlatformVersion,warnings,"
            b"error.type,error.message,error.line,error.column\n"
        )

    def test_control_characters(self, tmp_path: Path) -> None:
        (tmp_path / "a.form").write_text(json.dumps({"executionPlatform": "a\x1b[31m\tb\0\r"}))
        (row,) = rows(run("scan", "-f", "csv", tmp_path).stdout)
        assert row["executionPlatform"] == r"a\x1b[31m" + "\t" + r"b\x00\r"


class TestTable:
    """A table for people, as wide as the terminal."""

    @pytest.mark.parametrize("columns", [1, 5, 20, 40, 79, 80, 120, 250])
    def test_fits(self, folder: Path, columns: int) -> None:
        result = run("scan", "-f", "table", folder, env={"COLUMNS": str(columns)})
        assert max(map(cell_len, result.stdout.decode().splitlines())) <= columns
        assert b"Traceback" not in result.stderr

    def test_totals(self, tmp_path: Path) -> None:
        inner = '<bpmn:userTask camunda:formKey="embedded:a"/><bpmn:userTask/>'
        shape = '<bpmndi:BPMNShape bpmnElement="Sub"/>'
        planes = (
            f'<bpmn:process><bpmn:subProcess id="Outer">{inner}<bpmn:subProcess id="Sub"/>'
            "</bpmn:subProcess></bpmn:process><bpmndi:BPMNDiagram>"
            f'<bpmndi:BPMNPlane bpmnElement="Sub">{shape}</bpmndi:BPMNPlane></bpmndi:BPMNDiagram>'
        )
        for name in ("a.bpmn", "b.bpmn"):
            (tmp_path / name).write_bytes(definitions(planes))
        (tmp_path / "c.bpmn").write_bytes(b"")
        printed = run("scan", "-f", "table", tmp_path, env=WIDE).stdout.decode()
        foot = re.split(r"^─+\n", printed, flags=re.MULTILINE)[2]
        assert [re.split(r" {2,}", line.strip()) for line in foot.splitlines()] == [
            ["2 diagrams measured, 1 failed", "0", "0", "4", "0", "2"],
            # Depths are not added up.
            ["user tasks: form 2, embedded 2 · subprocess planes: nesting 2"],
        ]

    def test_totals_include_diagrams_without_a_row(self, tmp_path: Path) -> None:
        for name, number in (("a", 1), ("b", 3), ("c", 2)):
            (tmp_path / f"{name}.bpmn").write_bytes(process("<bpmn:userTask/>" * number))
        (tmp_path / "d.bpmn").write_bytes(b"")
        options = ["--sort", "diagramMetrics.tasks.userTask.count", "--top", "2"]
        printed = run("scan", "-f", "table", *options, cwd=tmp_path, env=WIDE).stdout.decode()
        _, body, foot = re.split(r"^─+\n", printed, flags=re.MULTILINE)
        assert re.findall(r"^\S+", body, re.MULTILINE) == ["b.bpmn", "c.bpmn"]
        assert re.split(r" {2,}", foot.strip()) == [
            "3 diagrams measured, 1 failed, 2 shown",
            "0",
            "0",
            "6",
            "0",
            "0",
        ]

    def test_numbers_of_long_names_stay_in_the_columns(self, tmp_path: Path) -> None:
        task = '<bpmn:userTask camunda:formKey="embedded:a"/>'
        name = f"{'x' * 90}.bpmn"
        (tmp_path / name).write_bytes(process(task))
        env = {"COLUMNS": "80"}
        printed = run("scan", "-f", "table", name, cwd=tmp_path, env=env).stdout.decode()
        _, body, _ = re.split(r"^─+\n", printed, flags=re.MULTILINE)
        assert body.splitlines() == [
            "x" * 80,
            "x" * 10 + ".bpmn",
            "  bpmn · Camunda Platform (not          0          0      1        0           0",
            "  stated) · user tasks: form 1, embedded 1",
        ]

    def test_colours(self, folder: Path) -> None:
        colourless = run("scan", "-f", "table", folder)
        assert b"\x1b" not in colourless.stdout
        assert b"\x1b[" in run("scan", "-f", "table", folder, env={"FORCE_COLOR": "1"}).stdout

    def test_hostile_names(self, tmp_path: Path) -> None:
        (tmp_path / ":bug: [red]\x1b[31m.form").write_text('{"executionPlatform": "[b]x:bug:"}')
        printed = run("scan", "-f", "table", tmp_path, env=WIDE).stdout.decode()
        assert r":bug: [red]\x1b[31m.form" in printed
        assert "[b]x:bug:" in printed


def test_table_has_the_main_numbers_of_fragments(tmp_path: Path) -> None:
    content = (
        '<bpmn:startEvent id="A"/><bpmn:task id="B"/><bpmn:subProcess id="C"/>'
        '<bpmn:sequenceFlow sourceRef="A" targetRef="X"/>'
    )
    (tmp_path / "a.bpmn").write_bytes(process(content))
    printed = run("scan", "-f", "table", "--fragment", "elements", tmp_path / "a.bpmn").stdout
    details = "processes 1, activities 2, events 1, unreached 2, subProcesses 1, sequenceFlows 1"
    assert f"elements: {details}" in " ".join(printed.decode().split())
    assert b"types" not in printed
    assert b"dangling" not in printed


class TestSortedTable:
    """The values that rows are sorted by have a column."""

    @pytest.mark.parametrize(
        ("fragment", "key", "head", "cells"),
        [
            ("diagramMetrics", "form.embedded", "Form embedded", ["1", "0"]),
            ("diagramMetrics", "userTask.count", "User tasks", ["1", "0"]),
            ("elements", "flowNodes.count", "FlowNodes", ["2", "0"]),
            ("elements", "flowNodes.gateways", "FlowNodes gateways", ["1", "0"]),
            ("elements", "types.bpmn:UserTask", "Types bpmn:UserTask", ["1", "0"]),
            ("implementations", "implementations.count", "Implementations", ["1", "0"]),
        ],
    )
    def test_column(
        self, tmp_path: Path, fragment: str, key: str, head: str, cells: list[str]
    ) -> None:
        task = '<bpmn:userTask camunda:formKey="embedded:a"/><bpmn:exclusiveGateway/>'
        listener = '<camunda:executionListener class="A"/>'
        extended = f"<bpmn:extensionElements>{listener}</bpmn:extensionElements>"
        (tmp_path / "a.bpmn").write_bytes(process(""))
        (tmp_path / "b.bpmn").write_bytes(process(extended + task))
        options = ["--fragment", fragment, "--sort", key]
        printed = run("scan", "-f", "table", *options, ".", cwd=tmp_path, env=WIDE).stdout.decode()
        heads, _, rest = printed.partition("\n─")
        # Words are aligned to the right, one on each line.
        ends = {
            line.index(word) + len(word)
            for word, line in zip(reversed(head.split()), reversed(heads.split("\n")), strict=False)
        }
        assert len(ends) == 1
        rows = [line for line in rest.splitlines() if line.startswith(("a.bpmn", "b.bpmn"))]
        assert [row[: max(ends)].split()[-1] for row in rows] == cells
        assert rows[0].startswith("b.bpmn")
