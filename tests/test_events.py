"""Events, as the command prints them and as the library makes them."""

from __future__ import annotations

import dataclasses
import json
import re
import shlex
import shutil
import subprocess
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import takewhile
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from support.command import METRICS, run
from support.events_of_diagrams import CASES, FIXTURES

import metrics
from metrics import DocumentError, Report, TemplateDefinitions, scan
from metrics.blocks import NO_TEXT
from metrics.events import (
    EVENTS,
    ButtonClicked,
    DeployedTo,
    DeployError,
    DeploySuccess,
    DiagramOpened,
    Event,
    EventError,
    LinkOpened,
    OverlayDeployOpened,
    Ping,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT = Path(__file__).parents[1]
TEMPLATES = Path(__file__).parent / "fixtures" / "template_definitions"
ORDER = FIXTURES / "order.bpmn"
EDITOR = "2f1c6a3e-0b5d-4b8a-9d57-0a6c1c1f7a10"


def refused(*arguments: str | Path) -> str:
    """What is said of a command that must print nothing."""
    result = run("event", *arguments, cwd=FIXTURES)
    assert (result.returncode, result.stdout) == (2, b"")
    said = result.stderr.decode()
    assert "Traceback" not in said
    return said


@pytest.mark.parametrize("name", CASES)
def test_event_is_as_worked_out_by_hand(name: str) -> None:
    case = CASES[name]
    result = run("event", *case["command"], cwd=FIXTURES)
    assert json.loads(result.stdout) == case["event"]
    assert result.returncode == 0
    compact = run("event", *case["command"], "--compact", "--max-bytes", "1M", cwd=FIXTURES)
    assert result.stdout.count(b"\n") > compact.stdout.count(b"\n") == 1
    if "--max-bytes" not in case["command"]:
        assert json.loads(compact.stdout) == case["event"]
        assert result.stderr == compact.stderr == b""


@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)
class TestEachEvent:
    """One name everywhere, and nothing missing."""

    def test_has_a_case(self, event: type[Event]) -> None:
        assert any(case["event"]["event"] == event.name for case in CASES.values())

    def test_class_has_the_name_as_sent(self, event: type[Event]) -> None:
        words = re.split(r":|(?<=[a-z])(?=[A-Z])", event.name)
        assert event.__name__ == "".join(word.capitalize() for word in words)

    def test_tells_what_it_means(self, event: type[Event]) -> None:
        assert event.__doc__
        for field in dataclasses.fields(event):
            assert field.name == "report" or field.metadata["meaning"]

    def test_help_has_an_example_that_works(self, event: type[Event], tmp_path: Path) -> None:
        words = takewhile(lambda word: not word.startswith("--"), event.command.split())
        told = run("event", *words, "--help").stdout.decode()
        assert "Nothing is sent" in told
        examples = re.findall(r"^ +metrics (event .*)$", told, re.MULTILINE)
        (tmp_path / "order.bpmn").write_bytes(ORDER.read_bytes())
        printed = [
            json.loads(run(*shlex.split(example), cwd=tmp_path).stdout)["event"]
            for example in examples
        ]
        assert event.name in printed

    def test_has_a_section_in_the_documentation(self, event: type[Event]) -> None:
        assert f"## `{event.name}`\n" in (PROJECT / "docs" / "events.md").read_text("utf-8")


def test_editor_ids_are_drawn_at_random() -> None:
    printed = [json.loads(run("event", "ping").stdout) for _ in range(2)]
    ids = {event["editorId"] for event in printed}
    assert len(ids) == 2
    assert all(UUID(drawn).version == 4 for drawn in ids)
    assert printed[0]["applicationVersion"] == metrics.__version__


