"""What is signed: an in-toto Statement (version 1) that says which files belong to a run, and what it came to."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from harness import __version__
from harness.base.errors import UsageError
from harness.base.model import DrillResult
from harness.records.run_directory import RESULT

PREDICATE_TYPE = "urn:apiary-drill:attestation:drill:1"
"""What the predicate means; docs/evidence.md says it field by field."""

REPORT_SUFFIXES = (".html", ".md", ".pdf", ".xml")
"""What the run directory itself holds besides the JSON of the steps is a report."""

BACKUP = "backup/"
"""Before the name of each artifact, wherever the artifact lies."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One file that the statement is about: its name in there, and its SHA-256 (hexadecimal)."""

    name: str
    sha256: str


def subjects_of(run_dir: Path, result: DrillResult, reports: Sequence[Path] = ()) -> tuple[Subject, ...]:
    """The result, the reports and the artifacts of a run, by name.

    The artifacts' digests are those that were measured before anything of them was read.

    Args:
        reports: reports that were written to another place than the run directory.

    Raises:
        UsageError: two of them would go by the same name.
    """
    found = [*_subjects(run_dir, result, reports)]
    if double := [name for name, count in Counter(subject.name for subject in found).items() if count > 1]:
        raise UsageError(f"two files would be signed under the name {double[0]}", "Give the report another name.")
    return tuple(sorted(found, key=lambda subject: subject.name))


def _subjects(run_dir: Path, result: DrillResult, reports: Sequence[Path]) -> Iterator[Subject]:
    inside = sorted(path for path in run_dir.iterdir() if path.is_file() and path.suffix.lower() in REPORT_SUFFIXES)
    elsewhere = [path for path in reports if path.resolve() not in {each.resolve() for each in inside}]
    for path in (run_dir / f"{RESULT}.json", *inside, *elsewhere):
        yield Subject(path.name, sha256_of(path))
    artifacts = {(file.name, file.sha256) for file in result.artifacts}
    for name, digest in sorted(artifacts):
        same_name = sorted(other for each, other in artifacts if each == name)
        number = same_name.index(digest)
        yield Subject(f"{BACKUP}{name}" if number == 0 else f"{BACKUP}{number + 1}/{name}", digest)


def sha256_of(path: Path) -> str:
    """Digest of a file, in constant memory."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def statement_of(result: DrillResult, subjects: Sequence[Subject], signed_at: datetime) -> bytes:
    """The statement as JSON: made and validated by the library of the people who define it."""
    from google.protobuf.json_format import MessageToDict
    from in_toto_attestation.v1.resource_descriptor import ResourceDescriptor
    from in_toto_attestation.v1.statement import Statement

    statement = Statement(
        [ResourceDescriptor(name=each.name, digest={"sha256": each.sha256}).pb for each in subjects],
        PREDICATE_TYPE,
        predicate_of(result, signed_at),
    )
    statement.validate()
    return json.dumps(MessageToDict(statement.pb), sort_keys=True, separators=(",", ":")).encode()


def predicate_of(result: DrillResult, signed_at: datetime) -> dict[str, Any]:
    """What the run came to, in a few values; the result says the rest."""
    return {
        "drillId": result.drill_id,
        "scenario": result.scenario,
        "mode": result.mode,
        "verdict": str(result.verdict),
        "expectedVerdict": str(result.expected_verdict),
        "faults": [fault.name for fault in result.faults],
        "findings": dict(sorted(Counter(str(finding.severity) for finding in result.findings).items())),
        "startedAt": _time(result.started_at),
        "endedAt": _time(result.started_at + timedelta(seconds=result.duration_s)),
        "signedAt": _time(signed_at),
        "recoveryTimeSeconds": None if result.recovery_time_s is None else round(result.recovery_time_s, 3),
        "recoveryPointAt": None if result.recovery_point_at is None else _time(result.recovery_point_at),
        "provenance": [
            {
                "role": each.role,
                "location": each.location,
                "version": each.version,
                "modifiedAt": None if each.modified_at is None else _time(each.modified_at),
                "sha256": each.sha256,
            }
            for each in result.provenance
        ],
        "resultFormat": result.format_version,
        "tool": {"name": "apiary-drill", "version": __version__},
    }


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
