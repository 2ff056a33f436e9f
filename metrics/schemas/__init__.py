"""JSON Schemas of the output, derived from the dataclasses that are printed.

The fields of the dataclasses say which keys an object has, what each holds, and what it means. The
files beside this module are the same schemas, for tools that read files.
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
    MEANING_OF_RULES,
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
from metrics.formats.check.json import CheckRecord
from metrics.formats.diff.json import DiffRecord
from metrics.reading.document import Kind
from metrics.reading.namespaces import CAMUNDA_8_PLATFORMS
from metrics.report import DIAGRAM_TYPE, GROUPS, ErrorBlock, WarningBlock
from metrics.summary.leaves import summary_leaves
from metrics.summary.model import Summary

if TYPE_CHECKING:
    from collections.abc import Collection

    from metrics.blocks import Tally
    from metrics.events import Event

Schema = dict[str, Any]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

SCALARS: Final[Mapping[Any, Schema]] = {
    Any: {},
    int: {"type": "integer", "minimum": 0},
    float: {"type": "number"},
    str: {"type": "string"},
    bool: {"type": "boolean"},
}

RESULTS: Final[Mapping[str, type]] = {
    "summary": Summary,
    "check": CheckRecord,
    "diff": DiffRecord,
}
"""What the commands of these names print as JSON."""

# The payload of a BPMN diagram names a platform of Camunda 8 if, and only if, it is for Camunda 8.
EXECUTION_PLATFORM: Final = "executionPlatform"

DIAGRAMS: Final = {Kind.BPMN: "a BPMN diagram", Kind.DMN: "a DMN diagram", Kind.FORM: "a form"}
ENGINES: Final = {Engine.CAMUNDA_7: "Camunda 7", Engine.CAMUNDA_8: "Camunda 8"}


@dataclasses.dataclass(frozen=True)
class _File:
    file: str = described("The path of the diagram, as it was given")


@dataclasses.dataclass(frozen=True)
class _Warnings:
    warnings: tuple[WarningBlock, ...] | Omitted = described(
        "Warnings about malformed input, if they are asked for"
    )


@dataclasses.dataclass(frozen=True)
class _Failed:
    file: str | Omitted = described("The path of the diagram; omitted by the library")
    error: ErrorBlock = described("Why it could not be measured")


def names() -> tuple[str, ...]:
    """The names of all schemas.

    These are `payload`, the fragments, `error`, `line` (of NDJSON), the commands in `RESULTS`, and
    the events.
    """
    return ("payload", *FRAGMENTS, *OWN_FRAGMENTS, "error", "line", *RESULTS, *EVENTS)


def schema(name: str, *, documented_keys: bool = False) -> Schema:
    """The JSON Schema (2020-12) of one of `names()`.

    `documented_keys` spells keys as the telemetry page does. Raises `KeyError` for another name.
    """
    if name not in names():
        raise KeyError(name)
    made = _Schemas(documented_keys, bounded=name in EVENTS).named(name)
    identity = f"urn:bpmn-metrics:{name}{':documented-keys' * documented_keys}"
    return {"$schema": DIALECT, "$id": identity, "title": name, **made}


def file_name(name: str) -> str:
    """The name of the file of a schema: without colons, which some systems do not allow."""
    return f"{name.replace(':', '-')}.schema.json"


class _Part(NamedTuple):
    """The schema of the keys that some diagrams have.

    `engine` is the engine of the diagrams, None for any.
    """

    kinds: tuple[Kind, ...]
    engine: Engine | None
    content: Schema

    @property
    def description(self) -> str:
        names = " or ".join(DIAGRAMS[kind] for kind in self.kinds)
        engine = f" for {ENGINES[self.engine]}" if self.engine else ""
        return names[0].upper() + names[1:] + engine

    @property
    def diagram_type(self) -> Schema:
        return _values([kind.value for kind in self.kinds])

    @property
    def condition(self) -> Schema:
        """A schema that the payloads of these diagrams match, and no others."""
        properties = {DIAGRAM_TYPE: self.diagram_type}
        if self.engine:
            of_camunda_8: Schema = {"enum": list(CAMUNDA_8_PLATFORMS)}
            is_camunda_8 = self.engine is Engine.CAMUNDA_8
            properties[EXECUTION_PLATFORM] = of_camunda_8 if is_camunda_8 else {"not": of_camunda_8}
        return {"properties": properties, "required": list(properties)}


class _Schemas(NamedTuple):
    """Makes schemas, with `documented_keys`, and with `bounded` texts as events have them."""

    documented_keys: bool
    bounded: bool

    def named(self, name: str) -> Schema:
        """The schema of one of `names()`, without its head."""
        if name in EVENTS:
            return self._event(EVENTS[name])
        if name in RESULTS:
            return self._result(RESULTS[name])
        if name in (*FRAGMENTS, *OWN_FRAGMENTS):
            schemas = [
                _merged(_object(part.description), part.content) for part in self._parts(name)
            ]
            return schemas[0] if len(schemas) == 1 else {"oneOf": schemas}
        if name == "payload":
            own = _object("The payload of a diagram")
            self._add_fields(own, _Warnings)
            return self._of_diagram(own, FRAGMENTS, OWN_FRAGMENTS)
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
            "else": self._of_diagram(measured, FRAGMENTS, OWN_FRAGMENTS),
        }

    def _result(self, block: type) -> Schema:
        result = self._block(block, None)
        if block is Summary:
            # The JSON has the names of each tally under the key of the tally.
            del result["properties"]["tallies"]
            result["required"].remove("tallies")
            documented = summary_leaves().tallies
            for key, tally in summary_leaves(frozenset(OWN_FRAGMENTS)).tallies.items():
                _add(result, tally.key, _tally(tally), required=key in documented)
        return result

    def _event(self, event: type[Event]) -> Schema:
        schema = _object(_meaning(event))
        _add(schema, "event", {"const": event.name, "description": "The event's name, as sent"})
        self._add_fields(schema, event)
        if issubclass(event, OfDiagram):
            schema = self._of_diagram(schema, event.fragments, event.optional_fragments)
        return schema | ({"allOf": [deepcopy(dict(event.rule))]} if event.rule else {})

    def _of_diagram(
        self, own: Schema, fragments: Collection[str], optional: Collection[str]
    ) -> Schema:
        """The schema of an object with keys of its own and the keys of a diagram's payload.

        The keys of a payload depend on the type of the diagram and on its platform. `optional` are
        the fragments whose keys are not required, among `fragments` or beside them.
        """
        kinds = _values([kind.value for kind in Kind])
        _add(own, DIAGRAM_TYPE, kinds | {"description": "The kind of diagram"})
        parts = self._parts(*fragments, *optional)
        may_lack = {key for part in self._parts(*optional) for key in part.content["properties"]}
        for part in parts:
            required = part.content["required"]
            part.content["required"] = [key for key in required if key not in may_lack]
        if len(parts) == 1:
            return _merged(own, parts[0].content)
        # Each part forbids other keys by itself.
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
        """The keys of fragments, by the kinds of diagrams and engines that have different ones."""
        parts: list[_Part] = []
        for kind in Kind:
            of_engines = {engine: self._content(kind, engine, fragments) for engine in Engine}
            content, *others = of_engines.values()
            if others != [content]:
                parts += [_Part((kind,), engine, schema) for engine, schema in of_engines.items()]
                continue
            same = [index for index, part in enumerate(parts) if part.content == content]
            for index in same:
                parts[index] = parts[index]._replace(kinds=(*parts[index].kinds, kind))
            if not same:
                parts.append(_Part((kind,), None, content))
        return parts

    def _content(self, kind: Kind, engine: Engine, fragments: Collection[str]) -> Schema:
        """The keys of fragments in a kind of diagram for an engine."""
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
                rules = {"const": metric.rules, "description": MEANING_OF_RULES}
                _add(holder, RULES, rules)
            self._add_fields(holder, type(block), block)
        return content

    def _add_fields(self, holder: Schema, block: type, example: object = None) -> None:
        hints = type_hints(block)
        _, printed, documented, *_ = keys(block)
        spelled = documented if self.documented_keys else printed
        for field, key in zip(dataclasses.fields(block), spelled, strict=True):
            # An event also has a report, whose keys are added by themselves.
            if "meaning" in field.metadata:
                hint, inner = hints[field.name], getattr(example, field.name, None)
                value = self._value(hint, field.metadata["text"], inner)
                value["description"] = field.metadata["meaning"]
                _add(holder, key, value, required=Omitted not in get_args(hint))

    def _value(self, hint: Any, text: Text, example: object = None) -> Schema:
        """The schema of a value of a type; `example` selects one of several blocks."""
        known = choices(hint)
        if known:
            return _values([*known, *([None] if NoneType in alternatives(hint) else [])])
        blocks = inner_blocks(hint)
        if type(example) in blocks:
            return self._block(type(example), example)
        parts = alternatives(hint)
        part, *others = (part for part in parts if part is not NoneType)
        if others:
            schemas = [self._value(each, text) for each in (part, *others)]
            return {"anyOf": [*schemas, *([{"type": "null"}] if NoneType in parts else [])]}
        if blocks:
            # A summary holds summaries of groups.
            is_whole = part in RESULTS.values()
            return {"$ref": "#"} if is_whole else self._block(part, example)
        schema = self._single(part, text)
        return schema | {"type": [schema["type"], "null"]} if NoneType in parts else schema

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
            schema = {"type": "object", "additionalProperties": self._value(value, text)}
            return schema | ({"propertyNames": names} if "pattern" in names else {})
        if issubclass(hint, Enum):
            return {"type": "string"} | _values([item.value for item in hint])
        schema = dict(SCALARS[hint])
        if hint is str and self.bounded and text != ANY_TEXT:
            # Some implementations let `$` match before a final line break.
            schema["pattern"] = f"^{text.pattern}(?!\\n)$"
        return schema

    def _block(self, block: type, example: object) -> Schema:
        schema = _object(_meaning(block))
        self._add_fields(schema, block, example)
        return schema


def _object(description: str | None = None) -> Schema:
    """The schema of an object without keys; keys are added."""
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
    """The object at a key, which is added with the description of a class if it is missing."""
    if key not in holder["properties"]:
        _add(holder, key, _object(_meaning(meaning)))
    inner: Schema = holder["properties"][key]
    return inner


def _merged(holder: Schema, other: Schema) -> Schema:
    holder["properties"] |= other["properties"]
    holder["required"] += other["required"]
    return holder


def _tally(tally: Tally) -> Schema:
    """The schema of the names that a summary counts."""
    name = _object("A name, and how often it occurs")
    for key in filter(None, (tally.records, tally.values)):
        _add(name, key, SCALARS[int] | {"description": f"The number of {key}"})
    return {"description": tally.title, "type": "object", "additionalProperties": name}


def _values(known: Collection[Any]) -> Schema:
    values = list(known)
    return {"const": values[0]} if len(values) == 1 else {"enum": values}


def _meaning(described_class: type) -> str:
    return inspect.cleandoc(described_class.__doc__ or "").partition("\n")[0]
