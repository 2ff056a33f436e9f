"""Compares `metrics.scan` with raw `lxml` parsing, in one process, over bytes in memory.

    python benchmarks/scan.py [FOLDER]

Without a FOLDER it generates diagrams. It prints the median times of raw parsing and of a scan with
the whole payload, and their ratio, over rounds in which both take turns.
"""

from __future__ import annotations

import gc
import platform
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import generate
from lxml import etree

from metrics import scan
from metrics.scanning.discovery import discover

if TYPE_CHECKING:
    from collections.abc import Callable

Files = list[tuple[str, bytes]]

GENERATED = 2000
ROUNDS = 9


def parse(files: Files) -> None:
    """Parse with the defaults of lxml; skip forms, which are not XML."""
    for name, content in files:
        if not name.endswith(".form"):
            try:
                etree.fromstring(content)
            except etree.XMLSyntaxError:
                continue


def measure(files: Files) -> None:
    """Scan with the whole payload."""
    for name, content in files:
        scan(content, name=name)


def seconds(work: Callable[[Files], None], files: Files) -> float:
    """The duration of a function."""
    start = time.perf_counter()
    work(files)
    return time.perf_counter() - start


def main() -> None:
    """Run all measurements."""
    if len(sys.argv) > 1:
        found = discover([sys.argv[1]], honour_ignores=False)
        files = [(path, Path(path).read_bytes()) for path in found if isinstance(path, str)]
    else:
        files = [
            (f"{number}.bpmn", generate.diagram(number, elements).encode())
            for number, elements in enumerate(generate.sizes(GENERATED))
        ]
    if not files:
        sys.exit("no diagrams")
    measure(files)
    # As the command does once all is imported.
    gc.freeze()
    rounds = [(seconds(parse, files), seconds(measure, files)) for _ in range(ROUNDS)]
    parsed = statistics.median(raw for raw, _ in rounds)
    scanned = statistics.median(full for _, full in rounds)
    ratio = statistics.median(full / raw for raw, full in rounds)
    size = sum(len(content) for _, content in files)
    version = ".".join(map(str, etree.LIBXML_VERSION))
    print(f"Python {platform.python_version()}, lxml {etree.__version__}, libxml2 {version}")
    print(f"{len(files)} diagrams, {size / 1e6:.1f} MB, median of {ROUNDS} rounds")
    print(f"raw lxml parsing  {parsed * 1e6 / len(files):8.1f} µs a diagram")
    print(f"full scan         {scanned * 1e6 / len(files):8.1f} µs a diagram")
    print(f"ratio             {ratio:8.2f}")


if __name__ == "__main__":
    main()
