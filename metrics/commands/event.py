"""`metrics event`: a command for each documented event, or for a pair of them."""

from __future__ import annotations

import os
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, get_args

import click
import orjson

from metrics import events
from metrics.archives.bounds import ArchiveBounds
from metrics.archives.names import archive_type, member_path
from metrics.commands import InOrder, options
from metrics.commands.console import (
    describe_report,
    message_for,
    scan_file,
    show_message,
    show_warning,
    write,
)
from metrics.formats.text import counted, dumps, on_one_line
from metrics.reading.sources import NamedContent, printable
from metrics.report import Report, scan
from metrics.scanning.discovery import discover_selected
from metrics.scanning.selection import Selection
from metrics.scanning.unpacking import Unpacker, ignore_warning
from metrics.system.exit_status import ExitStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from metrics.template_definitions import TemplateDefinitions

    Callback = Callable[..., None]
    Decorator = Callable[[Callback], Callback]

FORM_FIELDS: Final = "formFields"

PRINTED_BY: Final = {
    "ping": "ping",
    "diagram:opened": "diagram-opened",
    "diagram:closed": "diagram-closed",
    "deploy:success": "deployment --outcome success",
    "deploy:error": "deployment --outcome error",
    "startInstance:success": "start-instance --outcome success",
    "startInstance:error": "start-instance --outcome error",
    "link:opened": "click",
    "button:clicked": "click --button",
    "overlay:versionInfo:opened": "overlay versionInfo",
    "overlay:deploy:opened": "overlay deploy",
    "overlay:deploy:closed": "overlay deploy --closed",
    "overlay:startInstance:opened": "overlay startInstance",
    "overlay:startInstance:closed": "overlay startInstance --closed",
}
"""The arguments of `metrics event` that print an event, by the event's name as sent."""


class _Events(InOrder):
    """Suggests the right command for an event's name as sent."""

    def known_names(self) -> list[str]:
        return [*super().known_names(), *PRINTED_BY]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name in PRINTED_BY and name not in self.commands:
            raise click.UsageError(f"Use 'metrics event {PRINTED_BY[name]}' to print {name}.", ctx)
        return super().resolve_command(ctx, args)


def _examples(*commands: str) -> str:
    # `\b` keeps the line breaks.
    return "\n".join(["\b\nExamples:", *(f"  metrics event {command}" for command in commands)])


def _flag(text: str) -> tuple[str, Any]:
    """The name and the value of a flag; the value is JSON or text, and true by default."""
    name, equals, value = printable(text).partition("=")
    if not name:
        raise click.BadParameter(on_one_line(f"{text!r} has no name."))
    try:
        return name, orjson.loads(value) if equals else True
    except orjson.JSONDecodeError:
        return name, value


def _target(text: str) -> events.DeployedTo:
    try:
        return events.DeployedTo(printable(text))
    except events.EventError as error:
        raise click.BadParameter(on_one_line(f"{error}.")) from None


def _together(*decorators: Decorator) -> Decorator:
    """Several decorators as one; `--help` lists their options in this order."""

    def decorate(callback: Callback) -> Callback:
        for decorator in reversed(decorators):
            callback = decorator(callback)
        return callback

    return decorate


def _text(option: str, metavar: str, help: str, **more: Any) -> Decorator:
    return click.option(option, metavar=metavar, type=printable, help=help, **more)


def _choice(option: str, choices: Any, help: str, **more: Any) -> Decorator:
    return click.option(option, type=click.Choice(get_args(choices)), help=help, **more)


def _output(max_bytes: str) -> Decorator:
    """The options for the output; `max_bytes` is the help text of `--max-bytes`."""
    return _together(
        click.option("--max-bytes", type=options.size, metavar="BYTES", help=max_bytes),
        click.option("--compact", is_flag=True, help="Print the event on one line."),
    )


