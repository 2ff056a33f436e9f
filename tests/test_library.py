"""The library, as users call it."""

from __future__ import annotations

import ast
import io
import json
import pickle
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

import pytest
from support.diagrams import process

import metrics
from metrics import ErrorType, Kind, TemplateDefinitions, discover, scan, scan_many

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TREE = Path(__file__).parent / "fixtures" / "template_definitions"
EXAMPLE = Path(__file__).parent.parent / "examples" / "invoice.bpmn"
TASK = '<bpmn:userTask id="Approve" camunda:formKey="embedded:approve.html"/>'


def test_path_bytes_and_open_file_have_equal_reports() -> None:
    by_path = scan(EXAMPLE)
    assert by_path.file == str(EXAMPLE)
    assert scan(str(EXAMPLE)).payload() == by_path.payload()
    assert scan(EXAMPLE.read_bytes()).payload() == by_path.payload()
    with EXAMPLE.open("rb") as file:
        assert scan(file).payload() == by_path.payload()
    assert scan(io.BytesIO(EXAMPLE.read_bytes()), name="a").file == "a"


def test_report_has_typed_attributes() -> None:
    report = scan(EXAMPLE)
    assert report.kind is Kind.BPMN
    assert report.error is None
    assert report.execution_platform is not None
    assert report.execution_platform.execution_platform_version == "7.21.0"
    assert report.element_templates is not None
    assert report.element_templates[0].applies_to == ("bpmn:ServiceTask",)
    assert report.diagram_metrics is not None
    assert report.diagram_metrics.process_variables_count == 2
    assert report.diagram_metrics.tasks.service_task.implementation.count == 2
    assert report.diagram_metrics.subprocess_planes.nesting == 1


def test_readme_shows_the_payload() -> None:
    readme = (EXAMPLE.parent.parent / "README.md").read_text(encoding="utf-8")
    printed = readme.partition("```json\n")[2].partition("```")[0]
    assert json.loads(printed) == scan(EXAMPLE).payload()
    assert list(json.loads(printed)) == list(scan(EXAMPLE).payload())


def test_report_of_an_error() -> None:
    report = scan(b"<a>", name="a.bpmn")
    assert report.error is not None
    assert report.error.type is ErrorType.MALFORMED
    assert (report.kind, report.diagram_metrics, report.element_templates) == (None, None, None)
    assert report.payload()["error"]["line"] == 1
    with pytest.raises(metrics.DocumentError, match="malformed: not well-formed"):
        raise report.error


def test_form_has_the_profile_only() -> None:
    report = scan(b"{}")
    assert report.payload() == {"diagramType": "form", "executionPlatform": "Camunda Platform"}
    assert report.diagram_metrics is None


def test_reports_can_be_pickled() -> None:
    for source in (EXAMPLE.read_bytes(), b"<a", process(TASK * 2), b"{}"):
        report = scan(source, name="a.bpmn")
        again = pickle.loads(pickle.dumps(report))
        assert again.payload() == report.payload()
        assert again.warnings == report.warnings


def test_threads_have_the_same_results_as_one_thread() -> None:
    sources = [process(TASK * number) for number in range(40)] * 5 + [b"<a", b"{}"] * 20
    expected = [scan(source).payload() for source in sources]
    with ThreadPoolExecutor(8) as executor:
        assert [report.payload() for report in executor.map(scan, sources)] == expected


@pytest.mark.parametrize("diagram", ["camunda7", "camunda8"])
@pytest.mark.parametrize("shared", [False, True])
def test_template_definitions(diagram: str, shared: bool) -> None:
    expected = json.loads((TREE / "expected.json").read_text(encoding="utf-8"))
    folders = [TREE / "shared_templates"] if shared else []
    report = scan(
        TREE / "project" / "processes" / f"{diagram}.bpmn", templates=TemplateDefinitions(folders)
    )
    case = f"{diagram}_with_shared_templates" if shared else diagram
    assert report.payload(fragments=["elementTemplates"]) == expected[case]
    for unreadable in expected["unreadable"]:
        assert any(str(TREE / unreadable) in warning.message for warning in report.warnings)
    named = {name for name in expected["unreadable"] for w in report.warnings if name in w.message}
    assert len(named) == len(expected["unreadable"])


