"""The schemas accept what is printed, and nothing else.

`METRICS_CORPUS` may name a folder with more diagrams; their payloads and events are validated, too.
"""

from __future__ import annotations

import copy
import json
import os
import sys
from collections.abc import Iterator
from functools import cache
from itertools import combinations
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from jsonschema import Draft202012Validator
from support.command import lines, run
from support.events_of_diagrams import CASES, events_of

from metrics import EVENTS, FRAGMENTS, OWN_FRAGMENTS, discover, scan
from metrics.blocks import LeafKind, alternatives, inner_blocks, json_key, type_hints
from metrics.catalog import own_metric
from metrics.formats.text import dumps
from metrics.keys import leaves_with
from metrics.schemas import RESULTS, file_name, names, schema

if TYPE_CHECKING:
    from metrics import Report

HERE = Path(__file__).parent.parent
FIXTURES = HERE / "fixtures"
CORPUS = os.environ.get("METRICS_CORPUS")
FOLDERS = [str(FIXTURES), *([CORPUS] if CORPUS else [])]


@cache
def validator(name: str, *, documented_keys: bool = False) -> Draft202012Validator:
    """The validator of a schema."""
    return Draft202012Validator(schema(name, documented_keys=documented_keys))


def reports() -> Iterator[Report]:
    """The reports of all diagrams."""
    return map(scan, (path for path in discover(FOLDERS) if isinstance(path, str)))


@pytest.mark.parametrize("documented_keys", [False, True])
@pytest.mark.parametrize("name", names())
def test_schema_is_valid_and_printed(name: str, documented_keys: bool) -> None:
    document = schema(name, documented_keys=documented_keys)
    Draft202012Validator.check_schema(document)
    assert document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    options = ["--documented-keys"] if documented_keys else []
    assert json.loads(run("schema", name, *options).stdout) == document
    for value in described(document):
        assert value.get("description")


def described(document: Any) -> Iterator[dict[str, Any]]:
    """The schemas of all keys, which must have descriptions."""
    inner_schemas = [item for item in document.get("properties", {}).values() if item is not True]
    # The condition of a branch needs no description.
    yield from (item for item in inner_schemas if set(item) not in ({"const"}, {"enum"}))
    keys = ("then", "else", "items", "additionalProperties")
    branches = (document[key] for key in keys if isinstance(document.get(key), dict))
    unions = (*document.get("oneOf", ()), *document.get("anyOf", ()))
    for inner in (*inner_schemas, *branches, *unions):
        yield from described(inner)


def test_changing_a_schema_changes_no_other() -> None:
    schema("link:opened")["allOf"][0]["then"]["required"].append("mine")
    validator("link:opened").validate(CASES["click_external_link"]["event"])
    assert schema("link:opened")["allOf"][0]["then"]["required"] == ["link"]


def test_names_are_listed() -> None:
    listed = run("schema").stdout.decode().splitlines()
    assert listed == list(names())
    assert set(listed) == {
        "payload",
        *FRAGMENTS,
        *OWN_FRAGMENTS,
        "error",
        "line",
        "summary",
        "check",
        "diff",
        *EVENTS,
    }


def test_unknown_name() -> None:
    result = run("schema", "diagram:saved")
    assert (result.returncode, result.stdout) == (2, b"")
    assert b"'diagram:opened'" in result.stderr
    with pytest.raises(KeyError):
        schema("diagram:saved")


def test_package_contains_the_schemas_as_files() -> None:
    folder = Path(sys.modules[schema.__module__].__path__[0])
    shipped = {path.name: json.loads(path.read_text("utf-8")) for path in folder.glob("*.json")}
    assert shipped == {file_name(name): schema(name) for name in names()}


def test_descriptions_are_those_of_the_fields() -> None:
    for_bpmn, *_ = schema("diagramMetrics")["oneOf"]
    planes = for_bpmn["properties"]["diagramMetrics"]["properties"]["subprocessPlanes"]
    assert list(planes["properties"]) == ["count", "nesting"]
    for_documents, *_ = schema("diagramMetrics", documented_keys=True)["oneOf"]
    assert "nesting:" in json.dumps(for_documents)
    reference = (HERE.parent / "docs" / "reference.md").read_text("utf-8")
    assert planes["properties"]["nesting"]["description"] in reference


