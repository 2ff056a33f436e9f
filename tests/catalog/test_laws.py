"""What must hold for every diagram, over generated ones."""

from __future__ import annotations

from itertools import count
from typing import Any, NamedTuple
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.diagrams import BPMN, BPMNDI, CAMUNDA, MODELER, ZEEBE

from metrics import scan

pytestmark = pytest.mark.slow

SHOP = "urn:example:shop"
USUAL_PREFIXES = {
    BPMN: "bpmn",
    BPMNDI: "bpmndi",
    CAMUNDA: "camunda",
    ZEEBE: "zeebe",
    MODELER: "modeler",
    SHOP: "shop",
}


class Node(NamedTuple):
    """An element; attributes are by namespace (empty for none) and name."""

    namespace: str
    name: str
    attributes: dict[tuple[str, str], str]
    children: tuple[Node, ...] = ()


def render(
    node: Node,
    *,
    prefixes: dict[str, str] | None = None,
    encoding: str = "utf-8",
    declared: bool = False,
    reverse_attributes: bool = False,
    between: str = "",
) -> bytes:
    """A file with a node as its root, and something between its elements."""
    prefixes = prefixes or USUAL_PREFIXES

    def qualified(namespace: str, name: str) -> str:
        prefix = prefixes[namespace] if namespace else ""
        return f"{prefix}:{name}" if prefix else name

    def write(node: Node, more: str) -> str:
        attributes = list(node.attributes.items())
        if reverse_attributes:
            attributes.reverse()
        written = "".join(f" {qualified(*name)}={quoteattr(value)}" for name, value in attributes)
        inner = "".join(between + write(child, "") for child in node.children)
        tag = qualified(node.namespace, node.name)
        return f"<{tag}{more}{written}>{inner}{between}</{tag}>"

    declarations = "".join(
        f" xmlns{':' if prefix else ''}{prefix}={quoteattr(namespace)}"
        for namespace, prefix in prefixes.items()
        if namespace != ZEEBE or uses_zeebe(node)
    )
    declaration = f'<?xml version="1.0" encoding="{encoding}"?>' if declared else ""
    return (declaration + write(node, declarations)).encode(encoding)


def uses_zeebe(node: Node) -> bool:
    """Whether a node is a Camunda 8 diagram, which declares the zeebe namespace."""
    return node.attributes.get((MODELER, "executionPlatform")) == "Camunda Cloud"


names = st.sampled_from(["total", "order", "", "Grüße", "a&b", "<x>"])
form_keys = st.sampled_from(["embedded:a", "app:b", "camunda-forms:c", "d", ""])


def bpmn(name: str, attributes: dict[tuple[str, str], str], *children: Node) -> Node:
    """A BPMN element."""
    return Node(BPMN, name, attributes, children)


def extended(extensions: list[Node]) -> tuple[Node, ...]:
    """The extension elements with a content, none where there is none."""
    return (bpmn("extensionElements", {}, *extensions),) if extensions else ()


def holding(namespace: str, name: str, child: str, key: str) -> st.SearchStrategy[Node]:
    """An extension element that holds others with a name each."""
    children = st.lists(
        st.one_of(st.just({}), names.map(lambda value: {("", key): value})), max_size=3
    )
    return children.map(
        lambda attributes: Node(
            namespace, name, {}, tuple(Node(namespace, child, given_) for given_ in attributes)
        )
    )


camunda_extensions = st.lists(
    st.one_of(
        holding(CAMUNDA, "inputOutput", "outputParameter", "name"),
        holding(CAMUNDA, "inputOutput", "inputParameter", "name"),
        holding(CAMUNDA, "formData", "formField", "id"),
        st.builds(lambda target: Node(CAMUNDA, "out", {("", "target"): target}), names),
        st.just(Node(CAMUNDA, "out", {("", "local"): "true", ("", "target"): "x"})),
        st.just(Node(CAMUNDA, "connector", {})),
        st.just(Node(SHOP, "note", {("", "id"): "note"})),
    ),
    max_size=3,
)
zeebe_extensions = st.lists(
    st.one_of(
        st.just(Node(ZEEBE, "taskDefinition", {("", "type"): "mail"})),
        st.builds(
            lambda name, value: Node(ZEEBE, "formDefinition", {("", name): value}),
            st.sampled_from(["formKey", "formId", "externalReference"]),
            form_keys,
        ),
    ),
    max_size=2,
)


