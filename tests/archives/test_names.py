"""The names of archives and of their members."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from metrics.archives.names import (
    ArchiveType,
    MemberPath,
    archive_type,
    contained_member,
    folder_of,
    member_of,
    member_path,
)

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("app.jar", ArchiveType.ZIP),
        ("lib/APP.WAR", ArchiveType.ZIP),
        ("a.tar", ArchiveType.TAR),
        ("a.tgz", ArchiveType.TAR_GZ),
        ("a.tar.gz", ArchiveType.TAR_GZ),
        ("a.tar.zst", ArchiveType.TAR_ZST),
        ("a.gz", None),
        ("order.bpmn", None),
        ("jar", None),
    ],
)
def test_type(name: str, expected: ArchiveType | None) -> None:
    assert archive_type(name) is expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("app.jar!/a.bpmn", MemberPath("app.jar", "a.bpmn")),
        ("a.ear!/b.war!/c.bpmn", MemberPath("a.ear", "b.war!/c.bpmn")),
        ("-!/a.bpmn", MemberPath("-", "a.bpmn")),
        ("app!/b.jar!/c.bpmn", MemberPath("app!/b.jar", "c.bpmn")),
        ("app!/a.bpmn", None),
        ("app.jar/a.bpmn", None),
    ],
)
def test_member_by_its_name(name: str, expected: MemberPath | None) -> None:
    assert member_of(name) == expected


def test_folder_that_is_named_like_an_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.jar!").mkdir()
    (tmp_path / "app.jar").write_bytes(b"")
    (tmp_path / "app.jar!" / "a.bpmn").write_bytes(b"")
    assert member_of("app.jar!/a.bpmn") is None
    assert folder_of("app.jar!/a.bpmn") == "app.jar!"
    # There is such a file.
    assert member_path("app.jar!/a.bpmn") is None
    assert member_path("app.jar!/b.bpmn") == MemberPath("app.jar", "b.bpmn")
    assert member_path("none.jar!/b.bpmn") is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.bpmn", ""),
        ("in/a.bpmn", "in"),
        ("odd!/a.bpmn", "odd!"),
        ("app.jar!/a.bpmn", "app.jar"),
        ("app.jar!/in/a.bpmn", "app.jar!/in"),
        ("a.ear!/b.war!/c.bpmn", "a.ear!/b.war"),
        ("-!/a.bpmn", "-"),
    ],
)
def test_folder(name: str, expected: str) -> None:
    assert folder_of(name) == expected


@pytest.mark.parametrize(
    ("member", "expected"),
    [
        ("in/a.bpmn", "in/a.bpmn"),
        ("../../a.bpmn", "%2E%2E/%2E%2E/a.bpmn"),
        ("in/./a.bpmn", "in/%2E/a.bpmn"),
        ("..a/b..", "..a/b.."),
    ],
)
def test_member_that_cannot_lead_out(member: str, expected: str) -> None:
    assert contained_member(member) == expected


def test_longest_archive_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.jar").touch()
    path = "app.jar!/in.zip!/a.bpmn"
    assert member_path(path) == MemberPath("app.jar", "in.zip!/a.bpmn")
    (tmp_path / "app.jar!").mkdir()
    assert member_path(path) == MemberPath("app.jar", "in.zip!/a.bpmn")
    (tmp_path / "app.jar!" / "in.zip").touch()
    assert member_path(path) == MemberPath("app.jar!/in.zip", "a.bpmn")
