"""Which file a code in a report stands for: read from the run directory, by whoever may read the backup itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from harness.artifacts.storage.inventory import read_inventory
from harness.artifacts.storage.names import CODE_DIGITS, code_of, printable
from harness.checks.references import read_references

INVENTORIES = ("source-files.jsonl", "artifact-files.jsonl", "target-files.jsonl")
REFERENCES = "references.jsonl"
_CODE = re.compile(rf"(?:^|~)([0-9a-f]{{{CODE_DIGITS}}})\b")


def paths_named(run_dir: Path, code: str) -> Iterator[str]:
    """Paths of files, and of files that rows refer to, with a part that has this code; each one once.

    Args:
        run_dir: of a run, with its sidecars.
        code: as the report shows it, alone or in its path (`resumes/~3fa1c2d4e5.pdf`).
    """
    digits = _CODE.search(code)
    if digits is None:
        return
    wanted = f"~{digits[1]}"
    seen: set[bytes] = set()
    for path in _paths(run_dir):
        if path not in seen and any(code_of(name) == wanted for name in path.split(b"/")):
            seen.add(path)
            yield printable(path)


def _paths(run_dir: Path) -> Iterator[bytes]:
    for name in INVENTORIES:
        if (run_dir / name).exists():
            for entry in read_inventory(run_dir / name):
                yield entry.path
                if entry.target:
                    yield entry.target
    if (run_dir / REFERENCES).exists():
        yield from (path for path, _ in read_references(run_dir / REFERENCES))
