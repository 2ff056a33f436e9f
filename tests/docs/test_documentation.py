"""What the documentation tells people to run, run."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from support.archives import pack
from support.command import METRICS, run
from support.diagrams import NAMESPACES, ZEEBE, process
from support.shards import make_plan
from support.states import DMN

from metrics.archives.names import ALL_EXTENSIONS
from metrics.scanning.selection import EXTENSIONS
from metrics.shards.urls import SCHEMES

ROOT = Path(__file__).parent.parents[1]
TOOLS = ("jq", "duckdb", "git")
PACKAGES = ("pandas", "duckdb")
SMALLEST = {"diff.md": 500}
"""What is in files that are small."""


class Block(NamedTuple):
    """A block of code in a page."""

    language: str
    code: str

    def missing(self) -> list[str]:
        """The tools and packages that it needs and that are not there."""
        words = set(re.findall(r"[a-z]+", self.code))
        if self.language == "python":
            return [name for name in PACKAGES if name in words and not has_package(name)]
        return [name for name in TOOLS if name in words and not shutil.which(name, path=PATH)]


def has_package(name: str) -> bool:
    """Whether a package can be imported."""
    return importlib.util.find_spec(name) is not None


PATH = os.pathsep.join((str(METRICS.parent), os.environ["PATH"]))


def blocks(page: str) -> list[Block]:
    """The blocks of a page, in order."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return [
        Block(*found)
        for found in re.findall(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    ]


def commands(block: Block) -> str:
    """What of a block is run: of a job's description its own commands."""
    if block.language != "yaml":
        return block.code
    return "\n".join(re.findall(r"^\s*(?:- )?(?:run: )?(metrics .*)$", block.code, re.MULTILINE))


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with diagrams, one of which cannot be measured, and a change to some."""
    folder = tmp_path_factory.mktemp("repository")
    processes = folder / "processes"
    processes.mkdir()
    for path in (ROOT / "tests" / "fixtures" / "user_tasks").glob("*.bpmn"):
        shutil.copy(path, processes)
    (processes / "broken.bpmn").write_text("<")
    shutil.copy(ROOT / "examples" / "invoice.bpmn", processes / "order.bpmn")
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    for command in (
        ["init", "-q"],
        ["add", "."],
        [*identity, "commit", "-q", "-m", "Begin"],
    ):
        subprocess.run(["git", *command], cwd=folder, check=True)
    shutil.copy(ROOT / "examples" / "invoice.bpmn", processes / "with a blank.bpmn")
    subprocess.run(["git", "add", "."], cwd=folder, check=True)
    subprocess.run(["git", *identity, "commit", "-q", "-m", "Add"], cwd=folder, check=True)
    (limits,) = (block.code for block in blocks("docs/ci.md") if block.language == "toml")
    (folder / "metrics.toml").write_text(limits)
    shutil.copytree(ROOT / "examples", folder / "examples")
    # What a page writes in one block it reads in another.
    for name, format_name in (("metrics.csv", "csv"), ("metrics.ndjson", "ndjson")):
        subprocess.run(
            [METRICS, "scan", "-f", format_name, "-o", name, "processes"],
            cwd=folder,
            stderr=subprocess.DEVNULL,
            check=False,
        )
    return folder


def run_block(block: Block, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a block as it stands in the page."""
    if missing := block.missing():
        pytest.skip(f"needs {', '.join(missing)}")
    shell = block.language != "python"
    command = ["bash", "-c"] if shell else [sys.executable, "-c"]
    return subprocess.run(
        [*command, commands(block)],
        cwd=folder,
        env=os.environ | {"PATH": PATH, "CI_MERGE_REQUEST_DIFF_BASE_SHA": "HEAD~1"},
        capture_output=True,
        text=True,
        check=False,
    )


# Those without a command of their own are tried with what they configure.
CI = [block for block in blocks("docs/ci.md") if block.language != "toml" and commands(block)]


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(CI)))
def test_ci(number: int, repository: Path) -> None:
    result = run_block(CI[number], repository)
    # A diagram that cannot be measured is no fault of the command.
    told = [
        line for line in result.stderr.splitlines() if not re.match(r"\S+\.bpmn:|metrics: ", line)
    ]
    assert told == []
    assert result.returncode in (0, 2)
    wrote = re.findall(r"(?:output |> |junit:)([\w.]+)(?= |$)", commands(CI[number]), re.MULTILINE)
    assert result.stdout or wrote
    for name in wrote:
        assert (repository / name).stat().st_size > SMALLEST.get(name, 1000)


