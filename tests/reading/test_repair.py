"""Recovery: malformed XML that the Modeler accepts, and what it refuses."""

from __future__ import annotations

import codecs
import subprocess
import sys

import pytest
from support.diagrams import BPMN, CAMUNDA, MODELER, process
from support.reports import TASK, embedded_forms, warnings_of

from metrics import ErrorType, Kind, scan


class TestMalformedFilesAreMeasured:
    """Each fault that the Modeler accepts causes a warning with its line."""

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
    def test_undeclared_well_known_prefix(self, namespaces: str, content: str, prefix: str) -> None:
        source = process(content, namespaces=namespaces)
        assert embedded_forms(scan(source)) == 1
        assert warnings_of(source) == [(3, f"undeclared prefix read as predefined: '{prefix}'")]

    def test_undeclared_camunda_prefix_with_bpmn_as_default(self) -> None:
        source = (
            f'<definitions xmlns="{BPMN}">\n<process id="Process">\n'
            '<bpmn:userTask id="Approve" camunda:formKey="embedded:x"/></process></definitions>'
        ).encode()
        assert embedded_forms(scan(source)) == 1
        assert [line for line, _ in warnings_of(source)] == [3, 3]

    def test_undeclared_modeler_prefix(self) -> None:
        source = (
            f'<definitions xmlns="{BPMN}" modeler:executionPlatform="Camunda Cloud"'
            ' modeler:executionPlatformVersion="8.6.0"/>'
        ).encode()
        assert scan(source).payload()["executionPlatformVersion"] == "8.6.0"
        assert len(warnings_of(source)) == 2

    def test_undeclared_zeebe_prefix_in_a_camunda_8_diagram(self) -> None:
        content = (
            "<bpmn:serviceTask><bpmn:extensionElements><zeebe:taskDefinition/>"
            "</bpmn:extensionElements></bpmn:serviceTask>"
        )
        camunda_8 = f'xmlns:bpmn="{BPMN}" xmlns:m="{MODELER}" m:executionPlatform="Camunda Cloud"'
        report = scan(process(content, namespaces=camunda_8))
        tasks = report.payload()["diagramMetrics"]["tasks"]["serviceTask"]
        assert tasks == {"count": 1, "implementation": {"count": 1, "external": 1}}

    def test_undeclared_zeebe_prefix_does_not_make_a_camunda_8_diagram(self) -> None:
        content = (
            "<bpmn:task><bpmn:extensionElements><zeebe:x/></bpmn:extensionElements></bpmn:task>"
        )
        report = scan(process(content, namespaces=f'xmlns:bpmn="{BPMN}"'))
        assert report.payload()["executionPlatform"] == "Camunda Platform"
        assert report.warnings[0].message == "undeclared prefix ignored: 'zeebe'"

    @pytest.mark.parametrize(
        ("attribute", "engine"),
        [
            ('m:executionPlatform="Camunda&#32;Cloud"', "camunda 8"),
            ("m:executionPlatform='Zeebe'", "camunda 8"),
            ("m:executionPlatform = 'Zeebe'", "camunda 7"),
            ("name='m:executionPlatform=\"Zeebe\"'", "camunda 7"),
            ('executionPlatform="Zeebe"', "camunda 7"),
        ],
    )
    def test_undeclared_zeebe_prefix_depends_on_the_platform_of_the_root(
        self, attribute: str, engine: str
    ) -> None:
        content = (
            "<bpmn:serviceTask><bpmn:extensionElements><zeebe:taskDefinition/>"
            "</bpmn:extensionElements></bpmn:serviceTask>"
        )
        namespaces = f'xmlns:bpmn="{BPMN}" xmlns:m="{MODELER}" {attribute}'
        report = scan(process(content, namespaces=namespaces))
        messages = [warning.message for warning in report.warnings]
        is_predefined = "undeclared prefix read as predefined: 'zeebe'" in messages
        assert is_predefined == (engine == "camunda 8")
        assert report.diagram_metrics is not None
        implementation = report.diagram_metrics.tasks.service_task.implementation
        assert implementation.count == (1 if engine == "camunda 8" else 0)

    def test_undeclared_unknown_prefix_is_ignored(self) -> None:
        source = process(
            f'{TASK}\n<acme:group acme:size="2">{TASK.replace("Approve", "B")}</acme:group>'
        )
        assert embedded_forms(scan(source)) == 1
        assert warnings_of(source)[0] == (4, "undeclared prefix ignored: 'acme'")

    def test_prefix_that_is_declared_on_another_element(self) -> None:
        source = process(f'<bpmn:task xmlns:a="urn:a" a:x=""/>\n<bpmn:task a:x=""/>{TASK}')
        assert embedded_forms(scan(source)) == 1
        assert warnings_of(source) == [(4, "undeclared prefix ignored: 'a'")]

    def test_invalid_namespace_uri(self) -> None:
        source = process(f'<bpmn:task xmlns:a="http://a b/Initial Import" a:x=""/>{TASK}')
        assert embedded_forms(scan(source)) == 1
        assert warnings_of(source) == [
            (3, "invalid namespace URI read as unknown: 'http://a b/Initial Import'")
        ]

    def test_declaration_of_the_prefix_xml(self) -> None:
        namespace = "http://www.w3.org/XML/1998/namespace"
        source = process(f'<bpmn:task xmlns:xml="{namespace}" xml:lang="de" name="&"/>{TASK}')
        assert embedded_forms(scan(source)) == 1
        assert len(warnings_of(source)) == 1

    def test_first_of_duplicate_attributes_counts(self) -> None:
        source = process('<bpmn:userTask formKey="embedded:x"\n formKey="app:y"/>')
        assert embedded_forms(scan(source)) == 1
        message = """duplicate attribute skipped: 'formKey="app:y"'"""
        assert warnings_of(source) == [(4, message)]

    @pytest.mark.parametrize("names", ["camunda:formKey c:formKey", "c:formKey camunda:formKey"])
    def test_last_of_attributes_with_two_prefixes_of_a_namespace_counts(self, names: str) -> None:
        first, second = names.split()
        source = process(
            f'<bpmn:userTask xmlns:c="{CAMUNDA}" {first}="app:y"\n {second}="embedded:x"/>'
        )
        assert embedded_forms(scan(source)) == 1
        message = f"""duplicate attribute skipped: '{first}="app:y"'"""
        assert warnings_of(source) == [(3, message)]

    def test_no_white_space_between_attributes(self) -> None:
        # The Modeler's parser skips the attribute and the text that follows it directly.
        source = process('<bpmn:userTask name="a"id="x" formKey="embedded:x"/>')
        assert embedded_forms(scan(source)) == 1
        message = """attribute without white space after it skipped: 'name="a"id="x"'"""
        assert warnings_of(source) == [(3, message)]

    def test_no_white_space_in_the_xml_declaration(self) -> None:
        source = b'<?xml version="1.0"encoding="UTF-8"?>\n' + process(TASK)
        assert embedded_forms(scan(source)) == 1
        assert warnings_of(source) == [
            (1, "XML declaration with missing white space or an unknown part")
        ]

    @pytest.mark.parametrize("before", [b"\n", b" \t\r\n", b"\n" + codecs.BOM_UTF8])
    def test_white_space_before_the_xml_declaration(self, before: bytes) -> None:
        source = before + b'<?xml version="1.0" encoding="UTF-8"?>\n' + process(TASK)
        assert embedded_forms(scan(source)) == 1
        assert warnings_of(source) == [
            (1, "white space or a byte order mark before the XML declaration skipped")
        ]

    def test_less_than_sign_in_an_attribute(self) -> None:
        source = process(f'<bpmn:task name="a < b"/>{TASK}')
        assert embedded_forms(scan(source)) == 1
        assert warnings_of(source) == [(3, "'<' in an attribute value read as text")]

    def test_bare_ampersand(self) -> None:
        source = process(f'<bpmn:task name="R&D &amp; sales &nbsp; &#0;"/>{TASK}')
        assert embedded_forms(scan(source)) == 1
        assert len(warnings_of(source)) == 3

    def test_unreadable_attributes(self) -> None:
        source = process('<bpmn:userTask $type="x" a b=c d="e\' formKey="embedded:x"/>')
        assert scan(source).error is None
        assert (
            embedded_forms(scan(process('<bpmn:userTask $type="x" a b=c formKey="embedded:x"/>')))
            == 1
        )

    def test_characters_that_xml_does_not_allow(self) -> None:
        source = process(f'<bpmn:task name="a\x01b\x00"/>{TASK}')
        assert embedded_forms(scan(source)) == 1
        assert warnings_of(source) == [(3, "characters that XML does not allow read as U+FFFD")]

    def test_text_after_the_root(self) -> None:
        source = process(TASK) + b"\n\nThe end"
        assert embedded_forms(scan(source)) == 1
        assert warnings_of(source) == [(8, "text outside the root element skipped")]

    def test_less_than_sign_in_text_of_dmn(self) -> None:
        namespace = "https://www.omg.org/spec/DMN/20191111/MODEL/"
        source = f'<definitions xmlns="{namespace}">\n<= x</definitions>'.encode()
        assert scan(source).kind is Kind.DMN
        assert warnings_of(source) == [(2, "'<' that starts no tag read as text")]

    @pytest.mark.parametrize(
        "comment", ["<!-- a -- b -->", "<!-- a --->", "<!-- ------ -->", "<!--<x>-- >\n<a b='>-->"]
    )
    def test_double_hyphen_in_a_comment(self, comment: str) -> None:
        source = process(f"{comment}{TASK}")
        assert embedded_forms(scan(source)) == 1
        assert warnings_of(source) == [(3, "'--' in a comment read as text")]

    @pytest.mark.parametrize("comment", ["<!-->", "<!--->"])
    @pytest.mark.parametrize("end", ["", "<!-- x -->", "-->"])
    def test_comment_that_ends_at_once(self, comment: str, end: str) -> None:
        # The Modeler's parser finds the end of `<!-->` in its beginning.
        source = process(f"{comment}{TASK}{end}")
        assert embedded_forms(scan(source)) == 1
        assert warnings_of(source)[0] == (3, f"'{comment}' skipped")

    @pytest.mark.parametrize("text", ["a[b[0]]> 1", "]]>]]>", "a & b ]]> &amp; c"])
    def test_end_of_cdata_in_text(self, text: str) -> None:
        source = process(f"<bpmn:documentation>{text}</bpmn:documentation>{TASK}")
        assert embedded_forms(scan(source)) == 1
        messages = [message for _, message in warnings_of(source)]
        assert messages.count("']]>' in text read as text") == text.count("]]>")

    @pytest.mark.parametrize(
        "after",
        [
            process(TASK),
            b"<?xml version='1.0'?>" + process(TASK),
            b"\n<!-- a -->\n<a><b/></a>",
            b"<![CDATA[a]]>",
        ],
    )
    def test_content_after_the_root(self, after: bytes) -> None:
        source = process(TASK) + after
        assert embedded_forms(scan(source)) == 1
        line = 6 + 2 * after.startswith(b"\n<!--")
        assert warnings_of(source) == [(line, "content after the root element skipped")]

    @pytest.mark.parametrize(
        "after",
        [
            b"<b:x/>",
            b"</bpmn:definitions>",
            b"<a><b></a>",
            b"<a>",
            b"<![CDATA[",
            b"< <<",
            b"<!DOCTYPE x [<!ENTITY a 'b'>]>",
        ],
    )
    def test_malformed_content_after_the_root(self, after: bytes) -> None:
        error = scan(process(TASK) + after).error
        assert error is not None
        assert (error.type, error.line) == (ErrorType.MALFORMED, 6)

    def test_merge_conflict_after_the_root(self) -> None:
        source = process(TASK) + b"<<<<<<< HEAD\n<!-- a -->\n=======\n>>>>>>> b\n"
        error = scan(source).error
        assert error is not None
        assert error.message == "an unresolved merge conflict: '<<<<<<<'"

    def test_comments_after_the_root(self) -> None:
        source = process(TASK) + b"\n<!-- a --><?pi?>\n"
        assert embedded_forms(scan(source)) == 1
        assert warnings_of(source) == []

    @pytest.mark.parametrize("sign", [" =", "= ", " = ", "\n=", "=\t", "\r\n=\r\n"])
    @pytest.mark.parametrize("quote", ["'", '"'])
    def test_blank_beside_an_equals_sign(self, sign: str, quote: str) -> None:
        # The Modeler's parser loses the attribute, and reads the others.
        value = f"{quote}app:x{quote}"
        source = process(f'<bpmn:userTask id="A" formKey{sign}{value}\n camunda:formRef="b"/>')
        form = scan(source).payload()["diagramMetrics"]["tasks"]["userTask"]["form"]
        assert form["external"] == 0
        assert form["camundaForms"] == 1
        assert all("unreadable attribute skipped" in text for _, text in warnings_of(source))
        assert warnings_of(source)[0][0] == 3

    def test_blank_beside_the_equals_sign_of_a_declaration(self) -> None:
        source = process(TASK, namespaces=f'xmlns:bpmn = "{BPMN}" xmlns:camunda="{CAMUNDA}"')
        assert embedded_forms(scan(source)) == 1
        assert "undeclared prefix read as predefined: 'bpmn'" in [
            message for _, message in warnings_of(source)
        ]

    @pytest.mark.parametrize(
        "content",
        [
            '<bpmn:documentation>a = "b" and c ="d"</bpmn:documentation>',
            '<!-- <bpmn:task id = "a"/> -->',
            '<bpmn:documentation><![CDATA[<bpmn:task id = "a"/>]]></bpmn:documentation>',
            "<bpmn:task name='a = \"b\"'/>",
        ],
    )
    def test_blank_beside_an_equals_sign_elsewhere(self, content: str) -> None:
        source = process(content + TASK)
        assert embedded_forms(scan(source)) == 1
        assert warnings_of(source) == []

    def test_number_of_warnings_is_bounded(self) -> None:
        report = scan(process('<bpmn:task name="&"/>' * 5000))
        assert len(report.warnings) == 101
        assert "4900 times more" in report.warnings[-1].message

    def test_number_of_warnings_about_prefixes_is_bounded(self) -> None:
        report = scan(process("".join(f"<p{number}:x/>" for number in range(500))))
        assert len(report.warnings) == 101
        assert "400 times more" in report.warnings[-1].message


