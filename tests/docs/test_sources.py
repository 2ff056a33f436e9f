"""The recipes for engines, databases and archives, run against what they read."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import threading
from base64 import b64encode
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest
from support.archives import pack, zipped
from support.command import METRICS
from support.repositories import Repository
from support.states import tasks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PAGE = Path(__file__).parents[2] / "docs" / "sources.md"
POSTGRES = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))), None)

pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, ("jq", "curl", "git"))), reason="needs jq, curl and git"
)


def recipe(word: str) -> str:
    """The block of the page with a word."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    (found,) = (block for block in blocks if word in block)
    return str(found)


def ran(code: str, cwd: Path, **environment: str) -> str:
    """What a recipe prints; it must not fail, and print nothing else."""
    path = os.pathsep.join((str(METRICS.parent), os.environ["PATH"]))
    result = subprocess.run(
        ["bash", "-c", f"set -o pipefail\n{code}"],
        cwd=cwd,
        env=os.environ | {"PATH": path} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout


def counts(output: str) -> dict[str, int]:
    """The number of user tasks of each diagram that a scan printed."""
    records = map(json.loads, output.splitlines())
    return {
        record["file"]: record["diagramMetrics"]["tasks"]["userTask"]["count"] for record in records
    }


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A repository with two releases."""
    repository = Repository(tmp_path / "repository")
    repository.commit({"in/a.bpmn": tasks(1), "b.bpmn": tasks(2), "README": b""})
    repository.git("tag", "v1.1")
    repository.commit({"in/a.bpmn": tasks(5)})
    repository.git("tag", "v1.2")
    return repository


class TestGit:
    """Revisions, without a working tree."""

    def test_revision(self, repository: Repository) -> None:
        found = counts(ran(recipe("git archive v1.2"), repository.folder))
        assert found == {"-!/b.bpmn": 2, "-!/in/a.bpmn": 5}

    def test_row_for_each_release(self, repository: Repository) -> None:
        rows = ran(recipe("git tag"), repository.folder).splitlines()
        assert rows == ['"v1.1",2,3', '"v1.2",2,7']

    def test_two_releases(self, repository: Repository) -> None:
        assert "1 → 5" in ran(recipe("metrics diff v1.1"), repository.folder)


def test_applications(tmp_path: Path) -> None:
    content = {"WEB-INF/classes/order.bpmn": tasks(2), "WEB-INF/lib/a.jar": zipped({"a.bpmn": b""})}
    for name, number in (("lib", 2), ("old", 1), ("new", 3)):
        content["WEB-INF/classes/order.bpmn"] = tasks(number)
        content["WEB-INF/lib/a.jar"] = zipped({"a.bpmn": tasks(1)})
        pack(tmp_path / name / "app.war", content)
    scan, summary, diff, explain = recipe("metrics scan --archives").splitlines()
    assert counts(ran(scan, tmp_path)) == {
        "lib/app.war!/WEB-INF/classes/order.bpmn": 2,
        "lib/app.war!/WEB-INF/lib/a.jar!/a.bpmn": 1,
    }
    assert "lib/app.war" in ran(summary, tmp_path, COLUMNS="200")
    assert "1 → 3" in ran(diff, tmp_path)
    assert ran(explain, tmp_path).startswith("lib/app.war!/WEB-INF/classes/order.bpmn")


@contextmanager
def server(answers: Mapping[str, bytes]) -> Iterator[tuple[str, list[bytes]]]:
    """A server with an answer for each path; yields its address and the bodies that it gets."""
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = answers.get(unquote(self.path))
            self.send_response(404 if answer is None else 200)
            self.end_headers()
            self.wfile.write(answer or b"")

        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            assert self.headers["Content-Type"] == "application/json"
            self.do_GET()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}", bodies
        http.shutdown()
        thread.join()


class TestEngines:
    """REST APIs: the answers have the form of their documentation."""

    def test_camunda_7(self, tmp_path: Path) -> None:
        ids = ["invoice:2:41f1", "order é:1:77ab"]
        answers = {
            "/engine-rest/process-definition?latestVersion=true": json.dumps(
                [{"id": id, "key": id.partition(":")[0], "version": 1} for id in ids]
            ).encode()
        }
        for number, id in enumerate(ids):
            answer = {"id": id, "bpmn20Xml": tasks(number).decode()}
            answers[f"/engine-rest/process-definition/{id}/xml"] = json.dumps(answer).encode()
        with server(answers) as (address, _):
            code = recipe("ENGINE=").replace("http://localhost:8080", address)
            assert counts(ran(code, tmp_path)) == {ids[0]: 0, ids[1]: 1}

    def test_camunda_8(self, tmp_path: Path) -> None:
        keys = ["2251799813685249", "2251799813685250"]
        items = [{"processDefinitionKey": key, "version": 1} for key in keys]
        answers = {
            "/v2/process-definitions/search": json.dumps(
                {"items": items, "page": {"totalItems": 2}}
            ).encode()
        }
        for number, key in enumerate(keys):
            answers[f"/v2/process-definitions/{key}/xml"] = tasks(number)
        with server(answers) as (address, bodies):
            code = recipe("CLUSTER=").replace("http://localhost:8080", address)
            assert counts(ran(code, tmp_path)) == {keys[0]: 0, keys[1]: 1}
        assert json.loads(bodies[0]) == {"page": {"limit": 1000}}


@pytest.fixture
def database() -> Iterator[dict[str, str]]:
    """The variables of psql for a database of its own."""
    if POSTGRES is None or shutil.which("psql") is None:
        pytest.skip("needs PostgreSQL")
    # It does not run as root. The name of its socket must be short, so it is not in `tmp_path`.
    user = "postgres" if os.geteuid() == 0 else None
    control = POSTGRES.with_name("pg_ctl")

    with TemporaryDirectory() as folder:
        if user is not None:
            shutil.chown(folder, user)

        def execute(*command: str | Path) -> None:
            subprocess.run(
                command, user=user, cwd=folder, stdout=subprocess.DEVNULL, check=True, timeout=60
            )

        data = f"{folder}/data"
        execute(POSTGRES, "-D", data, "-A", "trust", "-U", "metrics", "--no-sync")
        options = f"-k {folder} -c listen_addresses= -c fsync=off"
        execute(control, "-D", data, "-o", options, "-l", f"{folder}/log", "-w", "start")
        try:
            yield {"PGHOST": folder, "PGUSER": "metrics", "PGDATABASE": "postgres"}
        finally:
            execute(control, "-D", data, "-m", "immediate", "-w", "stop")


TABLES = """
create table act_re_procdef (
  id_ varchar(64) primary key, key_ varchar(255), version_ integer, deployment_id_ varchar(64),
  resource_name_ varchar(4000)
);
create table act_ge_bytearray (
  id_ varchar(64) primary key, name_ varchar(255), deployment_id_ varchar(64), bytes_ bytea
);
"""


@pytest.mark.slow
def test_database(tmp_path: Path, database: dict[str, str]) -> None:
    # The second resource has two definitions, and the image none.
    statements = TABLES
    for id, name, content in (
        ("1", "order.bpmn", tasks(3, "a")),
        ("2", "both.bpmn", tasks(4)),
        ("3", "order.png", b"image"),
    ):
        encoded = b64encode(content).decode()
        statements += (
            f"insert into act_ge_bytearray values ('{id}', '{name}', 'd1',"
            f" decode('{encoded}', 'base64'));\n"
        )
    for key, resource in (("order", "order.bpmn"), ("x", "both.bpmn"), ("y", "both.bpmn")):
        statements += (
            f"insert into act_re_procdef values ('{key}:1:id', '{key}', 1, 'd1', '{resource}');\n"
        )
    subprocess.run(
        ["psql", "--quiet", "--no-psqlrc", "-v", "ON_ERROR_STOP=1"],
        input=statements.encode(),
        env=os.environ | database,
        check=True,
    )
    found = counts(ran(recipe("psql"), tmp_path, **database))
    assert found == {"order:1:id": 3, "x:1:id": 4}
