"""A file's payload, or the reason why it has none."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from types import MappingProxyType, SimpleNamespace
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Generic, TypeVar

import orjson

from metrics.blocks import (
    OMITTED,
    Omitted,
    block_class,
    described,
    has_long_values,
    keys,
    snake_case,
    to_json,
)
from metrics.bpmn.diagram import Diagram
from metrics.catalog import (
    NO_FRAGMENTS,
    FragmentOptions,
    all_metrics,
    known_dialect,
    measure,
    metric_named,
    metrics_with,
    own_fragments,
    tags_with,
)
from metrics.catalog.execution_platform import is_assumed
from metrics.reading import document, sources
from metrics.reading.document import Kind
from metrics.reading.errors import DiagramWarning, DocumentError, ErrorType
from metrics.reading.sources import DEFAULT_MAX_SIZE, STANDARD_INPUT

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from metrics.blocks import Leaf
    from metrics.catalog.execution_platform import ExecutionPlatform
    from metrics.catalog.service_tasks import ServiceTasks
    from metrics.catalog.subprocess_planes import SubprocessPlanes
    from metrics.catalog.user_tasks import UserTasks
    from metrics.reading.document import Document
    from metrics.template_definitions import TemplateDefinitions

Value = TypeVar("Value")

DIAGRAM_TYPE: Final = "diagramType"

MAX_CHARACTERS_KEPT: Final = 100
MAX_ITEMS_KEPT: Final = 100
MAX_PAYLOADS_CACHED: Final = 1024

FORM_EXTENSION: Final = ".form"

PLATFORM: Final = "executionPlatform"
"""The key of the platform, which payloads have even if the diagram does not state it."""


@block_class
class ErrorBlock:
    """Why a diagram could not be measured."""

    type: ErrorType = described("The type of the error")
    message: str = described("The error message")
    line: int | Omitted = described("The line, from 1; omitted if the error has no position")
    column: int | Omitted = described("The column, from 1")


@block_class
class WarningBlock:
    """A warning about malformed input in a diagram that was measured."""

    message: str = described("The warning message")
    line: int | Omitted = described("The line, from 1; omitted if it is not known")


class Tasks(SimpleNamespace):
    """The tasks of a BPMN diagram: `diagramMetrics.tasks` of a payload."""

    user_task: UserTasks
    service_task: ServiceTasks


class DiagramMetrics(SimpleNamespace):
    """The counts of a BPMN diagram: `diagramMetrics` of a payload.

    Its values have Python names: `tasks.user_task.form.embedded`.
    """

    process_variables_count: int | None = None
    tasks: Tasks
    subprocess_planes: SubprocessPlanes


GROUPS: Final[Mapping[str, type[SimpleNamespace]]] = MappingProxyType(
    {"diagramMetrics": DiagramMetrics, "tasks": Tasks}
)


@dataclass(slots=True)
class Report:
    """The result of measuring one file.

    `file` is the path or name that was asked for, None for bytes without a name. Either `error`
    says why the file could not be measured, or `kind` is the kind of its diagram and `blocks` holds
    the block of each metric that applies to it, by the metric's name. `warnings` are about
    malformed input. `fingerprint` identifies the content of a measured file (see
    `metrics.reading.fingerprint`), if it was asked for. `other_rules` are the fragments of
    an earlier scan that were computed by another version of their rules; they have no blocks.

    The values at the top level of the payload are attributes, too, by their names in Python:
    `report.diagram_metrics`. Such an attribute is None if the payload does not have the value.
    """

    file: str | None
    kind: Kind | None = None
    blocks: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[DiagramWarning, ...] = ()
    error: DocumentError | None = None
    fingerprint: bytes | None = None
    other_rules: frozenset[str] = frozenset()

    def __reduce__(self) -> tuple[type[Report], tuple[Any, ...]]:
        # Half the time of Python's own way; workers send many reports.
        return Report, (
            self.file,
            self.kind,
            self.blocks,
            self.warnings,
            self.error,
            self.fingerprint,
            self.other_rules,
        )

    def __getattr__(self, name: str) -> Any:
        for metric in () if name.startswith("_") else all_metrics():
            if metric.path and snake_case(metric.path[0]) == name:
                return self.blocks.get(metric.name)
            if not metric.path and name in keys(metric.block).names:
                return getattr(self.blocks.get(metric.name), name, None)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    @property
    def name(self) -> str:
        """The file, or `-` for standard input and for bytes without a name."""
        return STANDARD_INPUT if self.file is None else self.file

    @property
    def identity(self) -> tuple[int, ...]:
        """Equal for reports with the same block objects, as long as these objects live."""
        return (id(self.kind), *map(id, self.blocks.values()))

    @property
    def execution_platform(self) -> ExecutionPlatform | None:
        """The execution platform profile, None if there is an error."""
        return self.blocks.get("execution_platform")

    @property
    def assumed_keys(self) -> frozenset[str]:
        """The keys of the payload whose values the diagram does not state: at most its platform.

        Formats for people mark these values with `marked_as_assumed`.
        """
        profile = self.execution_platform
        has_default = profile is not None and is_assumed(profile, self.kind)
        return frozenset({PLATFORM}) if has_default else frozenset()

    @property
    def diagram_metrics(self) -> DiagramMetrics | None:
        """The counts of a BPMN diagram, None for other reports."""
        tree: dict[str, Any] = {}
        for name, block in self.blocks.items():
            path = metric_named(name).path
            if block is None or not path or path[0] not in GROUPS:
                continue
            *groups, last = path
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
        """The payload as a JSON object, its keys in the documented order.

        With `fragments`, it holds only the fragments of these names. `documented_keys` spells keys
        as the telemetry page does where the events spell them otherwise. The payload of a file that
        could not be measured is `{"error": {"type": …, "message": …}}`, with `line` and `column` if
        the error has a position. Raises `ValueError` for a name that no fragment has.
        """
        if fragments:
            own_fragments(fragments)
        if self.error is not None:
            return {"error": to_json(error_block(self.error))}
        if fragments or documented_keys:
            return _payload(self, fragments, documented_keys=documented_keys)
        try:
            payload: dict[str, Any] = orjson.loads(_documented_payloads.get(self))
        except TypeError:
            # orjson refuses halves of surrogate pairs, and integers of more than 64 bits.
            return _payload(self)
        return payload

    @property
    def is_large(self) -> bool:
        """Whether its payload is too large to be remembered: few diagrams have such a payload."""
        return any(
            has_long_values(block, max_characters=MAX_CHARACTERS_KEPT, max_items=MAX_ITEMS_KEPT)
            for block in self.blocks.values()
            if block is not None
        )


def marked_as_assumed(value: object) -> str:
    """A value with the mark that the diagram does not state it."""
    return f"{value} (not stated)"


class PayloadCache(Generic[Value]):
    """Caches a value for each payload, since many diagrams have the same payload.

    `make` makes the value from a report. A value is cached only if `is_kept` returns true.
    """

    def __init__(
        self,
        make: Callable[[Report], Value],
        *,
        max_entries: int,
        is_kept: Callable[[Report, Value], bool] = lambda report, value: not report.is_large,
    ) -> None:
        self._make = make
        self._max_entries = max_entries
        self._is_kept = is_kept
        # The blocks are kept, so that no other object gets the identity of one.
        self._entries: dict[tuple[int, ...], tuple[Mapping[str, Any], Value]] = {}

    def get(self, report: Report) -> Value:
        """The value of a report's payload."""
        identity = report.identity
        entry = self._entries.get(identity)
        if entry is not None:
            return entry[1]
        value = self._make(report)
        if len(self._entries) == self._max_entries:
            self._entries.clear()
        if self._is_kept(report, value):
            self._entries[identity] = (report.blocks, value)
        return value


