"""Schema: columns, keys, views, triggers, routines, events and what belongs to the database itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from harness.base.model import CheckResult, DatabaseState, SchemaObject, Severity
from harness.checks.collector import Collector, shortened
from harness.checks.evidence import ScriptObject

_OF_DATABASE = (
    "The dump of a single database does not include this setting; existing objects carry their own. It applies to "
    "tables created later. Create the database with this setting before the restore."
)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the schema that one check compares: its name, what it proves, and kinds (see SchemaObject.kind)."""

    name: str
    title: str
    kinds: tuple[str, ...]


STRUCTURE = Part("structure", "Columns match: type, default, character set", ("database", "table", "column"))
KEYS = Part("keys", "Indexes, foreign keys and constraints match", ("index", "foreign-key", "check"))
PROGRAMS = Part("programs", "Views, triggers, routines and events match", ("view", "trigger", "routine", "event"))


def check_schema(
    part: Part,
    expected: DatabaseState,
    actual: DatabaseState,
    excluded: Sequence[str],
    script: Sequence[ScriptObject] | None = None,
    *,
    definers_left_out: Sequence[str] = (),
) -> CheckResult:
    """Every object of these kinds is back with the same attributes, and no other came along.

    MySQL and MariaDB print the same view, trigger and routine in different words, and give constraints names of
    their own: between the two, definitions are compared by name, and constraints by their number in each table.

    Args:
        expected: the source.
        actual: the restored database.
        excluded: tables whose objects come from the fresh target, not from the backup.
        script: objects that the backup itself creates, where every one has to be in it: a view that the fresh
            target's migrations made looks as if it had been restored.
        definers_left_out: accounts whose objects were loaded to run as the loading account instead.
    """
    found, kinds = Collector(part.name, part.title), part.kinds
    held = None if script is None else {(item.kind, item.name) for item in script}
    other_kind = _flavour(expected) != _flavour(actual)
    wanted = _by_key(_numbered(expected.objects) if other_kind else expected.objects, kinds, excluded)
    there = _by_key(_numbered(actual.objects) if other_kind else actual.objects, kinds, excluded)
    # The list of each kind is compared as well, so that an empty one is still a comparison.
    found.compared = len(wanted.keys() | there.keys()) + len(kinds)
    for key, item in wanted.items():
        if key not in there:
            found.add(
                f"{item.kind}-missing",
                item.label,
                f"{_word(item)} {item.label} is missing from the restored database.",
                expected="present",
                actual="missing",
                remedy=_REMEDIES.get(item.kind, ""),
            )
            continue
        if held is not None and (_script_kind(item), item.name) not in held:
            found.add(
                f"{item.kind}-not-in-backup",
                item.label,
                f"The source had {_word(item).lower()} {item.label}, but the backup does not create it: the "
                "existing one belongs to the fresh instance.",
                expected="in the backup",
                actual="only in the fresh instance",
                remedy=_REMEDIES.get(item.kind, ""),
            )
        if other_kind and item.kind in (*PROGRAMS.kinds, "check"):
            continue
        _compare(found, item, there[key], definers_left_out)
    too_many = {table.name for table in actual.tables} - {table.name for table in expected.tables}
    for key, item in there.items():
        # What belongs to an unexpected table is reported by that table alone.
        if key not in wanted and (item.kind == "table" or item.owner not in too_many):
            found.add(
                f"{item.kind}-extra",
                item.label,
                f"{_word(item)} {item.label} is in the restored database but was not in the source.",
                expected="absent",
                actual="present",
            )
    if other_kind and not {*PROGRAMS.kinds, "check"}.isdisjoint(kinds):
        found.evidence("definitions", "compared by name only, because the target is a different kind of server")
    for kind in kinds:
        found.evidence(
            {"index": "indexes"}.get(kind, f"{kind}s").replace("-", " "), sum(1 for key in there if key[0] == kind)
        )
    return found.result()


