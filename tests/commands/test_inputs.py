"""Which files the commands read: patterns, lists of paths, and the settings of the project."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from support.checking import EMBEDDED, NONE, broken, embedded, write
from support.command import METRICS, files, lines, run
from support.diagrams import process
from support.repositories import Repository, told

if TYPE_CHECKING:
    from pathlib import Path

DIAGRAM = process("")


def make(folder: Path, *names: str) -> None:
    """Make diagrams by their paths in a folder."""
    write(folder, dict.fromkeys(names, DIAGRAM))


def scanned(folder: Path, *arguments: str | Path, stdin: bytes = b"") -> list[str]:
    """The files that a scan in a folder reports, which has to succeed."""
    result = run("scan", "-f", "ndjson", *arguments, cwd=folder, stdin=stdin)
    assert result.returncode == 0, result.stderr
    return files(result)


def refused(folder: Path, *arguments: str | Path, stdin: bytes = b"") -> str:
    """The last line that a command prints if it refuses its arguments."""
    result = run(*arguments, cwd=folder, stdin=stdin)
    assert (result.returncode, result.stdout) == (2, b"")
    assert b"Traceback" not in result.stderr
    return result.stderr.decode().splitlines()[-1]


class TestPatterns:
    """`--include` adds files in folders, `--exclude` removes files and folders."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        make(tmp_path, "a.bpmn", "b.xml", "old/c.bpmn", "in/d.bpmn", "in/e.txt")
        return tmp_path

    def test_scan(self, folder: Path) -> None:
        options = ["--include", "*.xml", "--include", "*.txt", "--exclude", "old/"]
        assert scanned(folder, *options) == ["a.bpmn", "b.xml", "in/d.bpmn", "in/e.txt"]
        assert scanned(folder, *options, "--exclude", "in/d.*", ".", "old") == [
            *("a.bpmn", "b.xml", "in/e.txt", "old/c.bpmn"),
        ]

    def test_summary(self, folder: Path) -> None:
        arguments = ("summary", "-f", "json", "--include", "*.xml", "--exclude", "old/")
        assert json.loads(run(*arguments, cwd=folder).stdout)["diagrams"] == 3

    def test_check(self, folder: Path) -> None:
        write(folder, {"b.xml": embedded(1), "old/c.bpmn": embedded(2), "in/d.bpmn": embedded(3)})
        options = ["--limit", NONE, "--include", "*.xml", "--exclude", "old/"]
        assert broken(*options, cwd=folder) == {"b.xml": 1, "in/d.bpmn": 3}

    def test_diff_of_folders(self, folder: Path) -> None:
        make(folder, "new/c.bpmn", "new/f.bpmn", "new/g.xml", "new/h.bpmn")
        arguments = ("diff", "-f", "json", "old", "new", "--include", "*.xml", "--exclude", "h.*")
        changes = json.loads(run(*arguments, cwd=folder).stdout)["changes"]
        assert [(change["status"], change["file"]) for change in changes] == [
            ("added", "f.bpmn"),
            ("added", "g.xml"),
        ]

    @pytest.mark.parametrize("option", ["--include", "--exclude"])
    def test_no_pattern(self, folder: Path, option: str) -> None:
        for command in ("scan", "summary", "check"):
            assert refused(folder, command, option, "[\n") == (
                f"Error: {option}: '[\\n' is not a pattern: it matches no path."
            )


