"""Warnings about attributes and elements of other engines, which the payload does not count.

    <userTask id="U" flowable:formKey="a" />

is measured as a user task without a form, and the warning says `flowable: 1 attribute not counted`.
The same holds for the namespace of Camunda 7 in a diagram for Camunda 8, and vice versa.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

from lxml import etree

from metrics.bpmn.names import PREFIXES
from metrics.reading.errors import DiagramWarning
from metrics.reading.namespaces import CAMUNDA, ZEEBE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from lxml.etree import _Element as Element

    from metrics.reading.document import Document

OTHER_ENGINES: Final = {
    "http://activiti.org/bpmn": "activiti",
    "http://flowable.org/bpmn": "flowable",
    "http://operaton.org/schema/1.0/bpmn": "operaton",
    "http://www.jboss.org/drools": "drools",
    "https://flowsforapex.org": "apex",
    "http://spiffworkflow.org/bpmn/schema/1.0/core": "spiffworkflow",
}
"""The namespaces of other engines (`drools` is that of jBPM), and their usual prefixes."""

DECLARATION: Final = b"xmlns"
TAG_END: Final = b">"
# Always matches at `xmlns`, so that no text is searched twice.
NAMESPACE: Final = re.compile(rb"""xmlns[^="']*+(?:=\s*+["']([^"']*))?""")


def warn_of_uncounted(document: Document, *, is_camunda_8: bool) -> Iterator[DiagramWarning]:
    """A warning for each namespace of an engine whose attributes and elements are not counted."""
    root = document.root
    if root is None:
        return
    uncounted = CAMUNDA if is_camunda_8 else ZEEBE
    for namespace in _declared(document.text, root):
        if namespace in OTHER_ENGINES or namespace == uncounted:
            count_attributes, count_elements = _counters(namespace)
            counts = (
                _counted(int(count_attributes(root)), "attribute"),
                _counted(int(count_elements(root)), "element"),
            )
            if any(counts):
                prefix = OTHER_ENGINES.get(namespace) or PREFIXES[namespace]
                yield DiagramWarning(f"{prefix}: {' and '.join(filter(None, counts))} not counted")


def _declared(text: bytes, root: Element) -> Iterable[str]:
    """The namespaces that a diagram declares: in most diagrams, only the root declares any."""
    declared = dict.fromkeys(root.nsmap.values())
    # The first declaration is in the tag of the root, which does not end before the next `>`.
    end_of_tag = text.find(TAG_END, text.find(DECLARATION))
    if text.find(DECLARATION, end_of_tag) != -1:
        nested = dict.fromkeys(NAMESPACE.findall(text, end_of_tag))
        declared |= dict.fromkeys(name.decode(errors="replace") for name in nested)
    return declared


@cache
def _counters(namespace: str) -> tuple[Callable[[Element], float], Callable[[Element], float]]:
    prefixes = {"engine": namespace}
    return (
        etree.XPath("count(/descendant::*/@engine:*)", namespaces=prefixes, regexp=False),
        etree.XPath("count(/descendant::engine:*)", namespaces=prefixes, regexp=False),
    )


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}" if number else ""
