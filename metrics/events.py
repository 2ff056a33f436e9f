"""The events that the telemetry page documents, made from the report of a diagram.

`DiagramOpened(scan("order.bpmn")).payload()` returns `{"event": "diagram:opened", …}`. Nothing is
sent.

Each event is a frozen dataclass with the values that it carries as fields. Its JSON Schema and its
section in `docs/events.md` follow from the class; `metrics.commands.event` has the command that
prints it. Texts from a diagram are bounded: an event carries only the texts that the `Text` of
their field in the catalogue allows.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import (
    Any,
    ClassVar,
    Final,
    Literal,
    TypeVar,
    dataclass_transform,
    get_args,
    get_origin,
)
from uuid import UUID, uuid4

from metrics.blocks import (
    OMITTED,
    Omitted,
    Text,
    alternatives,
    bounded,
    choices,
    described,
    json_key,
    to_json,
    type_hints,
)
from metrics.bpmn.diagram import Engine
from metrics.catalog import FRAGMENTS, METRICS
from metrics.catalog.execution_platform import DEFAULT_PLATFORMS, PLATFORM_NAME, VERSION
from metrics.reading.document import Kind
from metrics.reading.namespaces import CAMUNDA_8_PLATFORMS
from metrics.report import DIAGRAM_TYPE, Report
from metrics.version import __version__

EventClass = TypeVar("EventClass")

EVENTS: Final[dict[str, type[Event]]] = {}
"""All events by their names as sent, in the order of the telemetry page."""

TargetType = Literal["camundaCloud", "selfHosted"]
TrackedContainer = Literal[
    "version-info-overlay",
    "welcome-page-cloud",
    "welcome-page-platform",
    "welcome-page-learn-more",
]
VersionInfoSource = Literal["menu", "statusBar"]

PROFILE: Final = "profile"
FORM_FIELD_TYPES: Final = "formFieldTypes"
CAMUNDA_7: Final = DEFAULT_PLATFORMS[Engine.CAMUNDA_7]

APPLICATION_VERSION: Final = Text(
    r"[A-Za-z0-9.+_-]{1,40}", "1 to 40 ASCII letters, digits, `.`, `+`, `_` and `-`"
)
ERROR_CODE: Final = Text(
    r"[A-Za-z0-9_.:-]{1,80}", "1 to 80 ASCII letters, digits, `_`, `.`, `:` and `-`"
)
UUID_TEXT: Final = Text(
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "a UUID such as 2f1c6a3e-0b5d-4b8a-9d57-0a6c1c1f7a10",
)
FORM_FIELD_TYPE: Final = Text(
    r"[A-Za-z0-9_.-]{1,40}", "1 to 40 ASCII letters, digits, `_`, `.` and `-`"
)
ANY_TEXT: Final = Text("[^\ud800-\udfff]*", "text without lone surrogates")

EXTERNAL_LINK: Final = "^http(?!://localhost)"


class EventError(ValueError):
    """An event that the telemetry page does not allow.

    `field` names the field with the wrong value; None if the diagram is the reason.
    """

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


@dataclass_transform(
    frozen_default=True, kw_only_default=True, field_specifiers=(described, dataclasses.field)
)
def event_class(cls: type[EventClass]) -> type[EventClass]:
    """Make a class a frozen dataclass with keyword arguments.

    Unlike with `dataclass`, type checkers see which `described` fields have no default.
    """
    return dataclass(frozen=True, kw_only=True)(cls)


@event_class
class Event:
    """What all events share.

    Raises `EventError` if a field has a value that the event cannot carry.
    """

    name: ClassVar[str]
    """The event's name, as sent: `diagram:opened`."""

    fragments: ClassVar[tuple[str, ...]] = ()
    """The fragments of a diagram's payload that the event carries."""

    optional_fragments: ClassVar[tuple[str, ...]] = ()
    """The fragments that the event's JSON Schema accepts but does not require."""

    without_if_too_large: ClassVar[frozenset[str]] = frozenset()
    """The keys to omit after a receiver refuses the event as too large."""

    rule: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    """The part of the event's JSON Schema that does not follow from the fields."""

    application_version: str = described(
        "The version of the application; by default the version of `metrics`",
        text=APPLICATION_VERSION,
        default=__version__,
    )
    editor_id: str = described(
        "The UUID of the installation; by default a random one",
        text=UUID_TEXT,
        default_factory=lambda: str(uuid4()),
    )

    def __init_subclass__(cls, *, name: str = "") -> None:
        cls.without_if_too_large = _keys_to_omit(cls.fragments)
        if name:
            cls.name = name
            EVENTS[name] = cls

    def __post_init__(self) -> None:
        editor_id: object = self.editor_id
        if isinstance(editor_id, str | UUID):
            self._set("editor_id", str(editor_id).lower())
        _check(self)

    def payload(
        self, *, documented_keys: bool = False, without_if_too_large: bool = False
    ) -> dict[str, Any]:
        """Return the event as JSON.

        `documented_keys` spells keys as the telemetry page does where the payload of `scan` spells
        them otherwise. `without_if_too_large` omits the keys that the attribute of that name lists.
        """
        event: dict[str, Any] = {"event": self.name}
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, Report):
                event |= _diagram_keys(value, self.fragments, documented_keys=documented_keys)
            elif value is not OMITTED:
                event[json_key(field.name)] = to_json(value)
        if without_if_too_large:
            event = {key: event[key] for key in event if key not in self.without_if_too_large}
        return event

    def _set(self, field: str, value: object) -> None:
        # The class is frozen, so `__post_init__` cannot assign.
        object.__setattr__(self, field, value)


