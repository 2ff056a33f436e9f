"""What tests read from reports."""

from __future__ import annotations

from typing import Any

from metrics import Report, scan

TASK = '<bpmn:userTask id="Approve" camunda:formKey="embedded:approve.html"/>'
"""A user task that `embedded_forms` counts."""


def shown_platform(record: dict[str, Any]) -> str:
    """The platform of a line of a scan, as people read it."""
    name: str = record["executionPlatform"]
    # Only a form can name a platform without a version.
    names_it = record["diagramType"] == "form" and name != "Camunda Platform"
    is_stated = "executionPlatformVersion" in record or names_it
    return name if is_stated else f"{name} (not stated)"


def embedded_forms(report: Report) -> int:
    """The number of user tasks with an embedded form in a measured diagram."""
    assert report.error is None, report.error
    assert report.diagram_metrics is not None
    form = report.diagram_metrics.tasks.user_task.form
    assert not isinstance(form, int)
    return getattr(form, "embedded", -1)


def warnings_of(source: bytes) -> list[tuple[int | None, str]]:
    """The lines and messages of the warnings about a diagram that is measured."""
    report = scan(source)
    assert report.error is None, report.error
    return [(warning.line, warning.message) for warning in report.warnings]
