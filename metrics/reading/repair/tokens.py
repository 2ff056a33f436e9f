"""The tokens of a document: tags, text, sections and declarations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from lxml import etree

from metrics.reading.encoding import quoted
from metrics.reading.errors import DocumentError, ErrorType
from metrics.reading.namespaces import LOWER_CASE_NAMESPACES
from metrics.reading.repair.attributes import Attributes, find_unclosed
from metrics.reading.repair.draft import Draft
from metrics.reading.repair.entities import end_of_tag, escape_ampersands, skip_declaration
from metrics.reading.repair.namespaces import Scopes
from metrics.reading.repair.patterns import (
    BLANKS_AND_MARKS,
    COMMENT,
    END_OF_CDATA,
    ESCAPED_QUOTE,
    LATER_XML_DECLARATION,
    OPENINGS,
    SECTIONS,
    STRAY_OPENINGS,
    TAG,
    VALID_REST,
    VALID_XML_DECLARATION,
    XML_DECLARATION,
)
from metrics.reading.xml_parser import parse_xml

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping

    from metrics.reading.errors import DiagramWarning
    from metrics.reading.repair.patterns import Section

# Far more than the parser allows: it will refuse the file, so that the rest need not be read.
MAX_OPEN_ELEMENTS: Final = 10_000


class RepairedSource(NamedTuple):
    """The well-formed UTF-8 of a malformed file, and the warnings about what was changed.

    `stray` is the error for the first `<` that starts no tag, None without one. The Modeler stops
    at it, but only in a diagram that it reads beyond the root element. `unclosed` is the error for
    the first attribute whose value seems to have no end, None without one. If the result is not
    well-formed, this attribute is the likely reason.
    """

    source: bytes
    warnings: tuple[DiagramWarning, ...]
    stray: DocumentError | None = None
    unclosed: DocumentError | None = None


class _OpenElement(NamedTuple):
    """An element without its end tag so far.

    `declared` holds the namespaces that its tag declares, by prefix. `capital_name` is its name in
    the file if its capital first letter was changed, else None.
    """

    declared: Mapping[str, str]
    capital_name: str | None


class Repairer:
    """Reads the tokens of a text once, from left to right, and collects the edits it needs."""

    def __init__(self, text: str, warnings: list[DiagramWarning]) -> None:
        self._text = text
        self._draft = Draft(text, warnings)
        self._scopes = Scopes(self._draft)
        self._attributes = Attributes(self._draft, self._scopes)
        self._open: list[_OpenElement] = []
        self._end_of_root_name: int | None = None
        self._has_doctype = False
        self._stray: DocumentError | None = None
        self._unclosed: DocumentError | None = None

    def repair(self) -> RepairedSource:
        """Read all tokens; raises `DocumentError` for what the Modeler refuses."""
        try:
            self._read_tokens()
        except DocumentError as error:
            if error.type is ErrorType.MALFORMED and self._unclosed is not None:
                raise self._unclosed from None
            raise
        # Nothing else may hold the text while the result is made.
        self._text = ""
        return RepairedSource(
            self._draft.edited(self._scopes.missing_declarations()),
            self._draft.warnings(),
            self._stray,
            self._unclosed,
        )

    def _read_tokens(self) -> None:
        text = self._text
        position = self._read_prolog()
        while (start := text.find("<", position)) != -1:
            if start > position:
                self._read_text(position, start)
            if self._has_root_ended() and self._is_forbidden_after_root(start):
                self._skip_rest(start)
                position = len(text)
                break
            position = self._read_token(start)
            self._draft.write(position)
        self._read_text(position, len(text))
        if self._end_of_root_name is None:
            fault = "the file is empty" if text.isspace() or not text else "there is no element"
            raise self._stray or self._draft.malformed(fault, _end_of_blanks(text, 0, len(text)))

    def _skip_rest(self, start: int) -> None:
        """Skip what follows the root element; raises `DocumentError` if it is not well-formed."""
        rest = LATER_XML_DECLARATION.sub("", self._text[start:])
        try:
            parse_xml(f"<rest>{rest}</rest>".encode())
        except (etree.XMLSyntaxError, UnicodeEncodeError):
            fault = "what follows the root element is not well-formed"
            raise self._draft.malformed(fault, start) from None
        self._draft.warn("content after the root element skipped", start)
        self._draft.blank(start, len(self._text))

    def _has_root_ended(self) -> bool:
        return self._end_of_root_name is not None and not self._open

    def _is_forbidden_after_root(self, start: int) -> bool:
        """Whether a token is none of those that may follow the root element."""
        return not self._text.startswith((COMMENT, "<?"), start) or bool(
            XML_DECLARATION.match(self._text, start)
        )

    def _read_prolog(self) -> int:
        """Remove the XML declaration, which UTF-8 does not need, and what precedes it."""
        text, draft = self._text, self._draft
        if draft.first_illegal is not None:
            draft.warn("characters that XML does not allow read as U+FFFD", draft.first_illegal)
        start = _end_of_blanks(text, 0, len(text))
        declaration = XML_DECLARATION.match(text, start)
        if declaration and not VALID_XML_DECLARATION.fullmatch(declaration[0]):
            draft.warn("XML declaration with missing white space or an unknown part", start)
        if declaration and start:
            draft.warn("white space or a byte order mark before the XML declaration skipped", 0)
        end = declaration.end() if declaration else start
        draft.blank(0, end)
        return end

    def _read_text(self, start: int, end: int) -> None:
        if self._open:
            self._escape_text(start, end)
        elif (position := _end_of_blanks(self._text, start, end)) < end:
            self._draft.warn("text outside the root element skipped", position)
            self._draft.blank(start, end)

    def _escape_text(self, start: int, end: int) -> None:
        while (position := self._text.find(END_OF_CDATA, start, end)) != -1:
            escape_ampersands(self._draft, start, position)
            self._draft.warn("']]>' in text read as text", position)
            start = position + len(END_OF_CDATA)
            self._draft.replace(start - 1, start, "&gt;")
            self._draft.write(start)
        escape_ampersands(self._draft, start, end)

    def _read_token(self, start: int) -> int:
        """Read the token that starts with the `<` at `start`; returns the position after it."""
        if tag := TAG.match(self._text, start):
            return self._read_end_tag(tag) if tag["close"] else self._read_start_tag(tag)
        if self._text.startswith(("<!", "<?"), start):
            for section in SECTIONS:
                if self._text.startswith(section.opening, start):
                    return self._read_section(start, section)
        if self._text.startswith("<!", start):
            # Only the first, before the root: a search for the end could read the rest each time.
            may_be_doctype = self._end_of_root_name is None and not self._has_doctype
            self._has_doctype = True
            return skip_declaration(self._draft, start, may_be_doctype=may_be_doctype)
        return self._read_stray_opening(start)

    def _read_section(self, start: int, section: Section) -> int:
        """Read a comment, a CDATA section or a processing instruction."""
        opening, closing, shared = section
        content_start = start + len(opening)
        end = self._text.find(closing, content_start - shared)
        if end == -1:
            raise self._draft.malformed(f"{opening!r} without {closing!r}", start)
        end += len(closing)
        if end < content_start + len(closing):
            self._draft.warn(f"{self._text[start:end]!r} skipped", start)
            self._draft.blank(start, end)
        elif opening == COMMENT and self._text.find("--", content_start, end - 2) != -1:
            self._draft.warn("'--' in a comment read as text", start)
            self._draft.blank(content_start, end - len(closing))
        if XML_DECLARATION.match(self._text, start):
            self._draft.warn("XML declaration after the start of the file skipped", start)
            self._draft.blank(start, end)
        return end

    def _read_stray_opening(self, start: int) -> int:
        if self._stray is None:
            self._stray = self._draft.malformed("a '<' starts no tag", start)
        if self._end_of_root_name is None:
            raise self._stray
        run = STRAY_OPENINGS.match(self._text, start)
        end = run.end() if run else start + 1
        for opening in OPENINGS.finditer(self._text, start, end):
            self._draft.warn("'<' that starts no tag read as text", opening.start())
        self._draft.replace(start, end, self._text[start:end].replace("<", "&lt;"))
        return end

    def _read_start_tag(self, tag: re.Match[str]) -> int:
        is_root = self._end_of_root_name is None
        if is_root:
            self._end_of_root_name = tag.end()
        rest = VALID_REST.match(self._text, tag.end())
        end = rest.end() if rest else end_of_tag(self._draft, tag.start())
        is_empty = self._text[end - 2] == "/"
        stop = end - 2 if is_empty else end - 1
        if rest is None:
            self._check_quotes(tag.end(), stop, is_root=is_root)
        declared = self._attributes.read(
            tag, stop, is_well_formed=rest is not None, is_root=is_root
        )
        capital_name = self._lower_first_letter(tag)
        if is_root:
            self._draft.leave_gap(tag.end())
        if is_empty:
            self._scopes.leave(declared)
            return end
        self._open.append(_OpenElement(declared, capital_name))
        if len(self._open) > MAX_OPEN_ELEMENTS:
            message = f"more than {MAX_OPEN_ELEMENTS:,} nested elements"
            raise self._draft.error(ErrorType.TOO_LARGE, message, tag.start())
        return end

    def _read_end_tag(self, tag: re.Match[str]) -> int:
        if self._open:
            declared, capital_name = self._open.pop()
            if capital_name is not None:
                if tag["name"] != capital_name:
                    fault = f"the end tag of {quoted(capital_name)} is {quoted(tag['name'])}"
                    raise self._draft.malformed(fault, tag.start())
                self._lower(tag)
            if declared:
                self._scopes.leave(declared)
        return end_of_tag(self._draft, tag.start())

    def _lower_first_letter(self, tag: re.Match[str]) -> str | None:
        """Change a capital first letter as the Modeler does; returns the old name if it had one."""
        name = tag["name"]
        prefix, _, local = name.rpartition(":")
        if not local[:1].isupper() or self._scopes.namespace(prefix) not in LOWER_CASE_NAMESPACES:
            return None
        self._lower(tag)
        return name

    def _lower(self, tag: re.Match[str]) -> None:
        position = tag.start("name") + tag["name"].rfind(":") + 1
        self._draft.replace(position, position + 1, self._text[position].lower())

    def _check_quotes(self, start: int, stop: int, *, is_root: bool) -> None:
        """Look for escaped and unclosed quotes in the attributes of a tag."""
        if is_root and (escaped := ESCAPED_QUOTE.search(self._text, start, stop)):
            message = "not a diagram: it is a string of JSON or of a program, with escaped quotes"
            raise self._draft.error(ErrorType.UNSUPPORTED, message, escaped.start())
        if self._unclosed is None and self._text.find("<", start, stop) != -1:
            position = find_unclosed(self._text, start, stop)
            if position is not None:
                self._unclosed = self._draft.malformed("an attribute value has no end", position)


def _end_of_blanks(text: str, start: int, end: int) -> int:
    """The position after the white space and byte order marks at `start`."""
    match = BLANKS_AND_MARKS.match(text, start, end)
    return match.end() if match else start