class TestPrinted:
    """Everything that is printed is valid."""

    @pytest.mark.slow
    @pytest.mark.parametrize("documented_keys", [False, True])
    def test_lines(self, documented_keys: bool) -> None:
        options = ["--documented-keys"] if documented_keys else ["--warnings"]
        printed = lines(run("scan", "--format", "ndjson", *options, *FOLDERS))
        assert len(printed) > 500
        validate = validator("line", documented_keys=documented_keys).validate
        for line in printed:
            validate(line)

    def test_single_diagrams(self, tmp_path: Path) -> None:
        for path in (FIXTURES / "events").glob("*.*m*"):
            for options in ([], ["--warnings"]):
                validator("payload").validate(json.loads(run("scan", *options, path).stdout))
        broken = tmp_path / "broken.bpmn"
        broken.write_text("<")
        validator("error").validate(json.loads(run("scan", broken).stdout))
        validator("line").validate(json.loads(run("scan", broken).stdout))

    @pytest.mark.slow
    def test_payloads_fragments_and_events(self) -> None:
        seen = set()
        for report in reports():
            payload = report.payload()
            # Many diagrams have equal payloads.
            identity = dumps(payload)
            if identity in seen:
                continue
            seen.add(identity)
            if report.error is not None:
                validator("error").validate(payload)
                continue
            validator("payload").validate(payload)
            for fragment in FRAGMENTS:
                validator(fragment).validate(report.payload(fragments=[fragment]))
            for event in events_of(report):
                validator(event.name).validate(event.payload())
                validator(event.name).validate(event.payload(without_if_too_large=True))
                documented = event.payload(documented_keys=True)
                validator(event.name, documented_keys=True).validate(documented)
        assert len(seen) > 200

    @pytest.mark.parametrize("name", CASES)
    def test_event(self, name: str) -> None:
        printed = json.loads(run("event", *CASES[name]["command"], cwd=FIXTURES / "events").stdout)
        documented_keys = "--documented-keys" in CASES[name]["command"]
        validator(printed["event"], documented_keys=documented_keys).validate(printed)


class Example(NamedTuple):
    """A value that a schema accepts."""

    name: str
    value: dict[str, Any]


def examples() -> Iterator[Example]:
    """Values of each kind that each schema accepts."""
    for case in CASES.values():
        if "--documented-keys" not in case["command"]:
            yield Example(case["event"]["event"], case["event"])
    for path in sorted((FIXTURES / "events").glob("*.*m*")):
        report = scan(path)
        yield Example("payload", report.payload())
        yield Example("line", {"file": str(path)} | report.payload())
        yield from (Example(name, report.payload(fragments=[name])) for name in FRAGMENTS)
        for name in OWN_FRAGMENTS:
            yield Example(name, scan(path, fragments=[name]).payload(fragments=[name]))
    error = scan(b"<a>", name="a.bpmn").payload()
    yield Example("error", error)
    yield Example("line", {"file": "a.bpmn"} | error)


EXAMPLES = list(examples())


def test_each_schema_has_an_example() -> None:
    # Those of the results of commands are in a module of their own.
    assert {example.name for example in EXAMPLES} | {*RESULTS} == set(names())


