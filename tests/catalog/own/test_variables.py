"""What must hold for the variables of generated and hostile diagrams.

The variables of a generated diagram are also worked out from the rules, by climbing from each
writer to its scope. `METRICS_CORPUS` may name a folder with more diagrams.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.diagrams import BPMN, CAMUNDA, ZEEBE
from support.growth import check_growth

from metrics import discover, explain, scan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from metrics.explanation import Item

CORPUS = os.environ.get("METRICS_CORPUS")

SUB_PROCESSES: Final = ("subProcess", "transaction", "adHocSubProcess")
TAGS: Final = (*SUB_PROCESSES, "serviceTask", "businessRuleTask", "scriptTask", "callActivity")

# A missing attribute is None.
Names = tuple[str | None, ...]


class Node(NamedTuple):
    """An activity in a process (-1, -2) or in an earlier sub-process, and the names it has."""

    tag: str
    holder: int
    inputs: Names
    outputs: Names
    loop: Names
    collection: str | None
    results: Names


class Model(NamedTuple):
    """A generated diagram."""

    nodes: tuple[Node, ...]
    is_camunda_8: bool

    def render(self, *, bpmn: str = "b:", engine: str = "e:", between: str = "") -> bytes:
        """The file, with some prefixes and something between its elements."""
        extensions = camunda_8_extensions if self.is_camunda_8 else camunda_7_extensions
        held: dict[int, list[str]] = {}
        for number, node in reversed([*enumerate(self.nodes)]):
            content = extensions(node).replace("B:", bpmn).replace("E:", engine)
            inner = between.join([content, *held.get(number, ())])
            tag = f"{bpmn}{node.tag}"
            held.setdefault(node.holder, []).insert(0, f'<{tag} id="N{number}">{inner}</{tag}>')
        processes = "".join(
            f'<{bpmn}process id="P{-holder}">{between.join(held.get(holder, ()))}</{bpmn}process>'
            for holder in (-1, -2)
        )
        declarations = " ".join(
            f'xmlns{":" * bool(prefix)}{prefix[:-1]}="{namespace}"'
            for prefix, namespace in (
                (bpmn, BPMN),
                (engine, ZEEBE if self.is_camunda_8 else CAMUNDA),
            )
        )
        return f"<{bpmn}definitions {declarations}>{processes}</{bpmn}definitions>".encode()


def extension(tag: str, names: Mapping[str, str | None], inner: str = "") -> str:
    """An extension element with attributes and content."""
    attributes = "".join(
        f" {key}={quoteattr(name)}" for key, name in names.items() if name is not None
    )
    return f"<E:{tag}{attributes}>{inner}</E:{tag}>"


def extended(*extensions: str) -> str:
    """Extension elements in their container."""
    return f"<B:extensionElements>{''.join(extensions)}</B:extensionElements>"


def camunda_8_extensions(node: Node) -> str:
    """What a node of a Camunda 8 diagram has."""
    mappings = "".join(
        extension(tag, {"target": name})
        for tag, names in (("input", node.inputs), ("output", node.outputs))
        for name in names
    )
    first = "script" if node.tag == "scriptTask" else "calledDecision"
    results = zip((first, "script"), node.results, strict=False)
    loop = zip(("inputElement", "outputCollection"), node.loop, strict=False)
    return (
        extended(
            extension("ioMapping", {}, mappings),
            extension("adHoc", {"outputCollection": node.collection}),
            *(extension(tag, {"resultVariable": name}) for tag, name in results),
        )
        + "<B:multiInstanceLoopCharacteristics>"
        + extended(extension("loopCharacteristics", dict(loop)))
        + "</B:multiInstanceLoopCharacteristics>"
    )


def camunda_7_extensions(node: Node) -> str:
    """What a node of a Camunda 7 diagram has."""
    parameters = "".join(
        extension(tag, {"name": name})
        for tag, names in (("inputParameter", node.inputs), ("outputParameter", node.outputs))
        for name in names
    )
    fields = "".join(extension("formField", {"id": name}) for name in node.results)
    return extended(
        extension("inputOutput", {}, parameters),
        extension("formData", {}, fields),
        extension("out", {"target": node.collection}),
    )


names = st.sampled_from([None, "", "a", "A", "a.b", "a.x", "ab", "a.", ".a", " a", "a.b.c"])
some_names = st.lists(names, max_size=2).map(tuple)


@st.composite
def models(draw: st.DrawFn) -> Model:
    """Diagrams with two processes and nested activities that write variables."""
    nodes: list[Node] = []
    for _ in range(draw(st.integers(0, 7))):
        holders = [n for n, node in enumerate(nodes) if node.tag in SUB_PROCESSES]
        nodes.append(
            Node(
                draw(st.sampled_from(TAGS)),
                draw(st.sampled_from([-1, -2, *holders])),
                inputs=draw(some_names),
                outputs=draw(some_names),
                loop=draw(some_names),
                collection=draw(names),
                results=draw(some_names),
            )
        )
    return Model(tuple(nodes), draw(st.booleans()))


class Written(NamedTuple):
    """A variable that a writer writes."""

    source: str
    name: str | None
    node: int
    scope: int


def holders(model: Model, number: int) -> Iterator[int]:
    """The numbers of the nodes around one, from the inside to the outside; a process is last."""
    while number >= 0:
        number = model.nodes[number].holder
        yield number


def camunda_8_matches(inputs: Names, name: str) -> bool:
    """Whether one of the inputs matches a name."""
    return any(
        name == target or name.startswith(f"{target.split('.')[0]}.") for target in inputs if target
    )


def camunda_8_variables(model: Model) -> Iterator[Written]:
    """The variables of a Camunda 8 diagram, by the rules."""
    for number, node in enumerate(model.nodes):
        *above, process = holders(model, number)

        def nearest(name: str, numbers: list[int], default: int) -> int:
            matching = (n for n in numbers if camunda_8_matches(model.nodes[n].inputs, name))
            return next(matching, default)

        for name in filter(None, node.inputs):
            yield Written("inputMapping", name, number, number)
        for name in filter(None, node.outputs):
            yield Written("outputMapping", name, number, nearest(name, above, process))
        for name in filter(None, node.loop[:1]):
            yield Written("inputElement", name, number, nearest(name, above, number))
        for name in filter(None, node.loop[1:]):
            yield Written("outputCollection", name, number, nearest(name, above, process))
        for name in filter(None, (node.collection,)):
            for default in (number, process):
                scope = nearest(name, above, default)
                yield Written("adHocOutputCollection", name, number, scope)
        for name in filter(None, node.results[:1]):
            scope = number if node.outputs else nearest(name, [number, *above], process)
            yield Written("resultVariable", name, number, scope)


def camunda_7_variables(model: Model) -> Iterator[Written]:
    """The variables of a Camunda 7 diagram, by the rules."""
    for number, node in enumerate(model.nodes):
        *above, process = holders(model, number)
        for source, written in (
            ("outputParameter", node.outputs),
            ("formField", node.results),
            ("outMapping", (node.collection,)),
        ):
            for name in written:
                matching = (n for n in above if name in model.nodes[n].inputs)
                yield Written(source, name, number, next(matching, process))


def id_of(number: int) -> str:
    """The id of a node or of a process."""
    return f"N{number}" if number >= 0 else f"P{-number}"


def variables_of(source: bytes | str) -> dict[str, Any]:
    """The fragment of a diagram."""
    report = scan(source, fragments=["variables"])
    assert report.error is None, report.error
    found = report.payload()
    metrics = found["diagramMetrics"]
    if "processVariablesCount" in metrics:
        assert found["variables"]["count"] == metrics["processVariablesCount"]
    fragment: dict[str, Any] = found["variables"]
    return fragment


def items_of(source: bytes) -> dict[str, tuple[Item, ...]]:
    """The items of each number of the fragment that is not 0."""
    numbers = explain(source, fragments=["variables"]).only(["variables"]).numbers
    return {number.key.removeprefix("variables."): number.items for number in numbers}


def check_laws(found: Mapping[str, Any]) -> None:
    """The laws of the fragment."""
    sources = found["sources"]
    assert sum(found["scopes"].values()) == found["count"]
    assert sum(sources.values()) == found["writers"]
    assert found["count"] <= found["writers"] + sources.get("adHocOutputCollection", 0)
    assert (found["count"] == 0) == (found["writers"] == 0)


@given(models())
def test_rules(model: Model) -> None:
    rules = camunda_8_variables if model.is_camunda_8 else camunda_7_variables
    written = [*rules(model)]
    found = variables_of(model.render())
    check_laws(found)
    collections = sum(bool(node.collection) for node in model.nodes)
    sources = Counter(each.source for each in written)
    if model.is_camunda_8:
        # The rules write up to two variables for each of them.
        sources["adHocOutputCollection"] = collections
    assert +Counter(found["sources"]) == +sources
    variables = {(each.name, id_of(each.scope)) for each in written}
    assert found["count"] == len(variables)
    assert found["scopes"]["process"] == sum(scope.startswith("P") for _, scope in variables)

    expected: dict[tuple[str | None, str | None], set[tuple[str | None, str]]] = {}
    for each in written:
        variable = (each.name, id_of(each.scope))
        expected.setdefault(variable, set()).add((id_of(each.node), each.source))
    explained = {
        (item.texts["variable"], item.related["scope"].id): {
            (source.id, kind) for source in item.sources for kind in (source.kind or "").split(", ")
        }
        for item in items_of(model.render()).get("count", ())
    }
    assert explained == expected


@given(
    models(),
    st.permutations(["", "b:", "semantic:"]),
    st.sampled_from(["\n  ", "<!-- a -->", "<?a b?>"]),
)
def test_prefixes_and_comments_do_not_count(
    model: Model, prefixes: list[str], between: str
) -> None:
    bpmn, engine, _ = prefixes
    written_otherwise = model.render(bpmn=bpmn, engine=engine, between=between)
    assert variables_of(written_otherwise) == variables_of(model.render())


def test_order_of_sources() -> None:
    """Those of a mapping come first."""
    record = scan(diagram_of("", ZEEBE), fragments=["variables"]).payload()["variables"]
    assert [*record["sources"]] == [
        *("inputMapping", "outputMapping", "inputElement", "outputCollection"),
        *("adHocOutputCollection", "resultVariable"),
    ]


class TestExplanation:
    """Variables and writers are items."""

    SOURCE: Final = (
        '<scriptTask id="T"><extensionElements><e:script resultVariable="total"/>\n<e:ioMapping>'
        '<e:input target="a"/><e:output target="total"/><e:output target="total"/>'
        "</e:ioMapping></extensionElements></scriptTask>"
    )

    def test_variable(self) -> None:
        variables = items_of(diagram_of(self.SOURCE, ZEEBE))["count"]
        found = {
            (item.texts["variable"], item.related["scope"].id): [
                (source.id, source.line, source.kind) for source in item.sources
            ]
            for item in variables
        }
        assert found == {
            ("a", "T"): [("T", 1, "inputMapping")],
            ("total", "P"): [("T", 1, "outputMapping")],
            ("total", "T"): [("T", 1, "resultVariable")],
        }

    def test_variables_of_a_scope(self) -> None:
        items = items_of(diagram_of(self.SOURCE, ZEEBE))
        (variable,) = items["scopes.process"]
        assert (variable.texts["variable"], variable.related["scope"].id) == ("total", "P")
        assert len(items["scopes.local"]) == 2

    def test_writer(self) -> None:
        items = items_of(diagram_of(self.SOURCE, ZEEBE))
        (writer,) = items["sources.outputMapping"]
        assert writer.element is not None
        assert (writer.element.id, writer.element.kind) == ("T", "outputMapping")
        assert (writer.texts, writer.times) == ({"variable": "total"}, 2)
        assert sum(item.times for item in items["writers"]) == 4


@pytest.mark.slow
@pytest.mark.skipif(CORPUS is None, reason="METRICS_CORPUS names no folder")
def test_corpus() -> None:
    checked = 0
    for path in discover([CORPUS or ""]):
        assert isinstance(path, str)
        report = scan(path, fragments=["variables"])
        if report.error is None and "variables" in report.payload():
            check_laws(variables_of(path))
            checked += 1
    assert checked


# The element with mappings, those for inputs and for outputs, and the attribute with the name.
MAPPINGS: Final = {
    ZEEBE: ("ioMapping", "input", "output", "target"),
    CAMUNDA: ("inputOutput", "inputParameter", "outputParameter", "name"),
}


def mapped(engine: str, inputs: tuple[str, ...] = (), outputs: tuple[str, ...] = ()) -> str:
    """Extension elements with inputs and outputs."""
    mapping, input_tag, output_tag, attribute = MAPPINGS[engine]
    children = [
        f'<e:{tag} {attribute}="{name}"/>'
        for tag, names_of_tag in ((input_tag, inputs), (output_tag, outputs))
        for name in names_of_tag
    ]
    return f"<extensionElements><e:{mapping}>{''.join(children)}</e:{mapping}></extensionElements>"


def numbered(n: int, name: str) -> tuple[str, ...]:
    """A name for each number."""
    return tuple(name.replace("{n}", str(number)) for number in range(n))


def nested(engine: str, n: int) -> str:
    """Sub-processes in each other, with inputs of one name and of different names."""
    opening = "".join(
        f"<subProcess>{mapped(engine, ('a', f'b{k}.x'), ('a', f'b{k // 2}.y'))}" for k in range(n)
    )
    return opening + "</subProcess>" * n


def deep(engine: str, n: int) -> str:
    """Many scopes inside a thousand nested ones."""
    depth = 1000
    opening = "".join(f"<subProcess>{mapped(engine, ('a', f'b{k}'))}" for k in range(depth))
    inner = "".join(
        f"<subProcess>{mapped(engine, (f'c{k}',))}"
        f"<task>{mapped(engine, (), ('a', 'b0', f'c{k}.x'))}</task></subProcess>"
        for k in range(n)
    )
    return opening + inner + "</subProcess>" * depth


SHAPES: Final[Mapping[str, Callable[[str, int], str]]] = {
    "writers of an element": lambda engine, n: (
        f"<task>{mapped(engine, numbered(n, 'v{n}'), numbered(n, 'v{n}.x'))}</task>"
    ),
    "writers of a variable": lambda engine, n: f"<task>{mapped(engine, ('v',), ('v',))}</task>" * n,
    "nested": lambda engine, n: nested(engine, n // 10),
    "deep": lambda engine, n: deep(engine, n // 4),
    "loops": lambda _, n: (
        "<task>"
        + (
            "<multiInstanceLoopCharacteristics><extensionElements>"
            '<e:loopCharacteristics inputElement="a" outputCollection="b"/>'
            "</extensionElements></multiInstanceLoopCharacteristics>"
        )
        * n
        + "</task>"
    ),
    "results": lambda _, n: (
        (
            '<task><extensionElements><e:script resultVariable="a"/><e:calledDecision/>'
            '<e:adHoc outputCollection="a"/></extensionElements></task>'
        )
        * n
    ),
}
PLATFORMS: Final = {"Camunda 8": ZEEBE, "Camunda 7": CAMUNDA}


def diagram_of(content: str, engine: str) -> bytes:
    """A diagram with a content of its process."""
    return (
        f'<definitions xmlns="{BPMN}" xmlns:e="{engine}"><process id="P">{content}</process>'
        "</definitions>"
    ).encode()


class TestHostile:
    """Diagrams of any size and shape have numbers, in a time that grows with the size."""

    @pytest.mark.parametrize("platform", PLATFORMS)
    @pytest.mark.parametrize("shape", SHAPES)
    def test_has_numbers(self, shape: str, platform: str) -> None:
        engine = PLATFORMS[platform]
        source = diagram_of(SHAPES[shape](engine, 100), engine)
        check_laws(variables_of(source))
        assert items_of(source) or not variables_of(source)["writers"]

    def test_nearest_of_many_scopes(self) -> None:
        depth = 1000
        found = variables_of(diagram_of(nested(ZEEBE, depth), ZEEBE))
        # Both outputs of the outermost sub-process belong to the process. The other outputs `a`
        # write the inputs around them; of the other outputs `b`, each two write one variable.
        assert found["scopes"] == {"process": 2, "local": 2 * depth + depth // 2}

    @pytest.mark.parametrize("platform", PLATFORMS)
    def test_long_names(self, platform: str) -> None:
        engine = PLATFORMS[platform]
        name = "a" * 1_000_000
        content = (
            f"<subProcess>{mapped(engine, (name,))}"
            f"<task>{mapped(engine, (), (name, f'{name}.x'))}</task></subProcess>"
        )
        found = variables_of(diagram_of(content, engine))
        assert found["scopes"]["local"] == (2 if engine == ZEEBE else 1)
        for item in items_of(diagram_of(content, engine))["count"]:
            assert len(item.texts["variable"] or "") <= 501

    @pytest.mark.slow
    @pytest.mark.parametrize("platform", PLATFORMS)
    @pytest.mark.parametrize("shape", SHAPES)
    def test_time_is_linear(self, shape: str, platform: str) -> None:
        engine = PLATFORMS[platform]
        check_growth(
            lambda size: diagram_of(SHAPES[shape](engine, size), engine),
            size=5_000,
            fragments=["variables"],
        )
