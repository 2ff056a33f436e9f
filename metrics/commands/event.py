"""`metrics event`: a command for each event, or for several, made of the events' classes."""

from __future__ import annotations

import dataclasses
import inspect
import shlex
from collections.abc import Mapping
from functools import partial
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Final, NamedTuple, get_origin

import click
import orjson

from metrics.blocks import choices, keys, type_hints
from metrics.commands import InOrder, options
from metrics.commands.console import (
    EXIT_UNMEASURED,
    describe_report,
    message_for,
    scanned,
    show_message,
    write,
)
from metrics.events import EVENTS, Event, EventError, OfDiagram
from metrics.formats.text import counted, dumps, on_one_line
from metrics.reading.sources import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from metrics.events import Option
    from metrics.report import Report
    from metrics.template_definitions import TemplateDefinitions

    Callback = Callable[..., None]
    Decorator = Callable[[Callback], Callback]

NOT_SENT: Final = "Nothing is sent anywhere: the event is printed, for you to do with as you like."
SAMPLE_FILE: Final = "order.bpmn"

GATHERED_IN: Final[Mapping[Any, type]] = {tuple: list, Mapping: dict}
"""What holds the values of an option that can be given several times, by the field's type."""

SHARED: Final = keys(Event).names

# The mark keeps the lines as they are.
EXAMPLES: Final = "\b\nExamples:\n"


class _Field(NamedTuple):
    """A field of an event that is given by an option."""

    name: str
    meaning: str
    option: Option
    choices: tuple[str, ...]
    gathered_in: type | None
    is_required: bool

    @property
    def is_multiple(self) -> bool:
        return self.gathered_in is not None


class _Variant(NamedTuple):
    """An event that a command can print.

    `path` are the words that call the command, and `chosen_by` the options with their values (True
    for a flag) that ask for this event.
    """

    event: type[Event]
    path: tuple[str, ...]
    chosen_by: Mapping[str, str | bool]
    fields: Mapping[str, _Field]

    @property
    def how(self) -> str:
        """The options that ask for it, as they are written."""
        return " ".join(self.event.command.split()[len(self.path) :])


def _variant(event: type[Event]) -> _Variant:
    words = event.command.split()
    path = tuple(takewhile(lambda word: not word.startswith("--"), words))
    chosen_by: dict[str, str | bool] = {}
    for word in words[len(path) :]:
        if word.startswith("--"):
            chosen_by[word] = True
        else:
            chosen_by[list(chosen_by)[-1]] = word
    return _Variant(event, path, chosen_by, {field.name: field for field in _fields(event)})


def _fields(event: type[Event]) -> Iterator[_Field]:
    hints = type_hints(event)
    for field in dataclasses.fields(event):
        if "option" in field.metadata:
            hint = hints[field.name]
            has_default = (field.default, field.default_factory) != (dataclasses.MISSING,) * 2
            yield _Field(
                field.name,
                field.metadata["meaning"],
                field.metadata["option"],
                choices(hint),
                GATHERED_IN.get(get_origin(hint)),
                not has_default,
            )


