"""The events that the telemetry page documents, built from a diagram's report. Nothing is sent.

`DiagramOpened(scan("order.bpmn")).to_json()` gives `{"event": "diagram:opened", …}`.

An event is one class here: a frozen dataclass whose fields are what it carries, with their meaning.
Its command, its schema and its place in the documentation follow from that class. A field that is
given on the command line says by which `Option`. Where a command makes several events, the options
in each one's `command` tell which of them is meant; without any of them, it is the first.

Texts out of a diagram are bounded: a field's `Text` in the catalogue says which of them an event
carries.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal, NamedTuple, get_type_hints
from uuid import UUID, uuid4

from metrics import __version__
from metrics.bpmn import Engine
from metrics.catalog.execution_platform import DEFAULT_PLATFORMS, PLATFORM_NAME
from metrics.document import Kind
from metrics.metric import OMITTED, Omitted, Text, bounded, choices, described, json_key, to_json
from metrics.namespaces import CAMUNDA_8_PLATFORMS
from metrics.report import DIAGRAM_TYPE, FRAGMENTS, Report

EVENTS: Final[dict[str, type[Event]]] = {}
"""All events by their names as sent, in the order of the telemetry page."""

TargetType = Literal["camundaCloud", "selfHosted"]
TrackedContainer = Literal[
    "version-info-overlay",
    "welcome-page-cloud",
    "welcome-page-platform",
    "welcome-page-learn-more",
]

APPLICATION_VERSION: Final = Text(
    r"[A-Za-z0-9.+_-]{1,40}", "1 to 40 ASCII letters, digits, `.`, `+`, `_` and `-`"
)
ERROR_CODE: Final = Text(
    r"[A-Za-z0-9_.:-]{1,80}", "1 to 80 ASCII letters, digits, `_`, `.`, `:` and `-`"
)
UUID_TEXT: Final = Text(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "a UUID")
ANY_TEXT: Final = Text(r"[\s\S]*", "any text")

EXTERNAL: Final = "http"
EXTERNAL_IN_NAME_ONLY: Final = "http://localhost"


class EventError(ValueError):
    """An event that the Modeler would not send."""


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


@dataclass(frozen=True, kw_only=True)
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
    """The keys that the Modeler leaves out where a receiver refuses the event as too large."""

    application_version: str = given(
        "The version of the application; of this package where none is given",
        Option("--application-version", "VERSION"),
        text=APPLICATION_VERSION,
        default=__version__,
    )
    editor_id: str = given(
        "The random UUID of an installation; drawn anew where none is given",
        Option("--editor-id", "UUID"),
        text=UUID_TEXT,
        default_factory=lambda: str(uuid4()),
    )

    def __init_subclass__(cls, *, name: str = "", command: str = "") -> None:
        if name:
            cls.name, cls.command = name, command
            EVENTS[name] = cls

    def __post_init__(self) -> None:
        try:
            self._set("editor_id", str(UUID(str(self.editor_id))))
        except ValueError:
            raise EventError(f"the editor id {self.editor_id!r} is no UUID") from None
        _check(self)

    def to_json(
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
    """Raises `EventError` where a field's text is not one that it takes."""
    hints = get_type_hints(type(carrier))
    for field in dataclasses.fields(carrier):
        value, key = getattr(carrier, field.name), json_key(field.name)
        if not isinstance(value, str):
            continue
        known = choices(hints[field.name])
        if known:
            if value not in known:
                raise EventError(f"the {key} {value!r} is none of {', '.join(known)}")
        elif not field.metadata["text"].has(value):
            meaning = field.metadata["text"].meaning
            raise EventError(f"the {key} {value!r} is not what an event carries: {meaning}")


def _told_of(
    report: Report, fragments: tuple[str, ...], *, documented_keys: bool
) -> dict[str, Any]:
    payload = {DIAGRAM_TYPE: report.payload()[DIAGRAM_TYPE]}
    if fragments:
        payload |= report.payload(fragments=fragments, documented_keys=documented_keys)
    return payload


@dataclass(frozen=True, kw_only=True)
class OfDiagram(Event):
    """An event that tells of a diagram.

    A report of a diagram that could not be measured raises its `DocumentError`. Of any other the
    event keeps neither its file nor its warnings, and its texts only as far as they are passed on.
    """

    report: Report = dataclasses.field(kw_only=False)

    def __post_init__(self) -> None:
        if self.report.error is not None:
            raise self.report.error
        blocks = {name: bounded(block) for name, block in self.report.blocks.items()}
        self._set("report", Report(None, self.report.kind, blocks))
        super().__post_init__()


def _flag(text: str) -> tuple[str, Any]:
    """A flag's name and value, which is JSON or a text; without one, the flag is set."""
    import orjson

    name, equals, value = text.partition("=")
    if not name:
        raise EventError(f"the flag {text!r} has no name")
    try:
        return name, orjson.loads(value) if equals else True
    except orjson.JSONDecodeError:
        return name, value


def _is_true(value: object) -> bool:
    """Whether JavaScript takes a value for true: it does so for an empty list, too."""
    return not (value is None or value in (0, "") or value != value)


