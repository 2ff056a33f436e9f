"""Linear algorithms on directed graphs, without recursion.

A graph is a list with the successors of each node; nodes are numbered from 0. A node may occur
several times among the successors of another, or among its own.

Nodes without successors share an empty tuple: hostile diagrams have many nodes without any arc.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    Graph = Sequence[Sequence[int]]


def graph_of(size: int, arcs: Iterable[tuple[int, int]]) -> Graph:
    """The graph of some nodes with arcs between them, each from a node to another."""
    successors: dict[int, list[int]] = {}
    for source, target in arcs:
        successors.setdefault(source, []).append(target)
    return [successors.get(node, ()) for node in range(size)]


def turned_round(graph: Graph) -> Graph:
    """The graph with each arc in the opposite direction."""
    return graph_of(
        len(graph),
        ((after, node) for node, successors in enumerate(graph) for after in successors),
    )


def neighbours(graph: Graph) -> Graph:
    """The graph with each arc in both directions."""
    return [
        [*after, *before] if after and before else after or before
        for after, before in zip(graph, turned_round(graph), strict=True)
    ]


def reachable(graph: Graph, starts: Iterable[int]) -> set[int]:
    """The nodes to which a path leads from one of the starts, and the starts."""
    found = {*starts}
    pending = [*found]
    while pending:
        for successor in graph[pending.pop()]:
            if successor not in found:
                found.add(successor)
                pending.append(successor)
    return found


def topological_order(graph: Graph, incoming: Sequence[int]) -> list[int]:
    """The nodes, each before its successors, except those on cycles and those that cycles lead to.

    `incoming` has the number of arcs to each node.
    """
    left = [*incoming]
    order = [node for node, arcs in enumerate(left) if not arcs]
    for node in order:
        for successor in graph[node]:
            left[successor] -= 1
            if not left[successor]:
                order.append(successor)
    return order


def strong_components(graph: Graph) -> list[list[int]]:
    """The strongly connected components, each after those that it leads to (Tarjan)."""
    components: list[list[int]] = []
    # The position of each node in the order of the search, and the first position that it leads
    # back to. Nodes of a complete component lead back to none.
    position: list[int | None] = [None] * len(graph)
    first = [len(graph)] * len(graph)
    visited = 0
    incomplete: list[int] = []
    path: list[tuple[int, Iterator[int]]] = []
    for start in range(len(graph)):
        to_visit: int | None = start if position[start] is None else None
        while to_visit is not None or path:
            if to_visit is not None:
                position[to_visit] = first[to_visit] = visited
                visited += 1
                incomplete.append(to_visit)
                path.append((to_visit, iter(graph[to_visit])))
                to_visit = None
            node, successors = path[-1]
            for successor in successors:
                if position[successor] is None:
                    to_visit = successor
                    break
                first[node] = min(first[node], first[successor])
            else:
                path.pop()
                if path:
                    before, _ = path[-1]
                    first[before] = min(first[before], first[node])
                if first[node] == position[node]:
                    component: list[int] = []
                    while not component or component[-1] != node:
                        component.append(incomplete.pop())
                        first[component[-1]] = len(graph)
                    components.append(component)
    return components


def on_cycles(graph: Graph, components: Iterable[Sequence[int]]) -> set[int]:
    """The nodes from which a path leads back to themselves; `components` are the strong ones."""
    return {
        node
        for component in components
        for node in component
        if len(component) > 1 or node in graph[node]
    }


def component_count(neighbours: Graph) -> int:
    """The number of connected components of a graph in which each arc has both directions."""
    found: set[int] = set()
    count = 0
    for node, others in enumerate(neighbours):
        if node not in found:
            if others:
                found |= reachable(neighbours, (node,))
            count += 1
    return count


def cut_vertices(neighbours: Graph) -> list[int]:
    """The nodes whose removal increases the number of connected components.

    Each arc of the graph has both directions. A depth-first search records for each node the
    earliest node that it or its descendants have an arc to. A node is a cut vertex if one of its
    branches has no arc to an earlier node (Hopcroft and Tarjan). The start of the search is one if
    it has several branches.
    """
    cut: set[int] = set()
    position: list[int | None] = [None] * len(neighbours)
    first = [0] * len(neighbours)
    visited = 0
    for start in range(len(neighbours)):
        if position[start] is not None or not neighbours[start]:
            continue
        branches = 0
        position[start] = first[start] = visited
        visited += 1
        path = [(start, iter(neighbours[start]))]
        while path:
            node, others = path[-1]
            for other in others:
                reached = position[other]
                if reached is None:
                    position[other] = first[other] = visited
                    visited += 1
                    path.append((other, iter(neighbours[other])))
                    break
                first[node] = min(first[node], reached)
            else:
                path.pop()
                if len(path) == 1:
                    branches += 1
                elif path:
                    before, _ = path[-1]
                    first[before] = min(first[before], first[node])
                    if first[node] == position[before]:
                        cut.add(before)
        if branches > 1:
            cut.add(start)
    return sorted(cut)


def longest_path(graph: Graph, components: Iterable[Sequence[int]]) -> list[int]:
    """The nodes of a longest path in a graph without cycles; `components` are the strong ones."""
    length = [0] * len(graph)
    after: list[int | None] = [None] * len(graph)
    for (last,) in components:
        for successor in graph[last]:
            if length[successor] >= length[last]:
                length[last] = length[successor] + 1
                after[last] = successor
    path: list[int] = []
    node = max(range(len(graph)), key=length.__getitem__, default=None)
    while node is not None:
        path.append(node)
        node = after[node]
    return path
