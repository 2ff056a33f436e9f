"""A document as the Modeler reads it."""

from __future__ import annotations

from enum import StrEnum
from functools import cached_property
from math import isfinite
from typing import TYPE_CHECKING, Final, NamedTuple

from metrics.bpmn.ids import NOTHING_DROPPED, find_dropped
from metrics.bpmn.names import (
    EXECUTION_PLATFORM,
    EXECUTION_PLATFORM_VERSION,
    EXTENSION_ELEMENTS,
    INNER_CONTAINERS,
    PROCESS,
    ROOT_CONTAINERS,
    attribute,
    elements_with,
    own_attribute,
)
from metrics.bpmn.uncounted import warn_of_uncounted
from metrics.reading.document import Kind
from metrics.reading.errors import MAX_WARNINGS_PER_KIND
from metrics.reading.json_text import without_surrogates
from metrics.reading.namespaces import BPMN, CAMUNDA_8_PLATFORMS, ZEEBE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from lxml.etree import _Element as Element

    from metrics.bpmn.extensions import Extension
    from metrics.bpmn.flow import Flow
    from metrics.bpmn.names import AttributeName
    from metrics.reading.document import Document


class Engine(StrEnum):
    """The engine that a diagram is for."""

    CAMUNDA_7 = "Camunda 7"
    CAMUNDA_8 = "Camunda 8"


class Platform(NamedTuple):
    """The execution platform that a diagram names; None for a part that it does not name.

    The version of a form may be a number.
    """

    name: str | None = None
    version: str | float | None = None


NO_PLATFORM: Final = Platform()


class Diagram:
    """A document as the Modeler reads it.

    `tags` lists, for each engine, the tags that `elements` may ask for, as lxml writes them or in
    any namespace (`{*}name`): one walk selects them all. `dropped_elements` holds the elements that
    the Modeler drops because of their ids, and all elements below them: the tree still has them,
    the other attributes and methods skip them. `dropped` describes the first `max_dropped` of them.
    `dialect` is the dialect to count it as, None for the one that it names.
    `uncounted` are the warnings about other engines; `warnings` has these, and one for each of
    `dropped`.
    """

    def __init__(
        self,
        document: Document,
        tags: Mapping[Engine, tuple[str, ...]],
        *,
        max_dropped: int = MAX_WARNINGS_PER_KIND,
        dialect: str | None = None,
    ) -> None:
        self.document = document
        self.dialect = dialect
        self.platform = platform = _platform(document)
        self.engine = engine = _engine(document, platform)
        self._elements: dict[object, list[Element]] = {}
        self._extended: dict[str, dict[Element, list[Element]]] = {}
        self._extended_elements: dict[Element, Element | None] = {}
        self._in_processes: dict[str, list[Element]] = {}
        self._roots: dict[Element | None, Element | None] = {}
        is_bpmn = document.kind is Kind.BPMN
        dropped = find_dropped(document, max_dropped) if is_bpmn else NOTHING_DROPPED
        self.dropped_elements = dropped.elements
        self.dropped = dropped.described
        is_camunda_8 = engine is Engine.CAMUNDA_8
        self.uncounted = (
            tuple(warn_of_uncounted(document, is_camunda_8=is_camunda_8)) if is_bpmn else ()
        )
        self.warnings = (*dropped.warnings(), *self.uncounted)
        if is_bpmn:
            for element in self.kept(self.root.iter(*tags[engine])):
                self._elements.setdefault(element.tag, []).append(element)

    @property
    def root(self) -> Element:
        """The root element of BPMN and DMN; raises `ValueError` for a form, which has none."""
        if self.document.root is None:
            raise ValueError("a form has no elements")
        return self.document.root

    @property
    def tags(self) -> frozenset[object]:
        """The selected tags that occur in the diagram."""
        return frozenset(self._elements)

    @cached_property
    def root_elements_by_id(self) -> dict[str | None, Element]:
        """The BPMN children of the root by their ids, to resolve references."""
        return {
            id: element
            for element in self.children(self.root, f"{{{BPMN}}}*")
            if (id := own_attribute(element, "id"))
        }

    @cached_property
    def family_extensions(self) -> Sequence[Extension]:
        """The extensions of a BPMN diagram in Camunda 7's namespace and those of its relatives."""
        # Only fragments of our own need them.
        from metrics.bpmn.extensions import find_extensions

        return find_extensions(self)

    @cached_property
    def flow(self) -> Flow:
        """The flow of a BPMN diagram; its tags must be among the selected ones."""
        # Only fragments of our own need it.
        from metrics.bpmn.flow import Flow

        return Flow(self)

    def kept(self, elements: Iterable[Element]) -> Iterable[Element]:
        """The elements without those that the Modeler drops."""
        # Most diagrams have nothing that is dropped, and need no check of each element.
        if not self.dropped_elements:
            return elements
        return (element for element in elements if element not in self.dropped_elements)

    def children(self, element: Element, *tags: str) -> Iterable[Element]:
        """The children of an element, or those with one of the tags."""
        return self.kept(element.iterchildren(*tags))

    def extensions(self, element: Element) -> Iterable[Element]:
        """The children of an element's `extensionElements`.

        The Modeler reads the last of several `extensionElements`.
        """
        extension_elements = [*self.children(element, EXTENSION_ELEMENTS)]
        return self.children(extension_elements[-1]) if extension_elements else ()

    def attribute(self, element: Element, name: AttributeName) -> str | None:
        """The value of an extension attribute; see `metrics.bpmn.names.attribute`."""
        return attribute(element, name)

    def qualified_attribute(self, element: Element, name: AttributeName) -> str | None:
        """The value of an extension attribute in its namespace; one without a prefix is ignored."""
        return element.get(name.qualified)

    def attribute_names(self, element: Element) -> Collection[str]:
        """The names of the attributes of an element, and possibly others."""
        return element.keys()

    def with_attribute(self, name: AttributeName) -> Iterable[Element]:
        """The elements that have an extension attribute, in document order."""
        return self.kept(elements_with(name)(self.root))

    def parts(self, extension: Element, tag: str) -> Iterable[Element]:
        """The children of an extension element with a tag."""
        return extension.iterchildren(tag)

    def elements(self, tag: str) -> list[Element]:
        """The elements with one of the selected tags, in document order."""
        return self._elements.get(tag, [])

    def extended(self, tag: str) -> dict[Element, list[Element]]:
        """The extension elements with one of the selected tags, by the element they extend."""
        if tag not in self._extended:
            by_element: dict[Element, list[Element]] = {}
            for extension in self.elements(tag):
                element = self.extended_element(extension.getparent())
                if element is not None:
                    by_element.setdefault(element, []).append(extension)
            self._extended[tag] = by_element
        return self._extended[tag]

    def extended_element(self, holder: Element | None) -> Element | None:
        """The parent of `extensionElements` that the Modeler reads, None for any other holder."""
        if holder is None or holder.tag != EXTENSION_ELEMENTS:
            return None
        # A holder may have many extensions and many siblings: look at the siblings once.
        if holder not in self._extended_elements:
            # The Modeler reads the last of several.
            later = iter(self.kept(holder.itersiblings(EXTENSION_ELEMENTS)))
            is_last = next(later, None) is None
            self._extended_elements[holder] = holder.getparent() if is_last else None
        return self._extended_elements[holder]

    def root_element(self, flow_element: Element) -> Element | None:
        """The root element (such as a process) that holds a flow element, at any depth.

        None for an element in a place where BPMN allows no flow elements.
        """
        container = flow_element.getparent()
        if container in self._roots:
            return self._roots[container]
        passed = []
        while container is not None and container not in self._roots:
            passed.append(container)
            if container.tag not in INNER_CONTAINERS:
                is_root = container.tag in ROOT_CONTAINERS and container.getparent() is self.root
                self._roots[container] = container if is_root else None
                break
            container = container.getparent()
        root_element = None if container is None else self._roots[container]
        for inner in passed:
            self._roots[inner] = root_element
        return root_element

    def is_in_process(self, element: Element) -> bool:
        """Whether a flow element is in a process, at any depth."""
        root = self.root_element(element)
        return root is not None and root.tag == PROCESS

    def in_processes(self, tag: str) -> list[Element]:
        """The flow elements with a tag in processes, at any depth, in document order."""
        if tag not in self._in_processes:
            elements = self.elements(tag)
            self._in_processes[tag] = [each for each in elements if self.is_in_process(each)]
        return self._in_processes[tag]


