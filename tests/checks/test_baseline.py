"""Baselines: existing violations are tolerated until they get worse."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any

import pytest
from support.checking import (
    EMBEDDED,
    NESTING,
    NONE,
    PLATFORM,
    USER_TASKS,
    VARIABLES,
    VERSION,
    checked,
    embedded,
    of_version,
    write,
)
from support.command import run
from support.diagrams import NAMESPACES, ZEEBE, process

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

BASELINE = "baseline.ndjson"
OUTDATED = "The baseline is out of date; update it with --write-baseline:"


def entry(value: int | str | None, *, key: str = EMBEDDED, **of: str) -> str:
    """A line of a baseline, as documented."""
    return json.dumps({**of, "key": key, "value": value}, separators=(",", ":")) + "\n"


def against(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Check a folder with its baseline."""
    return run("check", "--limit", NONE, "--baseline", BASELINE, *arguments, cwd=folder)


def rewritten(folder: Path, *arguments: str) -> str:
    """The baseline of a folder after `--write-baseline`."""
    against(folder, "--write-baseline", *arguments)
    return (folder / BASELINE).read_text("utf-8")


def improvements(folder: Path, *arguments: str) -> list[dict[str, Any]]:
    """The improvements on the baseline of a folder."""
    record = checked("--limit", NONE, "--baseline", BASELINE, *arguments, cwd=folder)
    listed: list[dict[str, Any]] = record["improvements"]
    return listed


