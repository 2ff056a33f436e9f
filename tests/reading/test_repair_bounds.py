"""Recovery: time and memory grow with the size of a text, whatever it is made of."""

from __future__ import annotations

import time
import tracemalloc
from contextlib import suppress
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis.strategies import text
from lxml import etree
from support.diagrams import process
from support.hostile import names, text_of
from support.measuring import MIB, measured_scans
from support.reports import TASK, embedded_forms, warnings_of

from metrics import ErrorType, scan
from metrics.reading.errors import DocumentError
from metrics.reading.repair import repair
from metrics.reading.repair.patterns import INVALID_NAMESPACE, PLAIN_NAMESPACE
from metrics.reading.xml_parser import parse_xml

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SHAPES = names()
# The shapes that are read at three sizes, too.
MAIN_SHAPES = (
    "equals signs",
    "openings",
    "attributes of a malformed tag",
    "duplicate ids",
    "unclosed quotes",
    "references",
    "comments",
    "nesting",
    "prefixes in turn",
    "CDATA without end",
    "NULs",
    "entities of a document type",
)
WITHOUT_TAGS = {
    "NULs": b"\0",
    "letters": b"a",
    "letters of UTF-16": "a".encode("utf-16-le"),
    "invalid bytes": b"\xff",
}


def recover(source: bytes) -> None:
    """Repair a text, which may be refused."""
    with suppress(DocumentError):
        repair(source)


def seconds(source: bytes) -> float:
    """The processor time of a repair."""
    start = time.process_time()
    recover(source)
    return time.process_time() - start


def peak(source: bytes) -> int:
    """The most memory in bytes that Python's objects take during a repair."""
    recover(b"<a>&</a>")
    tracemalloc.start()
    try:
        recover(source)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


