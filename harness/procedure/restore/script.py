"""The script before it runs: read once, judged, and handed to the client as a stream of what may run.

What comes back is compared with the same reading of a dump of the restored database (redump.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from harness.artifacts.dump.codes import computed_value_findings, findings_for
from harness.artifacts.dump.compatibility import definers_to_leave_out, problems
from harness.artifacts.dump.definitions import Definitions
from harness.artifacts.dump.encrypted import EncryptedValues
from harness.artifacts.dump.inspect import Inspector
from harness.artifacts.dump.judgement import LISTED, chosen_database, not_sql, refusals, remarks
from harness.artifacts.dump.losses import losses
from harness.artifacts.dump.migrations import MigrationNames
from harness.artifacts.dump.model import DatabaseInfo, DumpInfo, Problem, ScriptFinding
from harness.artifacts.dump.rewrite import UNCHECKED, USUAL_SETTINGS, RewriteReport, missing_drops, restore_stream
from harness.artifacts.dump.safety import Safety
from harness.artifacts.dump.source import Dump, open_script, source_name
from harness.artifacts.dump.walk import walk
from harness.base.errors import BrokenArtifact, Cause, ProcedureFailed
from harness.base.model import Finding, Severity
from harness.base.sizes import Pace
from harness.checks.evidence import ScriptContent, ScriptObject, ScriptTable
from harness.procedure.restore.facts import target_facts
from harness.runtime.services.mysql import MySqlServer


@dataclass(frozen=True, slots=True)
class Script:
    """A script that may be run.

    Args:
        database: the one of its databases that is wanted.
        content: the same, for the checks.
        findings: what is to be reported of it, none of which stands in the way.
        report: what was left out on the way to the server; complete once `chunks` was read.
        migrations: names of those that the application had run; empty where the script does not say.
        target: name of the database that it goes to, once that is known.
        as_it_stands: it goes to the server byte for byte, with what only its own server wants.
        definers_left_out: accounts (user@host) whose objects are loaded without their DEFINER clause.
        foreign_values: how many encrypted values it holds, where none of them was made with one of the given keys.
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
    definers_left_out: frozenset[str] = frozenset()
    foreign_values: int = 0

    def chunks(self) -> Iterator[bytes]:
        """The statements of the wanted database, and nothing that only its own server wants."""
        if self.as_it_stands:
            yield from open_script(self.source)
            return
        if first := self.opening:
            yield first
        yield from restore_stream(
            self.source, self.database.name, definers=self.definers_left_out, target=self.target, report=self.report
        )

    def structure(self, target: str) -> Iterator[bytes]:
        """The same for another database and another account: without any DEFINER clause."""
        if settings := self._settings:
            yield settings
        definers = frozenset(mention.name for mention in self.info.definers)
        yield from restore_stream(self.source, self.database.name, definers=definers, target=target)

    @property
    def opening(self) -> bytes:
        """What goes before the script: it drops what the script creates anew, and sets what its header does not."""
        return missing_drops(self.info, self.database) + self._settings

    @property
    def _settings(self) -> bytes:
        if self.info.options.compact:
            return USUAL_SETTINGS
        return UNCHECKED if self.info.referenced else b""

    @property
    def rows(self) -> int:
        """Rows of the wanted database."""
        return self.database.rows


def read_script(
    source: Dump,
    database: str | None,
    *,
    asked: bool = False,
    allowed: frozenset[str] = frozenset(),
    keys: Sequence[bytes] = (),
    progress: Callable[[str], None] = lambda text: None,
) -> Script:
    """Read a script once, before any server is started, and decide whether it may run.

    Args:
        database: which one of its databases; None when it has one.
        asked: the command line named it.
        allowed: codes of unsafe statements (dump/safety.py) that the operator allows by name.
        keys: of the application, which encrypted values in it are tried with.
        progress: gets how far the reading is.

    Raises:
        UsageError: there is no such file, or several databases in it and none is named, or not the one asked for.
        BrokenArtifact: it is cut short, damaged, empty, or does not hold the wanted database.
        UnsafeArtifact: it holds statements that must not run; names them with their lines.
    """
    inspector, safety, definitions = Inspector(source_name(source)), Safety(), Definitions()
    migrations, encrypted = MigrationNames(), EncryptedValues(keys)
    try:
        walk(Pace().through(open_script(source), progress), inspector, safety, definitions, migrations, encrypted)
    except BrokenArtifact as error:
        error.causes = error.causes or (_cause("dump-unreadable", source, "it cannot be decompressed completely"),)
        raise
    info = inspector.info()
    if (foreign := not_sql(source.name, info, safety.findings)) is not None:
        raise foreign
    chosen = chosen_database(source.name, info, database, asked=asked)
    found = (*safety.findings, *computed_value_findings(inspector.content.computed), *remarks(info, chosen))
    relevant = findings_for(sorted(found, key=lambda finding: finding.line), chosen.name, allowed)
    for refusal in refusals(source.name, info, chosen, relevant):
        raise refusal
    return Script(
        source=source,
        info=info,
        database=chosen,
        content=content_of(chosen, definitions),
        findings=(
            *(_finding(found) for found in relevant),
            *_without_drops(info, chosen),
            *(replace(_finding(found), subject=found.subject) for found in losses(info, chosen)),
        ),
        report=RewriteReport(),
        migrations=migrations.names,
        # Of several databases the others may belong to other applications, with keys of their own.
        foreign_values=encrypted.tried if encrypted.are_foreign and len(info.databases) == 1 else 0,
    )


