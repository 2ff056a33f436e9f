"""Writes `docs/reference.md` from its introduction and from the catalogue of metrics.

    python docs/build_reference.py

The introduction is `docs/reference-introduction.md`. A test fails where the page is not what this
writes.
"""

from __future__ import annotations

import dataclasses
import inspect
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

from metrics.bpmn import AttributeName
from metrics.catalog import METRICS
from metrics.metric import json_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metrics.metric import Metric

HERE = Path(__file__).parent
PAGE = HERE / "reference.md"
INTRODUCTION = HERE / "reference-introduction.md"


def module(metric: Metric[Any, Any]) -> Any:
    """The module that a metric is told in."""
    return sys.modules[metric.find.__module__]


def namespace(metric: Metric[Any, Any]) -> dict[str, Any]:
    """What the annotations of a metric's blocks may name."""
    from collections.abc import Mapping

    return {**vars(module(metric)), "Mapping": Mapping}


def fields(block: Any, key: str, names: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The dotted keys of a block with their meaning; those of blocks within it too."""
    hints = get_type_hints(block, names)
    for field in dataclasses.fields(block):
        dotted = f"{key}.{json_key(field.name)}".lstrip(".")
        meaning = field.metadata["meaning"]
        documented = field.metadata["documented_key"]
        if documented:
            meaning += f"; `--documented-keys` spells it `{documented}`"
        yield dotted, meaning
        inner = [kind for kind in leaves(hints[field.name]) if dataclasses.is_dataclass(kind)]
        for kind in inner:
            if len(inner) > 1:
                yield "", f"**{inspect.cleandoc(kind.__doc__ or '')}**"
            is_list = "tuple" in str(hints[field.name])
            yield from fields(kind, dotted + ("[]" if is_list else ""), names)


def leaves(hint: Any) -> Iterator[Any]:
    """The types that a type is made of."""
    arguments = get_args(hint)
    if not arguments:
        yield hint
    for argument in arguments:
        yield from leaves(argument)


def tables(metric: Metric[Any, Any]) -> Iterator[str]:
    """The tables of facts that a metric goes by, with the sentence that stands below each."""
    source = inspect.getsource(module(metric)).splitlines()
    for number, line in enumerate(source):
        name = line.partition(":")[0]
        value = vars(module(metric)).get(name)
        if not name.isupper() or not isinstance(value, dict | frozenset | tuple):
            continue
        end = number
        while end < len(source) and source[end] and not source[end].startswith('"""'):
            end += 1
        if end == len(source) or not source[end].startswith('"""'):
            continue
        yield f"{source[end].strip(chr(34))}\n"
        if isinstance(value, dict):
            yield "\n".join(f"- `{short(key)}`: {told(item)}" for key, item in value.items()) + "\n"
        else:
            yield ", ".join(f"`{short(item)}`" for item in sorted(value)) + "\n"


def told(value: Any) -> str:
    """A value of a table."""
    if isinstance(value, dict):
        return ", ".join(f"`{short(key)}` is `{item}`" for key, item in value.items())
    if isinstance(value, AttributeName):
        return f"`{short(value.qualified)}`"
    if isinstance(value, tuple):
        return ", ".join(told(item) for item in value)
    return f"`{value}`"


def short(name: Any) -> str:
    """A qualified name with the usual prefix."""
    from metrics import namespaces

    for prefix in ("bpmn", "camunda", "zeebe"):
        uri = getattr(namespaces, prefix.upper())
        if str(name).startswith(f"{{{uri}}}"):
            return str(name).replace(f"{{{uri}}}", f"{prefix}:")
    return str(name)


def section(metric: Metric[Any, Any]) -> str:
    """What the page says of a metric."""
    documentation = inspect.cleandoc(module(metric).__doc__ or "")
    rows = "\n".join(
        f"| `{key}` | {meaning} |" if key else f"| | {meaning} |"
        for key, meaning in fields(metric.block, metric.key, namespace(metric))
    )
    title = metric.name.replace("_", " ").capitalize()
    facts = "\n".join(tables(metric))
    parts = [
        f"## {title}",
        documentation,
        f"Part of the fragment `{metric.fragment}`.",
        f"| key | meaning |\n|---|---|\n{rows}",
        facts.rstrip(),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def page() -> str:
    """The whole page."""
    introduction = INTRODUCTION.read_text(encoding="utf-8")
    return introduction + "\n" + "\n".join(section(metric) for metric in METRICS)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
