"""A self-contained page: figures, charts, and a table of all diagrams that sorts and filters.

The page loads nothing from a server. Printing it needs the packages of the extra `report`.
"""

from __future__ import annotations

from base64 import b64encode
from contextlib import closing
from hashlib import sha256
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

import orjson
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from metrics.blocks import Omitted
from metrics.formats.summary.charts import charts, distributions
from metrics.formats.summary.content import (
    COPIES_TITLES,
    HEADS,
    NO_VERSION,
    TOTAL,
    cells,
    group_columns,
    group_figures,
    headlines,
    largest,
    not_compared,
    number_sections,
    percent,
    quantity,
    rest,
    share_of,
    tally_figures,
    tally_heads,
    titles,
)
from metrics.formats.summary.rows import Rows
from metrics.formats.text import counted, dumps, on_one_line, shown_file
from metrics.keys import find_key
from metrics.summary.portfolio import Portfolio
from metrics.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from metrics.formats.summary import SummaryLayout
    from metrics.report import Report
    from metrics.summary.model import Summary

PAGE: Final = "page.html"
MAX_COPIES: Final = 20


def html(reports: Iterable[Report], layout: SummaryLayout) -> Iterator[bytes]:
    """Print the page."""
    page = _page()
    with (
        closing(Rows()) as rows,
        closing(
            Portfolio(
                layout.by,
                layout.fragments,
                layout.paths,
                copies=layout.copies,
                marks_assumed=True,
            )
        ) as portfolio,
    ):
        for report in reports:
            rows.add(report, portfolio.add(report))
        summary = portfolio.summary(max_size=layout.max_size, each_once=layout.each_once)
        script = _resource("page.js")
        pieces = page.generate(
            summary=summary,
            groups={} if isinstance(summary.groups, Omitted) else summary.groups,
            copies=None if isinstance(summary.copies, Omitted) else summary.copies,
            headlines=headlines(summary),
            number_sections=[*number_sections(summary)],
            largest=[*largest(summary)],
            group_columns=group_columns(summary),
            charts=[*charts(summary)],
            distributions=[*distributions(summary)],
            heads=HEADS,
            table={"columns": [*_columns(summary)], "profiles": rows.profiles},
            rows=_joined(rows.measured()),
            failures=map(orjson.loads, rows.failed()),
            style=Markup(_resource("page.css")),
            script=Markup(script),
            # No other script runs, even if a name in the page looks like one.
            script_hash=b64encode(sha256(script.encode()).digest()).decode(),
            version=__version__,
        )
        for piece in pieces:
            yield piece.encode()


def _page() -> Any:
    environment = Environment(
        loader=PackageLoader("metrics.formats.summary", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "quantity": quantity,
        "percent": percent,
        "line": on_one_line,
        "file": shown_file,
        "json": _in_script,
    }
    environment.globals |= {
        "cells": cells,
        "counted": counted,
        "group_figures": group_figures,
        "tally_heads": tally_heads,
        "tally_figures": tally_figures,
        "share_of": share_of,
        "rest": rest,
        "max_copies": MAX_COPIES,
        "not_compared": not_compared,
        "copies_titles": COPIES_TITLES,
        "no_version": NO_VERSION,
        "total": TOTAL,
    }
    return environment.get_template(PAGE)


def _resource(name: str) -> str:
    return resources.files("metrics.formats.summary").joinpath(name).read_text("utf-8")


def _in_script(value: Any) -> Markup:
    return Markup(_without_tags(dumps(value)))


def _joined(rows: Iterable[bytes]) -> Iterator[Markup]:
    """Rows separated by commas."""
    separator = ""
    for row in rows:
        yield Markup(separator + _without_tags(row))
        separator = ",\n"


def _without_tags(dumped: bytes) -> str:
    # An end tag ends a script even inside a string.
    return dumped.decode().replace("<", "\\u003c")


def _columns(summary: Summary) -> Iterator[dict[str, Any]]:
    """The numbers by their indexes: key, metric, name, and whether the table shows them."""
    for title, key in titles(summary):
        metric, _, name = title.partition(": ")
        is_own = find_key(key).fragment is not None
        shown = not name or (summary.numbers[key].not_zero > 0 and not is_own)
        yield {"key": key, "metric": metric, "name": name or "count", "shown": shown}
