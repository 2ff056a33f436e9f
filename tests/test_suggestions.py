"""Suggestions for an unknown name."""

from __future__ import annotations

import time

import pytest

from metrics.suggestions import did_you_mean, listed

USER_TASKS = "diagramMetrics.tasks.userTask.count"
FORMS = "diagramMetrics.tasks.userTask.form.count"
SERVICE_TASKS = "diagramMetrics.tasks.serviceTask.count"
KNOWN = (USER_TASKS, FORMS, SERVICE_TASKS, "engine")


@pytest.mark.parametrize(
    ("name", "suggestions"),
    [
        # The end and the middle of known keys.
        ("serviceTask.count", f"'{SERVICE_TASKS}'"),
        ("serviceTask", f"'{SERVICE_TASKS}'"),
        ("tasks.serviceTask", f"'{SERVICE_TASKS}'"),
        ("diagramMetrics.tasks.serviceTask", f"'{SERVICE_TASKS}'"),
        ("userTask", f"'{USER_TASKS}' or '{FORMS}'"),
        ("tasks", f"'{USER_TASKS}', '{FORMS}' or '{SERVICE_TASKS}'"),
        # The spelling of a known key, or of its end.
        ("diagramMetrics.tasks.userTasks.count", f"'{USER_TASKS}'"),
        ("serviceTasks.count", f"'{SERVICE_TASKS}'"),
        ("forms.count", f"'{FORMS}'"),
        ("engin", "'engine'"),
    ],
)
def test_near_names_are_suggested(name: str, suggestions: str) -> None:
    assert did_you_mean(name, KNOWN) == f" Did you mean {suggestions}?"


@pytest.mark.parametrize("name", ["", ".", "nothing of this kind", "Task", "discount"])
def test_nothing_is_suggested(name: str) -> None:
    assert did_you_mean(name, KNOWN) == ""


def test_a_list_is_bounded() -> None:
    names = [f"n{number}" for number in range(25)]
    assert listed(names[:1], "and") == "'n0'"
    assert listed(names[:2], "and") == "'n0' and 'n1'"
    assert listed(names[:5], "or") == "'n0', 'n1', 'n2', 'n3' or 'n4'"
    assert listed(names, "and") == "'n0', 'n1', 'n2', 'n3', 'n4' and 20 more"


@pytest.mark.parametrize("text", ["a", ".", "a."])
def test_a_long_name_takes_no_time(text: str) -> None:
    began = time.monotonic()
    did_you_mean(text * 50_000, [f"a.b{number}" for number in range(300)])
    assert time.monotonic() - began < 1
