"""Hostile and malformed input: a mutated diagram has a payload or a documented error, in time.

    METRICS_FUZZ=100000 python -m pytest tests/test_fuzz.py

runs that many inputs; by default a few thousand, the same each time.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import generate
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metrics import ErrorType, Report, scan

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.slow

FIXTURES = Path(__file__).parent / "fixtures"
SHAPES = [
    path.read_bytes()
    for pattern in ("*.bpmn", "*.dmn", "*.form")
    for path in sorted(FIXTURES.rglob(pattern))
]
INPUTS = int(os.environ.get("METRICS_FUZZ", "2500"))
# Processor time, since the machine may be busy.
SECONDS_PER_MEGABYTE = 1
TIMES_ITS_SIZE = 10

# Text with a meaning for parsers, recovery or the metrics.
TOKENS = [
    *(
        b"<",
        b">",
        b"</",
        b"/>",
        b'"',
        b"'",
        b"&",
        b";",
        b"=",
        b"<!--",
        b"-->",
        b"<![CDATA[",
        b"]]>",
    ),
    *(b"<?xml version='1.0' encoding='utf-16'?>", b"<?", b"?>", b"&#0;", b"&#x110000;", b"&lt;"),
    *(b"\0", b"\xff", b"\xef\xbb\xbf", b"\xff\xfe", b"\xed\xa0\x80", b"\xc3", b"\r", b"\n", b"\t"),
    *(b' id="a"', b" id=''", b' xmlns="x"', b' xmlns:bpmn=""', b" xmlns:a='b c'", b"bpmn:", b":"),
    *(b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"<!DOCTYPE a SYSTEM 'b'>", b"<!ATTLIST a b CDATA 'c'>"),
    *(b"<bpmn:process>", b"</bpmn:process>", b"<bpmn:subProcess>", b"<bpmn:userTask/>"),
    *(b"<bpmn:extensionElements>", b"<camunda:formData>", b"<zeebe:ioMapping>", b"<a:b/>"),
    *(b' camunda:resultVariable="a"', b' zeebe:modelerTemplate="t"', b' camunda:formKey="app:x"'),
    *(b"{", b"}", b"[", b"]", b'{"a":', b"1e999", b"-0", b'"\\ud800"', b"NaN", b"null", b"\\"),
]


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A fixture with tokens inserted, and parts removed, repeated, moved or replaced."""
    content = bytearray(draw(st.sampled_from(SHAPES)))
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(content)))
        end = min(len(content), start + draw(st.sampled_from([0, 1, 2, 5, 20, 100, 1000])))
        match draw(st.integers(0, 4)):
            case 0:
                content[start:start] = draw(st.sampled_from(TOKENS))
            case 1:
                del content[start:end]
            case 2:
                content[end:end] = content[start:end] * draw(st.integers(1, 20))
            case 3:
                target = draw(st.integers(0, len(content)))
                content[target:target] = content[start:end]
            case 4:
                content[start:end] = draw(st.sampled_from(SHAPES))[start:end]
    return bytes(content)


def check(report: Report) -> None:
    """Check that a report has a payload that can be printed, or a documented error."""
    printed = json.loads(json.dumps(report.payload()))
    if report.error is None:
        assert printed["diagramType"] == report.kind
    else:
        assert report.error.type in set(ErrorType) - {ErrorType.TIMEOUT, ErrorType.CRASHED}
        assert report.error.message
        assert report.error.line is None or report.error.line >= 1


@settings(
    max_examples=INPUTS,
    derandomize=True,
    deadline=1000 * SECONDS_PER_MEGABYTE,
    suppress_health_check=list(HealthCheck),
    database=None,
)
@given(mutated(), st.sampled_from(["a.bpmn", "a.dmn", "a.form", None]))
def test_mutated(content: bytes, name: str | None) -> None:
    check(scan(content, name=name))


def megabyte() -> bytes:
    """A diagram of a megabyte that resembles real ones."""
    return generate.diagram(1, 950).encode()


