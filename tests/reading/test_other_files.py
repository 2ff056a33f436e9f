"""Files that are named like diagrams but are not: the error says what they are."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import tarfile
import zipfile

import pytest
from support.diagrams import process
from support.reports import TASK, embedded_forms, warnings_of

from metrics import ErrorType, Report, scan


def zipped(content: bytes) -> bytes:
    """A zip archive with a diagram."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("order.bpmn", content)
    return archive.getvalue()


def message_of(report: Report) -> str:
    """The message of a report that must have the error `unsupported`."""
    assert report.error is not None
    assert report.error.type is ErrorType.UNSUPPORTED
    return report.error.message


LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n"
HTML = b"<!DOCTYPE html>\n<html><head><meta charset='utf-8'></head><body>Sign in<br></body></html>"


class TestOtherFiles:
    @pytest.mark.parametrize(
        ("source", "kind"),
        [
            (LFS, "a Git LFS pointer; run `git lfs pull`"),
            (gzip.compress(process(TASK)), "a gzip file"),
            (bz2.compress(process(TASK)), "a bzip2 file"),
            (lzma.compress(process(TASK)), "an xz file"),
            (zipped(process(TASK)), "a zip archive"),
            (b"%PDF-1.7\n1 0 obj <<>>", "a PDF document"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), "a Microsoft Office document"),
            (b"\x89PNG\r\n\x1a\n" + bytes(16), "a PNG image"),
            (b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X", "metadata of macOS (AppleDouble)"),
            (HTML, "an HTML page"),
            (b"\xef\xbb\xbf\r\n" + HTML.lower(), "an HTML page"),
            (b"<!-- saved --><HTML><p>", "an HTML page"),
            (b'<?xml version="1.0"?>\n<html xmlns="x"><br></html>', "an HTML page"),
        ],
    )
    @pytest.mark.parametrize("name", ["a.bpmn", "a.dmn", "a.form"])
    def test_kind(self, source: bytes, kind: str, name: str) -> None:
        assert message_of(scan(source, name=name)) == f"not a diagram: it is {kind}"

    @pytest.mark.parametrize("source", [b"{}", b' [{"id": 1}]', json.dumps({"a": "<"}).encode()])
    def test_json_in_a_file_for_xml(self, source: bytes) -> None:
        assert message_of(scan(source, name="a.bpmn")) == "not a diagram: it is JSON, not XML"

    def test_prefix_html_is_no_page(self) -> None:
        source = process(TASK).replace(b"bpmn:", b"html:").replace(b"xmlns:bpmn=", b"xmlns:html=")
        assert embedded_forms(scan(source.replace(b"<html:userTask", b"&amp;&<html:userTask"))) == 1

    def test_well_formed_page(self) -> None:
        source = b'<html xmlns="http://www.w3.org/1999/xhtml"><body/></html>'
        assert "<html>" in message_of(scan(source, name="a.bpmn"))

    def test_archive_with_a_long_name(self) -> None:
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w:gz") as file:
            file.addfile(tarfile.TarInfo("a" * 200))
        assert message_of(scan(archive.getvalue(), name="a.bpmn")).endswith("a gzip file")


