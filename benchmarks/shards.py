"""Measures sharded scans, and archives beside the folder of the same diagrams.

    python benchmarks/shards.py [--counts 1000,10000,100000]

The objects are hard links to a thousand generated diagrams of 12 kB. They are measured with one
process, with two, and by a Dask cluster with two workers. The seconds are elapsed time, from the
start of the command to its end; the memory is that of all processes, with those of the cluster.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import zipfile
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import generate
from folders import METRICS, run, run_process
from memory import peak_memory

COUNTS: Final = (1_000, 10_000, 100_000)
DIAGRAMS: Final = 1_000
OBJECTS_PER_SHARD: Final = 1_000
OBJECTS_PER_FOLDER: Final = 1_000
FILES_IN_ARCHIVE: Final = 5_000
REPEATS: Final = 9

RUNS: Final = ("-j 1", "-j 2", "--dask")


def write_objects(diagrams: list[Path], count: int, folder: Path) -> Path:
    """Make a folder with links to diagrams; returns a manifest of them."""
    paths = []
    for number in range(count):
        inner = folder / f"{number // OBJECTS_PER_FOLDER:03}"
        inner.mkdir(parents=True, exist_ok=True)
        path = inner / f"{number:06}.bpmn"
        os.link(diagrams[number % len(diagrams)], path)
        paths.append(path)
    manifest = folder / "manifest.txt"
    manifest.write_text("".join(f"{path}\n" for path in paths), encoding="utf-8")
    return manifest


def local_cluster() -> Any:
    """A Dask cluster with two workers on this machine."""
    # This package has no types.
    cluster: Any = import_module("distributed").LocalCluster
    return cluster(n_workers=2, threads_per_worker=1, dashboard_address=None)


def measure_shards(manifest: Path, count: int, plan: Path, how: str) -> tuple[float, float]:
    """Seconds a thousand objects and megabytes, for one way to run a plan."""
    shards = str(max(2, count // OBJECTS_PER_SHARD))
    run("shards", "plan", manifest, "--shards", shards, "--out", plan)
    with ExitStack() as stack:
        arguments = how.split()
        cluster: list[int] = []
        if how == "--dask":
            workers = stack.enter_context(local_cluster())
            arguments.append(workers.scheduler_address)
            cluster = [worker.pid for worker in workers.workers.values()]
        found = peak_memory("shards", "run", str(plan), *arguments, others=cluster)
    shutil.rmtree(plan)
    return found.seconds / count * 1_000, found.megabytes


def shards(counts: list[int], runs: list[str], scratch: Path, diagrams: list[Path]) -> None:
    """Print the cost of sharded scans by the number of objects."""
    print(f"{'objects':>10} {'run':10} {'s per 1,000':>12} {'MB':>8}")
    for count in counts:
        folder = scratch / "objects"
        manifest = write_objects(diagrams, count, folder)
        for how in runs:
            seconds, megabytes = measure_shards(manifest, count, scratch / "plan", how)
            print(f"{count:10,} {how:10} {seconds:12.3f} {megabytes:8.1f}", flush=True)
        shutil.rmtree(folder)


def write_archives(folder: Path, scratch: Path) -> list[Path]:
    """Archives of all diagrams in a folder: a zip, a tar and a compressed tar."""
    path = scratch / "diagrams.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, file.name)
    made = [path]
    for type, extension in (("tar", "tar"), ("gztar", "tar.gz")):
        base = scratch / "diagrams"
        shutil.make_archive(str(base), type, folder)
        made.append(base.with_name(f"diagrams.{extension}"))
    return made


def archives(scratch: Path, folder: Path) -> None:
    """Print the speed of a scan of archives, as a share of that of their folder."""
    print(f"{'archive':16} {'processes':>10} {'speed / folder':>16}")
    for archive in write_archives(folder, scratch):
        for jobs in ("1", "2"):
            runs = [
                [run("scan", "-j", jobs, path).seconds for path in (folder, archive)]
                for _ in range(REPEATS)
            ]
            # The fastest runs: other programs only add time.
            of_folder, of_archive = (min(seconds) for seconds in zip(*runs, strict=True))
            print(f"{archive.name:16} {jobs:>10} {of_folder / of_archive:16.2f}", flush=True)


def main() -> None:
    """Run all measurements and print their figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--counts", default=",".join(map(str, COUNTS)), help="numbers of objects")
    parser.add_argument("--runs", default=",".join(RUNS), help="ways to run the shards")
    parser.add_argument("--only", choices=("shards", "archives"), help="one of the measurements")
    options = parser.parse_args()
    run_process(METRICS, "--version")
    with tempfile.TemporaryDirectory() as temporary:
        scratch = Path(temporary)
        generated = scratch / "generated"
        generate.write(FILES_IN_ARCHIVE, generated)
        if options.only != "archives":
            counts = [int(count) for count in options.counts.split(",")]
            runs = options.runs.split(",")
            shards(counts, runs, scratch, sorted(generated.iterdir())[:DIAGRAMS])
        if options.only != "shards":
            archives(scratch, generated)


if __name__ == "__main__":
    main()
