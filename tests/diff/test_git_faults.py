"""Faults of git and its repositories, and configuration that must not be obeyed."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
from subprocess import CalledProcessError
from typing import TYPE_CHECKING

import pytest
from support.command import METRICS, all_end, comes_true, run
from support.repositories import Repository, git, refused, told
from support.states import FORM, diff, documented, tasks

from metrics.diff.git import Git

if TYPE_CHECKING:
    from pathlib import Path

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"
NO_CONTENT = "its content is not in this clone of the repository"
NO_LINK = "a symbolic link, which is not followed in a repository"
SHALLOW = (
    "this clone is shallow: fetch more of its history, for example with git fetch --unshallow."
)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A repository with two commits, and a diagram that has changed since."""
    repository = Repository(tmp_path / "repository")
    files = {"a.bpmn": tasks(1), "b.bpmn": tasks(1, "b"), "c.txt": b"c"}
    repository.commit(files | {f"sub/{letter}.bpmn": tasks(1, letter) for letter in "xy"})
    moved = {f"sub/{letter}.bpmn": None for letter in "xy"}
    repository.commit(moved | {f"{letter}2.bpmn": tasks(2, letter) for letter in "xy"})
    repository.write({"a.bpmn": tasks(3)})
    return repository


def instead_of_git(folder: Path, command: str, does: str) -> dict[str, str]:
    """An environment in which one command of git does something else."""
    git = shutil.which("git")
    path = folder / "bin" / "git"
    path.parent.mkdir()
    path.write_text(
        f'#!/bin/bash\ncase " $* " in *" {command} "*) {does} ;; *) exec "{git}" "$@" ;; esac\n'
    )
    path.chmod(0o755)
    return {"PATH": os.pathsep.join((str(path.parent), os.environ["PATH"]))}


def recording(log: Path) -> str:
    """What a command does to record its standard input, beside what git does."""
    return f"tee '{log}' | '{shutil.which('git')}' \"$@\""


ONE_TO_TWO = [f"renamed sub/{letter}.bpmn {letter}2.bpmn before 1 after 2" for letter in "xy"]
SINCE = ["changed a.bpmn before 1 after 3"]


def clone(repository: Repository, *options: str) -> Path:
    """A clone of a repository, as over a network."""
    folder = repository.folder.with_name("clone")
    git("clone", "-q", *options, f"file://{repository.folder}", folder, cwd=folder.parent)
    return folder


def script(folder: Path, then: str = "") -> tuple[Path, Path]:
    """A script for git to run, and the file that it creates."""
    path, mark = folder / "script", folder / "was-run"
    path.write_text(f"#!/bin/sh\n: > '{mark}'\n{then}\n")
    path.chmod(0o755)
    return path, mark


def contents(folder: Path) -> dict[str, bytes]:
    """The contents of all files in a folder."""
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