def test_editor_id_is_written_in_one_way() -> None:
    result = run("event", "ping", "--compact", "--editor-id", EDITOR.upper())
    assert json.loads(result.stdout)["editorId"] == EDITOR


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (
            ["ping", "--editor-id", "1"],
            "Invalid value for '--editor-id': '1' is not what an event carries: a UUID",
        ),
        (["ping", "--application-version", "5 \x1b[31m"], r"'5 \x1b[31m' is not what an event"),
        (["ping", "--editor-id", "0x" + "0" * 30], "a UUID such as"),
        (["ping", "--editor-id", EDITOR + "\n"], "a UUID such as"),
        (["ping", "\x1b[31mX\x07\x9b\nY"], r"unexpected extra argument (\x1b[31mX\x07\x9b\nY)"),
        (["ping", "--flag", "=x"], "Invalid value for '--flag': '=x' has no name"),
        (["deployment", "order.bpmn", "--error", "X"], "deploy:error only: give --outcome error"),
        (["deployment", "order.bpmn", "--outcome", "error"], "deploy:error needs --error CODE"),
        (
            ["start-instance", "order.bpmn", "--outcome", "error", "--error", "no such file"],
            "'--error': 'no such file' is not what an event carries: 1 to 80 ASCII letters",
        ),
        (["deployment", "order.bpmn", "--target-type", "cloud"], "'camundaCloud', 'selfHosted'"),
        (
            ["deployment", "order.bpmn", "--target-platform", "a/b"],
            "'--target-platform': 'a/b' is not",
        ),
        (
            ["deployment", "inspect_camunda8.form"],
            "camunda8.form: no deploy:success: a form goes to Camunda 7 only, and this one is made",
        ),
        (
            ["deployment", "inspect.form", "--target-type", "selfHosted"],
            "a form goes to Camunda 7 only, and the target type selfHosted is of Camunda 8",
        ),
        (
            ["start-instance", "inspect.form", "--target-platform", "Camunda Cloud"],
            "Camunda 7 only, and 'Camunda Cloud' is not its platform, 'Camunda Platform'",
        ),
        (["click", "--parent", "sidebar", "--label", "x"], "'version-info-overlay', 'welcome-page"),
        (
            [
                *[
                    "click",
                    "--button",
                    "--parent",
                    "welcome-page-cloud",
                    "--label",
                    "x",
                    "--link",
                    "https://a",
                ]
            ],
            "--link is for link:opened only",
        ),
        (["click", "--parent", "welcome-page-cloud"], "Missing option '--label'"),
        (["overlay", "versionInfo", "--source", "dock"], "'menu', 'statusBar'"),
        (["diagram-opened"], "Missing argument 'FILE'"),
        (["diagram-opened", "none.bpmn"], "none.bpmn: unreadable: No such file"),
        (["diagram-opened", "."], ".: unreadable: "),
        (["diagram-opened", "order.bpmn", "--max-size", "10"], "order.bpmn: too-large: "),
        (["diagram-opened", "order.bpmn", "--stdin-filename", "a"], "--stdin-filename needs -"),
        (["diagram-opened", "order.bpmn", "--template-path", "."], "needs --templates definitions"),
        (["overlay", "deploy", "order.bpmn", "--documented-keys"], "No such option"),
        (["diagram-saved", "order.bpmn"], "No such command"),
        (["deploy:error", "order.bpmn"], "printed by: metrics event deployment --outcome error"),
        (["overlay", "overlay:deploy:closed"], "by: metrics event overlay deploy --closed"),
    ],
    ids=lambda value: "_".join(value) if isinstance(value, list) else "",
)
def test_what_the_modeler_would_not_send(arguments: list[str], reason: str) -> None:
    assert reason in refused(*arguments)


def test_of_a_diagram_that_cannot_be_measured_nothing_is_printed(tmp_path: Path) -> None:
    broken = tmp_path / "broken.bpmn"
    broken.write_text("<definitions>")
    assert refused("diagram-closed", broken).startswith(f"{broken}:1:14: malformed: ")
    with pytest.raises(DocumentError, match="malformed"):
        DiagramOpened(scan(broken))


def test_standard_input_and_warnings() -> None:
    untidy = ORDER.read_bytes().replace(b"<bpmn:subProcess ", b'<bpmn:subProcess a="<" ')
    result = run("event", "diagram-opened", "-", "--stdin-filename", "a.bpmn", stdin=untidy)
    assert json.loads(result.stdout)["diagramMetrics"]["tasks"]["userTask"]["count"] == 2
    assert result.stderr.startswith(b"a.bpmn:13: warning: ")
    form = b'{"executionPlatform": "Camunda Platform"}'
    assert json.loads(run("event", "diagram-opened", "-", stdin=form).stdout)["diagramType"] == (
        "form"
    )