# An option for a field of an event has the field's name as its parameter.
_sender = _together(
    _text(
        "--application-version",
        "VERSION",
        "Version of the application in the event. Default: the version of metrics.",
    ),
    _text(
        "--editor-id",
        "UUID",
        "UUID of the installation in the event. Default: a random one.",
    ),
)
_whole = _output("Warn if the event is larger; accepts sizes such as 100K.")
_shrinking = _output(
    "Omit the element templates if the event is larger, because a receiver may refuse it; accepts"
    " sizes such as 100K."
)
_file = click.argument("file", metavar="FILE", type=click.Path(allow_dash=True))
_reading = _together(options.max_size, options.stdin_filename, options.quiet)
_templates = _together(options.template_source, options.template_folders)
_opened_or_closed = _together(
    _file,
    click.option(
        "--form-field-types",
        is_flag=True,
        help="Add formFieldTypes to the event of a form: the number of components of each type.",
    ),
    _sender,
    options.documented_keys,
    _templates,
    _reading,
    _shrinking,
)
_deployed = _together(
    _file,
    click.option(
        "--outcome",
        type=click.Choice(("success", "error")),
        default="success",
        show_default=True,
        help="Print the event of a success or of an error.",
    ),
    _choice("--target-type", events.TargetType, "Camunda 8 target: SaaS or self-managed."),
    click.option(
        "--target-platform",
        "deployed_to",
        metavar="NAME",
        type=_target,
        help="Platform of the target, such as 'Camunda Cloud'.",
    ),
    _text("--error", "CODE", "Code of the error; required with --outcome error."),
    _sender,
    options.documented_keys,
    _reading,
    _whole,
)
_overlay = _together(
    _file,
    click.option("--closed", is_flag=True, help="Print the event of an overlay that closed."),
    _sender,
    _reading,
    _whole,
)


@click.group(
    name="event",
    cls=_Events,
    epilog=_examples(
        "diagram-opened order.bpmn", "diagram-opened --compact order.bpmn >> events.ndjson"
    ),
    short_help="Print one of the documented events.",
)
def command() -> None:
    """Print one of the events that the Modeler's telemetry page documents, as JSON.

    The events have the form on that page; no released Modeler sent them in this form. This command
    sends nothing.
    """


@command.command(
    epilog=_examples("ping --plugin camunda-transaction-boundaries --flag disable-plugins=true")
)
@click.option(
    "--plugin",
    "plugins",
    metavar="NAME",
    type=printable,
    multiple=True,
    help="Name of an installed plugin; repeatable.",
)
@click.option(
    "--flag",
    "flags",
    metavar="NAME[=VALUE]",
    type=_flag,
    multiple=True,
    help="A flag, printed as false if VALUE is false, 0, null or empty, else as true; repeatable.",
)
@_sender
@_whole
def ping(flags: tuple[tuple[str, Any], ...], **values: Any) -> None:
    """Print ping.

    The event says that the application opened, that usage statistics were switched on, or that 24
    hours passed. This command sends nothing.
    """
    _print(events.Ping, flags=dict(flags), **values)


@command.command(epilog=_examples("diagram-opened order.bpmn"))
@_opened_or_closed
def diagram_opened(**values: Any) -> None:
    """Print diagram:opened.

    The event says that a diagram was created or opened. This command sends nothing. FILE is a
    diagram, or - for standard input.
    """
    _print(events.DiagramOpened, **values)


@command.command(epilog=_examples("diagram-closed order.bpmn"))
@_opened_or_closed
def diagram_closed(**values: Any) -> None:
    """Print diagram:closed.

    The event says that a diagram was closed. This command sends nothing. FILE is a diagram, or -
    for standard input.
    """
    _print(events.DiagramClosed, **values)


@command.command(
    epilog=_examples(
        "deployment order.bpmn", "deployment --outcome error --error CONNECTION_FAILED order.bpmn"
    )
)
@_deployed
def deployment(outcome: str, **values: Any) -> None:
    """Print deploy:success or deploy:error.

    The event says that a diagram was deployed or could not be deployed. This command sends nothing.
    FILE is a diagram, or - for standard input. The target of a form is always Camunda 7.
    """
    _print_outcome(outcome, events.DeploySuccess, events.DeployError, **values)


