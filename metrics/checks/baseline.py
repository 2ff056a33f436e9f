"""Baselines: violations that are tolerated until they get worse.

A baseline is a file with one line of JSON for each diagram and key. Lines are sorted, so that git
can merge changes line by line:

```json
{"file":"processes/order.bpmn","key":"diagramMetrics.tasks.userTask.form.embedded","value":3}
```

`file` is relative to the folder of the baseline. The entry for a total has no `file`, but the
`configuration` that limits it, or neither if the limit is from the command line. The entry for a
key of a fragment of our own has the version of the fragment's `rules`.
"""

from __future__ import annotations

import os
import re
from codecs import BOM_UTF8
from collections import Counter
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from metrics.blocks import NUMERIC, LeafKind
from metrics.catalog import own_metric
from metrics.checks.limits import LimitError, kind_of
from metrics.keys import find_key
from metrics.reading.sources import FileError, absolute, content_beside, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from metrics.checks.limits import Value

CONFLICT_MARKERS: Final = (b"<<<<<<<", b"=======", b">>>>>>>", b"|||||||")
ENTRY_KEYS: Final = frozenset({"file", "configuration", "key", "rules", "value"})
UNNORMALIZED: Final = re.compile(r"//|/\.{1,2}(/|\Z)|/\Z")
# Enough for millions of entries.
MAX_BASELINE_BYTES: Final = 512 * 1024 * 1024

NUMERIC_TYPES: Final = {LeafKind.NUMBER: (int,), LeafKind.RATIO: (int, float)}
"""The types of numeric values; other values are texts or null."""


class BaselineError(FileError):
    """A baseline that cannot be read."""


class BaselineEntry(NamedTuple):
    """The tolerated value of one key, of a diagram or of a total.

    `file` and `configuration` are absolute paths; a total has no `file`.
    """

    file: str | None
    configuration: str | None
    key: str
    value: Value

    @property
    def subject(self) -> tuple[str | None, str | None, str]:
        """What the value belongs to."""
        return self[:3]


class Baseline:
    """The entries of a baseline.

    `void` is the number of entries that were counted by another version of the rules of their
    fragment, by the fragment. They tolerate nothing.
    """

    def __init__(
        self, entries: Iterable[BaselineEntry] = (), void: Mapping[str, int] | None = None
    ) -> None:
        self.void: Mapping[str, int] = {} if void is None else void
        self._values: dict[tuple[str | None, str | None, str], list[Value]] = {}
        self._keys: dict[str, list[str]] = {}
        for entry in entries:
            # A merge can leave two values, and both are tolerated.
            values = self._values.setdefault(entry.subject, [])
            if not values and entry.file is not None:
                self._keys.setdefault(entry.file, []).append(entry.key)
            values.append(entry.value)

    def __bool__(self) -> bool:
        return bool(self._values)

    def __contains__(self, file: str) -> bool:
        return file in self._keys

    def values(self, file: str | None, configuration: str | None, key: str) -> list[Value]:
        """The tolerated values of a key, for a diagram or for the total of a configuration."""
        return self._values.get((file, configuration, key), [])

    def of_file(self, file: str) -> Iterator[BaselineEntry]:
        """The entries of a diagram."""
        for key in self._keys.get(file, ()):
            yield from (
                BaselineEntry(file, None, key, value) for value in self._values[file, None, key]
            )

    def files(self) -> Iterable[str]:
        """The paths of the diagrams that have entries."""
        return self._keys

    def entries(self) -> Iterator[BaselineEntry]:
        """All entries."""
        yield from self.totals()
        for file in self._keys:
            yield from self.of_file(file)

    def totals(self) -> Iterator[BaselineEntry]:
        """The entries of totals."""
        for (file, configuration, key), values in self._values.items():
            if file is None:
                yield from (BaselineEntry(None, configuration, key, value) for value in values)


def read_baseline(path: str) -> Baseline:
    """Read the baseline in a file; raises `BaselineError`."""
    content = content_beside(path, MAX_BASELINE_BYTES, BaselineError)
    folder = os.path.join(os.path.dirname(absolute(path)), "")
    void: Counter[str] = Counter()
    return Baseline(_entries(path, folder, content.removeprefix(BOM_UTF8), void), void)


