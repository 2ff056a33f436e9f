"""JSON: one object with the whole result of a check."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

import orjson

from metrics.blocks import OMITTED, Omitted, block_class, described, to_json
from metrics.formats.check.content import printed_path
from metrics.formats.explain.json import item_record
from metrics.formats.text import dumps
from metrics.reading.sources import printable
from metrics.summary.model import Failure, LargestDiagram

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metrics.checks.result import CheckResult, Improvement, Violation

LimitedValue = float | str | None
"""A value that can have a limit; None for a missing version."""


@block_class
class ElementRecord:
    """An element of a diagram; it has the keys that are known."""

    kind: str | Omitted = described("The kinds that it counts as, if its number has several")
    type: str | Omitted = described("The type, as the Modeler writes it")
    id: str | Omitted = described("The id")
    name: str | Omitted = described("The name")
    line: int | Omitted = described("The line in which it begins")


ItemValue = str | float | ElementRecord | tuple[ElementRecord, ...] | None


@block_class
class ViolationRecord:
    """A diagram or a total that breaks a limit."""

    file: str | Omitted = described("The path of the diagram; omitted for a total")
    configuration: str | Omitted = described("The file that sets the limit of a total")
    key: str = described("The key of the value")
    limit: str = described("The operator and the value of the limit")
    value: LimitedValue = described("The value; null for a missing version")
    items: tuple[Mapping[str, ItemValue], ...] | Omitted = described(
        "The first elements that the value counts, as `metrics explain` prints them; omitted for a"
        " total"
    )
    most: tuple[LargestDiagram, ...] | Omitted = described(
        "The diagrams with the largest values, at most ten; omitted for a diagram"
    )


@block_class
class ImprovementRecord:
    """A value that is better than in the baseline."""

    file: str | Omitted = described("The path of the diagram; omitted for a total")
    key: str = described("The key of the value")
    baseline: LimitedValue = described("The value in the baseline")
    value: LimitedValue | Omitted = described(
        "The value now; omitted if the payload no longer has it"
    )
    gone: Literal[True] | Omitted = described(
        "True if the diagram no longer exists, or the total has no limit"
    )
    tolerated: bool | Omitted = described(
        "Whether the value still breaks a limit; omitted if it is `gone`"
    )


@block_class
class CheckRecord:
    """The result of a check."""

    diagrams: int = described("All diagrams")
    measured: int = described("Diagrams that were measured")
    failed: int = described("Diagrams that could not be measured")
    tolerated: int = described("Violations that the baseline tolerates")
    not_applied: Mapping[str, int] | Omitted = described(
        "Diagrams in which a limited number is null, so that its limit did not apply, by the key;"
        " omitted if there are none"
    )
    unlimited: int | Omitted = described(
        "Measured diagrams that have no limit; omitted if there are none"
    )
    gone: int | Omitted = described(
        "Values in the baseline of missing diagrams and of totals without a limit; omitted if there"
        " are none"
    )
    violations: tuple[ViolationRecord, ...] = described(
        "The violations of diagrams, then those of totals"
    )
    improvements: tuple[ImprovementRecord, ...] = described(
        "Values better than in the baseline, including the first ten of missing diagrams and the"
        " first ten of totals without a limit"
    )
    failures: tuple[Failure, ...] = described("The diagrams that could not be measured")


def json(result: CheckResult, is_terminal: bool) -> Iterator[bytes]:
    """The object, indented."""
    record = CheckRecord(
        result.diagrams,
        len(result.files),
        len(result.failures),
        result.tolerated,
        result.not_applied or OMITTED,
        result.unlimited or OMITTED,
        result.gone or OMITTED,
        tuple(map(_violation, result.violations)),
        tuple(map(_improvement, result.improvements)),
        tuple(
            Failure.of(report.name, report.error)
            for report in result.failures
            if report.error is not None
        ),
    )
    yield dumps(to_json(record), orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _violation(violation: Violation) -> ViolationRecord:
    file, limit, value, items, contributions, configuration, _ = violation
    return ViolationRecord(
        printed_path(file),
        printed_path(configuration),
        limit.key,
        limit.condition,
        value,
        OMITTED if file is None else tuple(map(item_record, items)),
        tuple(LargestDiagram(printable(name), number) for name, number in contributions)
        if file is None
        else OMITTED,
    )


def _improvement(improvement: Improvement) -> ImprovementRecord:
    file, key, baseline, value, is_tolerated, is_gone, _ = improvement
    return ImprovementRecord(
        printed_path(file),
        key,
        baseline,
        value,
        True if is_gone else OMITTED,
        OMITTED if is_gone else is_tolerated,
    )
