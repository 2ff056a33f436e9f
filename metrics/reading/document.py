"""From bytes to a parsed document: the one place that parses, and the one that says no.

A diagram is hostile input. Nothing that it names is fetched, and no entity that it declares is
expanded: a document that declares one is refused. Well-formed XML is parsed once, by libxml2; only
what that refuses is looked at again by `metrics.reading.repair`, which is imported then.
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

from metrics.reading.namespaces import BPMN_FAMILY, DMN_FAMILY

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterable, Mapping
    from typing import Any

    from lxml.etree import _Element as Element

from metrics.reading.errors import (
    BYTE_ORDER_MARK_WARNING,
    DiagramWarning,
    DocumentError,
    ErrorType,
    malformed,
)
from metrics.reading.json_text import read_json

# Encodings in which the bytes of ASCII text are those of ASCII.
UTF_16_MARKS: Final = (BOM_UTF16_LE, BOM_UTF16_BE)
ASCII_COMPATIBLE: Final = ("utf-8", "us-ascii", "ascii", "iso-8859", "windows-125", "cp125")

DECLARATIONS_THAT_MATTER: Final = (b"<!ENTITY", b"<!ATTLIST")

# Beyond, libxml2 says the last that it can tell.
MAX_LINES_TOLD: Final = 65_534
BRACKET: Final = re.compile(b"[<>]")

BEYOND_ASCII: Final = re.compile(r"[^\x00-\x7f]")


class Kind(StrEnum):
    """What a document is: the payload's `diagramType`."""

    BPMN = "bpmn"
    DMN = "dmn"
    FORM = "form"


class Document(NamedTuple):
    """A diagram that was read.

    `root` is the parsed `definitions` of BPMN and DMN, None for a form; `form` is the JSON object
    of a form, None for the others. `source` holds the bytes that were parsed, and `warnings` what
    had to be put up with. `is_searchable` where ASCII text in it has the bytes of ASCII.
    """

    kind: Kind
    source: bytes
    root: Element | None = None
    form: Mapping[str, Any] | None = None
    warnings: tuple[DiagramWarning, ...] = ()
    is_searchable: bool = True

    def mentions(self, name: bytes) -> bool:
        """Whether an XML name may occur: faster than a walk, and False only if it does not.

        Unlike a value, a name cannot be written with character references.
        """
        return not self.is_searchable or name in self.source

    def lines(self, elements: Iterable[Element]) -> dict[Element, int | None]:
        """The lines in which the tags of elements begin, from 1; None for one that is not known.

        libxml2 says in which line a tag ends, up to line 65,535. Where that does not tell it,
        another parser goes through the file; what that does not understand libxml2 tells.
        """
        lines: dict[Element, int | None] = dict.fromkeys(elements)
        if lines and self.root is not None and not self._tell_lines(lines):
            tree = [*self.root.iter("*")]
            found = _lines_of_tags(self.source)
            if len(found) < len(tree):
                encoding = self.root.getroottree().docinfo.encoding
                found = max(found, _lines_of_tags(_in_ascii(self.source, encoding)), key=len)
            for element, line in zip_longest(tree, found):
                if element in lines:
                    lines[element] = line or element.sourceline
        return lines

    def _tell_lines(self, lines: dict[Element, int | None]) -> bool:
        """Fill in the lines of elements where all of their tags begin in the line they end in."""
        source = self.source
        if not self.is_searchable or source.count(b"\r") != source.count(b"\r\n"):
            return False
        text = source.split(b"\n")
        if len(text) > MAX_LINES_TOLD:
            return False
        for element in lines:
            number = element.sourceline or 0
            # A tag that began before ends ahead of any that begins: in a tag is no `<`.
            match = BRACKET.search(text[number - 1]) if 0 < number <= len(text) else None
            if match is None or match[0] == b">":
                return False
            lines[element] = number
        return True


def _in_ascii(source: bytes, encoding: str | None) -> bytes:
    """A file with a letter in place of each character beyond ASCII: its lines stay the same.

    The other parser knows fewer encodings, and fewer characters in names.
    """
    try:
        text = source.decode(encoding or "utf-8", "replace")
    except LookupError:
        return source
    declaration = text.find("?>") + 2 if text.lstrip("\ufeff").startswith("<?xml") else 0
    # The declaration is that of another encoding by now; it may have lines.
    kept = "\n" * len(text[:declaration].splitlines()[1:])
    return (kept + BEYOND_ASCII.sub("x", text[declaration:])).encode()


