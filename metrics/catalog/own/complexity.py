"""Complexity: metrics of the flow of a BPMN diagram, from the literature.

`<process id="p"><task id="a"/><task id="b"/><sequenceFlow id="f" sourceRef="a" targetRef="b"/>
</process>` is printed as `{"rules": 1, "nodes": 2, "arcs": 1, "activities": 2, …, "diameter": 1}`.

Each process and each sub-process is a graph of its own: its nodes are its flow nodes, and its arcs
the sequence flows between them. A sub-process is one node of the graph around it. A *split* is a
node with several outgoing arcs, a *join* one with several incoming arcs. Gateways have three types:
XOR (exclusive and event-based), OR (inclusive and complex) and AND (parallel).

Most values of a diagram are the sums over its graphs. A ratio is the sum of the numerators divided
by the sum of the denominators. `maxGatewayDegree`, `depth` and `diameter` are the largest values of
a graph. Graphs without nodes are ignored. A value is `null` if it is not defined for the diagram,
or too large for a double. Values that are not integers are rounded to six decimals.

`depth` is how deeply splits are nested. A walk along arcs begins with 0. At each node that it
passes, it loses 1 if the node is a join, but never falls below 0, and gains 1 if the node is a
split. On a walk against the arcs, splits lose and joins gain. The depth of a node is the largest
value with which a walk along the arcs arrives at it, or a walk against them, whichever is smaller.
`depth` is the largest depth of a node. It is `null` if it grows without end, or if more than 200
nodes of a graph are on cycles.

Sources: (1) Cardoso, Mendling, Neumann and Reijers, *A Discourse on Complexity of Process Models*,
2006. (2) Cardoso, *How to Measure the Control-flow Complexity of Web Processes and Workflows*,
2005. (3) Mendling, *Metrics for Process Models*, 2008.
"""

from __future__ import annotations

import math
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from metrics import graphs
from metrics.blocks import block_class, described, json_key, nearest_number, printable_sum
from metrics.bpmn.flow import TAGS
from metrics.bpmn.flow_graphs import FlowGraph
from metrics.bpmn.names import ACTIVITIES, bpmn
from metrics.metric import Evidence, Metric, SourceElement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from lxml.etree import _Element as Element

    from metrics.bpmn.diagram import Diagram, Engine
    from metrics.bpmn.flow import Flow, Scope

    # Numbers of nodes, and how much each adds.
    Amounts = Sequence[tuple[int, int]]

XOR, OR, AND = "XOR", "OR", "AND"
GATEWAY_TYPES: Final = {
    **dict.fromkeys(bpmn("exclusiveGateway eventBasedGateway"), XOR),
    **dict.fromkeys(bpmn("inclusiveGateway complexGateway"), OR),
    **dict.fromkeys(bpmn("parallelGateway"), AND),
}
(CONDITION,) = bpmn("conditionExpression")

DIGITS: Final = 6
NONE: Final[frozenset[int]] = frozenset()
MAX_SIZE_KEPT: Final = 100


@block_class
class Complexity:
    """The complexity of the flow of a BPMN diagram."""

    nodes: int = described("Flow nodes")
    arcs: int = described("Sequence flows between flow nodes of the same process or sub-process")
    activities: int = described("Activities (1)")
    gateways: int = described("Gateways")
    control_flow_complexity: int | float | None = described(
        "Sum over gateways that are splits with `n` outgoing arcs: XOR `n`, OR `2^n - 1`, AND 1 (2)"
    )
    implicit_control_flow_complexity: int | float | None = described(
        "Sum over all other splits: 1, or `2^n - 1` if one of the `n` outgoing arcs has a condition"
    )
    join_complexity: int | float | None = described(
        "Sum over gateways that are joins with `n` incoming arcs: XOR `n`, OR `2^n - 1`, AND 1 (3)"
    )
    cyclomatic_number: int = described("Arcs - nodes + connected components (3)")
    token_split: int = described("Sum over AND and OR splits: outgoing arcs - 1 (3)")
    mismatch: int = described(
        "Sum over the three types: arcs of splits - arcs of joins, without the sign (3)"
    )
    coefficient_of_connectivity: float | None = described("Arcs / nodes (3)")
    coefficient_of_network_complexity: float | None = described("Arcs² / nodes, a sum (3)")
    density: float | None = described("Arcs / `nodes * (nodes - 1)` (3)")
    sequentiality: float | None = described("Arcs between nodes that are not gateways / arcs (3)")
    separability: float | None = described(
        "Cut vertices (nodes whose removal disconnects others) / (nodes - 2) (3)"
    )
    cyclicity: float | None = described("Nodes on cycles / nodes (3)")
    average_gateway_degree: float | None = described("Arcs of gateways / gateways (3)")
    max_gateway_degree: int | None = described("The largest number of arcs of a gateway", total=max)
    heterogeneity: float | None = described(
        "The entropy of the types of the gateways, with logarithms to the base 3 (3)"
    )
    depth: int | None = described("How deeply splits are nested (3)", total=max)
    diameter: int | None = described(
        "Arcs in the longest path of a graph; null if there is a cycle (3)", total=max
    )


