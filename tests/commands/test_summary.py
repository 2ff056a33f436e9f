"""`metrics summary`: its numbers, worked out again by other means, and its formats."""

from __future__ import annotations

import json
import os
import re
import shutil
import statistics
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.checking import nested
from support.command import METRICS, lines, run
from support.diagrams import FIXTURES, MODELER, NAMESPACES, ZEEBE, copy_fixtures, process

from metrics import scan, summarize
from metrics.formats.summary.content import group_figures
from metrics.reading.fingerprint import fingerprint
from metrics.summary.copies import CopyFinder

if TYPE_CHECKING:
    from collections.abc import Iterator

USER_TASKS = "diagramMetrics.tasks.userTask.count"
FORMS = "diagramMetrics.tasks.userTask.form.count"
EMBEDDED = "diagramMetrics.tasks.userTask.form.embedded"
PLANES = "diagramMetrics.subprocessPlanes.count"
NESTING = "diagramMetrics.subprocessPlanes.nesting"
HEADLINES = {
    "elementTemplateCount",
    "diagramMetrics.processVariablesCount",
    USER_TASKS,
    "diagramMetrics.tasks.serviceTask.count",
    PLANES,
}
FORM = {"diagramType": "form", "executionPlatform": "Camunda Platform"}
TASK = "<bpmn:userTask/>"
EMBEDDED_TASK = '<bpmn:userTask camunda:formKey="embedded:a"/>'


def platform(name: str, version: str | None = None) -> str:
    """The attributes of the root of a diagram for a platform."""
    attribute = f' modeler:executionPlatformVersion="{version}"' if version else ""
    return f'{NAMESPACES} xmlns:modeler="{MODELER}" modeler:executionPlatform="{name}"{attribute}'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All fixtures, copies of some, and files that cannot be measured, in several folders."""
    folder = tmp_path_factory.mktemp("models")
    copy_fixtures(folder)
    (folder / "broken.bpmn").write_bytes(b"<")
    (folder / "user_tasks" / "broken.bpmn").write_bytes(b"<")
    (folder / "empty.form").write_bytes(b"")
    (folder / "none.bpmn").symlink_to("nowhere")
    (folder / "copy.form").write_bytes(b"{}")
    (folder / "copy 2.form").write_bytes(b"{}")
    return folder


def summary_of(*arguments: str | Path, **options: Any) -> dict[str, Any]:
    """The summary, printed as JSON."""
    summary: dict[str, Any] = json.loads(run("summary", "-f", "json", *arguments, **options).stdout)
    return summary


def flat(record: dict[str, Any]) -> dict[str, int]:
    """The numbers of a line, by their dotted keys."""
    numbers: dict[str, int] = {}
    for key, value in record.items():
        if isinstance(value, dict):
            numbers |= {f"{key}.{inner}": item for inner, item in flat(value).items()}
        elif isinstance(value, int):
            numbers[key] = value
    return numbers


@pytest.fixture(scope="module")
def summary(folder: Path) -> dict[str, Any]:
    """The summary of the folder."""
    return summary_of(folder)


@pytest.fixture(scope="module")
def records(folder: Path) -> list[dict[str, Any]]:
    """The lines of a scan of the folder."""
    return lines(run("scan", folder))


def percentile_90(values: list[int]) -> float:
    """The 90th percentile, by Python's own library."""
    if len(values) == 1:
        return values[0]
    return statistics.quantiles(values, n=10, method="inclusive")[8]


