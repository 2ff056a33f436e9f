"""Archives of all types: what is read, under which names, and within which bounds."""

from __future__ import annotations

import gzip
import io
import os
import sys
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from support.archive_results import is_bpmn, pipe_of, read_all, read_at
from support.archives import tar_entry, tar_of_entries, tarred, zip_of_entries, zipped

from metrics.archives.bounds import ArchiveBounds
from metrics.archives.names import MemberPath
from metrics.archives.reader import MAX_WARNINGS, MORE_WARNINGS, read_members_at

if TYPE_CHECKING:
    from collections.abc import Callable

PACKERS: dict[str, Callable[[dict[str, bytes]], bytes]] = {
    "zip": zipped,
    "tar": tarred,
    "tar.gz": lambda members: gzip.compress(tarred(members)),
    "tar.zst": lambda members: zstandard.compress(tarred(members)),
}
MEMBERS = {"b.bpmn": b"<b/>", "a/c.bpmn": b"<c/>", "a/notes.txt": b"text"}
CONTENTS = [("a/c.bpmn", b"<c/>"), ("b.bpmn", b"<b/>")]

every_type = pytest.mark.parametrize("extension", PACKERS)


def archive(folder: Path, extension: str, members: dict[str, bytes] = MEMBERS) -> Path:
    """An archive `app` of a type."""
    path = folder / f"app.{extension}"
    path.write_bytes(PACKERS[extension](members))
    return path


@every_type
def test_members_that_are_wanted(tmp_path: Path, extension: str) -> None:
    result = read_all(archive(tmp_path, extension))
    assert sorted(result.contents) == [(f"app.{extension}!/{name}", c) for name, c in CONTENTS]
    assert not result.errors
    assert not result.warnings


@every_type
def test_pipe(tmp_path: Path, extension: str) -> None:
    path = archive(tmp_path, extension)
    with pipe_of(path.read_bytes()) as stream:
        assert read_all(path, stream=stream).contents == read_all(path).contents


def test_order(tmp_path: Path) -> None:
    assert [name for name, _ in read_all(archive(tmp_path, "zip")).contents] == [
        "app.zip!/a/c.bpmn",
        "app.zip!/b.bpmn",
    ]
    assert [name for name, _ in read_all(archive(tmp_path, "tar")).contents] == [
        "app.tar!/b.bpmn",
        "app.tar!/a/c.bpmn",
    ]


@pytest.mark.parametrize("extension", ["tar", "tgz"])
@pytest.mark.parametrize("packer", ["tar", "tar.gz", "tar.zst"])
def test_compression_is_recognized(tmp_path: Path, extension: str, packer: str) -> None:
    path = tmp_path / f"app.{extension}"
    path.write_bytes(PACKERS[packer](MEMBERS))
    assert len(read_all(path).contents) == 2
    with pipe_of(path.read_bytes()) as stream:
        assert len(read_all(path, stream=stream).contents) == 2


@every_type
def test_members_are_read_as_they_are_requested(tmp_path: Path, extension: str) -> None:
    asked: list[str] = []

    def is_wanted(name: str) -> bool:
        asked.append(name)
        return is_bpmn(name)

    read_all(archive(tmp_path, extension), is_wanted=is_wanted)
    assert sorted(asked) == [f"app.{extension}!/{name}" for name in sorted(MEMBERS)]


@every_type
def test_archives_in_archives(tmp_path: Path, extension: str) -> None:
    inner = PACKERS[extension]({"x.bpmn": b"<x/>"})
    middle = zipped({f"lib/in.{extension}": inner, "y.bpmn": b"<y/>"})
    result = read_all(archive(tmp_path, extension, {"web.war": middle, "z.bpmn": b"<z/>"}))
    assert sorted(result.contents) == [
        (f"app.{extension}!/web.war!/lib/in.{extension}!/x.bpmn", b"<x/>"),
        (f"app.{extension}!/web.war!/y.bpmn", b"<y/>"),
        (f"app.{extension}!/z.bpmn", b"<z/>"),
    ]
    assert not result.errors


def test_wanted_archive_is_not_opened(tmp_path: Path) -> None:
    inner = zipped({"x.bpmn": b"<x/>"})
    path = archive(tmp_path, "zip", {"in.zip": inner})
    result = read_all(path, is_wanted=lambda name: name.endswith("in.zip"))
    assert result.contents == [("app.zip!/in.zip", inner)]


