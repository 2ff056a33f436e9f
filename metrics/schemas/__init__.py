"""JSON Schemas of what is printed, derived from the dataclasses that it is printed from.

The fields of these say which keys there are, what each holds, and what it means. The files beside
this module are the schemas that `schema` gives, for tools that read files.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Mapping
from enum import Enum
from types import NoneType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, get_args, get_origin, get_type_hints

from metrics.bpmn import Engine
from metrics.catalog import METRICS
from metrics.document import Kind
from metrics.events import ANY_TEXT, EVENTS
from metrics.metric import Omitted, Text, alternatives, choices, described, inner_blocks, keys
from metrics.report import DIAGRAM_TYPE, FRAGMENTS, GROUPS, ErrorBlock, Report, WarningBlock

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from metrics.events import Event

Schema = dict[str, Any]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

SCALARS: Final[Mapping[type, Schema]] = {
    int: {"type": "integer", "minimum": 0},
    str: {"type": "string"},
    bool: {"type": "boolean"},
}

DIAGRAMS: Final = {Kind.BPMN: "a BPMN diagram", Kind.DMN: "a DMN diagram", Kind.FORM: "a form"}
ENGINES: Final = {Engine.CAMUNDA_7: "Camunda 7", Engine.CAMUNDA_8: "Camunda 8"}


@dataclasses.dataclass(frozen=True)
class _File:
    file: str = described("The path of the diagram, as it was asked for")


@dataclasses.dataclass(frozen=True)
class _Warnings:
    warnings: tuple[WarningBlock, ...] | Omitted = described(
        "What was untidy, where warnings are asked for"
    )


@dataclasses.dataclass(frozen=True)
class _Failed:
    file: str | Omitted = described("The path of the diagram; left out by the library")
    error: ErrorBlock = described("Why it could not be measured")


def names() -> tuple[str, ...]:
    """The names of all schemas.

    There are those of a payload and of its fragments, of an error, of a line of NDJSON, and of the
    events, by their names as sent.
    """
    return ("payload", *FRAGMENTS, "error", "line", *EVENTS)


def schema(name: str, *, documented_keys: bool = False) -> Schema:
    """The JSON Schema (2020-12) of one of `names()`.

    With `documented_keys` it is that of what is printed with these. Raises `KeyError` for another
    name.
    """
    if name not in names():
        raise KeyError(name)
    made = _Schemas(documented_keys, bounded=name in EVENTS).named(name)
    return {"$schema": DIALECT, "$id": f"urn:bpmn-metrics:{name}", "title": name, **made}


def file_name(name: str) -> str:
    """The name of the file that holds a schema; some systems allow no colon in it."""
    return f"{name.replace(':', '-')}.schema.json"


class _Part(NamedTuple):
    """What diagrams of some kinds have in common: the description, and the schema of its keys."""

    kinds: tuple[Kind, ...]
    description: str
    content: Schema


class _Schemas(NamedTuple):
    """Makes schemas: with `documented_keys`, and of texts that are `bounded` as in events."""

    documented_keys: bool
    bounded: bool

    def named(self, name: str) -> Schema:
        """The schema of one of `names()`, without its head."""
        if name in EVENTS:
            return self._event(EVENTS[name])
        if name in FRAGMENTS:
            return _one_of(self._fragment(part) for part in _parts(self, (name,)))
        if name == "payload":
            return _one_of(self._payload(part) for part in _parts(self, FRAGMENTS))
        if name == "error":
            return self._error()
        measured = [self._payload(part, _File, _Warnings) for part in _parts(self, FRAGMENTS)]
        failed = self._error()
        failed["required"] = [*failed["properties"]]
        return _one_of([*measured, failed])

    def content(self, kind: Kind, engine: Engine, fragments: Collection[str]) -> Schema:
        """The keys that fragments have in a kind of diagram for an engine."""
        content = _object()
        for metric in METRICS:
            if kind not in metric.kinds or metric.fragment not in fragments:
                continue
            block = metric.count((), engine)
            if block is None:
                continue
            holder = content
            for key in metric.key.split(".") if metric.key else ():
                holder = _inner(holder, key, GROUPS.get(key, metric.block))
            self._add_fields(holder, type(block), block)
        return content

    def _fragment(self, part: _Part) -> Schema:
        return _merged(_object(part.description), part.content)

    def _payload(
        self, part: _Part, before: type | None = None, after: type | None = None
    ) -> Schema:
        found = _object(part.description)
        if before is not None:
            self._add_fields(found, before)
        self._add_type(found, part)
        _merged(found, part.content)
        if after is not None:
            self._add_fields(found, after)
        return found

    def _error(self) -> Schema:
        found = _object("A diagram that could not be measured")
        self._add_fields(found, _Failed)
        return found

    def _event(self, event: type[Event]) -> Schema:
        parts: Iterable[_Part | None] = (None,)
        if "report" in keys(event).names:
            parts = _parts(self, event.fragments)
        found = _one_of(self._event_with(event, part) for part in parts)
        found.pop("description", None)
        return {"description": _meaning(event), **found}

    def _event_with(self, event: type[Event], part: _Part | None) -> Schema:
        found = _object(part.description if part else None)
        _add(found, "event", {"const": event.name, "description": "The event's name, as sent"})
        hints = get_type_hints(event)
        for field, key in zip(dataclasses.fields(event), keys(event).printed, strict=True):
            if hints[field.name] is not Report:
                self._add_field(found, key, hints[field.name], field.metadata)
            elif part is not None:
                self._add_type(found, part)
                _merged(found, part.content)
        found["required"] = [
            key for key in found["required"] if key not in event.without_if_too_large
        ]
        return found

    def _add_type(self, holder: Schema, part: _Part) -> None:
        kinds = [kind.value for kind in part.kinds]
        _add(holder, DIAGRAM_TYPE, _values(kinds) | {"description": "The kind of diagram"})

    def _add_fields(self, holder: Schema, block: type, example: object = None) -> None:
        hints = get_type_hints(block)
        _, printed, documented, *_ = keys(block)
        spelled = documented if self.documented_keys else printed
        for field, key in zip(dataclasses.fields(block), spelled, strict=True):
            inner = getattr(example, field.name, None)
            self._add_field(holder, key, hints[field.name], field.metadata, inner)

    def _add_field(
        self,
        holder: Schema,
        key: str,
        hint: Any,
        metadata: Mapping[str, Any],
        example: object = None,
    ) -> None:
        value = self._value(hint, metadata["text"], example)
        value["description"] = metadata["meaning"]
        _add(holder, key, value, required=Omitted not in get_args(hint))

    def _value(self, hint: Any, text: Text, example: object = None) -> Schema:
        """The schema of a value of a type; of blocks for several engines that of the example."""
        known = choices(hint)
        if known:
            return _values(known)
        blocks = inner_blocks(hint)
        if type(example) in blocks:
            blocks = [type(example)]
        if blocks:
            return _one_of(self._block(block, example) for block in blocks)
        parts = alternatives(hint)
        (part,) = [part for part in parts if part is not NoneType]
        found = self._single(part, text)
        return found | {"type": [found["type"], "null"]} if NoneType in parts else found

    def _single(self, hint: Any, text: Text) -> Schema:
        if get_origin(hint) is tuple:
            item, *_ = get_args(hint)
            return {"type": "array", "items": self._value(item, text)}
        if get_origin(hint) is Mapping:
            name, value = get_args(hint)
            names = self._single(name, text)
            found = {"type": "object", "additionalProperties": self._value(value, text)}
            return found | ({"propertyNames": names} if "pattern" in names else {})
        if issubclass(hint, Enum):
            return {"type": "string"} | _values([item.value for item in hint])
        found = dict(SCALARS[hint])
        if hint is str and self.bounded and text != ANY_TEXT:
            found["pattern"] = f"^{text.pattern}$"
        return found

    def _block(self, block: type, example: object) -> Schema:
        found = _object(_meaning(block))
        self._add_fields(found, block, example)
        return found


def _parts(schemas: _Schemas, fragments: Collection[str]) -> Iterator[_Part]:
    """What differs from one kind of diagram to another, and from one engine to another."""
    found: list[tuple[Schema, dict[Kind, list[Engine]]]] = []
    for kind in Kind:
        for engine in Engine:
            content = schemas.content(kind, engine, fragments)
            same = next((diagrams for other, diagrams in found if other == content), None)
            if same is None:
                found.append((content, same := {}))
            same.setdefault(kind, []).append(engine)
    for content, diagrams in found:
        told = " or ".join(
            DIAGRAMS[kind] + ("" if len(engines) == len(Engine) else f" for {ENGINES[engines[0]]}")
            for kind, engines in diagrams.items()
        )
        yield _Part(tuple(diagrams), told[0].upper() + told[1:], content)


def _object(description: str | None = None) -> Schema:
    """The schema of an object that has no keys yet, and no others than it is given."""
    return {
        "type": "object",
        **({"description": description} if description else {}),
        "properties": {},
        "required": [],
        "additionalProperties": False,
    }


def _add(holder: Schema, key: str, value: Schema, *, required: bool = True) -> None:
    holder["properties"][key] = value
    if required:
        holder["required"].append(key)


def _inner(holder: Schema, key: str, meaning: type) -> Schema:
    """The object at a key, with the description that a class gives."""
    if key not in holder["properties"]:
        _add(holder, key, _object(_meaning(meaning)))
    inner: Schema = holder["properties"][key]
    return inner


def _merged(holder: Schema, other: Schema) -> Schema:
    holder["properties"] |= other["properties"]
    holder["required"] += other["required"]
    return holder


def _one_of(schemas: Iterable[Schema]) -> Schema:
    found = list(schemas)
    return found[0] if len(found) == 1 else {"oneOf": found}


def _values(known: Collection[Any]) -> Schema:
    values = list(known)
    return {"const": values[0]} if len(values) == 1 else {"enum": values}


def _meaning(described_class: type) -> str:
    return inspect.cleandoc(described_class.__doc__ or "").partition("\n")[0]
