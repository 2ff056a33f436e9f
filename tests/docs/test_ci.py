"""What is offered to forges and to pre-commit: their tools run it, and their schemas take it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET

import pytest
import yaml
from support.command import METRICS

from metrics.scanning.selection import EXTENSIONS

ROOT = Path(__file__).parent.parents[1]
BIN = METRICS.parent
HOOKS = ROOT / ".pre-commit-hooks.yaml"
ACTION = ROOT / "action.yml"
INVOICE = (ROOT / "examples" / "invoice.bpmn").read_text(encoding="utf-8")

VARIABLES = "diagramMetrics.processVariablesCount"
VIOLATION = f"{VARIABLES} is 2, its limit is <= 1"

# Of what the tests run in, nothing of git, of pre-commit and of a workflow is for what they run.
ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if not name.startswith(("GIT_", "GITHUB_", "PRE_COMMIT", "RUNNER_"))
} | {
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.org",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "PIP_RETRIES": "1",
}


def run(*command: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a tool, with all that it tells in order."""
    return subprocess.run(
        command,
        cwd=cwd,
        env=ENVIRONMENT | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )


def git(*arguments: str | Path, cwd: Path) -> str:
    """Run git, which has to succeed."""
    result = run("git", "-c", "init.defaultBranch=main", *arguments, cwd=cwd)
    assert result.returncode == 0, result.stdout
    return result.stdout


def commit(folder: Path) -> None:
    """Commit all that is in a folder, as the first commit or a further one."""
    git("init", "-q", cwd=folder)
    git("add", "--all", cwd=folder)
    git("commit", "-q", "--no-verify", "-m", "Change", cwd=folder)


def skip_without_index(told: str) -> None:
    """Skip a test for which pip could not reach the package index, and for no other reason."""
    if "connection broken by" in told and "No matching distribution" in told:
        pytest.skip("the package index cannot be reached")


def blocks_of_page() -> list[Any]:
    """What the page about CI configures, in order."""
    page = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    found = re.findall(r"^```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    return [yaml.safe_load(block) for block in found]


def blocks_with(key: str) -> list[Any]:
    """The blocks of the page that have a key at their top."""
    return [block for block in blocks_of_page() if key in block]


# Schemas


def is_valid(path: Path, schema: str) -> subprocess.CompletedProcess[str]:
    """Validate a file, with a schema that comes with the tool."""
    return run(BIN / "check-jsonschema", "--builtin-schema", schema, path, cwd=path.parent)


@pytest.mark.slow
def test_action_is_valid() -> None:
    result = is_valid(ACTION, "vendor.github-actions")
    assert result.returncode == 0, result.stdout


def test_hooks_are_valid() -> None:
    result = run(BIN / "pre-commit", "validate-manifest", HOOKS, cwd=ROOT)
    assert (result.returncode, result.stdout) == (0, "")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("key", "schema", "count"),
    [("jobs", "vendor.github-workflows", 2), ("process-metrics", "vendor.gitlab-ci", 1)],
)
def test_page_is_valid(key: str, schema: str, count: int, tmp_path: Path) -> None:
    found = blocks_with(key)
    assert len(found) == count
    for read in found:
        # `on` is true to a reader of YAML 1.1.
        block = {"on" if name is True else name: value for name, value in read.items()}
        path = tmp_path / "workflow.json"
        path.write_text(json.dumps(block))
        result = is_valid(path, schema)
        assert result.returncode == 0, result.stdout
        path.write_text(json.dumps(block | {key: 1}))
        assert is_valid(path, schema).returncode == 1


@pytest.mark.slow
def test_configuration_of_the_page_is_valid(tmp_path: Path) -> None:
    found = blocks_with("repos")
    assert len(found) == 2
    for block in found:
        path = tmp_path / ".pre-commit-config.yaml"
        path.write_text(json.dumps(block).replace('"TAG"', '"v1.0"'))
        result = run(BIN / "pre-commit", "validate-config", path, cwd=tmp_path)
        assert (result.returncode, result.stdout) == (0, "")


