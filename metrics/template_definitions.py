"""Element templates from their definitions: those that the Modeler would offer for a diagram.

The Modeler reads `element-templates/**/*.json` in the folder `.camunda` beside the diagram and in
each folder above it, and in the folders of its configuration.
"""

from __future__ import annotations

import os
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from metrics.blocks import OMITTED
from metrics.bpmn.diagram import Engine
from metrics.catalog.element_templates import METRIC, ElementTemplate, ElementTemplates
from metrics.reading.errors import DiagramWarning, DocumentError
from metrics.reading.json_text import read_json, without_surrogates
from metrics.reading.sources import DEFAULT_MAX_SIZE, DiscoveredFile, absolute
from metrics.reading.sources import content as read_content

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

PROJECT_FOLDER: Final = ".camunda"
TEMPLATES_FOLDER: Final = "element-templates"
CAMUNDA_8_SCHEMA: Final = "zeebe-element-templates-json-schema"

MAX_DEFINITION_BYTES: Final = 16 * 1024 * 1024
"""The maximum size of a file with definitions, in bytes."""


class Offered(NamedTuple):
    """The templates that the Modeler would offer, and warnings about unreadable definitions."""

    blocks: Mapping[str, ElementTemplates]
    warnings: tuple[DiagramWarning, ...]


class _Definition(NamedTuple):
    engine: Engine
    template: ElementTemplate


class _DefinitionFile(NamedTuple):
    """The definitions in a file, and warnings about those that cannot be read."""

    definitions: tuple[_Definition, ...]
    warnings: tuple[DiagramWarning, ...]


class _UnreadableError(Exception):
    pass


class TemplateDefinitions:
    """The template definitions beside and above a diagram, and those in further folders.

    `folders` are read in their order, after those of the diagram. Each file is read once, for all
    diagrams. A file larger than `max_size` or 16 MB is skipped with a warning.
    """

    def __init__(
        self,
        folders: Iterable[str | os.PathLike[str]] = (),
        *,
        max_size: int = DEFAULT_MAX_SIZE,
    ) -> None:
        self._max_size = min(max_size, MAX_DEFINITION_BYTES)
        self._folders = tuple(os.fspath(folder) for folder in folders)
        self._files: dict[str, tuple[str, ...]] = {}
        self._read: dict[str, _DefinitionFile] = {}
        self._identity = os.urandom(16)

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the values that come from definitions rather than from the diagram."""
        return tuple(leaf.key for leaf in METRIC.leaves())

    def __reduce__(self) -> tuple[Callable[..., TemplateDefinitions], tuple[Any, ...]]:
        # A worker that receives the same instance many times reads each definition once, too.
        return _received, (self._identity, self._folders, self._max_size)

    def offered(self, diagram: str | None, engine: Engine) -> Offered:
        """The templates for a diagram at a path, or for the current folder without a path."""
        start = os.path.dirname(absolute(diagram)) if diagram else absolute(os.curdir)
        projects = (os.path.join(folder, PROJECT_FOLDER) for folder in _self_and_above(start))
        files = dict.fromkeys(
            path for folder in (*projects, *self._folders) for path in self._files_below(folder)
        )
        contents = [self._content(path) for path in files]
        templates = tuple(
            definition.template
            for content in contents
            for definition in content.definitions
            if definition.engine is engine
        )
        warnings = tuple(warning for content in contents for warning in content.warnings)
        return Offered({METRIC.name: ElementTemplates(len(templates), templates)}, warnings)

    def _files_below(self, folder: str) -> tuple[str, ...]:
        if folder not in self._files:
            self._files[folder] = tuple(_definition_files(os.path.join(folder, TEMPLATES_FOLDER)))
        return self._files[folder]

    def _content(self, path: str) -> _DefinitionFile:
        if path not in self._read:
            self._read[path] = _read(path, self._max_size)
        return self._read[path]


def is_definition(path: str) -> bool:
    """Whether an absolute path is one at which definitions are looked for."""
    *folders, name = path.split(os.sep)
    return TEMPLATES_FOLDER in folders and name.endswith(".json")


@lru_cache(maxsize=1)
def _received(identity: bytes, folders: tuple[str, ...], max_size: int) -> TemplateDefinitions:
    """This process's copy of the definitions with an identity."""
    return TemplateDefinitions(folders, max_size=max_size)


def _self_and_above(folder: str) -> Iterator[str]:
    above = os.path.dirname(folder)
    yield folder
    while above != folder:
        yield above
        folder, above = above, os.path.dirname(above)


def _definition_files(folder: str) -> list[str]:
    files = []
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = os.path.join(parent, name)
            if name.endswith(".json") and not name.startswith("."):
                files.append(os.path.realpath(path))
    return sorted(files, key=lambda path: path.split(os.sep))


def _read(path: str, max_size: int) -> _DefinitionFile:
    try:
        value = _json(path, max_size)
    except _UnreadableError as error:
        return _DefinitionFile((), (_warning(path, str(error)),))
    definitions, warnings = [], []
    for template in value if isinstance(value, list) else [value]:
        try:
            definitions.append(_definition(template))
        except _UnreadableError as error:
            warnings.append(_warning(path, str(error)))
    return _DefinitionFile(tuple(definitions), tuple(warnings))


def _warning(path: str, reason: str) -> DiagramWarning:
    return DiagramWarning(f"element template definition {path} skipped: {reason}")


def _json(path: str, max_size: int) -> Any:
    # A pipe or a device would block.
    if os.path.exists(path) and not os.path.isfile(path):
        raise _UnreadableError("it is not a file")
    try:
        value, _ = read_json(read_content(DiscoveredFile(path), max_size))
    except DocumentError as error:
        line = "" if error.line is None else f"line {error.line}: "
        raise _UnreadableError(line + error.message) from None
    return value


def _definition(template: Any) -> _Definition:
    if not isinstance(template, dict):
        raise _UnreadableError("it is not a JSON object")
    applies_to, properties = template.get("appliesTo"), template.get("properties")
    if not isinstance(applies_to, list) or not all(isinstance(type, str) for type in applies_to):
        raise _UnreadableError("its appliesTo is not a list of types")
    if not isinstance(properties, list):
        raise _UnreadableError("its properties are not a list")
    bindings = Counter(_binding(property) for property in properties)
    schema = template.get("$schema")
    is_camunda_8 = isinstance(schema, str) and CAMUNDA_8_SCHEMA in schema
    return _Definition(
        Engine.CAMUNDA_8 if is_camunda_8 else Engine.CAMUNDA_7,
        ElementTemplate(
            tuple(map(without_surrogates, applies_to)),
            dict(sorted(bindings.items())),
            True if template.get("icon") else OMITTED,
        ),
    )


def _binding(property: Any) -> str:
    binding = property.get("binding") if isinstance(property, dict) else None
    name = None
    if isinstance(binding, dict):
        name = binding.get("name" if binding.get("type") == "property" else "type")
    if not isinstance(name, str):
        raise _UnreadableError("a property has no binding")
    return without_surrogates(name)
