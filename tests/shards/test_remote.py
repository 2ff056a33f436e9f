"""Messages about remote stores."""

from __future__ import annotations

import time

import pytest

from metrics.shards.remote import without_secrets


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://host/a?x='&sig=secret - redirects", "http://host/a?… - redirects"),
        ("url='http://host/a?x=secret', again", "url='http://host/a?…', again"),
        ("http://u:it's-secret@host/", "http://…@host/"),
        ('Invalid bucket name "key:secret@bucket": no', 'Invalid bucket name "…@bucket": no'),
        ("abfs://container@account/a", "abfs://…@account/a"),
        ("write to a@b", "write to a@b"),
    ],
)
def test_secrets_beside_quotes_and_in_buckets(text: str, shown: str) -> None:
    assert without_secrets(text) == shown


@pytest.mark.parametrize("piece", [":", "a:", "?", "?:", "?'", "http://", "@"])
def test_long_texts_take_linear_time(piece: str) -> None:
    start = time.monotonic()
    without_secrets(piece * 50_000)
    assert time.monotonic() - start < 1
