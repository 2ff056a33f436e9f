"""The attributes of a tag: which of them the Modeler reads, and with which values."""

from __future__ import annotations

from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from lxml import etree

from metrics.reading.errors import ErrorType
from metrics.reading.repair.entities import escape_ampersands, with_known_references
from metrics.reading.repair.namespaces import (
    declarations,
    declared_namespaces,
    is_declaration,
    is_needed,
)
from metrics.reading.repair.patterns import (
    INVALID_NAMESPACE,
    LINE_BREAKS,
    NAMES,
    NAMES_AND_VALUES,
    PART_OF_TAG,
    PLAIN_DECLARATION,
    PLAIN_NAMESPACE,
    QUALIFIED_NAME,
)
from metrics.reading.xml_parser import parse_xml

if TYPE_CHECKING:
    import re
    from collections.abc import Collection, Iterable, Mapping

    from metrics.reading.repair.draft import Draft
    from metrics.reading.repair.namespaces import Scopes

DUPLICATE: Final = "duplicate attribute"
RESERVED_DECLARATION: Final = "xmlns:xmlns"
NOTHING_DECLARED: Final[Mapping[str, str]] = MappingProxyType({})

# The parser checks each of them, which takes a hundred times as long as reading it.
MAX_UNUSUAL_NAMESPACES: Final = 10_000

# The parser needs a hundred times the size of such attributes until the tag ends. A `<` becomes a
# reference, too.
MAX_VALUES_WITH_REFERENCES: Final = 50_000


