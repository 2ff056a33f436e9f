"""`metrics shards plan`, `status` and `collect`, and the folder of a plan in other commands."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from support.archives import zipped
from support.command import lines, run, run_process
from support.diagrams import process
from support.shards import run_all

if TYPE_CHECKING:
    from pathlib import Path

USER_TASK = process("<bpmn:userTask/>")
PLAN = ("shards", "plan", "m", "--out", "p", "--shards")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a manifest of five paths: three diagrams, a malformed file, and no file."""
    monkeypatch.chdir(tmp_path)
    for name in ("a.bpmn", "b.bpmn", "c.bpmn"):
        (tmp_path / name).write_bytes(USER_TASK)
    (tmp_path / "d.bpmn").write_bytes(b"<")
    (tmp_path / "m").write_text("a.bpmn\nb.bpmn\nc.bpmn\nd.bpmn\nnone.bpmn\n")
    return tmp_path


def error(*arguments: str, stdin: bytes = b"") -> str:
    """The last line of the message of a command that ends with status 2 and prints nothing."""
    result = run(*arguments, stdin=stdin)
    assert (result.returncode, result.stdout) == (2, b"")
    return result.stderr.decode().splitlines()[-1].removeprefix("Error: ")


def test_plan_status_collect(folder: Path) -> None:
    planned = run(*PLAN, "3")
    assert (planned.returncode, planned.stdout) == (0, b"")
    assert planned.stderr == b"metrics: 5 objects in 3 shards\n"
    status = run("shards", "status", "p")
    assert status.stdout == b"0 of 3 shards done, 0 of 5 objects\nmissing: 0-2\n"
    run_all(folder / "p", [2, 0])
    status = run("shards", "status", "p", "-f", "json")
    assert json.loads(status.stdout)["shards"]["missing"] == [1]
    assert error("shards", "collect", "p") == (
        "p/: 1 of 3 shards are not done (1): metrics shards run runs them."
    )
    run_all(folder / "p", [1])
    status = run("shards", "status", "p")
    assert status.stdout.decode().splitlines() == [
        "3 of 3 shards done, 5 of 5 objects",
        "1 object could not be read, in shards: 2",
        "3 diagrams measured",
        "1 diagram failed: malformed",
        "1 diagram failed: unreadable",
    ]
    collected = run("shards", "collect", "p")
    assert collected.stdout == run("scan", "--files-from", "m").stdout
    # One object in five could not be read.
    assert collected.returncode == 2
    assert collected.stderr.decode().splitlines() == [
        "metrics: 5 objects: 3 diagrams measured, 1 malformed, 1 unreadable",
        "Error: 1 of 5 objects could not be read: metrics shards run --unread reads them again.",
    ]


def test_few_unread_objects_are_no_failure(folder: Path) -> None:
    (folder / "m").write_text("a.bpmn\n" * 19 + "none.bpmn\n")
    run(*PLAN, "2")
    run_all(folder / "p")
    collected = run("shards", "collect", "p", "-q")
    assert (collected.returncode, collected.stderr) == (0, b"")
    assert len(lines(collected)) == 20


def test_exit_code(folder: Path) -> None:
    run(*PLAN, "2")
    run_all(folder / "p", [0])
    assert run("shards", "status", "p", "--exit-code").returncode == 1
    assert run("shards", "status", "p").returncode == 0
    run_all(folder / "p")
    assert run("shards", "status", "p", "--exit-code").returncode == 0


def test_markers_of_another_plan(folder: Path) -> None:
    run(*PLAN, "2")
    run_all(folder / "p")
    (folder / "p" / "plan.json").unlink()
    (folder / "m").write_text("a.bpmn\nb.bpmn\n")
    run(*PLAN, "2")
    status = run("shards", "status", "p").stdout.decode().splitlines()
    assert status == [
        "0 of 2 shards done, 0 of 2 objects",
        "made by another plan, will be run again: 0-1",
    ]


def test_plans_of_streams(folder: Path) -> None:
    for number, (options, stdin) in enumerate(
        ((["-"], b"a.bpmn\nb.bpmn\n"), (["-", "-0"], b"a.bpmn\0b.bpmn\0"))
    ):
        out = f"p{number}"
        result = run("shards", "plan", *options, "--shards", "9", "--out", out, stdin=stdin)
        assert (result.returncode, result.stderr) == (0, b"metrics: 2 objects in 2 shards\n")
    assert (folder / "p0/plan.json").read_bytes() == (folder / "p1/plan.json").read_bytes()


