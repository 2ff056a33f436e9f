"""Documents that are read, and those that are refused."""

from __future__ import annotations

import re
import time
from itertools import cycle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.diagrams import BPMN, ZEEBE, definitions, process
from support.reports import TASK, embedded_forms, warnings_of

from metrics import ErrorType, Kind, scan
from metrics.reading.document import read

ENDS = ["\r", "\n", "\r\n", "\r\r\n", "\n\r", " "]
ENCODINGS = ["utf-8", "utf-16", "windows-1251", "shift_jis"]


class TestLines:
    """The line of an element is where its tag begins."""

    def test_beyond_line_65535(self) -> None:
        source = process("\n" * 70_000 + TASK + "\n" * 1000 + TASK)
        assert [line for line, _ in warnings_of(source)] == [71_003]

    def test_many_elements_on_a_long_line(self) -> None:
        def seconds(length: int) -> float:
            document = read(process("x" * length + TASK * 2000))
            assert document.root is not None
            elements = [*document.root.iter("{*}userTask")]
            start = time.process_time()
            assert {*document.lines(elements).values()} == {3}
            return time.process_time() - start

        # The line is searched once, not for each element.
        assert min(seconds(400_000) for _ in range(3)) < 5 * seconds(20_000) + 0.05

    @pytest.mark.parametrize(
        "encoding",
        ["windows-1251", "utf-16", "iso-8859-15", "shift_jis", "gb18030", "euc-jp", "utf-32"],
    )
    def test_lines_in_other_encodings(self, encoding: str) -> None:
        declaration = f'<?xml version="1.0" encoding="{encoding}"?>\n'
        task = TASK.replace(" ", "\n")
        source = process(f"{task}\n{task}").decode()
        assert [line for line, _ in warnings_of((declaration + source).encode(encoding))] == [7]

    @pytest.mark.parametrize("name", [b"a\xff", "\u2c00x".encode()])
    @pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
    def test_lines_after_unusual_names(self, name: bytes, end: bytes) -> None:
        task = TASK.replace(" ", "\n").encode()
        source = process(f"{TASK}\n").replace(TASK.encode(), TASK.encode() + b"\n" + task)
        source = source.replace(b"<bpmn:process ", b"<bpmn:process " + name + b'="1" ', 1)
        warnings = warnings_of(source.replace(b"\n", end))
        # A carriage return alone ends no line.
        expected = [1] if end == b"\r" else [4]
        assert [
            line for line, message in warnings if "skipped with its content" in message
        ] == expected

    @given(st.lists(st.sampled_from(ENDS), min_size=8, max_size=30), st.sampled_from(ENCODINGS))
    def test_lines_end_at_line_feeds_only(self, ends: list[str], encoding: str) -> None:
        tags = [f'<bpmn:task{end}id="T"{end}/>' for end in ends[4:]]
        content = "".join(f"<!--{end}-->{tag}{end}" for tag, end in zip(tags, cycle(ends)))
        declaration = f'<?xml version="1.0"{ends[0]}encoding="{encoding}"?>{ends[1]}'
        text = declaration + process(content).decode().replace("\n", ends[2])
        document = read(text.encode(encoding))
        assert document.root is not None
        elements = [*document.root.iter("{*}task")]
        starts = [match.start() for match in re.finditer("<bpmn:task", text)]
        assert [document.lines(elements)[element] for element in elements] == [
            text.count("\n", 0, start) + 1 for start in starts
        ]

    @given(st.lists(st.sampled_from(ENDS), min_size=3, max_size=20))
    def test_lines_of_warnings_about_repairs(self, ends: list[str]) -> None:
        content = "".join(f'<bpmn:task{end} name="a" name="b"/>{end}' for end in ends)
        text = process(content).decode().replace("\n", ends[0])
        starts = [match.start() for match in re.finditer('name="b"', text)]
        lines = [line for line, message in warnings_of(text.encode()) if "duplicate" in message]
        assert lines == [text.count("\n", 0, start) + 1 for start in starts]

    @given(st.lists(st.sampled_from(ENDS), max_size=20).map("".join))
    def test_lines_of_errors(self, ends: str) -> None:
        line = ends.count("\n") + 1
        start = f'<definitions xmlns="{BPMN}">'
        # The first is an error of libxml2, the second one of the repair.
        for name, text in {
            "a.bpmn": f"{start}{ends}<task></definitions>",
            "b.bpmn": f"{start}{ends}<!-- never ends",
            "c.form": f'{{{ends}"a" 1}}',
        }.items():
            error = scan(text.encode(), name=name).error
            assert error is not None
            assert error.line == line

    def test_lines_after_a_broken_namespace_name(self) -> None:
        source = process(f"{TASK}\n{TASK}").replace(b"<bpmn:d", b"<bpmn:d", 1)
        source = source.replace(b" xmlns:camunda", b' xmlns:x="http://x\n/y z" xmlns:camunda', 1)
        warnings = warnings_of(source)
        assert [line for line, message in warnings if "skipped with its content" in message] == [5]


