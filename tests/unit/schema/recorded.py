"""Results as real drills of the first version wrote them; only a path to a Python was changed."""

import shutil
from pathlib import Path

from harness.records.run_directory import RunDirectory

DATA = Path(__file__).parent / "data"
PASSED, FAILED = DATA / "result-1-documented-pass.json", DATA / "result-1-verify-fail.json"


def recorded(result: Path, directory: Path) -> RunDirectory:
    """A run directory with one of them and nothing else."""
    store = RunDirectory(directory)
    shutil.copy(result, directory / "result.json")
    return store