def test_page_is_known_in_whole() -> None:
    keys = ("jobs", "process-metrics", "repos")
    assert all(any(key in block for key in keys) for block in blocks_of_page())


# The hook


class Hook(NamedTuple):
    """The hook as users have it: a repository, and where pre-commit keeps what it installs."""

    repository: Path
    home: Path

    def run(self, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run pre-commit."""
        result = run(
            BIN / "pre-commit", *arguments, cwd=cwd, PRE_COMMIT_HOME=str(self.home), NO_COLOR="1"
        )
        skip_without_index(result.stdout)
        return result

    def configure(self, folder: Path, *args: str) -> None:
        """Write a configuration as the page has it, for the repository that is here."""
        plain, with_args = blocks_with("repos")
        block = with_args if args else plain
        (source,) = block["repos"]
        assert (source["repo"], source["rev"]) == ("https://github.com/OWNER/bpmn-metrics", "TAG")
        source["repo"], source["rev"] = str(self.repository), "v1.0"
        if args:
            (hook,) = source["hooks"]
            assert hook["args"][-1] == "--"
            hook["args"] = [*args]
        (folder / ".pre-commit-config.yaml").write_text(json.dumps(block))


@pytest.fixture(scope="module")
def hook(tmp_path_factory: pytest.TempPathFactory) -> Hook:
    """A repository with what the project consists of."""
    folder = tmp_path_factory.mktemp("hook")
    repository = folder / "bpmn-metrics"
    listed = run(
        "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT
    ).stdout
    for name in [*listed.split("\0"), HOOKS.name]:
        # What git knows of may be gone.
        if (ROOT / name).is_file():
            (repository / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, repository / name)
    commit(repository)
    git("tag", "v1.0", cwd=repository)
    return Hook(repository, folder / "home")


@pytest.fixture
def project(hook: Hook, tmp_path: Path) -> Path:
    """A repository with diagrams, their limits and the hook's configuration."""
    folder = tmp_path / "project"
    (folder / "processes").mkdir(parents=True)
    (folder / "processes" / "ORDER.BPMN").write_text(INVOICE)
    (folder / "metrics.toml").write_text(f'[limits]\n{VARIABLES} = "<= 2"\n')
    hook.configure(folder)
    commit(folder)
    return folder


def test_hook_passes_where_limits_are_kept(hook: Hook, project: Path) -> None:
    result = hook.run("run", "--all-files", "--verbose", cwd=project)
    assert result.returncode == 0, result.stdout
    assert "1 diagram checked, no violations." in result.stdout


def test_hook_tells_what_goes_beyond_a_limit(hook: Hook, project: Path) -> None:
    (project / "metrics.toml").write_text(f'[limits]\n{VARIABLES} = "<= 1"\n')
    result = hook.run("run", "--all-files", cwd=project)
    assert result.returncode == 1
    assert f"processes/ORDER.BPMN:8: {VIOLATION}" in result.stdout
    assert "- exit code: 1" in result.stdout


@pytest.mark.parametrize("end", [(), ("--",)])
def test_hook_takes_arguments(hook: Hook, project: Path, end: tuple[str, ...]) -> None:
    hook.configure(project, "--limit", f"{VARIABLES} <= 1", *end)
    result = hook.run("run", "--all-files", cwd=project)
    assert result.returncode == 1
    assert VIOLATION in result.stdout


@pytest.mark.parametrize("args", [(), ("--format=text", "--")])
@pytest.mark.parametrize("name", ["-x.bpmn", "--exit-zero.bpmn", "-fjson:there.bpmn"])
def test_hook_takes_no_name_for_an_option(
    hook: Hook, project: Path, name: str, args: tuple[str, ...]
) -> None:
    (project / name).write_text(INVOICE)
    (project / "metrics.toml").write_text(f'[limits]\n{VARIABLES} = "<= 1"\n')
    hook.configure(project, *args)
    git("add", "--all", cwd=project)
    result = hook.run("run", "--all-files", cwd=project)
    assert "2 diagrams checked, 2 violations in 2 diagrams." in result.stdout
    assert f"{name}:8: {VIOLATION}" in result.stdout
    assert not (project / "there.bpmn").exists()


def test_hook_takes_diagrams_only(hook: Hook, project: Path) -> None:
    names = [
        *("a.bpmn", "b.bpmn20.xml", "c.bpmn2", "d.Dmn11.XML", "e.DMN", "with a blank.BPMN"),
        *("bpmn", "f.xml", "g.bpmn.bak", "h.bpmn2.txt", "i.formula", "jbpmn", "._l.bpmn"),
    ]
    for name in names:
        (project / name).write_text(INVOICE)
    (project / "k.form").write_text('{"type": "default", "components": []}')
    git("add", "--all", cwd=project)
    result = hook.run("run", "--all-files", "--verbose", cwd=project)
    assert "8 diagrams checked, no violations." in result.stdout


def test_hook_takes_the_extensions_of_the_command() -> None:
    (hook,) = yaml.safe_load(HOOKS.read_text(encoding="utf-8"))
    choices = "|".join(re.escape(extension.removeprefix(".")) for extension in EXTENSIONS)
    assert hook["files"] == rf"(?i)\.({choices})$"


def test_hook_skips_what_is_excluded(hook: Hook, project: Path) -> None:
    (project / "metrics.toml").write_text(
        f'exclude = ["/processes/"]\n[limits]\n{VARIABLES} = "<= 1"\n'
    )
    result = hook.run("run", "--all-files", "--verbose", cwd=project)
    assert result.returncode == 0
    assert "metrics: skipped processes/ORDER.BPMN, which is excluded" in result.stdout


def test_hook_fails_for_a_broken_diagram(hook: Hook, project: Path) -> None:
    (project / "broken.bpmn").write_text("<")
    git("add", "--all", cwd=project)
    result = hook.run("run", "--all-files", cwd=project)
    assert result.returncode == 1
    assert "broken.bpmn:1:1: malformed" in result.stdout
    assert "- exit code: 2" in result.stdout


def test_hook_stops_a_commit(hook: Hook, project: Path) -> None:
    assert hook.run("install", cwd=project).returncode == 0
    before = git("rev-parse", "HEAD", cwd=project)
    (project / "metrics.toml").write_text(f'[limits]\n{VARIABLES} = "<= 1"\n')
    (project / "new.bpmn").write_text(INVOICE)
    git("add", "--all", cwd=project)
    environment = {"PRE_COMMIT_HOME": str(hook.home)}
    result = run("git", "commit", "-m", "Add", cwd=project, **environment)
    skip_without_index(result.stdout)
    assert result.returncode == 1
    # What is not part of the commit is not checked.
    assert "1 diagram checked, 1 violation in 1 diagram." in result.stdout
    assert git("rev-parse", "HEAD", cwd=project) == before
    (project / "metrics.toml").write_text(f'[limits]\n{VARIABLES} = "<= 2"\n')
    git("add", "--all", cwd=project)
    assert run("git", "commit", "-m", "Add", cwd=project, **environment).returncode == 0
    assert git("rev-parse", "HEAD", cwd=project) != before


# The action


EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)


