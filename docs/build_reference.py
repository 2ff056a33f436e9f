"""Writes what follows from the code: the pages of metrics and of events, and the files of schemas.

    python docs/build_reference.py

The pages are `docs/reference.md` and `docs/events.md`; each begins with its introduction. A test
fails where a file is not what this writes.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import sys
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args, get_origin, get_type_hints

import click
import orjson

from metrics import schemas
from metrics.blocks import MEANING_OF_RULES, NO_TEXT, choices, inner_blocks, json_key, keys
from metrics.bpmn.names import AttributeName
from metrics.catalog import METRICS, all_metrics
from metrics.commands.event import PRINTED_BY, command
from metrics.events import EVENTS, Event, OfDiagram
from metrics.formats.text import dumps
from metrics.reading.document import Kind
from metrics.report import DIAGRAM_TYPE, GROUPS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from metrics.metric import Metric

HERE = Path(__file__).parent
SCHEMAS = Path(schemas.__file__).parent


def module(metric: Metric[Any, Any]) -> Any:
    """The module of a metric."""
    return sys.modules[metric.block.__module__]


def fields(block: Any, key: str = "") -> Iterator[tuple[str, dataclasses.Field[Any], Any]]:
    """Each field of a block with its dotted key and its type; those of blocks within it too.

    A block within, where there are several for a field, comes before its fields, without a key.
    """
    hints = get_type_hints(block)
    for field in dataclasses.fields(block):
        dotted, hint = f"{key}.{json_key(field.name)}".lstrip("."), hints[field.name]
        yield dotted, field, None
        is_list = get_origin(hint) is tuple
        inner = inner_blocks(get_args(hint)[0] if is_list else hint)
        for kind in inner:
            if len(inner) > 1:
                yield "", field, kind
            yield from fields(kind, dotted + ("[]" if is_list else ""))


def rows(metric: Metric[Any, Any]) -> Iterator[str]:
    """What a metric's keys mean, a row each."""
    if metric.rules is not None:
        yield f"| `{metric.key}.rules` | {MEANING_OF_RULES} |"
    for key, field, kind in fields(metric.block, metric.key):
        if kind is not None:
            yield f"| | **{inspect.cleandoc(kind.__doc__ or '')}** |"
            continue
        meaning = field.metadata["meaning"]
        documented = field.metadata["documented_key"]
        if documented:
            meaning += f"; `--documented-keys` spells it `{documented}`"
        yield f"| `{key}` | {meaning} |"


def tables(metric: Metric[Any, Any]) -> Iterator[str]:
    """The tables that a metric uses, each with the sentence below it in the module."""
    statements = ast.parse(inspect.getsource(module(metric))).body
    for statement, after in pairwise(statements):
        if not isinstance(statement, ast.AnnAssign) or not isinstance(after, ast.Expr):
            continue
        if not isinstance(statement.target, ast.Name) or not isinstance(after.value, ast.Constant):
            continue
        value = vars(module(metric))[statement.target.id]
        if not isinstance(value, Mapping | frozenset | tuple):
            continue
        yield f"{after.value.value!s}\n"
        if isinstance(value, Mapping):
            yield (
                "\n".join(f"- `{short(key)}`: {shown(item)}" for key, item in value.items()) + "\n"
            )
        else:
            yield ", ".join(f"`{short(item)}`" for item in sorted(value)) + "\n"


def shown(value: Any) -> str:
    """A value of a table."""
    if isinstance(value, dict):
        return ", ".join(f"`{short(key)}` is `{item}`" for key, item in value.items())
    if isinstance(value, AttributeName):
        return f"`{short(value.qualified)}`"
    if isinstance(value, tuple):
        return ", ".join(shown(item) for item in value)
    return f"`{short(value)}`"


def short(name: Any) -> str:
    """A qualified name with the usual prefix."""
    from metrics.reading import namespaces

    for prefix in ("bpmn", "camunda", "zeebe"):
        uri = getattr(namespaces, prefix.upper())
        if str(name).startswith(f"{{{uri}}}"):
            return str(name).replace(f"{{{uri}}}", f"{prefix}:")
    return str(name)


def off_by_default(metric: Metric[Any, Any]) -> str:
    """How a fragment of our own is asked for; nothing for a documented one."""
    return "" if metric.rules is None else f", which `--with {metric.fragment}` adds to the payload"


