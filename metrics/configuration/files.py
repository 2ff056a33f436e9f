"""Configuration files: where they are, how they are read, and the lines of errors.

A project has `metrics.toml`, or a table `[tool.metrics]` in `pyproject.toml`, with the same keys.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar

from metrics.reading.sources import DiscoveredFile, FileError, content_beside
from metrics.scanning.gitignore import is_repository
from metrics.scanning.globs import GlobError, Globs
from metrics.suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Value = TypeVar("Value")

TomlPath = tuple[str | int, ...]
"""A position in a TOML file: the keys of tables, and the indexes of items in lists."""

OWN_FILE: Final = "metrics.toml"
SHARED_FILE: Final = "pyproject.toml"
FILES: Final = (OWN_FILE, SHARED_FILE)
"""The files to look for in a folder: the first with a configuration applies."""

OWN_TABLE: Final = ("tool", "metrics")
DISTRIBUTION: Final = "bpmn-metrics"

INCLUDE, EXCLUDE, WITH, TEMPLATE_PATH = "include", "exclude", "with", "template-path"
LIMITS, TOTAL, OVERRIDES = "limits", "total", "overrides"
KEYS: Final = (INCLUDE, EXCLUDE, WITH, TEMPLATE_PATH, LIMITS, TOTAL, OVERRIDES)

LINE_AND_COLUMN: Final = re.compile(r" \(at line ([0-9]+), column ([0-9]+)\)\Z")
PART_OF_KEY: Final = re.compile(r"""[A-Za-z0-9_-]++|"[^"\n]*+"|'[^'\n]*+'""")
DOTTED_KEY: Final = re.compile(
    rf"(?:{PART_OF_KEY.pattern})(?:[ \t]*+\.[ \t]*+(?:{PART_OF_KEY.pattern}))*+"
)
MAX_CONFIGURATION_BYTES: Final = 1024 * 1024
# The time of the parser grows with the square of this number.
MAX_PARTS_OF_KEY: Final = 32
# The search for the line of an error parses parts of the file many times.
MAX_BYTES_PARSED_AGAIN: Final = 1024 * 1024


class ConfigurationError(FileError):
    """A configuration that cannot be read, or is malformed."""


class LocatedError(Exception):
    """An error at a position of a file."""

    def __init__(self, location: TomlPath, message: str) -> None:
        super().__init__(message)
        self.location = location


def read_in_folder(
    folder: str, parse: Callable[[str, Mapping[str, Any], TomlPath], Value]
) -> Value | None:
    """Parse the configuration in a folder, as `read_named_file` does; None without one.

    Raises `ConfigurationError`.
    """
    for name in FILES:
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            content = content_beside(
                DiscoveredFile(path), MAX_CONFIGURATION_BYTES, ConfigurationError
            )
            if (value := _parsed(path, content, parse)) is not None:
                return value
        elif os.path.lexists(path) and not os.path.isdir(path):
            # A pipe or a device would block, and the target of a link may be missing.
            raise ConfigurationError(path, "not a file.")
    return None


def folders_to_search(folder: str) -> Iterator[str]:
    """The folders in which a configuration may be, the nearest first.

    These are a folder at an absolute path and those above it, up to the top of its repository.
    """
    while True:
        yield folder
        parent = os.path.dirname(folder)
        if parent == folder or is_repository(folder):
            return
        folder = parent


def read_named_file(path: str, parse: Callable[[str, Mapping[str, Any], TomlPath], Value]) -> Value:
    """Parse the configuration in a file that must have one.

    `parse` receives the path, the table with the configuration, and the position of the table in
    the file; it may raise `LocatedError`. Raises `ConfigurationError`.
    """
    content = content_beside(path, MAX_CONFIGURATION_BYTES, ConfigurationError)
    value = _parsed(path, content, parse)
    if value is None:
        raise ConfigurationError(path, f"there is no table [{'.'.join(OWN_TABLE)}].")
    return value


def _parsed(
    path: str, content: bytes, parse: Callable[[str, Mapping[str, Any], TomlPath], Value]
) -> Value | None:
    """The configuration in the content of a file; None if the file has none.

    Raises `ConfigurationError`.
    """
    is_shared = os.path.basename(path) == SHARED_FILE
    if is_shared and b"metrics" not in content:
        return None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(path, "not UTF-8.", line) from None
    _check_key_lengths(path, text)
    own_table = OWN_TABLE if is_shared else ()
    import tomllib

    try:
        record = _at(parsed := tomllib.loads(text), own_table)
        if record is None and _at(parsed, (OWN_TABLE[0], DISTRIBUTION)) is not None:
            reason = f"the configuration belongs in [{'.'.join(OWN_TABLE)}]."
            raise LocatedError((OWN_TABLE[0], DISTRIBUTION), reason)
        if record is None:
            return None
        check_table(record, own_table)
        check_keys(record, KEYS, own_table)
        return parse(path, record, own_table)
    except ValueError as error:
        # A number with too many digits raises a plain `ValueError`.
        raise _malformed(path, text, str(error)) from None
    except RecursionError:
        raise ConfigurationError(path, "nested too deeply.") from None
    except LocatedError as error:
        raise ConfigurationError(path, str(error), _line(text, error.location)) from None