FORM_FIELD = {
    "type": "textfield",
    "label": "The sum of the order, with all taxes",
    "id": "Field_0g7yc2h",
    "key": "amount",
    "layout": {"row": "Row_1", "columns": None},
    "validate": {"required": True, "minLength": 1},
    "description": "As it stands on the bill",
}
CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "none": lambda content: content,
    "ampersands": lambda content: content.replace(b'name="', b'name="&'),
    "an ampersand or an opening a word": lambda content: content.replace(b"the ", b"&the < "),
    "a missing blank": lambda content: content.replace(b'" ', b'"', 1),
    "a wrong encoding": lambda content: content.replace(b"clerk", b"cl\xe4rk"),
    "wide characters": lambda content: content.replace(b"clerk", b"\xf0\x9f\x98\x80&"),
    "no ends": lambda content: content.replace(b"</", b"<"),
    "no end": lambda content: content[:-20],
    "an attribute without quotes": lambda content: content.replace(b'x="', b"x=", 30),
    "one id": lambda content: re.sub(rb' id="[^"]*"', b' id="a"', content),
    "each id twice": lambda content: re.sub(rb' id="[^"]*(.)"', rb' id="a\1"', content),
    "UTF-16": lambda content: content.decode().replace("UTF-8", "UTF-16").encode("utf-16"),
    "default values of attributes": lambda content: content.replace(
        b"<bpmn:definitions",
        b"<!DOCTYPE a [<!ATTLIST a %s>]><bpmn:definitions"
        % b"".join(b"xmlns:b%d CDATA 'u' " % number for number in range(20_000)),
        1,
    ),
    "planes of a deep sub-process": lambda content: content.replace(
        b"<bpmndi:BPMNDiagram",
        b"<bpmn:process>%s<bpmn:subProcess id='deep'/>%s</bpmn:process>"
        % (b"<bpmn:subProcess>" * 2000, b"</bpmn:subProcess>" * 2000)
        + 5000
        * (
            b"<bpmndi:BPMNDiagram><bpmndi:BPMNPlane bpmnElement='deep'><bpmndi:BPMNEdge/>"
            b"</bpmndi:BPMNPlane></bpmndi:BPMNDiagram>"
        )
        + b"<bpmndi:BPMNDiagram",
        1,
    ),
    "undeclared prefixes": lambda content: content.replace(b"xmlns:", b"xmlsn:"),
    "as a form": lambda _: json.dumps({"components": [FORM_FIELD] * 5_000}).encode(),
}

MEASURE = """
import json, re, sys, time
from metrics import scan
import metrics.reading.repair
import orjson
content = sys.stdin.buffer.read()
def held():
    # Unlike what the system says of a process that has ended, this is not its parent's.
    with open("/proc/self/status") as file:
        return 1024 * int(re.search(r"VmHWM:\\s*([0-9]+)", file.read())[1])
scan(content[:30_000])
before, start = held(), time.process_time()
report = scan(content)
json.dump([time.process_time() - start, held() - before, report.payload()], sys.stdout)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc/self/status")
@pytest.mark.parametrize("change", CHANGES)
def test_a_megabyte(change: str) -> None:
    content = CHANGES[change](megabyte())
    result = subprocess.run(
        [sys.executable, "-c", MEASURE], input=content, capture_output=True, check=True
    )
    seconds, held, payload = json.loads(result.stdout)
    assert seconds < SECONDS_PER_MEGABYTE * max(1, len(content) / 1_000_000)
    assert held < TIMES_ITS_SIZE * len(content)
    assert payload.keys() & {"diagramType", "error"}


def test_many_attributes_of_a_templated_element() -> None:
    attributes = b" ".join(b'camunda:a%d=""' % number for number in range(50_000))
    content = megabyte().replace(
        b"<bpmn:process ", b'<bpmn:process camunda:modelerTemplate="a" %s ' % attributes, 1
    )
    start = time.process_time()
    report = scan(content)
    assert time.process_time() - start < SECONDS_PER_MEGABYTE * len(content) / 1_000_000
    assert report.element_templates is not None
    assert len(report.element_templates[0].properties) == 50_000
