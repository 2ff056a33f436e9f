"""Graphs with many nodes without arcs, which hostile diagrams have."""

from __future__ import annotations

from metrics.bpmn.flow_graphs import FlowGraph


def test_nodes_without_arcs_share_their_successors() -> None:
    graph = FlowGraph(5, [(0, 1)])
    lone = [*graph.successors[2:], *graph.neighbours[2:]]
    assert all(successors is lone[0] for successors in lone)
    assert graph.successors[:2] == [[1], ()]
    assert graph.longest_path == [0, 1]
