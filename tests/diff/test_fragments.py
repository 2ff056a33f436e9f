"""Fragments of our own in comparisons: what is compared without `--with`, and what is not."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from support.command import run
from support.diagrams import process
from support.repositories import Repository
from support.states import DMN, diff, tasks, write

from metrics import OWN_FRAGMENTS, scan
from metrics.diff.comparison import NotCompared, Reason, compare

if TYPE_CHECKING:
    from pathlib import Path

DELEGATE = process(
    '<bpmn:userTask id="U"/><bpmn:serviceTask id="S" camunda:delegateExpression="${pay}"/>'
)
SCRIPT = process(
    '<bpmn:userTask id="U"><bpmn:extensionElements>'
    '<camunda:taskListener event="create" class="org.example.Assign"/>'
    "</bpmn:extensionElements></bpmn:userTask>"
    '<bpmn:scriptTask id="S" scriptFormat="groovy"/>'
)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A repository with a diagram."""
    made = Repository(tmp_path / "repository")
    made.commit({"pay.bpmn": DELEGATE})
    return made


class TestRevisions:
    """A pull request that changes what runs in a diagram."""

    def test_listener_and_script(self, repository: Repository) -> None:
        repository.commit({"pay.bpmn": SCRIPT})
        (change,) = repository.diff("HEAD~1", "HEAD")["changes"]
        assert change["status"] == "changed"
        values = change["values"]
        for key, before, after in (
            ("implementations.taskListener.java", 0, 1),
            ("implementations.serviceTask.delegate", 1, 0),
            ("implementations.scriptTask.count", 0, 1),
            ("implementations.scripts.languages.groovy", 0, 1),
            ("elements.flowNodes.types.bpmn:ScriptTask", 0, 1),
        ):
            assert values[key] == {"before": before, "after": after}
        assert not [key for key in values if key.endswith(".rules")]
        shown = run("diff", "HEAD~1", "HEAD", cwd=repository.folder).stdout.decode()
        assert "implementations.taskListener.count" in shown

    def test_renamed_class(self, repository: Repository) -> None:
        repository.commit({"pay.bpmn": SCRIPT})
        repository.commit({"pay.bpmn": SCRIPT.replace(b"Assign", b"AssignTo")})
        (change,) = repository.diff("HEAD~1", "HEAD")["changes"]
        assert (change["status"], change["values"]) == ("changedOtherwise", {})

    def test_with_a_further_fragment(self, repository: Repository) -> None:
        repository.commit({"pay.bpmn": SCRIPT})
        assert "complexity" not in json.dumps(repository.diff("HEAD~1", "HEAD"))
        more = DELEGATE.replace(b"<bpmn:userTask", b'<bpmn:task id="T"/><bpmn:userTask')
        repository.commit({"pay.bpmn": more})
        record = repository.diff("--with", "complexity", "HEAD~2", "HEAD")
        assert record["changes"][0]["values"]["complexity.nodes"] == {"before": 2, "after": 3}


def test_added_and_removed_diagrams(tmp_path: Path) -> None:
    write(tmp_path / "old", {"old.bpmn": tasks(1)})
    write(tmp_path / "new", {"new.bpmn": tasks(2)})
    record = diff("old", "new", cwd=tmp_path)
    added, removed = record["changes"]
    assert added["values"]["elements.flowNodes.count"] == {"after": 2}
    assert removed["values"]["elements.flowNodes.count"] == {"before": 1}
    assert "notCompared" not in record
    # Zeros are not shown.
    assert "elements.lanes" not in run("diff", "old", "new", cwd=tmp_path).stdout.decode()


def test_other_engine(tmp_path: Path) -> None:
    cloud = process("", namespaces='xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"')
    write(tmp_path, {"a.bpmn": process(""), "b.bpmn": cloud})
    (change,) = diff("a.bpmn", "b.bpmn", cwd=tmp_path)["changes"]
    assert change["values"]["implementations.scripts.count"] == {"before": 0}
    assert "implementations" not in run("diff", "a.bpmn", "b.bpmn", cwd=tmp_path).stdout.decode()


