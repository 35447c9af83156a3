"""The objects of a database, read from information_schema and normalised, so that they can be compared.

Normalised is only what two versions of one server print differently without a difference in meaning: integer
display widths (gone since MySQL 8.0.19), `current_timestamp()` against `CURRENT_TIMESTAMP`, quotes around
defaults (MariaDB), `NO ACTION` against `RESTRICT` (the same to InnoDB), utf8 against utf8mb3.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from harness.base.model import SchemaObject
from harness.runtime.services.mysql import Session, quote_name


def read_objects(session: Session, database: str) -> tuple[SchemaObject, ...]:
    """Every object of a database, sorted by kind, owner and name.

    Args:
        session: a session with the right to see definitions.
    """
    reader = _SchemaReader(session, database)
    found = [item for read in _READERS for item in read(reader)]
    return tuple(sorted(found, key=lambda item: (item.kind, item.owner, item.name)))


def missing_definers(session: Session, objects: Sequence[SchemaObject]) -> tuple[tuple[str, str], ...]:
    """Pairs (object, definer) whose definer is no account of the server: error 1449 when they are used."""
    accounts = {f"{user}@{host}" for user, host in session.rows("SELECT user, host FROM mysql.user")}
    return tuple(
        (f"{item.kind} {item.label}", value)
        for item in objects
        for name, value in item.attributes
        if name == "definer" and value not in accounts
    )


class _SchemaReader:
    def __init__(self, session: Session, database: str) -> None:
        self.session = session
        self.database = database
        self.mariadb = "mariadb" in str(session.value("SELECT VERSION()")).lower()

    def query(self, table: str, columns: Sequence[str], schema_column: str, order: str) -> list[dict[str, Any]]:
        """Rows of one information_schema table; columns that this server does not have are None."""
        there = {
            str(name).upper()
            for (name,) in self.session.rows(
                "SELECT column_name FROM information_schema.columns"
                " WHERE table_schema = 'information_schema' AND table_name = %s",
                (table,),
            )
        }
        picked = ", ".join(name if name in there else f"NULL AS {name}" for name in columns)
        rows = self.session.rows(
            f"SELECT {picked} FROM information_schema.{table} WHERE {schema_column} = %s ORDER BY {order}",
            (self.database,),
        )
        return [dict(zip(columns, row, strict=True)) for row in rows]

    def local(self, text: object) -> str:
        """A definition without the name of its own database, which may differ after a restore."""
        return str(text or "").replace(quote_name(self.database) + ".", "")


def _object(kind: str, owner: str, name: str, attributes: dict[str, object]) -> SchemaObject:
    pairs = tuple(sorted((key, str(value)) for key, value in attributes.items() if value not in (None, "")))
    return SchemaObject(kind, owner, name, pairs)


def _charset(name: object) -> str | None:
    """Collation or character set; `utf8` has been an alias of `utf8mb3`, and printed either way."""
    return re.sub(r"^utf8(?=_|$)", "utf8mb3", str(name)) if name else None


def _column_type(text: object) -> str:
    lowered = str(text)
    return re.sub(r"\b(smallint|mediumint|int|bigint|year)\(\d+\)|\btinyint\((?!1\))\d+\)", _bare, lowered)


def _bare(match: re.Match[str]) -> str:
    return match.group().split("(")[0]


def _default(text: object, *, mariadb: bool) -> str | None:
    if text is None:
        return None
    value = str(text)
    if mariadb:
        if value == "NULL":
            return None
        if len(value) >= 2 and value[0] == value[-1] == "'":
            return value[1:-1].replace("''", "'").replace("\\'", "'") or "''"
    return re.sub(r"(?i)current_timestamp(\(\))?", "CURRENT_TIMESTAMP", value) or "''"


def _databases(reader: _SchemaReader) -> Iterator[SchemaObject]:
    columns = ("DEFAULT_CHARACTER_SET_NAME", "DEFAULT_COLLATION_NAME")
    for row in reader.query("SCHEMATA", columns, "SCHEMA_NAME", "SCHEMA_NAME"):
        yield _object(
            "database",
            "",
            "database",
            {"character set": _charset(row[columns[0]]), "collation": _charset(row[columns[1]])},
        )


def _tables(reader: _SchemaReader) -> Iterator[SchemaObject]:
    columns = ("TABLE_NAME", "TABLE_TYPE", "ENGINE", "TABLE_COLLATION", "ROW_FORMAT", "TABLE_COMMENT")
    partitions: dict[str, list[str]] = {}
    for row in reader.query(
        "PARTITIONS",
        ("TABLE_NAME", "PARTITION_NAME", "PARTITION_METHOD", "PARTITION_EXPRESSION", "PARTITION_DESCRIPTION"),
        "TABLE_SCHEMA",
        "TABLE_NAME, PARTITION_ORDINAL_POSITION",
    ):
        if row["PARTITION_NAME"]:
            partitions.setdefault(row["TABLE_NAME"], []).append(
                f"{row['PARTITION_NAME']} {row['PARTITION_METHOD']} {row['PARTITION_EXPRESSION']}"
                f" {row['PARTITION_DESCRIPTION']}"
            )
    for row in reader.query("TABLES", columns, "TABLE_SCHEMA", "TABLE_NAME"):
        if row["TABLE_TYPE"] == "BASE TABLE":
            yield _object(
                "table",
                row["TABLE_NAME"],
                row["TABLE_NAME"],
                {
                    "engine": row["ENGINE"],
                    "collation": _charset(row["TABLE_COLLATION"]),
                    "row format": row["ROW_FORMAT"],
                    "comment": row["TABLE_COMMENT"],
                    "partitions": "; ".join(partitions.get(row["TABLE_NAME"], [])),
                },
            )


def _columns(reader: _SchemaReader) -> Iterator[SchemaObject]:
    columns = (
        "TABLE_NAME", "COLUMN_NAME", "ORDINAL_POSITION", "COLUMN_DEFAULT", "IS_NULLABLE", "COLUMN_TYPE",
        "CHARACTER_SET_NAME", "COLLATION_NAME", "EXTRA", "COLUMN_COMMENT", "GENERATION_EXPRESSION",
    )  # fmt: skip
    views = {name for (name,) in reader.session.rows(
        "SELECT table_name FROM information_schema.views WHERE table_schema = %s", (reader.database,)
    )}  # fmt: skip
    for row in reader.query("COLUMNS", columns, "TABLE_SCHEMA", "TABLE_NAME, ORDINAL_POSITION"):
        if row["TABLE_NAME"] in views:
            continue
        extra = re.sub(r"(?i)\bdefault_generated\b", "", str(row["EXTRA"] or ""))
        yield _object(
            "column",
            row["TABLE_NAME"],
            row["COLUMN_NAME"],
            {
                "position": row["ORDINAL_POSITION"],
                "type": _column_type(row["COLUMN_TYPE"]),
                "nullable": row["IS_NULLABLE"],
                "default": _default(row["COLUMN_DEFAULT"], mariadb=reader.mariadb),
                "character set": _charset(row["CHARACTER_SET_NAME"]),
                "collation": _charset(row["COLLATION_NAME"]),
                "extra": _default(extra.strip(), mariadb=False) if extra.strip() else None,
                "generated as": reader.local(row["GENERATION_EXPRESSION"]),
                "comment": row["COLUMN_COMMENT"],
            },
        )


def _indexes(reader: _SchemaReader) -> Iterator[SchemaObject]:
    columns = (
        "TABLE_NAME", "INDEX_NAME", "SEQ_IN_INDEX", "COLUMN_NAME", "EXPRESSION", "COLLATION", "SUB_PART",
        "NON_UNIQUE", "INDEX_TYPE", "IS_VISIBLE",
    )  # fmt: skip
    grouped: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in reader.query("STATISTICS", columns, "TABLE_SCHEMA", "TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX"):
        grouped.setdefault((row["TABLE_NAME"], row["INDEX_NAME"]), []).append(row)
    for (table, name), parts in grouped.items():
        yield _object(
            "index",
            table,
            name,
            {
                "columns": ", ".join(_index_part(part) for part in parts),
                "unique": "no" if int(parts[0]["NON_UNIQUE"]) else "yes",
                "type": parts[0]["INDEX_TYPE"],
                "visible": "no" if parts[0]["IS_VISIBLE"] == "NO" else None,
            },
        )


def _index_part(part: dict[str, Any]) -> str:
    text = str(part["COLUMN_NAME"] or f"({part['EXPRESSION']})")
    if part["SUB_PART"]:
        text += f"({part['SUB_PART']})"
    return text + (" DESC" if part["COLLATION"] == "D" else "")


def _foreign_keys(reader: _SchemaReader) -> Iterator[SchemaObject]:
    rules = {
        (table, name): (delete, update)
        for table, name, delete, update in reader.session.rows(
            "SELECT table_name, constraint_name, delete_rule, update_rule"
            " FROM information_schema.referential_constraints WHERE constraint_schema = %s",
            (reader.database,),
        )
    }
    grouped: dict[tuple[str, str], list[tuple[Any, ...]]] = {}
    for row in reader.session.rows(
        "SELECT table_name, constraint_name, column_name, referenced_table_schema, referenced_table_name,"
        " referenced_column_name FROM information_schema.key_column_usage"
        " WHERE table_schema = %s AND referenced_table_name IS NOT NULL"
        " ORDER BY table_name, constraint_name, ordinal_position",
        (reader.database,),
    ):
        grouped.setdefault((row[0], row[1]), []).append(row)
    for key, parts in grouped.items():
        delete, update = (str(rule).replace("NO ACTION", "RESTRICT") for rule in rules[key])
        other = parts[0][3] if parts[0][3] != reader.database else None
        yield _object(
            "foreign-key",
            *key,
            {
                "columns": ", ".join(part[2] for part in parts),
                "references": f"{parts[0][4]} ({', '.join(part[5] for part in parts)})",
                "database": other,
                "on delete": delete,
                "on update": update,
            },
        )


def _check_constraints(reader: _SchemaReader) -> Iterator[SchemaObject]:
    for table, name, clause in reader.session.rows(
        "SELECT t.table_name, c.constraint_name, c.check_clause"
        " FROM information_schema.check_constraints c JOIN information_schema.table_constraints t"
        " ON t.constraint_schema = c.constraint_schema AND t.constraint_name = c.constraint_name"
        + (" AND t.table_name = c.table_name" if reader.mariadb else "")
        + " WHERE c.constraint_schema = %s AND t.constraint_type = 'CHECK'",
        (reader.database,),
    ):
        yield _object("check", table, name, {"clause": reader.local(clause)})


def _views(reader: _SchemaReader) -> Iterator[SchemaObject]:
    columns = ("TABLE_NAME", "VIEW_DEFINITION", "CHECK_OPTION", "DEFINER", "SECURITY_TYPE")
    for row in reader.query("VIEWS", columns, "TABLE_SCHEMA", "TABLE_NAME"):
        yield _object(
            "view",
            "",
            row["TABLE_NAME"],
            {
                "definition": reader.local(row["VIEW_DEFINITION"]),
                "check option": row["CHECK_OPTION"],
                "definer": row["DEFINER"],
                "security": row["SECURITY_TYPE"],
            },
        )


def _triggers(reader: _SchemaReader) -> Iterator[SchemaObject]:
    columns = (
        "TRIGGER_NAME", "EVENT_OBJECT_TABLE", "EVENT_MANIPULATION", "ACTION_TIMING", "ACTION_ORDER",
        "ACTION_STATEMENT", "DEFINER", "SQL_MODE",
    )  # fmt: skip
    for row in reader.query("TRIGGERS", columns, "TRIGGER_SCHEMA", "TRIGGER_NAME"):
        yield _object(
            "trigger",
            row["EVENT_OBJECT_TABLE"],
            row["TRIGGER_NAME"],
            {
                "when": f"{row['ACTION_TIMING']} {row['EVENT_MANIPULATION']} #{row['ACTION_ORDER']}",
                "body": reader.local(row["ACTION_STATEMENT"]),
                "definer": row["DEFINER"],
                "sql mode": row["SQL_MODE"],
            },
        )


def _routines(reader: _SchemaReader) -> Iterator[SchemaObject]:
    parameters: dict[tuple[str, str], list[str]] = {}  # a procedure and a function may have the same name
    for row in reader.query(
        "PARAMETERS",
        ("SPECIFIC_NAME", "ROUTINE_TYPE", "PARAMETER_MODE", "PARAMETER_NAME", "DTD_IDENTIFIER"),
        "SPECIFIC_SCHEMA",
        "SPECIFIC_NAME, ORDINAL_POSITION",
    ):
        parameters.setdefault((row["ROUTINE_TYPE"], row["SPECIFIC_NAME"]), []).append(
            f"{row['PARAMETER_MODE'] or ''} {row['PARAMETER_NAME'] or ''} {_column_type(row['DTD_IDENTIFIER'])}".strip()
        )
    columns = (
        "SPECIFIC_NAME", "ROUTINE_NAME", "ROUTINE_TYPE", "ROUTINE_DEFINITION", "IS_DETERMINISTIC",
        "SQL_DATA_ACCESS", "SECURITY_TYPE", "SQL_MODE", "DEFINER", "ROUTINE_COMMENT",
    )  # fmt: skip
    for row in reader.query("ROUTINES", columns, "ROUTINE_SCHEMA", "ROUTINE_NAME"):
        yield _object(
            "routine",
            "",
            row["ROUTINE_NAME"],
            {
                "type": row["ROUTINE_TYPE"],
                "parameters": ", ".join(parameters.get((row["ROUTINE_TYPE"], row["SPECIFIC_NAME"]), [])),
                "body": reader.local(row["ROUTINE_DEFINITION"]),
                "deterministic": row["IS_DETERMINISTIC"],
                "data access": row["SQL_DATA_ACCESS"],
                "security": row["SECURITY_TYPE"],
                "sql mode": row["SQL_MODE"],
                "definer": row["DEFINER"],
                "comment": row["ROUTINE_COMMENT"],
            },
        )


def _events(reader: _SchemaReader) -> Iterator[SchemaObject]:
    columns = (
        "EVENT_NAME", "DEFINER", "EVENT_DEFINITION", "EVENT_TYPE", "EXECUTE_AT", "INTERVAL_VALUE",
        "INTERVAL_FIELD", "SQL_MODE", "STARTS", "ENDS", "STATUS", "ON_COMPLETION", "EVENT_COMMENT",
    )  # fmt: skip
    for row in reader.query("EVENTS", columns, "EVENT_SCHEMA", "EVENT_NAME"):
        yield _object(
            "event",
            "",
            row["EVENT_NAME"],
            {
                "body": reader.local(row["EVENT_DEFINITION"]),
                "schedule": " ".join(str(row[name] or "-") for name in columns[3:7]),
                "starts": row["STARTS"],
                "ends": row["ENDS"],
                "status": row["STATUS"],
                "on completion": row["ON_COMPLETION"],
                "definer": row["DEFINER"],
                "sql mode": row["SQL_MODE"],
                "comment": row["EVENT_COMMENT"],
            },
        )


_READERS = (
    _databases, _tables, _columns, _indexes, _foreign_keys, _check_constraints, _views, _triggers, _routines,
    _events,
)  # fmt: skip
