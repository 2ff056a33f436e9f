"""The report of a diagram: what it says beside the payload."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest
from support.diagrams import NAMESPACES, ZEEBE, process
from support.states import DMN, FORM, NO_FORM, OTHER_FORM, platform

from metrics import ErrorType, Kind, Report, scan
from metrics.catalog.execution_platform import ExecutionPlatform

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("name", "content", "is_assumed"),
    [
        ("a.bpmn", process(""), True),
        ("a.bpmn", process("", namespaces=f'{NAMESPACES} xmlns:zeebe="{ZEEBE}"'), True),
        ("a.bpmn", process("", namespaces=platform('"Camunda Platform"')), False),
        ("a.bpmn", process("", namespaces=platform('"Camunda Platform"', "7.20.0")), False),
        ("a.dmn", DMN, True),
        ("a.form", FORM, True),
        ("a.form", OTHER_FORM, False),
        ("a.form", b'{"executionPlatformVersion": "7.20.0"}', False),
        # Its payload is that of a form that names no platform.
        ("a.form", b'{"executionPlatform": "Camunda Platform"}', True),
        ("a.bpmn", b"<", False),
    ],
)
def test_platform_that_is_assumed(name: str, content: bytes, is_assumed: bool) -> None:
    expected = {"executionPlatform"} if is_assumed else set()
    assert scan(content, name=name).assumed_keys == expected


CONFLICT = b"\n<<<<<<< HEAD\n=======\n>>>>>>> main\n"


@pytest.mark.parametrize(
    ("name", "content", "type"),
    [
        ("a.bpmn", b"", ErrorType.MALFORMED),
        ("a.bpmn", b"<", ErrorType.MALFORMED),
        ("a.bpmn", process("< 3"), ErrorType.MALFORMED),
        ("a.bpmn", process("") + b"< 3", ErrorType.MALFORMED),
        ("a.bpmn", process("<bpmn:task>"), ErrorType.MALFORMED),
        ("a.bpmn", b"<a b='><c/></a>", ErrorType.MALFORMED),
        ("a.bpmn", process(CONFLICT.decode()), ErrorType.MALFORMED),
        ("a.bpmn", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a/>", ErrorType.FORBIDDEN),
        ("a.bpmn", b"<html/>", ErrorType.UNSUPPORTED),
        ("a.bpmn", b"PK\x03\x04", ErrorType.UNSUPPORTED),
        ("a.bpmn", b"<a>" * 300 + b"</a>" * 300, ErrorType.TOO_LARGE),
        ("a.form", b"{", ErrorType.MALFORMED),
        ("a.form", CONFLICT, ErrorType.MALFORMED),
        ("a.form", b"<html>", ErrorType.UNSUPPORTED),
        ("a.form", NO_FORM, ErrorType.UNSUPPORTED),
    ],
)
def test_error_keeps_nothing_of_the_diagram(name: str, content: bytes, type: ErrorType) -> None:
    # The first time, modules are imported.
    error = scan(content, name=name).error
    assert error is not None
    assert error.type is type
    assert (error.__traceback__, error.__context__, error.__cause__) == (None, None, None)
    # Another thread of the tests may leave cycles at the same time, but not each time.
    assert 0 in (cycles_of(lambda: scan(content, name=name)) for _ in range(5))


def cycles_of(work: Callable[[], object]) -> int:
    """The number of objects that are in cycles after some work."""
    gc.collect()
    gc.disable()
    try:
        work()
        return gc.collect()
    finally:
        gc.enable()


def test_error_leaves_other_exceptions_alone() -> None:
    try:
        raise LookupError
    except LookupError as error:
        handled = error
        assert scan(b"<").error is not None
    assert handled.__traceback__ is not None


@pytest.mark.parametrize("version", [2**70, "\ud800"])
def test_payload_with_what_orjson_refuses(version: str | int) -> None:
    blocks = {"execution_platform": ExecutionPlatform("Camunda Cloud", version)}
    payload = Report("a.form", Kind.FORM, blocks).payload()
    assert payload == {
        "diagramType": "form",
        "executionPlatform": "Camunda Cloud",
        "executionPlatformVersion": version,
    }


def test_payload_is_made_anew_each_time() -> None:
    report = scan(process("<bpmn:userTask/>"))
    report.payload()["diagramMetrics"]["tasks"]["userTask"]["count"] = 5
    assert report.payload()["diagramMetrics"]["tasks"]["userTask"]["count"] == 1
