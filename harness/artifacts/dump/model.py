"""What can be known about a script, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from harness.artifacts.dump.not_sql import ForeignText
from harness.base.model import Severity


@dataclass(frozen=True, slots=True)
class Mention:
    """Something that occurs in a script: a collation, an engine, a character set, an account.

    Attributes:
        name: what it is called.
        line: its first one.
        lines: its first one in the part of each database; the empty name is what belongs to all of them.
    """

    name: str
    line: int
    lines: Mapping[str, int] = field(default_factory=dict, compare=False)

    def line_for(self, database: str) -> int | None:
        """Where it first matters for one database; None if only others mention it."""
        found = [self.lines[name] for name in ("", database) if name in self.lines]
        return min(found) if found else (None if self.lines else self.line)


@dataclass(frozen=True, slots=True)
class ColumnInfo:
    """A column as its CREATE TABLE says.

    Attributes:
        name: the column's name.
        type: its type in lower case with its lengths, such as `bigint unsigned` or `decimal(10,3)`.
        generated: the server computes it; a dump need not hold its values.
        invisible: `SELECT *` leaves it out.
        collation: only if it is written at the column.
        charset: as the collation.
    """

    name: str
    type: str
    generated: bool = False
    invisible: bool = False
    collation: str | None = None
    charset: str | None = None

    @property
    def base_type(self) -> str:
        """The type's first word: `decimal` of `decimal(10,3) unsigned`."""
        return self.type.split("(")[0].split(" ")[0]


@dataclass(frozen=True, slots=True)
class TableInfo:
    """A table of a script.

    Attributes:
        name: the table's name.
        line: of its CREATE TABLE, else of its first row.
        defined: the script holds its CREATE TABLE.
        columns: in the table's order; empty if it is not defined.
        primary_key: names of its columns in the key's order; empty if there is none, or it is not defined.
        engine: as written; None where nothing says.
        charset: default character set of the table, if written.
        collation: default collation of the table, if written.
        auto_increment: the counter that the script sets, if any.
        rows: how many rows the script holds.
        data_bytes: bytes of these rows as they stand in the script, without parentheses and commas.
        digest: 32 hexadecimal digits over the rows as text (rows.py); says the same for two scripts only if the
            same tool wrote them with the same options.
        insert_columns: the INSERTs' column list; None if they have none, or there are no rows.
        generated_values_line: line of the first INSERT that gives values to generated columns.
        dropped: the script drops it before it creates it.
        rows_section: the script has a section for its rows, as mysqldump writes for every table, be it empty.
        twice_encoded: values that look as if they were encoded twice (é as Ã©); from 10,000 on, at least so many.
    """

    name: str
    line: int
    defined: bool
    columns: tuple[ColumnInfo, ...]
    primary_key: tuple[str, ...]
    engine: str | None
    charset: str | None
    collation: str | None
    auto_increment: int | None
    rows: int
    data_bytes: int
    digest: str
    insert_columns: tuple[str, ...] | None = None
    generated_values_line: int | None = None
    dropped: bool = False
    rows_section: bool = False
    twice_encoded: int = 0


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """A view, trigger, routine or event.

    Attributes:
        kind: `view`, `trigger`, `procedure`, `function`, `event`, `sequence` or `package`.
        name: its name.
        line: of its CREATE.
        definer: `user@host`, if the script names one.
        placeholder: a view that only has its columns so far, because the script never comes to its real text.
        dropped: of a view: the script drops it, as a view, before it creates it.
    """

    kind: str
    name: str
    line: int
    definer: str | None = None
    placeholder: bool = False
    dropped: bool = False


@dataclass(frozen=True, slots=True)
class DatabaseInfo:
    """One database of a script.

    Attributes:
        name: as `USE` or `CREATE DATABASE` name it, else as the header does, else empty.
        used: the script itself chooses it (`USE`); otherwise it goes into whichever database the client chose.
        line: where it is first named.
        tables: by name.
        objects: views, triggers, routines, events, by kind and name.
        left_out: tables that the documented procedure allows to leave out, and that are not defined here.
    """

    name: str
    used: bool
    line: int
    tables: tuple[TableInfo, ...]
    objects: tuple[ObjectInfo, ...]
    left_out: tuple[str, ...]

    def table(self, name: str) -> TableInfo | None:
        return next((table for table in self.tables if table.name == name), None)

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables)


