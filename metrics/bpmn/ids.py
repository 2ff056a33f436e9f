"""The elements that the Modeler drops because of their ids."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from lxml import etree

from metrics.reading.errors import DiagramWarning
from metrics.reading.namespaces import (
    BPMN,
    BPMNDI,
    CAMUNDA,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lxml.etree import _Element as Element

    from metrics.reading.document import Document

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
    _type,
    bpmn,
)

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
MAX_CHARACTERS_QUOTED: Final = 80
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
            told.append((element, Dropped(tag, id[:MAX_CHARACTERS_QUOTED], is_second, None)))
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
