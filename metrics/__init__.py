"""The metric payloads of the Camunda Modeler's telemetry, for BPMN, DMN and Form diagrams.

>>> from metrics import scan
>>> scan(b'<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"/>').kind
<Kind.BPMN: 'bpmn'>
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from metrics.batch import scan_many
    from metrics.discovery import discover
    from metrics.document import DiagramWarning, DocumentError, ErrorType, Kind
    from metrics.explanation import Explanation, explain
    from metrics.gate import Gate
    from metrics.metric import OMITTED
    from metrics.portfolio import Summary, summarize
    from metrics.report import FRAGMENTS, Report, scan
    from metrics.sources import NamedContent
    from metrics.template_definitions import TemplateDefinitions
    from metrics.workers import WorkerDiedError, Workers, WorkersBrokenError

__version__ = "0.1.0"

__all__ = [
    "FRAGMENTS",
    "OMITTED",
    "DiagramWarning",
    "DocumentError",
    "ErrorType",
    "Explanation",
    "Gate",
    "Kind",
    "NamedContent",
    "Report",
    "Summary",
    "TemplateDefinitions",
    "WorkerDiedError",
    "Workers",
    "WorkersBrokenError",
    "discover",
    "explain",
    "scan",
    "scan_many",
    "summarize",
]


_MODULES = {
    "FRAGMENTS": "metrics.report",
    "OMITTED": "metrics.metric",
    "DiagramWarning": "metrics.document",
    "DocumentError": "metrics.document",
    "ErrorType": "metrics.document",
    "Explanation": "metrics.explanation",
    "Gate": "metrics.gate",
    "Kind": "metrics.document",
    "NamedContent": "metrics.sources",
    "Report": "metrics.report",
    "Summary": "metrics.portfolio",
    "TemplateDefinitions": "metrics.template_definitions",
    "WorkerDiedError": "metrics.workers",
    "Workers": "metrics.workers",
    "WorkersBrokenError": "metrics.workers",
    "discover": "metrics.discovery",
    "explain": "metrics.explanation",
    "scan": "metrics.report",
    "scan_many": "metrics.batch",
    "summarize": "metrics.portfolio",
}


def __getattr__(name: str) -> object:
    # Nothing is imported before it is asked for: who does not need it does not wait for it.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(_MODULES[name]), name)
    globals()[name] = value
    return value
