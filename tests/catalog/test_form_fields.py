"""The laws of `formFields`, over generated and hostile forms and the corpus."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.growth import check_growth

from metrics import discover, explain, scan
from metrics.catalog.own.form_fields import PROPERTIES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CORPUS = os.environ.get("METRICS_CORPUS")
FORM: Final = "a.form"
TYPES: Final = ("textfield", "number", "group", "dynamiclist", "button", "html", "")
TEXTS: Final = (
    *("", "a", "b.c", ".", "=a", "=b + f(c)", "=x[item > d]", "={a: b}", '="', "{{a}}", "{{"),
    "{{#loop a}}{{b}}{{parent.c}}{{/loop}}",
)

anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.floats(), st.sampled_from(TEXTS), st.text(max_size=9)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(TEXTS), inner),
    max_leaves=8,
)
texts = st.sampled_from(TEXTS)


def fields(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Components with these components in them."""
    return st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(TYPES) | anything,
            "key": texts | anything,
            "path": texts | anything,
            "valuesKey": texts | anything,
            "label": texts | anything,
            "content": texts,
            "conditional": st.fixed_dictionaries({"hide": texts}) | anything,
            "validate": st.dictionaries(st.sampled_from(["min", "max"]), texts) | anything,
            "components": st.lists(inner, max_size=4) | anything,
        },
    )


components = st.recursive(fields(anything), fields, max_leaves=12)
forms = st.lists(components | anything, max_size=5).map(lambda inner: {"components": inner})


def form_fields(source: bytes | str) -> dict[str, Any]:
    """The fragment of a form."""
    report = scan(source, name=FORM, fragments=["formFields"])
    assert report.error is None, report.error
    found: dict[str, Any] = report.payload(fragments=["formFields"])["formFields"]
    return found


def check_laws(found: dict[str, Any]) -> None:
    """The laws of the fragment."""
    assert sum(found["formFieldTypes"].values()) == found["count"]
    assert found["outputs"] <= found["inputs"]


def check_explanation(source: bytes | str) -> None:
    """The items of each number add up to it; each has a text."""
    explanation = explain(source, name=FORM, fragments=["formFields"])
    for number in explanation.only(["formFields"]).numbers:
        assert len(number.items) == number.value, number.key
        assert all(item.texts for item in number.items)


@given(forms)
def test_laws(form: dict[str, Any]) -> None:
    source = json.dumps(form).replace("NaN", "0").replace("Infinity", "1").encode()
    check_laws(form_fields(source))
    check_explanation(source)


@given(components, components)
def test_forms_add_up(one: dict[str, Any], other: dict[str, Any]) -> None:
    first, second, both = (
        form_fields(
            json.dumps({"components": inner}).replace("NaN", "0").replace("Infinity", "1").encode()
        )
        for inner in ([one], [other], [one, other])
    )
    assert both["count"] == first["count"] + second["count"]
    for key in ("inputs", "outputs"):
        assert max(first[key], second[key]) <= both[key] <= first[key] + second[key]
    assert [*both["formFieldTypes"]] == [*(first["formFieldTypes"] | second["formFieldTypes"])]


def test_evidence_is_shown_by_type_and_variable() -> None:
    component = {"type": "number", "key": "a.b", "id": "Field", "label": "=\ud800c"}
    source = json.dumps({"components": [component]}).encode()
    explanation = explain(source, name=FORM, fragments=["formFields"])
    shown = {
        number.key: [dict(item.texts) for item in number.items] for number in explanation.numbers
    }
    field = {"type": "number", "variable": "a", "id": "Field"}
    assert shown["formFields.count"] == shown["formFields.formFieldTypes.number"] == [field]
    assert shown["formFields.inputs"] == [{"variable": "a"}, {"variable": "c"}]
    assert shown["formFields.outputs"] == [{"variable": "a"}]


@pytest.mark.slow
@pytest.mark.skipif(CORPUS is None, reason="METRICS_CORPUS names no folder")
def test_corpus() -> None:
    checked = 0
    for path in discover([CORPUS or ""]):
        assert isinstance(path, str)
        if path.lower().endswith(".form") and not scan(path).error:
            check_laws(form_fields(path))
            check_explanation(path)
            checked += 1
    assert checked


def text(value: str) -> bytes:
    """A form with a text."""
    return json.dumps({"components": [{"type": "text", "text": value}]}).encode()


def many(component: str, n: int) -> bytes:
    """A form with a component for each number."""
    return f'{{"components": [{",".join(component % k for k in range(n))}]}}'.encode()


SHAPES: Final[Mapping[str, Callable[[int], bytes]]] = {
    "components": lambda n: many('{"type": "t%d", "key": "k"}', n),
    "variables": lambda n: many('{"type": "number", "key": "k%d.a", "label": "=a"}', n),
    "odd items": lambda n: many('[{}, null, "%d"]', n),
    "brackets": lambda n: text("=" + "a[" * n + "item"),
    "closing brackets": lambda n: text("=" + "]" * n + "a"),
    "names": lambda n: text("=" + "+".join(f"a{k}" for k in range(n))),
    "long name": lambda n: text("=" + "a " * n),
    "long word": lambda n: text("=" + "a" * n + "+" + "date" + " " * n),
    "path": lambda n: text("=a" + ".a" * n),
    "binders": lambda n: text("=" + "for a in b, " * n),
    "open texts": lambda n: text("=" + '"a' * n),
    "escapes": lambda n: text('="' + "\\" * (2 * n + 1)),
    "open comments": lambda n: text("=" + "/* a" * n),
    "numbers": lambda n: text("=" + "1" * n + "..e" * n),
    "open tags": lambda n: text("{{a" * n),
    "tags": lambda n: text("{{a}}" * n),
    "loops": lambda n: text("{{#loop a}}" * n + "{{parent.b}}"),
    "ends of loops": lambda n: text("{{/loop}}{{a.b.c}}" * n),
    "parents": lambda n: text("{{" + "parent." * n + "a}}"),
    "parents and names": lambda n: text("{{" + "this.parent.parent.a." * n + "a}}"),
}


class TestHostile:
    """Forms of any size and shape have numbers, in a time that grows with the size."""

    @pytest.mark.parametrize("shape", SHAPES)
    def test_has_numbers(self, shape: str) -> None:
        check_laws(form_fields(SHAPES[shape](300)))

    @pytest.mark.parametrize("name", [name for name, *_ in PROPERTIES])
    def test_each_property_is_read(self, name: str) -> None:
        key, _, inner = name.partition(".")
        text = "{{a}}" if name == "content" else "=a"
        component = {key: {inner: text} if inner else text}
        found = form_fields(json.dumps({"components": [component]}).encode())
        assert (found["inputs"], found["outputs"]) == (1, 0)

    def test_nested_components(self) -> None:
        for depth in (1, 400):
            source = '{"components": [' * depth + "1" + "]}" * depth
            assert form_fields(source.encode())["count"] == depth - 1
        source = '{"components": [' * 100_000 + "]}" * 100_000
        error = scan(source.encode(), name=FORM, fragments=["formFields"]).error
        assert error is not None
        assert error.type == "too-large"

    @pytest.mark.slow
    @pytest.mark.parametrize("shape", SHAPES)
    def test_time_is_linear(self, shape: str) -> None:
        check_growth(SHAPES[shape], name=FORM)