class TestNoRevision:
    """Revisions that cannot be compared: the message says why, and what may help."""

    @pytest.mark.parametrize("name", ["nope", "HEAD~9", "c.txt", "HEAD:a.bpmn", "", " ", "a\nb"])
    def test_unknown(self, repository: Repository, name: str) -> None:
        for arguments in ([name], ["HEAD", name], [f"{name}..HEAD"] if name else ["", "HEAD"]):
            said = refused(repository.folder, *arguments, "--")
            assert said == f"Error: there is no revision '{name}'.\n".replace("a\nb", "a\\nb")

    @pytest.mark.parametrize(
        "name", ["^HEAD~1", "HEAD^!", "HEAD^@", "HEAD^-", "main main", "refs/heads/*", ":a.bpmn"]
    )
    def test_name_of_another_number_of_commits(self, repository: Repository, name: str) -> None:
        said = f"Error: there is no revision '{name}'.\n"
        for arguments in ([name], ["HEAD", name], [f"{name}..HEAD"], [f"HEAD..{name}"]):
            assert refused(repository.folder, *arguments, "--") == said
        said = f"Error: there is no commit '{name}'.\n"
        assert refused(repository.folder, f"{name}...HEAD", "--") == said

    @pytest.mark.parametrize(
        "name", ["HEAD^", "@~1", "@{1}", "main@{1}", "HEAD^{/a commit}^", "HEAD~1^{tree}"]
    )
    def test_other_names_of_one_commit(self, repository: Repository, name: str) -> None:
        assert told(repository.diff(name, "HEAD", "--")) == ONE_TO_TWO

    def test_unknown_side_of_a_range(self, repository: Repository) -> None:
        for name in ("nope...HEAD", "HEAD...nope", "nope..."):
            assert "there is no " in (said := refused(repository.folder, name))
            assert "'nope'." in said

    @pytest.mark.parametrize("name", ["--output=made", "-p", "--no-index", "--help", "-"])
    def test_name_that_looks_like_an_option(self, repository: Repository, name: str) -> None:
        ranges = [f"HEAD..{name}", f"HEAD...{name}"]
        if not name.startswith("--output"):
            # At the start it is an option of the command itself.
            ranges.append(f"{name}..HEAD")
        for revisions in ranges:
            result = run("diff", revisions, cwd=repository.folder)
            assert (result.returncode, result.stdout) == (2, b"")
        # A path that no file has.
        assert repository.diff("--", name)["changes"] == []
        assert not (repository.folder / "made").exists()

    def test_no_commit(self, tmp_path: Path) -> None:
        folder = Repository(tmp_path / "empty").folder
        assert refused(folder, "HEAD") == "Error: there is no revision 'HEAD'.\n"
        assert refused(folder).endswith(", but there is no revision 'HEAD'.\n")

    def test_shallow(self, repository: Repository) -> None:
        folder = clone(repository, "--depth", "1")
        said = f"Error: there is no revision 'HEAD~1'; {SHALLOW}\n"
        assert refused(folder, "HEAD~1") == said
        assert diff("HEAD", cwd=folder)["changes"] == []

    def test_no_common_ancestor(self, repository: Repository) -> None:
        repository.git("switch", "-q", "-f", "--orphan", "other")
        repository.commit({"a.bpmn": tasks(5)})
        said = "Error: no common ancestor of 'main' and 'other' was found.\n"
        assert refused(repository.folder, "main...other") == said
        assert "changed a.bpmn before 1 after 5" in told(repository.diff("main..other"))

    def test_common_ancestor_beyond_a_shallow_clone(self, repository: Repository) -> None:
        repository.git("switch", "-q", "-f", "-c", "side", "HEAD~1")
        repository.commit({"a.bpmn": tasks(5)})
        folder = clone(repository, "--depth", "1", "--no-single-branch")
        sides = "'origin/main' and 'origin/side'"
        said = f"Error: no common ancestor of {sides} was found; {SHALLOW}\n"
        assert refused(folder, "origin/main...origin/side") == said

    def test_no_repository(self, tmp_path: Path) -> None:
        said = "Error: the current folder is not in a git repository.\n"
        reason = said.removeprefix("Error: ")
        without_old = f"Without OLD, the working tree is compared with HEAD, but {reason}"
        assert refused(tmp_path).endswith(f"\nError: {without_old}")
        assert refused(tmp_path, "--", "a.bpmn").startswith("Usage: metrics diff")
        assert refused(tmp_path, "HEAD") == refused(tmp_path, "HEAD", "--", "a.bpmn") == said

    def test_no_git(self, repository: Repository, tmp_path: Path) -> None:
        said = refused(repository.folder, "HEAD", PATH=str(tmp_path))
        assert said == "Error: git was not found: it is needed to compare revisions.\n"

    def test_files_need_no_git(self, repository: Repository, tmp_path: Path) -> None:
        arguments = ["diff", "-f", "json", "a.bpmn", "b.bpmn"]
        result = run(*arguments, cwd=repository.folder, env={"PATH": str(tmp_path)})
        assert told(json.loads(result.stdout)) == ["changed a.bpmn b.bpmn before 3 after 1"]

    def test_broken_repository(self, repository: Repository) -> None:
        (repository.folder / ".git" / "index").write_bytes(b"broken")
        assert refused(repository.folder, "HEAD").startswith("Error: git: ")
        assert told(repository.diff("HEAD~1..")) == ONE_TO_TWO


