"""A fragment of our own is one module: every command and the reference follow from its dataclass.

The module is added to a copy of the package. It has a value of each shape.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.diagrams import process

ROOT = Path(__file__).parents[2]

MODULE = '''
"""Text annotations.

`<textAnnotation><text>Note</text></textAnnotation>` is an annotation.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Literal

from metrics.blocks import block_class, described
from metrics.bpmn.names import bpmn
from metrics.metric import Evidence, Metric, SourceElement

(ANNOTATION,) = bpmn("textAnnotation")
(TASK,) = bpmn("task")
SIZES = ("short", "very long")


@block_class
class Note:
    """An annotation."""

    text: str = described("Its text")
    letters: Mapping[str, int] = described("How often it has each letter")


@block_class
class Notes:
    """The text annotations of a diagram."""

    count: int = described("Text annotations")
    longest: int = described("Characters of the longest one", total=max)
    per_task: float | None = described("Text annotations per task; null without tasks")
    first: str | None = described("The text of the first one; null without any")
    sizes: Mapping[Literal["short", "very long"], int] = described("Text annotations by size")
    words: Mapping[str, int] = described("How often each word occurs")
    items: tuple[Note, ...] = described("Each of them")


def find(diagram):
    return [*diagram.elements(ANNOTATION), *diagram.elements(TASK)]


def count(elements, engine):
    texts = ["".join(one.itertext()) for one in elements if one.tag == ANNOTATION]
    tasks = len(elements) - len(texts)
    sizes = Counter(SIZES[len(text) > 5] for text in texts)
    return Notes(
        len(texts),
        max(map(len, texts), default=0),
        len(texts) / tasks if tasks else None,
        texts[0] if texts else None,
        {size: sizes[size] for size in SIZES},
        dict(Counter(word for text in texts for word in text.split())),
        tuple(Note(text, dict(Counter(text))) for text in texts),
    )


def explain(elements):
    for element in elements:
        if element.tag == ANNOTATION:
            for word in "".join(element.itertext()).split():
                # `count` counts an annotation once, but has evidence for each of its words.
                yield Evidence("count", SourceElement(element, (word,)))
                yield Evidence(f"words.{word}", SourceElement(element))


