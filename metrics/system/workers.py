"""An executor whose processes may die or be too slow, at the cost of their own work only.

`concurrent.futures.ProcessPoolExecutor` gives up all that is under way, and itself, when one of its
processes dies, and cannot end a task that takes too long. Here a thread minds each process: where
one dies, the future of what it did fails with `WorkerDiedError`, that of a task that takes too long
with `TimeoutError`, and another process takes its place.
"""

from __future__ import annotations

import errno
import multiprocessing
import os
import pickle
import signal
import sys
import threading
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Final, NoReturn, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from multiprocessing.connection import Connection
    from multiprocessing.context import BaseContext
    from types import TracebackType
    from typing import Self

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

# What a task needs has been imported: its time runs from here.
BEGUN: Final = b"begun"
PROCESS_NAME: Final = "metrics-worker"
BYTES_PER_THREAD: Final = 128 * 1024 * 1024
PROTOCOL: Final = pickle.HIGHEST_PROTOCOL
SECONDS_TO_END: Final = 1


class WorkerDiedError(BrokenExecutor):
    """The process that did a task ended before the task did."""


class WorkersBrokenError(BrokenExecutor):
    """No process can be started in the place of one: no more tasks are taken."""


class Workers(Executor):
    """An executor over as many processes as `jobs` says.

    A task that takes longer than `timeout` seconds is ended with its process. All processes end
    when the executor is shut down; where an exception leaves its `with` block, at once, and with
    them what they were doing. Raises `OSError` where the system allows no more processes, threads
    or memory, `RuntimeError` within a worker.

    Where a new process fails before it takes a task, no other is tried: that task and all further
    ones fail with `WorkersBrokenError`. So it goes in a script that does not make them below
    `if __name__ == "__main__":`, for a new process may run the script again.
    """

    def __init__(self, jobs: int, *, timeout: float | None = None) -> None:
        current = multiprocessing.current_process()
        if current.daemon or current.name == PROCESS_NAME:
            raise RuntimeError(
                "a worker starts no workers: in a script, make them below"
                ' if __name__ == "__main__":'
            )
        _ask_for_room(jobs)
        self.timeout = timeout
        self._is_broken = False
        self._idle: SimpleQueue[_Worker] = SimpleQueue()
        self._workers: list[_Worker] = []
        self._threads = ThreadPoolExecutor(jobs, thread_name_prefix=PROCESS_NAME)
        try:
            for _ in range(jobs):
                # All of them before the first thread: to fork beside threads is not safe.
                worker = _Worker(_context(), self._workers)
                self._workers.append(worker)
                self._idle.put(worker)
            _start_all(self._threads, jobs)
        except BaseException:
            self.kill()
            raise

    @property
    def processes(self) -> list[int]:
        """The identifiers of the processes that there are now."""
        return [worker.process for worker in self._workers]

    def submit(
        self,
        function: Callable[Parameters, Result],
        /,
        *args: Parameters.args,
        **kwargs: Parameters.kwargs,
    ) -> Future[Result]:
        """Have a task done; what it takes and gives is pickled.

        Raises `WorkersBrokenError` where it is known that no process can be started, `RuntimeError`
        after `shutdown`.
        """
        self._check()
        return self._threads.submit(self._do, function, args, kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more tasks; the processes end when what was taken is done."""
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
        """End all processes at once, and what they are doing."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for worker in self._workers:
            worker.kill()

    def end_processes(self) -> None:
        """End all processes at once, and nothing more: it takes no lock, as a signal may ask."""
        for worker in self._workers:
            worker.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if exception_type is not None:
            self.kill()
        self.shutdown()

    def _check(self) -> None:
        if self._is_broken:
            raise WorkersBrokenError("no process can be started")

    def _do(self, function: Callable[..., Result], args: Any, kwargs: Any) -> Result:
        worker = self._idle.get()
        try:
            self._check()
            result: Result = worker.do((function, args, kwargs), self.timeout)
        except WorkersBrokenError:
            self._is_broken = True
            raise
        finally:
            self._idle.put(worker)
        return result


class InThisProcess(Executor):
    """An executor that does each task when it is submitted, where there can be no process."""

    def submit(
        self,
        function: Callable[Parameters, Result],
        /,
        *args: Parameters.args,
        **kwargs: Parameters.kwargs,
    ) -> Future[Result]:
        """Do a task; the future is done."""
        try:
            return done(function(*args, **kwargs))
        except Exception as error:
            return done(error)


def done(outcome: Any) -> Future[Any]:
    """A future of what there is already: a result, or an exception."""
    future: Future[Any] = Future()
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
    return future


class _Worker:
    """A process that does one task after the other; another one where it has died."""

    def __init__(self, context: BaseContext, siblings: Iterable[_Worker]) -> None:
        self._lock = threading.Lock()
        self._is_dismissed = False
        self._start(context, [sibling.connection for sibling in siblings])

    def _start(self, context: BaseContext, inherited: list[Connection]) -> None:
        ours, theirs = context.Pipe()
        # What a process has inherited by a fork it must close: a pipe ends when all have closed it.
        inherited = [*inherited, ours] if context.get_start_method() == "fork" else []
        process = context.Process(  # type: ignore[attr-defined]
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
        self._has_begun = False

    @property
    def process(self) -> int:
        return self._process.pid or 0

    def do(self, task: Any, timeout: float | None) -> Any:
        """The result of a task; raises what it raised."""
        with self._lock:
            if not self._process.is_alive() and not self._is_dismissed:
                self.connection.close()
                try:
                    self._start(multiprocessing.get_context("spawn"), [])
                except OSError as error:
                    raise WorkersBrokenError(f"no process can be started: {error}") from None
        try:
            self.connection.send_bytes(pickle.dumps(task, PROTOCOL))
            self._has_begun = self.connection.recv_bytes() == BEGUN
            if not self.connection.poll(timeout):
                self._end()
                raise TimeoutError(f"took longer than {timeout:g} seconds")
            is_result, value = self.connection.recv()
        except (EOFError, ConnectionError):
            # It has ended, or is about to: with what status tells why.
            self._process.join(SECONDS_TO_END)
            self._end()
            exit_code = self._process.exitcode
            if not self._has_begun and exit_code is not None and exit_code > 0:
                # By itself: what is ended from outside may have better luck the next time.
                reason = f"no process can be started: {_reason(exit_code)}"
                raise WorkersBrokenError(reason) from None
            raise WorkerDiedError(_reason(exit_code)) from None
        if is_result:
            return value
        raise value

    def dismiss(self) -> None:
        """Let the process end, that has nothing to do."""
        with self._lock:
            self._is_dismissed = True
            self.connection.close()

    def join(self) -> None:
        """Wait for the end of the process."""
        self._process.join()

    def kill(self) -> None:
        """End the process; no other takes its place."""
        with self._lock:
            self.end()

    def end(self) -> None:
        """As `kill`, but where another is started just now: without the lock that tells."""
        self._is_dismissed = True
        self._process.kill()

    def _end(self) -> None:
        self._process.kill()
        self._process.join()


def _ask_for_room(jobs: int) -> None:
    """Raise `OSError` where threads would take what the process may have of addresses.

    Where one of them gets no more memory, Python may neither go on nor end.
    """
    try:
        from resource import RLIM_INFINITY, RLIMIT_AS, getrlimit
    except ImportError:
        # Only where there are such limits.
        return
    limit, _ = getrlimit(RLIMIT_AS)
    if limit != RLIM_INFINITY and limit < (jobs + 2) * BYTES_PER_THREAD:
        raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))


