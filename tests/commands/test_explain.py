"""`metrics explain` over folders and several files; `test_explanation` has that of one file."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.checking import EMBEDDED, embedded, write
from support.command import METRICS, lines, run, run_process
from support.diagrams import copy_fixtures, process

from metrics import explain, explain_many

if TYPE_CHECKING:
    from metrics import Explanation

FIXTURES = Path(__file__).parents[1] / "fixtures"
CASE = FIXTURES / "explanation" / "every_number.bpmn"
VARIABLES = "diagramMetrics.processVariablesCount"

TASK = '<bpmn:userTask id="Ask" name="Ask them" camunda:formKey="embedded:f"/>'
WRITTEN_TWICE = process(
    '<bpmn:scriptTask id="A" camunda:resultVariable="x"/>\n'
    '<bpmn:scriptTask id="B" camunda:resultVariable="x"/>'
)
DUPLICATE = process('<bpmn:task id="a"/>\n<bpmn:task id="a" name="b" name="c"/>')


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Diagrams with an embedded form, with a dropped element and a warning, and a broken one."""
    write(
        tmp_path,
        {
            "processes/ask.bpmn": process(TASK),
            "processes/broken.bpmn": "<",
            "processes/form.form": "{}",
            "processes/sub/duplicate.bpmn": DUPLICATE,
        },
    )
    return tmp_path


def item(line: int = 3, **more: Any) -> dict[str, Any]:
    """The item of `TASK`."""
    element = {"type": "bpmn:UserTask", "id": "Ask", "name": "Ask them", "line": line}
    return {"kind": "embedded"} | element | more


class TestManyFiles:
    """A folder counts as many files: lines for each diagram, in the order of `scan`."""

    def test_folder(self, folder: Path) -> None:
        result = run("explain", "processes", cwd=folder)
        assert result.returncode == 2
        file = {"file": "processes/ask.bpmn"}
        error = explain(folder / "processes" / "broken.bpmn").report.payload()
        ((message, line),) = explain(folder / "processes/sub/duplicate.bpmn").report.warnings
        dropped = {"type": "bpmn:Task", "id": "a", "line": 4, "reason": "duplicate id"}
        assert lines(result) == [
            file | {"key": "diagramMetrics.tasks.userTask.count"} | item(),
            file | {"key": "diagramMetrics.tasks.userTask.form.count"} | item(),
            file | {"key": EMBEDDED} | item(),
            {"file": "processes/broken.bpmn"} | error,
            {"file": "processes/sub/duplicate.bpmn", "dropped": dropped},
            {
                "file": "processes/sub/duplicate.bpmn",
                "warning": {"message": message, "line": line},
            },
        ]
        reason = error["error"]
        assert result.stderr.decode().splitlines() == [
            f"processes/broken.bpmn:1:{reason['column']}: {reason['type']}: {reason['message']}",
            "metrics: 3 of 4 diagrams measured, 1 failed, 1 warning",
        ]

    def test_lines_are_those_of_each_file_alone(self, tmp_path: Path) -> None:
        copy_fixtures(tmp_path)
        together = run("explain", ".", cwd=tmp_path)
        found = lines(run("scan", ".", cwd=tmp_path))
        alone = [run("explain", "-f", "ndjson", line["file"], cwd=tmp_path) for line in found[::9]]
        expected = [line for result in alone for line in lines(result)]
        files = {line["file"] for line in found[::9]}
        assert [line for line in lines(together) if line["file"] in files] == expected

    @pytest.mark.parametrize("option", [("-j", "2"), ("-j", "1"), ("--timeout", "60")])
    def test_workers(self, tmp_path: Path, option: tuple[str, str]) -> None:
        # Enough files for many batches.
        copy_fixtures(tmp_path)
        here = run("explain", ".", cwd=tmp_path)
        result = run_process("explain", *option, ".", cwd=tmp_path)
        assert result.stdout == here.stdout
        assert result.returncode == here.returncode

    def test_several_paths(self, folder: Path) -> None:
        result = run("explain", "processes/sub", "processes/ask.bpmn", cwd=folder)
        assert result.returncode == 0
        files = [line["file"] for line in lines(result)]
        assert [*dict.fromkeys(files)] == ["processes/sub/duplicate.bpmn", "processes/ask.bpmn"]

    def test_a_path_is_needed(self, folder: Path) -> None:
        result = run("explain", cwd=folder)
        assert (result.returncode, result.stdout) == (2, b"")
        assert b"Missing argument 'PATH...'" in result.stderr

    def test_no_diagrams(self, tmp_path: Path) -> None:
        result = run("explain", tmp_path)
        assert (result.returncode, result.stdout) == (0, b"")
        assert result.stderr == b"metrics: no diagrams found\n"

    def test_standard_input_among_files(self, folder: Path) -> None:
        stdin = process(TASK.replace("Ask", "Tell"))
        result = run(
            "explain",
            *("--key", EMBEDDED, "--stdin-filename", "tell.bpmn"),
            *("processes/ask.bpmn", "-"),
            cwd=folder,
            stdin=stdin,
        )
        assert [(line["file"], line["id"]) for line in lines(result)] == [
            ("processes/ask.bpmn", "Ask"),
            ("tell.bpmn", "Tell"),
        ]

    def test_ignored_files(self, folder: Path) -> None:
        write(folder, {".git/HEAD": "", ".gitignore": "sub\n"})
        assert b"sub/" not in run("explain", "processes", cwd=folder).stdout
        assert b"sub/" in run("explain", "--no-ignore", "processes", cwd=folder).stdout

    def test_output(self, folder: Path) -> None:
        expected = run("explain", "processes", cwd=folder).stdout
        result = run("explain", "-o", "items.ndjson", "processes", cwd=folder)
        assert (result.returncode, result.stdout) == (2, b"")
        assert (folder / "items.ndjson").read_bytes() == expected
        refused = run("explain", "-o", "processes/ask.bpmn", "processes/ask.bpmn", cwd=folder)
        assert refused.returncode == 2
        assert b"--output would overwrite" in refused.stderr

    @pytest.mark.slow
    def test_slow_file(self, folder: Path) -> None:
        (folder / "processes" / "slow.bpmn").write_bytes(process(TASK * 200_000))
        result = run_process("explain", "--timeout", "0.5", "processes", cwd=folder)
        assert result.returncode == 2
        errors = {line["file"]: line["error"] for line in lines(result) if "error" in line}
        assert errors["processes/slow.bpmn"]["type"] == "timeout"
        assert any(line["file"] == "processes/ask.bpmn" for line in lines(result))


