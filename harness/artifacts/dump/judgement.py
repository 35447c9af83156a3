"""Whether a script may be handed to a server, decided from one reading: the same words for `inspect` and `verify`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from harness.artifacts.dump.model import DatabaseInfo, DumpInfo, ScriptFinding
from harness.artifacts.dump.rewrite import choose_database
from harness.base.errors import BrokenArtifact, Cause, HarnessError, UnsafeArtifact, UsageError
from harness.base.model import Severity

LISTED = 5
TARGET_DATABASE = "apiary"
"""What the target's database is called in a drill."""


def chosen_database(name: str, info: DumpInfo, wanted: str | None, *, asked: bool = False) -> DatabaseInfo:
    """The database of a script that is wanted; of a script that names none what it holds, under the wanted name.

    Args:
        wanted: None if there is only one.
        asked: it was named on the command line: a wrong name there is nothing that a backup can be blamed for.

    Raises:
        UsageError: there are several, and none was named; or it isn't in the script, and was `asked` for.
        BrokenArtifact: it isn't in the script, or the script's parts cannot be distinguished, or it is cut short before
            this one.
    """
    try:
        chosen = choose_database(info, wanted)
    except (UsageError, BrokenArtifact) as error:
        if info.complete is False:
            raise BrokenArtifact(f"{error.fact}; the dump is truncated: {info.incomplete_because}") from None
        if asked and [cause.code for cause in error.causes] == ["database-missing"]:
            raise UsageError(error.fact, "Choose one of these with --database.") from error
        raise
    known = {found.name: found for found in info.databases}
    if chosen in known or "" not in known:
        return known.get(chosen, DatabaseInfo(chosen, False, 1, (), (), ()))
    return replace(known[""], name=chosen)


def not_sql(name: str, info: DumpInfo, findings: Iterable[ScriptFinding] = ()) -> HarnessError | None:
    """Text that is not SQL stands in the script: no client would get past it, whichever database is wanted.

    Args:
        findings: an error among them that comes earlier is the better reason.
    """
    foreign = info.foreign
    if foreign is None or any(one.severity is Severity.ERROR and one.line < foreign.line for one in findings):
        return None
    return BrokenArtifact(
        f"the dump {name} is not usable: {foreign.message}",
        foreign.remedy,
        details=f"also, it is truncated: {info.incomplete_because}"
        if info.complete is False and any(info.databases)
        else "",
        causes=[Cause("foreign-text", f"line {foreign.line}", f"The dump {name}: {foreign.message}.")],
    )


def refusals(
    name: str, info: DumpInfo, chosen: DatabaseInfo, relevant: Sequence[ScriptFinding]
) -> Iterator[HarnessError]:
    """Why the script is not run, the most important reason first; nothing if it may run.

    Args:
        relevant: the findings that count for it (safety.findings_for).
    """
    if (first := not_sql(name, info, relevant)) is not None:
        yield first
    yield from _unsafe(name, relevant)
    if first is None and (foreign := not_sql(name, info)) is not None:
        yield foreign
    if info.complete is False:
        yield BrokenArtifact(
            f"the dump {name} is truncated: {info.incomplete_because}",
            "Take the backup again, and check the exit status of every program in its pipeline.",
            causes=[_cause("dump-cut-short", name, info.incomplete_because)],
        )
    bound = next((mention for mention in info.qualified if mention.name == chosen.name != TARGET_DATABASE), None)
    if bound is not None:
        yield UsageError(
            f"the dump {name} is bound to the database {bound.name}: from line {bound.line} on, its names are "
            "prefixed with it, as mysqlpump writes them",
            f"It loads only into a database named {bound.name}: make the dump with mysqldump, which writes "
            "unqualified names.",
            causes=[_cause("database-bound", name, f"its names are bound to the database {bound.name}")],
        )
    if not chosen.tables:
        yield BrokenArtifact(
            f"the dump {name} contains no table",
            "It would restore without an error, to an empty database: check how the backup is made.",
            causes=[_cause("dump-empty", name, "it contains no table")],
        )
    defined = [table.line for table in chosen.tables if table.defined]
    if info.second_header_line and not chosen.rows and defined and min(defined) > info.second_header_line:
        yield UsageError(
            f"the dump {name} has its rows before its structure, which drops the tables that they are in",
            "Name the structure (--no-data) first, then the rows (--no-create-info).",
            causes=[_cause("rows-first", name, "its rows come before its structure")],
        )
    if info.not_utf8_line is not None:
        yield BrokenArtifact(
            f"the dump {name} was converted: bytes at line {info.not_utf8_line} are not UTF-8, although the "
            f"dump declares {info.options.charset}",
            "An editor or a transfer changed its encoding (often cp1252): use the original file.",
            causes=[_cause("not-utf8", name, f"bytes at line {info.not_utf8_line} are not UTF-8")],
        )
    if info.unquoted_line is not None:
        yield BrokenArtifact(
            f"the dump {name} is not usable: line {info.unquoted_line} has a value that is neither quoted nor a number",
            "A filter took the quotes out, or a tool wrote none: take the backup again, with mysqldump alone.",
            causes=[_cause("unquoted-value", name, f"line {info.unquoted_line} has a value without quotes")],
        )
    hollow = next((item for item in chosen.objects if item.placeholder), None)
    if hollow is not None:
        yield BrokenArtifact(
            f"the dump {name} contains only the placeholder of the view {hollow.name}, on line {hollow.line}",
            "It would load, with an empty view: the tool stopped before it wrote the view itself.",
            causes=[_cause("view-placeholder", name, f"on line {hollow.line}, {hollow.name} is only a placeholder")],
        )


