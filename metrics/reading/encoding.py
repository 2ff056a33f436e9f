"""Decodes the bytes of a file."""

from __future__ import annotations

import codecs
import re
from contextlib import suppress
from typing import Final

from metrics.reading.errors import DiagramWarning

MAX_CHARACTERS_QUOTED: Final = 80

BYTE_ORDER_MARKS: Final = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
# An ASCII text is never valid in these.
WIDE_ENCODINGS: Final = ("utf-16", "utf-32")
UTF_16_OPENINGS: Final = {b"<\0": "utf-16-le", b"\0<": "utf-16-be"}

# A hostile file may name any codec: only these families are used.
ENCODING: Final = re.compile(
    r"(?:utf[-_]?(?:8|16|32)(?:[-_]?[lb]e)?|(?:us[-_]?)?ascii|latin[-_]?\d+|iso[-_]?8859[-_]\d+"
    r"|(?:windows|cp)[-_]?\d+|koi8[-_][rtu]|shift[-_]?jis|euc[-_](?:jp|kr)|gbk?|gb2312|gb18030"
    r"|big5|mac[-_]?roman)",
    re.ASCII | re.IGNORECASE,
)
DECLARED_ENCODING: Final = re.compile(
    rb"""<\?xml\s[^>]*?encoding\s*=\s*["']([A-Za-z][\w.-]*)["']""", re.IGNORECASE
)


def decode(source: bytes, *, declared: str | None = None) -> tuple[str, list[DiagramWarning]]:
    """The text of a file, and warnings about its encoding.

    The encoding is that of the byte order mark, else UTF-16 if the file begins with `<` beside a
    NUL, else `declared`, else that of the XML declaration, else UTF-8. A declaration of UTF-16 or
    UTF-32 that is itself ASCII contradicts the bytes: they are read as UTF-8. Bytes that are not
    valid in the encoding are read as U+FFFD.
    """
    warnings: list[DiagramWarning] = []
    marks = [mark for mark in BYTE_ORDER_MARKS if source.startswith(mark)]
    if marks:
        source = source[len(marks[0]) :]
        encoding = BYTE_ORDER_MARKS[marks[0]]
    elif source[:2] in UTF_16_OPENINGS:
        encoding = UTF_16_OPENINGS[source[:2]]
    else:
        encoding = declared or _declared_encoding(source, warnings)
    try:
        return source.decode(encoding), warnings
    except UnicodeDecodeError as error:
        before = source[: error.start].decode(encoding, errors="replace")
        message = f"bytes that are not valid {encoding} read as U+FFFD"
        warnings.append(DiagramWarning(message, before.count("\n") + 1))
        return source.decode(encoding, errors="replace"), warnings


def _declared_encoding(source: bytes, warnings: list[DiagramWarning]) -> str:
    match = DECLARED_ENCODING.search(source, 0, 1024)
    if match is None:
        return "utf-8"
    name = match[1].decode("ascii")
    fault = "unknown encoding"
    if ENCODING.fullmatch(name):
        with suppress(LookupError):
            encoding = codecs.lookup(name).name
            if not encoding.startswith(WIDE_ENCODINGS):
                return encoding
            fault = "encoding that contradicts the bytes"
    warnings.append(DiagramWarning(f"{fault} read as UTF-8: {quoted(name)}", 1))
    return "utf-8"


def quoted(text: str) -> str:
    """A piece of a file for a message, printable and cut to a length."""
    cut = text[:MAX_CHARACTERS_QUOTED]
    return repr(cut) + ("…" if len(cut) < len(text) else "")
