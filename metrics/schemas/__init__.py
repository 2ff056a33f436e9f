"""JSON Schemas of what is printed, derived from the dataclasses that it is printed from.

The fields of these say which keys there are, what each holds, and what it means. The files beside
this module are the schemas that `schema` gives, for tools that read files.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Mapping
from copy import deepcopy
from enum import Enum
from types import NoneType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, get_args, get_origin

from metrics.blocks import (
    RULES,
    Omitted,
    Text,
    alternatives,
    choices,
    described,
    inner_blocks,
    keys,
    type_hints,
)
from metrics.bpmn.diagram import Engine
from metrics.catalog import FRAGMENTS, OWN_FRAGMENTS, all_metrics
from metrics.events import ANY_TEXT, EVENTS, OfDiagram
from metrics.reading.document import Kind
from metrics.reading.namespaces import CAMUNDA_8_PLATFORMS
from metrics.report import DIAGRAM_TYPE, GROUPS, ErrorBlock, WarningBlock

if TYPE_CHECKING:
    from collections.abc import Collection

    from metrics.events import Event

Schema = dict[str, Any]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

SCALARS: Final[Mapping[type, Schema]] = {
    int: {"type": "integer", "minimum": 0},
    float: {"type": "number"},
    str: {"type": "string"},
    bool: {"type": "boolean"},
}

# The payload of a BPMN diagram names a platform of Camunda 8 if it is one for that, and only then.
EXECUTION_PLATFORM: Final = "executionPlatform"

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
    return ("payload", *FRAGMENTS, *OWN_FRAGMENTS, "error", "line", *EVENTS)


def schema(name: str, *, documented_keys: bool = False) -> Schema:
    """The JSON Schema (2020-12) of one of `names()`.

    With `documented_keys` it is that of what is printed with these. Raises `KeyError` for another
    name.
    """
    if name not in names():
        raise KeyError(name)
    made = _Schemas(documented_keys, bounded=name in EVENTS).named(name)
    identity = f"urn:bpmn-metrics:{name}{':documented-keys' * documented_keys}"
    return {"$schema": DIALECT, "$id": identity, "title": name, **made}


def file_name(name: str) -> str:
    """The name of the file that holds a schema; some systems allow no colon in it."""
    return f"{name.replace(':', '-')}.schema.json"


class _Part(NamedTuple):
    """What some diagrams have in common: the schema of their keys.

    `engine` is that of a BPMN diagram, None for any.
    """

    kinds: tuple[Kind, ...]
    engine: Engine | None
    content: Schema

    @property
    def description(self) -> str:
        told = " or ".join(DIAGRAMS[kind] for kind in self.kinds)
        engine = f" for {ENGINES[self.engine]}" if self.engine else ""
        return told[0].upper() + told[1:] + engine

    @property
    def diagram_type(self) -> Schema:
        return _values([kind.value for kind in self.kinds])

    @property
    def condition(self) -> Schema:
        """What a payload of such a diagram, and of no other, says of itself."""
        found = {DIAGRAM_TYPE: self.diagram_type}
        if self.engine:
            of_camunda_8: Schema = {"enum": list(CAMUNDA_8_PLATFORMS)}
            is_camunda_8 = self.engine is Engine.CAMUNDA_8
            found[EXECUTION_PLATFORM] = of_camunda_8 if is_camunda_8 else {"not": of_camunda_8}
        return {"properties": found, "required": list(found)}


class _Schemas(NamedTuple):
    """Makes schemas: with `documented_keys`, and of texts that are `bounded` as in events."""

    documented_keys: bool
    bounded: bool

    def named(self, name: str) -> Schema:
        """The schema of one of `names()`, without its head."""
        if name in EVENTS:
            return self._event(EVENTS[name])
        if name in (*FRAGMENTS, *OWN_FRAGMENTS):
            found = [_merged(_object(part.description), part.content) for part in self._parts(name)]
            return found[0] if len(found) == 1 else {"oneOf": found}
        if name == "payload":
            own = _object("What is printed of one diagram")
            self._add_fields(own, _Warnings)
            return self._of_diagram(own, (*FRAGMENTS, *OWN_FRAGMENTS), OWN_FRAGMENTS)
        failed = _object("A diagram that could not be measured")
        self._add_fields(failed, _Failed)
        if name == "error":
            return failed
        failed["required"] = list(failed["properties"])
        measured = _object("A diagram that was measured")
        self._add_fields(measured, _File)
        self._add_fields(measured, _Warnings)
        return {
            "description": "A line of NDJSON",
            "type": "object",
            "if": {"required": ["error"]},
            "then": failed,
            "else": self._of_diagram(measured, (*FRAGMENTS, *OWN_FRAGMENTS), OWN_FRAGMENTS),
        }

    def _event(self, event: type[Event]) -> Schema:
        found = _object(_meaning(event))
        _add(found, "event", {"const": event.name, "description": "The event's name, as sent"})
        self._add_fields(found, event)
        if issubclass(event, OfDiagram):
            found = self._of_diagram(found, event.fragments, event.without_if_too_large)
        return found | ({"allOf": [deepcopy(dict(event.rule))]} if event.rule else {})

    def _of_diagram(
        self, own: Schema, fragments: Collection[str], may_lack: Collection[str] = ()
    ) -> Schema:
        """The schema of an object with its own keys, and those that a diagram has.

        Which these are follows from the type of the diagram and from its platform.
        """
        kinds = _values([kind.value for kind in Kind])
        _add(own, DIAGRAM_TYPE, kinds | {"description": "The kind of diagram"})
        parts = self._parts(*fragments)
        for part in parts:
            part.content["required"] = [
                key for key in part.content["required"] if key not in may_lack
            ]
        if len(parts) == 1:
            return _merged(own, parts[0].content)
        # Each part closes the object for itself.
        del own["additionalProperties"]
        chosen: Schema = {}
        for part in reversed(parts):
            branch = _object(part.description)
            branch["properties"] = dict.fromkeys(own["properties"], True)
            branch["properties"][DIAGRAM_TYPE] = part.diagram_type
            _merged(branch, part.content)
            chosen = {"if": part.condition, "then": branch, "else": chosen} if chosen else branch
        return own | chosen

    def _parts(self, *fragments: str) -> list[_Part]:
        """What differs from one kind of diagram to another, and from one engine to another."""
        found: list[_Part] = []
        for kind in Kind:
            of_engines = {engine: self._content(kind, engine, fragments) for engine in Engine}
            content, *others = of_engines.values()
            if others != [content]:
                found += [_Part((kind,), engine, its) for engine, its in of_engines.items()]
                continue
            same = [place for place, part in enumerate(found) if part.content == content]
            for place in same:
                found[place] = found[place]._replace(kinds=(*found[place].kinds, kind))
            if not same:
                found.append(_Part((kind,), None, content))
        return found

    def _content(self, kind: Kind, engine: Engine, fragments: Collection[str]) -> Schema:
        """The keys that fragments have in a kind of diagram for an engine."""
        content = _object()
        for metric in all_metrics():
            if kind not in metric.kinds or metric.fragment not in fragments:
                continue
            block = metric.count((), engine)
            if block is None:
                continue
            holder = content
            for key in metric.path:
                holder = _inner(holder, key, GROUPS.get(key, metric.block))
            if metric.rules is not None:
                meaning = "The version of the rules that the fragment is computed by"
                _add(holder, RULES, {"const": metric.rules, "description": meaning})
            self._add_fields(holder, type(block), block)
        return content

    def _add_fields(self, holder: Schema, block: type, example: object = None) -> None:
        hints = type_hints(block)
        _, printed, documented, *_ = keys(block)
        spelled = documented if self.documented_keys else printed
        for field, key in zip(dataclasses.fields(block), spelled, strict=True):
            # Not the report that an event is made of: that has keys of its own.
            if "meaning" in field.metadata:
                hint, inner = hints[field.name], getattr(example, field.name, None)
                value = self._value(hint, field.metadata["text"], inner)
                value["description"] = field.metadata["meaning"]
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
            (block,) = blocks
            return self._block(block, example)
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
            if fixed := choices(name):
                made = _object()
                for key in fixed:
                    _add(made, key, self._value(value, text))
                return made
            names = self._single(name, text)
            found = {"type": "object", "additionalProperties": self._value(value, text)}
            return found | ({"propertyNames": names} if "pattern" in names else {})
        if issubclass(hint, Enum):
            return {"type": "string"} | _values([item.value for item in hint])
        found = dict(SCALARS[hint])
        if hint is str and self.bounded and text != ANY_TEXT:
            # To some a line break at the end is behind it.
            found["pattern"] = f"^{text.pattern}(?!\\n)$"
        return found

    def _block(self, block: type, example: object) -> Schema:
        found = _object(_meaning(block))
        self._add_fields(found, block, example)
        return found


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


def _values(known: Collection[Any]) -> Schema:
    values = list(known)
    return {"const": values[0]} if len(values) == 1 else {"enum": values}


def _meaning(described_class: type) -> str:
    return inspect.cleandoc(described_class.__doc__ or "").partition("\n")[0]
