"""Events contain no text of a diagram except bounded ones, over generated diagrams."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.diagrams import BPMN, CAMUNDA, MODELER, ZEEBE
from support.events_of_diagrams import events_of

from metrics import EVENTS, TemplateDefinitions, scan, schema

BOUNDED = {
    "executionPlatform": r"[A-Za-z0-9 ._-]{1,40}",
    "executionPlatformVersion": r"[A-Za-z0-9.+_-]{0,40}",
    "appliesTo": r"[A-Za-z0-9_.:-]{0,60}",
    "properties": r"[A-Za-z0-9_.:#-]{0,80}",
    "formFieldTypes": r"[A-Za-z0-9_.-]{1,40}",
}
"""The texts from a diagram that events may contain, by the documentation."""

MARK = "Zq9"
"""Is part of each text of a generated diagram, and of no word that an event may contain."""

xml_text = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="￾￿"),
    max_size=30,
)
marked = xml_text.map(lambda text: f"{MARK}{text}")
marked_id = st.from_regex(r"[A-Za-z0-9_.-]{0,8}", fullmatch=True).map(lambda text: MARK + text)
xml_name = st.from_regex(r"[A-Za-zéßЖ_][A-Za-z0-9éßЖ_.-]{0,100}", fullmatch=True)


@st.composite
def diagrams(draw: st.DrawFn) -> tuple[str, bytes]:
    """The name and the content of a BPMN diagram with text wherever BPMN allows text."""

    def text() -> str:
        return quoteattr(draw(marked))

    def node() -> str:
        return quoteattr(draw(marked_id) + str(draw(st.integers(0, 10**9))))

    engine = draw(st.sampled_from(["Camunda Platform", "Camunda Cloud"]))
    prefix = "camunda" if engine == "Camunda Platform" else "zeebe"
    platform = quoteattr(draw(st.one_of(st.just(engine), xml_text)))
    odd = f"{prefix}:{draw(xml_name)}={text()}"
    body = f"""<?xml version="1.0"?><!-- {MARK} --><?note {MARK}?>
<bpmn:definitions xmlns:bpmn="{BPMN}" xmlns:camunda="{CAMUNDA}" xmlns:zeebe="{ZEEBE}"
    xmlns:modeler="{MODELER}" xmlns:{MARK}="urn:{MARK}" id={node()} name={text()}
    targetNamespace={text()} exporter={text()} modeler:executionPlatform={platform}
    modeler:executionPlatformVersion={quoteattr(draw(xml_text))}>
<bpmn:message id="{MARK}_message" name={text()}/>
<bpmn:error id={node()} name={text()} errorCode={text()}/>
<bpmn:collaboration id={node()}><bpmn:participant id={node()} name={text()}/></bpmn:collaboration>
<bpmn:process id={node()} name={text()} {prefix}:versionTag={text()}>
<bpmn:documentation>{escape(draw(marked))}</bpmn:documentation>
<bpmn:userTask id={node()} name={text()} {prefix}:formKey={text()} {prefix}:assignee={text()}>
<bpmn:extensionElements><camunda:formData><camunda:formField id={text()} label={text()}/>
</camunda:formData><{MARK}:note text={text()}>{escape(draw(marked))}</{MARK}:note>
<zeebe:formDefinition formKey={text()}/></bpmn:extensionElements></bpmn:userTask>
<bpmn:serviceTask id={node()} name={text()} {prefix}:modelerTemplate={text()}
    {prefix}:modelerTemplateVersion={text()} {prefix}:modelerTemplateIcon={text()}
    camunda:expression={text()} {odd}>
