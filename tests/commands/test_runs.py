"""What goes wrong around a run of the command: every diagram has its line all the same."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import resource
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from memory import peak_memory
from support.command import METRICS, all_end, comes_true, files, is_running, lines, run, run_process
from support.diagrams import process

from metrics.commands.runs import ScanInputs, _worthwhile_jobs
from metrics.report import Report

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

TASK = "<bpmn:userTask/>"
LARGE = TASK * 4000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with enough to do for several processes."""
    models = tmp_path / "models"
    models.mkdir()
    for number in range(2500):
        (models / f"{number:04}.bpmn").write_bytes(process(TASK * (number % 100)))
    return models


@contextmanager
def start(*arguments: str | Path, cwd: Path | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """Start the command, to look at it while it runs."""
    with subprocess.Popen(
        [METRICS, *arguments], cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        try:
            yield running
        except BaseException:
            running.kill()
            raise


def children(of: int) -> list[int]:
    """The processes that a process started."""
    with open(f"/proc/{of}/task/{of}/children") as file:
        return list(map(int, file.read().split()))


class TestJobs:
    """The number of processes changes nothing but the time."""

    @pytest.mark.parametrize("format_name", ["ndjson", "json", "csv", "table"])
    def test_same_output(self, folder: Path, format_name: str) -> None:
        (folder / "0500.bpmn").write_bytes(b"<")
        alone, many = (run("scan", "-f", format_name, "-j", jobs, folder) for jobs in ("1", "3"))
        assert alone.stdout == many.stdout
        assert alone.stderr == many.stderr
        assert alone.returncode == many.returncode == 2

    def test_none_is_started_for_little(self, folder: Path) -> None:
        few = sorted(folder.iterdir())[:20]
        trace = run("scan", "-j", "8", *few, env={"PYTHONPROFILEIMPORTTIME": "1"})
        assert b"multiprocessing" not in trace.stderr
        assert len(files(trace)) == 20

    @pytest.mark.parametrize("jobs", ["0", "-1", "many"])
    def test_usage(self, jobs: str) -> None:
        assert run("scan", "-j", jobs).returncode == 2

    @pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "soon"])
    def test_timeout_usage(self, seconds: str) -> None:
        result = run("scan", "--timeout", seconds)
        assert (result.returncode, result.stdout) == (2, b"")
        assert b"Usage" in result.stderr


class TestFilesThatChange:
    """What is done to files while they are read."""

    def test_vanishing(self, folder: Path) -> None:
        with start("scan", "-j", "1", folder) as scanning:
            # The run waits for its reader, far before this file.
            time.sleep(1)
            (folder / "1400.bpmn").unlink()
            output, errors = scanning.communicate()
        found = {line["file"]: line for line in map(json.loads, output.splitlines())}
        assert len(found) == 2500
        error = found[str(folder / "1400.bpmn")]["error"]
        assert error == {"type": "unreadable", "message": "No such file or directory"}
        assert errors.count(b"No such file") == 1

    def test_vanished_between_listing_and_reading(self, folder: Path) -> None:
        from metrics import Workers, discover, scan_many

        names = list(discover([folder]))
        (folder / "0003.bpmn").unlink()
        with Workers(2) as workers:
            reports = list(scan_many(names, workers, jobs=2))
        assert [report.file for report in reports] == names
        error = reports[3].error
        assert error is not None
        assert (error.type, error.message) == ("unreadable", "No such file or directory")
        assert sum(report.error is not None for report in reports) == 1

    @pytest.mark.parametrize("jobs", [1, 2])
    def test_pipe_in_place_of_a_file(self, folder: Path, jobs: int) -> None:
        from metrics import Workers, discover, scan_many

        names = list(discover([folder]))
        (folder / "0003.bpmn").unlink()
        os.mkfifo(folder / "0003.bpmn")
        with Workers(2) as workers:
            reports = list(scan_many(names, workers if jobs == 2 else None, jobs=jobs))
        assert [report.file for report in reports] == names
        (failed,) = [report for report in reports if report.error]
        assert failed.payload() == {
            "error": {"type": "unreadable", "message": "it is no longer a file"}
        }
        assert type(failed.file) is type(reports[0].file) is str

    def test_growing(self, tmp_path: Path) -> None:
        path = tmp_path / "grows.bpmn"
        path.write_bytes(process(LARGE))
        over = threading.Event()

        def grow() -> None:
            with open(path, "ab") as file:
                while not over.is_set():
                    file.write(b" " * 4096)
                    file.flush()
                    time.sleep(0.001)

        growing = threading.Thread(target=grow)
        growing.start()
        try:
            results = [run("scan", path) for _ in range(5)]
            limited = run("scan", "--max-size", "64K", path)
        finally:
            over.set()
            growing.join()
        for result in results:
            assert json.loads(result.stdout)["diagramMetrics"]["tasks"]["userTask"]["count"] == 4000
        assert json.loads(limited.stdout)["error"]["type"] == "too-large"


