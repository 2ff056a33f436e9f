"""The encodings of files."""

from __future__ import annotations

import codecs

import pytest
from support.diagrams import process
from support.reports import TASK, embedded_forms, warnings_of

from metrics import scan


@pytest.mark.parametrize(
    ("encoding", "declared"), [("utf-8", "UTF-8"), ("ascii", "us-ascii"), ("utf-8", None)]
)
def test_bytes_that_are_not_valid_in_the_encoding(encoding: str, declared: str | None) -> None:
    declaration = f'<?xml version="1.0" encoding="{declared}"?>\n' if declared else "\n"
    source = declaration.encode() + process(f'<bpmn:task name="caf\xe9"/>{TASK}'.replace("é", "?"))
    source = source.replace(b"caf?", b"caf\xe9")
    assert embedded_forms(scan(source)) == 1
    assert warnings_of(source) == [(4, f"bytes that are not valid {encoding} read as U+FFFD")]


def test_byte_order_mark() -> None:
    source = codecs.BOM_UTF8 + b'<?xml version="1.0" encoding="UTF-8"?>' + process(TASK)
    assert embedded_forms(scan(source)) == 1
    assert warnings_of(source) == [(1, "byte order mark before the XML declaration skipped")]


def test_unknown_encoding_is_read_as_utf_8() -> None:
    source = b'<?xml version="1.0" encoding="zip"?>' + process(TASK)
    assert embedded_forms(scan(source)) == 1
    assert warnings_of(source)[0] == (1, "unknown encoding read as UTF-8: 'zip'")


def test_utf_16_without_a_declaration() -> None:
    source = process(
        '<bpmn:serviceTask id="S" camunda:modelerTemplate="t" camunda:resultVariable="x"/>'
    )
    text = source.decode()
    text = text[text.index("?>") + 2 :] if text.startswith("<?xml") else text
    payload = scan(text.encode("utf-16")).payload()
    assert payload["elementTemplateCount"] == 1
    assert payload["diagramMetrics"]["processVariablesCount"] == 1


def test_byte_order_mark_and_another_fault() -> None:
    source = b"\xef\xbb\xbf" + process('<bpmn:task foo:x="y"/>')
    assert any("byte order mark" in message for _, message in warnings_of(source))


@pytest.mark.parametrize("name", ["utf-16", "UTF-16LE", "utf_16", "UTF-32", "utf-32-be"])
def test_declaration_that_contradicts_the_bytes(name: str) -> None:
    source = f'<?xml version="1.0" encoding="{name}"?>\n'.encode() + process(
        f'<bpmn:task name="café"/>{TASK}'
    )
    assert embedded_forms(scan(source)) == 1
    message = f"encoding that contradicts the bytes read as UTF-8: '{name}'"
    assert warnings_of(source) == [(1, message)]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_declaration_of_utf_8_in_utf_16(encoding: str) -> None:
    source = '<?xml version="1.0" encoding="UTF-8"?>\n' + process(TASK).decode()
    assert embedded_forms(scan(source.encode(encoding))) == 1
