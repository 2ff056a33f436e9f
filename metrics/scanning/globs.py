"""Patterns for paths, which mean what a line of a `.gitignore` means to git.

| pattern     | matches                                              |
|-------------|------------------------------------------------------|
| `order.xml` | files and folders with this name, at any depth       |
| `/order`    | `order` in the folder of the patterns only           |
| `in/order`  | the same: a slash before the last character anchors  |
| `order/`    | folders only                                         |
| `*`, `?`    | any characters, and any one character, but no slash  |
| `[a-z]`     | one of these characters, or another one: `[!a-z]`    |
| `**`        | as a whole part of a path, any number of folders     |
| `!order`    | re-includes what an earlier pattern matched          |

As in git, a character is a byte. A pattern becomes a regular expression whose stars never give back
what they have matched, so the time to match is proportional to the length of the path times the
length of the pattern. Nothing is missed, because the first match of the part between two stars
leaves as much of the path as possible to the parts after it.

A pattern without special characters, or with a backslash before each of them, is no expression, but
the key of a dictionary: a path is looked up once, however many such patterns there are.
"""

from __future__ import annotations

import os
import re
from codecs import BOM_UTF8
from functools import cache, lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, Final, NamedTuple

from metrics.reading.sources import absolute

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

STAR: Final = b"*"
SLASH: Final = b"/"
ANY: Final = b"[^/]"
NOTHING: Final = b"(?!)"

SPECIAL: Final = re.compile(rb"[*?\[\\]")
ESCAPED: Final = re.compile(rb"\\(.)", re.DOTALL)
LITERAL: Final = re.compile(rb"(?:[^*?\[\\]|\\.)++", re.DOTALL)
# What brackets hold: characters and ranges, and the beginnings of classes.
RANGE: Final = re.compile(rb"(\\.|[^\\])(?:-(\\.|[^\]\\]))?", re.DOTALL)
CLASS: Final = b"[:"

# A longer pattern matches no path that the system would open.
MAX_PATTERN_BYTES: Final = 4096
# The time and memory of an expression depend on these characters, not on the number of patterns.
WILDCARDS: Final = (b"*", b"?", b"[")
MAX_WILDCARDS: Final = 10_000

FOLDERS: Final = rb"(?:[^/]*+/)*"
SEGMENT_END: Final = rb"(?=/|\Z)"


class GlobError(ValueError):
    """A text that is not a pattern, or patterns with too many wildcards."""


class Glob(NamedTuple):
    """A pattern, and whether it re-includes what earlier patterns matched.

    It has an `expression`, or the `literal` text that it matches.
    """

    is_negated: bool
    literal: bytes = b""
    expression: re.Pattern[bytes] | None = None

    def matches(self, path: bytes, literals: Container[bytes]) -> bool:
        """Whether it matches a path, given all literals that match the path."""
        if self.expression is None:
            return self.literal in literals
        return self.expression.match(path) is not None


class _Decision(NamedTuple):
    """What a pattern decides, and its position among the patterns."""

    position: int
    is_matched: bool


class _Patterns:
    """Patterns without the folder that they are relative to.

    With `matches_below`, they also match everything in a folder that they match.
    """

    __slots__ = ("_expressions", "_literals", "globs", "matches_below")

    def __init__(self, globs: Iterable[Glob], *, matches_below: bool) -> None:
        self.globs = tuple(globs)
        self.matches_below = matches_below
        self._literals: dict[bytes, _Decision] = {}
        self._expressions: list[tuple[re.Pattern[bytes], _Decision]] = []
        for position, glob in enumerate(self.globs):
            decision = _Decision(position, not glob.is_negated)
            if glob.expression is None:
                self._literals[glob.literal] = decision
            else:
                self._expressions.append((glob.expression, decision))
        self._expressions.reverse()

    def decision(self, path: bytes) -> bool | None:
        """True if the last matching pattern selects the path, False if it re-includes it.

        None if no pattern matches.
        """
        last: _Decision | None = None
        if self._literals:
            literals = _literals_of(path, matches_below=self.matches_below)
            decisions = filter(None, map(self._literals.get, literals))
            last = max(decisions, default=None)
        for expression, decision in self._expressions:
            if last is not None and decision.position < last.position:
                break
            if expression.match(path):
                return decision.is_matched
        return None if last is None else last.is_matched

    def without_matches_of(self, path: bytes) -> _Patterns:
        """The patterns except those that match a path."""
        literals = frozenset(_literals_of(path, matches_below=self.matches_below))
        kept = (glob for glob in self.globs if glob.is_negated or not glob.matches(path, literals))
        return _Patterns(kept, matches_below=self.matches_below)