@command.command(
    epilog=_examples(
        "start-instance order.bpmn",
        "start-instance --outcome error --error CONNECTION_FAILED order.bpmn",
    )
)
@_deployed
def start_instance(outcome: str, **values: Any) -> None:
    """Print startInstance:success or startInstance:error.

    The event says that a process instance was started or could not be started. This command sends
    nothing. FILE is a diagram, or - for standard input. The target of a form is always Camunda 7.
    """
    _print_outcome(outcome, events.StartInstanceSuccess, events.StartInstanceError, **values)


@command.command(
    "click",
    epilog=_examples(
        "click --parent welcome-page-cloud --label Documentation --link https://docs.camunda.io",
        "click --button --parent version-info-overlay --label Close",
    ),
)
@click.option("--button", is_flag=True, help="Print button:clicked instead of link:opened.")
@_choice("--parent", events.TrackedContainer, "Container of the link or button.", required=True)
@_text("--label", "TEXT", "Text of the link or button.", required=True)
@_text("--link", "URL", "Target of the link; printed only if the link is external.")
@_sender
@_whole
def click_(button: bool, **values: Any) -> None:
    """Print link:opened or button:clicked.

    The event says that a link or a button in a tracked container was clicked. This command sends
    nothing.
    """
    if button and values.pop("link") is not None:
        raise click.UsageError("--link cannot be used with --button.")
    _print(events.ButtonClicked if button else events.LinkOpened, **values)


@command.group(cls=_Events)
def overlay() -> None:
    """Print an event of an overlay that opened or closed.

    Nothing is sent.
    """


@overlay.command("versionInfo", epilog=_examples("overlay versionInfo --source menu"))
@_choice("--source", events.VersionInfoSource, "Where the overlay was opened from.", required=True)
@_sender
@_whole
def version_info_overlay(**values: Any) -> None:
    """Print overlay:versionInfo:opened.

    The event says that the version info overlay opened. This command sends nothing.
    """
    _print(events.OverlayVersionInfoOpened, **values)


@overlay.command(
    "deploy", epilog=_examples("overlay deploy order.bpmn", "overlay deploy --closed order.bpmn")
)
@_overlay
def deploy_overlay(closed: bool, **values: Any) -> None:
    """Print overlay:deploy:opened or overlay:deploy:closed.

    The event says that the deployment overlay opened or closed. This command sends nothing. FILE is
    a diagram, or - for standard input.
    """
    _print(events.OverlayDeployClosed if closed else events.OverlayDeployOpened, **values)


@overlay.command(
    "startInstance",
    short_help="Print overlay:startInstance:opened or overlay:startInstance:closed.",
    epilog=_examples(
        "overlay startInstance order.bpmn", "overlay startInstance --closed order.bpmn"
    ),
)
@_overlay
def start_instance_overlay(closed: bool, **values: Any) -> None:
    """Print overlay:startInstance:opened or overlay:startInstance:closed.

    The event says that the start instance overlay opened or closed. This command sends nothing.
    FILE is a diagram, or - for standard input.
    """
    event = events.OverlayStartInstanceClosed if closed else events.OverlayStartInstanceOpened
    _print(event, **values)


def _print_outcome(
    outcome: str,
    success: type[events.Event],
    failure: type[events.Event],
    *,
    error: str | None,
    **values: Any,
) -> None:
    if outcome == "success" and error is not None:
        raise click.UsageError("--error needs --outcome error.")
    if outcome == "error" and error is None:
        raise click.UsageError("--outcome error needs --error CODE.")
    _print(success if error is None else failure, error=error, **values)


