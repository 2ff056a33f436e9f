"""JSON, indented: the whole summary, for tools."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson

from metrics.blocks import OMITTED, Omitted, to_json
from metrics.formats.summary.content import summarized
from metrics.formats.text import dumps

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from metrics.formats.summary import SummaryLayout
    from metrics.report import Report
    from metrics.summary.model import Summary, TallySummary


def json(reports: Iterable[Report], layout: SummaryLayout) -> Iterator[bytes]:
    """Print the summary as an object."""
    record = summary_record(summarized(reports, layout, marks_assumed=False))
    yield dumps(record, orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def summary_record(summary: Summary) -> dict[str, Any]:
    """A summary as a JSON object, with the key of each tally at the top level."""
    record: dict[str, Any] = {}
    for key, value in to_json(replace(summary, groups=OMITTED, tallies={})).items():
        if key == "tallies":
            record |= {name: _names(tally) for name, tally in summary.tallies.items()}
        else:
            record[key] = value
    if not isinstance(summary.groups, Omitted):
        record["groups"] = {name: summary_record(group) for name, group in summary.groups.items()}
    return record


def _names(tally: TallySummary) -> dict[str, dict[str, int]]:
    return {
        name: {tally.records_key: item.records}
        | ({tally.values_key: item.values} if tally.values_key else {})
        for name, item in tally.names.items()
    }
