"""Where the numbers of a payload come from: for each, the elements behind it.

What counts is found by the metrics themselves, as it is for `metrics.scan`: a number and its
explanation cannot disagree.
"""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NamedTuple

from metrics.blocks import meanings
from metrics.bpmn.diagram import Diagram
from metrics.bpmn.names import element_type
from metrics.catalog import METRICS, TAGS
from metrics.metric import Evidence, SourceElement
from metrics.reading.errors import DocumentError, truncated
from metrics.reading.sources import DEFAULT_MAX_SIZE
from metrics.report import Report, columns, failed, parse

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from lxml.etree import _Element as Element

    from metrics.bpmn.ids import Dropped
    from metrics.reading.document import Document

NUMBERS: Final = tuple(
    column.key for found in columns().values() for column in found if column.is_number
)
"""The dotted keys of the numbers that a payload can hold, but for those of templates."""

OF_TEMPLATES: Final = re.compile(
    r"elementTemplates (\[[0-9]+\] (\.properties (\..+)? )? )?", re.VERBOSE | re.DOTALL
)
PROPERTIES: Final = "].properties."
MAX_CHARACTERS: Final = 500
MAX_ITEMS: Final = 100


class DiagramElement(NamedTuple):
    """An element: its type as the Modeler writes it, its id and name, the line where it begins.

    Of a text of more than 500 characters it is the beginning.
    `kind` says of what kind it is, where the number has several.
    """

    type: str
    id: str | None
    name: str | None
    line: int | None
    kind: str | None = None


class Item(NamedTuple):
    """One of the things that a number counts: an element, or what comes of several `sources`.

    `texts` tell the latter: the `variable`, or the `template` and its `version`. `related` are
    elements that belong to it, by what they are to it: a variable's `scope`. `times` is how many of
    the number it is; all but for the properties of templates are 1.
    """

    place: DiagramElement | None
    texts: Mapping[str, str | None]
    related: Mapping[str, DiagramElement]
    sources: tuple[DiagramElement, ...]
    times: int


class Number(NamedTuple):
    """A number of the payload by its dotted key, and what it counts, in the order of the lines.

    `meaning` is None for the properties of a template.
    """

    key: str
    value: int
    meaning: str | None
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Explanation:
    """What is behind the numbers of a diagram that are not 0.

    `report` is what `metrics.scan` gives, but that what was left out because of its id stands in
    `dropped`, all of it, rather than among the warnings.
    """

    report: Report
    numbers: tuple[Number, ...] = ()
    dropped: tuple[Dropped, ...] = ()

    def only(self, keys: Iterable[str]) -> Explanation:
        """The numbers with these keys, or below them.

        Raises `KeyError` for a key that no payload has.
        """
        wanted = tuple(keys)
        for key in wanted:
            _check(key)
        numbers = (number for number in self.numbers if _is_wanted(number.key, wanted))
        return replace(self, numbers=tuple(numbers))


def explain(
    source: str | os.PathLike[str] | bytes | BinaryIO,
    *,
    name: str | None = None,
    max_size: int = DEFAULT_MAX_SIZE,
) -> Explanation:
    """Find what is behind the numbers of one diagram; `source` and all else is as for `scan`.

    Of a diagram that cannot be measured the report has an `error`, and there are no numbers.
    """
    if name is None and isinstance(source, str | os.PathLike):
        name = os.fspath(source)
    found = parse(source, name, max_size)
    if isinstance(found, Report):
        return Explanation(found)
    try:
        return _explained(found, name)
    except (DocumentError, MemoryError) as error:
        return Explanation(failed(name, error))


def explain_values(
    source: str | os.PathLike[str] | bytes,
    values: Mapping[str, object],
    *,
    name: str | None = None,
    max_size: int = DEFAULT_MAX_SIZE,
) -> dict[str, tuple[Item, ...]]:
    """The first things behind some values of one diagram, at most a hundred each.

    `values` are those that it was found to have, by their dotted keys; of one that it does not have
    any more nothing is told. Behind its type, its platform and that version is its root.
    """
    if name is None and isinstance(source, str | os.PathLike):
        name = os.fspath(source)
    found = parse(source, name, max_size)
    if isinstance(found, Report):
        return {}
    try:
        explanation = _explained(found, name, values.keys())
    except (DocumentError, MemoryError):
        return {}
    items = {
        number.key: number.items[:MAX_ITEMS]
        for number in explanation.numbers
        if values.get(number.key) == number.value
    }
    words = values.keys() - set(NUMBERS)
    if words and found.root is not None:
        place = _Places(found.lines([found.root])).item(Evidence("", SourceElement(found.root)))
        items |= dict.fromkeys(words, (place,))
    return items


