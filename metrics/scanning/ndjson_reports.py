"""The lines of NDJSON that an earlier scan printed, as reports again."""

from __future__ import annotations

import re
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import orjson

from metrics.blocks import RULES, Omitted, from_json, keys
from metrics.bpmn.diagram import Engine
from metrics.catalog import OWN_FRAGMENTS, metrics_with
from metrics.reading.document import Kind
from metrics.reading.errors import DiagramWarning, DocumentError, ErrorType
from metrics.reading.namespaces import CAMUNDA_8_PLATFORMS
from metrics.reading.sources import DEFAULT_MAX_SIZE, PIECE, STANDARD_INPUT, unescaped
from metrics.report import DIAGRAM_TYPE, ErrorBlock, Report, WarningBlock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metrics.metric import Metric

Record = dict[str, Any]

# As `metrics scan` prints it: what stands behind the name is that of many other files, too.
NAMED: Final = re.compile(
    rb'\{[ \t\r\n]*"file"[ \t\r\n]*:[ \t\r\n]*("[^"\\]*(?:\\.[^"\\]*)*")[ \t\r\n]*,'
)
MAX_BYTES_OF_A_NAME: Final = 16 * 1024
MAX_REMEMBERED: Final = 2048
MAX_BYTES: Final = 4096
MAX_BYTES_OF_A_LINE: Final = 64 * 1024 * 1024
MARK: Final = b"\xef\xbb\xbf"
SPREAD: Final = "JSON of several, passed over; -f ndjson prints lines"


@dataclass(frozen=True)
class _ErrorLine:
    error: ErrorBlock


@dataclass(frozen=True)
class _Warnings:
    warnings: tuple[WarningBlock, ...]


@dataclass(frozen=True)
class _Type:
    diagram_type: Kind


def reports(
    source: str | BinaryIO,
    name: str,
    *,
    max_size: int = DEFAULT_MAX_SIZE,
    most_bytes: int = MAX_BYTES_OF_A_LINE,
    fingerprints: bool = False,
) -> Iterator[Report]:
    """The report of each line of a file that is called by a name.

    `source` is a path or an open binary file. What is no line of `metrics scan`, or has only a
    fragment of a payload, is a report with an error that tells the line; so is what cannot be read,
    and a line of more than `most_bytes`. An object over several lines is one error, and a list is
    one with all that comes behind it.

    With `fingerprints` the files of up to `max_size` bytes that the lines name are looked at, where
    they are still there, and the reports of those have that of what is in them now.
    """
    reader = _Reader()
    number = 0
    is_first, is_within = True, False
    with ExitStack() as stack:
        try:
            lines = stack.enter_context(open(source, "rb")) if isinstance(source, str) else source
            while line := lines.readline(most_bytes + 1):
                number += 1
                line = line.removeprefix(MARK) if number == 1 else line
                if line.isspace():
                    continue
                if is_within and not NAMED.match(line, 0, MAX_BYTES_OF_A_NAME):
                    continue
                is_within = line.strip() == b"{"
                if is_within:
                    yield _no_line(name, SPREAD, number)
                    continue
                if is_first and line.startswith(b"["):
                    yield _no_line(name, SPREAD, number)
                    return
                is_first = False
                if len(line) > most_bytes:
                    reason = f"a line of more than {most_bytes} bytes"
                    yield Report(name, error=DocumentError(ErrorType.TOO_LARGE, reason, number))
                    while line and not line.endswith(b"\n"):
                        line = lines.readline(PIECE)
                    continue
                report = _line(reader, line, name, number)
                if fingerprints and report.error is None and report.file != STANDARD_INPUT:
                    _look_at_file(report, max_size)
                yield report
        except OSError as error:
            reason = error.strerror or str(error)
            yield Report(name, error=DocumentError(ErrorType.UNREADABLE, reason))


def _no_line(name: str, why: str, number: int) -> Report:
    reason = f"no line that metrics scan prints: {why}"
    return Report(name, error=DocumentError(ErrorType.MALFORMED, reason, number))


