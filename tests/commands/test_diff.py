"""`metrics diff` of paths: which diagrams are paired, and which values differ.

See `tests/formats/diff` for the formats and `tests/diff` for revisions of git.
"""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.command import METRICS, run
from support.diagrams import NAMESPACES, definitions, process
from support.states import (
    DMN,
    FORM,
    NO_FORM,
    OTHER_FORM,
    TASK,
    diff,
    documented,
    platform,
    tasks,
    two_states,
    write,
)

from metrics import keys, scan
from metrics.diff.comparison import compare
from metrics.diff.pairs import Status

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from metrics.diff.comparison import Comparison

SERVICE = "<bpmn:serviceTask/>"
USER = "diagramMetrics.tasks.userTask"
SERVICE_TASK = "diagramMetrics.tasks.serviceTask"
PLANES = "diagramMetrics.subprocessPlanes"
VERSION = "executionPlatformVersion"
REASON = "not a form: the JSON is not an object"


def with_plane(depth: int) -> bytes:
    """A diagram with nested sub-processes, of which the innermost has a plane."""
    nested = "".join(f'<bpmn:subProcess id="S{number}">' for number in range(1, depth + 1))
    shown = f'<bpmndi:BPMNPlane bpmnElement="S{depth}"><bpmndi:BPMNShape/></bpmndi:BPMNPlane>'
    return definitions(
        f'<bpmn:process id="P">{nested}{"</bpmn:subProcess>" * depth}</bpmn:process>'
        f"<bpmndi:BPMNDiagram>{shown}</bpmndi:BPMNDiagram>"
    )


def statuses(record: dict[str, Any]) -> list[tuple[str, str]]:
    """The status and the file of each change, in order."""
    return [(change["status"], change["file"]) for change in record["changes"]]


def values_of(folder: Path, before: bytes, after: bytes) -> dict[str, Any]:
    """The values that differ between two diagrams."""
    write(folder, {"a.bpmn": before, "b.bpmn": after})
    (change,) = diff("a.bpmn", "b.bpmn", cwd=folder)["changes"]
    assert change["status"] == "changed"
    return documented(change["values"])


def both(before: Any, after: Any) -> dict[str, Any]:
    """A value on both sides."""
    return {"before": before, "after": after}


