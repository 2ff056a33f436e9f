"""`metrics diff` of revisions, in scratch repositories of git."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest
from support.command import run
from support.repositories import COUNT, Repository, refused, told
from support.states import DMN, FORM, OTHER_FORM, tasks

if TYPE_CHECKING:
    from pathlib import Path

NO_CONTENT = "its content is not in this clone of the repository"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A scratch repository without a commit."""
    return Repository(tmp_path / "repository")


@pytest.fixture
def history(repository: Repository) -> Repository:
    """Three commits on `main`, and one on `side`, which branches off at the first, `v1`."""
    files = {"a.bpmn": tasks(1), "gone.dmn": DMN, "sub/b.bpmn": tasks(1), "c.txt": b"1"}
    repository.commit(files)
    repository.git("tag", "-a", "-m", "A tag", "v1")
    repository.git("switch", "-q", "-c", "side")
    repository.commit({"side.bpmn": tasks(7)})
    repository.git("switch", "-q", "main")
    repository.commit({"a.bpmn": tasks(2), "gone.dmn": None, "new.form": FORM, "c.txt": b"2"})
    repository.git("tag", "v2")
    repository.commit({"sub/b.bpmn": tasks(5)})
    return repository


ONE_TO_TWO = ["changed a.bpmn before 1 after 2", "removed gone.dmn", "added new.form"]
TWO_TO_THREE = ["changed sub/b.bpmn before 1 after 5"]
ONE_TO_THREE = [*ONE_TO_TWO, *TWO_TO_THREE]


class TestRevisions:
    """Arguments that name two revisions, and the names of both in the output."""

    @pytest.mark.parametrize(
        ("arguments", "expected"),
        [
            (["HEAD~2", "HEAD~1"], ONE_TO_TWO),
            (["v1", "v2"], ONE_TO_TWO),
            (["v1..v2"], ONE_TO_TWO),
            (["v1^{tree}", "v2^{commit}"], ONE_TO_TWO),
            (["v1:", "v2:"], ONE_TO_TWO),
            (["v2:sub", "main:sub"], ["changed b.bpmn before 1 after 5"]),
            (["v1", "main"], ONE_TO_THREE),
            (["v1.."], ONE_TO_THREE),
            (["v1"], ONE_TO_THREE),
            (["HEAD^"], TWO_TO_THREE),
            (["..v2"], ["changed sub/b.bpmn before 5 after 1"]),
            (["side...main"], ONE_TO_THREE),
            (["side..."], ONE_TO_THREE),
            (["main...side"], ["added side.bpmn after 7"]),
            (["...side"], ["added side.bpmn after 7"]),
            (["HEAD", "HEAD"], []),
            (["main"], []),
        ],
    )
    def test_names(self, history: Repository, arguments: list[str], expected: list[str]) -> None:
        assert told(history.diff(*arguments)) == expected

    def test_ids(self, history: Repository) -> None:
        for kind in ("commit", "tree"):
            one, two = (history.git("rev-parse", f"{name}^{{{kind}}}") for name in ("v1", "v2"))
            assert told(history.diff(one, two)) == ONE_TO_TWO
            assert told(history.diff(f"{one[:12]}..{two[:12]}")) == ONE_TO_TWO

    def test_names_in_the_output(self, history: Repository) -> None:
        def names(*arguments: str) -> tuple[str, str]:
            record = history.diff(*arguments)
            return record["old"], record["new"]

        assert names("v1", "HEAD~1") == ("v1", "HEAD~1")
        assert names("v1..") == ("v1", "HEAD")
        assert names("v1") == ("v1", "the working tree")
        base = history.git("rev-parse", "v1^{commit}")[:12]
        assert names("main...side") == (f"{base} (merge base of main and side)", "side")

    def test_too_many_arguments(self, history: Repository) -> None:
        for arguments in (["v1..v2", "main"], ["v1...v2", "main"], ["v1", "v2", "a.bpmn"]):
            assert refused(history.folder, *arguments).startswith("Usage: metrics diff")

    def test_swapped_revisions_swap_the_changes(self, history: Repository) -> None:
        forth, back = history.diff("v1", "main"), history.diff("main", "v1")
        swapped = {"added": "removed", "removed": "added"}
        for change in back["changes"]:
            change["status"] = swapped.get(change["status"], change["status"])
        for values in [back["totals"], *(change["values"] for change in back["changes"])]:
            for key, sides in values.items():
                names = {"before": "after", "after": "before"}
                values[key] = {names[side]: value for side, value in sides.items()}
        assert (back["changes"], back["totals"]) == (forth["changes"], forth["totals"])

    def test_file_with_the_name_of_a_revision(self, history: Repository) -> None:
        history.write({"v1": b"", "side": b""})
        assert told(history.diff("v1", "main")) == ONE_TO_THREE
        assert told(history.diff("v1", "side", "--")) == ["added side.bpmn after 7"]