class TestTimeout:
    """A file that takes too long is given up."""

    def test_single(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "slow.bpmn")
        result = run("scan", "--timeout", "0.3", "-j", "1", "slow.bpmn", cwd=tmp_path)
        assert result.returncode == 2
        assert json.loads(result.stdout) == {
            "file": "slow.bpmn",
            "error": {"type": "timeout", "message": "took longer than 0.3 seconds"},
        }

    def test_among_others(self, folder: Path) -> None:
        os.mkfifo(folder / "slow")
        result = run("scan", "--timeout", "0.5", "0000.bpmn", "slow", ".", cwd=folder)
        assert len(lines(result)) == 2501
        assert [line["file"] for line in lines(result) if "error" in line] == ["slow"]


class TestLimits:
    """Where no process or no thread can be started, results take longer."""

    def test_no_processes(self, folder: Path) -> None:
        result = run_with_ten_descriptors("scan", "-j", "4", folder)
        assert (result.stdout, result.stderr) == (run("scan", "-j", "1", folder).stdout, b"")
        assert result.returncode == 0

    def test_no_process_for_a_timeout(self, folder: Path) -> None:
        result = run_with_ten_descriptors("scan", "-j", "4", "--timeout", "60", folder)
        assert (result.returncode, result.stdout) == (2, b"")
        assert result.stderr == b"Error: --timeout needs a worker process: Too many open files.\n"

    @pytest.mark.parametrize("options", ["", "--timeout=60"])
    @pytest.mark.parametrize("kilobytes", [50_000, 60_000, 100_000, 300_000])
    def test_little_memory(self, folder: Path, kilobytes: int, options: str) -> None:
        limited = f"ulimit -v {kilobytes}; exec {METRICS} scan -j 2 {options} ."
        result = subprocess.run(
            ["bash", "-c", limited], cwd=folder, capture_output=True, check=False, timeout=60
        )
        assert result.returncode in (0, 1, 2)
        if result.returncode == 0:
            assert result.stdout == run("scan", "-j", "1", ".", cwd=folder).stdout

    def test_no_threads(self, folder: Path) -> None:
        # Which limit the system has for these cannot be set for an administrator.
        script = """
import threading
def refuse(thread):
    raise RuntimeError("can't start new thread")
threading.Thread.start = refuse
from metrics.__main__ import main
main()
"""
        command = [sys.executable, "-c", script, "scan", "-j", "4", str(folder)]
        result = subprocess.run(command, capture_output=True, check=False)
        assert (result.stdout, result.stderr) == (run("scan", "-j", "1", folder).stdout, b"")
        assert result.returncode == 0


def run_with_ten_descriptors(*arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
    """Run the command where no more than ten files and pipes can be open."""
    return run_process(
        *arguments, before=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (10, 10))
    )


