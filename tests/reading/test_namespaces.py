"""The names that the Modeler's model knows."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import pytest
from support.fragments import OF_BPMN

from metrics.bpmn import implementations, names, variables
from metrics.bpmn.names import AttributeName
from metrics.catalog import element_templates, own_metric, service_tasks, user_tasks
from metrics.catalog.own import portability
from metrics.reading.namespaces import LOWER_CASE_NAMES, LOWER_CASE_NAMESPACES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

# Its tables have names without namespaces.
WITHOUT_TAGS = {"portability"}

MODULES = (
    *(names, element_templates, service_tasks, user_tasks, variables, implementations),
    *(
        sys.modules[own_metric(name).block.__module__]
        for name in OF_BPMN
        if name not in WITHOUT_TAGS
    ),
)
NO_ELEMENTS = {
    # The root may be in any case, wherever it is read.
    "definitions",
    # Properties without a type of this name, which have only one case.
    "childLaneSet",
    "connectorId",
    "eventDefinitionRef",
    # Attributes.
    "modelerTemplate",
    "modelerTemplateIcon",
    "modelerTemplateVersion",
    "errorCodeVariable",
    "errorMessageVariable",
    "escalationCodeVariable",
    "formKey",
    "formRef",
    "formId",
    "id",
    "local",
    "name",
    "resultVariable",
    "target",
    "type",
    "class",
    "delegateExpression",
    "expression",
}


def texts(value: object) -> Iterator[str]:
    """The texts in constants."""
    if isinstance(value, AttributeName):
        return
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in (*value, *value.values()):
            yield from texts(item)
    elif isinstance(value, tuple | list | set | frozenset):
        for item in value:
            yield from texts(item)


def tags(module: ModuleType) -> Iterator[str]:
    """The names of elements in upper-case constants of a module, without their namespaces."""
    for constant, value in vars(module).items():
        if constant.isupper():
            for text in texts(value):
                namespace, _, name = text.rpartition("}")
                if namespace[1:] in LOWER_CASE_NAMESPACES and re.fullmatch("[a-z]+[A-Za-z]*", name):
                    yield name


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_every_element_that_a_rule_mentions_is_known(module: ModuleType) -> None:
    mentioned = set(tags(module)) - NO_ELEMENTS
    assert mentioned
    assert mentioned <= LOWER_CASE_NAMES


def test_every_extension_element_that_engines_know_is_known() -> None:
    assert {name for names in portability.ELEMENTS.values() for name in names} <= LOWER_CASE_NAMES
