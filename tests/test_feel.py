"""The names in expressions and templates."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.feel import names_in_expression, names_in_template

STEPS = st.sampled_from(["parent", "_parent_", "this", "_this_", "a", "b"])


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("", []),
        ("a + b * a", ["a", "b"]),
        ("a.b.c", ["a"]),
        ("a . b", ["a"]),
        ("a.b[c].d", ["a", "c"]),
        ("ä?'_1", ["ä?'_1"]),
        ("string  length(s)", ["string length", "s"]),
        ("a /* */ b", ["a", "b"]),
        ("a and b", ["a", "b"]),
        ("android", ["android"]),
        ("date and time", ["date and time"]),
        ("date and\ttime(a)", ["a"]),
        ("date and timer", ["date", "timer"]),
        ("years and months duration(a, date)", ["a", "date"]),
        ("time(a) + duration", ["a", "duration"]),
        ("1.5 + .5 + 2e3 + [1..n]", ["n"]),
        ("(a..b]", ["a", "b"]),
        ('"a \\" b" + c', ["c"]),
        ("a // b\n+ c", ["a", "c"]),
        ('a + "b', ["a"]),
        ("a /* b", ["a"]),
        ("a + \\ \x00 b", ["a", "b"]),
        ("{a: b, c : d}", ["b", "d"]),
        ("f(a: b)", ["f", "b"]),
        ("for a in b, c in d return a", ["b", "d", "a"]),
        ("some a in b satisfies [c, d in e]", ["b", "c", "d", "e"]),
        ("for a in f(b, c in d), e in g return h", ["f", "b", "c", "d", "g", "h"]),
        ("for a in for b in c return d, e in f return g", ["c", "d", "f", "g"]),
        ("a in b", ["a", "b"]),
        ("a[item > b]", ["a", "b"]),
        ("a[f(item)] + item", ["a", "f", "item"]),
        ('"a"[item] + (b)[item]', ["b"]),
        ("[item]", ["item"]),
        ("in [item]", ["item"]),
        (")) a]", ["a"]),
        ("a.if.b", ["a"]),
    ],
)
def test_names_in_expression(expression: str, names: list[str]) -> None:
    assert names_in_expression(expression) == names


@pytest.mark.parametrize(
    ("template", "names"),
    [
        ("a", []),
        ("{{a}} {{ b + c.d }}", ["a", "b", "c"]),
        ("{{a", []),
        ("{{a}} {{b", ["a"]),
        ("{{}}{{ }}", []),
        ("{{#if a}}b{{c}}{{/if}}", ["a", "c"]),
        ("{{#loop a}}{{b}}{{/loop}}{{c}}", ["a", "c"]),
        ("{{#loop a}}{{parent.b}}{{_parent_.c}}{{_this_.d}}{{this.e}}{{/loop}}", ["a", "b", "c"]),
        ("{{#loop a}}{{#loop b}}{{parent.c}}{{parent.parent.d}}{{/loop}}{{/loop}}", ["a", "d"]),
        ("{{this.a}} {{parent.b}} {{_this_.c}}", ["this", "a", "parent", "c"]),
        ("{{this}} {{_parent_}}", ["this", "_parent_"]),
        ("{{#looping}}", ["looping"]),
        ("{{/loop}}{{a.b}}{{#loop c}}{{d}}", ["b", "d"]),
    ],
)
def test_names_in_template(template: str, names: list[str]) -> None:
    assert names_in_template(template) == names


def names_of_path(path: list[str], loops: int) -> set[str]:
    """The names in a path, by its pairs of levels one by one."""
    moves = {"parent": (-1, 1), "_parent_": (-1,), "this": (0, 1), "_this_": (0,)}
    names = set()
    levels = {loops - 1}
    for step in path:
        pairs = {(level, level + move) for level in levels for move in moves.get(step, (1,))}
        pairs = {pair for pair in pairs if pair[1] >= -1}
        if (-1, 0) in pairs or (len(path) == 1 and loops == 0):
            names.add(step)
        levels = {after for _, after in pairs}
    return names


@given(st.lists(STEPS, min_size=1, max_size=12), st.integers(-3, 4))
def test_levels_are_those_of_all_pairs(path: list[str], loops: int) -> None:
    opened = "{{#loop 1}}" if loops > 0 else "{{/loop}}"
    template = opened * abs(loops) + "{{" + ".".join(path) + "}}"
    assert set(names_in_template(template)) == names_of_path(path, loops)


@given(st.text(st.sampled_from("ab.,:(){}[]\"'/*#?\\\n 1→²"), max_size=40))
def test_any_text_has_names(text: str) -> None:
    for names in (names_in_expression(text), names_in_template("{{" + text + "}}")):
        assert len(names) == len({*names})
        assert all(name and name[0] not in ". " for name in names)
