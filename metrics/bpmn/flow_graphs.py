"""The flow of a scope as a graph of numbered nodes, and how deeply its splits are nested."""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING, Final

from metrics import graphs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from metrics.graphs import Graph

MAX_NODES_ON_CYCLES: Final = 200
"""The number of nodes on cycles above which the depth of a graph is not computed."""


class FlowGraph:
    """A directed graph whose nodes are numbered from 0.

    `ends` are the numbers of the source and the target of each arc. For each node, `successors` has
    the nodes to which its arcs lead, and `outgoing` and `incoming` have the numbers of its arcs.
    `splits` are the nodes with several outgoing arcs, `joins` those with several incoming ones.
    """

    def __init__(self, size: int, ends: Sequence[tuple[int, int]]) -> None:
        self.size = size
        self.successors = graphs.graph_of(size, ends)
        self.incoming = [0] * size
        for _, target in ends:
            self.incoming[target] += 1
        self.outgoing = [*map(len, self.successors)]
        self.splits = [node for node, arcs in enumerate(self.outgoing) if arcs > 1]
        self.joins = [node for node, arcs in enumerate(self.incoming) if arcs > 1]

    @cached_property
    def components(self) -> Sequence[Sequence[int]]:
        """The strongly connected components, each after those that it leads to."""
        # Most graphs have no cycle, and this takes a third of the time.
        order = graphs.topological_order(self.successors, self.incoming)
        if len(order) == self.size:
            return [(node,) for node in reversed(order)]
        return graphs.strong_components(self.successors)

    @cached_property
    def on_cycles(self) -> set[int]:
        """The nodes on cycles."""
        return graphs.on_cycles(self.successors, self.components)

    @cached_property
    def neighbours(self) -> Graph:
        """The nodes to which each node has an arc, in either direction."""
        return graphs.neighbours(self.successors)

    @cached_property
    def longest_path(self) -> list[int] | None:
        """The nodes of a longest path; None if there is a cycle."""
        return None if self.on_cycles else graphs.longest_path(self.successors, self.components)

    @cached_property
    def depths(self) -> list[float] | None:
        """How deeply each node is nested in splits; None if there are too many nodes on cycles.

        A walk along arcs loses 1 at each join, but never falls below 0, and gains 1 at each split.
        A walk against the arcs loses at splits and gains at joins. The depth of a node is the
        largest value with which a walk arrives, in the direction in which this is smaller. It is
        infinite if both directions gain without end.
        """
        if len(self.on_cycles) > MAX_NODES_ON_CYCLES:
            return None
        if not self.splits or not self.joins:
            return [0] * self.size
        gains = [int(arcs > 1) for arcs in self.outgoing]
        losses = [int(arcs > 1) for arcs in self.incoming]
        turned = graphs.turned_round(self.successors)
        forwards = _largest_arrivals(self.successors, turned, self.components[::-1], losses, gains)
        backwards = _largest_arrivals(turned, self.successors, self.components, gains, losses)
        return [*map(min, forwards, backwards)]


def _largest_arrivals(
    graph: Graph,
    turned: Graph,
    components: Sequence[Sequence[int]],
    losses: Sequence[int],
    gains: Sequence[int],
) -> list[float]:
    """The largest value with which a walk arrives at each node, infinite if it grows without end.

    A walk begins at any node with 0. Each node that it passes subtracts its loss, but not below 0,
    and then adds its gain. `turned` is the reversed graph. `components` are the strongly connected
    components, each before those that it leads to.
    """
    arrivals: list[float] = [0] * len(graph)
    for component in components:
        for node in component:
            for before in turned[node]:
                leaving = max(arrivals[before] - losses[before], 0) + gains[before]
                arrivals[node] = max(arrivals[node], leaving)
        if len(component) == 1 and component[0] not in graph[component[0]]:
            continue
        inside = {*component}
        arcs = [(node, after) for node in component for after in graph[node] if after in inside]
        # Without a cycle that gains, no walk that passes a node twice arrives with more.
        for _ in component:
            has_risen = False
            for node, after in arcs:
                leaving = max(arrivals[node] - losses[node], 0) + gains[node]
                if leaving > arrivals[after]:
                    arrivals[after] = leaving
                    has_risen = True
            if not has_risen:
                break
        else:
            for node in component:
                arrivals[node] = math.inf
    return arrivals
