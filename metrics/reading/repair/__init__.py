"""Recovery: reads malformed XML that the Modeler accepts.

The Modeler reads diagrams with a small parser of its own (saxen), which skips what it cannot read
within a tag and goes on. This package does the same: it reads the text of a diagram that libxml2
refused, token by token, and returns well-formed XML with what the Modeler would have read, and a
warning for each change. Line numbers stay the same.

Elements without an end tag are left as they are, for the parser to refuse.
"""

from __future__ import annotations

import codecs
import re
from typing import Final

from lxml import etree

from metrics.reading.encoding import decode
from metrics.reading.errors import BYTE_ORDER_MARK_WARNING
from metrics.reading.repair.tokens import RepairedSource, Repairer
from metrics.reading.xml_parser import parse_xml

__all__ = ["RepairedSource", "repair"]

BLANK_BYTES: Final = re.compile(rb"\s*+")
MAX_BYTES_WITHOUT_TAGS: Final = 4096
"""The number of bytes that are read, after white space, of a file without any `<`."""


def repair(source: bytes) -> RepairedSource:
    """Rewrite malformed XML as the well-formed XML that the Modeler would read from it.

    Raises `DocumentError`: `forbidden` if it declares entities or refers to an external document
    type, `malformed` if a tag, a comment or a section never ends, `too-large` if it has too many
    nested elements, undeclared prefixes or unusual namespace declarations, or too many attributes
    with `&` or `<` in one tag.
    """
    if b"<" not in source and (blanks := BLANK_BYTES.match(source)):
        # Without this byte, no supported encoding can contain a tag. The first bytes are enough to
        # refuse the file.
        source = source[: blanks.end() + MAX_BYTES_WITHOUT_TAGS]
    text, warnings = decode(source)
    if source.startswith(codecs.BOM_UTF8):
        warnings.append(BYTE_ORDER_MARK_WARNING)
    elif warnings and "<!DOCTYPE" not in text:
        encoded = text.encode()
        # The text may take four times the memory of the file: do not hold it beside the tree.
        del text
        if _is_well_formed(encoded):
            return RepairedSource(encoded, tuple(warnings), None)
        del encoded
        text, _ = decode(source)
    repairer = Repairer(text, warnings)
    # The repairer releases the text before it builds the result; so must this function.
    del text
    return repairer.repair()


def _is_well_formed(source: bytes) -> bool:
    """Whether decoded text is well-formed as UTF-8, so that only its bytes were at fault."""
    try:
        root = parse_xml(source)
    except etree.XMLSyntaxError:
        return False
    return root.getroottree().docinfo.encoding in (None, "UTF-8")
