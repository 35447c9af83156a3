"""The script before it runs: read once, judged, and handed to the client as a stream of what may run.

What comes back is compared with the same reading of a dump of the restored database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from harness.backup.database import dump_arguments, tool_version
from harness.backup.plan import BackupPlan
from harness.checks.evidence import ScriptContent, ScriptObject, ScriptTable
from harness.dump.compatibility import problems
from harness.dump.definitions import Definitions
from harness.dump.inspect import Inspector
from harness.dump.judgement import LISTED, chosen_database, not_sql, refusals, remarks
from harness.dump.migrations import MigrationNames
from harness.dump.model import DatabaseInfo, DumpInfo, Problem, ScriptFinding
from harness.dump.model import Severity as ScriptSeverity
from harness.dump.rewrite import UNCHECKED, USUAL_SETTINGS, RewriteReport, missing_drops, restore_stream
from harness.dump.safety import Safety, computed_value_findings, findings_for
from harness.dump.source import Dump, open_script, source_name
from harness.dump.walk import walk
from harness.errors import BrokenArtifact, Cause, ProcedureFailed
from harness.limits import Limits, option_for
from harness.model import Finding, Severity
from harness.restore.facts import target_facts
from harness.services.execution import limited
from harness.services.mysql import MySqlServer, server_version


@dataclass(frozen=True, slots=True)
class Script:
    """A script that may be run.

    Args:
        source: the file, or the files.
        info: what it holds.
        database: the one of its databases that is wanted.
        content: the same, for the checks.
        findings: what is to be said of it, none of which stands in the way.
        report: what was left out on the way to the server; complete once `chunks` was read.
        migrations: names of those that the application had run; empty where the script does not say.
        target: name of the database that it goes to, once that is known.
        as_it_stands: it goes to the server byte for byte, with what only its own server wants.
    """

    source: Dump
    info: DumpInfo
    database: DatabaseInfo
    content: ScriptContent
    findings: tuple[Finding, ...]
    report: RewriteReport
    migrations: tuple[str, ...] = ()
    target: str | None = None
    as_it_stands: bool = False

    def chunks(self) -> Iterator[bytes]:
        """The statements of the wanted database, and nothing that only its own server wants."""
        if self.as_it_stands:
            yield from open_script(self.source)
            return
        if drops := missing_drops(self.info, self.database):
            yield drops
        if self.info.options.compact:
            yield USUAL_SETTINGS
        elif self.info.referenced:
            yield UNCHECKED
        yield from restore_stream(self.source, self.database.name, target=self.target, report=self.report)

    @property
    def rows(self) -> int:
        """Rows of the wanted database."""
        return self.database.rows


def read_script(
    source: Dump,
    database: str | None,
    *,
    allowed: frozenset[str] = frozenset(),
    progress: Callable[[str], None] = lambda text: None,
) -> Script:
    """Read a script once, before any server is started, and decide whether it may run.

    Args:
        database: which one of its databases; None when it has one.
        allowed: codes of unsafe statements (dump/safety.py) that the operator allows by name.
        progress: told how far the reading is.

    Raises:
        UsageError: there is no such file, or no such database in it.
        BrokenArtifact: it is cut short, damaged, or empty.
        UnsafeArtifact: it holds statements that must not run; names them with their lines.
    """
    inspector, safety, definitions = Inspector(source_name(source)), Safety(), Definitions()
    migrations = MigrationNames()
    try:
        walk(_told(open_script(source), progress), inspector, safety, definitions, migrations)
    except BrokenArtifact as error:
        error.causes = error.causes or (_cause("dump-unreadable", source, "it cannot be unpacked to its end"),)
        raise
    info = inspector.info()
    if (foreign := not_sql(source.name, info, safety.findings)) is not None:
        raise foreign
    chosen = chosen_database(source.name, info, database)
    found = (*safety.findings, *computed_value_findings(inspector.content.computed), *remarks(info, chosen))
    said = findings_for(sorted(found, key=lambda finding: finding.line), chosen.name, allowed)
    for refusal in refusals(source.name, info, chosen, said):
        raise refusal
    return Script(
        source=source,
        info=info,
        database=chosen,
        content=_content(chosen, definitions),
        findings=(*(_finding(found) for found in said), *_without_drops(info, chosen)),
        report=RewriteReport(),
        migrations=migrations.names,
    )


def _without_drops(info: DumpInfo, database: DatabaseInfo) -> Iterator[Finding]:
    lines = [table.line for table in database.tables if table.defined and not table.dropped]
    lines += [item.line for item in database.objects if item.kind == "view" and not item.dropped]
    if lines and missing_drops(info, database):
        first = min(lines)
        yield Finding(
            code="no-drops",
            severity=Severity.WARNING,
            subject=f"line {first}",
            message=f"From line {first} on, the script creates tables or views and does not drop what is there: run by"
            " hand into a migrated instance, as the guide says, it stops at the first one (error 1050). The harness"
            " dropped them.",
            remedy="Make the dump with --add-drop-table, or empty the database before you run it by hand.",
        )


def check_compatibility(script: Script, server: MySqlServer) -> Script:
    """Compare the script with the server that it will run on, before it runs.

    Returns:
        The script, with a finding for each problem that the harness copes with or that only warns.

    Raises:
        ProcedureFailed: the load would fail, or change data; names the problems with their lines.
    """
    found = problems(script.info, target_facts(server), script.database.name)
    fatal = [problem for problem in found if problem.severity is ScriptSeverity.ERROR and not problem.copable]
    if fatal:
        raise ProcedureFailed(
            f"the script cannot be loaded into this server: on line {fatal[0].line}, {fatal[0].message}",
            fatal[0].remedy,
            details="\n".join(f"line {problem.line}: {problem.message}" for problem in fatal[1:LISTED]),
            causes=_causes(fatal),
        )
    told = (*script.findings, *(_finding(problem) for problem in found))
    return replace(script, findings=told, target=server.database)


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
            return script.content, again
    inspector, definitions = Inspector(source_name(script.source), values=True), Definitions()
    walk(open_script(script.source), inspector, definitions)
    expected = _content(
        chosen_database(script.source.name, inspector.info(), script.database.name), definitions, values=True
    )
    return expected, _dumped_again(server, script, plan, values=True)


def redump_table(server: MySqlServer, script: Script, plan: BackupPlan, table: str, *, values: bool) -> ScriptTable:
    """Dump one table of the restored database again and read it as `redump` did.

    Args:
        values: rows are digested by value, not as text.

    Raises:
        ProcedureFailed: the dump failed or complained.
    """
    again = _dumped_again(server, script, plan, values=values, table=table)
    return next((found for found in again.tables if found.name == table), ScriptTable(table, 0, ""))


def _dumped_again(
    server: MySqlServer, script: Script, plan: BackupPlan, *, values: bool, table: str = ""
) -> ScriptContent:
    with server.session() as session:
        flavour, _ = server_version(session)
    options = tuple(
        option
        for option in script.info.options.as_arguments()
        if option not in plan.dump_options and not option.startswith("--default-character-set")
    )
    wanted = replace(
        plan, plain=False, excluded_tables=(), further_databases=(), dump_options=(*plan.dump_options, *options)
    )
    inspector, definitions = Inspector("the dump of the restored database", values=values), Definitions()
    argv = [*dump_arguments(server, flavour, wanted), *([table] if table else [])]
    limit_s = (server.limits or Limits()).command_s
    with (
        server.tools.start(argv, env=server.tool_environment(server.dumper)) as command,
        limited(
            command, limit_s, "the dump of the restored database", f"Allow it more time with {option_for('command_s')}."
        ),
    ):
        walk(command.chunks(), inspector, definitions)
        completed = command.wait(limit_s)
    if completed.exit_status != 0 or completed.stderr.strip():
        raise ProcedureFailed(
            f"the restored database cannot be dumped: exit status {completed.exit_status}", details=completed.stderr
        )
    info = inspector.info()
    names_only = bool(script.info.flavour != "unknown" and script.info.flavour != flavour.lower())
    return _content(chosen_database(info.source, info, None), definitions, values=values, names_only=names_only)


def _content(
    database: DatabaseInfo, definitions: Definitions, *, values: bool = False, names_only: bool = False
) -> ScriptContent:
    """What a reading holds.

    Args:
        values: the reading digested decoded values.
        names_only: objects are compared by kind and name, because another kind of server prints them differently.
    """
    return ScriptContent(
        tables=tuple(
            ScriptTable(table.name, table.rows, (table.value_digest or "") if values else table.digest)
            for table in database.tables
        ),
        objects=tuple(
            ScriptObject(kind, name, "" if names_only else definitions.of(database.name, kind, name))
            for kind, name in (
                *(("table", table.name) for table in database.tables if table.defined),
                *((item.kind, item.name) for item in database.objects),
            )
        ),
        compared_as="value" if values else "text",
    )


def _finding(found: ScriptFinding | Problem) -> Finding:
    return Finding(
        code=found.code,
        severity=Severity.INFO if found.severity is ScriptSeverity.INFO else Severity.WARNING,
        subject=f"line {found.line}",
        message=f"Line {found.line} of the script: {found.message}.",
        remedy=found.remedy,
    )


def _causes(found: Sequence[ScriptFinding | Problem]) -> list[Cause]:
    return [
        Cause(one.code, f"line {one.line}", f"Line {one.line} of the script: {one.message}.") for one in found[:LISTED]
    ]


def _cause(code: str, source: Dump, why: str) -> Cause:
    return Cause(code, source.name, f"The dump {source.name} cannot be used: {why}.")


def _told(chunks: Iterable[bytes], progress: Callable[[str], None]) -> Iterator[bytes]:
    done = 0
    for chunk in chunks:
        yield chunk
        done += len(chunk)
        progress(f"{done / 1e6:,.0f} MB")