def _unsafe(name: str, findings: Iterable[ScriptFinding]) -> Iterator[HarnessError]:
    refused = [finding for finding in findings if finding.severity is Severity.ERROR]
    if refused:
        yield UnsafeArtifact(
            f"the dump {name} was rejected: on line {refused[0].line}, {refused[0].message}",
            _remedy(refused),
            details="\n".join(f"line {found.line}: {found.code} {found.subject}" for found in refused[1:LISTED]),
            causes=[
                Cause(one.code, f"line {one.line}", f"Line {one.line} of the dump: {one.message}.")
                for one in refused[:LISTED]
            ],
        )


def _remedy(refused: Sequence[ScriptFinding]) -> str:
    """One that leads to no further refusal: allowing the first code alone is none where others are refused too."""
    codes = dict.fromkeys(finding.code for finding in refused)
    offers = [finding for finding in refused if f"allow {finding.code}" in finding.remedy]
    if len(codes) == 1 or refused[0] not in offers:
        return refused[0].remedy
    if len(offers) < len(refused):
        return next(finding.remedy for finding in refused if finding not in offers)
    return f"Remove the statements, or allow {' and '.join(codes)} with --allow if you know why they are there."


def remarks(info: DumpInfo, chosen: DatabaseInfo) -> tuple[ScriptFinding, ...]:
    """What should be known of a script that may run, and that no single statement says."""
    return (*_several_dumps(info, chosen), *_checked_keys(info, chosen), *_unread_delimiter(info, chosen))


def _several_dumps(info: DumpInfo, chosen: DatabaseInfo) -> Iterator[ScriptFinding]:
    if not info.second_header_line:
        return
    times = [f"{at:%Y-%m-%d %H:%M:%S}" if at is not None else "no time" for at in info.finishes]
    yield ScriptFinding(
        "several-dumps",
        Severity.WARNING,
        info.second_header_line,
        chosen.name,
        f"the file contains {len(times)} consecutive dumps (finished: {', '.join(times)}); a restore results "
        "in the last one",
        "Write each dump into its own file: > overwrites a file, >> appends to it.",
    )


def _checked_keys(info: DumpInfo, chosen: DatabaseInfo) -> Iterator[ScriptFinding]:
    """phpMyAdmin leaves the check of foreign keys on, unless asked for: DROP TABLE fails then."""
    dropped = {table.name: table.line for table in chosen.tables if table.dropped}
    of = chosen.name if chosen.used else ""
    met = [(dropped[one.name], one.name) for one in info.referenced if one.name in dropped and one.line_for(of)]
    if info.options.compact or not met:
        return
    line, name = min(met)
    yield ScriptFinding(
        "foreign-keys-checked",
        Severity.WARNING,
        line,
        name,
        f"the dump drops {name}, which foreign keys refer to, with foreign key checks on: loaded manually "
        "into a migrated instance, as documented, it stops there (error 3730, MariaDB 1451)",
        "The harness switches the checks off for the load; when loading manually, SET foreign_key_checks=0 "
        'first, or export with "Disable foreign key checks".',
    )


def _unread_delimiter(info: DumpInfo, chosen: DatabaseInfo) -> Iterator[ScriptFinding]:
    """Tried on 10.11: the client joins such a line, also of a carriage return, to the one behind it."""
    if info.unread_delimiter_line is None:
        return
    yield ScriptFinding(
        "unread-delimiter",
        Severity.WARNING,
        info.unread_delimiter_line,
        chosen.name,
        f"a line of blanks, or of a carriage return alone, precedes DELIMITER on line {info.unread_delimiter_line}: "
        "MariaDB's client does not read the command there, and loaded manually the dump stops with error 1064",
        "The harness leaves such blanks out of the load. When loading manually, use MySQL's client, or the commands "
        "for sed that `apiary-drill runbook` writes.",
    )


def _cause(code: str, name: str, why: str) -> Cause:
    return Cause(code, name, f"The dump {name} cannot be used: {why}.")