class TestKindsOfRepositories:
    """Unusual repositories."""

    def test_bare(self, repository: Repository) -> None:
        folder = clone(repository, "--bare")
        for arguments in (["HEAD~1", "HEAD"], ["HEAD~1..main"], ["HEAD~1...HEAD", "--", "*.bpmn"]):
            assert told(diff(*arguments, cwd=folder)) == ONE_TO_TWO
        said = "Error: a bare repository has no working tree: name a second revision."
        assert refused(folder, "main").startswith(said)
        assert refused(folder, "HEAD") == f"{said}\n"

    def test_other_hashes(self, tmp_path: Path) -> None:
        repository = Repository(tmp_path / "repository", "--object-format=sha256")
        form = FORM + b" " * 50
        repository.commit({"a.bpmn": tasks(1), "b.form": form})
        repository.write({"b.form": None})
        assert len(repository.commit({"a.bpmn": tasks(2), "c.form": form})) == 64
        repository.write({"c.form": None, "a.bpmn": tasks(3)})
        expected = ["changed a.bpmn before 1 after 2", "renamed b.form c.form"]
        assert told(repository.diff("HEAD~1..")) == expected
        expected = ["changed a.bpmn before 1 after 3", "removed b.form"]
        assert told(repository.diff("HEAD~1")) == expected

    def test_second_working_tree(self, repository: Repository) -> None:
        repository.git("worktree", "add", "-q", "../second")
        second = repository.folder.with_name("second")
        (second / "b.bpmn").write_bytes(tasks(7))
        assert told(diff("HEAD", cwd=second)) == ["changed b.bpmn before 1 after 7"]

    def test_packed(self, repository: Repository) -> None:
        repository.git("gc", "-q")
        assert told(repository.diff("HEAD~1..")) == ONE_TO_TWO

    @pytest.fixture
    def partial(self, repository: Repository) -> Path:
        """A clone without contents: git fetches them on demand."""
        repository.git("config", "uploadpack.allowFilter", "true")
        repository.git("config", "uploadpack.allowAnySHA1InWant", "true")
        files = {"a.bpmn": tasks(4), "b.bpmn": tasks(5)}
        repository.commit(files)
        return clone(repository, "--filter=blob:none", "--no-checkout")

    def test_partial_clone(self, partial: Path) -> None:
        for name in ("HEAD~1:a.bpmn", "HEAD:a.bpmn"):
            git("cat-file", "blob", name, cwd=partial)
        list_all = ["cat-file", "--batch-all-objects", "--batch-check"]
        before = git(*list_all, cwd=partial)
        trace = partial.with_name("trace")
        arguments = ["diff", "-f", "json", "HEAD~1", "HEAD"]
        result = run(*arguments, cwd=partial, env={"GIT_TRACE2_EVENT": str(trace)})
        assert result.returncode == 2
        record = json.loads(result.stdout)
        assert told(record) == ["changed a.bpmn before 1 after 4", "unmeasured b.bpmn"]
        errors = record["changes"][1]["errors"]
        reason = {"type": "unreadable", "message": NO_CONTENT}
        assert errors == {"before": reason, "after": reason}
        assert git(*list_all, cwd=partial) == before
        assert "upload-pack" not in trace.read_text()

    def test_partial_clone_with_possible_renames(self, partial: Path) -> None:
        for name in ("HEAD~2:a.bpmn", "HEAD:a.bpmn"):
            git("cat-file", "blob", name, cwd=partial)
        record = diff("HEAD~2", "HEAD", cwd=partial, status=2)
        # Git cannot compare contents that the clone does not have.
        assert told(record) == [
            "changed a.bpmn before 1 after 4",
            "unmeasured b.bpmn",
            *[f"removed sub/{letter}.bpmn" for letter in "xy"],
            *[f"added {letter}2.bpmn" for letter in "xy"],
        ]


