"""What BPMN means: names, flow elements, extension elements, and which of them the Modeler reads.

Tags are written as lxml has them, `{namespace}name`.
"""

from __future__ import annotations

import re
from collections import Counter
from enum import StrEnum
from functools import cache, cached_property, lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from lxml import etree

from metrics.document import MOST_WARNINGS_OF_A_KIND, DiagramWarning, Kind, in_letters
from metrics.namespaces import (
    BPMN,
    BPMNDI,
    CAMUNDA,
    CAMUNDA_8_PLATFORMS,
    MODELER,
    PREDEFINED_PREFIXES,
    ZEEBE,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from lxml.etree import _Element as Element

    from metrics.document import Document


def bpmn(names: str) -> tuple[str, ...]:
    """Tags in the BPMN namespace, from names with blanks between."""
    return tuple(f"{{{BPMN}}}{name}" for name in names.split())


def camunda(name: str) -> str:
    """A tag or an attribute's name in the Camunda 7 namespace."""
    return f"{{{CAMUNDA}}}{name}"


def zeebe(name: str) -> str:
    """A tag or an attribute's name in the Camunda 8 namespace."""
    return f"{{{ZEEBE}}}{name}"


PROCESS, SEQUENCE_FLOW = bpmn("process sequenceFlow")
USER_TASK, SERVICE_TASK, RECEIVE_TASK = bpmn("userTask serviceTask receiveTask")
DEFINITIONS, EXTENSION_ELEMENTS = bpmn("definitions extensionElements")
BPMN_DIAGRAM: Final = f"{{{BPMNDI}}}BPMNDiagram"
BPMN_PLANE: Final = f"{{{BPMNDI}}}BPMNPlane"
EXECUTION_PLATFORM: Final = f"{{{MODELER}}}executionPlatform"
EXECUTION_PLATFORM_VERSION: Final = f"{{{MODELER}}}executionPlatformVersion"
PLANE_ELEMENTS: Final = tuple(
    f"{{{BPMNDI}}}{name}" for name in ("BPMNShape", "BPMNEdge", "BPMNLabel", "BPMNPlane")
)

SUB_PROCESSES: Final = frozenset(bpmn("subProcess transaction adHocSubProcess"))

EVENTS: Final = frozenset(
    bpmn(
        "startEvent endEvent boundaryEvent intermediateCatchEvent intermediateThrowEvent"
        " implicitThrowEvent"
    )
)

FLOW_ELEMENTS: Final = (
    SUB_PROCESSES
    | EVENTS
    | frozenset(
        bpmn(
            "task userTask serviceTask sendTask receiveTask manualTask scriptTask businessRuleTask"
            " callActivity exclusiveGateway inclusiveGateway parallelGateway complexGateway"
            " eventBasedGateway sequenceFlow dataObject dataObjectReference dataStoreReference"
            " subChoreography callChoreography choreographyTask"
        )
    )
)

EVENT_DEFINITIONS: Final = frozenset(
    bpmn(
        "cancelEventDefinition compensateEventDefinition conditionalEventDefinition"
        " errorEventDefinition escalationEventDefinition linkEventDefinition"
        " messageEventDefinition signalEventDefinition terminateEventDefinition"
        " timerEventDefinition"
    )
)

ROOT_ELEMENTS: Final = EVENT_DEFINITIONS | frozenset(
    bpmn(
        "process collaboration globalConversation choreography globalChoreographyTask globalTask"
        " globalManualTask globalUserTask globalScriptTask globalBusinessRuleTask interface"
        " endPoint message signal error escalation category dataStore itemDefinition resource"
        " correlationProperty partnerEntity partnerRole"
    )
)

# The root elements that may have an element template, as flow elements may.
TEMPLATED_ROOT_ELEMENTS: Final = frozenset(
    bpmn("process collaboration globalConversation choreography globalChoreographyTask")
)

# What holds flow elements: at the root of the file, and among flow elements themselves.
ROOT_CONTAINERS: Final = frozenset(bpmn("process choreography globalChoreographyTask"))
INNER_CONTAINERS: Final = SUB_PROCESSES | frozenset(bpmn("subChoreography"))

# Classes of characters, for a look at all ids at once: `a` for what an id may begin with,
# `0` for what it may only go on with, `!` for what calls for a closer look. NUL, which XML cannot
# hold, stands between ids.
ID_CHARACTERS: Final = bytes(
    ord(
        "a"
        if character.isalpha() or character == "_"
        else "0"
        if character.isdigit() or character in ".-"
        else character
        if character == "\0"
        else "!"
    )
    if character.isascii()
    else ord("!")
    for character in map(chr, range(256))
)
# Three times as fast as a search for the two bytes.
ILLEGAL_START: Final = re.compile(rb"\0[0]")
MOST_CHARACTERS_QUOTED: Final = 80

# Of extension elements the Modeler's model gives an id only to the BPMN elements among them.
CAMUNDA_ERROR: Final = camunda("errorEventDefinition")
TASK_LISTENER: Final = camunda("taskListener")
EXTENSIONS_WITH_IDS: Final = {
    EXTENSION_ELEMENTS: (CAMUNDA_ERROR, TASK_LISTENER),
    TASK_LISTENER: bpmn("timerEventDefinition"),
}

# In no namespace, which would be looked for among all that a file declares.
DROPPED: Final = "dropped"
MODEL_TAGS: Final = (f"{{{BPMN}}}", f"{{{BPMNDI}}}")
_ids: Final = etree.XPath("/descendant::*/@id", smart_strings=False, regexp=False)
_ids_with_elements: Final = etree.XPath("/descendant::*/@id", regexp=False)
# One by one: a union would be sorted, which takes the square of the number in a hostile file.
_model_ids: Final = tuple(
    etree.XPath(
        f"/descendant::{name}/@id",
        namespaces={"bpmn": BPMN, "di": BPMNDI, "camunda": CAMUNDA},
        smart_strings=False,
        regexp=False,
    )
    for name in ("bpmn:*", "di:*", "camunda:errorEventDefinition")
)


PREFIXES: Final = {namespace: prefix for prefix, namespace in PREDEFINED_PREFIXES.items()}


class Engine(StrEnum):
    """The engine that a diagram is read for."""

    CAMUNDA_7 = "Camunda 7"
    CAMUNDA_8 = "Camunda 8"


class Platform(NamedTuple):
    """What a diagram says of its execution platform; None for what it does not say."""

    name: str | None = None
    version: str | None = None


NO_PLATFORM: Final = Platform()


def element_type(element: Element) -> str:
    """An element's type as the Modeler writes it: `<bpmn:userTask>` is a `bpmn:UserTask`.

    The prefix is the one that the Modeler has for the namespace, whatever the file calls it.
    """
    return _type(str(element.tag))


@lru_cache(maxsize=256)
def _type(tag: str) -> str:
    namespace, name = etree.QName(tag).namespace, etree.QName(tag).localname
    prefix = f"{PREFIXES[namespace]}:" if namespace in PREFIXES else ""
    return f"{prefix}{name[:1].upper()}{name[1:]}"


class Dropped(NamedTuple):
    """An element that the Modeler leaves out, with all that it holds, because of its id.

    `id` holds the beginning of that; `is_second` where it was read before in the file, else it is
    illegal. `line` counts from 1.
    """

    tag: str
    id: str
    is_second: bool
    line: int | None

    @property
    def type(self) -> str:
        """The element's type as the Modeler writes it."""
        return _type(self.tag)

    @property
    def reason(self) -> str:
        """Why it is left out, for people."""
        return "its id was read before" if self.is_second else "its id is illegal"


class AttributeName(NamedTuple):
    """The name of an extension attribute: with its namespace, and as written without a prefix."""

    qualified: str
    plain: str


def camunda_attribute(name: str) -> AttributeName:
    """The name of a Camunda 7 attribute."""
    return AttributeName(camunda(name), name)


def zeebe_attribute(name: str) -> AttributeName:
    """The name of a Camunda 8 attribute."""
    return AttributeName(zeebe(name), name)


def attribute(element: Element, name: AttributeName) -> str | None:
    """An extension attribute in its namespace, or as written without any prefix: both are read.

    Of both the last in the file counts.
    """
    qualified, plain = name
    value = element.get(qualified)
    if value is None:
        return element.get(plain)
    if element.get(plain) is not None:
        names = element.keys()
        if names.index(plain) > names.index(qualified):
            return element.get(plain)
    return value


def elements_with(name: AttributeName) -> Callable[[Element], list[Element]]:
    """A function that gives the elements at and below another that have an extension attribute.

    They come in document order, whether it is written in its namespace or without a prefix.
    """
    namespace, _, local = name.qualified[1:].partition("}")
    prefixes = {"extension": namespace}
    # To collect attributes takes half the time of asking every element.
    qualified = etree.XPath(f"/descendant::*/@extension:{local}", namespaces=prefixes, regexp=False)
    plain = etree.XPath(f"/descendant::*/@{local}", regexp=False)

    def find(element: Element) -> list[Element]:
        in_namespace, without_prefix = qualified(element), plain(element)
        if in_namespace and without_prefix:
            either = f"//*[@extension:{local} or @{local}]"
            found: list[Element] = etree.XPath(either, namespaces=prefixes)(element)
            return found
        return [value.getparent() for value in in_namespace or without_prefix]

    return find


def extensions(element: Element) -> Iterable[Element]:
    """What stands directly in an element's extension elements.

    Where there are several `extensionElements`, the Modeler keeps the last.
    """
    extension_elements = list(element.iterchildren(EXTENSION_ELEMENTS))
    return extension_elements[-1] if extension_elements else ()


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
        most_dropped: int = MOST_WARNINGS_OF_A_KIND,
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


def _suspicious_ids(root: Element) -> set[str]:
    """The ids that stand there more than once or are illegal: in most diagrams none."""
    if not _may_be_suspicious(_ids(root)):
        return set()
    # Most second and odd ids are those of form fields, and the like: no ids to the Modeler.
    ids: list[str] = [id for select in _model_ids for id in select(root)]
    if not _may_be_suspicious(ids):
        return set()
    times_read = Counter(ids)
    del times_read[""]
    is_legal = _legal_id().fullmatch
    return {
        id
        for id, times in times_read.items()
        # Most are of letters and digits alone, which is told in less time.
        if times > 1 or not ((id.isidentifier() and id.isascii()) or is_legal(id))
    }


def _may_be_suspicious(ids: list[str]) -> bool:
    """Whether one stands there twice or may be illegal: a look at all of them at once."""
    if len(set(ids)) < len(ids):
        return True
    characters = f"\0{chr(0).join(ids)}".encode().translate(ID_CHARACTERS)
    return b"!" in characters or ILLEGAL_START.search(characters) is not None


@cache
def _legal_id() -> re.Pattern[str]:
    # Few runs meet an id that calls for this: the pattern is compiled for them.
    return re.compile(r"(?:[a-z][\w.-]*:)?[a-z_][\w.-]*", re.ASCII | re.IGNORECASE)


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


def _drop_what_the_modeler_drops(
    document: Document, root: Element, suspicious: set[str], most_told: int
) -> tuple[tuple[Dropped, ...], int]:
    """Make the elements whose id is a second one or an illegal one unknown, so that nothing counts.

    `suspicious` holds the ids for which that may be so. Returns the first of the elements, and how
    many more there are. They stay in the tree: to take out many, one by one, costs the square of
    their number.
    """
    told: list[tuple[Element, Dropped]] = []
    times_more = 0
    seen: set[str] = set()
    is_read: dict[Element, bool] = {root: True}
    for id in _ids_with_elements(root):
        if id not in suspicious:
            continue
        element = id.getparent()
        tag = str(element.tag)
        if not (_has_an_id(tag) and _is_read(element, is_read)):
            continue
        is_second = id in seen
        if not is_second and _legal_id().fullmatch(id):
            seen.add(id)
            continue
        if len(told) < most_told:
            told.append((element, Dropped(tag, id[:MOST_CHARACTERS_QUOTED], is_second, None)))
        else:
            times_more += 1
        is_read[element] = False
        # Of a root that it refuses the Modeler keeps the attributes.
        for dropped in element if element is root else (element,):
            dropped.tag = DROPPED
    lines = document.lines(element for element, _ in told)
    return tuple(dropped._replace(line=lines[element]) for element, dropped in told), times_more


def _is_read(element: Element, known: dict[Element, bool]) -> bool:
    """Whether the Modeler comes to read an element: all above it are read, and let it stand there.

    `known` holds the answers for elements above, and takes those that are found on the way.
    """
    passed = []
    current: Element | None = element
    while current is not None and current not in known:
        passed.append(current)
        parent = current.getparent()
        if parent is None or not _may_stand_in(str(current.tag), str(parent.tag)):
            known[current] = False
            break
        current = parent
    answer = current is not None and known[current]
    for inner in passed:
        known[inner] = answer
    return answer


def _has_an_id(tag: str) -> bool:
    """Whether the Modeler's model gives such elements an id."""
    return tag.startswith(MODEL_TAGS) or tag == CAMUNDA_ERROR


def _may_stand_in(tag: str, parent_tag: str) -> bool:
    if parent_tag in EXTENSIONS_WITH_IDS:
        return tag in EXTENSIONS_WITH_IDS[parent_tag]
    if tag in FLOW_ELEMENTS:
        return parent_tag in ROOT_CONTAINERS or parent_tag in INNER_CONTAINERS
    if tag in EVENT_DEFINITIONS and parent_tag in EVENTS:
        return True
    if tag in ROOT_ELEMENTS:
        return parent_tag.lower() == DEFINITIONS.lower()
    return parent_tag.startswith(MODEL_TAGS) and _has_an_id(tag)


def _warnings_of_dropped(told: Iterable[Dropped], times_more: int) -> Iterator[DiagramWarning]:
    for dropped in told:
        name = etree.QName(dropped.tag).localname
        message = f"<{name}> is left out, with all that it holds: {dropped.reason}: {dropped.id!r}"
        yield DiagramWarning(message, dropped.line)
    if times_more:
        message = f"elements are left out, their ids read before or illegal ({times_more} more)"
        yield DiagramWarning(message)
