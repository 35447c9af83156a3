"""Evidence says by which key and about what; one changed byte of anything is found, and other programs agree."""

import base64
import hashlib
import json
import re
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from google.protobuf.json_format import Parse
from in_toto_attestation.v1.statement import Statement
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey

from harness import __version__
from harness.base.errors import HarnessError, UsageError
from harness.base.model import ArtifactFile, InjectedFault, Provenance, Verdict
from harness.procedure.backup.measure import measure_copy
from harness.records.attestation.check import CheckedFile, State, verify_evidence
from harness.records.attestation.envelope import ChangedEvidence, sign_run
from harness.records.attestation.keys import PublicKey, SigningKey, generate, load_private, load_public
from harness.records.run_directory import RunDirectory
from tests.tables import over_table
from tests.unit.schema.recorded import PASSED, recorded

DUMP, STORAGE = b"-- MySQL dump\n", b"files\n"


@pytest.fixture
def key(tmp_path: Path) -> SigningKey:
    generate(tmp_path / "key", None)
    return load_private(tmp_path / "key", None)


@pytest.fixture
def public(key: SigningKey, tmp_path: Path) -> PublicKey:
    return load_public(tmp_path / "key.pub")


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    """A run with two artifacts and a report, small enough to change every byte of it."""
    directory = tmp_path / "run"
    (directory / "backup").mkdir(parents=True)
    (directory / "backup" / "database.sql").write_bytes(DUMP)
    (directory / "backup" / "storage.tar").write_bytes(STORAGE)
    store = recorded(PASSED, directory)
    result = replace(
        store.load_result(),
        purpose="",
        components=(),
        steps=(),
        checks=(),
        findings=(),
        unproven=(),
        artifacts=(
            ArtifactFile("database", "database.sql", len(DUMP), hashlib.sha256(DUMP).hexdigest()),
            ArtifactFile("storage", "storage.tar", len(STORAGE), hashlib.sha256(STORAGE).hexdigest()),
        ),
    )
    fetched = Provenance(
        "database", "s3://night/database.sql", "version 3", datetime(2026, 11, 23, 0, 21, tzinfo=UTC),
        len(DUMP), result.artifacts[0].sha256,
    )  # fmt: skip
    store.save_result(replace(result, provenance=(fetched,)))
    (directory / "report.html").write_text("<p>PASS</p>\n")
    return directory


@pytest.fixture
def evidence(run_dir: Path, key: SigningKey) -> Path:
    return sign_run(run_dir, RunDirectory(run_dir).load_result(), key)


def payload(evidence: Path) -> dict[str, Any]:
    found = json.loads(base64.b64decode(json.loads(evidence.read_bytes())["payload"], validate=True))
    assert isinstance(found, dict)
    return found


SIGNED = ["backup/database.sql", "backup/storage.tar", "report.html", "result.json"]


def test_everything_that_was_signed_holds(evidence: Path, public: PublicKey) -> None:
    found = verify_evidence(evidence, [public])
    assert (found.key_id, found.key_checked, found.exit_code) == (public.key_id, True, 0)
    assert [(file.name, file.state) for file in found.files] == [(name, State.SAME) for name in SIGNED]


def test_the_statement_says_what_the_run_came_to(evidence: Path) -> None:
    statement = payload(evidence)
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "urn:apiary-drill:attestation:drill:1"
    assert statement["subject"] == [
        {"name": name, "digest": {"sha256": hashlib.sha256((evidence.parent / name).read_bytes()).hexdigest()}}
        for name in SIGNED
    ]
    predicate = statement["predicate"]
    assert predicate.pop("signedAt").startswith("20")
    provenance = {
        "role": "database",
        "location": "s3://night/database.sql",
        "version": "version 3",
        "modifiedAt": "2026-11-23T00:21:00Z",
        "sha256": hashlib.sha256(DUMP).hexdigest(),
    }
    assert predicate == {
        "drillId": "20261123T002231Z-documented-34852b",
        "scenario": "documented",
        "mode": "faithful",
        "verdict": "PASS",
        "expectedVerdict": "PASS",
        "faults": [],
        "findings": {},
        "startedAt": "2026-11-23T00:22:31Z",
        "endedAt": "2026-11-23T00:23:44Z",
        "recoveryTimeSeconds": 11.64,
        "recoveryPointAt": "2026-11-23T00:22:08Z",
        "provenance": [provenance],
        "resultFormat": 1,
        "tool": {"name": "apiary-drill", "version": __version__},
    }