class TestOddFiles:
    """Files of a repository that are something else, or too large."""

    def refused(self, repository: Repository) -> str:
        """The error, from a process that can neither hang nor fill the disk."""
        result = subprocess.run(
            [METRICS, "diff", "HEAD"],
            cwd=repository.folder,
            capture_output=True,
            check=False,
            timeout=30,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20)),
        )
        assert (result.returncode, result.stdout) == (2, b"")
        return result.stderr.decode()

    @pytest.mark.parametrize("other", ["device", "pipe"])
    def test_index_that_is_no_file(self, repository: Repository, other: str) -> None:
        index = repository.folder / ".git" / "index"
        index.unlink()
        if other == "device":
            index.symlink_to("/dev/zero")
        else:
            os.mkfifo(index)
        said = "Error: the index of the repository is not a regular file.\n"
        assert self.refused(repository) == said

    def test_large_index(self, repository: Repository) -> None:
        os.truncate(repository.folder / ".git" / "index", 2**30 + 1)
        said = "Error: the index of the repository is larger than 1,073,741,824 bytes.\n"
        assert self.refused(repository) == said

    def test_large_content_is_not_read(self, repository: Repository, tmp_path: Path) -> None:
        repository.commit({"a.bpmn": tasks(1) + b" " * 10_000, "b.bpmn": tasks(4)})
        log = tmp_path / "log"
        env = instead_of_git(tmp_path, "cat-file --batch", recording(log))
        arguments = ["-f", "json", "--max-size", "10000", "HEAD~1", "HEAD"]
        result = run("diff", *arguments, cwd=repository.folder, env=env)
        assert result.returncode == 2
        assert b"HEAD:a.bpmn: too-large: larger than 10,000 bytes" in result.stderr
        sides = ("HEAD~1:a.bpmn", "HEAD~1:b.bpmn", "HEAD:b.bpmn")
        assert log.read_text().split() == [repository.git("rev-parse", side) for side in sides]


class TestEqualContents:
    """A content with several names is read and measured once, and reported under every name."""

    NAMES = ("a.bpmn", "b.bpmn", "c/a.bpmn")

    def test_read_once(self, repository: Repository, tmp_path: Path) -> None:
        repository.commit(dict.fromkeys(self.NAMES, tasks(5)))
        repository.commit(dict.fromkeys(self.NAMES, tasks(6)))
        log = tmp_path / "log"
        env = instead_of_git(tmp_path, "cat-file --batch", recording(log))
        result = run("diff", "-f", "json", "HEAD~1", "HEAD", cwd=repository.folder, env=env)
        expected = [f"changed {name} before 5 after 6" for name in self.NAMES]
        assert told(json.loads(result.stdout)) == expected
        sides = ("HEAD~1:a.bpmn", "HEAD:a.bpmn")
        assert log.read_text().split() == [repository.git("rev-parse", side) for side in sides]

    def test_error_under_every_name(self, repository: Repository) -> None:
        repository.commit(dict.fromkeys(self.NAMES, tasks(5)))
        repository.commit(dict.fromkeys(self.NAMES, b"<"))
        result = run("diff", "-f", "json", "HEAD~1", "HEAD", cwd=repository.folder)
        assert result.returncode == 2
        record = json.loads(result.stdout)
        assert told(record) == [f"unmeasured {name}" for name in self.NAMES]
        errors = [line.partition(": ")[0] for line in result.stderr.decode().splitlines()]
        assert errors == [f"HEAD:{name}:1:1" for name in self.NAMES]

    def test_diagram_and_form(self, repository: Repository) -> None:
        repository.commit({"new.bpmn": b"{}  ", "new.form": b"{}  "})
        record = repository.diff("HEAD~1", "HEAD", "--", "new.*", status=2)
        kinds = [change.get("values", {}).get("diagramType") for change in record["changes"]]
        assert kinds == [None, {"after": "form"}]


