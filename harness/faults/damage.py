"""Ways to damage one thing of a restored target: faults leave the damage, the negative control takes it back."""

from __future__ import annotations

from collections.abc import Callable

from harness.base.errors import HarnessError
from harness.runtime.services.execution import Completed, Host, run
from harness.runtime.services.mysql import Session, quote_name

NUMBERS = frozenset(["tinyint", "smallint", "mediumint", "int", "bigint"])
TEXTS = frozenset(["varchar", "text", "mediumtext", "longtext"])


def delete_row(session: Session, table: str, where: str) -> str:
    """Delete the rows of a quoted table that a condition picks; what was done, in words."""
    session.execute(f"DELETE FROM {table} WHERE {where}")
    return "deleted"


def exchange_row(session: Session, table: str, key: str, where: str) -> str:
    """Give a row another key of one number: as many rows as before, and not the same ones."""
    column = quote_name(key)
    other = int(session.value(f"SELECT MAX({column}) FROM {table}")) + 1
    session.execute(f"UPDATE {table} SET {column} = {other} WHERE {where}")
    return f"is {other} now"


def change_cell(session: Session, table: str, name: str, kind: str, where: str) -> str:
    """Change a number by one, or the end of a text, so that it still fits its column."""
    column = quote_name(name)
    if kind in NUMBERS:
        changed = f"IF(IFNULL({column}, 0) > 0, {column} - 1, IFNULL({column}, 0) + 1)"
    else:
        changed = f"IF(IFNULL({column}, '') = '', 'x', SUBSTRING({column}, 1, CHAR_LENGTH({column}) - 1))"
    session.execute(f"UPDATE {table} SET {column} = {changed} WHERE {where}")
    return f"column {name} changed"


def flip_bit(host: Host, path: str, offset: int, bit: int) -> Callable[[], None]:
    """Flip one bit of a file; its size and its times stay, for a tool that only looks at those.

    Returns:
        What puts the bit back.

    Raises:
        HarnessError: the file cannot be read or written.
    """
    byte = done(run(host, ["dd", f"if={path}", "bs=1", f"skip={offset}", "count=1", "status=none"])).stdout
    times = done(run(host, ["stat", "--format=%y", path])).stdout.decode().strip()

    def write(value: bytes) -> None:
        argv = ["dd", f"of={path}", "bs=1", f"seek={offset}", "count=1", "conv=notrunc", "status=none"]
        done(run(host, argv, stdin=[value]))
        done(run(host, ["touch", "--no-create", f"--date={times}", path]))

    write(bytes([byte[0] ^ (1 << bit)]))
    return lambda: write(byte)


def move_file(host: Host, path: str, to: str) -> Callable[[], None]:
    """Take a file away; what puts it back. Raises HarnessError."""
    _moved(host, path, to)
    return lambda: _moved(host, to, path)


def _moved(host: Host, path: str, to: str) -> None:
    done(run(host, ["mv", "--no-clobber", path, to]))


def done(completed: Completed) -> Completed:
    """The same, if it ended well. Raises HarnessError."""
    if completed.exit_status != 0:
        raise HarnessError(
            f"{completed.argv[0]} failed with exit status {completed.exit_status} in the storage directory"
        )
    return completed