def _compare(found: Collector, item: SchemaObject, restored: SchemaObject, definers_left_out: Sequence[str]) -> None:
    """A finding for each attribute of an object that differs."""
    before, now = dict(item.attributes), dict(restored.attributes)
    for attribute in sorted(before.keys() | now.keys()):
        if attribute == "definer" and before.get(attribute) in definers_left_out:
            continue
        if before.get(attribute) != now.get(attribute):
            found.add(
                f"{item.kind}-differs",
                item.label,
                f"{_word(item)} {item.label}: its {attribute} differs from the source.",
                severity=Severity.WARNING if item.kind == "database" else Severity.ERROR,
                expected=shortened(before.get(attribute, "none")),
                actual=shortened(now.get(attribute, "none")),
                remedy=_OF_DATABASE if item.kind == "database" else "",
            )


def _flavour(state: DatabaseState) -> str:
    return "MariaDB" if "mariadb" in state.variables.get("version", "").lower() else "MySQL"


def _numbered(objects: Sequence[SchemaObject]) -> tuple[SchemaObject, ...]:
    """The same with check constraints named by their number in their table."""
    numbers: dict[str, int] = {}
    named = []
    for item in objects:
        if item.kind == "check":
            numbers[item.owner] = numbers.get(item.owner, 0) + 1
            named.append(replace(item, name=f"check {numbers[item.owner]}"))
        else:
            named.append(item)
    return tuple(named)


def check_expected_objects(fresh: DatabaseState, actual: DatabaseState, excluded: Sequence[str]) -> CheckResult:
    """What this Apiary expects of its database is there: what a fresh instance has, a restored one has as well.

    For a backup from elsewhere nobody knows what its source held; but a dump without triggers, or of an older
    Apiary, lacks what every migrated instance has. Only presence is compared: types and texts of an instance that
    grew over years may rightly differ. Tables that are missing are reported by the table set.

    What the backup brings beyond that (a trigger made by hand, a table of an older version) is reported as no error.

    Args:
        fresh: the target after its migrations, before the restore.
        actual: the restored database.
        excluded: tables that the backup may leave out.
    """
    found = Collector("expected-objects", "The schema has everything this Apiary version expects")
    kinds = ("column", *KEYS.kinds[:2], *PROGRAMS.kinds)
    tables = {table.name for table in actual.tables}
    there = _by_key(actual.objects, ("table", *kinds), excluded)
    known = _by_key(fresh.objects, ("table", *kinds), excluded)
    for key, item in known.items():
        if item.kind == "table" or (item.owner and item.owner not in tables):
            continue
        found.compared += 1
        if key not in there:
            found.add(
                f"{item.kind}-missing",
                item.label,
                f"This Apiary version expects the {item.kind.replace('-', ' ')} {item.label}, but the restored "
                "database does not have it.",
                expected="present",
                actual="missing",
                remedy=_REMEDIES.get(
                    item.kind, "If the backup comes from an older Apiary, restore it into that version, then migrate."
                ),
            )
    tables_known = {table.name for table in fresh.tables}
    for key, item in there.items():
        # What belongs to a table that is reported is not reported again.
        if key not in known and (item.kind == "table" or not item.owner or item.owner in tables_known):
            kind = item.kind.replace("-", " ")
            found.add(
                "object-unknown",
                f"{kind} {item.label}",
                f"The backup contains the {kind} {item.label}, which a fresh Apiary does not have.",
                severity=Severity.INFO,
                expected="absent",
                actual="present",
                remedy="It was created by hand or by another version. Nothing is lost.",
            )
    return found.result()


_REMEDIES = {
    "routine": "mysqldump omits routines without --routines, and those that its account cannot see (SHOW_ROUTINE).",
    "event": "mysqldump omits events without --events.",
    "trigger": "mysqldump omits triggers with --skip-triggers, or if its account lacks the TRIGGER privilege.",
}


def _by_key(
    objects: Sequence[SchemaObject], kinds: Sequence[str], excluded: Sequence[str]
) -> dict[tuple[str, str, str, str], SchemaObject]:
    """Objects by what names them; a procedure and a function may have the same name."""
    return {
        (
            item.kind,
            item.owner,
            item.name,
            dict(item.attributes).get("type", "") if item.kind == "routine" else "",
        ): item
        for item in objects
        if item.kind in kinds and item.owner not in excluded
    }


