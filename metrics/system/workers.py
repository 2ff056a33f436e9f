"""An executor in which a process that dies or takes too long costs only its own task.

When a process of `concurrent.futures.ProcessPoolExecutor` dies, all pending tasks fail and the
executor is broken; a task that takes too long cannot be ended. Here a thread watches each process.
If the process dies, the future of its task fails with `WorkerDiedError`; if the task takes too
long, with `TimeoutError`. A new process replaces it.
"""

from __future__ import annotations

import errno
import multiprocessing
import os
import pickle
import signal
import sys
import threading
from _thread import start_new_thread
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Final, NoReturn, ParamSpec, TypeVar

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterable, Iterator
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess
    from typing import Self

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

# A worker sends this when it has imported what a task needs: the timeout starts then.
STARTED: Final = b"started"
PROCESS_NAME: Final = "metrics-worker"
BYTES_PER_THREAD: Final = 128 * 1024 * 1024
PICKLE_PROTOCOL: Final = pickle.HIGHEST_PROTOCOL
MAX_SECONDS_TO_EXIT: Final = 1


# How a process is started: two ways of `multiprocessing`, and `_Program`.
FORK: Final = "fork"
SPAWN: Final = "spawn"
PROGRAM: Final = "program"

SCRIPT: Final = (
    "import json, sys; sys.path = json.loads(sys.argv[1]);"
    " from metrics.system.workers import serve_program;"
    " serve_program(int(sys.argv[2]), int(sys.argv[3]))"
)


class WorkerDiedError(BrokenExecutor):
    """The process ended before its task did."""


class WorkersBrokenError(BrokenExecutor):
    """A process that ended cannot be replaced, so the executor accepts no more tasks."""


