"""The gate as a library: its arguments, and what it checks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.checking import EMBEDDED, NONE, USER_TASKS, VERSION, embedded, write

from metrics import Gate, scan
from metrics.checks.configuration import Configuration, read_configuration
from metrics.checks.limits import Limit, parse

if TYPE_CHECKING:
    from pathlib import Path

    from metrics import Report

NO_CONFIGURATION = Configuration()


def report(count: int) -> Report:
    """The report of a diagram with some embedded forms."""
    return scan(embedded(count), name=f"{count}.bpmn")


def violations(gate: Gate, *counts: int) -> list[tuple[str | None, str, object]]:
    """The file, key and value of each violation of diagrams with some embedded forms."""
    result = gate.judge(report(count) for count in counts)
    return [
        (violation.file, violation.limit.key, violation.value) for violation in result.violations
    ]


@pytest.mark.parametrize("limit", [NONE, parse(NONE), Limit(EMBEDDED, "<=", (0,))])
def test_limits_are_texts_or_objects(limit: str | Limit) -> None:
    gate = Gate([limit], configuration=NO_CONFIGURATION)
    assert violations(gate, 1, 0) == [("1.bpmn", EMBEDDED, 1)]


@pytest.mark.parametrize("limit", [f"{EMBEDDED} < 3", Limit(EMBEDDED, "<", (3,))])
def test_totals_are_texts_or_objects(limit: str | Limit) -> None:
    gate = Gate(totals=[limit], configuration=NO_CONFIGURATION)
    assert violations(gate, 2, 1) == [(None, EMBEDDED, 3)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"limits": ["x <= 3"]}, "No payload has the value 'x'."),
        ({"limits": [EMBEDDED]}, f"'{EMBEDDED}' is not a limit"),
        ({"totals": ["x <= 3"]}, "No payload has the value 'x'."),
        ({"totals": [f"{VERSION} >= 8"]}, f"{VERSION} is not a number, so it has no total."),
        ({"totals": [parse(f"{VERSION} >= 8")]}, f"{VERSION} is not a number"),
    ],
)
def test_wrong_limits_are_refused(arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Gate(**arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        {"limits": NONE},
        {"totals": NONE},
        {"limits": parse(NONE)},
        {"limits": [3]},
        {"configuration": "metrics.toml"},
        {"baseline": "baseline.ndjson"},
    ],
)
def test_wrong_types_are_refused(arguments: Any) -> None:
    with pytest.raises(TypeError):
        Gate(**arguments)


def test_checks_are_independent() -> None:
    gate = Gate([NONE], [f"{EMBEDDED} <= 3"], configuration=NO_CONFIGURATION)
    assert violations(gate, 2) == violations(gate, 2) == [("2.bpmn", EMBEDDED, 2)]


def test_configuration_applies_to_all_diagrams(tmp_path: Path) -> None:
    path = tmp_path / "limits.toml"
    write(tmp_path, {"limits.toml": f'limits.{EMBEDDED} = "<= 1"\ntotal.{USER_TASKS} = "< 3"'})
    gate = Gate([f"{USER_TASKS} != 1"], configuration=read_configuration(str(path), ""))
    assert violations(gate, 2, 1) == [
        ("2.bpmn", EMBEDDED, 2),
        ("1.bpmn", USER_TASKS, 1),
        (None, USER_TASKS, 3),
    ]


def test_limit_twice_is_one_violation_without_a_version() -> None:
    limits = [f"{VERSION} >= 8", f"{VERSION} >= 8", f"{VERSION} < 9"]
    gate = Gate(limits, configuration=NO_CONFIGURATION)
    assert violations(gate, 1) == [("1.bpmn", VERSION, None)]
