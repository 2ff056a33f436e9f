"""The schemas of `summary`, `check` and `diff` accept what these commands print as JSON."""

from __future__ import annotations

import copy
import json
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator
from support.checking import EMBEDDED, USER_TASKS, VARIABLES, VERSION, embedded, nested, of_version
from support.command import run
from support.diagrams import copy_fixtures, process
from support.states import two_states

from metrics.schemas import schema

if TYPE_CHECKING:
    from pathlib import Path

Change = tuple[str, Any]
MISSING = object()


@cache
def validator(name: str) -> Draft202012Validator:
    """The validator of a schema."""
    return Draft202012Validator(schema(name))


def result(name: str, *arguments: str | Path, cwd: Path) -> dict[str, Any]:
    """What a command prints as JSON."""
    record: dict[str, Any] = json.loads(run(name, "-f", "json", *arguments, cwd=cwd).stdout)
    return record


def changed(record: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy with another value at a path, or without one if the value is `MISSING`."""
    copied = copy.deepcopy(record)
    holder: Any = copied
    *parts, last = (int(part) if part.isdigit() else part for part in path.split("/"))
    for part in parts:
        holder = holder[part]
    if value is MISSING:
        del holder[last]
    else:
        holder[last] = value
    return copied


def accepts(name: str, record: dict[str, Any]) -> None:
    """Raise an error if the schema refuses a record."""
    validator(name).validate(record)


def refuses(name: str, record: dict[str, Any], *changes: Change) -> None:
    """Raise an error if the schema accepts a record after one of some changes."""
    for path, value in changes:
        assert not validator(name).is_valid(changed(record, path, value)), (path, value)


@pytest.fixture(scope="module")
def portfolio(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All fixtures, a copy, and a failure."""
    folder = tmp_path_factory.mktemp("portfolio")
    copy_fixtures(folder)
    (folder / "broken.bpmn").write_bytes(b"<")
    for name in ("copy", "copy 2"):
        (folder / f"{name}.form").write_bytes(b"{}")
    return folder


class TestSummary:
    """A summary, and the summaries of groups in it."""

    @pytest.mark.parametrize("by", [[], ["--by", "folder"], ["--by", "version"]])
    def test_printed(self, portfolio: Path, by: list[str]) -> None:
        record = result("summary", *by, cwd=portfolio)
        assert record["copies"]["largest"]
        assert record["bindings"]
        accepts("summary", record)

    def test_no_diagrams(self, tmp_path: Path) -> None:
        accepts("summary", result("summary", cwd=tmp_path))

    def test_refused(self, portfolio: Path) -> None:
        record = result("summary", "--by", "folder", cwd=portfolio)
        binding = next(iter(record["bindings"]))
        refuses(
            "summary",
            record,
            ("diagrams", "1"),
            ("diagrams", -1),
            ("measured", MISSING),
            ("unknown", 0),
            ("tallies", {}),
            ("bindings", MISSING),
            (f"bindings/{binding}", 1),
            (f"bindings/{binding}/templates", MISSING),
            (f"numbers/{USER_TASKS}/sum", None),
            (f"numbers/{USER_TASKS}/most/0/value", "1"),
            ("platforms/0/versions/0/diagrams", MISSING),
            ("failures/malformed/first/0/error/type", "other"),
            ("copies/largest/0/files", "a.bpmn"),
            ("groups", []),
            ("groups/user_tasks/failed", MISSING),
            (f"groups/user_tasks/numbers/{USER_TASKS}/maximum", "1"),
        )


class TestCheck:
    """Violations of diagrams and of totals, improvements, and failures."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        for name, content in {
            "a": process('<bpmn:scriptTask id="S" camunda:resultVariable="x"/>'),
            "b": embedded(2),
            "c": of_version(None),
            "d": embedded(3),
            "broken": b"<",
        }.items():
            (tmp_path / f"{name}.bpmn").write_bytes(content)
        (tmp_path / "metrics.toml").write_text(
            f"limits.{VARIABLES} = '<= 0'\n"
            f"limits.{EMBEDDED} = '<= 0'\n"
            f"limits.{VERSION} = '>= 7.20'\n"
            f"total.{USER_TASKS} = '<= 1'\n"
        )
        return tmp_path

    def test_printed(self, folder: Path) -> None:
        record = result("check", cwd=folder)
        assert {violation["key"] for violation in record["violations"]} == {
            VARIABLES,
            EMBEDDED,
            VERSION,
            USER_TASKS,
        }
        assert record["failures"]
        accepts("check", record)

    def test_improvements(self, folder: Path) -> None:
        baseline = ["--baseline", "known.ndjson"]
        run("check", *baseline, "--write-baseline", cwd=folder)
        (folder / "b.bpmn").write_bytes(embedded(1))
        (folder / "d.bpmn").unlink()
        (folder / "c.bpmn").write_bytes(b"<")
        (folder / "broken.bpmn").unlink()
        record = result("check", *baseline, cwd=folder)
        assert {"gone", "tolerated"} <= {key for one in record["improvements"] for key in one}
        accepts("check", record)
        refuses(
            "check",
            record,
            ("improvements/0/key", MISSING),
            ("improvements/0/baseline", []),
            ("improvements/0/gone", False),
        )

    def test_refused(self, folder: Path) -> None:
        record = result("check", cwd=folder)
        refuses(
            "check",
            record,
            ("violations", {}),
            ("violations/0/limit", MISSING),
            ("violations/0/value", []),
            ("violations/0/items/0", "S"),
            ("violations/0/items/0/sources", True),
            ("violations/0/items/0/scope/line", "1"),
            ("violations/0/unknown", 0),
            ("failures/0/error", MISSING),
            ("failures/0/file", None),
            ("notApplied", 1),
            ("unlimited", "none"),
            ("tolerated", MISSING),
        )


class TestDiff:
    """Changes of each status, values of each type, and totals."""

    def test_printed(self, tmp_path: Path) -> None:
        record = result("diff", "old", "new", cwd=two_states(tmp_path))
        assert {change["status"] for change in record["changes"]} == {
            "added",
            "removed",
            "changed",
            "unmeasured",
        }
        accepts("diff", record)

    def test_lists_and_old_names(self, tmp_path: Path) -> None:
        template = '<bpmn:task id="T" camunda:modelerTemplate="t"/>'
        (tmp_path / "a.bpmn").write_bytes(process('<bpmn:task id="T"/>'))
        (tmp_path / "b.bpmn").write_bytes(process(template))
        record = result("diff", "a.bpmn", "b.bpmn", cwd=tmp_path)
        (change,) = record["changes"]
        assert (change["oldFile"], change["values"]["elementTemplates"]["before"]) == ("a.bpmn", [])
        accepts("diff", record)

    def test_same(self, tmp_path: Path) -> None:
        (tmp_path / "a.bpmn").write_bytes(nested(1))
        accepts("diff", result("diff", "a.bpmn", "a.bpmn", cwd=tmp_path))

    def test_refused(self, tmp_path: Path) -> None:
        record = result("diff", "old", "new", cwd=two_states(tmp_path))
        refuses(
            "diff",
            record,
            ("old", None),
            ("diagrams/changed", "1"),
            ("diagrams/changed", MISSING),
            ("diagrams/moved", 1),
            ("changes/0/status", "moved"),
            ("changes/0/file", MISSING),
            ("changes/0/values", MISSING),
            (f"changes/0/values/{USER_TASKS}/before", {}),
            (f"changes/0/values/{USER_TASKS}/step", 1),
            ("changes/1/errors/after/type", "other"),
            ("changes/1/errors/now", {}),
            (f"totals/{USER_TASKS}", 1),
        )
