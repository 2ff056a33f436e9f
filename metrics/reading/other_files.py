"""Recognizes files that are named like diagrams but are not.

Other programs write `.form` files, too, and a file with the name of a diagram may be a Git LFS
pointer, an archive or a login page. The error says what the file is, not where its first syntax
error is.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from typing import TYPE_CHECKING, Final, NoReturn

from metrics.reading.errors import DocumentError, ErrorType

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

SIGNATURES: Final = (
    (b"version https://git-lfs.github.com/spec/", "a Git LFS pointer; run `git lfs pull`"),
    (b"\x1f\x8b", "a gzip file"),
    (b"BZh", "a bzip2 file"),
    (b"\xfd7zXZ\0", "an xz file"),
    (b"\x28\xb5\x2f\xfd", "a zstd file"),
    (b"PK\x03\x04", "a zip archive"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"%PDF-", "a PDF document"),
    (b"{\\rtf", "an RTF document"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a Microsoft Office document"),
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"\x00\x05\x16\x07", "metadata of macOS (AppleDouble)"),
)
"""How files of other kinds begin, and what they are."""

HTML: Final = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--(?:(?!-->).){0,1000}-->\s*)?<(?:!doctype\s+html|html)[\s>]",
    re.IGNORECASE | re.DOTALL,
)
CONFLICT: Final = re.compile(rb"^(?:<<<<<<<|>>>>>>>)(?:[ \r\n]|\Z)", re.MULTILINE)

# The roots of the forms of Java GUI designers, and the programs that write them.
GUI_DESIGNERS: Final = (
    (re.compile(rb"<form\s[^<>]*http://www\.intellij\.com/uidesigner/form/"), "IntelliJ IDEA"),
    (re.compile(rb"<Form\s[^<>]*\btype=[\"']org\.netbeans\.modules\.form\."), "NetBeans"),
)
FORM_KEYS: Final = frozenset(
    {"schemaVersion", "exporter", "executionPlatform", "executionPlatformVersion"}
)
"""Keys that only Camunda's forms have."""

FORM_IO_DISPLAYS: Final = ("form", "wizard", "pdf")


def refuse_other_file(source: bytes, *, form: bool) -> None:
    """Raise `DocumentError` (`unsupported`) if a file that cannot be parsed is of a known kind.

    `source` is the whole file, of which only the beginning is read.
    """
    if (kind := kind_of_file(source)) is not None:
        _refuse(kind)
    start = _start(source)
    if form and start.startswith(b"<"):
        _refuse_xml(start)
    if not form and start.startswith((b"{", b"[")):
        _refuse("JSON, not XML")


def kind_of_file(source: bytes) -> str | None:
    """What a file of another kind is, by its beginning; None if it is not known."""
    start = _start(source)
    for signature, kind in SIGNATURES:
        if source.startswith(signature) or start.startswith(signature):
            return kind
    return "an HTML page" if HTML.match(start) else None


def refuse_other_form(form: Mapping[str, Any]) -> None:
    """Raise `DocumentError` (`unsupported`) if a JSON object is the form of another program."""
    if form.get("display") in FORM_IO_DISPLAYS and FORM_KEYS.isdisjoint(form):
        _refuse("a form of Form.io")
    if form and not isinstance(form.get("components"), list) and FORM_KEYS.isdisjoint(form):
        _refuse("JSON of another program; a form has the list 'components'")


def conflict(source: bytes) -> DocumentError | None:
    """The error for an unresolved merge conflict, at its first marker; None without one."""
    marker = CONFLICT.search(source)
    if marker is None:
        return None
    line = source.count(b"\n", 0, marker.start()) + 1
    message = f"an unresolved merge conflict: {marker[0].decode().rstrip()!r}"
    return DocumentError(ErrorType.MALFORMED, message, line, 1)


def _start(source: bytes) -> bytes:
    return source[:4096].removeprefix(BOM_UTF8).lstrip(b" \t\r\n")


def _refuse_xml(start: bytes) -> NoReturn:
    for root, program in GUI_DESIGNERS:
        if root.search(start):
            _refuse(f"a form of the GUI designer of {program}")
    _refuse("XML, not JSON")


def _refuse(kind: str) -> NoReturn:
    raise DocumentError(ErrorType.UNSUPPORTED, f"not a diagram: it is {kind}")