def test_templates_that_the_modeler_would_offer() -> None:
    expected = json.loads((TEMPLATES / "expected.json").read_text("utf-8"))
    diagram = TEMPLATES / "project" / "processes" / "camunda7.bpmn"
    shared = TEMPLATES / "shared_templates"
    options = ("--templates", "definitions", "--template-path", str(shared))
    event = json.loads(run("event", "diagram-opened", diagram, *options).stdout)
    for key, value in expected["camunda7_with_shared_templates"].items():
        assert event[key] == value
    report = scan(diagram, templates=TemplateDefinitions([shared]))
    assert DiagramOpened(report).payload()["elementTemplates"] == event["elementTemplates"]


def test_names_in_a_definition_are_bounded(tmp_path: Path) -> None:
    folder = tmp_path / ".camunda" / "element-templates"
    folder.mkdir(parents=True)
    binding = {"type": "property", "name": "Mr. Smith's salary"}
    template = {
        "appliesTo": ["bpmn:Task", "Jane & John", "x" * 61],
        "properties": [
            {"binding": binding},
            {"binding": {"type": "camunda:class\n"}},
            {"binding": {"type": "zeebe:taskDefinition:type"}},
        ],
    }
    (folder / "a.json").write_text(json.dumps(template))
    diagram = tmp_path / "order.bpmn"
    diagram.write_bytes(ORDER.read_bytes())
    printed = run("event", "diagram-opened", diagram, "--templates", "definitions").stdout
    (entry,) = json.loads(printed)["elementTemplates"]
    assert entry == {
        "appliesTo": ["bpmn:Task", "other", "other"],
        "properties": {"other": 2, "zeebe:taskDefinition:type": 1},
    }


def test_without_standard_error_nothing_is_said_elsewhere() -> None:
    for words in ("event ping --editor-id x", "event click", "schema nope", "scan -f nope a"):
        result = subprocess.run(
            ["bash", "-c", f"{METRICS} {words} 2>&-"], capture_output=True, check=False
        )
        assert (result.returncode, result.stdout) == (2, b"")


class TestMaxBytes:
    """Too large an event goes without its element templates."""

    @staticmethod
    def printed(limit: int) -> subprocess.CompletedProcess[bytes]:
        return run(
            *("event", "diagram-opened", str(ORDER), "--compact"),
            *("--editor-id", EDITOR, "--application-version", "5.31.0", "--max-bytes", str(limit)),
        )

    def test_limit_counts_all_that_is_printed(self) -> None:
        whole = self.printed(10_000)
        assert whole.stderr == b""
        assert self.printed(len(whole.stdout)).stdout == whole.stdout
        smaller = self.printed(len(whole.stdout) - 1)
        said = f"diagram:opened has {len(whole.stdout)} bytes, more than {len(whole.stdout) - 1}"
        assert smaller.stderr.decode() == f"{ORDER}: {said}: elementTemplates is left out\n"
        expected = json.loads(whole.stdout)
        del expected["elementTemplates"]
        assert json.loads(smaller.stdout) == expected
        assert expected["elementTemplateCount"] == 1

    def test_event_that_is_too_large_all_the_same(self) -> None:
        result = self.printed(10)
        assert "elementTemplates" not in json.loads(result.stdout)
        assert result.returncode == 0
        assert f"there are still {len(result.stdout)} bytes" in result.stderr.decode()

    def test_event_that_has_none(self) -> None:
        result = run("event", "deployment", ORDER, "--max-bytes", "500", "--documented-keys")
        assert json.loads(result.stdout)["event"] == "deploy:success"
        said = f"{ORDER}: deploy:success has {len(result.stdout):,} bytes, more than 500\n"
        assert result.stderr.decode() == said
        result = run("event", "ping", "--max-bytes", "10")
        assert (
            result.stderr.decode()
            == f"metrics: ping has {len(result.stdout)} bytes, more than 10\n"
        )