def _payload(
    report: Report, fragments: Collection[str] = (), *, documented_keys: bool = False
) -> dict[str, Any]:
    payload: dict[str, Any] = {}
    if report.kind is not None and not fragments:
        payload[DIAGRAM_TYPE] = report.kind.value
    for name, block in report.blocks.items():
        metric = metric_named(name)
        if block is None or (fragments and metric.fragment not in fragments):
            continue
        inner = payload
        for group in metric.path:
            inner = inner.setdefault(group, {})
        inner.update(metric.record(block, documented_keys=documented_keys))
    return payload


# Reading the JSON takes a third of the time of making the payload anew.
_documented_payloads: Final = PayloadCache(
    lambda report: orjson.dumps(_payload(report)), max_entries=MAX_PAYLOADS_CACHED
)


def payload_leaves(
    *,
    fragments: Collection[str] = (),
    added: Collection[str] = (),
    documented_keys: bool = False,
) -> dict[str, tuple[Leaf, ...]]:
    """All values that payloads can hold, by the metric's name, in their order.

    They are the same for all diagrams: those of the documented payload and of the fragments of our
    own that are `added` to it or, with `fragments`, only those of the fragments of these names.
    Raises `ValueError` for a name that no fragment has.
    """
    return {
        metric.name: metric.leaves(documented_keys=documented_keys)
        for metric in metrics_with(own_fragments((*fragments, *added)))
        if not fragments or metric.fragment in fragments
    }


