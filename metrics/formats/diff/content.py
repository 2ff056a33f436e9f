"""Texts and figures of a comparison, for people."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from metrics.blocks import Omitted
from metrics.diff.comparison import Difference, Reason
from metrics.diff.pairs import Status
from metrics.formats.text import counted, shown_value
from metrics.keys import find_key
from metrics.reading.errors import truncated
from metrics.report import marked_as_assumed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from metrics.diff.comparison import Change, Comparison
    from metrics.reading.errors import DocumentError

TOTALS: Final = "Totals of these diagrams"
NO_VALUE: Final = "-"
NO_VERSION: Final = "none"
MAX_CHARACTERS: Final = 200
MAX_CHANGED_OTHERWISE: Final = 10
REASONS: Final = {
    Reason.MISSING: "only one side has it",
    Reason.OTHER_RULES: "counted by another version of its rules",
}


def conclusion(comparison: Comparison) -> str:
    """The number of diagrams of each status, in one sentence without a full stop."""
    counts = {str(status): comparison.count(status) for status in Status}
    otherwise = counts.pop(Status.CHANGED_OTHERWISE)
    if parts := _counted(counts):
        sentence = f"{counted(sum(counts.values()), 'diagram')}: {', '.join(parts)}"
    else:
        sentence = "no value changed" if otherwise else "no diagram changed"
    rest = _counted({"changed otherwise": otherwise, "unchanged": comparison.unchanged})
    return "; ".join([sentence, *rest])


def _counted(counts: Mapping[str, int]) -> list[str]:
    return [f"{number:,} {status}" for status, number in counts.items() if number]


def note_of_not_compared(comparison: Comparison) -> str:
    """The fragments that are not compared, in one line; empty if there are none."""
    parts = [
        f"{fragment} of {counted(diagrams, 'diagram')} ({REASONS[reason]})"
        for fragment, reason, diagrams in comparison.not_compared
    ]
    return f"not compared: {', '.join(parts)}" if parts else ""


def changed_otherwise(comparison: Comparison) -> tuple[Sequence[str], str]:
    """The first diagrams that changed otherwise, and how many more there are."""
    files = comparison.changed_otherwise
    more = len(files) - MAX_CHANGED_OTHERWISE
    rest = f"and {counted(more, 'more diagram')}" if more > 0 else ""
    return files[:MAX_CHANGED_OTHERWISE], rest


def has_totals(comparison: Comparison) -> bool:
    """Whether to show totals: those of a single diagram repeat its values."""
    return any(totals(comparison)) and len(comparison.shown_changes) > 1


def totals(comparison: Comparison) -> Iterator[tuple[str, Difference]]:
    """The totals to show: the sums, then the largest values of numbers that do not add up."""
    return chain(comparison.totals.items(), comparison.maxima.items())


def values(change: Change) -> Iterator[tuple[str, Difference]]:
    """The values of a change to show, without zeros if the diagram was added or removed.

    Zeros of fragments of our own that the other side does not have are not shown, either: they have
    many keys for one engine only.
    """
    is_on_one_side = change.status in (Status.ADDED, Status.REMOVED)
    for key, difference in change.values.items():
        may_omit = is_on_one_side or find_key(key).fragment is not None
        if not may_omit or any(value and not isinstance(value, Omitted) for value in difference):
            yield key, difference


def marked_values(change: Change) -> Iterator[tuple[str, Difference]]:
    """The values to show, with a mark on those that the diagram does not state."""
    for key, (before, after) in values(change):
        yield (
            key,
            Difference(
                marked_as_assumed(before) if key in change.old_assumed else before,
                marked_as_assumed(after) if key in change.new_assumed else after,
            ),
        )


def errors(change: Change) -> Iterator[str]:
    """Why a diagram could not be measured, for each side."""
    for side, error in change.errors.items():
        yield f"not measured {side}: {_reason(error)}"


def _reason(error: DocumentError) -> str:
    line = "" if error.line is None else f"line {error.line}: "
    return f"{error.type}: {line}{truncated(error.message, MAX_CHARACTERS)}"


def shown_key(key: str) -> str:
    """A key for people: that of a member of an open map has a name from a diagram."""
    return truncated(key, MAX_CHARACTERS)


def shown(value: Any) -> str:
    """A value of a payload, for people."""
    if isinstance(value, Omitted):
        return NO_VALUE
    if value is None:
        return NO_VERSION
    return truncated(shown_value(value), MAX_CHARACTERS) or (NO_VERSION if value == [] else "")


def step(difference: Difference) -> str:
    """How much a number grew, with its sign; empty for other values."""
    growth = difference.step
    if not growth:
        return ""
    return f"{growth:+,}" if isinstance(growth, int) else f"{growth:+.4g}"
