"""What is measured, with which warnings, and what is refused, with which reason and place."""

from __future__ import annotations

import codecs
import subprocess
import sys
from pathlib import Path

import pytest
from support.diagrams import BPMN, CAMUNDA, MODELER, ZEEBE, definitions, process

from metrics import ErrorType, Kind, Report, scan

TASK = '<bpmn:userTask id="Approve" camunda:formKey="embedded:approve.html"/>'


def embedded(report: Report) -> int:
    """How many embedded forms a report has."""
    assert report.error is None, report.error
    assert report.diagram_metrics is not None
    form = report.diagram_metrics.tasks.user_task.form
    assert not isinstance(form, int)
    return getattr(form, "embedded", -1)


def warnings_of(source: bytes) -> list[tuple[int | None, str]]:
    """The lines and messages of the warnings for a diagram that is measured."""
    report = scan(source)
    assert report.error is None, report.error
    return [(warning.line, warning.message) for warning in report.warnings]


class TestUntidyFilesAreMeasured:
    """Each untidiness that the Modeler puts up with gives a warning with its line and cause."""

    @pytest.mark.parametrize(
        ("namespaces", "content", "prefix"),
        [
            (f'xmlns:bpmn="{BPMN}"', TASK, "camunda"),
            (
                f'xmlns:bpmn="{BPMN}"',
                '<bpmn:userTask id="Approve" formKey="embedded:x"><bpmndi:Label/></bpmn:userTask>',
                "bpmndi",
            ),
        ],
    )
    def test_well_known_prefix_that_is_not_declared(
        self, namespaces: str, content: str, prefix: str
    ) -> None:
        source = process(content, namespaces=namespaces)
        assert embedded(scan(source)) == 1
        assert warnings_of(source) == [(3, f"the prefix '{prefix}' is not declared: read as usual")]

    def test_bpmn_prefix_that_is_not_declared(self) -> None:
        source = (
            f'<definitions xmlns="{BPMN}">\n<process id="Process">\n'
            '<bpmn:userTask id="Approve" camunda:formKey="embedded:x"/></process></definitions>'
        ).encode()
        assert embedded(scan(source)) == 1
        assert [line for line, _ in warnings_of(source)] == [3, 3]

    def test_modeler_prefix_that_is_not_declared(self) -> None:
        source = (
            f'<definitions xmlns="{BPMN}" modeler:executionPlatform="Camunda Cloud"'
            ' modeler:executionPlatformVersion="8.6.0"/>'
        ).encode()
        assert scan(source).payload()["executionPlatformVersion"] == "8.6.0"
        assert len(warnings_of(source)) == 2

    def test_zeebe_prefix_that_is_not_declared_in_a_camunda_8_diagram(self) -> None:
        content = (
            "<bpmn:serviceTask><bpmn:extensionElements><zeebe:taskDefinition/>"
            "</bpmn:extensionElements></bpmn:serviceTask>"
        )
        camunda_8 = f'xmlns:bpmn="{BPMN}" xmlns:m="{MODELER}" m:executionPlatform="Camunda Cloud"'
        report = scan(process(content, namespaces=camunda_8))
        tasks = report.payload()["diagramMetrics"]["tasks"]["serviceTask"]
        assert tasks == {"count": 1, "implementation": {"count": 1, "external": 1}}

    def test_zeebe_prefix_that_is_not_declared_makes_no_camunda_8_diagram(self) -> None:
        content = (
            "<bpmn:task><bpmn:extensionElements><zeebe:x/></bpmn:extensionElements></bpmn:task>"
        )
        report = scan(process(content, namespaces=f'xmlns:bpmn="{BPMN}"'))
        assert report.payload()["executionPlatform"] == "Camunda Platform"
        assert report.warnings[0].message == "the prefix 'zeebe' is not declared: passed over"

    @pytest.mark.parametrize(
        ("attribute", "engine"),
        [
            ('m:executionPlatform="Camunda&#32;Cloud"', "camunda 8"),
            ("m:executionPlatform = 'Zeebe'", "camunda 8"),
            ("name='m:executionPlatform=\"Zeebe\"'", "camunda 7"),
            ('executionPlatform="Zeebe"', "camunda 7"),
        ],
    )
    def test_zeebe_prefix_goes_by_the_platform_that_the_root_names(
        self, attribute: str, engine: str
    ) -> None:
        content = (
            "<bpmn:serviceTask><bpmn:extensionElements><zeebe:taskDefinition/>"
            "</bpmn:extensionElements></bpmn:serviceTask>"
        )
        namespaces = f'xmlns:bpmn="{BPMN}" xmlns:m="{MODELER}" {attribute}'
        report = scan(process(content, namespaces=namespaces))
        assert ("read as usual" in report.warnings[0].message) == (engine == "camunda 8")
        assert report.diagram_metrics is not None
        implementation = report.diagram_metrics.tasks.service_task.implementation
        assert implementation.count == (1 if engine == "camunda 8" else 0)

    def test_unknown_prefix_that_is_not_declared_is_passed_over(self) -> None:
        source = process(
            f'{TASK}\n<acme:group acme:size="2">{TASK.replace("Approve", "B")}</acme:group>'
        )
        assert embedded(scan(source)) == 1
        assert warnings_of(source)[0] == (4, "the prefix 'acme' is not declared: passed over")

    def test_prefix_that_is_declared_elsewhere_only(self) -> None:
        source = process(f'<bpmn:task xmlns:a="urn:a" a:x=""/>\n<bpmn:task a:x=""/>{TASK}')
        assert embedded(scan(source)) == 1
        assert warnings_of(source) == [(4, "the prefix 'a' is not declared: passed over")]

    def test_namespace_that_is_no_uri(self) -> None:
        source = process(f'<bpmn:task xmlns:a="http://a b/Initial Import" a:x=""/>{TASK}')
        assert embedded(scan(source)) == 1
        assert warnings_of(source) == [
            (3, "the namespace name 'http://a b/Initial Import' is no valid URI")
        ]

    def test_declaration_of_the_prefix_xml(self) -> None:
        namespace = "http://www.w3.org/XML/1998/namespace"
        source = process(f'<bpmn:task xmlns:xml="{namespace}" xml:lang="de" name="&"/>{TASK}')
        assert embedded(scan(source)) == 1
        assert len(warnings_of(source)) == 1

    def test_attribute_written_twice_counts_as_the_first(self) -> None:
        source = process('<bpmn:userTask formKey="embedded:x"\n formKey="app:y"/>')
        assert embedded(scan(source)) == 1
        said = """an attribute written twice is left out: 'formKey="app:y"'"""
        assert warnings_of(source) == [(4, said)]

    @pytest.mark.parametrize("names", ["camunda:formKey c:formKey", "c:formKey camunda:formKey"])
    def test_attribute_written_with_two_prefixes_of_a_namespace_counts_as_the_last(
        self, names: str
    ) -> None:
        first, second = names.split()
        source = process(
            f'<bpmn:userTask xmlns:c="{CAMUNDA}" {first}="app:y"\n {second}="embedded:x"/>'
        )
        assert embedded(scan(source)) == 1
        said = f"""an attribute written twice is left out: '{first}="app:y"'"""
        assert warnings_of(source) == [(3, said)]

    def test_no_blank_between_attributes(self) -> None:
        # The Modeler's parser passes over the attribute and what is glued to it.
        source = process('<bpmn:userTask name="a"id="x" formKey="embedded:x"/>')
        assert embedded(scan(source)) == 1
        said = """an attribute with no blank behind it is left out: 'name="a"id="x"'"""
        assert warnings_of(source) == [(3, said)]

    def test_no_blank_in_the_xml_declaration(self) -> None:
        source = b'<?xml version="1.0"encoding="UTF-8"?>\n' + process(TASK)
        assert embedded(scan(source)) == 1
        assert warnings_of(source) == [
            (1, "the XML declaration lacks a blank, or says what it may not")
        ]

    @pytest.mark.parametrize(
        ("encoding", "declared"), [("utf-8", "UTF-8"), ("ascii", "us-ascii"), ("utf-8", None)]
    )
    def test_bytes_that_are_not_valid_in_the_encoding(
        self, encoding: str, declared: str | None
    ) -> None:
        declaration = f'<?xml version="1.0" encoding="{declared}"?>\n' if declared else "\n"
        source = declaration.encode() + process(
            f'<bpmn:task name="caf\xe9"/>{TASK}'.replace("é", "?")
        )
        source = source.replace(b"caf?", b"caf\xe9")
        assert embedded(scan(source)) == 1
        assert warnings_of(source) == [
            (4, f"bytes that are not valid {encoding} are read as U+FFFD")
        ]

    @pytest.mark.parametrize("before", [b"\n", b" \t\r\n", b"\n" + codecs.BOM_UTF8])
    def test_white_space_before_the_xml_declaration(self, before: bytes) -> None:
        source = before + b'<?xml version="1.0" encoding="UTF-8"?>\n' + process(TASK)
        assert embedded(scan(source)) == 1
        assert warnings_of(source) == [
            (1, "white space or a byte order mark before the XML declaration")
        ]

    def test_byte_order_mark(self) -> None:
        source = codecs.BOM_UTF8 + b'<?xml version="1.0" encoding="UTF-8"?>' + process(TASK)
        assert embedded(scan(source)) == 1
        assert warnings_of(source) == [(1, "a byte order mark before the XML declaration")]

    def test_less_than_sign_in_an_attribute(self) -> None:
        source = process(f'<bpmn:task name="a < b"/>{TASK}')
        assert embedded(scan(source)) == 1
        assert warnings_of(source) == [(3, "a '<' in an attribute is read as it stands")]

    def test_bare_ampersand(self) -> None:
        source = process(f'<bpmn:task name="R&D &amp; sales &nbsp; &#0;"/>{TASK}')
        assert embedded(scan(source)) == 1
        assert len(warnings_of(source)) == 3

    def test_unreadable_attributes(self) -> None:
        source = process('<bpmn:userTask $type="x" a b=c d="e\' formKey="embedded:x"/>')
        assert scan(source).error is None
        assert embedded(scan(process('<bpmn:userTask $type="x" a b=c formKey="embedded:x"/>'))) == 1

    def test_characters_that_xml_does_not_know(self) -> None:
        source = process(f'<bpmn:task name="a\x01b\x00"/>{TASK}')
        assert embedded(scan(source)) == 1
        assert warnings_of(source) == [(3, "characters that XML does not allow are read as U+FFFD")]

    def test_text_after_the_root(self) -> None:
        source = process(TASK) + b"\n\nThe end"
        assert embedded(scan(source)) == 1
        assert warnings_of(source) == [(8, "text outside the root element is passed over")]

    def test_stray_tag_opening_in_dmn(self) -> None:
        namespace = "https://www.omg.org/spec/DMN/20191111/MODEL/"
        source = f'<definitions xmlns="{namespace}">\n<= x</definitions>'.encode()
        assert scan(source).kind is Kind.DMN
        assert warnings_of(source) == [(2, "a '<' that opens no tag is read as text")]

    def test_many_faults_give_a_bounded_number_of_warnings(self) -> None:
        report = scan(process('<bpmn:task name="&"/>' * 5000))
        assert len(report.warnings) == 101
        assert "4900 times more" in report.warnings[-1].message

    def test_many_prefixes_give_a_bounded_number_of_warnings(self) -> None:
        report = scan(process("".join(f"<p{number}:x/>" for number in range(500))))
        assert len(report.warnings) == 101
        assert "400 times more" in report.warnings[-1].message

    def test_unknown_encoding_is_read_as_utf_8(self) -> None:
        source = b'<?xml version="1.0" encoding="zip"?>' + process(TASK)
        assert embedded(scan(source)) == 1
        assert warnings_of(source)[0] == (1, "the encoding 'zip' is not known: read as UTF-8")


