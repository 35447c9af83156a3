"""A database as its server describes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class SchemaObject:
    """A part of a schema: column, index, foreign-key, check, table, view, trigger, routine, event, database.

    `owner` is the table that it belongs to (empty for objects of the database itself). `attributes` is what
    is compared: sorted pairs of attribute and text, already normalised for what differs between server
    versions without a meaning.
    """

    kind: str
    owner: str
    name: str
    attributes: tuple[tuple[str, str], ...]

    @property
    def label(self) -> str:
        """Name for people, such as `users.gt_email`."""
        return f"{self.owner}.{self.name}" if self.owner and self.owner != self.name else self.name


@dataclass(frozen=True, slots=True)
class TableState:
    """One table's content.

    Args:
        name: table.
        rows: exact count.
        digest: order-independent digest of all rows that duplicates cannot cancel, hexadecimal; empty when it
            was not taken.
        auto_increment: next value, or None.
        newest_at: newest of the row's own times (`created_at`, `updated_at`) as a session in UTC reads it, or None.
    """

    name: str
    rows: int
    digest: str
    auto_increment: int | None = None
    newest_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Orphans:
    """Rows of `table` whose foreign key `constraint` points at no row of `referenced`."""

    table: str
    constraint: str
    columns: tuple[str, ...]
    referenced: str
    rows: int


@dataclass(frozen=True, slots=True)
class DatabaseState:
    """One database, as the server describes it."""

    name: str
    tables: tuple[TableState, ...]
    objects: tuple[SchemaObject, ...]
    variables: Mapping[str, str]
    orphans: tuple[Orphans, ...] = ()
    definers_missing: tuple[tuple[str, str], ...] = ()
