"""Measures the peak memory of scans, by the number and the kind of files.

    python benchmarks/memory.py [--counts 1000,4000] [--kinds well-formed]
        [--layouts "one folder"] [--commands "scan -j 1"]

The files are hard links to a few hundred generated diagrams, in one folder and in folders of 500.
The memory of a run is the sum of the peaks of its processes that are alive at a time, as Linux
reports them; a page that several processes share counts for each of them. The output is discarded.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import tempfile
import time
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import generate
from folders import METRICS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SECONDS_BETWEEN_SAMPLES: Final = 0.02
FILES_PER_FOLDER: Final = 500
DIAGRAMS: Final = 400
ELEMENTS: Final = 3

COUNTS: Final = (1_000, 4_000, 16_000, 64_000, 128_000)
COMMANDS: Final = ("scan -j 1", "scan -j 2")
# The `malformed` and `recovered` of `write_diagrams`.
KINDS: Final = {
    "well-formed": (0, 0),
    "1% malformed": (100, 0),
    "20% malformed": (5, 0),
    "recovered": (0, 1),
}
LAYOUTS: Final = ("one folder", "folders of 500")


def write_diagrams(folder: Path, malformed: int, recovered: int) -> list[Path]:
    """Write diagrams; returns their paths.

    One in `malformed` is malformed, and one in `recovered` has faults that are recovered; 0 means
    none.
    """
    folder.mkdir()
    paths = []
    for number in range(DIAGRAMS):
        text = generate.diagram(number, ELEMENTS)
        if malformed and number % malformed == 0:
            # Its last tag does not end.
            text = text.rstrip()[:-1]
        elif recovered and number % recovered == 0:
            text = text.replace("<bpmn:process ", "<bpmn:process a=b id='again' ")
        path = folder / f"{number:03}.bpmn"
        path.write_text(text, encoding="utf-8")
        paths.append(path)
    return paths


def link_files(diagrams: list[Path], count: int, folder: Path, layout: str) -> None:
    """Make a folder with a number of files that are links to diagrams."""
    for number in range(count):
        inner = folder if layout == LAYOUTS[0] else folder / f"{number // FILES_PER_FOLDER:04}"
        inner.mkdir(parents=True, exist_ok=True)
        os.link(diagrams[number % len(diagrams)], inner / f"{number:06}.bpmn")


class Peak(NamedTuple):
    """The elapsed seconds of a run, and the peak memory of all its processes together."""

    seconds: float
    megabytes: float


def peak_memory(*arguments: str, others: Iterable[int] = ()) -> Peak:
    """Run the command; `others` are further processes whose memory counts."""
    peak = 0
    others = [*others]
    start = time.perf_counter()
    with subprocess.Popen(
        [METRICS, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as running:
        while running.poll() is None:
            alive = chain(*map(processes, (running.pid, *others)))
            peak = max(peak, sum(map(peak_until_now, alive)))
            time.sleep(SECONDS_BETWEEN_SAMPLES)
    return Peak(time.perf_counter() - start, peak / 1e6)


def processes(top: int) -> Iterator[int]:
    """A process and those below it."""
    yield top
    with suppress(OSError):
        for task in Path(f"/proc/{top}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from processes(int(child))


def peak_until_now(process: int) -> int:
    """The largest number of bytes that a process has held."""
    with suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


def main() -> None:
    """Run all measurements and print their figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--counts", default=",".join(map(str, COUNTS)), help="numbers of files")
    parser.add_argument("--kinds", default=",".join(KINDS), help="kinds of files")
    parser.add_argument("--layouts", default=",".join(LAYOUTS), help="layouts of folders")
    parser.add_argument("--commands", default=",".join(COMMANDS), help="commands to run")
    options = parser.parse_args()
    counts = [int(count) for count in options.counts.split(",")]
    print(f"{'MB, by the number of files':42}" + "".join(f"{count:9,}" for count in counts))
    with tempfile.TemporaryDirectory() as temporary:
        scratch = Path(temporary)
        for kind in options.kinds.split(","):
            diagrams = write_diagrams(scratch / kind, *KINDS[kind])
            for layout in options.layouts.split(","):
                figures: dict[str, list[float]] = {}
                for count in counts:
                    folder = scratch / "files"
                    link_files(diagrams, count, folder, layout)
                    for command in options.commands.split(","):
                        found = peak_memory(*command.split(), str(folder)).megabytes
                        figures.setdefault(command, []).append(found)
                    shutil.rmtree(folder)
                for command, megabytes in figures.items():
                    row = "".join(f"{figure:9.1f}" for figure in megabytes)
                    print(f"{command:12}{kind:15}{layout:15}{row}", flush=True)


if __name__ == "__main__":
    main()
