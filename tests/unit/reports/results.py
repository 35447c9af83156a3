"""Results to report on: one for each verdict, made by the drill's own functions from values of the builders."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

from harness.base.errors import ServerFailed, StepFailed
from harness.base.model import ArtifactFile, Component, DrillResult, Origin, Step
from harness.checks.evidence import Evidence, RowDifference
from harness.checks.verdict import judge
from harness.drill.result import result_of

STARTED_AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def described(result: DrillResult, *, failed: bool = False) -> DrillResult:
    """A result with everything that describes its run."""
    return replace(
        result,
        drill_id="20261122T120000Z-documented-abcdef",
        scenario="documented",
        purpose="To know whether it works.",
        started_at=STARTED_AT,
        duration_s=83.2,
        components=(
            Component("target mysql", "MySQL", "9.7.4", "mysql@sha256:" + "ab" * 32, True),
            Component(
                "target apiary",
                "stand-in Apiary",
                "0.1.0",
                "python3 -m harness.standins.apiary.php",
                False,
                (
                    "The stand-in stood in for Apiary: that the real application starts.",
                    "Local processes share the machine's network: that a restored application has no outbound access.",
                ),
            ),
        ),
        steps=(
            Step("start-target", "Start the servers of the target", STARTED_AT, 1.5, "MySQL 9.7.4"),
            Step("restore-database", "Load the dump", STARTED_AT + timedelta(seconds=2), 12.0, "2 rows", failed),
        ),
        artifacts=(ArtifactFile("database", "apiary.sql.zst", 453_700, "aa" * 32),),
        backup="production",
        unproven=("That the stand-in is the real Apiary.", "That the keys are found."),
        peak_memory_bytes=88_000_000,
        origin=Origin(
            "deploy as root", "backup-1", "Linux 6.1, Python 3.11.7", "0.1.0", "/etc/apiary-drill.toml", "ef" * 32
        ),
    )


def passed(evidence: Evidence) -> DrillResult:
    """A drill of whole evidence, with both objectives."""
    return replace(
        described(result_of(judge(evidence), None)),
        recovery_time_s=12.0,
        recovery_time_objective_s=3600.0,
        recovery_point_at=STARTED_AT - timedelta(hours=1),
        recovery_point_s=3600.0,
        recovery_point_objective_s=86_400.0,
        backup_at=STARTED_AT - timedelta(hours=26),
    )


def damaged(evidence: Evidence) -> Evidence:
    """One row of the restored table has another value, and the restore took too long."""
    changed = tuple(replace(table, digest="bb") if table.name == "users" else table for table in evidence.target.tables)
    return replace(
        evidence,
        target=replace(evidence.target, tables=changed),
        rows={"users": RowDifference(changed=("[1]",))},
        recovery=replace(evidence.recovery, restore_s=61.0),
    )


def failed(evidence: Evidence) -> DrillResult:
    """The same drill of a database in which one row changed."""
    result = result_of(judge(damaged(evidence)), None)
    return replace(described(result), recovery_time_s=61.0, recovery_time_objective_s=60.0)


def ended_early() -> DrillResult:
    """A drill that a server ended."""
    error = StepFailed(
        "restore-database", "Load the dump", ServerFailed("MySQL went away while the dump was loading", "Try again.")
    )
    return described(result_of((), error), failed=True)


class _Text(HTMLParser):
    """Collects what a reader sees: no styles, no titles of pictures."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in ("style", "svg", "head", "nav")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("style", "svg", "head", "nav")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(data)


def text_of_html(page: str) -> str:
    """The text of a page, without any space: lines are broken differently in each format."""
    parser = _Text()
    parser.feed(page)
    parser.close()
    return "".join("".join(parser.parts).split())