class TestNoDiagram:
    """A file that is no diagram on a side has an error, and all others are compared."""

    def test_broken(self, repository: Repository) -> None:
        repository.commit({"b.bpmn": b"<a>\n<b>\n</a>"})
        result = run("diff", "-f", "json", "HEAD~1", "HEAD", cwd=repository.folder)
        assert result.returncode == 2
        assert result.stderr.startswith(b"HEAD:b.bpmn:")
        record = json.loads(result.stdout)
        assert told(record) == [*SINCE, "unmeasured b.bpmn"]
        error = record["changes"][1]["errors"]["after"]
        assert (error["type"], error["line"]) == ("malformed", 3)
        assert documented(record["totals"]) == {
            "diagramMetrics.tasks.userTask.count": {"before": 1, "after": 3}
        }

    def test_added_and_removed(self, repository: Repository) -> None:
        repository.commit({"new.bpmn": b"<" * 50})
        record = repository.diff("HEAD~1..", "--", "new.bpmn", status=2)
        assert (told(record), record["totals"]) == (["added new.bpmn"], {})
        assert [*record["changes"][0]["errors"]] == ["after"]
        assert told(repository.diff("HEAD", "HEAD~1", "--", "new.bpmn", status=2)) == [
            "removed new.bpmn"
        ]

    def test_link(self, repository: Repository) -> None:
        repository.write({"b.bpmn": None})
        (repository.folder / "b.bpmn").symlink_to("a.bpmn")
        unstaged = repository.diff("HEAD", status=2)
        repository.commit({})
        for record in (unstaged, repository.diff("HEAD~1..", status=2)):
            assert told(record) == [*SINCE, "unmeasured b.bpmn"]
            reason = {"type": "unreadable", "message": NO_LINK}
            assert record["changes"][1]["errors"] == {"after": reason}

    def test_pointer(self, repository: Repository) -> None:
        repository.commit({"b.bpmn": POINTER})
        repository.commit({"b.bpmn": tasks(2)})
        (change,) = repository.diff("HEAD~1..", status=2)["changes"]
        reason = "a Git LFS pointer: the content is not in the repository"
        assert change["errors"] == {"before": {"type": "unreadable", "message": reason}}

    def test_submodule(self, repository: Repository) -> None:
        id = repository.git("rev-parse", "HEAD")
        for name in ("inner", "in\nner"):
            repository.git("update-index", "--add", "--cacheinfo", f"160000,{id},{name}")
        repository.git("commit", "-q", "-m", "submodules")
        result = run("diff", "-f", "json", "HEAD~1", "HEAD", cwd=repository.folder)
        assert (result.returncode, json.loads(result.stdout)["changes"]) == (0, [])
        assert sorted(result.stderr.decode().splitlines()) == [
            f"metrics: {name} is a submodule: its diagrams are not compared"
            for name in (r"in\nner", "inner")
        ]

    def test_conflicts(self, repository: Repository) -> None:
        repository.commit({"kept.bpmn": tasks(1, "kept")})
        repository.git("switch", "-q", "-c", "side")
        repository.commit({"a.bpmn": tasks(7), "b.bpmn": tasks(4, "b"), "kept.bpmn": tasks(2)})
        repository.git("switch", "-q", "main")
        repository.commit({"a.bpmn": tasks(9), "kept.bpmn": None})
        with pytest.raises(CalledProcessError):
            repository.git("merge", "side")
        record = repository.diff("HEAD", status=2)
        assert told(record) == [
            "unmeasured a.bpmn",
            "changed b.bpmn before 1 after 4",
            "added kept.bpmn after 2",
        ]
        assert [*record["changes"][0]["errors"]] == ["after"]


def test_many_filters_are_refused(repository: Repository) -> None:
    # Each must be overridden, for which git takes quadratic time.
    filters = "".join(f'[filter "f{number}"]\nclean = false\n' for number in range(1001))
    with (repository.folder / ".git" / "config").open("a") as file:
        file.write(filters)
    result = run("diff", "HEAD~1", cwd=repository.folder)
    assert result.returncode == 2
    assert b"Error: the configuration of git has more than 1,000 filters." in result.stderr


