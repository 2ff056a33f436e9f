"""Reads reports back from the NDJSON that `metrics scan` printed."""

from __future__ import annotations

import os
import re
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import orjson

from metrics.blocks import RULES, Omitted, block_class, from_json, keys
from metrics.bpmn.diagram import Engine
from metrics.catalog import OWN_FRAGMENTS, metrics_with, own_metric
from metrics.reading.document import Kind
from metrics.reading.errors import DiagramWarning, DocumentError, ErrorType
from metrics.reading.lines import line_too_long, name_too_long, read_lines
from metrics.reading.namespaces import CAMUNDA_8_PLATFORMS
from metrics.reading.sources import (
    DEFAULT_MAX_SIZE,
    MAX_NAME_CHARACTERS,
    STANDARD_INPUT,
    unescaped,
)
from metrics.report import DIAGRAM_TYPE, ErrorBlock, Report, WarningBlock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metrics.metric import Metric

Record = dict[str, Any]

# The beginning of a line, up to the file. The rest of the line is the same for many files.
FILE_KEY: Final = re.compile(
    rb'\{[ \t\r\n]*"file"[ \t\r\n]*:[ \t\r\n]*("[^"\\]*(?:\\.[^"\\]*)*")[ \t\r\n]*,'
)
MAX_BYTES_PER_NAME: Final = 16 * 1024
MAX_LINES_REMEMBERED: Final = 2048
MAX_BYTES_REMEMBERED: Final = 4096
MAX_BYTES_PER_LINE: Final = 64 * 1024 * 1024
MULTILINE_JSON: Final = "JSON over several lines is skipped; -f ndjson prints one line per diagram"


@block_class
class _ErrorLine:
    error: ErrorBlock


@block_class
class _Warnings:
    warnings: tuple[WarningBlock, ...]


@block_class
class _Type:
    diagram_type: Kind


def read_reports(
    source: str | os.PathLike[str] | BinaryIO,
    name: str | None = None,
    *,
    max_size: int = DEFAULT_MAX_SIZE,
    max_line_bytes: int = MAX_BYTES_PER_LINE,
    fingerprints: bool = False,
) -> Iterator[Report]:
    """Yield the report of each line.

    `source` is a path or an open binary file; errors are reported under `name`, by default the path
    or `-`. A line yields a report with an error and its line number if `metrics scan` does not
    print such lines, if it holds only a fragment of a payload, or if it has more than
    `max_line_bytes`. A fragment that was computed by another version of its rules is left out; the
    report names it among its `other_rules`. A source that cannot be read yields one error. So does
    a JSON object over several lines, and a JSON list, after which the rest of the source is
    skipped.

    With `fingerprints`, files that still exist and have at most `max_size` bytes are read again,
    and their reports have the fingerprints of the current contents.
    """
    if isinstance(source, os.PathLike):
        source = os.fspath(source)
    if name is None:
        name = source if isinstance(source, str) else STANDARD_INPUT
    reader = _Reader()
    is_first, is_within_object = True, False
    with ExitStack() as stack:
        try:
            stream = stack.enter_context(open(source, "rb")) if isinstance(source, str) else source
            for number, line, is_too_long in read_lines(stream, max_line_bytes):
                if is_within_object and not FILE_KEY.match(line, 0, MAX_BYTES_PER_NAME):
                    continue
                is_within_object = line.strip() == b"{"
                if is_within_object:
                    yield _malformed(name, MULTILINE_JSON, number)
                    continue
                if is_first and line.startswith(b"["):
                    yield _malformed(name, MULTILINE_JSON, number)
                    return
                is_first = False
                if is_too_long:
                    yield Report(name, error=line_too_long(max_line_bytes, number))
                    continue
                report = _report_of_line(reader, line, name, number)
                if len(report.name) > MAX_NAME_CHARACTERS:
                    report = Report(name, error=name_too_long(number))
                if fingerprints and report.error is None and report.file != STANDARD_INPUT:
                    report = _with_fingerprint(report, max_size)
                yield report
        except DocumentError as error:
            yield Report(name, error=error)
        except OSError as error:
            reason = error.strerror or str(error)
            yield Report(name, error=DocumentError(ErrorType.UNREADABLE, reason))


def _malformed(name: str, why: str, number: int) -> Report:
    return _failed(name, ErrorType.MALFORMED, f"not a line that metrics scan prints: {why}", number)


def _failed(name: str, type: ErrorType, reason: str, number: int) -> Report:
    return Report(name, error=DocumentError(type, reason, number))


def _report_of_line(reader: _Reader, line: bytes, name: str, number: int) -> Report:
    try:
        return reader.report(line)
    except (ValueError, RecursionError) as error:
        return _malformed(name, str(error), number)
    except (MemoryError, SystemError):
        # orjson raises `SystemError` when it gets no memory.
        reason = "not enough memory for the line"
        return _failed(name, ErrorType.TOO_LARGE, reason, number)