def _line(reader: _Reader, line: bytes, name: str, number: int) -> Report:
    try:
        return reader.report(line)
    except (ValueError, RecursionError) as error:
        return _no_line(name, str(error), number)
    except (MemoryError, SystemError):
        # So ends orjson where it gets no memory.
        reason = "not enough memory for the line"
        return Report(name, error=DocumentError(ErrorType.TOO_LARGE, reason, number))


class _Reader:
    """Reads lines; those that differ by the file alone have the same blocks."""

    def __init__(self) -> None:
        self._remembered: dict[bytes, Report] = {}

    def report(self, line: bytes) -> Report:
        """The report of a line; raises `ValueError` where it is that of no report."""
        match = NAMED.match(line, 0, MAX_BYTES_OF_A_NAME)
        if match is None or len(line) - match.end() > MAX_BYTES:
            return _report(orjson.loads(line))
        rest = line[match.end() :]
        known = self._remembered.get(rest)
        if known is None:
            known = _report(orjson.loads(line))
            if len(self._remembered) == MAX_REMEMBERED:
                self._remembered.clear()
            self._remembered[rest] = known
        return Report(orjson.loads(match[1]), known.kind, known.blocks, known.warnings, known.error)


def _report(record: object) -> Report:
    if not isinstance(record, dict):
        raise ValueError("it is no object")
    file = record.pop("file", None)
    if not isinstance(file, str):
        raise ValueError("it names no file")
    if "error" in record:
        found = from_json(_ErrorLine, record).error
        error = DocumentError(
            found.type, found.message, _if_told(found.line), _if_told(found.column)
        )
        return Report(file, error=error)
    warnings = tuple(
        DiagramWarning(warning.message, _if_told(warning.line))
        for warning in from_json(_Warnings, {"warnings": record.pop("warnings", [])}).warnings
    )
    if DIAGRAM_TYPE not in record:
        raise ValueError(f"{DIAGRAM_TYPE} is missing, as in what --fragment prints")
    if record.get("executionPlatform") == "":
        raise ValueError("executionPlatform is empty")
    kind = from_json(_Type, {DIAGRAM_TYPE: record.pop(DIAGRAM_TYPE)}).diagram_type
    return Report(file, kind, _blocks(kind, record), warnings)


def _blocks(kind: Kind, record: Record) -> dict[str, Any]:
    """The blocks of a payload, of which nothing but empty groups is left."""
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
    """The dotted key of a value that is no group, None where there are groups alone."""
    way = [iter(record.items())]
    names: list[str] = []
    while way:
        found = next(way[-1], None)
        if found is None:
            way.pop()
            del names[-1:]
        elif isinstance(found[1], dict):
            names.append(found[0])
            way.append(iter(found[1].items()))
        else:
            return ".".join([*names, found[0]])
    return None


def _taken(metric: Metric[Any, Any], example: Any, record: Record) -> Any:
    """The block of a metric, taken out of a payload."""
    holder = record
    for group in metric.path:
        inner = holder.get(group)
        if not isinstance(inner, dict):
            raise ValueError(f"{metric.key} is missing")
        holder = inner
    if metric.rules is not None and (rules := holder.pop(RULES, None)) != metric.rules:
        raise ValueError(f"{metric.key} is computed by rules {rules!r}, and not {metric.rules}")
    _, printed, documented, *_ = keys(type(example))
    own = {name: holder.pop(name) for name in {*printed, *documented} & holder.keys()}
    return from_json(type(example), own, example)


def _if_told(place: int | Omitted) -> int | None:
    return None if isinstance(place, Omitted) else place


def _look_at_file(report: Report, max_size: int) -> None:
    from metrics.reading.fingerprint import fingerprint_of_file

    file = report.file or ""
    # A name with bytes that are no text was printed with these escaped.
    for name in dict.fromkeys((file, unescaped(file))):
        report.fingerprint = fingerprint_of_file(name, max_size)
        if report.fingerprint is not None:
            report.file = name
            return