class TestNumbers:
    """Every number, worked out again from the lines of a scan."""

    def test_diagrams(self, summary: dict[str, Any], records: list[dict[str, Any]]) -> None:
        failed = [record for record in records if "error" in record]
        assert summary["diagrams"] == len(records)
        assert summary["failed"] == len(failed) == 4
        assert summary["measured"] == len(records) - 4
        types = Counter(record["diagramType"] for record in records if "error" not in record)
        assert summary["diagramTypes"] == types
        assert summary["failures"] == {
            "malformed": {
                "diagrams": 3,
                "first": [line for line in failed if line["error"]["type"] == "malformed"],
            },
            "unreadable": {
                "diagrams": 1,
                "first": [line for line in failed if line["error"]["type"] == "unreadable"],
            },
        }

    def test_platforms(self, summary: dict[str, Any], records: list[dict[str, Any]]) -> None:
        versions = [record.get("executionPlatformVersion") for record in records]
        profiles = Counter(
            (record["executionPlatform"], str(version) if isinstance(version, float) else version)
            for version, record in zip(versions, records, strict=True)
            if "error" not in record
        )
        platforms = summary["platforms"]
        assert profiles == {
            (each["executionPlatform"], version["executionPlatformVersion"]): version["diagrams"]
            for each in platforms
            for version in each["versions"]
        }
        for each in platforms:
            frequencies = [version["diagrams"] for version in each["versions"]]
            assert each["diagrams"] == sum(frequencies)
            assert frequencies == sorted(frequencies, reverse=True)

    def test_numbers(self, summary: dict[str, Any], records: list[dict[str, Any]]) -> None:
        rows = [flat(record) for record in records]
        assert {*summary["numbers"]} == {key for row in rows for key in row} - {"error.line"} - {
            "error.column"
        }
        for key, number in summary["numbers"].items():
            values = [row[key] for row in rows if key in row]
            assert number["sum"] == sum(values)
            assert number["diagrams"] == len(values)
            assert number["notZero"] == len([*filter(None, values)])
            assert number["median"] == statistics.median(values)
            assert number["percentile90"] == pytest.approx(percentile_90(values))
            assert number["maximum"] == max(values)
            for interval in number["distribution"]:
                bounds = range(interval["atLeast"], interval["atMost"] + 1)
                assert interval["diagrams"] == len([value for value in values if value in bounds])
            assert sum(interval["diagrams"] for interval in number["distribution"]) == len(values)

    def test_largest_values_first(
        self, summary: dict[str, Any], records: list[dict[str, Any]]
    ) -> None:
        for key, number in summary["numbers"].items():
            values = [(record["file"], flat(record).get(key, 0)) for record in records]
            # Sorting keeps the order of equal values.
            largest = sorted((item for item in values if item[1]), key=lambda item: -item[1])[:10]
            assert [(each["file"], each["value"]) for each in number["most"]] == largest

    def test_bindings(self, summary: dict[str, Any], records: list[dict[str, Any]]) -> None:
        templates, properties = Counter[str](), Counter[str]()
        for record in records:
            for template in record.get("elementTemplates", []):
                templates.update(template["properties"].keys())
                properties.update(template["properties"])
        assert len(templates) > 20
        assert {
            name: binding["templates"] for name, binding in summary["bindings"].items()
        } == templates
        assert {
            name: binding["properties"] for name, binding in summary["bindings"].items()
        } == properties

    def test_shares(self, summary: dict[str, Any]) -> None:
        numbers = summary["numbers"]
        assert {key: number.get("shareOf") for key, number in numbers.items()} == {
            key: {
                "form": USER_TASKS if key.endswith("count") else FORMS,
                "implementation": "diagramMetrics.tasks.serviceTask.count"
                if key.endswith("count")
                else "diagramMetrics.tasks.serviceTask.implementation.count",
            }.get(key.split(".")[-2] if "." in key else "")
            for key in numbers
        }
        for number in numbers.values():
            if "shareOf" in number:
                assert number["share"] == number["sum"] / numbers[number["shareOf"]]["sum"]
            else:
                assert "share" not in number

    def test_copies(self, summary: dict[str, Any], folder: Path) -> None:
        contents: dict[bytes, list[str]] = {}
        measured = {line["file"] for line in lines(run("scan", folder)) if "error" not in line}
        for file in sorted(measured):
            contents.setdefault(Path(file).read_bytes(), []).append(file)
        groups = [files for files in contents.values() if len(files) > 1]
        copies = summary["copies"]
        assert copies["by"] == "bytes"
        assert copies["groups"] == len(groups) > 0
        assert copies["diagrams"] == sum(map(len, groups))
        assert copies["notCompared"] == 0
        listed = [each["files"] for each in copies["largest"]]
        assert all(files in listed or len(listed) == 10 for files in groups)
        pair = [str(folder / "copy 2.form"), str(folder / "copy.form")]
        assert pair in [[file for file in files if file in pair] for files in listed]