class TestLines:
    """The line of an element is where its tag begins."""

    def test_beyond_line_65535(self) -> None:
        source = process("\n" * 70_000 + TASK + "\n" * 1000 + TASK)
        assert [line for line, _ in warnings_of(source)] == [71_003]

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
    def test_lines_behind_odd_names(self, name: bytes, end: bytes) -> None:
        task = TASK.replace(" ", "\n").encode()
        source = process(f"{TASK}\n").replace(TASK.encode(), TASK.encode() + b"\n" + task)
        source = source.replace(b"<bpmn:process ", b"<bpmn:process " + name + b'="1" ', 1)
        told = warnings_of(source.replace(b"\n", end))
        assert [line for line, message in told if "skipped with its content" in message] == [4]

    def test_lines_behind_a_broken_namespace_name(self) -> None:
        source = process(f"{TASK}\n{TASK}").replace(b"<bpmn:d", b"<bpmn:d", 1)
        source = source.replace(b" xmlns:camunda", b' xmlns:x="http://x\n/y z" xmlns:camunda', 1)
        told = warnings_of(source)
        assert [line for line, message in told if "skipped with its content" in message] == [5]


class TestRefusedFiles:
    """What cannot be measured gives the type of the error, and its place."""

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
            (process(TASK) * 2, 6, 1),
            (process(TASK) + b"<b:x/>", 6, 1),
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
        ("doctype", "line"),
        [
            ('<!DOCTYPE x [\n<!ENTITY a "b">]>', 2),
            ('<!DOCTYPE x [\n<!ENTITY a SYSTEM "file:///etc/passwd">]>', 2),
            ('<!DOCTYPE x [<!ENTITY % a SYSTEM "http://127.0.0.1/a.dtd"> %a;]>', 1),
            ('<!DOCTYPE x [<!ENTITY a "b">', 1),
            ("<!DOCTYPE x [<!ELEMENT x ANY> '\n <!ENTITY a 'b'>]>", 2),
            ("<!DOCTYPE x [<!ELEMENT x ANY>]>\n<!ENTITY a 'b'>", 2),
            ('<!DOCTYPE x SYSTEM "http://127.0.0.1/a.dtd">', 1),
            ('<!DOCTYPE x PUBLIC "-//A" "http://127.0.0.1/a.dtd">', 1),
        ],
    )
    @pytest.mark.parametrize("content", [TASK, '<bpmn:task name="&a;"/>', "&a;", "&a; < & "])
    def test_entities_and_external_references(self, doctype: str, line: int, content: str) -> None:
        error = scan(doctype.encode() + process(content)).error
        assert error is not None
        assert (error.type, error.line) == (ErrorType.FORBIDDEN, line)

    @pytest.mark.parametrize("more", ["", '<!ATTLIST a b CDATA "<!ENTITY">'])
    def test_entities_in_comments(self, more: str) -> None:
        doctype = f"<!DOCTYPE x [<!-- <!ENTITY a 'b'> --><?a <!ENTITY?>{more}]>"
        assert embedded(scan(doctype.encode() + process(TASK))) == 1

    @pytest.mark.parametrize(
        "content", ["<a>" * 20_000, "".join(f"<p{number}:a/>" for number in range(10_001))]
    )
    def test_more_than_is_followed(self, content: str) -> None:
        error = scan(process(f"&{content}")).error
        assert error is not None
        assert error.type is ErrorType.TOO_LARGE

    @pytest.mark.parametrize("place", ['<bpmn:task name="{}"/>', "{}"])
    def test_entity_expansion(self, place: str) -> None:
        entities = '<!ENTITY a0 "ha">' + "".join(
            f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12)
        )
        error = scan(f"<!DOCTYPE x [{entities}]>".encode() + process(place.format("&a11;"))).error
        assert error is not None
        assert error.type is ErrorType.FORBIDDEN

    def test_entities_in_another_encoding(self) -> None:
        text = '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x [<!ENTITY a "b">]>'
        error = scan((text + process("&a;").decode()).encode("utf-16")).error
        assert error is not None
        assert error.type is ErrorType.FORBIDDEN

    def test_doctype_without_entities_is_measured(self) -> None:
        doctype = b"<!DOCTYPE x [<!ELEMENT x ANY> <!ATTLIST x a CDATA #IMPLIED>]>"
        assert embedded(scan(doctype + process(TASK))) == 1
        assert embedded(scan(doctype + process(TASK + '<bpmn:task a="1" a="2"/>'))) == 1

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be"])
    def test_default_values_of_a_doctype_are_no_attributes(self, encoding: str) -> None:
        doctype = (
            "<!DOCTYPE x [<!-- it's ]> a 'comment --><?pi ']>?>\n"
            "<!ATTLIST bpmn:task camunda:formKey CDATA 'embedded:x'>"
            "<!ATTLIST bpmn:userTask camunda:formKey CDATA 'embedded:x'>]>"
        )
        source = doctype + process("<bpmn:userTask id='a'/>" + TASK).decode()
        report = scan(source.encode(encoding))
        assert (report.error, report.warnings) == (None, ())
        assert embedded(report) == 1

    @pytest.mark.parametrize(
        "source",
        [
            b"<html/>",
            b'<definitions xmlns="http://schema.omg.org/spec/BPMN/2.0"/>',
            b"<definitions/>",
            f'<process xmlns="{BPMN}"/>'.encode(),
        ],
    )
    def test_unsupported(self, source: bytes) -> None:
        error = scan(source).error
        assert error is not None
        assert error.type is ErrorType.UNSUPPORTED

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
    def test_forms(self, source: bytes, type: ErrorType) -> None:
        error = scan(source, name="a.FORM").error
        assert error is not None
        assert error.type is type

    @pytest.mark.parametrize(
        "value", [b"1e999", b"9" * 5000, rb'"\ud800"', b"[" * 200 + b"]" * 200]
    )
    def test_forms_that_javascript_reads(self, value: bytes) -> None:
        source = b'{"components": %b, "executionPlatform": "Camunda Cloud"}' % value
        assert scan(source).payload()["executionPlatform"] == "Camunda Cloud"

    def test_form_with_half_a_surrogate_pair_for_a_platform(self) -> None:
        assert scan(rb'{"executionPlatform": "a\ud800"}').payload()["executionPlatform"] == "a?"

    def test_place_in_a_form(self) -> None:
        error = scan(b'{"a":\n}', name="a.form").error
        assert error is not None
        assert (error.line, error.column) == (2, 1)

    def test_too_large(self, tmp_path: Path) -> None:
        source = process(TASK)
        path = tmp_path / "a.bpmn"
        path.write_bytes(source)
        assert embedded(scan(path, max_size=len(source))) == 1
        for given in (path, source, path.open("rb")):
            error = scan(given, max_size=len(source) - 1).error
            assert error is not None
            assert error.type is ErrorType.TOO_LARGE
            assert str(len(source) - 1) in error.message
            if not isinstance(given, bytes | Path):
                given.close()

    def test_unreadable(self, tmp_path: Path) -> None:
        for path in (tmp_path / "none.bpmn", tmp_path, "a\0b.bpmn"):
            error = scan(path).error
            assert error is not None
            assert error.type is ErrorType.UNREADABLE
            assert error.message


