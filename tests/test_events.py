"""The events as values."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.events_of_diagrams import CASES, FIXTURES

from metrics import (
    EVENTS,
    ButtonClicked,
    DeployedTo,
    DeployError,
    DeploySuccess,
    DiagramOpened,
    DocumentError,
    Event,
    EventError,
    LinkOpened,
    OverlayDeployOpened,
    Ping,
    Report,
    scan,
)
from metrics.blocks import NO_TEXT
from metrics.catalog import METRICS as CATALOG
from metrics.catalog.element_templates import ElementTemplate

PROJECT = Path(__file__).parents[1]
ORDER = FIXTURES / "order.bpmn"
EDITOR = "2f1c6a3e-0b5d-4b8a-9d57-0a6c1c1f7a10"


@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)
class TestEachEvent:
    """Every event has a class and its documentation."""

    def test_class_has_the_name_as_sent(self, event: type[Event]) -> None:
        words = re.split(r":|(?<=[a-z])(?=[A-Z])", event.name)
        assert event.__name__ == "".join(word.capitalize() for word in words)

    def test_event_and_its_fields_are_described(self, event: type[Event]) -> None:
        assert event.__doc__
        for field in dataclasses.fields(event):
            assert field.name == "report" or field.metadata["meaning"]

    def test_has_a_section_in_the_documentation(self, event: type[Event]) -> None:
        assert f"## `{event.name}`\n" in (PROJECT / "docs" / "events.md").read_text("utf-8")


class TestPayload:
    """The payload of an event."""

    def test_event_keeps_no_file_name_and_no_warnings(self) -> None:
        event = DiagramOpened(scan(ORDER), application_version="5.31.0", editor_id=EDITOR)
        assert event.payload() == CASES["diagram_opened"]["event"]
        assert (event.report.file, event.report.warnings) == (None, ())
        assert str(ORDER) not in repr(event)

    def test_events_are_immutable(self) -> None:
        with pytest.raises(dataclasses.FrozenInstanceError):
            Ping().editor_id = EDITOR  # type: ignore[misc]

    def test_changing_a_payload_does_not_change_the_event(self) -> None:
        event, ping = DiagramOpened(scan(ORDER)), Ping(flags={"a": True})
        event.payload()["elementTemplates"][0]["properties"]["text"] = 1
        ping.payload()["flags"]["b"] = "text"
        assert "text" not in repr((event.payload(), ping.payload()))

    def test_flags_are_masked(self) -> None:
        true: dict[str, Any] = {"a": "custom", "b": True, "c": 1, "d": [], "e": {}, "f": "0"}
        false: dict[str, Any] = {"g": "", "h": False, "i": 0, "j": None, "k": float("nan")}
        ping = Ping(flags=true | false)
        assert ping.flags == dict.fromkeys(true, True) | dict.fromkeys(false, False)
        assert "custom" not in repr(ping)

    def test_link_is_external_or_internal(self) -> None:
        def link(target: str) -> dict[str, Any]:
            made = LinkOpened(parent="welcome-page-cloud", label="x", link=target).payload()
            return {key: made[key] for key in ("type", "link") if key in made}

        for target in ("https://camunda.com", "http://a", "https://localhost", "httpx"):
            assert link(target) == {"type": "external-link", "link": target}
        for target in ("", "#a", "file:///etc", "http://localhost", "http://localhost.example.org"):
            assert link(target) == {"type": "internal-link"}

    def test_element_templates_are_omitted_from_a_large_event(self) -> None:
        event = DiagramOpened(scan(ORDER))
        assert event.without_if_too_large == {"elementTemplates"}
        whole, smaller = event.payload(), event.payload(without_if_too_large=True)
        assert set(whole) - set(smaller) == {"elementTemplates"}
        deployed = DeploySuccess(scan(ORDER))
        assert deployed.without_if_too_large == frozenset()
        assert deployed.payload(without_if_too_large=True) == deployed.payload()


class TestValues:
    """The values that an event takes."""

    def test_wrong_values(self) -> None:
        report = scan(ORDER)
        refused: list[tuple[type[Event], tuple[Any, ...], dict[str, Any], str]] = [
            (Ping, (), {"editor_id": "me"}, "expected a UUID such as"),
            (Ping, (), {"application_version": 5}, "expected a str, not 5"),
            (Ping, (), {"plugins": "abc"}, "expected a list of texts, not 'abc'"),
            (Ping, (), {"plugins": (1,)}, "expected a list of texts"),
            (Ping, (), {"plugins": ("\ud83d",)}, "expected a list of texts"),
            (Ping, (), {"flags": ["a"]}, "expected a mapping of texts to bool"),
            (
                DiagramOpened,
                (report,),
                {"form_field_types": {"a": "1"}},
                "expected a mapping of texts to int",
            ),
            (DiagramOpened, (report,), {"form_field_types": {1: 1}}, "expected a mapping of texts"),
            (DiagramOpened, (report,), {"form_field_types": {}}, "only a form has fields"),
            (
                ButtonClicked,
                (),
                {"parent": "sidebar", "label": "x"},
                "expected one of version",
            ),
            (LinkOpened, (), {"parent": "welcome-page-cloud", "label": 1}, "expected a str, not 1"),
            (
                LinkOpened,
                (),
                {"parent": "welcome-page-cloud", "label": "a", "link": None},
                "expected a str, not None",
            ),
            (
                DeploySuccess,
                (report,),
                {"target_type": "x"},
                "expected one of camundaCloud",
            ),
            (
                DeploySuccess,
                (report,),
                {"target_type": None},
                "not None",
            ),
            (DeploySuccess, (report,), {"deployed_to": "Camunda Cloud"}, "expected a DeployedTo"),
            (DeployError, (report,), {"error": None}, "expected a str, not None"),
            (DeployError, (report,), {"error": "/home/me/a.bpmn"}, "expected 1 to 80 ASCII"),
        ]
        for event, arguments, values, reason in refused:
            with pytest.raises(EventError, match=re.escape(reason)):
                event(*arguments, **values)
        with pytest.raises(EventError, match="expected 1 to 40 ASCII letters"):
            DeployedTo("a\nb")
        with pytest.raises(EventError, match="the report has no diagram"):
            DiagramOpened(Report("order.bpmn"))
        with pytest.raises(TypeError, match=r"'order.bpmn' is not a report"):
            DiagramOpened("order.bpmn")  # type: ignore[arg-type]

    @pytest.mark.slow
    def test_type_checkers_report_missing_and_wrong_arguments(self, tmp_path: Path) -> None:
        script = tmp_path / "script.py"
        script.write_text(
            "from metrics import DeployedTo, DeployError, LinkOpened, Ping\n"
            "from metrics import scan\n"
            "DeployError(scan('a'), error='X', target_type='selfHosted')\n"
            "Ping(flags={'a': True}, plugins=('b',))\n"
            "DeployError(scan('a'))\n"
            "LinkOpened(label='x')\n"
            "DeployError(scan('a'), error='X', target_type='cloud')\n"
            "DeployedTo()\n"
        )
        checked = subprocess.run(
            [sys.executable, "-m", "mypy", "--strict", "--config-file", "", script],
            capture_output=True,
            text=True,
            check=False,
            cwd=PROJECT,
        ).stdout
        assert re.findall(r"script\.py:(\d+): error", checked) == ["5", "6", "7", "8"]

    def test_form_without_a_platform_is_deployed_to_camunda_7(self) -> None:
        report = scan(b"{}")
        event = DeploySuccess(report, deployed_to=DeployedTo("Camunda Platform"))
        assert event.payload()["executionPlatform"] == "Camunda Platform"
        assert OverlayDeployOpened(scan(FIXTURES / "inspect_camunda8.form")).report.kind == "form"

    def test_diagram_that_cannot_be_read_has_no_event(self) -> None:
        with pytest.raises(DocumentError, match="malformed"):
            DiagramOpened(scan(b"<definitions>", name="broken.bpmn"))


def test_schema_of_a_new_event_follows_from_its_class() -> None:
    script = """