class TestEarlierScan:
    """The NDJSON of a scan has the same summary as the files."""

    @pytest.mark.parametrize("by", [[], ["--by", "folder"], ["--by", "version"]])
    def test_same_summary(self, folder: Path, tmp_path: Path, by: list[str]) -> None:
        expected = run("summary", "-f", "json", *by, folder)
        (tmp_path / "scan.ndjson").write_bytes(run("scan", folder).stdout)
        got = run("summary", "-f", "json", *by, tmp_path / "scan.ndjson")
        assert got.stdout == expected.stdout
        assert got.returncode == expected.returncode == 2
        piped = run("summary", "-f", "json", *by, "-", stdin=run("scan", folder).stdout)
        assert piped.stdout == expected.stdout

    @pytest.mark.parametrize("jobs", ["1", "2"])
    def test_beside_folders_and_files(self, folder: Path, tmp_path: Path, jobs: str) -> None:
        scanned = tmp_path / "scan.ndjson"
        scanned.write_bytes(run("scan", folder / "user_tasks").stdout)
        paths = [folder / "service_tasks", scanned, folder / "copy.form"]
        whole = summary_of("-j", jobs, *paths)
        parts = [summary_of(path) for path in paths]
        assert whole["diagrams"] == sum(part["diagrams"] for part in parts)
        sums = [part["numbers"][USER_TASKS]["sum"] for part in parts]
        assert whole["numbers"][USER_TASKS]["sum"] == sum(sums)

    def test_deleted_files_are_not_compared(self, tmp_path: Path) -> None:
        for name in "abc":
            (tmp_path / f"{name}.form").write_bytes(b"{}")
        printed = run("scan", ".", cwd=tmp_path).stdout
        (tmp_path / "b.form").unlink()
        copies = summary_of("-", stdin=printed, cwd=tmp_path)["copies"]
        assert (copies["diagrams"], copies["notCompared"]) == (2, 1)

    def test_file_is_not_a_copy_of_itself(self, tmp_path: Path) -> None:
        (tmp_path / "a.form").write_bytes(b"{}")
        (tmp_path / "scan.ndjson").write_bytes(
            run("scan", "-f", "ndjson", "a.form", cwd=tmp_path).stdout * 2
        )
        summary = summary_of("scan.ndjson", cwd=tmp_path)
        assert summary["measured"] == 2
        assert summary["copies"]["groups"] == 0

    def test_second_name_of_a_file_is_not_a_copy(self, tmp_path: Path) -> None:
        (tmp_path / "a.form").write_bytes(b"{}")
        printed = b"".join(
            run("scan", "-f", "ndjson", name, cwd=tmp_path).stdout
            for name in ("a.form", "./a.form")
        )
        assert summary_of("-", stdin=printed, cwd=tmp_path)["copies"]["groups"] == 0

    def test_names_that_are_not_utf_8(self, tmp_path: Path) -> None:
        for name in (b"a.form", b"\xff.form"):
            (tmp_path / os.fsdecode(name)).write_bytes(b"{}")
        expected = run("summary", "-f", "json", ".", cwd=tmp_path).stdout
        printed = run("scan", ".", cwd=tmp_path).stdout
        assert run("summary", "-f", "json", "-", stdin=printed, cwd=tmp_path).stdout == expected

    def test_long_messages(self, tmp_path: Path) -> None:
        (tmp_path / "a.bpmn").write_text(f"<{'a' * 5000}></b>")
        scanned = run("scan", ".", cwd=tmp_path)
        assert len(lines(scanned)[0]["error"]["message"]) == 1000
        from_lines = summary_of("-", stdin=scanned.stdout, cwd=tmp_path)
        assert from_lines == summary_of(".", cwd=tmp_path)

    def test_pipe_is_not_opened(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "a.form")
        printed = json.dumps({"file": "a.form"} | FORM).encode()
        with subprocess.Popen(["sh", "-c", "echo kept > a.form"], cwd=tmp_path) as writer:
            summary = summary_of("-", stdin=printed, cwd=tmp_path)
            assert writer.poll() is None
            assert (tmp_path / "a.form").read_text() == "kept\n"
        assert summary["copies"]["notCompared"] == 1

    def test_non_blocking_input(self) -> None:
        line = json.dumps({"file": "a.form"} | FORM).encode() + b"\n"
        ours, theirs = os.pipe()
        os.set_blocking(ours, False)
        with subprocess.Popen(
            [METRICS, "summary", "-f", "json", "-"], stdin=ours, stdout=subprocess.PIPE
        ) as summing:
            os.close(ours)
            for piece in (line, line[:20], line[20:], line):
                os.write(theirs, piece)
                time.sleep(0.3)
            os.close(theirs)
            assert summing.stdout is not None
            assert json.loads(summing.stdout.read())["measured"] == 3

    def test_other_lines_are_malformed(self, tmp_path: Path) -> None:
        result = run("summary", "-f", "json", "-", stdin=b'{"a": 1}\n<xml/>\n')
        assert result.returncode == 2
        assert b"-:1: malformed: not a line that metrics scan prints" in result.stderr
        assert json.loads(result.stdout)["failures"]["malformed"]["diagrams"] == 2