@every_type
def test_depth(tmp_path: Path, extension: str) -> None:
    content = zipped({"x.bpmn": b"<x/>"})
    for name in ("3.zip", "2.zip", "1.zip"):
        content = zipped({name: content, f"{name}.bpmn": b"<y/>"})
    path = archive(tmp_path, extension, {"0.zip": content})
    result = read_all(path, bounds=ArchiveBounds(max_depth=3))
    prefix = f"app.{extension}!/0.zip!/"
    assert [name for name, _ in result.contents] == [
        f"{prefix}1.zip!/2.zip.bpmn",
        f"{prefix}1.zip.bpmn",
    ]
    assert result.errors == [
        (f"{prefix}1.zip!/2.zip", "too-large: not read: it lies in more than 2 other archives")
    ]
    assert not read_all(path, bounds=ArchiveBounds(max_depth=5)).errors


@every_type
def test_max_size(tmp_path: Path, extension: str) -> None:
    inner = zipped({"small.bpmn": b"<b/>"})
    assert len(inner) > 20
    path = archive(
        tmp_path,
        extension,
        {"a.bpmn": bytes(20), "b.bpmn": bytes(21), "c.zip": inner, "d.bpmn": b"<d/>"},
    )
    result = read_all(path, bounds=ArchiveBounds(max_size=20))
    assert [name[-6:] for name, _ in result.contents] == ["a.bpmn", "d.bpmn"]
    assert result.errors == [
        (f"app.{extension}!/b.bpmn", "too-large: larger than 20 bytes"),
        (f"app.{extension}!/c.zip", "too-large: larger than 20 bytes"),
    ]


def test_zip_of_a_pipe_is_held_in_memory_up_to_the_maximum(tmp_path: Path) -> None:
    path = archive(tmp_path, "zip")
    size = path.stat().st_size
    for max_size, contents in ((size, 2), (size - 1, 0)):
        with pipe_of(path.read_bytes()) as stream:
            result = read_all(path, stream=stream, bounds=ArchiveBounds(max_size=max_size))
        assert len(result.contents) == contents
    assert result.errors == [("app.zip", f"too-large: larger than {size - 1:,} bytes")]
    assert len(read_all(path, bounds=ArchiveBounds(max_size=size - 1)).contents) == 2


@every_type
def test_max_total(tmp_path: Path, extension: str) -> None:
    nested = zipped({f"{number}.bpmn": bytes(100_000) for number in range(10)})
    path = archive(tmp_path, extension, {f"{number}.zip": nested for number in range(4)})
    result = read_all(path, bounds=ArchiveBounds(max_total=2_500_000))
    assert result.errors == [
        (f"app.{extension}", "too-large: larger than 2,500,000 bytes in all when unpacked")
    ]
    assert 20 <= len(result.contents) < 25
    assert not read_all(path, bounds=ArchiveBounds(max_total=5_000_000)).errors


@pytest.mark.parametrize("extension", ["tar.gz", "tar.zst"])
def test_max_total_counts_what_is_skipped(tmp_path: Path, extension: str) -> None:
    members = {"a.bpmn": b"<a/>", "zeros": bytes(10_000_000), "b.bpmn": b"<b/>"}
    path = archive(tmp_path, extension, members)
    result = read_all(path, bounds=ArchiveBounds(max_total=5_000_000))
    assert [name[-6:] for name, _ in result.contents] == ["a.bpmn"]
    assert [name for name, _ in result.errors] == [f"app.{extension}"]
    assert len(read_all(path, bounds=ArchiveBounds(max_total=11_100_000)).contents) == 2


def test_max_total_does_not_count_what_is_not_unpacked(tmp_path: Path) -> None:
    members = {"a.bpmn": b"<a/>", "zeros": bytes(10_000_000), "b.bpmn": b"<b/>"}
    for extension in ("zip", "tar"):
        path = archive(tmp_path, extension, members)
        assert len(read_all(path, bounds=ArchiveBounds(max_total=100_000)).contents) == 2


@every_type
def test_max_members(tmp_path: Path, extension: str) -> None:
    nested = zipped({f"{number}.txt": b"" for number in range(10)})
    members = {"a.bpmn": b"<a/>", "b.zip": nested, "c.bpmn": b"<c/>"}
    path = archive(tmp_path, extension, members)
    result = read_all(path, bounds=ArchiveBounds(max_members=12))
    assert result.errors[-1] == (f"app.{extension}", "too-large: more than 12 members")
    assert len(result.errors) == 1
    assert len(read_all(path, bounds=ArchiveBounds(max_members=13)).contents) == 2


def test_max_members_of_a_zip_is_noticed_before_any_is_read(tmp_path: Path) -> None:
    path = archive(tmp_path, "zip", {f"{number}.bpmn": b"" for number in range(10)})
    asked: list[str] = []

    def is_wanted(name: str) -> bool:
        asked.append(name)
        return True

    result = read_all(path, is_wanted=is_wanted, bounds=ArchiveBounds(max_members=3))
    assert len(asked) == 3
    assert not result.contents