class TestExtremes:
    """Large and deep diagrams are measured, or refused clearly."""

    def test_sub_processes_nested_1000_deep(self) -> None:
        depth = 1000
        opened = "".join(f'<bpmn:subProcess id="S{n}">' for n in range(depth))
        plane = (
            f'<bpmndi:BPMNDiagram><bpmndi:BPMNPlane bpmnElement="S{depth - 1}">'
            "<bpmndi:BPMNShape/></bpmndi:BPMNPlane></bpmndi:BPMNDiagram>"
        )
        body = f'<bpmn:process id="P">{opened}{TASK}{"</bpmn:subProcess>" * depth}</bpmn:process>'
        report = scan(definitions(body + plane))
        assert embedded(report) == 1
        assert report.diagram_metrics is not None
        assert report.diagram_metrics.subprocess_planes.nesting == depth

    def test_deeper_than_the_parser_goes(self) -> None:
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
        assert embedded(scan(process(f'<bpmn:task name="{"x" * size}"/>{TASK}'))) == 1

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

    def test_document_types_that_never_end(self) -> None:
        error = scan(b"<!DOCTYPE a [>" * 70_000 + process("")).error
        assert error is None or error.type is ErrorType.MALFORMED

    @pytest.mark.parametrize("text", ["<a", '<a "', "<a b='\"", "&", "<!--", "<![", "<", '"<'])
    def test_no_quadratic_reading(self, text: str) -> None:
        # A reading that took the square of the length would take hours here.
        assert scan(process(text * (1_000_000 // len(text)))).payload()


def test_utf_16_without_a_declaration() -> None:
    source = process(
        '<bpmn:serviceTask id="S" camunda:modelerTemplate="t" camunda:resultVariable="x"/>'
    )
    text = source.decode()
    text = text[text.index("?>") + 2 :] if text.startswith("<?xml") else text
    payload = scan(text.encode("utf-16")).payload()
    assert payload["elementTemplateCount"] == 1
    assert payload["diagramMetrics"]["processVariablesCount"] == 1


@pytest.mark.parametrize("blanks", [0, 10_000])
def test_attribute_name_after_long_text(blanks: int) -> None:
    task = f'<bpmn:serviceTask name="{"V" * 500}{" " * blanks}" camunda:resultVariable="x"/>'
    metrics = scan(process(task)).payload()["diagramMetrics"]
    assert metrics["processVariablesCount"] == 1


def test_byte_order_mark_beside_another_fault() -> None:
    source = b"\xef\xbb\xbf" + process('<bpmn:task foo:x="y"/>')
    assert any("byte order mark" in message for _, message in warnings_of(source))


def test_plane_of_nothing() -> None:
    plane = (
        "<bpmndi:BPMNDiagram><bpmndi:BPMNPlane><bpmndi:BPMNShape/></bpmndi:BPMNPlane>"
        "</bpmndi:BPMNDiagram>"
    )
    source = definitions(f'<bpmn:process id="P"><bpmn:subProcess/></bpmn:process>{plane}')
    assert scan(source).payload()["diagramMetrics"]["subprocessPlanes"]["count"] == 0


def test_kinds() -> None:
    assert scan(process("")).kind is Kind.BPMN
    assert scan(b'{"components": []}').kind is Kind.FORM
    zeebe = process("", namespaces=f'xmlns:bpmn="{BPMN}" xmlns:z="{ZEEBE}"')
    assert scan(zeebe).payload()["executionPlatform"] == "Camunda Cloud"


def test_no_pattern_has_a_possessive_group_where_python_mistakes_them() -> None:
    script = """
import re, sys
sys.version_info = (3, 11, 2)
from metrics.reading import repair as mending
patterns = [value.pattern for value in vars(mending).values() if isinstance(value, re.Pattern)]
for pattern in patterns:
    text = pattern.decode() if isinstance(pattern, bytes) else pattern
    if re.search(r"(?<!\\\\)\\)[*+?}][+]", text):
        print(text)
print(len(patterns))
"""
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    (count,) = result.stdout.decode().splitlines()
    assert int(count) > 10
