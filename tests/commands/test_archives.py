"""Archives, and standard input with many diagrams, in every command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from support.archives import json_lines, pack, tarred, zipped
from support.checking import EMBEDDED, HERE, NONE, USER_TASKS, broken, checked, embedded, write
from support.command import METRICS, files, lines, run
from support.diagrams import process
from support.reports import TASK
from support.repositories import told
from support.states import diff, tasks

from metrics.commands.inputs import (
    ArchiveOptions,
    ConfigOptions,
    InputOptions,
    ListOptions,
    SelectionOptions,
    run_inputs,
)

if TYPE_CHECKING:
    from pathlib import Path

CONTENTS = {"a.bpmn": embedded(1), "old/b.bpmn": embedded(2), "c.bpmn": embedded(0)}
"""Diagrams, the first two of which have embedded forms."""

OLD = {"a.bpmn": tasks(1), "in/b.bpmn": tasks(2), "gone.bpmn": tasks(1)}
NEW = {"a.bpmn": tasks(3), "in/b.bpmn": tasks(2), "new.bpmn": tasks(1)}
CHANGES = [
    "changed a.bpmn before 1 after 3",
    "removed gone.bpmn before 1",
    "added new.bpmn after 1",
]
"""Two states of diagrams, and what changed between them."""


def error_of(*arguments: str, cwd: Path, stdin: bytes = b"") -> str:
    """The last line that a command prints if it refuses its arguments."""
    result = run(*arguments, cwd=cwd, stdin=stdin)
    assert (result.returncode, result.stdout) == (2, b"")
    assert b"Traceback" not in result.stderr
    return result.stderr.decode().splitlines()[-1]


class TestScan:
    """An archive counts as many diagrams, one of its members as one."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        pack(tmp_path / "app.jar", {"a.bpmn": tasks(1), "in/b.bpmn": tasks(2)})
        return tmp_path

    @pytest.mark.parametrize(
        ("path", "is_single"),
        [("app.jar", False), ("app.jar!/in", False), ("app.jar!/a.bpmn", True)],
    )
    def test_single(self, folder: Path, path: str, is_single: bool) -> None:
        printed = run("scan", path, cwd=folder).stdout
        assert printed.startswith(b"{\n" if is_single else b'{"file":')
        printed = run("explain", path, cwd=folder).stdout
        assert printed.startswith(path.encode() if is_single else b'{"file":')

    def test_single_stream(self, folder: Path) -> None:
        content = json_lines(("a", tasks(1)))
        result = run("scan", "--stdin-type", "ndjson", "-", cwd=folder, stdin=content)
        assert files(result) == ["a"]

    @pytest.mark.parametrize(
        ("archives", "note"),
        [
            (0, "no diagrams found"),
            (1, "no diagrams found; 1 archive was skipped: --archives reads it"),
            (3, "no diagrams found; 3 archives were skipped: --archives reads them"),
        ],
    )
    def test_skipped_archives(self, tmp_path: Path, archives: int, note: str) -> None:
        for number in range(archives):
            pack(tmp_path / "lib" / f"{number}.jar", {"a.bpmn": tasks(1)})
        for command in ("scan", "summary"):
            result = run(command, cwd=tmp_path)
            assert (result.returncode, result.stderr.decode()) == (0, f"metrics: {note}\n")
            assert run(command, "-q", cwd=tmp_path).stderr == b""

    def test_nothing_is_said_of_archives_beside_diagrams(self, folder: Path) -> None:
        write(folder, {"a.bpmn": tasks(1)})
        assert run("scan", ".", cwd=folder).stderr == b""

    def test_progress_counts_no_total(self, folder: Path) -> None:
        inputs = InputOptions(
            ListOptions(None, False),
            SelectionOptions((), (), False, False),
            ArchiveOptions(False, None, 0),
            ConfigOptions(None, True),
        )
        found = {path: run_inputs((path,), inputs, is_quiet=True) for path in ("app.jar", ".")}
        assert [inputs.unpacks for inputs in found.values()] == [True, False]

    def test_modules_of_archives_are_imported_for_archives_only(self, folder: Path) -> None:
        script = (
            "import sys; from metrics.cli import run; run();"
            "print(*{'zipfile', 'tarfile', 'zstandard'} & {*sys.modules}, file=sys.stderr)"
        )
        write(folder, {"a.bpmn": tasks(1)})
        for path in ("a.bpmn", "."):
            arguments = [sys.executable, "-c", script, "scan", path]
            result = subprocess.run(arguments, cwd=folder, capture_output=True, check=True)
            assert result.stderr == b"\n"

    @pytest.mark.parametrize("command", ["scan", "explain", "summary", "check"])
    def test_type_without_standard_input(self, folder: Path, command: str) -> None:
        assert error_of(command, "--stdin-type", "tar", "app.jar", cwd=folder) == (
            "Error: --stdin-type needs - (standard input) among the paths."
        )

    def test_type_without_standard_input_in_diff(self, folder: Path) -> None:
        assert error_of("diff", "--stdin-type", "tar", "app.jar", "app.jar", cwd=folder) == (
            "Error: --stdin-type needs - (standard input) among the paths."
        )

    def test_unknown_type(self, folder: Path) -> None:
        assert "'rar' is not one of" in error_of("scan", "--stdin-type", "rar", "-", cwd=folder)

    def test_explain(self, folder: Path) -> None:
        result = run("explain", "-f", "text", "--key", "userTask.count", "app.jar", cwd=folder)
        found = [line.partition(": ")[0] for line in result.stdout.decode().splitlines()]
        assert found == ["app.jar!/a.bpmn:3", "app.jar!/in/b.bpmn:3", "app.jar!/in/b.bpmn:4"]


