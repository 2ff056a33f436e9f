"""The events of diagrams: those that were worked out by hand, and all that can be made of one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metrics import Kind
from metrics.events import EVENTS, DeployedTo, EventError, OfDiagram

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metrics import Report

FIXTURES = Path(__file__).parent.parent / "fixtures" / "events"
CASES = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(FIXTURES.glob("*.json"))}


def events_of(report: Report) -> Iterator[OfDiagram]:
    """All events that tell of a diagram, but for those that a form has none of."""
    for name, event in EVENTS.items():
        if issubclass(event, OfDiagram):
            given: dict[str, Any] = {"error": "X"} if name.endswith(":error") else {}
            if name.startswith("diagram:") and report.form_fields is not None:
                given["form_field_types"] = report.form_fields.form_field_types
            if name.startswith("deploy:") and report.kind is not Kind.FORM:
                target = DeployedTo("Camunda Cloud")
                given |= {"target_type": "selfHosted", "deployed_to": target}
            try:
                yield event(report, **given)
            except EventError:
                assert report.kind is Kind.FORM