class TestTolerating:
    """A value in a baseline is not a violation unless it got worse."""

    @pytest.mark.parametrize(
        ("known", "status", "conclusion"),
        [
            (4, 1, "1 diagram checked, 1 violation in 1 diagram."),
            (5, 0, "1 diagram checked, no violations, 1 tolerated by the baseline."),
            (9, 0, "1 diagram checked, no violations, 1 tolerated by the baseline."),
        ],
    )
    def test_values(self, tmp_path: Path, known: int, status: int, conclusion: str) -> None:
        write(tmp_path, {"a.bpmn": embedded(5), BASELINE: entry(known, file="a.bpmn")})
        result = against(tmp_path)
        assert result.returncode == status
        assert result.stdout.decode().splitlines()[-1] == conclusion
        better = [{"file": "a.bpmn", "key": EMBEDDED, "baseline": 9, "value": 5}]
        expected = [record | {"tolerated": True} for record in better] if known == 9 else []
        assert improvements(tmp_path) == expected

    def test_worse_value_is_reported_with_its_elements(self, tmp_path: Path) -> None:
        write(tmp_path, {"a.bpmn": embedded(2), BASELINE: entry(1, file="a.bpmn")})
        assert against(tmp_path).stdout.decode().splitlines() == [
            f"a.bpmn:3: {EMBEDDED} is 2, its limit is <= 0",
            "    bpmn:UserTask T0  embedded  line 3",
            "    bpmn:UserTask T1  embedded  line 4",
            "1 diagram checked, 1 violation in 1 diagram.",
        ]

    @pytest.mark.parametrize(
        "other",
        [
            entry(9, file="b.bpmn"),
            entry(9, file="a.bpmn", key=USER_TASKS),
            entry(9),
            entry(9, configuration="metrics.toml"),
            "",
            "\n \n",
        ],
    )
    def test_other_entries_do_not_apply(self, tmp_path: Path, other: str) -> None:
        write(tmp_path, {"a.bpmn": embedded(1), BASELINE: other})
        assert against(tmp_path).returncode == 1

    def test_improvements(self, tmp_path: Path) -> None:
        lines = (entry(3, file=f"{name}.bpmn") for name in "abc")
        write(tmp_path, {"a.bpmn": embedded(2), "b.bpmn": embedded(0), BASELINE: "".join(lines)})
        assert improvements(tmp_path) == [
            {"file": "a.bpmn", "key": EMBEDDED, "baseline": 3, "value": 2, "tolerated": True},
            {"file": "b.bpmn", "key": EMBEDDED, "baseline": 3, "value": 0, "tolerated": False},
            {"file": "c.bpmn", "key": EMBEDDED, "baseline": 3, "gone": True},
        ]
        result = against(tmp_path)
        assert result.returncode == 0
        assert result.stdout.decode().splitlines() == [
            OUTDATED,
            f"    a.bpmn: {EMBEDDED} was 3, is 2",
            f"    b.bpmn: {EMBEDDED} was 3, is 0, within its limits",
            f"    c.bpmn: {EMBEDDED} was 3, the diagram no longer exists",
            "2 diagrams checked, no violations, 1 tolerated by the baseline.",
        ]
        assert rewritten(tmp_path) == entry(2, file="a.bpmn")

    def test_words_and_versions(self, tmp_path: Path) -> None:
        write(tmp_path, {"a.bpmn": of_version("7.9"), "b.bpmn": of_version(None)})
        limits = [f"{VERSION} >= 7.10", f"{PLATFORM} == Camunda Cloud"]
        options = [word for limit in limits for word in ("--limit", limit)]
        arguments = ["check", *options, "--baseline", BASELINE]
        assert run(*arguments, "--write-baseline", cwd=tmp_path).returncode == 0
        assert (tmp_path / BASELINE).read_text() == (
            entry("Camunda Platform", key=PLATFORM, file="a.bpmn")
            + entry("7.9", key=VERSION, file="a.bpmn")
            + entry("Camunda Platform", key=PLATFORM, file="b.bpmn")
            + entry(None, key=VERSION, file="b.bpmn")
        )
        assert run(*arguments, cwd=tmp_path).returncode == 0
        write(tmp_path, {"a.bpmn": of_version("7.8")})
        assert run(*arguments, cwd=tmp_path).returncode == 1
        write(tmp_path, {"a.bpmn": of_version("7.9.0"), "b.bpmn": of_version("7.9")})
        assert run(*arguments, cwd=tmp_path).returncode == 1

    def test_diagram_without_the_number(self, tmp_path: Path) -> None:
        # A diagram for Camunda 8 has no count of variables.
        cloud = process("", namespaces=f'{NAMESPACES} xmlns:zeebe="{ZEEBE}"')
        write(tmp_path, {"a.bpmn": cloud, BASELINE: entry(3, file="a.bpmn", key=VARIABLES)})
        printed = against(tmp_path).stdout.decode()
        assert f"a.bpmn: {VARIABLES} was 3, the diagram no longer has this number" in printed
        # Only a version is described so.
        assert "not stated" not in printed


