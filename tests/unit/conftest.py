"""A whole evidence for the unit tests that need one."""

from pathlib import Path

import pytest

from harness.checks.evidence import Evidence
from tests.unit.checks.builders import evidence as build_evidence


@pytest.fixture
def evidence(tmp_path: Path) -> Evidence:
    """A restored instance with which every check is content."""
    return build_evidence(tmp_path)
