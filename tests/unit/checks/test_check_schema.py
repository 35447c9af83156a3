"""The checks on the schema: nothing where nothing is wrong, and one finding for each thing that is."""

from dataclasses import replace

from harness.base.model import CheckResult, DatabaseState, SchemaObject, Severity
from harness.checks.evidence import ScriptObject
from harness.checks.schema import (
    KEYS,
    PROGRAMS,
    STRUCTURE,
    Part,
    check_auto_increment,
    check_definers,
    check_expected_objects,
    check_schema,
    check_script_objects,
    check_variables,
)
from tests.tables import over_table
from tests.unit.checks.builders import database, finding, only, part, table

COLUMN = part("column", "users", "gt_email", type="varchar(255)", nullable="no")
WHOLE = Part("structure", "Title", (*STRUCTURE.kinds, *KEYS.kinds, *PROGRAMS.kinds))
TRIGGERS = "mysqldump omits triggers with --skip-triggers, or if its account lacks the TRIGGER privilege."
OLDER = "If the backup comes from an older Apiary, restore it into that version, then migrate."


def check(
    before: tuple[SchemaObject, ...], now: tuple[SchemaObject, ...], excluded: tuple[str, ...] = ()
) -> CheckResult:
    return check_schema(WHOLE, database(objects=before), database(objects=now), excluded)


def test_equal_schemas_have_no_findings() -> None:
    result = check_schema(
        STRUCTURE, database(objects=(COLUMN,)), database(objects=(COLUMN, part("index", "users", "PRIMARY"))), ()
    )
    assert (result.check, result.title, result.findings) == (STRUCTURE.name, STRUCTURE.title, ())
    assert result.compared == 4, "one column, and the lists of the three kinds"
    assert result.evidence == (("databases", "0"), ("tables", "0"), ("columns", "1"))


@over_table(
    "item, held, word",
    [
        (part("view", "", "sizes"), ScriptObject("view", "sizes", "d1"), "view sizes"),
        (part("routine", "", "twice", type="FUNCTION"), ScriptObject("function", "twice", "d1"), "routine twice"),
        (part("trigger", "users", "users_bi"), ScriptObject("trigger", "users_bi", "d1"), "trigger users.users_bi"),
    ],
)
def test_what_only_the_fresh_instance_still_has_was_not_backed_up(
    item: SchemaObject, held: ScriptObject, word: str
) -> None:
    state = database(objects=(item, COLUMN))
    result = check_schema(PROGRAMS, state, state, (), [ScriptObject("table", "users", "d0")])
    found = only(result)
    assert (found.code, found.subject) == (f"{item.kind}-not-in-backup", item.label)
    assert found.message == (
        f"The source had {word}, but the backup does not create it: the existing one belongs to the fresh instance."
    )
    assert check_schema(PROGRAMS, state, state, (), [held]).findings == ()


@over_table(
    "kind, word, remedy",
    [
        ("database", "Database", ""),
        ("table", "Table", ""),
        ("column", "Column", ""),
        ("index", "Index", ""),
        ("foreign-key", "Foreign key", ""),
        ("check", "Check", ""),
        ("view", "View", ""),
        ("trigger", "Trigger", TRIGGERS),
        (
            "routine",
            "Routine",
            "mysqldump omits routines without --routines, and those that its account cannot see (SHOW_ROUTINE).",
        ),
        ("event", "Event", "mysqldump omits events without --events."),
    ],
)
def test_every_kind_can_be_missing_extra_and_different(kind: str, word: str, remedy: str) -> None:
    before = part(kind, "users", "thing", body="d1")
    assert only(check((before,), ())) == finding(
        f"{kind}-missing | users.thing | present | missing",
        f"{word} users.thing is missing from the restored database.",
        remedy,
    )
    assert only(check((), (before,))) == finding(
        f"{kind}-extra | users.thing | absent | present",
        f"{word} users.thing is in the restored database but was not in the source.",
    )
    differs = only(check((before,), (part(kind, "users", "thing", body="d2"),)))
    assert replace(differs, severity=Severity.ERROR, remedy="") == finding(
        f"{kind}-differs | users.thing | d1 | d2", f"{word} users.thing: its body differs from the source."
    )
    assert differs.severity is (Severity.WARNING if kind == "database" else Severity.ERROR)


def test_what_no_dump_says_of_its_database_is_a_warning() -> None:
    """The restored tables say their own; a healthy backup of a server with another default must pass."""
    before, now = (
        part("database", "", "apiary", collation=name) for name in ("utf8mb4_0900_ai_ci", "utf8mb4_unicode_ci")
    )
    found = only(check((before,), (now,)))
    assert (found.code, found.severity) == ("database-differs", Severity.WARNING)
    assert found.remedy.endswith("Create the database with this setting before the restore.")


