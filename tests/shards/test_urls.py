from __future__ import annotations

import pytest

from metrics.shards.urls import SCHEMES, scheme_of


@pytest.mark.parametrize("scheme", SCHEMES)
def test_known_schemes(scheme: str) -> None:
    assert scheme_of(f"{scheme}://bucket/a.bpmn") == scheme


@pytest.mark.parametrize(
    "path", ["a.bpmn", "/x/a.bpmn", "a:b.bpmn", "./a::b.bpmn", "folder/a::b", "c:\\a.bpmn", "1://a"]
)
def test_paths_have_no_scheme(path: str) -> None:
    assert scheme_of(path) == ""


@pytest.mark.parametrize("url", ["ftp://host/a", "S3://bucket/a", "zip://a.bpmn"])
def test_unknown_schemes(url: str) -> None:
    with pytest.raises(ValueError, match="is not known"):
        scheme_of(url)


@pytest.mark.parametrize(
    "url", ["a::b", "simplecache::s3://bucket/a", "zip://a::file:///b.zip", "s3://bucket/a::b"]
)
def test_chains_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="chain"):
        scheme_of(url)


def test_addresses_of_ipv6_are_no_chains() -> None:
    assert scheme_of("http://[::1]:8000/a.bpmn") == "http"
