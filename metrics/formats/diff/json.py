"""JSON for tools: one object with all changes and the totals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import orjson

from metrics.blocks import OMITTED, Omitted, block_class, described, to_json
from metrics.diff.comparison import Reason  # noqa: TC001 - the fields of a block
from metrics.diff.pairs import Status
from metrics.formats.text import dumps
from metrics.reading.sources import printable
from metrics.report import ErrorBlock, error_block

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metrics.diff.comparison import Change, Comparison, Difference
    from metrics.reading.errors import DocumentError

ComparedValue = float | str | bool | tuple[Any, ...] | None


@block_class
class StatusCounts:
    """The number of diagrams by status."""

    added: int = described("Diagrams that only the new side has")
    removed: int = described("Diagrams that only the old side has")
    renamed: int = described("Diagrams with another path on the new side")
    changed: int = described("Diagrams with other values on the new side")
    unmeasured: int = described("Diagrams on both sides that could not be measured on one of them")
    changed_otherwise: int | Omitted = described(
        "Diagrams whose content differs, but none of their values; omitted if there are none"
    )
    unchanged: int = described("Diagrams that are not known to differ")


@block_class
class ErrorsRecord:
    """Why a diagram could not be measured, for each side."""

    before: ErrorBlock | Omitted = described("The error on the old side")
    after: ErrorBlock | Omitted = described("The error on the new side")


@block_class
class DifferenceRecord:
    """A value on both sides."""

    before: ComparedValue | Omitted = described(
        "The value on the old side; omitted if that side does not have it"
    )
    after: ComparedValue | Omitted = described(
        "The value on the new side; omitted if that side does not have it"
    )


@block_class
class ChangeRecord:
    """A diagram that changed."""

    status: Status = described("How it changed")
    file: str = described("The path of the diagram")
    old_file: str | Omitted = described("Its path on the old side, if that differs")
    errors: ErrorsRecord | Omitted = described("Why it could not be measured; omitted if it was")
    values: Mapping[str, DifferenceRecord] = described("The values that differ, by their keys")


@block_class
class NotComparedRecord:
    """A fragment of our own that is not compared in some diagrams."""

    fragment: str = described("The name of the fragment")
    reason: Reason = described(
        "Why: `missing` if only one side has it, `otherRules` if the sides were counted by"
        " different versions of its rules"
    )
    diagrams: int = described("The number of these diagrams")


@block_class
class DiffRecord:
    """The changes between two states of diagrams."""

    old: str = described("The name of the old side")
    new: str = described("The name of the new side")
    diagrams: StatusCounts = described("The number of diagrams by status")
    changes: tuple[ChangeRecord, ...] = described("The diagrams that changed, sorted by path")
    totals: Mapping[str, DifferenceRecord] = described(
        "The sums over the diagrams whose values differ, by the keys of the numbers"
    )
    not_compared: tuple[NotComparedRecord, ...] | Omitted = described(
        "Fragments of our own that are not compared; omitted if there are none"
    )


COUNTED_ALWAYS: Final = tuple(status for status in Status if status is not Status.CHANGED_OTHERWISE)


def json(comparison: Comparison, is_terminal: bool) -> Iterator[bytes]:
    """Print the object, indented."""
    record = DiffRecord(
        printable(comparison.old),
        printable(comparison.new),
        StatusCounts(
            **{status.value: comparison.count(status) for status in COUNTED_ALWAYS},
            changed_otherwise=comparison.count(Status.CHANGED_OTHERWISE) or OMITTED,
            unchanged=comparison.unchanged,
        ),
        tuple(map(_change, comparison.changes)),
        _values(comparison.totals),
        tuple(NotComparedRecord(*each) for each in comparison.not_compared) or OMITTED,
    )
    yield dumps(to_json(record), orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _change(change: Change) -> ChangeRecord:
    errors = ErrorsRecord(_error(change.old_error), _error(change.new_error))
    return ChangeRecord(
        change.status,
        printable(change.file),
        OMITTED if change.old_file is None else printable(change.old_file),
        errors if change.errors else OMITTED,
        _values(change.values),
    )


def _error(error: DocumentError | None) -> ErrorBlock | Omitted:
    return OMITTED if error is None else error_block(error)


def _values(values: Mapping[str, Difference]) -> dict[str, DifferenceRecord]:
    return {key: DifferenceRecord(*difference) for key, difference in values.items()}
