"""Fingerprints: diagrams with the same fingerprint are copies.

`<process id="p"><task id="a"/></process>` is printed as `{"rules": 1, "model": "b2:…", "structure":
null, "size": 1}`. A DMN diagram has neither `structure` nor `size`.

A fingerprint is `b2:` and the BLAKE2b hash, of 16 bytes, of a text in UTF-8.

The text of `model` has all elements below the root. Diagrams with the same `model` are equal apart
from layout: the elements and attributes of the drawing, prefixes of namespaces, comments,
processing instructions, white space between tags, the order of attributes, and the root itself.
Ids, names and documentation count. So do elements that the Modeler drops because of their ids.

- An element is `<`, its name, U+0000, its attributes, its content, and `>`. A name is
  `{namespace}name`, or `name` without a namespace.
- An attribute is its name, U+0000, its value, U+0000. Attributes are sorted by name. The value of
  `xsi:type` is trimmed. If its prefix is declared, it is written like a name.
- The text between two elements is `"`, the trimmed text, U+0000, unless nothing remains.

The text of `structure` comes from the flow nodes, their types and scopes, and the sequence flows
between them, as in `elements`. Diagrams with the same `structure` are equal apart from layout, ids,
names and configuration. It is `null` for a diagram with fewer than 5 flow nodes, because most small
diagrams are alike. Diagrams with different flow can have the same `structure`, but rarely do. For
example, one ring of six tasks has that of two rings of three.

- The label of a flow node begins as the hash of its type.
- In a round, the new label is the hash of seven texts, joined by `|`: the old label of the node,
  then the old labels of the sources of its incoming flows, the targets of its outgoing flows, the
  activity that it is attached to, the boundary events attached to it, the sub-process that holds
  it, and the nodes that it holds. Several labels are sorted and joined by `,`.
- The rounds end after the first one that does not raise the number of different labels, at the
  latest after the 16th. The text is the labels of all nodes, sorted and joined by `,`.

The method is the color refinement of Weisfeiler and Leman.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from lxml import etree

from metrics.blocks import OMITTED, Omitted, block_class, described
from metrics.bpmn.flow import (
    DEFINITION_REFERENCE,
    TAGS,
    attachments,
    event_definitions,
    node_types,
)
from metrics.bpmn.names import EVENT_DEFINITIONS
from metrics.metric import Evidence, Metric, SourceElement
from metrics.reading.document import Kind
from metrics.reading.namespaces import XSI

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from lxml.etree import _Element as Element

    from metrics.bpmn.diagram import Diagram, Engine

DIGEST_BYTES: Final = 16
MARK: Final = "b2:"

OMG: Final = ("http://www.omg.org/spec/", "https://www.omg.org/spec/")
LAYOUT_NAMES: Final = ("/DI", "/DC", "/DMNDI")
LAYOUT_OF_BPMN_IO: Final = "http://bpmn.io/schema/dmn/biodi/"

TYPE: Final = f"{{{XSI}}}type"
WHITE_SPACE: Final = " \t\r\n"
ATTRIBUTE_VALUES: Final = etree.XPath("@*", regexp=False, smart_strings=False)
MAX_ITEMS: Final = 100
NO_ATTRIBUTES: Final[list[tuple[str, str]]] = []
EVENTS_OF_WALK: Final = ("start", "end", "start-ns", "end-ns")

MIN_SIZE: Final = 5
MAX_ROUNDS: Final = 16


@block_class
class Fingerprints:
    """The fingerprints of a BPMN or DMN diagram."""

    model: str = described("Equal for diagrams that are equal apart from layout", tally=None)
    structure: str | Omitted | None = described(
        "Equal for diagrams that are equal apart from layout, ids, names and configuration; null"
        " below 5 flow nodes; omitted for DMN",
        tally=None,
    )
    size: int | Omitted = described("Flow nodes, at any depth; omitted for DMN")


class Shape(NamedTuple):
    """What `structure` depends on: diagrams with equal shapes have the same structure.

    Flow nodes are numbered. `types` has the type of each, and `holders` the sub-process that holds
    it. `arcs` are pairs of source and target, `attached` pairs of boundary event and activity.
    """

    types: tuple[str, ...]
    holders: tuple[int | None, ...]
    arcs: tuple[tuple[int, int], ...]
    attached: tuple[tuple[int, int], ...]


class Found(NamedTuple):
    """The fingerprint `model`; for BPMN, also the shape and the flow nodes."""

    model: str
    shape: Shape | None
    nodes: Sequence[Element] = ()


def find(diagram: Diagram) -> Sequence[Found]:
    """What the fingerprints of the diagram follow from, as one item."""
    model = _model(diagram.root)
    if diagram.document.kind is Kind.DMN:
        return [Found(model, None)]
    flow = diagram.flow
    shape = Shape(
        tuple(node_types(flow, event_definitions(diagram))),
        tuple([scope.node for scope in flow.scope_of]),
        tuple([(arc.source, arc.target) for scope in flow.scopes for arc in scope.arcs]),
        tuple(attachments(flow)),
    )
    return [Found(model, shape, flow.nodes)]


def count(found: Sequence[Found], engine: Engine) -> Fingerprints:
    """The block of a diagram; without one, that of a BPMN diagram without elements."""
    model, shape, _ = found[0] if found else EMPTY
    if shape is None:
        return Fingerprints(model, OMITTED, OMITTED)
    return Fingerprints(model, _structure(shape), len(shape.types))


def explain(found: Sequence[Found]) -> Iterator[Evidence]:
    """The flow nodes."""
    return (Evidence("size", SourceElement(node)) for each in found for node in each.nodes)


def _hash(text: str) -> str:
    return blake2b(text.encode(), digest_size=DIGEST_BYTES).hexdigest()


# The model


def _model(root: Element) -> str:
    """The fingerprint of all elements below the root."""
    hashed = blake2b(digest_size=DIGEST_BYTES)
    declared = {prefix or "": [namespace] for prefix, namespace in root.nsmap.items()}
    for child in root:
        hashed.update("".join(_parts(child, declared)).encode())
    return MARK + hashed.hexdigest()


def _parts(top: Element, declared: dict[str, list[str]]) -> list[str]:
    """The parts of the text of an element and its content.

    `declared` has the namespaces of each prefix, from the outermost declaration to the one in
    force.
    """
    parts: list[str] = []
    prefixes: list[str] = []
    text = ""
    # What an item is depends on the event.
    walk: Any = etree.iterwalk(top, EVENTS_OF_WALK)
    for event, item in walk:
        if event == "start":
            start = _start(item.tag)
            if start is None:
                walk.skip_subtree()
                # Only its end is left.
                next(walk)
                text += item.tail or ""
                continue
            if text and (trimmed := text.strip(WHITE_SPACE)):
                parts.append(f'"{trimmed}\0')
            parts.append(start)
            for name, value in _attributes(item):
                if name[0] != "{":
                    parts.append(f"{name}\0{value}\0")
                elif not _is_layout(name):
                    written = _type_name(value, declared) if name == TYPE else value
                    parts.append(f"{name}\0{written}\0")
            text = item.text or ""
        elif event == "end":
            if text and (trimmed := text.strip(WHITE_SPACE)):
                parts.append(f'"{trimmed}\0')
            parts.append(">")
            text = item.tail or ""
        elif event == "start-ns":
            prefix, namespace = item
            prefixes.append(prefix)
            declared.setdefault(prefix, []).append(namespace)
        else:
            declared[prefixes.pop()].pop()
    return parts


def _attributes(element: Element) -> list[tuple[str, str]]:
    """The sorted names and values of the attributes of an element."""
    names = element.keys()
    if not names:
        return NO_ATTRIBUTES
    # `items` looks up each value by its name, which takes quadratic time.
    if len(names) > MAX_ITEMS:
        return sorted(zip(names, ATTRIBUTE_VALUES(element), strict=True))
    return sorted(element.items())


@lru_cache(maxsize=1024)
def _start(tag: str) -> str | None:
    """How the text of an element begins; None for an element of the drawing."""
    return None if _is_layout(tag) else f"<{tag}\0"


@lru_cache(maxsize=1024)
def _is_layout(name: str) -> bool:
    """Whether an element or attribute with a name belongs to the drawing."""
    namespace = name[1:].rpartition("}")[0]
    is_of_omg = namespace.startswith(OMG) and namespace.removesuffix("/").endswith(LAYOUT_NAMES)
    return is_of_omg or namespace.startswith(LAYOUT_OF_BPMN_IO)


def _type_name(value: str, declared: Mapping[str, Sequence[str]]) -> str:
    """The value of `xsi:type` as a name in its namespace, unless its prefix is not declared."""
    value = value.strip(WHITE_SPACE)
    prefix, _, name = value.rpartition(":")
    namespaces = declared.get(prefix)
    # `xmlns=""` declares that there is no default namespace.
    return f"{{{namespaces[-1]}}}{name}" if namespaces and namespaces[-1] else value


# The structure


def _structure(shape: Shape) -> str | None:
    """The fingerprint of a shape; None if it is too small."""
    if len(shape.types) < MIN_SIZE:
        return None
    return MARK + _hash(",".join(sorted(_refined(shape))))


def _refined(shape: Shape) -> list[str]:
    """The label of each node after the last round."""
    related = _related(shape)
    labels = _hashes(shape.types)
    different = len(set(labels))
    for _ in range(MAX_ROUNDS):
        old = labels
        labels = _hashes([_new_text(old, node, groups) for node, groups in enumerate(related)])
        before, different = different, len(set(labels))
        if different == before:
            break
    return labels


def _new_text(labels: Sequence[str], node: int, groups: Iterable[Sequence[int]]) -> str:
    """The text whose hash is the new label of a node."""
    joined = [",".join(sorted([labels[n] for n in nodes])) if nodes else "" for nodes in groups]
    return "|".join([labels[node], *joined])


def _hashes(texts: Sequence[str]) -> list[str]:
    """The hash of each text; equal texts are hashed once."""
    hashes = {text: _hash(text) for text in set(texts)}
    return [hashes[text] for text in texts]


def _related(shape: Shape) -> list[tuple[list[int], ...]]:
    """The nodes that each node is related to: a list for each relation, in the order of a round."""
    related: list[tuple[list[int], ...]] = [([], [], [], [], [], []) for _ in shape.types]

    def relate(pairs: Iterable[tuple[int, int]], relation: int) -> None:
        """Add the first of each pair to a relation of the second, and the reverse to the next."""
        for first, second in pairs:
            related[second][relation].append(first)
            related[first][relation + 1].append(second)

    relate(shape.arcs, 0)
    relate(((activity, event) for event, activity in shape.attached), 2)
    holders = enumerate(shape.holders)
    relate(((holder, node) for node, holder in holders if holder is not None), 4)
    return related


EMPTY: Final = Found(MARK + _hash(""), Shape((), (), (), ()))


def _has_model(diagram: Diagram) -> bool:
    """Any BPMN or DMN diagram, even one without elements."""
    return True


METRIC: Final = Metric(
    name="fingerprints",
    block=Fingerprints,
    key="fingerprints",
    fragment="fingerprints",
    rules=1,
    main="size",
    find=find,
    count=count,
    explain=explain,
    kinds=(Kind.BPMN, Kind.DMN),
    tags=TAGS | EVENT_DEFINITIONS | {DEFINITION_REFERENCE},
    applies=_has_model,
)
