"""Measures scans of folders with the command: whole processes, from start to last line.

    python benchmarks/folders.py

Measures a scan of 20 files with one process and with two; the cost of a file and the time to the
first line with 1,000 to 100,000 files; and the cost of a byte in files from 10 kB to 100 MB, beside
that of a process that finds, reads and parses the same files with plain `lxml`. All figures are
medians.
"""

from __future__ import annotations

import compileall
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import generate
from lxml import etree

import metrics

if TYPE_CHECKING:
    from collections.abc import Iterable

METRICS = Path(sys.executable).with_name("metrics")
GENERATED_FILES = 20_000
FILE_COUNTS = (1_000, 10_000, 100_000)
FILE_SIZES = (10_000, 100_000, 1_000_000, 10_000_000, 100_000_000)

PARSE_ALL = """
import os, sys
from lxml import etree
for folder, _, names in os.walk(sys.argv[1]):
    for name in names:
        with open(os.path.join(folder, name), "rb") as file:
            content = file.read()
        if not name.endswith(".form"):
            try:
                etree.fromstring(content)
            except etree.XMLSyntaxError:
                pass
"""


class Run(NamedTuple):
    """A whole run of a process, whose output is read.

    `seconds` is its elapsed time, of which `first_line` pass until its first line. `processor` is
    its processor time in seconds, and `memory` its peak memory in bytes.
    """

    seconds: float
    first_line: float
    processor: float
    memory: int


def scan(*arguments: str | Path) -> Run:
    """Run `metrics scan` and read its output."""
    return run("scan", "--no-ignore", *arguments)


def run(*arguments: str | Path) -> Run:
    """Run the command and read its output."""
    return run_process(METRICS, *arguments)


def run_process(*arguments: str | Path) -> Run:
    """Run a process and read its output."""
    start = time.perf_counter()
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        process.stdout.readline()
        first_line = time.perf_counter() - start
        while process.stdout.read(1024 * 1024):
            pass
        _, _, usage = os.wait4(process.pid, 0)
        process.returncode = 0
    seconds = time.perf_counter() - start
    return Run(seconds, first_line, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def raw(folder: Path) -> float:
    """Seconds of a process that finds, reads and parses all files of a folder with plain lxml."""
    return run_process(sys.executable, "-c", PARSE_ALL, folder).seconds


def median(values: Iterable[float]) -> float:
    """The median of some figures."""
    return statistics.median(values)


def few(folder: Path) -> None:
    """Print the cost of allowing a second process for a few files."""
    files = sorted(folder.iterdir())[:20]
    ratios = [scan("-j", "2", *files).seconds / scan("-j", "1", *files).seconds for _ in range(20)]
    print(f"20 files: -j 2 / -j 1      {median(ratios):8.2f}")


def many(folder: Path, scratch: Path) -> None:
    """Print the cost of a file and the time to the first line, by the number of files."""
    originals = sorted(folder.iterdir())
    print("files     µs/file     first line")
    for size in FILE_COUNTS:
        models = scratch / str(size)
        models.mkdir()
        for number in range(size):
            os.link(originals[number % 1000], models / f"{number:06}.bpmn")
        single = [scan("-j", "1", models) for _ in range(3)]
        print(
            f"{size:7} {median([run.seconds for run in single]) / size * 1e6:10.1f}"
            f" {median([run.first_line for run in single]) * 1e3:9.0f} ms"
        )


def large(scratch: Path) -> None:
    """Print the cost of a byte, by the size of the files."""
    print("bytes     metrics scan   raw parsing    ratio   (ns/byte without start-up)")
    nothing = scratch / "nothing"
    nothing.mkdir()
    (nothing / "a.bpmn").write_text(generate.diagram(1, 1))
    start = median([scan("-j", "1", nothing).seconds for _ in range(9)])
    raw_start = median([raw(nothing) for _ in range(9)])
    for size in FILE_SIZES:
        models = scratch / f"bytes-{size}"
        models.mkdir()
        # About the same number of bytes in total: thousands of small files, or one large file.
        content = generate.diagram(1, max(2, size // 1050)).encode()
        count = max(1, FILE_SIZES[-1] // 2 // len(content))
        for number in range(count):
            (models / f"{number}.bpmn").write_bytes(content)
        total = count * len(content)
        ours = median([scan("-j", "1", models).seconds - start for _ in range(3)])
        theirs = median([raw(models) - raw_start for _ in range(3)])
        print(
            f"{len(content):9} {ours / total * 1e9:10.2f} {theirs / total * 1e9:13.2f}"
            f" {ours / theirs:12.2f}"
        )


def main() -> None:
    """Run all measurements and print their figures."""
    version = ".".join(map(str, etree.LIBXML_VERSION))
    print(f"Python {platform.python_version()}, lxml {etree.__version__}, libxml2 {version}")
    # An installer compiles the modules, too.
    compileall.compile_dir(Path(metrics.__file__).parent, quiet=1)
    with tempfile.TemporaryDirectory() as temporary:
        scratch = Path(temporary)
        generated = scratch / "generated"
        generate.write(GENERATED_FILES, generated)
        few(generated)
        many(generated, scratch)
        large(scratch)


if __name__ == "__main__":
    main()
