"""The URLs that name objects."""

from __future__ import annotations

import re
from typing import Final

SCHEMES: Final = (
    "file",
    "memory",
    "s3",
    "s3a",
    "gs",
    "gcs",
    "abfs",
    "abfss",
    "az",
    "http",
    "https",
)
"""The schemes of URLs that can be read. A name without a scheme is a path."""

FILE_PREFIX: Final = "file://"
LOCAL_SCHEMES: Final = ("", "file")
"""The schemes of what is on this machine: a path, and a path after `FILE_PREFIX`."""

CHAIN: Final = "::"
"""Stands between the URLs of a chain, as fsspec reads them: `simplecache::s3://bucket/key`."""

_IPV6_HOST: Final = re.compile(r"\[[0-9A-Fa-f:.]*\]")
_START: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)(::|://)")


def scheme_of(url: str) -> str:
    """The scheme of a URL, "" for a path; raises `ValueError` for a URL that cannot be read."""
    match = _START.match(url)
    if match is None:
        return ""
    if CHAIN in _IPV6_HOST.sub("", url):
        raise ValueError(
            f"a chain of URLs ({CHAIN}) is refused: if it is a path, write ./ before it."
        )
    if match[1] not in SCHEMES:
        raise ValueError(f"the scheme {match[1]} is not known: use one of {', '.join(SCHEMES)}.")
    return match[1]
