"""The formats of `metrics diff`: table, JSON and Markdown."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

import pytest
from markdown_it import MarkdownIt
from support.command import run
from support.diagrams import process
from support.repositories import Repository
from support.states import FORM, platform, tasks, two_states, write

if TYPE_CHECKING:
    from pathlib import Path

USER = "diagramMetrics.tasks.userTask"
COUNTS = (
    f"{USER}.count",
    "elements.flowNodes.count",
    "elements.flowNodes.activities",
    "elements.flowNodes.types.bpmn:UserTask",
)
REASON = "not a form: the JSON is not an object"

HEAD = "<!-- metrics diff -->\n### Numbers of the diagrams\n\n"
MAX_CHARACTERS = 65_536
LEFT_OUT = re.compile(
    r"\n\n([0-9,]+) more diagrams? not shown: the comment would be too long\.\n\Z"
)

# Texts that have a meaning in Markdown, HTML or on GitHub.
AWKWARD = [
    "`",
    "``a`b",
    "a|b",
    "|",
    "a\\|b",
    "a\\",
    "<b>a</b>",
    "<!-- a",
    "@octocat",
    "#1",
    "[a](http://example.org)",
    "![a](b)",
    "*a* _b_ ~~c~~",
    "&lt;",
    "a\nb",
    "a\r\n\n# b",
    "\x1b[31m\u202e",
]


@pytest.fixture
def states(tmp_path: Path) -> Path:
    """A folder with two states."""
    return two_states(tmp_path)


class TestFormats:
    """What each format prints."""

    def test_table(self, states: Path) -> None:
        result = run("diff", "old", "new", cwd=states)
        assert result.returncode == 2
        assert result.stdout.decode() == (
            "old → new: 4 diagrams: 1 added, 1 removed, 1 changed, 1 unmeasured;"
            " 1 unchanged\n"
            "\n"
            "changed  a.bpmn\n"
            "  executionPlatformVersion                none → 7.21.0\n"
            "  diagramMetrics.tasks.userTask.count     1 → 1,201  +1,200\n"
            "  elements.flowNodes.count                1 → 1,201  +1,200\n"
            "  elements.flowNodes.activities           1 → 1,201  +1,200\n"
            "  elements.flowNodes.types.bpmn:UserTask  1 → 1,201  +1,200\n"
            "\n"
            "unmeasured  b.form\n"
            "  not measured after: unsupported: not a form: the JSON is not an object\n"
            "\n"
            "removed  gone.form\n"
            "  diagramType               form → -\n"
            "  executionPlatform         Camunda Cloud → -\n"
            "  executionPlatformVersion  8.6.0 → -\n"
            "\n"
            "added  new.dmn\n"
            "  diagramType        - → dmn\n"
            "  executionPlatform  - → Camunda Platform (not stated)\n"
            "\n"
            "Totals of these diagrams\n"
            "  diagramMetrics.tasks.userTask.count     1 → 1,201  +1,200\n"
            "  elements.flowNodes.count                1 → 1,201  +1,200\n"
            "  elements.flowNodes.activities           1 → 1,201  +1,200\n"
            "  elements.flowNodes.types.bpmn:UserTask  1 → 1,201  +1,200\n"
        )

    def test_json(self, states: Path) -> None:
        expected = {
            "old": "old",
            "new": "new",
            "diagrams": {
                "added": 1,
                "removed": 1,
                "renamed": 0,
                "changed": 1,
                "unmeasured": 1,
                "unchanged": 1,
            },
            "changes": [
                {
                    "status": "changed",
                    "file": "a.bpmn",
                    "values": {
                        "executionPlatformVersion": {"before": None, "after": "7.21.0"},
                        **{key: {"before": 1, "after": 1201} for key in COUNTS},
                    },
                },
                {
                    "status": "unmeasured",
                    "file": "b.form",
                    "errors": {"after": {"type": "unsupported", "message": REASON}},
                    "values": {},
                },
                {
                    "status": "removed",
                    "file": "gone.form",
                    "values": {
                        "diagramType": {"before": "form"},
                        "executionPlatform": {"before": "Camunda Cloud"},
                        "executionPlatformVersion": {"before": "8.6.0"},
                    },
                },
                {
                    "status": "added",
                    "file": "new.dmn",
                    "values": {
                        "diagramType": {"after": "dmn"},
                        "executionPlatform": {"after": "Camunda Platform"},
                    },
                },
            ],
            "totals": {key: {"before": 1, "after": 1201} for key in COUNTS},
        }
        printed = run("diff", "-f", "json", "old", "new", cwd=states).stdout.decode()
        assert printed == json.dumps(expected, indent=2) + "\n"

    def test_csv(self, states: Path) -> None:
        result = run("diff", "-f", "csv", "old", "new", cwd=states)
        assert result.returncode == 2
        assert result.stdout.decode() == (
            "file,oldFile,status,key,old,new,difference,oldError,newError\n"
            "a.bpmn,,changed,executionPlatformVersion,,7.21.0,,,\n"
            + "".join(f"a.bpmn,,changed,{key},1,1201,1200,,\n" for key in COUNTS)
            + f"b.form,,unmeasured,,,,,,unsupported: {REASON}\n"
            "gone.form,,removed,diagramType,form,,,,\n"
            "gone.form,,removed,executionPlatform,Camunda Cloud,,,,\n"
            "gone.form,,removed,executionPlatformVersion,8.6.0,,,,\n"
            "new.dmn,,added,diagramType,,dmn,,,\n"
            "new.dmn,,added,executionPlatform,,Camunda Platform,,,\n"
        )

    def test_csv_of_lists_and_renamed_diagrams(self, tmp_path: Path) -> None:
        template = '<bpmn:task id="T" camunda:modelerTemplate="t"/>'
        old, new = tmp_path / "old", tmp_path / "new"
        write(old, {"a.bpmn": process('<bpmn:task id="T"/>')})
        write(new, {"a.bpmn": process(template)})
        *_, row = run("diff", "-f", "csv", old, new).stdout.decode().splitlines()
        assert row == (
            'a.bpmn,,changed,elementTemplates,[],"[{""appliesTo"":[""bpmn:Task""],'
            '""properties"":{}}]",,,'
        )
        repository = Repository(tmp_path / "repository")
        repository.commit({"a.bpmn": tasks(1, "x")})
        repository.commit({"a.bpmn": None, "b.bpmn": tasks(1, "x")})
        printed = run("diff", "-f", "csv", "HEAD~1", "HEAD", cwd=repository.folder).stdout
        assert printed.splitlines()[1:] == [b"b.bpmn,a.bpmn,renamed,,,,,,"]

    def test_markdown(self, states: Path) -> None:
        printed = run("diff", "-f", "markdown", "old", "new", cwd=states).stdout.decode()
        assert printed == (
            f"{HEAD}"
            "`old` → `new`: 4 diagrams: 1 added, 1 removed, 1 changed, 1 unmeasured;"
            " 1 unchanged.\n"
            "\n"
            "| Totals of these diagrams | Before | After | Change |\n"
            "| --- | --: | --: | --: |\n"
            + "".join(f"| `{key}` | 1 | 1,201 | +1,200 |\n" for key in COUNTS)
            + "\n"
            "| Diagram | Value | Before | After | Change |\n"
            "| --- | --- | --: | --: | --: |\n"
            "| `a.bpmn` changed | `executionPlatformVersion` | none | `7.21.0` |  |\n"
            + "".join(f"|  | `{key}` | 1 | 1,201 | +1,200 |\n" for key in COUNTS)
            + f"| `b.form` unmeasured | `not measured after: unsupported: {REASON}` |  |  |  |\n"
            "| `gone.form` removed | `diagramType` | `form` | - |  |\n"
            "|  | `executionPlatform` | `Camunda Cloud` | - |  |\n"
            "|  | `executionPlatformVersion` | `8.6.0` | - |  |\n"
            "| `new.dmn` added | `diagramType` | - | `dmn` |  |\n"
            "|  | `executionPlatform` | - | `Camunda Platform (not stated)` |  |\n"
        )

    @pytest.mark.parametrize(
        ("format_name", "expected"),
        [
            ("table", "new → new: no diagram changed; 1 unchanged\n"),
            (
                "markdown",
                f"{HEAD}`new` → `new`: no diagram changed; 1 unchanged.\n",
            ),
        ],
    )
    def test_no_change(self, tmp_path: Path, format_name: str, expected: str) -> None:
        write(tmp_path / "new", {"a.form": FORM})
        result = run("diff", "-f", format_name, "new", "new", cwd=tmp_path)
        assert (result.returncode, result.stdout.decode()) == (0, expected)

    def test_diagrams_with_different_names(self, tmp_path: Path) -> None:
        write(tmp_path, {"a.bpmn": tasks(1), "b.bpmn": tasks(0)})
        lines = run("diff", "a.bpmn", "b.bpmn", cwd=tmp_path).stdout.decode().splitlines()
        assert lines[2] == "changed  a.bpmn → b.bpmn"
        assert lines[3].split() == [f"{USER}.count", "1", "→", "0", "-1"]
        printed = run("diff", "-f", "markdown", "a.bpmn", "b.bpmn", cwd=tmp_path).stdout.decode()
        assert f"| `a.bpmn` → `b.bpmn` changed | `{USER}.count` | 1 | 0 | -1 |\n" in printed

    def test_control_characters_are_escaped(self, tmp_path: Path) -> None:
        name = "a\nremoved  b\x1b[31m\u202e.form"
        (tmp_path / "old").mkdir()
        write(tmp_path / "new", {name: json.dumps({"executionPlatform": name}).encode()})
        lines = run("diff", "old", "new", cwd=tmp_path).stdout.decode().splitlines()
        escaped = r"a\nremoved  b\x1b[31m\u202e.form"
        assert lines[2] == f"added  {escaped}"
        assert lines[4] == f"  executionPlatform  - → {escaped}"


class TestMarkdown:
    """A comment has a maximal length, and no text in it is markup, a link or a mention."""

    def printed(self, folder: Path) -> str:
        """The comment on two folders, no longer than GitHub accepts."""
        printed = run("diff", "-f", "markdown", "old", "new", cwd=folder).stdout.decode()
        assert len(printed) <= MAX_CHARACTERS
        return printed

    def test_texts_are_code(self, tmp_path: Path) -> None:
        (tmp_path / "old").mkdir()
        for number, text in enumerate(AWKWARD):
            # XML cannot contain this character.
            platform_name = text.replace("\x1b", "")
            name = f"{number:02} {text.replace('/', '_')}.bpmn"
            content = process("", namespaces=platform(quoteattr(platform_name)))
            write(tmp_path / "new", {name: content})
        tokens = MarkdownIt("commonmark").enable("table").parse(self.printed(tmp_path))
        cells = [token.children or [] for token in tokens if token.type == "inline"]
        parts = {part.type for cell in cells for part in cell}
        assert parts == {"text", "code_inline"}
        html = [token.content for token in tokens if token.type == "html_block"]
        # The table of so many diagrams is folded.
        assert html == [
            "<!-- metrics diff -->\n",
            "<details><summary>Each diagram</summary>\n",
            "</details>\n",
        ]
        assert all(
            "@" not in part.content for cell in cells for part in cell if part.type[0] == "t"
        )
        shown = [part.content for cell in cells for part in cell if part.type == "code_inline"]
        for number, text in enumerate(AWKWARD):
            one_line = text.encode("unicode_escape").decode().replace("\\\\", "\\")
            assert f"{number:02} {one_line.replace('/', '_')}.bpmn" in shown
            assert one_line.replace("\\x1b", "") in shown

    @pytest.mark.slow
    def test_a_thousand_diagrams(self, tmp_path: Path) -> None:
        for number in range(1000):
            name = f"{number:03}.bpmn"
            write(tmp_path, {f"old/{name}": tasks(1), f"new/{name}": tasks(3)})
        printed = self.printed(tmp_path)
        assert "`: 1,000 diagrams: 1,000 changed.\n" in printed
        assert f"| `{USER}.count` | 1,000 | 3,000 | +2,000 |\n" in printed
        rows = re.findall(
            r"^\| `([0-9]+)\.bpmn` changed \|.*\| 1 \| 3 \| \+2 \|$", printed, re.MULTILINE
        )
        assert rows == [f"{number:03}" for number in range(len(rows))]
        left_out = LEFT_OUT.search(printed)
        assert left_out is not None
        assert len(rows) + int(left_out[1].replace(",", "")) == 1000
        # Most of the allowed length is used.
        assert len(printed) > 50_000

    @pytest.mark.parametrize("letter", ["a", "ü", "`", "|", "\n"])
    def test_long_texts(self, tmp_path: Path, letter: str) -> None:
        (tmp_path / "old").mkdir()
        name_in_xml = quoteattr(letter * 10_000)
        for number in range(200):
            name = f"{number:03}{letter * 120}.bpmn"
            write(tmp_path / "new", {name: process("", namespaces=platform(name_in_xml))})
        assert LEFT_OUT.search(self.printed(tmp_path))


class TestChangedOtherwise:
    """Diagrams whose content differs, but none of their values."""

    @pytest.fixture
    def otherwise(self, tmp_path: Path) -> Path:
        """Two states of twelve diagrams that differ in a comment."""
        for state in ("old", "new"):
            content = process(f"<!-- {state} -->")
            write(tmp_path / state, {f"{number:02}.bpmn": content for number in range(12)})
        return tmp_path

    def test_table_names_the_first_ten(self, otherwise: Path) -> None:
        lines = run("diff", "old", "new", cwd=otherwise).stdout.decode().splitlines()
        names = [f"  {number:02}.bpmn" for number in range(10)]
        assert lines[1:] == ["", "Changed otherwise", *names, "  and 2 more diagrams"]

    def test_markdown_names_the_first_ten(self, otherwise: Path) -> None:
        printed = run("diff", "old", "new", "-f", "markdown", cwd=otherwise).stdout.decode()
        names = ", ".join(f"`{number:02}.bpmn`" for number in range(10))
        assert f"\nChanged otherwise: {names} and 2 more diagrams.\n" in printed
