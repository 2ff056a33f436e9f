"""Errors of documents and files: they can be copied and sent to another process."""

from __future__ import annotations

import copy
import pickle

import pytest

from metrics.checks.baseline import BaselineError
from metrics.configuration.files import ConfigurationError
from metrics.reading.errors import DocumentError, ErrorType
from metrics.reading.sources import FileError
from metrics.scanning.path_lists import PathListError


@pytest.mark.parametrize(
    "error",
    [
        *(DocumentError(type, f"it is {type}") for type in ErrorType),
        DocumentError(ErrorType.MALFORMED, "m" * 2000, 3, 14),
        DocumentError(ErrorType.MALFORMED, "a line only", 3),
        *(
            type("a.toml", "not valid", 7)
            for type in (FileError, BaselineError, ConfigurationError, PathListError)
        ),
        FileError("a.txt", "without a line"),
    ],
    ids=repr,
)
def test_copies_are_equal(error: Exception) -> None:
    for again in (copy.copy(error), copy.deepcopy(error), pickle.loads(pickle.dumps(error))):
        assert type(again) is type(error)
        assert str(again) == str(error)
        assert vars(again) == vars(error)


def test_error_without_its_origin() -> None:
    try:
        try:
            raise KeyError("context")
        except KeyError as cause:
            raise DocumentError(ErrorType.MALFORMED, "not valid", 3, 14) from cause
    except DocumentError as raised:
        error = raised
        assert error.drop_origin() is error
    assert (error.__traceback__, error.__context__, error.__cause__) == (None, None, None)
    assert (error.type, error.message) == (ErrorType.MALFORMED, "not valid")
    assert (error.line, error.column) == (3, 14)