def _lines_of_tags(source: bytes) -> array[int]:
    """The line of each tag that opens an element, up to the end or to what is not understood."""
    # Only who is told of lines waits for this.
    from array import array
    from xml.parsers import expat

    lines = array("L")
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda *_: lines.append(parser.CurrentLineNumber)
    with suppress(expat.ExpatError, LookupError, ValueError):
        parser.Parse(source, True)
    return lines


@cache
def _is_ascii_compatible(encoding: str | None) -> bool:
    return encoding is None or encoding.lower().startswith(ASCII_COMPATIBLE)


def _parser(*, huge_tree: bool = False) -> etree.XMLParser:
    # Comments, processing instructions and blank text count for nothing: not to build them is a
    # tenth of the time. Without `huge_tree`, libxml2 itself bounds what an entity may expand to.
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        collect_ids=False,
        remove_comments=True,
        remove_pis=True,
        remove_blank_text=True,
        huge_tree=huge_tree,
    )


_PARSER: Final = _parser()
# For what has been mended or parsed before: that is bounded by its size.
_MENDED_PARSER: Final = _parser(huge_tree=True)


def read(source: bytes, *, form: bool = False) -> Document:
    """Parse a diagram.

    `source` is the whole file; `form` says that it is a Form (JSON) rather than XML. Raises
    `DocumentError` where it is no diagram that can be measured, `MemoryError` where it is too large
    for the memory that there is.
    """
    if form:
        return _read_form(source)
    try:
        root = etree.fromstring(source, _PARSER)
    except etree.XMLSyntaxError as error:
        if error.code == etree.ErrorTypes.ERR_NO_MEMORY:
            raise MemoryError from None
        return _read_mended(source, error)
    docinfo = root.getroottree().docinfo
    # Of UTF-16 without a declaration the parser names no encoding.
    is_searchable = _is_ascii_compatible(docinfo.encoding) and source[:2] not in UTF_16_MARKS
    # Not by `internalDTD`: it copies the document type, in the square of the time that it is long.
    if docinfo.doctype and (
        not is_searchable
        or docinfo.system_url is not None
        or docinfo.public_id is not None
        or any(declaration in source for declaration in DECLARATIONS_THAT_MATTER)
    ):
        # Entities and external types are refused there. Of attributes the parser gives elements
        # the default values; the Modeler does not. Two trees at once would take too much memory.
        del root, docinfo
        return _read_mended(source)
    kind = _kind(str(root.tag))
    if kind is None:
        raise _unsupported(root)
    warnings = (BYTE_ORDER_MARK_WARNING,) if source.startswith(BOM_UTF8) else ()
    return Document(kind, source, root, None, warnings, is_searchable)


def looks_like_a_form(source: bytes) -> bool:
    """Whether bytes that come without a name begin as a JSON object does."""
    return source[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{"


@lru_cache(maxsize=64)
def _kind(tag: str) -> Kind | None:
    namespace, _, name = tag.rpartition("}")
    if name.lower() == "definitions":
        if namespace.startswith("{" + BPMN_FAMILY):
            return Kind.BPMN
        if namespace[1:].startswith(DMN_FAMILY):
            return Kind.DMN
    return None


def _unsupported(root: Element) -> DocumentError:
    name = etree.QName(root)
    where = f"in the namespace {name.namespace}" if name.namespace else "without a namespace"
    return DocumentError(
        ErrorType.UNSUPPORTED, f"no BPMN or DMN diagram: the root is <{name.localname}> {where}"
    )


def _read_mended(source: bytes, error: etree.XMLSyntaxError | None = None) -> Document:
    """Read a diagram as the Modeler does, `error` being what strict XML says of it."""
    from metrics.reading import repair

    mended = repair.mend(source)
    try:
        root = etree.fromstring(mended.source, _MENDED_PARSER)
    except etree.XMLSyntaxError as remaining:
        if remaining.code == etree.ErrorTypes.ERR_NO_MEMORY:
            raise MemoryError from None
        raise malformed(remaining) from None
    kind = _kind(str(root.tag))
    if kind is None:
        raise _unsupported(root) if error is None else malformed(error)
    if kind is Kind.BPMN and mended.stray is not None:
        raise mended.stray
    return Document(kind, mended.source, root, warnings=mended.warnings)


def _read_form(source: bytes) -> Document:
    value, warnings = read_json(source)
    if not isinstance(value, dict):
        raise DocumentError(ErrorType.UNSUPPORTED, "no form: the JSON is not an object")
    return Document(Kind.FORM, source, form=value, warnings=warnings)
