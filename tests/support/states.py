"""States of diagrams to compare, and what is printed of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from support.command import run
from support.diagrams import MODELER, NAMESPACES, process

from metrics.keys import find_key

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

TASK = "<bpmn:userTask/>\n"
DMN = b'<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/"/>'
FORM = b"{}"
NO_FORM = b"[]"
OTHER_FORM = b'{"executionPlatform": "Other"}'


def tasks(number: int, word: str = "") -> bytes:
    """A diagram with a number of user tasks; to git those of one word are much alike."""
    others = "".join(f'<bpmn:task id="{word}{line}"/>\n' for line in range(40)) if word else ""
    return process(others + TASK * number)


def platform(name: str, version: str | None = None) -> str:
    """The namespaces of a diagram for a platform, and what it says of that."""
    said = "" if version is None else f' modeler:executionPlatformVersion="{version}"'
    return f'{NAMESPACES} xmlns:modeler="{MODELER}" modeler:executionPlatform={name}{said}'


def write(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Put files into a folder, by their names from there."""
    folder.mkdir(exist_ok=True, parents=True)
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / name).write_bytes(content)
    return folder


def two_states(folder: Path) -> Path:
    """Put two states into a folder, in which there is something of everything."""
    old = process(TASK, namespaces=platform('"Camunda Platform"'))
    new = process(TASK * 1201, namespaces=platform('"Camunda Platform"', "7.21.0"))
    cloud = b'{"executionPlatform": "Camunda Cloud", "executionPlatformVersion": "8.6.0"}'
    write(folder / "old", {"a.bpmn": old, "b.form": FORM, "gone.form": cloud, "same.dmn": DMN})
    write(folder / "new", {"a.bpmn": new, "b.form": NO_FORM, "new.dmn": DMN, "same.dmn": DMN})
    return folder


def documented(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the documented payload."""
    return {key: value for key, value in values.items() if find_key(key).fragment is None}


def diff(*arguments: str | Path, status: int = 0, **options: Any) -> dict[str, Any]:
    """What is printed as JSON by a run that ends with a status."""
    result = run("diff", "-f", "json", *arguments, **options)
    assert (result.returncode, b"Traceback" in result.stderr) == (status, False), result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found
