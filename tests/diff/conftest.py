"""What tests of comparisons share: no repository but those that they make."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def only_scratch_repositories(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep git from looking for a repository above the folder of a test."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