class TestIdenticalFiles:
    """Identical files are found by their bytes, and no others."""

    @pytest.mark.parametrize("size", [5_000, 20_000, 3_000_000])
    def test_contents_with_one_different_byte(self, tmp_path: Path, size: int) -> None:
        # No part of a large file at this position is hashed: the fingerprints are equal.
        first = b'{"components":[],"a":"' + b" " * size + b'"}'
        position = size * 2 // 3
        second = first[:position] + b"x" + first[position + 1 :]
        third = first[:position] + b"y" + first[position + 1 :]
        for name, content in zip(
            "abcdef", (first, second, first, third, second, first), strict=True
        ):
            (tmp_path / f"{name}.form").write_bytes(content)
        copies = summary_of(".", cwd=tmp_path)["copies"]
        assert copies == {
            "by": "bytes",
            "groups": 2,
            "diagrams": 5,
            "notCompared": 0,
            "largest": [
                {"files": ["a.form", "c.form", "f.form"]},
                {"files": ["b.form", "e.form"]},
            ],
        }

    def test_link_is_not_a_copy(self, tmp_path: Path) -> None:
        (tmp_path / "folder").mkdir()
        (tmp_path / "folder" / "a.form").write_bytes(b"{}")
        (tmp_path / "b.form").symlink_to("folder/a.form")
        (tmp_path / "again").symlink_to("folder")
        printed = b"".join(
            run("scan", "-f", "ndjson", name, cwd=tmp_path).stdout
            for name in ("folder/a.form", "b.form", "again/a.form")
        )
        summary = summary_of("-", stdin=printed, cwd=tmp_path)
        assert summary["measured"] == 3
        assert summary["copies"]["groups"] == 0

    def test_other_names_of_a_large_file_are_not_copies(self, tmp_path: Path) -> None:
        (tmp_path / "a.form").write_bytes(b'{"components":[],"a":"' + b" " * 20_000 + b'"}')
        printed = "".join(
            json.dumps({"file": "." + "/" * times + "a.form"} | FORM) + "\n"
            for times in range(1, 50)
        )
        copies = summary_of("-", stdin=printed.encode(), cwd=tmp_path)["copies"]
        assert (copies["groups"], copies["notCompared"]) == (0, 0)

    @pytest.mark.skipif(not Path("/proc/uptime").exists(), reason="needs /proc")
    def test_files_without_a_size(self) -> None:
        printed = "".join(
            json.dumps({"file": f"/proc/{name}"} | FORM) + "\n" for name in ("version", "uptime")
        )
        found = summary_of("-", stdin=printed.encode())["copies"]
        assert (found["groups"], found["notCompared"]) == (0, 2)

    def test_file_that_is_replaced_during_discovery(self) -> None:
        copies = CopyFinder()
        for content in (b"one", b"other"):
            for name in "ab":
                copies.add(fingerprint(content), name)
        found = copies.compare(max_size=9, each_once=True, max_groups=9, max_files=9)
        copies.close()
        assert (found.groups, found.files, found.not_compared) == (1, 2, 0)

    def test_file_that_became_a_pipe_is_not_opened(self, tmp_path: Path) -> None:
        content = b" " * 20_000
        copies = CopyFinder()
        for name in "abc":
            (tmp_path / name).write_bytes(content)
            copies.add(fingerprint(content), str(tmp_path / name))
        (tmp_path / "a").unlink()
        os.mkfifo(tmp_path / "a")
        with subprocess.Popen(["sh", "-c", "echo kept > a"], cwd=tmp_path) as writer:
            found = copies.compare(max_size=30_000, each_once=True, max_groups=9, max_files=9)
            assert writer.poll() is None
            assert (tmp_path / "a").read_text() == "kept\n"
        copies.close()
        assert (found.groups, found.files, found.not_compared) == (1, 2, 1)

    def test_most_copies_first(self, tmp_path: Path) -> None:
        times = {number: 120 if number == 50 else 2 + number % 7 for number in range(110)}
        for number, files in times.items():
            for copy in range(files):
                (tmp_path / f"{number:03}-{copy:03}.form").write_text(
                    f'{{"components": [], "a": {number}}}'
                )
        copies = summary_of(".", cwd=tmp_path)["copies"]
        assert copies["groups"] == 110
        assert copies["diagrams"] == sum(times.values())
        assert copies["largest"] == [
            {"files": [f"{number:03}-{copy:03}.form" for copy in range(min(100, times[number]))]}
            | ({"more": 20} if number == 50 else {})
            for number in sorted(times, key=lambda number: -times[number])[:10]
        ]


