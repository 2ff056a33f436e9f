"""Errors for documents that cannot be read, and warnings about malformed input."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from typing import Self

    from lxml import etree


# libxml2 quotes names of any length.
MAX_CHARACTERS_OF_A_MESSAGE: Final = 1000

HINT_FOR_PROGRAMMERS: Final = ", use XML_PARSE_HUGE option"

ENTITIES: Final = "it declares entities, which are never expanded"
"""The message of the error `forbidden`."""


class ErrorType(StrEnum):
    """Why a diagram cannot be measured."""

    MALFORMED = "malformed"
    FORBIDDEN = "forbidden"
    UNSUPPORTED = "unsupported"
    TOO_LARGE = "too-large"
    UNREADABLE = "unreadable"
    TIMEOUT = "timeout"
    CRASHED = "crashed"
    CHANGED = "changed"


def truncated(text: str, max_length: int) -> str:
    """A text of at most `max_length` characters: a longer one is cut, and ends in an ellipsis."""
    return text if len(text) <= max_length else f"{text[: max_length - 1]}…"


class DocumentError(Exception):
    """A diagram that cannot be measured.

    `message` is for people, cut after 1,000 characters; `line` and `column` count from 1, and are
    None if the fault has no position.
    """

    def __init__(
        self,
        type: ErrorType,
        message: str,
        line: int | None = None,
        column: int | None = None,
    ) -> None:
        message = truncated(message, MAX_CHARACTERS_OF_A_MESSAGE)
        super().__init__(type, message, line, column)
        self.type = type
        self.message = message
        self.line = line
        self.column = column

    def __str__(self) -> str:
        return f"{self.type}: {self.message}"

    def drop_origin(self) -> Self:
        """Remove the traceback and the earlier errors; returns this error.

        They keep everything that was read from the diagram in memory, and some tracebacks cannot be
        pickled.
        """
        self.__traceback__ = self.__context__ = self.__cause__ = None
        return self


class DiagramWarning(NamedTuple):
    """A warning about malformed input in a measured diagram; `line` counts from 1."""

    message: str
    line: int | None = None


# A hostile file could cause a million warnings.
MAX_WARNINGS_PER_KIND: Final = 100
BYTE_ORDER_MARK_WARNING: Final = DiagramWarning(
    "byte order mark before the XML declaration skipped", 1
)


def malformed(error: etree.XMLSyntaxError) -> DocumentError:
    """The error for a syntax error that libxml2 reports."""
    line, column = error.position
    message = re.sub(r",? line \d+, column \d+.*$", "", error.msg or "", flags=re.DOTALL)
    message = message.removesuffix(HINT_FOR_PROGRAMMERS)
    if any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in error.error_log):
        return DocumentError(
            ErrorType.TOO_LARGE, f"exceeds a limit of the parser: {message}", line, column
        )
    return DocumentError(ErrorType.MALFORMED, f"not well-formed XML: {message}", line, column)