class TestWorkingTree:
    """Without NEW, OLD is compared with the tracked files of the working tree."""

    def test_without_revisions(self, repository: Repository) -> None:
        repository.commit({"a.bpmn": tasks(1), "x/b.bpmn": tasks(1), "c.bpmn": tasks(1)})
        repository.write({"a.bpmn": tasks(2), "new.bpmn": tasks(3)})
        repository.git("add", ".")
        repository.write({"x/b.bpmn": tasks(4), "untracked.bpmn": tasks(5)})
        record = repository.diff()
        assert (record["old"], record["new"]) == ("HEAD", "the working tree")
        assert record == repository.diff("HEAD")
        assert told(record) == [
            "changed a.bpmn before 1 after 2",
            "added new.bpmn after 3",
            "changed x/b.bpmn before 1 after 4",
        ]
        assert told(repository.diff("--", "x")) == ["changed x/b.bpmn before 1 after 4"]
        assert told(repository.diff("--")) == told(record)
        assert told(repository.diff("--", "b.bpmn", cwd="x")) == [
            "changed x/b.bpmn before 1 after 4"
        ]
        assert run("diff", "--exit-code", cwd=repository.folder).returncode == 1
        assert run("diff", "--exit-code", "--", "c.bpmn", cwd=repository.folder).returncode == 0

    def test_exit_code_of_a_new_name(self, repository: Repository) -> None:
        repository.commit({"a.bpmn": tasks(1)})
        repository.git("mv", "a.bpmn", "b.bpmn")
        result = run("diff", "--exit-code", cwd=repository.folder)
        assert result.stdout.decode().startswith("HEAD → the working tree: 1 diagram: 1 renamed")
        # A new name is no number.
        assert result.returncode == 0

    def test_staged_and_unstaged_changes(self, repository: Repository) -> None:
        names = ["both", "same", "staged", "undone", "unstaged", "unchanged"]
        files = {f"{name}.bpmn": tasks(1) for name in names}
        repository.commit(files | {"deleted.form": FORM, "uncached.dmn": DMN})
        repository.write({"both.bpmn": tasks(2), "staged.bpmn": tasks(3), "undone.bpmn": tasks(4)})
        repository.write({"new.bpmn": tasks(5)})
        repository.git("add", ".")
        repository.write(
            {"both.bpmn": tasks(6), "unstaged.bpmn": tasks(7), "undone.bpmn": tasks(1)}
        )
        repository.write({"deleted.form": None, "untracked.bpmn": tasks(8), "later.bpmn": tasks(9)})
        repository.git("add", "-N", "later.bpmn")
        repository.git("rm", "-q", "--cached", "uncached.dmn")
        assert told(repository.diff("HEAD")) == [
            "changed both.bpmn before 1 after 6",
            "removed deleted.form",
            "added later.bpmn after 9",
            "added new.bpmn after 5",
            "changed staged.bpmn before 1 after 3",
            "removed uncached.dmn",
            "changed unstaged.bpmn before 1 after 7",
        ]

    def test_earlier_revision(self, history: Repository) -> None:
        history.write({"a.bpmn": tasks(9)})
        history.git("mv", "new.form", "sub/newer.form")
        assert told(history.diff("HEAD~1", cwd="sub")) == [
            "changed a.bpmn before 2 after 9",
            "changed sub/b.bpmn before 1 after 5",
            "renamed new.form sub/newer.form",
        ]

    def test_nothing_is_written(self, history: Repository) -> None:
        os.utime(history.folder / "a.bpmn", (0, 0))
        history.write({"sub/b.bpmn": tasks(3)})
        before = (history.folder / ".git" / "index").read_bytes()
        assert told(history.diff("HEAD")) == ["changed sub/b.bpmn before 5 after 3"]
        assert (history.folder / ".git" / "index").read_bytes() == before

    def test_locked_index(self, history: Repository) -> None:
        (history.folder / ".git" / "index.lock").touch()
        history.write({"sub/b.bpmn": tasks(3)})
        assert told(history.diff("HEAD")) == ["changed sub/b.bpmn before 5 after 3"]