def test_other_type(tmp_path: Path) -> None:
    """A fragment that a type of diagram never has is not missing."""
    write(tmp_path, {"a.dmn": DMN, "b.bpmn": tasks(1)})
    record = diff("a.dmn", "b.bpmn", cwd=tmp_path)
    assert record["changes"][0]["values"]["elements.flowNodes.count"] == {"after": 1}
    assert "notCompared" not in record


class TestEarlierScan:
    """Lines of an earlier scan, without a fragment or with one of other rules."""

    def scanned(self, folder: Path, *options: str) -> Path:
        write(folder / "old", {"a.bpmn": tasks(1), "b.bpmn": tasks(2), "c.dmn": DMN})
        write(folder / "new", {"a.bpmn": tasks(3), "b.bpmn": tasks(2), "c.dmn": DMN})
        printed = run("scan", *options, ".", cwd=folder / "old").stdout
        (folder / "old.ndjson").write_bytes(printed)
        return folder

    def test_missing_fragments(self, tmp_path: Path) -> None:
        self.scanned(tmp_path)
        result = run("diff", "-f", "json", "../old.ndjson", ".", cwd=tmp_path / "new")
        assert result.stderr.decode() == (
            "metrics: not compared: elements of 2 diagrams (only one side has it), implementations"
            " of 2 diagrams (only one side has it)\n"
        )
        record = json.loads(result.stdout)
        (change,) = record["changes"]
        difference = {"before": 1, "after": 3}
        assert change["values"] == {"diagramMetrics.tasks.userTask.count": difference}
        assert record["totals"] == change["values"]
        assert record["notCompared"] == [
            {"fragment": name, "reason": "missing", "diagrams": 2}
            for name in ("elements", "implementations")
        ]
        assert not run("diff", "-q", "../old.ndjson", ".", cwd=tmp_path / "new").stderr

    def test_with_the_fragments(self, tmp_path: Path) -> None:
        self.scanned(tmp_path, "--with", "all")
        result = run("diff", "-f", "json", "../old.ndjson", ".", cwd=tmp_path / "new")
        record = json.loads(result.stdout)
        assert record["changes"][0]["values"]["elements.flowNodes.count"]["after"] == 3
        # No diagram is a form.
        others = sorted({*OWN_FRAGMENTS} - {"elements", "implementations", "formFields"})
        assert [each["fragment"] for each in record["notCompared"]] == others
        assert "notCompared" not in diff(
            "--with", "all", "../old.ndjson", ".", cwd=tmp_path / "new"
        )

    def test_other_rules(self, tmp_path: Path) -> None:
        scan_file = self.scanned(tmp_path, "--with", "elements") / "old.ndjson"
        other = scan_file.read_text().replace('"elements":{"rules":1', '"elements":{"rules":999')
        # Other rules may have other keys.
        scan_file.write_text(re.sub('"lanes":0,', "", other))
        result = run("diff", "-f", "json", "../old.ndjson", ".", cwd=tmp_path / "new")
        assert result.returncode == 0
        assert b"elements of 2 diagrams (counted by another version of its rules)" in result.stderr
        record = json.loads(result.stdout)
        assert [*record["changes"][0]["values"]] == ["diagramMetrics.tasks.userTask.count"]
        assert record["notCompared"][0] == {
            "fragment": "elements",
            "reason": "otherRules",
            "diagrams": 2,
        }

    def test_fragments_that_a_summary_does_not_show(self, tmp_path: Path) -> None:
        self.scanned(tmp_path, "--with", "elements", "--with", "complexity")
        result = run("summary", "--with", "complexity", "old.ndjson", cwd=tmp_path)
        assert result.stderr.decode() == (
            "metrics: omitted: 'elements' of the saved scan; show them with --with\n"
        )
        assert not run("summary", "-q", "old.ndjson", cwd=tmp_path).stderr

    @pytest.mark.parametrize(
        ("fragment", "option"), [("fingerprints", "--copies=model"), ("dialect", "--by=dialect")]
    )
    def test_fragments_that_a_summary_uses(
        self, tmp_path: Path, fragment: str, option: str
    ) -> None:
        self.scanned(tmp_path, "--with", fragment)
        assert not run("summary", option, "old.ndjson", cwd=tmp_path).stderr

    def test_fragments_that_a_saved_scan_does_not_have(self, tmp_path: Path) -> None:
        self.scanned(tmp_path)
        words = ["summary", "--with", "elements", "--as", "operaton", "old.ndjson"]
        assert run(*words, cwd=tmp_path).stderr.decode().splitlines() == [
            "metrics: the saved scan has no 'elements'; add them with scan --with",
            "metrics: --as does not apply to a saved scan",
        ]

    def test_other_rules_in_a_summary(self, tmp_path: Path) -> None:
        scan_file = self.scanned(tmp_path, "--with", "elements") / "old.ndjson"
        scan_file.write_text(
            scan_file.read_text().replace('"elements":{"rules":1', '"elements":{"rules":999', 1)
        )
        words = ["summary", "-f", "json", "--with", "elements", "old.ndjson"]
        result = run(*words, cwd=tmp_path)
        assert result.returncode == 0
        assert result.stderr.decode() == (
            "metrics: omitted: elements of 1 diagram (counted by another version of its rules)\n"
        )
        assert json.loads(result.stdout)["numbers"]["elements.flowNodes.count"]["sum"] == 2

    @pytest.mark.parametrize("rules", ["null", '"1"', "1.5", "true"])
    def test_malformed_rules(self, tmp_path: Path, rules: str) -> None:
        scan_file = self.scanned(tmp_path, "--with", "elements") / "old.ndjson"
        text = scan_file.read_text()
        scan_file.write_text(text.replace('"elements":{"rules":1', f'"elements":{{"rules":{rules}'))
        result = run("summary", "old.ndjson", cwd=tmp_path)
        assert result.returncode == 2
        assert b"elements has rules" in result.stderr