class TestConfiguration:
    """Configuration changes no result, and configured programs are not run."""

    @pytest.mark.parametrize(
        "setting",
        [
            "diff.renames=false",
            "diff.renames=copies",
            "diff.renameLimit=1",
            "diff.noprefix=true",
            "diff.mnemonicPrefix=true",
            "diff.relative=true",
            "diff.submodule=log",
            "diff.ignoreSubmodules=all",
            "diff.orderFile=../order",
            # A file without end: reading it would take all memory.
            "diff.orderFile=/dev/zero",
            "diff.algorithm=minimal",
            "diff.autoRefreshIndex=false",
            "core.quotePath=true",
            "core.abbrev=4",
            "core.pager=false",
            "color.ui=always",
            "color.diff=always",
            "pager.diff=true",
        ],
    )
    def test_results(self, repository: Repository, setting: str) -> None:
        (repository.folder.parent / "order").write_text("y2.bpmn\nx2.bpmn\ny\nx\n")
        id = repository.git("rev-parse", "HEAD")
        for name in "xy":
            repository.git("update-index", "--add", "--cacheinfo", f"160000,{id},{name}")
        arguments = ["diff", "-f", "json", "HEAD~1"]
        (repository.folder / "sub").mkdir(exist_ok=True)
        before = run(*arguments, cwd=repository.folder / "sub")
        assert told(json.loads(before.stdout)) == [*SINCE, *ONE_TO_TWO]
        repository.git("config", *setting.split("="))
        after = run(*arguments, cwd=repository.folder / "sub")
        assert (after.stdout, after.stderr) == (before.stdout, before.stderr)

    @pytest.mark.parametrize(
        "name",
        [
            "diff.external",
            "diff.evil.command",
            "diff.evil.textconv",
            "core.fsmonitor",
            "core.pager",
            "pager.diff",
            "filter.evil.clean",
            "filter.evil.process",
        ],
    )
    def test_configured_programs_are_not_run(
        self, repository: Repository, tmp_path: Path, name: str
    ) -> None:
        path, mark = script(tmp_path, "cat")
        repository.git("config", name, str(path))
        attributes = repository.folder / ".git" / "info" / "attributes"
        attributes.write_text("*.bpmn diff=evil filter=evil\n")
        os.utime(repository.folder / "b.bpmn", (0, 0))
        result = run("diff", "-f", "json", "HEAD~1", cwd=repository.folder)
        assert not mark.exists()
        assert told(json.loads(result.stdout)) == [*SINCE, *ONE_TO_TWO]

    @pytest.mark.parametrize("is_worktree_config", [False, True])
    def test_programs_in_other_files_of_the_configuration_are_not_run(
        self, repository: Repository, tmp_path: Path, is_worktree_config: bool
    ) -> None:
        path, mark = script(tmp_path, "cat")
        git_folder = repository.folder / ".git"
        if is_worktree_config:
            repository.git("config", "extensions.worktreeConfig", "true")
            file = git_folder / "config.worktree"
        else:
            repository.git("config", "include.path", "included")
            file = git_folder / "included"
        for name in ("filter.Évil.clean", "filter.a=b.c d.process", "core.fsmonitor"):
            repository.git("config", "--file", str(file), name, str(path))
        (git_folder / "info" / "attributes").write_text("*.bpmn filter=Évil\n")
        os.utime(repository.folder / "b.bpmn", (0, 0))
        assert told(repository.diff("HEAD~1")) == [*SINCE, *ONE_TO_TWO]
        assert not mark.exists()

    def test_files_of_another_folder(self, repository: Repository, tmp_path: Path) -> None:
        other = tmp_path / "other"
        other.mkdir()
        (other / "a.bpmn").write_bytes(tasks(8))
        (other / "secret.bpmn").write_bytes(tasks(9))
        repository.git("config", "core.worktree", str(other))
        names = ["a.bpmn", "b.bpmn", "x2.bpmn", "y2.bpmn"]
        # As for git, its working tree is elsewhere. Only tracked names are read there.
        assert [change["file"] for change in repository.diff("HEAD")["changes"]] == names

    def test_objects_of_another_repository(self, repository: Repository, tmp_path: Path) -> None:
        other = Repository(tmp_path / "other")
        id = other.commit({"a.bpmn": tasks(6)})
        alternates = repository.folder / ".git" / "objects" / "info" / "alternates"
        alternates.write_text(f"{other.folder}/.git/objects\n/dev/zero\n{tmp_path}/missing\n")
        assert told(repository.diff(id, "HEAD", "--", "a.bpmn")) == [
            "changed a.bpmn before 6 after 1"
        ]

    @pytest.mark.parametrize("is_configured", [False, True])
    @pytest.mark.parametrize("hook", ["post-index-change", "post-checkout", "pre-auto-gc"])
    def test_hooks_are_not_run(
        self, repository: Repository, tmp_path: Path, hook: str, is_configured: bool
    ) -> None:
        path, mark = script(tmp_path)
        hooks = tmp_path / "hooks" if is_configured else repository.folder / ".git" / "hooks"
        hooks.mkdir(exist_ok=True)
        path.rename(hooks / hook)
        if is_configured:
            repository.git("config", "core.hooksPath", str(hooks))
        os.utime(repository.folder / "b.bpmn", (0, 0))
        assert told(repository.diff("HEAD")) == SINCE
        assert not mark.exists()

    def test_repository_is_not_written_to(
        self, repository: Repository, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # With this, git would write a part of the index beside it, depending on times.
        repository.git("config", "core.splitIndex", "true")
        before = contents(repository.folder)
        assert told(repository.diff("HEAD~1")) == [*SINCE, *ONE_TO_TWO]
        assert contents(repository.folder) == before
        monkeypatch.chdir(repository.folder)
        assert Git().run("config", "core.splitIndex") == "false\n"

    def test_remotes_are_not_contacted(self, repository: Repository, tmp_path: Path) -> None:
        repository.git("config", "uploadpack.allowFilter", "true")
        folder = clone(repository, "--filter=blob:none", "--no-checkout")
        path, mark = script(tmp_path)
        for name, value in {
            "remote.origin.url": "ssh://example.org/a",
            "core.sshCommand": str(path),
            "remote.origin.uploadpack": str(path),
            "protocol.ssh.allow": "always",
            "protocol.ext.allow": "always",
            "core.gitProxy": str(path),
            "core.askPass": str(path),
            "credential.helper": str(path),
        }.items():
            git("config", name, value, cwd=folder)
        for url in ("ssh://example.org/a", f"ext::{path}"):
            git("config", "remote.origin.url", url, cwd=folder)
            run("diff", "HEAD~1", "HEAD", cwd=folder)
            run("diff", "HEAD~1", "HEAD", "--", "sub", cwd=folder)
            assert not mark.exists()

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("GIT_LITERAL_PATHSPECS", "1"),
            ("GIT_GLOB_PATHSPECS", "1"),
            ("GIT_DIFF_OPTS", "-u0"),
            ("GIT_TRACE", "1"),
            ("GIT_PAGER", "false"),
            ("LC_ALL", "de_DE.UTF-8"),
        ],
    )
    def test_environment(self, repository: Repository, name: str, value: str) -> None:
        result = run(
            "diff", "-f", "json", "HEAD~1", "HEAD", cwd=repository.folder, env={name: value}
        )
        assert told(json.loads(result.stdout)) == ONE_TO_TWO

    def test_external_diff_is_not_run(self, repository: Repository, tmp_path: Path) -> None:
        path, mark = script(tmp_path)
        arguments = ["diff", "-f", "json", "HEAD~1"]
        result = run(*arguments, cwd=repository.folder, env={"GIT_EXTERNAL_DIFF": str(path)})
        assert told(json.loads(result.stdout)) == [*SINCE, *ONE_TO_TWO]
        assert not mark.exists()