@every_type
def test_names_are_only_names(tmp_path: Path, extension: str) -> None:
    names = [
        "../a.bpmn",
        "/etc/b.bpmn",
        "C:\\c.bpmn",
        "d\x1b[1m\n.bpmn",
        "\u00e9\u202e.bpmn",
        ".bpmn",
    ]
    folder = tmp_path / "inner"
    folder.mkdir()
    path = archive(folder, extension, {name: name.encode() for name in names})
    before = sorted(tmp_path.rglob("*"))
    result = read_all(path)
    assert sorted(result.contents) == sorted(
        (f"app.{extension}!/{name}", name.encode()) for name in names
    )
    assert sorted(tmp_path.rglob("*")) == before


@every_type
def test_long_name(tmp_path: Path, extension: str) -> None:
    fits = "a" * (4096 - len(f"app.{extension}!/") - len(".bpmn")) + ".bpmn"
    path = archive(tmp_path, extension, {fits: b"<a/>", f"b{fits}": b"<b/>", f"b{fits}.txt": b""})
    result = read_all(path)
    assert result.contents == [(f"app.{extension}!/{fits}", b"<a/>")]
    message = "too-large: the name of a member has more than 4,096 characters: b"
    assert result.errors == [(f"app.{extension}", message + "a" * 98 + "…")]


def test_leading_dot(tmp_path: Path) -> None:
    path = archive(tmp_path, "tar", {"./a.bpmn": b"<a/>"})
    assert read_all(path).contents == [("app.tar!/a.bpmn", b"<a/>")]


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("extension", ["zip", "tar"])
def test_same_name(tmp_path: Path, extension: str) -> None:
    entries = [("a.bpmn", b"<1/>"), ("b.txt", b""), ("b.txt", b""), ("a.bpmn", b"<2/>")]
    path = tmp_path / f"app.{extension}"
    if extension == "zip":
        path.write_bytes(zip_of_entries(entries))
    else:
        path.write_bytes(tar_of_entries((tar_entry(name), content) for name, content in entries))
    result = read_all(path)
    name = f"app.{extension}!/a.bpmn"
    assert result.contents == [(name, b"<1/>"), (name, b"<2/>")]
    assert result.warnings == [(name, "another member has the same name")]


def test_number_of_warnings_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "app.tar"
    links = (tar_entry(f"{number}.bpmn", tarfile.SYMTYPE, "a") for number in range(500))
    path.write_bytes(tar_of_entries((link, b"") for link in links))
    warnings = read_all(path).warnings
    assert len(warnings) == MAX_WARNINGS
    assert warnings[-1][1] == MORE_WARNINGS


@pytest.mark.parametrize("extension", PACKERS)
@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "the file is empty"),
        (b"some text", "not a {} archive"),
        (b"some text" * 1000, "not a {} archive"),
        (b"<!DOCTYPE html><html>" + b" " * 1000, "not a {} archive: it is an HTML page"),
        (b"\xfd7zXZ\0" + bytes(1000), "not a {} archive: it is an xz file"),
        (gzip.compress(b"text", mtime=0), "not a {} archive"),
        (b"\x1f\x8btext", None),
        (zstandard.compress(b"text"), "not a {} archive"),
        (b"\x28\xb5\x2f\xfdtext" + bytes(100), None),
    ],
)
def test_not_an_archive(tmp_path: Path, extension: str, content: bytes, what: str | None) -> None:
    path = tmp_path / f"app.{extension}"
    path.write_bytes(content)
    result = read_all(path)
    assert not result.contents
    [(name, message)] = result.errors
    assert name == path.name
    type = extension.partition(".")[0]
    expected = "unreadable: " + ("it is damaged" if what is None else what.format(type))
    if type == "zip":
        expected = expected.replace("it is damaged", "not a zip archive")
    assert message.startswith(expected)


@every_type
def test_paths_that_are_no_files(tmp_path: Path, extension: str) -> None:
    missing, folder, pipe, nul = (tmp_path / f"{name}.{extension}" for name in ("a", "b", "c", "d"))
    folder.mkdir()
    os.mkfifo(pipe)
    assert read_all(missing).errors == [(missing.name, "unreadable: No such file or directory")]
    for path in (folder, pipe):
        assert read_all(path).errors == [(path.name, "unreadable: it is not a regular file")]
    device = tmp_path / f"device.{extension}"
    device.symlink_to("/dev/zero")
    assert read_all(device).errors == [(device.name, "unreadable: it is not a regular file")]
    errors = read_all(tmp_path / f"\0{nul.name}").errors
    assert [message for _, message in errors] == ["unreadable: embedded null byte"]


def test_zstandard_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = archive(tmp_path, "tar.zst")
    monkeypatch.setitem(sys.modules, "zstandard", None)
    message = "unreadable: zstd needs the module zstandard: pip install zstandard"
    assert read_all(path).errors == [("app.tar.zst", message)]


