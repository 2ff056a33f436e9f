"""Limits: their syntax, which values they allow, and which of two values is worse."""

from __future__ import annotations

import operator
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from metrics.blocks import LeafKind
from metrics.checks.limits import (
    Limit,
    LimitError,
    as_limits,
    as_total_limits,
    parse,
    parse_condition,
)
from metrics.checks.operators import OPERATORS
from metrics.keys import LEAVES

if TYPE_CHECKING:
    from collections.abc import Callable

    from metrics.checks.limits import Value
    from metrics.checks.operators import Operator

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
WORD_OPERATORS = "== (equal to), != (other than) or in (one of)"
ALL_OPERATORS = f"<= (at most), < (less than), >= (at least), > (more than), {WORD_OPERATORS}"


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
        assert parse(f"{COUNT} <= 3.5").allows(3)
        assert not parse(f"{COUNT} <= 3.5").allows(4)

    def test_versions(self) -> None:
        assert parse(f"{VERSION} >= 8.6") == Limit(VERSION, ">=", ("8.6",))
        assert parse(f"{VERSION} in [8.5, '8.6.0']") == Limit(VERSION, "in", ("8.5", "8.6.0"))

    @pytest.mark.parametrize("written", ["", COUNT, "<= 3", f"{COUNT}3", "  "])
    def test_text_that_is_not_a_limit(self, written: str) -> None:
        with pytest.raises(LimitError) as raised:
            parse(written)
        assert str(raised.value) == (
            f"'{written}' is not a limit: write KEY OP VALUE, as in 'elementTemplateCount <= 3'."
        )

    @pytest.mark.parametrize(
        "condition", ["=< 3", "<=", "in", "in3", "between 1", "= 3", "is 3", "!3"]
    )
    def test_text_that_is_not_a_condition(self, condition: str) -> None:
        with pytest.raises(LimitError) as raised:
            parse(f"{COUNT} {condition}")
        assert str(raised.value) == (
            f"'{condition}' is not a condition for {COUNT}: write OP VALUE, where OP is"
            f" {ALL_OPERATORS}."
        )

    @pytest.mark.parametrize(
        ("written", "message"),
        [
            (f"{COUNT} <= three", f"{COUNT} is a number, but 'three' is not."),
            (f"{COUNT} <= 3.5.1", f"{COUNT} is a number, but '3.5.1' is not."),
            (f"{COUNT} <= 3 4", f"{COUNT} is a number, but '3 4' is not."),
            (f"{COUNT} <= ٣", f"{COUNT} is a number, but '٣' is not."),
            (f"{COUNT} in [1, a]", f"{COUNT} is a number, but 'a' is not."),
            (f"{COUNT} in []", "'[]' is not a list: write [ONE, ANOTHER]."),
            (f"{COUNT} in [1,,2]", "'[1,,2]' is not a list: write [ONE, ANOTHER]."),
            (f"{PLATFORM} in [a 'b']", "'[a 'b']' is not a list: write [ONE, ANOTHER]."),
            (
                f"{VERSION} >= abc",
                f"{VERSION} is a version, but 'abc' is not: write 8.6 or 7.21.0.",
            ),
            (
                f"{VERSION} in [8.6, '']",
                f"{VERSION} is a version, but '' is not: write 8.6 or 7.21.0.",
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
        assert str(raised.value) == f"{key} is a word: compare it with ==, != or in."

    def test_error_lists_the_operators_for_words(self) -> None:
        with pytest.raises(LimitError) as raised:
            parse(f"{PLATFORM} is bpmn")
        assert str(raised.value).endswith(f"where OP is {WORD_OPERATORS}.")

    @pytest.mark.parametrize(
        ("key", "suggestion"),
        [
            ("form.embeded", EMBEDDED),
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
        hint = f" Did you mean '{suggestion}'?" if suggestion else ""
        assert str(raised.value) == f"No payload has the value '{key}'.{hint}"

    @pytest.mark.parametrize(
        ("key", "whole"),
        [
            ("form.embedded", EMBEDDED),
            ("embedded", EMBEDDED),
            ("nesting", "diagramMetrics.subprocessPlanes.nesting"),
        ],
    )
    def test_short_keys(self, key: str, whole: str) -> None:
        assert parse(f"{key} <= 3") == Limit(whole, "<=", (3,))

    def test_ambiguous_key(self) -> None:
        with pytest.raises(LimitError) as raised:
            parse("count <= 3")
        assert str(raised.value) == (
            "'count' is short for several keys: 'diagramMetrics.tasks.userTask.count',"
            " 'diagramMetrics.tasks.userTask.form.count',"
            " 'diagramMetrics.tasks.serviceTask.count',"
            " 'diagramMetrics.tasks.serviceTask.implementation.count' and"
            " 'diagramMetrics.subprocessPlanes.count'."
        )

    def test_limits_with_a_whole_key_only(self) -> None:
        with pytest.raises(LimitError, match="No payload has the value 'embedded'"):
            Limit("embedded", "<=", (3,))
        with pytest.raises(LimitError, match="No payload has the value 'embedded'"):
            parse_condition("embedded", "<= 3")

    @pytest.mark.parametrize(
        "key", ["elementTemplates", "elementTemplates[0]", "elementTemplates[0].properties.a:b"]
    )
    def test_lists_cannot_have_a_limit(self, key: str) -> None:
        with pytest.raises(LimitError) as raised:
            parse(f"{key} <= 3")
        assert str(raised.value) == (
            "elementTemplates is a list, which cannot have a limit."
            " Did you mean 'elementTemplateCount'?"
        )

    @pytest.mark.parametrize("text", [" ", "a", "a ", "a, ", "'a', ", '"', "["])
    def test_hostile_texts_are_refused_quickly(self, text: str) -> None:
        long = text * (10_000 // len(text))
        began = time.monotonic()
        for written in (f"{PLATFORM} in {long}'", f"{long}' <= 3", f"{PLATFORM} == {long}'"):
            with suppress(LimitError):
                parse(written)
        assert time.monotonic() - began < 1


class TestOperators:
    """The table of operators."""

    @pytest.mark.parametrize("symbol", [*OPERATORS])
    def test_every_operator_can_be_parsed(self, symbol: str) -> None:
        assert OPERATORS[symbol].symbol == symbol
        limit = parse(f"{COUNT} {symbol} 3")
        assert limit == Limit(COUNT, symbol, (3,))
        assert parse(str(limit)) == limit
        assert f"{symbol} ({OPERATORS[symbol].wording})" in ALL_OPERATORS

    @pytest.mark.parametrize("operator", OPERATORS.values(), ids=[*OPERATORS])
    def test_record_agrees_with_its_test(self, operator: Operator) -> None:
        values = [value for value in range(-9, 9) if operator.allows(value, (0,))]
        forbidden = [value for value in range(-9, 9) if value not in values]
        assert values
        assert forbidden
        assert all(operator.is_no_worse(value, value, (0,)) for value in forbidden)
        # A part of a total is at most the total.
        breaks_for_all_above = forbidden == [*range(forbidden[0], 9)]
        assert operator.is_upper_bound == (operator.is_ordered and breaks_for_all_above)

    @pytest.mark.parametrize("operator", OPERATORS.values(), ids=[*OPERATORS])
    def test_lists(self, operator: Operator) -> None:
        if operator.takes_list:
            assert Limit(COUNT, operator.symbol, (1, 2)).allows(2)
        else:
            with pytest.raises(LimitError, match="does not take 2 values"):
                Limit(COUNT, operator.symbol, (1, 2))

    def test_wordings_differ(self) -> None:
        assert len({operator.wording for operator in OPERATORS.values()}) == len(OPERATORS)


class TestObjects:
    """Limits that a program constructs."""

    @pytest.mark.parametrize(
        ("key", "symbol", "values", "message"),
        [
            ("x", "<=", (3,), "No payload has the value 'x'."),
            (COUNT, "=<", (3,), "'=<' is not an operator: use <=, <, >=, >, ==, != or in."),
            (COUNT, "<=", (), "<= does not take 0 values."),
            (COUNT, "<=", (1, 2), "<= does not take 2 values."),
            (COUNT, "in", (), "in does not take 0 values."),
            (COUNT, "<=", ("3",), f"{COUNT} is a number, but '3' is not."),
            (COUNT, "<=", (True,), f"{COUNT} is a number, but 'True' is not."),
            (COUNT, "<=", (float("nan"),), f"{COUNT} is a number, but 'nan' is not."),
            (VERSION, ">=", (8.6,), f"{VERSION} is a version, but 8.6 is not."),
            (PLATFORM, "==", (8,), f"{PLATFORM} is a word, but 8 is not."),
            (PLATFORM, "<", ("a",), f"{PLATFORM} is a word: compare it with ==, != or in."),
            (TYPE, "==", ("xml",), f"{TYPE} is bpmn, dmn or form, not 'xml'."),
        ],
    )
    def test_wrong_limits_are_refused(
        self, key: str, symbol: str, values: tuple[int | float | str, ...], message: str
    ) -> None:
        with pytest.raises(LimitError) as raised:
            Limit(key, symbol, values)
        assert str(raised.value) == message

    def test_texts_and_objects(self) -> None:
        limit = Limit(COUNT, "<=", (3,))
        assert as_limits([f"{COUNT} <= 3", limit]) == (limit, limit)
        assert as_total_limits([limit]) == (limit,)

    @pytest.mark.parametrize("limits", [f"{COUNT} <= 3", Limit(COUNT, "<=", (3,))])
    def test_single_limit_is_refused(self, limits: Any) -> None:
        with pytest.raises(TypeError, match="expected an iterable of limits"):
            as_limits(limits)

    def test_key_without_a_total(self) -> None:
        with pytest.raises(LimitError) as raised:
            as_total_limits([f"{VERSION} >= 8"])
        assert str(raised.value) == f"{VERSION} is not a number, so it has no total."


class TestAllows:
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
        limit = parse_condition(COUNT, condition)
        assert [limit.allows(value) for value in allowed] == [True] * len(allowed)
        assert [limit.allows(value) for value in refused] == [False] * len(refused)

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
        limit = parse_condition(VERSION, condition)
        assert [value for value in allowed if not limit.allows(value)] == []
        assert [value for value in refused if limit.allows(value)] == []

    @pytest.mark.parametrize("value", [None, "", "abc", "8.6\n.", "8..6", "8." * 10**6, "8" * 101])
    def test_invalid_versions_break_every_limit_but_inequality(self, value: str | None) -> None:
        for condition in ("> 8", ">= 0", "< 8", "<= 99", "== 8.6", "in [8.5, 8.6]"):
            assert not parse_condition(VERSION, condition).allows(value)
        assert parse_condition(VERSION, "!= 8.6").allows(value)

    def test_words(self) -> None:
        cloud = "Camunda Cloud"
        assert parse_condition(PLATFORM, f"== {cloud}").allows(cloud)
        assert not parse_condition(PLATFORM, f"== {cloud}").allows("camunda cloud")
        assert not parse_condition(PLATFORM, f"!= {cloud}").allows(cloud)
        assert parse_condition(PLATFORM, f"!= {cloud}").allows(f"{cloud} ")
        assert parse_condition(TYPE, "in [bpmn, dmn]").allows("dmn")
        assert not parse_condition(TYPE, "in [bpmn, dmn]").allows("form")
        with pytest.raises(LimitError, match="is bpmn, dmn or form, not 'bpnm'"):
            parse_condition(TYPE, "== bpnm")
        # Words that look like versions compare as words.
        assert not parse_condition(PLATFORM, "== 8.6").allows("8.6.0")

    def test_applies_to(self) -> None:
        payload: dict[str, Value] = {TYPE: "dmn", PLATFORM: "Camunda Platform"}
        assert parse_condition(TYPE, "== dmn").applies_to(payload)
        assert not parse_condition(COUNT, "<= 3").applies_to(payload)
        assert parse_condition(COUNT, "<= 3").applies_to(payload | {COUNT: 0})
        # A limit on the version applies to diagrams without one.
        assert parse_condition(VERSION, ">= 8").applies_to(payload)
        assert parse_condition(VERSION, ">= 8").applies_to(payload | {VERSION: None})


class TestNoWorse:
    """Which of two forbidden values is further from the limit."""

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
        limit = parse_condition(COUNT, condition)
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
        limit = parse_condition(VERSION, condition)
        assert [value for value in no_worse if not limit.is_no_worse(value, known)] == []
        assert [value for value in worse if limit.is_no_worse(value, known)] == []

    @pytest.mark.parametrize("condition", ["== Camunda Cloud", "in [Camunda Cloud, other]"])
    def test_words(self, condition: str) -> None:
        limit = parse_condition(PLATFORM, condition)
        assert limit.is_no_worse("Camunda Platform", "Camunda Platform")
        assert not limit.is_no_worse("Camunda", "Camunda Platform")


numbers = st.integers(-(10**18) + 1, 10**18 - 1)
parts = st.lists(st.integers(0, 20), min_size=1, max_size=4)
versions = parts.map(lambda numbers: ".".join(map(str, numbers)))
words = st.text(st.sampled_from("abc äß<>=.-"), min_size=1, max_size=8).map(str.strip)
unusual_words = st.text(st.sampled_from("ab []'\",\t\n<="), max_size=6)


@st.composite
def limits(draw: st.DrawFn, plain: st.SearchStrategy[str] = words) -> Limit:
    """Limits, their words drawn from a strategy."""
    # The diagram type allows only three words.
    key = draw(st.sampled_from([key for key in KINDS if key != TYPE]))
    subject = KINDS[key]
    values: st.SearchStrategy[str] = {
        LeafKind.NUMBER: numbers.map(str),
        LeafKind.VERSION: versions,
        LeafKind.TEXT: plain,
    }[subject]
    names = ["==", "!=", "in"] if subject is LeafKind.TEXT else [*COMPARISONS, "in"]
    name = draw(st.sampled_from(names))
    texts = draw(st.lists(values, min_size=1, max_size=3 if name == "in" else 1))
    assume(not any("'" in text and '"' in text for text in texts))
    quoted = [f"'{text}'" if '"' in text else f'"{text}"' for text in texts]
    return parse_condition(
        key, f"{name} [{', '.join(quoted)}]" if name == "in" else f"{name} {quoted[0]}"
    )


@st.composite
def limits_and_values(draw: st.DrawFn) -> tuple[Limit, list[Value]]:
    """A limit, and three values that its key can have."""
    limit = draw(limits())
    values: st.SearchStrategy[Value] = {
        LeafKind.NUMBER: st.integers(-5, 5),
        LeafKind.VERSION: st.one_of(st.none(), versions, st.sampled_from(["", "abc", "8.6.0"])),
        LeafKind.TEXT: st.sampled_from(["a", "b", ""]),
    }[KINDS[limit.key]]
    return limit, draw(st.lists(values, min_size=3, max_size=3))


class TestLaws:
    """Properties of all limits."""

    @given(limits(words.filter(bool)))
    def test_text_can_be_parsed_again(self, limit: Limit) -> None:
        assert parse(str(limit)) == limit

    @given(limits(unusual_words))
    def test_text_with_unusual_words_can_be_parsed_again(self, limit: Limit) -> None:
        assert parse(str(limit)) == limit

    @given(st.sampled_from(NUMBERS), st.sampled_from([*COMPARISONS]), numbers, numbers)
    def test_numbers_compare_as_in_python(
        self, key: str, name: str, value: int, bound: int
    ) -> None:
        assert parse_condition(key, f"{name} {bound}").allows(value) == COMPARISONS[name](
            value, bound
        )

    @given(st.lists(st.integers(-3, 3), min_size=1), st.integers(-3, 3))
    def test_lists_hold_as_in_python(self, bounds: list[int], value: int) -> None:
        assert parse_condition(COUNT, f"in {bounds}").allows(value) == (value in bounds)

    @given(st.sampled_from([*COMPARISONS]), parts, parts)
    def test_versions_compare_by_their_parts(
        self, name: str, value: list[int], bound: list[int]
    ) -> None:
        limit = parse_condition(VERSION, f"{name} {'.'.join(map(str, bound))}")
        # 8.6 equals 8.6.0: missing parts are 0.
        padded = [given + [0] * (4 - len(given)) for given in (value, bound)]
        expected = {
            "<=": padded[0] <= padded[1],
            "<": padded[0] < padded[1],
            ">=": padded[0] >= padded[1],
            ">": padded[0] > padded[1],
            "==": padded[0] == padded[1],
            "!=": padded[0] != padded[1],
        }[name]
        assert limit.allows(".".join(map(str, value))) == expected

    @given(limits_and_values())
    def test_no_worse_is_transitive(self, case: tuple[Limit, list[Value]]) -> None:
        limit, (value, known, other) = case
        if limit.is_no_worse(value, known) and limit.is_no_worse(known, other):
            assert limit.is_no_worse(value, other)

    @given(limits_and_values())
    def test_equal_value_is_no_worse(self, case: tuple[Limit, list[Value]]) -> None:
        limit, values = case
        assert all(limit.is_no_worse(value, value) for value in values)

    @given(st.sampled_from(["<=", "<", ">=", ">", "=="]), *[st.integers(-9, 9)] * 3)
    def test_no_worse_is_no_further_away(
        self, name: str, bound: int, value: int, known: int
    ) -> None:
        limit = parse_condition(COUNT, f"{name} {bound}")
        assume(not limit.allows(value) and not limit.allows(known))
        no_worse = abs(value - bound) <= abs(known - bound)
        assert limit.is_no_worse(value, known) == no_worse
