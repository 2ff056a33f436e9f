"""Reads a document from bytes: XML or JSON.

A diagram is hostile input. Nothing that it refers to is fetched. A document that declares entities
is refused, and none is ever expanded. libxml2 parses well-formed XML, once; what it refuses goes
through `metrics.reading.repair`, which is imported at its first use.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from contextlib import suppress
from enum import StrEnum
from functools import cache, lru_cache
from itertools import zip_longest
from typing import TYPE_CHECKING, Final, NamedTuple

from lxml import etree

from metrics.reading.errors import (
    BYTE_ORDER_MARK_WARNING,
    DiagramWarning,
    DocumentError,
    ErrorType,
    malformed,
)
from metrics.reading.json_text import read_json
from metrics.reading.namespaces import BPMN, DMN_FAMILY, LOWER_CASE_NAMES, LOWER_CASE_NAMESPACES
from metrics.reading.xml_parser import parse_xml

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterable, Mapping
    from typing import Any

    from lxml.etree import _Element as Element

    from metrics.reading.repair import RepairedSource

UTF_16_MARKS: Final = (BOM_UTF16_LE, BOM_UTF16_BE)
# Encodings in which the characters of tags have the bytes of ASCII.
ASCII_COMPATIBLE: Final = (
    "utf-8",
    "utf8",
    "us-ascii",
    "ascii",
    "iso-8859",
    "iso_8859",
    "latin",
    "windows-125",
    "cp125",
    "koi8",
    "macroman",
    "mac-roman",
    "gb",
    "big5",
    "shift_jis",
    "shift-jis",
    "euc-",
)
DECLARATIONS_THAT_MATTER: Final = (b"<!ENTITY", b"<!ATTLIST")

# The Modeler does not read an attribute with a blank beside its `=`. This pattern rules out most
# files; `_tag_with_blank_pattern` distinguishes attributes from text.
BLANK_BESIDE_EQUALS_SIGN: Final = re.compile(rb"""=(?:[ \t\r\n]+["']|(?<=[ \t\r\n]=)["'])""")
# A name with a capital first letter, except `BPMN…` and `Bounds`, which most files have.
# Also matches `<!-->` and `<!--->`, which the Modeler's parser reads as whole comments.
CAPITAL_NAME: Final = re.compile(rb"<(?:!---?>|(?:[^\s<>/!?:\"'=]++:)?([A-Z](?!PMN|ounds\b)\w*))")
CAPITAL_NAMES: Final = frozenset((name[0].upper() + name[1:]).encode() for name in LOWER_CASE_NAMES)

SHAPE: Final = b"BPMNShape"
PLANE: Final = b"BPMNPlane"
MAX_BYTES_COPIED: Final = 256 * 1024

# A marker of a merge conflict that XML allows; `<<<<<<<` is not well-formed.
END_OF_CONFLICT: Final = b"\n>>>>>>>"

# libxml2 does not count lines beyond this number.
MAX_LINES: Final = 65_534
BRACKET: Final = re.compile(b"[<>]")
LONE_RETURN: Final = re.compile(rb"\r(?!\n)")

BEYOND_ASCII: Final = re.compile(r"[^\x00-\x7f]")


class Kind(StrEnum):
    """The kind of a document: the payload's `diagramType`."""

    BPMN = "bpmn"
    DMN = "dmn"
    FORM = "form"


class Document(NamedTuple):
    """A parsed file.

    `root` is the `definitions` of BPMN and DMN, None for a form; `form` is the JSON object of a
    form, else None. `source` holds the bytes that were parsed, after any repair, and `warnings` is
    about malformed input. `text` is the part of the source to search: without shapes and edges, and
    empty for a form. `is_searchable` is true if ASCII text has the bytes of ASCII in `source`.
    """

    kind: Kind
    source: bytes
    root: Element | None = None
    form: Mapping[str, Any] | None = None
    warnings: tuple[DiagramWarning, ...] = ()
    text: bytes = b""
    is_searchable: bool = True

    def mentions(self, name: bytes) -> bool:
        """Whether an XML name may occur: faster than a walk, and False only if it does not.

        Unlike a value, a name cannot be written with character references.
        """
        return not self.is_searchable or name in self.text

    def lines(self, elements: Iterable[Element]) -> dict[Element, int | None]:
        """The lines where the tags of elements begin, from 1; None where it is not known.

        Lines end at line feeds only, as for git and most editors.
        libxml2 knows the line where a tag ends, up to line 65,535. If tags span lines, or the file
        is longer, expat parses it again, and libxml2's line is used for what expat cannot read.
        """
        lines: dict[Element, int | None] = dict.fromkeys(elements)
        if not lines or self.root is None:
            return lines
        known = self._lines_of_short_tags(lines)
        if known is not None:
            return known
        tree = [*self.root.iter("*")]
        numbers = _lines_of_tags(self.source)
        if len(numbers) < len(tree):
            encoding = self.root.getroottree().docinfo.encoding
            numbers = max(numbers, _lines_of_tags(_in_ascii(self.source, encoding)), key=len)
        for element, line in zip_longest(tree, numbers):
            if element in lines:
                lines[element] = line or element.sourceline
        return lines

    def _lines_of_short_tags(self, elements: Iterable[Element]) -> dict[Element, int | None] | None:
        """The lines of elements if each of their tags is on one line, else None."""
        source = self.source
        if not self.is_searchable or source.count(b"\r") != source.count(b"\r\n"):
            return None
        text = source.split(b"\n")
        if len(text) > MAX_LINES:
            return None
        lines: dict[Element, int | None] = {}
        checked: set[int] = set()
        for element in elements:
            number = element.sourceline or 0
            if number not in checked:
                # A tag contains no `<`: one from the line before ends with the first bracket, `>`.
                match = BRACKET.search(text[number - 1]) if 0 < number <= len(text) else None
                if match is None or match[0] == b">":
                    return None
                checked.add(number)
            lines[element] = number
        return lines


def _in_ascii(source: bytes, encoding: str | None) -> bytes:
    """A file with each character beyond ASCII replaced by a letter, on the same lines.

    expat knows fewer encodings than libxml2, and allows fewer characters in names.
    """
    try:
        text = source.decode(encoding or "utf-8", "replace")
    except LookupError:
        return source
    declaration = text.find("?>") + 2 if text.lstrip("\ufeff").startswith("<?xml") else 0
    # The declaration names the old encoding. Only its line breaks stay.
    breaks = "\n" * text.count("\n", 0, declaration)
    return (breaks + BEYOND_ASCII.sub("x", text[declaration:])).encode()


def _lines_of_tags(source: bytes) -> array[int]:
    """The line of each start tag, up to the first that expat does not understand."""
    # Most runs need no lines: they do not wait for these imports.
    from array import array
    from xml.parsers import expat

    lines = array("L")
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda *_: lines.append(parser.CurrentLineNumber)
    with suppress(expat.ExpatError, LookupError, ValueError):
        # For expat, a carriage return ends a line. Here it is only white space. In UTF-16 this may
        # change a letter, but not the structure.
        parser.Parse(LONE_RETURN.sub(b" ", source), True)
    return lines


@cache
def _is_ascii_compatible(encoding: str | None) -> bool:
    return encoding is None or encoding.lower().startswith(ASCII_COMPATIBLE)


def read(source: bytes, *, form: bool = False) -> Document:
    """Read a document.

    `source` is the whole file: a Form (JSON) if `form`, else XML. Raises `DocumentError` if it is
    not a diagram that can be measured, and `MemoryError` if there is not enough memory.
    """
    return _read_form(source) if form else _read_xml(source)


def _read_xml(source: bytes) -> Document:
    try:
        root = parse_xml(source)
    except etree.XMLSyntaxError as error:
        from metrics.reading.other_files import refuse_other_file

        refuse_other_file(source, form=False)
        return _read_repaired(source, error)
    docinfo = root.getroottree().docinfo
    # The parser names no encoding for UTF-16 without a declaration.
    is_searchable = _is_ascii_compatible(docinfo.encoding) and source[:2] not in UTF_16_MARKS
    # `internalDTD` would copy the document type, in quadratic time.
    if docinfo.doctype and (
        not is_searchable
        or docinfo.system_url is not None
        or docinfo.public_id is not None
        or any(declaration in source for declaration in DECLARATIONS_THAT_MATTER)
    ):
        # Repair refuses entities and external types. It also removes the default values of
        # attributes, which the Modeler ignores. Two trees at once would take too much memory.
        del root, docinfo
        return _read_repaired(source)
    kind = _kind(str(root.tag))
    if kind is None:
        raise _unsupported(root)
    text = _without_shapes(source if is_searchable else _in_utf_8(source))
    if _is_read_otherwise(text, root):
        del root, docinfo
        return _read_repaired(source)
    has_mark = source.startswith(BOM_UTF8)
    warnings: tuple[DiagramWarning, ...] = (BYTE_ORDER_MARK_WARNING,) if has_mark else ()
    if END_OF_CONFLICT in text:
        warnings += _left_marker(text)
    return Document(kind, source, root, None, warnings, text, is_searchable)


def _in_utf_8(source: bytes) -> bytes:
    from metrics.reading.encoding import decode

    text, _ = decode(source)
    return text.encode()


def _is_read_otherwise(text: bytes, root: Element) -> bool:
    """Whether the Modeler reads other elements or attributes than a strict parser."""
    if _has_blank_beside_equals_sign(text):
        return True
    found = CAPITAL_NAME.findall(text)
    if not found:
        return False
    if b"" in found:
        return True
    names = CAPITAL_NAMES.intersection(found)
    tags = (f"{{{space}}}{name.decode()}" for space in LOWER_CASE_NAMESPACES for name in names)
    return bool(names) and next(root.iter(*tags), None) is not None


def _has_blank_beside_equals_sign(text: bytes) -> bool:
    match = BLANK_BESIDE_EQUALS_SIGN.search(text)
    checked = 0
    while match is not None:
        # Without another `<`, it is in the tag or text of the match before.
        start = text.rfind(b"<", checked, match.start())
        checked = match.start()
        if start != -1 and _tag_with_blank_pattern().match(text, start):
            return True
        match = BLANK_BESIDE_EQUALS_SIGN.search(text, match.end())
    return False


@cache
def _tag_with_blank_pattern() -> re.Pattern[bytes]:
    # Few runs need this pattern: it is compiled at its first use.
    return re.compile(
        rb"""<[^\s<>/!?="']+(?>(?:\s+[^\s<>/="']+=(?:"[^"<]*"|'[^'<]*'))*)"""
        rb"""\s+[^\s<>/="']+(?:\s+=|=\s)"""
    )


def _without_shapes(source: bytes) -> bytes:
    """A file without the shapes and edges of its only plane, which are half of most files.

    No rule reads their names and attributes, and a search takes half the time without them.
    """
    # A large file is not copied, which would take more memory.
    start = source.find(SHAPE) if len(source) <= MAX_BYTES_COPIED else -1
    end = source.rfind(PLANE)
    if start == -1 or source.find(PLANE, start, end) != -1:
        return source
    return source[:start] + source[end:]


def _left_marker(text: bytes) -> tuple[DiagramWarning, ...]:
    """A warning about a marker that a resolved merge conflict left behind, before any shapes."""
    line = text.count(b"\n", 0, text.index(END_OF_CONFLICT)) + 2
    return (DiagramWarning("merge conflict marker read as text: '>>>>>>>'", line),)


def looks_like_a_form(source: bytes) -> bool:
    """Whether bytes without a name begin like a JSON object."""
    return source[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{"


@lru_cache(maxsize=64)
def _kind(tag: str) -> Kind | None:
    namespace, _, name = tag.rpartition("}")
    if name.lower() == "definitions":
        if namespace[1:] == BPMN:
            return Kind.BPMN
        if namespace[1:].startswith(DMN_FAMILY):
            return Kind.DMN
    return None


def _unsupported(root: Element) -> DocumentError:
    name = etree.QName(root)
    where = f"in the namespace {name.namespace}" if name.namespace else "without a namespace"
    message = f"not a BPMN or DMN diagram: the root is <{name.localname}> {where}"
    if name.localname.lower() == "definitions":
        message += f", but that of BPMN is {BPMN}"
    return DocumentError(ErrorType.UNSUPPORTED, message)


def _read_repaired(source: bytes, error: etree.XMLSyntaxError | None = None) -> Document:
    """Read a document with recovery; `error` is what the strict parser reported."""
    from metrics.reading.repair import repair

    try:
        repaired = repair(source)
        root = _parse_repaired(repaired)
    except DocumentError as remaining:
        raise _conflict(remaining, source) or remaining from None
    kind = _kind(str(root.tag))
    if kind is None:
        raise _unsupported(root) if error is None else malformed(error)
    if kind is Kind.BPMN and repaired.stray is not None:
        raise _conflict(repaired.stray, source) or repaired.stray
    text, warnings = _without_shapes(repaired.source), repaired.warnings
    if END_OF_CONFLICT in text:
        warnings += _left_marker(text)
    return Document(kind, repaired.source, root, None, warnings, text)


def _parse_repaired(repaired: RepairedSource) -> Element:
    try:
        return parse_xml(repaired.source, huge=True)
    except etree.XMLSyntaxError as error:
        raise repaired.unclosed or malformed(error) from None


def _conflict(error: DocumentError, source: bytes) -> DocumentError | None:
    """The error for the merge conflict that makes a file malformed; None without one."""
    from metrics.reading.other_files import conflict

    return conflict(source) if error.type is ErrorType.MALFORMED else None


def _read_form(source: bytes) -> Document:
    from metrics.reading.other_files import refuse_other_file, refuse_other_form

    try:
        value, warnings = read_json(source)
    except DocumentError as error:
        if (conflict := _conflict(error, source)) is not None:
            raise conflict from None
        refuse_other_file(source, form=True)
        raise
    if not isinstance(value, dict):
        raise DocumentError(ErrorType.UNSUPPORTED, "not a form: the JSON is not an object")
    refuse_other_form(value)
    return Document(Kind.FORM, source, form=value, warnings=warnings)
