"""Dotted keys: which values payloads can hold, and how a key names one of them.

`diagramMetrics.tasks.userTask.count` names a number. A part with dots, blanks or operators is in
quotes: `decisions.tables.hitPolicies."RULE ORDER"`. A key of an open map is followed by the name of
a member, which is 0 in a payload that has the map but not the member. The name of a member may lack
its quotes: `spelled` adds them.

The command line also accepts short keys: `whole_key` completes them.
"""

from __future__ import annotations

from functools import cache
from operator import add
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from metrics.blocks import (
    OMITTED,
    Leaf,
    LeafKind,
    json_key,
    key_part,
    key_parts,
    leaf_values,
    map_keys,
    unquoted,
)
from metrics.catalog import OWN_FRAGMENTS, own_metric
from metrics.report import DIAGRAM_TYPE, payload_leaves
from metrics.suggestions import did_you_mean, listed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from metrics.blocks import Total
    from metrics.report import Report

TYPE_LEAF: Final = Leaf(DIAGRAM_TYPE, LeafKind.TEXT, "The type of the diagram", None)


class UnknownKeyError(ValueError):
    """A key that names no value of a payload; the message suggests a known key."""


class AmbiguousKeyError(UnknownKeyError):
    """A short key that several whole keys end with; the message lists them."""


class Key(NamedTuple):
    """A dotted key: the leaf that it names, or the member of an open map.

    `fragment` is the fragment of our own that has the leaf, None for the documented payload.
    """

    leaf: Leaf
    member: str | None = None
    fragment: str | None = None

    @property
    def name(self) -> str:
        """The key as payloads spell it."""
        return self.leaf.key if self.member is None else f"{self.leaf.key}.{key_part(self.member)}"

    @property
    def kind(self) -> LeafKind:
        """The kind of the value."""
        return self.leaf.kind if self.member is None else LeafKind.NUMBER

    @property
    def total(self) -> Total | None:
        """The function that combines the values of two diagrams, None if there is no total."""
        return self.leaf.total if self.member is None else add

    @property
    def adds_up(self) -> bool:
        """Whether its total is a sum; that of the nesting of sub-processes is a maximum."""
        return self.total is add

    def value_in(self, values: Mapping[str, Any]) -> Any:
        """Its value among those that `values_of` returned; `OMITTED` if there is none."""
        value = values.get(self.leaf.key, OMITTED)
        if self.member is None or not isinstance(value, dict):
            return value
        return value.get(self.member, 0)


@cache
def leaves_with(fragments: frozenset[str]) -> Mapping[str, Leaf]:
    """The leaves of the documented payload and of some fragments of our own, by their keys."""
    by_metric = payload_leaves(added=fragments)
    all_leaves = (TYPE_LEAF, *(leaf for leaves in by_metric.values() for leaf in leaves))
    return MappingProxyType({leaf.key: leaf for leaf in all_leaves})


LEAVES: Final = leaves_with(frozenset())
"""The leaves of the documented payload by their keys, in its order."""


@cache
def maps_with(fragments: frozenset[str]) -> frozenset[str]:
    """The keys of the open maps among `leaves_with`."""
    return map_keys(leaves_with(fragments).values())


def values_of(report: Report) -> dict[str, Any]:
    """The values of a report's payload by the keys of their leaves."""
    return dict(leaf_values(report.payload(), maps=maps_with(fragments_of(report))))


def fragments_of(report: Report) -> frozenset[str]:
    """The fragments of our own that a report has."""
    return _fragments_of(tuple(report.blocks)) if OWN_FRAGMENTS else frozenset()


@cache
def _fragments_of(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(json_key, names)).intersection(OWN_FRAGMENTS)


@cache
def find_key(key: str) -> Key:
    """Find the value that a key names, first in the documented payload.

    Raises `UnknownKeyError` if no payload has it.
    """
    found = _find(key)
    if found is None:
        raise UnknownKeyError(f"No payload has the value '{key}'.{did_you_mean(key, all_keys())}")
    return found


def all_keys() -> Sequence[str]:
    """The keys of all values, also those of members of open maps that are known."""
    keys: list[str] = []
    for leaf in leaves_with(frozenset(OWN_FRAGMENTS)).values():
        keys.append(leaf.key)
        keys += (Key(leaf, member).name for member in sorted(leaf.members or ()))
    return keys


def spelled(key: str) -> str:
    """A whole key with the quotes of its payload; an unknown one is returned unchanged."""
    found = _find(key)
    return key if found is None else found.name


@cache
def _find(key: str) -> Key | None:
    for fragment in (None, *OWN_FRAGMENTS):
        leaves = LEAVES if fragment is None else _leaves_of(fragment)
        if key in leaves:
            return Key(leaves[key], None, fragment)
        for leaf in leaves.values():
            if leaf.kind is LeafKind.MAP and key.startswith(f"{leaf.key}."):
                member = unquoted(key[len(leaf.key) + 1 :])
                if member is not None and (leaf.members is None or member in leaf.members):
                    return Key(leaf, member, fragment)
    return None


def is_value(key: str) -> bool:
    """Whether a whole key names a value of a payload."""
    return _find(key) is not None


def whole_key(key: str, is_known: Callable[[str], bool] = is_value) -> str:
    """The whole key that a short one stands for: the only known key that ends with its parts.

    `userTask.count` stands for `diagramMetrics.tasks.userTask.count`. A whole key stands for
    itself, with the quotes of its payload. A key of the documented payload comes before those of
    our own fragments. If no known key ends with the parts, the key is returned unchanged. Raises
    `AmbiguousKeyError` if several do.
    """
    if is_known(key):
        return spelled(key)
    for fragments in (frozenset[str](), frozenset(OWN_FRAGMENTS)):
        whole = [full for group in _groups(fragments) if is_known(full := f"{group}.{key}")]
        if len(whole) > 1:
            raise AmbiguousKeyError(f"'{key}' is short for several keys: {listed(whole, 'and')}.")
        if whole:
            return spelled(whole[0])
    return key


@cache
def _groups(fragments: frozenset[str]) -> Sequence[str]:
    """The keys of the objects that hold the `leaves_with` some fragments."""
    keys = [[*map(key_part, key_parts(key))] for key in leaves_with(fragments)]
    groups = (".".join(parts[:end]) for parts in keys for end in range(1, len(parts)))
    return tuple(dict.fromkeys(groups))


def _leaves_of(fragment: str) -> Mapping[str, Leaf]:
    return {leaf.key: leaf for leaf in own_metric(fragment).leaves()}
