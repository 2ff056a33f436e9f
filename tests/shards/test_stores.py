"""Stores: what they have, and what they do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import fsspec
import pytest
from support.command import run
from support.servers import KEYS, s3_server

from metrics.shards import remote
from metrics.shards.stores import StoreError, store_at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def test_prefix_without_files() -> None:
    assert not store_at("memory://nothing/here").files()


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of an empty bucket."""
    remote._file_system.cache_clear()  # noqa: SLF001
    with s3_server() as url:
        for name, value in (KEYS | {"AWS_ENDPOINT_URL": url}).items():
            monkeypatch.setenv(name, value)
        fsspec.filesystem("s3", skip_instance_cache=True).mkdir("plans")
        yield "s3://plans"
    remote._file_system.cache_clear()  # noqa: SLF001


@pytest.mark.slow
def test_plan_in_a_bucket(bucket: str, tmp_path: Path) -> None:
    (tmp_path / "m").write_text("a\nb\n")
    plan = ("shards", "plan", tmp_path / "m", "--shards")
    for _ in range(2):
        assert run(*plan, "2", "--out", f"{bucket}/new").returncode == 0
    assert b"a different plan" in run(*plan, "1", "--out", f"{bucket}/new").stderr
    assert run("shards", "run", f"{bucket}/new").returncode == 0
    assert run("shards", "status", f"{bucket}/new").stdout.startswith(b"2 of 2 shards done")
    with pytest.raises(StoreError, match="no such object"), store_at("s3://none/a").write("b"):
        pass