class TestGroups:
    """Each group has the summary of its diagrams alone."""

    @staticmethod
    def alone(summary: dict[str, Any]) -> dict[str, Any]:
        """A summary without the fields that groups omit."""
        numbers = {
            key: {name: value for name, value in number.items() if name != "most"}
            for key, number in summary["numbers"].items()
        }
        own = {key: value for key, value in summary.items() if key != "copies"}
        return own | {"numbers": numbers}

    def test_folders(self, folder: Path) -> None:
        summary = summary_of("--by", "folder", folder)
        assert summary["by"] == "folder"
        assert [*summary["groups"]] == sorted(
            {os.path.dirname(line["file"]) for line in lines(run("scan", folder))}
        )
        for name, group in summary["groups"].items():
            own = sorted(path for path in Path(name).iterdir() if not path.is_dir())
            assert group == self.alone(summary_of(*own))

    def test_first_folders(self, folder: Path, tmp_path: Path) -> None:
        (folder / "user_tasks" / "deep" / "deeper").mkdir(parents=True)
        deep = folder / "user_tasks" / "deep" / "deeper" / "a.bpmn"
        deep.write_bytes(process(TASK))
        try:
            summary = summary_of("--by", "folder:1", folder)
            assert summary["by"] == "folder:1"
            assert [*summary["groups"]] == sorted(
                {str(folder), *(str(path) for path in folder.iterdir() if path.is_dir())}
            )
            for name, group in summary["groups"].items():
                own = sorted(path for path in Path(name).iterdir() if not path.is_dir())
                paths = own if name == str(folder) else [Path(name)]
                assert group == self.alone(summary_of(*paths))
            parts = summary_of("--by", "folder:3", folder / "user_tasks", folder)["groups"]
            assert str(deep.parent) in parts
            # The lines of a scan do not have its PATH.
            (tmp_path / "scan.ndjson").write_bytes(run("scan", ".", cwd=folder).stdout)
            earlier = summary_of("--by", "folder:2", tmp_path / "scan.ndjson")
            assert "user_tasks/deep" in earlier["groups"]
        finally:
            shutil.rmtree(folder / "user_tasks" / "deep")

    @pytest.mark.parametrize("by", ["folder:0", "folder:x", "owner", "a\nb"])
    def test_unknown_groupings(self, tmp_path: Path, by: str) -> None:
        result = run("summary", "--by", by, tmp_path)
        assert (result.returncode, result.stdout) == (2, b"")
        *_, error = result.stderr.decode().splitlines()
        escaped = by.replace("\n", "\\n")
        assert error == (
            f"Error: Invalid value for '--by': no grouping is named '{escaped}': use folder,"
            " platform, version, dialect, or folder:DEPTH with a DEPTH of 1 or more."
        )

    def test_platforms_and_versions(self, tmp_path: Path) -> None:
        for name, attributes in {
            "a": platform("Camunda Cloud", "8.6.0"),
            "b": platform("Camunda Cloud", "8.7.0"),
            "c": platform("Camunda Cloud"),
            "d": NAMESPACES,
        }.items():
            (tmp_path / f"{name}.bpmn").write_bytes(process(TASK, namespaces=attributes))
        (tmp_path / "e.bpmn").write_bytes(b"<")
        by_platform = summary_of("--by", "platform", ".", cwd=tmp_path)["groups"]
        assert {name: group["diagrams"] for name, group in by_platform.items()} == {
            "(not measured)": 1,
            "Camunda Cloud": 3,
            "Camunda Platform": 1,
        }
        by_version = summary_of("--by", "version", ".", cwd=tmp_path)["groups"]
        assert {name: group["diagrams"] for name, group in by_version.items()} == {
            "(not measured)": 1,
            "Camunda Cloud (no version)": 1,
            "Camunda Cloud 8.6.0": 1,
            "Camunda Cloud 8.7.0": 1,
            "Camunda Platform (no version)": 1,
        }
        assert by_version["Camunda Cloud 8.6.0"]["numbers"][USER_TASKS]["sum"] == 1

    @pytest.mark.parametrize("by", ["platform", "version"])
    @pytest.mark.parametrize("format_name", ["table", "markdown", "html"])
    def test_platforms_that_are_not_stated(self, tmp_path: Path, format_name: str, by: str) -> None:
        stated = process("", namespaces=platform("Camunda Platform"))
        files = {
            "a.bpmn": stated,
            "b.bpmn": process(""),
            "c.bpmn": process("", namespaces=f'{NAMESPACES} xmlns:zeebe="{ZEEBE}"'),
            "d.form": b"{}",
            "e.form": b'{"executionPlatform": "Camunda Cloud"}',
            "f.form": b'{"executionPlatformVersion": "7.20.0"}',
        }
        for name, content in files.items():
            (tmp_path / name).write_bytes(content)
        (tmp_path / "scan.ndjson").write_bytes(run("scan", *files, cwd=tmp_path).stdout)
        for paths in ([*files], ["scan.ndjson"]):
            options = ["--by", by, *paths]
            printed = run("summary", "-f", format_name, *options, cwd=tmp_path).stdout.decode()
            if format_name == "html":
                rows = re.findall(r'data-platform="([^"]+)"><th.*?</th><td>(\d+)', printed)
            else:
                rows = re.findall(r"^(?:\| `)?(Camunda .*?)[` |]+(\d+)[ |]", printed, re.MULTILINE)
            expected = {
                "Camunda Platform": "2",
                "Camunda Platform (not stated)": "2",
                "Camunda Cloud": "1",
                "Camunda Cloud (not stated)": "1",
            }
            assert expected.items() <= dict(rows).items()
            # Each is a group, too.
            assert len(re.findall("Camunda Cloud .not stated", printed)) >= 2
            assert "not stated" not in json.dumps(summary_of(*options, cwd=tmp_path))
            csv = run("summary", "-f", "csv", *options, cwd=tmp_path).stdout
            assert b"not stated" not in csv

    def test_versions_are_sorted_by_their_numbers(self, tmp_path: Path) -> None:
        versions = [
            "7.09.0",
            "7.9.0",
            "7.10.0",
            "7.10.0-alpha2",
            "7.10.0-alpha10",
            "10.0.0",
            "x",
            "9" * 5000,
        ]
        for number, version in enumerate(reversed(versions)):
            (tmp_path / f"{number}.bpmn").write_bytes(
                process("", namespaces=platform("P", version))
            )
        groups = summary_of("--by", "version", ".", cwd=tmp_path)["groups"]
        assert [*groups] == [
            "P 7.09.0",
            "P 7.9.0",
            "P 7.10.0",
            "P 7.10.0-alpha2",
            "P 7.10.0-alpha10",
            "P 10.0.0",
            f"P {'9' * 99}…",
            "P x",
        ]

    def test_groups_with_the_same_name(self) -> None:
        profiles = [("P", None), ("P", ""), ("A", "B C"), ("A B", "C"), ("(not measured)", None)]
        printed = [
            json.dumps(
                {"file": f"{number}.form", "diagramType": "form", "executionPlatform": name}
                | ({} if version is None else {"executionPlatformVersion": version})
            )
            for number, (name, version) in enumerate(profiles)
        ]
        printed.append('{"file": "a", "error": {"type": "malformed", "message": "b"}}')
        source = "\n".join(printed).encode()
        by_version = summary_of("--by", "version", "-", stdin=source)["groups"]
        assert [group["diagrams"] for group in by_version.values()] == [1] * 6
        by_platform = summary_of("--by", "platform", "-", stdin=source)["groups"]
        assert sorted(group["diagrams"] for group in by_platform.values()) == [1, 1, 1, 1, 2]