class TestWriting:
    """The contents of a written baseline."""

    def test_sorted_and_stable(self, tmp_path: Path) -> None:
        names = ["b.bpmn", "a/z.bpmn", "a.bpmn", "ä.bpmn", "B.bpmn", 'q".bpmn']
        configuration = f'total.{EMBEDDED} = "<= 0"\nlimits.{USER_TASKS} = ["<= 0", "<= 1"]'
        files: dict[str, bytes | str] = {name: embedded(2) for name in names}
        write(tmp_path, files | {"metrics.toml": configuration})
        result = against(tmp_path, "--write-baseline")
        assert result.returncode == 0
        assert result.stderr.decode() == "metrics: wrote baseline.ndjson: 13 values\n"
        conclusion = "6 diagrams checked, no violations, 19 tolerated by the baseline.\n"
        assert result.stdout.decode() == conclusion
        first = (tmp_path / BASELINE).read_bytes()
        entries = [json.loads(line) for line in first.splitlines()]
        assert [(record.get("file"), record["key"]) for record in entries] == [
            (None, EMBEDDED),
            *((name, key) for name in sorted(names) for key in sorted((EMBEDDED, USER_TASKS))),
        ]
        assert entries[0] == {"configuration": "metrics.toml", "key": EMBEDDED, "value": 12}
        assert rewritten(tmp_path).encode() == first
        # The order of the diagrams does not matter.
        assert rewritten(tmp_path, "b.bpmn", "a", ".").encode() == first
        assert against(tmp_path).stdout.decode() == conclusion

    def test_worse_values_are_written(self, tmp_path: Path) -> None:
        write(tmp_path, {"a.bpmn": embedded(5), BASELINE: entry(4, file="a.bpmn")})
        assert rewritten(tmp_path) == entry(5, file="a.bpmn")

    def test_without_violations(self, tmp_path: Path) -> None:
        write(tmp_path, {"a.bpmn": embedded(0)})
        assert rewritten(tmp_path) == ""
        assert against(tmp_path).returncode == 0

    def test_entries_for_unchecked_diagrams_are_kept(self, tmp_path: Path) -> None:
        kept = entry(7, key=NESTING, configuration="one/metrics.toml") + entry(4, file="b.bpmn")
        gone = entry(3, file="c.bpmn")
        write(tmp_path, {"a.bpmn": embedded(1), "b.bpmn": embedded(9), BASELINE: kept + gone})
        write(tmp_path, {"one/metrics.toml": f'total.{NESTING} = "<= 3"'})
        assert rewritten(tmp_path, "a.bpmn") == (
            entry(7, key=NESTING, configuration="one/metrics.toml")
            + entry(1, file="a.bpmn")
            + entry(4, file="b.bpmn")
        )

    def test_entries_for_unmeasured_diagrams_are_kept(self, tmp_path: Path) -> None:
        known = entry(3, file="a.bpmn")
        write(tmp_path, {"a.bpmn": b"<", BASELINE: known})
        result = against(tmp_path, "--write-baseline")
        assert result.returncode == 2
        assert (tmp_path / BASELINE).read_text() == known
        assert improvements(tmp_path) == []

    def test_two_entries_of_a_merge_are_kept(self, tmp_path: Path) -> None:
        known = entry(3, file="a.bpmn") + entry(5, file="a.bpmn")
        write(tmp_path, {"a.bpmn": embedded(5), "b.bpmn": embedded(0), BASELINE: known})
        assert rewritten(tmp_path, "b.bpmn") in {known, entry(5, file="a.bpmn")}
        assert against(tmp_path).returncode == 0

    def test_unwritable_file(self, tmp_path: Path) -> None:
        write(tmp_path, {"a.bpmn": embedded(1)})
        arguments = ["--limit", NONE, "--baseline", "none/a", "--write-baseline"]
        result = run("check", *arguments, cwd=tmp_path)
        assert result.returncode == 2
        assert result.stderr == b"Error: cannot write none/a: No such file or directory\n"

    def test_missing_file(self, tmp_path: Path) -> None:
        write(tmp_path, {"a.bpmn": embedded(0)})
        result = against(tmp_path)
        assert (result.returncode, result.stdout) == (2, b"")
        assert result.stderr == (
            b"Error: baseline.ndjson: No such file or directory. Create it with --write-baseline.\n"
        )


