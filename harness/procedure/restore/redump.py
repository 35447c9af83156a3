"""The restored database, dumped once more and read as the script was: what both hold is compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from harness.artifacts.dump.definitions import Definitions
from harness.artifacts.dump.inspect import Inspector
from harness.artifacts.dump.judgement import chosen_database
from harness.artifacts.dump.keyed_rows import keyed_rows
from harness.artifacts.dump.source import open_script, source_name
from harness.artifacts.dump.walk import walk
from harness.base.errors import ProcedureFailed
from harness.base.limits import Limits, option_for
from harness.checks.evidence import RowDifference, ScriptContent, ScriptTable
from harness.checks.rowdiff import differing_rows_of
from harness.procedure.backup.mysqldump import dump_arguments, tool_version
from harness.procedure.backup.plan import BackupPlan
from harness.procedure.restore.definitions import create_structure, scratch_database
from harness.procedure.restore.script import Script, content_of
from harness.runtime.services.execution import limited
from harness.runtime.services.mysql import MySqlServer, server_version


def redump(server: MySqlServer, script: Script, plan: BackupPlan) -> tuple[ScriptContent, ScriptContent]:
    """Dump the restored database with the options that the script shows, and read that dump the same way.

    Rows are compared as text first, where the same tool of the same version wrote both scripts. Where it did not,
    or where the texts differ, both are read by value: the options that a script shows are not all that there are.

    Returns:
        What the script holds and what the restored database holds, read in the same way.

    Raises:
        ProcedureFailed: the dump failed or complained.
    """
    if script.info.tool_version and script.info.tool_version in tool_version(server):
        again = _dumped_again(server, script, plan, values=False)
        if set(script.content.tables) <= set(again.tables):
            return _as_the_server_prints(server, script, plan, script.content, again), again
    inspector = Inspector(source_name(script.source), values=True)
    walk(open_script(script.source), inspector)
    tables = content_of(
        chosen_database(script.source.name, inspector.info(), script.database.name), Definitions(), values=True
    )
    again = _dumped_again(server, script, plan, values=True)
    expected = replace(script.content, tables=tables.tables, compared_as=tables.compared_as)
    return _as_the_server_prints(server, script, plan, expected, again), again


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
            content = _dumped_again(scratch, script, plan, values=False, options=("--no-data",))
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
            keyed_rows(_dump(server, script, plan, named), server.database, named),
            scratch,
        )
    return found


def redump_table(server: MySqlServer, script: Script, plan: BackupPlan, table: str, *, values: bool) -> ScriptTable:
    """Dump one table of the restored database again and read it as `redump` did.

    Args:
        values: rows are digested by value, not as text.

    Raises:
        ProcedureFailed: the dump failed or complained.
    """
    again = _dumped_again(server, script, plan, values=values, tables=[table])
    return next((found for found in again.tables if found.name == table), ScriptTable(table, 0, ""))


def _dumped_again(
    server: MySqlServer,
    script: Script,
    plan: BackupPlan,
    *,
    values: bool,
    tables: Sequence[str] = (),
    options: tuple[str, ...] = (),
) -> ScriptContent:
    inspector, definitions = Inspector("the dump of the restored database", values=values), Definitions()
    walk(_dump(server, script, plan, tables, options), inspector, definitions)
    info = inspector.info()
    return content_of(chosen_database(info.source, info, None), definitions, values=values)


def _dump(
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
    limit_s = (server.limits or Limits()).command_s
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
