"""Compares scans with parsing alone, by processor time: in memory, and with the whole command.

    python benchmarks/scan.py [FOLDER]

Without a folder, diagrams are generated. Every figure is a ratio: the processor time of a scan to
that of reading and parsing the same files with plain `lxml`. They alternate (in memory, after every
40 files), so that other load on the machine affects both. The cost of the fragments of our own is
the ratio of a scan with them to one without. The start-up of the command is compared
with a process that imports lxml, click and orjson. The last row is the elapsed time of one process
over that of two, for 20,000 generated diagrams.
"""

from __future__ import annotations

import compileall
import gc
import platform
import statistics
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import generate
from folders import GENERATED_FILES, METRICS, PARSE_ALL, run_process
from lxml import etree

import metrics
from metrics import OWN_FRAGMENTS, discover, scan

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

Files = list[tuple[str, bytes]]

GENERATED = 2000
ROUNDS = 9
FILES_IN_TURN = 40
MAX_SMALL_BYTES = 2000

IMPORT_SCRIPT = "import lxml.etree, click, orjson"


def parse(files: Files) -> None:
    """Parse with the defaults of lxml; skips forms, which are not XML."""
    for name, content in files:
        if not name.endswith(".form"):
            try:
                etree.fromstring(content)
            except etree.XMLSyntaxError:
                continue


def measure(files: Files, fragments: Collection[str] = ()) -> None:
    """Scan every file, also for some fragments of our own."""
    for name, content in files:
        scan(content, name=name, fragments=fragments)


def measure_and_print(files: Files) -> None:
    """Scan every file and make its payload."""
    for name, content in files:
        scan(content, name=name).payload()


def seconds(work: Callable[[Files], None], files: Files) -> float:
    """The processor time of some work."""
    start = time.process_time()
    work(files)
    return time.process_time() - start


def print_row(name: str, files: str, raw: float, ratio: float) -> None:
    """Print the time of parsing alone, and the ratio of a scan to it."""
    print(f"{name:34} {files:>18} {raw:9.1f} µs {ratio:8.2f}")


def compare_in_memory(name: str, files: Files, work: Callable[[Files], None]) -> None:
    """Print the ratio of some work on each file to parsing it."""
    if not files:
        return
    parts = [files[n : n + FILES_IN_TURN] for n in range(0, len(files), FILES_IN_TURN)]
    work(files)
    # As the command does after its imports.
    gc.freeze()
    raw, ratios = [], []
    for _ in range(ROUNDS):
        pairs = [(seconds(parse, part), seconds(work, part)) for part in parts]
        raw.append(sum(parsed for parsed, _ in pairs))
        ratios.append(sum(worked for _, worked in pairs) / raw[-1])
    size = sum(len(content) for _, content in files) / 1e6
    print_row(
        name,
        f"{len(files)} ({size:.1f} MB)",
        statistics.median(raw) / len(files) * 1e6,
        statistics.median(ratios),
    )


def compare_fragments(files: Files) -> None:
    """Print the ratio of a scan with fragments of our own to one without, each and all together."""
    for names in (*((name,) for name in OWN_FRAGMENTS), OWN_FRAGMENTS):
        ratios = compare_in_turn(files, measure, partial(measure, fragments=names))
        title = names[0] if len(names) == 1 else "all"
        print(f"{f'scan --with {title} / scan':34} {len(files):>18} {'':12} {ratios:8.2f}")


def compare_in_turn(
    files: Files, first: Callable[[Files], None], second: Callable[[Files], None]
) -> float:
    """The ratio of the times of two kinds of work, which alternate after every 40 files."""
    parts = [files[n : n + FILES_IN_TURN] for n in range(0, len(files), FILES_IN_TURN)]
    second(files)
    ratios = []
    for _ in range(ROUNDS):
        pairs = [(seconds(first, part), seconds(second, part)) for part in parts]
        ratios.append(sum(other for _, other in pairs) / sum(one for one, _ in pairs))
    return statistics.median(ratios)


def compare_processes(
    name: str, ours: Sequence[str | Path], raw: Sequence[str | Path], rounds: int, files: int
) -> None:
    """Print the ratio of a whole command to another process."""
    run_process(*ours)
    pairs = [(run_process(*raw).processor, run_process(*ours).processor) for _ in range(rounds)]
    print_row(
        name,
        str(files),
        statistics.median(parsed for parsed, _ in pairs) / files * 1e6,
        statistics.median(worked / parsed for parsed, worked in pairs),
    )


def compare_jobs(folder: Path, rounds: int) -> None:
    """Print the gain from a second process, by elapsed time."""
    command = (METRICS, "scan", "--no-ignore", folder, "-j")
    run_process(*command, "2")
    ratios = [
        run_process(*command, "1").seconds / run_process(*command, "2").seconds
        for _ in range(rounds)
    ]
    count = GENERATED_FILES
    print(f"{'-j 1 / -j 2':34} {count:>18} {'':12} {statistics.median(ratios):8.2f}")


def has_warnings(name: str, content: bytes) -> bool:
    """Whether the scan of a file has a warning, but no error."""
    report = scan(content, name=name)
    return report.error is None and bool(report.warnings)


def main() -> None:
    """Print the measurements."""
    with tempfile.TemporaryDirectory() as temporary:
        if len(sys.argv) > 1:
            folder = Path(sys.argv[1])
        else:
            folder = Path(temporary, "generated")
            generate.write(GENERATED, folder)
        paths = [path for path in discover([folder], honour_ignores=False) if isinstance(path, str)]
        files = [(path, Path(path).read_bytes()) for path in paths]
        if not files:
            sys.exit("no diagrams")
        version = ".".join(map(str, etree.LIBXML_VERSION))
        print(f"Python {platform.python_version()}, lxml {etree.__version__}, libxml2 {version}")
        print(f"{'':34} {'files':>18} {'raw, a file':>12} {'ratio':>8}")
        compare_in_memory("scan, in memory", files, measure)
        compare_in_memory("scan and payload, in memory", files, measure_and_print)
        small = [file for file in files if len(file[1]) < MAX_SMALL_BYTES]
        compare_in_memory("  files below 2 kB", small, measure_and_print)
        recovered = [file for file in files if has_warnings(*file)]
        compare_in_memory("  files with warnings", recovered, measure_and_print)
        compare_fragments(files)
        # An installer compiles the modules, too.
        compileall.compile_dir(Path(metrics.__file__).parent, quiet=1)
        command = (METRICS, "scan", "-j", "1", "--no-ignore")
        raw = (sys.executable, "-c", PARSE_ALL, folder)
        compare_processes("metrics scan -j 1", (*command, folder), raw, ROUNDS, len(files))
        one = Path(temporary, "one.bpmn")
        one.write_text(generate.diagram(1, 1))
        imports = (sys.executable, "-c", IMPORT_SCRIPT)
        compare_processes("one small file / imports", (*command, one), imports, 3 * ROUNDS, 1)
        many = Path(temporary, "many")
        generate.write(GENERATED_FILES, many)
        compare_jobs(many, ROUNDS)


if __name__ == "__main__":
    main()
