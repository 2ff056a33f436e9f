"""The namespaces in scope, and prefixes that no tag declares."""

from __future__ import annotations

from html import unescape
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from metrics.reading.errors import ErrorType
from metrics.reading.namespaces import CAMUNDA_8_PLATFORMS, MODELER, PREDEFINED_PREFIXES, XML, XMLNS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from metrics.reading.repair.draft import Draft

# Each takes a hundred times its size in the file.
MAX_UNDECLARED_PREFIXES: Final = 10_000
# Most diagrams have fewer than a hundred.
MAX_VALID_NAMES: Final = 1000
EXECUTION_PLATFORM: Final = "executionPlatform"


class Scopes:
    """The namespaces in scope by prefix, and the undeclared prefixes.

    The Modeler knows some prefixes without a declaration; it ignores names with any other one.
    """

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        # The namespaces of each prefix that are in scope, the innermost last.
        self._in_scope: dict[str, list[str]] = {"xml": [XML], "xmlns": [XMLNS]}
        self._undeclared: dict[str, str] = {}
        self._is_camunda_8 = False
        self.valid_names: set[tuple[str, ...]] = set()
        """The names in tags that were found valid since the scope last changed."""

    def enter(self, declared: Mapping[str, str]) -> None:
        """Enter an element that declares namespaces."""
        for prefix, namespace in declared.items():
            self._in_scope.setdefault(prefix, []).append(namespace)
            self.valid_names.clear()

    def leave(self, declared: Mapping[str, str]) -> None:
        """Leave an element that declares namespaces."""
        for prefix in declared:
            namespaces = self._in_scope[prefix]
            namespaces.pop()
            if not namespaces:
                del self._in_scope[prefix]
            self.valid_names.clear()

    def add_valid(self, names: tuple[str, ...]) -> None:
        """Remember the names in a tag that was found valid."""
        if len(self.valid_names) == MAX_VALID_NAMES:
            self.valid_names.clear()
        self.valid_names.add(names)

    def namespace(self, prefix: str) -> str | None:
        """The namespace of a prefix, None for one that is neither declared nor predefined."""
        in_scope = self._in_scope.get(prefix)
        return in_scope[-1] if in_scope else PREDEFINED_PREFIXES.get(prefix)

    def read_platform(self, attributes: Mapping[str, str]) -> None:
        """Read from the root's attributes whether the diagram is for Camunda 8."""
        for name, value in attributes.items():
            prefix, _, local = name.rpartition(":")
            if local == EXECUTION_PLATFORM and self.namespace(prefix) == MODELER:
                self._is_camunda_8 = unescape(value[1:-1]) in CAMUNDA_8_PLATFORMS
                return

    def add_undeclared(self, names: Iterable[str], position: int) -> bool:
        """Record the undeclared prefixes of names in a tag; returns whether there are any.

        Raises `DocumentError` (`too-large`) if the file has too many.
        """
        has_undeclared = False
        for name in names:
            if ":" in name and (prefix := name.partition(":")[0]) not in self._in_scope:
                self._add_undeclared(prefix, position)
                has_undeclared = True
        return has_undeclared

    def _add_undeclared(self, prefix: str, position: int) -> None:
        is_known = prefix in PREDEFINED_PREFIXES and (prefix != "zeebe" or self._is_camunda_8)
        if prefix not in self._undeclared:
            if len(self._undeclared) == MAX_UNDECLARED_PREFIXES:
                message = f"more than {MAX_UNDECLARED_PREFIXES:,} undeclared prefixes"
                raise self._draft.error(ErrorType.TOO_LARGE, message, position)
            self._undeclared[prefix] = (
                PREDEFINED_PREFIXES[prefix]
                if is_known
                else f"urn:undeclared:{quote(prefix, safe='')}"
            )
        reading = "read as predefined" if is_known else "ignored"
        self._draft.warn(f"undeclared prefix {reading}", position, prefix)

    def missing_declarations(self) -> str:
        """The attributes that declare all undeclared prefixes, for the root's tag."""
        return "".join(
            f' xmlns:{prefix}="{namespace}"' for prefix, namespace in self._undeclared.items()
        )


def is_declaration(name: str) -> bool:
    """Whether an attribute with this name declares a namespace."""
    return name == "xmlns" or name.startswith("xmlns:")


def is_needed(name: str) -> bool:
    """Whether the value of an attribute is needed: of a declaration, or of the platform."""
    return is_declaration(name) or name.endswith(EXECUTION_PLATFORM)


def declarations(attributes: Mapping[str, str]) -> list[tuple[str, str]]:
    """The attributes that declare namespaces, with their quoted values."""
    return [item for item in attributes.items() if is_declaration(item[0])]


def declared_namespaces(attributes: Mapping[str, str]) -> dict[str, str]:
    """The namespaces that attributes with quoted values declare, by prefix; "" for the default."""
    return {name[6:]: unescape(value[1:-1]) for name, value in declarations(attributes)}
