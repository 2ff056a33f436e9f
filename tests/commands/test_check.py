"""Checks: which diagrams go beyond their limits, what is told of them, and how the command ends."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from typing import TYPE_CHECKING

import pytest
from support.checking import (
    EMBEDDED,
    HERE,
    NESTING,
    NONE,
    PLATFORM,
    TEMPLATES,
    USER_TASKS,
    VARIABLES,
    VERSION,
    broken,
    checked,
    embedded,
    nested,
    of_version,
    write,
)
from support.command import METRICS, run
from support.diagrams import BPMN, CAMUNDA, definitions, process

if TYPE_CHECKING:
    from pathlib import Path

PLANES = "diagramMetrics.subprocessPlanes.count"
SEVERAL = definitions(
    '<bpmn:process id="Claim">\n'
    '<bpmn:userTask id="Ask" name="Ask them" camunda:formKey="embedded:a"/>\n'
    '<bpmn:userTask id="Plain"/>\n'
    '<bpmn:subProcess id="Inner" name="In it">\n'
    '<bpmn:userTask id="Tell"\n  camunda:formKey="embedded:b"/>\n'
    '<bpmn:scriptTask id="Sum" camunda:resultVariable="total"/>\n'
    '</bpmn:subProcess>\n<bpmn:serviceTask id="Again" camunda:resultVariable="total"/>\n'
    "</bpmn:process>\n<bpmndi:BPMNDiagram>\n"
    '<bpmndi:BPMNPlane id="Plane" bpmnElement="Inner">\n<bpmndi:BPMNShape bpmnElement="Sum"/>\n'
    "</bpmndi:BPMNPlane>\n</bpmndi:BPMNDiagram>"
)


def text_of(result: subprocess.CompletedProcess[bytes]) -> list[str]:
    """The lines that were printed."""
    return result.stdout.decode().splitlines()


def last_error(result: subprocess.CompletedProcess[bytes]) -> str:
    """What a run that was refused says last, that it printed nothing being sure."""
    assert (result.returncode, result.stdout) == (2, b"")
    return result.stderr.decode().splitlines()[-1]


class TestStatus:
    """0, 1 where a limit is not kept, 2 where a diagram could not be measured, or for usage."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        """A folder with diagrams that keep a limit, do not, and cannot be measured."""
        write(tmp_path, {"good.bpmn": embedded(0), "bad.bpmn": embedded(1), "none.bpmn": b"<"})
        return tmp_path

    @pytest.mark.parametrize(
        ("names", "status", "told"),
        [
            (["good.bpmn"], 0, "1 diagram checked, no violations."),
            (["good.bpmn", "bad.bpmn"], 1, "2 diagrams checked, 1 violation in 1 diagram."),
            (["none.bpmn"], 2, "0 diagrams checked, no violations, 1 not measured."),
            (
                ["good.bpmn", "none.bpmn"],
                2,
                "1 diagram checked, no violations, 1 not measured.",
            ),
            (["."], 2, "2 diagrams checked, 1 violation in 1 diagram, 1 not measured."),
            (["gone.bpmn"], 2, "0 diagrams checked, no violations, 1 not measured."),
        ],
    )
    def test_status(self, folder: Path, names: list[str], status: int, told: str) -> None:
        result = run("check", "--limit", NONE, *names, cwd=folder)
        assert result.returncode == status
        assert text_of(result)[-1] == told

    def test_exit_zero(self, folder: Path) -> None:
        strict = run("check", "--limit", NONE, "bad.bpmn", cwd=folder)
        result = run("check", "--exit-zero", "--limit", NONE, "bad.bpmn", cwd=folder)
        assert (result.returncode, result.stdout) == (0, strict.stdout)
        unmeasured = run("check", "--exit-zero", "--limit", NONE, cwd=folder)
        assert unmeasured.returncode == 2

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ([], "No limits: set some in "),
            (
                ["--limit", "x <= 3"],
                "--limit: No payload has the value 'x'.",
            ),
            (["--limit", "\x1bx <= 3"], "--limit: No payload has the value '\\x1bx'."),
            (["--limit", "\n\x1bx"], "--limit: '\\n\\x1bx' is no limit: write KEY OP VALUE"),
            (["--total", f"{VERSION} >= 8"], f"--total: {VERSION} is no number: a portfolio has "),
            (["--total", "x >= 8"], "--total: No payload has the value 'x'."),
            (["--limit", NONE, "-f", "xml"], "--format: there is no 'xml', but text, json, sarif"),
            (["--limit", NONE, "-f", ":a"], "--format: there is no '', but text, json, sarif"),
            (["--limit", NONE, "-f", "json:"], "--format json: needs a file behind the colon."),
            (["--limit", NONE, "-f", "json:a", "-f", "text:./a"], "Two results are written "),
            (["--limit", NONE, "--write-baseline"], "--write-baseline needs --baseline FILE"),
            (["--limit", NONE, "--stdin-filename", "a.bpmn"], "--stdin-filename needs -, standard"),
            (["--limit", NONE, "--jobs", "0"], "Invalid value for '-j' / '--jobs'"),
        ],
    )
    def test_usage(self, folder: Path, arguments: list[str], message: str) -> None:
        assert last_error(run("check", *arguments, cwd=folder)).startswith(f"Error: {message}")
        assert not (folder / "a").exists()

    def test_no_diagrams(self, tmp_path: Path) -> None:
        result = run("check", "--limit", NONE, cwd=tmp_path)
        assert result.returncode == 0
        assert text_of(result) == ["0 diagrams checked, no violations."]
        assert result.stderr == b"metrics: no diagrams found\n"

    def test_limits_that_are_for_no_such_diagram(self, tmp_path: Path) -> None:
        write(tmp_path, {"a.form": b"{}"})
        assert run("check", "--limit", NONE, cwd=tmp_path).returncode == 0
        # A form names no version, so it is of none.
        assert run("check", "--limit", f"{VERSION} >= 7", cwd=tmp_path).returncode == 1


class TestText:
    """What people read: each violation with the lines behind it."""

    def printed(self, folder: Path, *limits: str, content: bytes = SEVERAL) -> list[str]:
        """What is printed of a diagram that breaks some limits."""
        write(folder, {"a.bpmn": content})
        options = [word for limit in limits for word in ("--limit", limit)]
        result = run("check", *options, "a.bpmn", cwd=folder)
        assert result.returncode == 1
        assert result.stderr == b""
        return text_of(result)

    def test_elements(self, tmp_path: Path) -> None:
        assert self.printed(tmp_path, NONE) == [
            f"a.bpmn:3: {EMBEDDED} is 2, its limit is <= 0",
            "    bpmn:UserTask “Ask them” Ask  embedded  line 3",
            "    bpmn:UserTask Tell  embedded  line 6",
            "1 diagram checked, 1 violation in 1 diagram.",
        ]

    def test_variables(self, tmp_path: Path) -> None:
        assert self.printed(tmp_path, f"{VARIABLES} in [0, 3]") == [
            f"a.bpmn:8: {VARIABLES} is 1, its limit is in [0, 3]",
            "    total  scope bpmn:Process Claim  line 2",
            "        line 8",
            "1 diagram checked, 1 violation in 1 diagram.",
        ]

    def test_planes(self, tmp_path: Path) -> None:
        inner = "bpmn:SubProcess “In it” Inner  line 5"
        assert self.printed(tmp_path, f"{PLANES} != 1", f"{NESTING}<1") == [
            f"a.bpmn:13: {PLANES} is 1, its limit is != 1",
            f"    bpmndi:BPMNPlane Plane  line 13  sub process {inner}",
            f"a.bpmn:5: {NESTING} is 1, its limit is < 1",
            f"    {inner}",
            "1 diagram checked, 2 violations in 1 diagram.",
        ]

    @pytest.mark.parametrize(("named", "shown"), [("7.9", "7.9"), (None, "not named")])
    def test_versions(self, tmp_path: Path, named: str | None, shown: str) -> None:
        content = b'<?xml version="1.0"?>\n<!-- for\nall -->\n' + of_version(named)
        assert self.printed(tmp_path, f"{VERSION} >= 7.10", content=content) == [
            f"a.bpmn:4: {VERSION} is {shown}, its limit is >= 7.10",
            "    bpmn:Definitions  line 4",
            "1 diagram checked, 1 violation in 1 diagram.",
        ]

    def test_nothing_is_behind(self, tmp_path: Path) -> None:
        assert self.printed(tmp_path, f"{TEMPLATES} >= 1", content=embedded(0)) == [
            f"a.bpmn: {TEMPLATES} is 0, its limit is >= 1",
            "1 diagram checked, 1 violation in 1 diagram.",
        ]

    def test_many_elements(self, tmp_path: Path) -> None:
        printed = self.printed(tmp_path, NONE, content=embedded(1234))
        assert printed[0] == f"a.bpmn:3: {EMBEDDED} is 1234, its limit is <= 0"
        assert printed[1:11] == [
            f"    bpmn:UserTask T{number}  embedded  line {number + 3}" for number in range(10)
        ]
        assert printed[11] == "    and 1,224 more: see metrics explain"
        assert len(printed) == 13

    def test_order_is_that_of_the_diagrams(self, tmp_path: Path) -> None:
        write(tmp_path, {f"{name}.bpmn": embedded(1) for name in ("b", "a/c", "a/b")})
        result = run("check", "--limit", NONE, "b.bpmn", "a", cwd=tmp_path)
        heads = [line.partition(":")[0] for line in text_of(result) if not line.startswith(" ")]
        assert heads[:-1] == ["b.bpmn", "a/b.bpmn", "a/c.bpmn"]

    def test_warnings_are_not_told(self, tmp_path: Path) -> None:
        self.printed(tmp_path, NONE, content=embedded(1).replace(b"/>", b' name="a" name="b"/>'))


class TestStandardInput:
    """A diagram that comes by standard input, as an editor gives one that is not saved."""

    def test_unnamed(self, tmp_path: Path) -> None:
        result = run("check", "--limit", NONE, "-", cwd=tmp_path, stdin=embedded(1))
        assert result.returncode == 1
        assert text_of(result)[:2] == [
            f"-:3: {EMBEDDED} is 1, its limit is <= 0",
            "    bpmn:UserTask T0  embedded  line 3",
        ]

    def test_named(self, tmp_path: Path) -> None:
        # It has the configuration of its name, and its content need not be what is saved.
        saved = embedded(0)
        configuration = f'limits.{EMBEDDED} = "<= 0"'
        write(tmp_path, {"one/metrics.toml": configuration, "one/a.bpmn": saved})
        for name in ("one/a.bpmn", "one/new/b.bpmn"):
            arguments = ["--stdin-filename", name, "-"]
            result = run("check", *arguments, cwd=tmp_path, stdin=embedded(2))
            assert result.returncode == 1
            assert text_of(result)[:3] == [
                f"{name}:3: {EMBEDDED} is 2, its limit is <= 0",
                "    bpmn:UserTask T0  embedded  line 3",
                "    bpmn:UserTask T1  embedded  line 4",
            ]

    def test_form(self, tmp_path: Path) -> None:
        arguments = ["--limit", "diagramType == bpmn", "--stdin-filename", "a.form", "-"]
        assert broken(*arguments, cwd=tmp_path, stdin=b"{}") == {"a.form": "form"}

    def test_unmeasured(self, tmp_path: Path) -> None:
        result = run("check", "--limit", NONE, "-", cwd=tmp_path, stdin=b"<")
        assert result.returncode == 2

    def test_pipe(self, tmp_path: Path) -> None:
        # It cannot be read a second time: the violation is told all the same.
        pipe = tmp_path / "a.bpmn"
        os.mkfifo(pipe)
        writer = threading.Thread(target=pipe.write_bytes, args=[embedded(1)], daemon=True)
        writer.start()
        result = run("check", "--limit", NONE, "a.bpmn", cwd=tmp_path)
        assert result.returncode == 1
        assert text_of(result)[0] == f"a.bpmn: {EMBEDDED} is 1, its limit is <= 0"


class TestTotals:
    """Limits of the sums over all diagrams."""

    def test_option(self, tmp_path: Path) -> None:
        write(tmp_path, {f"{number:02}.bpmn": embedded(number % 7) for number in range(20)})
        result = run("check", "--total", f"{EMBEDDED} <= 56", cwd=tmp_path)
        # 0 to 6 are 21, twice, and 0 to 5 are 15.
        assert text_of(result) == [
            f"the total of {EMBEDDED} is 57, its limit is <= 56",
            "    most of it in 10 diagrams:",
            *(f"    6  {name}.bpmn" for name in ("06", "13")),
            *(f"    5  {name}.bpmn" for name in ("05", "12", "19")),
            *(f"    4  {name}.bpmn" for name in ("04", "11", "18")),
            *(f"    3  {name}.bpmn" for name in ("03", "10")),
            "20 diagrams checked, 1 total beyond its limit.",
        ]
        assert result.returncode == 1
        assert run("check", "--total", f"{EMBEDDED} <= 57", cwd=tmp_path).returncode == 0

    def test_nesting_is_the_largest(self, tmp_path: Path) -> None:
        write(tmp_path, {"a.bpmn": nested(3), "b.bpmn": nested(2), "c.bpmn": nested(3)})
        total = checked("--total", f"{NESTING} < 3", cwd=tmp_path)["violations"]
        assert total == [
            {
                "key": NESTING,
                "limit": "< 3",
                "value": 3,
                "most": [
                    {"file": "a.bpmn", "value": 3},
                    {"file": "c.bpmn", "value": 3},
                    {"file": "b.bpmn", "value": 2},
                ],
            }
        ]

    def test_each_configuration_has_its_own(self, tmp_path: Path) -> None:
        total = f'[total]\n{EMBEDDED} = "<= 3"\n{USER_TASKS} = "<= 99"\n'
        write(
            tmp_path,
            {
                "metrics.toml": total,
                "a.bpmn": embedded(3),
                "one/metrics.toml": total,
                "one/a.bpmn": embedded(2),
                "one/b.bpmn": embedded(2),
            },
        )
        path = tmp_path / "one" / "metrics.toml"
        assert text_of(run("check", cwd=tmp_path)) == [
            f"{path}: the total of {EMBEDDED} is 4, its limit is <= 3",
            "    most of it in 2 diagrams:",
            "    2  one/a.bpmn",
            "    2  one/b.bpmn",
            "3 diagrams checked, 1 total beyond its limit.",
        ]
        # The option's takes the place of both.
        assert broken("--total", f"{EMBEDDED} <= 6", cwd=tmp_path) == {"total": 7}
        assert broken("--total", f"{EMBEDDED} <= 7", cwd=tmp_path) == {}

    def test_too_little(self, tmp_path: Path) -> None:
        write(tmp_path, {"a.bpmn": embedded(0), "b.form": b"{}"})
        result = run("check", "--total", f"{EMBEDDED} >= 1", cwd=tmp_path)
        assert result.returncode == 1
        assert text_of(result) == [
            f"the total of {EMBEDDED} is 0, its limit is >= 1",
            "2 diagrams checked, 1 total beyond its limit.",
        ]
        # What cannot be measured may have what is missing.
        (tmp_path / "c.bpmn").write_bytes(b"<")
        result = run("check", "--total", f"{EMBEDDED} >= 1", cwd=tmp_path)
        assert result.returncode == 2
        assert text_of(result) == ["2 diagrams checked, no violations, 1 not measured."]


class TestOutputs:
    """Several formats at once, to files and to standard output."""

    def test_files_and_standard_output(self, tmp_path: Path) -> None:
        write(tmp_path, {"models/a.bpmn": embedded(1)})
        arguments = ["--limit", NONE, "models"]
        names = ("json", "sarif", "junit", "github", "text")
        outputs = [word for name in names for word in ("-f", f"{name}:{name}.out")]
        result = run("check", *outputs, "-f", "json:-", *arguments, cwd=tmp_path, env=HERE)
        assert result.returncode == 1
        assert json.loads(result.stdout)["measured"] == 1
        for name in names:
            alone = run("check", "-f", name, *arguments, cwd=tmp_path, env=HERE)
            assert (tmp_path / f"{name}.out").read_bytes() == alone.stdout != b""

    def test_file_alone(self, tmp_path: Path) -> None:
        write(tmp_path, {"a.bpmn": embedded(1)})
        result = run("check", "-f", "junit:a b:c.xml", "--limit", NONE, cwd=tmp_path)
        assert (result.returncode, result.stdout) == (1, b"")
        assert (tmp_path / "a b:c.xml").read_bytes().startswith(b"<?xml")

    def test_file_that_cannot_be_written(self, tmp_path: Path) -> None:
        write(tmp_path, {"a.bpmn": embedded(1)})
        arguments = ["-f", "sarif:none/a", "-f", "text", "-f", "json:b.json", "--limit", NONE]
        result = run("check", *arguments, cwd=tmp_path)
        # The others are written all the same.
        assert result.returncode == 2
        assert text_of(result)[-1] == "1 diagram checked, 1 violation in 1 diagram."
        assert json.loads((tmp_path / "b.json").read_bytes())["measured"] == 1
        assert result.stderr == b"Error: cannot write none/a: No such file or directory\n"
        arguments = ["-f", "sarif:none/a", "-f", "json:none/b", "--limit", NONE]
        told = run("check", *arguments, cwd=tmp_path).stderr.decode().splitlines()
        assert told == [f"Error: cannot write none/{x}: No such file or directory" for x in "ab"]

    @pytest.mark.parametrize("option", ["-f", "--baseline"])
    def test_diagrams_are_not_overwritten(self, tmp_path: Path, option: str) -> None:
        write(tmp_path, {"a.bpmn": embedded(1)})
        (tmp_path / "link").symlink_to("a.bpmn")
        path = "json:link" if option == "-f" else "link"
        arguments = [option, path, *(["--write-baseline"] if option == "--baseline" else [])]
        message = last_error(run("check", *arguments, "--limit", NONE, "a.bpmn", cwd=tmp_path))
        assert "is an input" in message
        assert (tmp_path / "a.bpmn").read_bytes() == embedded(1)


class TestJobs:
    """The number of processes changes nothing but the time."""

    @pytest.mark.parametrize("format_name", ["text", "json", "sarif", "junit", "github"])
    def test_same_output(self, tmp_path: Path, format_name: str) -> None:
        padding = b"<!-- %s -->" % (b"x" * 1_500_000)
        files: dict[str, bytes | str] = {
            f"{number}.bpmn": embedded(number % 3) + padding for number in range(10)
        }
        configuration = f'limits.{EMBEDDED} = "<= 0"\ntotal.{EMBEDDED} = "<= 3"'
        write(tmp_path, files | {"metrics.toml": configuration, "3.bpmn": b"<" + padding})
        alone, many = (
            run("check", "-f", format_name, "-j", jobs, cwd=tmp_path, env=HERE)
            for jobs in ("1", "3")
        )
        assert alone.stdout == many.stdout != b""
        assert alone.stderr == many.stderr
        assert alone.returncode == many.returncode == 2


class TestLaws:
    """What makes no difference to a diagram makes none to its result."""

    @pytest.mark.parametrize("content", [SEVERAL, embedded(3), nested(4), of_version("7.9")])
    def test_prefixes_and_comments(self, tmp_path: Path, content: bytes) -> None:
        renamed = content
        for before, after in (("bpmn", "semantic"), ("camunda", "c"), ("bpmndi", "b-i")):
            renamed = renamed.replace(f"xmlns:{before}=".encode(), f"xmlns:{after}=".encode())
            for opening in ("<", "</", " "):
                renamed = renamed.replace(
                    f"{opening}{before}:".encode(), f"{opening}{after}:".encode()
                )
        assert BPMN.encode() in renamed
        assert CAMUNDA.encode() in renamed
        commented = content.replace(b">\n", b">\n<!-- <bpmn:userTask/> -->\n")
        write(tmp_path, {"a.bpmn": content, "b.bpmn": renamed, "c.bpmn": commented})
        keys = (EMBEDDED, USER_TASKS, VARIABLES, PLANES, NESTING)
        options = [word for key in keys for word in ("--limit", f"{key} == 99")]
        found: dict[str, list[tuple[str, object]]] = {}
        for one in checked(*options, "--limit", f"{VERSION} > 8", cwd=tmp_path)["violations"]:
            found.setdefault(one["file"], []).append((one["key"], one["value"]))
        assert found["a.bpmn"] == found["b.bpmn"] == found["c.bpmn"]
        assert len(found["a.bpmn"]) == 6


class TestHostile:
    """Names and texts that would break a line, or steer a terminal."""

    ODD = "a\n::error::b\x1b[31m\r\x9b\u2028%,:.bpmn"

    @pytest.mark.parametrize("format_name", ["text", "github"])
    def test_names(self, tmp_path: Path, format_name: str) -> None:
        arguments = ["check", "-f", format_name, "--limit", NONE, "--total", NONE]
        write(tmp_path, {"a.bpmn": embedded(1), "b.bpmn": b"<"})
        usual = run(*arguments, cwd=tmp_path, env=HERE).stdout.decode().split("\n")
        for name in ("a.bpmn", "b.bpmn"):
            (tmp_path / name).rename(tmp_path / f"{name[0]}{self.ODD}")
        result = run(*arguments, cwd=tmp_path, env=HERE)
        odd = result.stdout.decode().split("\n")
        assert len(odd) == len(usual)
        assert [line[:7] for line in odd[-3:]] == [line[:7] for line in usual[-3:]]
        for printed in (result.stdout.decode(), result.stderr.decode()):
            assert not {"\x1b", "\r", "\x9b", "\u2028"} & {*printed}
            assert not any(line.startswith("::error::") for line in printed.splitlines())

    @pytest.mark.parametrize("format_name", ["text", "json", "sarif", "junit", "github"])
    def test_texts(self, tmp_path: Path, format_name: str) -> None:
        hostile = "a\n::error::b\x1b[31m\r\x9b\u2028\ud800" + "x" * 1_000_000
        form = json.dumps({"executionPlatform": hostile, "executionPlatformVersion": hostile})
        xml = process(
            '<bpmn:userTask name="&#10;::error::&#x9b;&#13;" camunda:formKey="embedded:"/>'
        )
        write(tmp_path, {"a.form": form, "b.bpmn": xml})
        limits = [f"{PLATFORM} == Camunda Platform", f"{VERSION} >= 7", NONE]
        options = [word for limit in limits for word in ("--limit", limit)]
        result = run("check", "-f", format_name, *options, cwd=tmp_path, env=HERE)
        assert result.returncode == 1
        printed = result.stdout.decode()
        assert not {"\x1b", "\r", "\x9b"} & {*printed}
        assert not any(line.startswith("::error::") for line in printed.splitlines())
        if format_name == "text":
            heads = [line for line in printed.split("\n") if line and not line.startswith(" ")]
            assert len(heads) == 5
        if format_name in {"text", "github", "junit"}:
            # Of a long text it is the beginning.
            assert len(printed) < 10_000


class TestLogs:
    """In a job of GitHub no name in a diagram, or of one, is a command of its log."""

    NAMES = ("::error::a.bpmn", "##[error]b.bpmn", "c##[group]d.bpmn", "  ::e::.bpmn")

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        hostile = '<camunda:outputParameter name="::set-output name=x::y"/>'
        task = (
            '<bpmn:userTask name="##[warning]x" camunda:formKey="embedded:f">'
            f"<bpmn:extensionElements><camunda:inputOutput>{hostile}</camunda:inputOutput>"
            "</bpmn:extensionElements></bpmn:userTask>"
        )
        write(tmp_path, dict.fromkeys(self.NAMES, process(task)))
        write(tmp_path, {"::add-mask::f.bpmn": b"<"})
        return tmp_path

    @pytest.mark.parametrize("format_name", ["text", "github"])
    def test_no_command(self, folder: Path, format_name: str) -> None:
        limits = ("--limit", NONE, "--limit", f"{VARIABLES} <= 0")
        result = run(
            "check", "-f", format_name, *limits, cwd=folder, env={"GITHUB_ACTIONS": "true"}
        )
        assert result.returncode == 2
        for line in (result.stdout + result.stderr).decode().splitlines():
            if line.startswith(("::error ", "::notice ")):
                continue
            assert not line.lstrip().startswith("::")
            assert "##[" not in line

    def test_elsewhere_names_are_as_they_are(self, folder: Path) -> None:
        env = {"GITHUB_ACTIONS": ""}
        printed = run("check", "--limit", NONE, cwd=folder, env=env).stdout.decode()
        assert all(f"{name}:3: " in printed for name in self.NAMES)


class TestSameName:
    """What stands behind a violation is of its own diagram, whatever others are called."""

    def test_standard_input_by_the_name_of_a_file(self, tmp_path: Path) -> None:
        other = process("<bpmn:task/>\n" * 7 + '<bpmn:userTask camunda:formKey="embedded:f"/>')
        write(tmp_path, {"a.bpmn": embedded(1)})
        arguments = ("--limit", NONE, "--stdin-filename", "a.bpmn", "a.bpmn", "-")
        found = checked(*arguments, cwd=tmp_path, stdin=other)["violations"]
        assert [one["file"] for one in found] == ["a.bpmn", "a.bpmn"]
        # That of the file, or none: never those of what came by standard input.
        lines = [[item["line"] for item in one["items"]] for one in found]
        assert lines[0] in ([], [3])

    def test_way_up_behind_a_link(self, tmp_path: Path) -> None:
        write(tmp_path, {f"{name}/metrics.toml": "[limits]\n" for name in ("real", "other")})
        limit = f'limits.{EMBEDDED} = "<= 0"'
        write(tmp_path, {"real/metrics.toml": limit, "real/a.bpmn": embedded(1)})
        write(tmp_path, {"metrics.toml": limit.replace("0", "9"), "real/sub/b.bpmn": embedded(0)})
        (tmp_path / "other" / "link").symlink_to("../real/sub")
        (tmp_path / "other" / "metrics.toml").unlink()
        for path in ("real/a.bpmn", "other/link/../a.bpmn"):
            assert run("check", path, cwd=tmp_path).returncode == 1

    def test_link_from_another_folder(self, tmp_path: Path) -> None:
        limits = f'limits.{EMBEDDED} = "<= 0"'
        override = f'[[overrides]]\npaths = ["link/"]\nlimits.{EMBEDDED} = "<= 5"'
        write(tmp_path, {"p/metrics.toml": f"{limits}\n{override}", "p/sub/b.form": b"{}"})
        write(tmp_path, {"real/a.bpmn": embedded(3)})
        (tmp_path / "p" / "link").symlink_to("../real")
        for folder, path in (("p", "link"), ("p", "./link"), ("p/sub", "../link"), (".", "p/link")):
            assert run("check", path, cwd=tmp_path / folder).returncode == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["-f", "json:metrics.toml"],
        ["-f", "json:sub/pyproject.toml"],
        ["--baseline", "metrics.toml", "--write-baseline"],
        ["--baseline", "new", "--write-baseline", "-f", "json:./new"],
        # A diagram that is found in a folder, or is at the end of a link.
        ["-f", "json:a.bpmn", "."],
        ["-f", "json:link", "."],
        ["--baseline", "link", "--write-baseline"],
    ],
)
def test_nothing_that_is_read_is_written(tmp_path: Path, arguments: list[str]) -> None:
    text = f'limits.{EMBEDDED} = "<= 9"'
    write(tmp_path, {"a.bpmn": embedded(1), "metrics.toml": text, "sub/pyproject.toml": ""})
    (tmp_path / "link").symlink_to("a.bpmn")
    result = run("check", *arguments, cwd=tmp_path)
    assert (result.returncode, result.stdout) == (2, b"")
    assert (tmp_path / "metrics.toml").read_text() == text
    assert (tmp_path / "a.bpmn").read_bytes() == embedded(1)
    assert not (tmp_path / "new").exists()


@pytest.mark.slow
def test_where_the_current_folder_is_gone(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    write(tmp_path, {"a.bpmn": embedded(1)})
    for format_name in ("text", "json", "sarif", "junit", "github"):
        script = f'rmdir "{gone}"; "{METRICS}" check -f {format_name} --limit "{NONE}" "$1"; s=$?'
        result = subprocess.run(
            ["bash", "-c", f'{script}; mkdir "{gone}"; exit $s', "-", tmp_path / "a.bpmn"],
            cwd=gone,
            capture_output=True,
            check=False,
        )
        assert (result.returncode, b"a.bpmn" in result.stdout) == (1, True), result.stderr