class TestDiagrams:
    """OLD and NEW are diagrams."""

    def test_names(self, tmp_path: Path) -> None:
        write(tmp_path, {"a.bpmn": tasks(1), "b.bpmn": tasks(3)})
        differences = {
            f"{USER}.count": both(1, 3),
            "elements.flowNodes.count": both(1, 3),
            "elements.flowNodes.activities": both(1, 3),
            "elements.flowNodes.types.bpmn:UserTask": both(1, 3),
        }
        assert diff("a.bpmn", "b.bpmn", cwd=tmp_path) == {
            "old": "a.bpmn",
            "new": "b.bpmn",
            "diagrams": {
                "added": 0,
                "removed": 0,
                "renamed": 0,
                "changed": 1,
                "unmeasured": 0,
                "unchanged": 0,
            },
            "changes": [
                {
                    "status": "changed",
                    "file": "b.bpmn",
                    "oldFile": "a.bpmn",
                    "values": differences,
                }
            ],
            "totals": differences,
        }

    def test_same_values(self, tmp_path: Path) -> None:
        write(tmp_path, {"a.bpmn": tasks(1), "b.bpmn": process(f"<!-- b -->{TASK}")})
        record = diff("a.bpmn", "b.bpmn", cwd=tmp_path)
        assert record["changes"] == [
            {"status": "changedOtherwise", "file": "b.bpmn", "oldFile": "a.bpmn", "values": {}}
        ]
        assert record["diagrams"]["changedOtherwise"] == 1
        assert record["diagrams"]["unchanged"] == 0
        same = diff("a.bpmn", "a.bpmn", cwd=tmp_path)["diagrams"]
        assert (same["unchanged"], "changedOtherwise" in same) == (1, False)

    def test_same_values_in_large_files(self, tmp_path: Path) -> None:
        # One character in the middle differs, and the sizes are equal.
        middle = f"<!-- {'x' * 50_000}%s{'x' * 50_000} -->{TASK}"
        contents = {f"{word}.bpmn": process(middle % word) for word in "ab"}
        write(tmp_path, contents | {"c.bpmn": contents["a.bpmn"]})
        assert diff("a.bpmn", "b.bpmn", cwd=tmp_path)["diagrams"]["changedOtherwise"] == 1
        assert diff("a.bpmn", "c.bpmn", cwd=tmp_path)["diagrams"]["unchanged"] == 1

    def test_same_values_in_a_saved_scan(self, tmp_path: Path) -> None:
        # A saved scan does not hold the contents.
        write(tmp_path, {"a.bpmn": tasks(1)})
        (tmp_path / "scan.ndjson").write_bytes(
            run("scan", "-f", "ndjson", "a.bpmn", cwd=tmp_path).stdout
        )
        write(tmp_path, {"a.bpmn": tasks(1) + b"<!-- -->"})
        record = diff("scan.ndjson", "a.bpmn", cwd=tmp_path)
        assert (record["changes"], record["diagrams"]["unchanged"]) == ([], 1)

    def test_without_an_extension(self, tmp_path: Path) -> None:
        write(tmp_path, {"old": tasks(1), "new": tasks(2)})
        (change,) = diff("old", "new", cwd=tmp_path)["changes"]
        assert documented(change["values"]) == {f"{USER}.count": both(1, 2)}

    @pytest.mark.parametrize("is_swapped", [False, True])
    def test_diagram_that_cannot_be_measured(self, tmp_path: Path, is_swapped: bool) -> None:
        write(tmp_path, {"a.form": NO_FORM, "b.form": FORM})
        names = ["b.form", "a.form"] if is_swapped else ["a.form", "b.form"]
        result = run("diff", "-f", "json", *names, cwd=tmp_path)
        assert result.returncode == 2
        assert result.stderr.decode().splitlines() == [
            f"a.form: unsupported: {REASON}",
        ]
        record = json.loads(result.stdout)
        (change,) = record["changes"]
        assert change == {
            "status": "unmeasured",
            "file": names[1],
            "oldFile": names[0],
            "errors": {
                "after" if is_swapped else "before": {"type": "unsupported", "message": REASON}
            },
            "values": {},
        }
        assert record["totals"] == {}

    def test_missing_diagram(self, tmp_path: Path) -> None:
        write(tmp_path, {"a.bpmn": FORM})
        result = run("diff", "a.bpmn", "nowhere.bpmn", cwd=tmp_path)
        assert (result.returncode, result.stdout) == (2, b"")
        assert b"nowhere.bpmn" in result.stderr

    def test_broken_link(self, tmp_path: Path) -> None:
        write(tmp_path, {"a.bpmn": tasks(1)})
        (tmp_path / "b.bpmn").symlink_to("nowhere")
        (change,) = diff("a.bpmn", "b.bpmn", cwd=tmp_path, status=2)["changes"]
        assert change["errors"]["after"]["type"] == "unreadable"


