"""The run directory: each step writes its JSON when it ends, so that a run can be judged again later."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from harness.base.errors import ERROR_DETAILS as ERROR_DETAILS
from harness.base.errors import UsageError
from harness.base.model import DrillResult
from harness.base.printable import printable_json, printable_lines
from harness.base.private import private_directory, private_file, whole_file
from harness.checks.evidence import Evidence

T = TypeVar("T")

EVIDENCE = "evidence"
RESULT = "result"
RESULT_VERSION = 1


class RunDirectory:
    """One run's directory.

    Args:
        directory: made when it is not there.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        private_directory(directory)

    @property
    def logs(self) -> Path:
        """Where the servers' logs end up."""
        return self.directory / "logs"

    def path(self, name: str) -> Path:
        """A file of this run."""
        return self.directory / name

    def save_details(self, text: str) -> None:
        """Keep the output of programs that failed, for whoever may read the backup itself."""
        private_directory(self.logs)
        with private_file(self.logs / ERROR_DETAILS) as file:
            file.write(f"{printable_lines(text.rstrip())}\n".encode())

    def save(self, name: str, kind: type[T], value: T) -> None:
        """Write a value as `<name>.json`; the name appears when the file is whole."""
        path = self.path(f"{name}.json")
        with whole_file(path) as file:
            file.write(printable_json(TypeAdapter(kind).dump_json(value, indent=2).decode()).encode())

    def load(self, name: str, kind: type[T]) -> T:
        """Read what was saved under that name. Raises UsageError: it was never written, or its file is damaged."""
        path = self.path(f"{name}.json")
        try:
            return TypeAdapter(kind).validate_json(path.read_bytes())
        except FileNotFoundError:
            raise UsageError(f"{self.directory} has no {path.name}: that step of the run did not finish") from None
        except ValidationError as error:
            first = error.errors()[0]
            where = " at " + ".".join(str(part) for part in first["loc"]) if first["loc"] else ""
            raise UsageError(f"{path} is damaged{where}: {first['msg']}") from None

    def save_evidence(self, evidence: Evidence) -> None:
        """Write the evidence; its sidecars are named relative to the run directory, which may be moved."""
        self.save(EVIDENCE, Evidence, _with_paths(evidence, lambda path: Path(path.name)))

    def load_evidence(self) -> Evidence:
        """Read the evidence back."""
        evidence = self.load(EVIDENCE, Evidence)
        return _with_paths(evidence, lambda path: self.directory / path)

    def save_result(self, result: DrillResult) -> None:
        self.save(RESULT, DrillResult, result)

    def load_result(self) -> DrillResult:
        """Read the result back. Raises UsageError, also for a newer format."""
        path = self.path(f"{RESULT}.json")
        try:
            found = from_json(path.read_bytes())
        except OSError:
            raise UsageError(
                f"{self.directory} does not contain a finished run",
                "Give the run directory that the drill printed; it contains result.json.",
            ) from None
        except ValueError:
            found = None  # reported below, with the place
        version = found.get("format_version") if isinstance(found, dict) else None
        if isinstance(version, int) and version > RESULT_VERSION:
            raise UsageError(
                f"{path} has format {version}, but this version reads up to {RESULT_VERSION}",
                "Read it with the version of apiary-drill that wrote it, or a newer one.",
            )
        return self.load(RESULT, DrillResult)


def _with_paths(evidence: Evidence, change: Callable[[Path], Path]) -> Evidence:
    files = evidence.files
    return replace(
        evidence,
        files=replace(
            files, expected=change(files.expected), actual=change(files.actual), references=change(files.references)
        ),
    )
