"""Dialect: the numbers of a diagram as its own engine reads it.

`<serviceTask id="s" flowable:class="org.example.Charge"/>` is printed as `{"rules": 1, "name":
"flowable", …, "serviceTask": {"count": 1, "implementation": {"count": 1, "java": 1, …}, …}}`.

Operaton, Flowable and Activiti have extensions like those of Camunda 7, each in a namespace of its
own. The documented payload reads only the namespace of Camunda 7. This fragment has the same keys
and `otherType`, and counts what the engine of the diagram reads. All BPMN diagrams have it, except
those for Camunda 8. A diagram may also name its platform in the namespace of Operaton's modeler.

`name` is the first of `operaton`, `flowable`, `camunda7` and `activiti` in whose namespace the
diagram has an extension: an attribute of a BPMN element, or an element in `extensionElements`.
Without extensions, it is `operaton` if the root names a platform in the namespace of Operaton's
modeler, and `camunda7` if it names `Camunda Platform`. Otherwise it is null, and the diagram counts
like one of `camunda7`. `--as` sets the name.

Engines also read the namespaces of others: Camunda 7 that of Activiti, Operaton that of Camunda 7,
and Flowable those of Activiti and Camunda 7. If an element has an attribute in several of them, the
engine's own one counts, or else the first in this order. The same holds for elements with the same
name and parent. Flowable and Activiti read elements in any namespace.

In `camunda7` and `operaton`, the rules are those of the payload, but `operaton-forms:` also means
a Camunda Form in `operaton`. In `flowable` and `activiti`:

- an attribute without a prefix is ignored, and an empty one counts as missing;
- a task without a form key has a generated form if it has a `formProperty`;
- a task is external in `flowable` if its `type` is `external-worker` or `external`, and never in
  `activiti`;
- a task has a connector in `activiti` if BPMN's `implementation` does not begin with `##` and the
  task has no `class`, `expression`, `delegateExpression` or `type`;
- each `formProperty` of a user task or start event writes its `variable`. If it has neither a
  `variable` nor an `expression`, it writes its `id`;
- each `out` with a `source` or `sourceExpression` writes its `target`;
- the tasks below write a variable, and in `flowable` each error event definition with
  `flowable:errorVariableName`. The scope of a variable is always the root element.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, cast

from metrics.blocks import block_class, block_of, described
from metrics.bpmn.dialects import dialect_of, has_dialect, read_as
from metrics.bpmn.implementations import LISTENER_CODE, TASK_CODE, Code, kinds_of
from metrics.bpmn.names import (
    EVENTS,
    SERVICE_TASK,
    USER_TASK,
    bpmn,
    camunda,
    camunda_attribute,
    own_attribute,
)
from metrics.bpmn.variables import (
    BY_NAME,
    CAMUNDA_7_TAGS,
    ScopeRule,
    UnscopedWriter,
    by_variable,
    camunda_7_writers,
    with_scopes,
)
from metrics.catalog import process_variables, service_tasks, user_tasks
from metrics.catalog.user_tasks import FORM_KEY, FORM_KEY_KINDS, camunda_7_kinds, kind_of_form_key
from metrics.metric import Finding, Metric, by_keys, counts_by_key

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from lxml.etree import _Element as Element

    from metrics.bpmn.diagram import Diagram, Engine
    from metrics.bpmn.names import AttributeName
    from metrics.bpmn.variables import Writer
    from metrics.metric import Evidence, Tallies

DialectName = Literal["camunda7", "operaton", "flowable", "activiti"]

DEFAULT: Final = "camunda7"
"""The dialect of a diagram that names none."""

START_EVENT, ERROR = bpmn("startEvent errorEventDefinition")
SCRIPT_TASK, RULE_TASK = bpmn("scriptTask businessRuleTask")
FORM_PROPERTY, OUT = camunda("formProperty"), camunda("out")
TYPE: Final = camunda_attribute("type")
RESULT_VARIABLE: Final = camunda_attribute("resultVariable")
RESULT_VARIABLE_NAME: Final = camunda_attribute("resultVariableName")
ERROR_VARIABLE_NAME: Final = camunda_attribute("errorVariableName")

CODES: Final[Mapping[str, Sequence[Code]]] = {
    "camunda7": TASK_CODE,
    "operaton": TASK_CODE,
    "flowable": (
        *LISTENER_CODE,
        Code("external", TYPE, value="external-worker"),
        Code("external", TYPE, value="external"),
    ),
    "activiti": LISTENER_CODE,
}
# What begins the `implementation` of a task that is no connector of Activiti.
NO_CONNECTOR: Final = "##"

OPERATON_FORM_KEY_KINDS: Final = FORM_KEY_KINDS | {"operaton-forms:": "camundaForms"}

RESULT_VARIABLES: Final[Mapping[str, Sequence[AttributeName]]] = {
    SERVICE_TASK: (RESULT_VARIABLE_NAME, RESULT_VARIABLE),
    SCRIPT_TASK: (RESULT_VARIABLE, RESULT_VARIABLE_NAME),
    RULE_TASK: (RESULT_VARIABLE,),
}
"""The tasks that write a variable in `flowable` and `activiti`, and the attributes that name it:
the first that the task has counts."""

IN_ROOT_ELEMENT: Final = (ScopeRule(None),)

USER_TASK_KEY: Final = "tasks.userTask"
SERVICE_TASK_KEY: Final = "tasks.serviceTask"


@block_class
class Forms:
    """The forms of user tasks, as the engine reads them."""

    count: int = described("User tasks with a form key, a form reference or a generated form")
    embedded: int = described("User tasks with a form key that begins with `embedded:`")
    camunda_forms: int = described(
        "User tasks with a form key that begins with `camunda-forms:` (in `operaton`, also"
        " `operaton-forms:`), or in `camunda7` and `operaton` with a form reference"
    )
    external: int = described("User tasks with a form key that begins with `app:`")
    generated: int = described("User tasks with no form key, and a form field or form property")
    other: int = described("User tasks with any other form key")


@block_class
class UserTasks:
    """The user tasks of a diagram, as the engine reads them."""

    count: int = described("User tasks in the processes of the diagram, at any depth")
    form: Forms = described("Their forms")


@block_class
class Implementations:
    """The implementations of service tasks, as the engine reads them."""

    count: int = described("Service tasks with at least one of these implementations")
    java: int = described("Service tasks with a `class`")
    expression: int = described("Service tasks with an `expression`")
    delegate: int = described("Service tasks with a `delegateExpression`")
    external: int = described("Service tasks whose `type` makes them external tasks")
    connector: int = described("Service tasks with a connector")


@block_class
class ServiceTasks:
    """The service tasks of a diagram, as the engine reads them."""

    count: int = described("Service tasks in the processes of the diagram, at any depth")
    implementation: Implementations = described("Their implementations")
    other_type: int = described("Service tasks with any other `type`, such as `mail` or `shell`")


@block_class
class Tasks:
    """The tasks of a diagram, as the engine reads them."""

    user_task: UserTasks = described("User tasks")
    service_task: ServiceTasks = described("Service tasks")


@block_class
class Dialect:
    """The numbers of a diagram as its own engine reads it."""

    name: DialectName | None = described(
        "The dialect; null if the diagram names none and counts like one of `camunda7`"
    )
    process_variables_count: int = described("Variables that the diagram writes, by name and scope")
    tasks: Tasks = described("Tasks")


class Found(NamedTuple):
    """What an engine finds in a diagram: its dialect, tasks, and the writers of variables."""

    name: DialectName | None
    tasks: Sequence[Finding]
    writers: Sequence[Writer]


def find(diagram: Diagram) -> Sequence[Found]:
    """What the engine of the diagram finds."""
    name = dialect_of(diagram)
    dialect = name or DEFAULT
    view = read_as(diagram, dialect)
    tasks = (*_user_tasks(view, dialect), *_service_tasks(view, dialect))
    return (Found(cast("DialectName | None", name), tasks, WRITERS[dialect](view)),)


def count(findings: Sequence[Found], engine: Engine) -> Dialect:
    """The numbers of the findings."""
    name, tasks, writers = findings[0] if findings else Found(None, (), ())
    tallies = Counter(keys for keys, _, _ in tasks)
    return _block(name, len(by_variable(writers)), tuple(tallies.items()))


@lru_cache(maxsize=4096)
def _block(name: DialectName | None, variables: int, tallies: Tallies) -> Dialect:
    """A block, from the number of tasks for each combination of keys; equal ones are made once."""
    counts = counts_by_key(tallies)
    user_tasks = UserTasks(
        counts[f"{USER_TASK_KEY}.count"], block_of(Forms, counts, f"{USER_TASK_KEY}.form.")
    )
    service_tasks = ServiceTasks(
        counts[f"{SERVICE_TASK_KEY}.count"],
        block_of(Implementations, counts, f"{SERVICE_TASK_KEY}.implementation."),
        counts[f"{SERVICE_TASK_KEY}.otherType"],
    )
    return Dialect(name, variables, Tasks(user_tasks, service_tasks))


def explain(findings: Sequence[Found]) -> Iterator[Evidence]:
    """The tasks of each number, and the variables with their writers."""
    for _, tasks, writers in findings:
        yield from by_keys(tasks)
        yield from process_variables.explain(writers)


def _user_tasks(view: Diagram, dialect: str) -> Iterator[Finding]:
    kinds_of_task = FORMS[dialect]
    for task in view.in_processes(USER_TASK):
        kinds = kinds_of_task(view, task)
        yield Finding(_keys(USER_TASK_KEY, "form", kinds), task)


def _service_tasks(view: Diagram, dialect: str) -> Iterator[Finding]:
    codes = CODES[dialect]
    for task in view.in_processes(SERVICE_TASK):
        kinds = kinds_of(view, task, codes)
        has_type = view.attribute(task, TYPE) is not None
        if dialect == "activiti" and not kinds and not has_type and _has_connector(task):
            kinds = ["connector"]
        keys = _keys(SERVICE_TASK_KEY, "implementation", kinds)
        if has_type and "external" not in kinds:
            keys = (*keys, f"{SERVICE_TASK_KEY}.otherType")
        yield Finding(keys, task)


def _keys(task: str, group: str, kinds: Collection[str]) -> tuple[str, ...]:
    if not kinds:
        return (f"{task}.count",)
    return (
        f"{task}.count",
        f"{task}.{group}.count",
        *(f"{task}.{group}.{kind}" for kind in kinds),
    )


def _has_connector(task: Element) -> bool:
    implementation = own_attribute(task, "implementation") or NO_CONNECTOR
    return not implementation.startswith(NO_CONNECTOR)


def _operaton_forms(view: Diagram, task: Element) -> Collection[str]:
    return camunda_7_kinds(view, task, OPERATON_FORM_KEY_KINDS)


def _forms_with_properties(view: Diagram, task: Element) -> Collection[str]:
    form_key = view.attribute(task, FORM_KEY)
    if form_key is not None:
        return (kind_of_form_key(form_key),)
    return ("generated",) if task in view.extended(FORM_PROPERTY) else ()


FORMS: Final[Mapping[str, Callable[[Diagram, Element], Collection[str]]]] = {
    "camunda7": camunda_7_kinds,
    "operaton": _operaton_forms,
    "flowable": _forms_with_properties,
    "activiti": _forms_with_properties,
}


def _activiti_writers(view: Diagram) -> Sequence[Writer]:
    return with_scopes(view, _unscoped(view), (), BY_NAME)


def _flowable_writers(view: Diagram) -> Sequence[Writer]:
    return with_scopes(view, (*_unscoped(view), *_error_variables(view)), (), BY_NAME)


WRITERS: Final[Mapping[str, Callable[[Diagram], Sequence[Writer]]]] = {
    "camunda7": camunda_7_writers,
    "operaton": camunda_7_writers,
    "flowable": _flowable_writers,
    "activiti": _activiti_writers,
}


def _unscoped(view: Diagram) -> Iterator[UnscopedWriter]:
    for element, properties in view.extended(FORM_PROPERTY).items():
        if element.tag in (USER_TASK, START_EVENT):
            for form_property in properties:
                id = None if form_property.get("expression") else form_property.get("id")
                if variable := form_property.get("variable") or id:
                    yield UnscopedWriter("formProperty", variable, element, IN_ROOT_ELEMENT)
    for element, mappings in view.extended(OUT).items():
        for mapping in mappings:
            has_source = mapping.get("source") or mapping.get("sourceExpression")
            if has_source and (variable := mapping.get("target")):
                yield UnscopedWriter("outMapping", variable, element, IN_ROOT_ELEMENT)
    for tag, names in RESULT_VARIABLES.items():
        for task in view.elements(tag):
            for name in names:
                if variable := view.attribute(task, name):
                    yield UnscopedWriter(name.plain, variable, task, IN_ROOT_ELEMENT)
                    break


def _error_variables(view: Diagram) -> Iterator[UnscopedWriter]:
    source = ERROR_VARIABLE_NAME.plain
    for definition in view.elements(ERROR):
        event = definition.getparent()
        variable = view.attribute(definition, ERROR_VARIABLE_NAME)
        if variable and event is not None and event.tag in EVENTS:
            yield UnscopedWriter(source, variable, event, IN_ROOT_ELEMENT)


def _in_any_namespace(tags: Iterable[str]) -> Iterator[str]:
    """Tags that select the elements with these names in any namespace, for every engine."""
    return (f"{{*}}{tag.rpartition('}')[2]}" for tag in tags)


METRIC: Final = Metric(
    name="dialect",
    block=Dialect,
    key="dialect",
    fragment="dialect",
    rules=1,
    main=f"{SERVICE_TASK_KEY}.count",
    find=find,
    count=count,
    explain=explain,
    applies=has_dialect,
    tags=frozenset(
        _in_any_namespace(
            (
                *(USER_TASK, START_EVENT, *RESULT_VARIABLES, ERROR, FORM_PROPERTY),
                *user_tasks.METRIC.tags,
                *service_tasks.METRIC.tags,
                *CAMUNDA_7_TAGS,
            )
        )
    ),
)
