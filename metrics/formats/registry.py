"""The formats of a command by their names: one module per format, imported when it is loaded."""

from __future__ import annotations

from importlib import import_module
from typing import Generic, TypeVar

Format = TypeVar("Format")


class Formats(Generic[Format]):
    """The formats in a package: each is the function of its name in the module of its name."""

    def __init__(self, package: str, names: tuple[str, ...]) -> None:
        self.names = names
        self._package = package

    def load(self, name: str) -> Format:
        """The function of a format."""
        function: Format = getattr(import_module(f"{self._package}.{name}"), name)
        return function