@every_type
def test_damaged_archive_in_an_archive(tmp_path: Path, extension: str) -> None:
    members = {"a.bpmn": b"<a/>", f"b.{extension}": b"text", "c.bpmn": b"<c/>"}
    result = read_all(archive(tmp_path, extension, members))
    assert [content for _, content in result.contents] == [b"<a/>", b"<c/>"]
    assert [name for name, _ in result.errors] == [f"app.{extension}!/b.{extension}"]


EAR = {
    "web.war": zipped(
        {
            "order.bpmn": b"<order/>",
            "WEB-INF/a.bpmn": b"<a/>",
            "WEB-INF/b.txt": b"b",
            "lib/in.jar": zipped({"in.bpmn": b"<in/>"}),
        }
    ),
    "other.war": b"damaged",
    "a.bpmn": b"<top/>",
    "empty.zip": zipped({}),
}


@pytest.mark.parametrize("extension", ["zip", "tar.gz"])
@pytest.mark.parametrize(
    ("member", "expected"),
    [
        ("a.bpmn", ["a.bpmn"]),
        ("./a.bpmn", ["a.bpmn"]),
        ("web.war!/order.bpmn", ["web.war!/order.bpmn"]),
        ("web.war!/WEB-INF/b.txt", ["web.war!/WEB-INF/b.txt"]),
        ("web.war!/WEB-INF", ["web.war!/WEB-INF/a.bpmn"]),
        ("web.war!/WEB-INF/", ["web.war!/WEB-INF/a.bpmn"]),
        ("web.war!/lib", ["web.war!/lib/in.jar!/in.bpmn"]),
        ("web.war!/lib/in.jar!/in.bpmn", ["web.war!/lib/in.jar!/in.bpmn"]),
        ("empty.zip", []),
        *(
            (
                name,
                ["web.war!/WEB-INF/a.bpmn", "web.war!/lib/in.jar!/in.bpmn", "web.war!/order.bpmn"],
            )
            for name in ("web.war", "web.war/", "web.war!/")
        ),
    ],
)
def test_members_at_a_path(
    tmp_path: Path, extension: str, member: str, expected: list[str]
) -> None:
    path = archive(tmp_path, extension, EAR)
    result = read_at(path, member)
    assert [name for name, _ in result.contents] == [f"{path}!/{name}" for name in expected]
    assert not result.errors


@pytest.mark.parametrize("extension", ["zip", "tar.gz"])
@pytest.mark.parametrize(
    "member", ["b.bpmn", "web.war!/b.bpmn", "web.war!/order", "a", "a.bpmn/x", "none.war!/a.bpmn"]
)
def test_no_member_at_a_path(tmp_path: Path, extension: str, member: str) -> None:
    path = archive(tmp_path, extension, EAR)
    result = read_at(path, member)
    message = "unreadable: there is no such file in the archive"
    assert (result.contents, result.errors) == ([], [(f"{path}!/{member}", message)])


def test_path_that_leads_to_an_error(tmp_path: Path) -> None:
    path = archive(tmp_path, "zip", EAR)
    errors = read_at(path, "other.war!/a.bpmn").errors
    assert errors == [(f"{path}!/other.war", "unreadable: not a zip archive")]
    path.write_bytes(b"")
    assert read_at(path, "a.bpmn").errors == [(str(path), "unreadable: the file is empty")]


def test_link_at_a_path(tmp_path: Path) -> None:
    path = tmp_path / "app.tar"
    path.write_bytes(tar_of_entries([(tar_entry("a.bpmn", tarfile.SYMTYPE, "b.bpmn"), b"")]))
    result = read_at(path, "a.bpmn")
    assert len(result.errors) == len(result.warnings) == 1


def test_whole_archive_at_a_path(tmp_path: Path) -> None:
    path = archive(tmp_path, "zip")
    assert len(read_at(path, "").contents) == 2


def test_path_without_an_archive(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not the name of an archive"):
        next(
            read_members_at(
                MemberPath("a.txt", "b"),
                is_wanted=is_bpmn,
                warn=lambda name, message: None,
                bounds=ArchiveBounds(),
            )
        )


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0/"), min_size=1, max_size=8)


@given(
    members=st.dictionaries(
        st.lists(NAMES.filter(lambda name: name not in {".", ".."}), min_size=1, max_size=3).map(
            lambda parts: "/".join(parts) + ".bpmn"
        ),
        st.binary(max_size=2000),
        max_size=5,
    )
)
def test_contents_are_those_that_were_packed(members: dict[str, bytes]) -> None:
    for extension, packer in PACKERS.items():
        path = Path(f"app.{extension}")
        result = read_all(path, stream=io.BytesIO(packer(members)))
        assert not result.errors
        assert not result.warnings
        assert dict(result.contents) == {
            f"app.{extension}!/{name}": content for name, content in members.items()
        }
