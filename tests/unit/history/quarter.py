"""A quarter with twelve drills, and what came before it: what an exercise document has to cope with."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from harness.base.model import Component, DirectoryTotals, Severity, Verdict
from harness.records.history.entry import Entry, PastFinding
from tests.unit.history.builders import entry

ORPHANS = PastFinding("orphans-accepted", Severity.WARNING, "attendance")
SHRANK = PastFinding("table-shrank", Severity.WARNING, "rsvps")
ROWS = PastFinding("row-count", Severity.ERROR, "users")
SLOW = PastFinding("recovery-time", Severity.ERROR, "restore")
NOTE = PastFinding("file-time", Severity.INFO, "resumes/…", 3)

TABLES = {
    "attendance": 9500, "class_standing_user": 702, "dues_transaction_merchandise": 912, "dues_transactions": 1014,
    "events": 97, "major_user": 702, "model_has_roles": 790, "payments": 912, "permissions": 103, "resumes": 150,
    "role_has_permissions": 235, "rsvps": 1170, "signatures": 624, "team_user": 1248, "users": 780,
}  # fmt: skip

_PARTS = (
    Component("target mysql", "MySQL", "9.7.4", "mysql:9.7 (sha256:10596bd587e0)", True),
    Component("target meilisearch", "embedded Meilisearch", "1.8.1", "python", False),
    Component("target apiary", "stand-in Apiary", "0.1.0", "python", False),
)


def drill(day: str, backup: str = "production", tables: Mapping[str, int] | None = None, **changes: object) -> Entry:
    """A drill of a day; an hour of recovery is the objective of a backup, and generated data has none."""
    started_at = datetime.fromisoformat(f"{day}T03:00:00+00:00")
    generated = backup.startswith("generated data: ")
    rows = TABLES | dict(tables or {})
    plain = replace(
        entry(f"{started_at:%Y%m%dT%H%M%SZ}-{'documented' if generated else 'verify'}-{sum(backup.encode()):06x}"),
        backup=backup,
        generated=generated,
        scenario=backup.removeprefix("generated data: ") if generated else "verify",
        started_at=started_at,
        finished_at=started_at + timedelta(minutes=30),
        backup_at=started_at - timedelta(hours=1),
        recovery_time_objective_s=None if generated else 3600.0,
        recovery_point_objective_s=None if generated else 86400.0,
        tables=rows,
        directories={"docusign": DirectoryTotals(150, 610_000), "resumes": DirectoryTotals(150, 788_333)},
        documents={"apiary_users": rows["users"]},
        components=_PARTS,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def quarter_of_drills() -> list[Entry]:
    """Four drills of 2026Q3 and fifteen of 2026Q4, three of which are negative controls, and one of 2027."""
    half = {"rsvps": 585}
    generated = "generated data: documented"
    fault = {"verdict": Verdict.FAIL, "expected": Verdict.FAIL, "scenario": "lost-row", "faults": ("lost-row",)}
    return [
        drill("2026-07-06", recovery_time_s=1500.0, findings=(ORPHANS,)),
        drill("2026-08-03", recovery_time_s=1620.0, findings=(ORPHANS, SLOW)),
        drill("2026-08-10", "archive of 2024", recovery_time_s=300.0),
        drill(
            "2026-09-07", recovery_time_s=1710.0, findings=(ORPHANS,),
            components=(replace(_PARTS[0], version="8.4.6"), *_PARTS[1:]),
        ),
        drill("2026-10-05", recovery_time_s=1805.4, findings=(ORPHANS, NOTE)),
        drill("2026-10-06", "staging", recovery_time_s=412.0),
        drill("2026-10-12", generated, recovery_time_s=11.6),
        drill("2026-10-19", recovery_time_s=1790.0, findings=(ORPHANS,)),
        drill("2026-10-20", generated, **fault, recovery_time_s=10.9),
        drill(
            "2026-10-26", "staging", verdict=Verdict.FAIL, recovery_time_s=433.0, findings=(ROWS,),
            reasons=("Table users has 778 rows instead of 780.",),
        ),
        drill("2026-11-02", recovery_time_s=3790.2, verdict=Verdict.FAIL, findings=(SLOW, ORPHANS),
              reasons=("The restore took 3790.2 s, which exceeds the objective of 3600 s.",)),
        drill("2026-11-09", generated, recovery_time_s=10.2),
        drill("2026-11-10", generated, **fault, recovery_time_s=10.4),
        drill(
            "2026-11-16", recovery_time_s=None, recovery_point_s=None, verdict=Verdict.INCONCLUSIVE, tables={},
            directories={}, documents={},
            reasons=("Start the servers of the target: the database server did not answer in 60 s.",),
            findings=(PastFinding("step-start-target", Severity.ERROR, "start-target"),),
        ),
        drill("2026-11-30", "staging", recovery_time_s=401.5),
        drill("2026-12-07", recovery_time_s=1833.0, tables=half, findings=(ORPHANS, SHRANK)),
        drill("2026-12-14", generated, recovery_time_s=10.8),
        drill("2026-12-15", generated, **{**fault, "verdict": Verdict.PASS}, recovery_time_s=10.1),
        drill("2026-12-21", recovery_time_s=1841.7, recovery_point_s=129_600.0, tables=half | {"users": 801},
              findings=(ORPHANS, SHRANK)),
        drill("2027-01-04", recovery_time_s=1850.0),
    ]  # fmt: skip
