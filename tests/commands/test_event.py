"""The command `metrics event`."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import takewhile
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING
from uuid import UUID
from zipfile import ZipFile

import pytest
from support.command import METRICS, run
from support.events_of_diagrams import CASES, FIXTURES

import metrics
from metrics import EVENTS, DiagramOpened, Event, TemplateDefinitions, scan
from metrics.commands.event import PRINTED_BY

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT = Path(__file__).parents[2]
TEMPLATES = PROJECT / "tests" / "fixtures" / "template_definitions"
ORDER = FIXTURES / "order.bpmn"
EDITOR = "2f1c6a3e-0b5d-4b8a-9d57-0a6c1c1f7a10"


def refused(*arguments: str | Path) -> str:
    """The messages of a command that must fail and print nothing."""
    result = run("event", *arguments, cwd=FIXTURES)
    assert (result.returncode, result.stdout) == (2, b"")
    messages = result.stderr.decode()
    assert "Traceback" not in messages
    return messages


@pytest.mark.parametrize("name", CASES)
def test_event_equals_the_expected_one(name: str) -> None:
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
    """Every event has a command, a case and an example."""

    def test_has_a_case(self, event: type[Event]) -> None:
        assert any(case["event"]["event"] == event.name for case in CASES.values())

    def test_help_has_an_example_that_works(self, event: type[Event], tmp_path: Path) -> None:
        words = takewhile(lambda word: not word.startswith("--"), PRINTED_BY[event.name].split())
        help_text = run("event", *words, "--help").stdout.decode()
        assert re.search("Nothing is sent|sends nothing", " ".join(help_text.split()))
        examples = re.findall(r"^ +metrics (event .*)$", help_text, re.MULTILINE)
        (tmp_path / "order.bpmn").write_bytes(ORDER.read_bytes())
        printed = [
            json.loads(run(*shlex.split(example), cwd=tmp_path).stdout)["event"]
            for example in examples
        ]
        assert event.name in printed

    def test_name_as_sent_is_refused_with_the_command_to_use(self, event: type[Event]) -> None:
        if event.name != "ping":
            command = f"'metrics event {PRINTED_BY[event.name]}'"
            assert f"Use {command} to print {event.name}." in refused(event.name)


@pytest.mark.parametrize("command", ["diagram-opened", "diagram-closed"])
def test_form_field_types_of_other_diagrams_change_nothing(command: str) -> None:
    for file in ("order.bpmn", "discount.dmn"):
        arguments = ("event", command, file, "--editor-id", EDITOR)
        without, with_types = (
            run(*arguments, *more, cwd=FIXTURES) for more in ((), ("--form-field-types",))
        )
        assert (with_types.stdout, with_types.stderr) == (without.stdout, without.stderr)


def test_form_field_types_of_a_form_in_an_archive(tmp_path: Path) -> None:
    with ZipFile(tmp_path / "forms.zip", "w") as archive:
        archive.write(FIXTURES / "inspect.form", "a/inspect.form")
    result = run(
        *("event", "diagram-closed", "--form-field-types", "forms.zip!/a/inspect.form"),
        cwd=tmp_path,
    )
    assert json.loads(result.stdout)["formFieldTypes"] == {"textfield": 1}


def test_editor_ids_are_random_by_default() -> None:
    printed = [json.loads(run("event", "ping").stdout) for _ in range(2)]
    ids = {event["editorId"] for event in printed}
    assert len(ids) == 2
    assert all(UUID(editor_id).version == 4 for editor_id in ids)
    assert printed[0]["applicationVersion"] == metrics.__version__


def test_editor_id_is_printed_in_lower_case() -> None:
    result = run("event", "ping", "--compact", "--editor-id", EDITOR.upper())
    assert json.loads(result.stdout)["editorId"] == EDITOR


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (
            ["ping", "--editor-id", "1"],
            "Invalid value for '--editor-id': expected a UUID such as",
        ),
        (["ping", "--application-version", "5 \x1b[31m"], r"`+`, `_` and `-`, not '5 \x1b[31m'"),
        (["ping", "--editor-id", "0x" + "0" * 30], "a UUID such as"),
        (["ping", "--editor-id", EDITOR + "\n"], "a UUID such as"),
        (["ping", "\x1b[31mX\x07\x9b\nY"], r"unexpected extra argument (\x1b[31mX\x07\x9b\nY)"),
        (["ping", "--flag", "=x"], "Invalid value for '--flag': '=x' has no name"),
        (["deployment", "order.bpmn", "--error", "X"], "--error needs --outcome error."),
        (["deployment", "order.bpmn", "--outcome", "error"], "--outcome error needs --error CODE."),
        (
            ["start-instance", "order.bpmn", "--outcome", "error", "--error", "no such file"],
            "Invalid value for '--error': expected 1 to 80 ASCII letters",
        ),
        (["deployment", "order.bpmn", "--target-type", "cloud"], "'camundaCloud', 'selfHosted'"),
        (
            ["deployment", "order.bpmn", "--target-platform", "a/b"],
            "Invalid value for '--target-platform': expected 1 to 40 ASCII letters",
        ),
        (
            ["deployment", "inspect_camunda8.form"],
            "camunda8.form: cannot print deploy:success: the target of a form is always Camunda 7",
        ),
        (
            ["deployment", "inspect.form", "--target-type", "selfHosted"],
            "always Camunda 7, but selfHosted is a target type of Camunda 8",
        ),
        (
            ["start-instance", "inspect.form", "--target-platform", "Camunda Cloud"],
            "always Camunda 7, but 'Camunda Cloud' is not 'Camunda Platform'",
        ),
        (["click", "--parent", "sidebar", "--label", "x"], "'version-info-overlay', 'welcome-page"),
        (
            shlex.split("click --button --parent welcome-page-cloud --label x --link https://a"),
            "--link cannot be used with --button.",
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
        (["overlay", "overlay:deploy:closed"], "Use 'metrics event overlay deploy --closed' to"),
    ],
    ids=lambda value: "_".join(value) if isinstance(value, list) else "",
)
def test_usage_error_or_impossible_event(arguments: list[str], reason: str) -> None:
    assert reason in refused(*arguments)


def test_diagram_that_cannot_be_read_has_no_event(tmp_path: Path) -> None:
    broken = tmp_path / "broken.bpmn"
    broken.write_text("<definitions>")
    assert refused("diagram-closed", broken).startswith(f"{broken}:1:14: malformed: ")


def test_standard_input_and_warnings() -> None:
    malformed = ORDER.read_bytes().replace(b"<bpmn:subProcess ", b'<bpmn:subProcess a="<" ')
    result = run("event", "diagram-opened", "-", "--stdin-filename", "a.bpmn", stdin=malformed)
    assert json.loads(result.stdout)["diagramMetrics"]["tasks"]["userTask"]["count"] == 2
    assert result.stderr.startswith(b"a.bpmn:13: warning: ")
    form = b'{"executionPlatform": "Camunda Platform"}'
    assert json.loads(run("event", "diagram-opened", "-", stdin=form).stdout)["diagramType"] == (
        "form"
    )


def test_template_definitions() -> None:
    expected = json.loads((TEMPLATES / "expected.json").read_text("utf-8"))
    diagram = TEMPLATES / "project" / "processes" / "camunda7.bpmn"
    shared = TEMPLATES / "shared_templates"
    options = ("--templates", "definitions", "--template-path", str(shared))
    event = json.loads(run("event", "diagram-opened", diagram, *options).stdout)
    for key, value in expected["camunda7_with_shared_templates"].items():
        assert event[key] == value
    report = scan(diagram, templates=TemplateDefinitions([shared]))
    assert DiagramOpened(report).payload()["elementTemplates"] == event["elementTemplates"]


def test_names_in_template_definitions_are_bounded(tmp_path: Path) -> None:
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


class TestMaxBytes:
    """An event that is too large omits its element templates."""

    @staticmethod
    def printed(limit: int) -> subprocess.CompletedProcess[bytes]:
        return run(
            *("event", "diagram-opened", str(ORDER), "--compact"),
            *("--editor-id", EDITOR, "--application-version", "5.31.0", "--max-bytes", str(limit)),
        )

    def test_limit_counts_every_printed_byte(self) -> None:
        whole = self.printed(10_000)
        assert whole.stderr == b""
        assert self.printed(len(whole.stdout)).stdout == whole.stdout
        smaller = self.printed(len(whole.stdout) - 1)
        size = f"diagram:opened has {len(whole.stdout)} bytes, more than {len(whole.stdout) - 1}"
        assert smaller.stderr.decode() == f"{ORDER}: {size}: omitted elementTemplates\n"
        expected = json.loads(whole.stdout)
        del expected["elementTemplates"]
        assert json.loads(smaller.stdout) == expected
        assert expected["elementTemplateCount"] == 1

    def test_event_that_is_still_too_large_is_printed(self) -> None:
        result = self.printed(10)
        assert "elementTemplates" not in json.loads(result.stdout)
        assert result.returncode == 0
        assert f"diagram:opened still has {len(result.stdout)} bytes" in result.stderr.decode()

    def test_event_without_element_templates_is_printed_whole(self) -> None:
        result = run("event", "deployment", ORDER, "--max-bytes", "500", "--documented-keys")
        assert json.loads(result.stdout)["event"] == "deploy:success"
        message = f"{ORDER}: deploy:success has {len(result.stdout):,} bytes, more than 500\n"
        assert result.stderr.decode() == message
        result = run("event", "ping", "--max-bytes", "10")
        assert (
            result.stderr.decode()
            == f"metrics: ping has {len(result.stdout)} bytes, more than 10\n"
        )


class Receiver(BaseHTTPRequestHandler):
    """Keeps the requests that it receives."""

    received: list[tuple[str, str | None, bytes]]

    def do_POST(self) -> None:
        """Keep a request."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.received.append((self.path, self.headers["Content-Type"], body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        """Log nothing."""


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


def test_recipe_posts_the_event_to_a_receiver(receiver: HTTPServer, tmp_path: Path) -> None:
    text = (PROJECT / "docs" / "events.md").read_text("utf-8")
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


def test_documentation_shows_the_printed_event() -> None:
    page = (PROJECT / "docs" / "events.md").read_text("utf-8")
    (command,) = re.findall(r"^metrics (event click .*)$", page, re.MULTILINE)
    printed = json.loads(run(*shlex.split(command)).stdout)
    shown = json.loads(page.partition("```json\n")[2].partition("```")[0])
    assert list(printed.items()) == list((shown | {"editorId": printed["editorId"]}).items())
