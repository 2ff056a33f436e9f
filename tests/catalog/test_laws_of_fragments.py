"""What must hold for the fragments of our own, over generated diagrams and the corpus.

`METRICS_CORPUS` may name a folder with more diagrams.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.diagrams import BPMN, CAMUNDA, ZEEBE
from support.growth import check_growth

from metrics import OWN_FRAGMENTS, discover, explain, scan

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CORPUS = os.environ.get("METRICS_CORPUS")

SUB_PROCESSES: Final = ("subProcess", "transaction", "adHocSubProcess")
ACTIVITIES: Final = (
    *("task", "userTask", "serviceTask", "sendTask", "scriptTask", "businessRuleTask"),
    *("callActivity", *SUB_PROCESSES),
)
GATEWAYS: Final = (
    *("exclusiveGateway", "inclusiveGateway", "parallelGateway"),
    *("complexGateway", "eventBasedGateway"),
)
EVENTS: Final = (
    *("startEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent"),
    "endEvent",
)
DEFINITIONS: Final = ("message", "timer", "link", "error", "conditional")
NO_EVIDENCE: Final = {"complexity.cyclomaticNumber", "complexity.mismatch"}
"""Numbers that no elements add up to."""
MAXIMA: Final = {
    *("elements.subProcesses.nesting", "complexity.maxGatewayDegree"),
    *("complexity.depth", "complexity.diameter"),
}


class FlowNode(NamedTuple):
    """A flow node in a process (-1, -2) or in an earlier sub-process, and its content."""

    tag: str
    holder: int
    definitions: tuple[str, ...]
    attributes: str
    extension: str


class Arrow(NamedTuple):
    """A sequence flow; an end may be no flow node, and it may stand in another scope."""

    source: int
    target: int
    holder: int
    is_conditional: bool


class Model(NamedTuple):
    """A generated diagram."""

    nodes: tuple[FlowNode, ...]
    arrows: tuple[Arrow, ...]
    is_camunda_8: bool

    def render(self, *, id: str = "N", prefix: str = "bpmn:", between: str = "") -> bytes:
        """The file, with ids and names that begin as given, and something between elements."""
        engine = "zeebe" if self.is_camunda_8 else "camunda"
        held: dict[int, list[str]] = {}
        for number, arrow in enumerate(self.arrows):
            condition = (
                f"<{prefix}conditionExpression language='js'/>" if arrow.is_conditional else ""
            )
            held.setdefault(arrow.holder, []).append(
                f'<{prefix}sequenceFlow id="{id}f{number}" sourceRef="{id}{arrow.source}"'
                f' targetRef="{id}{arrow.target}">{condition}</{prefix}sequenceFlow>'
            )
        for number, node in reversed([*enumerate(self.nodes)]):
            extension = node.extension.replace("E:", f"{engine}:")
            definitions = "".join(
                f'<{prefix}{name}EventDefinition name="L"/>' for name in node.definitions
            )
            content = between.join(
                [
                    f"<{prefix}extensionElements>{extension}</{prefix}extensionElements>",
                    definitions,
                    *held.get(number, ()),
                ]
            )
            attributes = node.attributes.replace("E:", f"{engine}:").replace("ID", id)
            element = (
                f'<{prefix}{node.tag} id="{id}{number}" {attributes}>{content}</{prefix}{node.tag}>'
            )
            held.setdefault(node.holder, []).insert(0, element)
        processes = between.join(
            f'<{prefix}process id="{id}p{-holder}">{between.join(held.get(holder, ()))}'
            f"</{prefix}process>"
            for holder in (-1, -2)
        )
        declaration = f"xmlns:{prefix[:-1]}" if prefix else "xmlns"
        engines = f'xmlns:zeebe="{ZEEBE}"' if self.is_camunda_8 else f'xmlns:camunda="{CAMUNDA}"'
        return (
            f'<{prefix}definitions {declaration}="{BPMN}" {engines} id="{id}d">'
            f"{processes}{between}</{prefix}definitions>"
        ).encode()


ATTRIBUTES: Final = (
    *("", 'E:class="a.B"', 'E:type="external"', 'E:expression="${a}"', 'E:decisionRef="d"'),
    *('attachedToRef="ID0"', 'attachedToRef="ID1" cancelActivity="false"', 'calledElement="p"'),
    *('triggeredByEvent="true"', 'isForCompensation="true"', 'scriptFormat="groovy"'),
)
EXTENSIONS: Final = (
    *("", '<E:connector/><E:taskDefinition type="t"/>', '<E:executionListener class="a.B"/>'),
    '<E:taskListener><E:script scriptFormat="js">1</E:script></E:taskListener>',
    '<E:inputOutput><E:inputParameter name="a"><E:script/></E:inputParameter></E:inputOutput>',
    '<E:executionListeners><E:executionListener type="t"/></E:executionListeners>',
)


@st.composite
def models(draw: st.DrawFn) -> Model:
    """Diagrams with two processes, nested sub-processes, events, and flows of all kinds."""
    nodes: list[FlowNode] = []
    for _ in range(draw(st.integers(0, 12))):
        holders = [n for n, node in enumerate(nodes) if node.tag in SUB_PROCESSES]
        tag = draw(st.sampled_from((*ACTIVITIES, *GATEWAYS, *EVENTS, *SUB_PROCESSES)))
        definitions = draw(st.lists(st.sampled_from(DEFINITIONS), max_size=2))
        nodes.append(
            FlowNode(
                tag,
                draw(st.sampled_from([-1, -2, *holders])),
                tuple(definitions) if tag in EVENTS else (),
                draw(st.sampled_from(ATTRIBUTES)),
                draw(st.sampled_from(EXTENSIONS)),
            )
        )
    holders = [n for n, node in enumerate(nodes) if node.tag in SUB_PROCESSES]
    ends = st.integers(0, len(nodes))
    arrows = st.builds(Arrow, ends, ends, st.sampled_from([-1, -2, *holders]), st.booleans())
    return Model(tuple(nodes), tuple(draw(st.lists(arrows, max_size=16))), draw(st.booleans()))


def payload(source: bytes | str) -> dict[str, Any]:
    """The payload of a diagram with all fragments of our own."""
    report = scan(source, fragments=OWN_FRAGMENTS)
    assert report.error is None, report.error
    return report.payload()


def starting_with(types: dict[str, int], *names: str) -> int:
    """The number of flow nodes whose type has one of these names."""
    return sum(number for type, number in types.items() if type.partition("[")[0] in names)


def check_laws(found: dict[str, Any]) -> None:
    """The laws of a payload with all fragments."""
    elements, complexity = found["elements"], found["complexity"]
    implementations, tasks = found["implementations"], found["diagramMetrics"]["tasks"]
    nodes, flows = elements["flowNodes"], elements["sequenceFlows"]
    types = nodes["types"]
    assert sum(types.values()) == nodes["count"]
    assert nodes["activities"] + nodes["events"] + nodes["gateways"] == nodes["count"]
    assert starting_with(types, "bpmn:BoundaryEvent") == elements["boundaryEvents"]["count"]
    sub_processes = [f"bpmn:{name[0].upper()}{name[1:]}" for name in SUB_PROCESSES]
    assert starting_with(types, *sub_processes) == elements["subProcesses"]["count"]
    assert nodes["unreached"] <= nodes["count"]
    nesting = found["diagramMetrics"]["subprocessPlanes"]["nesting"]
    assert nesting <= elements["subProcesses"]["nesting"] <= elements["subProcesses"]["count"]

    for key, value in (
        ("nodes", nodes["count"]),
        ("activities", nodes["activities"]),
        ("gateways", nodes["gateways"]),
        ("arcs", flows["count"] - flows["crossing"] - flows["dangling"]),
    ):
        assert complexity[key] == value, key
    assert found["fingerprints"]["size"] == nodes["count"]
    assert (found["fingerprints"]["structure"] is None) == (nodes["count"] < 5)
    for key in ("separability", "sequentiality", "cyclicity"):
        assert complexity[key] is None or 0 <= complexity[key] <= 1
    assert complexity["cyclomaticNumber"] >= 0
    has_no_diameter = not complexity["nodes"] or complexity["cyclicity"] != 0
    assert (complexity["diameter"] is None) == has_no_diameter
    assert complexity["diameter"] is None or complexity["depth"] is not None

    places = {
        name: kinds
        for name, kinds in implementations.items()
        if isinstance(kinds, dict) and name != "scripts"
    }
    assert implementations["count"] == sum(kinds["count"] for kinds in places.values())
    for kinds in places.values():
        others = [number for kind, number in kinds.items() if kind != "count"]
        assert max(others) <= kinds["count"] <= sum(others)
    assert implementations["serviceTask"] == tasks["serviceTask"]["implementation"]
    if scripts := implementations.get("scripts"):
        places_of_scripts = ("tasks", "listeners", "parameters", "conditions")
        assert sum(scripts[place] for place in places_of_scripts) == scripts["count"]
        assert sum(scripts["languages"].values()) == scripts["count"]
        assert scripts["tasks"] == implementations["scriptTask"]["count"]


def check_explanation(source: bytes | str) -> None:
    """The items of each number that counts elements add up to it."""
    explanation = explain(source, fragments=OWN_FRAGMENTS)
    for number in explanation.numbers:
        if number.key.partition(".")[0] not in OWN_FRAGMENTS or number.key in NO_EVIDENCE:
            continue
        times = sum(item.times for item in number.items)
        if number.key in MAXIMA:
            assert number.items, number.key
        elif isinstance(number.value, int):
            assert times == number.value, number.key


@given(models())
def test_laws(model: Model) -> None:
    check_laws(payload(model.render()))


@given(models())
def test_service_and_user_tasks_are_those_of_the_payload(model: Model) -> None:
    found = payload(model.render())
    types, tasks = found["elements"]["flowNodes"]["types"], found["diagramMetrics"]["tasks"]
    assert types.get("bpmn:ServiceTask", 0) == tasks["serviceTask"]["count"]
    assert types.get("bpmn:UserTask", 0) == tasks["userTask"]["count"]


@given(
    models(),
    st.sampled_from(["x", "Activity_", "zz-1."]),
    st.sampled_from(["", "b:", "semantic:"]),
    st.sampled_from(["", "\n  ", "<!-- a -->", "<?a b?>"]),
)
def test_names_and_layout_do_not_count(model: Model, id: str, prefix: str, between: str) -> None:
    before, after = (
        payload(model.render()),
        payload(model.render(id=id, prefix=prefix, between=between)),
    )
    # The fingerprint of the whole model is the one value that depends on ids.
    assert before["fingerprints"].pop("model") != after["fingerprints"].pop("model")
    assert before == after


@given(
    models(),
    st.sampled_from(["", "b:", "semantic:"]),
    st.sampled_from(["", "\n  ", "<!-- a -->", "<?a b?>"]),
)
def test_layout_does_not_count(model: Model, prefix: str, between: str) -> None:
    assert payload(model.render(prefix=prefix, between=between)) == payload(model.render())


@given(models())
def test_explanations_add_up(model: Model) -> None:
    check_explanation(model.render())


@pytest.mark.slow
@pytest.mark.skipif(CORPUS is None, reason="METRICS_CORPUS names no folder")
def test_corpus() -> None:
    checked = 0
    for path in discover([CORPUS or ""]):
        assert isinstance(path, str)
        report = scan(path, fragments=OWN_FRAGMENTS)
        if report.error is None and "elements" in report.payload():
            check_laws(report.payload())
            check_explanation(path)
            checked += 1
    assert checked


def nested(n: int) -> str:
    """Sub-processes in each other."""
    opening = "".join(f'<subProcess id="S{number}">' for number in range(n))
    return opening + "</subProcess>" * n


def numbered(text: str, n: int) -> str:
    """A text for each number, with the number and the next one."""
    return "".join(text.replace("{n}", str(k)).replace("{m}", str(k + 1)) for k in range(n))


TASK: Final = '<task id="T{n}"/>'
FLOW: Final = '<sequenceFlow id="F{n}" sourceRef="T{n}" targetRef="T{m}"/>'


def extended(content: str) -> str:
    """The extension elements of a process or flow node."""
    return f"<extensionElements>{content}</extensionElements>"


SHAPES: Final[Mapping[str, Callable[[int], str]]] = {
    "chain": lambda n: numbered(TASK + FLOW, n),
    "cycle": lambda n: (
        numbered(TASK + FLOW, n) + f'<sequenceFlow sourceRef="T{n - 1}" targetRef="T0"/>'
    ),
    "star": lambda n: (
        numbered(TASK + '<sequenceFlow sourceRef="T0" targetRef="T{n}"/>', n)
        + numbered('<sequenceFlow sourceRef="T{n}" targetRef="T0"/>', n)
    ),
    "dangling": lambda n: numbered(
        TASK + '<sequenceFlow sourceRef="x" targetRef="y"/><sequenceFlow sourceRef="T{n}"/>', n
    ),
    "no ids": lambda n: "<task/><sequenceFlow/><boundaryEvent/>" * n,
    "gateways": lambda n: numbered(
        '<inclusiveGateway id="T{n}"/>' + FLOW + FLOW.replace("F{n}", "G{n}"), n
    ),
    "links": lambda n: (
        (
            "<intermediateThrowEvent><linkEventDefinition name='a'/></intermediateThrowEvent>"
            "<intermediateCatchEvent><linkEventDefinition name='a'/></intermediateCatchEvent>"
        )
        * n
    ),
    "boundary events": lambda n: (
        '<task id="T0"/>' + '<boundaryEvent attachedToRef="T0"/><association sourceRef="T0"/>' * n
    ),
    "listeners": lambda n: (
        (
            '<userTask><extensionElements><c:taskListener class="a"><c:script/></c:taskListener>'
            "</extensionElements></userTask>"
        )
        * n
    ),
    "scripts in parameters": lambda n: (
        "<task><extensionElements><c:inputOutput><c:inputParameter>"
        + "<c:list><c:script/></c:list>" * n
        + "</c:inputParameter></c:inputOutput></extensionElements></task>"
    ),
    "fields of a process": lambda n: extended("<c:field/>" * n) + "<task/>" * n,
    "validators of a process": lambda n: (
        extended(
            "<c:formData><c:formField><c:validation><c:constraint name='validator'/>"
            "</c:validation></c:formField></c:formData>" * n
        )
        + "<task/>" * n
    ),
    "parameters of a process": lambda n: (
        extended("<c:inputParameter><c:script/></c:inputParameter>" * n) + "<task/>" * n
    ),
    "listeners of a process": lambda n: (
        extended(
            "<c:executionListener/><extensionElements><c:executionListener/></extensionElements>"
            * n
        )
        + "<task/>" * n
    ),
    "job listeners of a process": lambda n: (
        extended(
            "<z:executionListeners>" + "<z:executionListener/>" * n + "</z:executionListeners>"
        )
        + "<task/>" * n
    ),
    "sub-processes": lambda n: "<subProcess/>" * n,
    "sub-processes with a task": lambda n: "<subProcess><task/></subProcess>" * n,
    "script tasks": lambda n: '<scriptTask scriptFormat="groovy"/>' * n,
    "lanes": lambda n: "<laneSet><lane><childLaneSet><lane/></childLaneSet></lane></laneSet>" * n,
}


def hostile(content: str) -> bytes:
    """A diagram with a content of its process."""
    namespaces = f'xmlns="{BPMN}" xmlns:c="{CAMUNDA}"'
    if "<z:" in content:
        namespaces += f' xmlns:z="{ZEEBE}"'
    return f'<definitions {namespaces}><process id="P">{content}</process></definitions>'.encode()


class TestHostile:
    """Diagrams of any size and shape have numbers, in a time that grows with the size."""

    @pytest.mark.parametrize("shape", SHAPES)
    def test_has_numbers(self, shape: str) -> None:
        check_laws(payload(hostile(SHAPES[shape](300))))

    @pytest.mark.parametrize("depth", [1, 50, 200])
    def test_nested_sub_processes(self, depth: int) -> None:
        found = payload(hostile(nested(depth)))
        check_laws(found)
        assert found["elements"]["subProcesses"]["nesting"] == depth

    def test_nothing(self) -> None:
        for content in (
            b"",
            b'<process id="P"/>',
            b"<collaboration><participant/></collaboration>",
        ):
            found = payload(b'<definitions xmlns="%b">%b</definitions>' % (BPMN.encode(), content))
            check_laws(found)
            assert found["complexity"]["density"] is None

    @pytest.mark.slow
    @pytest.mark.parametrize("shape", SHAPES)
    def test_time_is_linear(self, shape: str) -> None:
        check_growth(lambda size: hostile(SHAPES[shape](size)))


def test_explanations_of_large_sums_are_doubles() -> None:
    content = (
        '<inclusiveGateway id="a"/><task id="b"/>'
        + '<sequenceFlow sourceRef="a" targetRef="b"/>' * 60
    )
    explanation = explain(hostile(content), fragments=["complexity"])
    (number,) = explanation.only(["complexity.controlFlowComplexity"]).numbers
    # JSON cannot hold 2^60 - 1.
    assert [number.value, *(item.times for item in number.items)] == [2.0**60, 2.0**60]
    assert isinstance(number.items[0].times, float)


def test_equal_scopes_count_each_time() -> None:
    scope = "<subProcess>{}<exclusiveGateway id='{}'/><task id='{}'/>{}</subProcess>"
    content = "".join(
        scope.format("", f"g{n}", f"t{n}", f"<sequenceFlow sourceRef='g{n}' targetRef='t{n}'/>" * 3)
        for n in range(2)
    )
    found = payload(hostile(content))["complexity"]
    # Each of the two: 3 arcs between 2 nodes. The process has the two sub-processes.
    assert (found["nodes"], found["arcs"], found["gateways"]) == (6, 6, 2)
    assert (found["controlFlowComplexity"], found["mismatch"]) == (6, 6)
    assert found["cyclomaticNumber"] == 2 * (3 - 2 + 1)
    assert found["coefficientOfNetworkComplexity"] == 2 * 9 / 2
    assert (found["averageGatewayDegree"], found["maxGatewayDegree"]) == (3, 3)