def test_the_statement_says_what_was_broken_on_purpose(run_dir: Path, key: SigningKey) -> None:
    """A failure that was wanted is distinguished from one that was not."""
    store = RunDirectory(run_dir)
    fault = InjectedFault("truncated", "backup")
    store.save_result(replace(store.load_result(), expected_verdict=Verdict.FAIL, faults=(fault,)))
    predicate = payload(sign_run(run_dir, store.load_result(), key))["predicate"]
    assert (predicate["expectedVerdict"], predicate["faults"]) == ("FAIL", ["truncated"])


def test_the_envelope_has_the_form_of_its_specification(evidence: Path, tmp_path: Path, public: PublicKey) -> None:
    """DSSE 1.0: payload and signatures in base64, and the payload type of in-toto; one line, a bundle of one."""
    text = evidence.read_text()
    assert (evidence.name, text.count("\n"), text[-2:]) == ("evidence.intoto.jsonl", 1, "}\n")
    whole = json.loads(text)
    assert whole.keys() == {"payload", "payloadType", "signatures"}
    assert whole["payloadType"] == "application/vnd.in-toto+json"
    (signature,) = whole["signatures"]
    assert signature.keys() == {"keyid", "sig"}
    assert re.fullmatch("[0-9a-f]{64}", signature["keyid"])
    assert all(re.fullmatch("[A-Za-z0-9+/]+={0,2}", each) for each in (whole["payload"], signature["sig"]))
    # The libraries of both specifications accept it.
    envelope = Envelope.from_dict(whole)
    pem = load_pem_public_key((tmp_path / "key.pub").read_bytes())
    accepted = envelope.verify([SSlibKey.from_crypto(pem, public.key_id)], threshold=1)
    assert list(accepted) == [public.key_id]
    statement = Statement([], "", {})
    Parse(envelope.payload, statement.pb)
    statement.validate()
    assert [subject.name for subject in statement.pb.subject] == SIGNED


def test_the_signature_is_plain_ed25519_over_what_dsse_says(evidence: Path, tmp_path: Path) -> None:
    """Computed here from the specification: "DSSEv1", then each length and text, with spaces between."""
    public = load_pem_public_key((tmp_path / "key.pub").read_bytes())
    assert isinstance(public, Ed25519PublicKey)
    envelope = json.loads(evidence.read_bytes())
    body, kind = base64.b64decode(envelope["payload"]), envelope["payloadType"].encode()
    signature = base64.b64decode(envelope["signatures"][0]["sig"])
    signed = b"DSSEv1 " + str(len(kind)).encode() + b" " + kind + b" " + str(len(body)).encode() + b" " + body
    public.verify(signature, signed)
    with pytest.raises(InvalidSignature):
        public.verify(signature, signed + b" ")


def test_no_byte_of_the_evidence_can_be_changed_cut_off_or_added(evidence: Path, public: PublicKey) -> None:
    """Every byte in turn, also of those that no signature covers: its lowest bit, and another one."""
    whole = evidence.read_bytes()
    changes = [*(whole[:end] for end in range(len(whole))), whole + whole, whole + b"\n", b" " + whole, b"[]"]
    for place in range(len(whole)):
        for bit in (0, place % 7 + 1):
            changes.append(whole[:place] + bytes([whole[place] ^ 1 << bit]) + whole[place + 1 :])
    for changed in changes:
        evidence.write_bytes(changed)
        with pytest.raises(ChangedEvidence):
            verify_evidence(evidence, [public])
    evidence.write_bytes(whole[:-1])
    with pytest.raises(ChangedEvidence) as caught:
        verify_evidence(evidence, [public])
    assert str(caught.value) == (
        f"{evidence} is not valid evidence: it is damaged or was changed\nHINT: Get the file again from its archive."
    )
    evidence.write_bytes(whole)
    assert verify_evidence(evidence, [public]).exit_code == 0


@over_table("name", SIGNED)
def test_no_byte_of_a_file_can_be_changed(evidence: Path, public: PublicKey, name: str) -> None:
    path = evidence.parent / name
    whole = path.read_bytes()
    changes = [whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :] for place in range(len(whole))]
    for changed in (*changes, whole[:-1], whole + b"\n", b""):
        path.write_bytes(changed)
        found = verify_evidence(evidence, [public])
        assert found.exit_code == 1
        (checked,) = (file for file in found.files if file.state is not State.SAME)
        assert (checked.name, checked.state, checked.path) == (name, State.CHANGED, str(path))
    path.write_bytes(whole)