class TestEnds:
    """A run that is cut short leaves nothing behind."""

    @pytest.mark.parametrize(
        ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
    )
    @pytest.mark.parametrize("jobs", ["1", "2"])
    def test_signals(self, folder: Path, number: int, status: int, jobs: str) -> None:
        os.mkfifo(folder / "slow")
        output = folder / "out.csv"
        output.write_text("earlier")
        arguments = ["scan", "-j", jobs, "-o", str(output), "-f", "csv", ".", "slow"]
        with start(*arguments, cwd=folder) as scanning:
            processes = 2 if jobs == "2" else 0
            assert comes_true(lambda: bool(list(folder.glob(".metrics*"))))
            assert comes_true(lambda: len(children(scanning.pid)) == processes)
            started = children(scanning.pid)
            scanning.send_signal(number)
            # Without an end it would wait for what the pipe never gives.
            _, errors = scanning.communicate(timeout=10)
        assert scanning.returncode == status
        assert b"Traceback" not in errors
        assert all_end(started)
        assert output.read_text() == "earlier"
        assert not list(folder.glob(".metrics*"))

    @pytest.mark.parametrize(
        ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
    )
    def test_signal_while_processes_are_started(
        self, folder: Path, number: int, status: int
    ) -> None:
        script = f"""
import os
asked = []
def ask_for_an_end():
    if not asked:
        asked.append(os.getpid())
        os.kill(os.getpid(), {int(number)})
os.register_at_fork(after_in_parent=ask_for_an_end)
from metrics.__main__ import main
main()
"""
        command = [sys.executable, "-c", script, "scan", "-j", "2", str(folder)]
        result = subprocess.run(command, capture_output=True, check=False)
        assert (result.returncode, result.stdout, result.stderr) == (status, b"", b"")

    def test_signals_at_any_moment(self, folder: Path) -> None:
        for number in range(40):
            with start("scan", "-j", "2", "-o", "out", ".", cwd=folder) as scanning:
                time.sleep(0.08 + number / 200)
                scanning.send_signal(signal.SIGTERM)
                scanning.send_signal(signal.SIGINT)
                _, errors = scanning.communicate(timeout=10)
            # The signal itself ends what is no more than a starting interpreter.
            assert scanning.returncode in (0, 130, 143, -signal.SIGTERM)
            assert errors == b""
            assert not list(folder.glob(".metrics*"))

    def test_ignored_signal(self, folder: Path) -> None:
        os.mkfifo(folder / "slow")
        command = ["sh", "-c", f"trap '' HUP; exec {METRICS} scan -j 2 . slow"]
        with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE) as scanning:
            assert scanning.stdout is not None
            scanning.stdout.readline()
            scanning.send_signal(signal.SIGHUP)
            writing = threading.Thread(target=(folder / "slow").write_bytes, args=[process(TASK)])
            writing.start()
            printed = scanning.stdout.read()
            writing.join()
        assert scanning.returncode == 0
        assert b'"file":"slow"' in printed

    def test_killed_workers(self, folder: Path) -> None:
        expected = run("scan", "-j", "1", *[folder] * 1).stdout
        with start("scan", "-j", "2", folder) as scanning:
            assert scanning.stdout is not None
            output = scanning.stdout.readline()
            for child in children(scanning.pid):
                os.kill(child, signal.SIGKILL)
            output += scanning.stdout.read()
            assert scanning.stderr is not None
            assert scanning.stderr.read() == b""
        assert output == expected
        assert scanning.returncode == 0

    @pytest.mark.parametrize("is_busy", [True, False])
    def test_killed_command_leaves_no_process(self, folder: Path, is_busy: bool) -> None:
        os.mkfifo(folder / "slow")
        # With nobody to read the output, the command waits, and its workers have nothing to do.
        paths = ["slow", "."] if is_busy else ["."]
        with start("scan", "-j", "2", *paths, cwd=folder) as scanning:
            assert comes_true(lambda: len(children(scanning.pid)) == 2)
            workers = children(scanning.pid)
            time.sleep(0.5)
            scanning.kill()
            try:
                assert all_end(workers)
            finally:
                for worker in filter(is_running, workers):
                    os.kill(worker, signal.SIGKILL)

    @pytest.mark.parametrize("jobs", ["1", "2"])
    def test_closed_pipe(self, folder: Path, jobs: str) -> None:
        with start("scan", "-j", jobs, folder) as scanning:
            assert scanning.stdout is not None
            scanning.stdout.readline()
            started = children(scanning.pid)
            scanning.stdout.close()
            assert scanning.stderr is not None
            assert scanning.stderr.read() == b""
        assert scanning.returncode == 141
        assert all_end(started)

    def test_first_line_does_not_wait_for_the_last(self, folder: Path) -> None:
        os.mkfifo(folder / "slow")
        with start("scan", "-j", "2", ".", "slow", cwd=folder) as scanning:
            assert scanning.stdout is not None
            first = json.loads(scanning.stdout.readline())
            assert first["file"] == "0000.bpmn"
            scanning.send_signal(signal.SIGINT)