def _check_key_lengths(path: str, text: str) -> None:
    """Raise `ConfigurationError` for a key that would take the parser long."""
    for key in DOTTED_KEY.finditer(text):
        if len(PART_OF_KEY.findall(key[0])) > MAX_PARTS_OF_KEY:
            line = text.count("\n", 0, key.start()) + 1
            raise ConfigurationError(path, f"a key has more than {MAX_PARTS_OF_KEY} parts.", line)


def _malformed(path: str, text: str, message: str) -> ConfigurationError:
    match = LINE_AND_COLUMN.search(message)
    line = int(match[1]) if match else text.rstrip("\n").count("\n") + 1
    return ConfigurationError(path, f"not valid TOML: {LINE_AND_COLUMN.sub('', message)}.", line)


def _at(record: Any, location: TomlPath) -> Any:
    """The value at a position, None if there is none."""
    for part in location:
        try:
            record = record[part]
        except (LookupError, TypeError):
            return None
    return record


def _line(text: str, location: TomlPath) -> int | None:
    """The line, from 1, in which a value begins; None if it is not found.

    The parser does not report lines, so the first 1, 2, 3, … lines of the file are parsed until
    they contain the value: it begins in the last line of that part.
    """
    if not location:
        return None
    import tomllib

    lines = text.splitlines(keepends=True)
    name = next(str(part) for part in reversed(location) if isinstance(part, str))
    left = MAX_BYTES_PARSED_AGAIN
    for number, line in enumerate(lines, start=1):
        if name not in line:
            continue
        # A value can have several lines.
        for end in range(number, len(lines) + 1):
            part = "".join(lines[:end])
            left -= len(part)
            if left < 0:
                return None
            try:
                record = tomllib.loads(part)
            except ValueError:
                continue
            if _at(record, location) is None:
                break
            candidates = [line for line in range(number, end + 1) if name in lines[line - 1]]
            return candidates[min(_similar_before(record, location), len(candidates) - 1)]
    return None


def _similar_before(record: Any, location: TomlPath) -> int:
    """The number of earlier items in the same list that also have a value at this position."""
    for start, part in enumerate(location):
        if isinstance(part, int):
            others = ((*location[:start], item, *location[start + 1 :]) for item in range(part))
            return sum(_at(record, other) is not None for other in others)
    return 0


def texts_at(record: Any, location: TomlPath, kind: str) -> Sequence[str]:
    """The texts in a list, or a single one; raises `LocatedError` for any other value.

    `kind` names the texts in messages.
    """
    texts = [record] if isinstance(record, str) else record
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise LocatedError(location, f"{location[-1]} must be a list of {kind}.")
    if not texts:
        raise LocatedError(location, f"{location[-1]} is empty.")
    return texts


def globs_at(record: Any, folder: str, location: TomlPath) -> Globs:
    """The patterns in a list, relative to a folder; raises `LocatedError`."""
    patterns = texts_at(record, location, "patterns, as in a .gitignore")
    try:
        return Globs.of(patterns, folder)
    except GlobError as error:
        raise LocatedError(location, str(error)) from None


def check_table(record: Any, location: TomlPath) -> None:
    """Raise `LocatedError` if a value is not a table."""
    if not isinstance(record, dict):
        table = dotted(location)
        raise LocatedError(location, f"{table} must be a table: [{table}].")


def check_keys(record: Mapping[str, Any], known: Sequence[str], location: TomlPath) -> None:
    """Raise `LocatedError` for an unknown key of a table."""
    for key in record:
        if key == OWN_TABLE[0] and not location:
            prefix = ".".join(OWN_TABLE)
            reason = f"only {SHARED_FILE} has the prefix {prefix}: write [{LIMITS}]."
            raise LocatedError((key,), reason)
        if key not in known:
            reason = f"unknown key '{key}'.{did_you_mean(key, known)}"
            raise LocatedError((*location, key), reason)


def dotted(location: TomlPath) -> str:
    """The name of a table, for messages."""
    return ".".join(part for part in location if isinstance(part, str)) or "the file"
