"""Reads JSON text as JavaScript does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metrics.reading.errors import DiagramWarning, DocumentError, ErrorType

if TYPE_CHECKING:
    import json
    from typing import Any


def read_json(source: bytes) -> tuple[Any, tuple[DiagramWarning, ...]]:
    """The value of a JSON text as in JavaScript, and warnings about its encoding.

    Raises `DocumentError`: `malformed` if it is not JSON, `too-large` if it is nested too deep.
    """
    import orjson

    from metrics.reading.encoding import decode

    text, warnings = decode(source, declared="utf-8")
    try:
        return orjson.loads(text), tuple(warnings)
    except orjson.JSONDecodeError as error:
        return _read_leniently(text, error), tuple(warnings)


def without_surrogates(text: str) -> str:
    """A text with a `?` for each half of a surrogate pair, which JSON allows and UTF-8 does not."""
    return text.encode(errors="replace").decode()


def _read_leniently(text: str, error: json.JSONDecodeError) -> Any:
    """Read what orjson refuses: numbers beyond a double, and halves of surrogate pairs."""
    import json

    def refuse(_: str) -> None:
        raise ValueError

    try:
        # JSON has no NaN and Infinity, but Python's parser accepts them by default.
        return json.loads(text, parse_int=float, parse_constant=refuse)
    except RecursionError:
        raise DocumentError(ErrorType.TOO_LARGE, "the JSON is nested too deep") from None
    except ValueError:
        raise DocumentError(
            ErrorType.MALFORMED, f"not valid JSON: {error.msg}", error.lineno, error.colno
        ) from None