class TestKeys:
    """--key over many diagrams prints the elements with that key, and nothing else."""

    def test_a_line_for_each_element(self, folder: Path) -> None:
        result = run("explain", "--key", "form.embedded", "processes", cwd=folder)
        assert result.returncode == 2
        found = [line for line in lines(result) if "error" not in line]
        assert found == [{"file": "processes/ask.bpmn", "key": EMBEDDED} | item()]
        assert len(lines(result)) == 2

    def test_text(self, folder: Path) -> None:
        result = run("explain", "-f", "text", "--key", "form.embedded", "processes", cwd=folder)
        assert result.returncode == 2
        assert result.stdout.decode().splitlines() == [
            f"processes/ask.bpmn:3: {EMBEDDED}: bpmn:UserTask “Ask them” Ask  embedded"
        ]

    def test_tree(self, folder: Path) -> None:
        write(folder, {"processes/two.bpmn": embedded(2)})
        result = run("explain", "-f", "tree", "--key", "form.embedded", "processes", cwd=folder)
        assert result.stdout.decode().splitlines() == [
            "processes/ask.bpmn  bpmn · Camunda Platform (not stated)",
            f"{EMBEDDED}  1",
            "└── bpmn:UserTask “Ask them” Ask  embedded  line 3",
            "",
            "processes/two.bpmn  bpmn · Camunda Platform (not stated)",
            f"{EMBEDDED}  2",
            "├── bpmn:UserTask T0  embedded  line 3",
            "└── bpmn:UserTask T1  embedded  line 4",
        ]

    def test_unknown_key_is_an_error_before_anything_is_read(self, folder: Path) -> None:
        result = run("explain", "--key", "embeded", "processes", cwd=folder)
        assert (result.returncode, result.stdout) == (2, b"")
        assert b"broken" not in result.stderr


