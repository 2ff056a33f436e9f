"""JSON, indented: the whole summary, for tools."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from metrics.formats import dumps
from metrics.metric import to_json
from metrics.portfolio import summarize

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from metrics.formats.summary import Layout
    from metrics.report import Report


def json(reports: Iterable[Report], layout: Layout) -> Iterator[bytes]:
    """Give the summary as an object."""
    summary = to_json(summarize(reports, by=layout.by, max_size=layout.max_size))
    yield dumps(summary, orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
