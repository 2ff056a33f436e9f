"""The metric payloads of the Camunda Modeler's telemetry, for BPMN, DMN and Form diagrams.

>>> from metrics import scan
>>> scan(b'<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"/>').kind
<Kind.BPMN: 'bpmn'>
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from metrics.document import DiagramWarning, DocumentError, ErrorType, Kind
from metrics.report import FRAGMENTS, Report, scan

if TYPE_CHECKING:
    from metrics.template_definitions import TemplateDefinitions

__version__ = "0.1.0"

__all__ = [
    "FRAGMENTS",
    "DiagramWarning",
    "DocumentError",
    "ErrorType",
    "Kind",
    "Report",
    "TemplateDefinitions",
    "scan",
]


def __getattr__(name: str) -> object:
    # Few read definitions: who does not need not wait for the import.
    if name == "TemplateDefinitions":
        from metrics.template_definitions import TemplateDefinitions

        return TemplateDefinitions
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
