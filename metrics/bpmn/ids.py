"""The elements that the Modeler drops because of their ids.

The Modeler drops an element, and everything in it, whose id is illegal or was read before. It then
warns of an "illegal ID" or a "duplicate ID".
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from lxml import etree

from metrics.bpmn.names import (
    CAMUNDA_ERROR,
    DEFINITIONS,
    EVENT_DEFINITIONS,
    EVENTS,
    EXTENSION_ELEMENTS,
    FLOW_ELEMENTS,
    INNER_CONTAINERS,
    ROOT_CONTAINERS,
    ROOT_ELEMENTS,
    TASK_LISTENER,
    bpmn,
    type_of_tag,
)
from metrics.reading.errors import DiagramWarning
from metrics.reading.namespaces import BPMN, BPMNDI, CAMUNDA

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

    from lxml.etree import _Element as Element

    from metrics.reading.document import Document

# Classifies characters, to check all ids at once: `a` may start an id, `0` may only continue one,
# `!` needs a closer look. NUL, which XML forbids, separates ids.
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
# A pattern is three times as fast here as a search for the two bytes.
ILLEGAL_START: Final = re.compile(rb"\0[0]")
MAX_CHARACTERS_QUOTED: Final = 80
EXTENSIONS_WITH_IDS: Final = {
    EXTENSION_ELEMENTS: (CAMUNDA_ERROR, TASK_LISTENER),
    TASK_LISTENER: bpmn("timerEventDefinition"),
}
"""The extension elements that have ids, or hold elements that do, by the parent's tag."""

MODEL_TAGS: Final = (f"{{{BPMN}}}", f"{{{BPMNDI}}}")
QUALIFIED_ID: Final = b":id="
NAMESPACES: Final = {"bpmn": BPMN, "di": BPMNDI, "camunda": CAMUNDA}


class _Queries(NamedTuple):
    """Queries for ids: of all elements, with the elements, and of those in the Modeler's model."""

    all: etree.XPath
    with_elements: etree.XPath
    of_model: tuple[etree.XPath, ...]


def _queries(attribute: str) -> _Queries:
    def query(elements: str, *, smart_strings: bool = False) -> etree.XPath:
        return etree.XPath(
            f"/descendant::{elements}/@{attribute}",
            namespaces=NAMESPACES,
            smart_strings=smart_strings,
            regexp=False,
        )

    # One query for each: libxml2 sorts a union, in quadratic time for a hostile file.
    model = ("bpmn:*", "di:*", "camunda:errorEventDefinition")
    return _Queries(query("*"), query("*", smart_strings=True), tuple(map(query, model)))


_plain_ids: Final = _queries("id")
_all_ids: Final = cache(partial(_queries, "*[local-name() = 'id']"))


class Dropped(NamedTuple):
    """An element that the Modeler drops, with everything in it, because of its id.

    `id` is cut after 80 characters. It was read before in the file if `is_second`, else it is
    illegal. `line` counts from 1.
    """

    tag: str
    id: str
    is_second: bool
    line: int | None

    @property
    def type(self) -> str:
        """The element's type as the Modeler writes it."""
        return type_of_tag(self.tag)

    @property
    def reason(self) -> str:
        """Why it is dropped, for people."""
        return "duplicate id" if self.is_second else "illegal id"


class DroppedElements(NamedTuple):
    """The elements of a diagram that the Modeler drops.

    `elements` holds every dropped element and everything below it. `described` has the first of the
    dropped elements, and `others` counts the rest.
    """

    elements: AbstractSet[Element]
    described: tuple[Dropped, ...]
    others: int

    def warnings(self) -> Iterator[DiagramWarning]:
        """A warning for each described element, and one for the others."""
        for dropped in self.described:
            name = etree.QName(dropped.tag).localname
            message = f"<{name}> skipped with its content: {dropped.reason} {dropped.id!r}"
            yield DiagramWarning(message, dropped.line)
        if self.others:
            message = f"elements with a duplicate or illegal id skipped ({self.others} more)"
            yield DiagramWarning(message)


NOTHING_DROPPED: Final = DroppedElements(frozenset(), (), 0)


