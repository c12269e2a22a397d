"""Handlers as Lambda loads them: anew, with an environment and a configuration."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from unittest import mock

from lifecycle import configuration
from lifecycle.configuration import Configuration


@contextmanager
def fresh() -> Iterator[None]:
    """What is imported of the handlers meanwhile is new, as in a new execution environment; then others' comes back."""
    others = _taken()
    try:
        yield
    finally:
        _taken()
        sys.modules.update(others)


@contextmanager
def deployed(bundle: Path, settings: Configuration, environment: Mapping[str, str]) -> Iterator[None]:
    """New ones, with these settings and this environment."""
    configuration.save(settings, bundle)
    with fresh(), mock.patch.dict(os.environ, {**environment, "LAMBDA_TASK_ROOT": str(bundle)}):
        yield


def _taken() -> dict[str, ModuleType]:
    return {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] == "handlers"}
