"""Hostile text of any size: malformed XML, each shape of which repeats one fault.

Every text contains a stray `&`, so that recovery reads it.
"""

from __future__ import annotations

import string
from typing import TYPE_CHECKING, Final

from support.diagrams import NAMESPACES

if TYPE_CHECKING:
    from collections.abc import Iterable

OPENING: Final = f'<bpmn:definitions {NAMESPACES}>&<bpmn:process id="P">'
CLOSING: Final = "</bpmn:process></bpmn:definitions>"
DIGITS: Final = string.digits + string.ascii_letters

# What precedes the repeated piece, the piece, and what follows it. `{n}` numbers the pieces.
SHAPES: Final = {
    "equals signs": ("<bpmn:task ", "= ", "/>"),
    "equals signs in words": ("<bpmn:task ", "a= b ", "/>"),
    "openings": ("", "< ", ""),
    "openings and tags": ("", "< <a/>", ""),
    "conflict markers": ("", "<<<<<<< a\n", ""),
    "attributes": ("<bpmn:task", ' a{n}="b"', "/>"),
    "attributes of a malformed tag": ("<bpmn:task b", ' a{n}="b"', "/>"),
    "attributes with references": ("<bpmn:task b", ' a{n}="&"', "/>"),
    "attributes with less-than signs": ("<bpmn:task b", ' a{n}="<"', "/>"),
    "duplicate attributes": ("<bpmn:task", ' a="b"', "/>"),
    "attributes in pairs": ("<bpmn:task", ' a{n}="b" a{n}="c"', "/>"),
    "attributes with a prefix": ("<bpmn:task", ' bpmn:a{n}="b" camunda:a{n}="b"', "/>"),
    "attributes without a blank": ("<bpmn:task", ' a{n}="b"c', "/>"),
    "new attributes in each tag": ("", '<a a{n}="b"/>', ""),
    "less-than signs in a value": ('<bpmn:task name="', "<", '"/>'),
    "less-than signs in values": ("", '<a b="<"/>', ""),
    "duplicate ids": ("", '<bpmn:task id="A"/>', ""),
    "unclosed quotes": ("", '<bpmn:task name="a>\n', ""),
    "unclosed quotes of two kinds": ("", "<a b='\"", ""),
    "quotes": ("<bpmn:task ", '"', "/>"),
    "ampersands": ("", "&", ""),
    "references": ("", "&x", ""),
    "references of entities": ("", "&x;", ""),
    "references of characters": ("", "&#0;", ""),
    "references in values": ("", '<a b="&"/>', ""),
    "references in texts": ("", "&<a/>", ""),
    "comments": ("", "<!-- -- -->", ""),
    "comment": ("<!--", " --", "-->"),
    "comment of lines": ("<!--", "--\n", "-->"),
    "short comments": ("", "<!-->", ""),
    "comments without end": ("", "<!-- ", ""),
    "nesting": ("", "<bpmn:subProcess>", ""),
    "nesting of one letter": ("", "<a>", ""),
    "nesting with end tags": ("", "<a>" * 250 + "</a>" * 250, ""),
    "prefixes in turn": ("", '<a:x b:y="1"/><b:x a:y="2"/>', ""),
    "declared prefixes in turn": ("", '<x xmlns:a="urn:a"/><x xmlns:a="urn:b"/>', ""),
    "declared prefixes": ("", '<x xmlns:a{n}="urn:{n}"/>', ""),
    "prefixes that a tag declares": ("<x", ' xmlns:a{n}="b"', "/>"),
    "invalid namespaces": ("", '<x xmlns:a="{n} "/>', ""),
    "undeclared prefixes": ("", "<p{n}:a/>", ""),
    "undeclared prefixes again": ("", "".join(f"<p{n}:a/>" for n in range(9_000)), ""),
    "undeclared prefixes of attributes": ("<a", ' p{n}:a="b"', "/>"),
    "CDATA sections": ("", "<![CDATA[]]>", ""),
    "CDATA without end": ("", "<![CDATA[", ""),
    "ends of CDATA": ("", "]]>", ""),
    "NULs": ("", "\0", ""),
    "NULs in tags": ("", "<a \0/>", ""),
    "capital names": ("", "<bpmn:Task/>", ""),
    "capital names with end tags": ("", "<bpmn:Task></bpmn:Task>", ""),
    "capital names in attributes": ("", '<bpmn:Task Name="&" B/>', ""),
    "blanks beside equals signs": ("", '<bpmn:task name = "a"/>', ""),
    "blanks beside equals signs in a tag": ("<bpmn:task", ' a{n} = "b"', "/>"),
    "unreadable attributes": ("", "<a b/>", ""),
    "letters in a tag": ("<bpmn:task ", "a", "/>"),
    "words in a tag": ("<bpmn:task ", "a ", "/>"),
    "blanks in a tag": ("<bpmn:task ", " ", "/>"),
    "lines in a tag": ("<bpmn:task ", "a\n", "/>"),
    "lines": ("", "\n", ""),
    "lines with faults": ("", "&\n", ""),
    "end tags": ("", "</a>", ""),
    "tags without end": ("", "<a", ""),
    "declarations": ("", "<!a>", ""),
    "XML declarations": ("", "<?xml ?>", ""),
    "document types": ("", "<!DOCTYPE a [>", ""),
    "processing instructions": ("", "<?a b?>", ""),
    "emoji": ("", "\U0001f600", ""),
    "emoji with faults": ("", "\U0001f600&", ""),
    "invalid bytes": ("", "\udcff", ""),
    "invalid bytes and tags": ("", "\udcff<a/>", ""),
    "a long name": ("<", "a", "/>"),
    "a long value": ('<a b="&', "a", '"/>'),
    "a long text": ("", "a", ""),
    "small tags": ("", "<a/>", ""),
}