class _Events(InOrder):
    """Knows the events' names as sent, too."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] in EVENTS and args[0] not in self.commands:
            called = f"metrics event {EVENTS[args[0]].command}"
            raise click.UsageError(f"The event {args[0]} is printed by: {called}", ctx)
        return super().resolve_command(ctx, args)


@click.group(
    name="event",
    cls=_Events,
    short_help="Print an event, as the Modeler would send it.",
    help="Print one of the events that the Modeler's telemetry page documents, as JSON."
    f"\n\n{NOT_SENT}",
    epilog=f"{EXAMPLES}  metrics event diagram-opened {SAMPLE_FILE}\n"
    f"  metrics event diagram-opened --compact {SAMPLE_FILE} >> events.ndjson",
)
def command() -> None:
    pass


def _add_commands() -> None:
    variants: dict[tuple[str, ...], list[_Variant]] = {}
    for event in EVENTS.values():
        variant = _variant(event)
        variants.setdefault(variant.path, []).append(variant)
    for path, of_one in variants.items():
        group: click.Group = command
        for word in path[:-1]:
            inner = group.commands.get(word)
            if not isinstance(inner, click.Group):
                inner = _Events(word, help=f"Print an event of an {word}.\n\n{NOT_SENT}")
                group.add_command(inner)
            group = inner
        group.add_command(_command(of_one))


def _command(variants: Sequence[_Variant]) -> click.Command:
    callback: Callback = partial(_run, variants)
    for decorate in reversed([*_parameters(variants)]):
        callback = decorate(callback)
    names = " or ".join(variant.event.name for variant in variants)
    paragraphs = [f"Print the event {names}."]
    for variant in variants:
        meaning, _, more = inspect.cleandoc(variant.event.__doc__ or "").partition("\n\n")
        paragraphs.append(f"{variant.event.name}: {meaning}")
    paragraphs += [more] if more else []
    if issubclass(variants[0].event, OfDiagram):
        paragraphs.append("FILE is a diagram, or - for standard input.")
    examples = "\n".join(f"  {_example(variant)}" for variant in variants)
    return click.command(
        variants[0].path[-1],
        short_help=f"Print {names}.",
        help="\n\n".join([*paragraphs, NOT_SENT]),
        epilog=EXAMPLES + examples,
    )(callback)


def _parameters(variants: Sequence[_Variant]) -> Iterator[Decorator]:
    events = [variant.event for variant in variants]
    is_of_diagram = issubclass(events[0], OfDiagram)
    if is_of_diagram:
        yield click.argument("file", metavar="FILE", type=click.Path(allow_dash=True))
    yield from _choosing_options(variants)
    fields = {name: field for variant in variants for name, field in variant.fields.items()}
    # What all events share comes last.
    for name, field in sorted(fields.items(), key=lambda item: item[0] in SHARED):
        having = [variant for variant in variants if name in variant.fields]
        of = "" if len(having) == len(variants) else f" ({having[0].event.name} only)"
        yield click.option(
            field.option.name,
            name,
            type=click.Choice(field.choices) if field.choices else None,
            metavar=field.option.metavar or None,
            multiple=field.is_multiple,
            required=field.is_required and not of,
            help=f"{field.meaning}{of}{'; can be given several times' * field.is_multiple}.",
        )
    if any("diagramMetrics" in event.fragments for event in events):
        yield options.documented_keys
    if any("elementTemplates" in event.fragments for event in events):
        yield options.template_source
        yield options.template_folders
    if is_of_diagram:
        yield options.max_size
        yield options.stdin_filename
    yield click.option(
        "--max-bytes",
        type=options.size,
        metavar="BYTES",
        help="Leave elementTemplates out if the event would be larger, as the Modeler does if its"
        " receiver refuses it as too large; 100K and the like are read."
        if any(event.without_if_too_large for event in events)
        else "Warn if the event is larger; 100K and the like are read.",
    )
    yield click.option("--compact", is_flag=True, help="Print it on one line.")


def _choosing_options(variants: Sequence[_Variant]) -> Iterator[Decorator]:
    chosen: dict[str, dict[str | bool, str]] = {}
    for variant in variants:
        for option, value in variant.chosen_by.items():
            chosen.setdefault(option, {})[value] = variant.event.name
    for option, events in chosen.items():
        if True in events:
            yield click.option(option, is_flag=True, help=f"Print {events[True]}.")
            continue
        values = [str(value) for value in events]
        yield click.option(
            option,
            type=click.Choice(values),
            default=values[0],
            show_default=True,
            help=f"Print {' or '.join(events.values())}.",
        )


def _example(variant: _Variant) -> str:
    words = ["metrics", "event", *variant.event.command.split()]
    if issubclass(variant.event, OfDiagram):
        words.append(SAMPLE_FILE)
    for field in variant.fields.values():
        sample = field.option.sample or (field.choices[0] if field.choices else "")
        if sample and (field.is_required or field.option.sample):
            words += [field.option.name, sample]
    return shlex.join(words)


def _run(
    variants: Sequence[_Variant],
    *,
    file: str | None = None,
    documented_keys: bool = False,
    template_source: str = "diagram",
    template_folders: tuple[str, ...] = (),
    max_size: int = 0,
    stdin_filename: str | None = None,
    max_bytes: int | None,
    compact: bool,
    **values: Any,
) -> None:
    variant = _chosen(variants, values)
    made = variant.event
    # Whom people are told something about: the diagram, where there is one.
    name: str | None = "metrics"
    try:
        given = dict(_given(variant, variants, values))
        if file is not None and issubclass(made, OfDiagram):
            templates = options.template_definitions(template_source, template_folders, max_size)
            report = _report(file, stdin_filename, max_size=max_size, templates=templates)
            name = report.file
            event: Event = made(report, **given)
        else:
            event = made(**given)
    except EventError as error:
        if error.field is None:
            show_message(message_for(name, f"no {made.name}: {error}"))
            raise click.exceptions.Exit(EXIT_UNMEASURED) from None
        raise _invalid(variant.fields[error.field], error) from None
    printed, remarks = _printed(event, max_bytes, documented_keys=documented_keys, compact=compact)
    for remark in remarks:
        show_message(message_for(name, remark))
    write(printed)


def _chosen(variants: Sequence[_Variant], values: Mapping[str, Any]) -> _Variant:
    """The variant that the options ask for; without any, the first."""
    matching = [
        variant
        for variant in variants
        if all(
            values[option.removeprefix("--")] == value
            for option, value in variant.chosen_by.items()
        )
    ]
    return max(matching, key=lambda variant: len(variant.chosen_by))


def _given(
    variant: _Variant, variants: Sequence[_Variant], values: Mapping[str, Any]
) -> Iterator[tuple[str, Any]]:
    """The fields of the event that are given; raises `click.UsageError` for those of another."""
    for other in variants:
        for name, field in other.fields.items():
            is_given = values[name] not in (None, ())
            if is_given and name not in variant.fields:
                how = f": give {other.how}" if other.how else ""
                raise click.UsageError(f"{field.option.name} is for {other.event.name} only{how}.")
    for name, field in variant.fields.items():
        value = values[name]
        if value in (None, ()):
            if field.is_required:
                option = f"{field.option.name} {field.option.metavar}"
                raise click.UsageError(f"{variant.event.name} needs {option}.")
        elif field.gathered_in is not None:
            yield name, field.gathered_in(_read(field, text) for text in value)
        else:
            yield name, _read(field, value)


def _read(field: _Field, text: str) -> Any:
    """What an option's text says; raises `click.BadParameter` if it says nothing."""
    try:
        return field.option.read(printable(text))
    except EventError as error:
        raise _invalid(field, error) from None


def _invalid(field: _Field, error: EventError) -> click.BadParameter:
    return click.BadParameter(on_one_line(f"{error}."), param_hint=f"'{field.option.name}'")


def _report(
    file: str,
    stdin_filename: str | None,
    *,
    max_size: int,
    templates: TemplateDefinitions | None,
) -> Report:
    """The report of a diagram, once people are told what is to be told of it."""
    report = scanned(file, stdin_filename, max_size=max_size, templates=templates)
    for line in describe_report(report):
        show_message(line)
    if report.error is not None:
        # No event is printed: what is piped on must be one.
        raise click.exceptions.Exit(EXIT_UNMEASURED)
    return report


def _printed(
    event: Event, max_bytes: int | None, *, documented_keys: bool, compact: bool
) -> tuple[bytes, list[str]]:
    """The event as it is printed, smaller if it would be too large, and what people are told."""

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
    remarks = [f"{remark}: {' and '.join(event.without_if_too_large)} is left out"]
    if len(smaller) > max_bytes:
        remarks.append(f"without it, there are still {counted(len(smaller), 'byte')}")
    return smaller, remarks


_add_commands()