class TestGrowth:
    """Four times the text takes four times as long, and memory is a multiple of the text."""

    @pytest.mark.parametrize("shape", SHAPES)
    def test_time(self, shape: str) -> None:
        small, large = text_of(shape, 8_000), text_of(shape, 32_000)
        # Quadratic time would be 16 times as long. Allows for other load on the machine.
        assert any(seconds(large) < 8 * seconds(small) + 0.1 for _ in range(3))

    # A shape without a diagram around it is mostly refused.
    @pytest.mark.parametrize("shape", [shape for shape in SHAPES if "alone" not in shape])
    def test_memory(self, shape: str) -> None:
        source = text_of(shape, 20_000)
        assert peak(source) < 40 * len(source)

    @pytest.mark.parametrize("piece", WITHOUT_TAGS.values(), ids=WITHOUT_TAGS.keys())
    def test_bytes_without_tags_are_not_decoded(self, piece: bytes) -> None:
        assert peak(piece * (1_000_000 // len(piece))) < 200_000


class TestBytesWithoutTags:
    """A file without any `<` is refused with the error and the position that a small one has."""

    @pytest.mark.parametrize("times", [10, 1_000_000])
    @pytest.mark.parametrize(
        ("before", "piece", "line", "column"),
        [
            (b"", b"\0", 1, 1),
            (b"\n\n ", b"a", 3, 2),
            (b" " * 10_000, b"\xff", 1, 10_001),
            (b"\xff\xfe\n\0", b"a\0", 2, 1),
        ],
    )
    def test_error(self, before: bytes, piece: bytes, line: int, column: int, times: int) -> None:
        error = scan(before + piece * times).error
        assert error is not None
        assert (error.type, error.line, error.column) == (ErrorType.MALFORMED, line, column)
        assert error.message == "not well-formed XML: there is no element"

    @pytest.mark.parametrize("blanks", [b"", b"\n" * 10_000])
    def test_empty_file(self, blanks: bytes) -> None:
        error = scan(blanks).error
        assert error is not None
        assert (error.message, error.line) == (
            "not well-formed XML: the file is empty",
            len(blanks) + 1,
        )

    @pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-16", "utf-32"])
    def test_wide_encodings_have_tags(self, encoding: str) -> None:
        mark = b"" if encoding == "utf-32" else "\ufeff".encode(encoding)[:2]
        source = process(f"&{TASK}").decode().encode(encoding)
        assert embedded_forms(scan(source if encoding == "utf-16" else mark + source)) == 1


class TestLimits:
    """Text that takes the parser a hundred times its size is limited in number."""

    @pytest.mark.parametrize(
        ("number", "repeated", "message"),
        [
            (
                10_000,
                '<a xmlns:b="?{n}"/>',
                "more than 10,000 namespace declarations with an unusual prefix or URI",
            ),
            (50_000, ' a{n}="&"', "more than 50,000 attributes with '&' or '<' in a tag"),
            (50_000, ' a{n}="<"', "more than 50,000 attributes with '&' or '<' in a tag"),
        ],
    )
    @pytest.mark.parametrize("before", ["", "a "])
    def test_number(self, number: int, repeated: str, message: str, before: str) -> None:
        pieces = [repeated.replace("{n}", str(n)) for n in range(number + 1)]
        in_a_tag = repeated.startswith(" ")
        opening, closing = (f"<bpmn:task {before}", "/>") if in_a_tag else ("", "")
        allowed = process(f"&{TASK}{opening}{''.join(pieces[:-1])}{closing}")
        refused = process(f"&{TASK}{opening}{''.join(pieces)}{closing}")
        assert embedded_forms(scan(allowed)) == 1
        error = scan(refused).error
        assert error is not None
        assert (error.type, error.message, error.line) == (ErrorType.TOO_LARGE, message, 3)

    def test_one_value_may_have_any_number_of_references(self) -> None:
        source = process(f'{TASK}<bpmn:task name="{"&" * 60_000}"/>')
        assert embedded_forms(scan(source)) == 1


class TestNamespaces:
    """The parser does not check namespaces that it certainly accepts or refuses."""

    @given(text("az09AZ.-_/:", max_size=20))
    @example("http://www.w3.org/XML/1998/namespace")
    @example("http://www.w3.org/2000/xmlns/")
    def test_plain_ones_are_valid(self, rest: str) -> None:
        for value in (f'"http://{rest}"', f'"https://a{rest}"', f'"urn:{rest}"', f'"{rest}"'):
            if PLAIN_NAMESPACE.fullmatch(value):
                parse_xml(f"<a xmlns:b={value}/>")

    @given(text("az:/?#%&; <>{}|\\^`é", max_size=20))
    def test_invalid_ones_are_invalid(self, value: str) -> None:
        if INVALID_NAMESPACE.search(value):
            with pytest.raises(etree.XMLSyntaxError):
                parse_xml(f'<a xmlns:b="{value}"/>')

    def test_unusual_ones_are_read(self) -> None:
        source = process(f'{TASK}<a xmlns:b="a:b:?c" xmlns:d="[" xmlns:e="" f="&"/>')
        assert embedded_forms(scan(source)) == 1
        assert [message for _, message in warnings_of(source)] == [
            "invalid namespace URI read as unknown: '['",
            "invalid namespace URI read as unknown: ''",
            "'&' that starts no known reference read as text",
        ]


class TestManyFaults:
    """The result is the same, however many edits a text needs."""

    @pytest.mark.parametrize("times", [1, 999, 1001, 70_000])
    def test_edits(self, times: int) -> None:
        source = process(f'<bpmn:Task b="&" c d="\0"/>\n{"]]>&<!-->" * times}{TASK}')
        root = etree.fromstring(repair(source).source)
        (element,) = root.iter("{*}task")
        assert dict(element.attrib) == {"b": "&", "d": "\ufffd"}
        # A comment without content is read as blanks.
        assert "".join((element.tail or "").split()) == "]]>&" * times
        assert next(root.iter("{*}userTask")).sourceline == 4

    def test_undeclared_prefix_after_many_edits(self) -> None:
        source = process(f"{'&<a/>' * 5000}<x:y/>")
        root = etree.fromstring(repair(source).source)
        assert root.nsmap["x"] == "urn:undeclared:x"

    def test_lines_of_warnings_in_any_order(self) -> None:
        attributes = 'a:b="1"\n c="&"\n d\n bpmn:b="2"\n e="<"'
        source = process(f'<bpmn:task xmlns:a="{{}}"\n {attributes}/>'.replace("{}", "a b"))
        assert [line for line, _ in warnings_of(source)] == [3, 5, 6, 8]


@pytest.mark.slow
class TestLargeTexts:
    """1,000,000 bytes take at most 64 MB more memory than an empty diagram, and time is linear."""

    @pytest.mark.parametrize("shape", MAIN_SHAPES)
    def test_megabytes(self, shape: str, tmp_path: Path) -> None:
        self._require_linear(lambda size: text_of(shape, size), (1, 2, 4), 64, tmp_path)

    # One process measures many shapes, since its start takes as long as a scan.
    @pytest.mark.parametrize("part", range(4))
    def test_half_a_megabyte(self, part: int, tmp_path: Path) -> None:
        # A shape without a diagram around it is mostly refused.
        shapes = [shape for shape in SHAPES if "alone" not in shape][part::4]
        paths = [tmp_path / f"{number}.bpmn" for number in range(len(shapes) + 1)]
        paths[0].write_bytes(process("&"))
        for path, shape in zip(paths[1:], shapes, strict=True):
            path.write_bytes(text_of(shape, 500_000))
        empty, *runs = measured_scans(paths, timeout=250)
        needed = {shape: run.memory - empty.memory for shape, run in zip(shapes, runs, strict=True)}
        assert {shape for shape, memory in needed.items() if memory > 32 * MIB} == set()

    @pytest.mark.parametrize("before", [b"", b"<"])
    @pytest.mark.parametrize("after", [b"", b"<", b"<a/>"])
    def test_nul_bytes(self, before: bytes, after: bytes, tmp_path: Path) -> None:
        self._require_linear(lambda size: before + b"\0" * size + after, (16, 32, 64), 8, tmp_path)

    def _require_linear(
        self,
        text_of_size: Callable[[int], bytes],
        megabytes: tuple[int, ...],
        mib_per_megabyte: int,
        folder: Path,
    ) -> None:
        paths = [folder / f"{number}.bpmn" for number in (0, *megabytes)]
        paths[0].write_bytes(process("&"))
        for path, number in zip(paths[1:], megabytes, strict=True):
            path.write_bytes(text_of_size(number * 1_000_000))
        # Allows for other load on the machine.
        for _ in range(3):
            empty, *runs = measured_scans(paths, timeout=90)
            for run, number in zip(runs, megabytes, strict=True):
                assert run.memory - empty.memory < number * mib_per_megabyte * MIB
            seconds = [run.seconds for run in runs]
            # Short times vary too much to compare.
            if all(double < 2.6 * single + 0.3 for single, double in pairwise(seconds)):
                return
        pytest.fail(f"time is not linear: {seconds}")
