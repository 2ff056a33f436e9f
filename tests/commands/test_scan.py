"""The command line through its real entry point: output, standard error, exit status."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from support.command import METRICS, files, lines, run, run_process
from support.diagrams import definitions, process

TASK = '<bpmn:userTask id="Approve" camunda:formKey="embedded:approve.html"/>'
BROKEN = b"<bpmn:definitions"
NEEDS_FULL_DEVICE = pytest.mark.skipif(
    not os.path.exists("/dev/full"), reason="needs a device that is always full"
)
NOTHING: dict[str, Any] = {"count": 0}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a good diagram, a broken one and a form."""
    (tmp_path / "a.bpmn").write_bytes(process(TASK))
    (tmp_path / "b.bpmn").write_bytes(BROKEN)
    (tmp_path / "c.form").write_bytes(b'{"executionPlatform": "Camunda Cloud"}')
    return tmp_path


class TestOneFile:
    """One file gives its payload, indented."""

    def test_payload(self, folder: Path) -> None:
        result = run("scan", folder / "a.bpmn")
        assert result.returncode == 0
        assert result.stderr == b""
        assert result.stdout.startswith(b'{\n  "diagramType": "bpmn",\n  "executionPlatform": ')
        assert json.dumps(json.loads(result.stdout)) == json.dumps(
            {
                "diagramType": "bpmn",
                "executionPlatform": "Camunda Platform",
                "elementTemplateCount": 0,
                "elementTemplates": [],
                "diagramMetrics": {
                    "processVariablesCount": 0,
                    "tasks": {
                        "userTask": {
                            "count": 1,
                            "form": {
                                "count": 1,
                                "embedded": 1,
                                "camundaForms": 0,
                                "external": 0,
                                "generated": 0,
                                "other": 0,
                            },
                        },
                        "serviceTask": {
                            "count": 0,
                            "implementation": {
                                "count": 0,
                                "java": 0,
                                "expression": 0,
                                "delegate": 0,
                                "external": 0,
                                "connector": 0,
                            },
                        },
                    },
                    "subprocessPlanes": {"count": 0, "nesting": 0},
                },
            }
        )

    def test_error(self, folder: Path) -> None:
        result = run("scan", "b.bpmn", cwd=folder)
        assert result.returncode == 2
        printed = json.loads(result.stdout)
        assert list(printed) == ["file", "error"]
        assert printed["file"] == "b.bpmn"
        assert printed["error"]["type"] == "malformed"
        assert printed["error"]["line"] == 1
        assert result.stderr.startswith(b"b.bpmn:1:")
        assert printed["error"]["message"].encode() in result.stderr

    def test_missing_file(self, folder: Path) -> None:
        result = run("scan", "none.bpmn", cwd=folder)
        assert result.returncode == 2
        assert json.loads(result.stdout) == {
            "file": "none.bpmn",
            "error": {"type": "unreadable", "message": "No such file or directory"},
        }

    def test_ndjson(self, folder: Path) -> None:
        result = run("scan", "-f", "ndjson", "c.form", cwd=folder)
        assert result.stdout == (
            b'{"file":"c.form","diagramType":"form","executionPlatform":"Camunda Cloud"}\n'
        )

    def test_a_named_file_is_read_whatever_it_is_called(self, folder: Path) -> None:
        (folder / "diagram.xml").write_bytes(process(TASK))
        assert run("scan", "diagram.xml", cwd=folder).returncode == 0

    def test_template_definitions(self) -> None:
        tree = Path(__file__).parent.parent / "fixtures" / "template_definitions"
        result = run("scan", "--templates", "definitions", tree / "project/processes/camunda7.bpmn")
        assert json.loads(result.stdout)["elementTemplateCount"] > 1


