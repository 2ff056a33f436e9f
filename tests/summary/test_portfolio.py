"""Summaries of reports, by the function of the library."""

from __future__ import annotations

import statistics
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.diagrams import process

from metrics import Report, scan, summarize
from metrics.blocks import Omitted, to_json

USER_TASKS = "diagramMetrics.tasks.userTask.count"
TASK = "<bpmn:userTask/>"
EMBEDDED_TASK = '<bpmn:userTask camunda:formKey="embedded:a"/>'


def percentile_90(values: list[int]) -> float:
    """The 90th percentile, by Python's own library."""
    if len(values) == 1:
        return values[0]
    return statistics.quantiles(values, n=10, method="inclusive")[8]


def named_report(file: str, source: bytes) -> Report:
    """The report of a diagram with a name."""
    report = scan(source)
    return Report(file, report.kind, report.blocks)


@given(st.lists(st.integers(0, 40), max_size=30))
def test_numbers_are_those_of_the_reports(counts: list[int]) -> None:
    reports = [scan(process(TASK * count)) for count in counts]
    number = summarize(reports).numbers[USER_TASKS]
    assert number.sum == sum(counts)
    assert number.maximum == max(counts, default=None)
    if counts:
        assert number.median == statistics.median(counts)
        assert number.percentile_90 == pytest.approx(percentile_90(counts))
    else:
        assert (number.median, number.percentile_90) == (None, None)


@given(st.permutations(range(12)))
def test_order_changes_no_number(order: list[int]) -> None:
    sources = [EMBEDDED_TASK * (number % 4) + TASK * (number % 3) for number in range(12)]
    reports = [named_report(str(number), process(sources[number])) for number in order]
    summary = to_json(summarize(reports))
    expected = to_json(summarize(sorted(reports, key=lambda report: report.file or "")))
    for record in (summary, expected):
        for number in record["numbers"].values():
            # Of equal values, the first ten files are listed.
            number["most"] = [diagram["value"] for diagram in number["most"]]
    assert summary == expected


@pytest.mark.parametrize("diagrams", [1100, 2200])
@pytest.mark.parametrize("by", ["folder", "folder:1", "platform", "version"])
def test_groups_are_bounded(by: str, diagrams: int) -> None:
    reports = [
        replace(
            scan(b'{"executionPlatform": "P%d", "executionPlatformVersion": "7"}' % number),
            file=f"{number}/a.form",
        )
        # From the largest: the names of the first groups are not the first names.
        for number in range(diagrams, 0, -1)
    ]
    # A group that is there grows on, also after the last new one.
    groups = summarize([*reports, reports[0]], by=by).groups
    assert not isinstance(groups, Omitted)
    assert len(groups) == 1001
    assert groups["(others)"].diagrams == diagrams - 1000
    kept = {int(name.split()[0].removeprefix("P")) for name in groups if name != "(others)"}
    assert kept == {*range(diagrams, diagrams - 1000, -1)}
    assert sum(group.diagrams for group in groups.values()) == diagrams + 1


def test_unmeasured_diagrams_are_never_in_the_group_of_others() -> None:
    reports = [scan(b'{"executionPlatform": "P%d"}' % number) for number in range(1001)]
    groups = summarize([*reports, scan(b"<")], by="platform").groups
    assert not isinstance(groups, Omitted)
    assert len(groups) == 1002
    assert (groups["(others)"].diagrams, groups["(not measured)"].failed) == (1, 1)


@pytest.mark.parametrize("arguments", [{"by": "owner"}, {"fragments": ["owner"]}])
def test_unknown_names_are_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="owner"):
        summarize([], **arguments)


def test_message_for_an_unknown_grouping() -> None:
    with pytest.raises(ValueError, match="no grouping is named 'owner'"):
        summarize([], by="owner")