METRIC = Metric(
    name="notes",
    block=Notes,
    key="notes",
    fragment="notes",
    rules=1,
    find=find,
    count=count,
    explain=explain,
    tags=frozenset({ANNOTATION, TASK}),
)
'''

ANNOTATED = process(
    '<bpmn:task id="A"/>\n<bpmn:task id="B"/>\n'
    '<bpmn:textAnnotation id="T1"><bpmn:text>Ask Ann</bpmn:text></bpmn:textAnnotation>\n'
    '<bpmn:textAnnotation id="T2"><bpmn:text>Ask</bpmn:text></bpmn:textAnnotation>\n'
    '<bpmn:textAnnotation id="T3"><bpmn:text>No</bpmn:text></bpmn:textAnnotation>\n'
)
NOTES = {
    "rules": 1,
    "count": 3,
    "longest": 7,
    "perTask": 1.5,
    "first": "Ask Ann",
    "sizes": {"short": 2, "very long": 1},
    "words": {"Ask": 2, "Ann": 1, "No": 1},
    "items": [
        {"text": "Ask Ann", "letters": {"A": 2, "s": 1, "k": 1, " ": 1, "n": 2}},
        {"text": "Ask", "letters": {"A": 1, "s": 1, "k": 1}},
        {"text": "No", "letters": {"N": 1, "o": 1}},
    ],
}


EXPLAIN = ("explain", "-f", "json")


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package with the module, and of what builds the reference."""
    folder = tmp_path_factory.mktemp("package")
    for name in ("metrics", "docs"):
        shutil.copytree(ROOT / name, folder / name)
    (folder / "metrics" / "catalog" / "own" / "notes.py").write_text(MODULE)
    return folder


@pytest.fixture
def diagrams(tmp_path: Path) -> Path:
    """Two diagrams, one without tasks and text annotations, and a form."""
    folder = tmp_path / "diagrams"
    folder.mkdir()
    (folder / "annotated.bpmn").write_bytes(ANNOTATED)
    (folder / "empty.bpmn").write_bytes(process(""))
    (folder / "form.form").write_bytes(b"{}")
    return folder


class Runner:
    """Runs the copy of the package."""

    def __init__(self, package: Path, cwd: Path) -> None:
        self._package = package
        self._cwd = cwd

    def __call__(self, *arguments: str, status: int = 0) -> str:
        result = subprocess.run(
            [sys.executable, "-m", "metrics", *arguments],
            cwd=self._cwd,
            env=os.environ | {"PYTHONPATH": str(self._package), "COLUMNS": "150"},
            capture_output=True,
            check=False,
        )
        assert result.returncode == status, result.stderr.decode()
        return (result.stderr if status == 2 else result.stdout).decode()

    def json(self, *arguments: str, status: int = 0) -> Any:
        return json.loads(self(*arguments, status=status))


@pytest.fixture
def metrics(package: Path, diagrams: Path) -> Runner:
    """Runs the copy in the folder of the diagrams."""
    return Runner(package, diagrams)


class TestScan:
    """The fragment in the formats of `scan`."""

    def test_off_unless_asked_for(self, metrics: Runner) -> None:
        assert "notes" not in metrics.json("scan", "annotated.bpmn")
        assert "notes" not in metrics("scan", "-f", "csv")

    def test_fragment(self, metrics: Runner) -> None:
        assert metrics.json("scan", "--fragment", "notes", "annotated.bpmn") == {"notes": NOTES}

    def test_similar_name_is_suggested(self, metrics: Runner) -> None:
        for option in ("--fragment", "--with"):
            message = metrics("scan", option, "note", "annotated.bpmn", status=2)
            assert "Did you mean 'notes'?" in message

    def test_added_after_the_documented_payload(self, metrics: Runner) -> None:
        payload = metrics.json("scan", "annotated.bpmn")
        added = metrics.json("scan", "--with", "notes", "annotated.bpmn")
        assert [*added.items()] == [*payload.items(), ("notes", NOTES)]

    def test_added_by_the_configuration(self, metrics: Runner, diagrams: Path) -> None:
        added = metrics("scan", "--with", "notes")
        (diagrams / "metrics.toml").write_text('with = ["notes"]')
        assert metrics("scan") == added
        keys = [number["key"] for number in metrics.json(*EXPLAIN, "annotated.bpmn")["numbers"]]
        assert "notes.count" in keys
        assert "notes.count" in metrics.json("summary", "-f", "json")["numbers"]
        assert "notes" not in metrics("scan", "--fragment", "profile", "-f", "csv")
        (diagrams / "metrics.toml").write_text('with = ["note"]')
        assert "named 'note'. Did you mean 'notes'?" in metrics("scan", status=2)

    def test_left_out_where_it_does_not_apply(self, metrics: Runner) -> None:
        assert "notes" not in metrics.json("scan", "--with", "notes", "form.form")

    def test_csv(self, metrics: Runner) -> None:
        rows = csv.DictReader(io.StringIO(metrics("scan", "-f", "csv", "--with", "notes", ".")))
        first, second, form = rows
        assert first["notes.perTask"] == "1.5"
        assert first['notes.sizes."very long"'] == "1"
        assert json.loads(first["notes.words"]) == NOTES["words"]
        assert json.loads(first["notes.items"]) == NOTES["items"]
        assert (second["notes.count"], second["notes.perTask"]) == ("0", "")
        assert (form["notes.count"], form["notes.words"]) == ("", "")

    def test_table(self, metrics: Runner) -> None:
        table = metrics("scan", "-f", "table", "--fragment", "notes", ".")
        # Ratios and the names of maps are not among the main values.
        assert "perTask" not in table
        assert "words" not in table
        assert "longest 7" in table.splitlines()[-1]

    def test_sort(self, metrics: Runner) -> None:
        for key, first in (
            ("notes.count", "annotated.bpmn"),
            ("notes.words.Ask", "annotated.bpmn"),
            ("notes.perTask", "annotated.bpmn"),
            ("notes.first", "annotated.bpmn"),
        ):
            rows = metrics("scan", "-f", "csv", "--sort", key, "empty.bpmn", "annotated.bpmn")
            assert rows.splitlines()[1].startswith(first)
            assert "notes.count" in rows.splitlines()[0]
        rows = metrics("scan", "-f", "csv", "--sort", "notes.words", ".", status=2)
        assert "notes.words is a map: use a number or a text." in rows

    def test_earlier_lines(self, metrics: Runner, diagrams: Path) -> None:
        lines = metrics("scan", "--with", "notes", ".")
        (diagrams / "scan.ndjson").write_text(lines)
        now, earlier = (
            metrics.json("summary", "-f", "json", "--with", "notes", path)
            for path in (".", "scan.ndjson")
        )
        assert now["numbers"] == earlier["numbers"]


def test_schema(metrics: Runner) -> None:
    assert "notes" in metrics("schema").split()
    _, *schemas = reversed(metrics.json("schema", "notes")["oneOf"])
    notes = schemas[-1]["properties"]["notes"]
    properties = notes["properties"]
    assert notes["required"] == [*NOTES]
    assert properties["rules"]["const"] == 1
    assert properties["perTask"]["type"] == ["number", "null"]
    assert properties["sizes"]["required"] == ["short", "very long"]
    assert properties["words"]["additionalProperties"] == {"type": "integer", "minimum": 0}
    assert "notes" in json.dumps(metrics.json("schema", "payload"))


class TestCheck:
    """Limits for the values of the fragment, which is computed because a limit names it."""

    @pytest.mark.parametrize(
        ("limit", "values"),
        [
            ("notes.count <= 2", [3]),
            ("notes.perTask <= 1.2", [1.5]),
            ('notes.sizes."very long" < 1', [1]),
            ("notes.words.Ask <= 1", [2]),
            ("notes.words.Never > 0", [0, 0]),
            ("notes.first == Hello", ["Ask Ann"]),
        ],
    )
    def test_limits(self, metrics: Runner, limit: str, values: list[Any]) -> None:
        result = metrics.json("check", "-f", "json", "--limit", limit, ".", status=1)
        found = [violation["value"] for violation in result["violations"]]
        assert [value for value in found if value is not None] == values

    def test_null_is_not_limited(self, metrics: Runner) -> None:
        result = metrics.json("check", "-f", "json", "--limit", "notes.perTask < 0", ".", status=1)
        assert [violation["file"] for violation in result["violations"]] == ["annotated.bpmn"]
        assert result["notApplied"] == {"notes.perTask": 1}
        assert "notes.perTask is null, and so not limited, in 1 diagram" in metrics(
            "check", "--limit", "notes.perTask < 2", ".", status=0
        )

    def test_limit_in_a_configuration(self, metrics: Runner, diagrams: Path) -> None:
        (diagrams / "metrics.toml").write_text('[limits]\nnotes.words.Ask = "<= 1"\n')
        result = metrics.json("check", "-f", "json", ".", status=1)
        (violation,) = result["violations"]
        assert (violation["key"], violation["value"]) == ("notes.words.Ask", 2)
        assert [item["id"] for item in violation["items"]] == ["T1", "T2"]

    def test_totals(self, metrics: Runner) -> None:
        result = metrics.json(
            "check", "-f", "json", "--total", "notes.words.Ask <= 1", ".", status=1
        )
        assert [violation["value"] for violation in result["violations"]] == [2]
        for key in ("notes.perTask", "notes.rules"):
            assert "no total" in metrics("check", "--total", f"{key} <= 1", ".", status=2)

    def test_lists_have_no_limit(self, metrics: Runner) -> None:
        assert "notes.items" in metrics("check", "--limit", "notes.items <= 1", ".", status=2)


class TestExplain:
    """The elements behind the numbers of the fragment."""

    def test_key_names_the_fragment(self, metrics: Runner) -> None:
        explanation = metrics.json(
            "explain", "-f", "json", "--key", "notes.count", "annotated.bpmn"
        )
        (number,) = explanation["numbers"]
        assert (number["key"], number["value"]) == ("notes.count", 3)
        assert number["meaning"] == "Text annotations"
        assert [item["id"] for item in number["items"]] == ["T1", "T2", "T3"]

    def test_an_element_is_one_item(self, metrics: Runner, diagrams: Path) -> None:
        (diagrams / "repeated.bpmn").write_bytes(ANNOTATED.replace(b"Ask Ann", b"Ann and Ann"))
        explanation = metrics.json(
            "explain", "-f", "json", "--key", "words.Ann", "--key", "notes.count", "repeated.bpmn"
        )
        items = {number["key"]: number["items"] for number in explanation["numbers"]}
        first = {"type": "bpmn:TextAnnotation", "id": "T1", "line": 5}
        assert items["notes.count"][0] == {"kind": "Ann, and"} | first
        assert [item["id"] for item in items["notes.count"]] == ["T1", "T2", "T3"]
        # The number counts the word, not the annotation.
        assert items["notes.words.Ann"] == [first | {"times": 2}]

    @pytest.mark.parametrize(
        ("key", "whole"),
        [
            ("words.Ask", "notes.words.Ask"),
            ('sizes."very long"', 'notes.sizes."very long"'),
            ("longest", "notes.longest"),
        ],
    )
    def test_short_keys(self, metrics: Runner, key: str, whole: str) -> None:
        explanation = metrics.json("explain", "-f", "json", "--key", key, "annotated.bpmn")
        assert [number["key"] for number in explanation["numbers"]] == [whole]
        result = metrics.json(
            "check", "-f", "json", "--limit", f"{key} < 0", "annotated.bpmn", status=1
        )
        assert [violation["key"] for violation in result["violations"]] == [whole]

    def test_documented_keys_come_first(self, metrics: Runner) -> None:
        # `notes.count` has this end, too.
        message = metrics("explain", "--key", "count", "annotated.bpmn", status=2)
        assert "short for several keys" in message
        assert "notes.count" not in message

    def test_every_number(self, metrics: Runner) -> None:
        explanation = metrics.json("explain", "-f", "json", "--with", "notes", "annotated.bpmn")
        values = {number["key"]: number["value"] for number in explanation["numbers"]}
        assert values["notes.perTask"] == 1.5
        assert values['notes.sizes."very long"'] == 1
        assert values["notes.words.Ask"] == 2
        assert values["notes.items[0].letters.A"] == 2
        assert "notes.rules" not in values

    def test_member_of_a_map(self, metrics: Runner) -> None:
        explanation = metrics.json(
            "explain", "-f", "json", "--key", "notes.words.Ask", "annotated.bpmn"
        )
        (number,) = explanation["numbers"]
        assert [item["id"] for item in number["items"]] == ["T1", "T2"]


def test_diff(metrics: Runner, diagrams: Path) -> None:
    (diagrams / "new.bpmn").write_bytes(ANNOTATED.replace(b"Ask Ann", b"Ask Bob"))
    record = metrics.json("diff", "-f", "json", "--with", "notes", "annotated.bpmn", "new.bpmn")
    (change,) = record["changes"]
    values = change["values"]
    assert values["notes.words.Ann"] == {"before": 1, "after": 0}
    assert values["notes.words.Bob"] == {"before": 0, "after": 1}
    assert values["notes.first"] == {"before": "Ask Ann", "after": "Ask Bob"}
    assert "notes.items" in values
    assert record["totals"]["notes.words.Bob"] == {"before": 0, "after": 1}
    assert "notes.first" in metrics("diff", "--with", "notes", "annotated.bpmn", "new.bpmn")


def test_summary(metrics: Runner) -> None:
    summary = metrics.json("summary", "-f", "json", "--with", "notes", "--by", "platform", ".")
    assert summary["numbers"]["notes.count"]["sum"] == 3
    assert summary["numbers"]['notes.sizes."very long"']["sum"] == 1
    assert "notes.rules" not in summary["numbers"]
    ratio = summary["ratios"]["notes.perTask"]
    assert (ratio["diagrams"], ratio["undefined"], ratio["median"]) == (2, 1, 1.5)
    assert summary["notes.words"]["Ask"] == {"diagrams": 1, "sum": 2}
    assert summary["notes.first"] == {"Ask Ann": {"diagrams": 1}}
    (group,) = summary["groups"].values()
    assert group["notes.words"] == summary["notes.words"]
    table = metrics("summary", "--with", "notes", ".")
    assert "notes.perTask" in table
    assert re.search(r"^ +very long +1 ", table, re.MULTILINE)
    markdown = metrics("summary", "-f", "markdown", "--with", "notes", ".")
    assert "notes.words" in markdown


def test_reference(package: Path) -> None:
    script = (
        "import sys; sys.path.insert(0, 'docs'); import build_reference;"
        "print(build_reference.files()[build_reference.HERE / 'reference.md'])"
    )
    page = subprocess.run(
        [sys.executable, "-c", script], cwd=package, capture_output=True, check=True
    ).stdout.decode()
    section = page.partition("## Notes")[2]
    assert "`--with notes`" in section
    for key in ("rules", "perTask", "sizes", "words", "items[].letters"):
        assert f"| `notes.{key}` |" in section
