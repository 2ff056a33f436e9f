"""Warnings about attributes and elements of other engines, which the payload does not count.

    <userTask id="U" flowable:formKey="a" />

is measured as a user task without a form, and the warning says `flowable: 1 attribute not counted`.
The same holds for the namespace of Camunda 7 in a diagram for Camunda 8, and vice versa.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from lxml import etree

from metrics.bpmn.names import PREFIXES
from metrics.reading.errors import DiagramWarning
from metrics.reading.namespaces import (
    ACTIVITI,
    CAMUNDA,
    FLOWABLE,
    OPERATON,
    ZEEBE,
    declared_namespaces,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lxml.etree import _Element as Element

    from metrics.reading.document import Document

OTHER_ENGINES: Final = {
    ACTIVITI: "activiti",
    FLOWABLE: "flowable",
    OPERATON: "operaton",
    "http://www.jboss.org/drools": "drools",
    "https://flowsforapex.org": "apex",
    "http://spiffworkflow.org/bpmn/schema/1.0/core": "spiffworkflow",
}
"""The namespaces of other engines (`drools` is that of jBPM), and their usual prefixes."""


def warn_of_uncounted(document: Document, *, is_camunda_8: bool) -> Iterator[DiagramWarning]:
    """A warning for each namespace of an engine whose attributes and elements are not counted."""
    root = document.root
    if root is None:
        return
    uncounted = CAMUNDA if is_camunda_8 else ZEEBE
    for namespace in declared_namespaces(document.text, root):
        if namespace in OTHER_ENGINES or namespace == uncounted:
            count_attributes, count_elements = _counters(namespace)
            counts = (
                _counted(int(count_attributes(root)), "attribute"),
                _counted(int(count_elements(root)), "element"),
            )
            if any(counts):
                prefix = OTHER_ENGINES.get(namespace) or PREFIXES[namespace]
                yield DiagramWarning(f"{prefix}: {' and '.join(filter(None, counts))} not counted")


@cache
def _counters(namespace: str) -> tuple[Callable[[Element], float], Callable[[Element], float]]:
    prefixes = {"engine": namespace}
    return (
        etree.XPath("count(/descendant::*/@engine:*)", namespaces=prefixes, regexp=False),
        etree.XPath("count(/descendant::engine:*)", namespaces=prefixes, regexp=False),
    )


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}" if number else ""
