"""A stream that writes soon, and a file that is replaced whole or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import NoReturn

import pytest

from metrics.system.output import (
    MAX_BYTES_WAITING,
    TEMPORARY_PREFIX,
    Stream,
    remove_abandoned,
    replacing,
)

FULL = Path("/dev/full")


class TestStream:
    """What is written reaches the reader soon, in order, and with bounded memory."""

    def test_piece_is_readable_while_the_block_is_open(self) -> None:
        reader, writer = os.pipe()
        with Stream(writer) as stream:
            stream.write(b"first")
            assert os.read(reader, 100) == b"first"
            stream.write(b"second")
            assert os.read(reader, 100) == b"second"
        os.close(writer)
        assert os.read(reader, 100) == b""
        os.close(reader)

    @pytest.mark.parametrize("is_blocking", [True, False])
    def test_slow_reader_gets_everything(self, is_blocking: bool) -> None:
        reader, writer = os.pipe()
        os.set_blocking(writer, is_blocking)
        pieces = [f"{number}\n".encode() * 50 for number in range(5000)]
        received = []

        def read() -> None:
            time.sleep(0.1)
            while piece := os.read(reader, 65536):
                received.append(piece)

        reading = threading.Thread(target=read)
        reading.start()
        with Stream(writer) as stream:
            for piece in pieces:
                stream.write(piece)
        os.close(writer)
        reading.join()
        os.close(reader)
        assert b"".join(received) == b"".join(pieces)

    def test_write_waits_when_the_buffer_is_full(self) -> None:
        reader, writer = os.pipe()
        written = 0

        def write() -> None:
            nonlocal written
            with Stream(writer) as stream:
                for _ in range(100):
                    stream.write(b"x" * 65536)
                    written += 65536
            os.close(writer)

        writing = threading.Thread(target=write)
        writing.start()
        time.sleep(0.3)
        # The pipe and one write hold some more.
        assert written <= 4 * MAX_BYTES_WAITING
        while os.read(reader, 1 << 20):
            pass
        writing.join()
        os.close(reader)
        assert written == 100 * 65536

    def test_closed_reader_raises(self) -> None:
        reader, writer = os.pipe()
        os.close(reader)
        with pytest.raises(BrokenPipeError), Stream(writer) as stream:  # noqa: PT012
            for _ in range(1000):
                stream.write(b"x" * 1000)
                time.sleep(0.001)
        os.close(writer)

    @pytest.mark.skipif(not FULL.exists(), reason="no device that is always full")
    def test_failed_write_raises_at_the_end(self) -> None:
        descriptor = os.open(FULL, os.O_WRONLY)
        with pytest.raises(OSError, match="No space left"), Stream(descriptor) as stream:
            stream.write(b"x")
        os.close(descriptor)

    def test_system_without_threads(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(thread: threading.Thread) -> NoReturn:
            raise RuntimeError("can't start new thread")

        monkeypatch.setattr(threading.Thread, "start", refuse)
        reader, writer = os.pipe()
        with Stream(writer) as stream:
            stream.write(b"at once")
            assert os.read(reader, 100) == b"at once"
        os.close(writer)
        os.close(reader)


class TestReplacing:
    """A file is replaced when the block ends, and kept when it fails."""

    def test_file_is_replaced_at_the_end(self, tmp_path: Path) -> None:
        path = tmp_path / "out"
        path.write_bytes(b"earlier")
        path.chmod(0o640)
        with replacing(str(path)) as file:
            file.write(b"new")
            assert path.read_bytes() == b"earlier"
        assert path.read_bytes() == b"new"
        assert path.stat().st_mode & 0o777 == 0o640
        assert os.listdir(tmp_path) == ["out"]

    def test_exception_keeps_the_file(self, tmp_path: Path) -> None:
        path = tmp_path / "out"
        path.write_bytes(b"earlier")
        with pytest.raises(LookupError), replacing(str(path)) as file:  # noqa: PT012
            file.write(b"new")
            raise LookupError
        assert path.read_bytes() == b"earlier"
        assert os.listdir(tmp_path) == ["out"]

    def test_link_is_followed(self, tmp_path: Path) -> None:
        (tmp_path / "link").symlink_to("target")
        with replacing(str(tmp_path / "link")) as file:
            file.write(b"new")
        assert (tmp_path / "link").is_symlink()
        assert (tmp_path / "target").read_bytes() == b"new"


class TestAbandonedFiles:
    """Incomplete files of processes that were killed."""

    def leave_file(self, folder: Path) -> Path:
        """Leave the file of a process that is killed while it writes."""
        script = (
            "import os; from metrics.system.output import replacing\n"
            f"with replacing({os.fspath(folder / 'a')!r}): os.kill(os.getpid(), 9)"
        )
        subprocess.run([sys.executable, "-c", script], check=False)
        (file,) = folder.glob(f"{TEMPORARY_PREFIX}*")
        return file

    def test_file_of_a_killed_process_is_removed(self, tmp_path: Path) -> None:
        file = self.leave_file(tmp_path)
        remove_abandoned(os.fspath(tmp_path))
        assert not file.exists()

    def test_file_that_is_being_written_stays(self, tmp_path: Path) -> None:
        with replacing(os.fspath(tmp_path / "a")) as file:
            file.write(b"text")
            script = (
                "from metrics.system.output import remove_abandoned\n"
                f"remove_abandoned({os.fspath(tmp_path)!r})"
            )
            subprocess.run([sys.executable, "-c", script], check=True)
            remove_abandoned(os.fspath(tmp_path))
        assert (tmp_path / "a").read_bytes() == b"text"

    def test_files_of_others_stay(self, tmp_path: Path) -> None:
        file = self.leave_file(tmp_path)
        machine = file.name.removeprefix(TEMPORARY_PREFIX).partition("-")[0]
        others = ["00000000-1-a", "1-a", f"{machine}x-1-a"]
        for name in others:
            (tmp_path / f"{TEMPORARY_PREFIX}{name}").touch()
        target = tmp_path / "target"
        target.touch()
        link = file.with_name(f"{file.name}-link")
        link.symlink_to(target)
        remove_abandoned(os.fspath(tmp_path))
        assert link.is_symlink()
        assert len([*tmp_path.iterdir()]) == len(others) + 2

    def test_missing_folder(self, tmp_path: Path) -> None:
        remove_abandoned(os.fspath(tmp_path / "none"))