class TestEvent:
    """An event is about one diagram, which may be in an archive."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        content = {"a.bpmn": tasks(3), "in/b.bpmn": tasks(2), "in/c.bpmn": tasks(1), "d/e.txt": b""}
        pack(tmp_path / "app.jar", content)
        return tmp_path

    def test_member(self, folder: Path) -> None:
        result = run("event", "diagram-opened", "app.jar!/a.bpmn", cwd=folder)
        event = json.loads(result.stdout)
        assert event["diagramMetrics"]["tasks"]["userTask"]["count"] == 3

    @pytest.mark.parametrize(
        ("path", "reason"),
        [
            ("app.jar", "app.jar is an archive: name a diagram in it, app.jar!/NAME."),
            ("app.jar!/in", "app.jar!/in holds more than one diagram: name one diagram."),
        ],
    )
    def test_many(self, folder: Path, path: str, reason: str) -> None:
        assert error_of("event", "diagram-opened", path, cwd=folder) == f"Error: {reason}"

    def test_missing(self, folder: Path) -> None:
        error = error_of("event", "diagram-opened", "app.jar!/z.bpmn", cwd=folder)
        assert error.startswith("app.jar!/z.bpmn: unreadable: ")


class TestCheck:
    """Members have the limits of their archive, and violations are explained."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        pack(tmp_path / "lib" / "app.jar", CONTENTS)
        return tmp_path

    def test_items(self, folder: Path) -> None:
        found = checked("--limit", NONE, "lib/app.jar", cwd=folder)["violations"]
        assert [(one["file"], [item["line"] for item in one["items"]]) for one in found] == [
            ("lib/app.jar!/a.bpmn", [3]),
            ("lib/app.jar!/old/b.bpmn", [3, 4]),
        ]

    @pytest.mark.parametrize(
        ("type", "content", "names"),
        [
            ("tar", tarred(CONTENTS), ["-!/a.bpmn", "-!/old/b.bpmn"]),
            ("zip", zipped(CONTENTS), ["-!/a.bpmn", "-!/old/b.bpmn"]),
            ("ndjson", json_lines(*CONTENTS.items()), ["a.bpmn", "old/b.bpmn"]),
        ],
    )
    def test_items_of_standard_input(
        self, folder: Path, type: str, content: bytes, names: list[str]
    ) -> None:
        # A line with the name of a file is not the file.
        write(folder, {"a.bpmn": b"", "old/b.bpmn": b""})
        arguments = ("--limit", NONE, "--stdin-type", type, "-")
        found = checked(*arguments, cwd=folder, stdin=content)["violations"]
        assert [(one["file"], len(one["items"])) for one in found] == [
            *zip(names, (1, 2), strict=True)
        ]

    def test_no_items_beyond_the_bytes_that_are_kept(self, folder: Path) -> None:
        size = str(max(map(len, CONTENTS.values())))
        arguments = ("--limit", NONE, "--max-size", size, "--stdin-type", "tar", "-")
        stdin = tarred(CONTENTS)
        found = checked(*arguments, cwd=folder, stdin=stdin)["violations"]
        assert [len(one["items"]) for one in found] == [1, 0]

    def test_each_archive_is_read_once_more(self, folder: Path) -> None:
        script = (
            "import sys\n"
            "from metrics.archives import reader\n"
            "from metrics.cli import run\n"
            "read = reader.read_archive\n"
            "def counted(source, name, *arguments, **options):\n"
            "    print('read', name, file=sys.stderr)\n"
            "    return read(source, name, *arguments, **options)\n"
            "reader.read_archive = counted\n"
            "run()\n"
        )
        many = {f"{number}.bpmn": embedded(1) for number in range(50)}
        pack(folder / "lib" / "other.zip", many)
        arguments = ["check", "--limit", NONE, "-j", "1", "--archives", "lib"]
        result = subprocess.run(
            [sys.executable, "-c", script, *arguments], cwd=folder, capture_output=True, check=False
        )
        read = [line for line in result.stderr.decode().splitlines() if line.startswith("read ")]
        assert sorted(read) == sorted(["read lib/app.jar", "read lib/other.zip"] * 2)

    def test_configuration_of_the_archive(self, folder: Path) -> None:
        none = f'limits."{EMBEDDED}" = "<= 0"\n'
        more = f'[[overrides]]\npaths = ["app.jar!/old/"]\nlimits."{EMBEDDED}" = "<= 2"\n'
        write(folder, {"lib/metrics.toml": none + more})
        assert broken("lib/app.jar", cwd=folder) == {"lib/app.jar!/a.bpmn": 1}
        # The archive of standard input is in the current folder, or where its name says.
        stdin = tarred(CONTENTS)
        options = ("--stdin-type", "tar", "-")
        assert broken(*options, cwd=folder / "lib", stdin=stdin) == {
            "-!/a.bpmn": 1,
            "-!/old/b.bpmn": 2,
        }
        named = ("--stdin-filename", "lib/app.jar", *options)
        assert broken(*named, cwd=folder, stdin=stdin) == {"lib/app.jar!/a.bpmn": 1}

    def test_names_that_lead_elsewhere_have_the_same_limits(self, folder: Path) -> None:
        write(folder, {"lib/metrics.toml": f'limits."{EMBEDDED}" = "<= 0"\n', "metrics.toml": ""})
        pack(folder / "lib" / "bad.tar", {"../../free/x.bpmn": embedded(1)})
        write(folder, {"free/metrics.toml": f'limits."{EMBEDDED}" = "<= 9"\n'})
        (name,) = broken("lib/bad.tar", cwd=folder)
        assert name.endswith("x.bpmn")
        sarif = json.loads(run("check", "-f", "sarif", "lib/bad.tar", cwd=folder, env=HERE).stdout)
        (location,) = sarif["runs"][0]["results"][0]["locations"]
        uri = location["physicalLocation"]["artifactLocation"]["uri"]
        assert uri == "lib/bad.tar%21/%252E%252E/%252E%252E/free/x.bpmn"

    def test_excluded_by_the_configuration(self, folder: Path) -> None:
        limit = f'limits."{EMBEDDED}" = "<= 0"\n'
        write(folder, {"lib/metrics.toml": f'exclude = ["app.jar!/old/"]\n{limit}'})
        assert broken("lib/app.jar", cwd=folder) == {"lib/app.jar!/a.bpmn": 1}
        write(folder, {"lib/metrics.toml": f'exclude = ["*.bpmn"]\n{limit}'})
        for arguments in (["lib/app.jar"], ["--archives", "lib"]):
            assert "such as lib/app.jar!/" in error_of("check", *arguments, cwd=folder)

    @pytest.mark.parametrize("pattern", ["*.bpmn", "app.jar!/"])
    def test_all_members_of_standard_input_are_excluded(self, folder: Path, pattern: str) -> None:
        options = ["--limit", NONE, "--stdin-type", "tar", "-", "--stdin-filename", "app.jar"]
        stdin = tarred(CONTENTS)
        if pattern == "*.bpmn":
            arguments = ["check", *options, "--exclude", pattern]
            assert "such as app.jar!/a.bpmn" in error_of(*arguments, cwd=folder, stdin=stdin)
        write(folder, {"metrics.toml": f'exclude = ["{pattern}"]'})
        assert "such as app.jar!/a.bpmn" in error_of("check", *options, cwd=folder, stdin=stdin)

    def test_ignored_archive_fails_the_check(self, folder: Path) -> None:
        (folder / ".git").mkdir()
        write(folder, {".gitignore": "*.jar"})
        options = ["check", "--limit", NONE]
        assert "such as lib/app.jar!/" in error_of(*options, "--archives", cwd=folder)
        # Without the option, archives are no diagrams.
        assert run(*options, cwd=folder).returncode == 0
        pack(folder / "lib" / "app.jar", {"a.class": b""})
        assert run(*options, "--archives", cwd=folder).returncode == 0

    def test_baseline(self, folder: Path) -> None:
        options = ["check", "--limit", NONE, "--baseline", "baseline.ndjson"]
        assert run(*options, "--write-baseline", "lib/app.jar", cwd=folder).returncode == 0
        entries = [
            json.loads(line) for line in (folder / "baseline.ndjson").read_bytes().splitlines()
        ]
        assert [entry["file"] for entry in entries] == [
            *("lib/app.jar!/a.bpmn", "lib/app.jar!/old/b.bpmn"),
        ]
        assert run(*options, "--archives", cwd=folder).returncode == 0
        pack(folder / "lib" / "app.jar", CONTENTS | {"a.bpmn": embedded(2)})
        result = run(*options, "lib/app.jar", cwd=folder)
        assert result.returncode == 1
        # Only the entries of an archive that exists are kept.
        write(folder, {"x.bpmn": embedded(0)})
        assert b"no longer exists" not in run(*options, "x.bpmn", cwd=folder).stdout
        (folder / "lib" / "app.jar").unlink()
        assert run(*options, "x.bpmn", cwd=folder).stdout.count(b"no longer exists") == 2

    def test_no_name_borrows_the_entry_of_another_file(self, folder: Path) -> None:
        write(folder, {"order.bpmn": embedded(3)})
        options = ["check", "--limit", NONE, "--baseline", "baseline.ndjson"]
        assert run(*options, "--write-baseline", "order.bpmn", cwd=folder).returncode == 0
        pack(folder / "bad.tar", {"../order.bpmn": embedded(3)})
        assert run(*options, "bad.tar", cwd=folder).returncode == 1

    @pytest.mark.parametrize(
        ("arguments", "is_whole"),
        [
            (["--archives"], True),
            (["--archives", "."], True),
            (["--archives", "lib/app.jar"], True),
            (["lib/app.jar"], True),
            (["--archives", "lib/app.jar!/a.bpmn"], False),
            (["--archives", "--exclude", "old/"], False),
        ],
    )
    def test_totals(self, folder: Path, arguments: list[str], is_whole: bool) -> None:
        # A lower limit is checked only if the total is whole.
        write(folder, {"metrics.toml": f'total."{USER_TASKS}" = ">= 10"'})
        assert ("total" in broken(*arguments, cwd=folder)) is is_whole

    def test_total_without_another_archive(self, folder: Path) -> None:
        write(folder, {"metrics.toml": f'total."{USER_TASKS}" = ">= 10"'})
        pack(folder / "lib" / "other.zip", CONTENTS)
        assert "total" not in broken("--archives", "lib/app.jar", cwd=folder)
        assert broken("--archives", cwd=folder) == {"total": 6}

    def test_formats(self, folder: Path) -> None:
        arguments = ["check", "--limit", NONE, "lib/app.jar"]
        sarif = json.loads(run(*arguments, "-f", "sarif", cwd=folder, env=HERE).stdout)
        (first, _) = sarif["runs"][0]["results"]
        (location,) = first["locations"]
        artifact = location["physicalLocation"]["artifactLocation"]
        assert artifact == {"uri": "lib/app.jar%21/a.bpmn", "uriBaseId": "%SRCROOT%"}
        github = run(*arguments, "-f", "github", cwd=folder, env=HERE).stdout
        assert github.startswith(b"::error file=lib/app.jar!/a.bpmn,")
        junit = run(*arguments, "-f", "junit", cwd=folder).stdout
        assert b'classname="lib/app.jar" name="lib/app.jar!/a.bpmn"' in junit
        assert b'classname="lib/app.jar!/old" name="lib/app.jar!/old/b.bpmn"' in junit