def _keys_to_omit(fragments: tuple[str, ...]) -> frozenset[str]:
    return frozenset(
        json_key(field.name)
        for metric in METRICS
        if metric.fragment in fragments
        for field in dataclasses.fields(metric.block)
        if field.metadata["omit_if_too_large"]
    )


def _check(carrier: Any) -> None:
    """Raise `EventError` for the first field that does not accept its value."""
    hints = type_hints(type(carrier))
    for field in dataclasses.fields(carrier):
        if "text" in field.metadata:
            value = getattr(carrier, field.name)
            expected = _expected(value, hints[field.name], field.metadata["text"])
            if expected is not None:
                raise EventError(f"expected {expected}, not {value!r}", field.name)


def _expected(value: object, hint: Any, text: Text) -> str | None:
    """What a field of this type accepts; None if it accepts the value."""
    known, (kind, *_) = choices(hint), alternatives(hint)
    if value is OMITTED and Omitted in get_args(hint):
        return None
    if known:
        is_known = type(value) is str and value in known
        return None if is_known else f"one of {', '.join(known)}"
    if get_origin(kind) is tuple:
        return None if type(value) is tuple and _are_texts(value, text) else "a list of texts"
    if get_origin(kind) is Mapping:
        _, item = get_args(kind)
        is_known = type(value) is dict and _maps_texts(value, item) and _are_texts(value, text)
        return None if is_known else f"a mapping of texts to {item.__name__}"
    if type(value) is not kind:
        return f"a {kind.__name__}"
    if isinstance(value, str) and not text.has(value):
        return text.meaning
    return None


def _are_texts(values: Iterable[object], text: Text) -> bool:
    return all(type(value) is str and text.has(value) for value in values)


def _maps_texts(value: object, item: type) -> bool:
    """Whether a value maps texts to values of a type."""
    return isinstance(value, Mapping) and all(
        type(name) is str and type(inner) is item for name, inner in value.items()
    )


def _diagram_keys(
    report: Report, fragments: tuple[str, ...], *, documented_keys: bool
) -> dict[str, Any]:
    payload = {DIAGRAM_TYPE: to_json(report.kind)}
    if fragments:
        payload |= report.payload(fragments=fragments, documented_keys=documented_keys)
    return payload


