"""The sources of a scan: files, named content, and reports that already exist."""

from __future__ import annotations

import os
from typing import NamedTuple

from metrics.reading.sources import DiscoveredFile, NamedContent, path_text
from metrics.report import Report


class ShardFolder(str):
    """The path of a folder with a sharded scan, which a search does not enter."""

    __slots__ = ()


DiagramSource = str | NamedContent | Report
"""What `discover` and other sources of diagrams yield."""


class ScanRequest(NamedTuple):
    """One diagram of a scan, in the form that the internal modules pass on.

    `name` is its path or other name, "" for a report without one. A diagram that is not a file has
    its `content`; one that needs no scan has its `report`. A file that `is_discovered` was found in
    a folder; it is not read if a pipe or device has replaced it.
    """

    name: str
    content: bytes | None = None
    report: Report | None = None
    is_discovered: bool = False

    @classmethod
    def of(cls, source: DiagramSource | os.PathLike[str]) -> ScanRequest:
        """The request for a source; raises `TypeError` for anything else."""
        if isinstance(source, DiscoveredFile):
            # A plain string is pickled in a fraction of the time.
            return cls(str(source), None, None, True)
        if isinstance(source, Report):
            return cls(source.file or "", None, source)
        if isinstance(source, NamedContent):
            return cls(source.name, source.content)
        return cls(path_text(source))

    @property
    def source(self) -> str | bytes:
        """What is read: the content, or a path."""
        if self.content is not None:
            return self.content
        return DiscoveredFile(self.name) if self.is_discovered else self.name

    def size(self) -> int:
        """The number of bytes to read; 0 for a report, and for a file whose size is unknown."""
        if self.report is not None:
            return 0
        if self.content is not None:
            return len(self.content)
        try:
            return os.stat(self.name).st_size
        except (OSError, ValueError):
            return 0
