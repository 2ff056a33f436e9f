"""A signal cleans up and ends the process at once."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

SCRIPT = """
import os, signal, sys
from metrics.system.signals import cleanup_on_signal, exit_on_signals
for name in ("SIGINT", "SIGTERM", "SIGHUP"):
    # As a shell leaves them in the foreground.
    signal.signal(getattr(signal, name), signal.SIG_DFL)
"""


def run_script(steps: str) -> subprocess.CompletedProcess[bytes]:
    """Run a script that sends signals to itself."""
    return subprocess.run([sys.executable, "-c", SCRIPT + steps], capture_output=True, check=False)


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_cleanups_run_in_reverse_order(number: int, status: int) -> None:
    result = run_script(f"""
exit_on_signals()
with cleanup_on_signal(lambda: os.write(1, b"outer ")):
    with cleanup_on_signal(lambda: os.write(1, b"inner ")):
        os.kill(os.getpid(), {int(number)})
        signal.pause()
""")
    assert (result.returncode, result.stdout, result.stderr) == (status, b"inner outer ", b"")


def test_failing_cleanup_does_not_stop_the_others() -> None:
    result = run_script("""
exit_on_signals()
with cleanup_on_signal(lambda: os.write(1, b"second")), cleanup_on_signal(lambda: 1 / 0):
    os.kill(os.getpid(), signal.SIGTERM)
    signal.pause()
""")
    assert (result.returncode, result.stdout, result.stderr) == (143, b"second", b"")


def test_cleanup_ends_with_its_block() -> None:
    result = run_script("""
exit_on_signals()
with cleanup_on_signal(lambda: os.write(1, b"too late")):
    pass
os.kill(os.getpid(), signal.SIGTERM)
signal.pause()
""")
    assert (result.returncode, result.stdout) == (143, b"")


def test_forked_process_does_not_clean_up() -> None:
    result = run_script("""
exit_on_signals()
with cleanup_on_signal(lambda: os.write(1, b"parent only")):
    if (child := os.fork()) == 0:
        os.kill(os.getpid(), signal.SIGTERM)
        signal.pause()
    _, status = os.waitpid(child, 0)
    os._exit(os.waitstatus_to_exitcode(status))
""")
    assert (result.returncode, result.stdout) == (143, b"")


def test_ignored_signal_stays_ignored() -> None:
    result = run_script("""
signal.signal(signal.SIGHUP, signal.SIG_IGN)
exit_on_signals()
os.kill(os.getpid(), signal.SIGHUP)
print("still there")
""")
    assert (result.returncode, result.stdout) == (0, b"still there\n")
