"""The report of a diagram: what it says beside the payload."""

from __future__ import annotations

import pytest
from support.diagrams import NAMESPACES, ZEEBE, process
from support.states import DMN, FORM, OTHER_FORM, platform

from metrics import scan


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