def _print(
    event_class: type[events.Event],
    *,
    max_bytes: int | None,
    compact: bool,
    documented_keys: bool = False,
    file: str | None = None,
    stdin_filename: str | None = None,
    max_size: int = 0,
    template_source: str = "diagram",
    template_folders: tuple[str, ...] = (),
    form_field_types: bool = False,
    is_quiet: bool = False,
    **values: Any,
) -> None:
    """Print an event; `values` are the values of its fields, None for unused options."""
    fields = {name: value for name, value in values.items() if value is not None}
    name: str | None = "metrics"
    try:
        if file is not None and issubclass(event_class, events.OfDiagram):
            templates = options.template_definitions(template_source, template_folders, max_size)
            report = _report_of(
                file,
                stdin_filename,
                max_size=max_size,
                templates=templates,
                fragments=(FORM_FIELDS,) if form_field_types else (),
                is_quiet=is_quiet,
            )
            if form_field_types and report.form_fields is not None:
                fields["form_field_types"] = report.form_fields.form_field_types
            _show_messages(report, is_quiet=is_quiet)
            name = report.file
            event: events.Event = event_class(report, **fields)
        else:
            event = event_class(**fields)
    except events.EventError as error:
        if error.field is None:
            show_message(message_for(name, f"cannot print {event_class.name}: {error}"))
            raise click.exceptions.Exit(ExitStatus.FAILURE) from None
        parameters = click.get_current_context().command.params
        (parameter,) = (item for item in parameters if item.name == error.field)
        raise click.BadParameter(on_one_line(f"{error}."), param=parameter) from None
    printed, remarks = _printed(event, max_bytes, documented_keys=documented_keys, compact=compact)
    for remark in () if is_quiet else remarks:
        show_message(message_for(name, remark))
    write(printed)


def _report_of(
    file: str,
    stdin_filename: str | None,
    *,
    max_size: int,
    templates: TemplateDefinitions | None,
    fragments: Collection[str],
    is_quiet: bool,
) -> Report:
    """The report of a FILE, which may be in an archive, but not be one."""
    is_inside = member_path(file) is not None
    if not is_inside and (archive_type(file) is None or not os.path.isfile(file)):
        return scan_file(
            file, stdin_filename, max_size=max_size, templates=templates, fragments=fragments
        )
    name = on_one_line(file)
    if not is_inside:
        raise click.UsageError(f"{name} is an archive: name a diagram in it, {name}!/NAME.")
    if stdin_filename is not None:
        raise click.UsageError("--stdin-filename needs - (standard input) as the FILE.")
    warn = ignore_warning if is_quiet else show_warning
    unpacker = Unpacker(ArchiveBounds(max_size=max_size), warn=warn)
    diagrams = [*islice(unpacker.unpack(discover_selected([file], Selection())), 2)]
    if len(diagrams) != 1:
        number = "more than one diagram" if diagrams else "no diagram"
        raise click.UsageError(f"{name} holds {number}: name one diagram.")
    (diagram,) = diagrams
    if isinstance(diagram, Report):
        return diagram
    assert isinstance(diagram, NamedContent)
    return scan(
        diagram.content,
        name=diagram.name,
        max_size=max_size,
        templates=templates,
        fragments=fragments,
    )


def _show_messages(report: Report, *, is_quiet: bool) -> None:
    """Show the warnings of a diagram, unless the run is quiet; exits if it has an error."""
    for line in describe_report(report, shows_warnings=not is_quiet):
        show_message(line)
    if report.error is not None:
        # Standard output may be piped to a receiver, so it holds events only.
        raise click.exceptions.Exit(ExitStatus.FAILURE)


def _printed(
    event: events.Event, max_bytes: int | None, *, documented_keys: bool, compact: bool
) -> tuple[bytes, list[str]]:
    """The event as printed, smaller if it exceeds `max_bytes`, and remarks about its size."""

    def printed(*, without_if_too_large: bool) -> bytes:
        payload = event.payload(
            documented_keys=documented_keys, without_if_too_large=without_if_too_large
        )
        return dumps(payload, orjson.OPT_APPEND_NEWLINE | (0 if compact else orjson.OPT_INDENT_2))

    whole = printed(without_if_too_large=False)
    if max_bytes is None or len(whole) <= max_bytes:
        return whole, []
    remark = f"{event.name} has {counted(len(whole), 'byte')}, more than {max_bytes:,}"
    smaller = printed(without_if_too_large=True)
    if len(smaller) == len(whole):
        return whole, [remark]
    remarks = [f"{remark}: omitted {' and '.join(event.without_if_too_large)}"]
    if len(smaller) > max_bytes:
        remarks.append(f"{event.name} still has {counted(len(smaller), 'byte')}")
    return smaller, remarks
