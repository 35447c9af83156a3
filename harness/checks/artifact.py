"""The artifact: it is the one that the manifest describes, and it is of this drill and of no other."""

from __future__ import annotations

from harness.base.model import CheckResult
from harness.checks.collector import Collector
from harness.checks.evidence import ArtifactEvidence


def check_artifact(artifact: ArtifactEvidence) -> CheckResult:
    """Sizes and digests are those of the manifest, and what only this backup holds was restored."""
    found = Collector("artifact", "The backup is authentic and unmodified")
    measured = {file.name: file for file in artifact.measured}
    found.compared = len(artifact.measured)
    for promised in artifact.promised:
        file = measured.get(promised.name)
        if file is None:
            found.add(
                "artifact-missing",
                promised.name,
                f"The manifest lists {promised.name}, but the backup does not contain it.",
                expected=promised.sha256,
                actual="missing",
            )
        elif (file.size_bytes, file.sha256) != (promised.size_bytes, promised.sha256):
            found.add(
                "artifact-digest",
                promised.name,
                f"{promised.name} does not match the manifest: it was changed, or the manifest belongs to another "
                "backup.",
                expected=f"{promised.size_bytes} bytes, {promised.sha256}",
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
    for file in artifact.measured:
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
