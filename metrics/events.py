"""The events that the telemetry page documents, built from a diagram's report. Nothing is sent.

`DiagramOpened(scan("order.bpmn")).payload()` gives `{"event": "diagram:opened", …}`.

An event is one class here: a frozen dataclass whose fields are what it carries, with their meaning.
Its command, its schema and its place in the documentation follow from that class. A field that is
given on the command line says by which `Option`. Where a command makes several events, the options
in each one's `command` tell which of them is meant; without any of them, it is the first.

Texts out of a diagram are bounded: a field's `Text` in the catalogue says which of them an event
carries.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import (
    Any,
    ClassVar,
    Final,
    Literal,
    NamedTuple,
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
from metrics.catalog import FRAGMENTS
from metrics.catalog.execution_platform import DEFAULT_PLATFORMS, PLATFORM_NAME
from metrics.reading.document import Kind
from metrics.reading.namespaces import CAMUNDA_8_PLATFORMS
from metrics.report import DIAGRAM_TYPE, Report
from metrics.version import __version__

Made = TypeVar("Made")

EVENTS: Final[dict[str, type[Event]]] = {}
"""All events by their names as sent, in the order of the telemetry page."""

TargetType = Literal["camundaCloud", "selfHosted"]
TrackedContainer = Literal[
    "version-info-overlay",
    "welcome-page-cloud",
    "welcome-page-platform",
    "welcome-page-learn-more",
]

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
ANY_TEXT: Final = Text("[^\ud800-\udfff]*", "any text without halves of surrogate pairs")

EXTERNAL_LINK: Final = "^http(?!://localhost)"


class EventError(ValueError):
    """An event that the Modeler would not send.

    `field` is the field whose value it does not carry, None where the diagram is the reason.
    """

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class Option(NamedTuple):
    """How a field is given on the command line.

    `read` makes of the option's text what the field takes, and raises `EventError` where it cannot.
    `sample` is a value for the examples in the help.
    """

    name: str
    metavar: str = ""
    sample: str = ""
    read: Callable[[str], Any] = str


def given(meaning: str, option: Option, *, text: Text = ANY_TEXT, **more: Any) -> Any:
    """A field whose value whoever makes the event gives; other texts than `text` are refused.

    All else is as for `dataclasses.field`.
    """
    return described(meaning, text=text, metadata={"option": option}, **more)


@dataclass_transform(
    frozen_default=True,
    kw_only_default=True,
    field_specifiers=(given, described, dataclasses.field),
)
def carried(made: type[Made]) -> type[Made]:
    """A frozen dataclass, of whose fields type checkers know which have no default."""
    return dataclass(frozen=True, kw_only=True)(made)


@carried
class Event:
    """What all events share.

    A value that an event does not carry raises `EventError`.
    """

    name: ClassVar[str]
    """As sent: `diagram:opened`."""

    command: ClassVar[str]
    """The words behind `metrics event` that print it."""

    fragments: ClassVar[tuple[str, ...]] = ()
    """The parts of a diagram's payload that it carries."""

    without_if_too_large: ClassVar[frozenset[str]] = frozenset()
    """The keys that the Modeler leaves out if a receiver refuses the event as too large."""

    rule: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    """What the event's JSON Schema says beside what follows from the fields."""

    application_version: str = given(
        "The version of the Modeler that sends the event; by default that of `metrics`",
        Option("--application-version", "VERSION"),
        text=APPLICATION_VERSION,
        default=__version__,
    )
    editor_id: str = given(
        "The UUID of the installation that sends it; by default a new one is drawn at random",
        Option("--editor-id", "UUID"),
        text=UUID_TEXT,
        default_factory=lambda: str(uuid4()),
    )

    def __init_subclass__(cls, *, name: str = "", command: str = "") -> None:
        if name:
            cls.name, cls.command = name, command
            EVENTS[name] = cls

    def __post_init__(self) -> None:
        editor_id: object = self.editor_id
        if isinstance(editor_id, str | UUID):
            self._set("editor_id", str(editor_id).lower())
        _check(self)

    def payload(
        self, *, documented_keys: bool = False, without_if_too_large: bool = False
    ) -> dict[str, Any]:
        """The event as JSON has it.

        `documented_keys` spells keys as the telemetry page does where it differs from what the
        events carry. `without_if_too_large` leaves out the keys of that name.
        """
        event: dict[str, Any] = {"event": self.name}
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, Report):
                event |= _told_of(value, self.fragments, documented_keys=documented_keys)
            elif value is not OMITTED:
                event[json_key(field.name)] = to_json(value)
        if without_if_too_large:
            event = {key: event[key] for key in event if key not in self.without_if_too_large}
        return event

    def _set(self, field: str, value: object) -> None:
        # As the dataclass itself does in its first moments.
        object.__setattr__(self, field, value)


