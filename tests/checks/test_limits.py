"""Limits: how they are written, which values they allow, and which of two values is worse."""

from __future__ import annotations

import operator
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from metrics.blocks import LeafKind
from metrics.checks.limits import Limit, LimitError, of_key, parse
from metrics.keys import LEAVES

if TYPE_CHECKING:
    from collections.abc import Callable

    from metrics.checks.limits import Value

COUNT = "elementTemplateCount"
EMBEDDED = "diagramMetrics.tasks.userTask.form.embedded"
VERSION = "executionPlatformVersion"
PLATFORM = "executionPlatform"
TYPE = "diagramType"

KINDS = {key: leaf.kind for key, leaf in LEAVES.items() if leaf.kind is not LeafKind.LIST}
NUMBERS = [key for key, kind in KINDS.items() if kind is LeafKind.NUMBER]
COMPARISONS: dict[str, Callable[[int, int], bool]] = {
    "<=": operator.le,
    "<": operator.lt,
    ">=": operator.ge,
    ">": operator.gt,
    "==": operator.eq,
    "!=": operator.ne,
}
ALL = "<=, <, >=, >, ==, !=, in"


class TestParsing:
    """A key, an operator and a value."""

    @pytest.mark.parametrize("name", [*COMPARISONS])
    @pytest.mark.parametrize("written", ["{key} {name} 3", "{key}{name}3", "  {key}\t{name}\n3 "])
    def test_operators(self, name: str, written: str) -> None:
        assert parse(written.format(key=COUNT, name=name)) == Limit(COUNT, name, (3,))

    @pytest.mark.parametrize(
        ("written", "values"),
        [
            ("in [1, 2]", (1, 2)),
            ("in 1, 2", (1, 2)),
            ("in [1,2,]", (1, 2)),
            ("in[1]", (1,)),
            ("in 1", (1,)),
            ("in [ -1 , 007 ]", (-1, 7)),
            ("in [\"1\", '2']", (1, 2)),
            ('in"1"', (1,)),
        ],
    )
    def test_lists_of_numbers(self, written: str, values: tuple[int, ...]) -> None:
        assert parse(f"{COUNT} {written}") == Limit(COUNT, "in", values)

    @pytest.mark.parametrize(
        ("written", "values"),
        [
            ("in [Camunda Platform, Camunda Cloud]", ("Camunda Platform", "Camunda Cloud")),
            ("in Camunda Platform, Camunda Cloud", ("Camunda Platform", "Camunda Cloud")),
            ("in [\"Camunda Cloud\", 'a, b']", ("Camunda Cloud", "a, b")),
            ("in [\"it's\", '\"']", ("it's", '"')),
            ('in [""]', ("",)),
            ("in ' a '", (" a ",)),
            ("== Camunda Cloud", ("Camunda Cloud",)),
            ("== 'Camunda Cloud'", ("Camunda Cloud",)),
            ('!= "Camunda Cloud"', ("Camunda Cloud",)),
            ("== a, b", ("a, b",)),
            ('== "', ('"',)),
            ("== <b>", ("<b>",)),
        ],
    )
    def test_words(self, written: str, values: tuple[str, ...]) -> None:
        name = written.split(maxsplit=1)[0]
        assert parse(f"{PLATFORM} {written}") == Limit(PLATFORM, name, values)

    def test_fractions(self) -> None:
        assert parse(f"{COUNT} <= 3.5") == Limit(COUNT, "<=", (3.5,))
        assert parse(f"{COUNT} <= 3.5").holds(3)
        assert not parse(f"{COUNT} <= 3.5").holds(4)

    def test_versions(self) -> None:
        assert parse(f"{VERSION} >= 8.6") == Limit(VERSION, ">=", ("8.6",))
        assert parse(f"{VERSION} in [8.5, '8.6.0']") == Limit(VERSION, "in", ("8.5", "8.6.0"))

    @pytest.mark.parametrize("written", ["", COUNT, "<= 3", f"{COUNT}3", "  "])
    def test_no_limit(self, written: str) -> None:
        with pytest.raises(LimitError) as raised:
            parse(written)
        assert str(raised.value) == (
            f"'{written}' is no limit: write KEY OP VALUE,"
            " as in 'diagramMetrics.subprocessPlanes.nesting <= 3'."
        )

    @pytest.mark.parametrize(
        "condition", ["=< 3", "<=", "in", "in3", "between 1", "= 3", "is 3", "!3"]
    )
    def test_no_condition(self, condition: str) -> None:
        with pytest.raises(LimitError) as raised:
            parse(f"{COUNT} {condition}")
        assert str(raised.value) == (
            f"'{condition}' is no condition for {COUNT}: write OP VALUE, OP being one of {ALL}."
        )

    @pytest.mark.parametrize(
        ("written", "message"),
        [
            (f"{COUNT} <= three", f"{COUNT} is a number, and 'three' is none."),
            (f"{COUNT} <= 3.5.1", f"{COUNT} is a number, and '3.5.1' is none."),
            (f"{COUNT} <= 3 4", f"{COUNT} is a number, and '3 4' is none."),
            (f"{COUNT} <= ٣", f"{COUNT} is a number, and '٣' is none."),
            (f"{COUNT} in [1, a]", f"{COUNT} is a number, and 'a' is none."),
            (f"{COUNT} in []", "'[]' is no list: write [ONE, ANOTHER]."),
            (f"{COUNT} in [1,,2]", "'[1,,2]' is no list: write [ONE, ANOTHER]."),
            (f"{PLATFORM} in [a 'b']", "'[a 'b']' is no list: write [ONE, ANOTHER]."),
            (
                f"{VERSION} >= abc",
                f"{VERSION} is a version, and 'abc' is none: write 8.6, or 7.21.0.",
            ),
            (
                f"{VERSION} in [8.6, '']",
                f"{VERSION} is a version, and '' is none: write 8.6, or 7.21.0.",
            ),
        ],
    )
    def test_malformed_values(self, written: str, message: str) -> None:
        with pytest.raises(LimitError) as raised:
            parse(written)
        assert str(raised.value) == message

    @pytest.mark.parametrize("digits", [19, 5000, 1_000_000])
    def test_long_numbers(self, digits: int) -> None:
        with pytest.raises(LimitError, match=f"{COUNT} is a number"):
            parse(f"{COUNT} <= {'9' * digits}")

    @pytest.mark.parametrize("key", [PLATFORM, TYPE])
    @pytest.mark.parametrize("name", ["<=", "<", ">=", ">"])
    def test_words_have_no_order(self, key: str, name: str) -> None:
        with pytest.raises(LimitError) as raised:
            parse(f"{key} {name} bpmn")
        assert str(raised.value) == f"{key} is a word: it is compared by ==, !=, in."

    def test_words_are_told_their_operators(self) -> None:
        with pytest.raises(LimitError, match=r"one of ==, !=, in\.\Z"):
            parse(f"{PLATFORM} is bpmn")

    @pytest.mark.parametrize(
        ("key", "suggestion"),
        [
            ("form.embedded", EMBEDDED),
            ("embedded", EMBEDDED),
            ("nesting", "diagramMetrics.subprocessPlanes.nesting"),
            ("elementTemplatesCount", COUNT),
            ("ElementTemplateCount", COUNT),
            ("diagramMetrics.tasks.userTask.form.embeded", EMBEDDED),
            ("executionPlattform", PLATFORM),
            ("version", None),
            ("x", None),
            ("file", None),
        ],
    )
    def test_unknown_keys(self, key: str, suggestion: str | None) -> None:
        with pytest.raises(LimitError) as raised:
            parse(f"{key} <= 3")
        hint = f" Did you mean {suggestion}?" if suggestion else ""
        assert str(raised.value) == f"No payload has the value '{key}'.{hint}"

    @pytest.mark.parametrize(
        "key", ["elementTemplates", "elementTemplates[0]", "elementTemplates[0].properties.a:b"]
    )
    def test_lists_have_no_limit(self, key: str) -> None:
        with pytest.raises(LimitError) as raised:
            parse(f"{key} <= 3")
        assert str(raised.value) == (
            "elementTemplates is a list, which has no limit. Did you mean elementTemplateCount?"
        )

    @pytest.mark.parametrize("text", [" ", "a", "a ", "a, ", "'a', ", '"', "["])
    def test_hostile_texts_take_no_time(self, text: str) -> None:
        long = text * (10_000 // len(text))
        began = time.monotonic()
        for written in (f"{PLATFORM} in {long}'", f"{long}' <= 3", f"{PLATFORM} == {long}'"):
            with suppress(LimitError):
                parse(written)
        assert time.monotonic() - began < 1


class TestHolding:
    """Which values a limit allows."""

    @pytest.mark.parametrize(
        ("condition", "allowed", "refused"),
        [
            ("<= 3", [0, 3], [4]),
            ("< 3", [0, 2], [3, 4]),
            (">= 3", [3, 10], [2, 0]),
            ("> 3", [4, 10], [3, 0]),
            ("== 3", [3], [2, 4]),
            ("!= 3", [2, 4], [3]),
            ("in [1, 3]", [1, 3], [0, 2, 4, 13]),
        ],
    )
    def test_numbers(self, condition: str, allowed: list[int], refused: list[int]) -> None:
        limit = of_key(COUNT, condition)
        assert [limit.holds(value) for value in allowed] == [True] * len(allowed)
        assert [limit.holds(value) for value in refused] == [False] * len(refused)

    @pytest.mark.parametrize(
        ("condition", "allowed", "refused"),
        [
            ("> 8.9", ["8.10", "9", "8.9.1"], ["8.9", "8.9.0", "8.9.0-rc2", "7.21"]),
            (">= 8.6", ["8.6", "8.6.0", "8.10"], ["8.5.9", "8.6.0-alpha1", "7.99.99"]),
            ("< 8", ["7.21.0", "7.9"], ["8.0.0", "8", "10"]),
            ("<= 7.9", ["7.9.0", "7.8"], ["7.10", "7.9.0.1"]),
            ("== 8.6", ["8.6", "8.6.0", "8.6.0.0"], ["8.6.1", "8.60"]),
            ("in [8.5, 8.6.0]", ["8.5.0", "8.6"], ["8.7", "8"]),
            ("!= 8.6", ["8.6.1", "7"], ["8.6", "8.6.0"]),
        ],
    )
    def test_versions(self, condition: str, allowed: list[str], refused: list[str]) -> None:
        limit = of_key(VERSION, condition)
        assert [value for value in allowed if not limit.holds(value)] == []
        assert [value for value in refused if limit.holds(value)] == []

    @pytest.mark.parametrize("value", [None, "", "abc", "8.6\n.", "8..6", "8." * 10**6, "8" * 101])
    def test_what_is_no_version(self, value: str | None) -> None:
        for condition in ("> 8", ">= 0", "< 8", "<= 99", "== 8.6", "in [8.5, 8.6]"):
            assert not of_key(VERSION, condition).holds(value)
        assert of_key(VERSION, "!= 8.6").holds(value)

    def test_words(self) -> None:
        cloud = "Camunda Cloud"
        assert of_key(PLATFORM, f"== {cloud}").holds(cloud)
        assert not of_key(PLATFORM, f"== {cloud}").holds("camunda cloud")
        assert not of_key(PLATFORM, f"!= {cloud}").holds(cloud)
        assert of_key(PLATFORM, f"!= {cloud}").holds(f"{cloud} ")
        assert of_key(TYPE, "in [bpmn, dmn]").holds("dmn")
        assert not of_key(TYPE, "in [bpmn, dmn]").holds("form")
        with pytest.raises(LimitError, match="one of bpmn, dmn, form, and not 'bpnm'"):
            of_key(TYPE, "== bpnm")
        # Words that look like versions are words.
        assert not of_key(PLATFORM, "== 8.6").holds("8.6.0")

    def test_applies_to(self) -> None:
        payload: dict[str, Value] = {TYPE: "dmn", PLATFORM: "Camunda Platform"}
        assert of_key(TYPE, "== dmn").applies_to(payload)
        assert not of_key(COUNT, "<= 3").applies_to(payload)
        assert of_key(COUNT, "<= 3").applies_to(payload | {COUNT: 0})
        # What names no version is not known to be of the right one.
        assert of_key(VERSION, ">= 8").applies_to(payload)
        assert of_key(VERSION, ">= 8").applies_to(payload | {VERSION: None})


class TestNoWorse:
    """Of two values that are not allowed, which is further from what is."""

    @pytest.mark.parametrize(
        ("condition", "known", "no_worse", "worse"),
        [
            ("<= 3", 6, [6, 5, 4], [7, 100]),
            ("< 3", 6, [6, 3], [7]),
            (">= 3", 1, [1, 2], [0]),
            ("> 3", 1, [1, 3], [0]),
            ("== 3", 5, [5, 4, 1, 2], [0, 6]),
            ("!= 3", 3, [3], []),
            ("in [3, 4]", 6, [6], [5, 7, 2]),
        ],
    )
    def test_numbers(
        self, condition: str, known: int, no_worse: list[int], worse: list[int]
    ) -> None:
        limit = of_key(COUNT, condition)
        assert [value for value in no_worse if not limit.is_no_worse(value, known)] == []
        assert [value for value in worse if limit.is_no_worse(value, known)] == []

    @pytest.mark.parametrize(
        ("condition", "known", "no_worse", "worse"),
        [
            (">= 8.6", "8.4", ["8.4", "8.4.0", "8.5"], ["8.3", "7.21", None, "abc"]),
            ("< 7", "7.9", ["7.9", "7.1"], ["7.10", "8", None]),
            ("== 8.6", "8.4", ["8.4", "8.4.0"], ["8.5", "8.3", None, "x"]),
            ("in [8.6]", "8.4", ["8.4.0"], ["8.5", None]),
            (">= 8.6", None, [None], ["8.4", "abc", ""]),
            (">= 8.6", "abc", ["abc"], ["abd", None, "8.5"]),
        ],
    )
    def test_versions(
        self,
        condition: str,
        known: str | None,
        no_worse: list[str | None],
        worse: list[str | None],
    ) -> None:
        limit = of_key(VERSION, condition)
        assert [value for value in no_worse if not limit.is_no_worse(value, known)] == []
        assert [value for value in worse if limit.is_no_worse(value, known)] == []

    @pytest.mark.parametrize("condition", ["== Camunda Cloud", "in [Camunda Cloud, other]"])
    def test_words(self, condition: str) -> None:
        limit = of_key(PLATFORM, condition)
        assert limit.is_no_worse("Camunda Platform", "Camunda Platform")
        assert not limit.is_no_worse("Camunda", "Camunda Platform")


numbers = st.integers(-(10**18) + 1, 10**18 - 1)
parts = st.lists(st.integers(0, 20), min_size=1, max_size=4)
versions = parts.map(lambda found: ".".join(map(str, found)))
words = st.text(st.sampled_from("abc äß<>=.-"), min_size=1, max_size=8).map(str.strip)
odd_words = st.text(st.sampled_from("ab []'\",\t\n<="), max_size=6)


@st.composite
def limits(draw: st.DrawFn, plain: st.SearchStrategy[str] = words) -> Limit:
    """Limits as they are read, their words out of a strategy."""
    # The types of diagrams are no odd words.
    key = draw(st.sampled_from([key for key in KINDS if key != TYPE]))
    subject = KINDS[key]
    values: st.SearchStrategy[str] = {
        LeafKind.NUMBER: numbers.map(str),
        LeafKind.VERSION: versions,
        LeafKind.TEXT: plain,
    }[subject]
    names = ["==", "!=", "in"] if subject is LeafKind.TEXT else [*COMPARISONS, "in"]
    name = draw(st.sampled_from(names))
    found = draw(st.lists(values, min_size=1, max_size=3 if name == "in" else 1))
    assume(not any("'" in one and '"' in one for one in found))
    quoted = [f"'{one}'" if '"' in one else f'"{one}"' for one in found]
    return of_key(key, f"{name} [{', '.join(quoted)}]" if name == "in" else f"{name} {quoted[0]}")


@st.composite
def limits_and_values(draw: st.DrawFn) -> tuple[Limit, list[Value]]:
    """A limit, and three values that its key may have."""
    limit = draw(limits())
    values: st.SearchStrategy[Value] = {
        LeafKind.NUMBER: st.integers(-5, 5),
        LeafKind.VERSION: st.one_of(st.none(), versions, st.sampled_from(["", "abc", "8.6.0"])),
        LeafKind.TEXT: st.sampled_from(["a", "b", ""]),
    }[KINDS[limit.key]]
    return limit, draw(st.lists(values, min_size=3, max_size=3))


class TestLaws:
    """What holds for all limits."""

    @given(limits(words.filter(bool)))
    def test_text_is_read_again(self, limit: Limit) -> None:
        assert parse(str(limit)) == limit

    @given(limits(odd_words))
    def test_text_of_odd_words_is_read_again(self, limit: Limit) -> None:
        assert parse(str(limit)) == limit

    @given(st.sampled_from(NUMBERS), st.sampled_from([*COMPARISONS]), numbers, numbers)
    def test_numbers_compare_as_in_python(
        self, key: str, name: str, value: int, bound: int
    ) -> None:
        assert of_key(key, f"{name} {bound}").holds(value) == COMPARISONS[name](value, bound)

    @given(st.lists(st.integers(-3, 3), min_size=1), st.integers(-3, 3))
    def test_lists_hold_as_in_python(self, bounds: list[int], value: int) -> None:
        assert of_key(COUNT, f"in {bounds}").holds(value) == (value in bounds)

    @given(st.sampled_from([*COMPARISONS]), parts, parts)
    def test_versions_compare_by_their_parts(
        self, name: str, value: list[int], bound: list[int]
    ) -> None:
        limit = of_key(VERSION, f"{name} {'.'.join(map(str, bound))}")
        # 8.6 is 8.6.0: what is left out is 0.
        padded = [found + [0] * (4 - len(found)) for found in (value, bound)]
        expected = {
            "<=": padded[0] <= padded[1],
            "<": padded[0] < padded[1],
            ">=": padded[0] >= padded[1],
            ">": padded[0] > padded[1],
            "==": padded[0] == padded[1],
            "!=": padded[0] != padded[1],
        }[name]
        assert limit.holds(".".join(map(str, value))) == expected

    @given(limits_and_values())
    def test_no_worse_is_transitive(self, case: tuple[Limit, list[Value]]) -> None:
        limit, (value, known, other) = case
        if limit.is_no_worse(value, known) and limit.is_no_worse(known, other):
            assert limit.is_no_worse(value, other)

    @given(limits_and_values())
    def test_the_same_is_no_worse(self, case: tuple[Limit, list[Value]]) -> None:
        limit, values = case
        assert all(limit.is_no_worse(value, value) for value in values)

    @given(st.sampled_from(["<=", "<", ">=", ">", "=="]), *[st.integers(-9, 9)] * 3)
    def test_no_worse_is_no_further_away(
        self, name: str, bound: int, value: int, known: int
    ) -> None:
        limit = of_key(COUNT, f"{name} {bound}")
        assume(not limit.holds(value) and not limit.holds(known))
        no_worse = abs(value - bound) <= abs(known - bound)
        assert limit.is_no_worse(value, known) == no_worse