def _start_all(threads: ThreadPoolExecutor, count: int) -> None:
    """Have as many threads started now, while it can still be said that there are no more."""
    together = threading.Barrier(count)
    try:
        for _ in range(count):
            threads.submit(together.wait)
    except RuntimeError as error:
        together.abort()
        raise OSError(errno.EAGAIN, str(error)) from None


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Keep interrupts from a process that is started, until it has said that it ignores them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _context() -> BaseContext:
    # A fork takes a hundredth of the time of a new interpreter, and is safe without threads.
    is_fork_safe = sys.platform == "linux" and threading.active_count() == 1
    return multiprocessing.get_context("fork" if is_fork_safe else "spawn")


def _reason(exit_code: int | None) -> str:
    if exit_code is None or exit_code >= 0:
        return f"the process ended with status {exit_code}"
    try:
        name = signal.Signals(-exit_code).name
    except ValueError:
        name = str(-exit_code)
    return f"the process was ended by signal {name}"


def _serve(connection: Connection, inherited: Iterable[Connection]) -> None:
    """Do tasks until there are no more."""
    # An interrupt is for the process that gives the tasks.
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
            connection.send_bytes(BEGUN)
            try:
                answer = pickle.dumps((True, function(*args, **kwargs)), PROTOCOL)
            except Exception as error:
                answer = pickle.dumps((False, error), PROTOCOL)
            connection.send_bytes(answer)
    except (EOFError, ConnectionError):
        # Not the interpreter's own end, which flushes what was inherited.
        os._exit(0)


def _raise(error: Exception) -> NoReturn:
    raise error
