"""Compares a full scan with parsing alone, in one process with the files in memory.

    python benchmarks/scan.py [FOLDER]

Without a folder, diagrams are generated. Each round parses the bytes with `lxml` alone, then scans
them with every block of the payload. Prints the medians of several rounds, and of their ratios.
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
    """Parse with the defaults of lxml; skips forms, which are not XML."""
    for name, content in files:
        if not name.endswith(".form"):
            try:
                etree.fromstring(content)
            except etree.XMLSyntaxError:
                continue


def measure(files: Files) -> None:
    """Scan every file."""
    for name, content in files:
        scan(content, name=name)


def seconds(work: Callable[[Files], None], files: Files) -> float:
    """The duration of some work."""
    start = time.perf_counter()
    work(files)
    return time.perf_counter() - start


def main() -> None:
    """Print the measurements."""
    if len(sys.argv) > 1:
        paths = discover([sys.argv[1]], honour_ignores=False)
        files = [(path, Path(path).read_bytes()) for path in paths if isinstance(path, str)]
    else:
        files = [
            (f"{number}.bpmn", generate.diagram(number, elements).encode())
            for number, elements in enumerate(generate.sizes(GENERATED))
        ]
    if not files:
        sys.exit("no diagrams")
    measure(files)
    # As the command does after its imports.
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
