"""What the Modeler's parser puts up with and strict XML does not.

The Modeler reads diagrams with a small parser of its own (saxen), which passes over what it cannot
make sense of within a tag and goes on. This module follows it: it takes the text of a diagram that
libxml2 refused, token by token, and gives back well-formed XML that says what the Modeler would
have read, with a warning for each thing it changed. Lines stay where they were.

Tags that do not close stay as they are: that is for the parser to refuse.
"""

from __future__ import annotations

import codecs
import re
import sys
from bisect import bisect_left
from collections import Counter
from html import unescape
from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote

from lxml import etree

from metrics.reading.errors import (
    BYTE_ORDER_MARK_WARNING,
    ENTITIES,
    EXTERNAL_TYPE,
    MAX_WARNINGS_PER_KIND,
    DiagramWarning,
    DocumentError,
    ErrorType,
)
from metrics.reading.namespaces import CAMUNDA_8_PLATFORMS, MODELER, PREDEFINED_PREFIXES, XML, XMLNS

if TYPE_CHECKING:
    from collections.abc import Mapping

from metrics.reading.encoding import decode, quoted

# Each takes a hundred times the memory that it has in the file.
MAX_UNDECLARED_PREFIXES: Final = 10_000

# Far beyond what the parser allows: no more need be read to know that it will refuse the file.
MAX_OPEN_ELEMENTS: Final = 10_000

# One character beyond the first 65,536 makes a text four times as large: not all is joined at once.
MAX_CHARACTERS_AT_ONCE: Final = 65_536

# Python before 3.11.5 mistakes what a possessive group matches. An atomic one takes more memory.
HAS_POSSESSIVE_GROUPS: Final = sys.version_info >= (3, 11, 5)


def _once(pattern: str, times: str) -> str:
    """A group that is matched so many times, and never tried again with less."""
    return f"(?:{pattern}){times}+" if HAS_POSSESSIVE_GROUPS else f"(?>(?:{pattern}){times})"


