"""What the formats of a comparison have in common: its words and figures, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from metrics.blocks import Omitted
from metrics.diff.comparison import Status
from metrics.formats.text import counted, shown_value
from metrics.reading.errors import truncated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metrics.diff.comparison import Change, Comparison, Difference
    from metrics.reading.errors import DocumentError

NOTHING: Final = "-"
NO_VERSION: Final = "none"
MAX_CHARACTERS: Final = 200


def conclusion(comparison: Comparison) -> str:
    """How many diagrams there are of each status, in one sentence."""
    parts = [f"{number:,} {status}" for status in Status if (number := comparison.count(status))]
    told = counted(len(comparison.changes), "diagram")
    told = f"{told}: {', '.join(parts)}" if parts else "no diagram has other values"
    if comparison.unchanged:
        told += f"; {comparison.unchanged:,} compared without a change"
    return told


def has_totals(comparison: Comparison) -> bool:
    """Whether the sums say more than the one diagram that they are of."""
    return bool(comparison.totals) and len(comparison.changes) > 1


def values(change: Change) -> Iterator[tuple[str, Difference]]:
    """The values of a change that are worth a line: of what is new or gone those that are not 0."""
    is_whole = change.status in (Status.ADDED, Status.REMOVED)
    for key, difference in change.values.items():
        if not is_whole or any(one and not isinstance(one, Omitted) for one in difference):
            yield key, difference


def errors(change: Change) -> Iterator[str]:
    """Why a diagram could not be measured, on each side where it was not."""
    for side, error in (("before", change.old_error), ("after", change.new_error)):
        if error is not None:
            yield f"not measured {side}: {_reason(error)}"


def _reason(error: DocumentError) -> str:
    place = "" if error.line is None else f"line {error.line}: "
    return f"{error.type}: {place}{truncated(error.message, MAX_CHARACTERS)}"


def shown(value: Any) -> str:
    """A value of a payload, for people."""
    if isinstance(value, Omitted):
        return NOTHING
    if value is None:
        return NO_VERSION
    return truncated(shown_value(value), MAX_CHARACTERS) or (NO_VERSION if value == [] else "")


def step(difference: Difference) -> str:
    """By how much a number grew, for people; nothing for what is none."""
    grown = difference.step
    if not grown:
        return ""
    return f"{grown:+,}" if isinstance(grown, int) else f"{grown:+.4g}"
