"""JSON, indented: the whole summary, for tools."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from metrics.formats import dumps
from metrics.formats.summary.content import summarized
from metrics.metric import to_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from metrics.formats.summary import Layout
    from metrics.report import Report


def json(reports: Iterable[Report], layout: Layout) -> Iterator[bytes]:
    """Give the summary as an object."""
    summary = to_json(summarized(reports, layout))
    yield dumps(summary, orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
