"""Whether a target will take a script, decided before it runs: a pure function of what both say of themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from harness.artifacts.dump.model import DatabaseInfo, DumpInfo, Mention, Problem, TargetServer
from harness.base.model import Severity

_DEFINER_PRIVILEGES = frozenset(("SUPER", "SET_USER_ID", "SET_ANY_DEFINER", "SET USER"))
"""MySQL 5.7, 8.0 to 8.3, 8.4 and later (SET_ANY_DEFINER), MariaDB 10.5 and later."""
_LOG_BIN_PRIVILEGES = frozenset(
    ("SUPER", "SYSTEM_VARIABLES_ADMIN", "SESSION_VARIABLES_ADMIN", "BINLOG_ADMIN", "BINLOG ADMIN")
)
_DROPPED = """
    DB2 MAXDB MSSQL MYSQL323 MYSQL40 NO_AUTO_CREATE_USER NO_FIELD_OPTIONS NO_KEY_OPTIONS NO_TABLE_OPTIONS
    ORACLE POSTGRESQL
"""
_DROPPED_MODES = frozenset(_DROPPED.split())
"""SQL modes that MySQL 8.0 no longer has (its release notes, 8.0.11)."""
_PACKET_MARGIN_BYTES = 1024
"""A packet carries a command byte and attributes besides the statement; 1 KiB is more than they need."""


def problems(info: DumpInfo, target: TargetServer, database: str) -> list[Problem]:
    """What stands between a script and its target.

    Args:
        info: what `inspect` found in the script.
        target: what the target says of itself.
        database: which database of the script is restored.

    Returns:
        Problems in the order of their lines. One that is `copable` is dealt with by `rewrite.restore_stream`, or
        by what the message says that the harness does.
    """
    chosen = info.database(database) or info.database()
    name = chosen.name if chosen is not None and chosen.used else ""
    found = [
        *_client(info, target),
        *_vocabulary(info, target, name),
        *_accounts(info, target, name),
        *_server(info, target),
    ]
    if chosen is not None:
        found += _tables(info, chosen, target)
    return sorted(found, key=lambda problem: (problem.line, problem.code, problem.subject))


def _client(info: DumpInfo, target: TargetServer) -> Iterator[Problem]:
    if info.sandbox_line is not None:
        stops = target.client_flavour == "mysql" and info.sandbox_spelling == "/*!"
        yield Problem(
            "sandbox-line",
            Severity.WARNING if stops else Severity.INFO,
            info.sandbox_line,
            f"{info.sandbox_spelling}999999\\-",
            "MariaDB's sandbox line stops MySQL's client"
            if stops
            else "MariaDB's sandbox line switches only MariaDB's own client into sandbox mode",
            "The harness omits the line; when loading manually, delete the first line of the dump.",
            copable=True,
        )


def _vocabulary(info: DumpInfo, target: TargetServer, database: str) -> Iterator[Problem]:
    for mention in _that_matter(info.collations, database):
        if not _knows_collation(mention.name, target):
            yield Problem(
                "unknown-collation",
                Severity.ERROR,
                mention.line,
                mention.name,
                f"{_server_name(target)} does not support the collation {mention.name} (error 1273)",
                "Restore to the kind and version of server that the dump was taken from.",
            )
    for mention in _that_matter(info.charsets, database):
        name = "utf8mb3" if mention.name == "utf8" else mention.name
        if name not in target.charsets and mention.name not in target.charsets and name not in ("default", "binary"):
            yield Problem(
                "unknown-charset",
                Severity.ERROR,
                mention.line,
                mention.name,
                f"{_server_name(target)} does not support the character set {mention.name} (error 1115)",
                "Restore to the kind and version of server that the dump was taken from.",
            )
    for mention in _that_matter(info.engines, database):
        if mention.name.lower() not in target.engines:
            yield Problem(
                "unknown-engine",
                Severity.ERROR,
                mention.line,
                mention.name,
                f"{_server_name(target)} does not have the engine {mention.name} (error 1286, or it silently "
                "uses another engine)",
                "Install the engine on the target, or change the table on the source.",
            )
    for mention in _that_matter(info.sql_modes, database):
        if mention.name in _DROPPED_MODES and target.flavour == "mysql" and int(target.version.split(".")[0]) >= 8:
            yield Problem(
                "unknown-sql-mode",
                Severity.ERROR,
                mention.line,
                mention.name,
                f"{_server_name(target)} does not have the SQL mode {mention.name} (error 1231)",
                "Create the routines, triggers and events anew without it on the source, and leave --compatible out.",
            )


def _that_matter(mentions: Iterable[Mention], database: str) -> Iterator[Mention]:
    """What the part of this database mentions, or what stands before all parts: the others are not loaded."""
    for mention in mentions:
        line = mention.line_for(database)
        if line is not None:
            yield Mention(mention.name, line)


def _knows_collation(name: str, target: TargetServer) -> bool:
    if name in target.collations or name in ("default", "binary"):
        return True
    if name.startswith("utf8_"):  # utf8 is another name of utf8mb3 since MySQL 8.0.30 and MariaDB 10.6
        return name.replace("utf8_", "utf8mb3_", 1) in target.collations
    # MariaDB lists its UCA 14 collations without their character set
    return target.flavour == "mariadb" and "_uca1400" in name and name[name.index("uca1400") :] in target.collations


def _accounts(info: DumpInfo, target: TargetServer, database: str) -> Iterator[Problem]:
    for mention in _that_matter(info.definers, database):
        if mention.name in ("CURRENT_USER", target.user):
            continue
        if not target.privileges & _DEFINER_PRIVILEGES:
            yield Problem(
                "definer-privilege",
                Severity.WARNING,
                mention.line,
                mention.name,
                f"{target.user or 'the restoring user'} may not create objects that run as {mention.name}: "
                "the documented procedure stops here (error 1227); the harness omitted the DEFINER clause",
                "In production, load the dump as an account with SET_ANY_DEFINER (before MySQL 8.4 "
                f"SET_USER_ID, MariaDB SET USER), or without its DEFINER clauses; {mention.name} must exist "
                "there (else error 1449).",
                copable=True,
            )
        if target.accounts is not None and mention.name not in target.accounts:
            yield Problem(
                "definer-missing",
                Severity.WARNING,
                mention.line,
                mention.name,
                f"the target has no account {mention.name}: its objects would load but fail in use (error "
                "1449); the harness omitted the DEFINER clause",
                f"Create {mention.name} in production before Apiary uses the objects.",
                copable=True,
            )


def definers_to_leave_out(found: Iterable[Problem]) -> frozenset[str]:
    """Accounts (user@host) that stand in the way of a load into a disposable target, out of what `problems` found.

    Their clauses are left out rather than the loading account given more rights: a script is untrusted input.
    """
    return frozenset(one.subject for one in found if one.code in ("definer-privilege", "definer-missing"))


def _server(info: DumpInfo, target: TargetServer) -> Iterator[Problem]:
    if info.largest_statement_bytes + _PACKET_MARGIN_BYTES > target.max_allowed_packet_bytes:
        yield Problem(
            "packet-too-large",
            Severity.ERROR,
            info.largest_statement_line,
            "max_allowed_packet",
            f"the largest statement has {info.largest_statement_bytes} bytes, but the target's "
            f"max_allowed_packet is {target.max_allowed_packet_bytes} (errors 1153, 2006)",
            f"Set max_allowed_packet to {_next_power(info.largest_statement_bytes + _PACKET_MARGIN_BYTES)} or more.",
        )
    if info.gtid_lines:
        yield Problem(
            "gtid-purged",
            Severity.WARNING,
            info.gtid_lines[0],
            "GTID_PURGED",
            "MariaDB has no GTID_PURGED (error 1193)"
            if target.flavour == "mariadb"
            else (
                "GTID_PURGED requires privileges, and fails if the target has already run these "
                "transactions (error 3546)"
            ),
            "The harness omits it in a disposable target; make the dump with --set-gtid-purged=OFF.",
            copable=True,
        )
    if info.log_bin_lines and not target.privileges & _LOG_BIN_PRIVILEGES:
        yield Problem(
            "log-bin-privilege",
            Severity.WARNING,
            info.log_bin_lines[0],
            "SQL_LOG_BIN",
            f"{target.user or 'the restoring user'} may not set SQL_LOG_BIN (error 1227)",
            "The harness omits it in a disposable target; make the dump with --set-gtid-purged=OFF.",
            copable=True,
        )


def _tables(info: DumpInfo, database: DatabaseInfo, target: TargetServer) -> Iterator[Problem]:
    for table in database.tables:
        if table.generated_values_line is not None and target.flavour == "mysql":
            yield Problem(
                "generated-values",
                Severity.ERROR,
                table.generated_values_line,
                table.name,
                f"the rows of {table.name} contain values for generated columns, which MySQL rejects (error 3105)",
                "Dump it with MySQL's own mysqldump.",
            )
        if target.require_primary_key and table.defined and not table.primary_key:
            yield Problem(
                "primary-key-required",
                Severity.ERROR,
                table.line,
                table.name,
                f"{table.name} has no primary key, but the target requires one (error 3750)",
                "Set sql_require_primary_key=OFF for the restore.",
            )
    names: dict[str, str] = {}
    for table in database.tables:
        other = names.setdefault(table.name.lower(), table.name)
        if target.lower_case_table_names and other != table.name:
            yield Problem(
                "table-names-collide",
                Severity.ERROR,
                table.line,
                table.name,
                f"{other} and {table.name} are the same table when lower_case_table_names is "
                f"{target.lower_case_table_names}",
                "Restore to a server with lower_case_table_names=0.",
            )
        elif target.lower_case_table_names == 1 and table.name != table.name.lower():
            yield Problem(
                "table-name-case",
                Severity.WARNING,
                table.line,
                table.name,
                f"{table.name} becomes {table.name.lower()} on the target (lower_case_table_names=1)",
                "Restore to a server with the source's lower_case_table_names.",
            )
    functions = [item for item in database.objects if item.kind in ("function", "trigger")]
    if (
        functions
        and target.log_bin
        and not target.log_bin_trust_function_creators
        and not target.privileges & {"SUPER"}
    ):
        yield Problem(
            "function-creators",
            Severity.ERROR,
            functions[0].line,
            functions[0].name,
            "the target writes a binary log and does not trust creators of functions and triggers (error 1419)",
            "Set log_bin_trust_function_creators=ON for the restore.",
        )
    if info.options.compact:
        yield Problem(
            "session-settings",
            Severity.INFO,
            1,
            "sql_mode, foreign_key_checks",
            "the dump sets no SQL mode and leaves foreign key checks on: tables may refer to later ones "
            "(errors 1824, 1005), zero dates may be rejected (1067, 1292), and the key 0 is replaced by a "
            "new number",
            "The harness prepends the settings of mysqldump's usual header; when loading manually, SET "
            "sql_mode='NO_AUTO_VALUE_ON_ZERO', foreign_key_checks=0, unique_checks=0.",
            copable=True,
        )


def _server_name(target: TargetServer) -> str:
    brand = "MariaDB" if target.flavour == "mariadb" else "MySQL"
    version = re.match(r"\d+(?:\.\d+)*", target.version)
    return f"{brand} {version.group() if version else target.version}"


def _next_power(size: int) -> int:
    """The next power of two: the variable is a multiple of 1024."""
    return 1 << (size - 1).bit_length()
