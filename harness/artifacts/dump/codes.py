"""Codes of statements that should not run, and which findings of a script count for the database that is restored."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from harness.artifacts.dump.model import ScriptFinding
from harness.base.model import Severity

CODES = (
    "account",
    "ambiguous",
    "client-command",
    "computed-value",
    "dynamic-sql",
    "file-access",
    "global-variable",
    "gtid-purged",
    "innodb-stats",
    "other-database",
    "plugin",
    "remote-table",
    "replication",
    "risky-body",
    "runs-routine",
    "server-control",
    "unexpected-statement",
    "unread-statement",
    "unsafe-charset",
    "use-database",
)
"""Every code that a finding of safety.py can have."""

REMEDY = "Remove the statement, or allow {code} with --allow if you know why it is there."
UNEXPECTED_STATEMENT = "not a statement of a dump tool: {} …"
UNEXPECTED = (
    "If it was written manually, remove it; otherwise the dump was changed after it was made: take another backup."
)

_PLAIN = """
    CAST CONVERT CURDATE CURRENT_TIMESTAMP DATE GEOMFROMTEXT NOW POINT ST_GEOMFROMTEXT ST_GEOMFROMWKB STR_TO_DATE
    TIMESTAMP UNHEX UUID UUID_TO_BIN
"""
_PLAIN_FUNCTIONS = frozenset(_PLAIN.split())
"""Functions that only make a value: Adminer writes ST_GeomFromText, mydumper CONVERT, the others come by hand."""


def computed_value_findings(computed: Iterable[tuple[int, str, str]]) -> list[ScriptFinding]:
    """Findings for what an INSERT holds besides plain values, from what the row reader came across.

    Args:
        computed: line, the function or keyword (or several words, behind the last row), and the database of the part.
    """
    found: list[ScriptFinding] = []
    for line, word, database in computed:
        if " " in word:
            code, message = "unexpected-statement", UNEXPECTED_STATEMENT.format(f"INSERT … VALUES …{word}")
        else:
            code = "computed-value"
            message = f"an INSERT computes a value with {word}, so its rows differ from the dump"
        if word in _PLAIN_FUNCTIONS:
            severity, remedy = Severity.WARNING, "Tools that dump write plain values."
        else:
            severity, remedy = Severity.ERROR, UNEXPECTED if " " in word else REMEDY.format(code=code)
        found.append(ScriptFinding(code, severity, line, word, message, remedy, database))
    return found


def findings_for(
    findings: Iterable[ScriptFinding], database: str, allowed: frozenset[str] = frozenset()
) -> tuple[ScriptFinding, ...]:
    """The findings that count when one database is restored out of a script.

    What stands in the part of another database is cut out before the load (rewrite.py), so it does no harm;
    naming the own database is no reach beyond it.

    Args:
        findings: all findings of the script.
        database: the database that is wanted, as the script names it.
        allowed: codes that the operator allows; they become warnings.
    """
    chosen: list[ScriptFinding] = []
    for finding in findings:
        if finding.database not in ("", database) or finding.code == "use-database":
            continue
        if finding.code == "other-database" and finding.subject == database:
            continue
        if finding.code in allowed and finding.severity is Severity.ERROR:
            finding = replace(finding, severity=Severity.WARNING, remedy="It was accepted explicitly.")
        chosen.append(finding)
    return tuple(chosen)
