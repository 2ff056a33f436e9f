"""The formats of explanations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from metrics.explanation import Explanation

    Format = Callable[[Explanation], Iterator[bytes]]

from metrics.formats.explain.json import json, ndjson
from metrics.formats.explain.tree import tree

FORMATS: Final[Mapping[str, Format]] = {"tree": tree, "json": json, "ndjson": ndjson}
"""The formats by their names on the command line."""