class Workers(Executor):
    """An executor with `jobs` processes.

    A task that takes longer than `timeout` seconds is ended together with its process. All
    processes end when the executor is shut down; when an exception leaves its `with` block, they
    are killed at once. Raises `OSError` when the system allows no more processes, threads or
    memory, and `RuntimeError` when called within a worker.

    If a new process fails before it accepts a task, no other is started: that task and all later
    ones fail with `WorkersBrokenError`. This happens in a script that creates `Workers` outside
    `if __name__ == "__main__":`, because a new process may run the script again.
    """

    def __init__(self, jobs: int, *, timeout: float | None = None) -> None:
        if multiprocessing.current_process().name == PROCESS_NAME:
            raise RuntimeError(
                "a worker cannot start workers: in a script, create them below"
                ' if __name__ == "__main__":'
            )
        _require_address_space(jobs)
        self.timeout = timeout
        self._is_broken = False
        self._idle: SimpleQueue[_Worker] = SimpleQueue()
        self._workers: list[_Worker] = []
        self._threads = ThreadPoolExecutor(jobs, thread_name_prefix=PROCESS_NAME)
        try:
            for _ in range(jobs):
                # Before the first thread: it is not safe to fork a process that has threads.
                worker = _Worker(_start_method(), self._workers)
                self._workers.append(worker)
                self._idle.put(worker)
            _start_all(self._threads, jobs)
        except BaseException:
            self.kill()
            raise

    @property
    def processes(self) -> list[int]:
        """The identifiers of the current processes."""
        return [worker.process for worker in self._workers]

    def submit(
        self,
        function: Callable[Parameters, Result],
        /,
        *args: Parameters.args,
        **kwargs: Parameters.kwargs,
    ) -> Future[Result]:
        """Run a function in a process; its arguments and its result are pickled.

        Raises `WorkersBrokenError` if no process can be started, and `RuntimeError` after
        `shutdown`.
        """
        self._require_processes()
        return self._threads.submit(self._run, function, args, kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Accept no more tasks; the processes end when all accepted tasks are done."""
        self._threads.shutdown(wait=wait, cancel_futures=cancel_futures)
        if wait:
            self._dismiss()
        else:
            threading.Thread(target=self._dismiss).start()

    def _dismiss(self) -> None:
        self._threads.shutdown()
        for worker in self._workers:
            worker.dismiss()
        for worker in self._workers:
            worker.join()

    def kill(self) -> None:
        """End all processes and their tasks at once."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for worker in self._workers:
            worker.kill()

    def end_processes(self) -> None:
        """End all processes at once. Takes no lock, so a signal handler may call it."""
        for worker in self._workers:
            worker.kill_without_lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        if exception[0] is not None:
            self.kill()
        self.shutdown()

    def _require_processes(self) -> None:
        if self._is_broken:
            raise WorkersBrokenError("no process can be started")

    def _run(self, function: Callable[..., Result], args: Any, kwargs: Any) -> Result:
        worker = self._idle.get()
        try:
            self._require_processes()
            result: Result = worker.run((function, args, kwargs), self.timeout)
        except WorkersBrokenError:
            self._is_broken = True
            raise
        finally:
            self._idle.put(worker)
        return result


class InThisProcess(Executor):
    """An executor that runs each task in this process when it is submitted."""

    def submit(
        self,
        function: Callable[Parameters, Result],
        /,
        *args: Parameters.args,
        **kwargs: Parameters.kwargs,
    ) -> Future[Result]:
        """Run a function; the future that is returned is done."""
        try:
            return done(function(*args, **kwargs))
        except Exception as error:
            return done(error)


def done(outcome: Any) -> Future[Any]:
    """Return a future that already has its result or exception."""
    future: Future[Any] = Future()
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
    return future


class _Worker:
    """A process that runs one task after the other; a new process replaces one that died."""

    def __init__(self, method: str, siblings: Iterable[_Worker]) -> None:
        self._lock = threading.Lock()
        self._is_dismissed = False
        self._start(method, [sibling.connection for sibling in siblings])

    def _start(self, method: str, inherited: list[Connection]) -> None:
        ours, theirs = multiprocessing.Pipe()
        # A forked process must close the connections that it inherits: a pipe ends when the last
        # process closes it.
        inherited = [*inherited, ours] if method == FORK else []
        process: BaseProcess | _Program
        if method == PROGRAM:
            process = _Program(theirs)
        else:
            context: Any = multiprocessing.get_context(method)
            process = context.Process(
                target=_serve, args=(theirs, inherited), daemon=True, name=PROCESS_NAME
            )
        try:
            with _without_interrupts():
                process.start()
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        self.connection, self._process = ours, process
        self._has_started = False

    @property
    def process(self) -> int:
        return self._process.pid or 0

    def run(self, task: Any, timeout: float | None) -> Any:
        """Run a task and return its result; raises what the task raises."""
        with self._lock:
            if not self._process.is_alive() and not self._is_dismissed:
                self.connection.close()
                try:
                    self._start(_start_method(is_replacement=True), [])
                except OSError as error:
                    raise WorkersBrokenError(f"no process can be started: {error}") from None
        try:
            self.connection.send_bytes(pickle.dumps(task, PICKLE_PROTOCOL))
            self._has_started = self.connection.recv_bytes() == STARTED
            if not self.connection.poll(timeout):
                self._end()
                raise TimeoutError(f"took longer than {timeout:g} seconds")
            is_result, value = self.connection.recv()
        except (EOFError, ConnectionError):
            # The process has ended, or is about to; its exit status says why.
            self._process.join(MAX_SECONDS_TO_EXIT)
            self._end()
            exit_code = self._process.exitcode
            if not self._has_started and exit_code is not None and exit_code > 0:
                # It failed by itself. A process that was killed may succeed the next time.
                reason = f"no process can be started: {_reason(exit_code)}"
                raise WorkersBrokenError(reason) from None
            raise WorkerDiedError(_reason(exit_code)) from None
        if is_result:
            return value
        raise value

    def dismiss(self) -> None:
        """Let the process end when it is idle."""
        with self._lock:
            self._is_dismissed = True
            self.connection.close()

    def join(self) -> None:
        """Wait until the process has ended."""
        self._process.join()

    def kill(self) -> None:
        """End the process without a replacement."""
        with self._lock:
            self.kill_without_lock()

    def kill_without_lock(self) -> None:
        """Like `kill`, but misses a replacement that another thread is just starting."""
        self._is_dismissed = True
        self._process.kill()

    def _end(self) -> None:
        self._process.kill()
        self._process.join()


def _require_address_space(jobs: int) -> None:
    """Raise `OSError` if the limit on address space is too low for the threads.

    Python may hang when a thread gets no memory.
    """
    try:
        from resource import RLIM_INFINITY, RLIMIT_AS, getrlimit
    except ImportError:
        # This system has no such limits.
        return
    limit, _ = getrlimit(RLIMIT_AS)
    if limit != RLIM_INFINITY and limit < (jobs + 2) * BYTES_PER_THREAD:
        raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))