def test_a_file_that_is_not_there_is_reported(evidence: Path, public: PublicKey, tmp_path: Path) -> None:
    """What could not be checked is never a pass; given from elsewhere, under any name, it is. A change weighs more."""
    artifact = evidence.parent / "backup" / "storage.tar"
    elsewhere = artifact.rename(tmp_path / "from-the-archive")
    found = verify_evidence(evidence, [public])
    digest = hashlib.sha256(STORAGE).hexdigest()
    assert (found.exit_code, found.files[1]) == (3, CheckedFile("backup/storage.tar", digest, State.MISSING))
    found = verify_evidence(evidence, [public], [elsewhere])
    assert found.exit_code == 0
    assert found.files[1] == CheckedFile("backup/storage.tar", digest, State.SAME, str(elsewhere))
    (evidence.parent / "report.html").write_text("<p>FAIL</p>\n")
    assert verify_evidence(evidence, [public]).exit_code == 1


def test_the_directory_of_the_backup_is_looked_into(evidence: Path, public: PublicKey, tmp_path: Path) -> None:
    """Each file under its own name; what else lies there is nobody's business, what was changed there is found."""
    backup = (evidence.parent / "backup").rename(tmp_path / "2026-11-22")
    (backup / "notes.txt").write_text("of the operator\n")
    assert verify_evidence(evidence, [public]).exit_code == 3
    found = verify_evidence(evidence, [public], [backup])
    assert (found.exit_code, found.unused) == (0, ())
    assert [file.path for file in found.files[:2]] == [str(backup / "database.sql"), str(backup / "storage.tar")]
    (tmp_path / "empty").mkdir()
    found = verify_evidence(evidence, [public], [backup, tmp_path / "empty"])
    assert (found.exit_code, found.unused) == (3, (str(tmp_path / "empty"),))
    shutil.copytree(backup, evidence.parent / "backup")
    (backup / "storage.tar").write_bytes(b"others\n")
    found = verify_evidence(evidence, [public], [backup])
    assert (found.exit_code, found.files[1].state) == (1, State.CHANGED)


def test_a_plain_copy_of_the_files_is_held_to_its_list(run_dir: Path, key: SigningKey, public: PublicKey) -> None:
    storage = run_dir / "backup" / "storage"
    (storage / "docusign").mkdir(parents=True)
    (storage / "docusign" / "a.pdf").write_bytes(b"one\n")
    store = RunDirectory(run_dir)
    copied = measure_copy(storage, "storage", run_dir / "backup" / "files.jsonl", run_dir.parent)
    store.save_result(replace(store.load_result(), artifacts=(copied,)))
    evidence = sign_run(run_dir, store.load_result(), key)
    assert verify_evidence(evidence, [public]).exit_code == 0
    (storage / "docusign" / "a.pdf").write_bytes(b"two\n")
    assert verify_evidence(evidence, [public]).exit_code == 1


def test_a_file_that_was_given_is_checked_and_not_the_one_beside(
    evidence: Path, public: PublicKey, tmp_path: Path
) -> None:
    """One that the evidence is not about is reported."""
    given, stranger = tmp_path / "storage.tar", tmp_path / "another.tar"
    given.write_bytes(b"other files\n")
    found = verify_evidence(evidence, [public], [given])
    assert (found.exit_code, found.files[1].state, found.files[1].path) == (1, State.CHANGED, str(given))
    stranger.write_bytes(b"?")
    found = verify_evidence(evidence, [public], [stranger])
    assert (found.exit_code, found.unused) == (3, (str(stranger),))


def test_an_artifact_beside_the_evidence_is_found_without_its_directory(evidence: Path, public: PublicKey) -> None:
    """As somebody would put a backup and its evidence into one directory."""
    for name in ("database.sql", "storage.tar"):
        (evidence.parent / "backup" / name).rename(evidence.parent / name)
    assert verify_evidence(evidence, [public]).exit_code == 0


def test_the_key_of_somebody_else_is_refused(run_dir: Path, evidence: Path, public: PublicKey, tmp_path: Path) -> None:
    """Without a key nobody vouches for it. The id is only a name: whoever signs with another key under it is found."""
    found = verify_evidence(evidence, [])
    assert (found.exit_code, found.key_checked, found.key_id) == (3, False, public.key_id)
    generate(tmp_path / "other", None)
    other = load_public(tmp_path / "other.pub")
    with pytest.raises(ChangedEvidence) as caught:
        verify_evidence(evidence, [other])
    message = f"{evidence} was not signed by the key that was given, or was changed after signing"
    assert str(caught.value) == f"{message}\nHINT: It names the key {public.key_id}; given was {other.key_id}."
    assert caught.value.exit_code == 1
    assert verify_evidence(evidence, [other, public]).exit_code == 0
    forger = replace(load_private(tmp_path / "other", None), key_id=public.key_id)
    forged = sign_run(run_dir, RunDirectory(run_dir).load_result(), forger)
    with pytest.raises(ChangedEvidence, match="was not signed by the key that was given, or was changed after signing"):
        verify_evidence(forged, [public])