class TestPaths:
    """Paths are relative to the folder of the baseline, whatever the current folder is."""

    def test_current_folder(self, tmp_path: Path) -> None:
        text = entry(1, file="../models/a.bpmn") + entry(2, file="../models/b/c.bpmn")
        models = {"models/a.bpmn": embedded(1), "models/b/c.bpmn": embedded(2)}
        write(tmp_path, {**models, "quality/baseline.ndjson": text})
        baseline = tmp_path / "quality" / BASELINE
        for folder, path in (
            ("", "models"),
            ("models", "."),
            ("models/b", ".."),
            ("quality", ".."),
        ):
            name = os.path.relpath(baseline, tmp_path / folder)
            for given in (name, str(baseline)):
                arguments = ["--limit", NONE, "--baseline", given, path]
                assert run("check", *arguments, cwd=tmp_path / folder).returncode == 0
                run("check", *arguments, "--write-baseline", cwd=tmp_path / folder)
                assert baseline.read_text() == text

    def test_baseline_moved_with_its_diagrams(self, tmp_path: Path) -> None:
        write(
            tmp_path, {"one/a.bpmn": embedded(1), "one/metrics.toml": f'total.{EMBEDDED} = "< 1"'}
        )
        rewritten(tmp_path / "one")
        (tmp_path / "one").rename(tmp_path / "two")
        assert against(tmp_path / "two").returncode == 0

    @pytest.mark.parametrize("raw_name", [b"\xff", "ä".encode(), b"a b\n", b"\\xff"])
    def test_unusual_names(self, tmp_path: Path, raw_name: bytes) -> None:
        name = os.fsdecode(raw_name)
        write(tmp_path, {f"{name}/{name}.bpmn": embedded(1)})
        for folder in (tmp_path, tmp_path / name):
            assert len(rewritten(folder).splitlines()) == 1
            assert against(folder).returncode == 0
            assert improvements(folder) == []

    @pytest.mark.parametrize("raw_name", [b"\xff", "ä".encode()])
    def test_unusual_names_of_configurations(self, tmp_path: Path, raw_name: bytes) -> None:
        name = os.fsdecode(raw_name)
        write(
            tmp_path,
            {f"{name}/a.bpmn": embedded(1), f"{name}/metrics.toml": f'total.{EMBEDDED} = "<= 0"'},
        )
        arguments = ["check", "--baseline", BASELINE]
        assert run(*arguments, "--write-baseline", cwd=tmp_path).returncode == 0
        assert run(*arguments, cwd=tmp_path).returncode == 0

    def test_standard_input(self, tmp_path: Path) -> None:
        write(tmp_path, {BASELINE: entry(1, file="models/a.bpmn")})
        arguments = ["check", "--limit", NONE, "--baseline", BASELINE, "-"]
        for name, count, status in (("a", 1, 0), ("a", 2, 1), ("b", 1, 1)):
            options = ["--stdin-filename", f"models/{name}.bpmn"]
            result = run(*arguments, *options, cwd=tmp_path, stdin=embedded(count))
            assert result.returncode == status