def test_each_attribute_that_differs_is_a_finding_also_one_that_is_gone() -> None:
    result = check((COLUMN,), (part("column", "users", "gt_email", type="text", comment="x"),))
    assert [(found.expected, found.actual) for found in result.findings] == [
        ("none", "x"),
        ("no", "none"),
        ("varchar(255)", "text"),
    ]
    assert [found.message for found in result.findings] == [
        f"Column users.gt_email: its {attribute} differs from the source."
        for attribute in ("comment", "nullable", "type")
    ]


def test_a_long_attribute_is_cut_and_objects_of_excluded_tables_are_not_compared() -> None:
    found = only(check((part("view", "", "v", text="a" * 201),), (part("view", "", "v", text="b" * 200),)))
    assert (found.subject, found.expected, found.actual) == ("v", "a" * 200 + "… (201 characters)", "b" * 200)
    result = check((COLUMN,), (), excluded=("users",))
    assert (result.findings, result.compared) == ((), len(WHOLE.kinds))


def test_objects_of_the_script_are_there_as_it_defines_them() -> None:
    objects = [ScriptObject("table", "users", "d1")]
    result = check_script_objects(objects, [*objects, ScriptObject("table", "jobs", "d2")])
    assert (result.check, result.findings, result.compared) == ("objects-script", (), 1)
    assert only(check_script_objects([ScriptObject("trigger", "users_bi", "d1")], [])) == finding(
        "trigger-missing | users_bi | present | missing",
        "The dump creates trigger users_bi, but the restored database does not have it.",
    )
    result = check_script_objects([ScriptObject("view", "v", "d1")], [ScriptObject("view", "v", "d2")])
    assert only(result) == finding("view-differs | v | d1 | d2", "The definition of view v differs from the dump.")


def test_a_counter_that_starts_again() -> None:
    """Counters of excluded and of missing tables are not compared."""
    state = database(table("users"), table("pivot", auto_increment=None))
    result = check_auto_increment(state, state, [])
    assert (result.check, result.findings, result.compared) == ("auto-increment", (), 1)
    source = database(table("users"), table("jobs"))
    result = check_auto_increment(source, database(table("jobs", auto_increment=1)), ["jobs"])
    assert (result.findings, result.compared) == ((), 0)
    assert only(check_auto_increment(database(table()), database(table(auto_increment=1)), [])) == finding(
        "auto-increment | users | 3 | 1",
        "Table users gives its next row the key 1; the source would give 3.",
        "Set AUTO_INCREMENT to the source's value before people are let in, or old links show new rows.",
    )


def test_a_definer_that_is_no_account() -> None:
    result = check_definers(database(objects=(part("view", "", "v", definer="root@localhost", text="d"), COLUMN)))
    assert (result.check, result.findings, result.compared) == ("definers", (), 2)
    state = database(definers_missing=(("view v", "deploy@10.0.0.1"),))
    assert only(check_definers(state)) == finding(
        "definer-missing | view v | deploy@10.0.0.1 | no such account",
        "The view v runs as deploy@10.0.0.1, but this server has no such account: it loads, and fails with error "
        "1449 when it is used.",
        "Create the account deploy@10.0.0.1 on the target, or dump with another definer.",
    )


def test_variables_are_equal_but_for_the_version_and_what_the_target_does_not_know() -> None:
    """Another SQL mode is a warning, other case of table names an error."""

    def checked(source: dict[str, str], target: dict[str, str]) -> CheckResult:
        return check_variables(database(variables=source), database(variables=target))

    result = checked({"sql_mode": "ANSI", "version": "8.4.9"}, {"sql_mode": "ANSI", "version": "9.7.4"})
    assert (result.check, result.findings, result.compared) == ("server-variables", (), 1)
    assert result.evidence == (("source server", "8.4.9"), ("target server", "9.7.4"))
    result = checked({"sql_require_primary_key": "OFF"}, {})
    assert (result.findings, result.compared) == ((), 1)
    assert result.evidence == (("source server", "unknown"), ("target server", "unknown"))
    assert only(checked({"sql_mode": "ANSI"}, {"sql_mode": ""})) == finding(
        "server-variable | sql_mode | ANSI | ",
        "sql_mode is empty on the target but was ANSI on the source.",
        severity=Severity.WARNING,
    )
    name = "lower_case_table_names"
    assert only(checked({name: "1"}, {name: "0"})) == finding(
        f"server-variable | {name} | 1 | 0",
        f"{name} is 0 on the target but was 1 on the source.",
        "Queries may not find their tables (error 1146).",
    )


