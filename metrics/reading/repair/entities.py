"""References to characters, and the declarations of a document type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from metrics.reading.errors import ENTITIES, ErrorType
from metrics.reading.repair.patterns import (
    AMPERSAND,
    DOCTYPE,
    ENDS_IN_DOCTYPE,
    ENTITY,
    ILLEGAL_CHARACTER,
    MARK_IN_DOCTYPE,
    REST_OF_TAG,
)

if TYPE_CHECKING:
    import re

    from metrics.reading.repair.draft import Draft

LONGEST_REFERENCE: Final = len("&#x10ffff;")
UNKNOWN_REFERENCE: Final = "'&' that starts no known reference read as text"


def escape_ampersands(draft: Draft, start: int, end: int) -> None:
    """Escape each `&` that starts no reference to a character that XML allows."""
    first = draft.text.find("&", start, end)
    if first != -1:
        # The text around the first and the last is not copied.
        end = min(end, draft.text.rfind("&", first, end) + LONGEST_REFERENCE)
        draft.replace(first, end, with_known_references(draft, first, end))


def with_known_references(draft: Draft, start: int, end: int) -> str:
    """A part of the text in which each `&` that starts no known reference is escaped."""

    def escaped(match: re.Match[str]) -> str:
        run, decimal, hexadecimal = match.groups()
        if run:
            is_legal = False
        elif decimal or hexadecimal:
            code = int(decimal) if decimal else int(hexadecimal, 16)
            is_legal = code <= 0x10FFFF and not ILLEGAL_CHARACTER.match(chr(code))
        else:
            is_legal = len(match[0]) > 1
        if is_legal:
            return match[0]
        # Escape a whole run of `&`, or the `&` of an unknown reference.
        times = len(run or "&")
        draft.warn(UNKNOWN_REFERENCE, start + match.start(), times=times)
        return "&amp;" * times + match[0][times:]

    return AMPERSAND.sub(escaped, draft.text[start:end])


def end_of_tag(draft: Draft, start: int) -> int:
    """The position after the `>` of the tag or declaration that begins at `start`."""
    rest = REST_OF_TAG.match(draft.text, start)
    if rest is None:
        raise draft.malformed("a tag never ends", start)
    return rest.end()


def skip_declaration(draft: Draft, start: int, *, may_be_doctype: bool) -> int:
    """Remove a document type, or another `<!…>`; returns the position after it.

    Raises `DocumentError` for declarations of entities. An external document type is never fetched.
    """
    text = draft.text
    doctype = DOCTYPE.match(text, start) if may_be_doctype else None
    end = doctype.end() if doctype else end_of_tag(draft, start)
    entity = _entity_declaration(text, start, end) if doctype else text.find(ENTITY, start, end)
    if entity != -1:
        raise draft.error(ErrorType.FORBIDDEN, ENTITIES, entity)
    if doctype is None:
        draft.warn("misplaced declaration skipped", start)
    draft.blank(start, end)
    return end


def _entity_declaration(text: str, start: int, end: int) -> int:
    """The position of the first entity that a document type declares, -1 if there is none."""
    without_end: set[str] = set()
    while mark := MARK_IN_DOCTYPE.search(text, start, end):
        opening, start = mark[0], mark.end()
        if opening == ENTITY:
            return mark.start()
        if opening not in without_end:
            closing = ENDS_IN_DOCTYPE[opening]
            position = text.find(closing, start, end)
            if position == -1:
                # No later mark of this kind has an end, and each search would read the rest.
                without_end.add(opening)
            else:
                start = position + len(closing)
    return -1
