"""Configurations: where limits are set, which ones apply to a diagram, and errors."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from support.checking import (
    EMBEDDED,
    NESTING,
    NONE,
    TEMPLATES,
    VERSION,
    broken,
    checked,
    embedded,
    write,
)
from support.command import run

from metrics.blocks import key_part
from metrics.checks.configuration import Configuration, Configurations, read_configuration
from metrics.configuration.files import ConfigurationError

AT_MOST_3 = f'{TEMPLATES} = "<= 3"\n'
OLD = '[[overrides]]\npaths = ["old/"]\n'
NO_LIMITS = (
    "Error: No limits: set them in [limits] of metrics.toml, in [tool.metrics.limits] of"
    " pyproject.toml, or with --limit."
)


def of_text(folder: Path, text: str, name: str = "metrics.toml") -> Configuration:
    """The configuration in a file with this text."""
    write(folder, {name: text})
    return read_configuration(str(folder / name), str(folder))


def conditions(configuration: Configuration | None, path: Path) -> dict[str, list[str]]:
    """The conditions for a diagram, by their keys."""
    assert configuration is not None
    conditions_of: dict[str, list[str]] = {}
    for limit in configuration.limits_with(configuration.overrides_for(str(path))):
        conditions_of.setdefault(limit.key, []).append(limit.condition)
    return conditions_of


class TestReading:
    """The syntax of configurations."""

    @pytest.mark.parametrize("key", ["exclude", "include", "template-path"])
    def test_setting_below_the_limits(self, tmp_path: Path, key: str) -> None:
        with pytest.raises(ConfigurationError) as raised:
            of_text(tmp_path, f'[limits]\n{AT_MOST_3}{key} = ["a/"]\n')
        assert raised.value.line == 3
        assert raised.value.message == f"{key} is not a limit: it belongs above the limits."

    @pytest.mark.parametrize(
        "text",
        [
            f'[limits]\n{EMBEDDED} = "<= 3"',
            f'limits.{EMBEDDED} = "<= 3"',
            f'[limits]\n"{EMBEDDED}" = "<= 3"',
            "[limits.diagramMetrics.tasks.userTask]\nform.embedded = '<=3'",
            '[limits]\ndiagramMetrics."tasks.userTask".form = {embedded = "<= 3"}',
            f'[limits]\n{EMBEDDED} = ["<= 3"]',
            f'[limits]\r\n# Few.\r\n{EMBEDDED} = """\n  <= 3\n"""\r\n',
        ],
    )
    def test_spellings(self, tmp_path: Path, text: str) -> None:
        assert conditions(of_text(tmp_path, text), tmp_path / "a") == {EMBEDDED: ["<= 3"]}

    @pytest.mark.parametrize("name", ["", "a.b", "a b", "a'b.", "both \" and '"])
    def test_names_in_quotes(self, tmp_path: Path, name: str) -> None:
        """TOML reads the quotes of a name in an open map, which may have dots or be empty."""
        written = f'[limits]\nformFields.formFieldTypes.{json.dumps(name)} = "<= 0"\n'
        key = f"formFields.formFieldTypes.{key_part(name)}"
        assert conditions(of_text(tmp_path, written), tmp_path / "a.form") == {key: ["<= 0"]}

    @pytest.mark.parametrize("prefix", ["", "tool.metrics."])
    def test_both_files(self, tmp_path: Path, prefix: str) -> None:
        text = (
            f'[{prefix}limits]\n{EMBEDDED} = [">= 1", "<= 3"]\n{VERSION} = "in [7.20, 7.21]"\n'
            f'[{prefix}total]\n{NESTING} = "<= 4"\n'
            f"[[{prefix}overrides]]\npaths = ['old/']\nlimits.{EMBEDDED} = []\n"
            f"[[{prefix}overrides]]\npaths = 'new/*.bpmn'\nlimits.{TEMPLATES} = '== 0'\n"
        )
        configuration = of_text(tmp_path, text, "pyproject.toml" if prefix else "metrics.toml")
        version = {VERSION: ["in [7.20, 7.21]"]}
        everywhere = {EMBEDDED: [">= 1", "<= 3"]} | version
        assert conditions(configuration, tmp_path / "a.bpmn") == everywhere
        assert conditions(configuration, tmp_path / "old/a.bpmn") == version
        assert conditions(configuration, tmp_path / "new/a.bpmn") == everywhere | {
            TEMPLATES: ["== 0"]
        }
        assert {key: [*map(str, limits)] for key, limits in configuration.total.items()} == {
            NESTING: [f"{NESTING} <= 4"]
        }

    def test_several_conditions(self, tmp_path: Path) -> None:
        files: dict[str, bytes | str] = {f"{n}.bpmn": embedded(n) for n in range(5)}
        write(tmp_path, files | {"metrics.toml": f'[limits]\n{EMBEDDED} = [">= 1", "!= 3"]'})
        assert broken(cwd=tmp_path) == {"0.bpmn": 0, "3.bpmn": 3}

    def test_other_tables_are_ignored(self, tmp_path: Path) -> None:
        text = (
            f"[project]\nname = 'a'\n[tool.other]\nlimits = 3\n[tool.metrics.limits]\n{AT_MOST_3}"
        )
        configuration = of_text(tmp_path, text, "pyproject.toml")
        assert conditions(configuration, tmp_path / "a") == {TEMPLATES: ["<= 3"]}

    @pytest.mark.parametrize("text", ["", "[tool.other]\nx = 'metrics'", "[metrics]\n", "tool = 3"])
    def test_without_limits(self, tmp_path: Path, text: str) -> None:
        with pytest.raises(ConfigurationError, match=r"there is no table \[tool\.metrics\]\."):
            of_text(tmp_path, text, "pyproject.toml")


class TestOverrides:
    """Limits for the diagrams at some paths: the last one for a key applies."""

    def numbers(self, folder: Path, *overrides: str) -> dict[str, int]:
        """The index of the override that applies to each diagram of a folder, -1 for none."""
        text = f'[limits]\n{TEMPLATES} = "== -1"\n' + "".join(
            f'[[overrides]]\npaths = {paths}\nlimits.{TEMPLATES} = "== {number}"\n'
            for number, paths in enumerate(overrides)
        )
        configuration = of_text(folder, text)
        names = ["a.bpmn", "old/a.bpmn", "old/new/a.bpmn", "x/old/a.bpmn", "old.bpmn", "ä b.bpmn"]
        return {
            name: int(condition.removeprefix("== "))
            for name in names
            for condition in conditions(configuration, folder / name)[TEMPLATES]
        }

    @pytest.mark.parametrize(
        ("overrides", "expected"),
        [
            (["['old/']"], [-1, 0, 0, 0, -1, -1]),
            (["['/old/']"], [-1, 0, 0, -1, -1, -1]),
            (["['old']"], [-1, 0, 0, 0, -1, -1]),
            (["['*.bpmn']"], [0, 0, 0, 0, 0, 0]),
            (["['/*.bpmn']"], [0, -1, -1, -1, 0, 0]),
            (["['old/*.bpmn']"], [-1, 0, -1, -1, -1, -1]),
            (["['old/**/a.bpmn']"], [-1, 0, 0, -1, -1, -1]),
            (["['?old.bpmn', 'o*.bpmn']"], [-1, -1, -1, -1, 0, -1]),
            (["['ä b.bpmn']"], [-1, -1, -1, -1, -1, 0]),
            (["['*', '!a.bpmn']"], [-1, -1, -1, -1, 0, 0]),
            (["['!a.bpmn', '*']"], [0, 0, 0, 0, 0, 0]),
            (["['!a.bpmn']"], [-1, -1, -1, -1, -1, -1]),
            (["['old/']", "['new/']"], [-1, 0, 1, 0, -1, -1]),
            (["['new/']", "['old/']"], [-1, 1, 1, 1, -1, -1]),
        ],
    )
    def test_globs(self, tmp_path: Path, overrides: list[str], expected: list[int]) -> None:
        assert [*self.numbers(tmp_path, *overrides).values()] == expected

    def test_paths_elsewhere(self, tmp_path: Path) -> None:
        configuration = of_text(
            tmp_path / "a", f'[[overrides]]\npaths = ["*"]\nlimits.{TEMPLATES} = "<= 3"'
        )
        assert conditions(configuration, tmp_path / "a/b.bpmn") == {TEMPLATES: ["<= 3"]}
        assert conditions(configuration, tmp_path / "ab/b.bpmn") == {}

    def test_only_the_keys_that_are_named(self, tmp_path: Path) -> None:
        text = (
            f'[limits]\n{AT_MOST_3}{NESTING} = "<= 2"\n'
            f'[[overrides]]\npaths = ["*"]\nlimits.{NESTING} = "<= 9"\n'
            f'[[overrides]]\npaths = ["b"]\nlimits.{TEMPLATES} = []\n'
        )
        configuration = of_text(tmp_path, text)
        assert conditions(configuration, tmp_path / "a") == {TEMPLATES: ["<= 3"], NESTING: ["<= 9"]}
        assert conditions(configuration, tmp_path / "b") == {NESTING: ["<= 9"]}

    def test_names_that_are_not_utf_8(self, tmp_path: Path) -> None:
        name = os.fsdecode(b"old/\xff.bpmn")
        text = f'[limits]\n{EMBEDDED} = "<= 0"\n{OLD}limits.{EMBEDDED} = "<= 2"'
        write(tmp_path, {"metrics.toml": text, name: embedded(2), "a.bpmn": embedded(2)})
        assert broken(cwd=tmp_path) == {"a.bpmn": 2}

    def test_diagrams_without_a_limit(self, tmp_path: Path) -> None:
        # A check of changed files can have such diagrams only.
        text = f'[limits]\n{EMBEDDED} = "<= 0"\n{OLD}limits.{EMBEDDED} = []'
        write(tmp_path, {"metrics.toml": text, "old/a.bpmn": embedded(1), "b.bpmn": embedded(0)})
        assert run("check", "b.bpmn", "old", cwd=tmp_path).returncode == 0
        assert run("check", "old/a.bpmn", cwd=tmp_path).returncode == 0


class TestFinding:
    """The nearest configuration in the folder of a diagram or above."""

    def test_each_diagram_has_its_own(self, tmp_path: Path) -> None:
        write(
            tmp_path,
            {
                "metrics.toml": f'limits.{EMBEDDED} = "<= 1"',
                "a.bpmn": embedded(2),
                "one/pyproject.toml": f'[tool.metrics]\nlimits.{EMBEDDED} = "<= 2"',
                "one/a.bpmn": embedded(3),
                "one/b.bpmn": embedded(2),
                "one/deep/down/a.bpmn": embedded(3),
                "two/pyproject.toml": "[project]\nname = 'metrics'",
                "two/a.bpmn": embedded(2),
                "two/b.bpmn": embedded(1),
                "three/metrics.toml": f'limits.{TEMPLATES} = "<= 0"',
                "three/a.bpmn": embedded(9),
            },
        )
        expected = {"a.bpmn": 2, "one/a.bpmn": 3, "one/deep/down/a.bpmn": 3, "two/a.bpmn": 2}
        assert broken(cwd=tmp_path) == expected
        violations = broken("../..", "a.bpmn", cwd=tmp_path / "one" / "deep" / "down")
        assert {os.path.normpath(Path("one/deep/down", name)) for name in violations} == {
            "one/a.bpmn",
            "one/deep/down/a.bpmn",
        }

    def test_own_file_comes_first(self, tmp_path: Path) -> None:
        shared = f'[tool.metrics.limits]\n{EMBEDDED} = "<= 0"'
        write(
            tmp_path,
            {
                "metrics.toml": f'limits.{EMBEDDED} = "<= 2"',
                "pyproject.toml": shared,
                "a.bpmn": embedded(2),
            },
        )
        assert broken(cwd=tmp_path) == {}
        (tmp_path / "metrics.toml").unlink()
        assert broken(cwd=tmp_path) == {"a.bpmn": 2}

    @pytest.mark.parametrize("kind", ["folder", "pipe", "link to nowhere"])
    def test_only_plain_files_are_opened(self, tmp_path: Path, kind: str) -> None:
        write(
            tmp_path,
            {
                "pyproject.toml": f"[tool.metrics.limits]\n{EMBEDDED} = '<= 1'",
                "a.bpmn": embedded(2),
            },
        )
        own = tmp_path / "metrics.toml"
        if kind == "folder":
            own.mkdir()
        elif kind == "pipe":
            os.mkfifo(own)
        else:
            own.symlink_to("nowhere")
        if kind == "folder":
            assert broken(cwd=tmp_path) == {"a.bpmn": 2}
        else:
            # Its limits are unknown, and no other file replaces it.
            result = run("check", cwd=tmp_path)
            assert (result.returncode, result.stdout) == (2, b"")
            assert result.stderr.endswith(b"metrics.toml: not a file.\n")

    def test_without_a_configuration(self, tmp_path: Path) -> None:
        assert Configurations().of_folder("/") is None or Path("/metrics.toml").exists()
        (tmp_path / "a.bpmn").write_bytes(embedded(1))
        result = run("check", cwd=tmp_path)
        assert (result.returncode, result.stdout) == (2, b"")
        assert result.stderr.decode().splitlines()[-1] == NO_LIMITS

    def test_options_replace_the_limits_of_a_key(self, tmp_path: Path) -> None:
        text = f'[limits]\n{EMBEDDED} = ["<= 0", "!= 1"]\n{TEMPLATES} = ">= 1"'
        write(tmp_path, {"metrics.toml": text, "a.bpmn": embedded(1)})
        result = run("check", "--limit", f"{EMBEDDED} <= 1", cwd=tmp_path)
        assert result.stdout.decode().splitlines() == [
            f"a.bpmn: {TEMPLATES} is 0, its limit is >= 1",
            "1 diagram checked, 1 violation in 1 diagram.",
        ]

    def test_named_file(self, tmp_path: Path) -> None:
        text = (
            f'[limits]\n{EMBEDDED} = "<= 0"\n[[overrides]]\npaths = ["one/a.bpmn"]\n'
            f'limits.{EMBEDDED} = "<= 5"'
        )
        write(
            tmp_path,
            {
                "etc/strict.toml": text,
                "etc/pyproject.toml": f"[tool.metrics.limits]\n{EMBEDDED} = '<= 2'",
                "one/metrics.toml": f'limits.{TEMPLATES} = "== 7"',
                "one/a.bpmn": embedded(1),
                "one/b.bpmn": embedded(3),
            },
        )
        strict = tmp_path / "etc/strict.toml"
        # Patterns are relative to the current folder.
        assert broken("--config", strict, cwd=tmp_path) == {"one/b.bpmn": 3}
        assert broken("--config", strict, cwd=tmp_path / "one") == {"a.bpmn": 1, "b.bpmn": 3}
        assert broken("--config", "etc/pyproject.toml", cwd=tmp_path) == {"one/b.bpmn": 3}

    def test_named_file_without_limits(self, tmp_path: Path) -> None:
        write(tmp_path, {"a.bpmn": embedded(0), "pyproject.toml": "[tool.x]", "metrics.toml": "\n"})
        for name, message in (
            ("pyproject.toml", "Error: pyproject.toml: there is no table [tool.metrics]."),
            ("metrics.toml", "Error: metrics.toml sets no limits."),
            (".", "Error: Invalid value for '--config': File '.' is a directory."),
            ("none", "Error: Invalid value for '--config': File 'none' does not exist."),
        ):
            result = run("check", "--config", name, cwd=tmp_path)
            assert (result.returncode, result.stdout) == (2, b"")
            assert result.stderr.decode().splitlines()[-1] == message


def bad(text: str, line: int | None, message: str) -> tuple[str, int | None, str]:
    """A text, the line of its error, and the message."""
    return text, line, message


OVERRIDE = f'[[overrides]]\npaths = ["a"]\nlimits.{AT_MOST_3}'
NO_CONDITION = (
    f"'=< 3' is not a condition for {TEMPLATES}: write OP VALUE, where OP is <= (at most),"
    " < (less than), >= (at least), > (more than), == (equal to), != (other than) or in (one of)."
)
NO_TEXT = f'a condition must be a string, as in {TEMPLATES} = "<= 3".'


class TestErrors:
    """Errors in configurations, with their lines."""

    @pytest.mark.parametrize(
        ("text", "line", "message"),
        [
            bad("[limits]\nx", 2, "not valid TOML: "),
            bad(f"[limits]\n{AT_MOST_3}{AT_MOST_3}", 3, "not valid TOML: "),
            bad(f'\n\n{TEMPLATES} = "<= 3', 3, "not valid TOML: "),
            bad("[limits]\na = [\n", 2, "not valid TOML: "),
            bad("\n[limts]\n", 2, "unknown key 'limts'. Did you mean 'limits'?"),
            bad("x.y = 1\n", 1, "unknown key 'x'."),
            bad(f"{OVERRIDE}[overrides.total]", 4, "unknown key 'total'."),
            bad(f"{OVERRIDE}path = 'b'", 4, "unknown key 'path'. Did you mean 'paths'?"),
            bad(f"#\n{OVERRIDE}{OVERRIDE}total.x = 1", 8, "unknown key 'total'."),
            bad(
                f'\n[limits]\n{AT_MOST_3}form.embeded = "<= 3"',
                4,
                f"No payload has the value 'form.embeded'. Did you mean '{EMBEDDED}'?",
            ),
            # Only the command line accepts short keys.
            bad(
                '\n[limits]\nform.embedded = "<= 3"',
                3,
                f"No payload has the value 'form.embedded'. Did you mean '{EMBEDDED}' or",
            ),
            bad(
                f'\n[limits]\n{TEMPLATES}s = "<= 3"',
                3,
                f"No payload has the value '{TEMPLATES}s'. Did you mean '{TEMPLATES}'?",
            ),
            bad(f'[limits]\n{TEMPLATES} = "=< 3"', 2, NO_CONDITION),
            bad(f'[limits]\n# {TEMPLATES}\n\n{TEMPLATES} = "=< 3"', 4, NO_CONDITION),
            bad(f'[limits]\n{TEMPLATES} = [\n  "<= 3",\n  "=< 3",\n]\n', 2, NO_CONDITION),
            bad(f'[limits]\n{TEMPLATES} = """\n\n=< 3\n"""', 2, NO_CONDITION),
            bad(f"[limits]\n{TEMPLATES} = 3", 2, NO_TEXT),
            bad(
                f"[limits]\n{TEMPLATES} = 7",
                2,
                f'a condition must be a string, as in {TEMPLATES} = "<= 7".',
            ),
            bad(f"[limits]\n{TEMPLATES} = true", 2, NO_TEXT),
            bad(f"[limits]\n{TEMPLATES} = 2026-01-01", 2, NO_TEXT),
            bad(f"[limits]\n{TEMPLATES} = [['<= 3']]", 2, NO_TEXT),
            bad("#\nlimits = 3", 2, "limits must be a table: [limits]."),
            bad("[[limits]]", 1, "limits must be a table: [limits]."),
            bad("total = ''", 1, "total must be a table: [total]."),
            bad(
                f'[total]\n{VERSION} = ">= 8"',
                2,
                f"{VERSION} is not a number, so it has no total.",
            ),
            bad("[overrides]", 1, "overrides must be a list of tables: [[overrides]]."),
            bad("overrides = ['a']", 1, "overrides must be a table: [overrides]."),
            bad(f"{OVERRIDE}\n[[overrides]]\npaths = ['a']", 5, "an override needs limits."),
            bad(f"{OVERRIDE}\n[[overrides]]\nlimits = {{}}", 5, "an override needs paths."),
            bad("[[overrides]]\npaths = []\nlimits = {}", 2, "paths is empty."),
            bad("[[overrides]]\nlimits = {}\npaths = 3", 3, "paths must be a list of patterns"),
            bad(
                "[[overrides]]\nlimits = {}\npaths = ['a', 3]",
                3,
                "paths must be a list of patterns",
            ),
            bad(
                "[[overrides]]\nlimits = {}\npaths = ['', 'a']",
                3,
                "'' is not a pattern: it matches no",
            ),
            bad(
                "[[overrides]]\nlimits = {}\npaths = ['# a']",
                3,
                "'# a' is not a pattern: it matches no",
            ),
            bad("[[overrides]]\nlimits = {}\npaths = ['/']", 3, "'/' is not a pattern"),
            bad("[[overrides]]\nlimits = {}\npaths = ['!']", 3, "'!' is not a pattern"),
            bad(f"{OVERRIDE}{OVERRIDE}".replace("<=", "=<"), 3, NO_CONDITION),
            bad(OVERRIDE + OVERRIDE.replace("<=", "=<"), 6, NO_CONDITION),
            bad(
                "overrides = [\n"
                f'  {{ paths = ["a"], limits = {{ {TEMPLATES} = "<= 3" }} }},\n'
                f'  {{ paths = ["b"], limits = {{ {TEMPLATES} = "=< 3" }} }},\n'
                "]",
                3,
                NO_CONDITION,
            ),
            bad("[limits]\nx = " + "1" * 5000, 2, "not valid TOML: "),
            bad("exclude = 3", 1, "exclude must be a list of patterns"),
            bad("\nexclude = []", 2, "exclude is empty."),
            bad("a = " + "[" * 100_000, None, "nested too deeply."),
        ],
    )
    def test_lines(self, tmp_path: Path, text: str, line: int | None, message: str) -> None:
        with pytest.raises(ConfigurationError) as raised:
            of_text(tmp_path, text)
        assert raised.value.message.startswith(message)
        assert raised.value.line == line
        assert raised.value.path == str(tmp_path / "metrics.toml")

    def test_shared_file(self, tmp_path: Path) -> None:
        text = f'[tool.metrics.limits]\n{TEMPLATES} = "<= 3"\n[tool.metrics.limit]'
        with pytest.raises(ConfigurationError, match=r"pyproject\.toml:3: unknown key 'limit'"):
            of_text(tmp_path, text, "pyproject.toml")
        with pytest.raises(
            ConfigurationError, match=r"pyproject\.toml:2: tool\.metrics must be a table"
        ):
            of_text(tmp_path, "[tool]\nmetrics = 3", "pyproject.toml")

    def test_other_encodings_are_refused(self, tmp_path: Path) -> None:
        (tmp_path / "metrics.toml").write_bytes(b"[limits]\n# Stra\xdfe\n")
        with pytest.raises(ConfigurationError, match=r"metrics\.toml:2: not UTF-8\."):
            read_configuration(str(tmp_path / "metrics.toml"), str(tmp_path))

    def test_too_large(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigurationError, match="it is larger than 1,048,576 bytes"):
            of_text(tmp_path, " " * (1024 * 1024 + 1))

    def test_command(self, tmp_path: Path) -> None:
        text = f'[limits]\n{TEMPLATES} = "=< 3"'
        write(tmp_path, {"one/metrics.toml": text, "one/a.bpmn": embedded(0), "b.bpmn": b"<"})
        path = tmp_path / "one" / "metrics.toml"
        for arguments, name in (
            (["one"], path),
            (["--config", "one/metrics.toml"], "one/metrics.toml"),
        ):
            result = run("check", "--limit", NONE, *arguments, cwd=tmp_path)
            assert (result.returncode, result.stdout) == (2, b"")
            assert result.stderr.decode().splitlines()[-1] == f"Error: {name}:2: {NO_CONDITION}"

    def test_names_are_escaped_for_terminals(self, tmp_path: Path) -> None:
        folder = tmp_path / "a\n\x1b[31mb"
        write(folder, {"metrics.toml": '[limits]\n"a\\n\\u001bb" = "<= 3"', "a.bpmn": embedded(0)})
        result = run("check", folder)
        assert result.returncode == 2
        assert b"\x1b" not in result.stderr
        (line,) = result.stderr.decode().splitlines()
        assert line.startswith(f"Error: {tmp_path}/a\\n\\x1b[31mb/metrics.toml")
        assert line.endswith(": No payload has the value 'a\\n\\x1bb'.")

    @pytest.mark.skipif(os.geteuid() == 0, reason="root can read everything")
    def test_no_permission(self, tmp_path: Path) -> None:
        write(tmp_path, {"metrics.toml": "", "a.bpmn": embedded(0)})
        (tmp_path / "metrics.toml").chmod(0)
        result = run("check", "--limit", NONE, cwd=tmp_path)
        assert result.returncode == 2
        assert result.stderr.decode() == f"Error: {tmp_path}/metrics.toml: Permission denied\n"

    @pytest.mark.skipif(not Path("/proc/self/mem").is_file(), reason="needs Linux")
    def test_unreadable(self, tmp_path: Path) -> None:
        (tmp_path / "a.bpmn").write_bytes(embedded(0))
        # Nobody can read its first bytes, not even root.
        (tmp_path / "metrics.toml").symlink_to("/proc/self/mem")
        result = run("check", "--limit", NONE, cwd=tmp_path)
        assert result.returncode == 2
        assert result.stderr.decode() == f"Error: {tmp_path}/metrics.toml: Input/output error\n"


class TestExclude:
    """Excluded diagrams are not checked, however they are given."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        limits = f'limits.{EMBEDDED} = "<= 0"\nexclude = ["old/", "broken.bpmn"]'
        files: dict[str, bytes | str] = {"metrics.toml": limits}
        files |= dict.fromkeys(("a.bpmn", "old/a.bpmn", "old/b/c.bpmn"), embedded(1))
        write(tmp_path, files | {"broken.bpmn": b"<", "sub/old.bpmn": b"<"})
        return tmp_path

    def test_other_diagrams_are_checked(self, folder: Path) -> None:
        result = run("check", "-f", "json", cwd=folder)
        record = json.loads(result.stdout)
        assert result.returncode == 2
        assert [violation["file"] for violation in record["violations"]] == ["a.bpmn"]
        assert [failure["file"] for failure in record["failures"]] == ["sub/old.bpmn"]

    @pytest.mark.parametrize(
        "path", ["broken.bpmn", "old", "old/a.bpmn", "./old/b/c.bpmn", "sub/../old/a.bpmn"]
    )
    def test_named(self, folder: Path, path: str) -> None:
        # A check of nothing does not pass, but a hook passes a file that it may not check.
        result = run("check", path, cwd=folder)
        assert (result.returncode, result.stdout) == (2, b"")
        first = path + ("/a.bpmn" if path == "old" else "")
        assert result.stderr.decode() == (
            f"Error: no diagram was checked: all diagrams, such as {first},"
            " are ignored or excluded.\n"
        )
        result = run("check", "--force-exclude", path, cwd=folder)
        assert result.returncode == (2 if path == "old" else 0)

    def test_standard_input(self, folder: Path) -> None:
        arguments = ["check", "--stdin-filename"]
        result = run(*arguments, "broken.bpmn", "-", cwd=folder, stdin=b"<")
        assert result.returncode == 2
        assert b"such as broken.bpmn" in result.stderr
        result = run(*arguments, "broken.bpmn", "--force-exclude", "-", cwd=folder, stdin=b"<")
        assert result.returncode == 0
        result = run(*arguments, "other.bpmn", "--force-exclude", "-", cwd=folder, stdin=b"<")
        assert result.returncode == 2

    def test_from_elsewhere(self, folder: Path) -> None:
        assert run("check", folder / "old").returncode == 2
        # With --config, patterns are relative to the current folder.
        arguments = ("check", "--config", folder / "metrics.toml")
        assert run(*arguments, folder / "old", cwd=folder / "sub").returncode == 1
        assert run(*arguments, "old", cwd=folder).returncode == 2


def test_tables_with_the_name_of_the_distribution(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": f'\n[tool.bpmn-metrics.limits]\n{EMBEDDED} = "<= 0"'})
    with pytest.raises(ConfigurationError) as raised:
        Configurations().of_folder(str(tmp_path))
    assert (raised.value.message, raised.value.line) == (
        "the configuration belongs in [tool.metrics].",
        2,
    )


def test_missing_version_is_one_violation(tmp_path: Path) -> None:
    limits = 'limits.executionPlatformVersion = [">= 7.21", "< 9"]'
    write(tmp_path, {"a.bpmn": embedded(0), "metrics.toml": limits})
    (violation,) = checked(cwd=tmp_path)["violations"]
    assert (violation["limit"], violation["value"]) == (">= 7.21", None)


def test_search_for_the_line_of_an_error_is_bounded(tmp_path: Path) -> None:
    # The key could be in each of the comments.
    with pytest.raises(ConfigurationError, match="No payload has the value"):
        of_text(tmp_path, "[limits]\n" + "# embeded\n" * 50_000 + 'embeded = "<= 1"')
