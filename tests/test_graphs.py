"""The algorithms on graphs, compared with those of networkx on random graphs."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import networkx as nx
from hypothesis import given
from hypothesis import strategies as st

from metrics import graphs

if TYPE_CHECKING:
    from collections.abc import Sequence

Graph = list[list[int]]


@st.composite
def any_graph(draw: st.DrawFn) -> Graph:
    """A graph with up to nine nodes, which may have parallel arcs and loops."""
    size = draw(st.integers(0, 9))
    nodes = st.integers(0, size - 1)
    arcs = draw(st.lists(st.tuples(nodes, nodes), max_size=20)) if size else []
    return graph_of(size, arcs)


@st.composite
def acyclic_graph(draw: st.DrawFn) -> Graph:
    """A graph whose arcs lead from smaller to larger numbers, numbered anew."""
    graph = draw(any_graph())
    numbers = draw(st.permutations(range(len(graph))))
    arcs = [
        (numbers[node], numbers[to])
        for node, after in enumerate(graph)
        for to in after
        if node < to
    ]
    return graph_of(len(graph), arcs)


def graph_of(size: int, arcs: Sequence[tuple[int, int]]) -> Graph:
    """The graph with these arcs."""
    graph: Graph = [[] for _ in range(size)]
    for source, target in arcs:
        graph[source].append(target)
    return graph


def theirs(graph: Graph) -> nx.DiGraph:
    """The graph as networkx has it."""
    other = nx.DiGraph()
    other.add_nodes_from(range(len(graph)))
    other.add_edges_from(
        (node, after) for node, all_after in enumerate(graph) for after in all_after
    )
    return other


@given(any_graph())
def test_strong_components(graph: Graph) -> None:
    components = graphs.strong_components(graph)
    expected = [sorted(component) for component in nx.strongly_connected_components(theirs(graph))]
    assert sorted(map(sorted, components)) == sorted(expected)
    place = {node: index for index, component in enumerate(components) for node in component}
    assert all(place[node] >= place[after] for node, others in enumerate(graph) for after in others)


@given(any_graph())
def test_nodes_on_cycles(graph: Graph) -> None:
    other = theirs(graph)
    expected = {
        node
        for node, after in enumerate(graph)
        if any(nx.has_path(other, to, node) for to in after)
    }
    assert graphs.on_cycles(graph, graphs.strong_components(graph)) == expected


@given(any_graph())
def test_components_and_cut_vertices(graph: Graph) -> None:
    neighbours = graphs.neighbours(graph)
    undirected = theirs(graph).to_undirected()
    assert graphs.component_count(neighbours) == nx.number_connected_components(undirected)
    assert graphs.cut_vertices(neighbours) == sorted(nx.articulation_points(undirected))


@given(any_graph(), st.data())
def test_reachable_nodes(graph: Graph, data: st.DataObject) -> None:
    starts = data.draw(st.sets(st.sampled_from(range(len(graph))))) if graph else set()
    other = theirs(graph)
    expected = starts.union(*(nx.descendants(other, start) for start in starts))
    assert graphs.reachable(graph, starts) == expected


@given(acyclic_graph())
def test_longest_path(graph: Graph) -> None:
    path = graphs.longest_path(graph, graphs.strong_components(graph))
    assert len(path) - 1 == (nx.dag_longest_path_length(theirs(graph)) if graph else -1)
    assert all(after in graph[node] for node, after in pairwise(path))


@given(any_graph())
def test_topological_order(graph: Graph) -> None:
    order = graphs.topological_order(graph, [*map(len, graphs.turned_round(graph))])
    on_cycles = graphs.on_cycles(graph, graphs.strong_components(graph))
    assert {*order} == {*range(len(graph))} - graphs.reachable(graph, on_cycles)
    place = {node: index for index, node in enumerate(order)}
    assert all(
        place[node] < place[after] for node in order for after in graph[node] if after in place
    )


def test_deep_graphs_need_no_recursion() -> None:
    size = 100_000
    chain = [[node + 1] for node in range(size - 1)] + [[]]
    cycle = [*chain[:-1], [0]]
    assert len(graphs.strong_components(chain)) == size
    assert len(graphs.strong_components(cycle)) == 1
    assert len(graphs.cut_vertices(graphs.neighbours(chain))) == size - 2
    assert graphs.cut_vertices(graphs.neighbours(cycle)) == []
    assert len(graphs.longest_path(chain, graphs.strong_components(chain))) == size