NO_PATTERNS: Final = _Patterns((), matches_below=True)


class Globs:
    """Patterns that are relative to a folder; the last one that matches a path decides."""

    __slots__ = ("_patterns", "_start")

    def __init__(self, folder: str = "", patterns: _Patterns = NO_PATTERNS) -> None:
        self._start = os.path.join(folder, "")
        self._patterns = patterns

    @classmethod
    def of(cls, patterns: Iterable[str], folder: str = os.curdir) -> Globs:
        """Patterns that also match everything in a folder that they match.

        Raises `GlobError` for a pattern that cannot match a path, and for more wildcards than
        `MAX_WILDCARDS`.
        """
        lines = [*map(_encoded, patterns)]
        _check_wildcards(b"".join(lines))
        return cls(absolute(folder), _Patterns(map(_parse_required, lines), matches_below=True))

    @classmethod
    def of_ignore_file(cls, content: bytes, folder: str) -> Globs:
        """The patterns of a `.gitignore`, which match the path itself, not what a folder holds.

        As in git, a line that is not a pattern matches nothing. Raises `GlobError` for more
        wildcards than `MAX_WILDCARDS`.
        """
        return cls(absolute(folder), _patterns_of_ignore_file(content))

    def __bool__(self) -> bool:
        return bool(self._patterns.globs)

    @property
    def re_includes(self) -> bool:
        """Whether a pattern re-includes what others match."""
        return any(glob.is_negated for glob in self._patterns.globs)

    def decision(self, path: str) -> bool | None:
        """Whether an absolute path is matched; None if no pattern decides.

        The path of a folder ends with a slash.
        """
        if not path.startswith(self._start):
            return None
        return self._patterns.decision(_encoded(path[len(self._start) :]))

    def without_matches_of(self, folder: str) -> Globs:
        """The patterns except those that match a folder, whose absolute path ends with a slash."""
        if not folder.startswith(self._start):
            return self
        patterns = self._patterns.without_matches_of(_encoded(folder[len(self._start) :]))
        if len(patterns.globs) == len(self._patterns.globs):
            return self
        return Globs(self._start, patterns)


def is_matched(path: str, lists: Sequence[Globs]) -> bool:
    """Whether an absolute path is matched; the last of several lists that decides applies."""
    for globs in reversed(lists):
        decision = globs.decision(path)
        if decision is not None:
            return decision
    return False


def parse(line: bytes, *, matches_below: bool) -> Glob | None:
    """The pattern in a line; None if it cannot match a path.

    It matches the paths of files, and those of folders with a slash at the end. With
    `matches_below`, it also matches everything in a folder that it matches.
    """
    if line.startswith(b"#") or len(line) > MAX_PATTERN_BYTES:
        return None
    is_negated = line.startswith(b"!")
    text = line[is_negated:]
    is_for_folders = text.endswith(SLASH)
    text = text.removesuffix(SLASH)
    is_name = SLASH not in text
    path = text.removeprefix(SLASH)
    # git compares paths without such parts.
    if not {b"", b".", b".."}.isdisjoint(path.split(SLASH)):
        return None
    if LITERAL.fullmatch(path):
        path = ESCAPED.sub(rb"\1", path)
        return Glob(is_negated, literal=(b"" if is_name else SLASH) + path + SLASH * is_for_folders)
    body = _name(path) if is_name else _path(path)
    if body is None:
        return None
    if matches_below:
        end = rb"/" if is_for_folders else rb"(?:/|\Z)"
    else:
        end = rb"/\Z" if is_for_folders else rb"/?\Z"
    return Glob(is_negated, expression=re.compile(body + end, re.DOTALL))


