"""The progress line on standard error."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from metrics.system.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest


def find() -> Iterator[str]:
    """Two files."""
    yield from ("a.bpmn", "b.bpmn")


def test_short_run_shows_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    with Progress(find) as progress:
        progress.show(1, 0)
        assert not progress.print_above("a message")
        progress.erase()
    assert capfd.readouterr() == ("", "")


def test_messages_are_printed_above_the_line(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("metrics.system.progress.SECONDS_BEFORE_FIRST", 0)
    with Progress(find) as progress:
        time.sleep(0.01)
        progress.show(1, 1)
        assert progress.print_above("a message")
        progress.erase()
    out, err = capfd.readouterr()
    assert out == ""
    assert "a message" in err
    # The erased line, and the cursor.
    assert "\x1b[2K\x1b[?25h" in err