class TestStandardInput:
    """A dash reads standard input."""

    @pytest.mark.parametrize("name", [[], ["--stdin-filename", "order.bpmn"]])
    def test_bpmn(self, name: list[str]) -> None:
        result = run("scan", "-", *name, stdin=process(TASK))
        assert json.loads(result.stdout)["diagramType"] == "bpmn"

    def test_name_tells_a_form(self) -> None:
        result = run("scan", "-", "--stdin-filename", "a.form", stdin=b"[]")
        assert json.loads(result.stdout)["error"]["type"] == "unsupported"
        assert json.loads(result.stdout)["file"] == "a.form"

    def test_form_without_a_name(self) -> None:
        assert json.loads(run("scan", "-", stdin=b" {}").stdout)["diagramType"] == "form"

    def test_error(self) -> None:
        result = run("scan", "-", stdin=BROKEN)
        assert result.returncode == 2
        assert json.loads(result.stdout)["file"] == "-"

    def test_beside_files(self, folder: Path) -> None:
        result = run("scan", "c.form", "-", "a.bpmn", cwd=folder, stdin=process(TASK))
        assert files(result) == ["c.form", "-", "a.bpmn"]

    @pytest.mark.parametrize("jobs", ["1", "2"])
    def test_what_comes_before_does_not_wait(self, folder: Path, jobs: str) -> None:
        with subprocess.Popen(
            [METRICS, "scan", "-j", jobs, "a.bpmn", "-", "c.form"],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as scanning:
            assert scanning.stdin is not None
            assert scanning.stdout is not None
            first = json.loads(scanning.stdout.readline())
            scanning.stdin.write(process(TASK))
            scanning.stdin.close()
            rest = [json.loads(line)["file"] for line in scanning.stdout]
        assert [first["file"], *rest] == ["a.bpmn", "-", "c.form"]

    def test_pipe_that_is_named(self, folder: Path) -> None:
        command = f"cat a.bpmn | '{METRICS}' scan /dev/stdin"
        result = subprocess.run(
            ["bash", "-c", command], cwd=folder, capture_output=True, check=True
        )
        assert json.loads(result.stdout)["diagramType"] == "bpmn"


class TestFolders:
    """A folder gives a line of JSON a diagram, sorted."""

    def test_errors_stand_in_place(self, folder: Path) -> None:
        result = run("scan", folder)
        assert result.returncode == 2
        assert files(result) == [str(folder / name) for name in ("a.bpmn", "b.bpmn", "c.form")]
        assert [next(iter(line.keys() - {"file"})) for line in lines(result)[1:2]] == ["error"]

    def test_errors_and_warnings_are_shown_and_counted(self, tmp_path: Path) -> None:
        (tmp_path / "a.bpmn").write_bytes(process('<bpmn:task id="1"/>'))
        (tmp_path / "b.bpmn").write_bytes(b"")
        (tmp_path / "c.form").write_bytes(b"{}")
        first, second, sum = run("scan", ".", cwd=tmp_path).stderr.decode().splitlines()
        assert first.startswith("a.bpmn:3: warning: <task> skipped with its content")
        assert second.startswith("b.bpmn:1:1: malformed: ")
        assert sum == "metrics: 2 of 3 diagrams measured, 1 failed, 1 warning"

    def test_no_messages_without_errors_and_warnings(self, tmp_path: Path) -> None:
        for path in ("a.form", "b.form"):
            (tmp_path / path).write_bytes(b"{}")
        assert run("scan", ".", cwd=tmp_path).stderr == b""

    def test_empty_path(self) -> None:
        assert run("scan", "").stderr == b"'': unreadable: No such file or directory\n"

    def test_current_folder(self, folder: Path) -> None:
        assert files(run("scan", cwd=folder)) == ["a.bpmn", "b.bpmn", "c.form"]
        assert files(run("scan", ".", cwd=folder)) == ["a.bpmn", "b.bpmn", "c.form"]

    def test_order_of_paths(self, folder: Path) -> None:
        inner = folder / "inner"
        inner.mkdir()
        (inner / "z.bpmn").write_bytes(process(TASK))
        result = run("scan", "inner", "c.form", "a.bpmn", "none.dmn", cwd=folder)
        assert files(result) == ["inner/z.bpmn", "c.form", "a.bpmn", "none.dmn"]

    def test_json(self, folder: Path) -> None:
        result = run("scan", "-f", "json", "a.bpmn", "b.bpmn", cwd=folder)
        assert [record["file"] for record in json.loads(result.stdout)] == ["a.bpmn", "b.bpmn"]
        (folder / "empty").mkdir()
        assert json.loads(run("scan", "-f", "json", "empty", cwd=folder).stdout) == []

    def test_no_diagrams(self, tmp_path: Path) -> None:
        result = run("scan", tmp_path)
        assert (result.returncode, result.stdout) == (0, b"")
        assert b"no diagrams" in result.stderr

    def test_sorted_through_folders(self, tmp_path: Path) -> None:
        for name in ("b/z.bpmn", "b/a/a.bpmn", "a.bpmn", "c.bpmn", "b.bpmn"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(process(""))
        assert files(run("scan", cwd=tmp_path)) == [
            "a.bpmn",
            "b/a/a.bpmn",
            "b/z.bpmn",
            "b.bpmn",
            "c.bpmn",
        ]

    def test_ignored_and_hidden(self, tmp_path: Path) -> None:
        for name in (
            "kept.bpmn",
            "built/a.bpmn",
            "inner/drop.bpmn",
            "inner/keep.bpmn",
            ".hidden/a.bpmn",
            ".git/a.bpmn",
        ):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(process(""))
        (tmp_path / ".gitignore").write_text("built/\n*p.bpmn\n")
        (tmp_path / "inner" / ".gitignore").write_text("!keep.bpmn\n")
        assert files(run("scan", cwd=tmp_path)) == ["inner/keep.bpmn", "kept.bpmn"]
        assert files(run("scan", "inner", cwd=tmp_path)) == ["inner/keep.bpmn"]
        assert files(run("scan", "built/a.bpmn", "-f", "ndjson", cwd=tmp_path)) == ["built/a.bpmn"]
        assert files(run("scan", "--no-ignore", cwd=tmp_path)) == [
            ".hidden/a.bpmn",
            "built/a.bpmn",
            "inner/drop.bpmn",
            "inner/keep.bpmn",
            "kept.bpmn",
        ]

    def test_pipes_and_links_that_loop(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe.bpmn")
        (tmp_path / "loop").symlink_to(tmp_path)
        (tmp_path / "a.bpmn").write_bytes(process(""))
        (tmp_path / "none.bpmn").symlink_to("nowhere")
        assert files(run("scan", cwd=tmp_path)) == ["a.bpmn", "none.bpmn"]

    def test_links_to_themselves(self, tmp_path: Path) -> None:
        (tmp_path / "a.bpmn").write_bytes(process(""))
        (tmp_path / "self").symlink_to("self")
        (tmp_path / "self.bpmn").symlink_to("self.bpmn")
        result = run("scan", cwd=tmp_path)
        assert files(result) == ["a.bpmn", "self.bpmn"]
        assert lines(result)[1]["error"]["type"] == "unreadable"

    def test_lines_that_are_no_patterns(self, tmp_path: Path) -> None:
        (tmp_path / "a.bpmn").write_bytes(process(""))
        (tmp_path / "b.bpmn").write_bytes(process(""))
        (tmp_path / ".gitignore").write_text("!\n\\\n[z-a]\nb.bpmn\n")
        assert files(run("scan", cwd=tmp_path)) == ["a.bpmn"]

    def test_pipe_in_place_of_an_ignore_file(self, tmp_path: Path) -> None:
        (tmp_path / "a.bpmn").write_bytes(process(""))
        os.mkfifo(tmp_path / ".gitignore")
        assert files(run("scan", cwd=tmp_path)) == ["a.bpmn"]

    def test_ignored_folder_by_its_name(self, tmp_path: Path) -> None:
        (tmp_path / ".git").mkdir()
        (tmp_path / "built").mkdir()
        (tmp_path / "built" / "a.bpmn").write_bytes(process(""))
        (tmp_path / ".gitignore").write_text("built/\n")
        assert files(run("scan", "built", cwd=tmp_path)) == ["built/a.bpmn"]
        assert files(run("scan", cwd=tmp_path / "built")) == ["a.bpmn"]
        assert run("scan", cwd=tmp_path).stdout == b""

    def test_odd_names(self, tmp_path: Path) -> None:
        for name in (b"a\xff.bpmn", b"b\n.bpmn"):
            Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_bytes(BROKEN)
        result = run("scan", cwd=tmp_path)
        assert files(result) == ["a\\xff.bpmn", "b\n.bpmn"]
        assert [line.split(b":")[0] for line in result.stderr.splitlines()] == [
            rb"a\xff.bpmn",
            rb"b\n.bpmn",
            b"metrics",
        ]

    def test_odd_names_in_warnings(self, tmp_path: Path) -> None:
        folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\x1b"))
        templates = folder / ".camunda" / "element-templates"
        templates.mkdir(parents=True)
        (templates / "broken.json").write_text("{")
        (folder / "a.bpmn").write_bytes(process(""))
        result = run("scan", "--warnings", "--templates", "definitions", folder / "a.bpmn")
        (warning,) = json.loads(result.stdout)["warnings"]
        assert "\\xff" in warning["message"]
        assert b"\x1b" not in result.stderr


class TestOptions:
    """What is printed of a payload."""

    @pytest.mark.parametrize(
        ("fragments", "keys"),
        [
            (["profile"], ["executionPlatform"]),
            (["elementTemplates"], ["elementTemplateCount", "elementTemplates"]),
            (["diagramMetrics"], ["diagramMetrics"]),
            (["diagramMetrics", "profile"], ["executionPlatform", "diagramMetrics"]),
        ],
    )
    def test_fragments(self, folder: Path, fragments: list[str], keys: list[str]) -> None:
        options = [option for fragment in fragments for option in ("--fragment", fragment)]
        assert list(json.loads(run("scan", folder / "a.bpmn", *options).stdout)) == keys

    def test_fragment_of_a_form(self, folder: Path) -> None:
        result = run("scan", "--fragment", "diagramMetrics", "c.form", cwd=folder)
        assert json.loads(result.stdout) == {}

    def test_documented_keys(self, folder: Path) -> None:
        options = ["--documented-keys", "--fragment", "diagramMetrics"]
        printed = json.loads(run("scan", *options, folder / "a.bpmn").stdout)
        assert printed["diagramMetrics"]["subprocessPlanes"] == {"count": 0, "nesting:": 0}

    def test_warnings(self, folder: Path) -> None:
        (folder / "a.bpmn").write_bytes(process(f"{TASK}\n{TASK}"))
        without = run("scan", "a.bpmn", cwd=folder)
        assert b"warnings" not in without.stdout
        assert without.stderr.startswith(b"a.bpmn:4: warning: <userTask> skipped with its content")
        assert without.returncode == 0
        (warning,) = json.loads(run("scan", "--warnings", "a.bpmn", cwd=folder).stdout)["warnings"]
        assert warning["line"] == 4
        assert warning["message"].startswith("<userTask> skipped with its content")
        assert lines(run("scan", "--warnings", cwd=folder))[2]["warnings"] == []

    @pytest.mark.parametrize(
        ("size", "type"), [("10", "too-large"), ("1K", None), ("1kib", None), ("2M", None)]
    )
    def test_max_size(self, folder: Path, size: str, type: str | None) -> None:
        printed = json.loads(run("scan", "--max-size", size, folder / "a.bpmn").stdout)
        assert printed.get("error", {}).get("type") == type

    @pytest.mark.parametrize(
        "arguments",
        [
            ["--max-size", "much"],
            ["--format", "xml"],
            ["--fragment", "nothing"],
            ["--templates", "elsewhere"],
            ["--template-path", "."],
            ["--no-such-option"],
        ],
    )
    def test_usage_errors(self, arguments: list[str]) -> None:
        result = run("scan", *arguments)
        assert (result.returncode, result.stdout) == (2, b"")
        assert result.stderr.startswith(b"Usage: metrics scan")

    def test_help_and_version(self) -> None:
        assert b"metrics scan order.bpmn" in run("scan", "--help").stdout
        assert run("--version").stdout.startswith(b"metrics, version ")


class TestEnds:
    """How a run ends when it is cut short."""

    def test_reader_that_goes_away(self, tmp_path: Path) -> None:
        for number in range(300):
            (tmp_path / f"{number}.bpmn").write_bytes(process(TASK))
        command = f"'{METRICS}' scan . | head -n 1"
        result = subprocess.run(
            ["bash", "-c", command], cwd=tmp_path, capture_output=True, check=True
        )
        assert len(result.stdout.splitlines()) == 1
        assert result.stderr == b""

    @pytest.mark.slow
    def test_interrupt(self) -> None:
        with subprocess.Popen(
            [METRICS, "scan", "-"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as waiting:
            time.sleep(1)
            waiting.send_signal(signal.SIGINT)
            _, errors = waiting.communicate()
        assert waiting.returncode == 130
        assert b"Traceback" not in errors

    @pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"])
    def test_closed_streams(self, folder: Path, closed: str) -> None:
        result = subprocess.run(
            ["bash", "-c", f"'{METRICS}' scan - b.bpmn {closed}"],
            cwd=folder,
            input=BROKEN,
            capture_output=True,
            check=False,
        )
        assert result.returncode == 2
        assert b"Traceback" not in result.stderr

    @NEEDS_FULL_DEVICE
    def test_full_disk(self, folder: Path) -> None:
        command = f"'{METRICS}' scan a.bpmn > /dev/full"
        result = subprocess.run(
            ["bash", "-c", command], cwd=folder, capture_output=True, check=False
        )
        assert result.returncode == 2
        assert b"No space left" in result.stderr
        assert b"Traceback" not in result.stderr


class TestStreams:
    """A stream that fails costs no other result."""

    def test_unreadable_standard_input(self, folder: Path) -> None:
        with open(os.devnull, "wb") as write_only:
            result = subprocess.run(
                [METRICS, "scan", "-", "a.bpmn"],
                cwd=folder,
                stdin=write_only,
                capture_output=True,
                check=False,
            )
        assert [line["file"] for line in lines(result)] == ["-", "a.bpmn"]
        assert lines(result)[0]["error"]["type"] == "unreadable"

    @NEEDS_FULL_DEVICE
    @pytest.mark.parametrize("unbuffered", ["", "1"])
    def test_full_standard_error(self, folder: Path, unbuffered: str) -> None:
        with open("/dev/full", "wb") as full:
            result = run_process(
                *("scan", "none.bpmn", "a.bpmn"),
                cwd=folder,
                stderr=full,
                env={"PYTHONUNBUFFERED": unbuffered},
            )
        assert [line["file"] for line in lines(result)] == ["none.bpmn", "a.bpmn"]
        assert result.returncode == 2

    def test_sizes_beyond_memory(self) -> None:
        result = run("scan", "--max-size", "99999999999999G", "-", stdin=process(TASK))
        assert json.loads(result.stdout)["diagramType"] == "bpmn"
        assert run("scan", "--max-size", "9" * 5000, "-").returncode == 2


class TestSort:
    """`--sort` and `--top`: rows in the order of a value."""

    USER_TASKS = "diagramMetrics.tasks.userTask.count"

    @pytest.fixture
    def diagrams(self, tmp_path: Path) -> Path:
        for name, number in (("a", 1), ("b", 3), ("d", 1), ("e", 0)):
            (tmp_path / f"{name}.bpmn").write_bytes(process("<bpmn:userTask/>" * number))
        (tmp_path / "c.bpmn").write_bytes(b"<")
        (tmp_path / "f.form").write_bytes(b"{}")
        return tmp_path

    @pytest.mark.parametrize("options", [["-j", "1"], ["-j", "2"]])
    def test_csv(self, diagrams: Path, options: list[str]) -> None:
        command = ["scan", "-f", "csv", "--sort", self.USER_TASKS, *options]
        result = run(*command, cwd=diagrams)
        assert result.returncode == 2
        _, *rows = result.stdout.decode().splitlines()
        assert [row.partition(".")[0] for row in rows] == ["b", "a", "d", "e", "f", "c"]
        first = run(*command, "--top", "2", cwd=diagrams)
        assert first.returncode == 2
        assert first.stdout.decode().splitlines()[1:] == rows[:2]
        assert first.stderr == result.stderr
        assert b"metrics: 5 of 6 diagrams measured, 1 failed" in first.stderr

    def test_table_with_a_part_of_the_payload(self, diagrams: Path) -> None:
        options = ["--fragment", "profile", "--sort", self.USER_TASKS]
        printed = run("scan", "-f", "table", *options, cwd=diagrams).stdout.decode()
        assert re.findall(r"^(\w)\.", printed, re.MULTILINE) == ["b", "a", "d", "e", "f", "c"]

    @pytest.mark.parametrize(
        ("arguments", "reason"),
        [
            (["--sort", USER_TASKS], "--sort needs --format table or csv."),
            (["-f", "json", "--sort", USER_TASKS], "--sort needs --format table or csv."),
            (["-f", "csv", "--top", "3"], "--top needs --sort KEY."),
            (["-f", "csv", "--sort", USER_TASKS, "--top", "0"], "'--top': 0 is not in the range"),
            (
                ["-f", "csv", "--sort", "diagramMetrics.tasks.userTask.counts"],
                f"Did you mean '{USER_TASKS}'?",
            ),
            (["-f", "csv", "--sort", "a\nb"], r"No payload has the value 'a\nb'."),
            (
                ["-f", "csv", "--sort", "elementTemplates"],
                "--sort: elementTemplates is a list: use a number or a text.",
            ),
        ],
    )
    def test_usage(self, diagrams: Path, arguments: list[str], reason: str) -> None:
        result = run("scan", *arguments, cwd=diagrams)
        assert (result.returncode, result.stdout) == (2, b"")
        assert reason in result.stderr.decode()


def test_module() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "metrics", "scan", "-"],
        input=definitions(""),
        capture_output=True,
        check=True,
    )
    assert json.loads(result.stdout)["diagramType"] == "bpmn"


@pytest.mark.parametrize(
    ("raised", "status", "message"),
    [
        ("os.kill(os.getpid(), signal.SIGINT)", 130, b""),
        ("os.kill(os.getpid(), signal.SIGTERM)", 143, b""),
        ("raise MemoryError", 2, b"metrics: out of memory\n"),
    ],
)
def test_stopped_while_it_starts(raised: str, status: int, message: bytes) -> None:
    script = f"""
import os, signal, sys
class Stop:
    def find_spec(self, name, *_):
        if name == "lxml":
            {raised}
sys.meta_path.insert(0, Stop())
from metrics.__main__ import main
main()
"""
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert (result.returncode, result.stdout, result.stderr) == (status, b"", message)


@pytest.mark.slow
def test_current_folder_that_is_gone(tmp_path: Path) -> None:
    models = tmp_path / "models"
    models.mkdir()
    (models / "a.bpmn").write_bytes(process(TASK))
    gone = tmp_path / "gone"
    script = f"mkdir {gone} && cd {gone} && rmdir {gone} && exec {METRICS} scan"
    for arguments in (
        f"{models}",
        f"--templates definitions {models}",
        "--templates definitions -",
    ):
        result = subprocess.run(
            ["sh", "-c", f"{script} {arguments}"],
            input=process(TASK),
            capture_output=True,
            check=False,
        )
        assert b"Traceback" not in result.stderr
        assert (result.returncode, len(result.stdout) > 100) == (0, True)
    result = subprocess.run(
        ["sh", "-c", f"{script} none.bpmn {models}/a.bpmn"], capture_output=True, check=False
    )
    assert result.returncode == 2
    assert ["error" in line for line in lines(result)] == [True, False]


def test_control_characters_reach_no_terminal(tmp_path: Path) -> None:
    version = "8\x7f\x9b31m\u202e"
    (tmp_path / "a\u202e.form").write_text(
        json.dumps({"executionPlatformVersion": version}, ensure_ascii=False), encoding="utf-8"
    )
    (tmp_path / "b\u202e\x1b.form").write_text("{")
    result = run("scan", tmp_path)
    measured = lines(result)[0]
    assert measured["executionPlatformVersion"] == version
    assert not {"\x7f", "\x9b", "\x1b"} & set(result.stdout.decode())
    assert rb"b\u202e\x1b.form" in result.stderr
    assert "\u202e" not in result.stderr.decode()


def test_definitions_that_are_no_files(tmp_path: Path) -> None:
    templates = tmp_path / ".camunda" / "element-templates"
    templates.mkdir(parents=True)
    (templates / "self.json").symlink_to(templates / "self.json")
    (templates / "nowhere.json").symlink_to(tmp_path / "nothing.json")
    (templates / "large.json").write_bytes(b" " * 5000 + b"[]")
    os.mkfifo(templates / "pipe.json")
    (tmp_path / "a.bpmn").write_bytes(process(TASK))
    result = run(
        *("scan", "--templates", "definitions", "--warnings", "--max-size", "2K"),
        tmp_path / "a.bpmn",
    )
    messages = [warning["message"] for warning in json.loads(result.stdout)["warnings"]]
    assert result.returncode == 0
    for name, reason in (
        ("self.json", "symbolic links"),
        ("nothing.json", "No such file"),
        ("pipe.json", "it is not a file"),
        ("large.json", "larger than 2,048 bytes"),
    ):
        assert any(name in message and reason in message for message in messages), name


@NEEDS_FULL_DEVICE
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("arguments", [["scan", "-"], ["scan", "--unknown"], ["--help"]])
def test_nothing_can_be_written(arguments: list[str], unbuffered: str) -> None:
    with open("/dev/full", "wb") as full:
        result = run_process(
            *arguments,
            stdin=process(TASK),
            stdout=full,
            stderr=full,
            env={"PYTHONUNBUFFERED": unbuffered},
        )
    assert result.returncode == 2


@pytest.mark.parametrize("format_name", ["json", "ndjson"])
def test_reader_that_goes_away(tmp_path: Path, format_name: str) -> None:
    for number in range(600):
        (tmp_path / f"{number}.bpmn").write_bytes(process(TASK))
    with subprocess.Popen(
        [METRICS, "scan", "-f", format_name, tmp_path],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as scanning:
        assert scanning.stdout is not None
        assert scanning.stderr is not None
        scanning.stdout.read(10)
        scanning.stdout.close()
        assert scanning.stderr.read() == b""
    assert scanning.returncode == 141


def test_name_of_standard_input_without_it() -> None:
    result = run("scan", "--stdin-filename", "a.bpmn")
    assert (result.returncode, result.stdout) == (2, b"")
    assert b"--stdin-filename needs -" in result.stderr


def test_help_shows_examples_a_line_each() -> None:
    shown = run("scan", "--help").stdout.decode().splitlines()
    assert "    metrics scan order.bpmn" in shown
    assert not any("\\b" in line or "\b" in line for line in shown)


def test_command_that_there_is_not() -> None:
    result = run("sca")
    assert result.returncode == 2
    assert "No such command 'sca'" in result.stderr.decode()
    assert "'scan'" in result.stderr.decode()