class TestRefusedFiles:
    """A file that cannot be measured has an error with its type and position."""

    @pytest.mark.parametrize(
        ("source", "line", "column"),
        [
            (process("<bpmn:task>"), 4, 16),
            (process(TASK)[:-3], 5, 1),
            (process('<bpmn:task name="'), 5, 20),
            (process("<!-- never ends"), 3, 1),
            (process("<![CDATA[ never ends"), 3, 1),
            (process("a < b"), 3, 3),
            (b"", None, None),
            (b"no diagram", None, None),
            (b"<foo //>", 1, 6),
            (b"no\ndiagram\n", 1, 1),
            (b"\n\nno diagram\n", 3, 1),
        ],
    )
    def test_malformed(self, source: bytes, line: int | None, column: int | None) -> None:
        error = scan(source, name="x.bpmn").error
        assert error is not None
        assert error.type is ErrorType.MALFORMED
        if line is not None:
            assert (error.line, error.column) == (line, column)

    @pytest.mark.parametrize(
        "source",
        [
            b"<html/>",
            b'<definitions xmlns="http://schema.omg.org/spec/BPMN/2.0"/>',
            b"<definitions/>",
            b'<definitions xmlns="http://www.omg.org/spec/BPMN/20990101/MODEL"/>',
            b'<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/model"/>',
            f'<process xmlns="{BPMN}"/>'.encode(),
        ],
    )
    def test_unsupported(self, source: bytes) -> None:
        error = scan(source).error
        assert error is not None
        assert error.type is ErrorType.UNSUPPORTED

    def test_another_namespace_is_named_beside_that_of_bpmn(self) -> None:
        other = "http://www.omg.org/spec/BPMN/20100501/BPMN20.xsd"
        error = scan(f'<definitions xmlns="{other}"/>'.encode()).error
        assert error is not None
        assert error.message == (
            f"not a BPMN or DMN diagram: the root is <definitions> in the namespace {other},"
            f" but that of BPMN is {BPMN}"
        )

    def test_every_namespace_of_dmn_is_measured(self) -> None:
        source = b'<definitions xmlns="http://www.omg.org/spec/DMN/20990101/MODEL/"/>'
        assert scan(source).kind is Kind.DMN