def paths_in(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The paths of all values within a value, its own first."""
    yield path
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from paths_in(item, (*path, key))


def changed(value: Any, path: tuple[str | int, ...], to: Any) -> Any:
    """A copy with another value at a path."""
    if not path:
        return to
    copied = copy.deepcopy(value)
    holder = copied
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = to
    return copied


def types_at(path: tuple[str | int, ...]) -> set[type]:
    """Further types of the values at a path: those of a field that has several types."""
    if path == ("executionPlatformVersion",):
        # The version of a form may be a number.
        return {NoneType, int, float}
    if not path or path[0] not in OWN_FRAGMENTS:
        return set()
    hints: list[Any] = [own_metric(str(path[0])).block]
    for part in path[1:]:
        blocks = [block for hint in hints for block in inner_blocks(hint)]
        hints = [hint for block in blocks for hint in hints_of(block, str(part))]
    types = {part for hint in hints for part in alternatives(hint) if isinstance(part, type)}
    # JSON has one type of numbers.
    return types | {int} if float in types else types


def hints_of(block: type, key: str) -> list[Any]:
    """The type of the field with a key, if a block has one."""
    return [hint for name, hint in type_hints(block).items() if json_key(name) == key]


def is_open_map(path: tuple[str | int, ...]) -> bool:
    """Whether the value at a path may have any keys."""
    leaf = leaves_with(frozenset(OWN_FRAGMENTS)).get(".".join(map(str, path)))
    return path[-1:] in (("properties",), ("flags",), ("formFieldTypes",)) or (
        leaf is not None and leaf.kind is LeafKind.MAP
    )


def at(value: Any, path: tuple[str | int, ...]) -> Any:
    """The value at a path."""
    for key in path:
        value = value[key]
    return value


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
class TestRefused:
    """Everything else is invalid."""

    def test_wrong_types(self, example: Example) -> None:
        validate = validator(example.name)
        assert validate.is_valid(example.value)
        for path in paths_in(example.value):
            allowed = {type(at(example.value, path)), *types_at(path)}
            wrong: Any
            for wrong in (None, 1.5, 1, "a text", True, [], {}):
                if type(wrong) in allowed:
                    continue
                assert not validate.is_valid(changed(example.value, path, wrong)), (path, wrong)

    def test_negative_counts(self, example: Example) -> None:
        for path in paths_in(example.value):
            value = at(example.value, path)
            if type(value) is int and float not in types_at(path):
                assert not validator(example.name).is_valid(changed(example.value, path, -1))

    def test_unknown_keys(self, example: Example) -> None:
        for path in paths_in(example.value):
            value = at(example.value, path)
            if isinstance(value, dict) and not is_open_map(path):
                more = changed(example.value, path, value | {"unknown": 0})
                assert not validator(example.name).is_valid(more), path

    def test_missing_keys(self, example: Example) -> None:
        may_lack = {"icon", "error", "file", "link", "executionPlatformVersion", "line", "column"}
        may_lack |= {"targetType", "deployedTo", "elementTemplates", "diagramMetrics"}
        may_lack |= {*OWN_FRAGMENTS}
        if example.name in EVENTS:
            may_lack |= {"elementTemplateCount", "formFieldTypes"}
        for key in set(example.value) - may_lack:
            less = {name: item for name, item in example.value.items() if name != key}
            assert not validator(example.name).is_valid(less), key

    def test_unknown_words(self, example: Example) -> None:
        for key in ("event", "diagramType", "type", "parent", "source", "targetType"):
            if key in example.value:
                other = example.value | {key: "anything"}
                assert not validator(example.name).is_valid(other), key


def test_texts_that_events_do_not_carry() -> None:
    event = CASES["diagram_opened"]["event"]
    validate = validator("diagram:opened")
    (entry,) = event["elementTemplates"]
    for key, value in (
        ("executionPlatform", "Jane <jane@example.org>"),
        ("executionPlatformVersion", "7" * 41),
        ("applicationVersion", "a b"),
        ("applicationVersion", "5.31.0\n"),
        ("editorId", "me"),
        ("elementTemplates", [entry | {"appliesTo": ["a b"]}]),
        ("elementTemplates", [entry | {"properties": {"a b": 1}}]),
    ):
        assert not validate.is_valid(event | {key: value})


def test_keys_that_depend_on_each_other() -> None:
    event = CASES["diagram_opened"]["event"]
    validate = validator("diagram:opened")
    assert not validate.is_valid(event | {"executionPlatform": "Camunda Cloud"})
    assert not validate.is_valid(event | {"diagramType": "dmn"})
    link = CASES["click_external_link"]["event"]
    assert not validator("link:opened").is_valid(link | {"link": "http://localhost/x"})
    inner = CASES["click_internal_link"]["event"]
    assert not validator("link:opened").is_valid(link | {"type": "internal-link"})
    assert not validator("link:opened").is_valid(inner | {"type": "external-link"})


class TestOptionalParts:
    """The parts of an event that `metrics event` always prints, or never."""

    @pytest.mark.parametrize(
        "name", ["diagram_opened", "diagram_opened_camunda8", "diagram_closed"]
    )
    def test_metrics_of_an_opened_or_closed_diagram(self, name: str) -> None:
        event = CASES[name]["event"]
        validate = validator(event["event"])
        keys = ("elementTemplateCount", "elementTemplates", "diagramMetrics")
        for count in range(len(keys) + 1):
            for absent in combinations(keys, count):
                less = {key: value for key, value in event.items() if key not in absent}
                assert validate.is_valid(less), absent
        assert not validate.is_valid(event | {"elementTemplateCount": -1})
        assert not validate.is_valid(event | {"elementTemplates": {}})
        assert not validate.is_valid(event | {"diagramMetrics": {}})

    @pytest.mark.parametrize("name", ["deployment", "deployment_error", "start_instance"])
    def test_metrics_of_a_deployment(self, name: str) -> None:
        event = CASES[name]["event"]
        validate = validator(event["event"])
        assert validate.is_valid(event)
        assert validate.is_valid({key: event[key] for key in event if key != "diagramMetrics"})
        assert not validate.is_valid(event | {"diagramMetrics": None})
        assert not validate.is_valid(event | {"elementTemplateCount": 0})

    @pytest.mark.parametrize("key", ["elementTemplateCount", "diagramMetrics"])
    def test_payload_of_a_diagram_has_them(self, key: str) -> None:
        payload = scan(FIXTURES / "events" / "order.bpmn").payload()
        del payload[key]
        assert not validator("payload").is_valid(payload)

    def test_version_of_the_target(self) -> None:
        event = CASES["deployment_to_a_target"]["event"]
        validate = validator(event["event"])
        target = event["deployedTo"]
        assert validate.is_valid(event)
        version = {"executionPlatformVersion": "8.6.0"}
        assert validate.is_valid(event | {"deployedTo": target | version})
        for wrong in (version, target | {"executionPlatformVersion": 8}, target | {"url": "x"}, {}):
            assert not validate.is_valid(event | {"deployedTo": wrong}), wrong

    @pytest.mark.parametrize("diagram_type", ["bpmn", "dmn", "form"])
    @pytest.mark.parametrize(
        "name",
        [
            "overlay_deploy_opened",
            "overlay_deploy_closed",
            "overlay_start_instance_opened",
            "overlay_start_instance_closed",
        ],
    )
    def test_platform_of_an_overlay(self, name: str, diagram_type: str) -> None:
        event = CASES[name]["event"] | {"diagramType": diagram_type}
        validate = validator(event["event"])
        platform = {"executionPlatform": "Camunda Cloud"}
        version = {"executionPlatformVersion": "8.6.0"}
        for more in ({}, platform, platform | version, platform | dict.fromkeys(version)):
            assert validate.is_valid(event | more), more
        for wrong in (
            version,
            {"executionPlatform": None},
            {"executionPlatform": "Jane <jane@example.org>"},
            platform | {"executionPlatformVersion": [8]},
            platform | {"elementTemplateCount": 0},
        ):
            assert not validate.is_valid(event | wrong), wrong

    def test_overlay_of_the_version_info_has_no_platform(self) -> None:
        event = CASES["overlay_version_info"]["event"]
        validate = validator(event["event"])
        assert validate.is_valid(event)
        assert not validate.is_valid(event | {"executionPlatform": "Camunda Cloud"})


def test_target_of_a_form_is_camunda_7() -> None:
    form = CASES["deployment_form"]["event"]
    validate = validator("deploy:success")
    assert validate.is_valid(form)
    for key, value in (
        ("executionPlatform", "Camunda Cloud"),
        ("targetType", "selfHosted"),
        ("deployedTo", {"executionPlatform": "Camunda Cloud"}),
    ):
        assert not validate.is_valid(form | {key: value})


def test_error_names_the_wrong_key() -> None:
    event = CASES["diagram_opened"]["event"]
    for wrong, message in (
        (event | {"elementTemplateCount": "1"}, "'1' is not of type 'integer'"),
        (event | {"unknown": 1}, "'unknown' was unexpected"),
        ({key: event[key] for key in event if key != "editorId"}, "'editorId' is a"),
    ):
        (error,) = validator("diagram:opened").iter_errors(wrong)
        assert message in error.message


def test_schema_of_a_payload_accepts_any_text() -> None:
    payload = scan(FIXTURES / "events" / "oddly_named.bpmn").payload()
    assert payload["executionPlatform"] == "Engine of Jane Doe, <jane@example.org>"
    validator("payload").validate(payload)
