"""A file's payload, or the reason why it has none."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from types import MappingProxyType, SimpleNamespace
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from metrics.blocks import OMITTED, Omitted, described, keys, snake_case, to_json
from metrics.blocks import columns as metric_columns
from metrics.bpmn.diagram import Diagram
from metrics.catalog import METRICS, TAGS, measure
from metrics.reading import document, sources
from metrics.reading.document import Kind
from metrics.reading.errors import DiagramWarning, DocumentError, ErrorType
from metrics.reading.sources import DEFAULT_MAX_SIZE

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from metrics.blocks import Column
    from metrics.catalog.element_templates import ElementTemplate
    from metrics.catalog.execution_platform import ExecutionPlatform
    from metrics.catalog.service_tasks import ServiceTasks
    from metrics.catalog.subprocess_planes import SubprocessPlanes
    from metrics.catalog.user_tasks import UserTasks
    from metrics.reading.document import Document
    from metrics.template_definitions import TemplateDefinitions

FRAGMENTS: Final = tuple(dict.fromkeys(metric.fragment for metric in METRICS))
"""The names of the parts that a payload can be asked for."""

DIAGRAM_TYPE: Final = "diagramType"
PLACES: Final = tuple(
    (metric.name, metric.fragment, tuple(metric.key.split(".")) if metric.key else ())
    for metric in METRICS
)

# Hostile diagrams may name a platform each, at any length.
MAX_CHARACTERS: Final = 100
MAX_TEMPLATES: Final = 100

FORM_EXTENSION: Final = ".form"


@dataclass(frozen=True)
class ErrorBlock:
    """Why a diagram could not be measured."""

    type: ErrorType = described("What is wrong")
    message: str = described("The same, for people")
    line: int | Omitted = described("Where, from 1; left out where the fault has no place")
    column: int | Omitted = described("The place in the line, from 1")


@dataclass(frozen=True)
class WarningBlock:
    """Something untidy in a diagram that was measured all the same."""

    message: str = described("What it is, for people")
    line: int | Omitted = described("Where, from 1; left out where that is not known")


class Tasks(SimpleNamespace):
    """The tasks of a BPMN diagram: `diagramMetrics.tasks` of a payload."""

    user_task: UserTasks
    service_task: ServiceTasks


class DiagramMetrics(SimpleNamespace):
    """The counts of a BPMN diagram: `diagramMetrics` of a payload.

    They stand by the names of Python: `tasks.user_task.form.embedded`.
    """

    process_variables_count: int | None = None
    tasks: Tasks
    subprocess_planes: SubprocessPlanes


GROUPS: Final[Mapping[str, type[SimpleNamespace]]] = MappingProxyType(
    {"diagramMetrics": DiagramMetrics, "tasks": Tasks}
)


@dataclass(slots=True)
class Report:
    """What was measured of one file.

    `file` is the name that it was asked for by, None for bytes without one. Either `error` says why
    it could not be measured, or `kind` is its type of diagram and `blocks` holds the block of each
    metric that such a diagram has, by the metric's name. `warnings` says what was untidy.
    `fingerprint` identifies the content of a measured file (see `metrics.reading.fingerprint`),
    where that was asked for.
    """

    file: str | None
    kind: Kind | None = None
    blocks: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[DiagramWarning, ...] = ()
    error: DocumentError | None = None
    fingerprint: bytes | None = None

    def __reduce__(self) -> tuple[type[Report], tuple[Any, ...]]:
        # In half the time of the way that Python finds by itself: workers send many.
        return Report, (
            self.file,
            self.kind,
            self.blocks,
            self.warnings,
            self.error,
            self.fingerprint,
        )

    @property
    def execution_platform(self) -> ExecutionPlatform | None:
        """The execution platform profile, None where there is an error."""
        return self.blocks.get("execution_platform")

    @property
    def element_templates(self) -> tuple[ElementTemplate, ...] | None:
        """The entries for element templates, None for what is no BPMN diagram."""
        block = self.blocks.get("element_templates")
        return None if block is None else block.element_templates

    @property
    def diagram_metrics(self) -> DiagramMetrics | None:
        """The counts of a BPMN diagram, None for all else."""
        tree: dict[str, Any] = {}
        for metric in METRICS:
            block = self.blocks.get(metric.name)
            if block is None or not metric.key:
                continue
            *groups, last = metric.key.split(".")
            inner = tree
            for group in groups:
                inner = inner.setdefault(group, {})
            if last in GROUPS:
                names = keys(type(block)).names
                inner.setdefault(last, {}).update({name: getattr(block, name) for name in names})
            else:
                inner[last] = block
        return _namespace("diagramMetrics", tree["diagramMetrics"]) if tree else None

    def payload(
        self, *, fragments: Collection[str] = (), documented_keys: bool = False
    ) -> dict[str, Any]:
        """The payload as JSON has it, its keys in the documented order.

        `fragments` are names out of `FRAGMENTS`: only these parts are given. `documented_keys`
        spells keys as the telemetry page does where it differs from what the events carry. The
        payload of a file that could not be measured is `{"error": {"type": …, "message": …}}`, with
        `line` and `column` where the fault has a place. Raises `ValueError` for another fragment.
        """
        _check(fragments)
        if self.error is not None:
            return {"error": to_json(error_block(self.error))}
        payload: dict[str, Any] = {}
        if self.kind is not None and not fragments:
            payload[DIAGRAM_TYPE] = self.kind.value
        for name, fragment, groups in PLACES:
            block = self.blocks.get(name)
            if block is None or (fragments and fragment not in fragments):
                continue
            inner = payload
            for group in groups:
                inner = inner.setdefault(group, {})
            inner.update(to_json(block, documented_keys=documented_keys))
        return payload


def columns(
    *, fragments: Collection[str] = (), documented_keys: bool = False
) -> dict[str, list[Column]]:
    """All values that payloads can hold, by the metric's name, in their order.

    They are the same whatever the diagrams are. The options are as for `Report.payload`.
    """
    _check(fragments)
    return {
        metric.name: metric_columns(
            metric.block,
            f"{metric.key}." if metric.key else "",
            documented_keys=documented_keys,
        )
        for metric in METRICS
        if not fragments or metric.fragment in fragments
    }


def scan(
    source: str | os.PathLike[str] | bytes | BinaryIO,
    *,
    name: str | None = None,
    max_size: int = DEFAULT_MAX_SIZE,
    templates: TemplateDefinitions | None = None,
) -> Report:
    """Measure one diagram.

    `source` is a path, the bytes of a file, or an open binary file. `name` is what the diagram is
    called, and with its extension tells a form from XML; a path is its own name, and what comes
    without a name is a form where it begins as a JSON object. Above `max_size` bytes the diagram is
    too large. Its element templates are those that it uses or, with `templates`, the definitions
    that the Modeler would offer for it.

    A diagram that cannot be measured is a report with an `error`: nothing is raised for it.
    """
    if name is None and isinstance(source, str | os.PathLike):
        name = os.fspath(source)
    found = parse(source, name, max_size)
    return found if isinstance(found, Report) else measured(found, name, templates)


def parse(
    source: str | os.PathLike[str] | bytes | BinaryIO, name: str | None, max_size: int
) -> Document | Report:
    """The first half of `scan`: the document, or the report of why there is none."""
    try:
        content = sources.content(source, max_size)
        return document.read(
            content, form=document.looks_like_a_form(content) if name is None else is_form(name)
        )
    except (DocumentError, MemoryError) as error:
        return failed(name, error)


def measured(found: Document, name: str | None, templates: TemplateDefinitions | None) -> Report:
    """The second half of `scan`: the report of a document."""
    try:
        diagram = Diagram(found, TAGS)
        blocks = measure(diagram)
        warnings = found.warnings + diagram.warnings
        if templates is not None and found.kind is Kind.BPMN:
            offered = templates.offered(name, diagram.engine)
            blocks["element_templates"] = offered.block
            warnings += offered.warnings
        return Report(name, found.kind, blocks, warnings)
    except (DocumentError, MemoryError) as error:
        return failed(name, error)


def failed(name: str | None, error: DocumentError | MemoryError) -> Report:
    """The report of a diagram that cannot be measured."""
    if isinstance(error, MemoryError):
        error = DocumentError(ErrorType.TOO_LARGE, "not enough memory")
    return Report(name, error=error)


def is_large(report: Report) -> bool:
    """Whether its payload is so large that who remembers payloads had better forget it."""
    profile = report.execution_platform
    return len(report.element_templates or ()) > MAX_TEMPLATES or (
        profile is not None
        and any(
            isinstance(text, str) and len(text) > MAX_CHARACTERS
            for text in (profile.execution_platform, profile.execution_platform_version)
        )
    )


def _check(fragments: Collection[str]) -> None:
    unknown = set(fragments).difference(FRAGMENTS)
    if unknown:
        raise ValueError(f"no fragment of a payload: {', '.join(sorted(unknown))}")


def is_form(name: str) -> bool:
    """Whether what has a name is a form, rather than XML."""
    return name.lower().endswith(FORM_EXTENSION)


def _namespace(key: str, values: dict[str, Any]) -> Any:
    return GROUPS[key](
        **{
            snake_case(name): _namespace(name, value) if isinstance(value, dict) else value
            for name, value in values.items()
        }
    )


def error_block(error: DocumentError) -> ErrorBlock:
    """An error as it is printed."""
    return ErrorBlock(
        error.type,
        error.message,
        OMITTED if error.line is None else error.line,
        OMITTED if error.column is None else error.column,
    )
