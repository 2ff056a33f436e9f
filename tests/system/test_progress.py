"""The progress line on standard error."""

from __future__ import annotations

import re
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


def test_no_total_without_a_search(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("metrics.system.progress.SECONDS_BEFORE_FIRST", 0)
    monkeypatch.setattr("metrics.system.progress.SECONDS_BETWEEN", 0)
    # rich takes the captured output for a terminal.
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")
    shown = {}
    for search in (find, None):
        with Progress(search) as progress:
            for _ in range(10):
                time.sleep(0.01)
                progress.show(1, 0)
        shown[search] = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", capfd.readouterr().err)
    assert "1 of 2 files" in shown[find]
    assert "1 files" in shown[None]
    assert " of " not in shown[None]