def find_dropped(document: Document, max_described: int) -> DroppedElements:
    """The elements of a BPMN document that the Modeler drops; describes the first of them."""
    root = document.root
    if root is None:
        return NOTHING_DROPPED
    queries = _all_ids() if document.mentions(QUALIFIED_ID) else _plain_ids
    suspicious = _suspicious_ids(root, queries)
    if not suspicious:
        return NOTHING_DROPPED
    elements: set[Element] = set()
    described: list[tuple[Element, Dropped]] = []
    others = 0
    seen: set[str] = set()
    is_read: dict[Element, bool] = {root: True}
    for id in queries.with_elements(root):
        if id not in suspicious:
            continue
        element = id.getparent()
        if queries is not _plain_ids and not _is_own_id(id, element):
            continue
        tag = str(element.tag)
        if not (_has_an_id(tag) and _is_read(element, is_read)):
            continue
        is_second = id in seen
        if not is_second and _legal_id().fullmatch(id):
            seen.add(id)
            continue
        if len(described) < max_described:
            dropped = Dropped(tag, id[:MAX_CHARACTERS_QUOTED], is_second, None)
            described.append((element, dropped))
        else:
            others += 1
        # Nothing below it is read, so that no element is visited twice.
        is_read[element] = False
        elements.update(element.iter())
    # The Modeler keeps the attributes of a root that it refuses.
    elements.discard(root)
    lines = document.lines(element for element, _ in described)
    return DroppedElements(
        elements,
        tuple(dropped._replace(line=lines[element]) for element, dropped in described),
        others,
    )


def _is_own_id(id: Any, element: Element) -> bool:
    """Whether an attribute is the id that the Modeler reads: of `id` and `bpmn:id` the last one."""
    own_names = ("id", f"{{{etree.QName(element).namespace}}}id")
    if id.attrname not in own_names:
        return False
    last = [name for name in map(str, element.attrib) if name in own_names][-1:]
    return last == [id.attrname]


def _suspicious_ids(root: Element, queries: _Queries) -> set[str]:
    """The ids that occur more than once or are illegal: most diagrams have none."""
    if not _may_be_suspicious(queries.all(root)):
        return set()
    # Most of them belong to form fields and the like, whose ids the Modeler does not check.
    ids: list[str] = [id for select in queries.of_model for id in select(root)]
    if not _may_be_suspicious(ids):
        return set()
    occurrences = Counter(ids)
    del occurrences[""]
    is_legal = _legal_id().fullmatch
    return {
        id
        for id, times in occurrences.items()
        # Most ids are ASCII identifiers, which takes less time to check.
        if times > 1 or not ((id.isidentifier() and id.isascii()) or is_legal(id))
    }


def _may_be_suspicious(ids: list[str]) -> bool:
    """Whether an id occurs twice or may be illegal: checks all of them at once."""
    if len(set(ids)) < len(ids):
        return True
    characters = f"\0{chr(0).join(ids)}".encode().translate(ID_CHARACTERS)
    return b"!" in characters or ILLEGAL_START.search(characters) is not None


@cache
def _legal_id() -> re.Pattern[str]:
    # Few runs need this pattern: it is compiled at its first use.
    return re.compile(r"(?:[a-z][\w.-]*:)?[a-z_][\w.-]*", re.ASCII | re.IGNORECASE)


def _is_read(element: Element, known: dict[Element, bool]) -> bool:
    """Whether the Modeler reads an element: each element above is read and allows the next.

    `known` caches the answers for an element and those above it.
    """
    passed = []
    current: Element | None = element
    while current is not None and current not in known:
        passed.append(current)
        parent = current.getparent()
        if parent is None or not _is_allowed_in(str(current.tag), str(parent.tag)):
            known[current] = False
            break
        current = parent
    answer = current is not None and known[current]
    for inner in passed:
        known[inner] = answer
    return answer


def _has_an_id(tag: str) -> bool:
    """Whether elements with this tag have an id in the Modeler's model."""
    return tag.startswith(MODEL_TAGS) or tag == CAMUNDA_ERROR


def _is_allowed_in(tag: str, parent_tag: str) -> bool:
    if parent_tag in EXTENSIONS_WITH_IDS:
        return tag in EXTENSIONS_WITH_IDS[parent_tag]
    if tag in FLOW_ELEMENTS:
        return parent_tag in ROOT_CONTAINERS or parent_tag in INNER_CONTAINERS
    if tag in EVENT_DEFINITIONS and parent_tag in EVENTS:
        return True
    if tag in ROOT_ELEMENTS:
        return parent_tag.lower() == DEFINITIONS.lower()
    return parent_tag.startswith(MODEL_TAGS) and _has_an_id(tag)
