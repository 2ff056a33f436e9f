"""Explanations: a number counts as many items as it says, and each is in its line."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from lxml import etree
from support.command import lines, run
from support.diagrams import BPMN, ZEEBE, definitions, process

from metrics import OWN_FRAGMENTS, explain, scan
from metrics.explanation import DiagramElement
from metrics.metric import Finding, by_keys

if TYPE_CHECKING:
    from metrics import Explanation

FIXTURES = Path(__file__).parent / "fixtures"
CASE = FIXTURES / "explanation" / "every_number.bpmn"
ALL = sorted(path for path in FIXTURES.rglob("*") if path.suffix in {".bpmn", ".dmn", ".form"})
FORM_KEY = "diagramMetrics.tasks.userTask.form.embedded"


def numbers(payload: dict[str, Any]) -> dict[str, int]:
    """The non-zero numbers of a payload by their keys."""
    by_key: dict[str, int] = {}
    for key, value in payload.items():
        if isinstance(value, dict):
            by_key |= {f"{key}.{inner}": number for inner, number in numbers(value).items()}
        elif type(value) is int and value:
            by_key[key] = value
    for index, template in enumerate(payload.get("elementTemplates", [])):
        for binding, times in template["properties"].items():
            by_key[f"elementTemplates[{index}].properties.{binding}"] = times
    return by_key


def assert_as_many_as_counted(explanation: Explanation, path: Path) -> None:
    """Check that the numbers are those of `scan`, and that each has as many items."""
    report = scan(path)
    assert explanation.report.payload() == report.payload()
    explained = {number.key: number.value for number in explanation.numbers}
    assert explained == (numbers(report.payload()) if report.error is None else {})
    for number in explanation.numbers:
        assert sum(item.times for item in number.items) == number.value
        counted = [item.element for item in number.items if item.element is not None]
        assert len({element._replace(kind=None) for element in counted}) == len(counted)
        if "].properties." not in number.key:
            assert len(number.items) == number.value
        for item in number.items:
            assert (item.element is None) == bool(item.sources)


@pytest.mark.parametrize("path", ALL, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_fixture(path: Path) -> None:
    explanation = explain(path)
    assert_as_many_as_counted(explanation, path)
    # Fixtures are UTF-8, with one kind of line break.
    text = path.read_bytes().decode(errors="replace").split("\n")
    for number in explanation.numbers:
        for item in number.items:
            elements = [*item.sources, *item.related.values(), *filter(None, [item.element])]
            for element in elements:
                assert element.line is not None
                name = re.escape(element.type.rpartition(":")[2])
                assert re.search(rf"<(?:[\w.-]+:)?{name}\b", text[element.line - 1], re.IGNORECASE)


@pytest.mark.slow
@pytest.mark.skipif("METRICS_CORPUS" not in os.environ, reason="needs METRICS_CORPUS")
def test_corpus() -> None:
    paths = [path for path in Path(os.environ["METRICS_CORPUS"]).rglob("*") if path.is_file()]
    for path in paths:
        assert_as_many_as_counted(explain(path), path)


class TestFormats:
    """A tree for people and JSON for tools, with the same content."""

    def test_json(self) -> None:
        result = run("explain", "-f", "json", CASE.name, cwd=CASE.parent)
        assert result.returncode == 0
        printed = json.loads(result.stdout)
        for number in printed["numbers"]:
            meaning = number.pop("meaning", None)
            assert (meaning is None) == ("].properties." in number["key"])
        assert printed == json.loads(CASE.with_suffix(".json").read_text("utf-8"))

    def test_meanings_are_those_of_the_engine(self) -> None:
        source = process('<bpmn:serviceTask id="a" camunda:type="external"/>')
        (meaning,) = [
            number.meaning
            for number in explain(source).numbers
            if number.key.endswith("implementation.external")
        ]
        assert meaning == "Service tasks whose `camunda:type` is `external`"

    def test_ndjson(self) -> None:
        expected = json.loads(CASE.with_suffix(".json").read_text("utf-8"))
        file = {"file": expected["file"]}
        assert lines(run("explain", "-f", "ndjson", CASE.name, cwd=CASE.parent)) == [
            *(
                file | {"key": number["key"]} | item
                for number in expected["numbers"]
                for item in number["items"]
            ),
            *(file | {"dropped": dropped} for dropped in expected["dropped"]),
        ]

    def test_tree(self) -> None:
        printed = run("explain", CASE.name, cwd=CASE.parent, env={"COLUMNS": "40"}).stdout.decode()
        assert printed.splitlines()[:8] == [
            "every_number.bpmn  bpmn · Camunda Platform (not stated)",
            "elementTemplateCount  1",
            "└── org.example.Book  version 2",
            "    └── bpmn:ServiceTask Book  line 22",
            "elementTemplates[0].properties.camunda:resultVariable  1",
            "└── bpmn:ServiceTask Book  camunda:resultVariable  line 22",
            "diagramMetrics.processVariablesCount  2",
            "├── amount  scope bpmn:SubProcess “Pay the claim” Payment  line 9",
        ]
        assert printed.splitlines()[-2:] == [
            "dropped with their content  1",
            "└── bpmn:UserTask Assess  line 25  duplicate id",
        ]
        for number in json.loads(CASE.with_suffix(".json").read_text("utf-8"))["numbers"]:
            assert f"{number['key']}  {number['value']}\n" in printed

    def test_tree_of_nothing(self, tmp_path: Path) -> None:
        (tmp_path / "a.form").write_text("{}")
        printed = run("explain", "a.form", cwd=tmp_path).stdout.decode()
        assert printed.splitlines() == [
            "a.form  form · Camunda Platform (not stated)",
            "Nothing is counted.",
        ]

    def test_all_dropped_elements_are_listed(self, tmp_path: Path) -> None:
        path = tmp_path / "a.bpmn"
        path.write_bytes(process('<bpmn:task id="a"/>\n' * 300))
        printed = json.loads(run("explain", "-f", "json", path).stdout)
        assert [dropped["line"] for dropped in printed["dropped"]] == [*range(4, 303)]
        assert printed["warnings"] == []

    def test_warnings(self, tmp_path: Path) -> None:
        path = tmp_path / "a.bpmn"
        path.write_bytes(process('<bpmn:task name="a" name="b"/>'))
        ((message, line),) = scan(path).warnings
        printed = json.loads(run("explain", "-f", "json", path).stdout)
        assert printed["warnings"] == [{"message": message, "line": line}]
        assert f"warnings  1\n└── {message}  line 3\n" in run("explain", path).stdout.decode()

    @pytest.mark.parametrize("format_name", ["tree", "json", "ndjson"])
    def test_control_characters_are_escaped(self, tmp_path: Path, format_name: str) -> None:
        path = tmp_path / "a.bpmn"
        path.write_bytes(process('<bpmn:userTask id="a" name="a&#10;b&#x9b;31m [red]&#x202e;c"/>'))
        printed = run("explain", "-f", format_name, path).stdout.decode()
        assert "\x9b" not in printed
        if format_name == "tree":
            assert "“a\\nb\\x9b31m [red]\\u202ec”" in printed


class TestHostile:
    """Explanations of hostile diagrams stay small."""

    def test_long_name_of_a_scope(self) -> None:
        inputs = "".join(f'<camunda:inputParameter name="v{number}"/>' for number in range(2000))
        tasks = "".join(
            f'<bpmn:scriptTask camunda:resultVariable="v{number}"/>' for number in range(2000)
        )
        source = process(
            f'<bpmn:subProcess name="{"n" * 100_000}"><bpmn:extensionElements>'
            f"<camunda:inputOutput>{inputs}</camunda:inputOutput></bpmn:extensionElements>"
            f"{tasks}</bpmn:subProcess>"
        )
        printed = run("explain", "-f", "json", "-", stdin=source).stdout
        assert len(printed) < 10_000_000
        assert json.loads(printed)["numbers"][0]["value"] == 2000

    @pytest.mark.slow
    def test_many_attributes(self) -> None:
        attributes = " ".join(f'camunda:a{number}="1"' for number in range(30_000))
        source = process(f'<bpmn:task id="t" camunda:modelerTemplate="t" {attributes}/>')
        printed = run("explain", "-f", "ndjson", "-", stdin=source)
        assert len(printed.stdout.splitlines()) == 30_001

    def test_element_that_has_a_property(self) -> None:
        source = process(
            '<bpmn:task id="t" camunda:modelerTemplate="t" camunda:asyncBefore="true">\n'
            '<bpmn:extensionElements><camunda:in source="a"/></bpmn:extensionElements></bpmn:task>'
        )
        printed = lines(run("explain", "-f", "ndjson", "-", stdin=source))
        task = {"type": "bpmn:Task", "id": "t", "line": 3}
        own, inner = (line for line in printed if "properties" in line["key"])
        assert (
            own
            == {
                "file": "-",
                "key": "elementTemplates[0].properties.camunda:asyncBefore",
                "kind": "camunda:asyncBefore",
            }
            | task
        )
        assert inner == {
            "file": "-",
            "key": "elementTemplates[0].properties.camunda:in",
            "kind": "camunda:in",
            "type": "camunda:In",
            "line": 4,
            "element": task,
        }

    def test_a_dot_in_a_binding(self) -> None:
        source = process('<bpmn:task camunda:modelerTemplate="t" camunda:a="" camunda:a.b=""/>')
        key = "elementTemplates[0].properties.camunda:a"
        assert [number.key for number in explain(source).only([key]).numbers] == [key]


class TestElementThatCountsTwice:
    """An element is one item of a number, and one source of an item, with all its kinds."""

    def test_property_that_counts_twice(self) -> None:
        definition = '<bpmn:messageEventDefinition messageRef="m"/>'
        source = definitions(
            '<bpmn:message id="m" name="paid"/>\n<bpmn:process id="p">'
            '<bpmn:intermediateCatchEvent id="e" zeebe:modelerTemplate="t">'
            f"{definition * 2}</bpmn:intermediateCatchEvent></bpmn:process>",
            namespaces=f'xmlns:bpmn="{BPMN}" xmlns:zeebe="{ZEEBE}"',
        )
        binding = "bpmn:Message#property"
        (number,) = explain(source).only([f"elementTemplates[0].properties.{binding}"]).numbers
        assert number.value == 2
        (item,) = number.items
        assert item.element == DiagramElement("bpmn:Message", "m", "paid", 2, binding)
        assert item.times == 2

    def test_source_of_two_kinds(self) -> None:
        path = FIXTURES / "process_variables" / "error_code_and_message_of_one_name.bpmn"
        (number,) = explain(path).only(["diagramMetrics.processVariablesCount"]).numbers
        (source,) = number.items[0].sources
        assert (source.id, source.kind) == (
            "Boundary_Failed",
            "errorCodeVariable, errorMessageVariable",
        )

    def test_source_of_one_kind_twice(self) -> None:
        path = FIXTURES / "process_variables" / "same_name_twice_on_one_element.bpmn"
        (number,) = explain(path).only(["diagramMetrics.processVariablesCount"]).numbers
        (source,) = number.items[0].sources
        assert (source.id, source.kind) == ("Task_Approve", "outputParameter")

    @pytest.mark.parametrize(
        ("case", "source"),
        [
            ("output_parameter", "outputParameter"),
            ("form_field", "formField"),
            ("out_mapping", "outMapping"),
            ("result_variable", "resultVariable"),
            ("error_code_variable", "errorCodeVariable"),
            ("error_message_variable", "errorMessageVariable"),
            ("escalation_code_variable", "escalationCodeVariable"),
        ],
    )
    def test_kind_of_a_writer_is_its_source(self, case: str, source: str) -> None:
        path = FIXTURES / "process_variables" / f"{case}.bpmn"
        (number,) = explain(path).only(["diagramMetrics.processVariablesCount"]).numbers
        assert {each.kind for item in number.items for each in item.sources} == {source}

    def test_scope_is_no_element_above_the_root_element(self) -> None:
        path = FIXTURES / "process_variables" / "scope_on_definitions.bpmn"
        (number,) = explain(path).only(["diagramMetrics.processVariablesCount"]).numbers
        scopes = [item.related["scope"].id for item in number.items]
        assert scopes == ["Process_Invoice", "Process_Refund"]

    def test_findings_of_one_element(self) -> None:
        root = etree.fromstring(process('<bpmn:userTask id="a"/>'))
        findings = [
            Finding(("count", "kinds.form", "kinds.form"), root),
            Finding(("count", "kinds.script"), root),
        ]
        assert [(key, source and source.kinds) for key, source, *_ in by_keys(findings)] == [
            ("count", ("form",)),
            ("kinds.form", ("form",)),
            ("count", ("script",)),
            ("kinds.script", ("script",)),
        ]


class TestKeys:
    """--key explains one number, or all numbers below a key."""

    def explained(self, *keys: str) -> list[str]:
        """The keys of the numbers that are printed."""
        options = [word for key in keys for word in ("--key", key)]
        printed = json.loads(run("explain", "-f", "json", *options, CASE).stdout)
        return [number["key"] for number in printed["numbers"]]

    @pytest.mark.parametrize(
        ("keys", "expected"),
        [
            ([FORM_KEY], [FORM_KEY]),
            (["diagramMetrics.tasks.userTask.form.other"], []),
            (
                ["diagramMetrics.subprocessPlanes", "elementTemplateCount"],
                [
                    "elementTemplateCount",
                    "diagramMetrics.subprocessPlanes.count",
                    "diagramMetrics.subprocessPlanes.nesting",
                ],
            ),
            (["elementTemplates"], ["elementTemplates[0].properties.camunda:resultVariable"]),
            (["elementTemplates[0]"], ["elementTemplates[0].properties.camunda:resultVariable"]),
            (["elementTemplates[1]"], []),
            # Short keys of a number and of groups.
            (["form.embedded"], [FORM_KEY]),
            (
                ["userTask"],
                [
                    "diagramMetrics.tasks.userTask.count",
                    "diagramMetrics.tasks.userTask.form.count",
                    FORM_KEY,
                    "diagramMetrics.tasks.userTask.form.camundaForms",
                ],
            ),
        ],
    )
    def test_keys(self, keys: list[str], expected: list[str]) -> None:
        assert self.explained(*keys) == expected

    @pytest.mark.parametrize(
        ("key", "suggestion"),
        [
            ("diagramMetrics.tasks.userTask.form.embeded", FORM_KEY),
            ("form.embeded", FORM_KEY),
            ("userTaks.form.embedded", FORM_KEY),
            ("executionPlatform", None),
            ("diagramMetrics.", None),
            ("elementTemplates[x]", None),
            ("elementTemplates[", None),
            ("elementTemplates[0].nonsense", None),
            ("elementTemplates[0]].properties", None),
            ("", None),
        ],
    )
    def test_key_that_no_payload_has(self, key: str, suggestion: str | None) -> None:
        result = run("explain", "--key", key, CASE)
        assert (result.returncode, result.stdout) == (2, b"")
        (message,) = result.stderr.decode().splitlines()[3:]
        hint = f" Did you mean '{suggestion}'?" if suggestion else ""
        assert message.startswith(f"Error: --key: No number has the key '{key}'.{hint}")

    def test_ambiguous_key(self) -> None:
        result = run("explain", "--key", "count", CASE)
        assert (result.returncode, result.stdout) == (2, b"")
        (message,) = result.stderr.decode().splitlines()[3:]
        assert message == (
            "Error: --key: 'count' is short for several keys:"
            " 'diagramMetrics.tasks.userTask.count',"
            " 'diagramMetrics.tasks.userTask.form.count',"
            " 'diagramMetrics.tasks.serviceTask.count',"
            " 'diagramMetrics.tasks.serviceTask.implementation.count' and"
            " 'diagramMetrics.subprocessPlanes.count'."
        )

    def test_hostile_key(self) -> None:
        result = run("explain", "--key", "a\x1b[31m\nb\u202e", CASE)
        (message,) = result.stderr.decode().splitlines()[3:]
        assert message == r"Error: --key: No number has the key 'a\x1b[31m\nb\u202e'."

    def test_library_raises(self) -> None:
        with pytest.raises(KeyError, match="nothing"):
            explain(CASE).only(["nothing"])


class TestErrors:
    """A diagram that cannot be measured has the error of `scan`."""

    @pytest.mark.parametrize("format_name", ["tree", "json", "ndjson"])
    def test_error(self, tmp_path: Path, format_name: str) -> None:
        (tmp_path / "a.bpmn").write_bytes(b"<")
        result = run("explain", "-f", format_name, "a.bpmn", cwd=tmp_path)
        assert result.returncode == 2
        assert result.stderr == run("scan", "a.bpmn", cwd=tmp_path).stderr
        if format_name == "tree":
            assert result.stdout == b""
        else:
            error = scan(tmp_path / "a.bpmn").payload()
            assert json.loads(result.stdout) == {"file": "a.bpmn"} | error

    def test_standard_input(self) -> None:
        source = CASE.read_bytes()
        named = run("explain", "-f", "json", "--stdin-filename", "b.bpmn", "-", stdin=source)
        assert json.loads(named.stdout)["file"] == "b.bpmn"
        unnamed = run("explain", "-f", "json", "-", stdin=source)
        assert json.loads(unnamed.stdout)["file"] == "-"
        assert run("explain", "--stdin-filename", "b.bpmn", CASE).returncode == 2


class TestParts:
    """Parts of elements without ids are shown with their element."""

    LISTENERS = (
        '<bpmn:userTask id="t"><bpmn:extensionElements>'
        '<camunda:taskListener class="A"/><camunda:taskListener id="l" class="B"/>'
        "</bpmn:extensionElements></bpmn:userTask>"
    )

    def elements_of(self, key: str, content: str) -> list[str | None]:
        """The ids of the elements of the items that a number counts."""
        (number,) = explain(process(content), fragments=OWN_FRAGMENTS).only([key]).numbers
        holders = (item.related.get("element") for item in number.items)
        return [None if holder is None else holder.id for holder in holders]

    def test_listeners(self) -> None:
        # The second listener has an id.
        assert self.elements_of("implementations.taskListener.count", self.LISTENERS) == ["t", None]

    def test_condition(self) -> None:
        flow = (
            '<bpmn:sequenceFlow id="f"><bpmn:conditionExpression language="groovy"/>'
            "</bpmn:sequenceFlow>"
        )
        assert self.elements_of("implementations.scripts.conditions", flow) == ["f"]

    def test_flow_element_without_an_id(self) -> None:
        task = '<bpmn:subProcess id="s"><bpmn:userTask/></bpmn:subProcess>'
        assert self.elements_of("diagramMetrics.tasks.userTask.count", task) == [None]

    def test_violation_names_the_element(self, tmp_path: Path) -> None:
        (tmp_path / "a.bpmn").write_bytes(process(self.LISTENERS))
        result = run("check", "-f", "github", "--limit", "taskListener.count <= 0", cwd=tmp_path)
        assert "camunda:TaskListener in bpmn:UserTask t, line" in result.stdout.decode()
