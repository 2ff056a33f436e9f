"""Many diagrams with executors: reports in order, bounded, one for every diagram."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.diagrams import process as diagram

from metrics import (
    DocumentError,
    ErrorType,
    Kind,
    Report,
    TemplateDefinitions,
    Workers,
    scan,
    scan_many,
)
from metrics.reading.sources import NamedContent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TASK = "<bpmn:userTask/>"


@pytest.fixture
def paths(tmp_path: Path) -> list[str]:
    """Diagrams with as many user tasks as their number in the list; one is malformed."""
    paths = []
    for number in range(300):
        path = tmp_path / f"{number}.bpmn"
        path.write_bytes(diagram(TASK * number) if number != 7 else b"<")
        paths.append(str(path))
    return paths


def tasks(reports: Iterator[Report]) -> list[int | None]:
    """The number of user tasks in each report, None for an error."""
    return [
        None if report.diagram_metrics is None else report.diagram_metrics.tasks.user_task.count
        for report in reports
    ]


EXPECTED = [number if number != 7 else None for number in range(300)]


class TestExecutors:
    """The reports are the same with any executor and without one."""

    def test_without_an_executor(self, paths: list[str]) -> None:
        assert tasks(scan_many(paths)) == EXPECTED

    @pytest.mark.parametrize(
        "executor",
        [
            lambda: ThreadPoolExecutor(3),
            lambda: ProcessPoolExecutor(2),
            lambda: Workers(1),
            lambda: Workers(2),
        ],
    )
    def test_with_an_executor(self, paths: list[str], executor: Callable[[], Executor]) -> None:
        with executor() as running:
            assert tasks(scan_many(paths, running, jobs=2)) == EXPECTED

    def test_reports_are_passed_through(self, paths: list[str]) -> None:
        known = Report("known", error=DocumentError(ErrorType.UNREADABLE, "it is gone"))
        sources: list[str | Report] = [known, paths[1], known, known, *paths[2:5], known]
        with Workers(2) as workers:
            for executor in (None, workers):
                reports = list(scan_many(sources, executor))
                assert [report.file for report in reports] == [
                    source.file if isinstance(source, Report) else source for source in sources
                ]
                assert reports[0] is known

    def test_options_apply_in_workers(self, paths: list[str], tmp_path: Path) -> None:
        templates = tmp_path / ".camunda" / "element-templates"
        templates.mkdir(parents=True)
        (templates / "a.json").write_text('{"appliesTo": ["bpmn:Task"], "properties": []}')
        size = os.path.getsize(paths[5])
        with Workers(2) as workers:
            reports = list(
                scan_many(paths[:7], workers, max_size=size, templates=TemplateDefinitions())
            )
        assert [report.error is None for report in reports] == [True] * 6 + [False]
        assert all(report.element_templates for report in reports[:6])

    def test_definitions_are_read_once_per_process(self, paths: list[str], tmp_path: Path) -> None:
        folder = tmp_path / ".camunda" / "element-templates"
        folder.mkdir(parents=True)
        definition = folder / "a.json"
        definition.write_text('{"appliesTo": ["bpmn:Task"], "properties": []}')
        with Workers(1) as workers:
            reports = scan_many(paths[8:], workers, jobs=1, templates=TemplateDefinitions())
            first = next(reports)
            definition.unlink()
            assert all(report.element_templates for report in [first, *reports])
            (report,) = scan_many(paths[8:9], workers, templates=TemplateDefinitions())
            assert report.element_templates == ()

    def test_large_files_among_small_ones(self, tmp_path: Path) -> None:
        sources = []
        for number in range(20):
            path = tmp_path / f"{number}.bpmn"
            if number != 11:
                blanks = b" " * (700_000 if number % 3 == 0 else 0)
                path.write_bytes(diagram(TASK * number) + blanks)
            sources.append(path)
        reports = list(scan_many(sources))
        assert [report.file for report in reports] == [str(path) for path in sources]
        assert tasks(iter(reports)) == [n if n != 11 else None for n in range(20)]

    def test_few_are_taken_ahead(self, paths: list[str]) -> None:
        taken = []

        def sources() -> Iterator[str]:
            for path in paths:
                taken.append(path)
                yield path

        reports = scan_many(sources())
        next(reports)
        assert len(taken) <= 32

    @pytest.mark.slow
    def test_few_are_pending(self, paths: list[str]) -> None:
        taken = 0

        def sources() -> Iterator[str]:
            nonlocal taken
            for _ in range(100):
                for path in paths:
                    taken += 1
                    yield path

        with Workers(2) as workers:
            reports = scan_many(sources(), workers, jobs=2)
            next(reports)
            time.sleep(0.2)
            assert taken < 200
            for _ in range(2000):
                next(reports)
            assert taken < 8000
            reports.close()  # type: ignore[attr-defined]

    def test_executor_that_is_shut_down_is_replaced(self, paths: list[str]) -> None:
        executor = ThreadPoolExecutor(1)
        executor.shutdown()
        assert tasks(scan_many(paths, executor, jobs=2)) == EXPECTED

    def test_any_error_of_a_task_is_reported(self, paths: list[str]) -> None:
        class Failing(Executor):
            def submit(self, *_: Any, **__: Any) -> Future[Any]:
                future: Future[Any] = Future()
                future.set_exception(ValueError("no luck"))
                return future

        (report,) = scan_many(paths[:1], Failing())
        assert report.error is not None
        assert (report.error.type, report.error.message) == (ErrorType.CRASHED, "no luck")


@pytest.mark.slow
class TestDeaths:
    """No diagram loses its result when a process dies."""

    def test_workers_that_are_killed(self, paths: list[str]) -> None:
        with Workers(2) as workers:
            reports = scan_many(paths * 20, workers, jobs=2)
            first = next(reports)
            for process in workers.processes:
                os.kill(process, signal.SIGKILL)
            assert tasks(iter([first, *reports])) == EXPECTED * 20

    def test_process_pool_that_breaks(self, paths: list[str]) -> None:
        with ProcessPoolExecutor(2) as executor:
            process = executor.submit(os.getpid).result()
            reports = scan_many(paths * 20, executor, jobs=2)
            first = next(reports)
            os.kill(process, signal.SIGKILL)
            assert tasks(iter([first, *reports])) == EXPECTED * 20

    def test_file_that_kills_its_worker_is_reported(self, paths: list[str], tmp_path: Path) -> None:
        killer = str(tmp_path / "pipe.bpmn")
        os.mkfifo(killer)
        sources = [*paths[:100], killer, *paths[100:]]
        with Workers(2) as workers:
            # With the pipe open for writing, a worker that reads it waits for data.
            pipe = os.open(killer, os.O_RDWR)
            is_over = threading.Event()

            def kill_reader() -> None:
                while not is_over.wait(0.01):
                    for process in workers.processes:
                        if has_open(process, killer):
                            with suppress(ProcessLookupError):
                                os.kill(process, signal.SIGKILL)

            thread = threading.Thread(target=kill_reader)
            thread.start()
            reports = list(scan_many(sources, workers, jobs=2))
            is_over.set()
            thread.join()
            os.close(pipe)
        assert [report.file for report in reports] == sources
        error = reports[100].error
        assert error is not None
        assert error.type is ErrorType.CRASHED
        assert "SIGKILL" in error.message
        assert tasks(report for report in reports if report.file != killer) == EXPECTED


def has_open(process: int, path: str) -> bool:
    """Whether a process has a file open."""
    files = f"/proc/{process}/fd"
    try:
        return any(os.path.realpath(f"{files}/{name}") == path for name in os.listdir(files))
    except OSError:
        return False


@pytest.mark.slow
class TestTimeouts:
    """A file that takes too long is reported; the other files are measured."""

    def test_slow_file_among_others(self, paths: list[str], tmp_path: Path) -> None:
        slow = str(tmp_path / "pipe.bpmn")
        os.mkfifo(slow)
        sources = [*paths[:50], slow, *paths[50:]]
        with Workers(2, timeout=0.5) as workers:
            reports = list(scan_many(sources, workers, jobs=2))
        assert [report.file for report in reports] == sources
        error = reports.pop(50).error
        assert error is not None
        assert (error.type, error.message) == (ErrorType.TIMEOUT, "took longer than 0.5 seconds")
        assert tasks(iter(reports)) == EXPECTED

    def test_imports_of_a_new_process_are_not_timed(self, tmp_path: Path) -> None:
        # A replacement imports what the first process inherited by its fork.
        slow = str(tmp_path / "pipe.bpmn")
        os.mkfifo(slow)
        quick = [str(tmp_path / f"{number}.bpmn") for number in range(20)]
        for path in quick:
            Path(path).write_bytes(diagram(TASK))
        with Workers(1, timeout=0.05) as workers:
            reports = list(scan_many([*quick, slow, *quick], workers, jobs=1))
        assert [report.file for report in reports if report.error] == [slow]


ERRORS = """
import pickle, sys
from metrics import DocumentError, ErrorType, Report, scan
sources = [b"<", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a/>", b"<html/>", sys.argv[1]]
reports = [scan(source, max_size=40) for source in (*sources, b" " * 41)]
others = ("changed", "timeout", "crashed")
reports += [Report("a", error=DocumentError(type, "it ended")) for type in others]
# It changes how the exceptions are pickled whose classes exist.
import distributed
for report in reports:
    error = pickle.loads(pickle.dumps(report)).error
    assert vars(error) == vars(report.error)
    print(error.type)
"""

CLUSTER = """
import sys
from metrics import scan_many
from distributed import Client, LocalCluster
if __name__ == "__main__":
    cluster = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
    with cluster, Client(cluster) as client:
        for report in scan_many(sys.argv[1:], client.get_executor(), jobs=2):
            print(report.error or report.diagram_metrics.tasks.user_task.count)
"""


@pytest.mark.slow
class TestDask:
    """The executor of Dask's `distributed`, whose import changes how exceptions are pickled."""

    def test_each_type_of_error_can_be_pickled(self, tmp_path: Path) -> None:
        printed = output_of(tmp_path, ERRORS, [str(tmp_path / "missing.bpmn")])
        assert sorted(printed) == sorted(ErrorType)

    def test_cluster(self, paths: list[str], tmp_path: Path) -> None:
        malformed = "malformed: not well-formed XML: a '<' starts no tag"
        expected = [malformed if count is None else str(count) for count in EXPECTED]
        assert output_of(tmp_path, CLUSTER, paths) == expected


def output_of(folder: Path, script: str, arguments: list[str]) -> list[str]:
    """The lines that a script prints."""
    path = folder / "script.py"
    path.write_text(script)
    result = subprocess.run(
        [sys.executable, path, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=60,
    )
    return result.stdout.splitlines()


UNGUARDED = """
import sys, threading
from metrics import Workers, scan_many
# In one write: the processes share the stream.
print("top\\n", end="", flush=True)
# A process with threads is not forked, and a spawned process runs this script.
threading.Thread(target=threading.Event().wait, daemon=True).start()
with Workers(2) as workers:
    for report in scan_many(sys.argv[1:], workers, jobs=2):
        print(report.diagram_metrics and report.diagram_metrics.tasks.user_task.count)
"""


@pytest.mark.slow
class TestWithoutProcesses:
    """If no process can be started, this process measures everything."""

    def test_script_without_a_main_guard(self, paths: list[str], tmp_path: Path) -> None:
        script = tmp_path / "script.py"
        script.write_text(UNGUARDED)
        result = subprocess.run(
            [sys.executable, script, *paths], capture_output=True, text=True, check=True
        )
        printed = result.stdout.splitlines()
        assert [line for line in printed if line != "top"] == [str(count) for count in EXPECTED]
        assert printed.count("top") <= 3
        assert 'if __name__ == "__main__":' in result.stderr

    def test_workers_that_are_shut_down(self, paths: list[str]) -> None:
        with Workers(1) as workers:
            pass
        assert tasks(scan_many(paths, workers)) == EXPECTED

    def test_workers_with_a_timeout_are_not_replaced(self, paths: list[str]) -> None:
        with Workers(1, timeout=5) as workers:
            pass
        (report,) = scan_many(paths[:1], workers)
        assert report.error is not None
        assert report.error.type is ErrorType.CRASHED


@pytest.mark.parametrize("jobs", [None, 2])
def test_named_contents(jobs: int | None) -> None:
    # Their bytes are measured, and never a file of that name.
    user_task = diagram('<bpmn:userTask id="A"/>')
    sources: list[NamedContent | Report] = [
        NamedContent("main:a.bpmn", user_task),
        Report("b.bpmn", error=DocumentError(ErrorType.UNREADABLE, "gone")),
        NamedContent("main:c.form", b"{}"),
        NamedContent("main:large.bpmn", user_task + b" " * 2000),
        NamedContent("main:d.bpmn", b"<"),
    ]
    with ExitStack() as stack:
        executor = stack.enter_context(Workers(jobs)) if jobs else None
        reports = [*scan_many(sources, executor, jobs=jobs, max_size=1500)]
    assert [report.file for report in reports] == [
        "main:a.bpmn",
        "b.bpmn",
        "main:c.form",
        "main:large.bpmn",
        "main:d.bpmn",
    ]
    assert [report.kind for report in reports] == [Kind.BPMN, None, Kind.FORM, None, None]
    errors = [report.error.type for report in reports if report.error]
    assert errors == [ErrorType.UNREADABLE, ErrorType.TOO_LARGE, ErrorType.MALFORMED]
    assert reports[0].payload() == scan(user_task).payload()


def test_large_contents_wait_alone() -> None:
    alive = most = 0

    def contents() -> Iterator[NamedContent]:
        nonlocal alive, most
        for number in range(40):
            alive += 1
            most = max(most, alive)
            yield NamedContent(f"{number}.bpmn", diagram("") + b" " * 5_000_000)

    class Slow(Executor):
        """Does each task only when its result is asked for."""

        def submit(self, function: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            class Late(Future[Any]):
                def result(self, timeout: float | None = None) -> Any:
                    return function(*args, **kwargs)

            return Late()

    for report in scan_many(contents(), Slow(), jobs=2):
        assert report.error is None
        alive -= 1
    # Two workers may have 32 MiB: six, and the one that exceeds it.
    assert most == 7
