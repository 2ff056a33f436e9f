"""The header blocks of tar archives, which precede the content of each member.

Python's `tarfile` reads every field of a block and takes five times as long.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from metrics.archives.members import broken

BLOCK_SIZE: Final = 512

FILE: Final = b"0"
OLD_FILE: Final = b"\0"
HARD_LINK: Final = b"1"
SYMBOLIC_LINK: Final = b"2"
FOLDER: Final = b"5"
CONTIGUOUS_FILE: Final = b"7"
GNU_LONG_LINK: Final = b"K"
GNU_LONG_NAME: Final = b"L"
GNU_SPARSE: Final = b"S"
PAX_HEADER: Final = b"x"
SOLARIS_HEADER: Final = b"X"
GLOBAL_PAX_HEADER: Final = b"g"

FILES: Final = frozenset({FILE, OLD_FILE, CONTIGUOUS_FILE, GNU_SPARSE})
LINKS: Final = frozenset({HARD_LINK, SYMBOLIC_LINK})
WITHOUT_CONTENT: Final = frozenset({b"1", b"2", b"3", b"4", b"5", b"6"})
"""Links, devices, folders and pipes."""

PAX_HEADERS: Final = frozenset({PAX_HEADER, SOLARIS_HEADER})
EXTENDED_HEADERS: Final = PAX_HEADERS | {GNU_LONG_LINK, GNU_LONG_NAME, GLOBAL_PAX_HEADER}

# The fields of a block that are used.
NAME: Final = slice(0, 100)
SIZE: Final = slice(124, 136)
CHECKSUM: Final = slice(148, 156)
TYPE: Final = slice(156, 157)
LINK_TARGET: Final = slice(157, 257)
MAGIC: Final = slice(257, 263)
PREFIX: Final = slice(345, 500)

GNU_MAGIC: Final = b"ustar "
"""The blocks of GNU tar have other fields where those of POSIX have the prefix of the name."""

DAMAGED_HEADER: Final = "it is damaged: a header is not valid"


class HeaderBlock(NamedTuple):
    """A header; `size` is the number of bytes that follow it, without their padding."""

    name: str
    type: bytes
    target: str
    size: int


def header_block(block: bytes) -> HeaderBlock:
    """Read a block; raises `ArchiveError` if it is shorter than 512 bytes or not a header.

    The block has the format `ustar` of POSIX or the format of GNU tar, in which large numbers are
    binary and names have no prefix.
    """
    if len(block) < BLOCK_SIZE or not _has_checksum(block):
        raise broken(DAMAGED_HEADER)
    type = block[TYPE]
    name = _text_of(block[NAME])
    if type == OLD_FILE and name.endswith("/"):
        type = FOLDER
    if block[MAGIC] != GNU_MAGIC and (prefix := _text_of(block[PREFIX])):
        name = f"{prefix}/{name}"
    return HeaderBlock(name, type, _text_of(block[LINK_TARGET]), _number(block[SIZE]))


def text(content: bytes) -> str:
    """A name; bytes that are not UTF-8 are kept as surrogates."""
    return content.decode("utf-8", "surrogateescape")


def _text_of(field: bytes) -> str:
    return text(field.partition(b"\0")[0])


def _has_checksum(block: bytes) -> bool:
    """Whether the checksum is the sum of all bytes, with blanks in place of the checksum."""
    stated = _number(block[CHECKSUM])
    rest = block[: CHECKSUM.start] + block[CHECKSUM.stop :]
    total = sum(rest) + len(block[CHECKSUM]) * ord(" ")
    if stated == total:
        return True
    # Some old programs add the bytes as signed numbers.
    return stated == total - 256 * sum(byte >= 128 for byte in rest)


def _number(field: bytes) -> int:
    """A number in octal digits or, as GNU tar writes it, in binary after the byte 0x80."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    digits = field.partition(b"\0")[0].strip()
    try:
        if digits and not digits.isdigit():
            raise broken(DAMAGED_HEADER)
        return int(digits or b"0", 8)
    except ValueError:
        raise broken(DAMAGED_HEADER) from None