def _explained(
    document: Document, name: str | None, keys: Collection[str] | None = None
) -> Explanation:
    """The explanation of a document, or of some of its numbers alone."""
    diagram = Diagram(document, TAGS, most_dropped=sys.maxsize)
    blocks: dict[str, Any] = {}
    evidence: dict[str, list[Evidence]] = {}
    told: dict[str, str] = {}
    for metric in METRICS:
        if document.kind in metric.kinds:
            findings = metric.find(diagram)
            blocks[metric.name] = block = metric.count(findings, diagram.engine)
            prefix = f"{metric.key}." if metric.key else ""
            if block is not None:
                told |= meanings(block, prefix)
            for one in metric.explain(findings):
                if keys is None or prefix + one.key in keys:
                    evidence.setdefault(prefix + one.key, []).append(one)
    report = Report(name, document.kind, blocks, document.warnings)
    lines = document.lines(element for found in evidence.values() for element in _elements(found))
    places = _Places(lines)
    numbers = tuple(
        Number(
            key,
            value,
            told.get(key),
            tuple(sorted(map(places.item, evidence[key]), key=_order)),
        )
        for key, value in _numbers(report.payload())
        if value and (keys is None or key in keys)
    )
    return Explanation(report, numbers, diagram.dropped)


def _numbers(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, int]]:
    """The numbers of a payload by their keys: those of a template as `elementTemplates[0].…`."""
    for key, item in value.items():
        if isinstance(item, int) and not isinstance(item, bool):
            yield prefix + key, item
        elif isinstance(item, dict):
            yield from _numbers(item, f"{prefix}{key}.")
        elif isinstance(item, list):
            for place, inner in enumerate(item):
                if isinstance(inner, dict):
                    yield from _numbers(inner, f"{prefix}{key}[{place}].")


def _elements(found: Iterable[Evidence]) -> Iterator[Element]:
    for one in found:
        if one.source is not None:
            yield one.source.element
        yield from one.related.values()
        for source in one.sources:
            yield source.element


class _Places:
    """The places of elements, each asked for what it says of itself once."""

    def __init__(self, lines: Mapping[Element, int | None]) -> None:
        self._lines = lines
        self._known: dict[Element, DiagramElement] = {}

    def item(self, evidence: Evidence) -> Item:
        """What a piece of evidence tells."""
        _, source, texts, related, sources, times = evidence
        return Item(
            None if source is None else self._placed(source),
            {role: _cut(text) for role, text in texts.items()},
            {role: self._place(element) for role, element in related.items()},
            tuple(sorted(map(self._placed, sources), key=lambda one: one.line or 0)),
            times,
        )

    def _placed(self, source: SourceElement) -> DiagramElement:
        place = self._place(source.element)
        return place if source.kind is None else place._replace(kind=_cut(source.kind))

    def _place(self, element: Element) -> DiagramElement:
        place = self._known.get(element)
        if place is None:
            name, id = _cut(element.get("name")), _cut(element.get("id"))
            place = DiagramElement(element_type(element), id, name, self._lines[element])
            self._known[element] = place
        return place


def _cut(text: str | None) -> str | None:
    """A text that is told, perhaps many times: of a long one the beginning."""
    return None if text is None else truncated(text, MAX_CHARACTERS)


def _order(item: Item) -> tuple[int, list[str]]:
    """The first line where an item shows, then its texts."""
    places = item.sources if item.place is None else (item.place,)
    line = min((place.line or 0 for place in places), default=0)
    return line, [text or "" for text in item.texts.values()]


def _is_wanted(key: str, wanted: Iterable[str]) -> bool:
    # Bindings may have dots: below one there is nothing.
    return any(
        key == one or (PROPERTIES not in one and key.startswith((f"{one}.", f"{one}[")))
        for one in wanted
    )


def _check(key: str) -> None:
    if not OF_TEMPLATES.fullmatch(key) and not any(_is_wanted(one, (key,)) for one in NUMBERS):
        raise KeyError(key)
