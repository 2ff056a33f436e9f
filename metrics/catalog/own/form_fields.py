"""Form fields: the components of a form, and the variables that it reads and writes.

`{"components": [{"type": "textfield", "key": "a", "label": "=b"}, {"type": "button"}]}` is printed
as `{"rules": 1, "count": 2, "formFieldTypes": {"textfield": 1, "button": 1}, "inputs": 2,
"outputs": 1}`.

The components are the objects in `components` of the form, and in `components` of each of these, at
any depth. A component without a type, or with a type that is not a text, has the type `undefined`.

A form *writes* the variables that its components name in `key`, and its groups and lists in `path`.
The name of a variable ends before the first dot. The components in a group or list with a path
write no variable of the form.

A form *reads* the variables that it writes, the `valuesKey` of each component, and the names in
expressions and templates. An expression is a text that begins with `=`; a template is any other
text with `{{…}}`.

A name in an expression is a word, or several with only blanks between them. Names of functions and
types count, because form-js-viewer counts them. These names do not:

- keywords of FEEL, except in `date and time` and `years and months duration`;
- names after a `.`, and names before a `:`;
- names that `for`, `some` or `every` bind, before `in`;
- `date`, `time`, `date and time`, `duration` and `years and months duration` before a `(`;
- `item` in a filter.

A tag of a template is an expression, `#if` or `#loop` with an expression, `/if` or `/loop`. A name
in a loop belongs to an item of the list and does not count:
`{{#loop a}}{{b}}{{parent.c}}{{/loop}}` reads `a` and `c`. `this` and `parent` may be names
themselves, so `{{this.a}}` outside of loops reads `this` and `a`.

Each name counts once. Empty names, and values that are not texts, are ignored.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from metrics.blocks import block_class, described, key_part
from metrics.feel import names_in_expression, names_in_template
from metrics.metric import Evidence, Metric
from metrics.reading.document import Kind
from metrics.reading.json_text import without_surrogates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from metrics.bpmn.diagram import Diagram, Engine

    Component = Mapping[str, Any]

UNDEFINED: Final = "undefined"
PATH: Final = "path"

WRITING: Final = {
    **dict.fromkeys(
        (
            *("checkbox", "checklist", "datetime", "number", "radio", "select", "taglist"),
            *("textfield", "textarea", "expression", "filepicker"),
        ),
        "key",
    ),
    **dict.fromkeys(("group", "dynamiclist"), PATH),
}
"""The types of components that can write a variable, and the property that names it:"""

EXPRESSIONS: Final = frozenset(
    (
        *("alt", "appearance.prefixAdorner", "appearance.suffixAdorner", "conditional.hide"),
        *("description", "label", "source", "readonly", "text", "validate.min", "validate.max"),
        *("validate.minLength", "validate.maxLength", "valuesExpression", "url", "dataSource"),
        *("columnsExpression", "expression", "multiple", "accept", "title"),
    )
)
"""The properties of components that may be expressions:"""

TEMPLATES: Final = frozenset(
    (
        *("alt", "appearance.prefixAdorner", "appearance.suffixAdorner", "description", "label"),
        *("source", "text", "content", "url", "title"),
    )
)
"""The properties of components that may be templates:"""

# Each property with its key in a component and, for some, its key in the object there.
PROPERTIES: Final = tuple(
    (name, *name.partition(".")[::2]) for name in sorted(EXPRESSIONS | TEMPLATES)
)


@block_class
class FormFields:
    """The components and variables of a form."""

    count: int = described("Components, at any depth")
    form_field_types: Mapping[str, int] = described("Components by type")
    inputs: int = described("Variables that the form reads")
    outputs: int = described("Variables that the form writes")


class Found(NamedTuple):
    """The components of a form, and the names of the variables that it reads and writes."""

    components: Sequence[Component]
    inputs: Sequence[str]
    outputs: Sequence[str]


def find(diagram: Diagram) -> Sequence[Found]:
    """The components and variables, in the order of the form."""
    form = diagram.document.form or {}
    components = [*_components(form)]
    outputs = dict.fromkeys(
        name
        for component in _components(form, is_entered=_is_entered)
        if (name := _variable(component))
    )
    read = (name for component in components for name in _read(component))
    return [Found(components, [*dict.fromkeys((*outputs, *read))], [*outputs])]


def _components(
    form: Component, *, is_entered: Callable[[Component], bool] = lambda component: True
) -> Iterator[Component]:
    """The components in a form, and those in each that is entered, depth first."""
    pending = [_inner_components(form)]
    while pending:
        component = next(pending[-1], None)
        if component is None:
            pending.pop()
            continue
        yield component
        if is_entered(component):
            pending.append(_inner_components(component))


def _inner_components(holder: Component) -> Iterator[Component]:
    inner = holder.get("components")
    return (item for item in (inner if isinstance(inner, list) else ()) if isinstance(item, dict))


def _text(value: object) -> str:
    """The value if it is a text, otherwise an empty text."""
    return value if isinstance(value, str) else ""


def _type(component: Component) -> str:
    value = component.get("type")
    return without_surrogates(value) if isinstance(value, str) else UNDEFINED


def _variable(component: Component) -> str:
    """The variable that a component names to write it; empty if it names none."""
    key = WRITING.get(_type(component))
    return _text(component.get(key)).partition(".")[0] if key else ""


def _is_entered(component: Component) -> bool:
    """Whether the components in a component write variables of the form."""
    return WRITING.get(_type(component)) != PATH or not _text(component.get(PATH))


def _read(component: Component) -> Iterator[str]:
    """The variables that a component reads."""
    if values_key := _text(component.get("valuesKey")):
        yield values_key
    for name, key, inner_key in PROPERTIES:
        value = component.get(key)
        if inner_key:
            value = value.get(inner_key) if isinstance(value, dict) else None
        text = _text(value)
        if text.startswith("="):
            yield from names_in_expression(text[1:]) if name in EXPRESSIONS else ()
        elif "{{" in text and name in TEMPLATES:
            yield from names_in_template(text)


def count(found: Sequence[Found], engine: Engine) -> FormFields:
    """The number of components and of variables."""
    return FormFields(
        sum(len(form.components) for form in found),
        dict(Counter(_type(component) for form in found for component in form.components)),
        sum(len(form.inputs) for form in found),
        sum(len(form.outputs) for form in found),
    )


def explain(found: Sequence[Found]) -> Iterator[Evidence]:
    """Each component with its type, variable and id, and the name of each variable."""
    for form in found:
        for component in form.components:
            type = _type(component)
            more = {"variable": _variable(component), "id": _text(component.get("id"))}
            shown = {role: without_surrogates(text) for role, text in more.items() if text}
            texts = {"type": type, **shown}
            yield Evidence("count", texts=texts)
            yield Evidence(f"formFieldTypes.{key_part(type)}", texts=texts)
        for key, names in (("inputs", form.inputs), ("outputs", form.outputs)):
            for name in names:
                yield Evidence(key, texts={"variable": without_surrogates(name)})


METRIC: Final = Metric(
    name="form_fields",
    block=FormFields,
    key="formFields",
    fragment="formFields",
    rules=1,
    find=find,
    count=count,
    explain=explain,
    kinds=(Kind.FORM,),
)
