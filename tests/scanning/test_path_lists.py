"""Lists of paths: one a line, or with a NUL character after each."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from metrics.scanning.path_lists import PathListError, read_path_list

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("content", "paths", "null_separated"),
    [
        (b"a\nb c\n", ("a", "b c"), ("a\nb c\n",)),
        (b"a\r\n\n b", ("a", " b"), ("a\r\n\n b",)),
        (b"\xef\xbb\xbf\xff", ("\udcff",), ("\ufeff\udcff",)),
        (b"", (), ()),
    ],
)
def test_separators(
    content: bytes, paths: tuple[str, ...], null_separated: tuple[str, ...]
) -> None:
    assert read_path_list("-", io.BytesIO(content)) == paths
    assert read_path_list("-", io.BytesIO(content), is_null_separated=True) == null_separated


def test_file(tmp_path: Path) -> None:
    (tmp_path / "list").write_bytes(b"a\0\0b\n\0")
    name = str(tmp_path / "list")
    assert read_path_list(name, is_null_separated=True) == ("a", "b\n")
    with pytest.raises(PathListError, match=r"list:1: a path cannot contain NUL"):
        read_path_list(name)
    with pytest.raises(PathListError, match="none: No such file or directory"):
        read_path_list(str(tmp_path / "none"))


def test_standard_input_is_not_in_a_list() -> None:
    for content, message in ((b"a\n-", "-:2: - is not a file"), (b"./-\n-\n", "-:2: ")):
        with pytest.raises(PathListError, match=message):
            read_path_list("-", io.BytesIO(content))
    assert read_path_list("-", io.BytesIO(b"./-")) == ("./-",)


def test_long_name() -> None:
    assert read_path_list("-", io.BytesIO(b"a" * 4096)) == ("a" * 4096,)
    for separator, name in ((b"\n", "-:2"), (b"\0", "-")):
        content = io.BytesIO(separator.join([b"a", b"a" * 4097]))
        with pytest.raises(PathListError) as refused:
            read_path_list("-", content, is_null_separated=separator == b"\0")
        assert str(refused.value) == f"{name}: a path has more than 4,096 characters."