class TestOutput:
    """A file is written whole, or not at all."""

    def test_written(self, folder: Path, tmp_path: Path) -> None:
        output = tmp_path / "out"
        output.write_text("earlier")
        output.chmod(0o640)
        result = run("scan", "-o", output, folder)
        assert (result.returncode, result.stdout) == (0, b"")
        assert output.read_bytes() == run("scan", folder).stdout
        assert output.stat().st_mode & 0o777 == 0o640
        assert [path.name for path in tmp_path.iterdir()] == ["models", "out"] or sorted(
            path.name for path in tmp_path.iterdir()
        ) == ["models", "out"]

    def test_stream_that_does_not_wait(self, folder: Path) -> None:
        ours, theirs = os.pipe()
        os.set_blocking(theirs, False)
        with subprocess.Popen([METRICS, "scan", folder], stdout=theirs) as scanning:
            os.close(theirs)
            time.sleep(0.5)
            with open(ours, "rb") as pipe:
                printed = pipe.read()
        assert scanning.returncode == 0
        assert printed == run("scan", folder).stdout

    def test_a_failed_diagram_is_no_failed_run(self, tmp_path: Path) -> None:
        (tmp_path / "a.bpmn").write_bytes(b"")
        result = run("scan", "-o", "out", ".", cwd=tmp_path)
        assert result.returncode == 2
        assert json.loads((tmp_path / "out").read_bytes())["error"]["type"] == "malformed"

    @pytest.mark.parametrize("output", ["a.form", "./a.form", "link"])
    def test_no_diagram_is_overwritten(self, tmp_path: Path, output: str) -> None:
        (tmp_path / "a.form").write_bytes(b"{}")
        (tmp_path / "link").symlink_to("a.form")
        result = run("scan", "-o", output, ".", "a.form", cwd=tmp_path)
        assert (result.returncode, result.stdout) == (2, b"")
        assert f"--output would overwrite {output}".encode() in result.stderr
        assert (tmp_path / "a.form").read_bytes() == b"{}"

    def test_dash_is_standard_output(self, tmp_path: Path) -> None:
        (tmp_path / "a.form").write_bytes(b"{}")
        assert b'"form"' in run("scan", "-o", "-", "a.form", cwd=tmp_path).stdout

    def test_link(self, tmp_path: Path) -> None:
        (tmp_path / "a.form").write_bytes(b"{}")
        (tmp_path / "real").write_text("earlier")
        (tmp_path / "link").symlink_to("real")
        run("scan", "-o", "link", "a.form", cwd=tmp_path)
        assert (tmp_path / "link").is_symlink()
        assert b"form" in (tmp_path / "real").read_bytes()

    def test_full_disk(self, folder: Path, tmp_path: Path) -> None:
        output = tmp_path / "out"
        output.write_text("earlier")

        def limit() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))

        result = run_process("scan", "-o", output, folder, before=limit)
        assert result.returncode == 2
        assert b"File too large" in result.stderr
        assert b"Traceback" not in result.stderr
        assert output.read_text() == "earlier"
        assert sorted(path.name for path in tmp_path.iterdir()) == ["models", "out"]

    @pytest.mark.parametrize("output", ["nowhere/out", ".", "/dev/full", "a.form/out"])
    def test_where_nothing_can_be_written(self, tmp_path: Path, output: str) -> None:
        (tmp_path / "a.form").write_bytes(b"{}")
        result = run("scan", "-o", output, "a.form", cwd=tmp_path)
        assert (result.returncode, result.stdout) == (2, b"")
        assert result.stderr.splitlines()[-1].startswith(b"Error: ")
        assert os.fsencode(output) in result.stderr
        assert b"Traceback" not in result.stderr

    def test_pipe(self, tmp_path: Path) -> None:
        (tmp_path / "a.form").write_bytes(b"{}")
        os.mkfifo(tmp_path / "pipe")
        with start("scan", "-o", "pipe", "a.form", cwd=tmp_path) as scanning:
            assert b"form" in (tmp_path / "pipe").read_bytes()
        assert scanning.returncode == 0

    @pytest.mark.parametrize("stream", ["/dev/stdout", "/dev/stderr", "/dev/fd/1"])
    def test_pipe_behind_a_link(self, tmp_path: Path, stream: str) -> None:
        (tmp_path / "a.form").write_bytes(b"{}")
        result = run_process("scan", "-o", stream, "a.form", cwd=tmp_path)
        assert result.returncode == 0
        assert json.loads(result.stdout or result.stderr)["diagramType"] == "form"