class TestForms:
    @pytest.mark.parametrize(
        ("source", "kind"),
        [
            (
                (
                    b'<?xml version="1.0"?>\n<form xmlns="http://www.intellij.com/uidesigner/form/"'
                    b' version="1"/>'
                ),
                "a form of the GUI designer of IntelliJ IDEA",
            ),
            (
                (
                    b'<?xml version="1.1"?>\n\n<Form version="1.9" maxVersion="1.9"'
                    b' type="org.netbeans.modules.form.forminfo.JFrameFormInfo">\n</Form>'
                ),
                "a form of the GUI designer of NetBeans",
            ),
            (process(TASK), "XML, not JSON"),
            (b"<form/>", "XML, not JSON"),
        ],
    )
    def test_xml(self, source: bytes, kind: str) -> None:
        assert message_of(scan(source, name="a.form")) == f"not a diagram: it is {kind}"

    @pytest.mark.parametrize(
        "form",
        [
            {"key": "order", "name": "Order", "fields": []},
            {"id": "steps", "type": "task", "content": [{"id": "result"}]},
            {"components": {"a": {}}},
            {"tabs": [], "outcomes": []},
        ],
    )
    def test_json_of_other_programs(self, form: dict[str, object]) -> None:
        message = message_of(scan(json.dumps(form).encode(), name="a.form"))
        assert message == (
            "not a diagram: it is JSON of another program; a form has the list 'components'"
        )

    @pytest.mark.parametrize("display", ["form", "wizard", "pdf"])
    def test_form_io(self, display: str) -> None:
        source = json.dumps({"display": display, "components": [{"input": True}]}).encode()
        assert message_of(scan(source, name="a.form")) == "not a diagram: it is a form of Form.io"

    @pytest.mark.parametrize(
        "form",
        [
            {},
            {"components": []},
            {"schemaVersion": 16},
            {"executionPlatform": "Camunda Cloud"},
            {"executionPlatformVersion": "8.6.0"},
            {"components": [], "display": "form", "executionPlatform": "Camunda Cloud"},
        ],
    )
    def test_camunda_forms(self, form: dict[str, object]) -> None:
        assert scan(json.dumps(form).encode(), name="a.form").error is None


class TestMergeConflicts:
    @pytest.mark.parametrize(
        "source",
        [
            process("\n<<<<<<< HEAD\n<bpmn:task>\n=======\n<bpmn:task>\n>>>>>>> b\n</bpmn:task>"),
            process("\r\n<<<<<<< HEAD\r\n=======\r\n>>>>>>> b\r\n").replace(b"\n\r\n", b"\r\n"),
            process('\n<<<<<<< HEAD\n<bpmn:task id="a"\n||||||| base\n=======\n>>>>>>> b\n/>'),
        ],
    )
    def test_malformed_at_the_first_marker(self, source: bytes) -> None:
        error = scan(source, name="a.bpmn").error
        assert error is not None
        assert error.type is ErrorType.MALFORMED
        assert error.message.startswith("an unresolved merge conflict: '<<<<<<<")
        assert error.line == source.split(b"<<<<<<<")[0].count(b"\n") + 1
        assert error.column == 1

    def test_form(self) -> None:
        source = b'{\n  "components": [],\n<<<<<<< HEAD\n  "id": "a"\n=======\n>>>>>>> b\n}'
        error = scan(source, name="a.form").error
        assert error is not None
        assert (error.type, error.line) == (ErrorType.MALFORMED, 3)

    def test_form_on_one_line(self) -> None:
        source = b'<<<<<<< HEAD\n{"components":[]}\n=======\n{"components":[{}]}\n>>>>>>> b\n'
        error = scan(source, name="a.form").error
        assert error is not None
        assert (error.type, error.line, error.column) == (ErrorType.MALFORMED, 1, 1)

    def test_marker_that_was_left_behind(self) -> None:
        source = process(f"{TASK}\n>>>>>>> feature")
        assert embedded_forms(scan(source)) == 1
        assert warnings_of(source) == [(4, "merge conflict marker read as text: '>>>>>>>'")]

    def test_marker_that_was_left_behind_in_a_malformed_file(self) -> None:
        source = process(f'<bpmn:task name="&"/>{TASK}\n>>>>>>> feature')
        assert embedded_forms(scan(source)) == 1
        assert (4, "merge conflict marker read as text: '>>>>>>>'") in warnings_of(source)

    def test_signs_elsewhere_are_no_marker(self) -> None:
        source = process(f"<bpmn:documentation>a >>>>>>> b</bpmn:documentation>{TASK}")
        assert warnings_of(source) == []
