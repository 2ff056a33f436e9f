"""Fingerprints: which changes of a diagram keep them, and diagrams of any size have them."""

from __future__ import annotations

import os
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.diagrams import BPMN
from support.growth import check_growth

from metrics import discover, scan

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CORPUS: Final = os.environ.get("METRICS_CORPUS")

XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
DI: Final = "http://www.omg.org/spec/BPMN/20100524/DI"
TYPES: Final = ("task", "userTask", "exclusiveGateway", "startEvent", "subProcess")


def fingerprints(source: bytes | str) -> dict[str, Any]:
    """The fragment of a diagram: of bytes, or of a path."""
    report = scan(source, fragments=["fingerprints"])
    assert report.error is None, report.error
    found: dict[str, Any] = report.payload(fragments=["fingerprints"])["fingerprints"]
    return found


def diagram(content: str) -> bytes:
    """A diagram with a content."""
    namespaces = f'xmlns="{BPMN}" xmlns:xsi="{XSI}" xmlns:di="{DI}" xmlns:q="urn:q"'
    return f"<definitions {namespaces}>{content}</definitions>".encode()


def of(content: str) -> dict[str, Any]:
    """The fragment of a diagram with a content."""
    return fingerprints(diagram(content))


def model(content: str) -> str:
    """The fingerprint `model` of a diagram with a content."""
    value: str = of(content)["model"]
    return value


def structure(content: str) -> str:
    """The fingerprint `structure` of a diagram with a content of its process."""
    value: str = of(f"<process>{content}</process>")["structure"]
    return value


def hash_of(text: str) -> str:
    """The fingerprint of a text, which has `N:` for the BPMN namespace and `~` for U+0000."""
    written = text.replace("N:", f"{{{BPMN}}}").replace("~", "\0").encode()
    return f"b2:{blake2b(written, digest_size=16).hexdigest()}"


class TestModel:
    """The text of all elements below the root."""

    @pytest.mark.parametrize(
        ("content", "text"),
        [
            ("<task/>", "<N:task~>"),
            ("<task/>text of the root<task/>", "<N:task~><N:task~>"),
            ("<task a.b='1' a='2'/>", "<N:task~a~2~a.b~1~>"),
            ("<task q:z='1' é='2' z='3'/>", "<N:task~z~3~{urn:q}z~1~é~2~>"),
            ("<task q:z='' z=' '/>", "<N:task~z~ ~{urn:q}z~~>"),
            ("<task xmlns='' id='a'/>", "<task~id~a~>"),
            ("<task xml:lang='de'/>", "<N:task~{http://www.w3.org/XML/1998/namespace}lang~de~>"),
            ("<text>&#9; a\n b&#13; </text>", '<N:text~"a\n b~>'),
            ("<text><![CDATA[ <a> ]]>&amp;</text>", '<N:text~"<a> &~>'),
            ("<text>\u00a0\u2003a</text>", '<N:text~"\u00a0\u2003a~>'),
            ("<a>1<b>2</b>3<!-- c -->4</a>", '<N:a~"1~<N:b~"2~>"34~>'),
            ("<a>1 <di:b>2</di:b> 3</a>", '<N:a~"1  3~>'),
            ("<a>1<di:b/><di:b><c/></di:b>2<d/>3</a>", '<N:a~"12~<N:d~>"3~>'),
            ("<a><di:b/> </a>", "<N:a~>"),
            ("<di:a>1<b/>2</di:a><c di:d='1'/>", "<N:c~>"),
        ],
    )
    def test_text(self, content: str, text: str) -> None:
        assert model(content) == hash_of(text)

    @pytest.mark.parametrize(
        ("attributes", "type"),
        [
            ("xsi:type='q:t'", "{urn:q}t"),
            ("xsi:type='t'", "N:t"),
            ("xsi:type='\tq:t '", "{urn:q}t"),
            ("xsi:type='z:t'", "z:t"),
            ("xsi:type='q:z:t'", "q:z:t"),
            ("xsi:type='t' xmlns=''", "t"),
            ("xsi:type='q:t' xmlns:q='urn:r'", "{urn:r}t"),
            ("xsi:type='z:t' xmlns:z='urn:z'", "{urn:z}t"),
        ],
    )
    def test_type(self, attributes: str, type: str) -> None:
        name = "x" if "xmlns=" in attributes else "N:x"
        text = f"<{name}~{{{XSI}}}type~{type}~>"
        assert model(f"<x {attributes}/>") == hash_of(text)

    def test_many_attributes(self) -> None:
        names = [f"a{number:03}" for number in range(200)]
        written = " ".join(f'{name}="{name} "' for name in reversed(names))
        text = "".join(f"{name}~{name} ~" for name in names)
        assert model(f"<a q:z='1' {written}/>") == hash_of(f"<N:a~{text}{{urn:q}}z~1~>")

    def test_prefix_is_declared_only_inside(self) -> None:
        content = (
            "<a xmlns:q='urn:r'><b xsi:type='q:t'/></a>"
            "<di:a xmlns:q='urn:s'><b/></di:a><c xsi:type='q:t'/>"
        )
        text = f"<N:a~<N:b~{{{XSI}}}type~{{urn:r}}t~>><N:c~{{{XSI}}}type~{{urn:q}}t~>"
        assert model(content) == hash_of(text)

    @pytest.mark.parametrize(
        ("namespace", "is_layout"),
        [
            ("http://www.omg.org/spec/BPMN/20100524/DI", True),
            ("https://www.omg.org/spec/DMN/20191111/DMNDI/", True),
            ("http://www.omg.org/spec/DD/20100524/DC", True),
            ("http://bpmn.io/schema/dmn/biodi/2.0", True),
            ("http://bpmn.io/schema/dmn/biodi", False),
            ("http://www.omg.org/spec/BPMN/20100524/DI//", False),
            ("http://www.omg.org/spec/BPMN/20100524/XDI", False),
            ("http://www.omg.org/spec/BPMN/20100524/DI/x", False),
            ("ftp://www.omg.org/spec/BPMN/20100524/DI", False),
        ],
    )
    def test_layout(self, namespace: str, is_layout: bool) -> None:
        content = f"<a><x:b xmlns:x='{namespace}'/></a>"
        assert (model(content) == hash_of("<N:a~>")) == is_layout

    def test_malformed_file_is_read_as_it_is_repaired(self) -> None:
        assert model("<task id='a' id='b' &/><text>&</text>") == model(
            "<task id='a'/><text>&amp;</text>"
        )