class TestCapitalNames:
    """The Modeler reads `<bpmn:UserTask>` as `<bpmn:userTask>`, without a warning."""

    @pytest.mark.parametrize(
        "content",
        [
            '<bpmn:UserTask id="A" camunda:formKey="embedded:x"/>',
            '<bpmn:UserTask id="A" camunda:formKey="embedded:x"></bpmn:UserTask>',
            '<bpmn:SubProcess><bpmn:userTask camunda:formKey="embedded:x"/></bpmn:SubProcess>',
            f'<UserTask xmlns="{BPMN}" camunda:formKey="embedded:x"/>',
        ],
    )
    def test_bpmn(self, content: str) -> None:
        source = process(content)
        assert embedded_forms(scan(source)) == 1
        assert warnings_of(source) == []

    @pytest.mark.parametrize("name", ["InputOutput", "OutputParameter", "both"])
    def test_extension_elements(self, name: str) -> None:
        content = (
            "<bpmn:task><bpmn:extensionElements><camunda:inputOutput>"
            '<camunda:outputParameter name="a"/>'
            "</camunda:inputOutput></bpmn:extensionElements></bpmn:task>"
        )
        for capital in ("InputOutput", "OutputParameter") if name == "both" else (name,):
            content = content.replace(capital[0].lower() + capital[1:], capital)
        assert scan(process(content)).payload()["diagramMetrics"]["processVariablesCount"] == 1

    @pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf8", "latin1", "gbk", "koi8-r"])
    def test_other_encodings(self, encoding: str) -> None:
        text = process('<bpmn:UserTask camunda:formKey="embedded:x"/>').decode()
        declaration = "" if "16" in encoding else f'<?xml version="1.0" encoding="{encoding}"?>'
        assert embedded_forms(scan((declaration + text).encode(encoding))) == 1

    def test_root_and_process(self) -> None:
        source = process(TASK).replace(b"bpmn:process", b"bpmn:Process")
        source = source.replace(b"bpmn:definitions", b"bpmn:Definitions")
        assert embedded_forms(scan(source)) == 1

    def test_lines_stay_the_same(self) -> None:
        source = process('<bpmn:UserTask id="A"/>\n<bpmn:task id="A"/>')
        assert warnings_of(source) == [(4, "<task> skipped with its content: duplicate id 'A'")]

    def test_other_namespaces_keep_their_names(self) -> None:
        source = process(f'<x:UserTask xmlns:x="urn:x"/>{TASK}')
        report = scan(source)
        assert report.payload()["diagramMetrics"]["tasks"]["userTask"]["count"] == 1

    def test_end_tag_with_another_letter(self) -> None:
        error = scan(process("<bpmn:UserTask>\n</bpmn:userTask>")).error
        assert error is not None
        assert (error.type, error.line) == (ErrorType.MALFORMED, 4)


