"""Reports that are read back from the lines of an earlier scan."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest
from support.command import run
from support.diagrams import process

from metrics.formats.scan import ScanLayout
from metrics.formats.scan.ndjson import ndjson
from metrics.reading.fingerprint import fingerprint
from metrics.reading.sources import PIECE
from metrics.scanning.ndjson_reports import read_reports

FIXTURES = Path(__file__).parent.parent / "fixtures"
FORM = {"file": "a.form", "diagramType": "form", "executionPlatform": "Camunda Platform"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All fixtures, and diagrams with a warning, an error or an unusual name."""
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
def test_reports_print_as_before(folder: Path, options: list[str]) -> None:
    printed = run("scan", *options, folder).stdout
    assert printed.count(b"\n") > 500
    layout = ScanLayout(
        documented_keys="--documented-keys" in options, warnings="--warnings" in options
    )
    assert b"".join(ndjson(read_reports(io.BytesIO(printed), "scan"), layout)) == printed


def test_lines_rewritten_by_another_program(folder: Path) -> None:
    printed = run("scan", folder).stdout
    rewritten = b"\xef\xbb\xbf" + b"".join(
        json.dumps({**record, "file": record["file"]}, sort_keys=True).encode() + b"\r\n\r\n"
        for record in map(json.loads, printed.splitlines())
    )
    assert b"".join(ndjson(read_reports(io.BytesIO(rewritten), "scan"), ScanLayout())) == printed


def error_of(line: bytes, **options: Any) -> tuple[str | None, str, int | None]:
    """The file, message and line of the error for a line between two valid ones."""
    good = json.dumps(FORM).encode()
    content = b"\n".join((good, line, good))
    first, report, *others = read_reports(io.BytesIO(content), "scan.ndjson", **options)
    assert first.error is None
    assert all(other.error is None for other in others)
    assert report.error is not None
    return report.file, str(report.error), report.error.line


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"file": None}, "it has no file"),
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
def test_line_that_no_scan_prints(change: dict[str, Any], reason: str) -> None:
    line = json.dumps(FORM | change).encode()
    expected = f"malformed: not a line that metrics scan prints: {reason}"
    assert error_of(line) == ("scan.ndjson", expected, 2)


@pytest.mark.parametrize("line", [b"{}", b"[]", b"1", b"{", b"\xff", b"[" * 10_000, b"null"])
def test_line_that_is_no_object(line: bytes) -> None:
    file, error, number = error_of(line)
    assert (file, number) == ("scan.ndjson", 2)
    assert error.startswith("malformed: not a line that metrics scan prints: ")


@pytest.mark.parametrize("count", ["-1", "1.0", "true", "null", '"1"', "1e400", str(2**53 + 1)])
def test_value_that_is_no_count(count: str) -> None:
    (record,) = (
        json.loads(line)
        for line in run("scan", "-f", "ndjson", FIXTURES / "explanation").stdout.splitlines()
    )
    line = json.dumps(record).replace('"nesting": 1', f'"nesting": {count}').encode()
    assert "nesting is" in error_of(line)[1] or count == "1e400"


def test_fragments_are_refused(folder: Path) -> None:
    printed = run("scan", "--fragment", "diagramMetrics", folder).stdout
    reports = [*read_reports(io.BytesIO(printed), "scan")]
    reason = "diagramType is missing, as in the output of --fragment"
    assert {str(report.error) for report in reports if report.file == "scan"} == {
        f"malformed: not a line that metrics scan prints: {reason}"
    }


@pytest.mark.parametrize("path", [".", "every_number.bpmn"])
def test_json_over_several_lines_is_one_error(path: str) -> None:
    printed = run("scan", "-f", "json", path, cwd=FIXTURES / "explanation").stdout
    good = json.dumps(FORM).encode()
    for before, after in ((b"", b""), (b"\n \n", b""), (good + b"\n", good)):
        if before.strip() and printed.startswith(b"["):
            continue
        reports = [*read_reports(io.BytesIO(before + printed + after), "scan.ndjson")]
        (error,) = (report.error for report in reports if report.error)
        assert error.line == before.count(b"\n") + 1
        assert error.message.startswith(
            "not a line that metrics scan prints: JSON over several lines"
        )
        assert len(reports) == (3 if after else 1)