def path_of(types: list[str], *, turned: int = -1, id: str = "T") -> str:
    """A path of flow nodes; the sequence flow with the number `turned` is reversed."""
    nodes = "".join(f'<{type} id="{id}{number}"/>' for number, type in enumerate(types))
    ends = [(number, number + 1) for number in range(len(types) - 1)]
    if turned >= 0:
        ends[turned] = ends[turned][::-1]
    return nodes + "".join(
        f'<sequenceFlow sourceRef="{id}{source}" targetRef="{id}{target}"/>'
        for source, target in ends
    )


paths = st.lists(st.sampled_from(TYPES), min_size=5, max_size=20)


class TestStructure:
    """The labels of flow nodes after some rounds."""

    @given(paths, st.data())
    def test_reversed_flow(self, types: list[str], data: st.DataObject) -> None:
        turned = data.draw(st.integers(0, len(types) - 2))
        before, after = (
            of(f"<process>{path_of(types, turned=number)}</process>") for number in (-1, turned)
        )
        assert before["model"] != after["model"]
        # A path has one end; with a reversed flow, it has two ends or two starts.
        assert before["structure"] != after["structure"]

    @given(paths)
    def test_other_ids(self, types: list[str]) -> None:
        before, after = (of(f"<process>{path_of(types, id=id)}</process>") for id in ("T", "a"))
        assert before["model"] != after["model"]
        assert before["structure"] == after["structure"]

    @given(st.permutations(range(8)))
    def test_order_of_elements(self, order: list[int]) -> None:
        nodes = [f'<{TYPES[number % 5]} id="T{number}"/>' for number in range(8)]
        flows = [f'<sequenceFlow sourceRef="T{n}" targetRef="T{n // 2}"/>' for n in range(8)]
        before = structure("".join([*nodes, *flows]))
        after = structure("".join([*(flows[n] for n in order), *(nodes[n] for n in order)]))
        assert before == after

    @pytest.mark.parametrize(
        ("first", "second"),
        [
            # An arc counts twice.
            ("{nodes}{arc}", "{nodes}{arc}{arc}"),
            ("{nodes}{arc}", "{nodes}"),
            # In one sub-process, or in two.
            (
                "{nodes}<subProcess><task/><task/></subProcess><subProcess/>",
                "{nodes}<subProcess><task/></subProcess><subProcess><task/></subProcess>",
            ),
            # Boundary events of one activity, or of two.
            ("{nodes}{boundary}{boundary}", "{nodes}{boundary}{other}"),
            ("{nodes}<boundaryEvent/>", "{nodes}{boundary}"),
            ("{nodes}<endEvent/>", "{nodes}<endEvent><terminateEventDefinition/></endEvent>"),
        ],
    )
    def test_differs(self, first: str, second: str) -> None:
        parts = {
            "nodes": "".join(f'<task id="T{number}"/>' for number in range(5)),
            "arc": '<sequenceFlow sourceRef="T0" targetRef="T1"/>',
            "boundary": '<boundaryEvent attachedToRef="T0"/>',
            "other": '<boundaryEvent attachedToRef="T1"/>',
        }
        assert structure(first.format(**parts)) != structure(second.format(**parts))

    def test_at_most_16_rounds(self) -> None:
        # A label knows the nodes within 16 steps. The odd node is farther from the ends of both.
        tasks = ["task"] * 80
        first, second = [*tasks], [*tasks]
        first[39], second[40] = "userTask", "userTask"
        assert structure(path_of(first)) == structure(path_of(second))
        first[39], second[10] = "task", "userTask"
        assert structure(path_of(first)) != structure(path_of(second))