class TestRevisions:
    """`diff` selects the files of revisions as `scan` selects those in folders."""

    @pytest.fixture
    def repository(self, tmp_path: Path) -> Repository:
        repository = Repository(tmp_path / "repository")
        names = ["a.bpmn", "b.iflw", "c.Bpmn.XML", "d.dmn.xml", "e.xml", "old/f.bpmn", "g.bpmn20"]
        litter = ["._h.bpmn", "__MACOSX/i.bpmn"]
        repository.commit(dict.fromkeys(()))
        repository.write(dict.fromkeys([*names, *litter], DIAGRAM))
        repository.git("add", "-A")
        return repository

    def files(self, repository: Repository, *arguments: str, cwd: str = ".") -> list[str]:
        changes = repository.diff("HEAD", *arguments, cwd=cwd)["changes"]
        return [change["file"] for change in changes]

    def test_extensions_and_litter(self, repository: Repository) -> None:
        assert self.files(repository) == [
            *("a.bpmn", "b.iflw", "c.Bpmn.XML", "d.dmn.xml", "g.bpmn20", "old/f.bpmn"),
        ]

    def test_patterns(self, repository: Repository) -> None:
        options = ["--include", "*.xml", "--exclude", "old/", "--exclude", "/[a-c].*"]
        assert self.files(repository, *options) == ["d.dmn.xml", "e.xml", "g.bpmn20"]

    def test_settings(self, repository: Repository) -> None:
        repository.write({"metrics.toml": b'include = ["*.xml"]\nexclude = ["/?.*", "!e.xml"]'})
        assert self.files(repository) == ["e.xml", "old/f.bpmn"]
        assert self.files(repository, cwd="old") == ["e.xml", "old/f.bpmn"]
        assert "e.xml" not in self.files(repository, "--no-config")

    def test_named(self, repository: Repository) -> None:
        options = ["--exclude", "old/", "--exclude", "a.*"]
        paths = ["--", "a.bpmn", "old", "e.xml", "._h.bpmn"]
        assert self.files(repository, *options, *paths) == [
            *("._h.bpmn", "a.bpmn", "e.xml", "old/f.bpmn"),
        ]
        assert self.files(repository, *options, "--force-exclude", *paths) == ["._h.bpmn", "e.xml"]

    def test_renamed_with_an_included_extension(self, repository: Repository) -> None:
        repository.commit({})
        repository.git("mv", "e.xml", "z.xml")
        assert told(repository.diff("HEAD", "--include", "*.xml")) == ["renamed e.xml z.xml"]
        assert told(repository.diff("HEAD")) == []


