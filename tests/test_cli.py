"""The command line as a whole: its commands, exit statuses and start-up."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import pytest
from support.command import METRICS, run
from support.diagrams import process

import metrics
from metrics.cli import COMMANDS
from metrics.system.exit_status import ExitStatus

PROJECT = Path(__file__).parents[1]
DMN = b'<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/"/>'
USER_TASKS = "diagramMetrics.tasks.userTask.count"


def test_exit_statuses() -> None:
    assert {name: status.value for name, status in ExitStatus.__members__.items()} == {
        "OK": 0,
        "VIOLATION": 1,
        "DIFFERENCE": 1,
        "FAILURE": 2,
        "BROKEN_PIPE": 141,
    }
    assert ExitStatus.after_signal(13) == ExitStatus.BROKEN_PIPE


def test_exit_statuses_are_defined_in_one_module() -> None:
    for path in (PROJECT / "metrics").rglob("*.py"):
        assert not re.search(r"^EXIT_|Exit\(\d", path.read_text("utf-8"), re.MULTILINE), path


@pytest.mark.parametrize("name", COMMANDS)
def test_module_of_each_command_holds_it_by_its_name(name: str) -> None:
    command = import_module(COMMANDS[name]).command
    assert isinstance(command, click.Command)
    assert command.name == name


def test_help_lists_the_commands_in_order() -> None:
    listed = re.findall(r"^  (\w+)  ", run("--help").stdout.decode(), re.MULTILINE)
    assert listed == [*COMMANDS]


def test_unknown_command() -> None:
    result = run("evnt")
    assert (result.returncode, result.stdout) == (ExitStatus.FAILURE, b"")
    assert b"No such command 'evnt'" in result.stderr


@pytest.mark.parametrize(
    ("words", "suggestion"),
    [
        ("evnt", "event"),
        ("event dployment", "deployment"),
        ("event diagram:opend", "diagram:opened"),
        ("event overlay deplo", "deploy"),
        ("schema paylod", "payload"),
        ("schema diagram:opend", "diagram:opened"),
        ("scan --fragment profil", "profile"),
        ("explain --key userTaks.count order.bpmn", USER_TASKS),
        ("check --limit userTaks.count<=3", USER_TASKS),
    ],
)
def test_similar_name_is_suggested(words: str, suggestion: str) -> None:
    result = run(*words.split())
    assert (result.returncode, result.stdout) == (ExitStatus.FAILURE, b"")
    message = result.stderr.decode().splitlines()[-1]
    assert message.startswith("Error: ")
    assert message.endswith(f". Did you mean '{suggestion}'?")


@pytest.mark.parametrize("words", ["nothing", "event nothing", "schema nothing"])
def test_no_name_is_suggested(words: str) -> None:
    result = run(*words.split())
    assert result.returncode == ExitStatus.FAILURE
    assert b"Did you mean" not in result.stderr


def test_unknown_name_is_escaped() -> None:
    for words in (["a\x1b\n"], ["event", "a\x1b\n"], ["schema", "a\x1b\n"]):
        message = run(*words).stderr.decode().splitlines()[-1]
        assert message.startswith("Error: ")
        assert r"'a\x1b\n'" in message


def test_version() -> None:
    version, *rules = run("--version").stdout.decode().splitlines()
    assert version == f"metrics, version {metrics.__version__}"
    blocks: dict[str, Any] = {}
    for diagram in (process(""), DMN, b"{}"):
        report = metrics.scan(diagram, fragments=metrics.OWN_FRAGMENTS)
        blocks |= report.payload(fragments=metrics.OWN_FRAGMENTS)
    assert rules == [f"{name}, rules {blocks[name]['rules']}" for name in metrics.OWN_FRAGMENTS]


def test_command_line_is_imported_without_its_commands() -> None:
    script = "import sys, metrics.cli; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.check_output([sys.executable, "-c", script]).decode().split()
    assert {"lxml", "orjson", "packaging", "rich"}.isdisjoint(loaded)


def test_messages_are_lost_without_standard_error() -> None:
    for words in ("event ping --editor-id x", "event click", "schema nope", "scan -f nope a"):
        result = subprocess.run(
            ["bash", "-c", f"{METRICS} {words} 2>&-"], capture_output=True, check=False
        )
        assert (result.returncode, result.stdout) == (2, b"")