@pytest.mark.slow
@pytest.mark.skipif(CORPUS is None, reason="METRICS_CORPUS names no folder")
def test_corpus() -> None:
    models: dict[bytes, str] = {}
    structures: dict[str, str | None] = {}
    for path in discover([CORPUS or ""]):
        assert isinstance(path, str)
        with open(path, "rb") as file:
            content = file.read()
        report = scan(content, name=path, fragments=["fingerprints"])
        found = report.payload().get("fingerprints")
        if found is None:
            continue
        assert models.setdefault(content, found["model"]) == found["model"]
        if not any("skipped with its content" in warning.message for warning in report.warnings):
            structure = found.get("structure")
            assert structures.setdefault(found["model"], structure) == structure
    assert structures


HOSTILE: Final[Mapping[str, Callable[[int], str]]] = {
    "attributes": lambda n: "<a {}/>".format(" ".join(f'a{k}="{k}"' for k in range(n))),
    "layout attributes": lambda n: "<a {}/>".format(" ".join(f'di:a{k}="1"' for k in range(n))),
    "namespaces": lambda n: "".join(f"<x:a xmlns:x='urn:{k}' x:b='1'/>" for k in range(n)),
    "types": lambda n: "<a {}>{}</a>".format(
        " ".join(f"xmlns:p{k}='urn:{k}'" for k in range(n)), "<b xsi:type='p1:t'/>" * n
    ),
    "texts around layout": lambda n: f"<a>{(20 * 'text ' + '<di:b/>') * n}</a>",
    "a long text": lambda n: f"<a>{'text ' * 20 * n}</a>",
    "depth": lambda n: ("<a>" * 1000 + "</a>" * 1000) * (n // 1000),
    "nothing but layout": lambda n: "<di:a/>" * n,
    "chain": lambda n: f"<process>{path_of(['task'] * n)}</process>",
    "star": lambda n: "<process>{}</process>".format(
        '<task id="a"/>'
        + "".join(
            f'<task id="{k}"/><sequenceFlow sourceRef="a" targetRef="{k}"/>' for k in range(n)
        )
    ),
    "all pairs": lambda n: "<process>{}</process>".format(
        "".join(f'<task id="{k}"/>' for k in range(64))
        + "".join(
            f'<sequenceFlow sourceRef="{k % 64}" targetRef="{k // 64 % 64}"/>' for k in range(n)
        )
    ),
    "boundary events": lambda n: "<process>{}</process>".format(
        '<task id="a"/>' + '<boundaryEvent attachedToRef="a"/>' * n
    ),
}


class TestHostile:
    """The time grows with the size, and no diagram is an exception."""

    @pytest.mark.parametrize("shape", HOSTILE)
    def test_has_fingerprints(self, shape: str) -> None:
        assert len(of(HOSTILE[shape](1000))["model"]) == 35

    @pytest.mark.slow
    @pytest.mark.parametrize("shape", HOSTILE)
    def test_time_is_linear(self, shape: str) -> None:
        check_growth(
            lambda size: diagram(HOSTILE[shape](size)), size=5_000, fragments=["fingerprints"]
        )
