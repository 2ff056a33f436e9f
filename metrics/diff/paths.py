"""Two states of diagrams that two paths name: diagrams, folders, archives or earlier scans."""

from __future__ import annotations

import os
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from metrics.archives.names import archive_type, member_name, member_path
from metrics.diff.pairs import Pair, PairedStates, Status, pair_by_name
from metrics.reading.sources import STANDARD_INPUT, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from metrics.report import Report
    from metrics.scanning.requests import DiagramSource

    NamedSources = Iterable[tuple[str, DiagramSource]]


class UnpairedPathsError(ValueError):
    """Two paths that cannot be compared; the message says why."""


class PathReader(NamedTuple):
    """The functions that read paths.

    `discover` finds the diagrams at a path. A path that `is_scan` is the output of `metrics scan`,
    whose reports `read_scan` returns. A path that `is_many` is a folder, an archive, a folder in
    an archive, or standard input with many diagrams.
    """

    discover: Callable[[str], Iterator[DiagramSource]]
    is_scan: Callable[[str], bool]
    read_scan: Callable[[str], Iterable[Report]]
    is_many: Callable[[str], bool]


def is_path(name: str) -> bool:
    """Whether a name is that of a file or folder, of what an archive holds, or standard input."""
    return name == STANDARD_INPUT or os.path.lexists(name) or member_path(name) is not None


def pair_paths(old: str, new: str, reader: PathReader) -> PairedStates:
    """Pair the diagrams at two paths, which are measured later.

    Two diagrams are one pair. The diagrams of two folders are paired by their names within the
    folder, those of an earlier scan by the names that it printed. Raises `UnpairedPathsError` if
    the paths cannot be compared.
    """
    if not any(_is_many(reader, path) for path in (old, new)):
        _require_two(old, new)
        old_file = None if old == new else old
        return PairedStates([Pair(new, old, new, old_file)], old, new)
    return _paired(old, new, *_sides(old, new, reader), reader)


class UnpackedPaths:
    """Two paths, some of whose diagrams are in archives or among many in standard input.

    The contents of these would fill the memory, so the diagrams are measured before they are
    paired. Raises `UnpairedPathsError` as `pair_paths` does.
    """

    def __init__(self, old: str, new: str, reader: PathReader) -> None:
        self._paths = old, new
        self._reader = reader
        self._sides = _sides(old, new, reader)
        self._names: deque[tuple[bool, str]] = deque()

    def sources(self) -> Iterator[DiagramSource]:
        """The diagrams, those of the old path first."""
        for is_new, sources in zip((False, True), self._sides, strict=True):
            for name, source in sources:
                self._names.append((is_new, name))
                yield source

    def pair(self, reports: Iterable[Report]) -> PairedStates:
        """Pair the reports of the sources, as `pair_paths` pairs diagrams."""
        old: list[tuple[str, DiagramSource]] = []
        new: list[tuple[str, DiagramSource]] = []
        for report in reports:
            is_new, name = self._names.popleft()
            (new if is_new else old).append((name, report))
        return _paired(*self._paths, old, new, self._reader)


def _sides(old: str, new: str, reader: PathReader) -> tuple[NamedSources, NamedSources]:
    """The diagrams at both paths, each with the name that it is paired by."""
    _require_two(old, new)
    paths = old, new
    are_many = [reader.is_many(path) for path in paths]
    are_scans = [_is_scan(reader, path) for path in paths]
    if any(are_many) and not all(map(max, are_many, are_scans)):
        noun = "A folder" if any(map(os.path.isdir, paths)) else "An archive"
        raise UnpairedPathsError(f"{noun} cannot be compared with a single diagram.")
    # The names in a scan begin with the folder. Two diagrams have the same name.
    is_relative = all(are_many)
    name = None if any(are_many) or any(are_scans) else new
    old_sources, new_sources = (
        _scanned(path, reader)
        if is_scan
        else _discovered(path, reader, is_relative=is_relative, name=name)
        for path, is_scan in zip(paths, are_scans, strict=True)
    )
    return old_sources, new_sources


def _paired(
    old: str, new: str, old_sources: NamedSources, new_sources: NamedSources, reader: PathReader
) -> PairedStates:
    # The report of an invalid line has the name of the scan, and that of an archive that cannot be
    # read has the name of the archive: no diagram was added or removed.
    paths = [path for path in (old, new) if _is_scan(reader, path) or not os.path.isdir(path)]
    whole = {os.path.normpath(path) for path in paths if _is_many(reader, path)}
    pairs = [
        pair._replace(status=Status.UNMEASURED)
        if pair.file in whole or archive_type(pair.file) is not None
        else pair
        for pair in pair_by_name(old_sources, new_sources)
    ]
    if old != new and not any(_is_many(reader, path) for path in (old, new)):
        pairs = [pair._replace(old_file=old) for pair in pairs]
    return PairedStates(pairs, old, new)


def _require_two(old: str, new: str) -> None:
    if old == new == STANDARD_INPUT:
        raise UnpairedPathsError("Standard input can be only one of OLD and NEW.")


def _is_scan(reader: PathReader, path: str) -> bool:
    return reader.is_scan(path) and not reader.is_many(path)


def _is_many(reader: PathReader, path: str) -> bool:
    return reader.is_many(path) or reader.is_scan(path)


def _discovered(
    path: str, reader: PathReader, *, is_relative: bool, name: str | None
) -> Iterator[tuple[str, DiagramSource]]:
    for source in reader.discover(path):
        file = source if isinstance(source, str) else source.name
        own_name = _name_in(path, file) if is_relative else os.path.normpath(file)
        # The name as a scan prints it.
        yield name or printable(own_name), source


def _name_in(path: str, file: str) -> str:
    """The name of a file in a folder, or of a member in an archive."""
    if os.path.isdir(path):
        return os.path.relpath(file, path)
    path = path.rstrip("/")
    for top in (member_name(path, ""), os.path.join(path, "")):
        if file.startswith(top):
            return file[len(top) :]
    # The archive cannot be read, or it is the name of a line.
    return os.path.normpath(file)


def _scanned(path: str, reader: PathReader) -> Iterator[tuple[str, Report]]:
    for report in reader.read_scan(path):
        yield os.path.normpath(report.file or path), report