def _start_all(threads: ThreadPoolExecutor, count: int) -> None:
    """Start all threads now, so that a lack of threads raises `OSError` before the first task."""
    barrier = threading.Barrier(count)
    try:
        for _ in range(count):
            threads.submit(barrier.wait)
    except RuntimeError as error:
        barrier.abort()
        raise OSError(errno.EAGAIN, str(error)) from None


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Block interrupts while a process starts, until it ignores them itself."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start_method(*, is_replacement: bool = False) -> str:
    """How to start a process."""
    if multiprocessing.current_process().daemon:
        return PROGRAM
    # A fork takes a hundredth of the time of a new interpreter, but is safe only without threads.
    can_fork = sys.platform == "linux" and threading.active_count() == 1 and not is_replacement
    return FORK if can_fork else SPAWN


class _Program:
    """A process that runs the interpreter as a program.

    `multiprocessing` starts no processes in its own daemons, such as the workers of Dask.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._process: subprocess.Popen[bytes] | None = None
        self._alive = -1

    def start(self) -> None:
        import json
        import subprocess

        # The new process ends when this pipe is closed, at the latest when this process ends.
        theirs, self._alive = os.pipe()
        descriptors = (self._connection.fileno(), theirs)
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-c", SCRIPT, json.dumps(sys.path), *map(str, descriptors)],
                stdin=subprocess.DEVNULL,
                pass_fds=descriptors,
            )
        finally:
            os.close(theirs)

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    @property
    def exitcode(self) -> int | None:
        return None if self._process is None else self._process.poll()

    def is_alive(self) -> bool:
        return self.exitcode is None

    def join(self, timeout: float | None = None) -> None:
        import subprocess

        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()

    def __del__(self) -> None:
        if self._alive != -1:
            os.close(self._alive)


def _reason(exit_code: int | None) -> str:
    if exit_code is None or exit_code >= 0:
        return f"the process ended with status {exit_code}"
    try:
        name = signal.Signals(-exit_code).name
    except ValueError:
        name = str(-exit_code)
    return f"the process was ended by signal {name}"


def serve_program(connection: int, parent: int) -> None:
    """Run tasks in a process that `_Program` has started.

    `connection` and `parent` are descriptors; the latter ends when the parent process has ended.
    """
    from multiprocessing.connection import Connection

    multiprocessing.current_process().name = PROCESS_NAME
    _serve(Connection(connection), (), partial(os.read, parent, 1))


def _wait_for_parent() -> None:
    """Wait until the parent of a process of `multiprocessing` has ended."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()


def _serve(
    connection: Connection,
    inherited: Iterable[Connection],
    wait_for_parent: Callable[[], object] = _wait_for_parent,
) -> None:
    """Run tasks until the connection is closed or the parent process ends."""
    # Not a `Thread`: starting one waits forever if there is no memory for it.
    with suppress(RuntimeError):
        start_new_thread(_end_after, (wait_for_parent,))
    # The parent process handles interrupts.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if signal.getsignal(signal.SIGTERM) is not signal.SIG_IGN:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    for other in inherited:
        other.close()
    try:
        while True:
            task = connection.recv_bytes()
            try:
                function, args, kwargs = pickle.loads(task)
            except Exception as error:
                function, args, kwargs = _raise, (error,), {}
            connection.send_bytes(STARTED)
            try:
                answer = pickle.dumps((True, function(*args, **kwargs)), PICKLE_PROTOCOL)
            except Exception as error:
                answer = pickle.dumps((False, error), PICKLE_PROTOCOL)
            connection.send_bytes(answer)
    except (EOFError, ConnectionError):
        # A regular exit would flush buffers that were inherited from the parent.
        os._exit(0)


def _end_after(wait: Callable[[], object]) -> None:
    """End this process after a wait, even in the middle of a task."""
    wait()
    os._exit(0)


def _raise(error: Exception) -> NoReturn:
    raise error