from typing import Literal
from metrics.blocks import described
from metrics.events import OfDiagram, event_class

@event_class
class DiagramSaved(OfDiagram, name="diagram:saved"):
    '''A diagram was saved.'''
    fragments = ("profile",)
    times: Literal["once", "often"] = described("How often")

from metrics import scan, schema
assert schema("diagram:saved")["properties"]["times"]["enum"] == ["once", "often"]
payload = DiagramSaved(scan("order.bpmn"), times="often").payload()
assert (payload["event"], payload["times"]) == ("diagram:saved", "often")
assert payload["executionPlatformVersion"] == "7.23.0"
"""
    subprocess.run([sys.executable, "-c", script], cwd=FIXTURES, check=True)


def test_only_keys_at_the_top_of_a_payload_are_omitted_if_too_large() -> None:
    for metric in CATALOG:
        for field in dataclasses.fields(metric.block):
            assert metric.key == "" or not field.metadata["omit_if_too_large"]


def test_every_text_of_a_payload_is_bounded_in_events() -> None:
    bounded = {
        f"{block.__name__}.{field.name}"
        for metric in CATALOG
        for block in (metric.block, ElementTemplate)
        for field in dataclasses.fields(block)
        if field.metadata["text"] is not NO_TEXT
    }
    assert bounded == {
        "ExecutionPlatform.execution_platform",
        "ExecutionPlatform.execution_platform_version",
        "ElementTemplate.applies_to",
        "ElementTemplate.properties",
    }