class TestFormats:
    """Every format for one diagram and for many."""

    def test_json(self, folder: Path) -> None:
        result = run("explain", "-f", "json", "processes", cwd=folder)
        printed = json.loads(result.stdout)
        files = ["ask.bpmn", "broken.bpmn", "form.form", "sub/duplicate.bpmn"]
        assert [record["file"] for record in printed] == [f"processes/{name}" for name in files]
        for record in printed:
            alone = run("explain", "-f", "json", record["file"], cwd=folder)
            assert json.loads(alone.stdout) == record

    def test_json_of_nothing(self, tmp_path: Path) -> None:
        assert run("explain", "-f", "json", tmp_path).stdout == b"[]\n"

    def test_tree(self, folder: Path) -> None:
        result = run("explain", "-f", "tree", "processes", cwd=folder)
        files = ["ask.bpmn", "form.form", "sub/duplicate.bpmn"]
        alone = [run("explain", f"processes/{name}", cwd=folder).stdout.decode() for name in files]
        assert result.stdout.decode() == "\n".join(alone)

    def test_text_of_one_file(self) -> None:
        printed = run("explain", "-f", "text", CASE.name, cwd=CASE.parent).stdout.decode()
        shown = printed.splitlines()
        assert shown[0] == (
            "every_number.bpmn:22: elementTemplateCount:"
            " bpmn:ServiceTask Book  template org.example.Book  version 2"
        )
        assert shown[-1] == "every_number.bpmn:25: dropped: bpmn:UserTask Assess  duplicate id"

    def test_text_has_a_line_for_each_source(self) -> None:
        result = run("explain", "-f", "text", "-", stdin=WRITTEN_TWICE)
        assert result.stdout.decode().splitlines() == [
            f"-:{line}: {VARIABLES}: bpmn:ScriptTask {id}  resultVariable  variable x"
            "  scope bpmn:Process Process  line 2"
            for line, id in ((3, "A"), (4, "B"))
        ]

    def test_text_of_a_form_has_no_lines(self) -> None:
        form = b'{"components": [{"type": "number", "key": "a", "id": "A"}]}'
        result = run("explain", "-f", "text", "--key", "formFields", "-", stdin=form)
        assert result.stdout.decode().splitlines() == [
            "-: formFields.count: number  variable a  id A",
            "-: formFields.formFieldTypes.number: number  variable a  id A",
            "-: formFields.inputs: a",
            "-: formFields.outputs: a",
        ]

    def test_warning_as_text(self, folder: Path) -> None:
        file = "processes/sub/duplicate.bpmn"
        ((message, line),) = explain(folder / file).report.warnings
        printed = run("explain", "-f", "text", file, cwd=folder).stdout.decode().splitlines()
        assert printed == [
            f"{file}:4: dropped: bpmn:Task a  duplicate id",
            f"{file}:{line}: warning: {message}",
        ]

    @pytest.mark.parametrize("format_name", ["tree", "text", "ndjson", "json"])
    def test_hostile_names(self, tmp_path: Path, format_name: str) -> None:
        name = "a\n\x1b[31m\x9b.bpmn"
        (tmp_path / name).write_bytes(process('<bpmn:userTask name="b&#10;&#x9b;c&#x202e;"/>'))
        printed = run("explain", "-f", format_name, ".", cwd=tmp_path).stdout.decode()
        assert "\x1b" not in printed
        assert "\x9b" not in printed
        if format_name in ("tree", "text"):
            assert "\u202e" not in printed
            assert r"a\n\x1b[31m\x9b.bpmn" in printed


class TestLibrary:
    """`explain_many` yields the explanations of `explain`."""

    @staticmethod
    def shown(explanation: Explanation) -> tuple[Any, ...]:
        report = explanation.report
        return report.file, report.payload(), explanation.numbers, explanation.dropped

    def test_many(self, folder: Path) -> None:
        paths = sorted(path for path in folder.rglob("*.*") if path.is_file())
        assert [self.shown(explanation) for explanation in explain_many(paths)] == [
            self.shown(explain(path)) for path in paths
        ]

    def test_keys(self, folder: Path) -> None:
        path = folder / "processes" / "ask.bpmn"
        (explanation,) = explain_many([path], keys=[EMBEDDED])
        assert self.shown(explanation) == self.shown(explain(path).only([EMBEDDED]))

    def test_wrong_arguments_fail_at_the_call(self) -> None:
        with pytest.raises(KeyError, match="embedded"):
            explain_many([], keys=["embedded"])
        with pytest.raises(ValueError, match="no fragment"):
            explain_many([], fragments={"nothing"})
        with pytest.raises(TypeError):
            explain_many("a.bpmn")


@pytest.mark.slow
def test_the_first_lines_are_there_before_the_last_diagram(tmp_path: Path) -> None:
    # The output is larger than what a pipe and the pending batches hold.
    (tmp_path / "a.bpmn").write_bytes(embedded(200))
    for number in range(2000):
        os.link(tmp_path / "a.bpmn", tmp_path / f"b{number}.bpmn")
    with subprocess.Popen(
        [METRICS, "explain", "-j", "2", tmp_path], stdout=subprocess.PIPE
    ) as command:
        assert command.stdout is not None
        assert json.loads(command.stdout.readline())["file"] == str(tmp_path / "a.bpmn")
        time.sleep(1)
        assert command.poll() is None
        command.stdout.close()
        assert command.wait() == 128 + signal.SIGPIPE


def test_empty_list_reads_nothing(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_bytes(b"")
    result = run("explain", "--files-from", "list.txt", cwd=tmp_path)
    assert (result.returncode, result.stdout) == (0, b"")
    assert b"'PATH...', or --files-from FILE" in run("explain", cwd=tmp_path).stderr


def test_version_that_is_a_number(tmp_path: Path) -> None:
    form = (
        b'{"components": [], "executionPlatform": "Camunda Cloud", "executionPlatformVersion": 8}'
    )
    (tmp_path / "a.form").write_bytes(form)
    assert b"Camunda Cloud 8" in run("explain", "a.form", cwd=tmp_path).stdout
    assert b"Camunda Cloud 8" in run("scan", "-f", "table", "a.form", cwd=tmp_path).stdout
