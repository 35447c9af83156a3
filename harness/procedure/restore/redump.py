"""The restored database, dumped once more and read as the script was: what both hold is compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from harness.artifacts.dump.definitions import Definitions
from harness.artifacts.dump.inspect import Inspector
from harness.artifacts.dump.judgement import chosen_database
from harness.artifacts.dump.keyed_rows import Row, equal_tables, keyed_rows, rows_of, value_digests
from harness.artifacts.dump.source import open_script
from harness.artifacts.dump.walk import walk
from harness.base.errors import ProcedureFailed
from harness.base.limits import option_for
from harness.checks.evidence import RowDifference, ScriptContent, ScriptTable
from harness.checks.rowdiff import differing_rows_of
from harness.procedure.backup.mysqldump import dump_arguments
from harness.procedure.backup.plan import BackupPlan
from harness.procedure.restore.definitions import create_structure, scratch_database
from harness.procedure.restore.script import Script, content_of
from harness.runtime.services.execution import limited
from harness.runtime.services.mysql import MySqlServer, server_version


def redump(server: MySqlServer, script: Script, plan: BackupPlan) -> tuple[ScriptContent, ScriptContent]:
    """Dump the restored database with the options that the script shows, and read that dump the same way.

    Rows are compared as text first. Of tables whose texts differ, both scripts are read by value: another tool or
    version may have written them, and the options that a script shows are not all that there are.

    Returns:
        What the script holds and what the restored database holds, read in the same way. A table whose rows are the
        same by value has the same digest in both.

    Raises:
        ProcedureFailed: the dump failed or complained.
    """
    again = content_again(server, script, plan)
    expected = script.content
    now = {table.name: table for table in again.tables}
    doubtful = [
        table.name
        for table in expected.tables
        if (found := now.get(table.name)) is not None and found != table and found.rows == table.rows > 0
    ]
    if doubtful:
        equal = _equal_by_value(server, script, plan, doubtful)
        tables = tuple(now[table.name] if table.name in equal else table for table in expected.tables)
        expected, again = replace(expected, tables=tables, compared_as="value"), replace(again, compared_as="value")
    return _as_the_server_prints(server, script, plan, expected, again), again


def _equal_by_value(server: MySqlServer, script: Script, plan: BackupPlan, tables: Sequence[str]) -> set[str]:
    """Those of some tables of which the restored database holds the script's rows by value.

    Both are read side by side first, in which only what is written differently is looked at; where rows are in
    another order, or are others, by digests.
    """
    lines = {table.name: table.line for table in script.database.tables}
    left = sorted(tables, key=lambda table: lines[table])

    def rows() -> tuple[Iterator[Row], Iterator[Row]]:
        before = rows_of(open_script(script.source), script.database.name, left)
        return before, rows_of(dump_again(server, script, plan, left), server.database, left)

    equal = equal_tables(*rows())
    left = [table for table in left if table not in equal]
    if left:
        before, now = map(value_digests, rows())
        equal |= {table for table in left if table in before and before[table] == now.get(table)}
    return equal


def _as_the_server_prints(
    server: MySqlServer, script: Script, plan: BackupPlan, expected: ScriptContent, again: ScriptContent
) -> ScriptContent:
    """What is expected, where the restored database prints it in other words: in those of this server.

    Another kind of server that refuses to create it once more leaves that undecided (an empty digest): it was loaded.
    """
    now = {(item.kind, item.name): item.digest for item in again.objects}
    if all(now.get((item.kind, item.name), item.digest) == item.digest for item in expected.objects):
        return expected
    with server.session() as session:
        foreign = script.info.flavour not in ("unknown", server_version(session)[0].lower())
    printed: dict[tuple[str, str], str] = {}
    with scratch_database(server) as scratch:
        if create_structure(scratch, script.structure(scratch.database)):
            content = content_again(scratch, script, plan, options=("--no-data",))
            printed = {(item.kind, item.name): item.digest for item in content.objects}
    objects = tuple(
        replace(item, digest=printed.get((item.kind, item.name), "" if foreign else item.digest))
        for item in expected.objects
    )
    return replace(expected, objects=objects)


def differing_rows_of_script(
    server: MySqlServer, script: Script, plan: BackupPlan, tables: Sequence[str], scratch: Path
) -> dict[str, RowDifference]:
    """The first primary keys in which tables of the restored database differ from the script's, by table.

    Only these tables are read again, of the script and of the database, and compared by value.

    Args:
        tables: those whose digests differ.
        scratch: directory for a temporary file, a few dozen bytes a row.

    Raises:
        ProcedureFailed: the dump failed or complained.
    """
    keyless = {table.name for table in script.database.tables if not table.primary_key}
    note = RowDifference(note="It has no primary key, so the rows cannot be identified.")
    named = [table for table in tables if table not in keyless]
    found = {table: note for table in tables if table in keyless}
    if named:
        found |= differing_rows_of(
            keyed_rows(open_script(script.source), script.database.name, named),
            keyed_rows(dump_again(server, script, plan, named), server.database, named),
            scratch,
        )
    return found


def redump_table(server: MySqlServer, script: Script, plan: BackupPlan, table: str) -> ScriptTable:
    """Dump one table of the restored database again and read it as `redump` did.

    Raises:
        ProcedureFailed: the dump failed or complained.
    """
    again = content_again(server, script, plan, tables=[table])
    return next((found for found in again.tables if found.name == table), ScriptTable(table, 0, ""))


def content_again(
    server: MySqlServer, script: Script, plan: BackupPlan, *, tables: Sequence[str] = (), options: tuple[str, ...] = ()
) -> ScriptContent:
    """What a dump of the restored database, or of some of its tables, holds. Raises ProcedureFailed."""
    inspector, definitions = Inspector("the dump of the restored database"), Definitions()
    walk(dump_again(server, script, plan, tables, options), inspector, definitions)
    info = inspector.info()
    return content_of(chosen_database(info.source, info, None), definitions)


def dump_again(
    server: MySqlServer, script: Script, plan: BackupPlan, tables: Sequence[str] = (), options: tuple[str, ...] = ()
) -> Iterator[bytes]:
    """A dump of the database, or of some of its tables, with the options that the script shows, as it comes."""
    with server.session() as session:
        flavour, _ = server_version(session)
    shown = tuple(
        option
        for option in script.info.options.as_arguments()
        if option not in plan.dump_options and not option.startswith("--default-character-set")
    )
    wanted = replace(
        plan, plain=False, excluded_tables=(), further_databases=(), dump_options=(*plan.dump_options, *shown, *options)
    )
    argv = [*dump_arguments(server, flavour, wanted), *tables]
    limit_s = server.command_s
    with (
        server.tools.start(argv, env=server.tool_environment(server.dumper)) as command,
        limited(
            command, limit_s, "the dump of the restored database", f"Allow it more time with {option_for('command_s')}."
        ),
    ):
        yield from command.chunks()
        completed = command.wait(limit_s)
    if completed.exit_status != 0 or completed.stderr.strip():
        raise ProcedureFailed(
            f"the restored database cannot be dumped: exit status {completed.exit_status}", details=completed.stderr
        )