class TestOddGit:
    """Unexpected output and failures of git are errors, with exit status 2."""

    @pytest.mark.parametrize(
        ("command", "does"),
        [
            ("diff", "echo garbage"),
            ("diff", "printf ':1 2 3 4 M\\0'"),
            ("diff", "exit 3"),
            ("rev-parse", "kill -9 $$"),
            ("cat-file", "read -r id; echo $id blob xyz"),
            ("cat-file", "read -r id; echo $id blob -5"),
            ("cat-file", "read -r id; echo $id blob 900; echo '<definitions/>'"),
            ("cat-file", "exit 1"),
        ],
    )
    def test_unexpected_output(
        self, repository: Repository, tmp_path: Path, command: str, does: str
    ) -> None:
        env = instead_of_git(tmp_path, command, does)
        result = run("diff", "HEAD~1", "HEAD", cwd=repository.folder, env=env)
        assert (result.returncode, b"Traceback" in result.stderr) == (2, False)
        assert result.stderr
        if command == "cat-file":
            assert b"unreadable: " in result.stderr

    def test_git_that_can_no_longer_be_started(
        self, repository: Repository, tmp_path: Path
    ) -> None:
        does = f"""'{shutil.which("rm")}' "$0"; exec '{shutil.which("git")}' "$@" """
        env = {"PATH": instead_of_git(tmp_path, "diff", does)["PATH"].partition(os.pathsep)[0]}
        result = run("diff", "HEAD", "--", "a.bpmn", cwd=repository.folder, env=env)
        said = "HEAD:a.bpmn: unreadable: git cannot be run: No such file or directory\n"
        assert (result.returncode, result.stderr.decode()) == (2, said)

    def test_git_that_starts_other_processes(self, repository: Repository, tmp_path: Path) -> None:
        env = instead_of_git(tmp_path, "cat-file", f'cat | {shutil.which("git")} "$@"')
        result = run("diff", "-f", "json", "HEAD~1", "HEAD", cwd=repository.folder, env=env)
        assert told(json.loads(result.stdout)) == ONE_TO_TWO

    def test_no_process_is_left(self, repository: Repository, tmp_path: Path) -> None:
        pids = tmp_path / "pids"
        # By the time that it writes, the command has returned from starting it.
        env = instead_of_git(tmp_path, "diff", f"sleep 0.3; echo $$ > '{pids}'; exec sleep 60")
        with subprocess.Popen(
            [METRICS, "diff", "HEAD~1", "HEAD"], cwd=repository.folder, env=os.environ | env
        ) as process:
            assert comes_true(lambda: pids.exists() and bool(pids.read_text().strip()))
            process.terminate()
            assert process.wait() == 143
        assert all_end([int(pids.read_text())])

    def test_killed_command_leaves_no_process(self, repository: Repository, tmp_path: Path) -> None:
        pids = tmp_path / "pids"
        does = f"""echo $$ >> '{pids}'; exec '{shutil.which("git")}' "$@" """
        env = instead_of_git(tmp_path, "cat-file", does)
        # The command waits until somebody reads its output.
        os.mkfifo(tmp_path / "output")
        with subprocess.Popen(
            [METRICS, "diff", "-j", "2", "-o", tmp_path / "output", "HEAD~1", "HEAD"],
            cwd=repository.folder,
            env=os.environ | env,
        ) as process:
            assert comes_true(lambda: pids.exists() and len(pids.read_text().split()) == 2)
            process.kill()
        assert all_end([*map(int, pids.read_text().split())])

    def test_git_that_would_fetch(self, repository: Repository, tmp_path: Path) -> None:
        repository.git("config", "uploadpack.allowFilter", "true")
        folder = clone(repository, "--filter=blob:none", "--no-checkout")
        path, mark = script(tmp_path)
        git("config", "protocol.ext.allow", "always", cwd=folder)
        git("config", "remote.origin.url", f"ext::{path}", cwd=folder)
        env = instead_of_git(
            tmp_path, "cat-file", f'unset GIT_NO_LAZY_FETCH; exec {shutil.which("git")} "$@"'
        )
        assert run("diff", "HEAD~1", "HEAD", cwd=folder, env=env).returncode == 2
        assert not mark.exists()
