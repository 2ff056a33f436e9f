"""Where results go: a stream as they come, or a file that is written whole or not at all."""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO


@contextmanager
def replacing(path: str) -> Iterator[BinaryIO]:
    """A file to write to, that takes the place of the one at a path when the block ends well.

    Until then, and where an exception leaves the block, what is at the path stays. A link is
    followed. What is no plain file, a device or a pipe, is written to directly. Raises `OSError`
    where it cannot be written.
    """
    target = os.path.realpath(path)
    mode = None
    with suppress(FileNotFoundError):
        mode = os.stat(target).st_mode
    if mode is not None and not stat.S_ISREG(mode):
        with open(target, "wb") as file:
            yield file
        return
    # Beside the target: only within a file system can a file take another's place at once.
    name = f".metrics-{os.getpid()}-{secrets.token_hex(8)}"
    temporary = os.path.join(os.path.dirname(target), name)
    try:
        with open(temporary, "xb") as file:
            if mode is not None:
                os.chmod(temporary, stat.S_IMODE(mode))
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
