"""Rows as SQL text, and the loader that sends them in large statements while the next ones are made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeAlias

from pymysql.connections import Connection
from pymysql.cursors import Cursor

from harness.standins.apiary.generate.plan import Plan, timestamp

_STATEMENT_CHARS = 400_000
"""Well below MariaDB's default `max_allowed_packet` of 16 MiB; measured: larger ones are not faster."""

_ESCAPES = str.maketrans({"\\": "\\\\", "'": "\\'", "\0": "\\0", "\n": "\\n", "\r": "\\r", "\x1a": "\\Z"})

NULL = "NULL"


def quote(text: str) -> str:
    """A text as a MySQL string literal."""
    return f"'{text.translate(_ESCAPES)}'"


def optional(text: str | None) -> str:
    """A text as a literal, or NULL."""
    return NULL if text is None else quote(text)


_Rows: TypeAlias = "Callable[[Plan], Iterator[str]]"
_Row: TypeAlias = "Callable[[Plan, int, str], str]"


@dataclass(frozen=True, slots=True)
class TableRows:
    """One table's rows: `rows` yields each one as the text between the parentheses of VALUES."""

    name: str
    columns: str
    rows: _Rows


class TableFamily(list[TableRows]):
    """Tables that belong together; each function that makes the rows of one is registered here."""

    def rows(self, name: str, columns: str) -> Callable[[_Rows], _Rows]:
        """Register the function that it decorates, which makes all rows of a table."""

        def register(rows: _Rows) -> _Rows:
            self.append(TableRows(name, columns, rows))
            return rows

        return register

    def numbered(self, name: str, columns: str, count: int | Callable[[Plan], int]) -> Callable[[_Row], _Row]:
        """Register a function that makes one row, given the plan, its number from 1 to `count`, and its own time."""

        def register(row: _Row) -> _Row:
            @self.rows(name, columns)
            def rows(plan: Plan) -> Iterator[str]:
                most = count if isinstance(count, int) else count(plan)
                for number in range(1, most + 1):
                    yield row(plan, number, timestamp(plan.moment_s(number, most)))

            return row

        return register


@dataclass
class Loader:
    """Sends rows in the background, one statement ahead of the generator, in their order."""

    connection: Connection[Cursor]
    counts: dict[str, int] = field(default_factory=dict)

    def load(self, table: TableRows, plan: Plan) -> None:
        """Insert all rows of a table and commit."""
        columns = ", ".join(f"`{name}`" for name in table.columns.split())
        head = f"insert into `{table.name}` ({columns}) values "
        with ThreadPoolExecutor(max_workers=1) as sender:
            sending: Future[None] | None = None
            parts: list[str] = []
            size = 0
            count = 0
            for row in table.rows(plan):
                count += 1
                parts.append(row)
                size += len(row)
                if size > _STATEMENT_CHARS:
                    if sending is not None:
                        sending.result()
                    sending = sender.submit(self._send, head, parts)
                    parts, size = [], 0
            if sending is not None:
                sending.result()
            if parts:
                self._send(head, parts)
        self.connection.commit()
        self.counts[table.name] = self.counts.get(table.name, 0) + count

    def _send(self, head: str, rows: list[str]) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(head + "(" + "),(".join(rows) + ")")