def test_what_a_table_too_many_brings_along_is_reported_by_the_table_alone() -> None:
    extra = (part("column", "leftover", "id"), part("index", "leftover", "PRIMARY"), part("view", "", "leftovers"))
    result = check_schema(
        WHOLE, database(table("users"), objects=()), database(table("users"), table("leftover"), objects=extra), ()
    )
    assert [found.code for found in result.findings] == ["view-extra"]


EXPECTED = (
    COLUMN,
    part("index", "users", "PRIMARY"),
    part("trigger", "users", "users_touch"),
    part("view", "", "active_members"),
)


def test_what_this_apiary_expects_is_there() -> None:
    """With other attributes as well: an instance grows over years."""
    older = part("column", "users", "gt_email", type="varchar(191)", nullable="no")
    result = check_expected_objects(
        database(table("users"), objects=EXPECTED), database(table("users"), objects=(older, *EXPECTED[1:])), ()
    )
    assert (result.check, result.findings, result.compared) == ("expected-objects", (), 4)


@over_table(
    "missing, what, remedy",
    [
        (0, "column users.gt_email", OLDER),
        (1, "index users.PRIMARY", OLDER),
        (2, "trigger users.users_touch", TRIGGERS),
        (3, "view active_members", OLDER),
    ],
)
def test_what_this_apiary_expects_is_missing(missing: int, what: str, remedy: str) -> None:
    kind, label = what.split()
    result = check_expected_objects(
        database(table("users"), objects=EXPECTED),
        database(table("users"), objects=EXPECTED[:missing] + EXPECTED[missing + 1 :]),
        (),
    )
    assert only(result) == finding(
        f"{kind}-missing | {label} | present | missing",
        f"This Apiary version expects the {what}, but the restored database does not have it.",
        remedy,
    )


def test_what_a_backup_brings_beyond_this_apiary_is_reported_and_no_error() -> None:
    """A trigger made by hand, a column of another version; of a whole table only the table is reported."""
    beyond = (
        part("column", "users", "added"),
        part("trigger", "users", "by_hand"),
        part("view", "", "sizes"),
        part("routine", "", "twice", type="FUNCTION"),
        part("table", "old", "old"),
        part("column", "old", "id"),
    )
    fresh = database(table("users"), objects=EXPECTED)
    result = check_expected_objects(fresh, database(table("users"), table("old"), objects=(*EXPECTED, *beyond)), ())
    assert {found.code for found in result.findings} == {"object-unknown"}
    assert {found.severity for found in result.findings} == {Severity.INFO}
    assert [found.message for found in result.findings] == [
        f"The backup contains the {what}, which a fresh Apiary does not have."
        for what in ("column users.added", "trigger users.by_hand", "view sizes", "routine twice", "table old")
    ]


def test_tables_that_are_missing_or_left_out_are_not_listed_column_by_column() -> None:
    fresh = database(
        table("users"),
        table("sessions"),
        table("jobs"),
        objects=(COLUMN, part("column", "sessions", "id"), part("column", "jobs", "id")),
    )
    restored = database(table("users"), table("sessions"), objects=(COLUMN,))
    assert check_expected_objects(fresh, restored, ("sessions",)).findings == ()


def of(version: str, *objects: SchemaObject) -> DatabaseState:
    return database(table("travel"), objects=objects, variables={"version": version})


def test_another_kind_of_server_prints_views_and_names_constraints_its_own_way() -> None:
    """Which ones are there is compared all the same."""
    before = of(
        "10.11.19-MariaDB-deb12",
        part("check", "travel", "airfare_policy", expression="json_valid(`airfare_policy`)"),
        part("check", "travel", "forms", expression="json_valid(`forms`)"),
        part("view", "", "sizes", definition="select count(0) from `teams`"),
    )
    now = of(
        "9.7.4",
        part("check", "travel", "travel_chk_1", expression="json_valid(`airfare_policy`)"),
        part("check", "travel", "travel_chk_2", expression="json_valid(`forms`)"),
        part("view", "", "sizes", definition="select count(0) AS `count(0)` from `teams`"),
    )
    result = check_schema(WHOLE, before, now, ())
    assert result.findings == ()
    assert result.evidence[0] == (
        "definitions",
        "compared by name only, because the target is a different kind of server",
    )
    fewer = check_schema(WHOLE, before, of("9.7.4", *now.objects[1:2]), ())
    assert [(found.code, found.subject) for found in fewer.findings] == [
        ("check-missing", "travel.check 2"),
        ("view-missing", "sizes"),
    ]
    same_kind = check_schema(WHOLE, before, of("11.8.6-MariaDB", *now.objects), ())
    assert len(same_kind.findings) == 5
