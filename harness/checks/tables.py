"""Tables: the set of them, their row counts, their content; against the source and against the script."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from harness.artifacts.storage.names import code_of
from harness.base.model import Acceptance, CheckResult, DatabaseState, Severity, TableState
from harness.checks.collector import Collector
from harness.checks.evidence import RowDifference, ScriptTable

NO_DIFFERENCE = RowDifference()


def check_table_set(
    expected: Iterable[str],
    fresh: Iterable[str],
    actual: Iterable[str],
    excluded: Sequence[str],
    held: Iterable[str] | None = None,
) -> CheckResult:
    """Every expected table is there, and no other than those of a fresh Apiary.

    Args:
        expected: tables of the source, or of the script.
        fresh: tables of the migrated target before the restore.
        actual: tables after the restore.
        excluded: tables that may be missing in the backup.
        held: tables of the script; a fresh instance has most of them as well, so the restored one cannot tell.
    """
    found = Collector("table-set", "The restored database has exactly the expected tables")
    wanted, migrated, there = set(expected), set(fresh), set(actual)
    found.compared = len(wanted | there)
    for table in sorted(wanted - there - (set(excluded) & migrated)):
        found.add(
            "table-missing",
            table,
            f"Table {table} is missing from the restored database.",
            expected="present",
            actual="missing",
            remedy="Look for the table in the dump: the dump may be truncated, or the table was excluded.",
        )
    for table in sorted(there - wanted - migrated):
        found.add(
            "table-extra",
            table,
            f"Table {table} is in the restored database, but neither in the backup nor in a fresh Apiary.",
            expected="absent",
            actual="present",
        )
    for table in sorted(migrated - wanted - set(excluded)):
        found.add(
            "table-not-in-backup",
            table,
            f"This Apiary version expects table {table}; the backup does not contain it, and the documented "
            "procedure does not exclude it.",
            expected="in the backup",
            actual="only in the fresh instance, empty",
            remedy="If the backup comes from an older Apiary, restore it into that version, then migrate.",
        )
    for table in sorted((wanted & there & migrated) - set(wanted if held is None else held) - set(excluded)):
        found.add(
            "table-not-in-backup",
            table,
            f"The source had table {table}, but the backup does not contain it: the restored table is the empty one "
            "of a fresh instance.",
            expected="in the backup",
            actual="only in the fresh instance, empty",
            remedy="Check the options and the exit status of the dump.",
        )
    found.evidence("tables expected", len(wanted))
    found.evidence("tables found", len(there))
    return found.result()


def check_rows(
    expected: Sequence[TableState],
    actual: Sequence[TableState],
    excluded: Sequence[str],
    differences: Mapping[str, RowDifference],
) -> CheckResult:
    """Row counts and content digests equal the source's, table by table, in the moment of the dump."""
    found = Collector("rows-source", "Rows match the source at the time of the dump")
    _compare(
        found,
        {table.name: (table.rows, table.digest) for table in expected if table.name not in excluded},
        {table.name: (table.rows, table.digest) for table in actual},
        differences,
        than="the source",
    )
    return found.result()


def check_script_rows(
    script: Sequence[ScriptTable],
    redump: Sequence[ScriptTable],
    differences: Mapping[str, RowDifference],
    compared_as: str,
) -> CheckResult:
    """Row counts and content digests of the script equal those of a dump of the restored database."""
    found = Collector("rows-script", "Rows match the dump")
    _compare(
        found,
        {table.name: (table.rows, table.digest) for table in script},
        {table.name: (table.rows, table.digest) for table in redump},
        differences,
        than="the dump",
    )
    found.evidence("compared as", compared_as)
    return found.result()


def _compare(
    found: Collector,
    expected: Mapping[str, tuple[int, str]],
    actual: Mapping[str, tuple[int, str]],
    differences: Mapping[str, RowDifference],
    *,
    than: str,
) -> None:
    total = 0
    for table, (rows, digest) in sorted(expected.items()):
        total += rows
        if table not in actual:
            # The table set is another check's; without the table its rows are lost all the same.
            found.add("row-count", table, f"Table {table} with its {rows} rows is missing.", expected=rows, actual=0)
            continue
        rows_now, digest_now = actual[table]
        difference = differences.get(table, NO_DIFFERENCE)
        if rows_now != rows:
            found.add(
                "row-count",
                table,
                f"Table {table} has {rows_now} rows; {than} had {rows}.{_which(difference)}",
                expected=rows,
                actual=rows_now,
            )
        if digest_now != digest and (rows_now == rows or difference.changed):
            found.add(
                "content-digest",
                table,
                f"Table {table} has as many rows as {than}, but with different content.{_which(difference)}"
                if rows_now == rows
                else f"Rows of table {table} differ from {than}.{_which(difference)}",
                expected=digest,
                actual=digest_now,
            )
    found.compared = total
    found.evidence("tables", len(expected))
    found.evidence("rows expected", total)
    found.evidence("rows found", sum(rows for name, (rows, _) in actual.items() if name in expected))


def _which(difference: RowDifference) -> str:
    parts = [
        f"{label} rows: {', '.join(shown_key(key) for key in keys)}"
        for label, keys in (
            ("missing", difference.missing),
            ("extra", difference.extra),
            ("changed", difference.changed),
        )
        if keys
    ]
    text = f" Primary keys of the first {'; '.join(parts)}." if parts else ""
    return text + (f" {difference.note}" if difference.note else "")


