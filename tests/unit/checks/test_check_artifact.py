"""The checks on the artifact: nothing where it is the one that was meant, and one finding for each doubt."""

from __future__ import annotations

from dataclasses import replace

from harness.base.model import Severity
from harness.checks.artifact import check_artifact, check_script_warnings
from harness.checks.evidence import ArtifactEvidence
from tests.unit.checks.builders import artifact_file, finding, only

LISTED = artifact_file()
WHOLE = ArtifactEvidence((LISTED,), (LISTED,), nonce="0123456789abcdef", nonce_found=True)


def test_the_artifact_that_the_manifest_describes() -> None:
    result = check_artifact(WHOLE)
    assert (result.check, result.findings, result.compared) == ("artifact", (), 2)
    assert result.evidence == (("apiary.sql.zst", f"100 bytes, sha256 {'aa' * 32}"),)


def test_a_backup_from_elsewhere_promises_nothing() -> None:
    result = check_artifact(ArtifactEvidence((), (LISTED,)))
    assert (result.findings, result.compared) == ((), 1)


def test_a_file_that_the_manifest_names_and_that_is_not_there() -> None:
    result = check_artifact(replace(WHOLE, actual_files=()))
    assert only(result) == finding(
        "artifact-missing",
        "apiary.sql.zst",
        "The manifest lists apiary.sql.zst, but the backup does not contain it.",
        "aa" * 32,
        "missing",
    )


def test_a_file_that_was_changed() -> None:
    result = check_artifact(replace(WHOLE, actual_files=(replace(LISTED, sha256="bb" * 32),)))
    assert only(result) == finding(
        "artifact-digest",
        "apiary.sql.zst",
        "apiary.sql.zst does not match the manifest: it was changed, or the manifest belongs to another backup.",
        f"100 bytes, {'aa' * 32}",
        f"100 bytes, {'bb' * 32}",
    )


def test_a_file_of_another_size() -> None:
    result = check_artifact(replace(WHOLE, actual_files=(replace(LISTED, size_bytes=99),)))
    assert only(result).code == "artifact-digest"


def test_a_restore_of_another_backup() -> None:
    assert only(check_artifact(replace(WHOLE, nonce_found=False))) == finding(
        "nonce-missing",
        "nonce",
        "The marker row of this backup is missing from the restored database: another backup was restored, or none.",
        "present",
        "missing",
    )


def test_a_script_that_has_nothing_to_say() -> None:
    result = check_script_warnings(WHOLE)
    assert (result.check, result.findings, result.compared) == ("script", (), 1)


def test_what_the_script_reported_before_the_load_is_handed_on_as_it_is() -> None:
    given = finding("definer", "line 7", "Line 7 of the script: a definer.", "a", "b", "Do.", Severity.WARNING)
    assert only(check_script_warnings(replace(WHOLE, findings=(given,)))) == given