class TestPaths:
    """PATHs after -- are pathspecs of git, relative to the current folder."""

    @pytest.mark.parametrize(
        ("cwd", "paths", "expected"),
        [
            (".", [], ["a.bpmn", "sub/b.bpmn", "sub/deep/c.bpmn"]),
            ("sub", [], ["a.bpmn", "sub/b.bpmn", "sub/deep/c.bpmn"]),
            (".", ["sub"], ["sub/b.bpmn", "sub/deep/c.bpmn"]),
            ("sub", ["."], ["sub/b.bpmn", "sub/deep/c.bpmn"]),
            ("sub", ["deep", "../a.bpmn"], ["a.bpmn", "sub/deep/c.bpmn"]),
            (".", ["*c.bpmn"], ["sub/deep/c.bpmn"]),
            ("sub", ["*.bpmn"], ["sub/b.bpmn", "sub/deep/c.bpmn"]),
            ("sub", [":/*.bpmn", ":!b.bpmn"], ["a.bpmn", "sub/deep/c.bpmn"]),
            # A file that is named is a diagram in any case.
            (".", ["d.xml"], ["d.xml"]),
            ("sub", ["../d.xml", "b.bpmn"], ["d.xml", "sub/b.bpmn"]),
            (".", ["nowhere", "-x", "--output=x"], []),
        ],
    )
    def test_paths(
        self, repository: Repository, cwd: str, paths: list[str], expected: list[str]
    ) -> None:
        names = ["a.bpmn", "d.xml", "sub/b.bpmn", "sub/deep/c.bpmn"]
        repository.commit(dict.fromkeys(names, tasks(1)))
        repository.write(dict.fromkeys(names, tasks(2)))
        unstaged = repository.diff("HEAD", "--", *paths, cwd=cwd)
        repository.commit({})
        for record in (unstaged, repository.diff("HEAD~1..", "--", *paths, cwd=cwd)):
            assert told(record) == [f"changed {name} before 1 after 2" for name in expected]
        assert not (repository.folder / cwd / "x").exists()

    def test_path_outside_the_repository(self, history: Repository) -> None:
        assert "'../a' is outside repository" in refused(history.folder, "v1", "--", "../a")

    def test_path_without_a_separator(self, history: Repository) -> None:
        reason = refused(history.folder, "v1", "a.bpmn")
        assert "a.bpmn is a path" in reason
        reason = refused(history.folder, "a.bpmn")
        assert "a.bpmn is a path: add a second path to compare it with." in reason

    @pytest.mark.parametrize(
        "name",
        [
            "a b.bpmn",
            "a\nb.bpmn",
            "a\tb.bpmn",
            'a"b".bpmn',
            "a\\b.bpmn",
            "ü.bpmn",
            os.fsdecode(b"\xff.bpmn"),
            "-a.bpmn",
            "a:b.bpmn",
            ":a.bpmn",
            "A.BPMN",
        ],
    )
    def test_odd_names(self, repository: Repository, name: str) -> None:
        repository.commit({name: tasks(1), "b.bpmn": tasks(1)})
        repository.write({name: tasks(2)})
        printed = name.replace("\udcff", "\\xff")
        assert told(repository.diff("HEAD")) == [f"changed {printed} before 1 after 2"]
        repository.commit({f"sub/{name}": tasks(2), name: None, "b.bpmn": tasks(2)})
        expected = f"renamed {printed} sub/{printed}"
        assert f"{expected} before 1 after 2" in told(repository.diff("HEAD~1", "HEAD"))
        paths = ["--", f":(literal){name}", f":(literal)sub/{name}"]
        assert told(repository.diff("HEAD~1", *paths)) == [f"{expected} before 1 after 2"]


