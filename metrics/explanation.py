"""Explanations: the elements of a diagram that each number of its payload counts.

The metrics themselves find these elements, as they do for `metrics.scan`: a number and its
explanation cannot disagree.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NamedTuple

from metrics.blocks import NUMERIC, LeafKind, joined, key_part, leaves, meanings, to_json
from metrics.bpmn.diagram import Diagram
from metrics.bpmn.names import FLOW_ELEMENTS, ROOT_ELEMENTS, element_type, own_attribute
from metrics.catalog import (
    OWN_FRAGMENTS,
    FragmentOptions,
    known_dialect,
    metrics_with,
    own_fragments,
    tags_with,
)
from metrics.keys import find_key, is_value, leaves_with, spelled
from metrics.metric import HOLDER, Evidence, SourceElement
from metrics.reading.errors import DocumentError, truncated
from metrics.reading.sources import DEFAULT_MAX_SIZE
from metrics.report import Report, diagram_name, failed, parse

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from lxml.etree import _Element as Element

    from metrics.blocks import Leaf
    from metrics.bpmn.ids import Dropped
    from metrics.reading.document import Document

LIST_ITEM: Final = re.compile(r"(\[[0-9]+\](\.(?P<key>.+))?)?", re.DOTALL)

HOLDERS: Final = FLOW_ELEMENTS | ROOT_ELEMENTS

MAX_CHARACTERS: Final = 500
MAX_ITEMS: Final = 100


class DiagramElement(NamedTuple):
    """An element: its type as the Modeler writes it, its id and name, and the line it begins in.

    Texts are cut after 500 characters. `kind` holds the kinds that it counts as, if its number has
    several: `delegate, java`.
    """

    type: str
    id: str | None
    name: str | None
    line: int | None
    kind: str | None = None


class Item(NamedTuple):
    """One of the things that a number counts: an `element`, or something with several `sources`.

    `texts` describe the latter: a `variable`, or a `template` and its `version`. `related` holds
    elements that belong to the item, by their role: the `scope` of a variable. `times` is how often
    the item counts. An element is one item of a number, even if it counts for several reasons.
    """

    element: DiagramElement | None
    texts: Mapping[str, str | None]
    related: Mapping[str, DiagramElement]
    sources: tuple[DiagramElement, ...]
    times: float


class Number(NamedTuple):
    """A number of the payload by its dotted key, and the items that it counts, sorted by line.

    `meaning` is None for the properties of a template.
    """

    key: str
    value: int | float
    meaning: str | None
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Explanation:
    """The non-zero numbers of a diagram and what they count.

    `report` is the report of `metrics.scan`, except that `dropped` holds all elements that were
    dropped because of their ids, and `report.warnings` none of them.
    """

    report: Report
    numbers: tuple[Number, ...] = ()
    dropped: tuple[Dropped, ...] = ()

    def only(self, keys: Iterable[str]) -> Explanation:
        """The explanation of the numbers with these keys, or below them.

        Raises `KeyError` for a key that no payload has.
        """
        wanted = known_keys(keys)
        numbers = (number for number in self.numbers if _is_wanted(number.key, wanted))
        return replace(self, numbers=tuple(numbers))


@dataclass(slots=True)
class ExplainedReport(Report):
    """A report that carries its explanation: code that passes on the report passes on both."""

    numbers: tuple[Number, ...] = ()
    dropped: tuple[Dropped, ...] = ()

    def __reduce__(self) -> tuple[type[Report], tuple[Any, ...]]:
        _, values = Report.__reduce__(self)
        return ExplainedReport, (*values, self.numbers, self.dropped)


def explanation_of(report: Report) -> Explanation:
    """The explanation that a report carries; one without numbers for any other report."""
    if not isinstance(report, ExplainedReport):
        return Explanation(report)
    plain = Report(report.file, report.kind, report.blocks, report.warnings)
    return Explanation(plain, report.numbers, report.dropped)


def explain(
    source: str | os.PathLike[str] | bytes | BinaryIO,
    *,
    name: str | None = None,
    max_size: int = DEFAULT_MAX_SIZE,
    fragments: Collection[str] = (),
    dialect: str | None = None,
) -> Explanation:
    """Find the elements that the numbers of one diagram count.

    The arguments are those of `scan`. If the diagram cannot be measured, the report has an `error`
    and there are no numbers.
    """
    options = FragmentOptions(own_fragments(fragments), known_dialect(dialect))
    return explanation_of(explain_report(source, name=name, max_size=max_size, options=options))


def explain_report(
    source: str | os.PathLike[str] | bytes | BinaryIO,
    *,
    name: str | None,
    max_size: int,
    keys: tuple[str, ...] = (),
    options: FragmentOptions,
) -> Report:
    """The report of one diagram, which carries its explanation.

    `keys` are those of `explained`.
    """
    name = diagram_name(source, name)
    parsed = parse(source, name, max_size)
    return parsed if isinstance(parsed, Report) else explained(parsed, name, keys, options)


def explained(
    parsed: Document, name: str | None, keys: tuple[str, ...], options: FragmentOptions
) -> Report:
    """The report of a parsed document, which carries its explanation.

    With `keys`, only the numbers with these keys or below them are explained.
    """

    def is_wanted(key: str) -> bool:
        return not keys or _is_wanted(key, keys)

    try:
        return _explain(parsed, name, is_wanted, options)
    except (DocumentError, MemoryError) as error:
        return failed(name, error)


def explain_values(
    source: str | os.PathLike[str] | bytes,
    values: Mapping[str, object],
    *,
    name: str | None = None,
    max_size: int = DEFAULT_MAX_SIZE,
    dialect: str | None = None,
) -> dict[str, tuple[Item, ...]]:
    """The items of some values of one diagram by their keys, at most a hundred of each.

    `values` are the values that an earlier scan found, with the same `dialect`; one that has
    changed since is left out. The item of a text, such as the diagram's type or platform, is the
    root element.
    """
    name = diagram_name(source, name)
    document = parse(source, name, max_size)
    if isinstance(document, Report):
        return {}
    try:
        fragments = frozenset(
            key.fragment for key in map(find_key, values) if key.fragment is not None
        )
        options = FragmentOptions(fragments, dialect)
        report = _explain(document, name, values.__contains__, options)
    except (DocumentError, MemoryError):
        return {}
    items = {
        number.key: number.items[:MAX_ITEMS]
        for number in report.numbers
        if values.get(number.key) == number.value
    }
    texts = {key for key in values if find_key(key).kind not in NUMERIC}
    if texts and document.root is not None:
        root = Evidence("", SourceElement(document.root))
        item = _ElementDescriptions(document.lines([document.root])).item(root)
        items |= dict.fromkeys(texts, (item,))
    return items


def _explain(
    document: Document,
    name: str | None,
    is_wanted: Callable[[str], bool],
    options: FragmentOptions,
) -> ExplainedReport:
    """The report of a document, with the numbers whose keys are wanted."""
    fragments = frozenset(options.names)
    diagram = Diagram(
        document, tags_with(fragments), max_dropped=sys.maxsize, dialect=options.dialect
    )
    blocks: dict[str, Any] = {}
    evidence: dict[str, list[Evidence]] = {}
    meaning_of: dict[str, str] = {}
    values: dict[str, int | float] = {}
    for metric in metrics_with(fragments):
        if document.kind not in metric.kinds or not metric.applies_to(diagram):
            continue
        findings = [*metric.find(diagram)]
        blocks[metric.name] = block = metric.count(findings, diagram.engine)
        if block is not None:
            meaning_of |= meanings(block, metric.key)
            versions = {leaf.key for leaf in metric.leaves() if leaf.kind is LeafKind.VERSION}
            numbers_of_block = _numbers(to_json(block), metric.key)
            values |= {key: value for key, value in numbers_of_block if key not in versions}
        for piece in metric.explain(findings):
            key = joined(metric.key, piece.key)
            if is_wanted(key):
                evidence.setdefault(key, []).append(piece)
    holders: dict[Element | None, Element | None] = {}
    evidence = {
        key: [_with_holder(piece, holders) for piece in _by_element(pieces, values.get(key))]
        for key, pieces in evidence.items()
    }
    elements = (element for pieces in evidence.values() for element in _elements(pieces))
    descriptions = _ElementDescriptions(document.lines(elements))
    numbers = tuple(
        Number(
            key,
            value,
            meaning_of.get(key),
            tuple(sorted(map(descriptions.item, evidence.get(key, ())), key=_order)),
        )
        for key, value in values.items()
        if value and is_wanted(key)
    )
    return ExplainedReport(
        name,
        document.kind,
        blocks,
        document.warnings + diagram.uncounted,
        numbers=numbers,
        dropped=diagram.dropped,
    )


def _by_element(pieces: Sequence[Evidence], value: float | None) -> list[Evidence]:
    """The evidence for a number with this value, merged to one piece for each element.

    A merged piece has all kinds of the element. It counts as often as the element's pieces
    together, unless the number counts each element once.
    """
    groups: dict[object, list[Evidence]] = {}
    for index, piece in enumerate(pieces):
        subject = index if piece.source is None else _subject(piece, piece.source)
        groups.setdefault(subject, []).append(piece)
    if len(groups) == len(pieces):
        return [*pieces]
    is_once = len(groups) == value
    return [_merged(group, is_once=is_once) for group in groups.values()]


def _with_holder(piece: Evidence, holders: dict[Element | None, Element | None]) -> Evidence:
    """The piece, with the element that holds it if it is a part of one and has no id.

    `holders` caches the nearest flow element or root element of each parent.
    """
    element = None if piece.source is None else piece.source.element
    if element is None or HOLDER in piece.related:
        return piece
    if element.tag in HOLDERS or own_attribute(element, "id"):
        return piece
    parent = element.getparent()
    if parent not in holders:
        above = parent
        while above is not None and above.tag not in HOLDERS:
            above = above.getparent()
        holders[parent] = above
    holder = holders[parent]
    return piece if holder is None else piece._replace(related={**piece.related, HOLDER: holder})


def _subject(piece: Evidence, source: SourceElement) -> object:
    """What a piece is about: equal for pieces that differ only in their kinds and times."""
    return source.element, *piece.texts.items(), *piece.related.items()


def _merged(pieces: Sequence[Evidence], *, is_once: bool) -> Evidence:
    first, *others = pieces
    if not others:
        return first
    sources = [piece.source for piece in pieces if piece.source is not None]
    (source,) = _with_all_kinds(sources)
    return first._replace(
        source=source,
        sources=tuple(source for piece in pieces for source in piece.sources),
        times=1 if is_once else sum(piece.times for piece in pieces),
    )


def _with_all_kinds(sources: Iterable[SourceElement]) -> Iterable[SourceElement]:
    """Each of the elements once, with all its kinds."""
    kinds: dict[Element, set[str]] = {}
    for source in sources:
        kinds.setdefault(source.element, set()).update(source.kinds)
    return [SourceElement(element, tuple(of_element)) for element, of_element in kinds.items()]


def _numbers(value: Mapping[str, Any], group: str) -> Iterator[tuple[str, int | float]]:
    """The numbers of a block by their keys; one in an item of a list is `items[0].key`."""
    for name, item in value.items():
        key = joined(group, key_part(name))
        if isinstance(item, int | float) and not isinstance(item, bool):
            yield key, item
        elif isinstance(item, dict):
            yield from _numbers(item, key)
        elif isinstance(item, list):
            for index, inner in enumerate(item):
                if isinstance(inner, dict):
                    yield from _numbers(inner, f"{key}[{index}]")


def _elements(pieces: Iterable[Evidence]) -> Iterator[Element]:
    for piece in pieces:
        if piece.source is not None:
            yield piece.source.element
        yield from piece.related.values()
        for source in piece.sources:
            yield source.element


class _ElementDescriptions:
    """Describes elements; an element that has several items is described once."""

    def __init__(self, lines: Mapping[Element, int | None]) -> None:
        self._lines = lines
        self._known: dict[Element, DiagramElement] = {}

    def item(self, evidence: Evidence) -> Item:
        """The item of a piece of evidence."""
        _, source, texts, related, sources, times = evidence
        return Item(
            None if source is None else self._describe_source(source),
            {role: _cut(text) for role, text in texts.items()},
            {role: self._describe(element) for role, element in related.items()},
            tuple(sorted(map(self._describe_source, _with_all_kinds(sources)), key=_line)),
            times,
        )

    def _describe_source(self, source: SourceElement) -> DiagramElement:
        description = self._describe(source.element)
        kind = ", ".join(sorted({*source.kinds}))
        return description._replace(kind=_cut(kind)) if kind else description

    def _describe(self, element: Element) -> DiagramElement:
        description = self._known.get(element)
        if description is None:
            id, name = (_cut(own_attribute(element, key)) for key in ("id", "name"))
            description = DiagramElement(element_type(element), id, name, self._lines[element])
            self._known[element] = description
        return description


def _cut(text: str | None) -> str | None:
    # A hostile diagram may have a long text that thousands of items repeat.
    return None if text is None else truncated(text, MAX_CHARACTERS)


def _order(item: Item) -> tuple[int, list[str]]:
    """The first line of an item, then its texts."""
    elements = item.sources if item.element is None else (item.element,)
    line = min(map(_line, elements), default=0)
    return line, [text or "" for text in item.texts.values()]


def _line(element: DiagramElement) -> int:
    return element.line or 0


def _is_wanted(key: str, wanted: Iterable[str]) -> bool:
    return any(key == prefix or key.startswith((f"{prefix}.", f"{prefix}[")) for prefix in wanted)


def explained_keys() -> tuple[str, ...]:
    """The keys of all numbers and ratios: of the documented payload and of our own fragments."""
    all_leaves = leaves_with(frozenset(OWN_FRAGMENTS)).values()
    return tuple(leaf.key for leaf in all_leaves if leaf.kind in NUMERIC and not leaf.is_rules)


def is_explained(key: str) -> bool:
    """Whether a key names a number of a payload or a group of numbers."""
    if any(_is_wanted(number, (key,)) for number in explained_keys()):
        return True
    return any(_is_below(key, leaf) for leaf in leaves_with(frozenset(OWN_FRAGMENTS)).values())


def known_keys(keys: Iterable[str]) -> tuple[str, ...]:
    """The keys as a tuple; raises `KeyError` for one that is not explained."""
    known = tuple(keys)
    for key in known:
        if not is_explained(key):
            raise KeyError(key)
    return tuple(map(spelled, known))


def _is_below(key: str, leaf: Leaf) -> bool:
    """Whether a key names a member of an open map, or a number in an item of a list."""
    if leaf.kind is LeafKind.MAP:
        return _is_wanted(key, (leaf.key,)) and is_value(key)
    if leaf.item is None or not key.startswith(leaf.key):
        return False
    item = LIST_ITEM.fullmatch(key.removeprefix(leaf.key))
    if item is None:
        return False
    inner_key = item["key"]
    return inner_key is None or any(
        _is_wanted(inner_key, (inner.key,))
        if inner.kind is LeafKind.MAP
        else _is_wanted(inner.key, (inner_key,))
        for inner in leaves(leaf.item)
        if inner.kind in NUMERIC or inner.kind is LeafKind.MAP
    )


def fragments_named(keys: Iterable[str]) -> frozenset[str]:
    """The fragments of our own that the first parts of some keys name."""
    first_parts = {key.partition(".")[0].partition("[")[0] for key in keys}
    return frozenset(first_parts.intersection(OWN_FRAGMENTS))
