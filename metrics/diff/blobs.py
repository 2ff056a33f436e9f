"""Reading blobs, the contents of files in a git repository, from one `git cat-file --batch`."""

from __future__ import annotations

import subprocess
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple

from metrics.diff.git import COMMAND, Git
from metrics.reading.errors import DocumentError, ErrorType
from metrics.reading.sources import DEFAULT_MAX_SIZE, PIECE, NamedContent
from metrics.report import failed
from metrics.system.signals import cleanup_on_signal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import IO, Self

    from metrics.scanning.requests import DiagramSource

# The ids of this many requests fit into any pipe, even if git does not read them.
MAX_REQUESTS: Final = 64

LARGE_FILE_POINTER: Final = b"version https://git-lfs.github.com/spec/"


class Blob(NamedTuple):
    """A diagram in a revision: its name in the output, and the id of its object."""

    name: str
    id: str


def load_blobs(
    sources: Iterable[DiagramSource | Blob], *, max_size: int = DEFAULT_MAX_SIZE
) -> Iterator[DiagramSource]:
    """Replace each blob by its content, or by a report with an error if it cannot be read.

    A blob of more than `max_size` bytes is too large. All other sources are passed on.
    """
    with _BlobReader() as reader, cleanup_on_signal(reader.kill):
        pending: deque[DiagramSource | Blob] = deque()
        for source in sources:
            if isinstance(source, Blob):
                reader.request(source)
            pending.append(source)
            if len(pending) == MAX_REQUESTS:
                yield _loaded(pending.popleft(), reader, max_size)
        while pending:
            yield _loaded(pending.popleft(), reader, max_size)


def _loaded(source: DiagramSource | Blob, reader: _BlobReader, max_size: int) -> DiagramSource:
    if not isinstance(source, Blob):
        return source
    try:
        content = reader.read(max_size)
        if content.startswith(LARGE_FILE_POINTER):
            reason = "a Git LFS pointer: the content is not in the repository"
            raise DocumentError(ErrorType.UNREADABLE, reason)
    except DocumentError as error:
        return failed(source.name, error)
    return NamedContent(source.name, content)


class _BlobReader:
    """Reads requested blobs in order, from one git process; starts another if it ends."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._requested: deque[str] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def kill(self) -> None:
        """End the process at once."""
        if self._process is not None:
            self._process.kill()

    def request(self, blob: Blob) -> None:
        """Request a blob; `read` returns it after those requested earlier."""
        self._requested.append(blob.id)
        self._write(blob.id)

    def read(self, max_size: int) -> bytes:
        """The content of the next blob; raises `DocumentError` if it is missing or too large."""
        self._requested.popleft()
        stream = self._stream()
        header = stream.readline().split() if stream is not None else []
        if not header:
            # git ends when it would have to fetch a content. It may still have other contents.
            self._end()
            for id in self._requested:
                self._write(id)
        if len(header) != 3 or not header[2].isdigit():
            reason = "its content is not in this clone of the repository"
            raise DocumentError(ErrorType.UNREADABLE, reason)
        size = int(header[2])
        content = stream.read(size) if stream is not None and size <= max_size else b""
        # A line break follows the content.
        rest = size - len(content) + 1
        while stream is not None and rest > 0 and (piece := stream.read(min(rest, PIECE))):
            rest -= len(piece)
        if size > max_size:
            raise DocumentError(ErrorType.TOO_LARGE, f"larger than {max_size} bytes")
        if len(content) < size:
            raise DocumentError(ErrorType.UNREADABLE, "git ended before the end of the content")
        return content

    def _stream(self) -> IO[bytes] | None:
        return None if self._process is None else self._process.stdout

    def _write(self, id: str) -> None:
        if self._process is None:
            self._process = subprocess.Popen(
                [*COMMAND, "cat-file", "--batch"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=Git().environment(),
            )
        if self._process.stdin is not None:
            # If the process has ended, `read` finds that out.
            with suppress(OSError):
                self._process.stdin.write(f"{id}\n".encode())
                self._process.stdin.flush()

    def _end(self) -> None:
        if self._process is None:
            return
        # A process that was forked meanwhile holds the standard input of git open, and one that
        # git started may hold its output open: git is killed, and its output is not awaited.
        self._process.kill()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
        self._process.wait()
        self._process = None
