"""The laws of `decisions`, over generated and hostile diagrams and the corpus."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.growth import check_growth

from metrics import discover, explain, scan

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CORPUS = os.environ.get("METRICS_CORPUS")
NAMESPACES: Final = (
    "https://www.omg.org/spec/DMN/20191111/MODEL/",
    "http://www.omg.org/spec/DMN/20151101/dmn.xsd",
)
NODES: Final = (
    *("decision", "decision", "businessKnowledgeModel", "inputData", "knowledgeSource"),
    *("decisionService", "textAnnotation"),
)
REQUIREMENTS: Final = ("information", "knowledge", "authority")
TARGETS: Final = ("requiredDecision", "requiredInput", "requiredKnowledge", "requiredAuthority")
LOGIC: Final = (
    *("", "<literalExpression/>", "<context/>", "<every/>", "<description/>", "<list/>"),
    '<decisionTable hitPolicy="COLLECT" aggregation="SUM"><input/><output/><rule/></decisionTable>',
    '<decisionTable hitPolicy="?"><rule/><input/><rule/><input/></decisionTable>',
    "<invocation><decisionTable><rule/><output/></decisionTable></invocation>",
)


def diagram(content: str, namespace: str = NAMESPACES[0]) -> bytes:
    """A DMN diagram with a content of the root."""
    return f'<definitions xmlns="{namespace}">{content}</definitions>'.encode()


@st.composite
def diagrams(draw: st.DrawFn) -> str:
    """The content of diagrams with all kinds of nodes, logic and requirements."""
    content = []
    for _ in range(draw(st.integers(0, 7))):
        name, id = draw(st.sampled_from(NODES)), draw(st.integers(0, 7))
        inner = "".join(draw(st.lists(st.sampled_from(LOGIC), max_size=2)))
        for _ in range(draw(st.integers(0, 2))):
            # In DMN, only decisions have information requirements.
            kinds = REQUIREMENTS if name == "decision" else REQUIREMENTS[1:]
            kind, target = draw(st.sampled_from(kinds)), draw(st.sampled_from(TARGETS))
            href = draw(st.sampled_from(["#", "", "b.dmn#"])) + str(draw(st.integers(0, 7)))
            inner += f'<{kind}Requirement><{target} href="{href}"/></{kind}Requirement>'
        content.append(f'<{name} id="{id}">{inner}</{name}>')
    return "".join(content)


def decisions(source: bytes | str) -> dict[str, Any]:
    """The fragment of a diagram."""
    report = scan(source, fragments=["decisions"])
    assert report.error is None, report.error
    found: dict[str, Any] = report.payload(fragments=["decisions"])["decisions"]
    return found


def check_laws(found: dict[str, Any]) -> None:
    """The laws of the fragment."""
    tables, requirements, depth = found["tables"], found["requirements"], found["depth"]
    assert sum(found["logic"].values()) == found["count"]
    assert sum(tables["hitPolicies"].values()) == tables["count"]
    assert tables["count"] == found["logic"]["decisionTable"] + tables["nested"]
    kinds = sum(requirements[kind] for kind in REQUIREMENTS)
    assert requirements["unresolved"] <= requirements["count"] == kinds
    if requirements["count"] == requirements["unresolved"]:
        assert depth == 0
    nodes = ("count", "businessKnowledgeModels", "inputData", "knowledgeSources")
    elements = sum(found[key] for key in (*nodes, "decisionServices"))
    assert depth is None or depth < max(elements, 1)
    if found["count"] and depth is not None:
        assert found["topLevel"] >= 1
    assert found["topLevel"] <= found["count"]
    if not found["count"]:
        assert found["decisionElements"] == 0


def check_explanation(source: bytes | str) -> None:
    """The items of each number add up to it."""
    explanation = explain(source, fragments=["decisions"])
    for number in explanation.only(["decisions"]).numbers:
        assert sum(item.times for item in number.items) == number.value, number.key


@given(diagrams(), st.sampled_from(NAMESPACES))
def test_laws(content: str, namespace: str) -> None:
    found = decisions(diagram(content, namespace))
    check_laws(found)
    assert found == decisions(diagram(content))
    check_explanation(diagram(content))


@given(diagrams(), diagrams())
def test_unrelated_diagrams_add_up(one: str, other: str) -> None:
    renamed = other.replace('id="', 'id="n').replace("#", "#n")
    both, first, second = map(decisions, map(diagram, (one + renamed, one, renamed)))
    for key in ("count", "topLevel", "decisionElements", "inputData"):
        assert both[key] == first[key] + second[key]
    depths = (first["depth"], second["depth"])
    assert both["depth"] == (None if None in depths else max(depths))


def test_information_requirement_outside_of_decisions() -> None:
    required = '<informationRequirement><requiredDecision href="#a"/></informationRequirement>'
    model = f"<businessKnowledgeModel>{required}</businessKnowledgeModel>"
    found = decisions(diagram(f'<decision id="a"/>{model}'))
    # A requirement names the only decision, though DMN has none in such a place.
    assert (found["count"], found["topLevel"], found["depth"]) == (1, 0, 1)


def test_types_have_the_prefix_of_the_modeler() -> None:
    explanation = explain(diagram('\n<decision id="d"/>'), fragments=["decisions"])
    (count, *_) = explanation.numbers
    (item,) = count.items
    assert item.element is not None
    assert (item.element.type, item.element.id, item.element.line) == ("dmn:Decision", "d", 2)


def test_explanation_of_a_requirement() -> None:
    required = '<informationRequirement><requiredInput href="#b"/></informationRequirement>'
    source = diagram(f'<decision id="a">{required}</decision><inputData id="b"/>')
    (number,) = explain(source, fragments=["decisions"]).only(["decisions.depth"]).numbers
    (item,) = number.items
    assert {role: element.id for role, element in item.related.items()} == {
        "element": "a",
        "requires": "b",
    }


def test_explanation_of_a_table() -> None:
    source = diagram('<decision id="a"><decisionTable id="t"><rule/></decisionTable></decision>')
    (number,) = explain(source, fragments=["decisions"]).only(["decisions.tables.rules"]).numbers
    (item,) = number.items
    assert (item.element and item.element.id, item.related["element"].id) == ("t", "a")


@pytest.mark.slow
@pytest.mark.skipif(CORPUS is None, reason="METRICS_CORPUS names no folder")
def test_corpus() -> None:
    checked = 0
    for path in discover([CORPUS or ""]):
        assert isinstance(path, str)
        if path.lower().endswith((".dmn", ".dmn.xml", ".dmn11.xml")) and not scan(path).error:
            check_laws(decisions(path))
            check_explanation(path)
            checked += 1
    assert checked


def required(node: str, target: str) -> str:
    """A decision that requires another one."""
    href = f'<requiredDecision href="#{target}"/>'
    return (
        f'<decision id="{node}"><informationRequirement>{href}</informationRequirement></decision>'
    )


def many(text: str, n: int) -> str:
    """A text `n` times in a decision table."""
    return f"<decision><decisionTable>{text * n}</decisionTable></decision>"


SHAPES: Final[Mapping[str, Callable[[int], str]]] = {
    "chain": lambda n: "".join(required(f"d{k}", f"d{k + 1}") for k in range(n)),
    "cycle": lambda n: "".join(required(f"d{k}", f"d{(k + 1) % n}") for k in range(n)),
    "star": lambda n: "".join(required(f"d{k}", "d0") for k in range(n)) + "<inputData/>",
    "itself": lambda n: "".join(required(f"d{k}", f"d{k}") for k in range(n)),
    "one id": lambda n: required("d", "d") * n,
    "no ids": lambda n: "<decision/><inputData/><knowledgeSource/>" * n,
    "dangling": lambda n: "<decision><informationRequirement/></decision>" * n,
    "requirements": lambda n: (
        f"<decision id='a'/><decision>{REQUIRES_A * n}</decision><decision>{REQUIRES_A}</decision>"
    ),
    "rules": lambda n: many("<input/><output/><rule/>", n),
    "tables": lambda n: many("<decisionTable hitPolicy='x'/>", n),
}
REQUIRES_A: Final = '<informationRequirement><requiredInput href="#a"/></informationRequirement>'


class TestHostile:
    """Diagrams of any size and shape have numbers, in a time that grows with the size."""

    @pytest.mark.parametrize("shape", SHAPES)
    def test_has_numbers(self, shape: str) -> None:
        check_laws(decisions(diagram(SHAPES[shape](300))))

    def test_chain_is_as_deep_as_it_is_long(self) -> None:
        content = SHAPES["chain"](5_000) + '<decision id="d5000"/>'
        assert decisions(diagram(content))["depth"] == 5_000

    @pytest.mark.slow
    @pytest.mark.parametrize("shape", SHAPES)
    def test_time_is_linear(self, shape: str) -> None:
        check_growth(lambda size: diagram(SHAPES[shape](size)), size=2_500)

    @pytest.mark.parametrize("depth", [1, 50, 1_000])
    def test_nested_tables(self, depth: int) -> None:
        content = "<decisionTable>" * depth + "</decisionTable>" * depth
        tables = decisions(diagram(f"<decision>{content}</decision>"))["tables"]
        assert (tables["count"], tables["nested"]) == (depth, depth - 1)
