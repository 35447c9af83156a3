"""The DSSE envelope: signing a statement, and reading one back so that not a byte of the file is free."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from harness.base.errors import HarnessError, UsageError
from harness.base.model import DrillResult
from harness.base.private import whole_file
from harness.records.attestation.keys import PublicKey, SigningKey
from harness.records.attestation.statement import statement_of, subjects_of
from harness.records.run_directory import RunDirectory

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from securesystemslib.dsse import Envelope
    from securesystemslib.signer import SSlibKey

EVIDENCE_NAME = "evidence.intoto.jsonl"
"""A bundle of one line, as the in-toto specification names it."""

PAYLOAD_TYPE = "application/vnd.in-toto+json"
_LARGEST_BYTES = 16 * 1024 * 1024  # a statement is some kilobytes


class ChangedEvidence(HarnessError):
    """The evidence, or a file that it is about, is not what was signed."""

    exit_code = 1


def sign_run(run_dir: Path, result: DrillResult, key: SigningKey, reports: Sequence[Path] = ()) -> Path:
    """Sign what a run left: write `evidence.intoto.jsonl` into its directory, in place of an older one.

    Args:
        result: as it is reported; the run's own result.json must say the same.
        reports: reports that were written to another place than the run directory.

    Returns:
        The file that was written.

    Raises:
        UsageError: the run holds no result, or two files go by one name.
        HarnessError: the run was judged again, and came to something else than its result.json says.
    """
    from securesystemslib.dsse import Envelope
    from securesystemslib.signer import CryptoSigner

    stored = RunDirectory(run_dir).load_result()
    if stored.verdict is not result.verdict:
        raise HarnessError(
            f"{run_dir} was not signed: its result.json says {stored.verdict}, but the re-evaluated verdict "
            f"is {result.verdict}",
            "Run the drill again, so that its result matches the current checks.",
        )
    statement = statement_of(result, subjects_of(run_dir, stored, reports), datetime.now(UTC))
    envelope = Envelope(payload=statement, payload_type=PAYLOAD_TYPE, signatures={})
    envelope.sign(CryptoSigner(key.private, _library_key(key.private.public_key(), key.key_id)))
    path = run_dir / EVIDENCE_NAME
    with whole_file(path) as file:
        file.write(as_line(envelope))
    return path


def as_line(envelope: Envelope) -> bytes:
    """The one way in which an envelope is written here."""
    return json.dumps(envelope.to_dict(), sort_keys=True, separators=(",", ":")).encode() + b"\n"


def read_envelope(path: Path) -> Envelope:
    """Read an envelope, and hold its file to what `as_line` writes.

    A signature covers the payload only. Spaces, the order of keys, or unused bits of base64 could be changed
    without it; so what is read has to give the very same bytes again.

    Raises:
        UsageError: the file cannot be read.
        ChangedEvidence: it is not what was written.
    """
    from securesystemslib.dsse import Envelope
    from securesystemslib.exceptions import Error

    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST_BYTES + 1)
    except OSError as error:
        raise UsageError(f"cannot read the evidence {path}: {error.strerror}") from None
    try:
        envelope = Envelope.from_dict(json.loads(text))
        whole = as_line(envelope) == text
    except (Error, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        whole = False
    if not whole or envelope.payload_type != PAYLOAD_TYPE or len(envelope.signatures) != 1:
        raise ChangedEvidence(
            f"{path} is not valid evidence: it is damaged or was changed", "Get the file again from its archive."
        )
    return envelope


def signer_of(envelope: Envelope) -> str:
    """The id of the key that the envelope names; only the signature proves it."""
    return next(iter(envelope.signatures))


def check_signature(envelope: Envelope, key: PublicKey) -> bool:
    """Whether the key signed this payload under its own name."""
    from securesystemslib.exceptions import VerificationError

    try:
        envelope.verify([_library_key(key.public, key.key_id)], threshold=1)
    except VerificationError:
        return False
    return True


def _library_key(public: Ed25519PublicKey, key_id: str) -> SSlibKey:
    from securesystemslib.signer import SSlibKey

    return SSlibKey.from_crypto(public, key_id)