class _Reader:
    """Reads lines; lines that differ only in the file share their blocks."""

    def __init__(self) -> None:
        self._remembered: dict[bytes, Report] = {}

    def report(self, line: bytes) -> Report:
        """The report of a line; raises `ValueError` if it holds none."""
        match = FILE_KEY.match(line, 0, MAX_BYTES_PER_NAME)
        if match is None or len(line) - match.end() > MAX_BYTES_REMEMBERED:
            return _report(orjson.loads(line))
        rest = line[match.end() :]
        known = self._remembered.get(rest)
        if known is None:
            known = _report(orjson.loads(line))
            if len(self._remembered) == MAX_LINES_REMEMBERED:
                self._remembered.clear()
            self._remembered[rest] = known
        return Report(
            orjson.loads(match[1]),
            known.kind,
            known.blocks,
            known.warnings,
            known.error,
            other_rules=known.other_rules,
        )


def _report(record: object) -> Report:
    if not isinstance(record, dict):
        raise ValueError("it is not an object")
    file = record.pop("file", None)
    if not isinstance(file, str):
        raise ValueError("it has no file")
    if "error" in record:
        block = from_json(_ErrorLine, record).error
        line, column = _or_none(block.line), _or_none(block.column)
        return Report(file, error=DocumentError(block.type, block.message, line, column))
    warnings = tuple(
        DiagramWarning(warning.message, _or_none(warning.line))
        for warning in from_json(_Warnings, {"warnings": record.pop("warnings", [])}).warnings
    )
    if DIAGRAM_TYPE not in record:
        raise ValueError(f"{DIAGRAM_TYPE} is missing, as in the output of --fragment")
    if record.get("executionPlatform") == "":
        raise ValueError("executionPlatform is empty")
    kind = from_json(_Type, {DIAGRAM_TYPE: record.pop(DIAGRAM_TYPE)}).diagram_type
    other_rules = frozenset(_with_other_rules(record))
    for fragment in other_rules:
        del record[fragment]
    return Report(file, kind, _blocks(kind, record), warnings, other_rules=other_rules)


def _with_other_rules(record: Record) -> Iterator[str]:
    """The fragments of our own that were computed by another version of their rules."""
    for fragment in OWN_FRAGMENTS:
        block = record.get(fragment)
        rules = block.get(RULES) if isinstance(block, dict) else None
        if type(rules) is int and rules != own_metric(fragment).rules:
            yield fragment


def _blocks(kind: Kind, record: Record) -> dict[str, Any]:
    """Take the blocks out of a payload; raises `ValueError` if another value remains."""
    is_camunda_8 = kind is Kind.BPMN and record.get("executionPlatform") in CAMUNDA_8_PLATFORMS
    engine = Engine.CAMUNDA_8 if is_camunda_8 else Engine.CAMUNDA_7
    blocks: dict[str, Any] = {}
    for metric in metrics_with(frozenset(OWN_FRAGMENTS).intersection(record)):
        if kind in metric.kinds:
            example = metric.count((), engine)
            blocks[metric.name] = None if example is None else _taken(metric, example, record)
    if (key := _first_leaf(record)) is not None:
        raise ValueError(f"{key} is not known")
    return blocks


def _first_leaf(record: Record) -> str | None:
    """The dotted key of the first value outside groups, or None."""
    # A stack, not recursion: groups may be nested deeper than Python allows calls.
    pending = [iter(record.items())]
    names: list[str] = []
    while pending:
        item = next(pending[-1], None)
        if item is None:
            pending.pop()
            del names[-1:]
            continue
        name, value = item
        if not isinstance(value, dict):
            return ".".join([*names, name])
        names.append(name)
        pending.append(iter(value.items()))
    return None


def _taken(metric: Metric[Any, Any], example: Any, record: Record) -> Any:
    """Take the block of a metric out of a payload."""
    holder = record
    for group in metric.path:
        inner = holder.get(group)
        if not isinstance(inner, dict):
            raise ValueError(f"{metric.key} is missing")
        holder = inner
    rules = None if metric.rules is None else holder.pop(RULES, None)
    if rules != metric.rules or isinstance(rules, bool):
        raise ValueError(f"{metric.key} has rules {rules!r}, expected {metric.rules}")
    _, printed, documented, *_ = keys(type(example))
    own = {name: holder.pop(name) for name in {*printed, *documented} & holder.keys()}
    return from_json(type(example), own, example)


def _or_none(number: int | Omitted) -> int | None:
    return None if isinstance(number, Omitted) else number


def _with_fingerprint(report: Report, max_size: int) -> Report:
    """The report with the fingerprint of its file, if the file can be read."""
    from metrics.reading.fingerprint import fingerprint_of_file

    file = report.file or ""
    # `metrics scan` escapes bytes of a name that are not valid UTF-8.
    for name in dict.fromkeys((file, unescaped(file))):
        fingerprint = fingerprint_of_file(name, max_size)
        if fingerprint is not None:
            return replace(report, file=name, fingerprint=fingerprint)
    return report