def test_what_changed_is_all_that_changed(repository: Path) -> None:
    (changed,) = (block for block in CI if "git diff" in block.code)
    (line,) = run_block(changed, repository).stdout.splitlines()
    assert '"file":"processes/with a blank.bpmn"' in line
    shallow = repository.parent / "shallow"
    subprocess.run(["git", "clone", "-q", "--depth", "1", repository.as_uri(), shallow], check=True)
    result = run_block(changed, shallow)
    assert result.returncode not in (0, 2)
    assert "HEAD~1" in result.stderr


def test_pages_list_the_extensions() -> None:
    page = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
    listed = page.partition("\nIn a folder, `scan` reads the files with these extensions")[2]
    listed = listed.partition("\n\n")[0]
    assert re.findall(r"`(\S+)`", listed) == [*EXTENSIONS]
    (changed,) = (block.code for block in CI if "git diff" in block.code)
    assert re.findall(r"'\*(\S+)'", changed) == [*EXTENSIONS]


def test_command_line_lists_the_extensions_of_archives() -> None:
    page = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
    listed = page.partition("\nA file with one of these extensions")[2].partition("Every command")[
        0
    ]
    assert re.findall(r"`(\S+)`", listed) == [*ALL_EXTENSIONS]


def test_command_line_reads_archives(tmp_path: Path) -> None:
    order = {"WEB-INF/classes/order.bpmn": process("")}
    pack(tmp_path / "app.war", order)
    pack(tmp_path / "lib" / "other.jar", order)
    (tmp_path / "a.bpmn").write_bytes(process(""))
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    for command in (["init", "-q"], ["add", "a.bpmn"], [*identity, "commit", "-q", "-m", "Begin"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    (shown,) = (block for block in blocks("docs/command-line.md") if "--archives" in block.code)
    named, in_folder, member, stream = (
        run_block(Block("sh", line), tmp_path) for line in shown.code.splitlines()
    )
    assert files_in(named) == ["app.war!/WEB-INF/classes/order.bpmn"]
    assert files_in(in_folder) == ["lib/other.jar!/WEB-INF/classes/order.bpmn"]
    assert json.loads(member.stdout)["diagramType"] == "bpmn"
    assert files_in(stream) == ["-!/a.bpmn"]


def test_command_line_selects_files(tmp_path: Path) -> None:
    names = ["a.bpmn", "b.xml", "models/c.xml", "generated/d.bpmn", "shared/e.bpmn"]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(process(""))
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "a.bpmn", "shared"], cwd=tmp_path, check=True)
    (shown,) = (block for block in blocks("docs/command-line.md") if "--include" in block.code)
    by_options, by_list = (
        run_block(Block("sh", line), tmp_path) for line in shown.code.splitlines()
    )
    assert files_in(by_options) == ["a.bpmn", "b.xml", "models/c.xml", "shared/e.bpmn"]
    assert files_in(by_list) == ["a.bpmn", "shared/e.bpmn"]
    (settings,) = (
        block.code for block in blocks("docs/command-line.md") if block.language == "toml"
    )
    (tmp_path / "pyproject.toml").write_text(settings)
    by_settings = run_block(Block("sh", "metrics scan"), tmp_path)
    assert files_in(by_settings) == ["a.bpmn", "models/c.xml", "shared/e.bpmn"]


def files_in(result: subprocess.CompletedProcess[str]) -> list[str]:
    """The files that a scan printed a line for."""
    assert (result.returncode, result.stderr) == (0, "")
    return [json.loads(line)["file"] for line in result.stdout.splitlines()]


def test_ci_has_what_is_promised() -> None:
    told = "".join(block.code for block in CI)
    for word in ("jq -r", "duckdb -c", "pandas.read_csv", "actions/checkout", "script:"):
        assert word in told


SHOWN = [
    pytest.param(block, id=f"{page}-{number}")
    for page in ("docs/explain.md", "docs/summary.md")
    for number, block in enumerate(blocks(page))
    if block.language == "sh"
]


