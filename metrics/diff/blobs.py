"""Reading blobs, the contents of files in a git repository, with `git cat-file`."""

from __future__ import annotations

import subprocess
from collections import Counter, deque
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from metrics.diff.git import COMMAND, Git
from metrics.reading.errors import DocumentError, ErrorType
from metrics.reading.sources import DEFAULT_MAX_SIZE, NamedContent, too_large
from metrics.report import failed, is_form
from metrics.system.signals import cleanup_on_signal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import IO, Self

    from metrics.report import Report
    from metrics.scanning.requests import DiagramSource

# The ids of this many requests fit into any pipe, even if git does not read them.
MAX_REQUESTS: Final = 64

LARGE_FILE_POINTER: Final = b"version https://git-lfs.github.com/spec/"
MISSING: Final = "its content is not in this clone of the repository"


class Blob(NamedTuple):
    """A diagram in a revision: its name in the output, and the id of its object."""

    name: str
    id: str

    @property
    def measurement_key(self) -> tuple[str, bool]:
        """Equal for blobs with equal reports: the id, and whether the blob is read as a form."""
        return self.id, is_form(self.name)


def skip_copies(sources: Iterable[DiagramSource | Blob]) -> Iterator[DiagramSource | Blob]:
    """Leave out every blob that is measured as an earlier one is."""
    seen: set[object] = set()
    for source in sources:
        if isinstance(source, Blob):
            if source.measurement_key in seen:
                continue
            seen.add(source.measurement_key)
        yield source


def add_copies(
    sources: Callable[[], Iterable[DiagramSource | Blob]], reports: Iterator[Report]
) -> Iterator[Report]:
    """Yield a report for every source, from the reports of the sources `skip_copies`.

    Keeps a report until its last copy is yielded.
    """
    left = Counter(source.measurement_key for source in sources() if isinstance(source, Blob))
    kept: dict[object, Report] = {}
    for source in sources():
        if not isinstance(source, Blob):
            yield next(reports)
            continue
        key = source.measurement_key
        known = kept.pop(key, None)
        report = next(reports) if known is None else replace(known, file=source.name)
        left[key] -= 1
        if left[key]:
            kept[key] = report
        yield report


def load_blobs(
    sources: Iterable[DiagramSource | Blob], *, max_size: int = DEFAULT_MAX_SIZE
) -> Iterator[DiagramSource]:
    """Replace each blob by its content, or by a report with an error if it cannot be read.

    A blob of more than `max_size` bytes is too large, and is not read. All other sources are passed
    on.
    """
    with (
        _CatFile("--batch-check") as sizes,
        _CatFile("--batch") as contents,
        cleanup_on_signal(sizes.kill),
        cleanup_on_signal(contents.kill),
    ):
        checked = _check_sizes(sources, sizes, max_size)
        for source in _request_ahead(checked, contents):
            yield _load(source, contents, max_size) if isinstance(source, Blob) else source


def _check_sizes(
    sources: Iterable[DiagramSource | Blob], sizes: _CatFile, max_size: int
) -> Iterator[DiagramSource | Blob]:
    """Replace each blob that is missing or too large by a report with the error."""
    for source in _request_ahead(sources, sizes):
        yield _check_size(source, sizes, max_size) if isinstance(source, Blob) else source


def _check_size(blob: Blob, sizes: _CatFile, max_size: int) -> Blob | Report:
    try:
        if sizes.size() > max_size:
            raise too_large(max_size)
    except DocumentError as error:
        return failed(blob.name, error)
    return blob


def _request_ahead(
    sources: Iterable[DiagramSource | Blob], git: _CatFile
) -> Iterator[DiagramSource | Blob]:
    """Request each blob from git some time before it is yielded."""
    pending: deque[DiagramSource | Blob] = deque()
    for source in sources:
        if isinstance(source, Blob):
            git.request(source.id)
        pending.append(source)
        if len(pending) == MAX_REQUESTS:
            yield pending.popleft()
    yield from pending


def _load(blob: Blob, contents: _CatFile, max_size: int) -> DiagramSource:
    try:
        content = contents.content(max_size)
        if content.startswith(LARGE_FILE_POINTER):
            reason = "a Git LFS pointer: the content is not in the repository"
            raise DocumentError(ErrorType.UNREADABLE, reason)
    except DocumentError as error:
        return failed(blob.name, error)
    return NamedContent(blob.name, content)


class _CatFile:
    """Runs `git cat-file`, which answers requests in order; restarts it if it ends early."""

    def __init__(self, mode: str) -> None:
        self._mode = mode
        self._process: subprocess.Popen[bytes] | None = None
        self._failure = ""
        self._requested: deque[str] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def kill(self) -> None:
        """End the process at once."""
        if self._process is not None:
            self._process.kill()

    def request(self, id: str) -> None:
        """Request an object; it is read after those that were requested earlier."""
        self._requested.append(id)
        self._write(id)

    def size(self) -> int:
        """The size of the next object; raises `DocumentError` if it is missing."""
        self._requested.popleft()
        stream = self._stream()
        header = stream.readline().split() if stream is not None else []
        if not header:
            # git ends when it would have to fetch a content. It may still have other contents.
            self._restart()
        if len(header) != 3 or not header[2].isdigit():
            raise DocumentError(ErrorType.UNREADABLE, self._failure or MISSING)
        return int(header[2])

    def content(self, max_size: int) -> bytes:
        """The content of the next object, in the mode `--batch`.

        Raises `DocumentError` if it is missing or larger than `max_size`.
        """
        size = self.size()
        if size > max_size:
            # It was replaced after its size was read.
            self._restart()
            raise too_large(max_size)
        stream = self._stream()
        content = stream.read(size) if stream is not None else b""
        if len(content) < size:
            raise DocumentError(ErrorType.UNREADABLE, "git ended before the end of the content")
        if stream is not None:
            # A line break follows the content.
            stream.read(1)
        return content

    def _stream(self) -> IO[bytes] | None:
        return None if self._process is None else self._process.stdout

    def _write(self, id: str) -> None:
        if self._process is None:
            self._start()
        if self._process is not None and self._process.stdin is not None:
            # If the process has ended, the next answer is empty.
            with suppress(OSError):
                self._process.stdin.write(f"{id}\n".encode())
                self._process.stdin.flush()

    def _start(self) -> None:
        try:
            self._process = subprocess.Popen(
                [*COMMAND, "cat-file", self._mode],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=Git().environment(),
            )
            self._failure = ""
        except OSError as error:
            self._failure = f"git cannot be run: {error.strerror}"

    def _restart(self) -> None:
        self._end()
        for id in self._requested:
            self._write(id)

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
