"""Fragments of our own on the command line: `--with`, for each command that has it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from support.command import run
from support.diagrams import process
from support.fragments import OF_BPMN

from metrics import OWN_FRAGMENTS

if TYPE_CHECKING:
    from pathlib import Path

DIAGRAM = process('<bpmn:startEvent id="S"/><bpmn:scriptTask id="T" scriptFormat="groovy"/>')
EACH = [word for name in OWN_FRAGMENTS for word in ("--with", name)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two diagrams."""
    for name in ("a.bpmn", "b.bpmn"):
        (tmp_path / name).write_bytes(DIAGRAM)
    return tmp_path


@pytest.mark.parametrize(
    "words",
    [
        ["scan"],
        ["scan", "-f", "csv"],
        ["summary", "-f", "json"],
        ["explain", "-f", "json", "a.bpmn"],
        ["diff", "-f", "json", "a.bpmn", "b.bpmn"],
    ],
    ids=lambda words: " ".join(words[:3]),
)
def test_all_stands_for_all_fragments(folder: Path, words: list[str]) -> None:
    plain = run(*words, cwd=folder)
    named = run(*words, *EACH, cwd=folder)
    every = run(*words, "--with", "all", cwd=folder)
    assert (every.returncode, every.stdout) == (0, named.stdout)
    if words[0] != "diff":
        assert every.stdout != plain.stdout
        (folder / "metrics.toml").write_text('with = ["all"]')
        assert run(*words, cwd=folder).stdout == named.stdout


def test_all_in_a_plan_of_shards(folder: Path) -> None:
    (folder / "list").write_text("a.bpmn\n")
    words = ["shards", "plan", "list", "--shards", "1", "--out", "plan"]
    assert run(*words, "--with", "all", cwd=folder).returncode == 0
    (plan,) = (folder / "plan").glob("*.json")
    assert json.loads(plan.read_text())["fragments"] == [*OWN_FRAGMENTS]


def test_all_with_others(folder: Path) -> None:
    payload: dict[str, Any] = json.loads(
        run("scan", "--with", "all", "--with", "elements", "a.bpmn", cwd=folder).stdout
    )
    assert [*payload][-len(OF_BPMN) :] == OF_BPMN


def test_similar_name_is_suggested(folder: Path) -> None:
    result = run("scan", "--with", "element", cwd=folder)
    assert result.returncode == 2
    assert b"Did you mean 'elements'?" in result.stderr
    (folder / "metrics.toml").write_text('with = ["al"]')
    assert b"Did you mean 'all'?" in run("scan", cwd=folder).stderr