class TestDiff:
    """Archives are like folders, and paired by the names inside."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        for name, contents in (("old", OLD), ("new", NEW)):
            write(tmp_path, {f"{name}/{file}": content for file, content in contents.items()})
            for extension in (".jar", ".tar", ".tar.gz"):
                pack(tmp_path / f"{name}{extension}", contents)
            inside = {f"in/{file}": content for file, content in contents.items()}
            pack(tmp_path / f"{name}.ear", {"web.war": zipped(inside)})
        return tmp_path

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("old.jar", "new.jar"),
            ("old.tar.gz", "new.tar"),
            ("old.jar", "new/"),
            ("old", "new.tar"),
            ("old.ear!/web.war!/in", "new.jar"),
            ("old/", "new.ear!/web.war!/in/"),
        ],
    )
    def test_pairs(self, folder: Path, old: str, new: str) -> None:
        assert told(diff(old, new, cwd=folder)) == CHANGES

    @pytest.mark.parametrize(
        ("old", "new"), [("old.jar", "./old.jar"), ("old.jar", "link.jar"), (".", ".")]
    )
    def test_same_archive(self, folder: Path, old: str, new: str) -> None:
        (folder / "link.jar").symlink_to("old.jar")
        assert told(diff("--archives", old, new, cwd=folder)) == []

    def test_archive_in_an_archive(self, folder: Path) -> None:
        changes = told(diff("old.ear", "new.ear", cwd=folder))
        assert changes[0] == "changed web.war!/in/a.bpmn before 1 after 3"

    def test_archives_in_folders(self, folder: Path) -> None:
        for name in ("old", "new"):
            (folder / f"{name}.jar").rename(folder / name / "app.jar")
        changes = told(diff("--archives", "old", "new", cwd=folder))
        assert "changed app.jar!/a.bpmn before 1 after 3" in changes
        assert len(changes) == 6

    @pytest.mark.parametrize(
        ("type", "content"),
        [("tar", tarred(OLD)), ("zip", zipped(OLD)), ("ndjson", json_lines(*OLD.items()))],
    )
    def test_standard_input(self, folder: Path, type: str, content: bytes) -> None:
        options = ("--stdin-type", type)
        assert told(diff(*options, "-", "new.tar", cwd=folder, stdin=content)) == CHANGES

    def test_single_members(self, folder: Path) -> None:
        for old, new in (
            ("old.jar!/a.bpmn", "new/a.bpmn"),
            ("old/a.bpmn", "new.tar!/a.bpmn"),
            ("old.ear!/web.war!/in/a.bpmn", "new.jar!/a.bpmn"),
        ):
            (change,) = told(diff(old, new, cwd=folder))
            assert change == f"changed {old} {new} before 1 after 3"

    def test_saved_scan(self, folder: Path) -> None:
        run("scan", "-o", "scan.ndjson", "old.jar", cwd=folder)
        pack(folder / "old.jar", NEW)
        changes = told(diff("scan.ndjson", "old.jar", cwd=folder))
        assert changes[0] == "changed old.jar!/a.bpmn before 1 after 3"
        assert len(changes) == 3

    def test_archive_that_cannot_be_read(self, folder: Path) -> None:
        (folder / "new.jar").write_bytes(b"text")
        record = diff("old.jar", "new.jar", cwd=folder, status=2)
        (change,) = (change for change in record["changes"] if change["file"] == "new.jar")
        assert change["status"] == "unmeasured"

    def test_archive_in_an_archive_that_cannot_be_read(self, folder: Path) -> None:
        pack(folder / "new.ear", {"web.war": b"text"})
        record = diff("old.ear", "new.ear", cwd=folder, status=2)
        (change,) = (change for change in record["changes"] if change["file"] == "web.war")
        assert change["status"] == "unmeasured"

    def test_archive_and_diagram(self, folder: Path) -> None:
        reason = "Error: An archive cannot be compared with a single diagram."
        assert error_of("diff", "old.jar", "new/a.bpmn", cwd=folder) == reason

    def test_content_that_changed_otherwise(self, folder: Path) -> None:
        pack(folder / "new.jar", OLD | {"a.bpmn": tasks(1) + b"<!-- -->"})
        (change,) = diff("old.jar", "new.jar", cwd=folder)["changes"]
        assert change["status"] == "changedOtherwise"


class TestSummary:
    """Members count like files."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        inner = zipped({"x.bpmn": tasks(1), "in/y.bpmn": tasks(1)})
        members = {"a.bpmn": tasks(1), "WEB-INF/classes/b.bpmn": tasks(2), "c.war": inner}
        pack(tmp_path / "lib" / "app.ear", members)
        write(tmp_path, {"lib/d.bpmn": tasks(9000), "in/e.bpmn": tasks(9000)})
        pack(tmp_path / "lib" / "large.tar", {"f.bpmn": tasks(9000)})
        return tmp_path

    def summary(self, folder: Path, *arguments: str, stdin: bytes = b"") -> dict[str, Any]:
        result = run("summary", "-f", "json", *arguments, cwd=folder, stdin=stdin)
        assert result.returncode == 0, result.stderr
        found: dict[str, Any] = json.loads(result.stdout)
        return found

    @pytest.mark.parametrize(
        ("by", "groups"),
        [
            (
                "folder",
                [
                    *("in", "lib", "lib/app.ear", "lib/app.ear!/WEB-INF/classes"),
                    *("lib/app.ear!/c.war", "lib/app.ear!/c.war!/in", "lib/large.tar"),
                ],
            ),
            ("folder:1", ["in", "lib"]),
            ("folder:2", ["in", "lib", "lib/app.ear", "lib/large.tar"]),
            (
                "folder:3",
                [
                    *("in", "lib", "lib/app.ear", "lib/app.ear!/WEB-INF", "lib/app.ear!/c.war"),
                    "lib/large.tar",
                ],
            ),
        ],
    )
    def test_folders(self, folder: Path, by: str, groups: list[str]) -> None:
        assert [*self.summary(folder, "--archives", "--by", by)["groups"]] == groups

    def test_folders_below_an_archive(self, folder: Path) -> None:
        found = self.summary(folder, "--by", "folder:1", "lib/app.ear")["groups"]
        assert [*found] == ["lib/app.ear", "lib/app.ear!/WEB-INF", "lib/app.ear!/c.war"]
        found = self.summary(folder, "--by", "folder:1", "lib/app.ear!/WEB-INF")["groups"]
        assert [*found] == ["lib/app.ear!/WEB-INF/classes"]
        stdin = tarred({"a.bpmn": tasks(1), "in/deep/b.bpmn": tasks(1)})
        options = ["--by", "folder:1", "--stdin-type", "tar", "-"]
        assert [*self.summary(folder, *options, stdin=stdin)["groups"]] == ["-", "-!/in"]

    def test_copies(self, folder: Path) -> None:
        # Also of large files, whose fingerprint covers only parts of them otherwise.
        found = self.summary(folder, "--archives")["copies"]
        assert [copy["files"] for copy in found["largest"]] == [
            ["in/e.bpmn", "lib/d.bpmn", "lib/large.tar!/f.bpmn"],
            ["lib/app.ear!/a.bpmn", "lib/app.ear!/c.war!/in/y.bpmn", "lib/app.ear!/c.war!/x.bpmn"],
        ]
        assert found["notCompared"] == 0

    def test_copies_in_standard_input(self, folder: Path) -> None:
        stdin = json_lines(("a", tasks(9000)), ("b", tasks(1)))
        found = self.summary(folder, "--stdin-type", "ndjson", "lib/d.bpmn", "-", stdin=stdin)
        assert [copy["files"] for copy in found["copies"]["largest"]] == [["lib/d.bpmn", "a"]]


