"""`--as DIALECT` where fragments are computed, and `summary --by dialect`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pytest
from support.command import lines, run
from support.diagrams import MODELER, process

from metrics import Workers, explain, explain_many, scan, scan_many, scan_shard, summarize
from metrics.blocks import Omitted
from metrics.reading.namespaces import OPERATON_MODELER

if TYPE_CHECKING:
    from pathlib import Path

ACTIVITI = "http://activiti.org/bpmn"
FLOWABLE = "http://flowable.org/bpmn"


def diagram(attributes: str, platform: str = "") -> bytes:
    """A diagram with a service task, on the second line."""
    namespaces = (
        f'xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:activiti="{ACTIVITI}"'
        f' xmlns:flowable="{FLOWABLE}" xmlns:modeler="{MODELER}" {platform}'
    )
    return process(f'<bpmn:serviceTask id="T" {attributes}/>', namespaces=namespaces)


# Camunda 7 reads the class, Operaton does not.
SOURCE = diagram('activiti:class="a.B"')
KEY = "dialect.tasks.serviceTask.implementation.java"


def java_of(payload: Any) -> Any:
    """The number of Java classes of a payload."""
    return payload["dialect"]["tasks"]["serviceTask"]["implementation"]["java"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two copies of the diagram."""
    for name in ("a.bpmn", "b.bpmn"):
        (tmp_path / name).write_bytes(SOURCE)
    return tmp_path


@pytest.mark.parametrize(
    ("dialect", "java"), [("camunda7", 1), ("operaton", 0), ("flowable", 1), ("activiti", 1)]
)
class TestScan:
    def test_file(self, folder: Path, dialect: str, java: int) -> None:
        words = ("scan", "--with", "dialect", "--as", dialect)
        (line,) = lines(run(*words, "-f", "ndjson", "a.bpmn", cwd=folder))
        assert (line["dialect"]["name"], java_of(line)) == (dialect, java)

    def test_standard_input(self, folder: Path, dialect: str, java: int) -> None:
        printed = run("scan", "--with", "dialect", "--as", dialect, "-", stdin=SOURCE).stdout
        assert java_of(json.loads(printed)) == java

    def test_folder(self, folder: Path, dialect: str, java: int) -> None:
        found = lines(run("scan", "--fragment", "dialect", "--as", dialect, ".", cwd=folder))
        assert [java_of(line) for line in found] == [java, java]


def test_documented_payload_stays_the_same(folder: Path) -> None:
    plain = run("scan", ".", cwd=folder).stdout
    assert run("scan", "--as", "flowable", ".", cwd=folder).stdout == plain


def test_explain(folder: Path) -> None:
    def ids(*words: str, stdin: bytes = b"") -> list[str]:
        """The ids of the elements that a run prints; a line of a warning has none."""
        found = run("explain", "--key", KEY, "-f", "ndjson", *words, cwd=folder, stdin=stdin)
        return [line["id"] for line in lines(found) if "id" in line]

    for paths in (["a.bpmn"], ["a.bpmn", "b.bpmn"]):
        assert ids(*paths) == ["T"] * len(paths)
        assert ids("--as", "operaton", *paths) == []
    assert ids("-", stdin=SOURCE) == ["T"]
    assert ids("--as", "operaton", "-", stdin=SOURCE) == []


def test_check(folder: Path) -> None:
    words = ("check", "--limit", f"{KEY} <= 0", "-f", "json", ".")
    found = run(*words, "--as", "flowable", cwd=folder)
    assert found.returncode == 1
    violations = json.loads(found.stdout)["violations"]
    assert [item["id"] for each in violations for item in each["items"]] == ["T", "T"]
    assert run(*words, "--as", "operaton", cwd=folder).returncode == 0
    assert run(*words[:-1], "--as", "operaton", "-", stdin=SOURCE).returncode == 0
    assert run(*words[:-1], "--as", "activiti", "-", stdin=SOURCE).returncode == 1


def test_diff(folder: Path) -> None:
    (folder / "b.bpmn").write_bytes(diagram(""))
    words = ("diff", "--with", "dialect", "-f", "json", "a.bpmn", "b.bpmn")
    for dialect, has_changed in (("flowable", True), ("operaton", False)):
        found = json.loads(run(*words, "--as", dialect, cwd=folder).stdout)
        values = [key for change in found["changes"] for key in change["values"]]
        assert (KEY in values) == has_changed


def test_shards(folder: Path) -> None:
    pytest.importorskip("zstandard")
    (folder / "manifest").write_text("a.bpmn\nb.bpmn\n")
    hashes = set()
    for dialect in ("flowable", "operaton"):
        words = ("shards", "plan", "manifest", "--shards", "1", "--out", dialect)
        run(*words, "--with", "dialect", "--as", dialect, cwd=folder)
        hashes.add(json.loads((folder / dialect / "plan.json").read_bytes())["hash"])
        scan_shard(folder / dialect, 0)
        found = lines(run("shards", "collect", dialect, cwd=folder))
        assert [line["dialect"]["name"] for line in found] == [dialect, dialect]
    assert len(hashes) == 2


