"""Checking evidence without a network: by which key, and whether every file is still what was signed."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Any

from harness.base.errors import EXIT_AS_EXPECTED, EXIT_INCONCLUSIVE, EXIT_NOT_AS_EXPECTED, UsageError
from harness.records.attestation.envelope import ChangedEvidence, check_signature, read_envelope, signer_of
from harness.records.attestation.keys import PublicKey
from harness.records.attestation.statement import BACKUP, PREDICATE_TYPE, Subject, sha256_of


class State(StrEnum):
    """What became of a file that was signed."""

    SAME = "same"
    CHANGED = "changed"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """One file that was signed; `path` is where it was looked at, empty where it was not found."""

    name: str
    sha256: str
    state: State
    path: str = ""


@dataclass(frozen=True, slots=True)
class Verification:
    """What the evidence says, and how much of it holds.

    Args:
        key_id: of the key that signed; only as true as `key_checked`.
        key_checked: the signature was checked with a key that was given.
        predicate: what was signed about the run (docs/evidence.md).
        files: every file that was signed.
        unused: files that were given and that nothing of the evidence is about.
    """

    key_id: str
    key_checked: bool
    predicate: dict[str, Any]
    files: tuple[CheckedFile, ...]
    unused: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """1 when something changed; 3 when something could not be checked; 0 when all holds."""
        states = {file.state for file in self.files}
        if State.CHANGED in states:
            return EXIT_NOT_AS_EXPECTED
        if State.MISSING in states or not self.key_checked or self.unused:
            return EXIT_INCONCLUSIVE
        return EXIT_AS_EXPECTED


def verify_evidence(path: Path, keys: Sequence[PublicKey], given: Sequence[Path] = ()) -> Verification:
    """Check evidence, and the files beside it.

    Args:
        keys: public keys that are trusted; without one, the signature is not checked.
        given: files that lie elsewhere, and directories in which they may lie: the backup.

    Raises:
        UsageError: a file cannot be read.
        ChangedEvidence: the evidence was changed, or none of the keys signed it.
    """
    envelope = read_envelope(path)
    key_id = signer_of(envelope)
    if keys and not any(check_signature(envelope, key) for key in keys):
        known = "the key that was given" if len(keys) == 1 else "any of the keys that were given"
        raise ChangedEvidence(
            f"{path} was not signed by {known}, or was changed after signing",
            f"It names the key {key_id}; given {'was' if len(keys) == 1 else 'were'}"
            f" {', '.join(key.key_id for key in keys)}.",
        )
    subjects, predicate = _read_statement(path, envelope.payload)
    elsewhere = {each: _digest(each) for each in given if not each.is_dir()}
    directories = [each for each in given if each.is_dir()]
    files = tuple(_check(subject, path.absolute().parent, directories, elsewhere) for subject in subjects)
    used = {each for file in files if file.path for each in (file.path, str(Path(file.path).parent))}
    return Verification(
        key_id=key_id,
        key_checked=bool(keys),
        predicate=predicate,
        files=files,
        unused=tuple(str(each) for each in given if str(each) not in used),
    )


def _read_statement(path: Path, payload: bytes) -> tuple[list[Subject], dict[str, Any]]:
    from google.protobuf.json_format import Parse, ParseError
    from in_toto_attestation.v1.statement import Statement

    statement = Statement([], "", {})
    try:
        Parse(payload, statement.pb)
        statement.validate()
        subjects = [Subject(each.name, each.digest["sha256"]) for each in statement.pb.subject]
    except (ParseError, ValueError) as error:
        raise ChangedEvidence(f"{path} is not an in-toto statement: {error}") from None
    if statement.pb.predicate_type != PREDICATE_TYPE:
        raise UsageError(f"{path} is a statement of the unknown type {statement.pb.predicate_type}")
    return subjects, json.loads(payload)["predicate"]


def _check(subject: Subject, base: Path, directories: Sequence[Path], given: dict[Path, str]) -> CheckedFile:
    """Look at the file that was given, else in the directories that were, else beside the evidence."""
    for path, digest in given.items():
        if digest == subject.sha256:
            return CheckedFile(subject.name, subject.sha256, State.SAME, str(path))
    last = PurePosixPath(subject.name).name
    changed = [path for path in given if path.name == last]
    if not changed:
        candidates = [base / last] if subject.name == last else [base / BACKUP / last, base / last]
        there = [each / last for each in directories if (each / last).exists()]
        beside = [path for path in there or candidates if path.is_file() or path.is_dir()]
        for path in beside:
            if _digest(path) == subject.sha256:
                return CheckedFile(subject.name, subject.sha256, State.SAME, str(path))
        changed = beside
    if changed:
        return CheckedFile(subject.name, subject.sha256, State.CHANGED, str(changed[0]))
    return CheckedFile(subject.name, subject.sha256, State.MISSING)


def _digest(path: Path) -> str:
    try:
        if path.is_dir():  # a plain copy of the files: its digest is that of their list
            from harness.artifacts.storage.inventory import INVENTORY_NAME
            from harness.procedure.backup.measure import measure_copy

            with tempfile.TemporaryDirectory() as scratch:
                return measure_copy(path, "storage", path.parent / INVENTORY_NAME, Path(scratch)).sha256
        return sha256_of(path)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
