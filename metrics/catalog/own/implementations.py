"""Implementations: the places of a BPMN diagram where an engine runs code of the user.

`<scriptTask id="s" scriptFormat="groovy"/>` is printed as `{"rules": 1, "count": 1, …,
"scriptTask": {"count": 1, "script": 1}, …, "scripts": {"count": 1, "tasks": 1, …, "languages":
{"groovy": 1}}}`.

A *place* is a kind of element that can have code, such as a service task. Its `count` is the number
of elements with code. Each other number counts the elements with one kind of code; an element can
have several kinds. The `count` of the fragment is the sum over all places. Camunda 7 and Camunda 8
have different places.

Only the first message event definition of a message event is read. A form validator is a
`camunda:constraint` with the name `validator`.

`scripts` counts script tasks, the scripts of listeners and of input and output parameters, and
conditions with a `language`. `languages` counts them by the text of `scriptFormat` or `language`,
in lower case, without the part before the last `/` and without `x-`: `text/x-groovy` is `groovy`.
An empty text is `none`.

Expressions in conditions, parameters and assignments do not count. The types `mail` and `shell` of
Camunda 7 do not count, either: they run no code of the user.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from metrics.blocks import OMITTED, Omitted, block_class, block_of, described, keys
from metrics.bpmn.diagram import Engine
from metrics.bpmn.implementations import (
    CALLED_CODE,
    CALLED_JOB_CODE,
    FORM_HANDLER_CODE,
    JOB_CODE,
    LISTENER_CODE,
    RULE_JOB_CODE,
    RULE_TASK_CODE,
    SCRIPT_JOB_CODE,
    TASK_CODE,
    VARIABLE_MAPPING_CODE,
    extensions_of,
    kinds_of,
)
from metrics.bpmn.names import (
    ACTIVITIES,
    EVENT_DEFINITIONS,
    EVENTS,
    EXTENSION_ELEMENTS,
    GATEWAYS,
    PROCESS,
    SEQUENCE_FLOW,
    SERVICE_TASK,
    USER_TASK,
    bpmn,
    camunda,
    own_attribute,
    zeebe,
)
from metrics.metric import Finding, Metric, counting, without_kinds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from lxml.etree import _Element as Element

    from metrics.bpmn.diagram import Diagram
    from metrics.bpmn.implementations import Code

SEND_TASK, RULE_TASK, SCRIPT_TASK = bpmn("sendTask businessRuleTask scriptTask")
CALL_ACTIVITY, AD_HOC, START_EVENT = bpmn("callActivity adHocSubProcess startEvent")
THROW_EVENT, END_EVENT, MESSAGE = bpmn("intermediateThrowEvent endEvent messageEventDefinition")
CONDITION_EXPRESSION, CONDITION = bpmn("conditionExpression condition")
(CONDITIONAL,) = bpmn("conditionalEventDefinition")

EXECUTION_LISTENER, TASK_LISTENER = camunda("executionListener"), camunda("taskListener")
SCRIPT, FIELD, CONSTRAINT = camunda("script"), camunda("field"), camunda("constraint")
PARAMETERS: Final = frozenset({camunda("inputParameter"), camunda("outputParameter")})
VALIDATION_PATH: Final = (camunda("validation"), camunda("formField"), camunda("formData"))
JOB_LISTENERS: Final = {
    zeebe("executionListener"): zeebe("executionListeners"),
    zeebe("taskListener"): zeebe("taskListeners"),
}
"""The listeners of Camunda 8, and the extension elements that hold them."""

# The elements whose listeners count.
LISTENED: Final = ACTIVITIES | EVENTS | GATEWAYS | {SEQUENCE_FLOW, PROCESS}

LANGUAGES: Final[Mapping[str, str]] = MappingProxyType(
    {
        **{name: name for name in ("groovy", "feel", "juel", "xpath")},
        **dict.fromkeys(("javascript", "ecmascript", "js", "nashorn", "graal.js"), "javascript"),
        **dict.fromkeys(("python", "jython"), "python"),
        **dict.fromkeys(("ruby", "jruby"), "ruby"),
    }
)
"""The languages, by their names in diagrams; any other name counts as `other`."""

KNOWN_LANGUAGES: Final = (*dict.fromkeys(LANGUAGES.values()), "other", "none")

# The places that are flow elements: their tag, and the code that they name.
TASKS: Final[Mapping[Engine, Mapping[str, tuple[str, Sequence[Code]]]]] = MappingProxyType(
    {
        Engine.CAMUNDA_7: {
            "serviceTask": (SERVICE_TASK, TASK_CODE),
            "sendTask": (SEND_TASK, TASK_CODE),
            "businessRuleTask": (RULE_TASK, RULE_TASK_CODE),
            "callActivity": (CALL_ACTIVITY, CALLED_CODE),
            "variableMapping": (CALL_ACTIVITY, VARIABLE_MAPPING_CODE),
        },
        Engine.CAMUNDA_8: {
            "serviceTask": (SERVICE_TASK, JOB_CODE),
            "sendTask": (SEND_TASK, JOB_CODE),
            "businessRuleTask": (RULE_TASK, RULE_JOB_CODE),
            "scriptTask": (SCRIPT_TASK, SCRIPT_JOB_CODE),
            "intermediateThrowEvent": (THROW_EVENT, JOB_CODE),
            "endEvent": (END_EVENT, JOB_CODE),
            "adHocSubProcess": (AD_HOC, JOB_CODE),
            "callActivity": (CALL_ACTIVITY, CALLED_JOB_CODE),
        },
    }
)
LANGUAGE_KEY: Final = "scripts.languages."
MAX_CHARACTERS_KEPT: Final = 100
MESSAGE_EVENTS: Final = {THROW_EVENT: "intermediateThrowEvent", END_EVENT: "endEvent"}
FORM_HOLDERS: Final = frozenset({USER_TASK, START_EVENT})
FIELD_HOLDERS: Final = frozenset({SERVICE_TASK, SEND_TASK, RULE_TASK})


@block_class
class TaskCode:
    """The code of tasks or message events of a Camunda 7 diagram."""

    count: int = described("Elements with at least one of these kinds")
    java: int = described("Elements with a `camunda:class`")
    expression: int = described("Elements with a `camunda:expression`")
    delegate: int = described("Elements with a `camunda:delegateExpression`")
    external: int = described("Elements whose `camunda:type` is `external`")
    connector: int = described("Elements with a `camunda:connector`")


@block_class
class RuleTaskCode(TaskCode):
    """The code of business rule tasks of a Camunda 7 diagram."""

    decision: int = described("Elements with a `camunda:decisionRef`")


@block_class
class ScriptTaskCode:
    """The code of script tasks of a Camunda 7 diagram."""

    count: int = described("Script tasks")
    script: int = described("The same number")


@block_class
class CallActivityCode:
    """What call activities of a Camunda 7 diagram call."""

    count: int = described("Call activities with at least one of these kinds")
    process: int = described("Call activities with a `calledElement`")
    case: int = described("Call activities with a `camunda:caseRef`")


@block_class
class JavaCode:
    """Code of elements of a Camunda 7 diagram that is always a class."""

    count: int = described("Elements with a class")
    java: int = described("The same number")


@block_class
class JavaOrDelegateCode:
    """Code of elements of a Camunda 7 diagram that is a class or a delegate expression."""

    count: int = described("Elements with at least one of these kinds")
    java: int = described("Elements with a class")
    delegate: int = described("Elements with a delegate expression")


@block_class
class ListenerCode:
    """The code of listeners of a Camunda 7 diagram."""

    count: int = described("Listeners with at least one of these kinds")
    java: int = described("Listeners with a `class`")
    expression: int = described("Listeners with an `expression`")
    delegate: int = described("Listeners with a `delegateExpression`")
    script: int = described("Listeners with a `camunda:script`")


@block_class
class JobCode:
    """The elements of a Camunda 8 diagram that job workers run."""

    count: int = described("Elements that a job worker runs")
    external: int = described("The same number")


@block_class
class RuleJobCode:
    """The code of business rule tasks of a Camunda 8 diagram."""

    count: int = described("Elements with at least one of these kinds")
    external: int = described("Elements with a `zeebe:taskDefinition`")
    decision: int = described("Elements with a `zeebe:calledDecision`")


@block_class
class ScriptJobCode:
    """The code of script tasks of a Camunda 8 diagram."""

    count: int = described("Elements with at least one of these kinds")
    external: int = described("Elements with a `zeebe:taskDefinition`")
    script: int = described("Elements with a `zeebe:script`")


@block_class
class CalledJobCode:
    """What call activities of a Camunda 8 diagram call."""

    count: int = described("Call activities with a `zeebe:calledElement`")
    process: int = described("The same number")


@block_class
class Scripts:
    """The scripts of a Camunda 7 diagram."""

    count: int = described("Scripts")
    tasks: int = described("Script tasks")
    listeners: int = described("Listeners with a script")
    parameters: int = described("Scripts of input and output parameters")
    conditions: int = described("Conditions with a language")
    languages: Mapping[str, int] = described("Scripts by language", members=KNOWN_LANGUAGES)


@block_class
class Implementations:
    """The places of a BPMN diagram where an engine runs code of the user."""

    count: int = described("Elements with code, summed over all places")
    service_task: TaskCode | JobCode = described("Service tasks")
    send_task: TaskCode | JobCode = described("Send tasks")
    business_rule_task: RuleTaskCode | RuleJobCode = described("Business rule tasks")
    script_task: ScriptTaskCode | ScriptJobCode = described("Script tasks")
    intermediate_throw_event: TaskCode | JobCode = described("Intermediate throw events")
    end_event: TaskCode | JobCode = described("End events")
    ad_hoc_sub_process: JobCode | Omitted = described("Ad-hoc sub-processes")
    call_activity: CallActivityCode | CalledJobCode = described("Call activities")
    variable_mapping: JavaOrDelegateCode | Omitted = described(
        "Variable mappings of call activities"
    )
    form_handler: JavaCode | Omitted = described("Form handlers")
    form_validator: JavaOrDelegateCode | Omitted = described("Form validators")
    execution_listener: ListenerCode | JobCode = described("Execution listeners")
    task_listener: ListenerCode | JobCode = described("Task listeners")
    fields: int | Omitted = described("`camunda:field` of tasks, message events and listeners")
    scripts: Scripts | Omitted = described("Scripts")


CAMUNDA_7_BLOCKS: Final = {
    "serviceTask": TaskCode,
    "sendTask": TaskCode,
    "businessRuleTask": RuleTaskCode,
    "scriptTask": ScriptTaskCode,
    "intermediateThrowEvent": TaskCode,
    "endEvent": TaskCode,
    "callActivity": CallActivityCode,
    "variableMapping": JavaOrDelegateCode,
    "formHandler": JavaCode,
    "formValidator": JavaOrDelegateCode,
    "executionListener": ListenerCode,
    "taskListener": ListenerCode,
}
CAMUNDA_8_BLOCKS: Final = {
    "serviceTask": JobCode,
    "sendTask": JobCode,
    "businessRuleTask": RuleJobCode,
    "scriptTask": ScriptJobCode,
    "intermediateThrowEvent": JobCode,
    "endEvent": JobCode,
    "adHocSubProcess": JobCode,
    "callActivity": CalledJobCode,
    "executionListener": JobCode,
    "taskListener": JobCode,
}


class _Place(NamedTuple):
    """Where something in an extension is: the extended element, and whether in a parameter."""

    element: Element | None
    is_in_parameter: bool


def find(diagram: Diagram) -> Iterator[Finding]:
    """Each element with code counts for its place and kinds; each script and field counts, too."""
    yield from _tasks(diagram)
    if diagram.engine is Engine.CAMUNDA_8:
        yield from _job_listeners(diagram)
        return
    yield from _message_events(diagram)
    yield from _forms(diagram)
    yield from _listeners(diagram)
    yield from _fields(diagram)
    yield from _scripts(diagram)


@counting
def count(counts: Mapping[str, int], engine: Engine) -> Implementations:
    """The block, from the number of findings for each key."""
    is_camunda_8 = engine is Engine.CAMUNDA_8
    blocks: Mapping[str, type] = CAMUNDA_8_BLOCKS if is_camunda_8 else CAMUNDA_7_BLOCKS
    values: dict[str, Any] = {
        key: block_of(block, counts, f"{key}.") for key, block in blocks.items()
    }
    if not is_camunda_8:
        values["fields"] = counts["fields"]
        values["scripts"] = _scripts_block(counts)
    names = keys(Implementations).printed[1:]
    return Implementations(counts["count"], *(values.get(name, OMITTED) for name in names))


def _scripts_block(counts: Mapping[str, int]) -> Scripts:
    languages = {
        key.removeprefix(LANGUAGE_KEY): number
        for key, number in sorted(counts.items())
        if key.startswith(LANGUAGE_KEY)
    }
    return Scripts(
        counts["scripts.count"],
        counts["scripts.tasks"],
        counts["scripts.listeners"],
        counts["scripts.parameters"],
        counts["scripts.conditions"],
        languages,
    )


def _finding(place: str, kinds: Iterable[str], element: Element) -> Finding:
    return Finding(_keys_of(place, *kinds), element)


@lru_cache(maxsize=1024)
def _keys_of(place: str, *kinds: str) -> tuple[str, ...]:
    """The keys for which each element of a place with some kinds of code counts."""
    return ("count", f"{place}.count", *(f"{place}.{kind}" for kind in kinds))


def _tasks(diagram: Diagram) -> Iterator[Finding]:
    for place, (tag, codes) in TASKS[diagram.engine].items():
        for element in diagram.in_processes(tag):
            if kinds := kinds_of(diagram, element, codes):
                yield _finding(place, kinds, element)
    if diagram.engine is Engine.CAMUNDA_7:
        for element in diagram.in_processes(SCRIPT_TASK):
            yield _finding("scriptTask", ("script",), element)


def _message_definitions(diagram: Diagram) -> Iterator[tuple[Element, Element]]:
    """The throwing message events in processes, and the first definition of each."""
    seen = set()
    for definition in diagram.elements(MESSAGE):
        event = definition.getparent()
        if event is not None and event.tag in MESSAGE_EVENTS and event not in seen:
            seen.add(event)
            if diagram.is_in_process(event):
                yield event, definition


def _message_events(diagram: Diagram) -> Iterator[Finding]:
    for event, definition in _message_definitions(diagram):
        if kinds := kinds_of(diagram, definition, TASK_CODE):
            yield _finding(MESSAGE_EVENTS[str(event.tag)], kinds, event)


def _forms(diagram: Diagram) -> Iterator[Finding]:
    """Form handlers and form validators of user tasks and start events."""
    for tag in FORM_HOLDERS:
        for element in diagram.in_processes(tag):
            if kinds := kinds_of(diagram, element, FORM_HANDLER_CODE):
                yield _finding("formHandler", kinds, element)
    for constraint in diagram.elements(CONSTRAINT):
        if own_attribute(constraint, "name") != "validator":
            continue
        holder: Element | None = constraint.getparent()
        for tag in VALIDATION_PATH:
            if holder is not None:
                holder = holder.getparent() if holder.tag == tag else None
        form = diagram.extended_element(holder)
        if form is not None and form.tag in FORM_HOLDERS and diagram.is_in_process(form):
            config = (own_attribute(constraint, "config") or "").lstrip()
            kind = "delegate" if config.startswith(("${", "#{")) else "java"
            yield _finding("formValidator", (kind,), constraint)


def _listened(diagram: Diagram, element: Element) -> bool:
    """Whether listeners of an element count: it is a process, or in one."""
    if element.tag == PROCESS:
        return element.getparent() is diagram.root
    return element.tag in LISTENED and diagram.is_in_process(element)


def _listeners_of(diagram: Diagram) -> Iterator[tuple[str, Element]]:
    """The listeners of a Camunda 7 diagram, with their places."""
    for element, listeners in diagram.extended(EXECUTION_LISTENER).items():
        if _listened(diagram, element):
            yield from (("executionListener", listener) for listener in listeners)
    for element, listeners in diagram.extended(TASK_LISTENER).items():
        if element.tag == USER_TASK and diagram.is_in_process(element):
            yield from (("taskListener", listener) for listener in listeners)


def _listeners(diagram: Diagram) -> Iterator[Finding]:
    for place, listener in _listeners_of(diagram):
        kinds = kinds_of(diagram, listener, LISTENER_CODE)
        script = next(iter(diagram.children(listener, SCRIPT)), None)
        if script is not None:
            kinds.append("script")
            yield _script("listeners", script, "scriptFormat")
        if kinds:
            yield _finding(place, kinds, listener)


def _job_listeners(diagram: Diagram) -> Iterator[Finding]:
    for (tag, box), place in zip(
        JOB_LISTENERS.items(), ("executionListener", "taskListener"), strict=True
    ):
        for listener in diagram.elements(tag):
            holder = listener.getparent()
            if holder is None or holder.tag != box:
                continue
            element = diagram.extended_element(holder.getparent())
            if element is not None and _listened(diagram, element):
                yield _finding(place, ("external",), listener)


def _fields(diagram: Diagram) -> Iterator[Finding]:
    """The injected fields of tasks, of message events and of listeners."""
    definitions = {definition for _, definition in _message_definitions(diagram)}
    listeners = {listener for _, listener in _listeners_of(diagram)}
    for field in diagram.elements(FIELD):
        holder = field.getparent()
        element = diagram.extended_element(holder)
        if (
            holder in listeners
            or element in definitions
            or (
                element is not None
                and element.tag in FIELD_HOLDERS
                and diagram.is_in_process(element)
            )
        ):
            yield Finding(("fields",), field)


def _scripts(diagram: Diagram) -> Iterator[Finding]:
    """The scripts of tasks, of parameters and of conditions."""
    for task in diagram.in_processes(SCRIPT_TASK):
        yield _script("tasks", task, "scriptFormat")
    places: dict[Element, _Place] = {}
    for script in diagram.elements(SCRIPT):
        element = _element_with_parameter(diagram, script, places)
        if element is not None and _has_parameters(diagram, element):
            yield _script("parameters", script, "scriptFormat")
    for condition in (*diagram.elements(CONDITION_EXPRESSION), *diagram.elements(CONDITION)):
        language = own_attribute(condition, "language")
        if language is not None and language.strip() and _is_condition(diagram, condition):
            yield _script("conditions", condition, "language")


def _script(place: str, element: Element, attribute: str) -> Finding:
    text = own_attribute(element, attribute) or ""
    # Long texts, which hostile diagrams have, are not kept.
    keys_of = _keys_of_script if len(text) > MAX_CHARACTERS_KEPT else _known_keys_of_script
    return Finding(keys_of(place, text), element)


def _keys_of_script(place: str, text: str) -> tuple[str, ...]:
    """The keys for which each script in a place counts whose language is a text."""
    return ("scripts.count", f"scripts.{place}", LANGUAGE_KEY + _language(text))


_known_keys_of_script = lru_cache(maxsize=256)(_keys_of_script)


def _language(text: str) -> str:
    name = text.strip().lower().rstrip("/").rpartition("/")[2].removeprefix("x-")
    return LANGUAGES.get(name, "other") if name else "none"


def _element_with_parameter(
    diagram: Diagram, script: Element, known: dict[Element, _Place]
) -> Element | None:
    """The element whose input or output parameter holds a script, at any depth.

    `known` caches the places of the elements above scripts.
    """
    passed = []
    current = script.getparent()
    while current is not None and current not in known and current.tag != EXTENSION_ELEMENTS:
        passed.append(current)
        current = current.getparent()
    if current is not None and current in known:
        place = known[current]
    else:
        place = _Place(diagram.extended_element(current), is_in_parameter=False)
    for element in reversed(passed):
        place = place._replace(is_in_parameter=place.is_in_parameter or element.tag in PARAMETERS)
        known[element] = place
    return place.element if place.is_in_parameter else None


def _has_parameters(diagram: Diagram, element: Element) -> bool:
    """Whether scripts in the parameters of an element count."""
    if element.tag in EVENT_DEFINITIONS:
        event = element.getparent()
        return event is not None and event.tag in EVENTS and diagram.is_in_process(event)
    return element.tag != SEQUENCE_FLOW and _listened(diagram, element)


def _is_condition(diagram: Diagram, condition: Element) -> bool:
    """Whether it is the condition of a sequence flow or of a conditional event in a process."""
    holder = condition.getparent()
    if holder is not None and condition.tag == CONDITION:
        holder = holder.getparent() if holder.tag == CONDITIONAL else None
        return holder is not None and holder.tag in EVENTS and diagram.is_in_process(holder)
    return holder is not None and holder.tag == SEQUENCE_FLOW and diagram.is_in_process(holder)


METRIC: Final = Metric(
    name="implementations",
    block=Implementations,
    key="implementations",
    fragment="implementations",
    rules=1,
    is_compared=True,
    find=find,
    count=count,
    explain=without_kinds,
    tags=frozenset(
        {
            *(tag for tasks in TASKS.values() for tag, _ in tasks.values()),
            *(
                code
                for tasks in TASKS.values()
                for _, codes in tasks.values()
                for code in extensions_of(codes)
            ),
            *(SCRIPT_TASK, MESSAGE, CONSTRAINT, FIELD, SCRIPT, CONDITION_EXPRESSION, CONDITION),
            *(EXECUTION_LISTENER, TASK_LISTENER, *JOB_LISTENERS, *FORM_HOLDERS),
        }
    ),
)
