"""Two states of diagrams that two paths name: diagrams, folders or earlier scans."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from metrics.diff.pairs import Pair, PairedStates, Status, pair_by_name
from metrics.reading.sources import STANDARD_INPUT, printable
from metrics.report import Report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from metrics.scanning.requests import DiagramSource


class UnpairedPathsError(ValueError):
    """Two paths that cannot be compared; the message says why."""


class PathReader(NamedTuple):
    """The functions that read paths.

    `discover` finds the diagrams at a path. A path that `is_scan` is the output of `metrics scan`,
    whose reports `read_scan` returns.
    """

    discover: Callable[[str], Iterator[DiagramSource]]
    is_scan: Callable[[str], bool]
    read_scan: Callable[[str], Iterable[Report]]


def is_path(name: str) -> bool:
    """Whether a name is that of a file or folder, or standard input."""
    return name == STANDARD_INPUT or os.path.lexists(name)


def pair_paths(old: str, new: str, reader: PathReader) -> PairedStates:
    """Pair the diagrams at two paths.

    Two diagrams are one pair. The diagrams of two folders are paired by their names within the
    folder, those of an earlier scan by the names that it printed. Raises `UnpairedPathsError` if
    the paths cannot be compared.
    """
    if old == new == STANDARD_INPUT:
        raise UnpairedPathsError("Standard input can be only one of OLD and NEW.")
    paths = (old, new)
    are_scans = [*map(reader.is_scan, paths)]
    are_folders = [
        os.path.isdir(path) and not is_scan for path, is_scan in zip(paths, are_scans, strict=True)
    ]
    if not any(are_folders) and not any(are_scans):
        old_file = None if old == new else old
        return PairedStates([Pair(new, old, new, old_file)], old, new)
    if any(are_folders) and not all(map(max, are_folders, are_scans)):
        raise UnpairedPathsError("A folder cannot be compared with a single diagram.")
    # The names in a scan begin with the folder.
    is_relative = all(are_folders)
    old_sources, new_sources = (
        _scanned(path, reader) if is_scan else _discovered(path, reader, is_relative=is_relative)
        for path, is_scan in zip(paths, are_scans, strict=True)
    )
    # The report of an invalid line has the name of the scan: no diagram was added or removed.
    scans = {
        os.path.normpath(path) for path, is_scan in zip(paths, are_scans, strict=True) if is_scan
    }
    pairs = [
        pair._replace(status=Status.UNMEASURED) if pair.file in scans else pair
        for pair in pair_by_name(old_sources, new_sources)
    ]
    return PairedStates(pairs, old, new)


def _discovered(
    path: str, reader: PathReader, *, is_relative: bool
) -> Iterator[tuple[str, DiagramSource]]:
    for source in reader.discover(path):
        file = source.name if isinstance(source, Report) else str(source)
        name = os.path.relpath(file, path) if is_relative else os.path.normpath(file)
        # The name as a scan prints it.
        yield printable(name), source


def _scanned(path: str, reader: PathReader) -> Iterator[tuple[str, Report]]:
    for report in reader.read_scan(path):
        yield os.path.normpath(report.file or path), report