class TestMemory:
    """Each file that needs too much memory is reported, and reported files take no memory."""

    @pytest.mark.parametrize("jobs", ["1", "2"])
    def test_malformed_files(self, tmp_path: Path, jobs: str) -> None:
        (tmp_path / "whole").write_bytes(process(TASK * 300))
        (tmp_path / "malformed").write_bytes(process(TASK * 300 + "<a>"))
        peaks = []
        for count in (1_000, 4_000):
            folder = tmp_path / str(count)
            folder.mkdir()
            for number in range(count):
                kind = "malformed" if number % 20 == 0 else "whole"
                os.link(tmp_path / kind, folder / f"{number}.bpmn")
            peaks.append(peak_memory("scan", "-j", jobs, str(folder)).megabytes)
        assert peaks[1] < 1.1 * peaks[0]

    def test_one_file(self, tmp_path: Path) -> None:
        (tmp_path / "a.bpmn").write_bytes(process(TASK * 2_000_000))
        (tmp_path / "b.bpmn").write_bytes(process(TASK))

        def limit() -> None:
            resource.setrlimit(resource.RLIMIT_AS, (250_000_000, 250_000_000))

        result = run_process("scan", "-j", "1", tmp_path, before=limit)
        large, small = lines(result)
        assert large["error"] == {"type": "too-large", "message": "not enough memory"}
        assert "error" not in small


class TestProgress:
    """A person at a terminal sees how far the run is; nobody else does."""

    def seen(self, folder: Path, /, output: int = subprocess.DEVNULL, **environment: str) -> bytes:
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
        usual = {"TERM": "xterm", "CI": "", "NO_COLOR": "1"}
        # The pipe gives the run something to wait for.
        with subprocess.Popen(
            [METRICS, "scan", "-j", "1", "gate", "."],
            cwd=folder,
            stdout=output,
            stderr=theirs,
            env=os.environ | usual | environment,
        ) as scanning:
            os.close(theirs)
            if scanning.stdout is not None:
                threading.Thread(target=scanning.stdout.read).start()
            with open(folder / "gate", "wb") as gate:
                time.sleep(0.8)
                gate.write(process(TASK))
            seen = b""
            try:
                while piece := os.read(ours, 65536):
                    seen += piece
            except OSError:
                # So ends a terminal that all have closed.
                pass
        os.close(ours)
        assert scanning.returncode == 2
        return seen

    @pytest.fixture
    def gated(self, folder: Path) -> Path:
        os.mkfifo(folder / "gate")
        (folder / "0001.bpmn").write_bytes(b"")
        return folder

    def test_terminal(self, gated: Path) -> None:
        seen = self.seen(gated).decode()
        assert "1 files" in seen
        assert "0001.bpmn: malformed" in seen.replace("0001.bpmn:1:1: ", "0001.bpmn: ")
        # What is left in the end is no part of it.
        assert seen.endswith("\x1b[2Kmetrics: 2,500 of 2,501 diagrams measured, 1 failed\r\n")

    @pytest.mark.parametrize("environment", [{"CI": "true"}, {"TERM": "dumb"}])
    def test_elsewhere(self, gated: Path, environment: dict[str, str]) -> None:
        assert b"files" not in self.seen(gated, subprocess.DEVNULL, **environment)

    def test_beside_who_reads_a_pipe(self, gated: Path) -> None:
        # What that prints may come to the same terminal.
        assert b"files" not in self.seen(gated, subprocess.PIPE)

    def test_pipe(self, folder: Path) -> None:
        os.mkfifo(folder / "gate")
        with start("scan", "gate", ".", cwd=folder) as scanning:
            with open(folder / "gate", "wb") as gate:
                time.sleep(0.8)
                gate.write(process(TASK))
            _, errors = scanning.communicate()
        assert errors == b""


def test_errors_are_not_all_held_before_the_first_one_is_printed() -> None:
    taken = []

    def errors() -> Iterator[Report]:
        for number in range(100_000):
            taken.append(number)
            yield Report(f"a.zip!/{number}.bpmn")

    inputs = ScanInputs(lambda source: False, lambda path: ())
    _, sources = _worthwhile_jobs(errors(), 2, inputs)
    assert len(taken) < 10_000
    assert sum(1 for _ in sources) == 100_000