def test_definitions_are_read_as_by_javascript(tmp_path: Path) -> None:
    folder = tmp_path / "element-templates"
    folder.mkdir()
    (folder / "a.json").write_text(
        '{"appliesTo": ["bpmn:Task"], "version": 1e999, "description": "\\ud83d",'
        ' "properties": [{"binding": {"type": "property", "name": "a\\ud83d"}}]}'
    )
    report = scan(process(TASK), name="a.bpmn", templates=TemplateDefinitions([tmp_path]))
    assert report.warnings == ()
    assert report.payload()["elementTemplates"] == [
        {"appliesTo": ["bpmn:Task"], "properties": {"a?": 1}}
    ]


class TestDoor:
    """The names that `metrics` exports."""

    def test_every_name_can_be_imported(self) -> None:
        for name in metrics.__all__:
            assert getattr(metrics, name) is not None
        assert dir(metrics) == sorted(metrics.__all__)

    def test_type_checkers_and_the_lookup_see_the_same_names(self) -> None:
        tree = ast.parse(Path(metrics.__file__).read_text("utf-8"))
        imported = {
            alias.asname or alias.name: (node.module, alias.name)
            for block in tree.body
            if isinstance(block, ast.If)
            for node in block.body
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        looked_up = {
            name: (module, attribute or name)
            for name, origin in metrics._MODULES.items()  # noqa: SLF001
            for module, _, attribute in [origin.partition(":")]
        }
        assert imported == looked_up
        assert [*looked_up] == metrics.__all__

    def test_every_event_class_is_exported(self) -> None:
        for event in metrics.EVENTS.values():
            assert getattr(metrics, event.__name__) is event

    def test_unknown_name(self) -> None:
        with pytest.raises(AttributeError):
            _ = metrics.no_such_name

    def test_no_module_has_the_name_of_an_export(self) -> None:
        # Importing such a module would replace the export.
        modules = {module.name for module in iter_modules(metrics.__path__)}
        assert modules.isdisjoint(metrics.__all__)

    def test_import_loads_no_dependency(self) -> None:
        script = "import sys, metrics; print(*{name.partition('.')[0] for name in sys.modules})"
        loaded = subprocess.check_output([sys.executable, "-c", script]).decode().split()
        assert {"click", "lxml", "orjson", "packaging", "rich"}.isdisjoint(loaded)

    @pytest.mark.parametrize(
        "page", ["README.md", "docs/events-introduction.md", "docs/events.md", "docs/library.md"]
    )
    def test_documentation_imports_from_metrics_only(self, page: str) -> None:
        text = (EXAMPLE.parent.parent / page).read_text("utf-8")
        blocks = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
        assert blocks
        for block in blocks:
            assert not re.search(r"\b(?:from|import) metrics\.", block), block


def test_unknown_fragment() -> None:
    with pytest.raises(ValueError, match="no fragment is named 'tasks'"):
        scan(process(TASK)).payload(fragments=["tasks"])


@pytest.mark.parametrize("source", [None, 1, ["a.bpmn"]])
def test_source_of_a_wrong_type(source: Any) -> None:
    with pytest.raises(TypeError, match="not a path, bytes or an open binary file"):
        scan(source)


@pytest.mark.parametrize("many", [scan_many, discover])
def test_paths_of_a_wrong_type(many: Callable[[Any], Iterator[Any]]) -> None:
    for one in ("a.bpmn", b"a.bpmn", EXAMPLE):
        with pytest.raises(TypeError, match="expected an iterable of paths"):
            many(one)
    with pytest.raises(TypeError, match="not bytes"):
        next(many([b"a.bpmn"]))
    with pytest.raises(TypeError, match="PathLike"):
        next(many([1]))


def test_payloads_hold_plain_values() -> None:
    assert repr(scan(b"{}").payload()).startswith("{'diagramType': 'form'")
    assert repr(scan(b"[]", name="a.form").payload()).startswith("{'error': {'type': 'unsupported'")


def test_file_opened_as_text() -> None:
    with pytest.raises(TypeError, match="binary mode"):
        scan(io.StringIO("<definitions/>"))  # type: ignore[arg-type]