class TestOutputs:
    """No output replaces an archive."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        pack(tmp_path / "lib" / "app.jar", {"a.bpmn": tasks(1)})
        return tmp_path

    @pytest.mark.parametrize(
        "arguments",
        [
            ["-o", "lib/app.jar", "lib"],
            ["-o", "lib/app.jar", "lib/app.jar"],
            ["-o", "lib/app.jar", "--archives", "lib"],
            ["-o", "new.ZIP", "lib"],
        ],
    )
    def test_by_name(self, folder: Path, arguments: list[str]) -> None:
        error = error_of("scan", *arguments, cwd=folder)
        assert "cannot be an output" in error or "which is an input" in error

    @pytest.mark.parametrize(
        "paths", [["link.jar"], ["link.jar!/a.bpmn"], ["--archives", "."], ["--archives"]]
    )
    @pytest.mark.parametrize("command", ["scan", "explain", "summary"])
    def test_by_link(self, folder: Path, command: str, paths: list[str]) -> None:
        (folder / "lib" / "app.jar").rename(folder / "out.csv")
        (folder / "link.jar").symlink_to("out.csv")
        before = (folder / "out.csv").read_bytes()
        if command == "explain" and paths == ["--archives"]:
            paths = ["--archives", "."]
        error = error_of(command, "-o", "out.csv", *paths, cwd=folder)
        assert error == "Error: --output would overwrite out.csv, which is an input."
        assert (folder / "out.csv").read_bytes() == before

    def test_named_links_are_found_before_the_run(self, folder: Path) -> None:
        (folder / "lib" / "app.jar").rename(folder / "out.csv")
        (folder / "link.jar").symlink_to("out.csv")
        write(folder, {"broken.bpmn": b"<"})
        for path in ("link.jar", "link.jar!/a.bpmn"):
            result = run("scan", "-o", "out.csv", "broken.bpmn", path, cwd=folder)
            assert (result.returncode, b"broken" in result.stderr) == (2, False)

    def test_by_link_in_diff(self, folder: Path) -> None:
        (folder / "lib" / "app.jar").rename(folder / "out.csv")
        (folder / "link.jar").symlink_to("out.csv")
        for old in ("link.jar", "lib"):
            arguments = ["diff", "--archives", "-o", "out.csv", old, "."]
            assert "would overwrite out.csv" in error_of(*arguments, cwd=folder)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive that takes seconds to scan."""
    members = {f"{number}.bpmn": tasks(200) for number in range(20_000)}
    return pack(tmp_path_factory.mktemp("large") / "app.tar", members)


