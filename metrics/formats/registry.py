"""The formats of a command by their names: one module per format, imported when it is loaded."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import Any, Generic, TypeVar

Format = TypeVar("Format")


class Formats(Generic[Format]):
    """The formats in a package: each is the function of its name in the module of its name."""

    def __init__(self, package: str, names: tuple[str, ...]) -> None:
        self.names = names
        self._package = package

    def load(self, name: str, **options: Any) -> Format:
        """The function of a format; `options` are arguments that only this format has."""
        function: Any = getattr(import_module(f"{self._package}.{name}"), name)
        if options:
            function = partial(function, **options)
        loaded: Format = function
        return loaded
