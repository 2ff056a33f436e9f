"""User tasks, and what kind of form they have.

`<userTask camunda:formKey="embedded:app:forms/approve.html">` is printed as
`{"count": 1, "form": {"count": 1, "embedded": 1, …}}`.

The user tasks in the processes of the diagram count, at any depth.

In a Camunda 7 diagram, the beginning of `camunda:formKey` determines the kind of form. A task with
`camunda:formRef` has a Camunda Form. A task with a `camunda:formField`, but without a form key, has
a generated form. A task can have several kinds of forms and counts for each; `form.count` is the
number of tasks with at least one.

In a Camunda 8 diagram, the first `zeebe:formDefinition` of the task determines the kind.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from metrics.blocks import block_class, block_of, described
from metrics.bpmn.diagram import Engine
from metrics.bpmn.names import (
    USER_TASK,
    attribute,
    camunda,
    camunda_attribute,
    zeebe,
    zeebe_attribute,
)
from metrics.metric import Metric, by_keys, counting, tasks_by_kind

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from lxml.etree import _Element as Element

    from metrics.bpmn.diagram import Diagram

FORM_KEY: Final = camunda_attribute("formKey")
FORM_REF: Final = camunda_attribute("formRef")
FORM_ATTRIBUTES: Final = frozenset((*FORM_KEY, *FORM_REF))
ZEEBE_FORM_KEY: Final = zeebe_attribute("formKey")
ZEEBE_FORM_ID: Final = zeebe_attribute("formId")
FORM_DATA: Final = camunda("formData")
FORM_FIELD: Final = camunda("formField")
FORM_DEFINITION: Final = zeebe("formDefinition")

FORM_KEY_KINDS: Final = {
    "embedded:": "embedded",
    "app:": "external",
    "camunda-forms:": "camundaForms",
}
"""Beginnings of Camunda 7 form keys, and the kind of form; with any other key it is `other`."""


@block_class
class Camunda7Forms:
    """The forms of a Camunda 7 diagram's user tasks."""

    count: int = described("User tasks with a form key, a form reference or a generated form")
    embedded: int = described("User tasks with a form key that begins with `embedded:`")
    camunda_forms: int = described(
        "User tasks with a form reference, or a form key that begins with `camunda-forms:`"
    )
    external: int = described("User tasks with a form key that begins with `app:`")
    generated: int = described(
        "User tasks with no form key, and a form field in the first form data"
    )
    other: int = described("User tasks with any other form key")


@block_class
class Camunda8Forms:
    """The forms of a Camunda 8 diagram's user tasks."""

    count: int = described("User tasks with a form definition")
    camunda_forms: int = described(
        "User tasks whose form definition has a form key that begins with `camunda-forms:`,"
        " or no form key but a form id"
    )
    other: int = described("User tasks with any other form definition")


@block_class
class UserTasks:
    """The user tasks of a BPMN diagram."""

    count: int = described("User tasks in the processes of the diagram, at any depth")
    form: Camunda7Forms | Camunda8Forms = described("Their forms")


@counting
def count(counts: Mapping[str, int], engine: Engine) -> UserTasks:
    """The block, from the number of findings for each key."""
    block: type[Camunda7Forms | Camunda8Forms]
    block = Camunda8Forms if engine is Engine.CAMUNDA_8 else Camunda7Forms
    return UserTasks(counts["count"], block_of(block, counts, "form."))


def camunda_7_kinds(
    diagram: Diagram, task: Element, form_key_kinds: Mapping[str, str] = FORM_KEY_KINDS
) -> Collection[str]:
    """The kinds of the forms of a user task in a Camunda 7 diagram."""
    kinds = set()
    form_key = None
    if not FORM_ATTRIBUTES.isdisjoint(diagram.attribute_names(task)):
        form_key = diagram.attribute(task, FORM_KEY)
        if form_key is not None:
            kinds.add(kind_of_form_key(form_key, form_key_kinds))
        if diagram.attribute(task, FORM_REF) is not None:
            kinds.add("camundaForms")
    if form_key is None and task in diagram.extended(FORM_DATA):
        form_data = diagram.extended(FORM_DATA)[task][0]
        if next(iter(diagram.parts(form_data, FORM_FIELD)), None) is not None:
            kinds.add("generated")
    return kinds


def _camunda_8_kinds(diagram: Diagram, task: Element) -> Collection[str]:
    definitions = diagram.extended(FORM_DEFINITION).get(task)
    if definitions is None:
        return ()
    form_key = attribute(definitions[0], ZEEBE_FORM_KEY)
    if form_key is not None:
        is_camunda_form = kind_of_form_key(form_key) == "camundaForms"
    else:
        # The Modeler's code expects a form key and fails without one. A task with only a form id
        # counts as one with a Camunda Form.
        is_camunda_form = attribute(definitions[0], ZEEBE_FORM_ID) is not None
    return ("camundaForms" if is_camunda_form else "other",)


def kind_of_form_key(form_key: str, kinds: Mapping[str, str] = FORM_KEY_KINDS) -> str:
    """The kind of form that a form key means; `kinds` are the kinds of its beginnings."""
    for prefix, kind in kinds.items():
        if form_key.startswith(prefix):
            return kind
    return "other"


KINDS: Final = MappingProxyType(
    {Engine.CAMUNDA_7: camunda_7_kinds, Engine.CAMUNDA_8: _camunda_8_kinds}
)

METRIC: Final = Metric(
    name="user_tasks",
    block=UserTasks,
    key="diagramMetrics.tasks.userTask",
    fragment="diagramMetrics",
    position=40,
    find=tasks_by_kind(USER_TASK, "form", KINDS),
    count=count,
    explain=by_keys,
    tags=frozenset({USER_TASK, FORM_DATA, FORM_DEFINITION}),
)
