"""A newer application on the restored data: what its migrations did, and that the old data is all there.

An error is what nobody should lose without having decided so: rows. What a release is made of (tables, columns, other
values) is reported. In between stands a column that is dropped with values in it: a warning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.base.model import CheckResult, DatabaseState, SchemaObject, Severity
from harness.checks.collector import Collector
from harness.checks.evidence import MigratedTable, MigrationEvidence
from harness.checks.tables import shown_key

TITLE = "The newer application's migrations keep every existing row"
_REMEDY = "If the release intends this, accept it with --accept-missing {table}."


def check_release(before: DatabaseState, migration: MigrationEvidence) -> CheckResult:
    """Every row that the backup brought is still there, by its key; and what else changed is listed.

    Args:
        before: the restored database before the migrations.
        migration: what they did.
    """
    found = Collector("release", TITLE)
    then = {table.name: table.rows for table in before.tables}
    now = {table.name: table.rows for table in migration.after.tables}
    found.compared = sum(then.values()) + len(migration.ran)
    for table in migration.dropped:
        lost = table.rows and table.name not in migration.accepted
        found.add(
            "migration-table-dropped",
            table.name,
            f"The migrations drop table {table.name}" + (f" with its {table.rows} rows." if table.rows else "."),
            severity=Severity.ERROR if lost else Severity.WARNING if table.rows else Severity.INFO,
            expected=table.rows,
            actual="no table",
            remedy=_REMEDY.format(table=table.name) if lost else "",
        )
    for change in migration.tables:
        _rows(found, change, then[change.name], now[change.name], migration.accepted)
        _columns(found, change)
    for table in migration.added:
        found.add(
            "migration-table-added",
            table.name,
            f"The migrations create table {table.name} with {table.rows} rows.",
            severity=Severity.INFO,
            expected="no table",
            actual=table.rows,
        )
    _objects(found, before.objects, migration)
    found.evidence("migrations that ran", len(migration.ran))
    found.evidence("rows before", sum(then.values()))
    found.evidence("rows after", sum(now.values()))
    for name in migration.ran:
        found.evidence("migration", name)
    return found.result()


def _rows(found: Collector, change: MigratedTable, before: int, after: int, accepted: Sequence[str]) -> None:
    table = change.name
    if change.lost or after < before:
        keys = f" First primary keys: {', '.join(shown_key(key) for key in change.lost)}." if change.lost else ""
        found.add(
            "migration-rows-lost",
            table,
            f"The migrations removed rows of table {table}: it had {before} and now has {after}.{keys}",
            severity=Severity.WARNING if table in accepted else Severity.ERROR,
            expected=before,
            actual=after,
            remedy="" if table in accepted else _REMEDY.format(table=table),
        )
    elif after > before:
        found.add(
            "migration-rows-added",
            table,
            f"The migrations add {after - before} rows to table {table}.",
            severity=Severity.INFO,
            expected=before,
            actual=after,
        )
    if change.key_changed:
        found.add(
            "migration-key-changed",
            table,
            f"Table {table} has another primary key after the migrations: its rows were counted, not compared.",
            severity=Severity.WARNING,
        )


def _columns(found: Collector, change: MigratedTable) -> None:
    for name, values in change.columns_dropped:
        found.add(
            "migration-column-dropped",
            f"{change.name}.{name}",
            f"The migrations drop column {change.name}.{name}"
            + (f" with {values} values in it." if values else ", which was empty."),
            severity=Severity.WARNING if values else Severity.INFO,
            expected=values,
            actual="no column",
            remedy="Make sure that these values are stored elsewhere or no longer needed." if values else "",
        )
    for name in change.columns_added:
        label = f"{change.name}.{name}"
        found.add("migration-column-added", label, f"The migrations add column {label}.", severity=Severity.INFO)
    for name in change.columns_rewritten:
        label = f"{change.name}.{name}"
        text = f"The migrations change values in column {label}."
        found.add("migration-column-rewritten", label, text, severity=Severity.INFO)
    for old, new in change.columns_renamed:
        text = f"The migrations rename column {change.name}.{old} to {new}; its values are unchanged."
        found.add("migration-column-renamed", f"{change.name}.{old}", text, severity=Severity.INFO)


def _objects(found: Collector, before: Sequence[SchemaObject], migration: MigrationEvidence) -> None:
    """Columns with another type, and what became of keys, views, triggers, routines and events."""
    gone = {table.name for table in migration.dropped}
    new = {table.name for table in migration.added}
    columns = {(change.name, name) for change in migration.tables for name in change.columns_added}
    columns |= {(change.name, name) for change in migration.tables for name, _ in change.columns_dropped}
    columns |= {(change.name, name) for change in migration.tables for pair in change.columns_renamed for name in pair}
    then, now = _by_label(before), _by_label(migration.after.objects)
    for key in sorted(then.keys() | now.keys()):
        kind, owner, name = key
        if then.get(key) == now.get(key) or owner in gone | new or (owner, name) in columns:
            continue
        if kind == "table" or (kind == "column" and (key not in then or key not in now)):
            continue
        label = f"{owner}.{name}" if owner and owner != name else name
        what = "is made by" if key not in then else "is dropped by" if key not in now else "is changed by"
        found.add(
            "migration-object",
            f"{kind} {label}",
            f"{kind.replace('-', ' ').capitalize()} {label} {what} the migrations.",
            severity=Severity.INFO,
        )


def _by_label(objects: Sequence[SchemaObject]) -> Mapping[tuple[str, str, str], dict[str, str]]:
    """Attributes by kind, owner and name; a column's place in its table is no change of it."""
    return {
        (item.kind, item.owner, item.name): {name: text for name, text in item.attributes if name != "position"}
        for item in objects
    }
