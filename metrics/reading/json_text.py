"""JSON text as JavaScript reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metrics.reading.errors import DiagramWarning, DocumentError, ErrorType

if TYPE_CHECKING:
    import json
    from typing import Any


def read_json(source: bytes) -> tuple[Any, tuple[DiagramWarning, ...]]:
    """The value of a JSON text, as JavaScript has it, and what had to be put up with.

    Raises `DocumentError` where it is none.
    """
    import orjson

    from metrics.reading.encoding import decode

    text, warnings = decode(source, declared="utf-8")
    try:
        return orjson.loads(text), tuple(warnings)
    except orjson.JSONDecodeError as error:
        return _json_as_javascript_has_it(text, error), tuple(warnings)


def without_surrogates(text: str) -> str:
    """A text out of JSON, in which half a surrogate pair, which is no letter, is a `?`."""
    return text.encode(errors="replace").decode()


def _json_as_javascript_has_it(text: str, error: json.JSONDecodeError) -> Any:
    """The value of what orjson refused: numbers beyond a double, halves of surrogate pairs."""
    import json

    def refuse(_: str) -> None:
        raise ValueError

    try:
        # NaN and Infinity are Python's own.
        return json.loads(text, parse_int=float, parse_constant=refuse)
    except RecursionError:
        raise DocumentError(ErrorType.TOO_LARGE, "JSON that is nested too deep") from None
    except ValueError:
        raise DocumentError(
            ErrorType.MALFORMED, f"not valid JSON: {error.msg}", error.lineno, error.colno
        ) from None