@event_class
class OfDiagram(Event):
    """An event about a diagram.

    Raises the report's `DocumentError` if the diagram could not be measured. The event keeps
    neither the file's name nor its warnings, and only the texts that an event may carry.
    """

    report: Report = dataclasses.field(kw_only=False)

    def __post_init__(self) -> None:
        if not isinstance(self.report, Report):
            raise TypeError(f"{self.report!r} is not a report of a diagram")
        if self.report.error is not None:
            raise self.report.error
        if self.report.kind is None:
            raise EventError("the report has no diagram")
        blocks = {name: bounded(block) for name, block in self.report.blocks.items()}
        self._set("report", Report(None, self.report.kind, blocks))
        super().__post_init__()


@event_class
class Ping(Event, name="ping"):
    """The application opened, usage statistics were switched on, or 24 hours passed."""

    plugins: tuple[str, ...] = described(
        "The names of the installed plugins", text=ANY_TEXT, default=()
    )
    flags: Mapping[str, bool] = described(
        "The flags that are set. `false`, `0`, `null` and empty text are sent as false, all other"
        " values as true",
        text=ANY_TEXT,
        default_factory=dict,
    )

    def __post_init__(self) -> None:
        plugins: object = self.plugins
        if isinstance(plugins, list):
            self._set("plugins", tuple(plugins))
        flags: object = self.flags
        if isinstance(flags, Mapping):
            self._set("flags", {name: _is_true(value) for name, value in flags.items()})
        super().__post_init__()


def _is_true(value: object) -> bool:
    """Whether a value is true in JavaScript, where an empty list is true, too."""
    return not (value is None or value in (0, "") or value != value)


@event_class
class _WholeDiagram(OfDiagram):
    fragments = FRAGMENTS
    optional_fragments = tuple(name for name in FRAGMENTS if name != PROFILE)
    rule = MappingProxyType(
        {
            "if": {"required": [FORM_FIELD_TYPES]},
            "then": {
                "description": "Only a form has fields",
                "properties": {DIAGRAM_TYPE: {"const": Kind.FORM.value}},
            },
        }
    )

    form_field_types: Mapping[str, int] | Omitted = described(
        "The number of components of each type in a form; omitted unless requested",
        text=FORM_FIELD_TYPE,
        default=OMITTED,
    )

    def __post_init__(self) -> None:
        types: object = self.form_field_types
        if _maps_texts(types, int):
            self._set("form_field_types", bounded(types, FORM_FIELD_TYPE))
        super().__post_init__()
        if types is not OMITTED and self.report.kind is not Kind.FORM:
            raise EventError("only a form has fields", "form_field_types")


@event_class
class DiagramOpened(_WholeDiagram, name="diagram:opened"):
    """A BPMN diagram, a DMN diagram or a form was created or opened."""


@event_class
class DiagramClosed(_WholeDiagram, name="diagram:closed"):
    """A BPMN diagram, a DMN diagram or a form was closed."""


@event_class
class DeployedTo:
    """The target of a deployment."""

    execution_platform: str = described("The target's platform", text=PLATFORM_NAME, kw_only=False)
    execution_platform_version: str | Omitted = described(
        "The version of the target's platform", text=VERSION, default=OMITTED
    )

    def __post_init__(self) -> None:
        _check(self)


