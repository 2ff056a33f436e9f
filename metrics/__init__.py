"""The metric payloads of the Camunda Modeler's telemetry, for BPMN, DMN and Form diagrams.

>>> from metrics import scan
>>> scan(b'<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"/>').kind
<Kind.BPMN: 'bpmn'>

Import all names from here; the modules below may change. A name is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from metrics.blocks import OMITTED
    from metrics.catalog import FRAGMENTS, OWN_FRAGMENTS
    from metrics.checks.baseline import Baseline, BaselineError, read_baseline
    from metrics.checks.configuration import Configuration, read_configuration
    from metrics.checks.gate import Gate
    from metrics.checks.limits import Limit, LimitError
    from metrics.checks.limits import parse as parse_limit
    from metrics.checks.result import CheckResult, Improvement, Violation, explain_violations
    from metrics.configuration.files import ConfigurationError
    from metrics.diff.comparison import Comparison, compare
    from metrics.diff.git import RevisionError
    from metrics.diff.revisions import compare_revisions
    from metrics.events import (
        EVENTS,
        ButtonClicked,
        DeployedTo,
        DeployError,
        DeploySuccess,
        DiagramClosed,
        DiagramOpened,
        Event,
        EventError,
        LinkOpened,
        OverlayDeployClosed,
        OverlayDeployOpened,
        OverlayStartInstanceClosed,
        OverlayStartInstanceOpened,
        OverlayVersionInfoOpened,
        Ping,
        StartInstanceError,
        StartInstanceSuccess,
    )
    from metrics.explanation import Explanation, explain
    from metrics.reading.document import Kind
    from metrics.reading.errors import DiagramWarning, DocumentError, ErrorType
    from metrics.reading.sources import NamedContent
    from metrics.report import Report, scan
    from metrics.scanning.batch import explain_many, scan_many
    from metrics.scanning.discovery import discover
    from metrics.scanning.ndjson_reports import read_reports
    from metrics.schemas import names as schema_names
    from metrics.schemas import schema
    from metrics.shards.markers import ShardResult
    from metrics.shards.plan import PlanError
    from metrics.shards.running import scan_shard
    from metrics.shards.stores import StoreError
    from metrics.summary.model import Summary
    from metrics.summary.portfolio import summarize
    from metrics.system.workers import WorkerDiedError, Workers, WorkersBrokenError
    from metrics.template_definitions import TemplateDefinitions
    from metrics.version import __version__

# The same names as above, once for type checkers and once for the lookup; a test compares them.
__all__ = [
    "EVENTS",
    "FRAGMENTS",
    "OMITTED",
    "OWN_FRAGMENTS",
    "Baseline",
    "BaselineError",
    "ButtonClicked",
    "CheckResult",
    "Comparison",
    "Configuration",
    "ConfigurationError",
    "DeployError",
    "DeploySuccess",
    "DeployedTo",
    "DiagramClosed",
    "DiagramOpened",
    "DiagramWarning",
    "DocumentError",
    "ErrorType",
    "Event",
    "EventError",
    "Explanation",
    "Gate",
    "Improvement",
    "Kind",
    "Limit",
    "LimitError",
    "LinkOpened",
    "NamedContent",
    "OverlayDeployClosed",
    "OverlayDeployOpened",
    "OverlayStartInstanceClosed",
    "OverlayStartInstanceOpened",
    "OverlayVersionInfoOpened",
    "Ping",
    "PlanError",
    "Report",
    "RevisionError",
    "ShardResult",
    "StartInstanceError",
    "StartInstanceSuccess",
    "StoreError",
    "Summary",
    "TemplateDefinitions",
    "Violation",
    "WorkerDiedError",
    "Workers",
    "WorkersBrokenError",
    "__version__",
    "compare",
    "compare_revisions",
    "discover",
    "explain",
    "explain_many",
    "explain_violations",
    "parse_limit",
    "read_baseline",
    "read_configuration",
    "read_reports",
    "scan",
    "scan_many",
    "scan_shard",
    "schema",
    "schema_names",
    "summarize",
]

_MODULES = {
    "EVENTS": "metrics.events",
    "FRAGMENTS": "metrics.catalog",
    "OMITTED": "metrics.blocks",
    "OWN_FRAGMENTS": "metrics.catalog",
    "Baseline": "metrics.checks.baseline",
    "BaselineError": "metrics.checks.baseline",
    "ButtonClicked": "metrics.events",
    "CheckResult": "metrics.checks.result",
    "Comparison": "metrics.diff.comparison",
    "Configuration": "metrics.checks.configuration",
    "ConfigurationError": "metrics.configuration.files",
    "DeployError": "metrics.events",
    "DeploySuccess": "metrics.events",
    "DeployedTo": "metrics.events",
    "DiagramClosed": "metrics.events",
    "DiagramOpened": "metrics.events",
    "DiagramWarning": "metrics.reading.errors",
    "DocumentError": "metrics.reading.errors",
    "ErrorType": "metrics.reading.errors",
    "Event": "metrics.events",
    "EventError": "metrics.events",
    "Explanation": "metrics.explanation",
    "Gate": "metrics.checks.gate",
    "Improvement": "metrics.checks.result",
    "Kind": "metrics.reading.document",
    "Limit": "metrics.checks.limits",
    "LimitError": "metrics.checks.limits",
    "LinkOpened": "metrics.events",
    "NamedContent": "metrics.reading.sources",
    "OverlayDeployClosed": "metrics.events",
    "OverlayDeployOpened": "metrics.events",
    "OverlayStartInstanceClosed": "metrics.events",
    "OverlayStartInstanceOpened": "metrics.events",
    "OverlayVersionInfoOpened": "metrics.events",
    "Ping": "metrics.events",
    "PlanError": "metrics.shards.plan",
    "Report": "metrics.report",
    "RevisionError": "metrics.diff.git",
    "ShardResult": "metrics.shards.markers",
    "StartInstanceError": "metrics.events",
    "StartInstanceSuccess": "metrics.events",
    "StoreError": "metrics.shards.stores",
    "Summary": "metrics.summary.model",
    "TemplateDefinitions": "metrics.template_definitions",
    "Violation": "metrics.checks.result",
    "WorkerDiedError": "metrics.system.workers",
    "Workers": "metrics.system.workers",
    "WorkersBrokenError": "metrics.system.workers",
    "__version__": "metrics.version",
    "compare": "metrics.diff.comparison",
    "compare_revisions": "metrics.diff.revisions",
    "discover": "metrics.scanning.discovery",
    "explain": "metrics.explanation",
    "explain_many": "metrics.scanning.batch",
    "explain_violations": "metrics.checks.result",
    "parse_limit": "metrics.checks.limits:parse",
    "read_baseline": "metrics.checks.baseline",
    "read_configuration": "metrics.checks.configuration",
    "read_reports": "metrics.scanning.ndjson_reports",
    "scan": "metrics.report",
    "scan_many": "metrics.scanning.batch",
    "scan_shard": "metrics.shards.running",
    "schema": "metrics.schemas",
    "schema_names": "metrics.schemas:names",
    "summarize": "metrics.summary.portfolio",
}
"""Where each name is defined, with `:` before the name that it has there if that differs."""


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, attribute = _MODULES[name].partition(":")
    value: object = getattr(import_module(module), attribute or name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
