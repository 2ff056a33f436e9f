"""Finds the names in FEEL expressions and in templates, which have expressions in `{{…}}`.

    names_in_expression("a.b + floor(c)")  is  ["a", "floor", "c"]
    names_in_template("{{#loop a}}{{this.b}} of {{parent.c}}{{/loop}}")  is  ["a", "c"]

A text is read once, from left to right. It need not be valid FEEL. Blanks, comments, numbers and
texts in quotes have no names. An unclosed comment or quote ends with the expression. Words with
only blanks between them are one name. These names do not count:

- names after a `.`, before a `:`, and names that `for`, `some` or `every` bind before `in`;
- names of temporal functions before a `(`;
- `item` in the brackets of a filter.

In a template, a name counts if it leads to the data of the form: `{{b}}` in a loop is a name of an
item of the loop.
"""

from __future__ import annotations

import re
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

KEYWORDS: Final = (
    *("if", "then", "else", "for", "in", "return", "some", "every", "satisfies", "and", "or"),
    *("between", "instance", "of", "null", "true", "false", "function", "external"),
)
TEMPORAL_FUNCTIONS: Final = frozenset(
    ("date", "time", "date and time", "duration", "years and months duration")
)
"""The functions whose names do not count before a `(`."""

FILTERED_ITEM: Final = "item"
BINDERS: Final = frozenset(("for", "some", "every"))
ENDS_OF_BINDERS: Final = frozenset(("return", "satisfies"))
OPENING: Final = frozenset("([{")
CLOSING: Final = frozenset(")]}")

END_OF_WORD: Final = r"(?![\w?'])"
WORD: Final = r"[^\W\d][\w?']*+"
# A word of a name, or one of the names that contain keywords.
PART: Final = rf"""(?:
    date\s++and\s++time{END_OF_WORD}
  | years\s++and\s++months\s++duration{END_OF_WORD}
  | (?!(?:{"|".join(KEYWORDS)}){END_OF_WORD}){WORD}
)"""
TOKEN: Final = re.compile(
    rf"""
    (?P<blank> \s++ | //[^\n]*+ | /\*.*?(?:\*/|\Z) )
  | (?P<number> \d++(?:\.\d++)?(?:[eE][+-]?\d++)? | \.\d++ )
  | (?P<text> "(?:[^"\\]|\\.)*+"? )
  | (?P<name> {PART}(?:\s++{PART})*+ )
  | (?P<keyword> {WORD} )
  | (?P<symbol> \.\. | . )
    """,
    re.VERBOSE | re.DOTALL,
)

TAG_KEYWORD: Final = re.compile(r"\s*+([#/](?:loop|if))(?!\w)")

# How a step of a path in a template moves between the levels of data: 0 is the data of the form, 1
# an item of a loop, and so on. A path begins one level above the data around it.
OUTSIDE: Final = -1
DOWN: Final = (1,)
STAY_OR_DOWN: Final = (0, 1)
MOVES: Final[Mapping[str, tuple[int, ...]]] = {
    "parent": (-1, 1),
    "_parent_": (-1,),
    "this": STAY_OR_DOWN,
    "_this_": (0,),
}
# `parent` leads from one level to two with a gap between them.
STEP_OF_ONE: Final = 2


class _Token(NamedTuple):
    kind: str
    value: str


END: Final = _Token("end", "")


class _Brackets:
    """The brackets around a place in an expression, and the lists of bound names in them."""

    def __init__(self) -> None:
        self._are_filters: list[bool] = []
        self._binders = [0]
        self.filters = 0

    def open(self, *, is_filter: bool) -> None:
        self._are_filters.append(is_filter)
        self._binders.append(0)
        self.filters += is_filter

    def close(self) -> None:
        """Close a bracket; ignored if none is open."""
        if self._are_filters:
            self._binders.pop()
            self.filters -= self._are_filters.pop()

    def begin_binder(self) -> None:
        self._binders[-1] += 1

    def end_binder(self) -> None:
        self._binders[-1] -= self._binders[-1] > 0

    @property
    def are_bound(self) -> bool:
        """Whether names after a comma are bound, as in `for a in b, c in d return e`."""
        return self._binders[-1] > 0