def scan(
    source: str | os.PathLike[str] | bytes | BinaryIO,
    *,
    name: str | None = None,
    max_size: int = DEFAULT_MAX_SIZE,
    templates: TemplateDefinitions | None = None,
    fragments: Collection[str] = (),
    dialect: str | None = None,
) -> Report:
    """Measure one diagram.

    `source` is a path, the bytes of a file, or an open binary file. `name` is the name of the
    diagram, by default the path; a name that ends with `.form` means a form. Bytes without a name
    are a form if they begin like a JSON object. A diagram of more than `max_size` bytes is
    too large. The element templates are those that the diagram uses or, with `templates`, the
    definitions that the Modeler would offer for it. `fragments` are the names of fragments of our
    own to compute beside the documented payload. With `dialect`, the fragment of that name is
    computed as if the diagram named this dialect.

    A diagram that cannot be measured has a report with an `error`; no exception is raised. Raises
    `ValueError` for a name that no fragment or dialect has.
    """
    options = FragmentOptions(own_fragments(fragments), known_dialect(dialect))
    name = diagram_name(source, name)
    parsed = parse(source, name, max_size)
    return parsed if isinstance(parsed, Report) else measured(parsed, name, templates, options)


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


def measured(
    parsed: Document,
    name: str | None,
    templates: TemplateDefinitions | None,
    options: FragmentOptions = NO_FRAGMENTS,
) -> Report:
    """The second half of `scan`: the report of a document."""
    fragments = frozenset(options.names)
    try:
        diagram = Diagram(parsed, tags_with(fragments), dialect=options.dialect)
        blocks = measure(diagram, fragments)
        warnings = parsed.warnings + diagram.warnings
        if templates is not None and parsed.kind is Kind.BPMN:
            offered = templates.offered(name, diagram.engine)
            blocks |= offered.blocks
            warnings += offered.warnings
        return Report(name, parsed.kind, blocks, warnings)
    except (DocumentError, MemoryError) as error:
        return failed(name, error)


def failed(name: str | None, error: DocumentError | MemoryError) -> Report:
    """The report of a diagram that cannot be measured."""
    if isinstance(error, MemoryError):
        error = DocumentError(ErrorType.TOO_LARGE, "not enough memory")
    return Report(name, error=error.drop_origin())


def diagram_name(source: str | os.PathLike[str] | bytes | BinaryIO, name: str | None) -> str | None:
    """The name of a diagram: `name`, or else the path that is its source; None without either."""
    if name is None and isinstance(source, str | os.PathLike):
        return os.fspath(source)
    return name


def is_form(name: str) -> bool:
    """Whether the name of a diagram is that of a form."""
    return name.lower().endswith(FORM_EXTENSION)


def error_block(error: DocumentError) -> ErrorBlock:
    """An error as it is printed."""
    return ErrorBlock(
        error.type,
        error.message,
        OMITTED if error.line is None else error.line,
        OMITTED if error.column is None else error.column,
    )


def warning_block(warning: DiagramWarning) -> WarningBlock:
    """A warning as it is printed."""
    message = sources.printable(warning.message)
    return WarningBlock(message, OMITTED if warning.line is None else warning.line)


def _namespace(key: str, values: dict[str, Any]) -> Any:
    return GROUPS[key](
        **{
            snake_case(name): _namespace(name, value) if isinstance(value, dict) else value
            for name, value in values.items()
        }
    )