@pytest.mark.slow
@pytest.mark.parametrize("block", SHOWN)
def test_explain_and_summary(block: Block, repository: Path) -> None:
    # The packages of the extra are there.
    code = "".join(line for line in block.code.splitlines(True) if not line.startswith("pip "))
    shutil.copy(ROOT / "examples" / "invoice.bpmn", repository / "order.bpmn")
    result = run_block(Block(block.language, code), repository)
    assert result.returncode in (0, 2)
    assert "Error" not in result.stderr
    for name in re.findall(r"--output (\S+)", code):
        assert (repository / name).stat().st_size > 1000


def sh(page: str) -> list[str]:
    """The lines of the shell blocks of a page."""
    return [
        line for block in blocks(page) if block.language == "sh" for line in block.code.splitlines()
    ]


def texts(page: str, language: str = "text") -> list[str]:
    """What a page shows as printed, in order."""
    return [block.code for block in blocks(page) if block.language == language]


def test_explain_shows_what_is_printed(tmp_path: Path) -> None:
    (tmp_path / "processes").mkdir()
    shutil.copy(ROOT / "examples" / "invoice.bpmn", tmp_path / "processes" / "order.bpmn")
    (shown,) = (block for block in blocks("docs/explain.md") if "--format text" in block.code)
    result = run_block(shown, tmp_path)
    assert (result.returncode, [result.stdout]) == (0, texts("docs/explain.md"))


def test_command_line_shows_short_keys() -> None:
    for command in (code for code in sh("docs/command-line.md") if "form.embedded" in code):
        result = run_block(Block("sh", command), ROOT)
        assert (result.returncode, result.stderr) == (0, "")
        assert result.stdout


def test_explain_lists_keys(tmp_path: Path) -> None:
    shutil.copy(ROOT / "examples" / "invoice.bpmn", tmp_path / "order.bpmn")
    page = (ROOT / "docs" / "explain.md").read_text("utf-8")
    table = page.partition("| KEY | explains |")[2].partition("\n\n")[0]
    found = {
        key: run_block(Block("sh", f"metrics explain -f ndjson --key '{key}' order.bpmn"), tmp_path)
        for row in table.splitlines()[2:]
        for key in re.findall("`([^`]+)`", row.split("|")[1])
    }
    statuses = {key: result.returncode for key, result in found.items()}
    assert statuses.pop("count") == 2
    assert set(statuses.values()) == {0}
    outputs = [result.stdout for result in found.values()]
    # One number by three keys, and a group by two.
    assert len(outputs) - len({*outputs}) == 3


def test_check_shows_what_is_printed(tmp_path: Path) -> None:
    shutil.copy(ROOT / "examples" / "invoice.bpmn", tmp_path / "order.bpmn")
    result = run_block(blocks("docs/check.md")[0], tmp_path)
    assert (result.returncode, result.stdout) == (1, texts("docs/check.md")[0])


def test_check_shows_the_csv_that_is_printed(tmp_path: Path) -> None:
    shutil.copy(ROOT / "examples" / "invoice.bpmn", tmp_path / "order.bpmn")
    (command,) = (block for block in blocks("docs/check.md") if "--format csv" in block.code)
    result = run_block(command, tmp_path)
    assert (result.returncode, [result.stdout]) == (1, texts("docs/check.md", "csv"))


@pytest.mark.slow
def test_check(tmp_path: Path) -> None:
    # The limits that the page shows are those that its commands check.
    (limits,) = (block.code for block in blocks("docs/check.md") if block.language == "toml")
    (tmp_path / "pyproject.toml").write_text(limits)
    (tmp_path / "processes").mkdir()
    for name in ("order.bpmn", "processes/order.bpmn"):
        shutil.copy(ROOT / "examples" / "invoice.bpmn", tmp_path / name)
    ran = [block for block in blocks("docs/check.md") if block.language == "sh"]
    statuses = [run_block(block, tmp_path).returncode for block in ran]
    # The baselines tolerate what is there.
    assert statuses == [1, 0, 0, 1, 1]
    for name in ("metrics-baseline.ndjson", "metrics.sarif", "metrics.xml"):
        assert (tmp_path / name).stat().st_size > 90


def user_tasks(embedded: int) -> bytes:
    """A diagram with a user task, and some with embedded forms."""
    task = '<bpmn:userTask camunda:formKey="embedded:app:check.html"/>'
    return process("<bpmn:userTask/>" + task * embedded)