def evaluated(text: str, inputs: dict[str, str], steps: dict[str, dict[str, str]]) -> str:
    """A text of the action with its expressions evaluated, of which it has two kinds."""

    def value(found: re.Match[str]) -> str:
        match found[1].strip().split("."):
            case ["inputs", name]:
                return inputs[name]
            case ["steps", step, "outputs", name]:
                return steps[step].get(name, "")
        raise ValueError(f"an expression of another kind: {found[0]}")

    return EXPRESSION.sub(value, text)


def outputs_in(path: Path) -> dict[str, str]:
    """What a step wrote to `GITHUB_OUTPUT`, as GitHub reads it."""
    found = {}
    lines = iter(path.read_text(encoding="utf-8").split("\n"))
    for line in lines:
        if heredoc := re.fullmatch(r"([\w-]+)<<(.+)", line):
            value = []
            while (line := next(lines)) != heredoc[2]:
                value.append(line)
            found[heredoc[1]] = "\n".join(value)
        elif line:
            name, _, found[name] = line.partition("=")
    return found


def commands_in(log: str) -> list[str]:
    """The lines of a log that GitHub takes for commands."""
    found = []
    token = None
    for line in log.splitlines():
        if token is not None:
            token = None if line.strip() == f"::{token}::" else token
        elif line.strip().startswith("::stop-commands::"):
            token = line.strip().removeprefix("::stop-commands::")
            assert len(token) == 32
        elif line.strip().startswith("::") or "##[" in line:
            found.append(line)
    assert token is None
    return found