def test_reports() -> None:
    """In the library, fragments are compared that both reports have."""
    with_elements = scan(tasks(1), name="a.bpmn", fragments=["elements"])
    without = scan(tasks(2), name="a.bpmn")
    comparison = compare([with_elements], [without])
    assert comparison.not_compared == (NotCompared("elements", Reason.MISSING, 1),)
    assert [*comparison.changes[0].values] == ["diagramMetrics.tasks.userTask.count"]


class TestTypesOfFields:
    """The types of a form's components, which may be any text."""

    def test_names_without_letters_and_with_all_quotes(self, tmp_path: Path) -> None:
        names = ["", "'", "both \" and '"]
        components = [{"type": name} for name in names]
        write(tmp_path / "old", {"a.form": json.dumps({"components": components}).encode()})
        write(tmp_path / "new", {"a.form": b'{"components": []}'})
        (change,) = diff("old", "new", "--with", "formFields", cwd=tmp_path)["changes"]
        types = [key for key in change["values"] if ".formFieldTypes." in key]
        assert len(types) == len(names)

    @pytest.mark.parametrize("format_name", ["table", "markdown", "csv"])
    def test_no_control_characters(self, tmp_path: Path, format_name: str) -> None:
        form = {"components": [{"type": "a\x1b[31m\u202e\x9b"}]}
        write(tmp_path / "old", {"a.form": json.dumps(form).encode()})
        write(tmp_path / "new", {"a.form": b'{"components": []}'})
        options = ("-f", format_name, "--with", "formFields")
        shown = run("diff", *options, "old", "new", cwd=tmp_path).stdout.decode()
        assert not re.search("[\x1b\x9b\u202e]", shown)
        assert r"a\x1b[31m\u202e\x9b" in shown

    @pytest.mark.parametrize("format_name", ["table", "markdown"])
    def test_long_name(self, tmp_path: Path, format_name: str) -> None:
        """A long name is cut: it sets the width of all rows."""
        form = {"components": [{"type": "a" * 10_000}, *({"type": f"t{i}"} for i in range(50))]}
        write(tmp_path / "old", {"a.form": json.dumps(form).encode()})
        write(tmp_path / "new", {"a.form": b'{"components": []}'})
        options = ("-f", format_name, "--with", "formFields")
        shown = run("diff", *options, "old", "new", cwd=tmp_path).stdout.decode()
        assert "aaa…" in shown
        assert len(shown) < 20_000
