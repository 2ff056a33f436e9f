"""The dialects of Camunda 7's extensions: what the engine of each reads in a diagram.

    <serviceTask activiti:class="org.example.Charge" />

is a service task with a Java class for Camunda 7, Flowable and Activiti. Operaton ignores the
attribute. The sources are the parsers of Camunda 7.24, Operaton 2.2, Flowable 8.1 and Activiti 8.7.
"""

from __future__ import annotations

from functools import cache, cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

from metrics.bpmn.diagram import Diagram, Engine, root_attribute
from metrics.bpmn.names import AttributeName, attribute, camunda, elements_with
from metrics.reading.namespaces import (
    ACTIVITI,
    CAMUNDA,
    CAMUNDA_8_PLATFORMS,
    FLOWABLE,
    OPERATON,
    OPERATON_MODELER,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from lxml.etree import _Element as Element

NAMESPACES: Final[Mapping[str, Sequence[str]]] = {
    "camunda7": (CAMUNDA, ACTIVITI),
    "operaton": (OPERATON, CAMUNDA),
    "flowable": (FLOWABLE, ACTIVITI, CAMUNDA),
    "activiti": (ACTIVITI,),
}
"""Dialects, and the namespaces in which their engines read attributes, in this order."""

READS_ANY_ELEMENT: Final = frozenset({"flowable", "activiti"})
"""The dialects whose engines read extension elements in any namespace, by their local names.

The others read them in the namespaces of attributes.
"""

OWN_ATTRIBUTES: Final[Mapping[str, Collection[str]]] = {
    "flowable": (
        "errorVariableLocalScope",
        "errorVariableName",
        "errorVariableTransient",
        "noWaitStatesAsyncLeave",
    )
}
"""Dialects, and the attributes that their engines read only in the first namespace."""

ORDER: Final = ("operaton", "flowable", "camunda7", "activiti")
"""The order of dialects: a diagram has the first one in whose namespace it has an extension."""

PLATFORM: Final = "Camunda Platform"
OPERATON_PLATFORM: Final = AttributeName(
    f"{{{OPERATON_MODELER}}}executionPlatform", "executionPlatform"
)


def reads_attribute(dialect: str, name: str, namespace: str) -> bool:
    """Whether an engine reads the attribute with a name in a namespace, if it knows the name."""
    return namespace in _namespaces(dialect, name)


def reads_element(dialect: str, namespace: str) -> bool:
    """Whether an engine reads the elements in a namespace, if it knows their names."""
    return dialect in READS_ANY_ELEMENT or namespace in NAMESPACES[dialect]


def has_dialect(diagram: Diagram) -> bool:
    """Whether a BPMN diagram has a dialect: if it is not for Camunda 8.

    Unlike the payload, this rule also reads the platform in the namespace of Operaton's modeler.
    """
    platform = diagram.platform.name or _operaton_platform(diagram)
    if platform is None:
        return diagram.engine is Engine.CAMUNDA_7
    return platform not in CAMUNDA_8_PLATFORMS


def dialect_of(diagram: Diagram) -> str | None:
    """The dialect that a diagram is counted as; None if nothing in the diagram names one."""
    if diagram.dialect is not None:
        return diagram.dialect
    used = {extension.dialect for extension in diagram.family_extensions}
    for name in ORDER:
        if name in used:
            return name
    if _operaton_platform(diagram) is not None:
        return "operaton"
    return "camunda7" if diagram.platform.name == PLATFORM else None


def _operaton_platform(diagram: Diagram) -> str | None:
    return root_attribute(diagram.root, OPERATON_PLATFORM) or None


def read_as(diagram: Diagram, dialect: str) -> Diagram:
    """A diagram as the engine of a dialect reads it.

    Its methods take names in Camunda 7's namespace, and return what the engine reads by these
    names.
    """
    view = _AnyElementReader if dialect in READS_ANY_ELEMENT else _NamespaceReader
    return view(diagram, dialect)


class _AttributeNames(NamedTuple):
    """An attribute in an engine's first namespace, and in the others that the engine reads."""

    first: AttributeName
    others: tuple[str, ...]


def _namespaces(dialect: str, name: str) -> Sequence[str]:
    own = OWN_ATTRIBUTES.get(dialect, ())
    return NAMESPACES[dialect][:1] if name in own else NAMESPACES[dialect]


@cache
def _names(dialect: str, name: str) -> _AttributeNames:
    first, *others = (f"{{{namespace}}}{name}" for namespace in _namespaces(dialect, name))
    return _AttributeNames(AttributeName(first, name), tuple(others))


class _Reader(Diagram):
    """A diagram as an engine reads it; the tree is the same."""

    def __init__(self, diagram: Diagram, dialect: str) -> None:
        vars(self).update(vars(diagram))
        self.engine = Engine.CAMUNDA_7
        self.reads = dialect
        self._extended = {}

    def attribute_names(self, element: Element) -> Collection[str]:
        return [camunda(name.rpartition("}")[2]) for name in map(str, element.keys())]

    def with_attribute(self, name: AttributeName) -> Iterable[Element]:
        first, others = _names(self.reads, name.plain)
        names = (first, *(AttributeName(other, name.plain) for other in others))
        # An element may have the attribute in several namespaces.
        return dict.fromkeys(
            element for each in names for element in self.kept(elements_with(each)(self.root))
        )

    def qualified_attribute(self, element: Element, name: AttributeName) -> str | None:
        first, others = _names(self.reads, name.plain)
        values = (element.get(qualified) for qualified in (first.qualified, *others))
        return next((value for value in values if value is not None), None)


class _NamespaceReader(_Reader):
    """A diagram as read by an engine that reads elements only in the namespaces of attributes.

    An attribute without a prefix counts like one in the first namespace.
    """

    def attribute(self, element: Element, name: AttributeName) -> str | None:
        first, _ = _names(self.reads, name.plain)
        value = attribute(element, first)
        return self.qualified_attribute(element, name) if value is None else value

    def parts(self, extension: Element, tag: str) -> Iterable[Element]:
        for each in self._tags(tag):
            if found := [*extension.iterchildren(each)]:
                return found
        return ()

    def elements(self, tag: str) -> list[Element]:
        return [*self._first_of_siblings(tag)]

    def _first_of_siblings(self, tag: str) -> Iterator[Element]:
        """The elements with a name, of siblings only those in the first namespace."""
        parents: set[Element | None] = set()
        for each in self._tags(tag):
            found = super().elements(each)
            yield from (element for element in found if element.getparent() not in parents)
            parents.update(element.getparent() for element in found)

    def _tags(self, tag: str) -> Sequence[str]:
        """The tags that the engine reads for a tag in Camunda 7's namespace."""
        if not tag.startswith(camunda("")):
            return (tag,)
        name = tag.rpartition("}")[2]
        return [f"{{{namespace}}}{name}" for namespace in NAMESPACES[self.reads]]


class _AnyElementReader(_Reader):
    """A diagram as read by an engine that reads elements in any namespace.

    An attribute without a prefix is ignored, and an empty one is a missing one.
    """

    def attribute(self, element: Element, name: AttributeName) -> str | None:
        return self.qualified_attribute(element, name) or None

    def elements(self, tag: str) -> list[Element]:
        if not tag.startswith(camunda("")):
            return super().elements(tag)
        name = tag.rpartition("}")[2]
        tags = self._tags_by_name.get(name, ())
        return [element for each in tags for element in Diagram.elements(self, each)]

    @cached_property
    def _tags_by_name(self) -> Mapping[str, Sequence[str]]:
        by_name: dict[str, list[str]] = {}
        for tag in map(str, self.tags):
            by_name.setdefault(tag.rpartition("}")[2], []).append(tag)
        return by_name