class Outcome(NamedTuple):
    """How a step of a workflow that uses the action ended."""

    status: int
    log: str
    outputs: dict[str, str]

    @property
    def commands(self) -> list[str]:
        """What GitHub takes for commands."""
        return commands_in(self.log)

    def file(self, name: str) -> str:
        """The content of a file that an output names."""
        return Path(self.outputs[name]).read_text(encoding="utf-8")


class Runner(NamedTuple):
    """What runs the action's steps, as GitHub's does."""

    temporary: Path
    workspace: Path
    installed: Path | None = None
    python: Path = BIN

    def run(self, base_branch: str = "main", **given: str) -> Outcome:
        """Run the action in a workflow for a pull request, or without a base branch for a push."""
        action = yaml.safe_load(ACTION.read_text(encoding="utf-8"))
        assert given.keys() <= action["inputs"].keys()
        inputs = {name: one["default"] for name, one in action["inputs"].items()} | given
        assert all(isinstance(value, str) for value in inputs.values())
        environment = {
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_BASE_REF": base_branch,
            "GITHUB_WORKSPACE": str(self.workspace),
            "PATH": os.pathsep.join([str(self.python), ENVIRONMENT["PATH"]]),
            "RUNNER_TEMP": str(self.temporary),
        }
        steps: dict[str, dict[str, str]] = {}
        log = ""
        status = 0
        for number, step in enumerate(action["runs"]["steps"]):
            assert step.keys() <= {"name", "id", "shell", "env", "run"}
            assert step["shell"] == "bash"
            assert not EXPRESSION.search(step["run"])
            written = self.temporary / f"output{number}"
            written.touch()
            own = {
                name: evaluated(value, inputs, steps) for name, value in step.get("env", {}).items()
            }
            if step.get("id") == "install" and self.installed is not None:
                folder = self.temporary / "metrics"
                folder.mkdir()
                (folder / "venv").symlink_to(self.installed)
                written.write_text(f"folder={folder}\n")
            else:
                script = self.temporary / f"script{number}.sh"
                script.write_text(step["run"])
                bash = ("bash", "--noprofile", "--norc", "-eo", "pipefail", script)
                environment["GITHUB_OUTPUT"] = str(written)
                result = run(*bash, cwd=self.workspace, **environment, **own)
                log += result.stdout
                status = result.returncode
            if "id" in step:
                steps[step["id"]] = outputs_in(written)
            if status:
                break
        every: dict[str, dict[str, str]] = {
            name: {} for step in action["runs"]["steps"] if (name := step.get("id"))
        }
        outputs = {
            name: evaluated(one["value"], inputs, every | steps)
            for name, one in action["outputs"].items()
        }
        return Outcome(status, log, outputs)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the action installs, once for all that does not try that itself."""
    folder = tmp_path_factory.mktemp("a runner")
    (folder / "empty").mkdir()
    # What lies in the workspace is no module of Python.
    (folder / "empty" / "random.py").write_text("raise SystemExit('taken')")
    (folder / "empty" / "venv.py").write_text("raise SystemExit('taken')")
    result = Runner(folder, folder / "empty").run(base_branch="")
    (venv,) = folder.glob("metrics.*/venv")
    if not (venv / "bin" / "metrics").exists():
        skip_without_index(result.log)
        pytest.fail(result.log)
    # There are no diagrams.
    assert (result.status, result.log.count("no diagrams found")) == (0, 2)
    return venv


@pytest.fixture
def runner(installed: Path, tmp_path: Path) -> Runner:
    """A clone with a change, and the branch that it is to be merged into."""
    upstream = tmp_path / "upstream"
    (upstream / "processes").mkdir(parents=True)
    (upstream / "processes" / "order.bpmn").write_text(INVOICE.replace("transferId", "approved"))
    (upstream / "processes" / "same.bpmn").write_text(INVOICE)
    (upstream / "metrics.toml").write_text(f'[limits]\n{VARIABLES} = "<= 2"\n')
    commit(upstream)
    workspace = tmp_path / "a workspace"
    git("clone", "-q", upstream, workspace, cwd=tmp_path)
    git("switch", "-q", "-c", "change", cwd=workspace)
    (workspace / "processes" / "order.bpmn").write_text(INVOICE)
    commit(workspace)
    temporary = tmp_path / "runner's temp"
    temporary.mkdir()
    return Runner(temporary, workspace, installed)


def test_action(runner: Runner) -> None:
    result = runner.run()
    assert result.status == 0, result.log
    assert result.commands == []
    assert result.outputs["status"] == "0"
    lines = [json.loads(line) for line in result.file("lines").splitlines()]
    assert [line["file"] for line in lines] == ["processes/order.bpmn", "processes/same.bpmn"]
    assert json.loads(result.file("sarif"))["runs"][0]["results"] == []
    assert len(ET.fromstring(result.file("junit")).findall(".//testcase")) == 2
    assert result.file("comment-file").rstrip("\n") == result.outputs["comment"]
    assert result.outputs["comment"].startswith("<!-- metrics diff -->\n")
    assert "| `processes/order.bpmn` changed |" in result.outputs["comment"]
    assert "same.bpmn" not in result.outputs["comment"]
    assert Path(result.outputs["sarif"]).parent.parent == runner.temporary
    assert git("status", "--porcelain", cwd=runner.workspace) == ""


def test_action_tells_violations(runner: Runner) -> None:
    result = runner.run(limits=f"\n  {VARIABLES} <= 1  \n\nexecutionPlatform == Camunda Platform\n")
    assert result.status == 1
    assert result.outputs["status"] == "1"
    assert f"processes/order.bpmn:8: {VIOLATION}" in result.log
    assert [command.partition("%0A")[0] for command in result.commands] == [
        f"::error file=processes/{name}.bpmn,title=metrics check,line=8::{VIOLATION}"
        for name in ("order", "same")
    ]
    assert len(json.loads(result.file("sarif"))["runs"][0]["results"]) == 2
    assert len(ET.fromstring(result.file("junit")).findall(".//failure")) == 2
    assert "order.bpmn` changed" in result.outputs["comment"]
    assert len(result.file("lines").splitlines()) == 2


def test_action_lets_violations_pass(runner: Runner) -> None:
    result = runner.run(limits=f"{VARIABLES} <= 1", fail="false")
    assert result.status == 0
    assert result.outputs["status"] == "1"
    assert len(result.commands) == 2


@pytest.mark.parametrize("fail", ["true", "false"])
def test_action_tells_broken_diagrams(runner: Runner, fail: str) -> None:
    (runner.workspace / "processes" / "broken.bpmn").write_text("<")
    commit(runner.workspace)
    result = runner.run(fail=fail)
    assert result.status == 2
    assert result.outputs["status"] == "2"
    (command,) = result.commands
    assert command.startswith("::error file=processes/broken.bpmn,")
    assert "| `processes/broken.bpmn` added |" in result.outputs["comment"]
    assert "order.bpmn` changed" in result.outputs["comment"]
    assert len(result.file("lines").splitlines()) == 3
    assert result.file("sarif")
    assert result.file("junit")


def test_action_compares_with_nothing_for_a_push(runner: Runner) -> None:
    result = runner.run(base_branch="")
    assert result.status == 0
    assert (result.outputs["comment"], result.outputs["comment-file"]) == ("", "")
    assert result.file("lines")


def test_action_compares_with_what_is_asked_for(runner: Runner) -> None:
    result = runner.run(base_branch="", base="HEAD~1")
    assert result.status == 0
    assert "order.bpmn` changed" in result.outputs["comment"]


def test_action_needs_the_base(runner: Runner, tmp_path: Path) -> None:
    # As actions/checkout clones unless it is told otherwise.
    shallow = tmp_path / "shallow"
    git("clone", "-q", "--depth=1", runner.workspace.as_uri(), shallow, cwd=tmp_path)
    result = runner._replace(workspace=shallow).run()
    assert result.status == 2
    (command,) = result.commands
    assert "fetch-depth: 0" in command
    assert (result.outputs["status"], result.outputs["comment"]) == ("0", "")
    assert result.file("sarif")


def test_action_takes_paths(runner: Runner) -> None:
    folder = runner.workspace / "with a blank"
    folder.mkdir()
    (folder / "new one.bpmn").write_text(INVOICE)
    commit(runner.workspace)
    result = runner.run(paths="  with a blank  \n\nprocesses/same.bpmn\n")
    assert result.status == 0
    lines = [json.loads(line) for line in result.file("lines").splitlines()]
    assert [line["file"] for line in lines] == [
        "with a blank/new one.bpmn",
        "processes/same.bpmn",
    ]
    assert "new one.bpmn` added" in result.outputs["comment"]
    assert "order.bpmn" not in result.outputs["comment"]


def test_action_takes_files(runner: Runner) -> None:
    (runner.workspace / "strict.toml").write_text(f'[limits]\n{VARIABLES} = "<= 1"\n')
    given = {"config": "strict.toml", "sarif": "results.sarif"}
    assert runner.run(**given).status == 1
    baseline = ("--baseline", "known.ndjson", "--write-baseline")
    result = run(METRICS, "check", "--config=strict.toml", *baseline, cwd=runner.workspace)
    assert result.returncode == 0
    shutil.rmtree(runner.temporary / "metrics")
    outcome = runner.run(**given, baseline="known.ndjson")
    assert outcome.status == 0
    assert outcome.outputs["sarif"] == "results.sarif"
    assert (runner.workspace / "results.sarif").stat().st_size > 100


def test_action_needs_limits(runner: Runner) -> None:
    (runner.workspace / "metrics.toml").write_text("")
    result = runner.run()
    assert result.status == 2
    assert result.outputs["status"] == "2"
    assert (result.outputs["sarif"], result.outputs["junit"]) == ("", "")
    assert "order.bpmn` changed" in result.outputs["comment"]


def test_action_needs_a_valid_configuration(runner: Runner) -> None:
    (runner.workspace / "metrics.toml").write_text("[limit]")
    result = runner.run()
    assert result.status == 2
    assert {*result.outputs.values()} == {"2", ""}
    assert "metrics.toml:1: unknown key 'limit'." in result.log


def test_action_skips_what_is_excluded(runner: Runner) -> None:
    (runner.workspace / "known.toml").write_text(
        f'include = ["*.xml"]\nexclude = ["/processes/same.bpmn"]\n[limits]\n{VARIABLES} = "<= 1"\n'
    )
    (runner.workspace / "processes" / "new.xml").write_text(INVOICE)
    commit(runner.workspace)
    result = runner.run(config="known.toml", paths="processes\nprocesses/same.bpmn")
    assert result.outputs["status"] == "1"
    lines = [json.loads(line) for line in result.file("lines").splitlines()]
    assert [line["file"] for line in lines] == ["processes/new.xml", "processes/order.bpmn"]
    assert "2 diagrams checked, 2 violations in 2 diagrams." in result.log
    assert "new.xml` added" in result.outputs["comment"]


def test_action_skips_what_is_ignored(runner: Runner) -> None:
    # git tracks the diagrams, and a .gitignore that comes later matches them.
    (runner.workspace / ".gitignore").write_text("processes/\n")
    commit(runner.workspace)
    result = runner.run()
    assert (result.status, result.outputs["status"]) == (2, "2")
    assert "all diagrams, such as processes/order.bpmn, are ignored or excluded." in result.log
    shutil.rmtree(runner.temporary / "metrics")
    result = runner.run(**{"no-ignore": "true"})
    assert result.status == 0
    assert "2 diagrams checked, no violations." in result.log


HOSTILE = [
    """x' ; touch there ; " ; touch there ; $(touch there) `touch there` & touch there""",
    "x\n::error::taken\nstatus=taken",
    "--output=there",
    "--exit-zero",
]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize(
    "name", ["paths", "no-ignore", "base", "limits", "config", "baseline", "sarif", "fail"]
)
def test_action_takes_inputs_as_they_are(runner: Runner, name: str, text: str) -> None:
    result = runner.run(**{"limits": f"{VARIABLES} <= 1", name: text})
    # The name of a file may be any.
    assert result.status == (1 if name == "sarif" else 2)
    assert result.outputs["status"] in {"1", "2"}
    assert not [*runner.workspace.rglob("there")]
    assert not [command for command in result.commands if command.startswith("::error::taken")]
    if name == "sarif":
        assert result.outputs["sarif"] == text
        assert (runner.workspace / text).is_file()


