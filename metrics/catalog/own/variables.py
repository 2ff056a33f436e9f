"""Variables: where a BPMN diagram writes process variables, for Camunda 7 and Camunda 8.

`<zeebe:ioMapping><zeebe:output source="=1" target="total"/></zeebe:ioMapping>` in a task is printed
as `{"rules": 1, "count": 1, "writers": 1, "sources": {"inputMapping": 0, "outputMapping": 1,
"inputElement": 0, …}, "scopes": {"process": 1, "local": 0}}`.

A *writer* is an extension element or an attribute that names a variable. Writers with the same name
and the same scope, in the same root element, write one variable. Root elements, such as processes,
and their flow elements at any depth can have writers. Names are compared as they are written: `a`,
`A` and `a.b` are three names.

**Camunda 7.** The variables are those of [Process variables](#process-variables), so `count` is
`diagramMetrics.processVariablesCount`.

**Camunda 8.** These are writers, if they name a variable:

- `inputMapping`: each `zeebe:input` of the first `zeebe:ioMapping`. The scope is the element.
- `outputMapping`: each `zeebe:output` of the first `zeebe:ioMapping`. The scope is the nearest
  element above with a matching input, or else the root element.
- `inputElement`: that attribute of the first `zeebe:loopCharacteristics` of the loop. The scope is
  the nearest element above with a matching input, or else the element.
- `outputCollection`: that attribute of the same `zeebe:loopCharacteristics`. The scope is the
  nearest element above with a matching input, or else the root element.
- `adHocOutputCollection`: the `outputCollection` of the first `zeebe:adHoc`. It writes a variable
  with the scope of an `inputElement`, and one with the scope of an `outputCollection`. If both
  scopes are the same element, they are one variable.
- `resultVariable`: that attribute of the first `zeebe:calledDecision`, or, if there is none, of the
  first `zeebe:script`. If the first `zeebe:ioMapping` has a `zeebe:output`, the scope is the
  element. If not, it is the nearest element with a matching input, beginning with the element
  itself, or else the root element.

A `zeebe:input` or `zeebe:output` names its variable in `target`. The *inputs* of an element are the
targets of each `zeebe:input` in its first `zeebe:ioMapping`. An input matches the same name. It
also matches each name with a dot that has the same part before its first dot: the inputs `a` and
`a.x` match the name `a.b`, but `a.x` does not match `a`. If an element has several loops, the last
one counts. These are the rules of extract-process-variables 2.2.1.

In Camunda 8, messages, signals, errors, timers, forms, listeners, task headers and FEEL expressions
are not writers.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

from metrics.blocks import block_class, block_of, described, shared
from metrics.bpmn.diagram import Engine
from metrics.bpmn.names import ACTIVITIES, attribute, bpmn, zeebe, zeebe_attribute
from metrics.bpmn.variables import (
    ABOVE_OR_ROOT,
    CAMUNDA_7_TAGS,
    MENTION,
    Matching,
    ScopeRule,
    Start,
    UnscopedWriter,
    by_variable,
    camunda_7_writers,
    named_children,
    with_scopes,
)
from metrics.catalog.process_variables import evidence_of
from metrics.metric import Evidence, Metric, SourceElement

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lxml.etree import _Element as Element

    from metrics.bpmn.diagram import Diagram
    from metrics.bpmn.names import AttributeName
    from metrics.bpmn.variables import Variable, Writer

IO_MAPPING, INPUT, OUTPUT = zeebe("ioMapping"), zeebe("input"), zeebe("output")
LOOP, AD_HOC = zeebe("loopCharacteristics"), zeebe("adHoc")
DECISION, SCRIPT = zeebe("calledDecision"), zeebe("script")
TARGET, INPUT_ELEMENT = zeebe_attribute("target"), zeebe_attribute("inputElement")
OUTPUT_COLLECTION: Final = zeebe_attribute("outputCollection")
RESULT_VARIABLE: Final = zeebe_attribute("resultVariable")
LOOPS: Final = bpmn("multiInstanceLoopCharacteristics standardLoopCharacteristics")

LOCAL: Final = ScopeRule(None, is_local=True)
ABOVE_OR_LOCAL: Final = ScopeRule(Start.ABOVE, is_local=True)
ELEMENT_OR_ROOT: Final = ScopeRule(Start.ELEMENT)


class Source(NamedTuple):
    """A source of Camunda 8: the attribute `name` of the first `extension` element.

    With a `child`, it is the attribute of each such child of that element. Each of the `rules`
    yields a scope.
    """

    extension: str
    name: AttributeName
    rules: tuple[ScopeRule, ...]
    child: str | None = None


CAMUNDA_8_SOURCES: Final = {
    "inputMapping": Source(IO_MAPPING, TARGET, (LOCAL,), child=INPUT),
    "inputElement": Source(LOOP, INPUT_ELEMENT, (ABOVE_OR_LOCAL,)),
    "outputMapping": Source(IO_MAPPING, TARGET, (ABOVE_OR_ROOT,), child=OUTPUT),
    "outputCollection": Source(LOOP, OUTPUT_COLLECTION, (ABOVE_OR_ROOT,)),
    "adHocOutputCollection": Source(AD_HOC, OUTPUT_COLLECTION, (ABOVE_OR_LOCAL, ABOVE_OR_ROOT)),
}


@block_class
class Camunda7Sources:
    """The writers of a Camunda 7 diagram."""

    output_parameter: int = described("Output parameters")
    form_field: int = described("Form fields")
    out_mapping: int = described('Elements `camunda:out` without `local="true"`')
    result_variable: int = described("Attributes `camunda:resultVariable`")
    error_code_variable: int = described("Attributes `camunda:errorCodeVariable`")
    error_message_variable: int = described("Attributes `camunda:errorMessageVariable`")
    escalation_code_variable: int = described("Attributes `camunda:escalationCodeVariable`")


@block_class
class Camunda8Sources:
    """The writers of a Camunda 8 diagram."""

    input_mapping: int = described("Input mappings")
    output_mapping: int = described("Output mappings")
    input_element: int = described("Input elements of loops")
    output_collection: int = described("Output collections of loops")
    ad_hoc_output_collection: int = described("Output collections of ad-hoc sub-processes")
    result_variable: int = described("Result variables of decisions and scripts")


@block_class
class Scopes:
    """The variables of a diagram by scope."""

    process: int = described("Variables whose scope is a process or another root element")
    local: int = described("Variables whose scope is any other element")


@block_class
class Variables:
    """The process variables that a BPMN diagram writes."""

    count: int = described("Variables, by name and scope")
    writers: int = described("Elements and attributes that name a variable")
    sources: Camunda7Sources | Camunda8Sources = described("Writers by source")
    scopes: Scopes = described("Variables by scope")


SOURCES: Final = {Engine.CAMUNDA_7: Camunda7Sources, Engine.CAMUNDA_8: Camunda8Sources}


def find(diagram: Diagram) -> Sequence[Writer]:
    """Each writer, with the variables that it writes."""
    if diagram.engine is Engine.CAMUNDA_7:
        return camunda_7_writers(diagram)
    inputs = named_children(diagram, IO_MAPPING, INPUT, TARGET)
    return with_scopes(diagram, _unscoped(diagram), inputs, BY_FIRST_PART)


def count(writers: Sequence[Writer], engine: Engine) -> Variables:
    """The numbers of variables and of writers."""
    scopes = Counter(map(_scope, by_variable(writers)))
    sources = Counter(writer.source for writer in writers)
    return shared(
        Variables,
        scopes.total(),
        len(writers),
        block_of(SOURCES[engine], sources),
        block_of(Scopes, scopes),
    )


def explain(writers: Sequence[Writer]) -> Iterator[Evidence]:
    """Each variable with its writers, and each writer."""
    for variable, of_variable in by_variable(writers).items():
        for key in ("count", f"scopes.{_scope(variable)}"):
            yield evidence_of(variable, of_variable, key)
    for writer in writers:
        source = SourceElement(writer.element, (writer.source,))
        for key in ("writers", f"sources.{writer.source}"):
            yield Evidence(key, source, texts={"variable": writer.name})


def _scope(variable: Variable) -> str:
    return "process" if variable.scope is variable.root_element else "local"


def _unscoped(diagram: Diagram) -> Iterator[UnscopedWriter]:
    for name, source in CAMUNDA_8_SOURCES.items():
        for element, variable in _named(diagram, source):
            if variable:
                yield UnscopedWriter(name, variable, element, source.rules)
    with_outputs = {element for element, _ in named_children(diagram, IO_MAPPING, OUTPUT, TARGET)}
    for element, result in _results(diagram):
        variable = attribute(result, RESULT_VARIABLE)
        if variable:
            rule = LOCAL if element in with_outputs else ELEMENT_OR_ROOT
            yield UnscopedWriter("resultVariable", variable, element, (rule,))


def _named(diagram: Diagram, source: Source) -> Iterator[tuple[Element, str | None]]:
    """The names that a source has, each with its element."""
    if source.child is not None:
        yield from named_children(diagram, source.extension, source.child, source.name)
        return
    for extended, (first, *_) in diagram.extended(source.extension).items():
        element = _looped(diagram, extended) if source.extension == LOOP else extended
        if element is not None:
            yield element, attribute(first, source.name)


def _looped(diagram: Diagram, loop: Element) -> Element | None:
    """The activity of a loop, None if it is no loop or not the last one of its activity."""
    activity = loop.getparent()
    if loop.tag not in LOOPS or activity is None or activity.tag not in ACTIVITIES:
        return None
    later = iter(diagram.kept(loop.itersiblings(*LOOPS)))
    return activity if next(later, None) is None else None


def _results(diagram: Diagram) -> Iterator[tuple[Element, Element]]:
    """The called decision of each element that has one, and the script of each other element."""
    decisions = diagram.extended(DECISION)
    for element, (first, *_) in (diagram.extended(SCRIPT) | decisions).items():
        yield element, first


def _keys_of_input(name: str | None) -> tuple[str, ...]:
    return (name, f"{name.partition('.')[0]}.") if name else ()


def _keys_of_name(name: str | None) -> tuple[str, ...]:
    if not name:
        return ()
    first, dot, _ = name.partition(".")
    # An input whose name is the second key has the key as its first part, too.
    return (name, first + dot) if dot else (name,)


BY_FIRST_PART: Final = Matching(_keys_of_input, _keys_of_name)

METRIC: Final = Metric(
    name="variables",
    block=Variables,
    key="variables",
    fragment="variables",
    rules=1,
    find=find,
    count=count,
    explain=explain,
    tags=CAMUNDA_7_TAGS | {IO_MAPPING, LOOP, AD_HOC, DECISION, SCRIPT},
    attribute=MENTION,
)
