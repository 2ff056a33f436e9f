"""JSON, indented: the whole summary, for tools."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from metrics.blocks import to_json
from metrics.formats.summary.content import summarized
from metrics.formats.text import dumps

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from metrics.formats.summary import SummaryLayout
    from metrics.report import Report


def json(reports: Iterable[Report], layout: SummaryLayout) -> Iterator[bytes]:
    """Give the summary as an object."""
    summary = to_json(summarized(reports, layout))
    yield dumps(summary, orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