def test_a_list_is_one_error() -> None:
    printed = b"[" + b",\n".join([json.dumps(FORM).encode()] * 3) + b"]\n"
    (report,) = read_reports(io.BytesIO(printed), "scan.ndjson")
    assert report.error is not None
    assert report.error.line == 1


def test_white_space_that_json_forbids() -> None:
    good = json.dumps(FORM).encode()
    bad = good.replace(b"{", b"{\v", 1)
    reports = read_reports(io.BytesIO(b"\n".join((bad, good, bad))), "scan")
    assert [report.error is None for report in reports] == [False, True, False]


def test_line_that_is_too_long() -> None:
    line = json.dumps(FORM).encode()
    content = line + b"\n" + b"1" * 300 + b"\n" + line
    reports = read_reports(io.BytesIO(content), "scan", max_line_bytes=200)
    assert [str(report.error) for report in reports] == [
        "None",
        "too-large: the line has more than 200 bytes",
        "None",
    ]


@pytest.mark.parametrize(
    "rest", [FORM, {"error": {"type": "malformed", "message": "m"}}], ids=["measured", "failed"]
)
def test_long_name(rest: dict[str, Any]) -> None:
    lines = [
        json.dumps(rest | {"file": "é" * length}, sort_keys=True).encode()
        for length in (4096, 4097)
    ]
    # Lines that begin with the file are read in another way than others.
    long = {"file": ""} | rest | {"file": "é" * 4097}
    lines.append(json.dumps(long, ensure_ascii=False).encode())
    whole, *refused = read_reports(io.BytesIO(b"\n".join(lines)), "scan.ndjson")
    assert whole.file == "é" * 4096
    for line, report in enumerate(refused, start=2):
        assert report.file == "scan.ndjson"
        assert report.error is not None
        assert report.error.line == line
        assert str(report.error) == "too-large: the name of the file has more than 4,096 characters"


@pytest.mark.parametrize("path", ["nowhere.ndjson", "."])
def test_source_that_cannot_be_read(path: str) -> None:
    (report,) = read_reports(path, path)
    assert report.error is not None
    assert (report.file, report.error.type) == (path, "unreadable")


def test_fingerprints_are_of_the_current_contents(tmp_path: Path) -> None:
    (tmp_path / "a.form").write_bytes(b"{}")
    paths = [str(tmp_path / "a.form"), str(tmp_path / "gone.form"), "-"]
    lines = b"\n".join(json.dumps(FORM | {"file": path}).encode() for path in paths)
    reports = [*read_reports(io.BytesIO(lines), "scan", fingerprints=True)]
    assert [report.file for report in reports] == paths
    assert [report.fingerprint for report in reports] == [fingerprint(b"{}"), None, None]


def test_escaped_name_is_found_again(tmp_path: Path) -> None:
    path = str(tmp_path / "a\udcff.form")
    Path(path).write_bytes(b"{}")
    printed = run("scan", tmp_path).stdout
    (report,) = read_reports(io.BytesIO(printed), "scan", fingerprints=True)
    assert (report.file, report.fingerprint) == (path, fingerprint(b"{}"))


class _Endless(io.RawIOBase):
    """A line that never ends, as on some devices; counts the bytes that were read."""

    def __init__(self) -> None:
        self.bytes_read = 0

    def readline(self, size: int | None = -1, /) -> bytes:
        assert size is not None
        self.bytes_read += size
        return b"a" * size


def test_line_that_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("metrics.reading.lines.MAX_BYTES_SKIPPED", 3 * PIECE)
    lines = _Endless()
    reports = [*read_reports(cast("BinaryIO", lines), max_line_bytes=99)]
    assert [str(report.error) for report in reports] == [
        "too-large: the line has more than 99 bytes",
        f"too-large: the line has more than {3 * PIECE:,} bytes; the rest of the input is not read",
    ]
    assert lines.bytes_read == 100 + 3 * PIECE