class TestForceExclude:
    """`--force-exclude` also skips paths, with a note and status 0."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        files: dict[str, bytes | str] = dict.fromkeys(("a.bpmn", "old/b.bpmn", "c.bpmn"), b"<")
        write(tmp_path, files | {"metrics.toml": 'exclude = ["old/"]', ".gitignore": "c.bpmn"})
        return tmp_path

    def test_one(self, folder: Path) -> None:
        result = run("scan", "--force-exclude", "old/b.bpmn", cwd=folder)
        assert (result.returncode, result.stdout) == (0, b"")
        assert result.stderr.decode().splitlines() == [
            "metrics: skipped old/b.bpmn, which is excluded",
            "metrics: no diagrams found",
        ]

    def test_several(self, folder: Path) -> None:
        paths = ["old/b.bpmn", "a.bpmn", "c.bpmn", "old"]
        result = run("scan", "--force-exclude", *paths, cwd=folder)
        assert (result.returncode, files(result)) == (2, ["a.bpmn"])
        assert result.stderr.startswith(b"metrics: skipped 3 excluded paths\n")
        assert files(run("scan", *paths, cwd=folder)) == ["old/b.bpmn", "a.bpmn", "c.bpmn"]

    @pytest.mark.parametrize("command", ["summary", "check"])
    def test_other_commands(self, folder: Path, command: str) -> None:
        assert run(command, "--force-exclude", "c.bpmn", cwd=folder).returncode == 0
        assert run(command, "c.bpmn", "--limit", NONE, cwd=folder).returncode == 2
        paths = ["a.bpmn", "c.bpmn"]
        assert run(command, "--force-exclude", *paths, cwd=folder).returncode == 2

    def test_name_is_escaped(self, folder: Path) -> None:
        result = run("scan", "--force-exclude", "old/\x1b[31m\n.bpmn", cwd=folder)
        assert result.stderr.startswith(
            b"metrics: skipped old/\\x1b[31m\\n.bpmn, which is excluded\n"
        )


class TestFilesFrom:
    """`--files-from` reads paths, one a line."""

    @pytest.mark.parametrize(
        ("content", "expected"),
        [
            (b"b.bpmn\na.bpmn\n", ["b.bpmn", "a.bpmn"]),
            (b"b.bpmn\na.bpmn", ["b.bpmn", "a.bpmn"]),
            (b"\xef\xbb\xbfb.bpmn\r\n\r\na.bpmn\r\n", ["b.bpmn", "a.bpmn"]),
            (b"in\nin/c.bpmn\n./b.bpmn\n", ["in/c.bpmn", "in/d e.bpmn", "./b.bpmn"]),
            (b"in/d e.bpmn\n", ["in/d e.bpmn"]),
            (b"", []),
            (b"\n\r\n", []),
        ],
    )
    def test_lines(self, tmp_path: Path, content: bytes, expected: list[str]) -> None:
        make(tmp_path, "a.bpmn", "b.bpmn", "in/c.bpmn", "in/d e.bpmn")
        (tmp_path / "list").write_bytes(content)
        assert scanned(tmp_path, "--files-from", "list") == expected
        assert scanned(tmp_path, "--files-from", "-", stdin=content) == expected

    @pytest.mark.parametrize("option", ["--null", "-0"])
    def test_null(self, tmp_path: Path, option: str) -> None:
        names = ["a\nb.bpmn", "c.bpmn\r", os.fsdecode(b"\xff.bpmn")]
        make(tmp_path, *names)
        content = os.fsencode("\0".join(names)) + b"\0\0"
        expected = ["a\nb.bpmn", "c.bpmn\r", "\\xff.bpmn"]
        assert scanned(tmp_path, option, "--files-from", "-", stdin=content) == expected

    def test_beside_paths(self, tmp_path: Path) -> None:
        make(tmp_path, "a.bpmn", "b.bpmn", "in/c.bpmn")
        arguments = ("--files-from", "-", "in", "b.bpmn")
        expected = ["in/c.bpmn", "b.bpmn", "a.bpmn"]
        assert scanned(tmp_path, *arguments, stdin=b"b.bpmn\na.bpmn\nin") == expected

    def test_output_is_lines_even_for_one_diagram(self, tmp_path: Path) -> None:
        make(tmp_path, "a.bpmn")
        result = run("scan", "--files-from", "-", cwd=tmp_path, stdin=b"a.bpmn")
        assert files(result) == ["a.bpmn"]
        assert run("scan", "--files-from", "-", "a.bpmn", cwd=tmp_path).stdout == result.stdout

    @pytest.mark.parametrize("command", ["scan", "summary", "check"])
    def test_empty_list_reads_nothing(self, tmp_path: Path, command: str) -> None:
        (tmp_path / "a.bpmn").write_bytes(b"<")
        result = run(command, "--files-from", "-", cwd=tmp_path)
        assert result.returncode == 0
        assert result.stderr == b"metrics: no diagrams found\n"

    def test_missing_file_is_a_diagram_that_cannot_be_measured(self, tmp_path: Path) -> None:
        result = run("scan", "--files-from", "-", cwd=tmp_path, stdin=b"none.bpmn\n")
        assert result.returncode == 2
        assert lines(result)[0]["error"]["message"] == "No such file or directory"

    def test_other_commands(self, tmp_path: Path) -> None:
        write(tmp_path, {"a.bpmn": embedded(1), "b.bpmn": embedded(2), "list": "b.bpmn\n"})
        arguments = ("--files-from", "list")
        assert broken(*arguments, "--limit", NONE, cwd=tmp_path) == {"b.bpmn": 2}
        summary = run("summary", "-f", "json", *arguments, cwd=tmp_path)
        assert json.loads(summary.stdout)["diagrams"] == 1

    def test_summary_reads_scans_in_a_list(self, tmp_path: Path) -> None:
        write(tmp_path, {"a.bpmn": DIAGRAM, "b.bpmn": DIAGRAM})
        (tmp_path / "scan.ndjson").write_bytes(run("scan", cwd=tmp_path).stdout)
        arguments = ("summary", "-f", "json", "--files-from", "-")
        result = run(*arguments, cwd=tmp_path, stdin=b"scan.ndjson")
        assert json.loads(result.stdout)["diagrams"] == 2

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"a\n-\n", "list:2: - is not a file: write ./- for a file with this name."),
            (
                b"\na.bpmn\0b.bpmn\0",
                "list:2: a path cannot contain NUL: use --null if NUL separates the paths.",
            ),
        ],
    )
    def test_bad_lines(self, tmp_path: Path, content: bytes, message: str) -> None:
        (tmp_path / "list").write_bytes(content)
        assert refused(tmp_path, "scan", "--files-from", "list") == f"Error: {message}"

    def test_too_large(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("metrics.scanning.path_lists.MAX_LIST_BYTES", 10)
        (tmp_path / "list").write_bytes(b"a" * 11)
        assert refused(tmp_path, "scan", "--files-from", "list") == (
            "Error: list: it is larger than 10 bytes."
        )

    def test_usage(self, tmp_path: Path) -> None:
        make(tmp_path, "a.bpmn")
        (tmp_path / "list").write_bytes(b"a.bpmn")
        for arguments, message in (
            (["--null"], "--null needs --files-from FILE, the list of paths."),
            (["--files-from", "-", "-"], "can be only one of PATH and --files-from."),
            (["--files-from", "none"], "File 'none' does not exist."),
            (["--files-from", "list", "-o", "list"], "overwrite list, which is an input."),
            (["--files-from", "list", "-o", "a.bpmn"], "overwrite a.bpmn, which is an input."),
        ):
            assert refused(tmp_path, "scan", *arguments).endswith(message)
        assert (tmp_path / "list").read_bytes() == b"a.bpmn"


class TestSettings:
    """The nearest configuration at or above the current folder, up to the repository's top."""

    def test_relative_to_its_folder(self, tmp_path: Path) -> None:
        make(tmp_path, "a.bpmn", "in/a.bpmn", "in/b.xml", "in/old/c.bpmn", "out/old/d.bpmn")
        write(tmp_path, {"metrics.toml": 'include = "in/*.xml"\nexclude = ["/a.bpmn", "in/old/"]'})
        assert scanned(tmp_path) == ["in/a.bpmn", "in/b.xml", "out/old/d.bpmn"]
        assert scanned(tmp_path / "in") == ["a.bpmn", "b.xml"]
        assert scanned(tmp_path / "out", "..", "../in/old") == [
            *("../in/a.bpmn", "../in/b.xml", "../out/old/d.bpmn", "../in/old/c.bpmn"),
        ]

    def test_nearest(self, tmp_path: Path) -> None:
        make(tmp_path, "a.bpmn", "in/b.bpmn", "in/c.bpmn", "in/on/a.bpmn")
        write(
            tmp_path,
            {
                "pyproject.toml": '[tool.metrics]\nexclude = ["a.bpmn"]',
                "in/pyproject.toml": "[tool.other]\nname = 'metrics'",
                "in/on/metrics.toml": 'exclude = ["b.bpmn"]',
                "in/on/pyproject.toml": "[tool.metrics]\nexclude = ['a.bpmn']",
            },
        )
        assert scanned(tmp_path) == ["in/b.bpmn", "in/c.bpmn"]
        assert scanned(tmp_path / "in") == ["b.bpmn", "c.bpmn"]
        assert scanned(tmp_path / "in" / "on") == ["a.bpmn"]
        # One configuration applies to the whole run; its patterns are for paths in its folder.
        expected = ["../b.bpmn", "../c.bpmn", "../on/a.bpmn"]
        assert scanned(tmp_path / "in" / "on", "..") == expected

    def test_not_above_the_top_of_the_repository(self, tmp_path: Path) -> None:
        make(tmp_path, "repository/a.bpmn", "repository/in/b.bpmn")
        write(tmp_path, {"metrics.toml": 'exclude = ["*.bpmn"]'})
        assert scanned(tmp_path / "repository") == []
        (tmp_path / "repository" / ".git").mkdir()
        assert scanned(tmp_path / "repository") == ["a.bpmn", "in/b.bpmn"]
        assert scanned(tmp_path / "repository" / "in") == ["b.bpmn"]
        write(tmp_path, {"repository/metrics.toml": 'exclude = ["b.bpmn"]'})
        assert scanned(tmp_path / "repository" / "in") == []

    def test_options_come_last(self, tmp_path: Path) -> None:
        make(tmp_path, "a.bpmn", "b.bpmn", "c.xml", "d.xml")
        write(tmp_path, {"metrics.toml": 'include = ["*.xml"]\nexclude = ["b.bpmn", "c.xml"]'})
        assert scanned(tmp_path, "--exclude", "!c.xml", "--include", "!d.xml") == [
            *("a.bpmn", "c.xml"),
        ]

    def test_named_file(self, tmp_path: Path) -> None:
        make(tmp_path, "a.bpmn", "in/b.bpmn")
        write(
            tmp_path,
            {
                "metrics.toml": 'exclude = ["*"]',
                "etc/other.toml": 'exclude = ["/in/"]',
                "etc/pyproject.toml": "[tool.metrics]\nexclude = ['/b.bpmn']",
            },
        )
        assert scanned(tmp_path, "--config", "etc/other.toml") == ["a.bpmn"]
        # Its patterns are relative to the current folder.
        assert scanned(tmp_path / "in", "--config", "../etc/other.toml") == ["b.bpmn"]
        assert scanned(tmp_path / "in", "--config", "../etc/pyproject.toml") == []
        assert scanned(tmp_path, "--no-config") == ["a.bpmn", "in/b.bpmn"]

    @pytest.mark.parametrize(
        "command",
        [
            ["scan"],
            ["summary"],
            ["check", "--limit", NONE],
            ["explain", "a.bpmn"],
            ["diff", "a", "b"],
        ],
    )
    def test_errors(self, tmp_path: Path, command: list[str]) -> None:
        make(tmp_path, "a.bpmn", "a/c.bpmn", "b/c.bpmn")
        path = tmp_path / "metrics.toml"
        for text, message in (
            ("\nexlude = ['a']", f"{path}:2: unknown key 'exlude'. Did you mean 'exclude'?"),
            ("include = ['/']", f"{path}:1: '/' is not a pattern: it matches no path."),
            ("include = 3", f"{path}:1: include must be a list of patterns, as in a .gitignore."),
            ("with = ['none']", f"{path}:1: there is no fragment of our own named 'none'."),
            ("template-path = [3]", f"{path}:1: template-path must be a list of folders."),
            ("x 1", f"{path}:1: not valid TOML: Expected '=' after a key in a key/value pair."),
        ):
            path.write_text(text)
            assert refused(tmp_path, *command) == f"Error: {message}"
            assert run(*command, "--no-config", cwd=tmp_path).returncode == 0
        message = "Error: --config cannot be used with --no-config."
        assert refused(tmp_path, *command, "--no-config", "--config", path) == message

    def test_template_path(self, tmp_path: Path) -> None:
        make(tmp_path, "in/a.bpmn")
        write(
            tmp_path,
            {
                "metrics.toml": 'template-path = ["shared"]',
                "shared/element-templates/one.json": json.dumps(
                    {"name": "One", "id": "one", "appliesTo": ["bpmn:Task"], "properties": []}
                ),
            },
        )
        arguments = ("scan", "a.bpmn", "--templates", "definitions")
        payload = json.loads(run(*arguments, cwd=tmp_path / "in").stdout)
        assert payload["elementTemplateCount"] == 1
        assert json.loads(run("scan", "a.bpmn", cwd=tmp_path / "in").stdout) != payload
        (tmp_path / "shared").rename(tmp_path / "moved")
        assert refused(tmp_path / "in", *arguments) == (
            f"Error: {tmp_path}/metrics.toml: template-path: {tmp_path}/shared is not a folder."
        )
        # Nothing needs the folder.
        assert run("scan", "a.bpmn", cwd=tmp_path / "in").returncode == 0


