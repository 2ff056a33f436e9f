"""The attributes of a tag: which of them the Modeler reads, and with which values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from lxml import etree

from metrics.reading.encoding import quoted
from metrics.reading.repair.entities import escape_ampersands, with_known_references
from metrics.reading.repair.namespaces import declarations, declared_namespaces, is_declaration
from metrics.reading.repair.patterns import (
    ATTRIBUTE,
    BLANKS,
    QUALIFIED_NAME,
    REST_OF_WORD,
    UNREADABLE_ATTRIBUTE,
)
from metrics.reading.xml_parser import parse_xml

if TYPE_CHECKING:
    import re

    from metrics.reading.repair.draft import Draft
    from metrics.reading.repair.namespaces import Scopes

DUPLICATE: Final = "duplicate attribute"
RESERVED_DECLARATION: Final = "xmlns:xmlns"


class Attributes:
    """Reads the attributes of tags, and repairs them where XML does not allow them."""

    def __init__(self, draft: Draft, scopes: Scopes) -> None:
        self._draft = draft
        self._scopes = scopes
        self._valid_declarations: dict[tuple[str, str], bool] = {}

    def read_valid(self, start: int, end: int) -> dict[str, str] | None:
        """The attributes with their quoted values, None if one of them must be skipped."""
        pairs = ATTRIBUTE.findall(self._draft.text, start, end)
        attributes = dict(pairs)
        prefixed = [name for name in attributes if ":" in name]
        if (
            len(attributes) < len(pairs)
            or len({name.partition(":")[2] for name in prefixed}) < len(prefixed)
            or not all(map(_is_valid_name, prefixed))
            or not all(map(self._is_valid_declaration, declarations(attributes)))
        ):
            return None
        escape_ampersands(self._draft, start, end)
        return attributes

    def repair(self, position: int, end: int) -> dict[str, str]:
        """The attributes that the Modeler reads, with their quoted values; skips the others."""
        text = self._draft.text
        kept: dict[str, re.Match[str]] = {}
        while position < end:
            match = ATTRIBUTE.match(text, position, end)
            if match is None:
                position = self._skip_unreadable(position, end)
                continue
            name, start, position = match["name"], match.start("name"), match.end()
            if position < end and text[position] not in BLANKS:
                glued = REST_OF_WORD.match(text, position, end)
                position = glued.end() if glued else end
                self._skip("attribute without white space after it", start, position)
            elif name in kept:
                self._skip(DUPLICATE, start, position)
            elif not _is_valid_name(name):
                self._skip("attribute with an invalid name", start, position)
            else:
                kept[name] = match
        self._skip_overwritten(kept)
        for match in kept.values():
            self._repair_value(match)
        return {name: match["value"] for name, match in kept.items()}

    def _skip_overwritten(self, kept: dict[str, re.Match[str]]) -> None:
        """Skip all but the last attribute of a name and namespace, as the Modeler does."""
        declared = declared_namespaces({name: match["value"] for name, match in kept.items()})
        last: dict[tuple[str | None, str], str] = {}
        for name in tuple(kept):
            prefix, colon, local = name.partition(":")
            if not colon or prefix == "xmlns":
                continue
            key = declared.get(prefix) or self._scopes.namespace(prefix) or prefix, local
            if key in last:
                overwritten = kept.pop(last[key])
                self._skip(DUPLICATE, overwritten.start("name"), overwritten.end())
            last[key] = name

    def _skip_unreadable(self, position: int, end: int) -> int:
        text = self._draft.text
        start = position
        while start < end and text[start] in BLANKS:
            start += 1
        match = UNREADABLE_ATTRIBUTE.match(text, start, end)
        stop = match.end() if match else end
        if stop > start:
            self._skip("unreadable attribute", start, stop)
        return max(stop, start)

    def _skip(self, fault: str, start: int, end: int) -> None:
        self._draft.warn(f"{fault} skipped", start, quoted(self._draft.text[start:end]))
        self._draft.blank(start, end)

    def _repair_value(self, attribute: re.Match[str]) -> None:
        """Escape what XML does not allow in an attribute's value."""
        draft = self._draft
        start, end = attribute.span("value")
        name = attribute["name"]
        if is_declaration(name) and not self._is_valid_declaration((name, attribute["value"])):
            namespace = draft.text[start + 1 : end - 1]
            draft.warn("invalid namespace URI read as unknown", start, quoted(namespace))
            breaks = "".join(character for character in namespace if character in "\r\n")
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

    def _is_valid_declaration(self, declaration: tuple[str, str]) -> bool:
        if declaration not in self._valid_declarations:
            try:
                parse_xml("<a {}={}/>".format(*declaration))
                self._valid_declarations[declaration] = True
            except etree.XMLSyntaxError:
                self._valid_declarations[declaration] = False
        return self._valid_declarations[declaration]


def find_unclosed(text: str, position: int, end: int) -> int | None:
    """The position of the first attribute in a tag whose value seems to have no end, or None.

    Such a value ends at the quote that begins the next one, so text follows it directly.
    """
    while match := ATTRIBUTE.match(text, position, end):
        position = match.end()
        if position < end and text[position] not in BLANKS:
            return match.start("name")
    return None


def _is_valid_name(name: str) -> bool:
    return name != RESERVED_DECLARATION and QUALIFIED_NAME.fullmatch(name) is not None
