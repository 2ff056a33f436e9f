"""Configuration files: bounds, marks and names; `tests/checks/test_configuration.py` has limits."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pytest
from support.checking import EMBEDDED, broken, embedded, write
from support.command import run

from metrics.checks.configuration import MAX_VALUES
from metrics.configuration.files import (
    MAX_BYTES_PARSED_AGAIN,
    MAX_CONFIGURATION_BYTES,
    ConfigurationError,
    folders_to_search,
    read_named_file,
)

if TYPE_CHECKING:
    from pathlib import Path

KEY_OF_32_PARTS = ".".join("a" * 32)


def read(folder: Path, text: str, name: str = "metrics.toml") -> str:
    """Read a configuration without settings that have a meaning; returns the error."""
    path = folder / name
    path.write_text(text)
    with pytest.raises(ConfigurationError) as error:
        read_named_file(str(path), lambda *_: None)
    return str(error.value).removeprefix(f"{folder}/")


def error_of_check(folder: Path, text: str) -> str:
    """The only line that a check prints, which refuses a configuration."""
    write(folder, {"metrics.toml": text, "a.bpmn": embedded(1)})
    result = run("check", cwd=folder)
    assert (result.returncode, result.stdout) == (2, b"")
    (line,) = result.stderr.decode().splitlines()
    return line.removeprefix(f"Error: {folder}/")


class TestBounds:
    """What would take long to read is refused."""

    @pytest.mark.parametrize(
        "text",
        [
            f"\n{KEY_OF_32_PARTS}.a = 1",
            f"\n[{KEY_OF_32_PARTS}.a]",
            "\n" + ' . "a.b"' * 33,
            f"\ninclude = {{ {KEY_OF_32_PARTS} . 'a' = 1 }}",
            "\na" + ".a" * 2999 + " = 1",
        ],
    )
    def test_parts_of_a_key(self, tmp_path: Path, text: str) -> None:
        assert read(tmp_path, text) == "metrics.toml:2: a key has more than 32 parts."

    def test_key_with_as_many_parts_as_allowed(self, tmp_path: Path) -> None:
        assert read(tmp_path, f"{KEY_OF_32_PARTS} = 1") == "metrics.toml:1: unknown key 'a'."
        # Dots in texts separate no parts.
        assert read(tmp_path, f'"{KEY_OF_32_PARTS}.a" = 1').startswith("metrics.toml:1: unknown")

    @pytest.mark.parametrize("opening", ["[", "{a=", "[{a="])
    def test_nesting(self, tmp_path: Path, opening: str) -> None:
        text = "include = " + opening * 100_000
        assert read(tmp_path, text) == "metrics.toml: nested too deeply."

    @pytest.mark.parametrize(
        ("text", "table"),
        [
            (f"limits.{EMBEDDED} = [%s]", "limits"),
            (f"[total.diagramMetrics]\n{EMBEDDED.partition('.')[2]} = [%s]", "total"),
            ("[[overrides]]\nlimits = {}\npaths = [%s]", "overrides"),
        ],
    )
    def test_number_of_values(self, tmp_path: Path, text: str, table: str) -> None:
        too_many = '"<= 3",' * (MAX_VALUES + 1)
        error = error_of_check(tmp_path, text % too_many)
        assert error == f"metrics.toml:1: more than 10,000 values in {table}."
        write(tmp_path, {"metrics.toml": text % '"<= 3",' * MAX_VALUES})
        assert "more than" not in run("check", cwd=tmp_path).stderr.decode()

    @pytest.mark.parametrize(
        "line",
        [
            "a",
            "1.",
            "a . ",
            "'",
            '"a".',
            "a.'",
            " \t",
            f"{KEY_OF_32_PARTS} = 1\n",
            f"# {KEY_OF_32_PARTS}\n",
        ],
    )
    @pytest.mark.slow
    def test_time_grows_with_the_size(self, tmp_path: Path, line: str) -> None:
        # Time is linear in the size.
        start = time.process_time()
        content = line * (MAX_CONFIGURATION_BYTES // len(line))
        (tmp_path / "metrics.toml").write_text(content)
        result = run("scan", "--files-from", "/dev/null", cwd=tmp_path)
        assert b"Traceback" not in result.stderr
        assert time.process_time() - start < 20

    def test_errors_are_cut(self, tmp_path: Path) -> None:
        error = error_of_check(tmp_path, f'limits.{EMBEDDED} = "<= {"1" * 10_000}"')
        assert error.startswith(f"metrics.toml:1: {EMBEDDED} is a number, but '111")
        assert len(f"{tmp_path}/{error}") == 1000
        assert error.endswith("1…")

    def test_line_of_an_error_far_down(self, tmp_path: Path) -> None:
        # The file is parsed up to the line of the key, once.
        comments = "#\n" * (MAX_BYTES_PARSED_AGAIN // 4)
        assert read(tmp_path, f"{comments}b = 1") == "metrics.toml:262145: unknown key 'b'."


class TestText:
    """The text of a configuration."""

    @pytest.mark.parametrize("name", ["metrics.toml", "pyproject.toml"])
    def test_byte_order_mark(self, tmp_path: Path, name: str) -> None:
        prefix = "tool.metrics." if name == "pyproject.toml" else ""
        text = f'\ufeff{prefix}limits.{EMBEDDED} = "<= 0"'
        write(tmp_path, {name: text, "a.bpmn": embedded(1)})
        assert broken(cwd=tmp_path) == {"a.bpmn": 1}

    def test_pattern_with_nul(self, tmp_path: Path) -> None:
        error = error_of_check(tmp_path, '\nexclude = ["a\\u0000b"]')
        assert error == "metrics.toml:2: 'a\\x00b' is not a pattern: it matches no path."

    def test_prefix_of_the_shared_file(self, tmp_path: Path) -> None:
        write(tmp_path, {"p2.toml": "[tool.metrics]\nexclude = ['a']", "a.form": b"{}"})
        result = run("scan", "--config", "p2.toml", cwd=tmp_path)
        assert (result.returncode, result.stdout) == (2, b"")
        assert result.stderr.decode() == (
            "Error: p2.toml:1: only pyproject.toml has the prefix tool.metrics: write [limits].\n"
        )


class TestSearch:
    """The nearest configuration, up to the top of the repository."""

    def test_folders(self, tmp_path: Path) -> None:
        (tmp_path / "a" / ".git").mkdir(parents=True)
        inner = tmp_path / "a" / "b" / "c"
        assert [*folders_to_search(str(inner))] == [
            str(path) for path in (inner, inner.parent, tmp_path / "a")
        ]
        assert [*folders_to_search("/a")] == ["/a", "/"]

    def test_limits_above_the_repository(self, tmp_path: Path) -> None:
        limits = f'limits.{EMBEDDED} = "<= 0"'
        write(tmp_path, {"metrics.toml": limits, "a/b/a.bpmn": embedded(1)})
        assert broken("a", cwd=tmp_path) == {"a/b/a.bpmn": 1}
        (tmp_path / "a" / ".git").mkdir()
        result = run("check", "a", cwd=tmp_path)
        assert result.returncode == 2
        assert re.search(rb"Error: No limits: set them in", result.stderr)