@dataclass(frozen=True, slots=True)
class DumpOptions:
    """The tool's options, as far as the script shows them; None where it shows nothing.

    `order_by_primary` and `single_transaction` leave no trace, so they are not here. `time_zone` is the first that the
    script sets.
    """

    extended_insert: bool | None
    complete_insert: bool | None
    hex_blob: bool | None
    comments: bool
    dump_date: bool | None
    tz_utc: bool
    compact: bool
    databases: bool
    data: bool
    create_info: bool
    add_drop_table: bool
    routines: bool
    events: bool
    insert_ignore: bool
    replace: bool
    set_gtid_purged: bool
    charset: str | None
    quote_names: bool = True
    create_options: bool = True
    time_zone: str | None = None

    def as_arguments(self) -> tuple[str, ...]:
        """Options for `mysqldump` and `mariadb-dump` that write rows the way this script does."""
        chosen = {
            "--skip-extended-insert": self.extended_insert is False,
            "--complete-insert": self.complete_insert is True,
            "--hex-blob": self.hex_blob is True,
            "--skip-tz-utc": not self.tz_utc,
            "--insert-ignore": self.insert_ignore,
            "--replace": self.replace,
            "--skip-quote-names": not self.quote_names,
            "--skip-create-options": not self.create_options,
            f"--default-character-set={self.charset}": self.charset is not None,
        }
        return tuple(option for option, wanted in chosen.items() if wanted)


@dataclass(frozen=True, slots=True)
class DumpInfo:
    """Everything that one reading of a script finds.

    Attributes:
        source: what was read.
        size_bytes: of the script, decompressed.
        lines: of the script.
        tool: `mysqldump`, `mariadb-dump` or `unknown`.
        tool_version: such as `9.7.4` or `10.11.19-MariaDB`; empty if the header doesn't say.
        server_version: of the server that was dumped; empty if the header doesn't say.
        flavour: of that server: `mysql`, `mariadb` or `unknown`.
        header_database: the database that the (first) header names; empty if none or several.
        header_databases: what each header names, if several dumps were put into one file.
        finished_at: the time in the last line, in the local time of the machine that made it; None if not there.
        complete: True if the tool finished it, False if not, None if that is unknown (comments are off).
        incomplete_because: why `complete` is not True; empty if it is.
        databases: in the order in which they come.
        charsets, collations, engines, sql_modes: what the script names, each with its first line.
        definers: accounts that objects run as (`user@host`), each with its first line.
        largest_statement_bytes: the target's `max_allowed_packet` has to be larger.
        largest_statement_line: where it begins.
        gtid_lines: lines of statements that set GTID_PURGED.
        log_bin_lines: lines of statements that set SQL_LOG_BIN.
        sandbox_line: MariaDB's sandbox line, None if there is none.
        sandbox_spelling: `/*!` or `/*M!`, how that line begins; the first stops MySQL's client.
        options: what can be inferred about how the tool was called.
        uncounted_lines: INSERTs whose rows can't be counted (INSERT … SELECT, INSERT … SET).
        finishes: what each last line says, of every dump in the file; `finished_at` is the last of them.
        second_header_line: of the header of the second dump in the file; 0 if no dump drops what another one filled.
        qualified: databases that the names of created tables are bound to, each with its first line.
        keys_follow: keys are added to tables by ALTER TABLE, behind the rows.
        referenced: tables that foreign keys refer to, if the script never switches the check of foreign keys off.
        foreign: text that is not SQL, such as a message of a program; None if there is none.
        not_utf8_line: of the first text that is not UTF-8, although the script says that it is.
        unquoted_line: of the first value that is neither quoted nor a number.
        unread_delimiter_line: of the first DELIMITER behind a line of blanks, which MariaDB's client does not read.
    """

    source: str
    size_bytes: int
    lines: int
    tool: str
    tool_version: str
    server_version: str
    flavour: str
    header_database: str
    header_databases: tuple[str, ...]
    finished_at: datetime | None
    complete: bool | None
    incomplete_because: str
    databases: tuple[DatabaseInfo, ...]
    charsets: tuple[Mention, ...]
    collations: tuple[Mention, ...]
    engines: tuple[Mention, ...]
    sql_modes: tuple[Mention, ...]
    definers: tuple[Mention, ...]
    largest_statement_bytes: int
    largest_statement_line: int
    gtid_lines: tuple[int, ...]
    log_bin_lines: tuple[int, ...]
    sandbox_line: int | None
    sandbox_spelling: str
    options: DumpOptions
    uncounted_lines: tuple[int, ...]
    foreign: ForeignText | None = None
    finishes: tuple[datetime | None, ...] = ()
    second_header_line: int = 0
    qualified: tuple[Mention, ...] = ()
    referenced: tuple[Mention, ...] = ()
    keys_follow: bool = False
    not_utf8_line: int | None = None
    unquoted_line: int | None = None
    unread_delimiter_line: int | None = None

    def database(self, name: str | None = None) -> DatabaseInfo | None:
        """The database of this name; without a name, the only one."""
        if name is None:
            return self.databases[0] if len(self.databases) == 1 else None
        return next((database for database in self.databases if database.name == name), None)