class TestFolders:
    """OLD and NEW are folders: diagrams are paired by their names within the folder."""

    def test_pairs(self, tmp_path: Path) -> None:
        write(tmp_path / "old", {"x/a.bpmn": tasks(1), "x/b.form": FORM, "y/a.bpmn": tasks(1)})
        write(tmp_path / "new", {"x/a.bpmn": tasks(1), "x/a.form": FORM, "y/a.bpmn": tasks(2)})
        for names in (["old", "new"], ["./old/", "old/../new"], [tmp_path / "old", "new"]):
            record = diff(*names, cwd=tmp_path)
            assert statuses(record) == [
                ("added", "x/a.form"),
                ("removed", "x/b.form"),
                ("changed", "y/a.bpmn"),
            ]
            assert record["diagrams"]["unchanged"] == 1
            assert not any("oldFile" in change for change in record["changes"])

    def test_ignored_and_hidden_files_are_skipped(self, tmp_path: Path) -> None:
        write(tmp_path / "old", {".gitignore": b"b.form\n", "a.txt": b""})
        write(tmp_path / "new", {".gitignore": b"b.form\n", "b.form": FORM, ".c/d.form": FORM})
        (tmp_path / "old" / ".git").mkdir()
        (tmp_path / "new" / ".git").mkdir()
        names = [tmp_path / "old", tmp_path / "new"]
        assert statuses(diff(*names)) == []
        assert statuses(diff("--no-ignore", *names)) == [
            ("added", ".c/d.form"),
            ("added", "b.form"),
        ]

    def test_odd_names(self, tmp_path: Path) -> None:
        names = ["a b.form", "a\nb.form", "-a.form", ":a.form", "ü.form", os.fsdecode(b"\xff.form")]
        write(tmp_path / "old", dict.fromkeys(names, FORM) | {"z.form": FORM})
        write(tmp_path / "new", dict.fromkeys(names, OTHER_FORM))
        record = diff("old", "new", cwd=tmp_path)
        assert [change["file"] for change in record["changes"]] == [
            "-a.form",
            ":a.form",
            "\\xff.form",
            "a\nb.form",
            "a b.form",
            "z.form",
            "ü.form",
        ]
        assert record["diagrams"]["changed"] == 6

    @pytest.mark.parametrize("names", [["a.bpmn", "old"], ["old", "a.bpmn"]])
    def test_folder_against_a_diagram(self, tmp_path: Path, names: list[str]) -> None:
        write(tmp_path, {"a.bpmn": tasks(1), "old/a.bpmn": tasks(1)})
        result = run("diff", *names, cwd=tmp_path)
        assert (result.returncode, result.stdout) == (2, b"")
        assert b"A folder cannot be compared with a single diagram." in result.stderr

    def test_scan_against_a_diagram(self, tmp_path: Path) -> None:
        write(tmp_path, {"a.bpmn": tasks(1), "b.bpmn": tasks(1)})
        lines = run("scan", "a.bpmn", "b.bpmn", cwd=tmp_path).stdout
        write(tmp_path, {"a.bpmn": tasks(3), "scan.ndjson": lines})
        for old, stdin in (("scan.ndjson", b""), ("-", lines)):
            record = diff(old, "./a.bpmn", cwd=tmp_path, stdin=stdin)
            assert statuses(record) == [("changed", "a.bpmn"), ("removed", "b.bpmn")]