def _without_drops(info: DumpInfo, database: DatabaseInfo) -> Iterator[Finding]:
    lines = [table.line for table in database.tables if table.defined and not table.dropped]
    lines += [item.line for item in database.objects if item.kind == "view" and not item.dropped]
    if lines and missing_drops(info, database):
        first = min(lines)
        yield Finding(
            code="drop-table-missing",
            severity=Severity.WARNING,
            subject=f"line {first}",
            message=f"From line {first} on, the dump creates tables or views without dropping existing ones: "
            "loaded manually into a migrated instance, as documented, it stops at the first one "
            "(error 1050). The harness dropped them.",
            remedy="Make the dump with --add-drop-table, or empty the database before you load it manually.",
        )


def check_compatibility(script: Script, server: MySqlServer) -> Script:
    """Compare the script with the server that it will run on, before it runs.

    Returns:
        The script, with a finding for each problem that the harness copes with or that only warns.

    Raises:
        ProcedureFailed: the load would fail, or change data; names the problems with their lines.
    """
    found = problems(script.info, target_facts(server), script.database.name)
    fatal = [problem for problem in found if problem.severity is Severity.ERROR and not problem.copable]
    if fatal:
        raise ProcedureFailed(
            f"this server cannot load the dump: on line {fatal[0].line}, {fatal[0].message}",
            fatal[0].remedy,
            details="\n".join(f"line {problem.line}: {problem.message}" for problem in fatal[1:LISTED]),
            causes=_causes(fatal),
        )
    findings = (*script.findings, *(_finding(problem) for problem in found))
    left_out = definers_to_leave_out(found)
    return replace(
        script,
        findings=findings,
        target=server.database,
        definers_left_out=left_out,
        content=_without_definers(script.content, left_out),
    )


def content_of(database: DatabaseInfo, definitions: Definitions) -> ScriptContent:
    """What a reading holds."""
    return ScriptContent(
        tables=tuple(ScriptTable(table.name, table.rows, table.digest) for table in database.tables),
        objects=tuple(
            ScriptObject(kind, name, definitions.of(database.name, kind, name), definer)
            for kind, name, definer in (
                *(("table", table.name, "") for table in database.tables if table.defined),
                *(
                    (item.kind, item.name, (item.definer or "").replace("CURRENT_USER", ""))
                    for item in database.objects
                ),
            )
        ),
    )


def _without_definers(content: ScriptContent, left_out: frozenset[str]) -> ScriptContent:
    """The same content where these accounts' objects run as the account that loaded them."""
    objects = tuple(replace(item, definer="" if item.definer in left_out else item.definer) for item in content.objects)
    return replace(content, objects=objects, definers_left_out=tuple(sorted(left_out)))


def _finding(found: ScriptFinding | Problem) -> Finding:
    return Finding(
        code=found.code,
        severity=found.severity,
        subject=f"line {found.line}",
        message=f"Line {found.line} of the dump: {found.message}.",
        remedy=found.remedy,
    )


def _causes(found: Sequence[ScriptFinding | Problem]) -> list[Cause]:
    return [
        Cause(one.code, f"line {one.line}", f"Line {one.line} of the dump: {one.message}.") for one in found[:LISTED]
    ]


def _cause(code: str, source: Dump, why: str) -> Cause:
    return Cause(code, source.name, f"The dump {source.name} cannot be used: {why}.")
