"""The members of an archive are the files of its folder, whatever program packed it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from support.archive_results import read_all, read_at

NAMES = [
    "a.bpmn",
    "a b/\u00e9\u00df.bpmn",
    "a b/.hidden/c.bpmn",
    "-d.bpmn",
    "e*?.bpmn",
    "f\nnew line.bpmn",
    "\u4e16\u754c/\U0001f600.bpmn",
    "long/" * 40 + "g.bpmn",
    "h.txt",
    "empty.bpmn",
]

PACKERS = {
    "Info-ZIP": ("zip", ["zip", "-q", "-r", "{archive}", "."]),
    "Info-ZIP, stored": ("zip", ["zip", "-q", "-r", "-0", "{archive}", "."]),
    "Info-ZIP, zip64": ("zip", ["zip", "-q", "-r", "-fz", "{archive}", "."]),
    "jar": ("jar", ["jar", "--create", "--file", "{archive}", "-C", ".", "."]),
    "jar, stored": ("war", ["jar", "-c", "-0", "-f", "{archive}", "-C", ".", "."]),
    "tar, gnu": ("tar", ["tar", "-c", "-H", "gnu", "-f", "{archive}", "."]),
    "tar, oldgnu": ("tar", ["tar", "-c", "-H", "oldgnu", "-f", "{archive}", "."]),
    "tar, pax": ("tar", ["tar", "-c", "-H", "pax", "-f", "{archive}", "."]),
    "tar, sparse": ("tar", ["tar", "-c", "-S", "-f", "{archive}", "."]),
    "tar, ustar": ("tar", ["tar", "-c", "-H", "ustar", "-f", "{archive}", "."]),
    "tar, gzip": ("tar.gz", ["tar", "-c", "-z", "-f", "{archive}", "."]),
    "tar, zstd": ("tar.zst", ["tar", "-c", "--zstd", "-f", "{archive}", "."]),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of files with unusual names."""
    folder = tmp_path_factory.mktemp("files")
    for name in NAMES:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"" if name.startswith("empty") else name.encode() * 1000)
    return folder


def expected(folder: Path, archive: str) -> dict[str, bytes]:
    """The diagrams of a folder, by the names that they have in an archive."""
    paths = folder.rglob("*.bpmn")
    return {f"{archive}!/{path.relative_to(folder)}": path.read_bytes() for path in paths}


@pytest.mark.slow
@pytest.mark.parametrize("packer", PACKERS)
def test_programs(tmp_path: Path, folder: Path, packer: str) -> None:
    extension, command = PACKERS[packer]
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    path = tmp_path / f"app.{extension}"
    arguments = [argument.format(archive=path) for argument in command]
    subprocess.run(arguments, cwd=folder, check=True)
    result = read_all(path)
    assert dict(result.contents) == expected(folder, path.name)
    assert len(result.contents) == len(NAMES) - 1
    assert not result.errors
    assert not result.warnings
    assert len(read_at(path, "a b").contents) == 2


@pytest.mark.parametrize("format", ["zip", "tar", "gztar"])
def test_python(tmp_path: Path, folder: Path, format: str) -> None:
    path = Path(shutil.make_archive(str(tmp_path / "app"), format, folder))
    result = read_all(path)
    assert dict(result.contents) == expected(folder, path.name)
    assert not result.errors
    assert not result.warnings


@pytest.mark.slow
def test_program_git(tmp_path: Path, folder: Path) -> None:
    repository = tmp_path / "repository"
    shutil.copytree(folder, repository)
    git = ["git", "-C", str(repository), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "all"]):
        subprocess.run([*git, *command], check=True)
    for extension in ("tar", "zip"):
        path = tmp_path / f"app.{extension}"
        subprocess.run([*git, "archive", "-o", str(path), "HEAD"], check=True)
        result = read_all(path)
        assert dict(result.contents) == expected(folder, path.name)
        assert not result.warnings


@pytest.mark.slow
def test_symbolic_links_of_zip(tmp_path: Path) -> None:
    if shutil.which("zip") is None:
        pytest.skip("zip is not installed")
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "a.bpmn").write_bytes(b"<a/>")
    (folder / "b.bpmn").symlink_to("a.bpmn")
    path = tmp_path / "app.zip"
    subprocess.run(["zip", "-q", "-r", "-y", str(path), "."], cwd=folder, check=True)
    result = read_all(path)
    assert result.contents == [("app.zip!/a.bpmn", b"<a/>")]
    assert result.warnings == [("app.zip!/b.bpmn", "skipped: it is a link to a.bpmn")]
