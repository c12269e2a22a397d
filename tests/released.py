"""Frozen files: of each version, what it stores (tests/adapters/stored) and rests upon (tests/infra/released)."""

import tomllib
from pathlib import Path

VERSION = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text("utf-8"))["project"]["version"]
"""The one that is in the making."""
