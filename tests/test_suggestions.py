"""Suggestions for an unknown name."""

from __future__ import annotations

import pytest

from metrics.suggestions import did_you_mean

KNOWN = ("diagramMetrics.tasks.userTask.count", "diagramMetrics.tasks.serviceTask.count", "engine")


@pytest.mark.parametrize(
    ("key", "suggestion"),
    [
        # The end, the middle, and the spelling of a known key.
        ("userTask.count", "diagramMetrics.tasks.userTask.count"),
        ("serviceTask", "diagramMetrics.tasks.serviceTask"),
        ("tasks.serviceTask", "diagramMetrics.tasks.serviceTask"),
        ("diagramMetrics.tasks.userTasks.count", "diagramMetrics.tasks.userTask.count"),
        ("engin", "engine"),
    ],
)
def test_near_key_is_suggested(key: str, suggestion: str) -> None:
    assert did_you_mean(key, KNOWN) == f" Did you mean {suggestion}?"


@pytest.mark.parametrize("key", ["", "nothing of this kind", "Task"])
def test_nothing_is_suggested(key: str) -> None:
    assert did_you_mean(key, KNOWN) == ""