class TestRenames:
    """Renames are those that git finds."""

    @pytest.mark.parametrize("name", ["a.bpmn", "a.dmn", "a.form", "a.bpmn20.xml"])
    def test_same_content_is_not_read(self, repository: Repository, name: str) -> None:
        repository.commit({name: b"<" * 100})
        repository.commit({f"x/b{name[1:]}": b"<" * 100, name: None})
        repository.forget(f"HEAD~1:{name}")
        record = repository.diff("HEAD~1", "HEAD")
        assert told(record) == [f"renamed {name} x/b{name[1:]}"]
        assert record["changes"][0]["values"] == record["totals"] == {}

    def test_rename_with_a_change(self, repository: Repository) -> None:
        repository.commit({"a.bpmn": tasks(1, "a"), "b.bpmn": tasks(1, "b")})
        repository.write({"a.bpmn": None, "b.bpmn": None})
        repository.commit({"c.bpmn": tasks(3, "a"), "d.bpmn": tasks(1, "b") + b"<!-- -->"})
        record = repository.diff("HEAD~1", "HEAD")
        assert told(record) == ["renamed a.bpmn c.bpmn before 1 after 3", "renamed b.bpmn d.bpmn"]
        assert record["diagrams"]["renamed"] == 2
        printed = run("diff", "HEAD~1", "HEAD", cwd=repository.folder).stdout.decode()
        printed = re.sub(" {2,}", "  ", printed)
        assert f"\nrenamed  a.bpmn → c.bpmn\n  {COUNT}  1 → 3  +2\n" in printed
        assert "\nrenamed  b.bpmn → d.bpmn\n" in printed

    def test_files_that_only_look_changed(self, repository: Repository) -> None:
        repository.commit({"a.bpmn": b"<", "b.bpmn": tasks(1)})
        (repository.folder / "l.bpmn").symlink_to("b.bpmn")
        repository.commit({})
        # As in a copy of the folder: no file has the time that the index has.
        for name in ("a.bpmn", "b.bpmn", "l.bpmn"):
            os.utime(repository.folder / name, (1, 1), follow_symlinks=False)
        index = (repository.folder / ".git" / "index").read_bytes()
        record = repository.diff("--exit-code", "HEAD")
        assert (record["changes"], record["diagrams"]["unchanged"]) == ([], 0)
        assert (repository.folder / ".git" / "index").read_bytes() == index

    @pytest.mark.parametrize("is_staged", [False, True])
    def test_in_the_working_tree(self, repository: Repository, is_staged: bool) -> None:
        repository.commit({"a.bpmn": tasks(1, "a")})
        repository.git("mv", "a.bpmn", "b.bpmn")
        repository.write({"b.bpmn": tasks(3, "a")})
        if is_staged:
            repository.git("add", ".")
        assert told(repository.diff("HEAD")) == ["renamed a.bpmn b.bpmn before 1 after 3"]

    def test_totals_are_of_diagrams_whose_values_differ(self, repository: Repository) -> None:
        repository.commit({"a.bpmn": tasks(2, "a"), "c.bpmn": tasks(3)})
        for content in (tasks(2, "a"), tasks(2, "a") + b"<!-- -->"):
            repository.write({"b.bpmn": content, "a.bpmn": None, "c.bpmn": tasks(2)})
            repository.git("add", "-A")
            record = repository.diff("HEAD")
            assert (
                told(record) == ["changed c.bpmn before 3 after 2", "renamed a.bpmn b.bpmn"][::-1]
            )
            assert record["totals"][COUNT] == {"before": 3, "after": 2}

    def test_case_of_the_extension(self, repository: Repository) -> None:
        repository.commit({"a.bpmn": tasks(1), "b.form": FORM})
        repository.git("mv", "a.bpmn", "a.BPMN")
        repository.git("mv", "b.form", "b.Form")
        expected = ["renamed a.bpmn a.BPMN", "renamed b.form b.Form"]
        assert told(repository.diff("HEAD")) == expected
        repository.commit({})
        assert told(repository.diff("HEAD~1..")) == expected

    def test_to_another_type(self, repository: Repository) -> None:
        repository.commit({"a.bpmn": FORM * 50})
        repository.commit({"a.bpmn": None, "a.form": FORM * 50})
        # Neither a form nor XML: each side has its own error, so both were read.
        (change,) = repository.diff("HEAD~1", "HEAD", status=2)["changes"]
        assert (change["status"], [*change["errors"]]) == ("renamed", ["before", "after"])

    def test_rename_across_the_border_of_the_comparison(self, repository: Repository) -> None:
        repository.commit({"x/a.bpmn": tasks(1), "b.txt": tasks(2, "b")})
        repository.git("mv", "x/a.bpmn", "a.bpmn")
        repository.git("mv", "b.txt", "b.bpmn")
        repository.commit({})
        expected = ["renamed x/a.bpmn a.bpmn", "added b.bpmn after 2"]
        assert told(repository.diff("HEAD~1..")) == expected
        assert told(repository.diff("HEAD~1..", "--", "x")) == ["removed x/a.bpmn before 1"]

    def test_same_values(self, repository: Repository) -> None:
        repository.commit({"a.bpmn": tasks(1), "b.form": FORM, "c.dmn": DMN})
        repository.commit({"a.bpmn": tasks(1) + b"<!-- -->", "b.form": OTHER_FORM})
        record = repository.diff("HEAD~1..")
        assert told(record) == ["changedOtherwise a.bpmn", "changed b.form"]
        assert record["diagrams"]["unchanged"] == 0
        assert record["changes"][1]["values"] == {
            "executionPlatform": {"before": "Camunda Platform", "after": "Other"}
        }
        printed = run("diff", "HEAD~1..", cwd=repository.folder).stdout.decode()
        assert printed == (
            "HEAD~1 → HEAD: 1 diagram: 1 changed; 1 changed otherwise\n"
            "\n"
            "changed  b.form\n"
            "  executionPlatform  Camunda Platform (not stated) → Other\n"
            "\n"
            "Changed otherwise\n"
            "  a.bpmn\n"
        )

    @pytest.mark.parametrize("format_name", ["table", "markdown"])
    def test_only_other_changes(self, repository: Repository, format_name: str) -> None:
        repository.commit({"a.bpmn": tasks(1), "b.bpmn": tasks(2)})
        repository.write({"a.bpmn": tasks(1) + b"<!-- -->", "b.bpmn": tasks(2) + b"<!-- -->"})
        result = run("diff", "--exit-code", "-f", format_name, cwd=repository.folder)
        printed = result.stdout.decode().replace("`", "")
        assert "HEAD → the working tree: no value changed; 2 changed otherwise" in printed
        assert result.returncode == 0