def test_action_takes_nothing_in_a_diagram_for_a_command(runner: Runner) -> None:
    said = "##[set-output name=status]0 %0A::add-mask::e"
    diagram = INVOICE.replace('name="Handle an invoice"', f'name="{said}"')
    (runner.workspace / "processes" / "order.bpmn").write_text(diagram)
    (runner.workspace / "processes" / "##[add-mask]o.bpmn").write_text("<")
    (runner.workspace / "processes" / "EOF\nstatus=0\n.bpmn").write_text(INVOICE)
    commit(runner.workspace)
    result = runner.run(limits=f"{VARIABLES} <= 1")
    assert result.status == 2
    assert said.replace("##[", r"\x23#[").replace("::", r"\x3a:") in result.log
    # Of a command the rest of its line is a text.
    assert all(command.startswith("::error file=") for command in result.commands)
    assert result.outputs["status"] == "2"
    assert result.outputs["comment"] == result.file("comment-file").rstrip("\n")


def test_action_needs_a_new_python(tmp_path: Path) -> None:
    old = tmp_path / "bin"
    old.mkdir()
    # A python3 that says that it is an older one.
    (old / "python3").write_text(
        f'#!/bin/sh\nexec {sys.executable} -I -c "import sys; sys.version_info = (3, 10); $3"\n'
    )
    (old / "python3").chmod(0o755)
    result = Runner(tmp_path, tmp_path, python=old).run()
    assert result.status == 2
    assert "actions/setup-python" in result.commands[0]


def test_action_of_the_page(runner: Runner) -> None:
    (step,) = (
        step
        for workflow in blocks_with("jobs")
        for step in workflow["jobs"]["metrics"]["steps"]
        if step.get("uses", "").startswith("OWNER/bpmn-metrics@")
    )
    (runner.workspace / "decisions").mkdir()
    result = runner.run(**step["with"])
    assert result.status == 0, result.log
    assert result.outputs["comment"]
    page = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    action = yaml.safe_load(ACTION.read_text(encoding="utf-8"))
    for name in (*action["inputs"], *action["outputs"]):
        assert f"`{name}`" in page
    for name in re.findall(r"steps\.metrics\.outputs\.([\w-]+)", page):
        assert name in action["outputs"]


@pytest.mark.parametrize("expression", ["${{ github.token }}", "${{ inputs.paths || 'x' }}"])
def test_other_expressions_are_refused(expression: str) -> None:
    with pytest.raises((ValueError, KeyError)):
        evaluated(expression, {}, {})