def test_options_of_a_plan(folder: Path) -> None:
    options = ("--max-size", "1M", "--max-total", "2G", "--timeout", "3", "--as", "operaton", "-q")
    result = run(*PLAN, "2", *options)
    assert (result.returncode, result.stderr) == (0, b"")
    record = json.loads((folder / "p" / "plan.json").read_bytes())
    assert record["options"] == {
        "maxSize": 2**20,
        "maxTotal": 2**31,
        "timeout": 3,
        "dialect": "operaton",
    }
    assert record["folder"] == str(folder)


def test_skipped_keys(folder: Path) -> None:
    (folder / "data").mkdir()
    rows = b"models,a.bpmn\nmodels,a.txt\nmodels,b.txt\nmodels,a%3A%3Ab.bpmn\nmodels,x.zip\n"
    (folder / "data" / "1.csv.gz").write_bytes(gzip.compress(rows))
    record = {"fileFormat": "CSV", "fileSchema": "Bucket, Key", "files": [{"key": "x/1.csv.gz"}]}
    (folder / "m").write_text(json.dumps(record))
    reasons = "1 with a name that cannot be read, 3 without the extension of a diagram"
    assert run(*PLAN, "9").stderr.decode().splitlines() == [
        "metrics: 1 object in 1 shard",
        f"metrics: skipped 4 keys: {reasons}",
    ]
    again = run("shards", "plan", "m", "--out", "q", "--shards", "9", "--archives")
    assert again.stderr.startswith(b"metrics: 2 objects in 2 shards\nmetrics: skipped 3 keys: ")


def test_an_empty_manifest(folder: Path) -> None:
    (folder / "m").write_text("")
    assert run(*PLAN, "3").stderr == b"metrics: 0 objects in 0 shards\n"
    assert run("shards", "status", "p", "--exit-code").returncode == 0
    collected = run("shards", "collect", "p")
    assert (collected.returncode, collected.stdout) == (0, b"")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"a\nb::c\n",
            "m:2: a chain of URLs (::) is refused: if it is a path, write ./ before it.",
        ),
        (b'{"url": "a"}\n{"url": "b", "size": "1"}\n', "m:2: size is not a number of bytes."),
        (b'{"url": "a", "\\n\\u001b[31m": 1}\n', "m:1: \\n\\x1b[31m is not known: use url, size,"),
    ],
)
def test_wrong_manifests(content: bytes, message: str, folder: Path) -> None:
    (folder / "m").write_bytes(content)
    assert error(*PLAN, "2").startswith(message)
    assert not (folder / "p").exists()


def test_folders_that_cannot_hold_a_plan(folder: Path) -> None:
    run(*PLAN, "2")
    assert error(*PLAN, "3") == (
        "p/plan.json: it is a different plan: choose another folder, or delete this plan."
    )
    assert run(*PLAN, "2").returncode == 0
    assert error("shards", "plan", "m", "--shards", "1", "--out", "m") == "m: File exists"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none", "none: No such file or directory"),
        (".", ".: it is not a file."),
        ("memory://b/m", "memory://b/m: the store has no such object"),
    ],
)
def test_no_manifest(name: str, message: str, folder: Path) -> None:
    assert error("shards", "plan", name, "--shards", "2", "--out", "p") == message
    assert not (folder / "p").exists()


@pytest.mark.parametrize("command", ["status", "collect"])
def test_no_plan(command: str, folder: Path) -> None:
    assert error("shards", command, "p") == "p/plan.json: No such file or directory"
    (folder / "plan.json").write_text("[]")
    message = "./plan.json: it is not a plan: make one with metrics shards plan."
    assert error("shards", command, ".") == message