class TestEarlierScan:
    """OLD or NEW is the output of `metrics scan`."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        """A folder of diagrams, with scans before and after a change."""
        write(tmp_path / "m", {"a.bpmn": tasks(1), "b.form": FORM, "x/c.bpmn": tasks(4)})
        (tmp_path / "old.ndjson").write_bytes(run("scan", "m", cwd=tmp_path).stdout)
        write(tmp_path / "m", {"a.bpmn": tasks(3), "d.dmn": DMN})
        (tmp_path / "m" / "b.form").unlink()
        (tmp_path / "new.JSONL").write_bytes(run("scan", "m", cwd=tmp_path).stdout)
        return tmp_path

    @pytest.mark.parametrize(
        ("names", "stdin"),
        [
            (["old.ndjson", "m"], None),
            (["old.ndjson", "./m/"], None),
            (["old.ndjson", "new.JSONL"], None),
            (["-", "m"], "old.ndjson"),
            (["-", "new.JSONL"], "old.ndjson"),
            (["old.ndjson", "-"], "new.JSONL"),
        ],
    )
    def test_scans_and_folders(self, folder: Path, names: list[str], stdin: str | None) -> None:
        given = b"" if stdin is None else (folder / stdin).read_bytes()
        record = diff(*names, cwd=folder, stdin=given)
        assert statuses(record) == [
            ("changed", "m/a.bpmn"),
            ("removed", "m/b.form"),
            ("added", "m/d.dmn"),
        ]
        assert record["changes"][0]["values"] == {f"{USER}.count": both(1, 3)}
        assert (record["old"], record["new"]) == (names[0], names[1])
        assert record["diagrams"]["unchanged"] == 1

    def test_standard_input_for_both_sides(self) -> None:
        result = run("diff", "-", "-")
        assert (result.returncode, result.stdout) == (2, b"")
        assert b"Standard input can be only one of OLD and NEW." in result.stderr

    @pytest.mark.parametrize("new", ["m", "new.JSONL"])
    def test_broken_line(self, folder: Path, new: str) -> None:
        with open(folder / "old.ndjson", "ab") as file:
            file.write(b"broken\n")
        result = run("diff", "-f", "json", "old.ndjson", new, cwd=folder)
        assert result.returncode == 2
        assert result.stderr.startswith(b"old.ndjson:4: malformed: not a line that metrics scan")
        record = json.loads(result.stdout)
        measured = [change for change in record["changes"] if "errors" not in change]
        assert [change["file"] for change in measured] == ["m/a.bpmn", "m/b.form", "m/d.dmn"]
        (broken,) = (change for change in record["changes"] if "errors" in change)
        assert broken["file"] == "old.ndjson"
        assert broken["errors"]["before"]["line"] == 4

    def test_error_in_an_earlier_scan(self, tmp_path: Path) -> None:
        write(tmp_path / "m", {"a.form": NO_FORM, "b.form": NO_FORM})
        printed = run("scan", "m", cwd=tmp_path).stdout
        write(tmp_path / "m", {"a.form": FORM})
        record = diff("-", "m", cwd=tmp_path, stdin=printed, status=2)
        # Nobody knows whether a diagram that cannot be measured has changed.
        assert statuses(record) == [("unmeasured", "m/a.form"), ("unmeasured", "m/b.form")]
        assert [list(change["errors"]) for change in record["changes"]] == [
            ["before"],
            ["before", "after"],
        ]

    def test_names_that_are_not_text(self, tmp_path: Path) -> None:
        write(tmp_path / "m", {os.fsdecode(b"\xff.form"): FORM, "a\nb.form": FORM, "ü.form": FORM})
        (tmp_path / "old.ndjson").write_bytes(run("scan", "m", cwd=tmp_path).stdout)
        record = diff("old.ndjson", "m", cwd=tmp_path)
        assert (statuses(record), record["diagrams"]["unchanged"]) == ([], 3)

    def test_name_that_occurs_twice(self, tmp_path: Path) -> None:
        write(tmp_path, {"a.bpmn": tasks(1)})
        once = run("scan", "-f", "ndjson", "a.bpmn", cwd=tmp_path).stdout
        write(tmp_path, {"twice.ndjson": once * 2, "once.ndjson": once})
        record = diff("twice.ndjson", "once.ndjson", cwd=tmp_path)
        assert (statuses(record), record["diagrams"]["unchanged"]) == ([("removed", "a.bpmn")], 1)

    def test_empty_scans(self, tmp_path: Path) -> None:
        write(tmp_path, {"a.ndjson": b"", "b.ndjson": b"\n"})
        record = diff("a.ndjson", "b.ndjson", cwd=tmp_path)
        assert {*record["diagrams"].values()} == {0}


class TestValues:
    """Values before and after; a value that a side does not have is omitted."""

    def test_numbers(self, tmp_path: Path) -> None:
        before = process(f'{TASK}<bpmn:serviceTask camunda:class="a"/>')
        after = process(
            f'{TASK}<bpmn:userTask camunda:formKey="embedded:a"/>'
            '<bpmn:serviceTask camunda:expression="b" camunda:resultVariable="c"/>'
        )
        assert values_of(tmp_path, before, after) == {
            "diagramMetrics.processVariablesCount": both(0, 1),
            f"{USER}.count": both(1, 2),
            f"{USER}.form.count": both(0, 1),
            f"{USER}.form.embedded": both(0, 1),
            f"{SERVICE_TASK}.implementation.java": both(1, 0),
            f"{SERVICE_TASK}.implementation.expression": both(0, 1),
        }

    def test_versions(self, tmp_path: Path) -> None:
        none, null, named = (
            process("", namespaces=namespaces)
            for namespaces in (
                NAMESPACES,
                platform('"Camunda Platform"'),
                platform('"Camunda Platform"', "7.21.0"),
            )
        )
        assert values_of(tmp_path, none, null) == {VERSION: {"after": None}}
        assert values_of(tmp_path, null, none) == {VERSION: {"before": None}}
        assert values_of(tmp_path, none, named) == {VERSION: {"after": "7.21.0"}}
        assert values_of(tmp_path, null, named) == {VERSION: both(None, "7.21.0")}

    def test_platform(self, tmp_path: Path) -> None:
        before = process(TASK, namespaces=platform('"Camunda Platform"', "7.21.0"))
        after = process(TASK, namespaces=platform('"Camunda Cloud"', "8.6.0"))
        only_before = [
            "diagramMetrics.processVariablesCount",
            *[f"{USER}.form.{kind}" for kind in ("embedded", "external", "generated")],
            *[
                f"{SERVICE_TASK}.implementation.{kind}"
                for kind in ("java", "expression", "delegate", "connector")
            ],
        ]
        assert values_of(tmp_path, before, after) == {
            "executionPlatform": both("Camunda Platform", "Camunda Cloud"),
            VERSION: both("7.21.0", "8.6.0"),
            **{key: {"before": 0} for key in only_before},
        }

    def test_templates(self, tmp_path: Path) -> None:
        after = '<bpmn:userTask camunda:modelerTemplate="a" camunda:assignee="b"/>'
        entry = {"appliesTo": ["bpmn:UserTask"], "properties": {"camunda:assignee": 1}}
        assert values_of(tmp_path, tasks(1), process(after)) == {
            "elementTemplateCount": both(0, 1),
            "elementTemplates": both([], [entry]),
        }
        icon = after.replace("/>", ' camunda:modelerTemplateIcon="c"/>')
        assert values_of(tmp_path, process(after), process(icon)) == {
            "elementTemplates": both([entry], [entry | {"icon": True}]),
        }

    def test_types(self, tmp_path: Path) -> None:
        write(tmp_path, {"a.dmn": DMN, "b.form": FORM})
        (change,) = diff("a.dmn", "b.form", cwd=tmp_path)["changes"]
        assert change["values"] == {"diagramType": both("dmn", "form")}

    def test_added_and_removed(self, tmp_path: Path) -> None:
        (tmp_path / "old").mkdir()
        write(tmp_path / "new", {"a.form": b'{"executionPlatformVersion": "8.6.0"}'})
        (added,) = diff("old", "new", cwd=tmp_path)["changes"]
        assert added["values"] == {
            "diagramType": {"after": "form"},
            "executionPlatform": {"after": "Camunda Platform"},
            VERSION: {"after": "8.6.0"},
        }


class TestTotals:
    """Sums over the diagrams that changed, of the numbers that differ in some of them."""

    def totals(self, folder: Path, old: Mapping[str, bytes], new: Mapping[str, bytes]) -> Any:
        """The totals of two states; some diagrams may not be measurable."""
        write(folder / "old", old)
        write(folder / "new", new)
        record = json.loads(run("diff", "-f", "json", "old", "new", cwd=folder).stdout)
        return documented(record["totals"])

    def test_sums(self, tmp_path: Path) -> None:
        old = {"a": tasks(1), "b": tasks(4), "same": tasks(2), "gone": tasks(8), "no": tasks(16)}
        more = process(TASK * 4 + SERVICE)
        new = {"a": tasks(3), "b": more, "same": tasks(2), "new": tasks(32), "no": b"<"}
        old, new = ({f"{name}.bpmn": one for name, one in side.items()} for side in (old, new))
        assert self.totals(tmp_path, old, new) == {
            f"{USER}.count": both(1 + 4 + 8, 3 + 4 + 32),
            f"{SERVICE_TASK}.count": both(0, 1),
        }

    def test_steps_that_cancel_out(self, tmp_path: Path) -> None:
        old = {"a.bpmn": tasks(1), "b.bpmn": tasks(2)}
        new = {"a.bpmn": tasks(2), "b.bpmn": tasks(1)}
        assert self.totals(tmp_path, old, new) == {f"{USER}.count": both(3, 3)}

    def test_nesting_has_no_total(self, tmp_path: Path) -> None:
        assert values_of(tmp_path, with_plane(1), with_plane(3)) == {
            f"{PLANES}.nesting": both(1, 3)
        }
        old = {"a.bpmn": tasks(0), "b.bpmn": with_plane(1)}
        new = {"a.bpmn": with_plane(2), "b.bpmn": with_plane(3)}
        assert self.totals(tmp_path, old, new) == {f"{PLANES}.count": both(1, 2)}
        # Tables show the largest value instead.
        for format_name, row in (
            ("table", f"  {PLANES}.nesting  1 → 3  +2\n"),
            ("markdown", f"| `{PLANES}.nesting` | 1 | 3 | +2 |\n"),
        ):
            printed = run("diff", "-f", format_name, "old", "new", cwd=tmp_path).stdout.decode()
            printed = re.sub(" {2,}", "  ", printed)
            _, _, totals = printed.partition("Totals of these diagrams")
            assert row in totals.partition("| Diagram |")[0]

    def test_largest_value_may_stay(self, tmp_path: Path) -> None:
        old = {"a.bpmn": with_plane(1), "b.bpmn": with_plane(3), "same.bpmn": with_plane(5)}
        new = {**old, "a.bpmn": with_plane(2), "b.bpmn": with_plane(4)}
        write(tmp_path / "old", old)
        write(tmp_path / "new", new)
        printed = run("diff", "old", "new", cwd=tmp_path).stdout.decode()
        # Diagrams without a change do not count.
        _, _, totals = printed.partition("\nTotals of these diagrams\n")
        rows = [row.split() for row in totals.splitlines()]
        assert [f"{PLANES}.nesting", "3", "→", "4", "+1"] in rows
        assert f"{PLANES}.count" not in printed

    def test_missing_number_is_no_zero(self, tmp_path: Path) -> None:
        # A count that the other engine does not have is missing, not 0.
        cloud = process(TASK, namespaces=platform('"Camunda Cloud"', "8.6.0"))
        old = {"a.bpmn": tasks(1), "gone.bpmn": tasks(0)}
        assert self.totals(tmp_path, old, {"a.bpmn": cloud, "new.bpmn": tasks(0)}) == {}


@pytest.fixture
def states(tmp_path: Path) -> Path:
    """A folder with two states."""
    return two_states(tmp_path)


class TestExitStatus:
    """The exit status: 2 if a diagram was not measured, 1 with --exit-code if anything differs."""

    def test_exit_code(self, states: Path) -> None:
        write(states, {"old/b.form": OTHER_FORM, "new/b.form": FORM})
        assert run("diff", "old", "new", cwd=states).returncode == 0
        assert run("diff", "--exit-code", "old", "new", cwd=states).returncode == 1
        assert run("diff", "--exit-code", "old", "old", cwd=states).returncode == 0

    def test_unmeasured(self, states: Path) -> None:
        assert run("diff", "--exit-code", "old", "new", cwd=states).returncode == 2
        assert run("diff", "--exit-code", "new", "old", cwd=states).returncode == 2

    def test_same_values_are_no_difference(self, tmp_path: Path) -> None:
        write(tmp_path, {"a.bpmn": tasks(1), "b.bpmn": process(f"<!-- b -->{TASK}")})
        assert run("diff", "--exit-code", "a.bpmn", "b.bpmn", cwd=tmp_path).returncode == 0

    @pytest.mark.parametrize(
        "arguments",
        [["-f", "xml", "old", "new"], ["old", "new", "old"], ["-j", "0", "old", "new"]],
    )
    def test_usage(self, states: Path, arguments: list[str]) -> None:
        result = run("diff", "--exit-code", *arguments, cwd=states)
        assert (result.returncode, result.stdout) == (2, b"")
        assert result.stderr.startswith(b"Usage: metrics diff")


class TestOptions:
    """Output files, and options of measuring."""

    @pytest.mark.parametrize("format_name", ["table", "json", "markdown"])
    def test_output(self, states: Path, format_name: str) -> None:
        arguments = ["diff", "-f", format_name, "old", "new"]
        result = run(*arguments, "-o", "out", cwd=states)
        assert (result.returncode, result.stdout) == (2, b"")
        assert (states / "out").read_bytes() == run(*arguments, cwd=states).stdout != b""

    @pytest.mark.parametrize("output", ["a.bpmn", "./b.bpmn", "link"])
    def test_input_is_not_overwritten(self, tmp_path: Path, output: str) -> None:
        write(tmp_path, {"a.bpmn": tasks(1), "b.bpmn": tasks(2)})
        (tmp_path / "link").symlink_to("b.bpmn")
        result = run("diff", "-o", output, "a.bpmn", "b.bpmn", cwd=tmp_path)
        assert (result.returncode, result.stdout) == (2, b"")
        assert f"--output would overwrite {output}".encode() in result.stderr
        assert (tmp_path / "a.bpmn").read_bytes() == tasks(1)
        assert (tmp_path / "b.bpmn").read_bytes() == tasks(2)

    def test_earlier_scan_is_not_overwritten(self, states: Path) -> None:
        scanned = run("scan", "old", cwd=states).stdout
        (states / "old.ndjson").write_bytes(scanned)
        result = run("diff", "-o", "old.ndjson", "old.ndjson", "old", cwd=states)
        assert result.returncode == 2
        assert (states / "old.ndjson").read_bytes() == scanned

    def test_failed_output_keeps_the_earlier_file(self, tmp_path: Path) -> None:
        (tmp_path / "old").mkdir()
        write(tmp_path / "new", {f"{number:03}.bpmn": tasks(1) for number in range(300)})
        (tmp_path / "out").write_text("earlier")

        def limit() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))

        result = subprocess.run(
            [METRICS, "diff", "-o", "out", "old", "new"],
            cwd=tmp_path,
            capture_output=True,
            check=False,
            preexec_fn=limit,
        )
        assert result.returncode == 2
        assert b"File too large" in result.stderr
        assert (tmp_path / "out").read_text() == "earlier"
        assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "old", "out"]

    def test_max_size(self, tmp_path: Path) -> None:
        write(tmp_path / "old", {"a.form": FORM, "b.form": FORM})
        write(tmp_path / "new", {"a.form": b"{  }", "b.form": b"{   }"})
        read, change = diff("--max-size", "4", "old", "new", cwd=tmp_path, status=2)["changes"]
        assert (read["status"], read["file"]) == ("changedOtherwise", "a.form")
        assert (change["status"], change["file"]) == ("unmeasured", "b.form")
        assert change["errors"] == {
            "after": {"type": "too-large", "message": "larger than 4 bytes"}
        }

    def test_jobs_print_the_same(self, tmp_path: Path) -> None:
        for number in range(60):
            name = f"{number:02}.bpmn"
            old, new = tasks(number * 30), b"<" if number % 7 == 0 else tasks(number % 5 * 90)
            write(tmp_path, {f"old/{name}": old, f"new/{name}": new})
        alone, many = (
            run("diff", *jobs, "old", "new", cwd=tmp_path)
            for jobs in (["-j1"], ["-j3", "--timeout=60"])
        )
        assert (alone.stdout, alone.stderr) == (many.stdout, many.stderr)
        assert alone.returncode == many.returncode == 2


CONTENTS = st.sampled_from(
    [
        tasks(0),
        tasks(1),
        tasks(3),
        process(TASK + SERVICE),
        process(TASK, namespaces=platform('"Camunda Cloud"', "8.6.0")),
        process(TASK, namespaces=platform('"Camunda Platform"')),
        with_plane(2),
        DMN,
    ]
)
STATES = st.dictionaries(st.sampled_from("abcdef"), CONTENTS)
SWAPPED = {Status.ADDED: Status.REMOVED, Status.REMOVED: Status.ADDED}


def comparison(old: Mapping[str, bytes], new: Mapping[str, bytes]) -> Comparison:
    """The comparison of two states: contents by their names."""
    return compare(
        *([replace(scan(state[name]), file=name) for name in state] for state in (old, new))
    )


class TestLaws:
    """Properties of any two states."""

    @given(STATES)
    def test_state_equals_itself(self, state: dict[str, bytes]) -> None:
        same = comparison(state, state)
        assert (same.changes, same.unchanged, same.totals) == ((), len(state), {})

    @given(STATES, STATES)
    def test_swapped_states_swap_the_changes(
        self, old: dict[str, bytes], new: dict[str, bytes]
    ) -> None:
        forth, back = comparison(old, new), comparison(new, old)
        assert back.unchanged == forth.unchanged
        assert [(SWAPPED.get(one.status, one.status), one.file) for one in back.changes] == [
            (one.status, one.file) for one in forth.changes
        ]
        for one, other in zip(
            [forth.totals, *(change.values for change in forth.changes)],
            [back.totals, *(change.values for change in back.changes)],
            strict=True,
        ):
            assert {key: (after, before) for key, (before, after) in one.items()} == {
                key: tuple(difference) for key, difference in other.items()
            }

    @given(STATES, STATES)
    def test_steps_of_the_totals(self, old: dict[str, bytes], new: dict[str, bytes]) -> None:
        # Unchanged diagrams add nothing to the steps: these are the steps of all diagrams.
        totals = comparison(old, new).totals
        before, after = (
            [keys.values_of(scan(content)) for content in state.values()] for state in (old, new)
        )
        for key in {key for key, leaf in keys.LEAVES.items() if leaf.is_number} - {
            f"{PLANES}.nesting"
        }:
            grown = sum(one.get(key, 0) for one in after) - sum(one.get(key, 0) for one in before)
            assert (totals[key].step if key in totals else 0) == grown

    @given(STATES, STATES)
    def test_each_name_once(self, old: dict[str, bytes], new: dict[str, bytes]) -> None:
        compared = comparison(old, new)
        names = [change.file for change in compared.changes]
        assert names == sorted(names) == [name for name, _ in groupby(names)]
        assert len(names) + compared.unchanged == len(old.keys() | new.keys())
