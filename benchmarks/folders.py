"""What scanning folders with the command costs: whole processes, start-up to last line.

    python benchmarks/folders.py [FOLDER]...

Measured are the folders that are given and 20,000 generated diagrams: one process against another
that finds, reads and parses the same files with raw `lxml`, and two processes against one; then
20 files, memory and the first line at 10,000 and 100,000 files, the cost of a file from 1,000 to
100,000 and that of a byte from 10 kB to 100 MB. Figures are medians of rounds in which all take
turns.
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
from typing import NamedTuple

import generate
from lxml import etree

import metrics

METRICS = Path(sys.executable).with_name("metrics")
ROUNDS = 5
GENERATED = 20_000
SIZES = (1_000, 10_000, 100_000)
BYTES = (10_000, 100_000, 1_000_000, 10_000_000, 100_000_000)

RAW = """
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
    """Seconds of a whole run, seconds to its first line, and the most bytes that it held."""

    seconds: float
    first_line: float
    memory: int


def scan(*arguments: str | Path) -> Run:
    """Run `metrics scan`, and read what it prints."""
    return run("scan", "--no-ignore", *arguments)


def run(*arguments: str | Path) -> Run:
    """Run the command, and read what it prints."""
    start = time.perf_counter()
    with subprocess.Popen(
        [METRICS, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        first_line = time.perf_counter() - start
        while process.stdout.read(1024 * 1024):
            pass
        _, _, usage = os.wait4(process.pid, 0)
        process.returncode = 0
    return Run(time.perf_counter() - start, first_line, usage.ru_maxrss * 1024)


def raw(folder: Path) -> float:
    """Seconds of a process that finds, reads and parses all files of a folder with lxml."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", RAW, folder], check=True)
    return time.perf_counter() - start


def median(values: list[float]) -> float:
    """The middle of some figures."""
    return statistics.median(values)


def compare(name: str, folder: Path) -> None:
    """Print what one process costs over raw parsing, and what a second one brings."""
    scan("-j", "1", folder)
    rounds = [
        (raw(folder), scan("-j", "1", folder).seconds, scan("-j", "2", folder).seconds)
        for _ in range(ROUNDS)
    ]
    print(f"{name}")
    print(f"  raw reading and parsing  {median([one for one, _, _ in rounds]):8.2f} s")
    print(f"  metrics scan -j 1        {median([one for _, one, _ in rounds]):8.2f} s")
    print(f"  metrics scan -j 2        {median([one for _, _, one in rounds]):8.2f} s")
    print(f"  -j 1 / raw               {median([one / raw for raw, one, _ in rounds]):8.2f}")
    print(f"  -j 1 / -j 2              {median([one / two for _, one, two in rounds]):8.2f}")


def few(folder: Path) -> None:
    """Print what a second process costs where there is little to do."""
    files = sorted(folder.iterdir())[:20]
    rounds = [(scan("-j", "1", *files).seconds, scan("-j", "2", *files).seconds) for _ in range(20)]
    print(f"20 files: -j 2 / -j 1      {median([two / one for one, two in rounds]):8.2f}")


def many(folder: Path, scratch: Path) -> None:
    """Print the cost of a file, memory and the first line, by the number of files."""
    originals = sorted(folder.iterdir())
    print("files     µs a file   first line   peak memory (-j 1; -j 2)")
    for size in SIZES:
        models = scratch / str(size)
        models.mkdir()
        for number in range(size):
            os.link(originals[number % 1000], models / f"{number:06}.bpmn")
        ones = [scan("-j", "1", models) for _ in range(3)]
        two = scan("-j", "2", models)
        print(
            f"{size:7} {median([run.seconds for run in ones]) / size * 1e6:10.1f}"
            f" {median([run.first_line for run in ones]) * 1e3:9.0f} ms"
            f" {median([run.memory for run in ones]) / 1e6:10.1f} MB; {two.memory / 1e6:.1f} MB"
        )


def large(scratch: Path) -> None:
    """Print the cost of a byte, by the size of the file."""
    print("bytes     metrics scan   raw parsing    ratio   (ns a byte, start-up left out)")
    nothing = scratch / "nothing"
    nothing.mkdir()
    (nothing / "a.bpmn").write_text(generate.diagram(1, 1))
    start = median([scan("-j", "1", nothing).seconds for _ in range(9)])
    raw_start = median([raw(nothing) for _ in range(9)])
    for size in BYTES:
        models = scratch / f"bytes-{size}"
        models.mkdir()
        # About as many bytes in all: thousands of small files, or one large one.
        content = generate.diagram(1, max(2, size // 1050)).encode()
        count = max(1, BYTES[-1] // 2 // len(content))
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
    """Print what was measured."""
    version = ".".join(map(str, etree.LIBXML_VERSION))
    print(f"Python {platform.python_version()}, lxml {etree.__version__}, libxml2 {version}")
    # As an installer leaves it.
    compileall.compile_dir(Path(metrics.__file__).parent, quiet=1)
    with tempfile.TemporaryDirectory() as temporary:
        scratch = Path(temporary)
        generated = scratch / "generated"
        generate.write(GENERATED, generated)
        for folder in sys.argv[1:]:
            compare(folder, Path(folder))
        compare(f"{GENERATED} generated diagrams", generated)
        few(generated)
        many(generated, scratch)
        large(scratch)


if __name__ == "__main__":
    main()