def tasks(extensions: st.SearchStrategy[list[Node]]) -> st.SearchStrategy[Node]:
    """Tasks of the kinds that are counted, and others."""
    attributes = st.dictionaries(
        st.tuples(
            st.just(CAMUNDA),
            st.sampled_from(
                ["formKey", "formRef", "class", "expression", "type", "resultVariable", "topic"]
            ),
        ),
        st.one_of(form_keys, names, st.just("external")),
        max_size=3,
    )
    template = st.sampled_from([{}, {(CAMUNDA, "modelerTemplate"): "org.example.Task"}])
    return st.builds(
        lambda name, given_, used, content: bpmn(name, given_ | used, *extended(content)),
        st.sampled_from(["userTask", "serviceTask", "sendTask", "scriptTask", "callActivity"]),
        attributes,
        template,
        extensions,
    )


def flow(extensions: st.SearchStrategy[list[Node]]) -> st.SearchStrategy[list[Node]]:
    """The content of a process."""
    event = st.builds(
        lambda variable: bpmn(
            "boundaryEvent",
            {},
            bpmn("errorEventDefinition", {(CAMUNDA, "errorCodeVariable"): variable}),
        ),
        names,
    )
    return st.lists(
        st.recursive(
            st.one_of(tasks(extensions), event),
            lambda inner: st.builds(
                lambda name, content, children: bpmn(name, {}, *extended(content), *children),
                st.sampled_from(["subProcess", "transaction", "adHocSubProcess"]),
                extensions,
                st.lists(inner, max_size=3),
            ),
            max_leaves=6,
        ),
        max_size=4,
    )


def with_ids(node: Node, ids: Any) -> Node:
    """The same with an id of its own for each BPMN element."""
    children = tuple(with_ids(child, ids) for child in node.children)
    if node.namespace == BPMN and node.name != "extensionElements":
        return node._replace(
            attributes={("", "id"): f"Id_{next(ids)}"} | node.attributes, children=children
        )
    return node._replace(children=children)


def planes(node: Node) -> tuple[Node, ...]:
    """A drawing for each sub-process, and one for each process."""
    drawings: tuple[Node, ...] = ()
    for child in node.children:
        if child.name in ("process", "subProcess", "transaction", "adHocSubProcess"):
            shape = Node(BPMNDI, "BPMNShape", {})
            element = {("", "bpmnElement"): child.attributes["", "id"]}
            plane = Node(BPMNDI, "BPMNPlane", element, (shape,))
            drawings += (Node(BPMNDI, "BPMNDiagram", {}, (plane,)), *planes(child))
    return drawings


def diagram(*contents: list[Node], camunda_8: bool) -> Node:
    """The definitions with a process for each content."""
    platform = {(MODELER, "executionPlatform"): "Camunda Cloud"} if camunda_8 else {}
    processes = (bpmn("process", {}, *content) for content in contents)
    root = with_ids(bpmn("definitions", platform, *processes), count())
    return root._replace(children=root.children + planes(root))


contents = {False: flow(camunda_extensions), True: flow(zeebe_extensions)}
diagrams = st.booleans().flatmap(
    lambda camunda_8: st.builds(
        lambda *given_: diagram(*given_, camunda_8=camunda_8),
        contents[camunda_8],
        contents[camunda_8],
    )
)


def payload(source: bytes) -> dict[str, Any]:
    """The payload of a diagram that must be measured without a warning about malformed input."""
    report = scan(source)
    assert report.error is None, report.error
    # Diagrams for one engine may have attributes of the other.
    messages = [warning.message for warning in report.warnings]
    assert all(message.endswith(" not counted") for message in messages), messages
    return report.payload()


