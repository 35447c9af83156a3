"""Entries for the tests of the history."""

from datetime import UTC, datetime, timedelta

from harness.base.model import ArtifactFile, Component, DirectoryTotals, Severity, Verdict
from harness.records.history.entry import Entry, PastFinding, PastStep

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def entry(
    drill_id: str = "one",
    *,
    backup: str = "production",
    days_ago: float = 0,
    verdict: Verdict = Verdict.PASS,
    expected: Verdict = Verdict.PASS,
    generated: bool = False,
    recovery_time_s: float | None = 10.0,
    recovery_time_objective_s: float | None = None,
    users: int = 1000,
    findings: tuple[PastFinding, ...] = (),
    faults: tuple[str, ...] = (),
) -> Entry:
    """A run that began some days before NOW."""
    started_at = NOW - timedelta(days=days_ago)
    return Entry(
        format_version=1,
        drill_id=drill_id,
        backup=backup,
        generated=generated,
        scenario="documented" if generated else "verify",
        mode="faithful",
        harness="0.1.0",
        started_at=started_at,
        finished_at=started_at + timedelta(seconds=40),
        verdict=verdict,
        expected=expected,
        faults=faults,
        reasons=() if verdict is Verdict.PASS else ("The table users has 2 rows instead of 3.",),
        recovery_time_s=recovery_time_s,
        recovery_time_objective_s=recovery_time_objective_s,
        recovery_point_s=3600.0,
        recovery_point_objective_s=None,
        newest_row_at=started_at - timedelta(hours=2),
        backup_at=started_at - timedelta(hours=1),
        steps=(
            PastStep("restore-files", "Restore the files", 1.0),
            PastStep("restore-database", "Load the dump", 3.5),
            PastStep("reindex", "Rebuild the search index", 5.5),
        ),
        tables={"teams": 3, "users": users},
        directories={"resumes": DirectoryTotals(150, 788_333)},
        documents={"apiary_users": users},
        artifacts=(ArtifactFile("database", "apiary.sql.gz", 450_000, "ab" * 32),),
        findings=findings,
        components=(Component("target mysql", "MySQL", "9.7.4", "/usr/sbin/mysqld", True),),
        result_sha256="cd" * 32,
        compared={"rows-script": users + 3},
    )


def finding(code: str, subject: str = "users", severity: Severity = Severity.WARNING, count: int = 1) -> PastFinding:
    """A finding as the history keeps it."""
    return PastFinding(code, severity, subject, count)