BLANKS: Final = " \t\n\v\f\r"
XML_DECLARATION: Final = re.compile(r"<\?xml(?=\s)[^>]*?\?>", re.ASCII | re.IGNORECASE)
TIDY_XML_DECLARATION: Final = re.compile(
    r"""<\?xml\s+version\s*=\s*(?:"[^"]*"|'[^']*')(?:\s+encoding\s*=\s*(?:"[^"]*"|'[^']*'))?"""
    r"""(?:\s+standalone\s*=\s*(?:"[^"]*"|'[^']*'))?\s*\?>""",
    re.ASCII,
)
# All but the characters that XML 1.0 allows.
ILLEGAL_CHARACTER: Final = re.compile("[\0-\x08\v\f\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
AMPERSAND: Final = re.compile(
    r"(&+)(?=&)|&" + _once(r"(?:amp|lt|gt|quot|apos);|#([0-9]{1,7});|#x([0-9A-Fa-f]{1,6});", "?")
)

# Within a tag `>` may stand in quotes. A quote that nothing closes is a character like others.
REST_OF_TAG: Final = re.compile(
    r"""[^>"']*+""" + _once(r"""(?:"[^"]*+"|'[^']*+'|["'])[^>"']*+""", "*") + ">"
)
SUBSET: Final = (
    r"\["
    + _once(r"""[^\]"'<]++|"[^"]*+"|'[^']*+'|<!--.*?-->|<\?.*?\?>|<(?!!--|\?)""", "*")
    + r"\]\s*+"
)
DOCTYPE: Final = re.compile(
    "<!DOCTYPE" + _once(r"""[^\[>"']++|"[^"]*+"|'[^']*+'""", "*") + _once(SUBSET, "?") + ">",
    re.ASCII | re.DOTALL,
)
ENTITY: Final = "<!ENTITY"
# Not what stands in comments or quotes.
ENTITY_DECLARATION: Final = re.compile(
    r"""<!--.*?-->|<\?.*?\?>|"[^"]*+"|'[^']*+'|(?P<entity><!ENTITY)""", re.DOTALL
)
EXTERNAL_IDENTIFIER: Final = re.compile(r"<!DOCTYPE\s+[^\s\[>]+\s+(?:SYSTEM|PUBLIC)\b", re.ASCII)
SECTIONS: Final = (("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>"))

# White space is what the Modeler's parser takes for it: that of ASCII. A set of the few that do not
# belong is made in a thousandth of the time of one that names all of Unicode.
NAME_START: Final = r"[^\x00-9;-@\[-^`{-\x7f]"
NAME_CHARACTER: Final = r"[^\x00-,/;-@\[-^`{-\x7f]"
# Of a run only the last can begin something.
STRAY_OPENINGS: Final = re.compile(rf"<+(?!/?{NAME_START}|[!?])")
TAG: Final = re.compile(rf"<(?P<close>/?)(?P<name>{NAME_START}[^\s/>]*+)", re.ASCII)
ATTRIBUTE: Final = re.compile(
    rf"""\s++(?P<name>{NAME_START}{NAME_CHARACTER}*+)\s*+=\s*+"""
    r"""(?P<value>"[^"]*+"|'[^']*+')""",
    re.ASCII,
)
NAMES: Final = re.compile(
    rf"""({NAME_START}{NAME_CHARACTER}*+)\s*+=\s*+(?:"[^"]*+"|'[^']*+')""", re.ASCII
)
# What follows the name in a tag that is as it should be, up to and with its end.
TIDY_REST: Final = re.compile(
    _once(rf"""\s++{NAME_START}{NAME_CHARACTER}*+\s*+=\s*+(?:"[^"<]*+"|'[^'<]*+')""", "*")
    + r"\s*+/?+>",
    re.ASCII,
)
UNREADABLE_ATTRIBUTE: Final = re.compile(
    r"[^\s=]*+" + _once("=" + _once(r""""[^"]*+"|'[^']*+'""", "?") + r"\S*+", "?"), re.ASCII
)
REST_OF_WORD: Final = re.compile(r"\S*+", re.ASCII)
QUALIFIED_NAME: Final = re.compile(r"[^:]+(?::[^:]+)?")
WRITTEN_TWICE: Final = "an attribute written twice"
LONGEST_REFERENCE: Final = len("&#x10ffff;")
UNKNOWN_REFERENCE: Final = "an '&' that begins no known reference is read as it stands"
OPENING_IN_ATTRIBUTE: Final = "a '<' in an attribute is read as it stands"
RESERVED_DECLARATION: Final = "xmlns:xmlns"


STRICT_PARSER: Final = etree.XMLParser(
    resolve_entities=False,
    no_network=True,
    load_dtd=False,
    collect_ids=False,
    remove_blank_text=True,
    remove_comments=True,
    remove_pis=True,
)


class Mended(NamedTuple):
    """Well-formed bytes (UTF-8) for those of a file that is not, and what was changed.

    `stray` is the error for the first `<` that opens no tag, None where there is none: the Modeler
    stops at it, but only in a diagram that it reads beyond the root element.
    """

    source: bytes
    warnings: tuple[DiagramWarning, ...]
    stray: DocumentError | None


def mend(source: bytes) -> Mended:
    """Rewrite a file that strict XML refuses so that it says what the Modeler would read in it.

    Raises `DocumentError`: `forbidden` where it declares entities or refers to an external document
    type, `malformed` where a tag, a comment or a section never ends.
    """
    text, warnings = decode(source)
    if source.startswith(codecs.BOM_UTF8):
        warnings.append(BYTE_ORDER_MARK_WARNING)
    elif warnings and "<!DOCTYPE" not in text:
        encoded = text.encode()
        # The text is not held beside the tree: it can be four times as large as the file.
        del text
        if _is_well_formed(encoded):
            return Mended(encoded, tuple(warnings), None)
        text, _ = decode(source)
    return _Mender(text, warnings).mend()


def _legal(pieces: list[str]) -> bytes:
    return ILLEGAL_CHARACTER.sub("\ufffd", "".join(pieces)).encode()


def _is_well_formed(source: bytes) -> bool:
    """Whether what was decoded is tidy as UTF-8, so that only the bytes of the file were not."""
    try:
        root = etree.fromstring(source, STRICT_PARSER)
    except etree.XMLSyntaxError:
        return False
    return root.getroottree().docinfo.encoding in (None, "UTF-8")


NOTHING_DECLARED: Final[Mapping[str, str]] = MappingProxyType({})


class _Edit(NamedTuple):
    """What is to stand in place of a piece of the text."""

    start: int
    end: int
    by: str


class _Mender:
    """Passes the tokens of a text once, from left to right, and gathers the edits it needs."""

    def __init__(self, text: str, warnings: list[DiagramWarning]) -> None:
        self.text = text
        self.given = warnings
        self.times_given: Counter[str] = Counter()
        self.line_ends: list[int] | None = None
        self.edits: list[_Edit] = []
        # For each open element the namespaces that its tag declares, by their prefixes; for each
        # prefix those in scope, the innermost last.
        self.open: list[Mapping[str, str]] = []
        self.in_scope: dict[str, list[str]] = {"xml": [XML], "xmlns": [XMLNS]}
        # The names in tags that were found in order since the scope last changed.
        self.names_in_order: set[tuple[str, ...]] = set()
        self.undeclared: dict[str, str] = {}
        self.valid_declarations: dict[tuple[str, str], bool] = {}
        self.end_of_root_name: int | None = None
        self.is_camunda_8 = False
        self.has_doctype = False
        self.stray: DocumentError | None = None

    def mend(self) -> Mended:
        position = self.prolog()
        while (start := self.text.find("<", position)) != -1:
            if start > position:
                self.character_data(position, start)
            position = self.token(start)
        self.character_data(position, len(self.text))
        if self.end_of_root_name is None:
            start = len(self.text) - len(self.text.lstrip(BLANKS + "\ufeff"))
            reason = "there is no element" if self.text.strip() else "the file is empty"
            message = f"not well-formed XML: {reason}"
            raise self.stray or self.error(ErrorType.MALFORMED, message, start)
        declarations = (
            f' xmlns:{prefix}="{namespace}"' for prefix, namespace in self.undeclared.items()
        )
        self.replace(self.end_of_root_name, self.end_of_root_name, "".join(declarations))
        return Mended(self.edited(), self.warnings(), self.stray)

    # What is written

    def replace(self, start: int, end: int, by: str) -> None:
        if self.edits and by == self.edits[-1].by:
            # Of many that are equal one is held.
            by = self.edits[-1].by
        self.edits.append(_Edit(start, end, by))

    def blank(self, start: int, end: int) -> None:
        """Leave out what stands from `start` to `end`, but for the line breaks."""
        self.replace(start, end, re.sub(r"[^\n]", " ", self.text[start:end]))

    def edited(self) -> bytes:
        encoded: list[bytes] = []
        pieces: list[str] = []
        written = size = 0
        self.edits.sort()
        for start, end, by in chain(self.edits, (_Edit(len(self.text), len(self.text), ""),)):
            while start - written > MAX_CHARACTERS_AT_ONCE:
                pieces.append(self.text[written : written + MAX_CHARACTERS_AT_ONCE])
                written += MAX_CHARACTERS_AT_ONCE
                encoded.append(_legal(pieces))
                pieces.clear()
            pieces += (self.text[written:start], by)
            size += start - written
            written = end
            if size > MAX_CHARACTERS_AT_ONCE:
                encoded.append(_legal(pieces))
                pieces.clear()
                size = 0
        return b"".join((*encoded, _legal(pieces)))

    # What is said

    def line(self, position: int) -> int:
        if self.line_ends is None:
            self.line_ends = [match.start() for match in re.finditer("\n", self.text)]
        return bisect_left(self.line_ends, position) + 1

    def warn(self, kind: str, position: int, message: str | None = None, *, times: int = 1) -> None:
        """Give a warning, a bounded number of each kind: a hostile file could ask for a million.

        `message` says more than the kind does.
        """
        left = MAX_WARNINGS_PER_KIND - self.times_given[kind]
        self.times_given[kind] += times
        if left > 0:
            warning = DiagramWarning(message or kind, self.line(position))
            self.given += [warning] * min(times, left)

    def warnings(self) -> tuple[DiagramWarning, ...]:
        in_order = sorted(self.given, key=lambda warning: warning.line or 0)
        more = (
            DiagramWarning(f"{kind} ({times - MAX_WARNINGS_PER_KIND} times more)")
            for kind, times in self.times_given.items()
            if times > MAX_WARNINGS_PER_KIND
        )
        return (*in_order, *more)

    def error(self, type: ErrorType, message: str, position: int) -> DocumentError:
        column = position - self.text.rfind("\n", 0, position)
        return DocumentError(type, message, self.line(position), column)

    # The tokens

    def prolog(self) -> int:
        """Pass what stands before the XML declaration, and the declaration: UTF-8 needs none."""
        illegal = ILLEGAL_CHARACTER.search(self.text)
        if illegal:
            self.warn("characters that XML does not allow are read as U+FFFD", illegal.start())
        start = len(self.text) - len(self.text.lstrip(BLANKS + "\ufeff"))
        declaration = XML_DECLARATION.match(self.text, start)
        if declaration and not TIDY_XML_DECLARATION.fullmatch(declaration[0]):
            self.warn("the XML declaration lacks a blank, or says what it may not", start)
        if declaration and start:
            self.warn("white space or a byte order mark before the XML declaration", 0)
        end = declaration.end() if declaration else start
        self.blank(0, end)
        return end

    def character_data(self, start: int, end: int) -> None:
        if self.open:
            self.ampersands(start, end)
        elif text := self.text[start:end].lstrip(BLANKS + "\ufeff"):
            self.warn("text outside the root element is passed over", end - len(text))
            self.blank(start, end)

    def ampersands(self, start: int, end: int) -> None:
        """Escape each `&` that begins no reference to a character that XML allows."""
        first = self.text.find("&", start, end)
        if first != -1:
            # What stands around them is not held again.
            end = min(end, self.text.rfind("&", first, end) + LONGEST_REFERENCE)
            self.replace(first, end, self.with_known_references(first, end))

    def with_known_references(self, start: int, end: int) -> str:
        def escaped(match: re.Match[str]) -> str:
            run, decimal, hexadecimal = match.groups()
            if run:
                legal = False
            elif decimal or hexadecimal:
                code = int(decimal) if decimal else int(hexadecimal, 16)
                legal = code <= 0x10FFFF and not ILLEGAL_CHARACTER.match(chr(code))
            else:
                legal = len(match[0]) > 1
            if legal:
                return match[0]
            # Of a reference that is not known its first character; of a run all.
            times = len(run or "&")
            self.warn(UNKNOWN_REFERENCE, start + match.start(), times=times)
            return "&amp;" * times + match[0][times:]

        return AMPERSAND.sub(escaped, self.text[start:end])

    def token(self, start: int) -> int:
        """Pass the token that begins with the `<` at `start`; returns where it ends."""
        if self.text.startswith(("<!", "<?"), start):
            for opening, closing in SECTIONS:
                if self.text.startswith(opening, start):
                    return self.section(start, opening, closing)
        if self.text.startswith("<!", start):
            return self.declaration(start)
        tag = TAG.match(self.text, start)
        if tag is None:
            return self.stray_opening(start)
        if not tag["close"]:
            return self.start_tag(tag)
        if self.open and (declared := self.open.pop()):
            self.leave_scope(declared)
        return self.end_of_tag(start)

    def end_of_tag(self, start: int) -> int:
        rest = REST_OF_TAG.match(self.text, start)
        if rest is None:
            raise self.error(ErrorType.MALFORMED, "not well-formed XML: a tag never ends", start)
        return rest.end()

    def section(self, start: int, opening: str, closing: str) -> int:
        """Pass a comment, a CDATA section or a processing instruction."""
        end = self.text.find(closing, start + len(opening))
        if end == -1:
            message = f"not well-formed XML: {opening!r} without {closing!r}"
            raise self.error(ErrorType.MALFORMED, message, start)
        end += len(closing)
        if XML_DECLARATION.match(self.text, start):
            self.warn("an XML declaration that is not at the start is passed over", start)
            self.blank(start, end)
        return end

    def declaration(self, start: int) -> int:
        """Pass a document type without entities, or another `<!…>`; nothing of it is kept."""
        # One, before the root: each of many that never end would be followed to the end.
        may_be_doctype = self.end_of_root_name is None and not self.has_doctype
        self.has_doctype = True
        doctype = DOCTYPE.match(self.text, start) if may_be_doctype else None
        end = doctype.end() if doctype else self.end_of_tag(start)
        if EXTERNAL_IDENTIFIER.match(self.text, start, end):
            raise self.error(ErrorType.FORBIDDEN, EXTERNAL_TYPE, start)
        entity = (
            self.entity_declaration(start, end) if doctype else self.text.find(ENTITY, start, end)
        )
        if entity != -1:
            raise self.error(ErrorType.FORBIDDEN, ENTITIES, entity)
        if doctype is None:
            self.warn("a declaration that stands where none may is passed over", start)
        self.blank(start, end)
        return end

    def entity_declaration(self, start: int, end: int) -> int:
        """Where an entity is declared in a document type, -1 where none is."""
        found = ENTITY_DECLARATION.finditer(self.text, start, end)
        return next((match.start() for match in found if match["entity"]), -1)

    def stray_opening(self, start: int) -> int:
        if self.stray is None:
            message = "not well-formed XML: a '<' opens no tag"
            self.stray = self.error(ErrorType.MALFORMED, message, start)
        if self.end_of_root_name is None:
            raise self.stray
        self.warn("a '<' that opens no tag is read as text", start)
        run = STRAY_OPENINGS.match(self.text, start)
        end = run.end() if run else start + 1
        by = "&lt;" * (end - start)
        if self.edits and self.edits[-1].end == start:
            # With what goes before it is one edit: a hostile file could have a million of each.
            before = self.edits.pop()
            start, by = before.start, before.by + by
        self.replace(start, end, by)
        return end

    def start_tag(self, tag: re.Match[str]) -> int:
        is_root = self.end_of_root_name is None
        if is_root:
            self.end_of_root_name = tag.end()
        elif not self.open:
            message = "not well-formed XML: an element behind the root element"
            raise self.error(ErrorType.MALFORMED, message, tag.start())
        tidy = TIDY_REST.match(self.text, tag.end())
        end = tidy.end() if tidy else self.end_of_tag(tag.start())
        is_empty = self.text[end - 2] == "/"
        stop = end - 2 if is_empty else end - 1
        names = (tag["name"], *NAMES.findall(self.text, tag.end(), stop)) if tidy else ()
        if names in self.names_in_order:
            self.ampersands(tag.end(), stop)
            declared = NOTHING_DECLARED
        else:
            attributes = self.tidy_attributes(tag.end(), stop) if tidy else None
            if attributes is None:
                attributes = self.untidy_attributes(tag.end(), stop)
                names = ()
            declared = _declared(attributes)
            self.enter_scope(declared)
            if is_root:
                self.is_camunda_8 = self.names_camunda_8(attributes)
            undeclared = [
                prefix
                for prefix, colon, _ in (name.partition(":") for name in (tag["name"], *attributes))
                if colon and not self.in_scope.get(prefix)
            ]
            for prefix in undeclared:
                self.undeclared_prefix(prefix, tag.start())
            if names and not declared and not undeclared:
                self.names_in_order.add(names)
        if is_empty:
            self.leave_scope(declared)
        else:
            self.open.append(declared)
            if len(self.open) > MAX_OPEN_ELEMENTS:
                message = f"more than {MAX_OPEN_ELEMENTS:,} nested elements"
                raise self.error(ErrorType.TOO_LARGE, message, tag.start())
        return end

    def tidy_attributes(self, start: int, end: int) -> dict[str, str] | None:
        """The attributes with their quoted values, None where one of them must be left out."""
        found = ATTRIBUTE.findall(self.text, start, end)
        attributes = dict(found)
        prefixed = [name for name in attributes if ":" in name]
        if (
            len(attributes) < len(found)
            or len({name.partition(":")[2] for name in prefixed}) < len(prefixed)
            or not all(map(self.is_allowed, prefixed))
            or not all(map(self.is_valid_declaration, _declarations(attributes)))
        ):
            return None
        self.ampersands(start, end)
        return attributes

    def untidy_attributes(self, position: int, end: int) -> dict[str, str]:
        """The attributes that are kept, with their quoted values; the others are left out."""
        kept: dict[str, re.Match[str]] = {}
        while position < end:
            match = ATTRIBUTE.match(self.text, position, end)
            if match is None:
                position = self.unreadable_attribute(position, end)
                continue
            name, start, position = match["name"], match.start("name"), match.end()
            if position < end and self.text[position] not in BLANKS:
                glued = REST_OF_WORD.match(self.text, position, end)
                position = glued.end() if glued else end
                self.leave_out("an attribute with no blank behind it", start, position)
            elif name in kept:
                self.leave_out(WRITTEN_TWICE, start, position)
            elif not self.is_allowed(name):
                self.leave_out("an attribute with a name that is not allowed", start, position)
            else:
                kept[name] = match
        self.leave_out_overwritten(kept)
        for match in kept.values():
            self.value(match)
        return {name: match["value"] for name, match in kept.items()}

    def leave_out_overwritten(self, kept: dict[str, re.Match[str]]) -> None:
        """Of attributes that differ in their prefixes alone, the Modeler keeps the last."""
        declared = _declared({name: match["value"] for name, match in kept.items()})
        last: dict[tuple[str | None, str], str] = {}
        for name in tuple(kept):
            prefix, colon, local = name.partition(":")
            if not colon or prefix == "xmlns":
                continue
            key = declared.get(prefix) or self.namespace(prefix) or prefix, local
            if key in last:
                overwritten = kept.pop(last[key])
                self.leave_out(WRITTEN_TWICE, overwritten.start("name"), overwritten.end())
            last[key] = name

    def is_allowed(self, name: str) -> bool:
        return name != RESERVED_DECLARATION and QUALIFIED_NAME.fullmatch(name) is not None

    def unreadable_attribute(self, position: int, end: int) -> int:
        start = position
        while start < end and self.text[start] in BLANKS:
            start += 1
        match = UNREADABLE_ATTRIBUTE.match(self.text, start, end)
        stop = match.end() if match else end
        if stop > start:
            self.leave_out("an attribute that cannot be read", start, stop)
        return max(stop, start)

    def leave_out(self, what: str, start: int, end: int) -> None:
        kind = f"{what} is left out"
        self.warn(kind, start, f"{kind}: {quoted(self.text[start:end])}")
        self.blank(start, end)

    def value(self, attribute: re.Match[str]) -> None:
        """Escape what may not stand in an attribute's value."""
        start, end = attribute.span("value")
        name = attribute["name"]
        if _is_declaration(name) and not self.is_valid_declaration((name, attribute["value"])):
            namespace = self.text[start + 1 : end - 1]
            self.warn(
                "a namespace name is no valid URI",
                start,
                f"the namespace name {quoted(namespace)} is no valid URI",
            )
            breaks = "".join(character for character in namespace if character in "\r\n")
            self.replace(start, end, f'"urn:invalid:{quote(namespace, safe="")}"{breaks}')
            return
        position = self.text.find("<", start, end)
        if position == -1:
            self.ampersands(start, end)
            return
        while position != -1:
            self.warn(OPENING_IN_ATTRIBUTE, position)
            position = self.text.find("<", position + 1, end)
        self.replace(start, end, self.with_known_references(start, end).replace("<", "&lt;"))

    def is_valid_declaration(self, declaration: tuple[str, str]) -> bool:
        if declaration not in self.valid_declarations:
            try:
                etree.fromstring("<a {}={}/>".format(*declaration))
                self.valid_declarations[declaration] = True
            except etree.XMLSyntaxError:
                self.valid_declarations[declaration] = False
        return self.valid_declarations[declaration]

    # The namespaces

    def enter_scope(self, declared: Mapping[str, str]) -> None:
        for prefix, namespace in declared.items():
            self.in_scope.setdefault(prefix, []).append(namespace)
            self.names_in_order.clear()

    def leave_scope(self, declared: Mapping[str, str]) -> None:
        for prefix in declared:
            self.in_scope[prefix].pop()
            self.names_in_order.clear()

    def namespace(self, prefix: str) -> str | None:
        """The namespace of a prefix, None for one that is neither declared nor known."""
        in_scope = self.in_scope.get(prefix)
        return in_scope[-1] if in_scope else PREDEFINED_PREFIXES.get(prefix)

    def names_camunda_8(self, attributes: Mapping[str, str]) -> bool:
        """Whether these attributes of the root name a platform of Camunda 8."""
        for name, value in attributes.items():
            prefix, _, local = name.rpartition(":")
            if local == "executionPlatform" and self.namespace(prefix) == MODELER:
                return unescape(value[1:-1]) in CAMUNDA_8_PLATFORMS
        return False

    def undeclared_prefix(self, prefix: str, position: int) -> None:
        if len(self.undeclared) == MAX_UNDECLARED_PREFIXES and prefix not in self.undeclared:
            message = f"more than {MAX_UNDECLARED_PREFIXES:,} prefixes are not declared"
            raise self.error(ErrorType.TOO_LARGE, message, position)
        known = prefix in PREDEFINED_PREFIXES and (prefix != "zeebe" or self.is_camunda_8)
        if known:
            self.undeclared[prefix] = PREDEFINED_PREFIXES[prefix]
        else:
            self.undeclared[prefix] = f"urn:undeclared:{quote(prefix, safe='')}"
        reading = "read as usual" if known else "passed over"
        self.warn(
            f"a prefix that is not declared: {reading}",
            position,
            f"the prefix {quoted(prefix)} is not declared: {reading}",
        )


def _is_declaration(name: str) -> bool:
    return name == "xmlns" or name.startswith("xmlns:")


def _declarations(attributes: Mapping[str, str]) -> list[tuple[str, str]]:
    return [item for item in attributes.items() if _is_declaration(item[0])]


def _declared(attributes: Mapping[str, str]) -> dict[str, str]:
    """The namespaces that attributes with quoted values declare, by prefix; the default's is ""."""
    return {name[6:]: unescape(value[1:-1]) for name, value in _declarations(attributes)}
