"""Which backup it was, into what it was restored, and who ran the drill with which configuration."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from harness.base.model import DrillResult, Manifest, Provenance
from harness.checks.evidence import Evidence
from harness.reports.document import Block, Bullets, Column, Facts, Fold, Grid, Paragraph
from harness.reports.words import counted, moment, span


def backup_blocks(result: DrillResult, evidence: Evidence | None) -> Iterator[Block]:
    facts = []
    if result.backup:
        facts.append(("Name", result.backup))
    if result.backup_at is not None:
        age_s = (result.started_at - result.backup_at).total_seconds()
        facts.append(("Taken", moment(result.backup_at)))
        # The backup of generated data is younger than the drill that made it.
        facts.append(("Age at the time of the drill", span(round(age_s)) if age_s > 0 else "made by this drill"))
    else:
        facts.append(("Taken", "unknown: nothing in the backup says when"))
    manifest = evidence.manifest if evidence is not None else None
    if manifest is not None:
        mode = "while the application was running" if manifest.mode == "hot" else "while the application was stopped"
        facts.append(("How", mode))
    if evidence is not None:
        rows = sum(table.rows for table in evidence.script.tables)
        facts.append(("Contents", f"{counted(rows, 'row')} in {counted(len(evidence.script.tables), 'table')}"))
    if result.purpose:
        facts.append(("Purpose of the drill", result.purpose))
    yield Facts(tuple(facts))
    if result.provenance:
        yield Grid(
            "Where it came from",
            (
                Column("What"), Column("Location", code=True), Column("Version"), Column("In its store since"),
                Column("Age at the time of the drill"), Column("Agreed with"), Column("Chosen among"),
            ),
            tuple(_origin(each, result.started_at) for each in result.provenance),
        )  # fmt: skip
    if not result.artifacts:
        yield Paragraph("No backup file was read.")
    if result.accepted:
        yield Grid(
            "Exclusions that somebody accepted",
            (Column("Left out"), Column("Accepted by"), Column("Until", whole=True), Column("Why")),
            tuple(
                (", ".join(each.tables), each.by or "nobody named", each.until or "no end", each.why or "no reason")
                for each in result.accepted
            ),
        )  # fmt: skip
    if manifest is not None and manifest.exclusions:
        yield _left_out(manifest)


def _origin(origin: Provenance, drilled_at: datetime) -> tuple[str, ...]:
    at = origin.modified_at
    among = f"{origin.matched:,}: {', '.join(origin.among)}" if origin.matched else "named"
    return (
        origin.role,
        origin.location,
        origin.version,
        moment(at) if at else "not reported",
        span(round(max(0.0, (drilled_at - at).total_seconds()))) if at else "not reported",
        ", ".join(origin.checked) or "nothing beside it",
        among if origin.matched <= len(origin.among) else f"{among}, …",
    )


def _left_out(manifest: Manifest) -> Fold:
    tables = [left for left in manifest.exclusions if left.kind == "table"]
    others = [left for left in manifest.exclusions if left.kind != "table"]
    items = [f"{left.name} {counted(left.count, 'row')}" for left in tables]
    items += [f"{left.name}/ {counted(left.count, 'file')}" for left in others]
    summary = f"{counted(len(tables), 'table')}, {len(others)} {'directory' if len(others) == 1 else 'directories'}"
    return Fold("Excluded from the backup", (Bullets(tuple(items), compact=True),), summary)


def _by_program(result: DrillResult) -> dict[tuple[str, str, bool, str], list[str]]:
    """The roles of each program: source and target are most often of the same ones."""
    found: dict[tuple[str, str, bool, str], list[str]] = {}
    for part in result.components:
        found.setdefault((part.name, part.version, part.real, part.reference), []).append(part.role)
    return found


def environment_blocks(result: DrillResult, evidence: Evidence | None) -> Iterator[Block]:
    """The section on servers, network, and who ran the drill."""
    if result.components:
        yield Grid(
            "Servers and programs",
            (
                Column("Role", whole=True),
                Column("What"),
                Column("Kind", whole=True),
                Column("Program or image", code=True),
            ),
            tuple(
                (" and ".join(roles), f"{name} {version}", "real" if real else "stand-in", reference)
                for (name, version, real, reference), roles in _by_program(result).items()
            ),
        )
    else:
        yield Paragraph("No server was started.")
    facts = []
    if (origin := result.origin) is not None:
        facts = [
            ("Run by", f"{origin.user} on {origin.host}"),
            ("System", f"{origin.system}, apiary-drill {origin.version}"),
            ("Configuration", origin.configuration or "command line only"),
        ]
        if origin.configuration_sha256:
            facts.append(("Its SHA-256", origin.configuration_sha256))
    if evidence is not None:
        closed = evidence.egress is not None and not any(each.reached or each.unknown for each in evidence.egress)
        access = "checked: no outbound access" if closed else "not isolated" if evidence.egress else "not checked"
        facts.append(("Network isolation", access))
    if facts:
        yield Facts(tuple(facts))
