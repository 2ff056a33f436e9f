"""JSON: an object with the status of a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from metrics.formats.text import dumps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metrics.formats.shards import PlanStatus


def json(status: PlanStatus) -> Iterator[bytes]:
    """Print the status; shards are listed by their numbers."""
    record = {
        "shards": {
            "count": status.shards,
            "done": status.done,
            "missing": [*status.missing],
            "unread": [*status.unread_shards],
            "unusable": [
                {"reason": reason, "shards": [*numbers]}
                for reason, numbers in status.unusable.items()
            ],
        },
        "objects": {"count": status.objects, "done": status.objects_done, "unread": status.unread},
        "diagrams": {"measured": status.measured, "failed": {**status.failed}},
    }
    yield dumps(record, orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