@pytest.fixture
def change(tmp_path: Path) -> Path:
    """A repository with the change that the page shows."""
    processes = tmp_path / "processes"
    processes.mkdir()
    (processes / "bill.bpmn").write_bytes(user_tasks(0))
    (processes / "order.bpmn").write_bytes(user_tasks(2))
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    commit = ["git", *identity, "commit", "-q", "-a", "-m", "Change"]
    for command in (["init", "-q", "-b", "main"], ["add", "."]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    subprocess.run(commit, cwd=tmp_path, check=True)
    for command in (
        ["update-ref", "refs/remotes/origin/main", "main"],
        ["checkout", "-q", "-b", "change"],
        ["mv", "processes/bill.bpmn", "processes/invoice.bpmn"],
    ):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    (processes / "order.bpmn").write_bytes(user_tasks(3))
    subprocess.run(commit, cwd=tmp_path, check=True)
    for name, embedded in (("before.bpmn", 0), ("after.bpmn", 1)):
        (tmp_path / name).write_bytes(user_tasks(embedded))
    return tmp_path


def test_diff_shows_what_is_printed(change: Path) -> None:
    revisions, _, otherwise = texts("docs/diff.md")
    result = run_block(Block("sh", "metrics diff main HEAD"), change)
    assert (result.returncode, result.stderr, result.stdout) == (0, "", revisions)
    order = change / "processes" / "order.bpmn"
    order.write_bytes(order.read_bytes() + b"<!-- a comment -->")
    result = run_block(Block("sh", "metrics diff"), change)
    assert (result.returncode, result.stderr, result.stdout) == (0, "", otherwise)


def test_diff_shows_the_csv_that_is_printed(change: Path) -> None:
    result = run_block(Block("sh", "metrics diff --format csv main HEAD"), change)
    assert (result.returncode, [result.stdout]) == (0, texts("docs/diff.md", "csv"))


@pytest.mark.slow
def test_diff(change: Path) -> None:
    (shown,) = (block for block in blocks("docs/diff.md") if block.language == "sh")
    for line in shown.code.splitlines():
        result = run_block(Block("sh", line), change)
        assert (result.returncode, result.stderr) == (0, "")
        assert result.stdout or (change / "comment.md").stat().st_size > 100


@pytest.mark.slow
def test_pictures_show_what_is_printed() -> None:
    # Those of terminals, word by word; those of the report are looked at by people.
    script = """
import re, build_pictures
words = lambda drawing: " ".join(re.findall("<text[^>]*>([^<]*)", drawing)).split()
for path, drawing in build_pictures.files().items():
    if words(path.read_text(encoding="utf-8")) != words(drawing):
        print(path)
"""
    differing = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT / "docs", capture_output=True, check=True
    ).stdout
    assert differing == b""


def test_shards_show_what_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "processes").mkdir()
    for name, embedded in (("bill", 0), ("invoice", 1)):
        (tmp_path / "processes" / f"{name}.bpmn").write_bytes(user_tasks(embedded))
    (tmp_path / "processes" / "order.bpmn").write_text("<")
    plan, table, others = (block for block in blocks("docs/shards.md") if block.language == "sh")
    result = run_block(plan, tmp_path)
    assert (result.returncode, [result.stdout]) == (0, texts("docs/shards.md"))
    (python,) = (block for block in blocks("docs/shards.md") if block.language == "python")
    result = run_block(python, tmp_path)
    assert (result.stdout, result.stderr) == ("2 2 {}\n", "")
    scan = run_block(Block("sh", "metrics scan --files-from manifest.txt"), tmp_path)
    assert (tmp_path / "metrics.ndjson").read_text("utf-8") == scan.stdout
    result = run_block(table, tmp_path)
    assert result.returncode == 0
    assert "bpmn" in result.stdout
    for line in others.code.splitlines():
        result = run_block(Block("sh", line), tmp_path)
        # One diagram cannot be measured.
        assert result.returncode == 2
        assert result.stdout


