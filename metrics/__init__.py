"""The metric payloads of the Camunda Modeler's telemetry, for BPMN, DMN and Form diagrams.

>>> from metrics import scan
>>> scan(b'<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"/>').kind
<Kind.BPMN: 'bpmn'>
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from metrics.version import __version__ as __version__

if TYPE_CHECKING:
    from metrics.blocks import OMITTED
    from metrics.catalog import FRAGMENTS
    from metrics.checks.gate import Gate
    from metrics.explanation import Explanation, explain
    from metrics.reading.document import Kind
    from metrics.reading.errors import DiagramWarning, DocumentError, ErrorType
    from metrics.reading.sources import NamedContent
    from metrics.report import Report, scan
    from metrics.scanning.batch import scan_many
    from metrics.scanning.discovery import discover
    from metrics.summary.model import Summary
    from metrics.summary.portfolio import summarize
    from metrics.system.workers import WorkerDiedError, Workers, WorkersBrokenError
    from metrics.template_definitions import TemplateDefinitions

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
    "FRAGMENTS": "metrics.catalog",
    "OMITTED": "metrics.blocks",
    "DiagramWarning": "metrics.reading.errors",
    "DocumentError": "metrics.reading.errors",
    "ErrorType": "metrics.reading.errors",
    "Explanation": "metrics.explanation",
    "Gate": "metrics.checks.gate",
    "Kind": "metrics.reading.document",
    "NamedContent": "metrics.reading.sources",
    "Report": "metrics.report",
    "Summary": "metrics.summary.model",
    "TemplateDefinitions": "metrics.template_definitions",
    "WorkerDiedError": "metrics.system.workers",
    "Workers": "metrics.system.workers",
    "WorkersBrokenError": "metrics.system.workers",
    "discover": "metrics.scanning.discovery",
    "explain": "metrics.explanation",
    "scan": "metrics.report",
    "scan_many": "metrics.scanning.batch",
    "summarize": "metrics.summary.portfolio",
}


def __getattr__(name: str) -> object:
    # Nothing is imported before it is asked for: who does not need it does not wait for it.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(_MODULES[name]), name)
    globals()[name] = value
    return value