class Receiver(BaseHTTPRequestHandler):
    """Keeps what is posted to it."""

    received: list[tuple[str, str | None, bytes]]

    def do_POST(self) -> None:
        """Take a request."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.received.append((self.path, self.headers["Content-Type"], body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[HTTPServer]:
    """A server on loopback."""
    Receiver.received = []
    with HTTPServer(("127.0.0.1", 0), Receiver) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("page", ["README.md", "docs/events.md"])
def test_event_arrives_where_it_is_piped_to(
    page: str, receiver: HTTPServer, tmp_path: Path
) -> None:
    text = (PROJECT / page).read_text("utf-8")
    recipes = re.findall(r"^(metrics event (?:.*\\\n)*.*curl .*)$", text, re.MULTILINE)
    assert recipes
    (tmp_path / "order.bpmn").write_bytes(ORDER.read_bytes())
    for recipe in recipes:
        shutil.copytree(PROJECT / "examples", tmp_path / "examples", dirs_exist_ok=True)
        command, replaced = re.subn(
            r"http://localhost:\d+", f"http://127.0.0.1:{receiver.server_port}", recipe
        )
        assert replaced == 1
        subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command],
            cwd=tmp_path,
            env={"PATH": f"{METRICS.parent}:/usr/local/bin:/usr/bin:/bin"},
            check=True,
        )
        path, content_type, body = Receiver.received.pop()
        assert (path, content_type) == ("/events", "application/json")
        event = json.loads(body)
        diagram = ORDER if "order.bpmn" in recipe else PROJECT / "examples" / "invoice.bpmn"
        expected = DiagramOpened(
            scan(diagram),
            editor_id=event["editorId"],
            application_version=event["applicationVersion"],
        )
        assert event == expected.payload()


def test_documentation_shows_what_is_printed() -> None:
    page = (PROJECT / "docs" / "events.md").read_text("utf-8")
    (command,) = re.findall(r"^metrics (event click .*)$", page, re.MULTILINE)
    printed = json.loads(run(*shlex.split(command)).stdout)
    shown = json.loads(page.partition("```json\n")[2].partition("```")[0])
    assert list(printed.items()) == list((shown | {"editorId": printed["editorId"]}).items())


class TestLibrary:
    """Events as values."""

    def test_nothing_of_the_file_is_kept(self) -> None:
        event = DiagramOpened(scan(ORDER), application_version="5.31.0", editor_id=EDITOR)
        assert event.payload() == CASES["diagram_opened"]["event"]
        assert (event.report.file, event.report.warnings) == (None, ())
        assert str(ORDER) not in repr(event)

    def test_events_do_not_change(self) -> None:
        with pytest.raises(dataclasses.FrozenInstanceError):
            Ping().editor_id = EDITOR  # type: ignore[misc]

    def test_what_is_done_with_a_payload_does_not_change_the_event(self) -> None:
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

    def test_type_of_a_link(self) -> None:
        def link(target: str) -> dict[str, Any]:
            made = LinkOpened(parent="welcome-page-cloud", label="x", link=target).payload()
            return {key: made[key] for key in ("type", "link") if key in made}

        for target in ("https://camunda.com", "http://a", "https://localhost", "httpx"):
            assert link(target) == {"type": "external-link", "link": target}
        for target in ("", "#a", "file:///etc", "http://localhost", "http://localhost.example.org"):
            assert link(target) == {"type": "internal-link"}

    def test_what_an_event_does_not_carry(self) -> None:
        report = scan(ORDER)
        refused: list[tuple[type[Event], tuple[Any, ...], dict[str, Any], str]] = [
            (Ping, (), {"editor_id": "me"}, "'me' is not what an event carries: a UUID"),
            (Ping, (), {"application_version": 5}, "5 is no str"),
            (Ping, (), {"plugins": "abc"}, "'abc' is no list of texts"),
            (Ping, (), {"plugins": (1,)}, "is no list of texts"),
            (Ping, (), {"plugins": ("\ud83d",)}, "is no list of texts"),
            (Ping, (), {"flags": ["a"]}, "is no mapping of texts"),
            (ButtonClicked, (), {"parent": "sidebar", "label": "x"}, "none of version-info-over"),
            (LinkOpened, (), {"parent": "welcome-page-cloud", "label": 1}, "1 is no str"),
            (
                LinkOpened,
                (),
                {"parent": "welcome-page-cloud", "label": "a", "link": None},
                "None is no str",
            ),
            (DeploySuccess, (report,), {"target_type": "x"}, "'x' is none of camundaCloud"),
            (DeploySuccess, (report,), {"target_type": None}, "None is none of camundaCloud"),
            (DeploySuccess, (report,), {"deployed_to": "Camunda Cloud"}, "is no DeployedTo"),
            (DeployError, (report,), {"error": None}, "None is no str"),
            (DeployError, (report,), {"error": "/home/me/a.bpmn"}, "is not what an event carries"),
        ]
        for event, arguments, given, reason in refused:
            with pytest.raises(EventError, match=re.escape(reason)):
                event(*arguments, **given)
        with pytest.raises(EventError, match="is not what an event carries"):
            DeployedTo("a\nb")
        with pytest.raises(EventError, match="the report is of no diagram"):
            DiagramOpened(Report("order.bpmn"))
        with pytest.raises(TypeError, match=r"'order.bpmn' is no report"):
            DiagramOpened("order.bpmn")  # type: ignore[arg-type]

    def test_type_checkers_know_what_is_needed(self, tmp_path: Path) -> None:
        script = tmp_path / "script.py"
        script.write_text(
            "from metrics import scan\n"
            "from metrics.events import DeployedTo, DeployError, LinkOpened, Ping\n"
            "DeployError(scan('a'), error='X', target_type='selfHosted')\n"
            "Ping(flags={'a': True}, plugins=('b',))\n"
            "DeployError(scan('a'))\n"
            "LinkOpened(label='x')\n"
            "DeployError(scan('a'), error='X', target_type='cloud')\n"
            "DeployedTo()\n"
        )
        checked = subprocess.run(
            [METRICS.with_name("mypy"), "--strict", "--config-file", "", script],
            capture_output=True,
            text=True,
            check=False,
            cwd=PROJECT,
        ).stdout
        assert re.findall(r"script\.py:(\d+): error", checked) == ["5", "6", "7", "8"]

    def test_form_without_a_platform_goes_to_camunda_7(self) -> None:
        report = scan(b"{}")
        event = DeploySuccess(report, deployed_to=DeployedTo("Camunda Platform"))
        assert event.payload()["executionPlatform"] == "Camunda Platform"
        assert OverlayDeployOpened(scan(FIXTURES / "inspect_camunda8.form")).report.kind == "form"

    def test_a_new_event_is_one_class(self) -> None:
        script = """
