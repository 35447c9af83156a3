"""The artifact: it is the one that the manifest describes, and it is of this drill and of no other."""

from __future__ import annotations

from harness.base.model import CheckResult
from harness.checks.collector import Collector
from harness.checks.evidence import ArtifactEvidence


def check_artifact(artifact: ArtifactEvidence) -> CheckResult:
    """Sizes and digests are those of the manifest, and what only this backup holds was restored."""
    found = Collector("artifact", "The backup is authentic and unmodified")
    actual = {file.name: file for file in artifact.actual_files}
    found.compared = len(artifact.actual_files)
    for listed in artifact.manifest_files:
        file = actual.get(listed.name)
        if file is None:
            found.add(
                "artifact-missing",
                listed.name,
                f"The manifest lists {listed.name}, but the backup does not contain it.",
                expected=listed.sha256,
                actual="missing",
            )
        elif (file.size_bytes, file.sha256) != (listed.size_bytes, listed.sha256):
            found.add(
                "artifact-digest",
                listed.name,
                f"{listed.name} does not match the manifest: it was changed, or the manifest belongs to another "
                "backup.",
                expected=f"{listed.size_bytes} bytes, {listed.sha256}",
                actual=f"{file.size_bytes} bytes, {file.sha256}",
            )
    if artifact.nonce:
        found.compared += 1
        if not artifact.nonce_found:
            found.add(
                "nonce-missing",
                "nonce",
                "The marker row of this backup is missing from the restored database: another backup was restored, "
                "or none.",
                expected="present",
                actual="missing",
            )
    for file in artifact.actual_files:
        found.evidence(file.name, f"{file.size_bytes} bytes, sha256 {file.sha256}")
    return found.result()


def check_script_warnings(artifact: ArtifactEvidence) -> CheckResult:
    """What reading the script before the load had to say, and the client during it."""
    found = Collector("script", "The dump loads without modification")
    found.compared = 1
    for finding in artifact.findings:
        found.add(
            finding.code,
            finding.subject,
            finding.message,
            severity=finding.severity,
            expected=finding.expected,
            actual=finding.actual,
            remedy=finding.remedy,
        )
    return found.result()