def _literals_of(path: bytes, *, matches_below: bool) -> Iterator[bytes]:
    """The literals of all patterns that match a path.

    With `matches_below`, these are also the patterns that match a folder above it.
    """
    is_folder = path.endswith(SLASH)
    path = path.removesuffix(SLASH)
    while True:
        above, _, name = path.rpartition(SLASH)
        for literal in (name, SLASH + path):
            yield literal
            if is_folder:
                yield literal + SLASH
        if not (matches_below and above):
            return
        path, is_folder = above, True


# In a repository, many folders may hold copies of one file.
@lru_cache(maxsize=16)
def _patterns_of_ignore_file(content: bytes) -> _Patterns:
    _check_wildcards(content)
    lines = content.removeprefix(BOM_UTF8).split(b"\n")
    globs = (parse(line, matches_below=False) for line in map(_pattern_in, lines))
    return _Patterns(filter(None, globs), matches_below=False)


def _check_wildcards(text: bytes) -> None:
    if sum(map(text.count, WILDCARDS)) > MAX_WILDCARDS:
        raise GlobError(f"more than {MAX_WILDCARDS:,} wildcards.")


def _parse_required(line: bytes) -> Glob:
    if len(line) > MAX_PATTERN_BYTES:
        raise GlobError(f"a pattern has more than {MAX_PATTERN_BYTES:,} bytes.")
    # Other programs end a text at NUL, and would match a shorter pattern.
    glob = None if b"\0" in line else parse(_pattern_in(line), matches_below=True)
    if glob is None:
        raise GlobError(f"'{os.fsdecode(line)}' is not a pattern: it matches no path.")
    return glob


def _pattern_in(line: bytes) -> bytes:
    """The pattern in a line of a `.gitignore`: without blanks at the end that are not escaped."""
    line = line.removesuffix(b"\r").partition(b"\0")[0]
    text = line.rstrip(b" ")
    backslashes = len(text) - len(text.rstrip(b"\\"))
    return text + line[len(text) :][: backslashes % 2]


def _name(text: bytes) -> bytes | None:
    """The expression for a name at any depth; None if there is no such name."""
    segments = _segments(text)
    return None if segments is None else FOLDERS + _segment(segments[0], is_whole=True)


def _path(text: bytes) -> bytes | None:
    """The expression for a path below the folder; None if there is no such path."""
    # Like git, compares the part without special characters on its own: in `ab**/c`, `**` begins
    # the pattern for the rest of the path.
    special = SPECIAL.search(text)
    start = special.start() if special else len(text)
    fixed, rest = text[:start], _segments(text[start:])
    if rest is None or _segments(text) is None:
        return None
    return re.escape(fixed) + _expression(rest, is_whole=not fixed or fixed.endswith(SLASH))


def _segments(text: bytes) -> list[list[bytes]] | None:
    """The parts between slashes, each as expressions for its characters and `STAR`.

    None if no path has these parts.
    """
    segments: list[list[bytes]] = [[]]
    position = 0
    while position < len(text):
        character = text[position : position + 1]
        position += 1
        expression: bytes | None
        if character == b"[":
            expression, position = _brackets(text, position)
        elif character == b"?":
            expression = ANY
        elif character == STAR:
            expression = STAR
        else:
            if character == b"\\":
                character = text[position : position + 1]
                position += 1
            expression = re.escape(character) if character else None
        if expression is None:
            return None
        if expression == SLASH:
            segments.append([])
        else:
            segments[-1].append(expression)
    return segments


@cache
def _classes() -> Mapping[bytes, frozenset[int]]:
    """The classes of characters that brackets may name. Few patterns name any."""
    import string

    return {
        name.encode(): frozenset(characters.encode())
        for name, characters in {
            "alnum": string.ascii_letters + string.digits,
            "alpha": string.ascii_letters,
            "blank": " \t",
            "cntrl": "".join(map(chr, [*range(32), 127])),
            "digit": string.digits,
            "graph": string.ascii_letters + string.digits + string.punctuation,
            "lower": string.ascii_lowercase,
            "print": string.ascii_letters + string.digits + string.punctuation + " ",
            "punct": string.punctuation,
            "space": " \t\n\r",
            "upper": string.ascii_uppercase,
            "xdigit": string.hexdigits,
        }.items()
    }