@pytest.mark.parametrize(
    "words",
    [
        *(["scan", "."], ["explain", "."], ["check", "."], ["diff", "a", "b"], ["summary", "."]),
        ["shards", "plan", "m", "--shards", "1", "--out", "p"],
    ],
)
def test_unknown_dialect_is_a_usage_error(folder: Path, words: list[str]) -> None:
    found = run(*words, "--as", "flowabel", cwd=folder)
    assert found.returncode == 2
    assert b"Did you mean 'flowable'?" in found.stderr


class TestLibrary:
    def test_one_diagram(self) -> None:
        assert java_of(scan(SOURCE, fragments=["dialect"], dialect="operaton").payload()) == 0
        explanation = explain(SOURCE, fragments=["dialect"], dialect="flowable")
        assert KEY in [number.key for number in explanation.numbers]

    def test_many_diagrams(self, folder: Path) -> None:
        paths = sorted(folder.glob("*.bpmn"))
        fragments = frozenset({"dialect"})
        with Workers(1) as workers:
            for executor in (None, workers):
                reports = scan_many(paths, executor, fragments=fragments, dialect="operaton")
                assert [java_of(report.payload()) for report in reports] == [0, 0]
                found = explain_many(
                    paths, executor, keys=[KEY], fragments=fragments, dialect="activiti"
                )
                assert [len(explanation.numbers) for explanation in found] == [1, 1]

    @pytest.mark.parametrize("function", [scan, explain])
    def test_unknown_dialect(self, function: Any) -> None:
        with pytest.raises(ValueError, match=r"no dialect is named 'flow'\. Did you mean"):
            function(SOURCE, dialect="flow")

    @pytest.mark.parametrize("function", [scan_many, explain_many])
    def test_unknown_dialect_fails_at_the_call(self, function: Any) -> None:
        with pytest.raises(ValueError, match="no dialect is named 'x'"):
            function([], dialect="x")


GROUPS: Final = {
    "(no dialect)": 1,
    "(not applicable)": 2,
    "(not measured)": 0,
    "activiti": 1,
    "camunda7": 1,
    "flowable": 1,
}


class TestGroups:
    @pytest.fixture
    def portfolio(self, tmp_path: Path) -> Path:
        """A diagram of each group."""
        for name, content in {
            "activiti.bpmn": SOURCE,
            "flowable.bpmn": diagram('flowable:class="a.B"'),
            "camunda7.bpmn": diagram("", 'modeler:executionPlatform="Camunda Platform"'),
            "none.bpmn": diagram(""),
            "camunda8.bpmn": diagram("", 'modeler:executionPlatform="Camunda Cloud"'),
            "a.form": b"{}",
            "broken.bpmn": b"<",
        }.items():
            (tmp_path / name).write_bytes(content)
        return tmp_path

    def groups(self, *words: str, cwd: Path, stdin: bytes = b"") -> dict[str, int]:
        """The number of measured diagrams by group."""
        printed = run("summary", "--by", "dialect", "-f", "json", *words, cwd=cwd, stdin=stdin)
        summary = json.loads(printed.stdout)
        assert "dialect.tasks.serviceTask.count" not in summary["numbers"]
        return {name: group["measured"] for name, group in summary["groups"].items()}

    def test_diagrams(self, portfolio: Path) -> None:
        assert self.groups(".", cwd=portfolio) == GROUPS

    def test_saved_scan(self, portfolio: Path) -> None:
        saved = run("scan", "--with", "dialect", ".", cwd=portfolio).stdout
        assert self.groups("-", cwd=portfolio, stdin=saved) == GROUPS

    def test_saved_scan_without_the_fragment(self, portfolio: Path) -> None:
        saved = run("scan", ".", cwd=portfolio).stdout
        assert self.groups("-", cwd=portfolio, stdin=saved) == {
            "(not applicable)": 2,
            "(not counted)": 4,
            "(not measured)": 0,
        }

    def test_other_dialect(self, portfolio: Path) -> None:
        assert self.groups("--as", "operaton", ".", cwd=portfolio) == {
            "(not applicable)": 2,
            "(not measured)": 0,
            "operaton": 4,
        }

    def test_camunda_8_by_the_platform_of_operaton(self, tmp_path: Path) -> None:
        name = f'xmlns:om="{OPERATON_MODELER}" om:executionPlatform="Camunda Cloud"'
        (tmp_path / "a.bpmn").write_bytes(diagram("", name))
        assert self.groups(".", cwd=tmp_path) == {"(not applicable)": 1}

    def test_library(self) -> None:
        reports = [scan(SOURCE, fragments=["dialect"]), scan(SOURCE)]
        groups = summarize(reports, by="dialect").groups
        assert not isinstance(groups, Omitted)
        assert {name: group.measured for name, group in groups.items()} == {
            "(not counted)": 1,
            "activiti": 1,
        }