def shown_key(key: str) -> str:
    """A primary key (JSON) for a report: a text in it, such as an account's name, is a code as a file's name is."""
    return _TEXT.sub(lambda text: code_of(json.loads(text.group()).encode("utf-8", "surrogatepass")), key)


_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')


def check_excluded(
    excluded: Sequence[str],
    fresh: DatabaseState,
    target: DatabaseState,
    in_backup: Iterable[str],
    accepted: Sequence[Acceptance] = (),
    today: date | None = None,
) -> CheckResult:
    """What was left out of the dump is there with its structure, and empty, as the documented procedure promises.

    Args:
        accepted: who accepts what is left out besides; an acceptance ends with its last day.
        today: the day of the drill, UTC.
    """
    found = Collector("excluded-tables", "Excluded tables exist and are empty")
    rows = {table.name: table.rows for table in target.tables}
    held = set(in_backup)
    migrated = {table.name for table in fresh.tables}
    columns_fresh, columns_target = _columns_by_table(fresh), _columns_by_table(target)
    for table in excluded:
        if table in held:
            continue
        found.compared += 1
        if table not in rows:
            if table in migrated:
                found.add(
                    "excluded-table-missing",
                    table,
                    f"Table {table} was excluded from the dump and does not exist in the restored database: the "
                    "application fails where it uses it (error 1146), although all migrations are recorded as done.",
                    expected="present, empty",
                    actual="missing",
                    remedy="Restore into a migrated instance, as step 1 of the documented procedure says.",
                )
            continue
        if rows[table]:
            found.add(
                "excluded-table-not-empty",
                table,
                f"Table {table} was excluded from the dump but contains {rows[table]} rows: the target was not empty.",
                expected=0,
                actual=rows[table],
            )
        if columns_fresh.get(table) != columns_target.get(table):
            found.add(
                "excluded-table-structure",
                table,
                f"Table {table} lacks columns that a fresh instance has.",
                expected=", ".join(columns_fresh.get(table, ())),
                actual=", ".join(columns_target.get(table, ())),
            )
    ended = {
        table: each
        for each in accepted
        for table in each.tables
        if each.until and today and date.fromisoformat(each.until) < today
    }
    for table in sorted(ended.keys() - held):
        found.add(
            "acceptance-expired",
            table,
            f"Table {table} is left out of the backup, and the acceptance of that"
            f"{f' by {ended[table].by}' if ended[table].by else ''} ended on {ended[table].until}.",
            expected=f"accepted on {today}",
            actual=f"accepted until {ended[table].until}",
            remedy=f"Back up {table}, or renew [accepted] with `by`, `until` and `why`.",
        )
    found.evidence("excluded tables", found.compared)
    return found.result()


def _columns_by_table(state: DatabaseState) -> dict[str, tuple[str, ...]]:
    columns: dict[str, list[str]] = {}
    for item in state.objects:
        if item.kind == "column":
            columns.setdefault(item.owner, []).append(item.name)
    return {table: tuple(sorted(names)) for table, names in columns.items()}


def check_orphans(
    target: DatabaseState, source: DatabaseState | None, excluded: Sequence[str], held: Sequence[str] = ()
) -> CheckResult:
    """Every foreign key points at a row; where the documented exclusion breaks one, that loss is counted.

    Args:
        held: tables that the backup holds. An excluded one among them lacks rows since an earlier restore, or in a
            torn dump: nothing in the backup can tell which.
    """
    found = Collector("orphans", "No row refers to a missing row")
    before = {(o.table, o.constraint): o.rows for o in source.orphans} if source is not None else {}
    for orphans in target.orphans:
        found.compared += 1
        was = before.get((orphans.table, orphans.constraint), 0)
        if not orphans.rows:
            continue
        label = f"{orphans.table}.{', '.join(orphans.columns)}"
        if orphans.referenced in excluded and orphans.referenced not in held:
            found.add(
                "orphans-accepted",
                label,
                f"{orphans.rows} rows of {orphans.table} refer to rows of {orphans.referenced}, which the "
                "documented procedure excludes from the backup: this loss is accepted.",
                severity=Severity.WARNING,
                expected=0,
                actual=orphans.rows,
                remedy=f"Back up {orphans.referenced} as well if these references matter.",
            )
        elif orphans.referenced in excluded and source is None:
            found.add(
                "orphans-unexplained",
                label,
                f"{orphans.rows} rows of {orphans.table} refer to rows of {orphans.referenced} that the backup does "
                "not contain: an earlier restore by the documented procedure lost them, or the dump is "
                "inconsistent.",
                severity=Severity.WARNING,
                expected=0,
                actual=orphans.rows,
                remedy="Count them at the source: the same number there means an old loss.",
            )
        elif orphans.rows <= was:
            found.add(
                "orphans-at-source",
                label,
                f"{orphans.rows} rows of {orphans.table} refer to missing rows of {orphans.referenced}; the"
                " source had as many.",
                severity=Severity.WARNING,
                expected=was,
                actual=orphans.rows,
            )
        else:
            found.add(
                "orphans",
                label,
                f"{orphans.rows} rows of {orphans.table} refer to missing rows of {orphans.referenced}.",
                expected=was,
                actual=orphans.rows,
                remedy="Take the dump with --single-transaction, and look for the missing rows at the source.",
            )
    return found.result()