def _script_kind(item: SchemaObject) -> str:
    """The kind as a script has it: routines are functions and procedures there."""
    return dict(item.attributes).get("type", "").lower() if item.kind == "routine" else item.kind


def _word(item: SchemaObject) -> str:
    return item.kind.replace("-", " ").capitalize()


def check_script_objects(script: Sequence[ScriptObject], redump: Sequence[ScriptObject]) -> CheckResult:
    """Every object that the script creates is in a dump of the restored database, with the same meaning."""
    found = Collector("objects-script", "Every object of the dump is restored unchanged")
    there = {(item.kind, item.name): item for item in redump}
    found.compared = len(script)
    for item in script:
        now = there.get((item.kind, item.name))
        if now is None:
            found.add(
                f"{item.kind}-missing",
                item.name,
                f"The dump creates {item.kind} {item.name}, but the restored database does not have it.",
                expected="present",
                actual="missing",
            )
        elif item.digest and now.digest != item.digest:
            found.add(
                f"{item.kind}-differs",
                item.name,
                f"The definition of {item.kind} {item.name} differs from the dump.",
                expected=item.digest,
                actual=now.digest,
            )
        elif item.definer and now.definer not in ("", item.definer):
            found.add(
                f"{item.kind}-differs",
                item.name,
                f"The {item.kind} {item.name} runs as {now.definer}; in the dump it runs as {item.definer}.",
                expected=item.definer,
                actual=now.definer,
            )
    return found.result()


def check_auto_increment(expected: DatabaseState, actual: DatabaseState, excluded: Sequence[str]) -> CheckResult:
    """Each table goes on counting where the source stopped, so that no key is given twice."""
    found = Collector("auto-increment", "AUTO_INCREMENT is ahead of existing keys")
    now = {table.name: table.auto_increment for table in actual.tables}
    for table in expected.tables:
        if table.auto_increment is None or table.name in excluded or table.name not in now:
            continue
        found.compared += 1
        # A counter that is further on gives no key twice: the application went on while the dump was made.
        if (now[table.name] or 0) < table.auto_increment:
            found.add(
                "auto-increment",
                table.name,
                f"Table {table.name} gives its next row the key {now[table.name]}; the source would give "
                f"{table.auto_increment}.",
                expected=table.auto_increment,
                actual=now[table.name],
                remedy="Set AUTO_INCREMENT to the source's value before people are let in, or old links show new rows.",
            )
    return found.result()


def check_definers(target: DatabaseState) -> CheckResult:
    """Views, triggers, routines and events run as an account that exists."""
    found = Collector("definers", "Definers of views, triggers, routines and events exist")
    found.compared = 1 + sum(1 for item in target.objects for name, _ in item.attributes if name == "definer")
    for label, definer in target.definers_missing:
        found.add(
            "definer-missing",
            label,
            f"The {label} runs as {definer}, but this server has no such account: it loads, and fails with error "
            "1449 when it is used.",
            expected=definer,
            actual="no such account",
            remedy=f"Create the account {definer} on the target, or dump with another definer.",
        )
    return found.result()


def check_variables(expected: DatabaseState, actual: DatabaseState) -> CheckResult:
    """Server variables that change what rows and names mean are the same on both servers."""
    found = Collector("server-variables", "Server variables match the source")
    for name, value in sorted(expected.variables.items()):
        if name == "version":
            continue
        found.compared += 1
        now = actual.variables.get(name)
        if now == value or now is None:
            continue
        fatal = name == "lower_case_table_names"
        found.add(
            "server-variable",
            name,
            f"{name} is {now or 'empty'} on the target but was {value or 'empty'} on the source.",
            severity=Severity.ERROR if fatal else Severity.WARNING,
            expected=value,
            actual=now,
            remedy="Queries may not find their tables (error 1146)." if fatal else "",
        )
    found.evidence("source server", expected.variables.get("version", "unknown"))
    found.evidence("target server", actual.variables.get("version", "unknown"))
    return found.result()