def test_collected_file(folder: Path) -> None:
    (folder / "out").write_text("before")
    run(*PLAN, "2")
    run_all(folder / "p", [0])
    assert "1 of 2 shards are not done" in error("shards", "collect", "p", "-o", "out")
    run_all(folder / "p", [1])
    lines_of_shard = (folder / "p" / "out-1.ndjson.zst").read_bytes()
    (folder / "p" / "out-1.ndjson.zst").write_bytes(lines_of_shard[:-1])
    message = error("shards", "collect", "p", "-o", "out")
    assert message.startswith("p/out-1.ndjson.zst: it ends early. metrics shards run --shard 1 ")
    assert (folder / "out").read_text() == "before"
    assert sorted(os.listdir(folder)) == ["a.bpmn", "b.bpmn", "c.bpmn", "d.bpmn", "m", "out", "p"]
    (folder / "p" / "out-1.ndjson.zst").write_bytes(lines_of_shard)
    for name in ("plan.json", "list-0.ndjson.zst", "out-1.done"):
        message = error("shards", "collect", "p", "-o", f"p/{name}")
        assert message == f"--output would overwrite p/{name}, which is an input."
    run("shards", "collect", "p", "-o", "out")
    assert (folder / "out").read_bytes() == run("scan", "--files-from", "m").stdout


def test_parquet(folder: Path) -> None:
    from pyarrow import parquet

    run(*PLAN, "2")
    run_all(folder / "p")
    result = run("shards", "collect", "p", "-f", "parquet", "-o", "m.parquet")
    assert (result.returncode, result.stdout) == (2, b"")
    table = parquet.read_table(folder / "m.parquet")
    names = ["a.bpmn", "b.bpmn", "c.bpmn", "d.bpmn", "none.bpmn"]
    assert table["file"].to_pylist() == names
    assert table["error.type"].to_pylist() == [None, None, None, "malformed", "unreadable"]
    piped = run("shards", "collect", "p", "-f", "parquet")
    assert piped.stdout == (folder / "m.parquet").read_bytes()


@pytest.mark.slow
def test_parquet_on_a_terminal(folder: Path) -> None:
    run(*PLAN, "2")
    run_all(folder / "p")
    controller, terminal = os.openpty()
    result = run_process("shards", "collect", "p", "-f", "parquet", stdout=terminal)
    os.close(terminal)
    os.close(controller)
    assert result.returncode == 2
    assert b"--format parquet needs --output FILE or a pipe." in result.stderr


