"""What `inspect` says of a script: judged as `verify` would, and printed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from io import BytesIO
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from harness.artifacts.dump.codes import findings_for
from harness.artifacts.dump.inspect import inspect
from harness.artifacts.dump.judgement import chosen_database, not_sql, refusals, remarks
from harness.artifacts.dump.losses import losses
from harness.artifacts.dump.model import DatabaseInfo, DumpInfo, ScriptFinding
from harness.base import guide
from harness.base.errors import BrokenArtifact, HarnessError
from harness.base.model import FileTotals, Severity
from harness.base.sizes import size
from harness.reports.terminal import Terminal

_LISTED_NAMES = 200
_LISTED_TABLES = 100
_LISTED = 12
_SCHEMA = ("stored.sql", "later.sql")


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


def inspection(
    info: DumpInfo,
    findings: tuple[ScriptFinding, ...],
    *,
    name: str | None = None,
    database: str | None = None,
    asked: bool = False,
    allowed: frozenset[str] = frozenset(),
    storage: FileTotals | HarnessError | None = None,
) -> Inspection:
    """Judge a reading as `verify` does (dump/judgement.py).

    Args:
        database: the one that is wanted; without it, and where there are several, findings of all of them are reported.
        asked: the command line named it.
        storage: what was read of the storage, or why it is refused.
    """
    name = name or Path(info.source).name
    relevant: dict[ScriptFinding, None] = {}
    try:
        if (foreign := not_sql(name, info, findings)) is not None:
            raise foreign
        chosen = chosen_database(name, info, database, asked=asked)
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
            console.plain(f"  {reason}")
        if len(found.refused) > _LISTED:
            console.print(f"  … and {len(found.refused) - _LISTED} more")
        for remedy in found.remedies:
            console.plain(f"HINT: {remedy}")
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
        console.plain(f"  line {finding.line}: {finding.message}. {finding.remedy}")
    if len(remarks) > _LISTED:
        console.print(f"  … and {len(remarks) - _LISTED} more (--json lists all)")


def _facts(info: DumpInfo) -> Iterator[tuple[str, str]]:
    yield "file", f"{info.source}, {size(info.size_bytes)} of script in {info.lines:,} lines"
    yield "created by", "unknown (no header)" if info.tool == "unknown" else f"{info.tool} {info.tool_version}".strip()
    yield "server", f"{info.server_version} ({info.flavour})" if info.server_version else "unknown (no header)"
    yield (
        "finished",
        {True: _finished(info.finished_at), False: "no", None: "unknown"}[info.complete]
        + (f": {info.incomplete_because}" if info.incomplete_because else ""),
    )
    yield "databases", _joined([database.name or "(unnamed)" for database in info.databases]) or "none"
    options = ", ".join(_options(info)) or "defaults, as far as the dump shows"
    yield "options", options if info.databases else "unknown (no statement)"
    for label, mentions in (
        ("character sets", info.charsets),
        ("collations", info.collations),
        ("engines", info.engines),
        ("definers", info.definers),
    ):
        yield label, _joined([f"{mention.name} (line {mention.line})" for mention in mentions]) or "none listed"
    if info.largest_statement_bytes:
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
        f" {database.rows:,} rows, {size(data_bytes)} of rows"
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
        console.print(f"… and {len(database.tables) - _LISTED_TABLES} more (--json lists all)")
    for kind in sorted({item.kind for item in database.objects}):
        names = [
            item.name
            + (f" (runs as {item.definer})" if item.definer else "")
            + (" (placeholder only: the definition of the view is missing)" if item.placeholder else "")
            for item in database.objects
            if item.kind == kind
        ]
        console.plain(f"{kind}s: {_joined(names)}")
    if not any(item.name in expected_tables() for item in database.tables):
        console.print("none of its tables belongs to Apiary", style="yellow")
        return
    if database.left_out:
        console.plain(f"excluded by the documented procedure: {', '.join(database.left_out)}", style="dim")
    if missing:
        console.plain(f"expected by Apiary and missing here: {', '.join(missing)}", style="yellow")


def _joined(names: Sequence[str]) -> str:
    """The first of them: a script of a few KB can name a hundred thousand."""
    more = len(names) - _LISTED_NAMES
    return ", ".join(names[:_LISTED_NAMES]) + (f" and {more:,} more (--json lists all)" if more > 0 else "")


def _lines(lines: tuple[int, ...]) -> str:
    numbers = ", ".join(map(str, lines[:5])) + (f" and {len(lines) - 5} more" if len(lines) > 5 else "")
    return f"line{'s' if len(lines) > 1 else ''} {numbers}"


@cache
def expected_tables() -> tuple[str, ...]:
    """Tables of a migrated Apiary, by the stand-in's migrations: RoboJackets/apiary at 354ae4ba (August 2026)."""
    directory = files("harness.standins.apiary") / "schema"
    (database,) = inspect(BytesIO(b"".join((directory / name).read_bytes() for name in _SCHEMA))).databases
    return tuple(table.name for table in database.tables)


def missing_tables(database: DatabaseInfo) -> tuple[str, ...]:
    """Tables that an Apiary expects, that the script lacks, and that are not excluded as documented."""
    there = {table.name for table in database.tables if table.defined}
    return tuple(name for name in expected_tables() if name not in there and name not in guide.EXCLUDABLE_TABLES)
