"""A document as the Modeler reads it."""

from __future__ import annotations

from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

from metrics.reading.document import Kind
from metrics.reading.errors import MAX_WARNINGS_OF_A_KIND, DiagramWarning
from metrics.reading.json_text import in_letters
from metrics.reading.namespaces import (
    BPMN,
    CAMUNDA_8_PLATFORMS,
    MODELER,
    ZEEBE,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lxml.etree import _Element as Element

    from metrics.reading.document import Document

from metrics.bpmn.ids import (
    Dropped,
    _drop_what_the_modeler_drops,
    _suspicious_ids,
    _warnings_of_dropped,
)
from metrics.bpmn.names import (
    EXECUTION_PLATFORM,
    EXECUTION_PLATFORM_VERSION,
    EXTENSION_ELEMENTS,
    INNER_CONTAINERS,
    PROCESS,
    ROOT_CONTAINERS,
)


class Engine(StrEnum):
    """The engine that a diagram is read for."""

    CAMUNDA_7 = "Camunda 7"
    CAMUNDA_8 = "Camunda 8"


class Platform(NamedTuple):
    """What a diagram says of its execution platform; None for what it does not say."""

    name: str | None = None
    version: str | None = None


NO_PLATFORM: Final = Platform()


def _extended_element(holder: Element | None) -> Element | None:
    """The element whose extension elements these are, None where they are not read."""
    if holder is None or holder.tag != EXTENSION_ELEMENTS:
        return None
    # Where there are several, the Modeler keeps the last.
    if next(holder.itersiblings(EXTENSION_ELEMENTS), None) is not None:
        return None
    return holder.getparent()


class Diagram:
    """A document as the Modeler reads it.

    `tags` name the elements that `elements` will be asked for in a diagram for an engine, as lxml
    has them or in any namespace, `{*}name`: they are selected in one walk. What the Modeler drops
    of a BPMN document is unknown in the tree, and said in `warnings`; `dropped` holds the first of
    it, as many as `most_dropped` says.
    """

    def __init__(
        self,
        document: Document,
        tags: Mapping[Engine, tuple[str, ...]],
        *,
        most_dropped: int = MAX_WARNINGS_OF_A_KIND,
    ) -> None:
        self.document = document
        self.dropped: tuple[Dropped, ...] = ()
        self.warnings: tuple[DiagramWarning, ...] = ()
        self.platform = platform = _platform(document)
        self.engine = engine = _engine(document, platform)
        self._elements: dict[object, list[Element]] = {}
        self._extended: dict[str, dict[Element, list[Element]]] = {}
        self._roots: dict[Element | None, Element | None] = {}
        root = document.root
        if root is not None and document.kind is Kind.BPMN:
            suspicious = _suspicious_ids(root)
            if suspicious:
                self.dropped, times_more = _drop_what_the_modeler_drops(
                    document, root, suspicious, most_dropped
                )
                self.warnings = tuple(_warnings_of_dropped(self.dropped, times_more))
            for element in root.iter(*tags[engine]):
                self._elements.setdefault(element.tag, []).append(element)

    @property
    def root(self) -> Element:
        """The root element of BPMN and DMN; a form has none."""
        if self.document.root is None:
            raise ValueError("a form has no elements")
        return self.document.root

    @property
    def tags(self) -> frozenset[object]:
        """Which of the selected tags it has elements with."""
        return frozenset(self._elements)

    @cached_property
    def root_elements_by_id(self) -> dict[str | None, Element]:
        """The children of the root by their ids, for what refers to them."""
        return {
            element.get("id"): element
            for element in self.root.iterchildren(f"{{{BPMN}}}*")
            if element.get("id")
        }

    def elements(self, tag: str) -> list[Element]:
        """The elements with one of the selected tags, in document order."""
        return self._elements.get(tag, [])

    def extended(self, tag: str) -> dict[Element, list[Element]]:
        """The elements with extension elements of one of the selected tags, and those."""
        if tag not in self._elements:
            return {}
        if tag not in self._extended:
            by_element: dict[Element, list[Element]] = {}
            # The holder is asked once, not for each of the many that it may hold.
            last_holder: Element | None = None
            element: Element | None = None
            for extension in self.elements(tag):
                holder = extension.getparent()
                if holder is not last_holder:
                    last_holder, element = holder, _extended_element(holder)
                if element is not None:
                    by_element.setdefault(element, []).append(extension)
            self._extended[tag] = by_element
        return self._extended[tag]

    def root_element(self, flow_element: Element) -> Element | None:
        """The root element (a process, say) whose flow element this is, at any depth.

        None where it stands at a place at which BPMN has no flow elements.
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
        found = None if container is None else self._roots[container]
        for inner in passed:
            self._roots[inner] = found
        return found

    def in_processes(self, tag: str) -> list[Element]:
        """The flow elements with a tag, in document order, at any depth of the processes."""
        return [
            element
            for element in self.elements(tag)
            if (root := self.root_element(element)) is not None and root.tag == PROCESS
        ]


def _platform(document: Document) -> Platform:
    if document.form is not None:
        name, version = map(document.form.get, ("executionPlatform", "executionPlatformVersion"))
        return Platform(_text(name) or None, _text(version))
    root = document.root
    name = None if root is None else _of_root(root, EXECUTION_PLATFORM, "executionPlatform")
    if root is None or not name:
        return NO_PLATFORM
    return Platform(name, _of_root(root, EXECUTION_PLATFORM_VERSION, "executionPlatformVersion"))


def _text(value: object) -> str | None:
    # A form is anybody's JSON: what is no text names nothing.
    return in_letters(value) if isinstance(value, str) else None


def _of_root(root: Element, qualified: str, plain: str) -> str | None:
    value = root.get(qualified)
    # Written without a prefix it counts where the modeler namespace is the default one.
    if value is None and (value := root.get(plain)) is not None:
        return value if root.nsmap.get(None) == MODELER else None
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
