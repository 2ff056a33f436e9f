"""Keys: a whole key names itself, and a short one the only whole key that ends with it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.blocks import key_part, key_parts
from metrics.checks.limits import parse
from metrics.explanation import is_explained
from metrics.keys import LEAVES, AmbiguousKeyError, UnknownKeyError, all_keys, find_key, whole_key

FORM = "diagramMetrics.tasks.userTask.form"
KEYS = [*LEAVES]
GROUPS = sorted({key[:end] for key in KEYS for end, sign in enumerate(key) if sign == "."})


def keys_that_end_with(tail: str, known: list[str]) -> list[str]:
    """The keys whose last parts are those of a tail."""
    parts = key_parts(tail)
    return [key for key in known if key_parts(key)[-len(parts) :] == parts]


@st.composite
def tails(draw: st.DrawFn, known: list[str]) -> str:
    """One or more of the last parts of a known key."""
    parts = draw(st.sampled_from(known)).split(".")
    return ".".join(parts[draw(st.integers(0, len(parts) - 1)) :])


class TestValues:
    """Keys of values, as limits have them."""

    @given(st.sampled_from(KEYS))
    def test_whole_key_names_itself(self, key: str) -> None:
        assert whole_key(key) == key

    @given(tails(KEYS))
    def test_tail(self, tail: str) -> None:
        whole = keys_that_end_with(tail, KEYS)
        if len(whole) == 1 or tail in whole:
            assert whole_key(tail) == (tail if tail in whole else whole[0])
        else:
            with pytest.raises(AmbiguousKeyError) as raised:
                whole_key(tail)
            assert all(f"'{key}'" in str(raised.value) for key in whole[:5])

    @given(st.text(max_size=20) | st.text("diagrmetcst.[]0\"'", max_size=20))
    def test_any_other_text_is_returned(self, text: str) -> None:
        try:
            whole = whole_key(text)
        except AmbiguousKeyError:
            return
        assert whole == text or find_key(whole).leaf.key == whole

    @pytest.mark.parametrize(
        "key",
        ["Task.count", "askUser", "userTask", ".nesting", "nesting.", "", "nesting ", "task"],
    )
    def test_a_tail_has_whole_parts_and_names_a_value(self, key: str) -> None:
        assert whole_key(key) == key


class TestGroups:
    """Keys of numbers and of groups of numbers, as `explain` has them."""

    @given(st.sampled_from([key for key in KEYS if is_explained(key)] + GROUPS))
    def test_whole_key_names_itself(self, key: str) -> None:
        assert whole_key(key, is_explained) == key

    @given(tails([key for key in KEYS if is_explained(key)] + GROUPS))
    def test_tail(self, tail: str) -> None:
        known = [key for key in [*KEYS, *GROUPS] if is_explained(key)]
        whole = keys_that_end_with(tail, known)
        if len(whole) == 1 or tail in whole:
            assert whole_key(tail, is_explained) == (tail if tail in whole else whole[0])
        else:
            with pytest.raises(AmbiguousKeyError):
                whole_key(tail, is_explained)

    @pytest.mark.parametrize(
        ("key", "whole"),
        [
            ("tasks", "diagramMetrics.tasks"),
            ("form", FORM),
            ("userTask.form", FORM),
            ("elementTemplates[0]", "elementTemplates[0]"),
            ("elementTemplates[0].properties", "elementTemplates[0].properties"),
        ],
    )
    def test_examples(self, key: str, whole: str) -> None:
        assert whole_key(key, is_explained) == whole

    @pytest.mark.parametrize("key", ["executionPlatform", "properties", "[0]", "elementTemplates["])
    def test_other_values_are_not_explained(self, key: str) -> None:
        assert not is_explained(key)
        assert whole_key(key, is_explained) == key


class TestMembersOfMaps:
    """Keys of the members of open maps."""

    @pytest.mark.parametrize(
        "key",
        [
            "types.bpmn:EndEvent[message]",
            'types."bpmn:EndEvent[message]"',
            "types.'bpmn:EndEvent[message]'",
        ],
    )
    def test_quotes_may_be_missing(self, key: str) -> None:
        whole = 'elements.flowNodes.types."bpmn:EndEvent[message]"'
        assert whole_key(key) == whole
        assert whole_key(f"elements.flowNodes.{key}") == whole

    @pytest.mark.parametrize("name", ["Groovy", "ecmascript", "js", "java"])
    def test_name_that_no_member_has(self, name: str) -> None:
        key = f"implementations.scripts.languages.{name}"
        assert not is_explained(key)
        with pytest.raises(UnknownKeyError, match="No payload has the value"):
            find_key(key)

    @pytest.mark.parametrize("name", ["", "'", '"', "\"'", '""\'', "both \" and '", ".'\".", " "])
    def test_any_name_has_a_key(self, name: str) -> None:
        key = f"formFields.formFieldTypes.{key_part(name)}"
        assert find_key(key).member == name
        assert find_key(key).name == key
        assert key_parts(key) == ["formFields", "formFieldTypes", name]
        assert parse(f"{key} <= 0").key == key

    @given(st.text() | st.text("a.\"' <=[]"))
    def test_the_key_of_a_name_has_that_name(self, name: str) -> None:
        assert find_key(f"formFields.formFieldTypes.{key_part(name)}").member == name
        assert key_parts(f"a.{key_part(name)}.b") == ["a", name, "b"]

    def test_suggestion(self) -> None:
        with pytest.raises(UnknownKeyError, match=r"Did you mean '.*\.languages\.groovy'\?"):
            find_key("languages.Groovy")

    def test_every_known_member_has_a_key(self) -> None:
        known = all_keys()
        assert len({*known}) == len(known)
        assert all(find_key(key).name == key for key in known)
