"""The objects of shards: local files, and what stores answer."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import fsspec
import pytest
from support.diagrams import process
from support.reports import TASK
from support.servers import KEYS, Answer, s3_server, serving

from metrics import NamedContent, Report
from metrics.shards import remote
from metrics.shards.objects import object_sources
from metrics.shards.plan import Plan, PlannedObject, PlanOptions
from metrics.shards.remote import without_secrets
from metrics.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DIAGRAM = process(TASK)
ETAG = '"abc"'


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Short pauses between tries, and file systems that know this test's environment."""
    monkeypatch.setattr(remote, "PAUSES", (0.01, 0.02))
    remote._file_system.cache_clear()  # noqa: SLF001
    yield
    remote._file_system.cache_clear()  # noqa: SLF001


def sources(*objects: PlannedObject | str, folder: str = "/", **options: float) -> list[object]:
    """What is measured of each object: its content, a path, or the error as text."""
    planned = [PlannedObject(each) if isinstance(each, str) else each for each in objects]
    plan = Plan("", __version__, 1, len(planned), folder, PlanOptions(**options))  # type: ignore[arg-type]
    found: list[object] = []
    for number, (name, source, object) in enumerate(object_sources(planned, plan)):
        assert (name, object) == (planned[number].url, number)
        if isinstance(source, Report):
            assert source.error is not None
            found.append(str(source.error))
        else:
            found.append(source.content if isinstance(source, NamedContent) else source)
    return found


def test_local_files() -> None:
    local = [PlannedObject("/a", etag="x"), PlannedObject("a", version="1")]
    assert sources("a.bpmn", "/b.bpmn", "file:///c%20.bpmn", *local, folder="/folder") == [
        "/folder/a.bpmn",
        "/b.bpmn",
        "/c%20.bpmn",
        "unreadable: a local file has no etag, but the manifest names one",
        "unreadable: a local file has no versions, but the manifest names one",
    ]


def test_url_that_cannot_be_read() -> None:
    (chain, unknown) = sources("simplecache::s3://a/b", "ftp://a/b")
    assert "chain" in str(chain)
    assert "the scheme ftp is not known" in str(unknown)


class TestHttp:
    """Answers of an HTTP server."""

    @pytest.mark.parametrize(
        ("status", "error", "requests"),
        [
            (404, "the store has no such object", 1),
            (410, "the store has no such object", 1),
            (401, "the store refuses access", 1),
            (403, "the store refuses access", 1),
            (400, "the store answered with status 400", 1),
            (429, "the store answered with status 429", 3),
            (500, "the store answered with status 500", 3),
        ],
    )
    def test_status(self, status: int, error: str, requests: int) -> None:
        with serving(lambda *_: Answer(status)) as server:
            assert sources(f"{server.url}/a.bpmn") == [f"unreadable: {error}"]
            assert len(server.requests) == requests

    def test_third_try_succeeds(self) -> None:
        def answer(_: str, number: int) -> Answer:
            return Answer(200, DIAGRAM) if number == 3 else Answer(503)

        with serving(answer) as server:
            assert sources(f"{server.url}/a.bpmn") == [DIAGRAM]

    def test_one_request_for_an_object(self) -> None:
        with serving(lambda *_: Answer(200, DIAGRAM, {"ETag": ETAG})) as server:
            planned = PlannedObject(f"{server.url}/a.bpmn", len(DIAGRAM), ETAG)
            assert sources(planned, f"{server.url}/b.bpmn") == [DIAGRAM, DIAGRAM]
            assert server.requests == ["/a.bpmn", "/b.bpmn"]

    @pytest.mark.parametrize("etag", ["abc", '"abc"', 'W/"abc"'])
    def test_same_etag(self, etag: str) -> None:
        with serving(lambda *_: Answer(200, DIAGRAM, {"ETag": ETAG})) as server:
            assert sources(PlannedObject(f"{server.url}/a.bpmn", etag=etag)) == [DIAGRAM]

    def test_other_etag(self) -> None:
        with serving(lambda *_: Answer(200, DIAGRAM, {"ETag": '"abd"'})) as server:
            (error,) = sources(PlannedObject(f"{server.url}/a.bpmn", etag=ETAG))
            assert error == "changed: its etag is not that of the manifest"

    def test_no_etag(self) -> None:
        with serving(lambda *_: Answer(200, DIAGRAM)) as server:
            (error,) = sources(PlannedObject(f"{server.url}/a.bpmn", etag=ETAG))
            assert error == "unreadable: the store states no etag, but the manifest names one"

    def test_version(self) -> None:
        (error,) = sources(PlannedObject("http://127.0.0.1:1/a.bpmn", version="1"))
        assert error == "unreadable: http:// has no versions, but the manifest names one"

    def test_size_is_known_before_the_content(self) -> None:
        huge = {"Content-Length": str(10**12)}
        with serving(lambda *_: Answer(200, b"", huge)) as server:
            stated = PlannedObject(f"{server.url}/a.bpmn", 10**12)
            error = "too-large: larger than 1,000 bytes"
            assert sources(stated, f"{server.url}/b.bpmn", max_size=1000) == [error, error]
            assert server.requests == ["/b.bpmn"]

    def test_size_that_is_not_stated_is_bounded(self) -> None:
        with serving(lambda *_: Answer(200, bytes(20 * 2**20), {"Content-Length": ""})) as server:
            assert sources(f"{server.url}/a.bpmn", max_size=3 * 2**20) == [
                "too-large: larger than 3,145,728 bytes"
            ]

    def test_large_objects_keep_their_place(self) -> None:
        large = DIAGRAM + b" " * 2**20
        contents = {"/a": DIAGRAM, "/b": large, "/c": DIAGRAM, "/d": large}
        with serving(lambda path, _: Answer(200, contents[path])) as server:
            stated = PlannedObject(f"{server.url}/d", len(large))
            found = sources(*(f"{server.url}{path}" for path in ("/a", "/b", "/c")), stated)
            assert found == [*contents.values()]

    @pytest.mark.parametrize("answer", [Answer(seconds=60), Answer(200, b"0" * 99, {}, 0, 0.05)])
    def test_slow_store_is_bounded(self, answer: Answer) -> None:
        with serving(lambda *_: answer) as server:
            start = time.monotonic()
            assert sources(f"{server.url}/a.bpmn", timeout=0.2) == [
                "unreadable: the store did not answer within 0.2 seconds"
            ]
            assert time.monotonic() - start < 3

    def test_broken_connection(self) -> None:
        with serving(lambda *_: Answer(200, b"short", {"Content-Length": "100"})) as server:
            (error,) = sources(f"{server.url}/a.bpmn")
            assert "unreadable: ClientPayloadError" in str(error)

    def test_form_is_recognized_without_the_query(self) -> None:
        with serving(lambda *_: Answer(200, b"{}")) as server:
            plan = Plan("", __version__, 1, 1, "/", PlanOptions())
            url = f"{server.url}/a.form?signature=1"
            ((name, source, _),) = object_sources([PlannedObject(url)], plan)
            assert name == url
            assert isinstance(source, NamedContent)
            assert source.name == "/a.form"

    def test_objects_are_read_ahead(self) -> None:
        with serving(lambda *_: Answer(200, DIAGRAM, {}, 0.2)) as server:
            start = time.monotonic()
            assert len(sources(*(f"{server.url}/{number}" for number in range(32)))) == 32
            # One after the other, they would take 6.4 seconds.
            assert time.monotonic() - start < 3

    def test_secrets_are_not_in_messages(self) -> None:
        url = "http://user:password@127.0.0.1:1/a.bpmn?signature=hidden"
        (error,) = sources(url)
        assert str(error).startswith("unreadable: ClientConnectorError")
        for secret in ("user", "password", "hidden"):
            assert secret not in str(error)


