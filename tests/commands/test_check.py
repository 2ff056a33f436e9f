"""`metrics check`: violations, totals, outputs and exit statuses."""

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
    """The printed lines."""
    return result.stdout.decode().splitlines()


def last_error(result: subprocess.CompletedProcess[bytes]) -> str:
    """The last line of the error of a refused run, which printed nothing."""
    assert (result.returncode, result.stdout) == (2, b"")
    return result.stderr.decode().splitlines()[-1]


class TestStatus:
    """0; 1 with violations; 2 for usage errors, and if a diagram could not be measured."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        """A folder with a diagram that keeps a limit, one that breaks it, and a malformed one."""
        write(tmp_path, {"good.bpmn": embedded(0), "bad.bpmn": embedded(1), "none.bpmn": b"<"})
        return tmp_path

    @pytest.mark.parametrize(
        ("names", "status", "conclusion"),
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
    def test_status(self, folder: Path, names: list[str], status: int, conclusion: str) -> None:
        result = run("check", "--limit", NONE, *names, cwd=folder)
        assert result.returncode == status
        assert text_of(result)[-1] == conclusion

    def test_exit_zero(self, folder: Path) -> None:
        strict = run("check", "--limit", NONE, "bad.bpmn", cwd=folder)
        result = run("check", "--exit-zero", "--limit", NONE, "bad.bpmn", cwd=folder)
        assert (result.returncode, result.stdout) == (0, strict.stdout)
        unmeasured = run("check", "--exit-zero", "--limit", NONE, cwd=folder)
        assert unmeasured.returncode == 2

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ([], "No limits: set them in "),
            (
                ["--limit", "x <= 3"],
                "--limit: No payload has the value 'x'.",
            ),
            (["--limit", "\x1bx <= 3"], "--limit: No payload has the value '\\x1bx'."),
            (["--limit", "\n\x1bx"], "--limit: '\\n\\x1bx' is not a limit: write KEY OP VALUE"),
            (["--total", f"{VERSION} >= 8"], f"--total: {VERSION} is not a number, so it has no "),
            (["--total", "x >= 8"], "--total: No payload has the value 'x'."),
            (
                ["--limit", NONE, "-f", "xml"],
                "--format: unknown format 'xml', use one of text, json, ",
            ),
            (["--limit", NONE, "-f", ":a"], "--format: unknown format '', use one of text, json, "),
            (["--limit", NONE, "-f", "json:"], "--format json: needs a file after the colon."),
            (
                ["--limit", NONE, "-f", "json:a", "-f", "text:./a"],
                "Two outputs would be written to the same file.",
            ),
            (["--limit", NONE, "--write-baseline"], "--write-baseline needs --baseline FILE"),
            (
                ["--limit", NONE, "--stdin-filename", "a.bpmn"],
                "--stdin-filename needs - (standard input)",
            ),
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

    def test_limits_that_do_not_apply_to_a_form(self, tmp_path: Path) -> None:
        write(tmp_path, {"a.form": b"{}"})
        assert run("check", "--limit", NONE, cwd=tmp_path).returncode == 0
        # A form without a version breaks a limit on the version.
        assert run("check", "--limit", f"{VERSION} >= 7", cwd=tmp_path).returncode == 1


class TestNothingToCheck:
    """A check of no diagram passes only if there is none, or if a hook names what it may skip."""

    LIMIT = ("--limit", NONE)

    @pytest.mark.parametrize(
        ("files", "arguments", "skipped"),
        [
            ({".gitignore": "*.bpmn", "a.bpmn": b"<"}, ["."], "a.bpmn"),
            ({".gitignore": "in/", "in/a.bpmn": b"<"}, [], "in/a.bpmn"),
            ({".in/a.bpmn": b"<"}, [], ".in/a.bpmn"),
            ({"a.bpmn": b"<"}, ["--exclude", "a.*"], "a.bpmn"),
            ({"in/a.xml": b"<"}, ["--include", "*.xml", "--exclude", "in"], "in/a.xml"),
            ({"in/a.bpmn": b"<"}, ["--exclude", "in", "--force-exclude", "in"], "in/a.bpmn"),
            ({"in/a.bpmn": b"<", "in/metrics.toml": "exclude='a.*'"}, ["in"], "in/a.bpmn"),
            ({"a.bpmn": b"<", "metrics.toml": "exclude='a.*'"}, ["a.bpmn"], "a.bpmn"),
        ],
    )
    def test_everything_is_skipped(
        self, tmp_path: Path, files: dict[str, bytes | str], arguments: list[str], skipped: str
    ) -> None:
        write(tmp_path, files)
        (tmp_path / ".git").mkdir()
        result = run("check", *self.LIMIT, *arguments, cwd=tmp_path)
        reason = (
            f"no diagram was checked: all diagrams, such as {skipped}, are ignored or excluded."
        )
        assert last_error(result) == f"Error: {reason}"

    @pytest.mark.parametrize(
        "arguments",
        [
            ["--force-exclude", "in/a.bpmn", "in/b.bpmn"],
            ["--force-exclude", "--files-from", "list"],
            ["--force-exclude", "c/d.bpmn"],
            ["--files-from", "empty"],
            ["none"],
        ],
    )
    def test_nothing_that_must_be_checked(self, tmp_path: Path, arguments: list[str]) -> None:
        write(tmp_path, dict.fromkeys(("in/a.bpmn", "in/b.bpmn", "c/d.bpmn"), b"<"))
        write(tmp_path, {"list": "in/a.bpmn\nc/d.bpmn\n", "empty": ""})
        write(tmp_path, {"metrics.toml": "exclude = 'in'", "c/metrics.toml": "exclude = 'd.*'"})
        (tmp_path / "none").mkdir()
        result = run("check", *self.LIMIT, *arguments, cwd=tmp_path)
        assert result.returncode == 0
        assert text_of(result) == ["0 diagrams checked, no violations."]

    def test_inside_an_excluded_folder(self, tmp_path: Path) -> None:
        write(tmp_path, {"in/a.bpmn": embedded(0), "metrics.toml": f"limits.{EMBEDDED} = '<= 0'"})
        arguments = ["--exclude", "in"]
        assert run("check", *arguments, "in", cwd=tmp_path).returncode == 0
        (tmp_path / "metrics.toml").write_text("exclude = 'in'")
        # The exclusion holds in the folder itself, too.
        scanned = run("scan", "--force-exclude", cwd=tmp_path / "in")
        assert (scanned.returncode, scanned.stdout) == (0, b"")
        result = run("check", *self.LIMIT, "--force-exclude", cwd=tmp_path / "in")
        assert last_error(result).endswith("all diagrams, such as a.bpmn, are ignored or excluded.")

    def test_outputs_are_not_written(self, tmp_path: Path) -> None:
        write(tmp_path, {"in/a.bpmn": embedded(1), "known": "", "metrics.toml": "exclude = 'in'"})
        arguments = ["--baseline", "known", "--write-baseline", "-f", "json:result"]
        assert run("check", *self.LIMIT, *arguments, cwd=tmp_path).returncode == 2
        assert (tmp_path / "known").read_bytes() == b""
        assert not (tmp_path / "result").exists()


def test_diagrams_without_limits_are_counted(tmp_path: Path) -> None:
    # The nearest configuration replaces those above it.
    write(tmp_path, {"a.bpmn": embedded(0), "in/b.bpmn": embedded(1), "in/c.bpmn": embedded(1)})
    write(tmp_path, {"metrics.toml": f"limits.{EMBEDDED} = '<= 0'", "in/metrics.toml": ""})
    result = run("check", "-f", "text", "-f", "json:all.json", cwd=tmp_path)
    assert result.returncode == 0
    assert text_of(result) == ["3 diagrams checked, no violations, 2 diagrams without limits."]
    assert json.loads((tmp_path / "all.json").read_bytes())["unlimited"] == 2


class TestText:
    """Text: each violation with its elements and their lines."""

    def printed(self, folder: Path, *limits: str, content: bytes = SEVERAL) -> list[str]:
        """The printed lines for a diagram that breaks some limits."""
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

    @pytest.mark.parametrize(("version", "shown"), [("7.9", "7.9"), (None, "not stated")])
    def test_versions(self, tmp_path: Path, version: str | None, shown: str) -> None:
        content = b'<?xml version="1.0"?>\n<!-- for\nall -->\n' + of_version(version)
        assert self.printed(tmp_path, f"{VERSION} >= 7.10", content=content) == [
            f"a.bpmn:4: {VERSION} is {shown}, its limit is >= 7.10",
            "    bpmn:Definitions  line 4",
            "1 diagram checked, 1 violation in 1 diagram.",
        ]

    def test_value_without_elements(self, tmp_path: Path) -> None:
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

    def test_violations_have_the_order_of_the_diagrams(self, tmp_path: Path) -> None:
        write(tmp_path, {f"{name}.bpmn": embedded(1) for name in ("b", "a/c", "a/b")})
        result = run("check", "--limit", NONE, "b.bpmn", "a", cwd=tmp_path)
        heads = [line.partition(":")[0] for line in text_of(result) if not line.startswith(" ")]
        assert heads[:-1] == ["b.bpmn", "a/b.bpmn", "a/c.bpmn"]

    def test_warnings_are_not_printed(self, tmp_path: Path) -> None:
        self.printed(tmp_path, NONE, content=embedded(1).replace(b"/>", b' name="a" name="b"/>'))


class TestStandardInput:
    """A diagram on standard input, such as an unsaved one of an editor."""

    def test_unnamed(self, tmp_path: Path) -> None:
        result = run("check", "--limit", NONE, "-", cwd=tmp_path, stdin=embedded(1))
        assert result.returncode == 1
        assert text_of(result)[:2] == [
            f"-:3: {EMBEDDED} is 1, its limit is <= 0",
            "    bpmn:UserTask T0  embedded  line 3",
        ]

    def test_named(self, tmp_path: Path) -> None:
        # The name selects the configuration; the saved file can have other content.
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
        # It cannot be read again, so the violation has no elements.
        pipe = tmp_path / "a.bpmn"
        os.mkfifo(pipe)
        writer = threading.Thread(target=pipe.write_bytes, args=[embedded(1)], daemon=True)
        writer.start()
        result = run("check", "--limit", NONE, "a.bpmn", cwd=tmp_path)
        assert result.returncode == 1
        assert text_of(result)[0] == f"a.bpmn: {EMBEDDED} is 1, its limit is <= 0"


class TestTotals:
    """Limits on totals over all diagrams."""

    def test_option(self, tmp_path: Path) -> None:
        write(tmp_path, {f"{number:02}.bpmn": embedded(number % 7) for number in range(20)})
        result = run("check", "--total", f"{EMBEDDED} <= 56", cwd=tmp_path)
        # 0 to 6 are 21, twice, and 0 to 5 are 15.
        assert text_of(result) == [
            f"the total of {EMBEDDED} is 57, its limit is <= 56",
            "    diagrams with the largest values:",
            *(f"    6  {name}.bpmn" for name in ("06", "13")),
            *(f"    5  {name}.bpmn" for name in ("05", "12", "19")),
            *(f"    4  {name}.bpmn" for name in ("04", "11", "18")),
            *(f"    3  {name}.bpmn" for name in ("03", "10")),
            "20 diagrams checked, 1 total breaks its limit.",
        ]
        assert result.returncode == 1
        assert run("check", "--total", f"{EMBEDDED} <= 57", cwd=tmp_path).returncode == 0

    def test_total_of_nesting_is_the_maximum(self, tmp_path: Path) -> None:
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
            "    diagrams with the largest values:",
            "    2  one/a.bpmn",
            "    2  one/b.bpmn",
            "3 diagrams checked, 1 total breaks its limit.",
        ]
        # The option replaces both.
        assert broken("--total", f"{EMBEDDED} <= 6", cwd=tmp_path) == {"total": 7}
        assert broken("--total", f"{EMBEDDED} <= 7", cwd=tmp_path) == {}

    def test_lower_bound(self, tmp_path: Path) -> None:
        write(tmp_path, {"a.bpmn": embedded(0), "b.form": b"{}"})
        result = run("check", "--total", f"{EMBEDDED} >= 1", cwd=tmp_path)
        assert result.returncode == 1
        assert text_of(result) == [
            f"the total of {EMBEDDED} is 0, its limit is >= 1",
            "2 diagrams checked, 1 total breaks its limit.",
        ]
        # The unmeasured diagram could have what is missing.
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
        # The other outputs are still written.
        assert result.returncode == 2
        assert text_of(result)[-1] == "1 diagram checked, 1 violation in 1 diagram."
        assert json.loads((tmp_path / "b.json").read_bytes())["measured"] == 1
        assert result.stderr == b"Error: cannot write none/a: No such file or directory\n"
        arguments = ["-f", "sarif:none/a", "-f", "json:none/b", "--limit", NONE]
        errors = run("check", *arguments, cwd=tmp_path).stderr.decode().splitlines()
        assert errors == [f"Error: cannot write none/{x}: No such file or directory" for x in "ab"]

    @pytest.mark.parametrize("option", ["-f", "--baseline"])
    def test_diagrams_are_not_overwritten(self, tmp_path: Path, option: str) -> None:
        write(tmp_path, {"a.bpmn": embedded(1)})
        (tmp_path / "link").symlink_to("a.bpmn")
        path = "json:link" if option == "-f" else "link"
        arguments = [option, path, *(["--write-baseline"] if option == "--baseline" else [])]
        message = last_error(run("check", *arguments, "--limit", NONE, "a.bpmn", cwd=tmp_path))
        assert "would overwrite link" in message or "cannot be an output" in message
        assert (tmp_path / "a.bpmn").read_bytes() == embedded(1)


class TestJobs:
    """The number of processes does not change the result."""

    @pytest.mark.slow
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
    """Differences that do not matter to a diagram do not change the result."""

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
        values: dict[str, list[tuple[str, object]]] = {}
        for record in checked(*options, "--limit", f"{VERSION} > 8", cwd=tmp_path)["violations"]:
            values.setdefault(record["file"], []).append((record["key"], record["value"]))
        assert values["a.bpmn"] == values["b.bpmn"] == values["c.bpmn"]
        assert len(values["a.bpmn"]) == 6


class TestHostile:
    """Names and texts with line breaks or control characters are escaped."""

    ODD = "a\n::error::b\x1b[31m\r\x9b\u2028%,:.bpmn"

    @pytest.mark.parametrize("format_name", ["text", "github"])
    def test_names(self, tmp_path: Path, format_name: str) -> None:
        arguments = ["check", "-f", format_name, "--limit", NONE, "--total", NONE]
        write(tmp_path, {"a.bpmn": embedded(1), "b.bpmn": b"<"})
        usual = run(*arguments, cwd=tmp_path, env=HERE).stdout.decode().split("\n")
        for name in ("a.bpmn", "b.bpmn"):
            (tmp_path / name).rename(tmp_path / f"{name[0]}{self.ODD}")
        result = run(*arguments, cwd=tmp_path, env=HERE)
        lines = result.stdout.decode().split("\n")
        assert len(lines) == len(usual)
        assert [line[:7] for line in lines[-3:]] == [line[:7] for line in usual[-3:]]
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
            # A long text is truncated.
            assert len(printed) < 10_000


class TestLogs:
    """In a job of GitHub, no name is read as a workflow command."""

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

    def test_no_command_in_a_line_of_a_table(self, tmp_path: Path) -> None:
        version = " ::error::x".join("12345678901")
        root = f'<bpmn:definitions modeler:executionPlatformVersion="{version}"'
        content = process("<bpmn:userTask/>").replace(b"<bpmn:definitions", root.encode())
        platform = b' modeler:executionPlatform="Camunda Cloud" '
        write(
            tmp_path,
            {"a.bpmn": content.replace(b"<bpmn:definitions", b"<bpmn:definitions" + platform)},
        )
        env = {"GITHUB_ACTIONS": "true", "COLUMNS": "60"}
        printed = run("scan", "-f", "table", "a.bpmn", "a.bpmn", cwd=tmp_path, env=env).stdout
        assert rb"\x3a:error" in printed
        assert not [line for line in printed.splitlines() if line.lstrip().startswith(b"::")]

    def test_names_are_unchanged_elsewhere(self, folder: Path) -> None:
        env = {"GITHUB_ACTIONS": ""}
        printed = run("check", "--limit", NONE, cwd=folder, env=env).stdout.decode()
        assert all(f"{name}:3: " in printed for name in self.NAMES)


class TestSameName:
    """The elements of a violation belong to its own diagram, even if another has its name."""

    def test_standard_input_with_the_name_of_a_file(self, tmp_path: Path) -> None:
        other = process("<bpmn:task/>\n" * 7 + '<bpmn:userTask camunda:formKey="embedded:f"/>')
        write(tmp_path, {"a.bpmn": embedded(1)})
        arguments = ("--limit", NONE, "--stdin-filename", "a.bpmn", "a.bpmn", "-")
        violations = checked(*arguments, cwd=tmp_path, stdin=other)["violations"]
        assert [record["file"] for record in violations] == ["a.bpmn", "a.bpmn"]
        # Those of the file, or none, but never those of standard input.
        lines = [[item["line"] for item in record["items"]] for record in violations]
        assert lines[0] in ([], [3])

    def test_parent_of_a_link(self, tmp_path: Path) -> None:
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
        # A diagram in a folder, or the target of a link.
        ["-f", "json:a.bpmn", "."],
        ["-f", "json:link", "."],
        ["--baseline", "link", "--write-baseline"],
    ],
)
def test_inputs_are_not_overwritten(tmp_path: Path, arguments: list[str]) -> None:
    text = f'limits.{EMBEDDED} = "<= 9"'
    write(tmp_path, {"a.bpmn": embedded(1), "metrics.toml": text, "sub/pyproject.toml": ""})
    (tmp_path / "link").symlink_to("a.bpmn")
    result = run("check", *arguments, cwd=tmp_path)
    assert (result.returncode, result.stdout) == (2, b"")
    assert (tmp_path / "metrics.toml").read_text() == text
    assert (tmp_path / "a.bpmn").read_bytes() == embedded(1)
    assert not (tmp_path / "new").exists()


@pytest.mark.slow
def test_current_folder_is_gone(tmp_path: Path) -> None:
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