<bpmn:extensionElements><camunda:inputOutput>
<camunda:inputParameter name={text()}>{escape(draw(marked))}</camunda:inputParameter>
<camunda:outputParameter name={text()}><camunda:script scriptFormat={text()}/>
</camunda:outputParameter></camunda:inputOutput>
<zeebe:taskDefinition type={text()} retries={text()}/>
<zeebe:ioMapping><zeebe:input source={text()} target={text()}/></zeebe:ioMapping>
</bpmn:extensionElements></bpmn:serviceTask>
<bpmn:intermediateCatchEvent id={node()} name={text()} {prefix}:modelerTemplate={text()}>
<bpmn:messageEventDefinition id={node()} messageRef="{MARK}_message"/>
</bpmn:intermediateCatchEvent>
<bpmn:sequenceFlow id={node()} name={text()}>
<bpmn:conditionExpression>{escape(draw(marked))}</bpmn:conditionExpression></bpmn:sequenceFlow>
<bpmn:textAnnotation id={node()}><bpmn:text>{escape(draw(marked))}</bpmn:text>
</bpmn:textAnnotation>
</bpmn:process></bpmn:definitions>"""
    return f"/home/{MARK}/{draw(marked_id)}.bpmn", body.encode()


@st.composite
def forms(draw: st.DrawFn) -> tuple[str, bytes]:
    """The name and the content of a form."""
    anything = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=60))
    form = {
        "executionPlatform": draw(st.one_of(st.just("Camunda Platform"), anything)),
        "executionPlatformVersion": draw(st.one_of(st.just("7.21.0"), anything)),
        "id": draw(marked),
        "components": [
            {"label": draw(marked), "key": draw(marked), draw(marked): 1, "type": draw(anything)}
        ],
    }
    return f"/home/{MARK}/{draw(marked_id)}.form", json.dumps(form).encode()


def events(diagram: tuple[str, bytes], templates: Any = None) -> Iterator[dict[str, Any]]:
    """The payloads of all events of a diagram."""
    name, content = diagram
    report = scan(content, name=name, templates=templates, fragments=["formFields"])
    assert report.error is None, report.error
    for event in events_of(report):
        assert MARK not in repr(event).replace(f":{MARK}", "")
        yield event.payload()


def words() -> set[str]:
    """All keys and fixed words of the events' schemas."""
    schemas = json.dumps([schema(name) for name in EVENTS])
    return set(re.findall(r'"([^"]*)"', schemas))


WORDS = words()


def check(event: dict[str, Any]) -> None:
    """An event contains only counts, fixed words, and bounded texts at their keys."""
    not_from_the_diagram = {"applicationVersion", "editorId", "error"}
    for key, text in texts({key: event[key] for key in event if key not in not_from_the_diagram}):
        assert text in WORDS or re.fullmatch(BOUNDED[key], text), (key, text)


def texts(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """The texts within a value, each with its innermost key."""
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, list):
        for item in value:
            yield from texts(item, key)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield key, name
            yield from texts(item, name if key != "properties" else key)


@pytest.mark.slow
@given(diagrams())
def test_bpmn(diagram: tuple[str, bytes]) -> None:
    _, content = diagram
    for event in events(diagram):
        assert event["diagramType"] == "bpmn"
        check(event)
        assert content.count(MARK.encode()) > 20
        assert MARK not in json.dumps(without_bindings(event))


def without_bindings(event: dict[str, Any]) -> dict[str, Any]:
    """An event without the names of platforms and bindings, which are merely bounded."""
    return {
        **event,
        "executionPlatform": "",
        "executionPlatformVersion": "",
        "elementTemplates": [
            {**template, "properties": sum(template["properties"].values())}
            for template in event.get("elementTemplates", ())
        ],
    }


@given(forms())
def test_form(diagram: tuple[str, bytes]) -> None:
    for event in events(diagram):
        assert event["diagramType"] == "form"
        check(event)


@given(marked, xml_text, xml_text)
def test_dmn(text: str, platform: str, version: str) -> None:
    content = f"""<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/"
        xmlns:modeler="{MODELER}" id="{MARK}" name={quoteattr(text)}
        modeler:executionPlatform={quoteattr(platform)}
        modeler:executionPlatformVersion={quoteattr(version)}>
        <decision id="{MARK}_1" name={quoteattr(text)}>{escape(text)}</decision></definitions>"""
    for event in events((f"/{MARK}.dmn", content.encode())):
        assert event["diagramType"] == "dmn"
        check(event)


@pytest.mark.slow
@given(st.lists(st.text(max_size=90), max_size=3), st.lists(st.text(max_size=90), max_size=3))
def test_definitions(types: list[str], bindings: list[str]) -> None:
    # The fixture tmp_path would be shared by all examples.
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        path = Path(folder, "element-templates", f"{MARK}.json")
        path.parent.mkdir()
        template = {
            "name": MARK,
            "id": MARK,
            "icon": {"contents": MARK},
            "appliesTo": types,
            "properties": [
                {"label": MARK, "value": MARK, "binding": {"type": "property", "name": name}}
                for name in bindings
            ],
        }
        path.write_text(json.dumps(template))
        diagram = f'<definitions xmlns="{BPMN}"/>'.encode()
        for event in events((f"/{MARK}.bpmn", diagram), TemplateDefinitions([folder])):
            check(event)
            if "elementTemplates" in event:
                (entry,) = event["elementTemplates"]
                assert sum(entry["properties"].values()) == len(bindings)
