"""Decisions: what a DMN diagram is made of.

`<decision id="d"><decisionTable><input/><output/><rule/></decisionTable></decision>` is printed as
`{"rules": 1, "count": 1, "topLevel": 1, "logic": {"decisionTable": 1, …}, "decisionElements": 2,
"tables": {"count": 1, …, "rules": 1, "hitPolicies": {"UNIQUE": 1}}, …, "depth": 0}`.

Elements are read in the namespace of the root, which is that of a version of DMN. No element is
dropped because of its id. The decisions are the `decision` children of the root.

The logic of a decision is its first child with one of the names that `logic` counts. Tables are the
`decisionTable` elements in decisions and business knowledge models, at any depth.

A hit policy is the text of `hitPolicy`: `UNIQUE` if it is missing or empty, and `other` if DMN has
no such hit policy. `COLLECT` with an aggregation is a hit policy of its own, such as
`COLLECT[SUM]`.

Requirements are children of decisions, business knowledge models and knowledge sources. A
requirement names an element by the `href` of its first `requiredDecision`, `requiredInput`,
`requiredKnowledge` or `requiredAuthority`, which must be `#` and an id. If several elements have
the id, the first one counts. A requirement that names no element of the file is unresolved.

`decisionElements` is what Camunda 7 counts as executed decision elements if it evaluates each
decision once.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from metrics import graphs
from metrics.blocks import block_class, block_of, described, key_part, key_parts
from metrics.metric import HOLDER, Evidence, Metric, SourceElement, summing
from metrics.reading.document import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from lxml.etree import _Element as Element

    from metrics.bpmn.diagram import Diagram, Engine

DECISION, TABLE, LITERAL = "decision", "decisionTable", "literalExpression"
KNOWLEDGE_MODEL, KNOWLEDGE_SOURCE = "businessKnowledgeModel", "knowledgeSource"
OTHER, NONE = "other", "none"

NODES: Final = {
    DECISION: "count",
    KNOWLEDGE_MODEL: "businessKnowledgeModels",
    "inputData": "inputData",
    KNOWLEDGE_SOURCE: "knowledgeSources",
    "decisionService": "decisionServices",
}
"""The children of the root that can be required, and the keys that count them:"""

OTHER_LOGIC: Final = frozenset(("conditional", "filter", "for", "every", "some"))
"""Kinds of logic that count as `other`:"""

LOGIC: Final = {
    **{name: name for name in (TABLE, LITERAL, "context", "invocation", "relation", "list")},
    "functionDefinition": "functionDefinition",
    **dict.fromkeys(OTHER_LOGIC, OTHER),
}

INFORMATION: Final = "information"
REQUIREMENTS: Final = {
    "informationRequirement": INFORMATION,
    "knowledgeRequirement": "knowledge",
    "authorityRequirement": "authority",
}
REQUIRING: Final = frozenset((DECISION, KNOWLEDGE_MODEL, KNOWLEDGE_SOURCE))
REQUIRED: Final = ("requiredDecision", "requiredInput", "requiredKnowledge", "requiredAuthority")

UNIQUE, COLLECT = "UNIQUE", "COLLECT"
HIT_POLICIES: Final = frozenset(
    (UNIQUE, "FIRST", "PRIORITY", "ANY", COLLECT, "RULE ORDER", "OUTPUT ORDER")
)
"""The hit policies of DMN:"""

AGGREGATIONS: Final = frozenset(("SUM", "MIN", "MAX", "COUNT"))
"""The aggregations of `COLLECT`:"""

AGGREGATED: Final = {aggregation: f"{COLLECT}[{aggregation}]" for aggregation in AGGREGATIONS}

PARTS: Final = ("input", "output", "rule")

DECISION_ELEMENTS: Final = "decisionElements"
HIT_POLICY: Final = "tables.hitPolicies."
CYCLE: Final = "cycle"


@block_class
class Logic:
    """The decisions of a diagram by their logic."""

    decision_table: int = described("Decisions with a table")
    literal_expression: int = described("Decisions with a literal expression")
    context: int = described("Decisions with a context")
    invocation: int = described("Decisions with an invocation")
    relation: int = described("Decisions with a relation")
    list: int = described("Decisions with a list")
    function_definition: int = described("Decisions with a function")
    other: int = described("Decisions with a conditional, filter, `for`, `every` or `some`")
    none: int = described("Decisions without logic")


@block_class
class Tables:
    """The decision tables of a diagram."""

    count: int = described("Decision tables, at any depth")
    nested: int = described("Decision tables that are not the logic of a decision")
    inputs: int = described("Inputs of all tables")
    outputs: int = described("Outputs of all tables")
    rules: int = described("Rules of all tables")
    hit_policies: Mapping[str, int] = described(
        "Decision tables by hit policy", members=(*HIT_POLICIES, *AGGREGATED.values(), OTHER)
    )


@block_class
class Requirements:
    """The requirements of decisions, business knowledge models and knowledge sources."""

    count: int = described("Requirements")
    information: int = described("Information requirements")
    knowledge: int = described("Knowledge requirements")
    authority: int = described("Authority requirements")
    unresolved: int = described("Requirements that name no element of the diagram")


@block_class
class Decisions:
    """What a DMN diagram is made of."""

    count: int = described("Decisions")
    top_level: int = described("Decisions that no information requirement names")
    logic: Logic = described("Decisions by their logic")
    decision_elements: int = described(
        "Sum over decisions: a table counts (inputs + outputs) * rules, a literal expression 1"
    )
    tables: Tables = described("Decision tables")
    business_knowledge_models: int = described("Business knowledge models")
    input_data: int = described("Input data")
    knowledge_sources: int = described("Knowledge sources")
    decision_services: int = described("Decision services")
    requirements: Requirements = described("Requirements")
    depth: int | None = described(
        "Requirements in the longest chain; null if requirements form a cycle", total=max
    )


class Requirement(NamedTuple):
    """A requirement of a `node`; `target` is the required node, None if it is unresolved.

    Both are numbers of nodes.
    """

    element: Element
    kind: str
    node: int
    target: int | None


class _Model:
    """The elements of a diagram, in the namespace of its root.

    `nodes` are those that can be required, with their `names`. `logic_of` has the logic of each
    decision that has one.
    """

    def __init__(self, root: Element) -> None:
        tag = str(root.tag)
        self._namespace = tag[: tag.rindex("}") + 1]
        self.nodes = [*self.children(root, *NODES)]
        self.names = [self.name(node) for node in self.nodes]
        self.logic_of = {
            node: logic
            for node, name in zip(self.nodes, self.names, strict=True)
            if name == DECISION and (logic := next(self.children(node, *LOGIC), None)) is not None
        }

    def name(self, element: Element) -> str:
        """The local name of an element in the namespace."""
        return str(element.tag)[len(self._namespace) :]

    def children(self, element: Element, *names: str) -> Iterator[Element]:
        """The children of an element with one of the names."""
        return element.iterchildren(*[self._namespace + name for name in names])

    def tables(self) -> Iterator[tuple[Element, Element]]:
        """Each decision table at any depth, after its decision or business knowledge model."""
        for node, name in zip(self.nodes, self.names, strict=True):
            if name in (DECISION, KNOWLEDGE_MODEL):
                yield from ((node, table) for table in node.iter(self._namespace + TABLE))

    def requirements(self) -> Iterator[Requirement]:
        """The requirements of all nodes."""
        numbers: dict[str, int] = {}
        for number, node in enumerate(self.nodes):
            if (id := node.get("id")) is not None:
                numbers.setdefault(f"#{id}", number)
        for number, (node, name) in enumerate(zip(self.nodes, self.names, strict=True)):
            for element in self.children(node, *REQUIREMENTS) if name in REQUIRING else ():
                required = next(self.children(element, *REQUIRED), None)
                href = None if required is None else required.get("href")
                target = None if href is None else numbers.get(href)
                yield Requirement(element, REQUIREMENTS[self.name(element)], number, target)


def find(diagram: Diagram) -> Sequence[Evidence]:
    """The evidence for each number; for the depth, the requirements of a longest chain."""
    model = _Model(diagram.root)
    requirements = [*model.requirements()]
    return [
        *_nodes(model, requirements),
        *_tables(model),
        *_requirements(model, requirements),
        *_depth(model, requirements),
    ]


def _nodes(model: _Model, requirements: Iterable[Requirement]) -> Iterator[Evidence]:
    named = {each.target for each in requirements if each.kind == INFORMATION}
    for number, (element, name) in enumerate(zip(model.nodes, model.names, strict=True)):
        if name != DECISION:
            yield Evidence(NODES[name], SourceElement(element))
            continue
        logic = model.logic_of.get(element)
        kind = NONE if logic is None else LOGIC[model.name(logic)]
        source = SourceElement(element, (kind,))
        yield Evidence(NODES[name], source)
        yield Evidence(f"logic.{kind}", source)
        if number not in named:
            yield Evidence("topLevel", source)
        if kind == LITERAL:
            yield Evidence(DECISION_ELEMENTS, source)


def _tables(model: _Model) -> Iterator[Evidence]:
    decision_of = {logic: decision for decision, logic in model.logic_of.items()}
    for node, table in model.tables():
        policy = _hit_policy(table)
        source = SourceElement(table, (policy,))
        holder = {HOLDER: node}
        yield Evidence("tables.count", source, related=holder)
        yield Evidence(HIT_POLICY + key_part(policy), source, related=holder)
        inputs, outputs, rules = (sum(1 for _ in model.children(table, name)) for name in PARTS)
        for key, number in (("inputs", inputs), ("outputs", outputs), ("rules", rules)):
            yield Evidence(f"tables.{key}", source, related=holder, times=number)
        if (decision := decision_of.get(table)) is None:
            yield Evidence("tables.nested", source, related=holder)
        else:
            of_decision = SourceElement(decision, (TABLE,))
            yield Evidence(DECISION_ELEMENTS, of_decision, times=(inputs + outputs) * rules)


def _hit_policy(table: Element) -> str:
    policy = table.get("hitPolicy") or UNIQUE
    aggregation = table.get("aggregation")
    if policy == COLLECT and aggregation in AGGREGATIONS:
        return AGGREGATED[aggregation]
    return policy if policy in HIT_POLICIES else OTHER


def _requirements(model: _Model, requirements: Iterable[Requirement]) -> Iterator[Evidence]:
    for requirement in requirements:
        keys = ["requirements.count", f"requirements.{requirement.kind}"]
        if requirement.target is None:
            keys.append("requirements.unresolved")
        for key in keys:
            yield _evidence(model, requirement, key)


def _evidence(model: _Model, requirement: Requirement, key: str) -> Evidence:
    """The evidence of a requirement, with the nodes at both of its ends."""
    element, kind, node, target = requirement
    ends = {HOLDER: model.nodes[node]}
    if target is not None:
        ends["requires"] = model.nodes[target]
    return Evidence(key, SourceElement(element, (kind,)), related=ends)


def _depth(model: _Model, requirements: Iterable[Requirement]) -> Iterator[Evidence]:
    """The requirements of a longest chain; evidence of a cycle if there is one."""
    graph: list[list[int]] = [[] for _ in model.nodes]
    by_ends: dict[tuple[int, int], Requirement] = {}
    for requirement in requirements:
        if requirement.target is not None:
            graph[requirement.node].append(requirement.target)
            by_ends.setdefault((requirement.node, requirement.target), requirement)
    components = graphs.strong_components(graph)
    if graphs.on_cycles(graph, components):
        yield Evidence(CYCLE)
        return
    for ends in pairwise(graphs.longest_path(graph, components)):
        yield _evidence(model, by_ends[ends], "depth")


@summing
def count(sums: Mapping[str, int], engine: Engine) -> Decisions:
    """The block, from a sum for each key."""
    return Decisions(
        sums["count"],
        sums["topLevel"],
        block_of(Logic, sums, "logic."),
        sums[DECISION_ELEMENTS],
        Tables(
            sums["tables.count"],
            sums["tables.nested"],
            sums["tables.inputs"],
            sums["tables.outputs"],
            sums["tables.rules"],
            {
                key_parts(key)[-1]: number
                for key, number in sums.items()
                if key.startswith(HIT_POLICY)
            },
        ),
        sums["businessKnowledgeModels"],
        sums["inputData"],
        sums["knowledgeSources"],
        sums["decisionServices"],
        block_of(Requirements, sums, "requirements."),
        None if sums[CYCLE] else sums["depth"],
    )


def explain(evidence: Sequence[Evidence]) -> Iterable[Evidence]:
    """The evidence that counts."""
    return (piece for piece in evidence if piece.times)


METRIC: Final = Metric(
    name="decisions",
    block=Decisions,
    key="decisions",
    fragment="decisions",
    rules=1,
    find=find,
    count=count,
    explain=explain,
    kinds=(Kind.DMN,),
)