@pytest.mark.slow
class TestProcesses:
    """A run that reads an archive ends at once."""

    @pytest.mark.parametrize("jobs", ["1", "2"])
    def test_interrupt(self, large: Path, jobs: str) -> None:
        process = subprocess.Popen(
            [METRICS, "scan", "-j", jobs, large], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(2)
        begin = time.monotonic()
        process.communicate(timeout=10)
        assert (process.returncode, time.monotonic() - begin < 2) == (130, True)

    @pytest.mark.parametrize("jobs", ["1", "2"])
    def test_closed_pipe(self, large: Path, jobs: str) -> None:
        with subprocess.Popen(
            [METRICS, "scan", "-j", jobs, large], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            process.stdout.close()
            assert process.wait(timeout=10) == 141

    def test_interrupt_while_standard_input_is_silent(self, tmp_path: Path) -> None:
        reading, writing = os.pipe()
        process = subprocess.Popen(
            [METRICS, "scan", "--stdin-type", "tar", "-"], stdin=reading, stdout=subprocess.PIPE
        )
        os.close(reading)
        os.write(writing, tarred({"a.bpmn": tasks(1)})[:600])
        time.sleep(1)
        process.send_signal(2)
        process.communicate(timeout=10)
        os.close(writing)
        assert process.returncode == 130

    def test_timeout(self, tmp_path: Path) -> None:
        deep = b"<a>" * 9_000 + b"</a>" * 9_000
        pack(tmp_path / "app.zip", {"a.bpmn": tasks(1), "b.bpmn": tasks(300_000), "c.bpmn": deep})
        result = run("scan", "--timeout", "0.05", "app.zip", cwd=tmp_path)
        errors = {line["file"]: line.get("error", {}).get("type") for line in lines(result)}
        assert errors["app.zip!/b.bpmn"] == "timeout"


class TestSkippedArchives:
    """A check says which archives it does not read."""

    LIMIT = ("--limit", "userTask.count <= 5")

    def test_beside_diagrams(self, tmp_path: Path) -> None:
        (tmp_path / "a.bpmn").write_bytes(process(TASK))
        pack(tmp_path / "b.jar", {"c.bpmn": process(TASK)})
        result = run("check", *self.LIMIT, tmp_path)
        assert result.returncode == 0
        assert b"metrics: 1 archive was skipped: --archives reads it\n" in result.stderr
        assert run("check", "-q", *self.LIMIT, tmp_path).stderr == b""
        assert b"skipped" not in run("check", "--archives", *self.LIMIT, tmp_path).stderr

    def test_without_diagrams(self, tmp_path: Path) -> None:
        pack(tmp_path / "b.jar", {"c.bpmn": process(TASK)})
        result = run("check", *self.LIMIT, tmp_path)
        assert result.returncode == 2
        assert result.stderr.endswith(
            b"Error: no diagram was checked: 1 archive was skipped: --archives reads it.\n"
        )


@pytest.mark.parametrize("command", [("scan",), ("explain",), ("check",)])
def test_folder_of_a_plan_holds_no_diagrams(command: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "m").write_text("none.bpmn\n")
    plan = tmp_path / "p"
    run("shards", "plan", tmp_path / "m", "--shards", "1", "--out", plan)
    result = run(*command, plan)
    assert result.returncode == 2
    assert b"is the folder of a plan: metrics summary and diff read its lines." in result.stderr
