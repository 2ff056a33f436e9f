"""The cost of a summary compared with a scan, measured on whole processes.

    python benchmarks/summary.py [FOLDER]...

It compares `metrics summary` with `metrics scan`, with one process and with two, on the given
folders, on 20,000 generated diagrams, and on as many copies of 1,000 of them. Then it measures
memory and the cost of a line for the NDJSON of earlier scans, from 1,000 to 100,000 lines. Figures
are medians of rounds in which all commands take turns.
"""

from __future__ import annotations

import compileall
import json
import sys
import tempfile
from itertools import islice
from pathlib import Path

import generate
from folders import FILE_COUNTS, GENERATED_FILES, METRICS, median, run, scan

import metrics

ROUNDS = 9
COPIES = 20
FORMATS = ("json", "table")


def compare(name: str, folder: Path) -> None:
    """Print the time of a scan, and that of summaries relative to it."""
    print(name)
    for jobs in ("1", "2"):
        scan("-j", jobs, folder)
        rounds = [
            (
                scan("-j", jobs, folder).seconds,
                *(
                    run("summary", "--no-ignore", "-j", jobs, "-f", format_name, folder).seconds
                    for format_name in FORMATS
                ),
            )
            for _ in range(ROUNDS)
        ]
        print(
            f"  metrics scan -j {jobs}              {median([times[0] for times in rounds]):8.2f} s"
        )
        for index, format_name in enumerate(FORMATS, start=1):
            ratio = median([times[index] / times[0] for times in rounds])
            print(f"  summary -f {format_name:5} / scan -j {jobs}  {ratio:8.2f}")


def compare_sizes(folder: Path, scratch: Path) -> None:
    """Print memory and the cost of a line for NDJSON of several sizes."""
    print("lines     µs a line   peak memory")
    originals = [json.loads(line) for line in _lines(folder, scratch)]
    for size in FILE_COUNTS:
        path = scratch / f"{size}.ndjson"
        with path.open("w") as file:
            for number in range(size):
                record = originals[number % len(originals)] | {"file": f"none/{number}.bpmn"}
                file.write(json.dumps(record) + "\n")
        runs = [run("summary", "-f", "json", path) for _ in range(3)]
        print(
            f"{size:7} {median([each.seconds for each in runs]) / size * 1e6:10.1f}"
            f" {median([each.memory for each in runs]) / 1e6:12.1f} MB"
        )


def _lines(folder: Path, scratch: Path) -> list[str]:
    output = scratch / "scan.ndjson"
    scan("-o", output, folder)
    with output.open() as lines:
        return [*islice(lines, 1000)]


def main() -> None:
    """Run the benchmark."""
    # An installer compiles the package, too.
    compileall.compile_dir(Path(metrics.__file__).parent, quiet=1)
    print(f"{METRICS.name} {metrics.__version__}")
    with tempfile.TemporaryDirectory() as temporary:
        scratch = Path(temporary)
        generated = scratch / "generated"
        generate.write(GENERATED_FILES, generated)
        for folder in sys.argv[1:]:
            compare(folder, Path(folder))
        compare(f"{GENERATED_FILES} generated diagrams", generated)
        copied = scratch / "copied"
        for number in range(COPIES):
            generate.write(GENERATED_FILES // COPIES, copied / str(number))
        compare(f"{COPIES} copies of each of {GENERATED_FILES // COPIES} of them", copied)
        compare_sizes(generated, scratch)


if __name__ == "__main__":
    main()
