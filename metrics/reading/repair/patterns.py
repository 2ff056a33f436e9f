"""The grammar of the Modeler's parser, as patterns.

White space is that of ASCII, as in the Modeler's parser. No pattern takes quadratic time: groups
that repeat are never matched again with fewer repetitions.
"""

from __future__ import annotations

import re
import sys
from typing import Final, NamedTuple

# Python before 3.11.5 matches possessive groups wrongly. Atomic groups take more memory.
HAS_POSSESSIVE_GROUPS: Final = sys.version_info >= (3, 11, 5)


def _once(pattern: str, times: str) -> str:
    """A group that repeats, and is never matched again with fewer repetitions."""
    return f"(?:{pattern}){times}+" if HAS_POSSESSIVE_GROUPS else f"(?>(?:{pattern}){times})"


# White space and byte order marks, which may precede the XML declaration.
BLANKS_AND_MARKS: Final = re.compile(r"[\s\ufeff]*+", re.ASCII)
XML_DECLARATION: Final = re.compile(r"<\?xml(?=\s)[^>]*?\?>", re.ASCII | re.IGNORECASE)
# Stops at the next `<`, so that no text is searched twice.
LATER_XML_DECLARATION: Final = re.compile(r"<\?xml(?=\s)[^<>]*\?>", re.ASCII | re.IGNORECASE)
VALID_XML_DECLARATION: Final = re.compile(
    r"""<\?xml\s+version\s*=\s*(?:"[^"]*"|'[^']*')(?:\s+encoding\s*=\s*(?:"[^"]*"|'[^']*'))?"""
    r"""(?:\s+standalone\s*=\s*(?:"[^"]*"|'[^']*'))?\s*\?>""",
    re.ASCII,
)
# The characters that XML 1.0 does not allow.
ILLEGAL_CHARACTER: Final = re.compile("[\0-\x08\v\f\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
AMPERSAND: Final = re.compile(
    r"(&+)(?=&)|&" + _once(r"(?:amp|lt|gt|quot|apos);|#([0-9]{1,7});|#x([0-9A-Fa-f]{1,6});", "?")
)

# A tag may contain `>` in quotes. A quote without a second one is an ordinary character.
REST_OF_TAG: Final = re.compile(
    r"""[^>"']*+""" + _once(r"""(?:"[^"]*+"|'[^']*+'|["'])[^>"']*+""", "*") + ">"
)
SUBSET: Final = (
    r"\["
    + _once(r"""[^\]"'<]++|"[^"]*+"|'[^']*+'|<!--.*?-->|<\?.*?\?>|<(?!!--|\?)""", "*")
    + r"\]\s*+"
)
DOCTYPE: Final = re.compile(
    "<!DOCTYPE" + _once(r"""[^\[>"']++|"[^"]*+"|'[^']*+'""", "*") + _once(SUBSET, "?") + ">",
    re.ASCII | re.DOTALL,
)
ENTITY: Final = "<!ENTITY"
# An entity is not declared in comments, processing instructions and quotes.
MARK_IN_DOCTYPE: Final = re.compile(f"""<!--|<\\?|["']|{ENTITY}""")
ENDS_IN_DOCTYPE: Final = {"<!--": "-->", "<?": "?>", '"': '"', "'": "'"}
COMMENT: Final = "<!--"
END_OF_CDATA: Final = "]]>"


class Section(NamedTuple):
    """A part of the text between two marks.

    `shared` is how many characters of the opening may belong to the closing, as in `<!-->`.
    """

    opening: str
    closing: str
    shared: int


SECTIONS: Final = (
    Section(COMMENT, "-->", 2),
    Section("<![CDATA[", END_OF_CDATA, 0),
    Section("<?", "?>", 1),
)
ESCAPED_QUOTE: Final = re.compile(r"""=\\["']""")

# A set of the few characters that do not belong compiles in a thousandth of the time of one that
# names all of Unicode.
NAME_START: Final = r"[^\x00-9;-@\[-^`{-\x7f]"
NAME_CHARACTER: Final = r"[^\x00-,/;-@\[-^`{-\x7f]"
# A run of text with `<` characters that do not start a tag. Of adjacent `<`, only the last can
# start one.
STRAY_OPENINGS: Final = re.compile(_once(rf"<(?!/?{NAME_START}|[!?])[^<&\]]*+", "+"))
OPENINGS: Final = re.compile("<+")
TAG: Final = re.compile(rf"<(?P<close>/?)(?P<name>{NAME_START}[^\s/>]*+)", re.ASCII)
_NAME: Final = f"{NAME_START}{NAME_CHARACTER}*+"
_VALUE: Final = """"[^"]*+"|'[^']*+'"""
NAMES: Final = re.compile(rf"({_NAME})=(?:{_VALUE})", re.ASCII)
NAMES_AND_VALUES: Final = re.compile(rf"({_NAME})=({_VALUE})", re.ASCII)
# A part of a tag: an attribute, with any text glued to its end, or text that the Modeler cannot
# read. Parts adjoin each other.
PART_OF_TAG: Final = re.compile(
    rf"\s++(?P<name>{_NAME})=(?:{_VALUE})(?P<trailing>\S*+)|\s*+(?P<unreadable>[^\s=]*+"
    + _once("=" + _once(_VALUE, "?") + r"\S*+", "?")
    + ")",
    re.ASCII,
)
# The rest of a tag after its name, with its end, if the Modeler reads every attribute.
VALID_REST: Final = re.compile(
    _once(rf"""\s++{_NAME}=(?:"[^"<]*+"|'[^'<]*+')""", "*") + r"\s*+/?+>",
    re.ASCII,
)
QUALIFIED_NAME: Final = re.compile(r"[^:]+(?::[^:]+)?")

# The parser checks all other declarations of namespaces.
PLAIN_DECLARATION: Final = re.compile(r"xmlns:(?!xml)[a-z_][\w.-]{0,99}", re.ASCII | re.IGNORECASE)
PLAIN_NAMESPACE: Final = re.compile(
    r"""["'](?!http://www\.w3\.org/(?:XML|2000)/)"""
    r"""(?:https?://[a-z0-9][a-z0-9.-]{0,99}(?:/[\w./-]{0,999})?|urn:[a-z0-9][a-z0-9.:-]{0,99})["']""",
    re.ASCII | re.IGNORECASE,
)
LINE_BREAKS: Final = re.compile("[\r\n]+")
INVALID_NAMESPACE: Final = re.compile(r"[ <>{}|\\^`]")