def _platform(document: Document) -> Platform:
    if document.form is not None:
        name, version = map(document.form.get, ("executionPlatform", "executionPlatformVersion"))
        number = _number(version)
        return Platform(_text(name) or None, _text(version) if number is None else number)
    root = document.root
    name = None if root is None else root_attribute(root, EXECUTION_PLATFORM)
    if root is None or not name:
        return NO_PLATFORM
    version = root_attribute(root, EXECUTION_PLATFORM_VERSION)
    return Platform(name, version)


def _text(value: object) -> str | None:
    # A form may hold any JSON here: only a string names something.
    return without_surrogates(value) if isinstance(value, str) else None


def _number(value: object) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value):
        return value
    return None


def root_attribute(root: Element, name: AttributeName) -> str | None:
    """The value of an attribute of the root.

    Without a prefix, it counts if its namespace is the default one.
    """
    value = root.get(name.qualified)
    if value is None and (value := root.get(name.plain)) is not None:
        is_default = name.qualified == f"{{{root.nsmap.get(None)}}}{name.plain}"
        return value if is_default else None
    return value


def _engine(document: Document, platform: Platform) -> Engine:
    is_bpmn = document.kind is Kind.BPMN
    if platform.name is not None:
        names = CAMUNDA_8_PLATFORMS if is_bpmn else CAMUNDA_8_PLATFORMS[:1]
        is_camunda_8 = document.root is not None and platform.name in names
    else:
        is_camunda_8 = (
            is_bpmn and document.root is not None and ZEEBE in document.root.nsmap.values()
        )
    return Engine.CAMUNDA_8 if is_camunda_8 else Engine.CAMUNDA_7
