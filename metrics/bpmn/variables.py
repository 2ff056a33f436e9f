"""Process variables: what writes them, and the element that each belongs to.

A *writer* is an extension element or an attribute that names a variable. Its *source* is the kind
of extension element or attribute. The *scope* of a variable is the element that it belongs to.
"""

from __future__ import annotations

from collections import defaultdict
from enum import Enum, auto
from typing import TYPE_CHECKING, Final, NamedTuple

from metrics.bpmn.diagram import Engine
from metrics.bpmn.names import (
    CAMUNDA_ERROR,
    EVENTS,
    FLOW_ELEMENTS,
    ROOT_ELEMENTS,
    bpmn,
    camunda,
    camunda_attribute,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from lxml.etree import _Element as Element

    from metrics.bpmn.diagram import Diagram
    from metrics.bpmn.names import AttributeName

    # An input matches a variable if their names have a key in common.
    Keys = tuple[str | None, ...]

INPUT_OUTPUT: Final = camunda("inputOutput")
INPUT_PARAMETER, OUTPUT_PARAMETER = camunda("inputParameter"), camunda("outputParameter")
FORM_DATA, FORM_FIELD = camunda("formData"), camunda("formField")
OUT: Final = camunda("out")
NAME, ID, TARGET, LOCAL = map(camunda_attribute, ("name", "id", "target", "local"))
RESULT_VARIABLE: Final = camunda_attribute("resultVariable")
MENTION: Final = RESULT_VARIABLE.plain.encode()

# The tasks whose `resultVariable` the Modeler also reads without a prefix.
RESULT_TASKS: Final = frozenset(bpmn("serviceTask sendTask businessRuleTask scriptTask"))

# Each of these children of the first such extension element is a writer.
CHILDREN: Final = {
    "outputParameter": (INPUT_OUTPUT, OUTPUT_PARAMETER, NAME),
    "formField": (FORM_DATA, FORM_FIELD, ID),
}

ERROR, ESCALATION = bpmn("errorEventDefinition escalationEventDefinition")
ERROR_VARIABLES: Final = tuple(
    map(camunda_attribute, ("errorCodeVariable", "errorMessageVariable"))
)
EVENT_VARIABLES: Final = {
    ERROR: ERROR_VARIABLES,
    # The Modeler reads it as an error event definition where one may be.
    CAMUNDA_ERROR: ERROR_VARIABLES,
    ESCALATION: (camunda_attribute("escalationCodeVariable"),),
}

CAMUNDA_7_TAGS: Final = frozenset({INPUT_OUTPUT, FORM_DATA, OUT, *EVENT_VARIABLES})
"""The tags that a metric of the variables of Camunda 7 needs; it needs `MENTION`, too."""


class Start(Enum):
    """Where the search for the scope of a variable begins; it ends at the root element."""

    ELEMENT = auto()
    ABOVE = auto()


class ScopeRule(NamedTuple):
    """The scope of a variable: the nearest element with an input that matches the name.

    The search begins at `start`. Without a `start`, or if the search finds nothing, the scope is
    the element of the writer if `is_local`, otherwise the root element.
    """

    start: Start | None
    is_local: bool = False


ABOVE_OR_ROOT: Final = ScopeRule(Start.ABOVE)


class Matching(NamedTuple):
    """Which inputs match the name of a variable: those that have a key in common with it."""

    keys_of_input: Callable[[str | None], Keys]
    keys_of_name: Callable[[str | None], Keys]


def _itself(name: str | None) -> Keys:
    return (name,)


BY_NAME: Final = Matching(_itself, _itself)


class UnscopedWriter(NamedTuple):
    """A writer before the scopes are known: its source, the name, the element and the rules."""

    source: str
    name: str | None
    element: Element
    rules: tuple[ScopeRule, ...] = (ABOVE_OR_ROOT,)


class Variable(NamedTuple):
    """A variable; the name is None if its writers name none."""

    name: str | None
    scope: Element
    root_element: Element


class Writer(NamedTuple):
    """A writer: its source, the element that has it, and the variables that it writes."""

    source: str
    element: Element
    variables: tuple[Variable, ...]

    @property
    def name(self) -> str | None:
        """The name of its variables."""
        return self.variables[0].name


def camunda_7_writers(diagram: Diagram) -> Sequence[Writer]:
    """The writers in a Camunda 7 diagram; none for Camunda 8."""
    if diagram.engine is Engine.CAMUNDA_8:
        return ()
    inputs = named_children(diagram, INPUT_OUTPUT, INPUT_PARAMETER, NAME)
    return with_scopes(diagram, _unscoped(diagram), inputs, BY_NAME)


def by_variable(writers: Iterable[Writer]) -> dict[Variable, list[Writer]]:
    """The writers of each variable."""
    writers_of: dict[Variable, list[Writer]] = {}
    for writer in writers:
        for variable in writer.variables:
            writers_of.setdefault(variable, []).append(writer)
    return writers_of


def named_children(
    diagram: Diagram, extension: str, child: str, name: AttributeName
) -> Iterator[tuple[Element, str | None]]:
    """The `name` of each `child` of the first `extension` element of each element.

    Each comes with the element that has the extension.
    """
    for element, (first, *_) in diagram.extended(extension).items():
        for named in diagram.parts(first, child):
            yield element, diagram.attribute(named, name)


def _unscoped(diagram: Diagram) -> Iterator[UnscopedWriter]:
    for source, (extension, child, name) in CHILDREN.items():
        for element, variable in named_children(diagram, extension, child, name):
            yield UnscopedWriter(source, variable, element)
    for element, mappings in diagram.extended(OUT).items():
        for mapping in mappings:
            if diagram.attribute(mapping, LOCAL) != "true":
                yield UnscopedWriter("outMapping", diagram.attribute(mapping, TARGET), element)
    if diagram.document.mentions(MENTION):
        for element in diagram.with_attribute(RESULT_VARIABLE):
            is_read_without_prefix = element.tag in RESULT_TASKS
            read = diagram.attribute if is_read_without_prefix else diagram.qualified_attribute
            variable = read(element, RESULT_VARIABLE)
            if variable:
                yield UnscopedWriter(RESULT_VARIABLE.plain, variable, element)
    for tag, names in EVENT_VARIABLES.items():
        for definition in diagram.elements(tag):
            event = definition.getparent()
            if event is not None and event.tag in EVENTS:
                for name in names:
                    variable = diagram.attribute(definition, name)
                    if variable:
                        yield UnscopedWriter(name.plain, variable, event)


def with_scopes(
    diagram: Diagram,
    writers: Iterable[UnscopedWriter],
    inputs: Iterable[tuple[Element, str | None]],
    matching: Matching,
) -> list[Writer]:
    """The writers that belong to a root element, with their variables.

    `inputs` are the names of inputs, each with its element.
    """
    root_elements = [
        (writer, root_element)
        for writer in writers
        if (root_element := _root_element_of(diagram, writer.element)) is not None
    ]
    if not root_elements:
        return []
    keys_of_inputs: dict[Element, set[str | None]] = {}
    for element, name in inputs:
        # The search ends at the root element.
        if element is not diagram.root:
            keys_of_inputs.setdefault(element, set()).update(matching.keys_of_input(name))
    searches = {
        _search(writer, rule, matching) for writer, _ in root_elements for rule in writer.rules
    }
    nearest = _nearest(keys_of_inputs, searches)

    def variable(writer: UnscopedWriter, rule: ScopeRule, root_element: Element) -> Variable:
        default = writer.element if rule.is_local else root_element
        scope = nearest.get(_search(writer, rule, matching), default)
        return Variable(writer.name, scope, root_element)

    return [
        Writer(
            writer.source,
            writer.element,
            tuple(dict.fromkeys(variable(writer, rule, root) for rule in writer.rules)),
        )
        for writer, root in root_elements
    ]


def _root_element_of(diagram: Diagram, element: Element) -> Element | None:
    """The root element that an element belongs to, None if its writers do not count."""
    if element.tag in FLOW_ELEMENTS:
        return diagram.root_element(element)
    if element.tag in ROOT_ELEMENTS and element.getparent() is diagram.root:
        return element
    return None


class _Search(NamedTuple):
    """A search for the nearest element with one of some keys, from an element to the outside."""

    start: Element | None
    keys: Keys


def _search(writer: UnscopedWriter, rule: ScopeRule, matching: Matching) -> _Search:
    """The search for the scope of a variable; it finds nothing if the rule has no start."""
    start = writer.element.getparent() if rule.start is Start.ABOVE else writer.element
    return _Search(start, () if rule.start is None else matching.keys_of_name(writer.name))


def _nearest(
    keys_of: Mapping[Element, Collection[str | None]], searches: Iterable[_Search]
) -> dict[_Search, Element]:
    """The element that each search finds, if any; `keys_of` are the keys of elements.

    All searches together visit each element once, from the outside to the inside, so the time does
    not depend on the depth of elements.
    """
    known = {key for keys in keys_of.values() for key in keys}
    searches_from: dict[Element, list[_Search]] = {}
    for search in searches:
        if search.start is not None and not known.isdisjoint(search.keys):
            searches_from.setdefault(search.start, []).append(search)
    below = _nested(keys_of.keys() | searches_from.keys()) if searches_from else {}
    found: dict[_Search, Element] = {}
    # The elements from the outermost to the current one, and the places in it of each key.
    path: list[Element] = []
    places: defaultdict[str | None, list[int]] = defaultdict(list)
    pending = [(element, 0) for element in below.get(None, ())]
    while pending:
        element, depth = pending.pop()
        while len(path) > depth:
            for key in keys_of.get(path.pop(), ()):
                places[key].pop()
        for key in keys_of.get(element, ()):
            places[key].append(depth)
        path.append(element)
        for search in searches_from.get(element, ()):
            innermost = [places[key][-1] for key in search.keys if places.get(key)]
            if innermost:
                found[search] = path[max(innermost)]
        pending += [(inner, depth + 1) for inner in below.get(element, ())]
    return found


def _nested(elements: Collection[Element]) -> dict[Element | None, list[Element]]:
    """The nearest of some elements below each of them; the outermost ones are below None."""
    below: dict[Element | None, list[Element]] = {}
    nearest_of: dict[Element, Element | None] = {}
    for element in elements:
        passed = []
        current = element.getparent()
        while current is not None and current not in elements and current not in nearest_of:
            passed.append(current)
            current = current.getparent()
        nearest = nearest_of.get(current, current) if current is not None else None
        nearest_of.update(dict.fromkeys(passed, nearest))
        below.setdefault(nearest, []).append(element)
    return below
