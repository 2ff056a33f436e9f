"""Which of the files that differ in a repository are compared."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from metrics.scanning.selection import LITTER_FOLDER, Selection

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


class Scope(NamedTuple):
    """The part of a repository that is compared.

    `paths` are pathspecs of git, none for the whole repository. A file that they name is compared
    whatever its extension. A file or folder that they name is compared even if it is excluded,
    unless `force_exclude` is set. Ignored and hidden files are compared if git tracks them.
    """

    paths: Sequence[str] = ()
    selection: Selection = Selection()
    force_exclude: bool = False

    def includes(self, path: str, top: str, named: Collection[str]) -> bool:
        """Whether the file at a path is compared.

        The path and the `named` files and folders are relative to `top`, the absolute path of the
        top of the repository.
        """
        *folders, name = path.split("/")
        folder = os.path.join(top, *folders, "")
        is_named = path in named
        is_diagram = LITTER_FOLDER not in folders and self.selection.is_diagram(folder, name)
        if not (is_diagram or is_named):
            return False
        if not self.selection.excludes(folder + name):
            return True
        if self.force_exclude:
            return False
        return is_named or any(
            path.startswith(f"{above}/")
            and not self.selection.for_named_folder(os.path.join(top, above)).excludes(
                folder + name
            )
            for above in named
        )
