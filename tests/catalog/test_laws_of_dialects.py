"""What must hold for the fragments `dialect` and `portability`.

`METRICS_CORPUS` may name a folder with more diagrams.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.diagrams import BPMN, CAMUNDA, MODELER
from support.growth import check_growth

from metrics import discover, explain, scan

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CORPUS = os.environ.get("METRICS_CORPUS")
FRAGMENTS: Final = ("dialect", "portability")

OPERATON: Final = "http://operaton.org/schema/1.0/bpmn"
NAMESPACES: Final = {
    "camunda7": CAMUNDA,
    "operaton": OPERATON,
    "flowable": "http://flowable.org/bpmn",
    "activiti": "http://activiti.org/bpmn",
}
ORDER: Final = ("operaton", "flowable", "camunda7", "activiti")
REPLACED: Final = (
    (CAMUNDA, OPERATON),
    (MODELER, "http://operaton.org/schema/modeler/1.0"),
    ("camunda-forms:", "operaton-forms:"),
)

# `E` stands for the prefix of an engine.
ATTRIBUTES: Final = (
    *("", 'class="a.B"', 'E:class="a.B"', 'E:class=""', 'E:expression="${a}" expression="${b}"'),
    *('E:type="external"', 'E:type="external-worker"', 'type="mail"', 'implementation="x"'),
    *('E:formKey="camunda-forms:a"', 'formKey="b" E:formKey="embedded:a"', 'E:formRef="a"'),
    *('E:resultVariable="a"', 'resultVariable="b"', 'E:resultVariableName="c"'),
    *('E:triggerable="true"', 'E:topic="a"', 'E:errorVariableName="a"', 'E:unknown="a"'),
)
EXTENSIONS: Final = (
    *("", "<E:connector/>", "<E:formData><E:formField id='a'/></E:formData>", "<E:formData/>"),
    *("<E:formProperty id='a'/>", "<E:formProperty variable='b' expression='c'/>"),
    *(
        "<E:out target='a'/>",
        "<E:out source='x' target='c'/>",
        "<E:in><task E:async='true'/></E:in>",
    ),
    "<E:inputOutput><E:inputParameter name='a'/><E:outputParameter name='a'/></E:inputOutput>",
)
DEFINITIONS: Final = ("", "<errorEventDefinition E:errorVariableName='e' E:errorCodeVariable='f'/>")
TAGS: Final = (
    *("userTask", "serviceTask", "scriptTask", "sendTask", "businessRuleTask", "startEvent"),
    *("boundaryEvent", "callActivity", "subProcess"),
)


class Node(NamedTuple):
    """A flow node, with an attribute, an extension and a definition, each for an engine."""

    tag: str
    parts: tuple[tuple[str, str], ...]

    def render(self, content: str = "") -> str:
        """The element around a content."""
        attributes, extension, definition = (
            part.replace("E:", f"{engine}:") for engine, part in self.parts
        )
        return (
            f"<{self.tag} {attributes}><extensionElements>{extension}</extensionElements>"
            f"{definition}{content}</{self.tag}>"
        )


def diagram(nodes: tuple[Node, ...], platform: str = "") -> str:
    """A diagram with some nodes; those after a sub-process are in it."""
    content = ""
    for node in reversed(nodes):
        is_holder = node.tag == "subProcess"
        content = node.render(content) if is_holder else node.render() + content
    prefixes = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())
    return (
        f'<definitions xmlns="{BPMN}" {prefixes} xmlns:m="{MODELER}" {platform}>'
        f"<process>{content}</process></definitions>"
    )


def nodes(engines: tuple[str, ...]) -> st.SearchStrategy[tuple[Node, ...]]:
    """Flow nodes with extensions of some engines."""

    def part(texts: tuple[str, ...]) -> st.SearchStrategy[tuple[str, str]]:
        return st.tuples(st.sampled_from(engines), st.sampled_from(texts))

    parts = st.tuples(part(ATTRIBUTES), part(EXTENSIONS), part(DEFINITIONS))
    return st.lists(st.builds(Node, st.sampled_from(TAGS), parts), max_size=6).map(tuple)


def payload(source: bytes | str, dialect: str | None = None) -> dict[str, Any]:
    """The payload of a diagram with both fragments."""
    content = source.encode() if isinstance(source, str) else source
    report = scan(content, fragments=FRAGMENTS, dialect=dialect)
    assert report.error is None, report.error
    return report.payload()


def check_laws(found: Mapping[str, Any]) -> None:
    """The laws of a payload with both fragments."""
    dialect, portability = found["dialect"], found["portability"]
    tasks = dialect["tasks"]
    for task, group in (("userTask", "form"), ("serviceTask", "implementation")):
        kinds = dict(tasks[task][group])
        number = kinds.pop("count")
        assert max(kinds.values()) <= number <= min(tasks[task]["count"], sum(kinds.values()))
    assert tasks["serviceTask"]["otherType"] <= tasks["serviceTask"]["count"]

    count, namespaces, ignored = (portability[key] for key in ("count", "namespaces", "ignored"))
    assert sum(namespaces.values()) == count
    assert ignored["camunda7"] <= namespaces["operaton"] + namespaces["flowable"]
    assert ignored["operaton"] <= namespaces["flowable"] + namespaces["activiti"]
    assert ignored["activiti"] <= count - namespaces["activiti"]
    assert ignored["flowable"] <= count - namespaces["flowable"]
    for name, number in namespaces.items():
        assert number != count or ignored[name] == 0
    if count:
        assert dialect["name"] == next(name for name in ORDER if namespaces[name])
    is_of_camunda = namespaces["camunda7"] == count
    if is_of_camunda and (count or dialect["name"] != "operaton"):
        assert counts_of_payload(dialect) == counts_of_payload(found["diagramMetrics"])


def counts_of_payload(block: Mapping[str, Any]) -> Any:
    """What `diagramMetrics` and `dialect` both have."""
    service = block["tasks"]["serviceTask"]
    return [
        block["processVariablesCount"],
        block["tasks"]["userTask"],
        service["count"],
        service["implementation"],
    ]


def check_replacement(source: str, before: Mapping[str, Any]) -> None:
    """Operaton's namespaces in place of Camunda 7's change no number."""
    twin = source
    for old, new in REPLACED:
        twin = twin.replace(old, new)
    after = payload(twin)
    name = "operaton" if before["dialect"]["name"] == "camunda7" else before["dialect"]["name"]
    assert after["dialect"] == before["dialect"] | {"name": name}
    old, new = before["portability"], after["portability"]
    assert new["count"] == old["count"]
    assert new["namespaces"]["operaton"] == old["namespaces"]["camunda7"]
    assert new["ignored"]["operaton"] == old["ignored"]["operaton"] == 0
    assert new["ignored"]["activiti"] == old["ignored"]["activiti"]


@given(nodes(tuple(NAMESPACES)))
def test_laws(found: tuple[Node, ...]) -> None:
    check_laws(payload(diagram(found)))


@given(st.data(), st.sampled_from(list(NAMESPACES)))
def test_extensions_of_one_namespace(data: st.DataObject, engine: str) -> None:
    source = diagram(data.draw(nodes((engine,))))
    check_laws(payload(source))


@given(nodes(("camunda7",)), st.sampled_from(["", 'm:executionPlatform="Camunda Platform"']))
def test_operaton_in_place_of_camunda(found: tuple[Node, ...], platform: str) -> None:
    # Only one of the namespaces may be declared: a duplicate prefix is another diagram.
    source = diagram(found, platform).replace(f'xmlns:operaton="{OPERATON}"', "")
    check_replacement(source, payload(source))


@given(nodes(tuple(NAMESPACES)), st.sampled_from(ORDER))
def test_order_of_evaluation_does_not_count(found: tuple[Node, ...], dialect: str) -> None:
    source = diagram(found)
    both = payload(source, dialect)
    content = source.encode()
    alone = scan(content, fragments=["dialect"], dialect=dialect).payload()
    assert both["dialect"] == alone["dialect"]
    assert both["dialect"]["name"] == dialect
    assert both["portability"] == payload(source)["portability"]


@given(nodes(tuple(NAMESPACES)))
def test_explanations_add_up(found: tuple[Node, ...]) -> None:
    explanation = explain(diagram(found).encode(), fragments=FRAGMENTS)
    for number in explanation.numbers:
        if number.key.partition(".")[0] in FRAGMENTS:
            assert sum(item.times for item in number.items) == number.value, number.key


@pytest.mark.slow
@pytest.mark.skipif(CORPUS is None, reason="METRICS_CORPUS names no folder")
def test_corpus() -> None:
    checked = 0
    for path in discover([CORPUS or ""]):
        content = Path(str(path)).read_bytes()
        report = scan(content, name=str(path), fragments=FRAGMENTS)
        found = report.payload()
        if "dialect" not in found:
            continue
        check_laws(found)
        checked += 1
        text = content.decode("latin-1")
        others = ("flowable.org", "activiti.org", "operaton.org")
        if not report.warnings and CAMUNDA in text and not any(name in text for name in others):
            twin = text
            for old, new in REPLACED:
                twin = twin.replace(old, new)
            after = scan(twin.encode("latin-1"), fragments=["dialect"]).payload()["dialect"]
            assert counts_of_payload(after) == counts_of_payload(found["dialect"]), path
    assert checked


def numbered(text: str, n: int) -> str:
    """A text for each number."""
    return "".join(text.replace("{n}", str(number)) for number in range(n))


def extended(content: str) -> str:
    """A user task with extension elements."""
    return f"<userTask><extensionElements>{content}</extensionElements></userTask>"


ATTRIBUTE: Final = ' f:a{n}="1"'
SHAPES: Final[Mapping[str, Callable[[int], str]]] = {
    "attributes of one element": lambda n: f"<serviceTask{numbered(ATTRIBUTE, n)}/>",
    "attributes in all namespaces": lambda n: (
        '<serviceTask c:type="a" o:type="b" f:class="" a:class="c"/>' * n
    ),
    "extension elements": lambda n: extended('<f:formProperty id="a"/><a:formData/><o:out/>' * n),
    "extended elements": lambda n: (
        extended("<o:formData><c:formField/></o:formData><c:formData/>") * n
    ),
    "fields": lambda n: extended(f"<o:formData>{'<c:formField/>' * n}</o:formData>"),
    "holders": lambda n: (
        f"<userTask>{'<extensionElements><f:formProperty/></extensionElements>' * n}</userTask>"
    ),
    "nested extensions": lambda n: (
        "<task><extensionElements><f:x>" * 100
        + '<task a:x="1"/>' * n
        + "</f:x></extensionElements></task>" * 100
    ),
    "declarations": lambda n: numbered(
        f'<task xmlns:p{{n}}="{NAMESPACES["flowable"]}" p{{n}}:a=""/>', n
    ),
    "namespaces": lambda n: extended(numbered('<x:formProperty xmlns:x="urn:{n}" id="{n}"/>', n)),
    "dropped elements": lambda n: '<task id="a" f:async="true"/>' * n,
}


def hostile(content: str) -> bytes:
    """A diagram with a content of its process; its prefixes are the first letters of engines."""
    prefixes = " ".join(f'xmlns:{name[0]}="{uri}"' for name, uri in NAMESPACES.items())
    root = f'definitions xmlns="{BPMN}" {prefixes}'
    return f"<{root}><process>{content}</process></definitions>".encode()


class TestHostile:
    """Diagrams of any size and shape have numbers, in a time that grows with the size."""

    @pytest.mark.parametrize("shape", SHAPES)
    @pytest.mark.parametrize("dialect", [None, *NAMESPACES])
    def test_has_numbers(self, shape: str, dialect: str | None) -> None:
        found = payload(hostile(SHAPES[shape](200)), dialect)
        if dialect is None:
            check_laws(found)
        assert found["portability"]["count"] >= 0

    @pytest.mark.slow
    @pytest.mark.parametrize("shape", SHAPES)
    def test_time_is_linear(self, shape: str) -> None:
        check_growth(lambda size: hostile(SHAPES[shape](size)), fragments=FRAGMENTS)