class TestUnclosedQuotes:
    """The error is at the attribute whose value has no end, not where the parser notices it."""

    @pytest.mark.parametrize(
        "content",
        [
            '<bpmn:task id="A" name="a>\n<bpmn:documentation id="B"/></bpmn:task>',
            "<bpmn:task id='A\n name='b'>\n<bpmn:documentation id='B'/></bpmn:task>",
            '<bpmn:task id="A" name="&#34; x="b">\n<bpmn:ioSpecification\n id="B"/></bpmn:task>',
        ],
    )
    def test_line(self, content: str) -> None:
        error = scan(process(content)).error
        assert error is not None
        assert (error.type, error.line) == (ErrorType.MALFORMED, 3)
        assert error.message == "not well-formed XML: an attribute value has no end"

    @pytest.mark.parametrize("value", ["x < 5", "<a>", "x\n<y"])
    def test_closed_value_with_a_less_than_sign_is_not_blamed(self, value: str) -> None:
        source = process(f'<bpmn:task name="{value}"/>\n<bpmn:task>\n</bpmn:tusk>')
        error = scan(source).error
        assert error is not None
        assert "bpmn:tusk" in error.message or "mismatch" in error.message
        assert error.line == source.count(b"\n", 0, source.index(b"tusk")) + 1


