"""Lines of an earlier scan, read back: the same reports, and nothing that no scan prints."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from support.command import run
from support.diagrams import process

from metrics.formats.scan import ScanLayout
from metrics.formats.scan.ndjson import ndjson
from metrics.scanning.ndjson_reports import reports

FIXTURES = Path(__file__).parent.parent / "fixtures"
FORM = {"file": "a.form", "diagramType": "form", "executionPlatform": "Camunda Platform"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All fixtures, some twice, what is untidy, and what cannot be measured."""
    folder = tmp_path_factory.mktemp("models")
    for number, path in enumerate(sorted(FIXTURES.glob("*/*.*m*"))):
        if path.suffix in {".bpmn", ".dmn", ".form"}:
            (folder / f"{number:03}{path.suffix}").write_bytes(path.read_bytes())
    (folder / "broken.bpmn").write_bytes(b"<")
    (folder / "empty.form").write_bytes(b"")
    (folder / "twice.bpmn").write_bytes(process('<bpmn:task id="a"/><bpmn:task id="a"/>'))
    (folder / 'quo"te\\\n\u00e9.bpmn').write_bytes(process(""))
    return folder


@pytest.mark.parametrize(
    "options", [[], ["--warnings"], ["--documented-keys"], ["--templates", "definitions"]]
)
def test_read_as_written(folder: Path, options: list[str]) -> None:
    printed = run("scan", *options, folder).stdout
    assert printed.count(b"\n") > 500
    layout = ScanLayout(
        documented_keys="--documented-keys" in options, warnings="--warnings" in options
    )
    assert b"".join(ndjson(reports(io.BytesIO(printed), "scan"), layout)) == printed


def test_lines_that_others_have_written(folder: Path) -> None:
    printed = run("scan", folder).stdout
    rewritten = b"\xef\xbb\xbf" + b"".join(
        json.dumps({**record, "file": record["file"]}, sort_keys=True).encode() + b"\r\n\r\n"
        for record in map(json.loads, printed.splitlines())
    )
    assert b"".join(ndjson(reports(io.BytesIO(rewritten), "scan"), ScanLayout())) == printed


def error_of(line: bytes, **options: Any) -> tuple[str | None, str, int | None]:
    """What is told of a line between two that are well."""
    good = json.dumps(FORM).encode()
    content = b"\n".join((good, line, good))
    first, report, *others = reports(io.BytesIO(content), "scan.ndjson", **options)
    assert first.error is None
    assert all(other.error is None for other in others)
    assert report.error is not None
    return report.file, str(report.error), report.error.line


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"file": None}, "it names no file"),
        ({"diagramType": None}, "diagramType is None"),
        ({"diagramType": "epc"}, "diagramType is 'epc'"),
        ({"executionPlatform": 7}, "executionPlatform is 7"),
        ({"executionPlatform": ""}, "executionPlatform is empty"),
        ({"elementTemplateCount": 0}, "elementTemplateCount is not known"),
        ({"more": {"than": 1}}, "more.than is not known"),
        ({"diagramType": "bpmn"}, "elementTemplateCount is missing"),
        ({"error": {"type": "malformed", "message": "a"}}, "diagramType is not known"),
        ({"warnings": [{"message": "a", "line": "b"}]}, "line is 'b'"),
    ],
)
def test_no_line_of_a_scan(change: dict[str, Any], reason: str) -> None:
    line = json.dumps(FORM | change).encode()
    expected = f"malformed: no line that metrics scan prints: {reason}"
    assert error_of(line) == ("scan.ndjson", expected, 2)


@pytest.mark.parametrize("line", [b"{}", b"[]", b"1", b"{", b"\xff", b"[" * 10_000, b"null"])
def test_what_is_no_record(line: bytes) -> None:
    file, error, number = error_of(line)
    assert (file, number) == ("scan.ndjson", 2)
    assert error.startswith("malformed: no line that metrics scan prints: ")


@pytest.mark.parametrize("count", ["-1", "1.0", "true", "null", '"1"', "1e400", str(2**53 + 1)])
def test_what_is_no_count(count: str) -> None:
    (record,) = (
        json.loads(line)
        for line in run("scan", "-f", "ndjson", FIXTURES / "explanation").stdout.splitlines()
    )
    line = json.dumps(record).replace('"nesting": 1', f'"nesting": {count}').encode()
    assert "nesting is" in error_of(line)[1] or count == "1e400"


def test_fragments_are_no_payloads(folder: Path) -> None:
    printed = run("scan", "--fragment", "diagramMetrics", folder).stdout
    found = [*reports(io.BytesIO(printed), "scan")]
    reason = "diagramType is missing, as in what --fragment prints"
    assert {str(report.error) for report in found if report.file == "scan"} == {
        f"malformed: no line that metrics scan prints: {reason}"
    }


@pytest.mark.parametrize("path", [".", "every_number.bpmn"])
def test_json_of_several_lines_is_one_error(path: str) -> None:
    printed = run("scan", "-f", "json", path, cwd=FIXTURES / "explanation").stdout
    good = json.dumps(FORM).encode()
    for before, behind in ((b"", b""), (b"\n \n", b""), (good + b"\n", good)):
        if before.strip() and printed.startswith(b"["):
            continue
        found = [*reports(io.BytesIO(before + printed + behind), "scan.ndjson")]
        (error,) = (report.error for report in found if report.error)
        assert error.line == before.count(b"\n") + 1
        assert error.message.startswith("no line that metrics scan prints: JSON of several, ")
        assert len(found) == (3 if behind else 1)


def test_a_list_is_one_error() -> None:
    printed = b"[" + b",\n".join([json.dumps(FORM).encode()] * 3) + b"]\n"
    (report,) = reports(io.BytesIO(printed), "scan.ndjson")
    assert report.error is not None
    assert report.error.line == 1


def test_what_is_no_blank_in_json() -> None:
    good = json.dumps(FORM).encode()
    bad = good.replace(b"{", b"{\v", 1)
    found = [*reports(io.BytesIO(b"\n".join((bad, good, bad))), "scan")]
    assert [report.error is None for report in found] == [False, True, False]


def test_line_that_is_too_long() -> None:
    line = json.dumps(FORM).encode()
    found = [*reports(io.BytesIO(line + b"\n" + b"1" * 300 + b"\n" + line), "scan", most_bytes=200)]
    assert [str(report.error) for report in found] == [
        "None",
        "too-large: a line of more than 200 bytes",
        "None",
    ]


@pytest.mark.parametrize("path", ["nowhere.ndjson", "."])
def test_what_cannot_be_read(path: str) -> None:
    (report,) = reports(path, path)
    assert report.error is not None
    assert (report.file, report.error.type) == (path, "unreadable")