def test_a_report_elsewhere_is_signed_by_its_name(
    run_dir: Path, key: SigningKey, public: PublicKey, tmp_path: Path
) -> None:
    report, same = tmp_path / "for-the-auditor.pdf", tmp_path / "report.html"
    report.write_bytes(b"%PDF-1.7\n")
    evidence = sign_run(run_dir, RunDirectory(run_dir).load_result(), key, [report, run_dir / "report.html"])
    assert verify_evidence(evidence, [public]).exit_code == 3
    found = verify_evidence(evidence, [public], [report])
    assert found.exit_code == 0
    assert [file.name for file in found.files] == sorted([*SIGNED, "for-the-auditor.pdf"])
    same.write_text("<p>FAIL</p>\n")
    with pytest.raises(UsageError) as caught:
        sign_run(run_dir, RunDirectory(run_dir).load_result(), key, [same])
    assert str(caught.value) == (
        "two files would be signed under the name report.html\nHINT: Give the report another name."
    )


def test_two_artifacts_of_one_name_are_distinguished(
    run_dir: Path, key: SigningKey, public: PublicKey, tmp_path: Path
) -> None:
    """The structure and the rows of a dump may lie in two directories under one name."""
    store = RunDirectory(run_dir)
    result = store.load_result()
    digests = sorted(hashlib.sha256(text).hexdigest() for text in (DUMP, STORAGE))
    store.save_result(
        replace(result, artifacts=tuple(ArtifactFile("database", "dump.sql", 5, digest) for digest in digests))
    )
    evidence = sign_run(run_dir, result, key)
    given = [run_dir / "backup" / "database.sql", run_dir / "backup" / "storage.tar"]
    found = verify_evidence(evidence, [public], given)
    assert [(file.name, file.sha256) for file in found.files[:2]] == [
        ("backup/2/dump.sql", digests[1]),
        ("backup/dump.sql", digests[0]),
    ]
    assert found.exit_code == 0


def test_a_run_that_is_judged_otherwise_today_is_not_signed(run_dir: Path, key: SigningKey) -> None:
    """The statement would say one verdict, and the result that it is about another."""
    result = replace(RunDirectory(run_dir).load_result(), verdict=Verdict.FAIL)
    with pytest.raises(HarnessError) as caught:
        sign_run(run_dir, result, key)
    assert str(caught.value) == (
        f"{run_dir} was not signed: its result.json says PASS, but the re-evaluated verdict is FAIL\n"
        "HINT: Run the drill again, so that its result matches the current checks."
    )
    assert not (run_dir / "evidence.intoto.jsonl").exists()


def test_signing_again_replaces_the_evidence(run_dir: Path, evidence: Path, key: SigningKey, public: PublicKey) -> None:
    (run_dir / "report.html").write_text("<p>PASS, in other words</p>\n")
    assert verify_evidence(evidence, [public]).exit_code == 1
    assert sign_run(run_dir, RunDirectory(run_dir).load_result(), key) == evidence
    assert verify_evidence(evidence, [public]).exit_code == 0
    left = ["backup", "evidence.intoto.jsonl", "report.html", "result.json"]
    assert sorted(path.name for path in run_dir.iterdir()) == left


def test_a_statement_of_another_kind_is_not_taken_for_evidence(
    evidence: Path, key: SigningKey, public: PublicKey
) -> None:
    """The same key may sign other things, such as packages."""
    from securesystemslib.signer import CryptoSigner

    from harness.records.attestation.envelope import PAYLOAD_TYPE, as_line

    for change, message in (
        ({"predicateType": "https://slsa.dev/provenance/v1"}, "is a statement of the unknown type https://slsa.dev/"),
        ({"subject": []}, "is not an in-toto statement: At least one subject required"),
        ({"subject": [{"name": "x"}]}, r"is not an in-toto statement: At least one digest required \(subject 0\)"),
    ):
        text = json.dumps({**payload(evidence), **change}).encode()
        envelope = Envelope(text, PAYLOAD_TYPE, {})
        envelope.sign(CryptoSigner(key.private, SSlibKey.from_crypto(key.private.public_key(), key.key_id)))
        other = evidence.with_name("other.jsonl")
        other.write_bytes(as_line(envelope))
        with pytest.raises(HarnessError, match=message):
            verify_evidence(other, [public])
