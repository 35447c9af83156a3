"""Makes the builders of checks/ importable as `checks.builders` for every unit test; gives a whole evidence."""

from __future__ import annotations

from pathlib import Path

import pytest
from checks.builders import evidence as build_evidence

from harness.checks.evidence import Evidence


@pytest.fixture
def evidence(tmp_path: Path) -> Evidence:
    """A restored instance with which every check is content."""
    return build_evidence(tmp_path)
