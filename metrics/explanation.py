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

from metrics.blocks import LeafKind, key_part, leaves, meanings, to_json
from metrics.bpmn.diagram import Diagram
from metrics.bpmn.names import element_type
from metrics.catalog import OWN_FRAGMENTS, metrics_with, own_fragments, tags_with
from metrics.keys import find_key, leaves_with
from metrics.metric import Evidence, SourceElement
from metrics.reading.errors import DocumentError, truncated
from metrics.reading.sources import DEFAULT_MAX_SIZE
from metrics.report import Report, failed, parse

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from lxml.etree import _Element as Element

    from metrics.bpmn.ids import Dropped
    from metrics.reading.document import Document

LIST_ITEM: Final = re.compile(r"(\[[0-9]+\](\.(?P<key>.+))?)?", re.DOTALL)

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
    value: int | float
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
    fragments: Collection[str] = (),
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
        return _explained(found, name, fragments=own_fragments(fragments))
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
        fragments = frozenset(
            key.fragment for key in map(find_key, values) if key.fragment is not None
        )
        explanation = _explained(found, name, values.keys(), fragments=fragments)
    except (DocumentError, MemoryError):
        return {}
    items = {
        number.key: number.items[:MAX_ITEMS]
        for number in explanation.numbers
        if values.get(number.key) == number.value
    }
    words = {key for key in values if find_key(key).kind not in (LeafKind.NUMBER, LeafKind.RATIO)}
    if words and found.root is not None:
        place = _Places(found.lines([found.root])).item(Evidence("", SourceElement(found.root)))
        items |= dict.fromkeys(words, (place,))
    return items


def _explained(
    document: Document,
    name: str | None,
    keys: Collection[str] | None = None,
    *,
    fragments: frozenset[str],
) -> Explanation:
    """The explanation of a document, or of some of its numbers alone."""
    diagram = Diagram(document, tags_with(fragments), max_dropped=sys.maxsize)
    blocks: dict[str, Any] = {}
    evidence: dict[str, list[Evidence]] = {}
    meaning_of: dict[str, str] = {}
    values: dict[str, int | float] = {}
    for metric in metrics_with(fragments):
        if document.kind not in metric.kinds:
            continue
        findings = metric.find(diagram)
        blocks[metric.name] = block = metric.count(findings, diagram.engine)
        if block is not None:
            meaning_of |= meanings(block, metric.prefix)
            values |= _numbers(to_json(block), metric.prefix)
        for item in metric.explain(findings):
            if keys is None or metric.prefix + item.key in keys:
                evidence.setdefault(metric.prefix + item.key, []).append(item)
    report = Report(name, document.kind, blocks, document.warnings)
    lines = document.lines(element for found in evidence.values() for element in _elements(found))
    places = _Places(lines)
    numbers = tuple(
        Number(
            key,
            value,
            meaning_of.get(key),
            tuple(sorted(map(places.item, evidence.get(key, ())), key=_order)),
        )
        for key, value in values.items()
        if value and (keys is None or key in keys)
    )
    return Explanation(report, numbers, diagram.dropped)


def _numbers(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, int | float]]:
    """The numbers of a block by their keys; those in an item of a list as `items[0].key`."""
    for name, item in value.items():
        key = prefix + key_part(name)
        if isinstance(item, int | float) and not isinstance(item, bool):
            yield key, item
        elif isinstance(item, dict):
            yield from _numbers(item, f"{key}.")
        elif isinstance(item, list):
            for index, inner in enumerate(item):
                if isinstance(inner, dict):
                    yield from _numbers(inner, f"{key}[{index}].")


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
    return any(key == one or key.startswith((f"{one}.", f"{one}[")) for one in wanted)


def explained_keys() -> tuple[str, ...]:
    """The keys of the numbers and ratios of the documented payload and of our own fragments."""
    kinds = (LeafKind.NUMBER, LeafKind.RATIO)
    known = leaves_with(frozenset(OWN_FRAGMENTS)).values()
    return tuple(leaf.key for leaf in known if leaf.kind in kinds and not leaf.is_rules)


def _check(key: str) -> None:
    """Raises `KeyError` if a key names neither a number of a payload nor a group of numbers."""
    if any(_is_wanted(number, (key,)) for number in explained_keys()):
        return
    for leaf in leaves_with(frozenset(OWN_FRAGMENTS)).values():
        if leaf.kind is LeafKind.MAP and _is_wanted(key, (leaf.key,)):
            return
        item = LIST_ITEM.fullmatch(key.removeprefix(leaf.key)) if key.startswith(leaf.key) else None
        if leaf.item is None or item is None:
            continue
        inner = item["key"]
        if inner is None or any(
            _is_wanted(inner, (one.key,))
            if one.kind is LeafKind.MAP
            else _is_wanted(one.key, (inner,))
            for one in leaves(leaf.item)
            if one.kind in (LeafKind.NUMBER, LeafKind.RATIO, LeafKind.MAP)
        ):
            return
    raise KeyError(key)


def fragments_named(keys: Iterable[str]) -> frozenset[str]:
    """The fragments of our own that some keys name, or begin with."""
    tops = {key.partition(".")[0].partition("[")[0] for key in keys}
    return frozenset(tops.intersection(OWN_FRAGMENTS))