@dataclass(frozen=True, slots=True)
class ScriptFinding:
    """Something in a script that must not run, or should be known before it runs.

    Attributes:
        code: stable, such as `client-command` or `other-database`.
        severity: an error is a reason to refuse the script.
        line: where the statement begins.
        subject: what it is about: a command, an account, a database. Never data.
        message: one sentence.
        remedy: what to do about it, one sentence.
        database: the part of the script that it stands in, as `USE` chose it; empty before the first `USE`.
    """

    code: str
    severity: Severity
    line: int
    subject: str
    message: str
    remedy: str
    database: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a script that the target server will not take as it stands.

    Attributes:
        code: stable, such as `unknown-collation`.
        severity: an error means that the load fails or changes data.
        line: where; 0 if it is not about one place.
        subject: a collation, an engine, an account, a variable.
        message: one sentence.
        remedy: what to do about it, one sentence.
        copable: the harness can load it all the same, without changing data (rewrite.py).
    """

    code: str
    severity: Severity
    line: int
    subject: str
    message: str
    remedy: str
    copable: bool = False


@dataclass(frozen=True, slots=True)
class TargetServer:
    """What a script's target is like, as the target itself says.

    Attributes:
        version: `SELECT VERSION()`.
        flavour: `mysql` or `mariadb`.
        collations: `information_schema.COLLATIONS`.
        charsets: `information_schema.CHARACTER_SETS`.
        engines: those that `information_schema.ENGINES` supports, in lower case.
        max_allowed_packet_bytes: the global variable.
        lower_case_table_names: the variable.
        log_bin: whether the server writes a binary log.
        log_bin_trust_function_creators: the variable.
        require_primary_key: `sql_require_primary_key`, or MariaDB's `innodb_force_primary_key`.
        client_flavour: of the client that runs the script: `mysql` or `mariadb`.
        user: the restoring account, `user@host`.
        privileges: what it may do, upper case, such as `SYSTEM_VARIABLES_ADMIN`, `SET_ANY_DEFINER`, `SUPER`.
        accounts: every `user@host` that exists; None if the restoring user can't see them.
    """

    version: str
    flavour: str
    collations: frozenset[str]
    charsets: frozenset[str]
    engines: frozenset[str]
    max_allowed_packet_bytes: int
    lower_case_table_names: int = 0
    log_bin: bool = False
    log_bin_trust_function_creators: bool = False
    require_primary_key: bool = False
    client_flavour: str = "mysql"
    user: str = ""
    privileges: frozenset[str] = frozenset()
    accounts: frozenset[str] | None = None
