"""Groups of a portfolio: their names and their order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.diagrams import MODELER, NAMESPACES, process

from metrics import Report, scan
from metrics.summary.groups import (
    GROUPINGS,
    NO_VERSION,
    NOT_MEASURED_GROUP,
    OTHERS_GROUP,
    Group,
    distinct,
    grouping,
    named_groups,
    profile_of,
)

PARTS = st.lists(
    st.sampled_from(["", "a", "A", "a (2)", "1", "01", "10", "2", "(others)", "a (no", "version)"]),
    max_size=3,
)
GROUPS = st.builds(Group, PARTS.map(tuple))


def report(platform: str, version: str | None = None, file: str = "a.bpmn") -> Report:
    """The report of a diagram for a platform."""
    attributes = f'xmlns:modeler="{MODELER}" modeler:executionPlatform="{platform}"'
    if version is not None:
        attributes += f' modeler:executionPlatformVersion="{version}"'
    measured = scan(process("", namespaces=f"{NAMESPACES} {attributes}"))
    measured.file = file
    return measured


def group(by: str, measured: Report, *, marks_assumed: bool = False) -> Group:
    """The group of a report."""
    return GROUPINGS[by](measured, marks_assumed)


def profile(measured: Report) -> tuple[str, str | None]:
    """The profile of a report, without a mark."""
    return profile_of(measured, marks_assumed=False)


def names(*groups: Group) -> list[str]:
    """The names of groups, in their order."""
    return [name for name, _ in named_groups(groups)]


def test_profile_is_platform_and_version() -> None:
    assert profile(report("P", "8.6.0")) == ("P", "8.6.0")
    assert profile(report("P")) == ("P", None)
    assert profile(scan(b"<")) == ("", None)


def test_long_names_are_truncated() -> None:
    platform, version = profile(report("p" * 200, "1" * 200))
    assert (platform, version) == ("p" * 99 + "…", "1" * 99 + "…")


@pytest.mark.parametrize(
    ("file", "folder"), [("a/b/c.bpmn", "a/b"), ("c.bpmn", "."), ("/c.bpmn", "/")]
)
def test_folder_is_that_of_the_file(file: str, folder: str) -> None:
    assert group("folder", report("P", file=file)) == Group((folder,))


@pytest.mark.parametrize(
    ("by", "file", "group"),
    [
        ("folder:1", "models/a/b/c.bpmn", "models/a"),
        ("folder:2", "models/a/b/c.bpmn", "models/a/b"),
        ("folder:9", "models/a/b/c.bpmn", "models/a/b"),
        ("folder:1", "models/c.bpmn", "models"),
        ("folder:1", "models 2/a/b/c.bpmn", "models 2"),
        ("folder:1", "./x/a/b/c.bpmn", "./x/a"),
        ("folder:1", "/top/a/b/c.bpmn", "/top/a"),
        ("folder:1", "/other/a/b/c.bpmn", "/other"),
        ("folder:2", "/other/a/b/c.bpmn", "/other/a"),
        ("folder:1", "/c.bpmn", "/"),
        ("folder:1", "./y/a/c.bpmn", "./y"),
        ("folder:1", "./c.bpmn", "."),
        ("folder:1", "c.bpmn", "."),
        ("folder:1", "models/a/in/deep/c.bpmn", "models/a"),
    ],
)
def test_first_folders(by: str, file: str, group: str) -> None:
    paths = [".", "models/", "./x", "/top", "models/a", "c.bpmn"]
    assert grouping(by, paths)(report("P", file=file), False) == Group((group,))


def test_first_folders_of_bytes_without_a_name() -> None:
    assert grouping("folder:1")(scan(b"<"), False) == Group((".",))


@pytest.mark.parametrize(
    "name", ["owner", "folder:", "folder:0", "folder:-1", "folder:x", "folder:12345", "platform:1"]
)
def test_unknown_groupings(name: str) -> None:
    with pytest.raises(ValueError, match=f"no grouping is named '{name}': use folder, platform"):
        grouping(name)


def test_standard_input_is_in_the_current_folder() -> None:
    assert group("folder", scan(b"<")) == Group((".",))


def test_failed_diagrams_are_a_group() -> None:
    by_platform = {group("platform", scan(b"<")), group("platform", report("P"))}
    assert names(*by_platform) == ["(not measured)", "P"]
    by_version = {group("version", scan(b"<")), group("version", report("P"))}
    assert names(*by_version) == ["(not measured)", "P (no version)"]


@pytest.mark.parametrize(
    ("by", "platform", "version", "name"),
    [
        ("platform", "(others)", None, '"(others)"'),
        ("platform", "(not measured)", None, '"(not measured)"'),
        ("platform", "P (not stated)", None, '"P (not stated)"'),
        ("version", "P", "(others)", 'P "(others)"'),
        ("version", "P", "(no version)", 'P "(no version)"'),
        ("version", "P", "no version", 'P "no version"'),
        ("version", "P (no version)", "", '"P (no version)"'),
        # Only together do these look like a name of ours.
        ("version", "P (no", "version)", '"P (no version)"'),
        ("version", "P", "8 (others) 9", "P 8 (others) 9"),
        ("version", "(others)", None, '"(others)" (no version)'),
    ],
)
def test_no_diagram_has_a_reserved_name(
    by: str, platform: str, version: str | None, name: str
) -> None:
    assert names(group(by, report(platform, version))) == [name]
    # Whatever the order, the other name is ours.
    own = [OTHERS_GROUP, NOT_MEASURED_GROUP, Group(("P", NO_VERSION), is_reserved=True)]
    assert {"(others)", "(not measured)", "P (no version)"} < {
        *names(*own, group(by, report(platform, version)))
    }


@pytest.mark.parametrize("by", ["folder", "folder:1"])
def test_no_folder_has_the_name_of_the_rest(by: str) -> None:
    found = grouping(by)(report("P", file="(others)/a.bpmn"), False)
    assert names(found, OTHERS_GROUP) == ["(others)", "./(others)"]


def test_assumed_platforms_are_groups_of_their_own() -> None:
    assumed = scan(process(""))
    assert group("platform", assumed) == group("platform", report("Camunda Platform"))
    marked = "Camunda Platform (not stated)"
    for by in ("platform", "version"):
        own = group(by, assumed, marks_assumed=True)
        assert names(own) == [marked]
        assert own != group(by, report(marked), marks_assumed=True)
    assert group("platform", report("P"), marks_assumed=True) == Group(("P",))


def test_numbers_are_sorted_as_numbers() -> None:
    versions = ["7.10.0", "7.9.0", "7.10.0-alpha10", "7.10.0-alpha2", "7.09.0", "10.0.0", "x"]
    assert names(*(Group(("P", version)) for version in versions)) == [
        "P 7.09.0",
        "P 7.9.0",
        "P 7.10.0",
        "P 7.10.0-alpha2",
        "P 7.10.0-alpha10",
        "P 10.0.0",
        "P x",
    ]


def test_second_group_of_a_name_has_a_number() -> None:
    assert names(Group(("A", "B C")), Group(("A B", "C"))) == ["A B C", "A B C (2)"]
    assert [*distinct(["a", "a", "a (2)", "a"])] == ["a", "a (2)", "a (2) (2)", "a (3)"]


@given(st.sets(GROUPS))
def test_every_group_has_a_unique_name(groups: set[Group]) -> None:
    named = [*named_groups(groups)]
    assert {group for _, group in named} == groups
    assert len({name for name, _ in named}) == len(named)


@given(st.lists(GROUPS, unique=True))
def test_order_does_not_depend_on_the_input(groups: list[Group]) -> None:
    assert [*named_groups(groups)] == [*named_groups(reversed(groups))]