WITHOUT = """
import sys
from importlib.machinery import PathFinder
find, missing = PathFinder.find_spec, sys.argv.pop(1)
PathFinder.find_spec = lambda name, *others: None if name == missing else find(name, *others)
from metrics.__main__ import main
main()
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "arguments", "message"),
    [
        ("zstandard", "shards status p", "shards need the module zstandard: pip install zstandard"),
        ("zstandard", "summary p", "shards need the module zstandard: pip install zstandard"),
        ("zstandard", "diff p p", "shards need the module zstandard: pip install zstandard"),
        (
            "pyarrow",
            "shards collect p -f parquet",
            "--format parquet needs the module pyarrow: pip install pyarrow",
        ),
    ],
)
def test_missing_modules(module: str, arguments: str, message: str, folder: Path) -> None:
    run(*PLAN, "2")
    run_all(folder / "p")
    command = [sys.executable, "-c", WITHOUT, module, *arguments.split()]
    result = subprocess.run(command, capture_output=True, check=False)
    assert (result.returncode, result.stdout) == (2, b"")
    assert result.stderr.decode() == f"Error: {message}\n"


@pytest.mark.slow
def test_help_needs_no_module() -> None:
    command = [sys.executable, "-c", WITHOUT, "zstandard", "shards", "--help"]
    assert subprocess.run(command, capture_output=True, check=True).stdout
    imported = "import sys; from metrics.commands import shards; print(*sys.modules)"
    modules = subprocess.run(
        [sys.executable, "-c", imported], stdout=subprocess.PIPE, check=True
    ).stdout.split()
    assert not {b"zstandard", b"pyarrow", b"fsspec", b"distributed", b"zipfile"} & {*modules}


def test_summary(folder: Path) -> None:
    run(*PLAN, "3")
    run_all(folder / "p")
    collected = run("shards", "collect", "p").stdout
    (folder / "all.ndjson").write_bytes(collected)
    of_folder, of_lines = (run("summary", "-f", "json", path) for path in ("p", "all.ndjson"))
    assert of_folder.stdout == of_lines.stdout
    assert of_folder.returncode == of_lines.returncode == 2
    assert json.loads(of_folder.stdout)["diagrams"] == 5
    # Its folder is searched for diagrams, as before.
    assert json.loads(run("summary", "-f", "json", ".").stdout)["diagrams"] == 4


def test_unread_members_of_an_archive(folder: Path) -> None:
    broken = {f"{number}.jar": b"x" for number in range(2)}
    (folder / "app.jar").write_bytes(zipped({"a.bpmn": USER_TASK, **broken}))
    (folder / "m").write_text("app.jar\n")
    run(*PLAN, "1")
    run_all(folder / "p")
    collected = run("shards", "collect", "p")
    assert collected.stdout == run("scan", "--files-from", "m").stdout
    # An archive is one object, however many of its members cannot be read.
    assert b"Error: 1 of 1 object could not be read" in collected.stderr


def test_summary_of_a_part(folder: Path) -> None:
    run(*PLAN, "5")
    run_all(folder / "p", [0, 2])
    result = run("summary", "-f", "json", "p")
    record = json.loads(result.stdout)
    assert (result.returncode, record["measured"], record["failed"]) == (2, 2, 1)
    message = "p: unreadable: 3 of 5 shards are not done (1, 3-4): metrics shards run runs them."
    assert message in result.stderr.decode().splitlines()


@pytest.mark.parametrize("command", [["summary", "p"], ["diff", "p", "."]])
def test_no_output_replaces_a_plan(command: list[str], folder: Path) -> None:
    run(*PLAN, "2")
    run_all(folder / "p")
    for name in ("plan.json", "list-0.ndjson.zst", "out-1.ndjson.zst"):
        message = error(*command, "-o", f"p/{name}")
        assert message == f"--output would overwrite p/{name}, which is an input."


def test_no_plan_replaces_its_manifest(folder: Path) -> None:
    (folder / "p").mkdir()
    (folder / "m").rename(folder / "p" / "list-0.ndjson.zst")
    (folder / "link").symlink_to("p/list-0.ndjson.zst")
    message = error("shards", "plan", "link", "--out", "p", "--shards", "2")
    assert message == "--out would overwrite link, which is an input."
    assert os.listdir(folder / "p") == ["list-0.ndjson.zst"]


def test_pipes_in_a_plan_are_not_read(folder: Path) -> None:
    run(*PLAN, "1")
    run_all(folder / "p")
    content, marker = folder / "p" / "out-0.ndjson.zst", folder / "p" / "out-0.done"
    content.unlink()
    os.mkfifo(content)
    assert "out-0.ndjson.zst: it is not a file." in error("shards", "collect", "p")
    marker.unlink()
    os.mkfifo(marker)
    status = run("shards", "status", "p").stdout.decode()
    assert "not a valid marker, will be run again: 0" in status


def test_plan_of_another_program(folder: Path) -> None:
    (folder / "x").mkdir()
    (folder / "x" / "plan.json").write_text("{}")
    (folder / "x" / "a.bpmn").write_bytes(USER_TASK)
    assert json.loads(run("summary", "-f", "json", "x").stdout)["measured"] == 1


def test_diff(folder: Path) -> None:
    (folder / "m").write_text("a.bpmn\nb.bpmn\nc.bpmn\n")
    (folder / "d.bpmn").unlink()
    run(*PLAN, "3")
    run_all(folder / "p")
    (folder / "b.bpmn").write_bytes(process("<bpmn:userTask/><bpmn:userTask/>"))
    run("shards", "plan", "m", "--out", "q", "--shards", "2")
    run_all(folder / "q")
    for new in ("q", "."):
        result = run("diff", "-f", "json", "p", new)
        record = json.loads(result.stdout)
        assert (result.returncode, record["old"], record["new"]) == (0, "p", new)
        assert [change["file"] for change in record["changes"]] == ["b.bpmn"]
    (folder / "p" / "out-0.done").unlink()
    result = run("diff", "-f", "json", "p", "q")
    assert result.returncode == 2
    statuses = {each["file"]: each["status"] for each in json.loads(result.stdout)["changes"]}
    assert statuses == {"a.bpmn": "added", "b.bpmn": "changed", "p": "unmeasured"}


def test_parquet_needs_its_format(folder: Path) -> None:
    run(*PLAN, "1")
    run_all(folder / "p")
    result = run("shards", "collect", "p", "-o", "m.parquet")
    assert result.returncode == 2
    assert result.stderr.endswith(b"Error: --output m.parquet needs --format parquet.\n")
    assert not (folder / "m.parquet").exists()