def peak(folder: Path, records: Iterator[dict[str, Any]], *arguments: str) -> int:
    """The peak memory of a summary of lines, in kB."""
    path = folder / "scan.ndjson"
    with path.open("w") as file:
        for record in records:
            file.write(json.dumps(record) + "\n")
    command = [str(METRICS), "summary", "-f", "json", str(path), *arguments]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_maxrss


class TestHostile:
    """Portfolios that try to exhaust memory, or to deceive."""

    def test_many_long_names(self, tmp_path: Path) -> None:
        long = "x" * 10_000
        for number in range(1100):
            attributes = platform(f"{number:04}{long}", "1")
            (tmp_path / f"{number}.bpmn").write_bytes(process("", namespaces=attributes))
        summary = summary_of(".", cwd=tmp_path)
        assert len(summary["platforms"]) == 1001
        assert summary["platforms"][0] == {
            "executionPlatform": "(others)",
            "diagrams": 100,
            "versions": [{"executionPlatformVersion": "(others)", "diagrams": 100}],
        }
        assert max(len(each["executionPlatform"]) for each in summary["platforms"]) == 100

    def test_first_names_are_listed(self) -> None:
        # Some are too large to be remembered.
        names = [*map(str, range(600)), "few", *(f"{number}{'x' * 90}" for number in range(600))]
        names = [name if len(name) < 90 else name + "y" * 20 for name in names]
        printed = "\n".join(
            json.dumps({"file": "a"} | FORM | {"executionPlatformVersion": name}) for name in names
        )
        (platform,) = summary_of("-", stdin=printed.encode())["platforms"]
        listed = {
            each["executionPlatformVersion"]: each["diagrams"] for each in platform["versions"]
        }
        expected = [name if len(name) <= 100 else f"{name[:99]}…" for name in names[:1000]]
        assert listed == dict.fromkeys(expected, 1) | {"(others)": 201}

    def test_sums_of_more_than_64_bits(self) -> None:
        record = json.loads(run("scan", "-f", "ndjson", FIXTURES / "explanation").stdout)
        record["diagramMetrics"]["processVariablesCount"] = 2**53
        printed = "\n".join([json.dumps(record)] * 4096)
        summary = summary_of("-", stdin=printed.encode())
        assert summary["numbers"]["diagramMetrics.processVariablesCount"]["sum"] == 2**65

    @pytest.mark.slow
    def test_many_large_payloads(self, tmp_path: Path) -> None:
        def lines_of(count: int) -> Iterator[dict[str, Any]]:
            for number in range(count):
                name = f"{number}" + "x" * 200_000
                yield FORM | {"file": f"{number}.form", "executionPlatform": name}

        assert peak(tmp_path, lines_of(300)) < peak(tmp_path, lines_of(10)) + 5_000

    @pytest.mark.slow
    def test_many_groups(self, tmp_path: Path) -> None:
        def lines_of(count: int) -> Iterator[dict[str, Any]]:
            for number in range(count):
                yield FORM | {"file": "a.form", "executionPlatformVersion": str(number)}

        few, many = (
            peak(tmp_path, lines_of(count), "--by", "version") for count in (2_000, 20_000)
        )
        assert many < few + 5_000

    @pytest.mark.slow
    def test_groups_do_not_depend_on_the_processes(self, tmp_path: Path) -> None:
        # Large enough for two processes.
        blanks = " " * 10_000
        for number in range(1100):
            form = json.dumps(FORM | {"executionPlatformVersion": str(number)})
            (tmp_path / f"{number}.form").write_text(form + blanks)
        one, two = (
            run("summary", "-f", "json", "--by", "version", "-j", jobs, ".", cwd=tmp_path).stdout
            for jobs in "12"
        )
        assert one == two
        assert json.loads(one)["groups"]["(others)"]["diagrams"] == 100

    @pytest.mark.slow
    def test_many_payloads(self, tmp_path: Path) -> None:
        # More than are remembered at once.
        record = json.loads(run("scan", "-f", "ndjson", FIXTURES / "explanation").stdout)
        printed = []
        for number in range(5000):
            record["diagramMetrics"]["processVariablesCount"] = number
            printed.append(json.dumps(record | {"file": f"{number}.bpmn"}))
        summary = summary_of("-", stdin="\n".join(printed).encode())
        number = summary["numbers"]["diagramMetrics.processVariablesCount"]
        assert number["sum"] == 5000 * 4999 // 2
        assert [diagram["value"] for diagram in number["most"]] == [*range(4999, 4989, -1)]

    @pytest.mark.slow
    def test_memory_does_not_grow(self, tmp_path: Path) -> None:
        records = [line for line in lines(run("scan", FIXTURES)) if "error" not in line]

        def lines_of(count: int) -> Iterator[dict[str, Any]]:
            for number in range(count):
                yield records[number % len(records)] | {"file": f"none/{number}.bpmn"}

        assert peak(tmp_path, lines_of(100_000)) < peak(tmp_path, lines_of(5_000)) + 2_000

    @pytest.mark.parametrize("format_name", ["table", "markdown", "json"])
    def test_names_cannot_steer_a_terminal(self, tmp_path: Path, format_name: str) -> None:
        attributes = platform("a&#x9b;31m&#10;|`b`", "&#x202e;")
        (tmp_path / "x\x1b[31m`|\n.bpmn").write_bytes(process(EMBEDDED_TASK, namespaces=attributes))
        (tmp_path / "y\x1b[31m`|\n.bpmn").write_bytes(b"<")
        printed = run("summary", "-f", format_name, ".", cwd=tmp_path).stdout.decode()
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", printed)
        if format_name == "markdown":
            for row in printed.splitlines():
                if row.startswith("|"):
                    assert len(re.findall(r"(?<!\\)\|", row)) in {3, 4, 8}


