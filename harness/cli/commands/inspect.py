"""`apiary-drill inspect`."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import click
from pydantic import TypeAdapter
from rich.markup import escape
from rich.table import Table

from harness.artifacts.dump.codes import CODES, findings_for
from harness.artifacts.dump.inspect import examine
from harness.artifacts.dump.judgement import chosen_database, not_sql, refusals, remarks
from harness.artifacts.dump.losses import losses
from harness.artifacts.dump.model import DatabaseInfo, DumpInfo, Mention, ScriptFinding
from harness.artifacts.dump.source import Dump
from harness.artifacts.storage.safety import DEFAULT_LIMITS, ArchiveLimits
from harness.artifacts.storage.zipped import is_zip
from harness.base.errors import BrokenArtifact, HarnessError
from harness.base.interruption import terminable
from harness.base.model import FileTotals, Severity
from harness.base.sizes import size
from harness.cli import config
from harness.cli.common import EXIT_CODES, found_backup, password_option, print_progress, settings_for
from harness.cli.options.backup import decrypt_options, window_option
from harness.drill.plan import new_drill_id
from harness.inputs.discover import is_tab
from harness.inputs.dumps import STANDARD_INPUT, named_dump
from harness.inputs.expected import expected_tables, missing_tables
from harness.inputs.sources.encrypted import Decryption, decrypted
from harness.inputs.sources.fetch import Sources
from harness.inputs.sources.stores import is_url
from harness.inputs.volumes import Volume
from harness.inputs.zips import read_password
from harness.procedure.backup.scan import Storage
from harness.procedure.restore.storage import check_storage
from harness.reports.terminal import Terminal, console_for, print_json

_LISTED_TABLES = 100
_LISTED = 12


@dataclass(frozen=True, slots=True)
class Inspection:
    """What `inspect` says, as `--json` prints it.

    Args:
        script: what it holds.
        refused: why `verify` would not run it, in the same words; empty if it would.
        exit_code: of `verify`, if it would not run it.
        remedies: what to do about the first reason.
        findings: statements that must not run, or should be known before they do.
        expected_and_missing: tables that an Apiary expects and a database lacks, by the database's name.
        storage: how many files the storage holds, and their bytes; None where it was not read or is refused.
        kind: what was read: `dump` or `backup`.
    """

    script: DumpInfo
    refused: tuple[str, ...]
    findings: tuple[ScriptFinding, ...]
    expected_and_missing: dict[str, tuple[str, ...]]
    exit_code: int = 0
    remedies: tuple[str, ...] = ()
    storage: tuple[int, int] | None = None
    kind: str = "dump"


@dataclass(frozen=True, slots=True)
class _Meant:
    """What is to be inspected, as `verify` finds it; the storage only where it belongs to what was named."""

    dump: Dump
    storage: Storage | Volume | None = None
    limits: ArchiveLimits = DEFAULT_LIMITS
    database: str | None = None
    allowed: tuple[str, ...] = ()


@click.command(epilog=EXIT_CODES)
@click.argument("dump", nargs=-1, metavar="[FILE…]")
@click.option("--database", metavar="NAME", help="Database to inspect, when the dump holds several.")
@click.option(
    "--allow",
    multiple=True,
    type=click.Choice(CODES),
    metavar="CODE",
    help="Accept unsafe statements of this kind, as verify does (repeatable).",
)
@click.option(
    "--config",
    "config_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Configuration file.  [default: ./apiary-drill.toml]",
)
@window_option
@password_option
@decrypt_options[0]
@decrypt_options[1]
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def inspect(
    dump: tuple[str, ...],
    database: str | None,
    allow: tuple[str, ...],
    config_file: Path | None,
    password_file: Path | None,
    decrypt: str | None,
    decrypt_key_file: Path | None,
    as_json: bool,
) -> None:
    """Analyze a dump without a server.

    FILE is a script, plain or compressed, - for standard input, a directory that mysqldump --tab wrote, or a BACKUP
    (a directory or a zip archive) as verify takes it, with its storage. Two files are the halves of a pair: first
    what --no-data wrote, then what --no-create-info wrote. Without any of them, apiary-drill.toml in the current
    directory says where the backup is. What verify would refuse is refused here in the same words, with the same exit
    code.

    \b
    Example:
      apiary-drill inspect apiary.sql.gz
      apiary-drill inspect backups/2026-11-22
      ssh db mysqldump apiary | apiary-drill inspect -
    """  # fmt: skip
    if dump == (STANDARD_INPUT,):
        if config_file is not None:
            raise click.UsageError("--config names the backup: omit FILE")
        found = inspection(*examine(sys.stdin.buffer), database=database, allowed=frozenset(allow))
    else:
        password = None if password_file is None else read_password(password_file)
        with terminable(), Sources(settings_for(), new_drill_id("inspect"), print_progress) as sources:
            meant = _meant(
                dump, config_file, password, sources.decryption(decrypt, decrypt_key_file) if decrypt else None, sources
            )
            found = inspection(
                *examine(meant.dump),
                name=meant.dump.name,
                database=database or meant.database,
                allowed=frozenset((*allow, *meant.allowed)),
                storage=_read_storage(meant),
            )
    if as_json:
        print_json(TypeAdapter(Inspection).dump_json(found, indent=2).decode())
    else:
        show(console_for(), found)
    sys.exit(found.exit_code)


def _meant(
    names: tuple[str, ...],
    config_file: Path | None,
    password: bytes | None,
    decryption: Decryption | None,
    sources: Sources,
) -> _Meant:
    """The backup, the database and the codes that are allowed, as `verify` finds them."""
    if names:
        if config_file is not None:
            raise click.UsageError("--config names the backup: omit FILE")
        paths = [sources.url(name, "database") if is_url(name) else Path(name) for name in names]
        path = paths[0]
        if len(names) == 1 and (is_zip(path) or (path.is_dir() and not is_tab(path))):
            backup = found_backup(path, password)
            return _Meant(*decrypted(backup.dump, backup.storage, decryption))
        return _Meant(decrypted(named_dump(paths), None, decryption)[0])
    path = config_file or Path(config.CONFIG_NAME)
    if config_file is None and not path.exists():
        raise click.UsageError("no input: give a dump FILE or a BACKUP directory, or name them in ./apiary-drill.toml")
    configured = config.load(path)
    found = config.locate(configured, path.absolute().parent, sources, password)
    decryption = decryption or configured.backup.decryption(path.absolute().parent, sources)
    return _Meant(
        *decrypted(found.dump, found.storage, decryption),
        ArchiveLimits.of(found.max_storage_bytes),
        configured.backup.database,
        configured.safety.allow,
    )


def _read_storage(meant: _Meant) -> FileTotals | HarnessError | None:
    """What the storage holds, or why `verify` would refuse it; a volume is not read, which would need an engine."""
    if meant.storage is None or isinstance(meant.storage, Volume):
        return None
    with tempfile.TemporaryDirectory() as scratch:
        try:
            return check_storage(meant.storage, Path(scratch, "files.jsonl"), limits=meant.limits).totals
        except HarnessError as error:
            return error


def inspection(
    info: DumpInfo,
    findings: tuple[ScriptFinding, ...],
    *,
    name: str | None = None,
    database: str | None = None,
    allowed: frozenset[str] = frozenset(),
    storage: FileTotals | HarnessError | None = None,
) -> Inspection:
    """Judge a reading as `verify` does (dump/judgement.py).

    Args:
        name: of the script, for messages.
        database: the one that is wanted; without it, and where there are several, findings of all of them are reported.
        allowed: codes that the operator allows.
        storage: what was read of the storage, or why it is refused.
    """
    name = name or Path(info.source).name
    relevant: dict[ScriptFinding, None] = {}
    try:
        if (foreign := not_sql(name, info, findings)) is not None:
            raise foreign
        chosen = chosen_database(name, info, database)
        relevant.update(dict.fromkeys(findings_for((*findings, *remarks(info, chosen)), chosen.name, allowed)))
        errors = list(refusals(name, info, chosen, tuple(relevant)))
        lost = losses(info, chosen)
        relevant.update(dict.fromkeys(lost))
        # What `verify` restores all the same, and then calls FAIL.
        errors += [BrokenArtifact(f"line {one.line}: {one.message}") for one in lost if one.severity is Severity.ERROR]
    except HarnessError as error:
        errors = [error]
        for one in info.databases:
            relevant.update(dict.fromkeys(findings_for(findings, one.name, allowed)))
    if isinstance(storage, HarnessError):
        errors.append(storage)
    return Inspection(
        script=info,
        refused=tuple(sentence for error in errors for sentence in (error.fact, *error.details.splitlines())),
        findings=tuple(sorted(relevant, key=lambda finding: finding.line)),
        expected_and_missing={database.name: missing_tables(database) for database in info.databases},
        exit_code=errors[0].exit_code if errors else 0,
        remedies=errors[0].hints if errors else (),
        storage=(storage.files, storage.size_bytes) if isinstance(storage, FileTotals) else None,
        kind="dump" if storage is None else "backup",
    )


def show(console: Terminal, found: Inspection) -> None:
    """Print it: the answer first, then the facts, then each database."""
    if found.refused:
        console.print(f"[bold red]verify would reject this {found.kind}:[/]")
        for reason in found.refused[:_LISTED]:
            console.print(f"  {reason}", markup=False, highlight=False)
        if len(found.refused) > _LISTED:
            console.print(f"  … and {len(found.refused) - _LISTED} more", highlight=False)
        for remedy in found.remedies:
            console.print(f"HINT: {remedy}", markup=False, highlight=False)
    else:
        console.print("[bold green]No problems found.[/]")
    console.print()
    facts = Table(box=None, pad_edge=False, show_header=False)
    facts.add_column(style="bold", no_wrap=True, vertical="top")
    facts.add_column()
    for label, text in _facts(found.script):
        facts.add_row(label, escape(text))
    if found.storage is not None:
        facts.add_row("storage", f"{found.storage[0]:,} files, {size(found.storage[1])}")
    console.print(facts)
    for database in found.script.databases:
        _show_database(console, database, found.expected_and_missing[database.name])
    remarks = [finding for finding in found.findings if finding.severity is not Severity.ERROR]
    if remarks:
        console.print()
        console.print("[bold]Remarks[/]")
    for finding in remarks[:_LISTED]:
        console.print(f"  line {finding.line}: {finding.message}. {finding.remedy}", markup=False, highlight=False)
    if len(remarks) > _LISTED:
        console.print(f"  … and {len(remarks) - _LISTED} more (--json lists all)", highlight=False)


def _facts(info: DumpInfo) -> Iterator[tuple[str, str]]:
    yield "file", f"{info.source}, {size(info.size_bytes)} of script in {info.lines:,} lines"
    yield "created by", "unknown (no header)" if info.tool == "unknown" else f"{info.tool} {info.tool_version}".strip()
    yield "server", f"{info.server_version} ({info.flavour})" if info.server_version else "unknown (no header)"
    yield (
        "finished",
        {True: _finished(info.finished_at), False: "no", None: "unknown"}[info.complete]
        + (f": {info.incomplete_because}" if info.incomplete_because else ""),
    )
    yield "databases", ", ".join(database.name or "(unnamed)" for database in info.databases) or "none"
    yield "options", ", ".join(_options(info)) or "defaults, as far as the dump shows"
    for label, mentions in (
        ("character sets", info.charsets),
        ("collations", info.collations),
        ("engines", info.engines),
        ("definers", info.definers),
    ):
        yield label, _mentioned(mentions)
    yield (
        "largest statement",
        f"{size(info.largest_statement_bytes)}, on line {info.largest_statement_line}:"
        " the target's max_allowed_packet has to be larger",
    )
    if info.gtid_lines:
        yield "GTID_PURGED", f"set on {_lines(info.gtid_lines)}; verify omits it"
    if info.log_bin_lines:
        yield "SQL_LOG_BIN", f"set on {_lines(info.log_bin_lines)}; verify omits it"
    if info.sandbox_line is not None:
        stops = "stops MySQL's client" if info.sandbox_spelling == "/*!" else "is a comment to MySQL's client"
        yield "sandbox line", f"{info.sandbox_spelling}999999\\- on line {info.sandbox_line}: {stops}; omitted"
    if info.uncounted_lines:
        yield "not counted", f"INSERTs without literal values on {_lines(info.uncounted_lines)}"


def _finished(at: datetime | None) -> str:
    return (
        "yes"
        if at is None
        else (f"yes, on {at:%Y-%m-%d at %H:%M:%S}, in the local time of the machine that created it")
    )


def _options(info: DumpInfo) -> Iterator[str]:
    options = info.options
    yield from (option for option in options.as_arguments() if not option.startswith("--default-character-set"))
    for text, shown in (
        ("--databases or --all-databases", options.databases),
        ("--compact", options.compact),
        ("--skip-comments", not options.comments and not options.compact),
        ("--skip-dump-date", options.dump_date is False),
        ("--no-data", not options.data),
        ("--no-create-info", not options.create_info),
        ("--routines", options.routines),
        ("--events", options.events),
        ("--skip-add-drop-table", not options.add_drop_table and not options.compact and options.create_info),
        ("--set-gtid-purged", options.set_gtid_purged),
    ):
        if shown:
            yield text


def _show_database(console: Terminal, database: DatabaseInfo, missing: tuple[str, ...]) -> None:
    data_bytes = sum(table.data_bytes for table in database.tables)
    console.print()
    console.print(
        f"[bold]Database {escape(database.name or '(not named)')}[/]: {len(database.tables):,} tables,"
        f" {database.rows:,} rows, {size(data_bytes)} of rows",
        highlight=False,
    )
    table = Table(box=None, pad_edge=False)
    for heading in ("Rows", "Size", "Line"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("Table")
    for item in database.tables[:_LISTED_TABLES]:
        notes = [] if item.primary_key or not item.defined else ["no primary key"]
        notes += [] if item.defined else ["rows only, no CREATE TABLE"]
        table.add_row(
            f"{item.rows:,}",
            size(item.data_bytes),
            str(item.line),
            escape(item.name) + (f"  ({', '.join(notes)})" if notes else ""),
        )
    if database.tables:
        console.print(table)
    if len(database.tables) > _LISTED_TABLES:
        console.print(f"… and {len(database.tables) - _LISTED_TABLES} more (--json lists all)", highlight=False)
    for kind in sorted({item.kind for item in database.objects}):
        names = [
            item.name
            + (f" (runs as {item.definer})" if item.definer else "")
            + (" (placeholder only: the definition of the view is missing)" if item.placeholder else "")
            for item in database.objects
            if item.kind == kind
        ]
        console.print(f"{kind}s: {', '.join(names)}", markup=False, highlight=False)
    if not any(item.name in expected_tables() for item in database.tables):
        console.print("none of its tables belongs to Apiary", style="yellow", highlight=False)
        return
    if database.left_out:
        console.print(
            f"excluded by the documented procedure: {', '.join(database.left_out)}",
            markup=False,
            highlight=False,
            style="dim",
        )
    if missing:
        console.print(
            f"expected by Apiary and missing here: {', '.join(missing)}",
            markup=False,
            highlight=False,
            style="yellow",
        )


def _mentioned(mentions: Iterable[Mention]) -> str:
    return ", ".join(f"{mention.name} (line {mention.line})" for mention in mentions) or "none listed"


def _lines(lines: tuple[int, ...]) -> str:
    numbers = ", ".join(map(str, lines[:5])) + (f" and {len(lines) - 5} more" if len(lines) > 5 else "")
    return f"line{'s' if len(lines) > 1 else ''} {numbers}"