class TestMerges:
    """After a merge, a number can have two entries: both are tolerated."""

    @pytest.mark.parametrize("order", [1, -1])
    @pytest.mark.parametrize(("value", "status"), [(5, 0), (4, 0), (3, 0), (6, 1)])
    def test_two_entries(self, tmp_path: Path, order: int, value: int, status: int) -> None:
        lines = [entry(3, file="a.bpmn"), entry(5, file="a.bpmn")][::order]
        write(tmp_path, {"a.bpmn": embedded(value), BASELINE: "".join(lines)})
        assert against(tmp_path).returncode == status
        assert rewritten(tmp_path) == entry(value, file="a.bpmn")

    def test_conflict_markers(self, tmp_path: Path) -> None:
        text = (
            f"{entry(1, file='0.bpmn')}<<<<<<< HEAD\n{entry(3, file='a.bpmn')}=======\n"
            f"{entry(5, file='a.bpmn')}>>>>>>> other\n"
        )
        write(tmp_path, {"a.bpmn": embedded(1), BASELINE: text})
        for arguments in ([], ["--write-baseline"]):
            result = against(tmp_path, *arguments)
            assert (result.returncode, result.stdout) == (2, b"")
            assert result.stderr.startswith(b"Error: baseline.ndjson:2: unresolved merge conflict.")
            assert (tmp_path / BASELINE).read_text() == text

    def test_line_ends(self, tmp_path: Path) -> None:
        text = "\r\n".join(entry(1, file=f"{name}.bpmn")[:-1] for name in "ab")
        write(tmp_path, {"a.bpmn": embedded(1), "b.bpmn": embedded(1), BASELINE: text})
        assert against(tmp_path).returncode == 0

    @pytest.mark.parametrize(
        ("line", "message"),
        [
            ("[]", "it is not an object"),
            ("3", "it is not an object"),
            ('{"file":"a","value":3}', "its key cannot have a limit"),
            (entry(3, key="x", file="a"), "its key cannot have a limit"),
            ('{"key":["a"],"value":3}', "its key cannot have a limit"),
            (f'{{"file":"a","key":"{EMBEDDED}"}}', "it has no value"),
            (entry("3", file="a"), "its value is not a number"),
            (entry(None, file="a"), "its value is not a number"),
            (f'{{"key":"{EMBEDDED}","value":true}}', "its value is not a number"),
            (f'{{"key":"{EMBEDDED}","value":3.0}}', "its value is not a number"),
            (entry(3, file="a", key=VERSION), "its value is not a version"),
            (entry(3, file=""), "its file or configuration is not a path"),
            (
                f'{{"file":3,"key":"{EMBEDDED}","value":3}}',
                "its file or configuration is not a path",
            ),
            (entry(3, file="a", configuration="b"), "it has both a file and a configuration"),
            (entry(3, file="a", line="3"), "unknown key 'line'"),
            ("{", ""),
        ],
    )
    def test_malformed_entries(self, tmp_path: Path, line: str, message: str) -> None:
        write(tmp_path, {"a.bpmn": embedded(0), BASELINE: f"\n{line}"})
        result = against(tmp_path)
        assert (result.returncode, result.stdout) == (2, b"")
        expected = f"Error: baseline.ndjson:2: not a baseline entry: {message}"
        assert result.stderr.decode().startswith(expected)


class TestTotals:
    """Entries for totals."""

    def test_option(self, tmp_path: Path) -> None:
        write(tmp_path, {"a.bpmn": embedded(2), "b.bpmn": embedded(1)})
        arguments = ["check", "--total", NONE, "--baseline", BASELINE]
        assert run(*arguments, "--write-baseline", cwd=tmp_path).returncode == 0
        assert (tmp_path / BASELINE).read_text() == entry(3)
        assert run(*arguments, cwd=tmp_path).returncode == 0
        write(tmp_path, {"b.bpmn": embedded(2)})
        assert run(*arguments, cwd=tmp_path).returncode == 1
        write(tmp_path, {"b.bpmn": embedded(0)})
        result = run(*arguments, cwd=tmp_path)
        assert result.returncode == 0
        assert result.stdout.decode().splitlines()[1:] == [
            f"    the total of {EMBEDDED} was 3, is 2",
            "2 diagrams checked, no violations, 1 tolerated by the baseline.",
        ]

    def test_configuration(self, tmp_path: Path) -> None:
        files: dict[str, bytes | str] = {}
        for name, count in (("one", 2), ("two", 3)):
            files[f"{name}/metrics.toml"] = f'total.{EMBEDDED} = "<= 1"'
            files[f"{name}/a.bpmn"] = embedded(count)
        write(tmp_path, files)
        arguments = ["check", "--baseline", BASELINE]
        assert run(*arguments, "--write-baseline", cwd=tmp_path).returncode == 0
        both = entry(2, configuration="one/metrics.toml") + entry(
            3, configuration="two/metrics.toml"
        )
        assert (tmp_path / BASELINE).read_text() == both
        # The entry of the other configuration is kept.
        write(tmp_path, {"two/a.bpmn": embedded(1)})
        run(*arguments, "--write-baseline", "one", cwd=tmp_path)
        assert (tmp_path / BASELINE).read_text() == both
        record = checked("--baseline", BASELINE, cwd=tmp_path)
        assert (record["tolerated"], record["violations"]) == (1, [])
        better = {"key": EMBEDDED, "baseline": 3, "value": 1, "tolerated": False}
        assert record["improvements"] == [better]