class TestCheck:
    """`check` also reads its limits from configurations."""

    def test_settings_of_the_run_and_exclusions_of_each_diagram(self, tmp_path: Path) -> None:
        files = ("a.bpmn", "one/b.bpmn", "one/c.bpmn", "two/d.bpmn", "two/e.xml", "two/f.bpmn")
        write(tmp_path, dict.fromkeys(files, embedded(1)))
        write(
            tmp_path,
            {
                "metrics.toml": f"exclude = ['f.bpmn']\nlimits.{EMBEDDED} = '<= 0'",
                "one/metrics.toml": f"exclude = ['c.bpmn']\nlimits.{EMBEDDED} = '<= 0'",
                "two/metrics.toml": f"include = ['*.xml']\nlimits.{EMBEDDED} = '<= 0'",
            },
        )
        assert [*broken(cwd=tmp_path)] == ["a.bpmn", "one/b.bpmn", "two/d.bpmn"]
        assert [*broken(cwd=tmp_path / "two")] == ["d.bpmn", "e.xml", "f.bpmn"]
        assert [*broken("..", cwd=tmp_path / "one")] == [
            *("../a.bpmn", "../one/b.bpmn", "../two/d.bpmn", "../two/f.bpmn"),
        ]

    def test_without_configuration(self, tmp_path: Path) -> None:
        write(tmp_path, {"a.bpmn": embedded(1), "metrics.toml": f'limits.{EMBEDDED} = "<= 0"'})
        assert broken(cwd=tmp_path) == {"a.bpmn": 1}
        assert refused(tmp_path, "check", "--no-config").startswith("Error: No limits: ")
        assert run("check", "--no-config", "--limit", f"{EMBEDDED} <= 1", cwd=tmp_path).stdout
        assert broken("--no-config", "--limit", f"{EMBEDDED} >= 2", cwd=tmp_path) == {"a.bpmn": 1}

    def test_total_without_what_an_option_excludes(self, tmp_path: Path) -> None:
        files = {"a.bpmn": embedded(1), "b.bpmn": embedded(2), "c.bpmn": embedded(4)}
        total = f"exclude = ['c.bpmn']\ntotal.{EMBEDDED} = '>= 4'"
        write(tmp_path, {**files, "metrics.toml": total})
        assert broken(cwd=tmp_path) == {"total": 3}
        # A part of the diagrams cannot break a lower bound.
        assert broken("--exclude", "b.bpmn", cwd=tmp_path) == {}