def names_in_expression(expression: str) -> list[str]:
    """The names that count in an expression, each once."""
    return [*dict.fromkeys(name for name, *_ in _paths(expression))]


def names_in_template(template: str) -> list[str]:
    """The names that count in the tags of a template, each once."""
    names: dict[str, None] = {}
    loops = 0
    for tag in _tags(template):
        match = TAG_KEYWORD.match(tag)
        keyword = match[1] if match else None
        loops -= keyword == "/loop"
        for path in _paths(tag[match.end() :] if match else tag):
            names |= dict.fromkeys(_names_of_path(path, loops))
        loops += keyword == "#loop"
    return [*names]


def _tags(template: str) -> Iterator[str]:
    """The content of each `{{…}}`."""
    end = 0
    while (start := template.find("{{", end)) != -1:
        stop = template.find("}}", start + 2)
        if stop == -1:
            return
        yield template[start + 2 : stop]
        end = stop + 2


def _names_of_path(path: list[str], loops: int) -> Iterator[str]:
    """The steps of a path that are names of the form, within a number of loops."""
    levels = range(loops - 1, loops, STEP_OF_ONE)
    is_alone = len(path) == 1 and loops == 0
    for step in path:
        moves = MOVES.get(step, DOWN)
        if is_alone or (OUTSIDE in levels and 1 in moves):
            yield step
        levels = _moved(levels, moves) if levels else levels


def _moved(levels: range, moves: tuple[int, ...]) -> range:
    """The levels to which some moves lead from some levels, none of them below `OUTSIDE`.

    Levels are always neighbours or every second number, and therefore a range.
    """
    first, last = levels[0] + moves[0], levels[-1] + moves[-1]
    moved = range(first, last + 1, 1 if moves == STAY_OR_DOWN else levels.step)
    kept = moved[max(0, -((first - OUTSIDE) // moved.step)) :]
    return range(kept[0], kept[0] + 1, STEP_OF_ONE) if len(kept) == 1 else kept


def _paths(expression: str) -> list[list[str]]:
    """Each name that counts, with the steps after it: `a.b + c` has `a`, `b` and `c`."""
    paths: list[list[str]] = []
    brackets = _Brackets()
    before = END
    # Whether the next step belongs to the last path.
    is_in_path = False
    for token, after in pairwise(chain(_tokens(expression), (END,))):
        kind, value = token
        if kind == "name" and before.value == ".":
            if is_in_path:
                paths[-1].append(" ".join(value.split()))
        elif kind == "name":
            name = " ".join(value.split())
            is_in_path = _counts(name, before, after, brackets)
            if is_in_path:
                paths.append([name])
        elif value != ".":
            is_in_path = False
            _follow(brackets, token, before)
        before = token
    return paths


def _counts(name: str, before: _Token, after: _Token, brackets: _Brackets) -> bool:
    """Whether a name counts that is not a step of a path."""
    if after.value == ":":
        return False
    if after.value == "(" and name in TEMPORAL_FUNCTIONS:
        return False
    if after.value == "in" and (
        before.value in BINDERS or (before.value == "," and brackets.are_bound)
    ):
        return False
    return not (name == FILTERED_ITEM and brackets.filters)


def _follow(brackets: _Brackets, token: _Token, before: _Token) -> None:
    """Open or close the bracket or list that a token other than a name opens or closes."""
    kind, value = token
    if kind == "keyword":
        if value in BINDERS:
            brackets.begin_binder()
        elif value in ENDS_OF_BINDERS:
            brackets.end_binder()
    elif value in OPENING:
        is_behind_value = before.kind in ("name", "text") or before.value in CLOSING
        brackets.open(is_filter=value == "[" and is_behind_value)
    elif value in CLOSING:
        brackets.close()


def _tokens(expression: str) -> Iterator[_Token]:
    """The tokens of an expression without blanks and comments."""
    for match in TOKEN.finditer(expression):
        if match.lastgroup is not None and match.lastgroup != "blank":
            yield _Token(match.lastgroup, match[0])
