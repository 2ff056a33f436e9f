"""Two states of diagrams that two revisions of a git repository name."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from metrics.diff.blobs import add_copies, load_blobs, skip_copies
from metrics.diff.comparison import compare_pairs
from metrics.diff.git import RevisionError
from metrics.diff.pairs import PairedStates
from metrics.diff.repository import Repository
from metrics.diff.scope import Scope
from metrics.reading.sources import DEFAULT_MAX_SIZE
from metrics.scanning.batch import scan_many

if TYPE_CHECKING:
    from collections.abc import Iterable

    from metrics.diff.comparison import Comparison

SINCE_MERGE_BASE: Final = "..."
RANGES: Final = (SINCE_MERGE_BASE, "..")
HEAD: Final = "HEAD"
EVERYTHING: Final = Scope()


class RangeError(RevisionError):
    """A second revision after a range, which already names both revisions."""


def compare_revisions(
    old: str = HEAD,
    new: str | None = None,
    paths: Iterable[str] = (),
    *,
    max_size: int = DEFAULT_MAX_SIZE,
) -> Comparison:
    """Compare the diagrams of two revisions of the repository that contains the current folder.

    Without `new`, `old` is compared with the tracked files of the working tree, or it is a range:
    `OLD..NEW`, or `OLD...NEW`, which compares NEW with the merge base of the two. `paths` limit
    the comparison; they are git pathspecs. A diagram of more than `max_size` bytes is too large.
    Only diagrams that differ are read; those of submodules are not compared.

    Raises `RevisionError` if the revisions cannot be compared; its message says why.
    """
    states = pair_revisions(old, new, Scope([*paths]))
    blobs = load_blobs(skip_copies(states.sources()), max_size=max_size)
    reports = scan_many(blobs, max_size=max_size, fingerprints="whole")
    reports = add_copies(states.sources, reports)
    return compare_pairs(states.pairs, reports, old_name=states.old_name, new_name=states.new_name)


def pair_revisions(
    old: str = HEAD, new: str | None = None, scope: Scope = EVERYTHING
) -> PairedStates:
    """Pair the diagrams that differ between two revisions, as for `compare_revisions`.

    Their sources include blobs, which `load_blobs` reads.
    """
    repository = Repository()
    separator = _separator(old)
    if separator is None:
        old_revision = repository.revision(old)
        new_revision = None if new is None else repository.revision(new)
        old_name, new_name = old, "the working tree" if new is None else new
    elif new is not None:
        raise RangeError(f"{old} is a range: leave out NEW.")
    else:
        old_name, _, new_name = (part or HEAD for part in old.partition(separator))
        new_revision = repository.revision(new_name)
        if separator == SINCE_MERGE_BASE:
            old_revision = repository.merge_base(old_name, new_name)
            old_name = f"{old_revision.name} (merge base of {old_name} and {new_name})"
        else:
            old_revision = repository.revision(old_name)
    differences = repository.differences(old_revision, new_revision, scope)
    return PairedStates(differences.pairs, old_name, new_name, differences.submodules)


def _separator(revision: str) -> str | None:
    """The dots of a range; None for a single revision, and for a path like `../a`."""
    if revision in RANGES or os.pardir in revision.split(os.sep):
        return None
    return next((separator for separator in RANGES if separator in revision), None)