@event_class
class _Deployment(OfDiagram):
    fragments = (PROFILE, "diagramMetrics")
    optional_fragments = ("diagramMetrics",)
    rule = MappingProxyType(
        {
            "if": {"properties": {DIAGRAM_TYPE: {"const": Kind.FORM.value}}},
            "then": {
                "description": "The target of a form is always Camunda 7",
                "properties": {
                    "executionPlatform": {"not": {"enum": list(CAMUNDA_8_PLATFORMS)}},
                    "targetType": False,
                    "deployedTo": {"properties": {"executionPlatform": {"const": CAMUNDA_7}}},
                },
            },
        }
    )

    target_type: TargetType | Omitted = described(
        "The kind of Camunda 8 target, SaaS or self-managed", default=OMITTED
    )
    deployed_to: DeployedTo | Omitted = described(
        "The target, if its platform is known", default=OMITTED
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.report.kind is Kind.FORM and (reason := self._camunda_8_reason()):
            raise EventError(f"the target of a form is always Camunda 7, but {reason}")

    def _camunda_8_reason(self) -> str | None:
        """Why the target is Camunda 8, for a message; None if it is not."""
        profile = self.report.execution_platform
        if profile is not None and profile.execution_platform in CAMUNDA_8_PLATFORMS:
            return f"this form is for {profile.execution_platform}"
        if self.target_type is not OMITTED:
            return f"{self.target_type} is a target type of Camunda 8"
        if self.deployed_to is not OMITTED and self.deployed_to.execution_platform != CAMUNDA_7:
            return f"{self.deployed_to.execution_platform!r} is not {CAMUNDA_7!r}"
        return None


@event_class
class _FailedDeployment(_Deployment):
    error: str = described("The code of the error", text=ERROR_CODE)


@event_class
class DeploySuccess(_Deployment, name="deploy:success"):
    """A BPMN diagram, a DMN diagram or a form was deployed.

    The target of a form is always Camunda 7.
    """


@event_class
class DeployError(_FailedDeployment, name="deploy:error"):
    """A BPMN diagram, a DMN diagram or a form could not be deployed.

    The target of a form is always Camunda 7.
    """


@event_class
class StartInstanceSuccess(_Deployment, name="startInstance:success"):
    """A process instance was started from the application.

    The target of a form is always Camunda 7.
    """


@event_class
class StartInstanceError(_FailedDeployment, name="startInstance:error"):
    """A process instance could not be started from the application.

    The target of a form is always Camunda 7.
    """


@event_class
class _Click(Event):
    parent: TrackedContainer = described("The id of the container with the link or button")
    label: str = described("The text of the link or button", text=ANY_TEXT)


@event_class
class LinkOpened(_Click, name="link:opened"):
    """A link in a tracked container was clicked."""

    rule = MappingProxyType(
        {
            "if": {"properties": {"type": {"const": "external-link"}}},
            "then": {"properties": {"link": {"pattern": EXTERNAL_LINK}}, "required": ["link"]},
            "else": {"properties": {"link": False}},
        }
    )

    type: Literal["external-link", "internal-link"] = described(
        "External if the link begins with `http` but not with `http://localhost`", init=False
    )
    link: str | Omitted = described(
        "The target of the link; omitted if the link is internal", text=ANY_TEXT, default=OMITTED
    )

    def __post_init__(self) -> None:
        link: object = self.link
        is_external = isinstance(link, str) and re.search(EXTERNAL_LINK, link) is not None
        self._set("type", "external-link" if is_external else "internal-link")
        super().__post_init__()
        if not is_external:
            self._set("link", OMITTED)


@event_class
class ButtonClicked(_Click, name="button:clicked"):
    """A button in a tracked container was clicked."""

    type: Literal["button"] = described("What was clicked", init=False, default="button")


@event_class
class OverlayVersionInfoOpened(Event, name="overlay:versionInfo:opened"):
    """The version info overlay opened."""

    source: VersionInfoSource = described("Where the overlay was opened from")


@event_class
class _Overlay(OfDiagram):
    optional_fragments = (PROFILE,)
    rule = MappingProxyType(
        {"dependentRequired": {"executionPlatformVersion": ["executionPlatform"]}}
    )


@event_class
class OverlayDeployOpened(_Overlay, name="overlay:deploy:opened"):
    """The deployment overlay opened."""


@event_class
class OverlayDeployClosed(_Overlay, name="overlay:deploy:closed"):
    """The deployment overlay closed."""


@event_class
class OverlayStartInstanceOpened(_Overlay, name="overlay:startInstance:opened"):
    """The start instance overlay opened."""


@event_class
class OverlayStartInstanceClosed(_Overlay, name="overlay:startInstance:closed"):
    """The start instance overlay closed."""
