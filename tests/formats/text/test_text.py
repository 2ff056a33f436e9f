"""Texts for people: which characters are escaped, and how long the name of a file is."""

from __future__ import annotations

import re
import sys
import unicodedata

import pytest

from metrics.formats.text import MISLEADING, escaped, on_one_line, shown_file

CATEGORIES = ("Cc", "Cf", "Zl", "Zp")
# Default_Ignorable_Code_Point in Unicode 16, as far as the category is another.
IGNORABLE = {
    0x34F,
    *range(0x115F, 0x1161),
    *range(0x17B4, 0x17B6),
    *range(0x180B, 0x1810),
    0x2065,
    0x3164,
    *range(0xFE00, 0xFE10),
    0xFFA0,
    *range(0xFFF0, 0xFFF9),
    *range(0xE0000, 0xE1000),
}
# The format characters of Unicode 15, which an earlier Python does not know.
LATER = {*range(0x13439, 0x13440)}


def test_table_is_that_of_unicode() -> None:
    for number in range(sys.maxunicode + 1):
        character = chr(number)
        is_listed = unicodedata.category(character) in CATEGORIES or number in IGNORABLE
        is_escaped = re.fullmatch(MISLEADING, character) is not None
        assert is_escaped == is_listed or (is_escaped and number in LATER), hex(number)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Rechnung prüfen, 請求書 ✔", "Rechnung prüfen, 請求書 ✔"),
        ("a\nb\x1b\x9b", r"a\nb\x1b\x9b"),
        ("a\u202eb\u2066c", r"a\u202eb\u2066c"),
        ("pay\u200bment\u200d\u2060\ufeff", r"pay\u200bment\u200d\u2060\ufeff"),
        ("soft\xadhyphen\u034f\u180e", r"soft\xadhyphen\u034f\u180e"),
        ("a\U000e0041\U000e007f", r"a\U000e0041\U000e007f"),
        ("\ufe0f\U000e0100\u3164", r"\ufe0f\U000e0100\u3164"),
        ("a\udcff", r"a\xff"),
    ],
)
def test_characters_that_mislead_are_escaped(text: str, shown: str) -> None:
    assert on_one_line(text) == shown


def test_printable_ascii_is_never_escaped() -> None:
    text = "".join(map(chr, range(32, 127)))
    assert escaped(text, MISLEADING) == text


def test_long_name_of_a_file_is_cut() -> None:
    assert shown_file("é" * 4096) == "é" * 4096
    assert shown_file("é" * 4097) == "é" * 4095 + "…"
    # The escapes of what is left are whole.
    assert shown_file("\u200b" * 4097) == r"\u200b" * 4095 + "…"