class TestContents:
    """Only diagrams that differ are read from the repository."""

    def test_other_files_are_not_read(self, repository: Repository) -> None:
        files = {f"{number}.bpmn": tasks(number) for number in range(10)}
        repository.commit(files | {"a.bpmn": tasks(11), "c.txt": b"1"})
        repository.commit({"a.bpmn": tasks(12), "c.txt": b"2"})
        for name in files:
            repository.forget(f"HEAD:{name}")
        repository.forget("HEAD:c.txt")
        expected = ["changed a.bpmn before 11 after 12"]
        assert told(repository.diff("HEAD~1", "HEAD")) == expected
        assert told(repository.diff("HEAD~1")) == expected

    def test_missing_content(self, repository: Repository) -> None:
        names = [f"{number:03}.bpmn" for number in range(150)]
        repository.commit(dict.fromkeys(names, tasks(1)))
        repository.commit({name: tasks(2 + number) for number, name in enumerate(names)})
        missing = {"000.bpmn", "001.bpmn", "070.bpmn", "149.bpmn"}
        for name in missing:
            repository.forget(f"HEAD:{name}")
        record = repository.diff("HEAD~1", "HEAD", status=2)
        assert told(record) == [
            f"unmeasured {name}"
            if name in missing
            else f"changed {name} before 1 after {2 + number}"
            for number, name in enumerate(names)
        ]
        assert record["changes"][0]["errors"] == {
            "after": {"type": "unreadable", "message": NO_CONTENT}
        }

    @pytest.mark.slow
    def test_jobs_print_the_same(self, repository: Repository) -> None:
        names = [f"{number:03}.bpmn" for number in range(150)]
        repository.commit({name: tasks(number % 9) for number, name in enumerate(names)})
        repository.commit({name: tasks(number % 7 * 90) for number, name in enumerate(names)})
        repository.write(dict.fromkeys(names[::10], b"<"))
        for revisions in (["HEAD~1..HEAD"], ["HEAD~1"]):
            alone, many = (
                run("diff", *jobs, *revisions, cwd=repository.folder)
                for jobs in (["-j1"], ["-j3", "--timeout=60"])
            )
            assert (alone.stdout, alone.stderr) == (many.stdout, many.stderr)
            assert alone.returncode == many.returncode == (2 if revisions == ["HEAD~1"] else 0)

    def test_max_size(self, repository: Repository) -> None:
        repository.commit({"a.form": b"{   }", "b.form": FORM, "c.form": FORM})
        repository.commit({"a.form": FORM, "b.form": b"{" + b" " * 3_000_000 + b"}"})
        repository.write({"c.form": OTHER_FORM})
        record = repository.diff("--max-size", "4", "HEAD~1", status=2)
        too_large = {"type": "too-large", "message": "larger than 4 bytes"}
        assert [change["errors"] for change in record["changes"]] == [
            {"before": too_large},
            {"after": too_large},
            {"after": too_large},
        ]
        assert told(repository.diff("--max-size", "5", "HEAD~1", "HEAD", status=2)) == [
            "changedOtherwise a.form",
            "unmeasured b.form",
        ]

    def test_exit_code_and_output(self, history: Repository) -> None:
        assert run("diff", "--exit-code", "v1", cwd=history.folder).returncode == 1
        assert run("diff", "--exit-code", "HEAD", cwd=history.folder).returncode == 0
        result = run("diff", "--exit-code", "-o", "out", "v1", cwd=history.folder)
        assert (result.returncode, result.stdout) == (1, b"")
        printed = run("diff", "v1", cwd=history.folder).stdout
        assert (history.folder / "out").read_bytes() == printed
        refused(history.folder, "-o", "out", "nope")
        assert (history.folder / "out").read_bytes() == printed

    @pytest.mark.slow
    def test_long_names_in_a_comment(self, repository: Repository) -> None:
        repository.commit({f"{number:03}.bpmn": tasks(1) for number in range(1000)})
        repository.commit({f"{number:03}.bpmn": tasks(2) for number in range(1000)})
        # A name of 10,000 characters for the same commit.
        revision = f"HEAD~1{'^0' * 5000}"
        result = run("diff", "-f", "markdown", revision, "HEAD", cwd=repository.folder)
        assert len(result.stdout.decode()) <= 65_536
