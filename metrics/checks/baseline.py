"""Baselines: what goes beyond its limits already, and is put up with until it gets worse.

A baseline is a file with a line of JSON for each diagram and key, sorted, so that two changes to it
can be merged line by line:

```json
{"file":"processes/order.bpmn","key":"diagramMetrics.tasks.userTask.form.embedded","value":3}
```

`file` is relative to the folder of the baseline. For the sum of a portfolio there is, in place of
`file`, the `configuration` that limits it, or neither where that was the command line.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from metrics.blocks import LeafKind
from metrics.checks.limits import LimitError, subject
from metrics.reading.sources import FileError, absolute, content_beside, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from metrics.checks.limits import Value

CONFLICTS: Final = (b"<<<<<<<", b"=======", b">>>>>>>", b"|||||||")
KNOWN: Final = frozenset({"file", "configuration", "key", "value"})
ODD_WAY: Final = re.compile(r"//|/\.{1,2}(/|\Z)|/\Z")
MAX_BYTES: Final = 1024 * 1024 * 1024


TYPES: Final = {LeafKind.NUMBER: (int,), LeafKind.RATIO: (int, float)}
"""The types of values of a baseline; others are texts or null."""


class BaselineError(FileError):
    """A baseline that cannot be read."""


class BaselineEntry(NamedTuple):
    """What a baseline says of one number: of a diagram, or of a portfolio.

    `file` and `configuration` are paths from the root; for a sum the first is None.
    """

    file: str | None
    configuration: str | None
    key: str
    value: Value

    @property
    def subject(self) -> tuple[str | None, str | None, str]:
        """What number it is of."""
        return self[:3]


class Baseline:
    """The entries of a baseline, by what they are of."""

    def __init__(self, entries: Iterable[BaselineEntry] = ()) -> None:
        self._values: dict[tuple[str | None, str | None, str], list[Value]] = {}
        self._keys: dict[str, list[str]] = {}
        for entry in entries:
            # After a merge there may be two, of which each is put up with.
            known = self._values.setdefault(entry.subject, [])
            if not known and entry.file is not None:
                self._keys.setdefault(entry.file, []).append(entry.key)
            known.append(entry.value)

    def __bool__(self) -> bool:
        return bool(self._values)

    def __contains__(self, file: str) -> bool:
        return file in self._keys

    def values(self, file: str | None, configuration: str | None, key: str) -> list[Value]:
        """What is put up with of a number."""
        return self._values.get((file, configuration, key), [])

    def of_file(self, file: str) -> Iterator[BaselineEntry]:
        """The entries for a diagram."""
        for key in self._keys.get(file, ()):
            yield from (
                BaselineEntry(file, None, key, value) for value in self._values[file, None, key]
            )

    def files(self) -> Iterable[str]:
        """The diagrams that have entries."""
        return self._keys

    def entries(self) -> Iterator[BaselineEntry]:
        """All of them."""
        yield from self.sums()
        for file in self._keys:
            yield from self.of_file(file)

    def sums(self) -> Iterator[BaselineEntry]:
        """The entries for portfolios."""
        for (file, configuration, key), values in self._values.items():
            if file is None:
                yield from (BaselineEntry(None, configuration, key, value) for value in values)


def read(path: str) -> Baseline:
    """The baseline in a file; raises `BaselineError` where it is none."""
    folder = os.path.dirname(absolute(path))
    return Baseline(_entries(path, folder, content_beside(path, MAX_BYTES, BaselineError)))


def _entries(path: str, folder: str, content: bytes) -> Iterator[BaselineEntry]:
    for number, line in enumerate(content.splitlines(), start=1):
        if line.startswith(CONFLICTS):
            raise BaselineError(path, "a merge conflict that is not resolved.", number)
        if line and not line.isspace():
            try:
                yield _entry(orjson.loads(line), folder)
            except ValueError as error:
                raise BaselineError(path, f"no entry of a baseline: {error}", number) from None


def _entry(record: Any, folder: str) -> BaselineEntry:
    if not isinstance(record, dict):
        raise ValueError("it is no object")
    if not record.keys() <= KNOWN:
        raise ValueError(f"{min(record.keys() - KNOWN)} is not known")
    if "value" not in record:
        raise ValueError("it has no value")
    file, configuration = record.get("file"), record.get("configuration")
    key, value = record.get("key"), record["value"]
    try:
        kind = subject(key) if isinstance(key, str) else None
    except LimitError:
        kind = None
    if not isinstance(key, str) or kind is None:
        raise ValueError("it has no key that a payload has")
    if type(value) not in TYPES.get(kind, (str, type(None))):
        raise ValueError(f"its value is not {kind.value}")
    for name in (file, configuration):
        if not (name is None or (isinstance(name, str) and name)):
            raise ValueError("its file has no name")
    if file is not None and configuration is not None:
        raise ValueError("it is of a diagram and of a portfolio")
    return BaselineEntry(_resolved(file, folder), _resolved(configuration, folder), key, value)


def _resolved(name: str | None, folder: str) -> str | None:
    if name is None:
        return None
    # Odd bytes stand there as they are printed, and are found again by that.
    path = os.path.join(folder, name)
    return os.path.normpath(path) if ODD_WAY.search(path) else path


def dumps(entries: Iterable[BaselineEntry], path: str) -> Iterator[bytes]:
    """The lines of a baseline that stands at a path."""
    folder = os.path.dirname(absolute(path))
    # Several limits for a key are one entry.
    records = (_record(entry, folder) for entry in dict.fromkeys(entries))
    for record in sorted(records, key=_order):
        yield orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)


def _order(record: Mapping[str, Any]) -> tuple[str, str, str]:
    return record.get("file", ""), record.get("configuration", ""), record["key"]


def _record(entry: BaselineEntry, folder: str) -> dict[str, Any]:
    file, configuration, key, value = entry
    record = {"file": _relative(file, folder), "configuration": _relative(configuration, folder)}
    named = {name: path for name, path in record.items() if path is not None}
    return named | {"key": key, "value": value}


def _relative(path: str | None, folder: str) -> str | None:
    return None if path is None else printable(os.path.relpath(path, folder)).replace(os.sep, "/")