def _check(carrier: Any) -> None:
    """Raises `EventError` where a field that is given has a value that it does not take."""
    hints = type_hints(type(carrier))
    for field in dataclasses.fields(carrier):
        if "text" in field.metadata:
            value = getattr(carrier, field.name)
            if reason := _refused(value, hints[field.name], field.metadata["text"]):
                raise EventError(f"{value!r} is {reason}", field.name)


def _refused(value: object, hint: Any, text: Text) -> str | None:
    """Why a value is none that a field of a type takes; None where it is one."""
    known, (kind, *_) = choices(hint), alternatives(hint)
    if value is OMITTED and Omitted in get_args(hint):
        return None
    if known:
        is_known = type(value) is str and value in known
        return None if is_known else f"none of {', '.join(known)}"
    if get_origin(kind) is tuple:
        return None if type(value) is tuple and _are_texts(value, text) else "no list of texts"
    if get_origin(kind) is Mapping:
        return None if type(value) is dict and _are_texts(value, text) else "no mapping of texts"
    if type(value) is not kind:
        return f"no {kind.__name__}"
    if isinstance(value, str) and not text.has(value):
        return f"not what an event carries: {text.meaning}"
    return None


def _are_texts(values: Iterable[object], text: Text) -> bool:
    return all(type(value) is str and text.has(value) for value in values)


def _told_of(
    report: Report, fragments: tuple[str, ...], *, documented_keys: bool
) -> dict[str, Any]:
    payload = {DIAGRAM_TYPE: to_json(report.kind)}
    if fragments:
        payload |= report.payload(fragments=fragments, documented_keys=documented_keys)
    return payload


@carried
class OfDiagram(Event):
    """An event that tells of a diagram.

    A report of a diagram that could not be measured raises its `DocumentError`. Of any other the
    event keeps neither its file nor its warnings, and its texts only as far as they are passed on.
    """

    report: Report = dataclasses.field(kw_only=False)

    def __post_init__(self) -> None:
        if not isinstance(self.report, Report):
            raise TypeError(f"{self.report!r} is no report of a diagram")
        if self.report.error is not None:
            raise self.report.error
        if self.report.kind is None:
            raise EventError("the report is of no diagram")
        blocks = {name: bounded(block) for name, block in self.report.blocks.items()}
        self._set("report", Report(None, self.report.kind, blocks))
        super().__post_init__()


def _flag(text: str) -> tuple[str, Any]:
    """A flag's name and value, which is JSON or a text; without one, the flag is set."""
    import orjson

    name, equals, value = text.partition("=")
    if not name:
        raise EventError(f"{text!r} has no name", "flags")
    try:
        return name, orjson.loads(value) if equals else True
    except orjson.JSONDecodeError:
        return name, value


def _is_true(value: object) -> bool:
    """Whether JavaScript takes a value for true: it does so for an empty list, too."""
    return not (value is None or value in (0, "") or value != value)


@carried
class Ping(Event, name="ping", command="ping"):
    """The application was opened, usage statistics were switched on, or a day went by."""

    plugins: tuple[str, ...] = given(
        "The name of each plugin that is installed",
        Option("--plugin", "NAME", sample="camunda-transaction-boundaries"),
        default=(),
    )
    flags: Mapping[str, bool] = given(
        "Each flag that is set, told as true or false only: `false`, `0`, `null` and an empty value"
        " are false, all others are true",
        Option("--flag", "NAME[=VALUE]", sample="disable-plugins=true", read=_flag),
        default_factory=dict,
    )

    def __post_init__(self) -> None:
        plugins: object = self.plugins
        if isinstance(plugins, list):
            self._set("plugins", tuple(plugins))
        flags: object = self.flags
        if isinstance(flags, Mapping):
            # Masked as the Modeler does: a text only says that the flag was set.
            self._set("flags", {name: _is_true(value) for name, value in flags.items()})
        super().__post_init__()


@carried
class _WholeDiagram(OfDiagram):
    fragments = FRAGMENTS
    without_if_too_large = frozenset({"elementTemplates"})


@carried
class DiagramOpened(_WholeDiagram, name="diagram:opened", command="diagram-opened"):
    """A BPMN diagram, a DMN diagram or a form was created or opened."""


@carried
class DiagramClosed(_WholeDiagram, name="diagram:closed", command="diagram-closed"):
    """A BPMN diagram, a DMN diagram or a form was closed."""


@carried
class DeployedTo:
    """Where a diagram was deployed."""

    execution_platform: str = described("The target's platform", text=PLATFORM_NAME, kw_only=False)

    def __post_init__(self) -> None:
        _check(self)