@given(
    diagrams,
    st.permutations(["a", "b-1", "_c", "zeebe", "bpmn", "camunda"]),
    st.sampled_from([BPMN, SHOP]),
)
def test_prefixes_do_not_count(root: Node, prefixes: list[str], default: str) -> None:
    renamed = dict(zip(USUAL_PREFIXES, prefixes, strict=True)) | {default: ""}
    assert payload(render(root, prefixes=renamed)) == payload(render(root))


@given(diagrams)
def test_order_of_attributes_does_not_count(root: Node) -> None:
    assert payload(render(root, reverse_attributes=True)) == payload(render(root))


@given(
    diagrams,
    st.sampled_from(["\n  ", "<!-- <bpmn:userTask/> -->", "<?task <a/> ?>", "\r\n\t"]),
)
def test_what_stands_between_elements_does_not_count(root: Node, between: str) -> None:
    assert payload(render(root, between=between)) == payload(render(root))


@given(diagrams)
def test_drawing_data_does_not_count(root: Node) -> None:
    undrawn = payload(render(root._replace(children=root.children[:2])))
    drawn = payload(render(root))
    del undrawn["diagramMetrics"]["subprocessPlanes"]
    del drawn["diagramMetrics"]["subprocessPlanes"]
    assert drawn == undrawn


@given(diagrams, st.sampled_from(["utf-8", "utf-16", "iso-8859-1", "windows-1252"]))
def test_encodings_do_not_count(root: Node, encoding: str) -> None:
    assert payload(render(root, encoding=encoding, declared=True)) == payload(render(root))


@given(st.booleans().flatmap(lambda kind: st.tuples(st.just(kind), contents[kind], contents[kind])))
def test_processes_add_up(given_: tuple[bool, list[Node], list[Node]]) -> None:
    camunda_8, first, second = given_
    both, one, other = (
        payload(render(diagram(*parts, camunda_8=camunda_8)))["diagramMetrics"]
        for parts in ((first, second), (first,), (second,))
    )
    nestings = [metrics["subprocessPlanes"].pop("nesting") for metrics in (both, one, other)]
    assert nestings[0] == max(nestings[1:])
    assert both == added(one, other)


def added(one: Any, other: Any) -> Any:
    """The sums of two trees of numbers."""
    if isinstance(one, dict):
        return {key: added(value, other[key]) for key, value in one.items()}
    return one + other


@settings(max_examples=300)
@given(diagrams, st.binary(max_size=12), st.integers(0, 10_000), st.integers(0, 40))
def test_damaged_files_give_a_payload_or_an_error(
    root: Node, junk: bytes, position: int, cut: int
) -> None:
    source = render(root)
    place = position % len(source)
    report = scan(source[:place] + junk + source[place + cut :], name="a.bpmn")
    assert set(report.payload()) & {"diagramType", "error"}


@given(st.binary(max_size=200), st.sampled_from(["a.bpmn", "a.form", None]))
def test_any_bytes_give_a_payload_or_an_error(source: bytes, name: str | None) -> None:
    assert set(scan(source, name=name).payload()) & {"diagramType", "error"}


@given(diagrams, st.text(max_size=20))
def test_untidy_files_count_as_tidy_ones(root: Node, text: str) -> None:
    tidy = render(root)
    untidy = tidy.replace(b"</bpmn:process>", b'<bpmn:task a="<" b="&" a=""/></bpmn:process>')
    report = scan(untidy)
    assert report.error is None
    assert (untidy == tidy) or len(report.warnings) >= 3
    assert report.payload() == payload(tidy)
    commented = untidy.replace(
        b"<bpmn:process",
        f"<!--{escape(text).replace('-', '')}--><bpmn:process".encode(errors="replace"),
    )
    assert scan(commented).payload() == payload(tidy)