@dataclass(frozen=True, kw_only=True)
class Ping(Event, name="ping", command="ping"):
    """The application was opened, usage statistics were switched on, or a day went by."""

    plugins: tuple[str, ...] = given(
        "The names of the plugins that are installed",
        Option("--plugin", "NAME", sample="camunda-transaction-boundaries"),
        default=(),
    )
    flags: Mapping[str, bool] = given(
        "The flags that are set: whether the value of each is true, as JavaScript has it",
        Option("--flag", "NAME[=VALUE]", sample="disable-plugins=true", read=_flag),
        default_factory=dict,
    )

    def __post_init__(self) -> None:
        self._set("plugins", tuple(self.plugins))
        # Masked as the Modeler does: a text only says that the flag was set.
        self._set("flags", {name: _is_true(value) for name, value in dict(self.flags).items()})
        super().__post_init__()


@dataclass(frozen=True, kw_only=True)
class _WholeDiagram(OfDiagram):
    fragments = FRAGMENTS
    without_if_too_large = frozenset({"elementTemplates"})


@dataclass(frozen=True, kw_only=True)
class DiagramOpened(_WholeDiagram, name="diagram:opened", command="diagram-opened"):
    """A BPMN diagram, a DMN diagram or a form was created or opened."""


@dataclass(frozen=True, kw_only=True)
class DiagramClosed(_WholeDiagram, name="diagram:closed", command="diagram-closed"):
    """A BPMN diagram, a DMN diagram or a form was closed."""


@dataclass(frozen=True)
class DeployedTo:
    """Where a diagram was deployed."""

    execution_platform: str = described("The target's platform", text=PLATFORM_NAME)

    def __post_init__(self) -> None:
        _check(self)


@dataclass(frozen=True, kw_only=True)
class _Deployment(OfDiagram):
    fragments = ("profile", "diagramMetrics")

    target_type: TargetType | Omitted = given(
        "Where Camunda 8 runs that the diagram went to", Option("--target-type"), default=OMITTED
    )
    deployed_to: DeployedTo | Omitted = given(
        "The target, where its platform is set: a name such as `Camunda Cloud`",
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
        camunda_7 = DEFAULT_PLATFORMS[Engine.CAMUNDA_7]
        if self.deployed_to is not OMITTED and self.deployed_to.execution_platform != camunda_7:
            return f"{self.deployed_to.execution_platform!r} is not its platform, {camunda_7!r}"
        return None


@dataclass(frozen=True, kw_only=True)
class _Failed(_Deployment):
    error: str = given(
        "The code of the error",
        Option("--error", "CODE", sample="DIAGRAM_PARSE_ERROR"),
        text=ERROR_CODE,
    )


@dataclass(frozen=True, kw_only=True)
class DeploySuccess(_Deployment, name="deploy:success", command="deployment --outcome success"):
    """A BPMN diagram, a DMN diagram or a form was deployed."""


@dataclass(frozen=True, kw_only=True)
class DeployError(_Failed, name="deploy:error", command="deployment --outcome error"):
    """A BPMN diagram, a DMN diagram or a form could not be deployed."""


@dataclass(frozen=True, kw_only=True)
class StartInstanceSuccess(
    _Deployment, name="startInstance:success", command="start-instance --outcome success"
):
    """A process instance was started from the application."""


@dataclass(frozen=True, kw_only=True)
class StartInstanceError(
    _Failed, name="startInstance:error", command="start-instance --outcome error"
):
    """A process instance could not be started."""


@dataclass(frozen=True, kw_only=True)
class _Click(Event):
    parent: TrackedContainer = given("The id of the container around it", Option("--parent"))
    label: str = given("The text on it", Option("--label", "TEXT", sample="Documentation"))


@dataclass(frozen=True, kw_only=True)
class LinkOpened(_Click, name="link:opened", command="click"):
    """A link in a tracked container was clicked."""

    type: Literal["external-link", "internal-link"] = described(
        "External where the target begins with `http`, but not with `http://localhost`", init=False
    )
    link: str | Omitted = given(
        "The target of an external link; that of an internal one is left out",
        Option("--link", "URL", sample="https://docs.camunda.io"),
        default=OMITTED,
    )

    def __post_init__(self) -> None:
        target = "" if self.link is OMITTED else self.link
        is_external = target.startswith(EXTERNAL) and not target.startswith(EXTERNAL_IN_NAME_ONLY)
        self._set("type", "external-link" if is_external else "internal-link")
        if not is_external:
            self._set("link", OMITTED)
        super().__post_init__()


@dataclass(frozen=True, kw_only=True)
class ButtonClicked(_Click, name="button:clicked", command="click --button"):
    """A button in a tracked container was clicked."""

    type: Literal["button"] = described("What was clicked", init=False, default="button")


@dataclass(frozen=True, kw_only=True)
class OverlayVersionInfoOpened(
    Event, name="overlay:versionInfo:opened", command="overlay versionInfo"
):
    """The version info overlay opened."""

    source: Literal["menu", "statusBar"] = given("Where it was opened from", Option("--source"))


@dataclass(frozen=True, kw_only=True)
class OverlayDeployOpened(OfDiagram, name="overlay:deploy:opened", command="overlay deploy"):
    """The deployment overlay opened."""


@dataclass(frozen=True, kw_only=True)
class OverlayDeployClosed(
    OfDiagram, name="overlay:deploy:closed", command="overlay deploy --closed"
):
    """The deployment overlay closed."""


@dataclass(frozen=True, kw_only=True)
class OverlayStartInstanceOpened(
    OfDiagram, name="overlay:startInstance:opened", command="overlay startInstance"
):
    """The start instance overlay opened."""


@dataclass(frozen=True, kw_only=True)
class OverlayStartInstanceClosed(
    OfDiagram, name="overlay:startInstance:closed", command="overlay startInstance --closed"
):
    """The start instance overlay closed."""