def _entries(path: str, folder: str, content: bytes, void: Counter[str]) -> Iterator[BaselineEntry]:
    """The entries that are valid; the others are counted in `void`, by their fragments."""
    # Not all lines at once: there may be a million.
    for number, line in enumerate(BytesIO(content), start=1):
        if line.startswith(CONFLICT_MARKERS):
            raise BaselineError(path, "unresolved merge conflict.", number)
        if not line.isspace():
            try:
                entry, rules = _entry(orjson.loads(line), folder)
            except ValueError as error:
                raise BaselineError(path, f"not a baseline entry: {error}", number) from None
            if rules == rules_of(entry.key):
                yield entry
            else:
                void[find_key(entry.key).fragment or ""] += 1


@lru_cache(maxsize=1024)
def rules_of(key: str) -> int | None:
    """The version of the rules of the fragment that has a key, None in the documented payload."""
    fragment = find_key(key).fragment
    return None if fragment is None else own_metric(fragment).rules


def _entry(record: Any, folder: str) -> tuple[BaselineEntry, int | None]:
    """The entry of a line, and the version of the rules that it was counted by."""
    if not isinstance(record, dict):
        raise ValueError("it is not an object")
    if not record.keys() <= ENTRY_KEYS:
        raise ValueError(f"unknown key '{min(record.keys() - ENTRY_KEYS)}'")
    if "value" not in record:
        raise ValueError("it has no value")
    file, configuration = record.get("file"), record.get("configuration")
    key: Any = record.get("key")
    value: Any = record["value"]
    values = _values_of(key) if isinstance(key, str) else None
    if values is None:
        raise ValueError("its key cannot have a limit")
    if type(value) not in values.types:
        raise ValueError(f"its value is not {values.noun}")
    for name in (file, configuration):
        if not (name is None or (isinstance(name, str) and name)):
            raise ValueError("its file or configuration is not a path")
    if file is not None and configuration is not None:
        raise ValueError("it has both a file and a configuration")
    rules = record.get("rules")
    if rules is not None and (type(rules) is not int or rules_of(key) is None):
        raise ValueError("its rules are not those of a fragment")
    entry = BaselineEntry(_resolved(file, folder), _resolved(configuration, folder), key, value)
    return entry, rules


class _Values(NamedTuple):
    """The values that a key can have."""

    noun: str
    types: tuple[type, ...]


@lru_cache(maxsize=1024)
def _values_of(key: str) -> _Values | None:
    """The values of a key; None for one that cannot have a limit."""
    try:
        kind = kind_of(key)
    except LimitError:
        return None
    # Numbers of our own are fractions if they are large.
    numeric_kind = kind if rules_of(key) is None or kind not in NUMERIC else LeafKind.RATIO
    return _Values(kind.value, NUMERIC_TYPES.get(numeric_kind, (str, type(None))))


def _resolved(name: str | None, folder: str) -> str | None:
    if name is None:
        return None
    # Bytes that are not UTF-8 stay escaped, as in the paths that are looked up.
    path = name if os.path.isabs(name) else folder + name
    return os.path.normpath(path) if UNNORMALIZED.search(path) else path


def baseline_lines(entries: Iterable[BaselineEntry], path: str) -> Iterator[bytes]:
    """The lines of a baseline at `path`, one for each entry, sorted."""
    folder = os.path.dirname(absolute(path))
    # A key with several limits has one entry.
    records = (_record(entry, folder) for entry in dict.fromkeys(entries))
    for record in sorted(records, key=_order):
        yield orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)


def _order(record: Mapping[str, Any]) -> tuple[str, str, str]:
    return record.get("file", ""), record.get("configuration", ""), record["key"]


def _record(entry: BaselineEntry, folder: str) -> dict[str, Any]:
    file, configuration, key, value = entry
    record = {"file": _relative(file, folder), "configuration": _relative(configuration, folder)}
    named = {name: path for name, path in record.items() if path is not None}
    rules = rules_of(key)
    return named | {"key": key} | ({} if rules is None else {"rules": rules}) | {"value": value}


def _relative(path: str | None, folder: str) -> str | None:
    return None if path is None else printable(os.path.relpath(path, folder)).replace(os.sep, "/")