class Shape(NamedTuple):
    """What the values of a scope depend on: scopes with equal shapes have equal values.

    `tags` are the tags of the flow nodes. `ends` are the positions of the source and the target of
    each arc. `conditional` are the positions of the nodes with a conditional outgoing arc.
    """

    tags: tuple[str, ...]
    ends: tuple[tuple[int, int], ...]
    conditional: frozenset[int]


class ScopeElements(NamedTuple):
    """The elements of the nodes and arcs of a scope."""

    nodes: Sequence[Element]
    arcs: Sequence[Element]


class Found(NamedTuple):
    """The shape of a scope of a flow."""

    shape: Shape
    flow: Flow
    scope: Scope

    def elements(self) -> ScopeElements:
        """The elements of its nodes and arcs, which only explanations need."""
        nodes = [self.flow.nodes[node] for node in self.scope.nodes]
        return ScopeElements(nodes, [arc.element for arc in self.scope.arcs])


class _Graph:
    """The flow of a scope as a graph, and the types of its gateways."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.size = len(shape.tags)
        self.flow = FlowGraph(self.size, shape.ends)
        self.types = [GATEWAY_TYPES.get(tag) for tag in shape.tags]
        self.gateways = [node for node, type in enumerate(self.types) if type is not None]

    def degree(self, node: int) -> int:
        """The number of arcs of a node."""
        return self.flow.incoming[node] + self.flow.outgoing[node]


def _nodes(graph: _Graph) -> Sequence[int]:
    return range(graph.size)


def _arcs(graph: _Graph) -> Sequence[int]:
    return range(len(graph.shape.ends))


def _activities(graph: _Graph) -> Sequence[int]:
    return [node for node, tag in enumerate(graph.shape.tags) if tag in ACTIVITIES]


def _gateways(graph: _Graph) -> Sequence[int]:
    return graph.gateways


def _sequential_arcs(graph: _Graph) -> Sequence[int]:
    arcs, types = enumerate(graph.shape.ends), graph.types
    return [arc for arc, (source, target) in arcs if types[source] is types[target] is None]


def _cut_vertices(graph: _Graph) -> Sequence[int]:
    return graphs.cut_vertices(graph.flow.neighbours) if graph.size > 2 else ()


def _on_cycles(graph: _Graph) -> Sequence[int]:
    return sorted(graph.flow.on_cycles)


def _choices(type: str | None, arcs: int) -> int:
    """The number of states after a gateway with this number of arcs."""
    if type == XOR:
        return arcs
    return 2**arcs - 1 if type == OR else 1


def _splits(graph: _Graph) -> Amounts:
    types, arcs = graph.types, graph.flow.outgoing
    return [(node, _choices(types[node], arcs[node])) for node in graph.flow.splits if types[node]]


def _implicit_splits(graph: _Graph) -> Amounts:
    splits = [node for node in graph.flow.splits if graph.types[node] is None]
    conditional, arcs = graph.shape.conditional, graph.flow.outgoing
    return [(node, _choices(OR if node in conditional else AND, arcs[node])) for node in splits]


def _joins(graph: _Graph) -> Amounts:
    types, arcs = graph.types, graph.flow.incoming
    return [(node, _choices(types[node], arcs[node])) for node in graph.flow.joins if types[node]]


def _tokens(graph: _Graph) -> Amounts:
    splits = (node for node in graph.flow.splits if graph.types[node] in (OR, AND))
    return [(node, graph.flow.outgoing[node] - 1) for node in splits]


def _degrees(graph: _Graph) -> Amounts:
    return [(node, graph.degree(node)) for node in graph.gateways]


# The nodes or arcs that each number counts.
COUNTS: Final[Mapping[str, Callable[[_Graph], Sequence[int]]]] = {
    "nodes": _nodes,
    "arcs": _arcs,
    "activities": _activities,
    "gateways": _gateways,
}

# The nodes that add to each sum.
SUMS: Final[Mapping[str, Callable[[_Graph], Amounts]]] = {
    "control_flow_complexity": _splits,
    "implicit_control_flow_complexity": _implicit_splits,
    "join_complexity": _joins,
    "token_split": _tokens,
}


class Ratio(NamedTuple):
    """The nodes or arcs that the numerator of a ratio counts, and the denominator."""

    counted: Callable[[_Graph], Sequence[int]]
    denominator: Callable[[_Graph], int]


RATIOS: Final[Mapping[str, Ratio]] = {
    "coefficient_of_connectivity": Ratio(_arcs, lambda graph: graph.size),
    "density": Ratio(_arcs, lambda graph: graph.size * (graph.size - 1)),
    "sequentiality": Ratio(_sequential_arcs, lambda graph: len(graph.shape.ends)),
    "separability": Ratio(_cut_vertices, lambda graph: max(graph.size - 2, 0)),
    "cyclicity": Ratio(_on_cycles, lambda graph: graph.size),
}

COUNTS_OF_ARCS: Final = frozenset({_arcs, _sequential_arcs})


def find(diagram: Diagram) -> Sequence[Found]:
    """The shape and the elements of each scope with nodes."""
    conditional = {condition.getparent() for condition in diagram.elements(CONDITION)}
    flow = diagram.flow
    return [_found(flow, scope, conditional) for scope in flow.scopes if scope.nodes]


def _found(flow: Flow, scope: Scope, conditional: AbstractSet[Element | None]) -> Found:
    position, arcs = flow.position, scope.arcs
    shape = Shape(
        tuple([flow.tags[node] for node in scope.nodes]),
        tuple([(position[source], position[target]) for _, source, target in arcs]),
        frozenset(position[arc.source] for arc in arcs if arc.element in conditional)
        if conditional
        else NONE,
    )
    return Found(shape, flow, scope)


def count(found: Sequence[Found], engine: Engine) -> Complexity:
    """The values of all scopes together."""
    shapes = tuple([each.shape for each in found])
    is_large = sum([len(shape.tags) + len(shape.ends) for shape in shapes]) > MAX_SIZE_KEPT
    return _block(shapes) if is_large else _known_block(shapes)


def _block(shapes: Sequence[Shape]) -> Complexity:
    # Hostile diagrams have many scopes with the same shape: each is measured once.
    found = [(_Graph(shape), times) for shape, times in Counter(shapes).items()]
    values: dict[str, Any] = {
        name: sum(len(counted(graph)) * times for graph, times in found)
        for name, counted in COUNTS.items()
    }
    values |= {
        name: printable_sum(
            sum(amount * times for graph, times in found for _, amount in amounts(graph))
        )
        for name, amounts in SUMS.items()
    }
    values |= {
        name: _quotient(
            sum(len(ratio.counted(graph)) * times for graph, times in found),
            sum(ratio.denominator(graph) * times for graph, times in found),
        )
        for name, ratio in RATIOS.items()
    }
    degrees = [(degree, times) for graph, times in found for _, degree in _degrees(graph)]
    types: Counter[str | None] = Counter()
    for graph, times in found:
        for node in graph.gateways:
            types[graph.types[node]] += times
    graphs_once = [graph for graph, _ in found]
    return Complexity(
        **values,
        cyclomatic_number=sum(_cyclomatic_number(graph) * times for graph, times in found),
        mismatch=sum(_mismatch(graph) * times for graph, times in found),
        coefficient_of_network_complexity=_network_complexity(found),
        average_gateway_degree=_quotient(
            sum(degree * times for degree, times in degrees), types.total()
        ),
        max_gateway_degree=max((degree for degree, _ in degrees), default=None),
        heterogeneity=_heterogeneity(types),
        depth=_depth(graphs_once),
        diameter=_diameter(graphs_once),
    )


# Many diagrams have the same flow, above all the small ones.
_known_block = lru_cache(maxsize=2048)(_block)


def _quotient(numerator: int, denominator: int) -> float | None:
    return round(numerator / denominator, DIGITS) if denominator else None


def _network_complexity(found: Sequence[tuple[_Graph, int]]) -> float | None:
    values = [len(graph.shape.ends) ** 2 / graph.size * times for graph, times in found]
    return round(sum(values), DIGITS) if values else None


def _cyclomatic_number(graph: _Graph) -> int:
    components = graphs.component_count(graph.flow.neighbours)
    return len(graph.shape.ends) - graph.size + components


def _mismatch(graph: _Graph) -> int:
    differences: Counter[str | None] = Counter()
    for sign, nodes in ((1, graph.flow.splits), (-1, graph.flow.joins)):
        for node in nodes:
            differences[graph.types[node]] += sign * graph.degree(node)
    del differences[None]
    return sum(map(abs, differences.values()))


def _heterogeneity(types: Counter[str | None]) -> float | None:
    total = types.total()
    if not total:
        return None
    shares = (number / total for number in types.values())
    return round(sum(share * math.log(1 / share, 3) for share in shares), DIGITS)


def _depth(found: Sequence[_Graph]) -> int | None:
    depths = [graph.flow.depths for graph in found]
    if not found or any(each is None or max(each) == math.inf for each in depths):
        return None
    return int(max(max(each) for each in depths if each is not None))


def _diameter(found: Sequence[_Graph]) -> int | None:
    paths = [graph.flow.longest_path for graph in found]
    if not found or any(path is None for path in paths):
        return None
    return max(len(path) for path in paths if path is not None) - 1


def explain(found: Sequence[Found]) -> Iterator[Evidence]:
    """The elements of counts and of numerators, and those that add to sums and have a maximum."""
    scopes = [(_Graph(each.shape), each.elements()) for each in found]
    counted_by = {**COUNTS, **{name: ratio.counted for name, ratio in RATIOS.items()}}
    for name, counted in counted_by.items():
        for graph, scope in scopes:
            elements = scope.arcs if counted in COUNTS_OF_ARCS else scope.nodes
            for number in counted(graph):
                yield Evidence(json_key(name), SourceElement(elements[number]))
    for name, amounts in {**SUMS, "average_gateway_degree": _degrees}.items():
        for graph, scope in scopes:
            for node, amount in amounts(graph):
                times = nearest_number(amount)
                yield Evidence(json_key(name), SourceElement(scope.nodes[node]), times=times)
    yield from _explain_maxima(scopes)


def _explain_maxima(scopes: Sequence[tuple[_Graph, ScopeElements]]) -> Iterator[Evidence]:
    """The gateways with the largest degree, the deepest nodes, and a longest path."""
    found = [graph for graph, _ in scopes]
    degrees = [
        (scope.nodes[node], degree) for graph, scope in scopes for node, degree in _degrees(graph)
    ]
    largest = max((degree for _, degree in degrees), default=0)
    for element, degree in degrees:
        if degree == largest:
            yield Evidence("maxGatewayDegree", SourceElement(element), times=degree)
    depth, diameter = _depth(found), _diameter(found)
    for graph, scope in scopes:
        for element, value in zip(scope.nodes, graph.flow.depths or (), strict=False):
            if depth and value == depth:
                yield Evidence("depth", SourceElement(element), times=depth)
        path = graph.flow.longest_path
        if diameter and path is not None and len(path) - 1 == diameter:
            for node in path:
                yield Evidence("diameter", SourceElement(scope.nodes[node]))


METRIC: Final = Metric(
    name="complexity",
    block=Complexity,
    key="complexity",
    fragment="complexity",
    rules=1,
    main="controlFlowComplexity",
    find=find,
    count=count,
    explain=explain,
    tags=TAGS | {CONDITION},
)
