"""The extensions of a diagram in the namespaces of Camunda 7 and its relatives.

An extension is an attribute in one of these namespaces, on a BPMN element, or an element in one of
them, directly in `extensionElements`. What is in such an element is a part of it.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from lxml import etree

from metrics.reading.namespaces import BPMN, FAMILY, declared_namespaces

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from collections.abc import Set as AbstractSet

    from lxml.etree import _Element as Element

    from metrics.bpmn.diagram import Diagram

BPMN_ELEMENTS: Final = f"{{{BPMN}}}*"


class Extension(NamedTuple):
    """An extension: the dialect whose namespace it is in, and its local name.

    `element` is the element that has the attribute, or the extension element itself.
    """

    dialect: str
    name: str
    element: Element
    is_attribute: bool


class _Queries(NamedTuple):
    """Queries for the extensions in one namespace."""

    attributes: etree.XPath
    elements: etree.XPath


@cache
def _queries(namespace: str) -> _Queries:
    prefixes = {"bpmn": BPMN, "engine": namespace}
    return _Queries(
        etree.XPath("/descendant::bpmn:*/@engine:*", namespaces=prefixes, regexp=False),
        etree.XPath(
            "/descendant::bpmn:extensionElements/engine:*", namespaces=prefixes, regexp=False
        ),
    )


def find_extensions(diagram: Diagram) -> Sequence[Extension]:
    """The extensions of a BPMN diagram, without those in elements that the Modeler drops."""
    document, root, dropped = diagram.document, diagram.root, diagram.dropped_elements
    # Shapes and edges may have extensions, too: the text without them is not enough.
    is_searchable = document.is_searchable
    declared = declared_namespaces(document.source, root) if is_searchable else FAMILY.values()
    queries = {name: _queries(uri) for name, uri in FAMILY.items() if uri in declared}
    elements = [
        (dialect, element)
        for dialect, query in queries.items()
        for element in diagram.kept(query.elements(root))
    ]
    inner = _inner_elements(element for _, element in elements)
    extensions = [
        Extension(dialect, _local_name(str(element.tag)), element, is_attribute=False)
        for dialect, element in elements
        if element.getparent() not in inner
    ]
    for dialect, query in queries.items():
        for value in query.attributes(root):
            element = value.getparent()
            if element not in dropped and element not in inner:
                name = _local_name(value.attrname)
                extensions.append(Extension(dialect, name, element, is_attribute=True))
    return extensions


def _inner_elements(extensions: Iterable[Element]) -> AbstractSet[Element]:
    """The BPMN elements in extension elements; they are parts of these."""
    inner: set[Element] = set()
    for extension in extensions:
        if extension.getparent() not in inner:
            inner.update(extension.iterdescendants(BPMN_ELEMENTS))
    return inner


def _local_name(name: str) -> str:
    return name.rpartition("}")[2]
