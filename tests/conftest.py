"""What all tests share: an environment without anything of the machine's that changes results."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Iterable

DISTURBING = ("CI", "COLUMNS", "FORCE_COLOR", "LINES", "NO_COLOR", "PYTHONUNBUFFERED")
"""Variables that change what the command prints, or how."""

DISTURBING_PREFIXES = ("GIT_", "GITHUB_", "PRE_COMMIT", "RUNNER_")
"""What git, pre-commit and workflows set for what they run: the tests, but not what these run."""

GIT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    **{f"GIT_{role}_NAME": "A name" for role in ("AUTHOR", "COMMITTER")},
    **{f"GIT_{role}_EMAIL": "a@example.org" for role in ("AUTHOR", "COMMITTER")},
}
"""An identity for commits, and no configuration but that of each repository."""

EXPENSIVE = {"report": "browser", "browser": "browser", "hook": "pre-commit", "installed": "action"}
"""Fixtures that take many seconds, and the groups of the tests that share one in one process."""

# A busy machine makes any example slow.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")


def pytest_configure() -> None:
    """Prepare this process, before any test module is imported."""
    for name in list(os.environ):
        if name in DISTURBING or name.startswith(DISTURBING_PREFIXES):
            del os.environ[name]
    os.environ |= GIT
    _let_children_receive_signals()


def pytest_collection_modifyitems(items: Iterable[pytest.Item]) -> None:
    """Mark the tests that use an expensive fixture as slow, and keep each group in one process."""
    for item in items:
        for name in getattr(item, "fixturenames", ()):
            if name in EXPENSIVE:
                item.add_marker(pytest.mark.slow)
                item.add_marker(pytest.mark.xdist_group(EXPENSIVE[name]))


def _let_children_receive_signals() -> None:
    """Have processes that tests start end on signals that this one may ignore.

    A job in the background ignores interrupts, and what a process ignores its children ignore, too.
    What it handles, if only by doing nothing, is reset to the default for them.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)