@carried
class _Deployment(OfDiagram):
    fragments = ("profile", "diagramMetrics")
    rule = MappingProxyType(
        {
            "if": {"properties": {DIAGRAM_TYPE: {"const": Kind.FORM.value}}},
            "then": {
                "description": "A form goes to Camunda 7 only",
                "properties": {
                    "executionPlatform": {"not": {"enum": list(CAMUNDA_8_PLATFORMS)}},
                    "targetType": False,
                    "deployedTo": {"properties": {"executionPlatform": {"const": CAMUNDA_7}}},
                },
            },
        }
    )

    target_type: TargetType | Omitted = given(
        "The kind of Camunda 8 that is the target: SaaS, or self-managed",
        Option("--target-type"),
        default=OMITTED,
    )
    deployed_to: DeployedTo | Omitted = given(
        "The platform of the target, such as `Camunda Cloud`",
        Option("--target-platform", "NAME", read=DeployedTo),
        default=OMITTED,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.report.kind is Kind.FORM and (reason := self._is_for_camunda_8()):
            raise EventError(f"a form goes to Camunda 7 only, and {reason}")

    def _is_for_camunda_8(self) -> str | None:
        """What tells so; None where nothing does."""
        profile = self.report.execution_platform
        if profile is not None and profile.execution_platform in CAMUNDA_8_PLATFORMS:
            return f"this one is made for {profile.execution_platform}"
        if self.target_type is not OMITTED:
            return f"the target type {self.target_type} is of Camunda 8"
        if self.deployed_to is not OMITTED and self.deployed_to.execution_platform != CAMUNDA_7:
            return f"{self.deployed_to.execution_platform!r} is not its platform, {CAMUNDA_7!r}"
        return None


@carried
class _Failed(_Deployment):
    error: str = given(
        "The code of the error",
        Option("--error", "CODE", sample="CONNECTION_FAILED"),
        text=ERROR_CODE,
    )


@carried
class DeploySuccess(_Deployment, name="deploy:success", command="deployment --outcome success"):
    """A BPMN diagram, a DMN diagram or a form was deployed.

    A form goes to Camunda 7 only.
    """


@carried
class DeployError(_Failed, name="deploy:error", command="deployment --outcome error"):
    """A BPMN diagram, a DMN diagram or a form could not be deployed.

    A form goes to Camunda 7 only.
    """


@carried
class StartInstanceSuccess(
    _Deployment, name="startInstance:success", command="start-instance --outcome success"
):
    """A process instance was started from the application.

    A form goes to Camunda 7 only.
    """


@carried
class StartInstanceError(
    _Failed, name="startInstance:error", command="start-instance --outcome error"
):
    """A process instance could not be started.

    A form goes to Camunda 7 only.
    """


@carried
class _Click(Event):
    parent: TrackedContainer = given("The container of the link or button", Option("--parent"))
    label: str = given(
        "The text on the link or button", Option("--label", "TEXT", sample="Documentation")
    )


@carried
class LinkOpened(_Click, name="link:opened", command="click"):
    """A link in a tracked container was clicked."""

    rule = MappingProxyType(
        {
            "if": {"properties": {"type": {"const": "external-link"}}},
            "then": {"properties": {"link": {"pattern": EXTERNAL_LINK}}, "required": ["link"]},
            "else": {"properties": {"link": False}},
        }
    )

    type: Literal["external-link", "internal-link"] = described(
        "External where the target begins with `http`, but not with `http://localhost`", init=False
    )
    link: str | Omitted = given(
        "The target of the link; carried only if the link is external",
        Option("--link", "URL", sample="https://docs.camunda.io"),
        default=OMITTED,
    )

    def __post_init__(self) -> None:
        link: object = self.link
        is_external = isinstance(link, str) and re.search(EXTERNAL_LINK, link) is not None
        self._set("type", "external-link" if is_external else "internal-link")
        super().__post_init__()
        if not is_external:
            self._set("link", OMITTED)


@carried
class ButtonClicked(_Click, name="button:clicked", command="click --button"):
    """A button in a tracked container was clicked."""

    type: Literal["button"] = described("What was clicked", init=False, default="button")


@carried
class OverlayVersionInfoOpened(
    Event, name="overlay:versionInfo:opened", command="overlay versionInfo"
):
    """The version info overlay opened."""

    source: Literal["menu", "statusBar"] = given("What it was opened from", Option("--source"))


@carried
class OverlayDeployOpened(OfDiagram, name="overlay:deploy:opened", command="overlay deploy"):
    """The deployment overlay opened."""


@carried
class OverlayDeployClosed(
    OfDiagram, name="overlay:deploy:closed", command="overlay deploy --closed"
):
    """The deployment overlay closed."""


@carried
class OverlayStartInstanceOpened(
    OfDiagram, name="overlay:startInstance:opened", command="overlay startInstance"
):
    """The start instance overlay opened."""


@carried
class OverlayStartInstanceClosed(
    OfDiagram, name="overlay:startInstance:closed", command="overlay startInstance --closed"
):
    """The start instance overlay closed."""