def test_shards_list_the_keys_of_the_status(tmp_path: Path) -> None:
    make_plan(tmp_path, [["a.bpmn"]])
    (tmp_path / "out-0.done").write_text("{}")
    record = json.loads(run("shards", "status", "-f", "json", tmp_path).stdout)
    page = (ROOT / "docs" / "shards.md").read_text("utf-8")
    table = page.partition("| key of the status |")[2].partition("\n\n")[0]
    rows = [line.split("|")[1:3] for line in table.splitlines()[2:]]
    assert [key for keys, _ in rows for key in re.findall(r"`([\w.]+)`", keys)] == [
        f"{group}.{key}" for group, values in record.items() for key in values
    ]
    (unusable,) = (meaning for keys, meaning in rows if "unusable" in keys)
    assert re.findall(r"`(\w+)`", unusable) == [*record["shards"]["unusable"][0]]


def test_shards_list_the_schemes() -> None:
    page = (ROOT / "docs" / "shards.md").read_text("utf-8")
    listed = page.partition("The schemes of URLs are")[2].partition(".\n")[0]
    assert re.findall(r"`(\w+)`", listed) == [*SCHEMES]


@pytest.mark.parametrize("page", [*sorted(ROOT.glob("docs/*.md")), ROOT / "README.md"])
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


@pytest.mark.slow
@pytest.mark.parametrize("page", ["README.md", "docs/library.md", "docs/events.md"])
def test_python(page: str, repository: Path) -> None:
    found = [block for block in blocks(page) if block.language == "python"]
    assert found
    for block in found:
        result = run_block(block, repository)
        assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize("page", ["README.md", "docs/library.md"])
@pytest.mark.parametrize(
    ("content", "count"),
    [
        (
            process(
                "<bpmn:userTask><bpmn:extensionElements>"
                '<zeebe:formDefinition formId="f"/>'
                "</bpmn:extensionElements></bpmn:userTask>",
                namespaces=f'{NAMESPACES} xmlns:zeebe="{ZEEBE}"',
            ),
            "1",
        ),
        (process('<bpmn:userTask camunda:formKey="embedded:a"/>'), "1"),
        (DMN, None),
    ],
    ids=["camunda-8", "camunda-7", "dmn"],
)
def test_first_python_example(page: str, content: bytes, count: str | None, tmp_path: Path) -> None:
    (tmp_path / "examples").mkdir()
    (tmp_path / "examples" / "invoice.bpmn").write_bytes(content)
    example = next(block for block in blocks(page) if block.language == "python")
    result = run_block(example, tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    assert (count in result.stdout.splitlines()) is (count is not None)


def test_readme_shows_what_is_printed() -> None:
    (shown,) = (block.code for block in blocks("README.md") if block.language == "json")
    result = subprocess.run(
        [METRICS, "scan", "examples/invoice.bpmn"], cwd=ROOT, capture_output=True, check=True
    )
    assert result.stdout.decode() == shown


def test_quiet_scan_prints_errors_only(repository: Path) -> None:
    (quiet,) = (block for block in blocks("docs/command-line.md") if "--quiet" in block.code)
    result = run_block(quiet, repository)
    assert (result.returncode, result.stdout) == (2, "")
    assert [line.partition(":")[0] for line in result.stderr.splitlines()] == [
        "processes/broken.bpmn"
    ]


def test_sorted_scan(repository: Path) -> None:
    (sorted_scan,) = (block for block in blocks("docs/command-line.md") if "--sort" in block.code)
    result = run_block(sorted_scan, repository)
    assert result.returncode == 2
    assert " 1 failed, 10 shown" in " ".join(result.stdout.split())


def test_schema_validates_a_result(repository: Path) -> None:
    (validated,) = (b for b in blocks("docs/command-line.md") if "metrics schema" in b.code)
    result = run_block(validated, repository)
    assert (result.returncode, result.stdout) == (0, "ok -- validation done\n")


def test_command_line_shows_the_platform_that_is_marked(tmp_path: Path) -> None:
    (example,) = (
        block for block in blocks("docs/command-line.md") if "--stdin-filename new" in block.code
    )
    assert run_block(example, tmp_path).stdout == texts("docs/command-line.md")[1]


def test_command_line_shows_the_table_that_is_printed() -> None:
    shown, _ = texts("docs/command-line.md")
    result = subprocess.run(
        [METRICS, "scan", "-f", "table", "examples/invoice.bpmn"],
        cwd=ROOT,
        env=os.environ | {"COLUMNS": "80"},
        capture_output=True,
        check=True,
    )
    assert result.stdout.decode() == shown