def _brackets(text: bytes, position: int) -> tuple[bytes | None, int]:
    """The expression for brackets, and the position after them.

    None if they do not end, or name an unknown class of characters.
    """
    is_negated = text[position : position + 1] in (b"!", b"^")
    position += is_negated
    characters: set[int] = set()
    begin, closing = position, -1
    # A bracket that closes may be the first character.
    while position == begin or not text.startswith(b"]", position):
        if text.startswith(CLASS, position):
            name = position + len(CLASS)
            if closing < name:
                closing = text.find(b"]", name)
            if closing < 0:
                return None, position
            if closing > name and text.startswith(b":", closing - 1):
                named = _classes().get(text[name : closing - 1])
                if named is None:
                    return None, position
                characters |= named
                position = closing + 1
                continue
        item = RANGE.match(text, position)
        if item is None:
            return None, position
        first = item[1][-1]
        characters |= {first, *range(first, item[2][-1] + 1 if item[2] else first)}
        position = item.end()
    slash = {ord(SLASH)}
    if is_negated:
        return b"[^" + _ranges(characters | slash) + b"]", position + 1
    characters -= slash
    return b"[" + _ranges(characters) + b"]" if characters else NOTHING, position + 1


def _ranges(characters: set[int]) -> bytes:
    """Characters for the brackets of an expression, which takes long to compile without ranges."""
    ordered = sorted(characters)
    first = (character for character in ordered if character - 1 not in characters)
    last = (character for character in ordered if character + 1 not in characters)
    return b"".join(
        re.escape(bytes([start])) + b"-" + re.escape(bytes([end]))
        for start, end in zip(first, last, strict=True)
    )


def _expression(segments: list[list[bytes]], *, is_whole: bool) -> bytes:
    """The expression for a path.

    `is_whole` says that the first part is a whole name, not the rest of one.
    """
    groups: list[list[list[bytes]]] = [[]] if _is_any_folders(segments[0]) else []
    groups += [[*group] for are_any, group in groupby(segments, _is_any_folders) if not are_any]
    if _is_any_folders(segments[-1]):
        groups.append([])
    expression = b""
    for number, group in enumerate(groups):
        is_last = number == len(groups) - 1
        names = []
        for segment in group:
            names.append(_segment(segment, is_whole=is_whole))
            is_whole = True
        if number == 0:
            expression = SLASH.join(names if is_last or not group else [*names, b""])
        elif not is_last:
            expression += rb"(?>" + FOLDERS + rb"?" + SLASH.join([*names, b""]) + rb")"
        elif group:
            expression += FOLDERS + SLASH.join(names)
        else:
            # Matches what is in a folder, not the folder itself.
            expression += rb".+" if is_whole else rb".*"
    return expression


def _is_any_folders(segment: Sequence[bytes]) -> bool:
    return len(segment) > 1 and {*segment} == {STAR}


def _segment(segment: Sequence[bytes], *, is_whole: bool) -> bytes:
    """The expression for a name, or for the rest of one if it is not `is_whole`."""
    parts = [b"".join(group) for is_star, group in _parts(segment) if not is_star]
    if {*segment} == {STAR}:
        return rb"[^/]++" if is_whole else rb"[^/]*+"
    if STAR not in segment:
        return b"".join(segment)
    first = b"" if segment[0] == STAR else parts.pop(0)
    last = rb"[^/]*+" if segment[-1] == STAR else rb"(?>[^/]*" + parts.pop() + SEGMENT_END + rb")"
    return first + b"".join(rb"(?>[^/]*?" + part + rb")" for part in parts) + last


def _parts(segment: Sequence[bytes]) -> Iterator[tuple[bool, Iterator[bytes]]]:
    return groupby(segment, STAR.__eq__)


def _encoded(text: str) -> bytes:
    text = text if os.sep == "/" else text.replace(os.sep, "/")
    try:
        return os.fsencode(text)
    except UnicodeEncodeError:
        # No file has such a name.
        return text.encode(errors="surrogatepass")