def columns_left_out(note: str) -> int:
    """The number in the note below a table of groups; 0 without a note."""
    match = re.match(
        r"(\d+) columns? left out: use a wider terminal, or --format csv$", " ".join(note.split())
    )
    return int(match[1]) if match else 0


class TestFormats:
    """The formats for people show the numbers of the JSON."""

    @pytest.mark.parametrize("format_name", ["table", "markdown"])
    def test_numbers(self, folder: Path, format_name: str) -> None:
        summary = summary_of(folder)
        printed = run("summary", "-f", format_name, folder).stdout.decode()
        rows = [
            [cell.strip() for cell in re.split(r"\||\s{2,}", row.replace("&emsp;", ""))]
            for row in printed.splitlines()
        ]
        shown = [[cell for cell in row if cell] for row in rows]
        for key, number in summary["numbers"].items():
            name = key.removesuffix(".count").rpartition(".")[2]
            expected = [
                name,
                *([f"{number['sum']:,}"] if name != "nesting" else []),
                *([f"{number['share']:.1%}"] if "share" in number else []),
                *(
                    f"{number[figure]:,}"
                    for figure in ("notZero", "median", "percentile90", "maximum")
                ),
            ]
            assert expected in shown
        for type, failed in summary["failures"].items():
            assert type in printed
            assert all(f"{each['error']['message']}" in printed for each in failed["first"][:3])
        largest = summary["numbers"][USER_TASKS]["most"]
        assert all(each["file"] in printed for each in largest[:3])

    def test_numbers_are_not_cut_off(self, folder: Path) -> None:
        narrow, usual = (
            run("summary", folder, env={"COLUMNS": columns}).stdout for columns in ("20", "300")
        )
        assert narrow == usual

    @pytest.mark.parametrize("format_name", ["table", "markdown"])
    def test_groups(self, folder: Path, format_name: str) -> None:
        command = ["summary", "-f", format_name, "--by", "folder"]
        printed = run(*command, folder, env={"COLUMNS": "400"}).stdout.decode()
        summary = summary_of("--by", "folder", folder)
        rows = [re.findall(r"(?<!\S)[\d,]+(?!\S)", row) for row in printed.splitlines()]
        # All but the nesting, which does not add up.
        keys = [key for key in summary["numbers"] if not key.endswith(".nesting")]
        assert all(summary["numbers"][key]["sum"] for key in keys)
        # The last row has the totals.
        for group in (*summary["groups"].values(), summary):
            figures = [group["diagrams"], group["failed"]]
            figures += [group["numbers"][key]["sum"] for key in keys]
            assert [f"{figure:,}" for figure in figures] in [row[: len(figures)] for row in rows]

    def test_unused_kinds_have_no_columns(self, tmp_path: Path) -> None:
        (tmp_path / "a.bpmn").write_bytes(process(EMBEDDED_TASK + TASK))
        printed = run("summary", "-f", "markdown", "--by", "folder", ".", cwd=tmp_path).stdout
        (heads,) = (line for line in printed.decode().splitlines() if line.startswith("| By "))
        assert heads == (
            "| By folder | Diagrams | Failed | Element templates | Process variables | User tasks"
            " | User tasks: form | User tasks: embedded | Service tasks | Subprocess planes |"
        )

    @pytest.mark.parametrize(
        ("format_name", "expected"),
        [
            ("table", ["  and 8 more diagrams", "and 27 more groups"]),
            ("markdown", ["- and 1 more diagram", "and 20 more groups."]),
        ],
    )
    def test_unlisted_diagrams_are_counted(
        self, tmp_path: Path, format_name: str, expected: list[str]
    ) -> None:
        for number in range(30):
            for copy in range(2 if number else 11):
                (tmp_path / f"{number:02}-{copy:02}.form").write_text(
                    f'{{"components": [], "a": {number}}}'
                )
        printed = run("summary", "-f", format_name, ".", cwd=tmp_path).stdout.decode().splitlines()
        assert [line for line in printed if " more " in line] == expected

    def test_no_identical_files(self, tmp_path: Path) -> None:
        (tmp_path / "a.form").write_text("{}")
        printed = run("summary", ".", cwd=tmp_path).stdout.decode().splitlines()
        assert "Identical files: none" in printed

    @pytest.mark.slow
    @pytest.mark.parametrize("columns", [20, 60, 80, 120, 200, 400])
    def test_table_of_groups_fits(self, tmp_path: Path, columns: int) -> None:
        shutil.copytree(FIXTURES / "user_tasks", tmp_path / "a")
        shutil.copytree(FIXTURES / "service_tasks", tmp_path / "b" / ("x" * 90) / "y")
        for number in range(200):
            (tmp_path / f"{number:03}").mkdir()
            (tmp_path / f"{number:03}" / "a.bpmn").write_bytes(process(TASK * number))
        env = {"COLUMNS": str(columns)}
        printed = run("summary", "--by", "folder", ".", cwd=tmp_path, env=env).stdout.decode()
        above, _, below = printed.partition("By folder\n")
        start = len(above.splitlines()[-1])
        table = below[: below.index("\n\n")].splitlines()
        assert max(map(len, table)) <= columns
        (last,) = (number for number, line in enumerate(table) if line.endswith("  Total"))
        figures, names = [], []
        for line in table[: last + 1]:
            if line[:start].strip():
                figures.append(line[:start].split())
                names.append("")
            names[-1] += line[start:]
        summary = summary_of("--by", "folder", ".", cwd=tmp_path)
        groups = [*summary["groups"].values(), summary]
        assert names == [*summary["groups"], "Total"]
        keys = [
            key
            for key, number in summary["numbers"].items()
            if key in HEADLINES or (number["sum"] and key != NESTING)
        ]
        left_out = columns_left_out(" ".join(table[last + 1 :]))
        assert (left_out > 0) == (columns < 400)
        shown = 2 + len(keys) - left_out
        for row, group in zip(figures, groups, strict=True):
            values = [group["numbers"][key]["sum"] for key in keys]
            expected = [group["diagrams"], group["failed"], *values][:shown]
            assert row == [f"{value:,}" for value in expected]

    def test_largest_value_is_the_total_of_depths(self, tmp_path: Path) -> None:
        for name, depth in (("a", 1), ("b", 3)):
            (tmp_path / f"{name}.bpmn").write_bytes(nested(depth))
        summary = summarize([scan(path) for path in sorted(tmp_path.iterdir())])
        assert group_figures(summary, [PLANES, NESTING]) == ("2", "0", "2", "3")

    def test_failures_alone(self, tmp_path: Path) -> None:
        result = run("summary", "nowhere", cwd=tmp_path)
        assert result.returncode == 2
        assert result.stdout.decode().splitlines() == [
            "1 diagram: 0 measured, 1 failed",
            "",
            "Failures",
            "unreadable  1 diagram",
            "  nowhere: No such file or directory",
        ]

    @pytest.mark.parametrize("format_name", ["table", "markdown", "json"])
    def test_nothing(self, tmp_path: Path, format_name: str) -> None:
        result = run("summary", "-f", format_name, ".", cwd=tmp_path)
        assert result.returncode == 0
        assert b"0" in result.stdout
        assert result.stderr == b"metrics: no diagrams found\n"

    def test_output_is_written_whole(self, folder: Path, tmp_path: Path) -> None:
        output = tmp_path / "summary.json"
        result = run("summary", "-f", "json", "-o", output, folder)
        assert (result.returncode, result.stdout) == (2, b"")
        assert output.read_bytes() == run("summary", "-f", "json", folder).stdout
