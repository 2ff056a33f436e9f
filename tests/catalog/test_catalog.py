"""What every metric must have, so that none can be half added."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from metrics import FRAGMENTS, scan
from metrics import catalog as catalogue
from metrics.blocks import json_key, snake_case
from metrics.bpmn.diagram import Diagram, Engine
from metrics.catalog import METRICS, all_metrics, own
from metrics.reading.document import Kind
from metrics.report import Report, parse

if TYPE_CHECKING:
    from metrics.metric import Metric

HERE = Path(__file__).parent.parent
PROJECT = HERE.parent
ALL = all_metrics()
IDS = [metric.name for metric in ALL]
EXAMPLES = {
    Kind.BPMN: "invoice.bpmn",
    Kind.DMN: "portfolio/discount.dmn",
    Kind.FORM: "portfolio/contact.form",
}
MIN_FIXTURES = 3
MIN_FIXTURES_OF_THE_PAYLOAD = 11


def test_every_module_is_a_metric() -> None:
    for package, metrics in (
        (catalogue, METRICS),
        (own, [metric for metric in ALL if metric.rules is not None]),
    ):
        modules = {path.stem for path in Path(package.__path__[0]).glob("[!_]*.py")}
        assert {metric.name for metric in metrics} == modules


def test_only_two_modules_name_the_element_templates() -> None:
    """Lists and maps need no code outside of the metric, but the one that reads definitions."""
    package = PROJECT / "metrics"
    named = {
        str(path.relative_to(package))
        for path in package.rglob("*.py")
        if re.search("elementTemplate|element_template", path.read_text("utf-8"))
    }
    assert named == {"catalog/element_templates.py", "template_definitions.py"}


@pytest.mark.parametrize("metric", ALL, ids=IDS)
class TestEachMetric:
    """One name everywhere, and nothing missing."""

    def test_block_tells_what_it_means(self, metric: Metric[Any, Any]) -> None:
        assert metric.block.__doc__
        assert sys.modules[metric.block.__module__].__doc__
        for field in dataclasses.fields(metric.block):
            assert field.metadata["meaning"]

    def test_block_cannot_be_changed(self, metric: Metric[Any, Any]) -> None:
        block = metric.count((), next(iter(catalogue.OTHER_ENGINE)))
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(block, dataclasses.fields(metric.block)[0].name, 1)

    def test_has_fixtures(self, metric: Metric[Any, Any]) -> None:
        folder = HERE / "fixtures" / metric.name
        diagrams = {path.stem for path in folder.iterdir() if path.suffix != ".json"}
        expected = {path.stem for path in folder.glob("*.json")}
        assert diagrams == expected
        is_own = metric.rules is not None
        assert len(diagrams) >= (MIN_FIXTURES if is_own else MIN_FIXTURES_OF_THE_PAYLOAD)

    def test_finds_the_same_among_its_own_tags(self, metric: Metric[Any, Any]) -> None:
        """Elements without one of the tags are missing if no other metric asks for them."""
        for path in sorted((HERE / "fixtures" / metric.name).glob("*.bpmn")):
            document = parse(path, None, 10**6)
            assert not isinstance(document, Report)
            own_tags = tuple(f"{{*}}{tag.rpartition('}')[2]}" for tag in metric.tags) or ("none",)
            blocks = [
                metric.measure(Diagram(document, dict.fromkeys(Engine, tags)))
                for tags in (own_tags, ("*",))
            ]
            assert blocks[0] == blocks[1], path.name

    def test_has_a_section_in_the_reference(self, metric: Metric[Any, Any]) -> None:
        page = (PROJECT / "docs" / "reference.md").read_text(encoding="utf-8")
        assert f"## {metric.name.replace('_', ' ').capitalize()}\n" in page

    def test_stands_in_the_typed_report(self, metric: Metric[Any, Any]) -> None:
        example = PROJECT / "examples" / EXAMPLES[metric.kinds[0]]
        report = scan(example, fragments=[metric.fragment])
        where: Any = report
        for part in metric.key.split(".") if metric.key else ():
            where = getattr(where, snake_case(part))
        if metric.fragment == "diagramMetrics":
            for field in dataclasses.fields(metric.block):
                assert hasattr(where, field.name)
        assert metric.name in report.blocks

    def test_positions_differ(self, metric: Metric[Any, Any]) -> None:
        if metric.rules is None:
            assert [other.position for other in METRICS].count(metric.position) == 1

    def test_fragment_of_our_own_has_one_name(self, metric: Metric[Any, Any]) -> None:
        if metric.rules is not None:
            assert metric.key == metric.fragment == json_key(metric.name)


def test_generated_files_are_what_the_code_says() -> None:
    script = """
import build_reference
for path, text in build_reference.files().items():
    if path.read_text(encoding="utf-8") != text:
        print(path)
"""
    differing = subprocess.run(
        [sys.executable, "-c", script], cwd=PROJECT / "docs", capture_output=True, check=True
    ).stdout
    assert differing == b""


def test_fragments() -> None:
    assert FRAGMENTS == ("profile", "elementTemplates", "diagramMetrics")


@pytest.mark.parametrize("name", ["count", "camunda_forms", "process_variables_count"])
def test_names_of_fields_and_keys_are_each_others(name: str) -> None:
    assert snake_case(json_key(name)) == name