# What stands before the document, or after its root.
AROUND: Final = {
    "entities of a document type": ("<!DOCTYPE a [", '<!ENTITY e{n} "x">', "]>"),
    "elements of a document type": ("<!DOCTYPE a [", "<!ELEMENT a ANY>", "]>"),
    "quotes of a document type": ("<!DOCTYPE a [", "'\"'", "]>"),
    "comments of a document type": ("<!DOCTYPE a [", "<!--'-->", "]>"),
    "comments without end in a document type": ("<!DOCTYPE a ", "<!-- ", ">"),
    "quotes without end in a document type": ("<!DOCTYPE a [", "<!a '><!a \">", "]>"),
    "document type without end": ("<!DOCTYPE a [", "<", ""),
    "text before the root": ("", "x", ""),
    "comments before the root": ("", "<!---->", ""),
    "declarations before the root": ("", "<!a>", ""),
}
AFTER: Final = {
    "elements after the root": ("", "<a/>", ""),
    "nesting after the root": ("", "<a>", ""),
    "text after the root": ("", "x", ""),
    "comments after the root": ("", "<!---->", ""),
    "lines after the root": ("", "\n", "<a/>"),
    "declarations without end after the root": ("<a/>", "<?xml ", ""),
}


def names() -> list[str]:
    """The names of all shapes; most of them are in a diagram, and alone."""
    alone = (f"{name}, alone" for name in SHAPES)
    return [*SHAPES, *alone, *AROUND, *AFTER]


def text_of(name: str, size: int) -> bytes:
    """The text of a shape, of about `size` bytes."""
    shape, _, place = name.partition(", ")
    pieces = _pieces(*(SHAPES | AROUND | AFTER)[shape], size)
    if shape in AROUND:
        parts: Iterable[str] = (*pieces, OPENING, CLOSING)
    elif shape in AFTER:
        parts = (OPENING, CLOSING, *pieces)
    elif place:
        parts = (*pieces, "&")
    else:
        parts = (OPENING, *pieces, CLOSING)
    return _bytes("".join(parts))


def _pieces(before: str, piece: str, after: str, size: int) -> tuple[str, ...]:
    if "{n}" not in piece:
        return before, piece * max(1, size // len(_bytes(piece))), after
    numbered: list[str] = []
    while size > 0:
        numbered.append(piece.replace("{n}", _short(len(numbered))))
        size -= len(numbered[-1])
    return before, *numbered, after


def _bytes(text: str) -> bytes:
    """A text in UTF-8, with an invalid byte for each surrogate."""
    return text.encode(errors="surrogateescape")


def _short(number: int) -> str:
    """A number in few characters, all of which names may contain: the shorter, the more pieces."""
    digits = ""
    while number or not digits:
        number, digit = divmod(number, len(DIGITS))
        digits = DIGITS[digit] + digits
    return digits