class TestPartOfAPortfolio:
    """A total over some of its diagrams does not improve on its baseline."""

    @pytest.fixture
    def portfolio(self, tmp_path: Path) -> Path:
        files = {"a/a.bpmn": embedded(3), "b/b.bpmn": embedded(2)}
        write(tmp_path, files | {"metrics.toml": f'total.{EMBEDDED} = "<= 1"'})
        assert self.check(tmp_path, "--write-baseline").returncode == 0
        return tmp_path

    TOTAL = '{"configuration":"metrics.toml","key":"' + EMBEDDED + '","value":5}\n'

    def check(self, folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        return run("check", "--baseline", BASELINE, *arguments, cwd=folder)

    @pytest.mark.parametrize("paths", [["a"], ["a/a.bpmn"], ["a/a.bpmn", "b"]])
    def test_part_neither_improves_nor_changes_the_entry(
        self, portfolio: Path, paths: list[str]
    ) -> None:
        assert (portfolio / BASELINE).read_text() == self.TOTAL
        result = self.check(portfolio, *paths)
        assert (result.returncode, OUTDATED.encode() in result.stdout) == (0, False)
        assert self.check(portfolio, "--write-baseline", *paths).returncode == 0
        assert (portfolio / BASELINE).read_text() == self.TOTAL

    def test_part_that_is_worse_breaks_the_limit(self, portfolio: Path) -> None:
        (portfolio / "a/a.bpmn").write_bytes(embedded(6))
        assert self.check(portfolio, "a").returncode == 1
        assert self.check(portfolio, "--write-baseline", "a").returncode == 0
        assert (portfolio / BASELINE).read_text() == self.TOTAL.replace("5", "6")

    @pytest.mark.parametrize("paths", [["."], ["a/.."], ["a", "b"], ["a/a.bpmn", "b/b.bpmn"]])
    def test_all_parts_together(self, portfolio: Path, paths: list[str]) -> None:
        (portfolio / "a/a.bpmn").write_bytes(embedded(1))
        result = self.check(portfolio, *paths)
        assert (result.returncode, OUTDATED.encode() in result.stdout) == (0, True)
        assert self.check(portfolio, "--write-baseline", *paths).returncode == 0
        assert (portfolio / BASELINE).read_text() == self.TOTAL.replace("5", "3")

    def test_diagrams_outside_the_portfolio_do_not_matter(self, portfolio: Path) -> None:
        # Some have their own configuration, some are excluded.
        configuration = (portfolio / "metrics.toml").read_text()
        write(portfolio, {"metrics.toml": f'exclude = ["out/"]\n{configuration}'})
        write(portfolio, {"own/metrics.toml": "limits = {}", "own/c.bpmn": embedded(4)})
        write(portfolio, {"out/d.bpmn": embedded(4), "a/a.bpmn": embedded(1)})
        assert self.check(portfolio, "--write-baseline", "a", "b").returncode == 0
        assert (portfolio / BASELINE).read_text() == self.TOTAL.replace("5", "3")

    def test_unmeasured_diagram(self, portfolio: Path) -> None:
        (portfolio / "b/b.bpmn").write_bytes(b"<")
        result = self.check(portfolio, "--write-baseline")
        assert (result.returncode, OUTDATED.encode() in result.stdout) == (2, False)
        assert (portfolio / BASELINE).read_text() == self.TOTAL

    def test_lower_bound_does_not_apply_to_a_part(self, portfolio: Path) -> None:
        (portfolio / "metrics.toml").write_text(f'total.{EMBEDDED} = ">= 10"')
        assert self.check(portfolio, "--write-baseline").returncode == 0
        assert self.check(portfolio, "--write-baseline", "a").returncode == 0
        assert (portfolio / BASELINE).read_text() == self.TOTAL
        # That is also so without a baseline.
        (portfolio / BASELINE).unlink()
        assert run("check", "a", cwd=portfolio).returncode == 0
        assert run("check", cwd=portfolio).returncode == 1

    def test_option_for_the_same_key(self, portfolio: Path) -> None:
        result = self.check(portfolio, "--total", f"{EMBEDDED} <= 9", "--write-baseline")
        assert result.returncode == 0
        assert (portfolio / BASELINE).read_text() == self.TOTAL

    @pytest.mark.parametrize("is_there", [False, True])
    def test_total_without_a_limit_leaves_the_baseline(
        self, portfolio: Path, is_there: bool
    ) -> None:
        if is_there:
            (portfolio / "metrics.toml").write_text(f'total.{NESTING} = "<= 9"')
        else:
            (portfolio / "metrics.toml").unlink()
        arguments = ("--limit", f"{EMBEDDED} <= 9")
        printed = self.check(portfolio, *arguments, "a").stdout.decode()
        assert f"the total of {EMBEDDED} was 5, it has no limit now" in printed
        assert self.check(portfolio, *arguments, "--write-baseline", "a").returncode == 0
        assert (portfolio / BASELINE).read_text() == ""


def test_summary_of_a_written_baseline(tmp_path: Path) -> None:
    known = {"gone": 1, "less": 9, "more": 1, "same": 2, "fixed": 1}
    lines = "".join(entry(value, file=f"{name}.bpmn") for name, value in known.items())
    now = {"less": 3, "more": 4, "same": 2, "fixed": 0, "new": 1}
    files: dict[str, bytes | str] = {f"{name}.bpmn": embedded(value) for name, value in now.items()}
    write(tmp_path, files | {BASELINE: lines})
    assert against(tmp_path, "--write-baseline").stderr.decode() == (
        "metrics: wrote baseline.ndjson: 4 values, 1 added, 2 removed, 2 changed\n"
    )


class TestManyEntries:
    """A baseline of any size: entries for what no longer exists are counted, the first listed."""

    def test_gone(self, tmp_path: Path) -> None:
        diagrams = (entry(3, file=f"{number:02}.bpmn") for number in range(25))
        totals = (entry(3, configuration=f"{number:02}.toml") for number in range(12))
        write(tmp_path, {"a.bpmn": embedded(0), BASELINE: "".join([*totals, *diagrams])})
        record = json.loads(against(tmp_path, "-f", "json").stdout)
        assert record["gone"] == 37
        assert [better.get("file") for better in record["improvements"]] == [
            *[None] * 10,
            *(f"{number:02}.bpmn" for number in range(10)),
        ]
        text = against(tmp_path).stdout.decode().splitlines()
        assert text[1] == f"    the total of {EMBEDDED} was 3, it has no limit now"
        assert text[-2:] == [
            "    and 17 more values of missing diagrams and of totals without a limit",
            "1 diagram checked, no violations.",
        ]
        assert len(text) == 23
        log = against(tmp_path, "-f", "github").stdout.decode().splitlines()
        assert log[-2] == "27 more notices not shown as annotations."
        for name in ("sarif", "junit", "csv"):
            assert b".toml" not in against(tmp_path, "-f", name).stdout
        assert rewritten(tmp_path) == ""

    @pytest.mark.slow
    def test_time_and_output_grow_with_the_number(self, tmp_path: Path) -> None:
        write(tmp_path, {"a.bpmn": embedded(0)})
        seconds = []
        for count in (25_000, 100_000):
            lines = (entry(3, file=f"in/a/folder/{number}.bpmn") for number in range(count))
            (tmp_path / BASELINE).write_text("".join(lines))
            start = time.process_time()
            result = against(tmp_path)
            seconds.append(time.process_time() - start)
            assert f"and {count - 10:,} more values" in result.stdout.decode()
            assert len(result.stdout) < 2000
        # Four times the entries take four times as long; the square would be sixteen times.
        assert seconds[1] < 9 * seconds[0]

    def test_byte_order_mark_and_blank_lines(self, tmp_path: Path) -> None:
        lines = f"\ufeff{entry(3, file='a.bpmn')}\n \n".replace("\n", "\r\n")
        write(tmp_path, {"a.bpmn": embedded(3), BASELINE: lines})
        assert against(tmp_path).returncode == 0

    def test_errors_are_cut(self, tmp_path: Path) -> None:
        write(tmp_path, {"a.bpmn": embedded(0), BASELINE: json.dumps({"\x1b" * 5000: 1})})
        result = against(tmp_path)
        (line,) = result.stderr.decode().splitlines()
        assert line.startswith("Error: baseline.ndjson:1: not a baseline entry: unknown key '\\x1b")
        assert len(line) == len("Error: ") + 1000


class TestRules:
    """Entries of fragments of our own hold the version of the fragment's rules."""

    KEY = "elements.flowNodes.count"

    def written(self, folder: Path) -> dict[str, Any]:
        """The entry of a diagram with three flow nodes."""
        write(folder, {"a.bpmn": embedded(3)})
        words = ["--limit", f"{self.KEY} <= 1", "--baseline", BASELINE]
        assert run("check", *words, "--write-baseline", cwd=folder).returncode == 0
        record: dict[str, Any] = json.loads((folder / BASELINE).read_text())
        return record

    def checked_with(
        self, folder: Path, line: dict[str, Any]
    ) -> subprocess.CompletedProcess[bytes]:
        (folder / BASELINE).write_text(json.dumps(line) + "\n")
        return run("check", "--limit", f"{self.KEY} <= 1", "--baseline", BASELINE, cwd=folder)

    def test_written(self, tmp_path: Path) -> None:
        record = self.written(tmp_path)
        assert [*record.items()] == [
            ("file", "a.bpmn"),
            ("key", self.KEY),
            ("rules", 1),
            ("value", 3),
        ]
        result = self.checked_with(tmp_path, record)
        assert (result.returncode, result.stderr) == (0, b"")

    @pytest.mark.parametrize("rules", [{}, {"rules": 2}, {"rules": None}])
    def test_other_rules(self, tmp_path: Path, rules: dict[str, int]) -> None:
        line = self.written(tmp_path)
        del line["rules"]
        result = self.checked_with(tmp_path, line | rules)
        assert result.returncode == 1
        assert result.stderr.decode() == (
            "baseline.ndjson: warning: 1 value of elements not tolerated (counted by another"
            " version of its rules); update it with --write-baseline\n"
        )
        assert self.written(tmp_path)["rules"] == 1

    @pytest.mark.parametrize("rules", ["1", True, 1.0, []])
    def test_malformed_rules(self, tmp_path: Path, rules: Any) -> None:
        result = self.checked_with(tmp_path, self.written(tmp_path) | {"rules": rules})
        assert result.returncode == 2
        assert b"its rules are not those of a fragment" in result.stderr

    def test_documented_keys_have_no_rules(self, tmp_path: Path) -> None:
        write(tmp_path, {"a.bpmn": embedded(3), BASELINE: entry(3, file="a.bpmn", rules="1")})
        assert against(tmp_path).returncode == 2

    def test_large_value(self, tmp_path: Path) -> None:
        """A number beyond those that all readers of JSON know exactly is a fraction."""
        flows = "".join(
            f'<bpmn:sequenceFlow id="F{number}" sourceRef="G" targetRef="T"/>'
            for number in range(60)
        )
        gateway = f'<bpmn:inclusiveGateway id="G"/><bpmn:task id="T"/>{flows}'
        write(tmp_path, {"a.bpmn": process(gateway)})
        words = ["--limit", "complexity.controlFlowComplexity <= 1", "--baseline", BASELINE]
        assert run("check", *words, "--write-baseline", cwd=tmp_path).returncode == 0
        assert run("check", *words, cwd=tmp_path).returncode == 0