class TestEscapedQuotes:
    """A file whose quotes are escaped is the text of a string, with no attribute to read."""

    @pytest.mark.parametrize("quote", [r"\"", r"\'"])
    @pytest.mark.parametrize("line_break", ["\n", r"\n"])
    def test_unsupported(self, quote: str, line_break: str) -> None:
        text = process(TASK).decode().replace('"', quote).replace("\n", line_break)
        error = scan(text.encode()).error
        assert error is not None
        assert error.type is ErrorType.UNSUPPORTED


class TestRefusedFiles:
    """A file that cannot be measured has an error with its type and position."""

    @pytest.mark.parametrize(
        ("doctype", "line"),
        [
            ('<!DOCTYPE x [\n<!ENTITY a "b">]>', 2),
            ('<!DOCTYPE x [\n<!ENTITY a SYSTEM "file:///etc/passwd">]>', 2),
            ('<!DOCTYPE x [<!ENTITY % a SYSTEM "http://127.0.0.1/a.dtd"> %a;]>', 1),
            ('<!DOCTYPE x [<!ENTITY a "b">', 1),
            ("<!DOCTYPE x [<!ELEMENT x ANY> '\n <!ENTITY a 'b'>]>", 2),
            ("<!DOCTYPE x [<!ELEMENT x ANY>]>\n<!ENTITY a 'b'>", 2),
            ('<!DOCTYPE x SYSTEM "http://127.0.0.1/a.dtd" [<!ENTITY a "b">]>', 1),
        ],
    )
    @pytest.mark.parametrize("content", [TASK, '<bpmn:task name="&a;"/>', "&a;", "&a; < & "])
    def test_entities(self, doctype: str, line: int, content: str) -> None:
        error = scan(doctype.encode() + process(content)).error
        assert error is not None
        assert (error.type, error.line) == (ErrorType.FORBIDDEN, line)

    @pytest.mark.parametrize(
        "identifier",
        [
            'SYSTEM "BPMN20.dtd"',
            'SYSTEM "http://127.0.0.1:9/a.dtd"',
            'SYSTEM "/dev/zero"',
            """PUBLIC "-//A" 'http://127.0.0.1:9/a.dtd'""",
            'SYSTEM "a.dtd" [<!ELEMENT x ANY>]',
        ],
    )
    def test_external_document_type_is_measured_and_never_fetched(self, identifier: str) -> None:
        doctype = f"<!DOCTYPE definitions {identifier}>\n"
        source = doctype.encode() + process(TASK)
        assert embedded_forms(scan(source)) == 1
        assert warnings_of(source) == []

    def test_reference_to_what_an_external_document_type_may_declare(self) -> None:
        doctype = b'<!DOCTYPE x SYSTEM "a.dtd">\n'
        source = doctype + process(f'<bpmn:task name="&nbsp;"/>{TASK}')
        assert embedded_forms(scan(source)) == 1
        assert warnings_of(source) == [(4, "'&' that starts no known reference read as text")]

    @pytest.mark.parametrize("more", ["", '<!ATTLIST a b CDATA "<!ENTITY">'])
    def test_entities_in_comments(self, more: str) -> None:
        doctype = f"<!DOCTYPE x [<!-- <!ENTITY a 'b'> --><?a <!ENTITY?>{more}]>"
        assert embedded_forms(scan(doctype.encode() + process(TASK))) == 1

    @pytest.mark.parametrize(
        "content", ["<a>" * 20_000, "".join(f"<p{number}:a/>" for number in range(10_001))]
    )
    def test_too_many_elements_or_prefixes(self, content: str) -> None:
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
        assert embedded_forms(scan(doctype + process(TASK))) == 1
        assert embedded_forms(scan(doctype + process(TASK + '<bpmn:task a="1" a="2"/>'))) == 1

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be"])
    def test_default_values_of_a_doctype_are_ignored(self, encoding: str) -> None:
        doctype = (
            "<!DOCTYPE x [<!-- it's ]> a 'comment --><?pi ']>?>\n"
            "<!ATTLIST bpmn:task camunda:formKey CDATA 'embedded:x'>"
            "<!ATTLIST bpmn:userTask camunda:formKey CDATA 'embedded:x'>]>"
        )
        source = doctype + process("<bpmn:userTask id='a'/>" + TASK).decode()
        report = scan(source.encode(encoding))
        assert (report.error, report.warnings) == (None, ())
        assert embedded_forms(report) == 1


@pytest.mark.slow
class TestExtremes:
    """Large and deep diagrams are measured, or refused."""

    def test_document_types_that_never_end(self) -> None:
        error = scan(b"<!DOCTYPE a [>" * 70_000 + process("")).error
        assert error is None or error.type is ErrorType.MALFORMED

    @pytest.mark.parametrize("text", ["<a", '<a "', "<a b='\"", "&", "<!--", "<![", "<", '"<'])
    def test_time_is_linear(self, text: str) -> None:
        # Quadratic time would be hours.
        assert scan(process(text * (1_000_000 // len(text)))).payload()


def test_no_possessive_groups_where_python_matches_them_wrongly() -> None:
    script = """
import re, sys
sys.version_info = (3, 11, 2)
from metrics.reading.repair import patterns as module
patterns = [value.pattern for value in vars(module).values() if isinstance(value, re.Pattern)]
for pattern in patterns:
    text = pattern.decode() if isinstance(pattern, bytes) else pattern
    if re.search(r"(?<!\\\\)\\)[*+?}][+]", text):
        print(text)
print(len(patterns))
"""
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    (count,) = result.stdout.decode().splitlines()
    assert int(count) > 10