class Attributes:
    """Reads the attributes of tags, and repairs them where XML does not allow them.

    Only the values of namespace declarations and of the platform are kept, with their quotes,
    because a tag may have a hundred thousand attributes.
    """

    def __init__(self, draft: Draft, scopes: Scopes) -> None:
        self._draft = draft
        self._scopes = scopes
        self._valid_declarations: dict[tuple[str, str], bool] = {}

    def read(
        self, tag: re.Match[str], end: int, *, is_well_formed: bool, is_root: bool
    ) -> Mapping[str, str]:
        """Read the attributes of a tag up to `end`; returns the namespaces that they declare.

        `is_well_formed` is true if all of them are well-formed. Raises `DocumentError`
        (`too-large`).
        """
        start, scopes = tag.end(), self._scopes
        names = (
            (tag["name"], *NAMES.findall(self._draft.text, start, end)) if is_well_formed else ()
        )
        if names in scopes.valid_names:
            escape_ampersands(self._draft, start, end)
            return NOTHING_DECLARED
        kept: Collection[str] = names[1:]
        needed = self._read_valid(kept, start, end) if is_well_formed else None
        if needed is None:
            kept, needed = self._repair(start, end)
            names = ()
        declared = declared_namespaces(needed) if needed else NOTHING_DECLARED
        scopes.enter(declared)
        if is_root:
            scopes.read_platform(needed)
        has_undeclared = scopes.add_undeclared(chain((tag["name"],), kept), tag.start())
        if names and not declared and not has_undeclared:
            scopes.add_valid(names)
        return declared

    def _read_valid(self, names: Collection[str], start: int, end: int) -> dict[str, str] | None:
        """The needed values of attributes with these names; None if one of them must be skipped."""
        if (
            len(set(names)) < len(names)
            or _have_equal_local_names(names)
            or not all(_is_valid_name(name) for name in names if ":" in name)
        ):
            return None
        needed: dict[str, str] = {}
        if any(map(is_needed, names)):
            matches = NAMES_AND_VALUES.finditer(self._draft.text, start, end)
            needed = {match[1]: match[2] for match in matches if is_needed(match[1])}
            for name, value in declarations(needed):
                if not self._is_valid_declaration(name, value, start):
                    return None
        self._refuse_many_references(start, end)
        escape_ampersands(self._draft, start, end)
        return needed

    def _repair(self, start: int, end: int) -> tuple[Collection[str], dict[str, str]]:
        """The names of the attributes that the Modeler reads, and their needed values.

        Skips all other attributes.
        """
        # The position of each name: matches would take five times the memory.
        kept: dict[str, int] = {}
        for part in PART_OF_TAG.finditer(self._draft.text, start, end):
            name = part["name"]
            if name is None:
                if part["unreadable"]:
                    position = part.start("unreadable")
                    self._skip("unreadable attribute", position, part.end(), part.start())
                continue
            position = part.start("name")
            if part["trailing"]:
                fault = "attribute without white space after it"
                self._skip(fault, position, part.end(), part.start())
            elif name in kept:
                self._skip(DUPLICATE, position, part.end(), part.start())
            elif not _is_valid_name(name):
                self._skip("attribute with an invalid name", position, part.end(), part.start())
            else:
                kept[name] = position
        if not kept:
            return (), {}
        needed = {name: self._value(name, kept[name]) for name in kept if is_needed(name)}
        for name in self._overwritten(kept, declared_namespaces(needed)):
            needed.pop(name, None)
            position = kept.pop(name)
            _, stop = self._span(name, position)
            self._skip(DUPLICATE, position, stop, position)
        self._refuse_many_references(start, end)
        for name, position in kept.items():
            self._repair_value(name, *self._span(name, position))
        return kept, needed

    def _value(self, name: str, position: int) -> str:
        return self._draft.text[slice(*self._span(name, position))]

    def _span(self, name: str, position: int) -> tuple[int, int]:
        """The start and the end of the quoted value of the attribute at a position."""
        text = self._draft.text
        start = position + len(name) + len("=")
        return start, text.index(text[start], start + 1) + 1

    def _overwritten(self, names: Iterable[str], declared: Mapping[str, str]) -> list[str]:
        """The attributes that a later one with the same local name and namespace overrides.

        The Modeler reads the later one.

        `declared` holds the namespaces that the tag declares, by prefix.
        """
        last: dict[tuple[str, str], str] = {}
        overwritten = []
        for name in names if _have_equal_local_names(names) else ():
            prefix, colon, local = name.partition(":")
            if not colon or prefix == "xmlns":
                continue
            key = declared.get(prefix) or self._scopes.namespace(prefix) or prefix, local
            if key in last:
                overwritten.append(last[key])
            last[key] = name
        return overwritten

    def _refuse_many_references(self, start: int, end: int) -> None:
        """Raise `DocumentError` (`too-large`) for a tag that would take the parser much memory."""
        text = self._draft.text
        if text.count("&", start, end) + text.count("<", start, end) <= MAX_VALUES_WITH_REFERENCES:
            return
        values = (match[2] for match in NAMES_AND_VALUES.finditer(text, start, end))
        if sum("&" in value or "<" in value for value in values) > MAX_VALUES_WITH_REFERENCES:
            message = (
                f"more than {MAX_VALUES_WITH_REFERENCES:,} attributes with '&' or '<' in a tag"
            )
            raise self._draft.error(ErrorType.TOO_LARGE, message, start)

    def _skip(self, fault: str, start: int, end: int, start_of_blanks: int) -> None:
        self._draft.warn(f"{fault} skipped", start, self._draft.text[start:end])
        self._draft.blank(start_of_blanks, end)

    def _repair_value(self, name: str, start: int, end: int) -> None:
        """Escape what XML does not allow in the quoted value of an attribute."""
        draft = self._draft
        if is_declaration(name):
            value = draft.text[start:end]
            if not self._is_valid_declaration(name, value, start):
                namespace = value[1:-1]
                draft.warn("invalid namespace URI read as unknown", start, namespace)
                breaks = "".join(LINE_BREAKS.findall(namespace))
                draft.replace(start, end, f'"urn:invalid:{quote(namespace, safe="")}"{breaks}')
                return
        position = draft.text.find("<", start, end)
        if position == -1:
            escape_ampersands(draft, start, end)
            return
        while position != -1:
            draft.warn("'<' in an attribute value read as text", position)
            position = draft.text.find("<", position + 1, end)
        value = with_known_references(draft, start, end).replace("<", "&lt;")
        draft.replace(start, end, value)

    def _is_valid_declaration(self, name: str, value: str, position: int) -> bool:
        """Whether the parser accepts the declaration of a namespace.

        Raises `DocumentError` (`too-large`) if the parser must check too many.
        """
        if name == "xmlns" or PLAIN_DECLARATION.fullmatch(name):
            if PLAIN_NAMESPACE.fullmatch(value):
                return True
            # Any such prefix stands for all of them.
            name = name if name == "xmlns" else "xmlns:a"
        if INVALID_NAMESPACE.search(value):
            return False
        declaration = name, value
        if declaration not in self._valid_declarations:
            if len(self._valid_declarations) == MAX_UNUSUAL_NAMESPACES:
                number = f"{MAX_UNUSUAL_NAMESPACES:,}"
                message = f"more than {number} namespace declarations with an unusual prefix or URI"
                raise self._draft.error(ErrorType.TOO_LARGE, message, position)
            try:
                parse_xml("<a {}={}/>".format(*declaration))
                self._valid_declarations[declaration] = True
            except etree.XMLSyntaxError:
                self._valid_declarations[declaration] = False
        return self._valid_declarations[declaration]


def find_unclosed(text: str, start: int, end: int) -> int | None:
    """The position of the first attribute in a tag whose value seems to have no end, or None.

    Such a value ends at the quote that begins the next one, so text follows it directly.
    """
    for part in PART_OF_TAG.finditer(text, start, end):
        if part["name"] is None:
            break
        if part["trailing"]:
            return part.start("name")
    return None


def _have_equal_local_names(names: Iterable[str]) -> bool:
    """Whether two names may differ in their prefixes only."""
    prefixed = [name for name in names if ":" in name]
    return len({name.partition(":")[2] for name in prefixed}) < len(prefixed)


def _is_valid_name(name: str) -> bool:
    return name != RESERVED_DECLARATION and QUALIFIED_NAME.fullmatch(name) is not None