@pytest.mark.parametrize(
    "arguments",
    [
        ["scan", "--config", "/dev/zero"],
        ["scan", "--files-from", "/dev/zero"],
        ["check", "--limit", "userTask.count <= 1", "--baseline", "/dev/zero"],
    ],
)
def test_device_that_does_not_end(tmp_path: Path, arguments: list[str]) -> None:
    result = run(*arguments, cwd=tmp_path)
    assert result.returncode == 2
    expected = b"Error: /dev/zero: more than 1,048,576 bytes from a device.\n"
    assert (result.stdout, result.stderr) == (b"", expected)


def test_pipes_that_a_shell_names(tmp_path: Path) -> None:
    (tmp_path / "a.form").write_bytes(b"{}")
    script = f"""
        {METRICS} scan -f ndjson --files-from <(echo a.form) --config <(echo 'exclude = "b"')
        echo a.form | {METRICS} scan -f ndjson --files-from /dev/stdin
        {METRICS} check -f csv --limit 'userTask.count <= 1' --baseline <(echo) a.form
    """
    result = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, check=False)
    assert result.stderr == b""
    *scans, header = result.stdout.decode().splitlines()
    assert [json.loads(line)["file"] for line in scans] == ["a.form", "a.form"]
    assert header.startswith("file,")
