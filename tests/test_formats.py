"""The formats: the same facts in each, and what each has of its own."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from command import lines, run
from diagrams import definitions, process

FIXTURES = Path(__file__).parent / "fixtures"
WIDE = {"COLUMNS": "400"}


def rows(output: bytes) -> list[dict[str, str]]:
    """The rows of CSV, by the names of their columns."""
    return list(csv.DictReader(io.StringIO(output.decode(), newline="")))


def flat(value: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """A record by dotted keys, without what is null."""
    found: dict[str, Any] = {}
    for key, item in value.items():
        if isinstance(item, dict):
            found |= flat(item, f"{prefix}{key}.")
        elif item is not None:
            found[prefix + key] = item
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Diagrams of each type and engine, with what is told of each, and failures."""
    for number, path in enumerate(sorted(FIXTURES.glob("*/*.bpmn"))[::7]):
        (tmp_path / f"{number:03}.bpmn").write_bytes(path.read_bytes())
    (tmp_path / "broken.bpmn").write_bytes(b"<bpmn:definitions")
    (tmp_path / "entity.bpmn").write_bytes(b"<!DOCTYPE a [<!ENTITY b 'c'>]><a/>")
    (tmp_path / 'line\nbreak, "quoted".bpmn').write_bytes(process("<bpmn:userTask/>"))
    (tmp_path / "decision.dmn").write_bytes(
        b'<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/"/>'
    )
    (tmp_path / "form.form").write_bytes(b'{"executionPlatformVersion": "8.6.0"}')
    (tmp_path / "none.bpmn").symlink_to("nowhere")
    return tmp_path


class TestSameFacts:
    """What one format says, all say."""

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
        told = [
            {key: cell for key, cell in row.items() if cell}
            for row in rows(run("scan", "-f", "csv", *options, folder).stdout)
        ]
        assert told == [
            {
                key: str(item) if isinstance(item, str | int) else csv_json(item)
                for key, item in of_one.items()
            }
            for of_one in facts
        ]

    def test_json(self, folder: Path) -> None:
        result = run("scan", "-f", "json", "--warnings", folder)
        assert json.loads(result.stdout) == lines(run("scan", "--warnings", folder))

    def test_table(self, folder: Path) -> None:
        printed = run("scan", "-f", "table", "--warnings", folder, env=WIDE).stdout.decode()
        _, body, _ = re.split(r"^─+\n", printed, flags=re.MULTILINE)
        told = [
            [part for part in re.split(r" {2,}|\n", block) if part]
            for block in re.findall(r"^\S.*\n(?: .*\n)*", body, re.MULTILINE)
        ]
        facts = lines(run("scan", "--warnings", folder))
        assert [sorted(block[1:]) for block in told] == [
            sorted(in_a_table(flat(record))) for record in facts
        ]
        assert [block[0] for block in told] == [
            record["file"].replace("\n", "\\n") for record in facts
        ]

    def test_every_format_of_a_single_file(self, folder: Path) -> None:
        (row,) = rows(run("scan", "-f", "csv", folder / "form.form").stdout)
        assert row["file"] == str(folder / "form.form")
        assert row["executionPlatformVersion"] == "8.6.0"
        assert b"8.6.0" in run("scan", "-f", "table", folder / "form.form").stdout


def in_a_table(record: dict[str, Any]) -> list[str]:
    """What a table shows of a record, in any order, beside its file."""
    if "error.type" in record:
        place = ":".join(
            str(record[key]) for key in ("error.line", "error.column") if key in record
        )
        return [" ".join(filter(None, [record["error.type"], place, record["error.message"]]))]
    told = [record[key] for key in ("diagramType", "executionPlatform")]
    told += [record[key] for key in ("executionPlatformVersion",) if key in record]
    for template in record.get("elementTemplates", ()):
        told.append(" ".join(template["appliesTo"]))
        told += [f"{binding} {times}" for binding, times in template["properties"].items()]
        told += ["icon"] if "icon" in template else []
    for warning in record["warnings"]:
        told.append(f"warning: line {warning['line']}: {warning['message']}")
    for key, value in record.items():
        *_, group, name = f".{key}".split(".")
        # The first number of a metric stands for itself.
        if name in ("elementTemplateCount", "processVariablesCount") or (
            name == "count" and group not in ("form", "implementation")
        ):
            told.append(str(value))
        elif isinstance(value, int) and value:
            told.append(f"{group if name == 'count' else name} {value}")
    return told


def csv_json(value: Any) -> str:
    """A list as it stands in a cell."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


class TestCsv:
    """A row a diagram, always with the same columns."""

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
        (tmp_path / "a.form").write_text(json.dumps({"executionPlatform": "a\x1b[31m\tb\0"}))
        (row,) = rows(run("scan", "-f", "csv", tmp_path).stdout)
        assert row["executionPlatform"] == r"a\x1b[31m" + "\t" + r"b\x00"


class TestTable:
    """For people, as wide as they can see."""

    @pytest.mark.parametrize("columns", [1, 5, 20, 40, 79, 80, 120, 250])
    def test_fits(self, folder: Path, columns: int) -> None:
        result = run("scan", "-f", "table", folder, env={"COLUMNS": str(columns)})
        assert max(map(len, result.stdout.decode().splitlines())) <= columns
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
        assert [line.split() for line in foot.splitlines()] == [
            ["2", "diagrams", "1", "failed"],
            ["0", "0", "4", "0", "2"],
            # The depth of one does not add to that of another.
            ["form", "2", "nesting", "2"],
            ["embedded", "2"],
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