from dataclasses import dataclass
import metrics.events as events

@dataclass(frozen=True, kw_only=True)
class DiagramSaved(events.OfDiagram, name="diagram:saved", command="diagram-saved"):
    '''A diagram was saved.'''
    fragments = ("profile",)
    times: events.Literal["once", "often"] = events.given("How often", events.Option("--times"))

from metrics.schemas import schema
assert schema("diagram:saved")["properties"]["times"]["enum"] == ["once", "often"]
from metrics.cli import metrics
metrics(["event", "diagram-saved", "order.bpmn", "--times", "often", "--compact"])
"""
        python = METRICS.with_name("python")
        printed = subprocess.run(
            [python, "-c", script], cwd=FIXTURES, capture_output=True, check=True
        ).stdout
        event = json.loads(printed)
        assert (event["event"], event["times"]) == ("diagram:saved", "often")
        assert event["executionPlatformVersion"] == "7.23.0"


def test_every_text_of_a_payload_is_bounded_in_events() -> None:
    bounded = {
        f"{block.__name__}.{field.name}"
        for metric in metrics.catalog.METRICS
        for block in (metric.block, metrics.catalog.element_templates.ElementTemplate)
        for field in dataclasses.fields(block)
        if field.metadata["text"] is not NO_TEXT
    }
    assert bounded == {
        "ExecutionPlatform.execution_platform",
        "ExecutionPlatform.execution_platform_version",
        "ElementTemplate.applies_to",
        "ElementTemplate.properties",
    }