@pytest.mark.slow
class TestExtremes:
    """Large and deep diagrams are measured, or refused."""

    def test_sub_processes_nested_1000_deep(self) -> None:
        depth = 1000
        opened = "".join(f'<bpmn:subProcess id="S{n}">' for n in range(depth))
        plane = (
            f'<bpmndi:BPMNDiagram><bpmndi:BPMNPlane bpmnElement="S{depth - 1}">'
            "<bpmndi:BPMNShape/></bpmndi:BPMNPlane></bpmndi:BPMNDiagram>"
        )
        body = f'<bpmn:process id="P">{opened}{TASK}{"</bpmn:subProcess>" * depth}</bpmn:process>'
        report = scan(definitions(body + plane))
        assert embedded_forms(report) == 1
        assert report.diagram_metrics is not None
        assert report.diagram_metrics.subprocess_planes.nesting == depth

    def test_deeper_than_the_parser_allows(self) -> None:
        depth = 100_000
        source = process("<bpmn:subProcess>" * depth + "</bpmn:subProcess>" * depth)
        error = scan(source).error
        assert error is not None
        assert error.type is ErrorType.TOO_LARGE

    def test_100_000_flow_elements(self) -> None:
        tasks = "".join(
            f'<bpmn:userTask id="T{n}" camunda:formKey="app:x"/>\n' for n in range(100_000)
        )
        report = scan(process(tasks))
        assert (
            report.payload()["diagramMetrics"]["tasks"]["userTask"]["form"]["external"] == 100_000
        )

    @pytest.mark.parametrize("size", [9_000_000, 11_000_000])
    def test_attribute_of_10_megabytes(self, size: int) -> None:
        assert embedded_forms(scan(process(f'<bpmn:task name="{"x" * size}"/>{TASK}'))) == 1

    def test_no_quadratic_counting(self) -> None:
        outs = "<camunda:out/>" * 30_000
        tasks = "<bpmn:task/>" * 50_000
        extended = f"<bpmn:extensionElements>{outs}</bpmn:extensionElements>{tasks}"
        assert scan(process(extended)).payload()["diagramMetrics"]["processVariablesCount"] == 1
        templated = "".join(
            f'<bpmn:task camunda:modelerTemplate="a" camunda:a{n}=""/>' for n in range(20_000)
        )
        (template,) = scan(process(templated)).payload()["elementTemplates"]
        assert len(template["properties"]) == 20_000

    def test_no_quadratic_bindings(self) -> None:
        extensions = "<bpmn:extensionElements>" + "<zeebe:a/>" * 20_000
        extensions += '<zeebe:subscription correlationKey="=a"/></bpmn:extensionElements>'
        task = f'<bpmn:receiveTask xmlns:zeebe="{ZEEBE}" zeebe:modelerTemplate="t" messageRef="M"/>'
        source = definitions(
            f'<bpmn:message xmlns:zeebe="{ZEEBE}" id="M">{extensions}</bpmn:message>'
            f'<bpmn:process id="P">{task * 20_000}</bpmn:process>',
            namespaces=f'xmlns:bpmn="{BPMN}" xmlns:zeebe="{ZEEBE}"',
        )
        (template,) = scan(source).payload()["elementTemplates"]
        assert template["properties"] == {"bpmn:Message#zeebe:subscription#property": 1}

    def test_no_quadratic_scopes(self) -> None:
        def extended(kind: str, names: range) -> str:
            parameters = "".join(f'<camunda:{kind}Parameter name="{name}"/>' for name in names)
            return (
                "<bpmn:extensionElements><camunda:inputOutput>"
                f"{parameters}</camunda:inputOutput></bpmn:extensionElements>"
            )

        depth = 500
        content = extended("input", range(1, 20_000)) + "".join(
            f"<bpmn:subProcess>{extended('input', range(1))}" for _ in range(depth)
        )
        task = f"<bpmn:task>{extended('output', range(20_000))}</bpmn:task>"
        source = process(
            f"<bpmn:subProcess>{content}{task}{'</bpmn:subProcess>' * depth}</bpmn:subProcess>"
        )
        assert scan(source).payload()["diagramMetrics"]["processVariablesCount"] == 20_000


@pytest.mark.parametrize("blanks", [0, 10_000])
def test_attribute_name_after_long_text(blanks: int) -> None:
    task = f'<bpmn:serviceTask name="{"V" * 500}{" " * blanks}" camunda:resultVariable="x"/>'
    metrics = scan(process(task)).payload()["diagramMetrics"]
    assert metrics["processVariablesCount"] == 1


def test_kinds() -> None:
    assert scan(process("")).kind is Kind.BPMN
    assert scan(b'{"components": []}').kind is Kind.FORM
    zeebe = process("", namespaces=f'xmlns:bpmn="{BPMN}" xmlns:z="{ZEEBE}"')
    assert scan(zeebe).payload()["executionPlatform"] == "Camunda Cloud"


def test_limit_of_the_parser_is_of_one_document() -> None:
    deep, malformed = scan(process("<bpmn:subProcess>" * 5000)), scan(b"<definitions>")
    assert deep.error is not None
    assert malformed.error is not None
    assert (deep.error.type, malformed.error.type) == (ErrorType.TOO_LARGE, ErrorType.MALFORMED)
