"""Comparisons in Python: of reports, and of revisions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.repositories import COUNT, Repository
from support.states import FORM, NO_FORM, tasks

from metrics import OMITTED, RevisionError, compare, compare_revisions, scan
from metrics.diff.comparison import Difference, compare_pairs
from metrics.diff.pairs import Pair, Status, pair_by_name
from metrics.diff.revisions import RangeError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from metrics import Comparison, Report


def reports(contents: Mapping[str, bytes]) -> list[Report]:
    """The reports of contents by their names."""
    return [scan(content, name=name) for name, content in contents.items()]


def statuses(comparison: Comparison) -> list[tuple[Status, str]]:
    """The status and the name of each change."""
    return [(change.status, change.file) for change in comparison.changes]


class TestCompare:
    """`compare` takes the reports of two states."""

    def test_reports_are_paired_by_file(self) -> None:
        old = reports({"b.bpmn": tasks(1), "gone.form": FORM, "same.form": FORM})
        new = reports({"new.form": FORM, "same.form": FORM, "b.bpmn": tasks(3)})
        comparison = compare(old, new)
        assert statuses(comparison) == [
            (Status.CHANGED, "b.bpmn"),
            (Status.REMOVED, "gone.form"),
            (Status.ADDED, "new.form"),
        ]
        assert comparison.changes[0].values == {COUNT: Difference(1, 3)}
        assert comparison.totals == {COUNT: Difference(1, 3)}
        assert comparison.unchanged == 1

    def test_iterators_are_read_once(self) -> None:
        comparison = compare(
            iter(reports({"a.bpmn": tasks(1)})), iter(reports({"a.bpmn": tasks(2)}))
        )
        assert statuses(comparison) == [(Status.CHANGED, "a.bpmn")]

    def test_states_have_names(self) -> None:
        default = compare([], [])
        assert (default.old, default.new) == ("old", "new")
        named = compare([], [], old_name="before", new_name="after")
        assert (named.old, named.new) == ("before", "after")

    def test_reports_without_a_file_are_paired(self) -> None:
        comparison = compare([scan(tasks(1))], [scan(tasks(2))])
        assert statuses(comparison) == [(Status.CHANGED, "-")]

    def test_same_name_several_times(self) -> None:
        old = [*reports({"a.bpmn": tasks(1)}), *reports({"a.bpmn": tasks(2)})]
        comparison = compare(old, reports({"a.bpmn": tasks(1)}))
        assert statuses(comparison) == [(Status.REMOVED, "a.bpmn")]
        assert comparison.unchanged == 1

    def test_errors_of_both_sides(self) -> None:
        failed, measured = reports({"a.form": NO_FORM}), reports({"a.form": FORM})
        (change,) = compare(failed, measured).changes
        assert (change.status, change.values) == (Status.UNMEASURED, {})
        assert (change.old_error, change.new_error) == (failed[0].error, None)
        (change,) = compare(measured, failed).changes
        assert (change.old_error, change.new_error) == (None, failed[0].error)

    def test_arguments_that_are_no_reports(self) -> None:
        with pytest.raises(AttributeError):
            compare(["a.bpmn"], [])  # type: ignore[list-item]


class TestPairs:
    """Sources are paired before they are measured."""

    def test_pairs_are_sorted_by_name(self) -> None:
        pairs = [*pair_by_name([("b", 1), ("a", 2), ("a", 3)], [("c", 4), ("a", 5)])]
        assert pairs == [
            Pair("a", 2, 5),
            Pair("a", 3, None),
            Pair("b", 1, None),
            Pair("c", None, 4),
        ]
        assert [[*pair.sources()] for pair in pairs] == [[2, 5], [3], [1], [4]]

    def test_reports_come_in_the_order_of_the_sources(self) -> None:
        pairs = [Pair("a", 2, 5), Pair("b", None, 1), Pair("c", None, None, "d", Status.RENAMED)]
        sources = (source for pair in pairs for source in pair.sources())
        measured = (scan(tasks(int(str(source)))) for source in sources)
        comparison = compare_pairs(pairs, measured, old_name="old", new_name="new")
        assert [change.values.get(COUNT) for change in comparison.changes] == [
            Difference(2, 5),
            Difference(OMITTED, 1),
            None,
        ]
        assert comparison.changes[2].old_file == "d"


class TestCompareRevisions:
    """`compare_revisions` compares what `metrics diff` does."""

    @pytest.fixture
    def repository(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Repository:
        """A repository with two commits and a change since, as the current folder."""
        repository = Repository(tmp_path / "repository")
        repository.commit({"a.bpmn": tasks(1), "sub/b.bpmn": tasks(1)})
        repository.commit({"a.bpmn": tasks(2), "sub/b.bpmn": tasks(4)})
        repository.write({"a.bpmn": tasks(7)})
        monkeypatch.chdir(repository.folder)
        return repository

    @pytest.mark.usefixtures("repository")
    def test_two_revisions(self) -> None:
        for revisions in (("HEAD~1", "HEAD"), ("HEAD~1..HEAD",), ("HEAD~1...HEAD",)):
            comparison = compare_revisions(*revisions)
            assert statuses(comparison) == [
                (Status.CHANGED, "a.bpmn"),
                (Status.CHANGED, "sub/b.bpmn"),
            ]
            assert comparison.totals == {COUNT: Difference(2, 6)}
            assert comparison.new == "HEAD"

    @pytest.mark.usefixtures("repository")
    def test_working_tree(self) -> None:
        comparison = compare_revisions("HEAD")
        assert comparison.changes[0].values == {COUNT: Difference(2, 7)}
        assert comparison.new == "the working tree"

    @pytest.mark.usefixtures("repository")
    def test_paths_limit_the_comparison(self) -> None:
        comparison = compare_revisions("HEAD~1", "HEAD", iter(["sub"]))
        assert statuses(comparison) == [(Status.CHANGED, "sub/b.bpmn")]

    @pytest.mark.usefixtures("repository")
    def test_large_diagrams_are_not_read(self) -> None:
        (change,) = compare_revisions("HEAD", max_size=10).changes
        assert (change.old_error, change.new_error) != (None, None)
        assert all(
            error is not None and error.type == "too-large"
            for error in (change.old_error, change.new_error)
        )

    @pytest.mark.usefixtures("repository")
    def test_unknown_revision(self) -> None:
        with pytest.raises(RevisionError, match="there is no revision 'nowhere'"):
            compare_revisions("nowhere")

    @pytest.mark.usefixtures("repository")
    def test_range_with_a_second_revision(self) -> None:
        with pytest.raises(RangeError, match="is a range"):
            compare_revisions("HEAD~1..HEAD", "HEAD")