def section(metric: Metric[Any, Any]) -> str:
    """What the page says of a metric."""
    documentation = inspect.cleandoc(module(metric).__doc__ or "")
    title = metric.name.replace("_", " ").capitalize()
    facts = "\n".join(tables(metric))
    parts = [
        f"## {title}",
        documentation,
        f"Part of the fragment `{metric.fragment}`{off_by_default(metric)}.",
        "\n".join(["| key | meaning |", "|---|---|", *rows(metric)]),
        facts.rstrip(),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def event_section(event: type[Event]) -> str:
    """The section of an event on the page of events."""
    argument = " FILE" if issubclass(event, OfDiagram) else ""
    table = [f"| `{DIAGRAM_TYPE}` | {listed([*Kind])} |"] if argument else []
    table += [carried_block(metric, event) for metric in METRICS if is_of_event(metric, event)]
    shared = {field.name for field in dataclasses.fields(Event)}
    hints, options = get_type_hints(event), options_of(event)
    for field in dataclasses.fields(event):
        if field.name in shared or "meaning" not in field.metadata:
            continue
        hint, meaning = hints[field.name], field.metadata["meaning"]
        if known := choices(hint):
            meaning += f": {listed(known)}"
        if field.name in options:
            meaning += f"; `{options[field.name]}`"
        table.append(f"| `{json_key(field.name)}` | {meaning} |")
        for kind in inner_blocks(hint):
            table += [
                f"| `{key}` | {inner.metadata['meaning']} |"
                for key, inner, _ in fields(kind, json_key(field.name))
            ]
    parts = [
        f"## `{event.name}`",
        inspect.cleandoc(event.__doc__ or ""),
        f"`metrics event {PRINTED_BY[event.name]}{argument}`; `metrics.{event.__name__}`",
        "\n".join(["| key | meaning |", "|---|---|", *table]),
    ]
    return "\n\n".join(parts) + "\n"


def options_of(event: type[Event]) -> dict[str | None, str]:
    """The options of an event's command, by the fields that they set."""
    called: click.Command = command
    for word in PRINTED_BY[event.name].split():
        if isinstance(called, click.Group):
            called = called.commands[word]
    return {parameter.name: parameter.opts[0] for parameter in called.params}


def is_of_event(metric: Metric[Any, Any], event: type[Event]) -> bool:
    """Whether an event carries a metric or may carry it."""
    return metric.fragment in (*event.fragments, *event.optional_fragments)


def carried_block(metric: Metric[Any, Any], event: type[Event]) -> str:
    """The row for a metric that an event carries or may carry."""
    *_, last = metric.key.split(".")
    direct = [f"{metric.key}.{key}".lstrip(".") for key in keys(metric.block).printed]
    carried = direct if last in GROUPS or not last else [metric.key]
    title = metric.name.replace("_", " ").capitalize()
    link = f"[{title}](reference.md#{metric.name.replace('_', '-')})"
    remarks = [link]
    if metric.kinds == (Kind.BPMN,):
        remarks.append("BPMN only")
    if metric.fragment in event.optional_fragments:
        remarks.append("optional")
    if metric.fragment not in event.fragments:
        remarks.append("not printed by `metrics event`")
    return f"| {listed(carried)} | {'; '.join(remarks)} |"


def listed(values: Iterable[str]) -> str:
    """Some words, as the page writes them."""
    return ", ".join(f"`{value}`" for value in values)


def bounds() -> str:
    """The table of the texts from a diagram that an event carries."""
    table = [
        f"| `{key}` | {field.metadata['text'].meaning} |"
        for metric in METRICS
        for key, field, _ in fields(metric.block, metric.key)
        if field.metadata["text"] is not NO_TEXT
    ]
    return "\n".join(["| key | texts |", "|---|---|", *table]) + "\n"


def introduction(page: str) -> str:
    """What stands at the head of a page."""
    return (HERE / f"{page}-introduction.md").read_text(encoding="utf-8")


def schema_text(name: str) -> str:
    """The file of a schema."""
    layout = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    return dumps(schemas.schema(name), layout).decode()


def files() -> dict[Path, str]:
    """All that is written, by its path."""
    reference = [introduction("reference"), *(section(metric) for metric in all_metrics())]
    events = [
        introduction("events").replace("(bounds)\n", bounds()),
        *(event_section(event) for event in EVENTS.values()),
    ]
    return {
        HERE / "reference.md": "\n".join(reference),
        HERE / "events.md": "\n".join(events),
        **{SCHEMAS / schemas.file_name(name): schema_text(name) for name in schemas.names()},
    }


if __name__ == "__main__":
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")
