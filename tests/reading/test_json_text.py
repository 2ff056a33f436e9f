"""JSON text, as forms have it."""

from __future__ import annotations

import pytest

from metrics import ErrorType, scan


@pytest.mark.parametrize(
    ("source", "type"),
    [
        (b"null", ErrorType.UNSUPPORTED),
        (b"[]", ErrorType.UNSUPPORTED),
        (b'{"a":\n}', ErrorType.MALFORMED),
        (b"", ErrorType.MALFORMED),
        (b'{"a": NaN}', ErrorType.MALFORMED),
        (b"[" * 100_000 + b"]" * 100_000, ErrorType.TOO_LARGE),
    ],
)
def test_form_that_is_refused(source: bytes, type: ErrorType) -> None:
    error = scan(source, name="a.FORM").error
    assert error is not None
    assert error.type is type


@pytest.mark.parametrize("value", [b"1e999", b"9" * 5000, rb'"\ud800"', b"[" * 200 + b"]" * 200])
def test_form_that_only_javascript_reads(value: bytes) -> None:
    source = b'{"components": %b, "executionPlatform": "Camunda Cloud"}' % value
    assert scan(source).payload()["executionPlatform"] == "Camunda Cloud"


def test_form_with_half_a_surrogate_pair_for_a_platform() -> None:
    assert scan(rb'{"executionPlatform": "a\ud800"}').payload()["executionPlatform"] == "a?"


def test_position_of_a_fault_in_a_form() -> None:
    error = scan(b'{"a":\n}', name="a.form").error
    assert error is not None
    assert (error.line, error.column) == (2, 1)