def test_file_system_that_cannot_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ValueError("no account")

    monkeypatch.setattr(fsspec, "filesystem", refuse)
    assert sources("az://container/a.bpmn") == ["unreadable: ValueError: no account"]


def test_secrets() -> None:
    text = "cannot read 'https://user:word@host/a?sig=1&b=2', nor s3://bucket/a"
    assert without_secrets(text) == "cannot read 'https://…@host/a?…', nor s3://bucket/a"


class TestS3:
    """Faults of a server of S3."""

    @pytest.fixture(autouse=True)
    def keys(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in KEYS.items():
            monkeypatch.setenv(name, value)

    @pytest.mark.parametrize(
        ("status", "error", "requests"),
        [
            (404, "the store has no such object", 1),
            (403, "the store refuses access", 1),
            (500, "the store answered with status 500", 3),
        ],
    )
    def test_status(
        self, status: int, error: str, requests: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with serving(lambda *_: Answer(status)) as server:
            monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
            assert sources("s3://bucket/a.bpmn") == [f"unreadable: {error}"]
            assert len(server.requests) == requests

    def test_third_try_succeeds(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def answer(_: str, number: int) -> Answer:
            return Answer(200, DIAGRAM, {"ETag": ETAG}) if number == 3 else Answer(500)

        with serving(answer) as server:
            monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
            assert sources(PlannedObject("s3://bucket/a b.bpmn", 9, "abc")) == [DIAGRAM]
            assert server.requests == ["/bucket/a%20b.bpmn"] * 3

    @pytest.mark.parametrize("answer", [Answer(seconds=60), Answer(200, b"0" * 99, {}, 0, 0.05)])
    def test_slow_store_is_bounded(self, answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
        with serving(lambda *_: answer) as server:
            monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
            assert sources("s3://bucket/a.bpmn", timeout=0.3) == [
                "unreadable: the store did not answer within 0.3 seconds"
            ]

    def test_no_credentials(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        for name in KEYS:
            monkeypatch.delenv(name)
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        (error,) = sources("s3://bucket/a.bpmn")
        assert error == "unreadable: NoCredentialsError: Unable to locate credentials"


@pytest.mark.slow
def test_server_of_s3(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    with s3_server() as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        s3 = fsspec.filesystem("s3", version_aware=True, skip_instance_cache=True)
        s3.mkdir("versioned")
        s3.call_s3(
            "put_bucket_versioning",
            Bucket="versioned",
            VersioningConfiguration={"Status": "Enabled"},
        )
        old, new = process(TASK), process(TASK * 2)
        s3.pipe_file("versioned/é/a +.bpmn", old)
        before = s3.info("versioned/é/a +.bpmn")
        s3.pipe_file("versioned/é/a +.bpmn", new)
        after = s3.info("versioned/é/a +.bpmn")
        s3.pipe_file("versioned/empty.bpmn", b"")
        name = "s3://versioned/é/a +.bpmn"
        missing = "unreadable: the store has no such object"
        assert sources(
            name,
            PlannedObject(name, etag=after["ETag"].strip('"')),
            PlannedObject(name, etag=before["ETag"]),
            PlannedObject(name, etag=before["ETag"], version=before["VersionId"]),
            PlannedObject(name, version="1" * 32),
            "s3a://versioned/empty.bpmn",
            "s3://versioned/none.bpmn",
            "s3://none/none.bpmn",
        ) == [
            new,
            new,
            "changed: its etag is not that of the manifest",
            old,
            missing,
            b"",
            missing,
            missing,
        ]
